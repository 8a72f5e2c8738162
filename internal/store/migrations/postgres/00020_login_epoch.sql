-- Logins of a person that are over for good.

-- +goose Up
ALTER TABLE people ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0; -- rises when they are disabled: logins of before are over
UPDATE people SET epoch = 1 WHERE disabled = 1;

-- +goose Down
ALTER TABLE people DROP COLUMN epoch;
