-- What spam filters that were asked said of a message, as JSON.

-- +goose Up
ALTER TABLE messages ADD COLUMN opinions TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE messages DROP COLUMN opinions;
