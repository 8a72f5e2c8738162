package check

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
)

// TestChecker: a change that is not published is judged, and leaves no trace.
func TestChecker(t *testing.T) {
	c := &Checker{Resolver: dns.MustMemory(dns.Zone{"example.com": {"MX 10 mx.example.com", "TXT v=spf1 mx -all"}, "mx.example.com": {"A 192.0.2.1"}})}
	target, err := ParseTarget("example.com")
	if err != nil {
		t.Fatal(err)
	}
	missing := func(whatIf ...dns.Change) bool {
		rep := c.Check(context.Background(), Request{Target: target, WhatIf: whatIf, Now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)})
		return slices.ContainsFunc(rep.Findings, func(f catalogue.Finding) bool { return f.ID == "dmarc.none" })
	}
	add := dns.Change{Action: dns.Add, Name: "_dmarc.example.com.", Type: dns.TypeTXT, TTL: 3600, Data: []string{"v=DMARC1; p=none"}}
	for i, c := range []struct{ got, want bool }{{missing(), true}, {missing(add), false}, {missing(), true}} {
		if c.got != c.want {
			t.Errorf("check %d: dmarc.none is found: %t", i+1, c.got)
		}
	}
}
