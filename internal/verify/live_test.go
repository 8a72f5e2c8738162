package verify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/spamfilter"
)

// opinion is a filter that answers when all filters of the test have been asked.
type opinion struct {
	answer spamfilter.Answer
	err    error
	all    *sync.WaitGroup
}

func (o opinion) Name() string    { return "filter" }
func (o opinion) Address() string { return "127.0.0.1:1" }
func (o opinion) Ask(ctx context.Context, q spamfilter.Query) (spamfilter.Answer, error) {
	o.all.Done()
	o.all.Wait()
	if string(q.Raw) != mail {
		return spamfilter.Answer{}, errors.New("another message")
	}
	return o.answer, o.err
}

// live gives the findings of an area beginning so, status first.
func live(r *render.Report, ids ...string) (out []string) {
	for _, f := range r.Findings {
		for _, id := range ids {
			if f.ID == id {
				out = append(out, fmt.Sprintf("%s %s %s %q", f.Status, f.ID, f.Subject, f.Evidence))
			}
		}
	}
	return out
}

var filterIDs = []string{"message.spamfilter-ham", "message.spamfilter-spam", "message.spamfilter-unknown"}

// TestSpamFilters: filters are asked at the same time, their answers are findings among
// the others, and a replay has them too.
func TestSpamFilters(t *testing.T) {
	var all sync.WaitGroup
	filters := []SpamFilter{
		opinion{answer: spamfilter.Answer{Action: "no action", Score: 1, Required: 15}, all: &all},
		opinion{answer: spamfilter.Answer{Spam: true, Score: 7.25, Required: 5, Symbols: []spamfilter.Symbol{{Name: "BAD", Score: 7}}}, all: &all},
		opinion{err: errors.New("not there"), all: &all},
	}
	all.Add(len(filters))
	r := Message(t.Context(), dns.MustMemory(shopZone), Request{
		Name: "m", Source: "file", Raw: []byte(mail), Now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC), Filters: filters,
	})
	want := []string{
		`unknown message.spamfilter-unknown shop.example ["filter at 127.0.0.1:1: not there"]`,
		`warn message.spamfilter-spam shop.example ["filter at 127.0.0.1:1: score 7.25 of 5.00" "BAD +7.00"]`,
		`info message.spamfilter-ham shop.example ["filter at 127.0.0.1:1: action \"no action\", score 1.00 of 15.00"]`,
	}
	if d := cmp.Diff(want, live(r, filterIDs...)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	sorted := append([]catalogue.Finding(nil), r.Findings...)
	catalogue.Sort(sorted)
	if d := cmp.Diff(sorted, r.Findings); d != "" || len(r.Cards) == 0 {
		t.Errorf("not in order, or without scorecards: %s", d)
	}
	if again := live(Replay(t.Context(), &r.Bundle, "m", nil), filterIDs...); cmp.Diff(want, again) != "" {
		t.Errorf("a replay gives %s", again)
	}
}
