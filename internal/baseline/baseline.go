// Package baseline reads the file of findings that a user accepts: each with a
// reason, and until a day. An accepted finding stays visible, but no longer counts.
package baseline

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/knadh/koanf/parsers/toml/v2"

	"github.com/todoku/todoku/internal/catalogue"
)

// maxFile and maxEntries bound a file.
const (
	maxFile    = 4 << 20
	maxEntries = 10_000
)

// Entry accepts the findings of one ID, on one subject or (with "" or "*") on any.
type Entry struct {
	ID, Subject, Reason string
	// Until is the last day on which the entry holds (UTC); the zero time is for ever.
	Until time.Time
}

// Baseline is a file of accepted findings.
type Baseline struct{ Entries []Entry }

// Read reads a TOML file of the form
//
//	[[accept]]
//	id = "ptr.missing"
//	subject = "192.0.2.1"    # optional
//	reason = "the provider sets it next week"
//	until = 2026-12-31       # optional
//
// An error names the entry and what is wrong with it.
func Read(r io.Reader) (*Baseline, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	if len(text) > maxFile {
		return nil, errors.New("baseline: the file is larger than 4 MiB")
	}
	raw, err := toml.Parser().Unmarshal(text)
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	b := new(Baseline)
	for key, value := range raw {
		list, ok := value.([]any)
		if key != "accept" || !ok {
			return nil, fmt.Errorf("baseline: there is no setting %q; write [[accept]] tables", key)
		}
		if len(list) > maxEntries {
			return nil, fmt.Errorf("baseline: more than %d entries", maxEntries)
		}
		for i, item := range list {
			e, err := entry(item)
			if err != nil {
				return nil, fmt.Errorf("baseline: entry %d: %w", i+1, err)
			}
			b.Entries = append(b.Entries, e)
		}
	}
	return b, nil
}

func entry(item any) (Entry, error) {
	table, ok := item.(map[string]any)
	if !ok {
		return Entry{}, errors.New("it is no table")
	}
	var e Entry
	for key, value := range table {
		to := map[string]*string{"id": &e.ID, "subject": &e.Subject, "reason": &e.Reason}[key]
		switch {
		case to != nil:
			if *to, ok = value.(string); !ok {
				return e, fmt.Errorf("%s is no text", key)
			}
		case key == "until":
			day, err := time.Parse(time.DateOnly, strings.TrimSpace(fmt.Sprint(dayOf(value))))
			if err != nil {
				return e, errors.New("until is no date such as 2026-12-31")
			}
			e.Until = day
		default:
			return e, fmt.Errorf("there is no key %q", key)
		}
	}
	switch _, known := catalogue.Lookup(e.ID); {
	case e.ID == "":
		return e, errors.New("it has no id")
	case !known:
		return e, fmt.Errorf("there is no finding %q", e.ID)
	case strings.TrimSpace(e.Reason) == "":
		return e, fmt.Errorf("%s has no reason: say why it is accepted", e.ID)
	}
	return e, nil
}

// dayOf brings the TOML forms of a date to text.
func dayOf(value any) any {
	if t, ok := value.(time.Time); ok {
		return t.Format(time.DateOnly)
	}
	return value
}

// Apply marks the findings that are accepted at a time. It changes no status.
func (b *Baseline) Apply(fs []catalogue.Finding, now time.Time) {
	if b == nil {
		return
	}
	for i := range fs {
		f := &fs[i]
		if f.Status == catalogue.Pass {
			continue
		}
		for _, e := range b.Entries {
			if e.accepts(*f, now) {
				f.Accepted = &catalogue.Acceptance{Reason: e.Reason, Until: e.Until}
				break
			}
		}
	}
}

func (e Entry) accepts(f catalogue.Finding, now time.Time) bool {
	if e.ID != f.ID || e.Subject != "" && e.Subject != "*" && !strings.EqualFold(e.Subject, f.Subject) {
		return false
	}
	return e.Until.IsZero() || now.Before(e.Until.AddDate(0, 0, 1))
}
