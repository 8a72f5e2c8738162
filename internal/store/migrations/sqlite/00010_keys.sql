-- Keys that sign mail (DKIM), who signs with which, and leases of work that one node does at a time.

-- +goose Up
CREATE TABLE dkim_keys (
	id        TEXT PRIMARY KEY,
	series    TEXT NOT NULL,   -- id of the first of the keys that take each other's place
	replaces  TEXT NOT NULL,   -- id of the key whose place it takes; '': none
	domain    TEXT NOT NULL,   -- d=, lower case
	selector  TEXT NOT NULL,   -- s=, lower case
	algorithm TEXT NOT NULL,   -- rsa, ed25519
	bits      BIGINT NOT NULL,
	record    TEXT NOT NULL,   -- the TXT data to publish
	sealed    BLOB NOT NULL,   -- the private key, encrypted; empty once it is destroyed
	master    TEXT NOT NULL,   -- which master key opens it
	state     TEXT NOT NULL,   -- prepared, published, signing, retiring, removed, revealed
	version   BIGINT NOT NULL, -- counts changes
	created   BIGINT NOT NULL,
	seen      BIGINT NOT NULL, -- since when every server shows it (retiring: no server does) without a gap; 0: not so
	due       BIGINT NOT NULL, -- when the next step may be taken at the earliest; 0: not known
	signing   BIGINT NOT NULL, -- when it began to sign
	retiring  BIGINT NOT NULL, -- when it ceased to
	removed   BIGINT NOT NULL, -- when it was gone from the DNS
	ttl       BIGINT NOT NULL, -- longest seconds for which a cache may know something else of the name
	note      TEXT NOT NULL,   -- what was last seen of it, JSON
	revealed  TEXT NOT NULL    -- the private key, once everybody may have it
);
CREATE INDEX dkim_keys_domain ON dkim_keys (domain);
CREATE UNIQUE INDEX dkim_keys_name ON dkim_keys (domain, selector) WHERE state <> 'removed' AND state <> 'revealed';

-- One key at a time takes the place of another.
CREATE UNIQUE INDEX dkim_keys_next ON dkim_keys (series) WHERE state = 'prepared' OR state = 'published';

CREATE TABLE dkim_patterns (
	pattern  TEXT NOT NULL,   -- whose mail is signed: user@domain, *@domain, *@.domain, *
	series   TEXT NOT NULL,
	position BIGINT NOT NULL, -- lower ones are looked at first
	PRIMARY KEY (pattern, series)
);

CREATE TABLE counters (
	name  TEXT PRIMARY KEY,
	value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('dkim', 0);

CREATE TABLE leases (
	name  TEXT PRIMARY KEY, -- of the work
	owner TEXT NOT NULL,
	ends  BIGINT NOT NULL
);

-- +goose Down
DROP TABLE leases;
DROP TABLE counters;
DROP TABLE dkim_patterns;
DROP TABLE dkim_keys;
