package keys

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/knottest"
	"github.com/todoku/todoku/internal/publish"
	"github.com/todoku/todoku/internal/store"
)

// elsewhere asks name servers of 127.0.0.N at the ports where they listen.
type elsewhere struct {
	next  dns.Resolver
	ports map[netip.Addr]netip.AddrPort
}

func (e elsewhere) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	if to, ok := e.ports[q.Server.Addr()]; ok {
		q.Server = to
	} else if !dns.IsSubdomain(q.Name, drillDomain) { // a server of one zone is no resolver: it refuses what is above
		return dns.Answer{Question: q, Status: dns.NXDomain}
	}
	return e.next.Resolve(ctx, q)
}

// TestKnotRotation: a key and its successor, published by signed updates to Knot DNS; a second server follows it by zone transfers.
func TestKnotRotation(t *testing.T) {
	second := knottest.FreeAddr(t)
	first := knottest.Primary(t, drillDomain, "example.com. 60 IN SOA ns1.example.com. host.example.com. 1 7200 600 86400 60\n"+
		"example.com. 60 IN NS ns1.example.com.\nexample.com. 60 IN NS ns2.example.com.\nns1.example.com. 60 IN A 127.0.0.1\nns2.example.com. 60 IN A 127.0.0.2\n", second)
	follower := knottest.Secondary(t, drillDomain, second, first.Addr)
	client, err := dns.NewClient(dns.ClientConfig{Servers: []string{first.Addr}, Timeout: 6 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	tsig, err := publish.ParseTSIG(knottest.Key)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, 1, time.Minute) // for its clock and database
	k := New(Config{
		Store: w.store, Master: w.master, Now: w.clock, Publisher: publish.Zones{drillDomain: &publish.Update{Server: first.Addr, Zone: drillDomain, Key: tsig}},
		Observer: &DNS{Resolver: elsewhere{client, map[netip.Addr]netip.AddrPort{
			netip.MustParseAddr("127.0.0.1"): netip.MustParseAddrPort(first.Addr), netip.MustParseAddr("127.0.0.2"): netip.MustParseAddrPort(follower.Addr),
		}}},
	})
	until := func(want string) { // the zone transfer takes its time
		t.Helper()
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			if err := k.Step(ctx); err != nil {
				t.Fatal(err)
			}
			if w.states() == want {
				return
			}
			if time.Now().After(end) {
				list, _ := w.store.Keys(ctx, "", true)
				t.Fatalf("%s, not %s: %+v", w.states(), want, NoteOf(&list[len(list)-1]))
			}
		}
	}
	e, err := k.Create(ctx, Spec{Domain: drillDomain, Algorithm: "rsa", Bits: 4096}) // longer than one string of a TXT record
	if err != nil {
		t.Fatal(err)
	}
	until("rsa:published")
	for _, s := range []*knottest.Server{first, follower} {
		if got := s.Ask(t, recordName(&e), dns.TypeTXT); len(got) != 1 || got[0] != e.Record {
			t.Errorf("%s has %q", s.Addr, got)
		}
	}
	w.pass(time.Minute + rounding)
	until("rsa:signing")
	next, err := k.Rotate(ctx, e.ID)
	if err != nil || next.Bits != 4096 {
		t.Fatal(next.Bits, err)
	}
	until("rsa:signing rsa:published")
	w.pass(time.Minute + rounding)
	until("rsa:retiring rsa:signing")
	w.long(k, k.Hold())
	until("rsa:removed rsa:signing")
	for _, s := range []*knottest.Server{first, follower} {
		if got := s.Ask(t, recordName(&e), dns.TypeTXT); len(got) != 0 {
			t.Errorf("%s still has %q", s.Addr, got)
		}
	}
	if got, err := w.store.Key(ctx, e.ID); err != nil || got.State != store.KeyRemoved || strings.Contains(got.Note, "problem") {
		t.Errorf("%+v, %v", got, err)
	}
}
