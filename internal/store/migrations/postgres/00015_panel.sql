-- The panel: domains that this server sends for, and which customers may change them.

-- +goose Up
CREATE TABLE domains (
	name     TEXT PRIMARY KEY, -- A-labels, lower case
	disabled BIGINT NOT NULL,  -- 1: nothing of it is signed
	dkim     BIGINT NOT NULL,  -- 1: its mail is signed
	dmarc    TEXT NOT NULL,    -- the policy that was chosen: none, quarantine, reject; '': none was
	senders  TEXT NOT NULL,    -- SMTP logins that may sign, one a line; '': everybody who may send
	version  BIGINT NOT NULL,  -- counts changes
	created  BIGINT NOT NULL,
	changed  BIGINT NOT NULL
);

CREATE TABLE domain_people (
	domain TEXT NOT NULL,
	person TEXT NOT NULL,
	PRIMARY KEY (person, domain)
);
CREATE INDEX domain_people_domain ON domain_people (domain);

INSERT INTO counters (name, value) VALUES ('domains', 0);

-- +goose Down
DELETE FROM counters WHERE name = 'domains';
DROP TABLE domain_people;
DROP TABLE domains;
