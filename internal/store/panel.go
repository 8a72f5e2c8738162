package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Domain is one that this server sends for, as the panel keeps it.
type Domain struct {
	// Name is in A-labels, lower case, without a final dot.
	Name string
	// Disabled: nothing of it is signed, whatever else is set.
	Disabled bool
	// DKIM: its mail is signed.
	DKIM bool
	// DMARC is the policy that was chosen: none, quarantine, reject; "" where none was.
	DMARC string
	// Senders are the SMTP logins that may sign, in order; empty: everybody who may send.
	Senders []string
	// Version counts changes: a change of another version is refused. 0: it is new.
	Version int64
	// Created is since when it is here: that of a new one is now where it is zero.
	Created, Changed time.Time
}

const (
	domainColumns = `name, disabled, dkim, dmarc, senders, version, created, changed`
	// mayDomain is the condition that a person ($1, "" for nobody in particular) was given a domain.
	mayDomain = `($1 = '' OR EXISTS (SELECT 1 FROM domain_people p WHERE p.domain = domains.name AND p.person = $1))`
)

func scanDomain(r row) (d Domain, err error) {
	var disabled, dkim, created, changed int64
	var senders string
	err = r.Scan(&d.Name, &disabled, &dkim, &d.DMARC, &senders, &d.Version, &created, &changed)
	d.Disabled, d.DKIM, d.Created, d.Changed = disabled != 0, dkim != 0, fromMillis(created), fromMillis(changed)
	if senders != "" {
		d.Senders = strings.Split(senders, "\n")
	}
	return d, err
}

// Domain finds one that a person was given; person "" for any. ErrNotFound.
func (s *Store) Domain(ctx context.Context, person, name string) (Domain, error) {
	d, err := scanDomain(s.db.reader().queryRow(ctx, `SELECT `+domainColumns+` FROM domains WHERE `+mayDomain+` AND name = $2`, text(person), text(name)))
	if err != nil {
		return d, fmt.Errorf("domain: %w", s.db.translate(err))
	}
	return d, nil
}

// Domains lists up to limit of those that a person was given (person "": all) by name, behind the name after, whose
// names hold find ("": all).
func (s *Store) Domains(ctx context.Context, person, find, after string, limit int) ([]Domain, error) {
	find = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(find)
	list, err := collect(ctx, s.db.reader(), scanDomain, `SELECT `+domainColumns+` FROM domains
		WHERE `+mayDomain+` AND name > $2 AND name LIKE $3 ESCAPE '\' ORDER BY name LIMIT $4`, text(person), text(after), text("%"+find+"%"), atLeast0(limit))
	if err != nil {
		return nil, fmt.Errorf("listing domains: %w", s.db.translate(err))
	}
	return list, nil
}

// DomainsNamed gives those of some names that a person was given (person "": any), by name.
func (s *Store) DomainsNamed(ctx context.Context, person string, names []string) (map[string]Domain, error) {
	out := make(map[string]Domain, len(names))
	err := inParts(names, []any{text(person)}, func(marks string, args []any) error {
		list, err := collect(ctx, s.db.reader(), scanDomain, `SELECT `+domainColumns+` FROM domains WHERE `+mayDomain+` AND name IN (`+marks+`)`, args...)
		for _, d := range list {
			out[d.Name] = d
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for domains: %w", s.db.translate(err))
	}
	return out, nil
}

// CountDomains gives how many domains there are.
func (s *Store) CountDomains(ctx context.Context) (n int, err error) {
	if err := s.db.reader().queryRow(ctx, `SELECT count(*) FROM domains`).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting domains: %w", s.db.translate(err))
	}
	return n, nil
}

// SetDomains keeps domains, all or none, and raises their Version. Those of Version 0 are new. ErrExists: a new one is
// there already; ErrConflict: another one was changed by somebody else meanwhile, or is gone.
func (s *Store) SetDomains(ctx context.Context, list ...*Domain) error {
	return s.SetDomainsOf(ctx, nil, list...)
}

// NewDomainOf keeps a new domain and gives it to a person, who may have most domains. ErrExists, ErrTooMany; ErrNotFound: no such person.
func (s *Store) NewDomainOf(ctx context.Context, person string, d *Domain, most int) error {
	now := fromMillis(millis(s.now()))
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		if err := oneThere(ctx, q, `SELECT count(*) FROM people WHERE id = $1`, person); err != nil {
			return err
		}
		if err := countDomains(ctx, q); err != nil {
			return err
		}
		if err := setDomain(ctx, q, d, now); err != nil {
			return err
		}
		if _, err := q.exec(ctx, `INSERT INTO domain_people (domain, person) VALUES ($1, $2) ON CONFLICT (person, domain) DO NOTHING`, text(d.Name), text(person)); err != nil {
			return err
		}
		return atMost(ctx, q, most, `SELECT count(*) FROM domain_people WHERE person = $1`, text(person))
	})
	if err != nil {
		return fmt.Errorf("keeping a domain: %w", err)
	}
	kept(d, now)
	return nil
}

