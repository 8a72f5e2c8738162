package traffic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/store"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// newReader is a reader with a customer, to whom shop.example is given, and a domain of somebody else's beneath it.
func newReader(t *testing.T) (r *Reader, customer panel.Who) {
	t.Helper()
	st, err := store.Open(context.Background(), filepath.Join(t.TempDir(), "t.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	p := panel.New(panel.Config{Store: st})
	admin := panel.Who{Admin: true}
	for _, name := range []string{"shop.example", "other.shop.example", "rival.example", "xn--r8jz45g.example"} {
		if err := st.SetDomains(t.Context(), &store.Domain{Name: name, DKIM: true, Created: noon.AddDate(0, -1, 0)}); err != nil {
			t.Fatal(err)
		}
	}
	person, err := st.AddPerson(t.Context(), store.Person{Name: "cus", Role: "customer"}, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"shop.example", "xn--r8jz45g.example"} {
		if err := p.Give(t.Context(), admin, name, person.ID, true); err != nil {
			t.Fatal(err)
		}
	}
	return &Reader{Store: st, Now: func() time.Time { return noon }}, panel.Who{Person: person.ID}
}

func (r *Reader) add(t *testing.T, list ...store.MailEvent) {
	t.Helper()
	for i := range list {
		if list[i].At.IsZero() {
			list[i].At = noon
		}
		list[i].ID = store.NewMailEventID(list[i].At)
	}
	if err := r.Store.AddMailEvents(t.Context(), list); err != nil {
		t.Fatal(err)
	}
}

// queues are the queue IDs of events.
func queues(list []store.MailEvent) string {
	var out []string
	for i := range list {
		out = append(out, list[i].Queue)
	}
	return strings.Join(out, " ")
}

func TestMessages(t *testing.T) {
	r, customer := newReader(t)
	r.add(t,
		store.MailEvent{Queue: "OUT", Outgoing: true, Author: "shop.example", MailFrom: "x@shop.example", Rcpts: []string{"a@gmail.com"}, RcptCount: 1, At: noon.Add(-3 * time.Hour)},
		store.MailEvent{Queue: "BELOW", Outgoing: true, Author: "news.shop.example", MailFrom: "x@shop.example", At: noon.Add(-2 * time.Hour)},
		store.MailEvent{Queue: "OTHER", Outgoing: true, Author: "other.shop.example", MailFrom: "x@shop.example", At: noon.Add(-time.Hour)},
		store.MailEvent{Queue: "IN", Author: "rival.example", MailFrom: "x@shop.example", Rcpts: []string{"me@shop.example", "boss@rival.example"}, RcptCount: 2},
		store.MailEvent{Queue: "SPOOFED", Author: "shop.example", MailFrom: "x@shop.example", Rcpts: []string{"boss@rival.example"}, RcptCount: 1, At: noon.Add(time.Minute)},
	)
	admin := panel.Who{Admin: true}
	for name, c := range map[string]struct {
		who  panel.Who
		q    Query
		want string
		more bool
	}{
		"all":            {admin, Query{Name: "x@shop.example", Limit: 10}, "SPOOFED IN OTHER BELOW OUT", false},
		"no name":        {admin, Query{Limit: 10}, "SPOOFED IN OTHER BELOW OUT", false},
		"two":            {admin, Query{Name: " <X@Shop.example> ", Limit: 2}, "SPOOFED IN", true},
		"times":          {admin, Query{Name: "x@shop.example", From: noon.Add(-2 * time.Hour), To: noon, Limit: 10}, "OTHER BELOW", false},
		"customer":       {customer, Query{Name: "x@shop.example", Limit: 10}, "IN BELOW OUT", false},
		"first":          {customer, Query{Name: "x@shop.example", Limit: 1}, "IN", true},
		"by queue":       {customer, Query{Name: "other", Limit: 10}, "", false},
		"by another":     {customer, Query{Name: "boss@rival.example", Limit: 10}, "", false},
		"by a recipient": {customer, Query{Name: "<Me@shop.example>", Limit: 10}, "IN", false},
		"nobody":         {panel.Who{}, Query{Name: "x@shop.example", Limit: 10}, "", false},
	} {
		list, more, err := r.Messages(t.Context(), c.who, c.q)
		if got := queues(list); err != nil || got != c.want || more != c.more {
			t.Errorf("%s: %q %v %v", name, got, more, err)
		}
		if !c.who.Admin {
			for _, e := range list {
				if strings.Contains(strings.Join(e.Rcpts, " "), "boss") || e.Queue == "IN" && e.RcptCount != 1 {
					t.Errorf("%s: %+v", name, e)
				}
			}
		}
	}
	for field, q := range map[string]Query{"q": {Name: strings.Repeat("x", 501)}} {
		_, _, err := r.Messages(t.Context(), admin, q)
		var bad *Invalid
		if !errors.As(err, &bad) || bad.Field != field {
			t.Errorf("%v", err)
		}
	}
	var bad *Invalid
	if _, _, err := r.Messages(t.Context(), customer, Query{Limit: 5}); !errors.As(err, &bad) {
		t.Errorf("a customer sees all: %v", err)
	}
}

// TestMessagesUnicode: a customer finds mail to a domain of theirs that the sender wrote in Unicode.
func TestMessagesUnicode(t *testing.T) {
	r, customer := newReader(t)
	r.add(t, store.MailEvent{Queue: "IN", Author: "rival.example", MailFrom: "x@rival.example", Rcpts: []string{"受付@例え.example", "boss@rival.example"}, RcptCount: 2})
	for _, name := range []string{"x@rival.example", "受付@例え.example", "受付@xn--r8jz45g.example"} {
		list, _, err := r.Messages(t.Context(), customer, Query{Name: name, Limit: 10})
		if err != nil || queues(list) != "IN" || len(list[0].Rcpts) != 1 || list[0].Rcpts[0] != "受付@例え.example" {
			t.Errorf("%s: %+v, %v", name, list, err)
		}
	}
}

// TestManyOfOthers: what a customer may not see is looked through up to a bound.
func TestManyOfOthers(t *testing.T) {
	r, customer := newReader(t)
	list := make([]store.MailEvent, 0, mostSeen+200)
	for i := range mostSeen + 200 {
		list = append(list, store.MailEvent{Queue: fmt.Sprint(i), Outgoing: true, Author: "rival.example", MailFrom: "x@shop.example", At: noon.Add(time.Duration(i) * time.Second)})
	}
	r.add(t, list...)
	if got, more, err := r.Messages(t.Context(), customer, Query{Name: "x@shop.example", Limit: 100}); err != nil || len(got) != 0 || !more {
		t.Errorf("%d %v %v", len(got), more, err)
	}
}

func TestVolume(t *testing.T) {
	r, customer := newReader(t)
	if err := r.Store.AddVolume(t.Context(), []store.Volume{
		{Day: "2026-11-26", Source: "192.0.2.1", Provider: "gmail", Author: "shop.example", Messages: 5, Paced: 2}, {Day: "2026-11-25", Source: "192.0.2.1", Provider: "*", Author: "news.shop.example", Messages: 3},
		{Day: "2026-11-26", Source: "192.0.2.2", Provider: "gmail", Author: "other.shop.example", Messages: 7}, {Day: "2026-11-26", Source: "192.0.2.1", Provider: "gmail", Author: "myshop.example", Messages: 11},
		{Day: "2026-11-01", Source: "192.0.2.1", Provider: "gmail", Author: "shop.example", Messages: 13}, {Day: "2026-11-26", Source: "192.0.2.1", Provider: "gmail", Author: "=cmd.shop.example", Messages: 1},
	}); err != nil {
		t.Fatal(err)
	}
	admin := panel.Who{Admin: true}
	for name, c := range map[string]struct {
		who  panel.Who
		q    VolumeQuery
		sum  int64
		rows int
	}{
		"a week": {admin, VolumeQuery{Limit: 100}, 27, 5}, "since": {admin, VolumeQuery{From: "2026-11-01", Limit: 100}, 40, 6}, "until": {admin, VolumeQuery{To: "2026-11-25", Limit: 100}, 3, 1},
		"domain": {admin, VolumeQuery{Domain: "Shop.example", Limit: 100}, 16, 4}, "source": {admin, VolumeQuery{Source: "192.0.2.2", Limit: 100}, 7, 1}, "provider": {admin, VolumeQuery{Provider: "*", Limit: 100}, 3, 1},
		"customer": {customer, VolumeQuery{Limit: 100}, 9, 3}, "own": {customer, VolumeQuery{Domain: "news.shop.example", Limit: 100}, 3, 1}, "nobody": {panel.Who{}, VolumeQuery{Limit: 100}, 0, 0},
	} {
		v, err := r.Volume(t.Context(), c.who, c.q)
		if err != nil || v.Messages != c.sum || len(v.Rows) != c.rows || v.More {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
	}
	v, err := r.Volume(t.Context(), admin, VolumeQuery{Limit: 2})
	if err != nil || len(v.Rows) != 2 || !v.More || v.From != "2026-11-20" || v.To != "2026-11-26" {
		t.Errorf("%+v, %v", v, err)
	}
	if v, err = r.Volume(t.Context(), customer, VolumeQuery{Limit: 1}); err != nil || len(v.Rows) != 1 || !v.More || v.Rows[0].Author != "=cmd.shop.example" {
		t.Errorf("%+v, %v", v, err)
	}
	if v, err = r.Volume(t.Context(), customer, VolumeQuery{Source: "192.0.2.2", Limit: 1}); err != nil || len(v.Rows) != 0 || v.More {
		t.Errorf("%+v, %v", v, err)
	}
	for _, d := range []string{"rival.example", "other.shop.example", "nowhere.example"} {
		if _, err := r.Volume(t.Context(), customer, VolumeQuery{Domain: d}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", d, err)
		}
	}
	for field, q := range map[string]VolumeQuery{"from": {From: "2026-12-01"}, "to": {To: "soon"}, "domain": {Domain: "<b>"}, "source": {Source: "x"}, "provider": {Provider: "x"}} {
		_, err := r.Volume(t.Context(), admin, q)
		var bad *Invalid
		if !errors.As(err, &bad) || bad.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	v, _ = r.Volume(t.Context(), admin, VolumeQuery{Limit: 100})
	var b bytes.Buffer
	if err := v.WriteCSV(&b); err != nil || !strings.Contains(b.String(), "day,domain,source,provider,messages,paced\r\n2026-11-26,'=cmd.shop.example,192.0.2.1,gmail,1,0\r\n") {
		t.Errorf("%s %v", b.String(), err)
	}
}

// TestVolumeOfOthers: what went out of a domain below one's own that is another's takes no place of what is one's own.
func TestVolumeOfOthers(t *testing.T) {
	r, customer := newReader(t)
	list := []store.Volume{{Day: "2026-11-26", Provider: "gmail", Author: "shop.example", Messages: 5}, {Day: "2026-11-25", Provider: "gmail", Author: "news.shop.example", Messages: 3}}
	for i := range 10 {
		list = append(list, store.Volume{Day: "2026-11-26", Source: fmt.Sprint("192.0.2.", i), Provider: "gmail", Author: "other.shop.example", Messages: 1})
	}
	if err := r.Store.AddVolume(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	for _, domain := range []string{"", "shop.example"} {
		if v, err := r.Volume(t.Context(), customer, VolumeQuery{Domain: domain, Limit: 5}); err != nil || v.Messages != 8 || len(v.Rows) != 2 || v.More {
			t.Errorf("%q: %+v, %v", domain, v, err)
		}
	}
}

// TestManyOwnDomains: where not all domains of a customer are counted, that is said.
func TestManyOwnDomains(t *testing.T) {
	r, customer := newReader(t)
	list := make([]*store.Domain, MaxOwn)
	people := map[string][]string{}
	for i := range list {
		list[i] = &store.Domain{Name: fmt.Sprintf("a%d.example", i), DKIM: true, Created: noon.AddDate(0, -1, 0)}
		people[list[i].Name] = []string{customer.Person}
	}
	if v, err := r.Volume(t.Context(), customer, VolumeQuery{Limit: 10}); err != nil || v.Unread {
		t.Errorf("%+v, %v", v, err)
	}
	if err := r.Store.SetDomainsOf(t.Context(), people, list...); err != nil {
		t.Fatal(err)
	}
	if err := r.Store.AddVolume(t.Context(), []store.Volume{{Day: "2026-11-26", Provider: "gmail", Author: "shop.example", Messages: 5}}); err != nil {
		t.Fatal(err)
	}
	if v, err := r.Volume(t.Context(), customer, VolumeQuery{Limit: 10}); err != nil || !v.Unread || v.Messages != 0 {
		t.Errorf("shop.example, the last by name, is left out: %+v, %v", v, err)
	}
	if v, err := r.Volume(t.Context(), customer, VolumeQuery{Domain: "shop.example", Limit: 10}); err != nil || v.Unread || v.Messages != 5 {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestMoment(t *testing.T) {
	for s, want := range map[string]string{"2026-11-26": "2026-11-27T00:00:00Z", "2026-11-26T10:00": "2026-11-26T10:00:00Z", "2026-11-26T10:00:00+09:00": "2026-11-26T01:00:00Z", "": "0001-01-01T00:00:00Z"} {
		if got, err := Moment("to", s, true); err != nil || got.UTC().Format(time.RFC3339) != want {
			t.Errorf("%q: %v %v", s, got, err)
		}
	}
	for _, s := range []string{"yesterday", "0000-01-01", "9999-12-31", "2026-13-01"} {
		if _, err := Moment("to", s, true); err == nil {
			t.Errorf("%q was taken", s)
		}
	}
}

// TestBeforeTheDomain: a customer who gets a domain that was another's sees nothing of the mail and the volume that went through before it was on the panel anew.
func TestBeforeTheDomain(t *testing.T) {
	r, customer := newReader(t)
	ctx, admin := t.Context(), panel.Who{Admin: true}
	if err := r.Store.RemoveDomain(ctx, "shop.example"); err != nil {
		t.Fatal(err)
	}
	if err := r.Store.SetDomains(ctx, &store.Domain{Name: "shop.example", DKIM: true, Created: noon}); err != nil {
		t.Fatal(err)
	}
	if err := r.Store.GiveDomain(ctx, "shop.example", customer.Person, true); err != nil {
		t.Fatal(err)
	}
	r.add(t,
		store.MailEvent{Queue: "OUT", Outgoing: true, Author: "shop.example", MailFrom: "x@shop.example", At: noon.Add(-time.Second)},
		store.MailEvent{Queue: "IN", MailFrom: "x@shop.example", Rcpts: []string{"me@below.shop.example"}, RcptCount: 1, At: noon.Add(-time.Hour)},
		store.MailEvent{Queue: "SINCE", Outgoing: true, Author: "shop.example", MailFrom: "x@shop.example", At: noon.Add(time.Second)},
	)
	if err := r.Store.AddVolume(ctx, []store.Volume{{Day: "2026-11-25", Provider: "*", Author: "shop.example", Messages: 5}, {Day: "2026-11-26", Provider: "*", Author: "shop.example", Messages: 1}}); err != nil {
		t.Fatal(err)
	}
	for who, want := range map[panel.Who]string{customer: "SINCE", admin: "SINCE OUT IN"} {
		list, _, err := r.Messages(ctx, who, Query{Name: "x@shop.example", Limit: 10})
		if err != nil || queues(list) != want {
			t.Errorf("%+v: %q, %v", who, queues(list), err)
		}
	}
	for who, want := range map[panel.Who]int64{customer: 1, admin: 6} {
		if v, err := r.Volume(ctx, who, VolumeQuery{Domain: "shop.example", Limit: 10}); err != nil || v.Messages != want {
			t.Errorf("%+v: %+v, %v", who, v, err)
		}
	}
}
