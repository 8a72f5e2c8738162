package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Forward says where mail to an address of a domain of the panel goes.
type Forward struct {
	Domain string
	// Local stands before the @, lower case; "": every address of the domain that has no entry of its own.
	Local   string
	Targets []string
	// Keep: the mailbox of the address on this server gets the mail too, or alone where there are no Targets.
	Keep    bool
	Changed time.Time
}

// Address is the whole address, "@domain" for all others of the domain.
func (f *Forward) Address() string { return f.Local + "@" + f.Domain }

// ErrTooMany: there would be more than are allowed.
var ErrTooMany = errors.New("there would be too many")

const selectForward = `SELECT f.domain, f.local, f.targets, f.keep, f.changed FROM forwards f JOIN domains ON domains.name = f.domain `

func scanForward(r row) (f Forward, err error) {
	var targets string
	var keep, changed int64
	err = r.Scan(&f.Domain, &f.Local, &targets, &keep, &changed)
	f.Keep, f.Changed = keep != 0, fromMillis(changed)
	if targets != "" {
		f.Targets = strings.Split(targets, "\n")
	}
	return f, err
}

// Forward finds one, whoever's domain it is. ErrNotFound.
func (s *Store) Forward(ctx context.Context, domain, local string) (Forward, error) {
	f, err := scanForward(s.db.reader().queryRow(ctx, selectForward+`WHERE f.domain = $1 AND f.local = $2`, text(domain), text(local)))
	if err != nil {
		return f, fmt.Errorf("forwarding address: %w", s.db.translate(err))
	}
	return f, nil
}

// Forwards lists up to limit of those of a domain ("": all), of domains that a person was given ("": all), by domain and address, behind one.
func (s *Store) Forwards(ctx context.Context, person, domain string, after Forward, limit int) ([]Forward, error) {
	query, args := selectForward+`WHERE `+mayDomain+` AND (f.domain, f.local) > ($2, $3)`, []any{text(person), text(after.Domain), text(after.Local), atLeast0(limit)}
	if domain != "" { // a condition of its own: an OR would look at all
		query, args = query+` AND f.domain = $5`, append(args, text(domain))
	}
	list, err := collect(ctx, s.db.reader(), scanForward, query+` ORDER BY f.domain, f.local LIMIT $4`, args...)
	if err != nil {
		return nil, fmt.Errorf("listing forwarding addresses: %w", s.db.translate(err))
	}
	return list, nil
}

// ForwardsFrom gives one page of all that are in force: those of domains that are not disabled, by domain and address, behind one ("" and "": from the first).
func (s *Store) ForwardsFrom(ctx context.Context, after Forward, limit int) ([]Forward, error) {
	list, err := collect(ctx, s.db.reader(), scanForward, selectForward+`WHERE domains.disabled = 0
		AND (f.domain, f.local) > ($1, $2) ORDER BY f.domain, f.local LIMIT $3`, text(after.Domain), text(after.Local), atLeast0(limit))
	if err != nil {
		return nil, fmt.Errorf("reading forwarding addresses: %w", s.db.translate(err))
	}
	return list, nil
}

const (
	countForwards    = `SELECT count(*) FROM forwards`
	forwardsOfDomain = ` WHERE domain = $1`
)

// CountForwards gives how many there are of a domain ("": in all).
func (s *Store) CountForwards(ctx context.Context, domain string) (n int, err error) {
	query, args := countForwards, []any(nil)
	if domain != "" { // a query of its own: an OR would look at all
		query, args = query+forwardsOfDomain, []any{text(domain)}
	}
	if err := s.db.reader().queryRow(ctx, query, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting forwarding addresses: %w", s.db.translate(err))
	}
	return n, nil
}

const selectForwardAddresses = `SELECT domain, local FROM forwards WHERE domain IN (`

