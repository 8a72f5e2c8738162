-- How much mail went out: by day, author domain, source address and receiving provider.

-- +goose Up
CREATE TABLE volume (
	day      TEXT NOT NULL,   -- of UTC, 2026-11-26
	source   TEXT NOT NULL,   -- the address that it went out from; '': not known
	provider TEXT NOT NULL,   -- who receives: gmail, yahoo ...; '*': everybody else
	author   TEXT NOT NULL,   -- the domain of From; '*': more than are counted
	messages BIGINT NOT NULL, -- recipients that mail went to
	paced    BIGINT NOT NULL, -- recipients for whom it was put off by a warm-up plan
	PRIMARY KEY (day, source, provider, author)
);

-- +goose Down
DROP TABLE volume;
