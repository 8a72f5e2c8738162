package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrConflict: somebody else changed it meanwhile; look again.
var ErrConflict = errors.New("changed meanwhile")

// The states of a key.
const (
	KeyPrepared  = "prepared"  // made; not seen at every name server yet
	KeyPublished = "published" // every name server shows it; caches may still know otherwise
	KeySigning   = "signing"
	KeyRetiring  = "retiring" // signs no longer; mail on its way still needs its record
	KeyRemoved   = "removed"  // its record is gone and its private key destroyed
	KeyRevealed  = "revealed" // its record is gone and its private key public
)

// DKIMKey is a key that signs, will sign or has signed. Package keys says what its times mean.
type DKIMKey struct {
	ID       string
	Series   string // ID of the first of the keys that take each other's place
	Replaces string // ID of the key whose place it takes, "" for none
	// Domain is d=, Selector s=; both in lower case. ErrExists where a key that is not gone has them.
	Domain, Selector string
	Algorithm        string
	Bits             int
	Record           string // TXT data
	// Sealed is the private key, encrypted with the master key of that name; nil once it is destroyed.
	Sealed []byte
	Master string
	State  string
	// Version counts changes: an update of another version is refused.
	Version                                        int64
	Created, Seen, Due, Signing, Retiring, Removed time.Time
	TTL                                            time.Duration // whole seconds
	Note                                           string
	Revealed                                       string
	// Target is where the record is, where Selector._domainkey.Domain is an alias; "": it is none.
	Target string
}

// DKIMPattern says that mail of certain authors is signed by the keys of a series.
type DKIMPattern struct {
	Pattern, Series string
	// Position orders what is looked at; the lowest first.
	Position int
}

// AddKey keeps a key and its patterns; an empty ID and Series and a zero Created are filled in. ErrExists: there
// is a key of that domain and selector, or another one of that series does not sign yet.
func (s *Store) AddKey(ctx context.Context, k *DKIMKey, patterns ...DKIMPattern) error {
	return s.addKey(ctx, k, nil, patterns)
}

func (s *Store) addKey(ctx context.Context, k *DKIMKey, names []DKIMName, patterns []DKIMPattern) error {
	if k.ID == "" {
		k.ID = NewID()
	}
	if k.Series == "" {
		k.Series = k.ID
	}
	if k.Created.IsZero() {
		k.Created = s.now()
	}
	k.Version = 1
	err := s.committer.do(ctx, len(k.Sealed), func(ctx context.Context, q querier) error {
		if err := insertKey(ctx, q, k); err != nil {
			return err
		}
		for _, p := range patterns {
			if p.Series == "" {
				p.Series = k.Series
			}
			if err := insertPattern(ctx, q, p); err != nil {
				return err
			}
		}
		for _, n := range names {
			n.Series = k.Series
			if err := insertName(ctx, q, n); err != nil {
				return err
			}
		}
		return countKeys(ctx, q)
	})
	if err != nil {
		return fmt.Errorf("keeping a key: %w", err)
	}
	return nil
}

func insertKey(ctx context.Context, q querier, k *DKIMKey) error {
	_, err := q.exec(ctx, `INSERT INTO dkim_keys (id, series, replaces, domain, selector, algorithm, bits, record, sealed, master, state,
			version, created, seen, due, signing, retiring, removed, ttl, note, revealed, target)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`,
		text(k.ID), text(k.Series), text(k.Replaces), text(k.Domain), text(k.Selector), k.Algorithm, k.Bits, text(k.Record), notNil(k.Sealed), text(k.Master), k.State,
		millis(k.Created), millis(k.Seen), millis(k.Due), millis(k.Signing), millis(k.Retiring), millis(k.Removed), int64(k.TTL/time.Second), text(k.Note), text(k.Revealed), text(k.Target))
	return err
}

func insertPattern(ctx context.Context, q querier, p DKIMPattern) error {
	_, err := q.exec(ctx, `INSERT INTO dkim_patterns (pattern, series, position) VALUES ($1, $2, $3)
		ON CONFLICT (pattern, series) DO UPDATE SET position = $3`, text(p.Pattern), text(p.Series), p.Position)
	return err
}

