// Package baseline reads the file of findings that a user accepts: each with a
// reason, and until a day. An accepted finding stays visible, but no longer counts.
package baseline

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/knadh/koanf/parsers/toml/v2"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/said"
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
// An error names the entry and what is wrong with it, in both languages ([said.Japanese]).
func Read(r io.Reader) (*Baseline, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, said.Error("baseline: %w", "読み取り: %v", err)
	}
	if len(text) > maxFile {
		return nil, said.Error("baseline: the file is larger than 4 MiB", "ファイルが 4 MiB を超えています")
	}
	raw, err := toml.Parser().Unmarshal(text)
	if err != nil {
		return nil, said.Error("baseline: %w", "TOML として読めません: %v", fmt.Sprint(err))
	}
	b := new(Baseline)
	for key, value := range raw {
		list, ok := value.([]any)
		if key != "accept" || !ok {
			return nil, said.Error("baseline: there is no setting %q; write [[accept]] tables", "%q という設定はありません。[[accept]] の表を書いてください", key)
		}
		if len(list) > maxEntries {
			return nil, said.Error("baseline: more than %d entries", "項目が %d 件を超えています", maxEntries)
		}
		for i, item := range list {
			e, err := entry(item)
			if err != nil {
				return nil, said.Error("baseline: entry %d: %w", "%d 番目の項目: %v", i+1, err)
			}
			b.Entries = append(b.Entries, e)
		}
	}
	return b, nil
}

func entry(item any) (Entry, error) {
	table, ok := item.(map[string]any)
	if !ok {
		return Entry{}, said.Error("it is no table", "表ではありません")
	}
	var e Entry
	for key, value := range table {
		to := map[string]*string{"id": &e.ID, "subject": &e.Subject, "reason": &e.Reason}[key]
		switch {
		case to != nil:
			if *to, ok = value.(string); !ok {
				return e, said.Error("%s is no text", "%s が文字列ではありません", key)
			}
		case key == "until":
			day, err := time.Parse(time.DateOnly, strings.TrimSpace(fmt.Sprint(dayOf(value))))
			if err != nil {
				return e, said.Error("until is no date such as 2026-12-31", "until には 2026-12-31 のような日付を書いてください")
			}
			e.Until = day
		default:
			return e, said.Error("there is no key %q: an entry has id, reason, subject and until", "%q というキーはありません。項目に書けるのは id、reason、subject、until です", key)
		}
	}
	switch _, known := catalogue.Lookup(e.ID); {
	case e.ID == "":
		return e, said.Error("it has no id", "id がありません")
	case !known:
		return e, said.Error("there is no finding %q", "%q という ID の指摘はありません", e.ID)
	case strings.TrimSpace(e.Reason) == "":
		return e, said.Error("%s has no reason: say why it is accepted", "%s に reason がありません。承認する理由を書いてください", e.ID)
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
