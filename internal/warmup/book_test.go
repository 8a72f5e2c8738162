package warmup

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/blocklist"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/store"
)

func newBook(t *testing.T, change func(*BookConfig)) *Book {
	t.Helper()
	c := BookConfig{Store: openStore(t), Now: func() time.Time { return noon }}
	if change != nil {
		change(&c)
	}
	return NewBook(c)
}

// TestBook: what every door does with a plan.
func TestBook(t *testing.T) {
	b := newBook(t, nil)
	v, err := b.Begin(ctx, Request{Source: " 192.0.2.1 ", Provider: "Gmail", Target: 1000, By: "2026-11-15"})
	if err != nil || v.Source != "192.0.2.1" || v.Provider != "gmail" || *v.Allowed != 50 || v.Target == nil || v.Target.PerDay != 1000 || *v.Target.Date != "2026-11-15" {
		t.Fatalf("%+v, %v", v, err)
	}
	if n := len(v.Calendar); n != 11 || v.Calendar[0].State != Going || *v.Calendar[0].Allowed != 50 || v.Calendar[1].State != Ahead || v.Calendar[1].Used != nil || v.Calendar[n-1].State != AfterEnd || v.Calendar[n-1].Allowed != nil {
		t.Errorf("%+v", v.Calendar)
	}
	if err := b.Hold(ctx, "192.0.2.1", "gmail", "  too many\n complaints "); err != nil {
		t.Fatal(err)
	}
	v, err = b.Plan(ctx, "192.0.2.1", "gmail")
	if err != nil || !v.Held || v.One.Why != "too many complaints" || v.Target.Date != nil || len(v.Calendar) != 2 || v.Calendar[1].State != OnHold || v.Calendar[1].Date != "2026-11-07" {
		t.Errorf("%+v, %v", v, err)
	}
	if err := b.Resume(ctx, "192.0.2.1", "gmail"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Begin(ctx, Request{Source: "2001:DB8::1", Provider: "*", Table: "generic"}); err != nil {
		t.Fatal(err)
	}
	if list, err := b.Plans(ctx, ""); err != nil || len(list) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err := b.Plans(ctx, "2001:db8::1"); err != nil || len(list) != 1 || list[0].Provider != "*" {
		t.Errorf("%+v, %v", list, err)
	}
	if err := b.End(ctx, "192.0.2.1", "gmail"); err != nil {
		t.Fatal(err)
	}
	for _, do := range []func() error{
		func() error { return b.End(ctx, "192.0.2.1", "gmail") }, func() error { return b.Hold(ctx, "192.0.2.1", "gmail", "") },
		func() error { return b.Resume(ctx, "192.0.2.1", "gmail") }, func() error { _, err := b.Plan(ctx, "192.0.2.1", "gmail"); return err },
	} {
		if err := do(); !errors.Is(err, ErrUnknown) {
			t.Errorf("%v", err)
		}
	}
}

// TestBadRequests: each says what is wrong, in both languages.
func TestBadRequests(t *testing.T) {
	b := newBook(t, nil)
	ok := Request{Source: "192.0.2.1", Provider: "gmail", Table: "ses"}
	for field, list := range map[string][]Request{
		"source": {{Source: "x", Provider: "gmail", Table: "ses"}, {Source: "fe80::1%eth0", Provider: "gmail", Table: "ses"}}, "provider": {{Source: "192.0.2.1", Provider: "<script>", Table: "ses"}, {Source: "192.0.2.1", Table: "ses"}},
		"table": {{Source: "192.0.2.1", Provider: "gmail", Table: "x"}}, "by": {{Source: "192.0.2.1", Provider: "gmail", Target: 5, By: "soon"}, {Source: "192.0.2.1", Provider: "gmail", Target: 5, By: "1999-01-01"}, {Source: "192.0.2.1", Provider: "gmail", Target: 5, By: "2099-01-01"}}, "days": {{Source: "192.0.2.1", Provider: "gmail", Target: 5, Days: 1 << 40}},
		"target": {{Source: "192.0.2.1", Provider: "gmail", Target: 1_000_000, Days: 3}, {Source: "192.0.2.1", Provider: "gmail", Target: -1, Days: 3}},
		"":       {{Source: "192.0.2.1", Provider: "gmail"}, {Source: "192.0.2.1", Provider: "gmail", Table: "ses", Days: 3}, {Source: "192.0.2.1", Provider: "gmail", Target: 5, Days: 3, By: "2027-01-01"}},
	} {
		for _, q := range list {
			_, err := b.Begin(ctx, q)
			var bad *Invalid
			if !errors.As(err, &bad) || bad.Field != field || bad.Text.JA == "" || strings.ContainsAny(bad.Text.EN, "{}") {
				t.Errorf("%+v: %v", q, err)
			}
		}
	}
	if _, err := b.Begin(ctx, ok); err != nil {
		t.Fatal(err)
	}
	var bad *Invalid
	if err := b.Hold(ctx, "192.0.2.1", "gmail", strings.Repeat("あ", 201)); !errors.As(err, &bad) || bad.Field != "reason" {
		t.Error(err)
	}
	if err := b.Hold(ctx, "192.0.2.1", "gmail", strings.Repeat("あ", 200)); err != nil {
		t.Error(err)
	}
}

// TestCalendarPast: days that are over say what was used, what the plan put off and what followed.
func TestCalendarPast(t *testing.T) {
	b := newBook(t, nil)
	if _, err := b.Begin(ctx, Request{Source: "192.0.2.1", Provider: "*", Target: 200, Days: 4}); err != nil {
		t.Fatal(err)
	}
	gate := NewGate(b.Store, func() time.Time { return noon })
	for range 35 {
		if _, err := gate.Take(ctx, "192.0.2.1", "yahoo", true); err != nil {
			t.Fatal(err)
		}
	}
	if err := gate.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if err := b.Store.AddVolume(ctx, []store.Volume{
		{Day: date(noon), Source: "192.0.2.1", Provider: "yahoo", Paced: 3}, {Day: date(noon), Source: "192.0.2.1", Provider: "*", Paced: 4}, {Day: date(noon), Source: "192.0.2.2", Provider: "*", Paced: 9},
	}); err != nil {
		t.Fatal(err)
	}
	b.Now = func() time.Time { return noon.AddDate(0, 0, 1) }
	v, err := b.Plan(ctx, "192.0.2.1", "*")
	if err != nil {
		t.Fatal(err)
	}
	if d := v.Calendar[0]; d.State != Advanced || *d.Used != 35 || *d.Paced != 7 || *d.Allowed != 50 {
		t.Errorf("%+v", d)
	}
	if d := v.Calendar[1]; d.State != Going || d.Date != "2026-11-07" || *v.Target.Date != "2026-11-09" {
		t.Errorf("%+v %s", d, *v.Target.Date)
	}
}

// TestComplaints: those of thirty days count, against what the reports say was delivered, or else what the milter counted.
func TestComplaints(t *testing.T) {
	b := newBook(t, nil)
	day := func(ago int) string { return date(noon.AddDate(0, 0, -ago)) }
	if err := b.Store.AddComplaints(ctx, []store.Complaint{
		{Day: day(1), Domain: "a.example", Source: "192.0.2.1", Provider: "gmail", Complaints: 4, Delivered: 1000}, {Day: day(2), Domain: "b.example", Source: "192.0.2.1", Provider: "yahoo", Complaints: 2, Delivered: 1000},
		{Day: day(31), Domain: "a.example", Source: "192.0.2.1", Provider: "gmail", Complaints: 400}, {Day: day(-1), Domain: "a.example", Source: "192.0.2.1", Provider: "gmail", Complaints: 400},
		{Day: day(1), Domain: "a.example", Source: "192.0.2.2", Provider: "yahoo", Complaints: 3},
	}); err != nil {
		t.Fatal(err)
	}
	if err := b.Store.AddVolume(ctx, []store.Volume{{Day: day(1), Source: "192.0.2.1", Provider: "gmail", Messages: 9}, {Day: day(1), Source: "192.0.2.2", Provider: "gmail", Messages: 1500}, {Day: day(1), Source: "192.0.2.3", Provider: "gmail", Messages: 5}}); err != nil {
		t.Fatal(err)
	}
	got, err := b.Sent(ctx)
	if err != nil || len(got) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	if s := got[0]; s.Standing != Poor || *s.Complaints != 6 || *s.Delivered != 2000 {
		t.Errorf("%+v", s)
	}
	if s := got[1]; s.Standing != Neutral || *s.Complaints != 3 || *s.Delivered != 1500 || s.Why != "complaints" {
		t.Errorf("%+v", s)
	}
	if s := got[2]; s.Complaints != nil || s.Why != "few" {
		t.Errorf("%+v", s)
	}
}

// TestComplaintsBefore: complaints of days of which nobody knows how much went out are in no rate: files of a month have them, and few days of deliveries.
func TestComplaintsBefore(t *testing.T) {
	b := newBook(t, nil)
	for ago := range 30 {
		day := date(noon.AddDate(0, 0, -ago))
		delivered, messages := int64(0), int64(0)
		if ago < 3 {
			delivered, messages = 2000, 2000
		}
		if err := b.Store.AddComplaints(ctx, []store.Complaint{{Day: day, Source: "192.0.2.1", Provider: "gmail", Complaints: 1, Delivered: delivered}, {Day: day, Source: "192.0.2.2", Provider: "gmail", Complaints: 1}}); err != nil {
			t.Fatal(err)
		}
		if err := b.Store.AddVolume(ctx, []store.Volume{{Day: day, Source: "192.0.2.1", Provider: "gmail", Messages: 1}, {Day: day, Source: "192.0.2.2", Provider: "gmail", Messages: messages}}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := b.Sent(ctx)
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	for _, s := range got {
		if *s.Complaints != 3 || *s.Delivered != 6000 || s.Why == "complaints" {
			t.Errorf("%+v", s)
		}
	}
}

var listZone = dns.Zone{
	"2.0.0.127.zen.spamhaus.org":  {"A 127.0.0.2"},
	"9.2.0.192.zen.spamhaus.org":  {"A 127.0.0.2"},
	"10.2.0.192.zen.spamhaus.org": {"A 127.0.0.10"}, // PBL: a note, no reproach
	"*.b.barracudacentral.org":    {"REFUSED"},
}

// TestListings: only lists that proved themselves count, one that refuses us does not, and each address is asked about once.
func TestListings(t *testing.T) {
	var lists []provider.Blocklist
	for _, l := range provider.Blocklists() {
		if slices.Contains([]string{"zen.spamhaus.org", "b.barracudacentral.org"}, l.Zone) {
			lists = append(lists, l)
		}
	}
	counter := dns.NewCounter(dns.MustMemory(listZone), 0)
	l := NewListings(blocklist.New(blocklist.Config{Resolver: counter, Lists: lists, Rate: 1000}), nil)
	b := newBook(t, func(c *BookConfig) { c.Listings = l })
	for source, want := range map[string]string{"192.0.2.9": "listed", "192.0.2.10": "noted", "192.0.2.11": "few"} {
		v, err := b.Begin(ctx, Request{Source: source, Provider: "gmail", Table: "ses"})
		if err != nil || v.Judged.Why != want || v.Asked == nil || *v.Asked != 1 {
			t.Errorf("%s: %+v, %v", source, v.Judged, err)
		}
	}
	asked := counter.Count()
	if v, err := b.Plan(ctx, "192.0.2.9", "gmail"); err != nil || v.Standing != Poor || !slices.Equal(v.Lists, []string{"zen.spamhaus.org"}) || counter.Count() != asked {
		t.Errorf("%+v, %v", v.Judged, err)
	}
	for _, source := range []string{"10.0.0.1", "127.0.0.1", "fe80::1", "nonsense"} { // no list has entries for them
		if got := l.Of(ctx, source); got.Asked != 0 || counter.Count() != asked {
			t.Errorf("%s: %+v", source, got)
		}
	}
	l.mu.Lock()
	for i := range mostListings {
		l.known[netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)})] = &listing{done: make(chan struct{})}
	}
	l.mu.Unlock()
	if got := l.Of(ctx, "203.0.113.1"); got.Asked != 0 || counter.Count() != asked {
		t.Errorf("%+v", got)
	}
}
