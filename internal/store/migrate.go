package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// Two folders, for the dialects differ in the types of keys and octets alone; the
// numbers and names of the migrations are the same in both.
//
//go:embed migrations
var migrations embed.FS

var errNewerSchema = errors.New("it was written by a newer version of Todoku: use that version, or another database")

// migrate brings the schema up to date.
func migrate(ctx context.Context, dialect goose.Dialect, folder string, db *sql.DB, options ...goose.ProviderOption) error {
	files, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		return err
	}
	options = append(options, goose.WithDisableGlobalRegistry(true), goose.WithAllowOutofOrder(true), goose.WithTableName("todoku_schema"))
	p, err := goose.NewProvider(dialect, db, files, options...)
	if err != nil {
		return fmt.Errorf("reading its schema version: %w", err)
	}
	current, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("reading its schema version: %w", err)
	}
	sources := p.ListSources()
	if newest := sources[len(sources)-1].Version; current > newest {
		return fmt.Errorf("schema version %d, this program knows %d: %w", current, newest, errNewerSchema)
	}
	// One of a lower number than the newest applied may be missing: they come from several hands.
	if pending, err := p.HasPending(ctx); err == nil && !pending {
		return nil
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bringing its schema up to date: %w", err)
	}
	return nil
}
