-- Keys whose selectors alternate behind aliases, and the clocks by which work goes.

-- +goose Up
ALTER TABLE dkim_keys ADD COLUMN target TEXT NOT NULL DEFAULT ''; -- where the record is, where the name of the key is an alias

-- The selectors of a series that are there for good: a customer has published an alias for each.
CREATE TABLE dkim_names (
	series   TEXT NOT NULL,
	selector TEXT NOT NULL,
	target   TEXT NOT NULL,   -- the name that the alias leads to; '': no alias
	position BIGINT NOT NULL,
	PRIMARY KEY (series, selector)
);

CREATE TABLE clocks (
	name  TEXT PRIMARY KEY, -- of the work
	at    BIGINT NOT NULL,  -- when it was last done
	since BIGINT NOT NULL   -- since when the clock has not jumped; 0: never seen to
);

-- +goose Down
DROP TABLE clocks;
DROP TABLE dkim_names;
ALTER TABLE dkim_keys DROP COLUMN target;
