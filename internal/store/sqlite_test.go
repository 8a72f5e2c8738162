package store

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/evidence"
)

func TestSQLiteFileIsForItsOwnerAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("file modes are of unix")
	}
	path := filepath.Join(t.TempDir(), "mail.db")
	s := openTest(t, path)
	ok(t, s.AddMessage(ctx, sample()))
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		ok(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", filepath.Base(path+suffix), info.Mode())
		}
	}
}

// Every connection must have the settings that durability rests on.
func TestSQLitePragmas(t *testing.T) {
	s := openTest(t, t.TempDir()+"/todoku.db")
	db := s.db.(*sqliteDB)
	for name, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000", "auto_vacuum": "2",
		"application_id": fmt.Sprint(applicationID),
	} {
		for pool, q := range map[string]*sql.DB{"writer": db.write, "reader": db.read} {
			var got string
			if err := q.QueryRow("PRAGMA " + name).Scan(&got); err != nil || got != want {
				t.Errorf("%s of the %s is %q (%v), want %q", name, pool, got, err, want)
			}
		}
	}
	if _, err := db.read.Exec("DELETE FROM mailboxes"); err == nil {
		t.Error("a reader can write")
	}
}

func TestSQLiteOpenAgain(t *testing.T) {
	for _, name := range []string{"todoku.db", "a b?c#d%20é.db"} {
		path := filepath.Join(t.TempDir(), name)
		s := openTest(t, path)
		m := sample()
		ok(t, s.AddMessage(ctx, m))
		ok(t, s.Close())
		if _, err := os.Stat(path); err != nil {
			t.Errorf("the file has another name: %v", err)
		}
		again := openTest(t, "file:"+path)
		if _, err := again.Message(ctx, m.ID); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSQLiteTwoStoresOfOneFile(t *testing.T) {
	path := t.TempDir() + "/todoku.db"
	a, b := openTest(t, path), openTest(t, path)
	done := make(chan error, 2)
	for _, s := range []*Store{a, b} {
		go func() {
			var errs []error
			for range 50 {
				errs = append(errs, s.AddMessage(ctx, sample()))
			}
			done <- errors.Join(errs...)
		}()
	}
	ok(t, <-done)
	ok(t, <-done)
	list, err := a.Recent(ctx, 1000)
	ok(t, err)
	if len(list) != 100 {
		t.Errorf("%d messages, want 100", len(list))
	}
}

func TestSQLiteOpenErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		p := filepath.Join(dir, name)
		ok(t, os.WriteFile(p, []byte(content), 0o600))
		return p
	}
	foreign := filepath.Join(dir, "foreign.db")
	execSQLite(t, foreign, `CREATE TABLE t (a)`)
	newer := filepath.Join(dir, "newer.db")
	ok(t, openTest(t, newer).Close())
	execSQLite(t, newer, `INSERT INTO todoku_schema (version_id, is_applied) VALUES (999, 1)`)

	for _, c := range []struct{ name, database, want string }{
		{"no name", "", "its name is empty"},
		{"memory", ":memory:", "give a file name"},
		{"another scheme", "mysql://localhost/x", "neither a file name nor a postgres:// URL"},
		{"no folder", filepath.Join(dir, "none", "x.db"), "create the folder " + filepath.Join(dir, "none") + " first"},
		{"a folder", dir, "is a directory"},
		{"not a database", write("text", strings.Repeat("no database ", 1000)), "is not an SQLite database"},
		{"another program's", foreign, "the database of another program"},
		{"a newer version's", newer, "a newer version of Todoku"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Open(ctx, c.database)
			if err == nil {
				_ = s.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q does not say %q", err, c.want)
			}
		})
	}
}

func execSQLite(t *testing.T, path, query string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	ok(t, err)
	_, err = db.Exec(query)
	ok(t, errors.Join(err, db.Close()))
}

