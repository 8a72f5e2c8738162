-- Warm-up of source addresses, for each provider; and how far logs were read.

-- +goose Up
CREATE TABLE warmups (
	source   TEXT NOT NULL,   -- the sending address
	provider TEXT NOT NULL,   -- who receives: gmail, yahoo ...; '*': everybody else
	state    TEXT NOT NULL,   -- JSON
	version  BIGINT NOT NULL, -- counts changes
	PRIMARY KEY (source, provider)
);

CREATE TABLE log_positions (
	name     TEXT PRIMARY KEY, -- of the file
	head     TEXT NOT NULL,    -- hash of its beginning: another one is another file
	position BIGINT NOT NULL   -- octets that were read
);

-- +goose Down
DROP TABLE log_positions;
DROP TABLE warmups;