func setDomain(ctx context.Context, q querier, d *Domain, now time.Time) error {
	query, none := `UPDATE domains SET disabled = $2, dkim = $3, dmarc = $4, senders = $5, version = version + 1, changed = $7 WHERE name = $1 AND version = $6`, ErrConflict
	args := []any{text(d.Name), number(d.Disabled), number(d.DKIM), text(d.DMARC), text(strings.Join(d.Senders, "\n")), d.Version, millis(now)}
	if d.Version == 0 {
		created := now
		if !d.Created.IsZero() {
			created = d.Created
		}
		query, none = `INSERT INTO domains (`+domainColumns+`) VALUES ($1, $2, $3, $4, $5, $6 + 1, $8, $7) ON CONFLICT (name) DO NOTHING`, ErrExists
		args = append(args, millis(created))
	}
	n, err := q.exec(ctx, query, args...)
	if err == nil && n == 0 {
		err = none
	}
	return err
}

// RemoveDomain forgets one, who was given it and its forwarding addresses; its keys stay. ErrNotFound.
func (s *Store) RemoveDomain(ctx context.Context, name string) error {
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		if err := countDomains(ctx, q); err != nil {
			return err
		}
		n, err := q.exec(ctx, `DELETE FROM domains WHERE name = $1`, text(name))
		if err == nil && n == 0 {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		for _, of := range []string{`DELETE FROM domain_people WHERE domain = $1`, `DELETE FROM forwards WHERE domain = $1`} {
			if _, err := q.exec(ctx, of, text(name)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("removing a domain: %w", err)
	}
	return nil
}

// countDomains lets every node know that something changes. It comes first: who changes domains does it one after the other, and none waits for a domain
// while another waits for the counter.
func countDomains(ctx context.Context, q querier) error {
	_, err := q.exec(ctx, `UPDATE counters SET value = value + 1 WHERE name = 'domains'`)
	return err
}

// countDomainsSince is countDomains where no domain was changed since the counter was so. ErrConflict.
func countDomainsSince(ctx context.Context, q querier, since int64) error {
	n, err := q.exec(ctx, `UPDATE counters SET value = value + 1 WHERE name = 'domains' AND value = $1`, since)
	if err == nil && n == 0 {
		err = ErrConflict
	}
	return err
}

// DomainsVersion is a number that changes with every change of a domain.
func (s *Store) DomainsVersion(ctx context.Context) (n int64, err error) {
	if err := s.db.reader().queryRow(ctx, `SELECT value FROM counters WHERE name = 'domains'`).Scan(&n); err != nil {
		return 0, fmt.Errorf("looking whether domains changed: %w", s.db.translate(err))
	}
	return n, nil
}

// DomainPeople lists those who were given a domain, by name.
func (s *Store) DomainPeople(ctx context.Context, name string) ([]Person, error) {
	list, err := collect(ctx, s.db.reader(), scanPerson, selectPerson+`WHERE id IN (SELECT person FROM domain_people WHERE domain = $1) ORDER BY name`, text(name))
	if err != nil {
		return nil, fmt.Errorf("listing who was given a domain: %w", s.db.translate(err))
	}
	return list, nil
}

// GiveDomain gives a domain to a person, or with give false takes it back. ErrNotFound: no such domain or person.
func (s *Store) GiveDomain(ctx context.Context, name, person string, give bool) error {
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		if !give {
			_, err := q.exec(ctx, `DELETE FROM domain_people WHERE domain = $1 AND person = $2`, text(name), text(person))
			return err
		}
		var there int
		if err := q.queryRow(ctx, `SELECT count(*) FROM domains d, people p WHERE d.name = $1 AND p.id = $2`, text(name), text(person)).Scan(&there); err != nil {
			return err
		}
		if there == 0 {
			return ErrNotFound
		}
		_, err := q.exec(ctx, `INSERT INTO domain_people (domain, person) VALUES ($1, $2) ON CONFLICT (person, domain) DO NOTHING`, text(name), text(person))
		return err
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("giving a domain: %w", err)
	}
	return err
}

// LastRun gives the newest check of a domain that is done by those whose word it is: somebody of the role admin, those who were given
// the domain, and whoever was at this machine while there were no logins (owner ""). What others look at, and with what, is theirs. ErrNotFound.
func (s *Store) LastRun(ctx context.Context, name, admin string) (*Run, error) {
	var id string
	err := s.db.reader().queryRow(ctx, `SELECT id FROM runs WHERE target = $1 AND state = $2 AND (owner = '' OR owner IN (SELECT id FROM people WHERE role = $3)
		OR owner IN (SELECT person FROM domain_people WHERE domain = $1)) ORDER BY at DESC, seq DESC LIMIT 1`, text(name), Done, text(admin)).Scan(&id)
	if err != nil {
		return nil, fmt.Errorf("the last check: %w", s.db.translate(err))
	}
	return s.Run(ctx, id)
}
