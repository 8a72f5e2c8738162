-- Forwarding addresses of the panel's domains; tokens that are a customer's.

-- +goose Up
CREATE TABLE forwards (
	domain  TEXT NOT NULL,   -- of the panel
	local   TEXT NOT NULL,   -- what stands before the @, lower case; '': every address of the domain without a row
	targets TEXT NOT NULL,   -- addresses, one a line; '': none
	keep    BIGINT NOT NULL, -- 1: the mailbox of the address here gets the mail too
	changed BIGINT NOT NULL,
	PRIMARY KEY (domain, local)
);
INSERT INTO counters (name, value) VALUES ('forwards', 0);

ALTER TABLE tokens ADD COLUMN person TEXT NOT NULL DEFAULT ''; -- whose it is; '': of the server's own programs
CREATE INDEX tokens_person ON tokens (person);

-- +goose Down
DROP INDEX tokens_person;
ALTER TABLE tokens DROP COLUMN person;
DELETE FROM counters WHERE name = 'forwards';
DROP TABLE forwards;