// countKeys lets every node know that something changed.
func countKeys(ctx context.Context, q querier) error {
	_, err := q.exec(ctx, `UPDATE counters SET value = value + 1 WHERE name = 'dkim'`)
	return err
}

const keyColumns = `id, series, replaces, domain, selector, algorithm, bits, record, sealed, master, state, version,
	created, seen, due, signing, retiring, removed, ttl, note, revealed, target`

func scanKey(r row) (k DKIMKey, err error) {
	var created, seen, due, signing, retiring, removed, ttl int64
	err = r.Scan(&k.ID, &k.Series, &k.Replaces, &k.Domain, &k.Selector, &k.Algorithm, &k.Bits, &k.Record, &k.Sealed, &k.Master, &k.State, &k.Version,
		&created, &seen, &due, &signing, &retiring, &removed, &ttl, &k.Note, &k.Revealed, &k.Target)
	k.Created, k.Seen, k.Due, k.Signing, k.Retiring, k.Removed = fromMillis(created), fromMillis(seen), fromMillis(due), fromMillis(signing), fromMillis(retiring), fromMillis(removed)
	k.TTL = time.Duration(ttl) * time.Second
	if len(k.Sealed) == 0 {
		k.Sealed = nil
	}
	return k, err
}

// Keys lists the keys of a domain, "" for all, by domain and age. Those that are gone, their private key with them, only where gone is set.
func (s *Store) Keys(ctx context.Context, domain string, gone bool) ([]DKIMKey, error) {
	query, args := `SELECT `+keyColumns+` FROM dkim_keys
		WHERE ($1 = 1 OR (state <> 'removed' AND state <> 'revealed') OR (state = 'removed' AND length(sealed) > 0))`, []any{number(gone)}
	if domain != "" { // a condition of its own: an OR would look at all
		query, args = query+` AND domain = $2`, append(args, text(domain))
	}
	list, err := collect(ctx, s.db.reader(), scanKey, query+` ORDER BY domain, created, id`, args...)
	if err != nil {
		return nil, fmt.Errorf("listing keys: %w", s.db.translate(err))
	}
	return list, nil
}

// Key finds one by its ID. ErrNotFound.
func (s *Store) Key(ctx context.Context, id string) (DKIMKey, error) {
	k, err := scanKey(s.db.reader().queryRow(ctx, `SELECT `+keyColumns+` FROM dkim_keys WHERE id = $1`, text(id)))
	if err != nil {
		return DKIMKey{}, fmt.Errorf("key: %w", s.db.translate(err))
	}
	return k, nil
}

// UpdateKeys keeps what may change of keys, all or none, and raises their Version. ErrConflict: one was changed by somebody
// else meanwhile, or is gone.
func (s *Store) UpdateKeys(ctx context.Context, list ...*DKIMKey) error {
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		for _, k := range list {
			n, err := q.exec(ctx, `UPDATE dkim_keys SET replaces = $3, sealed = $4, master = $5, state = $6, version = version + 1,
					seen = $7, due = $8, signing = $9, retiring = $10, removed = $11, ttl = $12, note = $13, revealed = $14
				WHERE id = $1 AND version = $2`, text(k.ID), k.Version, text(k.Replaces), notNil(k.Sealed), text(k.Master), k.State,
				millis(k.Seen), millis(k.Due), millis(k.Signing), millis(k.Retiring), millis(k.Removed), int64(k.TTL/time.Second), text(k.Note), text(k.Revealed))
			if err == nil && n == 0 {
				err = ErrConflict
			}
			if err != nil {
				return err
			}
		}
		return countKeys(ctx, q)
	})
	if err != nil {
		return fmt.Errorf("changing a key: %w", err)
	}
	for _, k := range list {
		k.Version++
	}
	return nil
}