// ForwardAddresses gives the addresses (as [Forward.Address] does) of some domains that have an entry.
func (s *Store) ForwardAddresses(ctx context.Context, domains []string) (map[string]bool, error) {
	out := map[string]bool{}
	err := inParts(domains, nil, func(marks string, args []any) error {
		list, err := collect(ctx, s.db.reader(), func(r row) (f Forward, err error) { return f, r.Scan(&f.Domain, &f.Local) }, selectForwardAddresses+marks+`)`, args...)
		for i := range list {
			out[list[i].Address()] = true
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for forwarding addresses: %w", s.db.translate(err))
	}
	return out, nil
}

// ForwardsChanges counts the changes of forwarding addresses.
func (s *Store) ForwardsChanges(ctx context.Context) (n int64, err error) {
	if err := s.db.reader().queryRow(ctx, `SELECT value FROM counters WHERE name = 'forwards'`).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting changes of forwarding addresses: %w", s.db.translate(err))
	}
	return n, nil
}

// SetForwards keeps forwarding addresses in the place of what is there, all or none; one without targets that keeps nothing is removed. since is
// what ForwardsChanges gave before what is there was looked at, so that of two who look at the same time one looks again. person has to have every
// domain at that moment ("": whoever's they are), for it may have been given to somebody else while the caller looked. What changes nothing is no change.
// ErrConflict: something was changed since; ErrNotFound: a domain is not there, or not theirs; ErrTooMany: one would have more than each, or all together more than total.
func (s *Store) SetForwards(ctx context.Context, person string, since int64, each, total int, list ...Forward) error {
	now := millis(s.now())
	list = slices.SortedStableFunc(slices.Values(list), func(a, b Forward) int { return cmp.Compare(a.Domain, b.Domain) }) // as SetDomainsOf does
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `UPDATE counters SET value = value WHERE name = 'forwards' AND value = $1`, since) // one after the other
		if err == nil && n == 0 {
			err = ErrConflict
		}
		if err != nil {
			return err
		}
		domains, changed := map[string]bool{}, int64(0)
		for i := range list {
			f := &list[i]
			if !domains[f.Domain] {
				if err := holdDomain(ctx, q, person, f.Domain); err != nil {
					return err
				}
			}
			domains[f.Domain] = true
			n, err := setForward(ctx, q, f, now)
			if err != nil {
				return err
			}
			changed += n
		}
		if changed == 0 { // nobody has to look again
			return nil
		}
		for domain := range domains {
			if err := atMost(ctx, q, each, countForwards+forwardsOfDomain, text(domain)); err != nil {
				return err
			}
		}
		if err := atMost(ctx, q, total, countForwards); err != nil {
			return err
		}
		_, err = q.exec(ctx, `UPDATE counters SET value = value + 1 WHERE name = 'forwards'`) // every node hears of it
		return err
	})
	if err != nil {
		return fmt.Errorf("keeping forwarding addresses: %w", err)
	}
	return nil
}

// setForward keeps one, and gives 0 where it is there as it is.
func setForward(ctx context.Context, q querier, f *Forward, now int64) (int64, error) {
	if len(f.Targets) == 0 && !f.Keep {
		return q.exec(ctx, `DELETE FROM forwards WHERE domain = $1 AND local = $2`, text(f.Domain), text(f.Local))
	}
	return q.exec(ctx, `INSERT INTO forwards (domain, local, targets, keep, changed) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (domain, local) DO UPDATE SET targets = excluded.targets, keep = excluded.keep, changed = excluded.changed
		WHERE forwards.targets <> excluded.targets OR forwards.keep <> excluded.keep`,
		text(f.Domain), text(f.Local), text(strings.Join(f.Targets, "\n")), number(f.Keep), now)
}

// holdDomain keeps a domain that a person ("" for any) has from being removed before the transaction ends: an entry of one that is gone would be of the
// next one of this name. ErrNotFound.
func holdDomain(ctx context.Context, q querier, person, name string) error {
	n, err := q.exec(ctx, `UPDATE domains SET changed = changed WHERE `+mayDomain+` AND name = $2`, text(person), text(name))
	if err == nil && n == 0 {
		err = fmt.Errorf("%s: %w", name, ErrNotFound)
	}
	return err
}

func oneThere(ctx context.Context, q querier, query, name string) error {
	var n int
	if err := q.queryRow(ctx, query, text(name)).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("%s: %w", name, ErrNotFound)
	}
	return nil
}

func atMost(ctx context.Context, q querier, most int, query string, args ...any) error {
	var n int
	if err := q.queryRow(ctx, query, args...).Scan(&n); err != nil {
		return err
	}
	if n > most {
		return ErrTooMany
	}
	return nil
}

// ForwardsVersion is a number that changes with every change of a forwarding address, and of a domain.
func (s *Store) ForwardsVersion(ctx context.Context) (n int64, err error) {
	if err := s.db.reader().queryRow(ctx, `SELECT CAST(sum(value) AS BIGINT) FROM counters WHERE name = 'forwards' OR name = 'domains'`).Scan(&n); err != nil {
		return 0, fmt.Errorf("looking whether forwarding addresses changed: %w", s.db.translate(err))
	}
	return n, nil
}