func TestSQLiteInUseByAnotherProcess(t *testing.T) {
	path := t.TempDir() + "/todoku.db"
	ok(t, openTest(t, path).Close())
	other, err := sql.Open("sqlite", path+"?_pragma=locking_mode(EXCLUSIVE)&_txlock=exclusive")
	ok(t, err)
	defer func() { ok(t, other.Close()) }()
	tx, err := other.Begin()
	ok(t, err)
	defer func() { _ = tx.Rollback() }()

	_, err = openSQLite(ctx, path, cacheKB, 50*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("error %v", err)
	}
}

func TestSQLiteFull(t *testing.T) {
	s := openTest(t, t.TempDir()+"/todoku.db")
	before := sample()
	ok(t, s.AddMessage(ctx, before))
	setLimit := func(pages int) {
		_, err := s.db.(*sqliteDB).write.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages))
		ok(t, err)
	}
	setLimit(100)
	err := s.AddMessage(ctx, &Message{Evidence: evidence.Bundle{Message: bytes.Repeat([]byte("x"), 1<<20)}})
	wantErr(t, err, ErrFull)
	list, err := s.Recent(ctx, 10)
	ok(t, err)
	if len(list) != 1 {
		t.Errorf("%d messages after a failed one, want 1", len(list))
	}
	setLimit(1 << 20)
	ok(t, s.AddMessage(ctx, &Message{Evidence: evidence.Bundle{Message: bytes.Repeat([]byte("x"), 1<<20)}}))
}

// Deleting must give space back to the file system, or one flood fills the disk for good.
func TestSQLitePruneShrinksTheFile(t *testing.T) {
	path := t.TempDir() + "/todoku.db"
	s := openTest(t, path)
	for range 3 {
		m := sample()
		m.Evidence.Message = bytes.Repeat([]byte("x"), 1<<20)
		ok(t, s.AddMessage(ctx, m))
	}
	_, err := s.Prune(ctx, noon.Add(1000*time.Hour), time.Hour)
	ok(t, err)
	ok(t, s.Close()) // the last checkpoint
	info, err := os.Stat(path)
	ok(t, err)
	if info.Size() > 1<<20 {
		t.Errorf("the file still has %d octets", info.Size())
	}
}

// TestSchemaGap: a migration of a lower number than the newest applied is made up for.
func TestSchemaGap(t *testing.T) {
	name := filepath.Join(t.TempDir(), "gap.db")
	ok(t, openTest(t, name).Close())
	takeBack(t, name, 9, "privacy")
	s := openTest(t, name)
	defer s.Close()
	if m := addVerified(t, s, ""); m.ID == "" {
		t.Error("nothing is stored")
	}
}

// takeBack makes a file what it was without one migration.
func takeBack(t *testing.T, name string, version int, what string) {
	t.Helper()
	b, err := migrations.ReadFile(fmt.Sprintf("migrations/sqlite/%05d_%s.sql", version, what))
	ok(t, err)
	_, down, found := strings.Cut(string(b), "-- +goose Down")
	if !found {
		t.Fatal("no way down")
	}
	execSQLite(t, name, fmt.Sprintf("%s; DELETE FROM todoku_schema WHERE version_id = %d", down, version))
}

// TestSchemaLoginEpoch: who is disabled as epochs come has no login of before either.
func TestSchemaLoginEpoch(t *testing.T) {
	name := filepath.Join(t.TempDir(), "epoch.db")
	s := openTest(t, name)
	for _, p := range []Person{{ID: "in", Name: "in"}, {ID: "out", Name: "out", Disabled: true}} {
		_, err := s.AddPerson(ctx, p, false)
		ok(t, err)
	}
	ok(t, s.Close())
	takeBack(t, name, 20, "login_epoch")
	s = openTest(t, name)
	defer s.Close()
	for id, want := range map[string]int64{"in": 0, "out": 1} {
		if p, err := s.Person(ctx, id); err != nil || p.Epoch != want {
			t.Errorf("%+v, %v", p, err)
		}
	}
}
