package store

import (
	"context"
	"database/sql"
	"sync"
)

// SQLite parses a statement anew each time unless it was prepared, which costs
// more than running a small one. pgx does the same for PostgreSQL by itself. The
// number of different texts is the number in this package.

// preparedReader runs each text as a prepared statement.
type preparedReader struct {
	db         *sql.DB
	mu         sync.Mutex
	statements map[string]*sql.Stmt
}

func (p *preparedReader) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.statements[query]; s != nil {
		return s, nil
	}
	s, err := p.db.PrepareContext(ctx, query)
	if err == nil {
		p.statements[query] = s
	}
	return s, err
}

func (p *preparedReader) exec(ctx context.Context, query string, args ...any) (int64, error) {
	return sqlQuerier{p.db}.exec(ctx, query, args...)
}

func (p *preparedReader) queryRow(ctx context.Context, query string, args ...any) row {
	s, err := p.statement(ctx, query)
	if err != nil {
		return failedRow{err}
	}
	return s.QueryRowContext(ctx, args...)
}

func (p *preparedReader) query(ctx context.Context, query string, args ...any) (rows, error) {
	s, err := p.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	r, err := s.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	return sqlRows{r}, nil
}

type failedRow struct{ err error }

func (f failedRow) Scan(...any) error { return f.err }

// preparedWriter holds the statements of the one writing connection. Within a
// transaction nothing can be prepared for the times after it (the pool has no
// other connection), so a text that is new there runs as it is and is prepared
// when the transaction is over. Only the committer uses it.
type preparedWriter struct {
	db         *sql.DB
	statements map[string]*sql.Stmt
	wanted     []string
}

// prepareWanted comes between transactions. A statement that cannot be prepared
// will say so when it runs.
func (p *preparedWriter) prepareWanted(ctx context.Context) {
	for _, query := range p.wanted {
		if s, err := p.db.PrepareContext(ctx, query); err == nil && p.statements[query] == nil {
			p.statements[query] = s
		} else if err == nil {
			_ = s.Close() // wanted twice
		}
	}
	p.wanted = nil
}

// preparedTx is a querier within a transaction.
type preparedTx struct {
	tx *sql.Tx
	*preparedWriter
}

func (p preparedTx) lookup(ctx context.Context, query string) *sql.Stmt {
	if s := p.statements[query]; s != nil {
		return p.tx.StmtContext(ctx, s)
	}
	p.wanted = append(p.wanted, query)
	return nil
}

func (p preparedTx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	ctx = context.WithoutCancel(ctx) // see inTx
	s := p.lookup(ctx, query)
	if s == nil {
		return sqlQuerier{p.tx}.exec(ctx, query, args...)
	}
	r, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (p preparedTx) queryRow(ctx context.Context, query string, args ...any) row {
	ctx = context.WithoutCancel(ctx)
	if s := p.lookup(ctx, query); s != nil {
		return s.QueryRowContext(ctx, args...)
	}
	return sqlQuerier{p.tx}.queryRow(ctx, query, args...)
}

func (p preparedTx) query(ctx context.Context, query string, args ...any) (rows, error) {
	return sqlQuerier{p.tx}.query(ctx, query, args...)
}
