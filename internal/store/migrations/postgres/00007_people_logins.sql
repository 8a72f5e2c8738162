-- Who may use the pages where they are not this machine's alone. A password is kept as
-- an argon2id hash, the token of a login as its SHA-256.

-- +goose Up
CREATE TABLE people (
	id       TEXT PRIMARY KEY,
	name     TEXT NOT NULL UNIQUE, -- lower case
	role     TEXT NOT NULL,        -- admin, user
	password TEXT NOT NULL,        -- '': signs in by OpenID Connect alone
	issuer   TEXT NOT NULL,        -- of OpenID Connect, with subject; '' for none
	subject  TEXT NOT NULL,
	created  BIGINT NOT NULL,
	disabled BIGINT NOT NULL       -- 1: may not sign in
);
CREATE UNIQUE INDEX people_subject ON people (issuer, subject) WHERE subject <> '';

CREATE TABLE logins (
	token   TEXT PRIMARY KEY,
	data    BYTEA NOT NULL,
	expires BIGINT NOT NULL
);
CREATE INDEX logins_expires ON logins (expires);

-- +goose Down
DROP TABLE logins;
DROP TABLE people;
