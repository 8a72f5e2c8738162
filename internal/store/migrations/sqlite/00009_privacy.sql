-- What is forgotten early: the body of a message some time after its verdict, whose
-- place that verdict takes; and links that show less, or only once.

-- +goose Up
ALTER TABLE mailboxes ADD COLUMN drop_after BIGINT NOT NULL DEFAULT 0; -- milliseconds; 0: as the server does
ALTER TABLE messages ADD COLUMN drop_after BIGINT NOT NULL DEFAULT 0;  -- that of its mailbox when it came
ALTER TABLE messages ADD COLUMN drop_at BIGINT NOT NULL DEFAULT 0;     -- when the body is due to go; 0: never, or it is gone
ALTER TABLE messages ADD COLUMN dropped BIGINT NOT NULL DEFAULT 0;     -- when the body went; 0: it is there
ALTER TABLE messages ADD COLUMN kept BIGINT NOT NULL DEFAULT 0;        -- octets that are left of a message whose body went
CREATE INDEX messages_drop_at ON messages (drop_at) WHERE drop_at > 0;

CREATE TABLE verdicts (
	seq     INTEGER PRIMARY KEY REFERENCES messages (seq) ON DELETE CASCADE,
	verdict BLOB NOT NULL
);

ALTER TABLE shares ADD COLUMN kind TEXT NOT NULL DEFAULT 'run';  -- run, message: of what the column run names
ALTER TABLE shares ADD COLUMN redact BIGINT NOT NULL DEFAULT 0;  -- 1: names, addresses and words of the message are masked
ALTER TABLE shares ADD COLUMN once BIGINT NOT NULL DEFAULT 0;    -- 1: it shows once
ALTER TABLE shares ADD COLUMN opened BIGINT NOT NULL DEFAULT 0;  -- when one that shows once was opened; 0: not yet

-- +goose Down
ALTER TABLE shares DROP COLUMN opened;
ALTER TABLE shares DROP COLUMN once;
ALTER TABLE shares DROP COLUMN redact;
ALTER TABLE shares DROP COLUMN kind;
DROP TABLE verdicts;
DROP INDEX messages_drop_at;
ALTER TABLE messages DROP COLUMN kept;
ALTER TABLE messages DROP COLUMN dropped;
ALTER TABLE messages DROP COLUMN drop_at;
ALTER TABLE messages DROP COLUMN drop_after;
ALTER TABLE mailboxes DROP COLUMN drop_after;
