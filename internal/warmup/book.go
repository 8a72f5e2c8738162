package warmup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/store"
)

// MaxPlans is how many plans there may be, maxReason how long the reason of a hold, in characters.
const MaxPlans, maxReason = 10_000, 200

// Invalid says what of a request cannot be used, in both languages.
type Invalid struct {
	// Field is source, provider, table, target, days, by, reason, or "" for all together.
	Field string
	Text  catalogue.Text
}

// Error gives the English text.
func (e *Invalid) Error() string { return e.Text.EN }

// BookConfig of a Book.
type BookConfig struct {
	Store *store.Store
	// Listings asks blocklists, nil: nobody is asked.
	Listings *Listings
	// Patience is how long a view waits for what blocklists say; 0: as long as they take. What is not known by then is said to be unknown.
	Patience time.Duration
	Now      func() time.Time
	Log      *slog.Logger
}

// Book is what every door (the command line, the pages, the API) does with plans. Safe for concurrent use.
type Book struct{ BookConfig }

// NewBook gives one.
func NewBook(c BookConfig) *Book {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Book{c}
}

// ProviderName is how a provider is called, "*" too.
func ProviderName(id string) catalogue.Text {
	if id == Everybody {
		return Everyone
	}
	return provider.ReceiverName(id)
}

// Pair reads a source address and a provider in their one form. The error is an *Invalid.
func Pair(source, who string) (string, string, error) {
	s, err := Source(strings.TrimSpace(source))
	if err != nil {
		return "", "", &Invalid{"source", NoSource}
	}
	who = strings.ToLower(strings.TrimSpace(who))
	if len(who) > 50 || who != Everybody && provider.ReceiverName(who).EN == who {
		return "", "", &Invalid{"provider", NoProvider}
	}
	return s, who, nil
}

// Request is for a plan: a published Table, or a Target of messages a day with either Days or a day By (2027-01-15).
type Request struct {
	Source, Provider string
	Table            string
	Target, Days     int
	By               string
}

// Check says what of a request can never be used, whatever plan is there. The error is an *Invalid.
func (q *Request) Check(now time.Time) error {
	_, _, err := q.steps(max(first, q.Target), now)
	return err
}

// steps gives the plan that is asked for, and its name; one to a target begins with from messages a day. The error is an *Invalid.
func (q *Request) steps(from int, now time.Time) (name string, steps []Step, err error) {
	switch {
	case q.Table != "" && (q.Target != 0 || q.Days != 0 || q.By != ""), q.Table == "" && (q.Target == 0 || (q.Days == 0) == (q.By == "")):
		return "", nil, &Invalid{"", badChoice}
	case q.Table != "":
		t, ok := tableByName(q.Table)
		if !ok {
			return "", nil, &Invalid{"table", badTable}
		}
		return t.Name, t.Steps, nil
	}
	length := q.Days
	if q.By != "" {
		day, err := time.Parse(time.DateOnly, q.By)
		if err != nil {
			return "", nil, &Invalid{"by", badDay}
		}
		today := now.UTC().Truncate(24 * time.Hour)
		if length = int(day.Sub(today)/(24*time.Hour)) + 1; length < 1 || length > maxDays {
			return "", nil, &Invalid{"by", farDay.With("first", date(today), "last", date(today.AddDate(0, 0, maxDays-1)))}
		}
	}
	steps, err = toFrom(from, q.Target, length)
	switch {
	case errors.Is(err, ErrTooFast):
		return "", nil, &Invalid{"target", tooFast.With("target", strconv.Itoa(q.Target), "days", strconv.Itoa(leastDays(from, q.Target)), "from", strconv.Itoa(min(from, q.Target)))}
	case err != nil && (length < 1 || length > maxDays):
		return "", nil, &Invalid{"days", badTarget}
	case err != nil:
		return "", nil, &Invalid{"target", badTarget}
	}
	return strconv.Itoa(q.Target) + "/" + strconv.Itoa(length), steps, nil
}

// Begin begins a plan, or gives one that is there another, which goes on from the share of today. *Invalid.
func (b *Book) Begin(ctx context.Context, q Request) (View, error) {
	source, who, err := Pair(q.Source, q.Provider)
	if err != nil {
		return View{}, err
	}
	if err := q.Check(b.Now()); err != nil {
		return View{}, err
	}
	list, err := b.Store.Warmups(ctx)
	if err != nil {
		return View{}, err
	}
	if len(list) >= MaxPlans {
		if _, err := b.Store.Warmup(ctx, source, who); err != nil {
			return View{}, &Invalid{"", tooMany.With("count", strconv.Itoa(MaxPlans))}
		}
	}
	name, err := replan(ctx, b.Store, source, who, q.Table != "", func(from int) (string, []Step, error) { return q.steps(from, b.Now()) }, b.Now())
	if err != nil {
		return View{}, err
	}
	b.Log.Info("a warm-up plan begins", "source", source, "provider", who, "plan", name)
	return b.Plan(ctx, source, who)
}

// Hold has a plan stay where it is. *Invalid, ErrUnknown.
func (b *Book) Hold(ctx context.Context, source, who, reason string) error {
	reason = strings.Join(strings.Fields(strings.ToValidUTF8(reason, "")), " ")
	if utf8.RuneCountInString(reason) > maxReason {
		return &Invalid{"reason", badReason}
	}
	return b.changed(ctx, source, who, "held", func(source, who string) error {
		return Hold(ctx, b.Store, source, who, true, reason, b.Now())
	})
}

// Resume has a plan that is held go on. *Invalid, ErrUnknown.
func (b *Book) Resume(ctx context.Context, source, who string) error {
	return b.changed(ctx, source, who, "resumed", func(source, who string) error {
		return Hold(ctx, b.Store, source, who, false, "", b.Now())
	})
}

// End ends a plan: nothing is bounded any more. *Invalid, ErrUnknown.
func (b *Book) End(ctx context.Context, source, who string) error {
	return b.changed(ctx, source, who, "ended", func(source, who string) error {
		err := b.Store.EndWarmup(ctx, source, who)
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("%s, %s: %w", source, who, ErrUnknown)
		}
		return err
	})
}

func (b *Book) changed(_ context.Context, source, who, what string, do func(source, who string) error) error {
	source, who, err := Pair(source, who)
	if err == nil {
		err = do(source, who)
	}
	if err == nil {
		b.Log.Info("a warm-up plan was "+what, "source", source, "provider", who)
	}
	return err
}
