-- Tokens of programs that use the API. Of a token only its SHA-256 is kept.

-- +goose Up
CREATE TABLE tokens (
	id      TEXT PRIMARY KEY,
	hash    TEXT NOT NULL UNIQUE, -- SHA-256, hex
	name    TEXT NOT NULL,
	scopes  TEXT NOT NULL,        -- JSON array
	created BIGINT NOT NULL,
	expires BIGINT NOT NULL,      -- 0: never
	used    BIGINT NOT NULL       -- the last time, to the minute; 0: never
);

-- +goose Down
DROP TABLE tokens;
