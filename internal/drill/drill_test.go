package drill

import (
	"context"
	"embed"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/survey"
)

//go:embed testdata
var zones embed.FS

// TestClosedLoop is the test of every diagnosis: the expected finding comes first in
// its area; every distinct change, applied all together, cures all findings that
// carry one; and each alone cures its own, without a new fail.
func TestClosedLoop(t *testing.T) {
	cases, err := Load(zones)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			if c.Healthy() {
				healthy(t, c)
				return
			}
			broken(t, c)
		})
	}
}

func healthy(t *testing.T, c Case) {
	for _, f := range judge(t, c, nil) {
		if f.Status == catalogue.Fail || f.Status == catalogue.Warn {
			t.Errorf("a healthy zone gives %s", show(f))
		}
	}
}

func broken(t *testing.T, c Case) {
	before := judge(t, c, nil)
	for _, want := range c.First {
		expectFirst(t, before, want)
	}
	all := changes(before)
	for _, change := range all {
		if err := change.Validate(); err != nil {
			t.Errorf("a repair cannot be published: %v", err)
		}
	}
	if len(all) == 0 {
		return
	}
	after := judge(t, c, all)
	for _, f := range before {
		if len(f.DNS) > 0 && f.Status != catalogue.Pass && has(after, f) {
			t.Errorf("all repairs are published, and there is still %s", show(f))
		}
	}
	noNewFail(t, before, after, "all repairs")
	for _, change := range all {
		after := judge(t, c, []dns.Change{change})
		what := fmt.Sprintf("%s %s %s alone", change.Action, change.Name, change.Type)
		for _, f := range before {
			if len(f.DNS) == 1 && f.Status != catalogue.Pass && same(f.DNS[0], change) && has(after, f) {
				t.Errorf("%s leaves %s", what, show(f))
			}
		}
		noNewFail(t, before, after, what)
	}
}

// served puts the zone of a case, with changes published, on a server, and gives a client that asks it.
func served(t *testing.T, c Case, published []dns.Change) (*dnstest.Server, *dns.Client) {
	t.Helper()
	zone, err := dns.MemoryOf(slices.Clone(c.Records))
	if err != nil {
		t.Fatal(err)
	}
	if err := zone.Apply(published...); err != nil {
		t.Fatal(err)
	}
	server := dnstest.New(t, c.Signed(zone))
	client, err := dns.NewClient(dns.ClientConfig{Servers: []string{server.Addr()}, Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return server, client
}

// judge serves the zone, with changes published, and checks it as the program does.
func judge(t *testing.T, c Case, published []dns.Change) []catalogue.Finding {
	t.Helper()
	server, client := served(t, c, published)
	o := survey.Options{Now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC), Selectors: c.Selectors, DNSOnly: true}
	for _, s := range c.IPs {
		o.IPs = append(o.IPs, netip.MustParseAddr(s))
	}
	target := check.Target{Text: c.Domain, Kind: check.KindDomain, Domain: c.Domain}
	if c.Domain == "" {
		target = check.Target{Text: c.IPs[0], Kind: check.KindIP, IP: o.IPs[0]}
		o.IPs = o.IPs[1:]
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	r := check.Run(ctx, dns.NewCache(client, dns.CacheConfig{}), target, check.Options{Survey: o})
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	return r.Findings
}

// expectFirst wants a finding to be the first of its area, passes left out.
func expectFirst(t *testing.T, fs []catalogue.Finding, want Expected) {
	t.Helper()
	area := catalogue.Area(want.ID)
	for _, f := range fs {
		if catalogue.Area(f.ID) != area {
			continue
		}
		fits := f.ID == want.ID && (string(f.Status) == want.Status || want.Status == "" && (f.Status == catalogue.Fail || f.Status == catalogue.Warn))
		if !fits {
			t.Errorf("want %s %s first, got %s\n%s", want.ID, want.Status, show(f), list(fs))
		}
		return
	}
	t.Errorf("want %s, there is nothing of its area\n%s", want.ID, list(fs))
}

// noNewFail wants no fail that was not there before.
func noNewFail(t *testing.T, before, after []catalogue.Finding, what string) {
	t.Helper()
	for _, f := range after {
		was := func(b catalogue.Finding) bool {
			return b.ID == f.ID && b.Subject == f.Subject && b.Status == catalogue.Fail
		}
		if f.Status == catalogue.Fail && !slices.ContainsFunc(before, was) {
			t.Errorf("%s bring a new fail: %s", what, show(f))
		}
	}
}

func has(fs []catalogue.Finding, f catalogue.Finding) bool {
	return slices.ContainsFunc(fs, func(o catalogue.Finding) bool {
		return o.ID == f.ID && o.Subject == f.Subject && o.Status != catalogue.Pass
	})
}

// changes gives every distinct change.
func changes(fs []catalogue.Finding) []dns.Change {
	var out []dns.Change
	for _, f := range fs {
		for _, c := range f.DNS {
			if !slices.ContainsFunc(out, func(o dns.Change) bool { return same(o, c) }) {
				out = append(out, c)
			}
		}
	}
	return out
}

func same(a, b dns.Change) bool {
	return a.Action == b.Action && dns.CanonicalName(a.Name) == dns.CanonicalName(b.Name) && a.Type == b.Type &&
		slices.Equal(a.Data, b.Data) && slices.Equal(a.Was, b.Was)
}

func show(f catalogue.Finding) string {
	s := fmt.Sprintf("%s %s (%s): %s %q", f.Status, f.ID, f.Subject, f.Title("en"), f.Evidence)
	for _, c := range f.DNS {
		s += fmt.Sprintf("\n\t%s %s %s %q was %q", c.Action, c.Name, c.Type, c.Data, c.Was)
	}
	return s
}

func list(fs []catalogue.Finding) string {
	var b strings.Builder
	for _, f := range fs {
		if f.Status != catalogue.Pass {
			b.WriteString("\t" + show(f) + "\n")
		}
	}
	return b.String()
}
