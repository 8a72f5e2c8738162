-- How many recipients complained of mail (pressed "this is spam"): by day, sending domain, source address and receiving provider.
-- And which events of sending services were taken already.

-- +goose Up
CREATE TABLE complaints (
	day        TEXT NOT NULL,   -- of UTC, 2026-11-26: when the complaint arrived
	domain     TEXT NOT NULL,   -- the domain of From; '*': more than are counted
	source     TEXT NOT NULL,   -- the address that the mail went out from; '': not known
	provider   TEXT NOT NULL,   -- who received it: gmail, yahoo ...; '*': everybody else
	complaints BIGINT NOT NULL, -- recipients who complained
	delivered  BIGINT NOT NULL, -- recipients that the same reports say it was delivered to that day; 0: they do not say
	PRIMARY KEY (day, source, provider, domain)
);

CREATE TABLE taken_events (
	id      TEXT PRIMARY KEY, -- of the event, or its hash
	expires BIGINT NOT NULL   -- ms; then it can come again
);
CREATE INDEX taken_events_expires ON taken_events (expires);

-- +goose Down
DROP TABLE taken_events;
DROP TABLE complaints;
