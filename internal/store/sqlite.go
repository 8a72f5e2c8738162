package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// applicationID marks the file as ours ("TODO" in ASCII; SQLite's PRAGMA application_id).
const applicationID = 0x544f444f

// Every connection gets its settings from its name: a PRAGMA sent later would reach
// one connection of the pool. synchronous(FULL) makes each commit an fsync of the
// log; auto_vacuum must come before the file is first written.
const (
	pragmas = "&_pragma=auto_vacuum(INCREMENTAL)&_pragma=journal_mode(WAL)" +
		"&_pragma=synchronous(FULL)&_pragma=foreign_keys(ON)&_pragma=journal_size_limit(67108864)"
	writerPragmas = pragmas + "&_pragma=secure_delete(ON)&_txlock=immediate"
	readerPragmas = pragmas + "&_pragma=query_only(ON)"
)

// The page cache of the writer, in KiB: room for the bodies of messages, or for nothing much.
const (
	cacheKB        = 16000
	sparingCacheKB = 1000
)

// sqliteDB is the embedded database: SQLite takes one writer at a time, so the
// write pool is one connection; readers see snapshots and never wait for it.
type sqliteDB struct {
	write, read *sql.DB
	writing     preparedWriter
	reading     preparedReader
}

// migrating keeps two stores of one process from migrating one file together;
// between processes the busy time-out and the transaction do.
var migrating sync.Mutex

// openSQLite gives the writer a page cache of so many KiB, and waits for another process that holds a lock as long as busy says.
func openSQLite(ctx context.Context, name string, cache int, busy time.Duration) (database, error) {
	path, err := sqlitePath(name)
	if err != nil {
		return nil, err
	}
	if err := ensureFile(path); err != nil {
		return nil, err
	}
	waiting := fmt.Sprintf("_pragma=busy_timeout(%d)", busy.Milliseconds())
	writer := fmt.Sprintf("&_pragma=cache_size(-%d)", cache)
	db := &sqliteDB{}
	if db.write, err = sql.Open("sqlite", sqliteName(path, waiting+writer+writerPragmas)); err != nil {
		return nil, explainSQLite(path, err)
	}
	db.write.SetMaxOpenConns(1)
	if db.read, err = sql.Open("sqlite", sqliteName(path, waiting+readerPragmas)); err != nil {
		return nil, errors.Join(explainSQLite(path, err), db.write.Close())
	}
	db.read.SetMaxOpenConns(max(4, runtime.NumCPU()))
	db.read.SetMaxIdleConns(max(4, runtime.NumCPU()))
	db.writing = preparedWriter{db: db.write, statements: make(map[string]*sql.Stmt)}
	db.reading = preparedReader{db: db.read, statements: make(map[string]*sql.Stmt)}
	if err := db.prepare(ctx); err != nil {
		return nil, errors.Join(explainSQLite(path, err), db.close())
	}
	return db, nil
}

// prepare checks that the file is ours and migrates it.
func (db *sqliteDB) prepare(ctx context.Context) error {
	migrating.Lock()
	defer migrating.Unlock()
	var id, tables int64
	if err := db.write.QueryRowContext(ctx, `PRAGMA application_id`).Scan(&id); err != nil {
		return err
	}
	if err := db.write.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE type = 'table'`).Scan(&tables); err != nil {
		return err
	}
	if id != applicationID && (id != 0 || tables > 0) {
		return errors.New("it is the database of another program: name another file")
	}
	if id == 0 { // before the tables, so that an interrupted start can be taken up again
		if _, err := db.write.ExecContext(ctx, fmt.Sprintf(`PRAGMA application_id = %d`, applicationID)); err != nil {
			return err
		}
	}
	return migrate(ctx, goose.DialectSQLite3, "sqlite", db.write)
}

// sqlitePath gives the file's name.
func sqlitePath(database string) (string, error) {
	path := strings.TrimPrefix(database, "file:")
	switch {
	case path == "":
		return "", errors.New("its name is empty: give a file name or a postgres:// URL")
	case strings.HasPrefix(path, ":memory:"):
		return "", errors.New(":memory: keeps nothing: give a file name")
	case strings.Contains(path, "://"):
		return "", fmt.Errorf("%q is neither a file name nor a postgres:// URL", path)
	case strings.ContainsRune(path, 0):
		return "", errors.New("its name contains NUL")
	}
	return path, nil
}

// sqliteName gives the connection name of a file, in which ?, # and % of the path
// are escaped.
func sqliteName(path, parameters string) string {
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + parameters
}

// ensureFile creates the file for its owner alone (it holds people's mail), which
// SQLite would not, and says plainly why it cannot be used. SQLite gives its -wal
// and -shm files the same mode.
func ensureFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	switch {
	case err == nil:
		return f.Close()
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: create the folder %s first", err, filepath.Dir(path))
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: give this user read and write permission, or name another file", err)
	}
	return err
}

// explainSQLite says what to do about an error of opening.
func explainSQLite(path string, err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
			return fmt.Errorf("%s is not an SQLite database, or is damaged: name another file, or restore a copy (%w)", path, err)
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return fmt.Errorf("%s is in use by another process: stop it, or name another file (%w)", path, err)
		case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
			return fmt.Errorf("%s cannot be written: check the permissions of the file and of its folder (%w)", path, err)
		}
	}
	return fmt.Errorf("%s: %w", path, err)
}

func (db *sqliteDB) reader() querier { return &db.reading }

func (db *sqliteDB) inTx(ctx context.Context, f func(querier) error) (committing bool, err error) {
	ctx = context.WithoutCancel(ctx) // nothing here can hang, and the driver would watch ctx in a goroutine for each statement
	db.writing.prepareWanted(ctx)
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	if err := f(preparedTx{tx, &db.writing}); err != nil {
		_ = tx.Rollback() // SQLite itself rolls back on some errors, and then this one fails
		return false, err
	}
	if err := tx.Commit(); err != nil {
		// A failed COMMIT can leave the transaction open on the one connection.
		_, _ = db.write.ExecContext(ctx, `ROLLBACK`)
		return true, err
	}
	return true, nil
}

func (db *sqliteDB) translate(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return fmt.Errorf("%w (%w)", ErrExists, err)
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE:
		return fmt.Errorf("%w (%w)", ErrFull, err)
	}
	return err
}

// reclaim returns up to 1,000 free pages (4 MB) to the file system.
func (db *sqliteDB) reclaim(ctx context.Context) error {
	_, err := db.write.ExecContext(ctx, `PRAGMA incremental_vacuum(1000)`)
	return err
}

// scrub empties the log, in which pages stand as they were; those of the file itself were
// overwritten (secure_delete).
func (db *sqliteDB) scrub(ctx context.Context) error {
	var busy, frames, done int64
	return db.write.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &frames, &done)
}

func (db *sqliteDB) close() error { return errors.Join(db.read.Close(), db.write.Close()) }
