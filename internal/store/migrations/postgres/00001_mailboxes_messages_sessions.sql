-- Times are milliseconds since 1970 (UTC); JSON is text. Every row of messages is
-- small: what came over the wire, which never changes, stands apart in raws.

-- +goose Up
CREATE TABLE mailboxes (
	token     TEXT PRIMARY KEY,
	created   BIGINT NOT NULL,
	expires   BIGINT NOT NULL, -- 0: never
	client_ip TEXT NOT NULL,
	lang      TEXT NOT NULL
);
CREATE INDEX mailboxes_expires ON mailboxes (expires) WHERE expires > 0;

CREATE TABLE messages (
	seq           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	id            TEXT NOT NULL UNIQUE,
	token         TEXT NOT NULL,
	received      BIGINT NOT NULL,
	state         TEXT NOT NULL,
	status        TEXT NOT NULL,
	from_domain   TEXT NOT NULL,
	subject       TEXT NOT NULL,
	size          BIGINT NOT NULL,
	source        TEXT NOT NULL,
	format        TEXT NOT NULL,
	version       BIGINT NOT NULL,
	evidence_time BIGINT NOT NULL,
	session       TEXT NOT NULL,
	dns           TEXT NOT NULL
);
CREATE INDEX messages_received ON messages (received, seq);
CREATE INDEX messages_token ON messages (token, received, seq);
CREATE INDEX messages_unverified ON messages (seq) WHERE state = 'received';

CREATE TABLE raws (
	seq     BIGINT PRIMARY KEY REFERENCES messages (seq) ON DELETE CASCADE,
	message BYTEA NOT NULL
);

CREATE TABLE sessions (
	seq     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	id      TEXT NOT NULL UNIQUE,
	token   TEXT NOT NULL,
	at      BIGINT NOT NULL,
	size    BIGINT NOT NULL, -- of the session's JSON
	session TEXT NOT NULL
);
CREATE INDEX sessions_at ON sessions (at, seq);

-- +goose Down
DROP TABLE sessions;
DROP TABLE raws;
DROP TABLE messages;
DROP TABLE mailboxes;
