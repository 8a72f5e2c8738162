-- The outbound lab: runs, and what mail servers did at its virtual receivers.

-- +goose Up
CREATE TABLE lab_runs (
	token     TEXT PRIMARY KEY,
	created   BIGINT NOT NULL,
	expires   BIGINT NOT NULL,
	client_ip TEXT NOT NULL    -- of the browser that asked
);
CREATE INDEX lab_runs_expires ON lab_runs (expires);

CREATE TABLE lab_attempts (
	seq      INTEGER PRIMARY KEY,
	token    TEXT NOT NULL,    -- of the run; '' where the client named no recipient
	receiver TEXT NOT NULL,    -- '' where it cannot be told
	network  TEXT NOT NULL,    -- of the client: an IPv4 address or an IPv6 /64
	at       BIGINT NOT NULL,
	seen     TEXT NOT NULL     -- JSON
);
CREATE INDEX lab_attempts_token ON lab_attempts (token, receiver, seq);
CREATE INDEX lab_attempts_network ON lab_attempts (network, at);
CREATE INDEX lab_attempts_at ON lab_attempts (at);

-- +goose Down
DROP TABLE lab_attempts;
DROP TABLE lab_runs;
