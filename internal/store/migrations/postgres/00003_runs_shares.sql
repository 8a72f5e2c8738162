-- Checks of domains, hosts and addresses. evidence is all that a check saw: its page is
-- made from it again each time. A share is a link that shows one run to whoever has it.

-- +goose Up
CREATE TABLE runs (
	seq      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	id       TEXT NOT NULL UNIQUE,
	target   TEXT NOT NULL,   -- the name or address checked
	label    TEXT NOT NULL,   -- as it was written
	kind     TEXT NOT NULL,
	owner    TEXT NOT NULL,   -- who had it checked
	parent   TEXT NOT NULL,   -- the run that this one looked at again, '' for none
	finding  TEXT NOT NULL,   -- the finding that it looked at again, '' for none
	at       BIGINT NOT NULL,
	state    TEXT NOT NULL,   -- running, done, stopped
	status   TEXT NOT NULL,
	score    BIGINT NOT NULL, -- -1: none
	evidence BYTEA NOT NULL
);
CREATE INDEX runs_target ON runs (target, at, seq);
CREATE INDEX runs_at ON runs (at, seq);

CREATE TABLE shares (
	token   TEXT PRIMARY KEY,
	run     TEXT NOT NULL,
	expires BIGINT NOT NULL
);
CREATE INDEX shares_expires ON shares (expires);

-- +goose Down
DROP TABLE shares;
DROP TABLE runs;
