-- What became of messages in the mail flow, and by what they are found.

-- +goose Up
CREATE TABLE mail_events (
	id    TEXT PRIMARY KEY, -- in the order of time
	at    BIGINT NOT NULL,
	event TEXT NOT NULL     -- JSON
);
CREATE INDEX mail_events_at ON mail_events (at, id);

CREATE TABLE mail_event_keys (
	name  TEXT NOT NULL,    -- a queue ID, Message-ID, address, domain: in lower case
	event TEXT NOT NULL,
	PRIMARY KEY (name, event)
);
CREATE INDEX mail_event_keys_event ON mail_event_keys (event);

-- +goose Down
DROP TABLE mail_event_keys;
DROP TABLE mail_events;
