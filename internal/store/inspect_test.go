package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/todoku/todoku/internal/pgtest"
)

// Inspect sees a database and leaves it as it is.
func testInspect(t *testing.T, database string) {
	t.Helper()
	before, err := Inspect(ctx, database)
	if isPostgres(database) {
		if err != nil || before.Version != 0 || before.Newest < 19 || before.Unwritable != nil {
			t.Errorf("an empty database: %+v %v", before, err)
		}
		if again, err := Inspect(ctx, database); err != nil || again.Version != 0 {
			t.Errorf("it was migrated: %+v %v", again, err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %+v %v", before, err)
	}
	openTest(t, database)
	c, err := Inspect(ctx, database)
	if err != nil || c.Version != c.Newest || c.Newest < 19 || c.Unwritable != nil {
		t.Errorf("%+v %v", c, err)
	}
}

func TestInspect(t *testing.T) {
	testInspect(t, filepath.Join(t.TempDir(), "todoku.db"))
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("a text, and no database, of some length"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Inspect(ctx, text); err == nil {
		t.Error("a text is no database")
	}
}

func TestInspectPostgres(t *testing.T) {
	testInspect(t, pgtest.Start(t).Database(t))
	if _, err := Inspect(ctx, "postgres://u:hunter2@127.0.0.1:1/x"); err == nil {
		t.Error("nobody listens there")
	}
}
