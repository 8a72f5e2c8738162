package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/jackc/pgx/v5/stdlib"
)

// Condition is how a database is, seen without changing it.
type Condition struct {
	// File is the file's name, "" for PostgreSQL; Mode its permissions.
	File string
	Mode fs.FileMode
	// Version is that of the schema in it, 0 where it has none yet; Newest the one of this program.
	Version, Newest int64
	// Unwritable is why nothing can be written now; nil where it can.
	Unwritable error
}

// Inspect looks at a database. In place of Open it neither makes a file nor brings the schema up to date. An
// error is why it cannot be opened; a file that is not there is fs.ErrNotExist.
func Inspect(ctx context.Context, database string) (c Condition, err error) {
	folder := "postgres"
	if !isPostgres(database) {
		folder = "sqlite"
	}
	files, err := fs.Glob(migrations, "migrations/"+folder+"/*.sql")
	if err != nil {
		return c, err
	}
	for _, file := range files {
		var n int64
		if _, err := fmt.Sscanf(file[len("migrations/"+folder+"/"):], "%d_", &n); err == nil {
			c.Newest = max(c.Newest, n)
		}
	}
	if folder == "postgres" {
		return c, c.postgres(ctx, database)
	}
	return c, c.sqlite(ctx, database)
}

func (c *Condition) sqlite(ctx context.Context, database string) error {
	path, err := sqlitePath(database)
	if err != nil {
		return err
	}
	c.File = path
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	c.Mode = info.Mode().Perm()
	mode := "rw"
	if f, err := os.OpenFile(path, os.O_RDWR, 0); err == nil {
		_ = f.Close() // nothing was written
	} else {
		mode, c.Unwritable = "ro", err
	}
	db, err := sql.Open("sqlite", sqliteName(path, "mode="+mode+"&_pragma=busy_timeout(2000)"))
	if err != nil {
		return explainSQLite(path, err)
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return explainSQLite(path, err)
	}
	defer conn.Close()
	var id, all, tables int64
	if err := conn.QueryRowContext(ctx, `PRAGMA application_id`).Scan(&id); err != nil {
		return explainSQLite(path, err)
	}
	if err := conn.QueryRowContext(ctx, `SELECT count(*), count(CASE name WHEN 'todoku_schema' THEN 1 END) FROM sqlite_master WHERE type = 'table'`).Scan(&all, &tables); err != nil {
		return explainSQLite(path, err)
	}
	if id != applicationID && (id != 0 || all > 0) {
		return errors.New("it is the database of another program: name another file")
	}
	if tables > 0 {
		if err := conn.QueryRowContext(ctx, schemaVersion).Scan(&c.Version); err != nil {
			return explainSQLite(path, err)
		}
	}
	if c.Unwritable == nil { // the lock of a writer, and nothing written
		if _, err := conn.ExecContext(ctx, `BEGIN IMMEDIATE`); err != nil {
			c.Unwritable = explainSQLite(path, err)
		} else if _, err := conn.ExecContext(ctx, `ROLLBACK`); err != nil {
			return explainSQLite(path, err)
		}
	}
	return c.known()
}

const schemaVersion = `SELECT coalesce(max(version_id), 0) FROM todoku_schema`

func (c *Condition) postgres(ctx context.Context, database string) error {
	config, err := poolConfig(database)
	if err != nil {
		return err
	}
	db := stdlib.OpenDB(*config.ConnConfig)
	defer db.Close()
	var readOnly string
	var there bool
	if err := db.QueryRowContext(ctx, `SELECT current_setting('transaction_read_only'), to_regclass('todoku_schema') IS NOT NULL`).Scan(&readOnly, &there); err != nil {
		return fmt.Errorf("PostgreSQL cannot be asked (is it running, and are host, database, user and password right?): %w", err)
	}
	if readOnly == "on" {
		c.Unwritable = errors.New("the server takes no writes (a standby, or default_transaction_read_only is on)")
	}
	if there {
		if err := db.QueryRowContext(ctx, schemaVersion).Scan(&c.Version); err != nil {
			return err
		}
	}
	return c.known()
}

// known refuses a schema of a newer program.
func (c *Condition) known() error {
	if c.Version > c.Newest {
		return fmt.Errorf("schema version %d, this program knows %d: %w", c.Version, c.Newest, errNewerSchema)
	}
	return nil
}
