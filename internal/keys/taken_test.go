package keys

import (
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/store"
)

// put has every server of the world have a TXT record.
func (w *world) put(t *testing.T, name, data string) {
	t.Helper()
	for _, s := range w.servers {
		if err := s.zone.Apply(dns.Change{Action: dns.Add, Name: name, Type: dns.TypeTXT, TTL: 60, Data: []string{data}}); err != nil {
			t.Fatal(err)
		}
	}
}

func otherRecord(t *testing.T) string {
	t.Helper()
	key, err := dkim.GenerateKey("ed25519", 0)
	if err != nil {
		t.Fatal(err)
	}
	record, err := dkim.RecordFor(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return record
}

// TestWildcard: in a zone whose wildcard answers for every name a key lives its whole life.
func TestWildcard(t *testing.T) {
	w := newWorld(t, 2, time.Minute)
	w.put(t, "*.example.com", "v=spf1 -all")
	first := w.create("ed25519")
	k := w.keeper()
	step := func(pass time.Duration) {
		t.Helper()
		if err := k.Step(ctx); err != nil {
			t.Fatal(err)
		}
		w.long(k, pass)
	}
	for range 3 {
		step(6 * time.Minute)
	}
	if _, err := k.Rotate(ctx, first.ID); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		step(6 * time.Minute)
	}
	if w.states() != "ed25519:retiring ed25519:signing" {
		t.Fatal(w.states())
	}
	step(k.Hold())
	for range 2 {
		step(6 * time.Minute)
	}
	if got, err := w.store.Key(ctx, first.ID); err != nil || got.State != store.KeyRemoved || len(got.Sealed) > 0 {
		t.Errorf("%s: %+v, %v", w.states(), NoteOf(&got), err)
	}
}

// TestWildcardKey: a wildcard that has a key is in nobody's way.
func TestWildcardKey(t *testing.T) {
	w := newWorld(t, 2, time.Minute)
	w.put(t, "*._domainkey.example.com", otherRecord(t))
	k := w.keeper()
	e, err := k.Create(ctx, Spec{Domain: drillDomain, Algorithm: "ed25519"})
	if err != nil || strings.Contains(e.Selector, "-") {
		t.Fatal(e.Selector, err)
	}
	for range 3 {
		if err := k.Step(ctx); err != nil {
			t.Fatal(err)
		}
		w.pass(6 * time.Minute)
	}
	if got, err := w.store.Key(ctx, e.ID); err != nil || got.State != store.KeySigning {
		t.Errorf("%s: %+v, %v", got.State, NoteOf(&got), err)
	}
}

// TestTakenSelector: beside the record of somebody else's key none is published, for then neither could be verified; it waits until that one is away.
func TestTakenSelector(t *testing.T) {
	w := newWorld(t, 2, time.Minute)
	theirs := otherRecord(t)
	w.put(t, "s1._domainkey.example.com", theirs)
	k := w.keeper()
	e, err := k.Create(ctx, Spec{Domain: drillDomain, Selector: "s1", Algorithm: "ed25519"})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := k.Step(ctx); err != nil {
			t.Fatal(err)
		}
		w.pass(6 * time.Minute)
	}
	for _, s := range w.servers {
		if a := s.zone.Resolve(ctx, dns.Question{Name: recordName(&e), Type: dns.TypeTXT}); len(a.Records) != 1 || a.Records[0].Data != theirs {
			t.Errorf("a server has %v", a.Records)
		}
	}
	got, err := w.store.Key(ctx, e.ID)
	if err != nil || got.State != store.KeyPrepared || !strings.Contains(NoteOf(&got).Problem, "another key") {
		t.Errorf("%s: %+v, %v", got.State, NoteOf(&got), err)
	}
	if ja, ok := Japanese(NoteOf(&got).Problem); !ok || !strings.Contains(ja, "別の鍵") {
		t.Error(ja)
	}
	for _, s := range w.servers {
		if err := s.zone.Apply(dns.Change{Action: dns.Remove, Name: recordName(&e), Type: dns.TypeTXT, Was: []string{theirs}}); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if err := k.Step(ctx); err != nil {
			t.Fatal(err)
		}
		w.pass(6 * time.Minute)
	}
	if w.states() != "ed25519:signing" {
		t.Error(w.states())
	}
}

// TestMadeSelector: a selector that is made is none of which the DNS has a key already, of another server or of a database that was lost.
func TestMadeSelector(t *testing.T) {
	w := newWorld(t, 2, time.Minute)
	base := "s" + w.clock().UTC().Format("20060102") + "e"
	w.put(t, base+"._domainkey.example.com", otherRecord(t))
	w.put(t, base+"-2._domainkey.example.com", otherRecord(t))
	e, err := w.keeper().Create(ctx, Spec{Domain: drillDomain, Algorithm: "ed25519", Patterns: []string{"me@example.com"}})
	if err != nil || e.Selector != base+"-3" {
		t.Fatal(e.Selector, err)
	}
	patterns, err := w.store.KeyPatterns(ctx)
	if err != nil || len(patterns) != 1 || patterns[0].Series != e.Series {
		t.Errorf("%v, %v", patterns, err)
	}
	if w.states() != "ed25519:prepared" {
		t.Error(w.states())
	}
}