// NoteKey keeps what was seen of a key. It is no change: nobody is told, and the version stays. One that is gone is no error.
func (s *Store) NoteKey(ctx context.Context, id, note string) error {
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		_, err := q.exec(ctx, `UPDATE dkim_keys SET note = $2 WHERE id = $1`, text(id), text(note))
		return err
	})
	if err != nil {
		return fmt.Errorf("noting what was seen of a key: %w", err)
	}
	return nil
}

// DeleteKey forgets a key, and the patterns and selectors of its series where it was the last one. ErrNotFound.
func (s *Store) DeleteKey(ctx context.Context, id string) error {
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		var series, domain string
		if err := q.queryRow(ctx, `DELETE FROM dkim_keys WHERE id = $1 RETURNING series, domain`, text(id)).Scan(&series, &domain); err != nil {
			return err
		}
		for _, of := range []string{`DELETE FROM dkim_patterns`, `DELETE FROM dkim_names`} { // the keys of a series are of one domain, by which they are found
			if _, err := q.exec(ctx, of+` WHERE series = $1 AND NOT EXISTS (SELECT 1 FROM dkim_keys WHERE domain = $2 AND series = $1)`, series, domain); err != nil {
				return err
			}
		}
		return countKeys(ctx, q)
	})
	if err != nil {
		return fmt.Errorf("forgetting a key: %w", err)
	}
	return nil
}

// KeyPatterns lists who is signed for, in the order in which they are looked at.
func (s *Store) KeyPatterns(ctx context.Context) ([]DKIMPattern, error) {
	scan := func(r row) (p DKIMPattern, err error) { return p, r.Scan(&p.Pattern, &p.Series, &p.Position) }
	list, err := collect(ctx, s.db.reader(), scan, `SELECT pattern, series, position FROM dkim_patterns ORDER BY position, pattern, series`)
	if err != nil {
		return nil, fmt.Errorf("listing who is signed for: %w", s.db.translate(err))
	}
	return list, nil
}

// SetKeyPatterns gives a series other patterns; none has it sign for nobody. Their Series is filled in.
func (s *Store) SetKeyPatterns(ctx context.Context, series string, patterns ...DKIMPattern) error {
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		if _, err := q.exec(ctx, `DELETE FROM dkim_patterns WHERE series = $1`, text(series)); err != nil {
			return err
		}
		for _, p := range patterns {
			p.Series = series
			if err := insertPattern(ctx, q, p); err != nil {
				return err
			}
		}
		return countKeys(ctx, q)
	})
	if err != nil {
		return fmt.Errorf("changing who is signed for: %w", err)
	}
	return nil
}

// KeysVersion is a number that changes with every change of a key or a pattern.
func (s *Store) KeysVersion(ctx context.Context) (n int64, err error) {
	if err := s.db.reader().queryRow(ctx, `SELECT value FROM counters WHERE name = 'dkim'`).Scan(&n); err != nil {
		return 0, fmt.Errorf("looking whether keys changed: %w", s.db.translate(err))
	}
	return n, nil
}

// Lease takes a piece of work for an owner until a time, or holds on to it; false where another has it. What an owner who
// died had is free after its end; so is what ends much later than anything could that is taken now, for that was taken by a clock that
// was wrong.
func (s *Store) Lease(ctx context.Context, name, owner string, now, ends time.Time) (mine bool, err error) {
	err = s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `INSERT INTO leases (name, owner, ends) VALUES ($1, $2, $4)
			ON CONFLICT (name) DO UPDATE SET owner = $2, ends = $4 WHERE leases.owner = $2 OR leases.ends <= $3 OR leases.ends > $5`,
			text(name), text(owner), millis(now), millis(ends), millis(ends.Add(ends.Sub(now))))
		mine = n > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("taking the lease of %s: %w", name, err)
	}
	return mine, nil
}

// EndLease gives a piece of work back; one that another has is no error.
func (s *Store) EndLease(ctx context.Context, name, owner string) error {
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		_, err := q.exec(ctx, `DELETE FROM leases WHERE name = $1 AND owner = $2`, text(name), text(owner))
		return err
	})
	if err != nil {
		return fmt.Errorf("giving the lease of %s back: %w", name, err)
	}
	return nil
}
