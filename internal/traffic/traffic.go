// Package traffic answers what became of mail that went through the milter, why, and how much went where: for the command line, the pages
// and the API alike. An administrator sees all; a customer of the panel what is of their domains.
package traffic

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/wire"
)

const (
	// MaxMessages is how many messages one answer has at most; of a customer's so many are looked through.
	MaxMessages, mostSeen = 1000, 5000
	// maxName bounds what is searched for, in octets.
	maxName = 500
)

// Invalid says what of a request cannot be used, in both languages.
type Invalid struct {
	// Field is q, from, to, domain, source or provider.
	Field string
	Text  catalogue.Text
}

// Error gives the English text.
func (e *Invalid) Error() string { return e.Field + ": " + e.Text.EN }

// Reader reads what is kept. Safe for concurrent use.
type Reader struct {
	Store *store.Store
	Now   func() time.Time // nil: the clock
}

// Query finds messages.
type Query struct {
	// Name is a queue ID, a Message-ID, an address of sender, recipient or client, a user, or the domain of From; "" for all, which only
	// administrators may ask for.
	Name string
	// From and To bound the time, To not included; zero: no bound.
	From, To time.Time
	Limit    int // 1 to MaxMessages
}

// Moment reads a time as a form has it: 2026-11-26, 2026-11-26T10:00 or RFC 3339, in UTC where it does not say; "" is the zero time. Of a
// day it gives the end where end is set. The error is an *Invalid of a field.
func Moment(field, s string, end bool) (time.Time, error) {
	if s = strings.TrimSpace(s); s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		t, err := time.Parse(layout, s)
		if err != nil || t.Year() < 1 || t.Year() > 9998 {
			continue
		}
		if layout == time.DateOnly && end {
			t = t.AddDate(0, 0, 1)
		}
		return t, nil
	}
	return time.Time{}, &Invalid{field, badTime}
}

// Messages finds messages that one may see, the youngest first; more says that there may be others. The error may be an *Invalid.
func (r *Reader) Messages(ctx context.Context, who panel.Who, q Query) (list []store.MailEvent, more bool, err error) {
	q.Name = strings.TrimSpace(q.Name)
	if len(q.Name) > maxName {
		return nil, false, &Invalid{"q", badName}
	}
	if q.Name == "" && !who.Admin {
		return nil, false, &Invalid{"q", nameWanted}
	}
	limit := max(1, min(q.Limit, MaxMessages))
	after, before := "", ""
	if !q.From.IsZero() {
		after = store.MailEventIDAt(q.From)
	}
	if !q.To.IsZero() {
		before = store.MailEventIDAt(q.To)
	}
	own := &owner{store: r.Store, who: who}
	list = []store.MailEvent{}
	for seen := 0; ; {
		batch, err := r.Store.MailEventsWithin(ctx, q.Name, after, before, limit+1)
		if err != nil {
			return nil, false, err
		}
		for i := range batch {
			e := &batch[i]
			before = e.ID
			visible, err := own.shown(ctx, e)
			if err != nil {
				return nil, false, err
			}
			if !visible || !who.Admin && !e.Named(q.Name) { // found by a recipient who is another's: that the two got the same is not to be told
				continue
			}
			if len(list) == limit {
				return list, true, nil
			}
			list = append(list, *e)
		}
		seen += len(batch)
		switch {
		case len(batch) <= limit:
			return list, false, nil
		case seen >= mostSeen:
			return list, true, nil
		}
	}
}

// owner says what is of somebody's domains.
type owner struct {
	store *store.Store
	who   panel.Who
	known map[string]own
}

// own says whether a domain is one's own, and since when it is on the panel: what was before that may be of whoever had it then.
type own struct {
	mine  bool
	since time.Time
}

// mostLabels bounds how far above a name its domain is looked for, mostDomains the names that are remembered in one answer.
const mostLabels, mostDomains = 10, 10_000

// has says whether a domain is one's own: what is below a domain of the panel, and none itself, is as that domain.
func (o *owner) has(ctx context.Context, domain string) (own, error) {
	if o.who.Admin {
		return own{mine: true}, nil
	}
	if o.who.Person == "" || domain == "" {
		return own{}, nil
	}
	if a, ok := wire.ALabels(domain); ok { // the panel has them so
		domain = a
	}
	domain = dns.CanonicalName(domain)
	if is, ok := o.known[domain]; ok {
		return is, nil
	}
	is, err := o.look(ctx, domain)
	if err != nil {
		return own{}, err
	}
	if o.known == nil || len(o.known) >= mostDomains {
		o.known = map[string]own{}
	}
	o.known[domain] = is
	return is, nil
}

// had reports that a domain was one's own at a time.
func (o *owner) had(ctx context.Context, domain string, at time.Time) (bool, error) {
	is, err := o.has(ctx, domain)
	return is.mine && !at.Before(is.since), err
}

func (o *owner) look(ctx context.Context, domain string) (own, error) {
	for range mostLabels {
		_, err := o.store.Domain(ctx, "", domain)
		if err == nil {
			d, err := o.store.Domain(ctx, o.who.Person, domain)
			if errors.Is(err, store.ErrNotFound) {
				return own{}, nil
			}
			return own{err == nil, d.Created}, err
		}
		if !errors.Is(err, store.ErrNotFound) {
			return own{}, err
		}
		var more bool
		if _, domain, more = strings.Cut(domain, "."); !more {
			break
		}
	}
	return own{}, nil
}

// shown reports that one may see an event, and takes from it what is of others: outgoing mail is of the domain of its From, incoming mail of
// the domains of its recipients; of both only what went through since the domain is on the panel.
func (o *owner) shown(ctx context.Context, e *store.MailEvent) (bool, error) {
	if o.who.Admin {
		return true, nil
	}
	if e.Outgoing {
		return o.had(ctx, e.Author, e.At)
	}
	var failed error
	e.Rcpts = slices.DeleteFunc(slices.Clone(e.Rcpts), func(to string) bool {
		mine, err := o.had(ctx, to[strings.LastIndexByte(to, '@')+1:], e.At)
		if err != nil {
			failed = err
		}
		return !mine
	})
	if failed != nil {
		return false, failed
	}
	e.RcptCount = len(e.Rcpts)
	return len(e.Rcpts) > 0, nil
}

func fail(field string, t catalogue.Text) error { return &Invalid{field, t} }

// unknownDomain is what a customer gets for a domain that is not theirs.
func unknownDomain(domain string) error {
	return fmt.Errorf("%s: %w", domain, store.ErrNotFound)
}
