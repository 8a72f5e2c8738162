-- Mail that this program sends, until it is delivered or given up; and the addresses
-- that asked for reports about mail of others.

-- +goose Up
CREATE TABLE outbound (
	seq         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	id          TEXT NOT NULL UNIQUE,
	reason      TEXT NOT NULL UNIQUE, -- what the mail is about: nothing is sent twice
	kind        TEXT NOT NULL,        -- reply, confirmation
	recipient   TEXT NOT NULL,        -- of the envelope
	recipient_key TEXT NOT NULL,      -- the same in lower case, for limits
	domain      TEXT NOT NULL,        -- the registered domain of the recipient, for limits
	client      TEXT NOT NULL,        -- whose session caused it, for limits
	message     BYTEA NOT NULL,        -- emptied when it is over
	created     BIGINT NOT NULL,
	next_try    BIGINT NOT NULL,
	expires     BIGINT NOT NULL,      -- given up after it
	attempts    BIGINT NOT NULL,
	owner       TEXT NOT NULL,        -- who is at it, until the lease ends
	lease       BIGINT NOT NULL,      -- 0: nobody
	state       TEXT NOT NULL,        -- waiting, delivered, failed
	answer      TEXT NOT NULL,        -- the last reply of a server, or what went wrong
	finished    BIGINT NOT NULL       -- 0: not yet
);
CREATE INDEX outbound_due ON outbound (next_try) WHERE state = 'waiting';
CREATE INDEX outbound_created ON outbound (created);
CREATE INDEX outbound_recipient ON outbound (recipient_key, created);
CREATE INDEX outbound_domain ON outbound (domain, created);
CREATE INDEX outbound_finished ON outbound (finished) WHERE finished > 0;

CREATE TABLE reply_addresses (
	address   TEXT PRIMARY KEY,      -- lower case
	token     TEXT NOT NULL UNIQUE,  -- SHA-256 of the token by which it is confirmed
	expires   BIGINT NOT NULL,       -- of the token
	stop      TEXT NOT NULL UNIQUE,  -- the token by which no more reports are sent
	confirmed BIGINT NOT NULL        -- until when reports go there; 0: it was not confirmed
);

-- +goose Down
DROP TABLE reply_addresses;
DROP TABLE outbound;
