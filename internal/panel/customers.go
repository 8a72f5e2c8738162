package panel

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/store"
)

// MaxCustomers is how many customers one domain may be given to.
const MaxCustomers = 100

// CustomersOf gives the names of those to whom each of some domains was given; nil for who is no administrator.
func (p *Panel) CustomersOf(ctx context.Context, w Who, list []store.Domain) (map[string][]string, error) {
	if !w.Admin {
		return nil, nil
	}
	names := make([]string, len(list))
	for i := range list {
		names[i] = list[i].Name
	}
	return p.Store.DomainsPeople(ctx, names)
}

// Of gives the list that an administrator asks for, of what a customer has: who asks as that customer. *Invalid where there is no such person, ErrForbidden.
func (p *Panel) Of(ctx context.Context, w Who, customer string) (Who, error) {
	if !w.Admin {
		return w, ErrForbidden
	}
	name, err := access.CleanName(customer)
	if err != nil {
		return w, noCustomer(customer)
	}
	person, err := p.Store.PersonByName(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return w, noCustomer(customer)
	}
	return Who{Person: person.ID}, err
}

// GiveNamed gives a domain to the customer of a name. *Invalid where there is none, ErrForbidden, store.ErrNotFound: no such domain.
func (p *Panel) GiveNamed(ctx context.Context, w Who, domain, customer string) error {
	if !w.Admin {
		return ErrForbidden
	}
	name, err := access.CleanName(customer)
	if err != nil {
		return noCustomer(customer)
	}
	person, err := p.Store.PersonByName(ctx, name)
	if errors.Is(err, store.ErrNotFound) || err == nil && person.Role != access.Customer {
		return noCustomer(customer)
	}
	if err != nil {
		return err
	}
	return p.Give(ctx, w, domain, person.ID, true)
}

// keep keeps a domain and, where customers is not nil, gives it to exactly these.
func (p *Panel) keep(ctx context.Context, d *store.Domain, customers *[]string) error {
	l := line{name: d.Name, change: Change{Customers: customers}}
	g, err := p.newGiven(ctx, []line{l})
	if err == nil {
		_, err = g.add(&l)
	}
	if err != nil {
		return err
	}
	return p.Store.SetDomainsOf(ctx, g.people, d)
}

// given says to whom the domains of some lines are to be given.
type given struct {
	known  map[string]store.Person // by name
	before map[string][]string     // names, by domain
	people map[string][]string     // the IDs, by domain, where it changes
}

func (p *Panel) newGiven(ctx context.Context, lines []line) (*given, error) {
	g := &given{people: map[string][]string{}}
	var names, domains []string
	for i := range lines {
		list := lines[i].change.Customers
		if list == nil {
			continue
		}
		domains = append(domains, lines[i].name)
		for j, name := range *list {
			if j > MaxCustomers {
				break
			}
			if name, err := access.CleanName(name); err == nil {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	var err error
	if g.known, err = p.Store.PeopleNamed(ctx, slices.Compact(names)); err != nil {
		return nil, err
	}
	g.before, err = p.Store.DomainsPeople(ctx, domains)
	return g, err
}

// add takes in a line, and reports whether somebody else has its domain then. The error is an *Invalid.
func (g *given) add(l *line) (moved bool, err error) {
	if l.change.Customers == nil {
		return false, nil
	}
	if len(*l.change.Customers) > MaxCustomers {
		return false, invalid("customers", fmt.Sprintf("Name at most %d customers.", MaxCustomers), fmt.Sprintf("顧客は %d 人までです。", MaxCustomers))
	}
	before := g.before[l.name]
	var names, ids []string
	for _, name := range *l.change.Customers {
		clean, err := access.CleanName(name)
		person, there := g.known[clean]
		if err != nil || !there || person.Role != access.Customer && !slices.Contains(before, clean) {
			return false, noCustomer(name)
		}
		if !slices.Contains(names, clean) {
			names, ids = append(names, clean), append(ids, person.ID)
		}
	}
	slices.Sort(names)
	before = slices.Sorted(slices.Values(before))
	if slices.Equal(names, before) {
		return false, nil
	}
	g.people[l.name] = ids
	return true, nil
}

func noCustomer(name string) *Invalid {
	if r := []rune(name); len(r) > 64 {
		name = string(r[:64]) + "…"
	}
	return invalid("customers", fmt.Sprintf("There is no customer %q. Add them on the page of people first, with the role customer.", name), fmt.Sprintf("顧客 %q はいません。先に利用者のページで、役割を「顧客」として追加してください。", name))
}
