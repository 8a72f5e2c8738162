-- Whether the message came as a file whose lines all ended in a bare LF, and was
-- read as CRLF: without it a verdict made again would miss that finding.

-- +goose Up
ALTER TABLE messages ADD COLUMN line_ends_converted BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE messages DROP COLUMN line_ends_converted;
