package keys

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/store"
)

// aliases has a customer publish an alias for each selector, once.
func (w *world) aliases(names []Name) {
	w.t.Helper()
	for _, n := range names {
		for _, s := range w.all() {
			if err := s.zone.Apply(dns.Change{Action: dns.Add, Name: n.Selector + "._domainkey." + drillDomain, Type: dns.TypeCNAME, TTL: 300, Data: []string{n.Target}}); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

var twoNames = []Name{{"S1", "s1.keys.example.com"}, {"s2", "s2.keys.example.com."}}

// TestAlternatingSelectors: keys alternate between two selectors whose aliases the customer published once. A name is used again only
// when the key before is gone from it, and no cache can hold that one's record.
func TestAlternatingSelectors(t *testing.T) {
	w := newWorld(t, 2, 10*time.Minute)
	w.direct = true
	w.lag = func() time.Duration { return 7 * time.Minute }
	w.policy = Policy{RotateAfter: 12 * 24 * time.Hour, RecordTTL: 2 * 3600}
	first, err := w.keeper().Create(ctx, Spec{Domain: drillDomain, Algorithm: "ed25519", Names: twoNames})
	if err != nil || first.Selector != "s1" || first.Target != "s1.keys.example.com" {
		t.Fatalf("%+v, %v", first, err)
	}
	k, ring := w.keeper(), w.ring()
	names, err := w.store.KeyNames(ctx, "")
	list := k.Aliases(&first, names)
	if err != nil || len(list) != 2 || list[1].Name != "s2._domainkey.example.com." || list[1].Data[0] != "s2.keys.example.com." || k.Publish(&first).Name != "s1.keys.example.com." {
		t.Errorf("%+v, %v; %+v", list, err, k.Publish(&first))
	}
	if err := k.Step(ctx); err != nil { // before there are aliases: the record is published, and the name does not lead there
		t.Fatal(err)
	}
	if w.pass(10 * time.Minute); w.states() != "ed25519:prepared" {
		t.Error(w.states())
	}
	w.aliases(twoNames)
	var order []string
	busy := false
	for end := w.now.Add(60 * 24 * time.Hour); w.truth().Before(end); w.pass(97 * time.Minute) {
		w.sign(ring)
		if err := k.Step(ctx); err != nil {
			t.Fatal(err)
		}
		if got := w.sign(ring); len(got) == 1 && (len(order) == 0 || order[len(order)-1] != got[0]) {
			order = append(order, got[0])
			if len(order) == 2 {
				_, err := k.Rotate(ctx, first.ID)
				busy = errors.Is(err, ErrBusy)
			}
		}
		if t.Failed() {
			t.Fatal(w.states())
		}
	}
	if got := strings.Join(order, " "); !strings.HasPrefix(got, "s1 s2 s1 s2") || !busy {
		t.Errorf("%s; while both are in use, a rotation is refused: %v; %s", got, busy, w.states())
	}
	all, _ := w.store.Keys(ctx, "", true)
	for _, e := range all[1:] {
		if e.TTL < 2*time.Hour {
			t.Errorf("%s waits %s, but a cache may keep the record before for two hours", e.Selector, e.TTL)
		}
	}
}

func TestNamesRefused(t *testing.T) {
	w := newWorld(t, 1, time.Minute)
	for what, list := range map[string][]Name{
		"one": {{"s1", ""}}, "twice": {{"s1", ""}, {"S1", ""}}, "one target": {{"s1", "a.example"}, {"s2", "A.example."}}, "no selector": {{"s 1", ""}, {"s2", ""}},
		"no name": {{"s1", "a b"}, {"s2", ""}}, "too many": make([]Name, 9),
	} {
		if _, err := w.keeper().Create(ctx, Spec{Domain: drillDomain, Algorithm: "ed25519", Names: list}); !errors.Is(err, ErrSpec) {
			t.Errorf("%s: %v", what, err)
		}
	}
	e, err := w.keeper().Create(ctx, Spec{Domain: drillDomain, Algorithm: "ed25519", Names: []Name{{"s1", ""}, {"s2", ""}}})
	if err != nil || e.Target != "" || w.keeper().Publish(&e).Name != "s1._domainkey.example.com." {
		t.Errorf("without aliases: %+v, %v", e, err)
	}
}

// TestNext: what comes next, and when.
func TestNext(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	k := New(Config{Policy: Policy{RotateAfter: time.Hour}})
	for _, c := range []struct {
		e    store.DKIMKey
		want string
		at   time.Time
	}{
		{store.DKIMKey{State: store.KeyPrepared}, NextServers, time.Time{}},
		{store.DKIMKey{State: store.KeyPrepared, Note: Note{Waits: WaitsPublish}.text()}, NextPublish, time.Time{}},
		{store.DKIMKey{State: store.KeyPublished, Due: now}, NextSign, now},
		{store.DKIMKey{State: store.KeySigning, Signing: now}, NextRotate, now.Add(time.Hour)},
		{store.DKIMKey{State: store.KeyRetiring, Due: now}, NextWithdraw, now},
		{store.DKIMKey{State: store.KeyRetiring, Due: now, Note: Note{Waits: WaitsGone}.text()}, NextGone, time.Time{}},
		{store.DKIMKey{State: store.KeyRemoved, Due: now, Sealed: []byte{1}}, NextReveal, now},
		{store.DKIMKey{State: store.KeyRemoved}, NextNone, time.Time{}},
	} {
		if step, at := k.Next(&c.e); step != c.want || !at.Equal(c.at) {
			t.Errorf("%s: %q at %s", c.e.State, step, at)
		}
	}
}
