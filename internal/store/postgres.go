package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// postgresDB is a PostgreSQL server, which any number of processes share.
type postgresDB struct {
	pool *pgxpool.Pool
	// asynchronous: the server, database or role was set to synchronous_commit=off,
	// under which a commit is not durable; each transaction of ours then sets it on.
	asynchronous bool
}

// connectTimeout is for one connection, where the URL's connect_timeout does not
// say: a server that takes connections and does not answer is as good as none.
const connectTimeout = 10 * time.Second

func openPostgres(ctx context.Context, database string) (database, error) {
	c, err := poolConfig(database)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("the postgres:// URL cannot be used: %w", err)
	}
	db := &postgresDB{pool: pool}
	var synchronous string
	if err := pool.QueryRow(ctx, `SELECT current_setting('synchronous_commit')`).Scan(&synchronous); err != nil {
		pool.Close()
		return nil, fmt.Errorf("PostgreSQL cannot be asked (is it running, and are host, database, user and password right?): %w", err)
	}
	db.asynchronous = synchronous == "off"
	if err := db.migrate(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return db, nil
}

func poolConfig(database string) (*pgxpool.Config, error) {
	c, err := pgxpool.ParseConfig(database)
	if err != nil {
		return nil, fmt.Errorf("the postgres:// URL cannot be used: %w", err)
	}
	if u, err := url.Parse(database); err == nil && !u.Query().Has("connect_timeout") {
		c.ConnConfig.ConnectTimeout = connectTimeout
	}
	return c, nil
}

// migrate lets one process at a time migrate: several may start together.
func (db *postgresDB) migrate(ctx context.Context) (err error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60)) // ask each second, a minute long
	if err != nil {
		return err
	}
	sqlDB := stdlib.OpenDBFromPool(db.pool)
	defer func() { err = errors.Join(err, sqlDB.Close()) }()
	return migrate(ctx, goose.DialectPostgres, "postgres", sqlDB, goose.WithSessionLocker(locker))
}

func (db *postgresDB) reader() querier { return pgxQuerier{db.pool} }

func (db *postgresDB) inTx(ctx context.Context, f func(querier) error) (committing bool, err error) {
	tx, err := db.pool.Begin(ctx)
	if err != nil {
		return false, err
	}
	q := pgxQuerier{tx}
	if db.asynchronous {
		_, err = q.exec(ctx, `SET LOCAL synchronous_commit TO on`)
	}
	if err == nil {
		err = f(q)
	}
	if err != nil {
		_ = tx.Rollback(ctx) // if it fails the connection is gone, and the transaction with it
		return false, err
	}
	return true, tx.Commit(ctx)
}

// translate reads SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
func (db *postgresDB) translate(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound
	}
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case e.Code == "23505": // unique_violation
		return fmt.Errorf("%w (%w)", ErrExists, err)
	case strings.HasPrefix(e.Code, "53") && e.Code != "53300": // insufficient_resources, but not too_many_connections
		return fmt.Errorf("%w (%w)", ErrFull, err)
	}
	return err
}

// reclaim does nothing: PostgreSQL's autovacuum does it.
func (db *postgresDB) reclaim(context.Context) error { return nil }

// scrub does nothing, for the same reason.
func (db *postgresDB) scrub(context.Context) error { return nil }

// closeTimeout bounds the farewell to a server: pgx waits 15 s for one that no
// longer answers, which is longer than anyone waits for a program to end.
const closeTimeout = 500 * time.Millisecond

func (db *postgresDB) close() error {
	closed := make(chan struct{})
	go func() {
		db.pool.Close()
		close(closed)
	}()
	select {
	case <-closed:
		return nil
	case <-time.After(closeTimeout):
		return errors.New("PostgreSQL does not answer: its connections were left open")
	}
}
