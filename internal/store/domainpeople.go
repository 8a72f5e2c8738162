package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// SetDomainsOf keeps domains as [Store.SetDomains] does, and in the same step gives each domain that people names to exactly the persons (IDs) there; those it does
// not name stay with whom they are. The errors are those of SetDomains; ErrConflict also where a domain or a person of people is gone.
func (s *Store) SetDomainsOf(ctx context.Context, people map[string][]string, list ...*Domain) error {
	return s.setDomainsOf(ctx, countDomains, people, list)
}

// SetDomainsSince is SetDomainsOf for who looked at many domains and left out those that are to stay as they were: ErrConflict also where any domain was changed
// since [Store.DomainsVersion] gave since.
func (s *Store) SetDomainsSince(ctx context.Context, since int64, people map[string][]string, list ...*Domain) error {
	return s.setDomainsOf(ctx, func(ctx context.Context, q querier) error { return countDomainsSince(ctx, q, since) }, people, list)
}

func (s *Store) setDomainsOf(ctx context.Context, count func(context.Context, querier) error, people map[string][]string, list []*Domain) error {
	now := fromMillis(millis(s.now()))
	// Always in one order, lest two who keep several at one time wait for each other.
	inOrder := slices.SortedFunc(slices.Values(list), func(a, b *Domain) int { return cmp.Compare(a.Name, b.Name) })
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		if err := count(ctx, q); err != nil {
			return err
		}
		for _, d := range inOrder {
			if err := setDomain(ctx, q, d, now); err != nil {
				return fmt.Errorf("%s: %w", d.Name, err)
			}
		}
		for _, domain := range slices.Sorted(maps.Keys(people)) {
			if err := setDomainPeople(ctx, q, domain, people[domain]); err != nil {
				return fmt.Errorf("%s: %w", domain, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keeping a domain: %w", err)
	}
	for _, d := range list {
		kept(d, now)
	}
	return nil
}

func kept(d *Domain, now time.Time) {
	if d.Version++; d.Version == 1 && d.Created.IsZero() {
		d.Created = now
	}
	d.Changed = now
}

func setDomainPeople(ctx context.Context, q querier, domain string, persons []string) error {
	if _, err := q.exec(ctx, `DELETE FROM domain_people WHERE domain = $1`, text(domain)); err != nil {
		return err
	}
	for _, person := range persons {
		n, err := q.exec(ctx, `INSERT INTO domain_people (domain, person) SELECT d.name, p.id FROM domains d, people p WHERE d.name = $1 AND p.id = $2`, text(domain), text(person))
		if err == nil && n == 0 {
			err = ErrConflict
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// DomainsPeople gives the names of the persons to whom each of some domains was given, in order; domains that are nobody's are not in it.
func (s *Store) DomainsPeople(ctx context.Context, domains []string) (map[string][]string, error) {
	type given struct{ domain, person string }
	out := map[string][]string{}
	err := inParts(domains, nil, func(marks string, args []any) error {
		list, err := collect(ctx, s.db.reader(), func(r row) (g given, err error) { return g, r.Scan(&g.domain, &g.person) },
			`SELECT g.domain, p.name FROM domain_people g JOIN people p ON p.id = g.person WHERE g.domain IN (`+marks+`) ORDER BY p.name`, args...)
		for _, g := range list {
			out[g.domain] = append(out[g.domain], g.person)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing who was given domains: %w", s.db.translate(err))
	}
	return out, nil
}

// PeopleNamed gives the persons of some names, by name.
func (s *Store) PeopleNamed(ctx context.Context, names []string) (map[string]Person, error) {
	out := make(map[string]Person, len(names))
	err := inParts(names, nil, func(marks string, args []any) error {
		list, err := collect(ctx, s.db.reader(), scanPerson, selectPerson+`WHERE name IN (`+marks+`)`, args...)
		for _, p := range list {
			out[p.Name] = p
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for people: %w", s.db.translate(err))
	}
	return out, nil
}

// atOnce are how many names one statement holds: few numbers, for each text of a statement stays prepared.
var atOnce = []int{1, 8, 64, MaxAuthors}

// MaxAuthors is how many authors one list of [Store.VolumeRows] is of.
const MaxAuthors = 500

// inParts asks about names with as many at a time as one statement holds; of the last ones the last is named again and again. marks stand behind
// those of the arguments before.
func inParts(names []string, before []any, ask func(marks string, args []any) error) error {
	for len(names) > 0 {
		n := atOnce[len(atOnce)-1]
		for _, fewer := range slices.Backward(atOnce) {
			if fewer >= len(names) {
				n = fewer
			}
		}
		args, marks := slices.Clone(before), make([]string, n)
		for i := range marks {
			args = append(args, text(names[min(i, len(names)-1)]))
			marks[i] = "$" + strconv.Itoa(len(args))
		}
		if err := ask(strings.Join(marks, ", "), args); err != nil {
			return err
		}
		names = names[min(n, len(names)):]
	}
	return nil
}
