package blocklist

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/dnsbl"
	"github.com/todoku/todoku/internal/provider"
)

// known gives lists by zone, in order.
func known(t *testing.T, zones ...string) []provider.Blocklist {
	t.Helper()
	var lists []provider.Blocklist
	for _, zone := range zones {
		i := slices.IndexFunc(provider.Blocklists(), func(b provider.Blocklist) bool { return b.Zone == zone })
		if i < 0 {
			t.Fatalf("no list %s", zone)
		}
		lists = append(lists, provider.Blocklists()[i])
	}
	return lists
}

func states(s Sweep) string {
	var out []string
	for _, seen := range s.Lists {
		out = append(out, fmt.Sprintf("%s %s %s", seen.List.Zone, seen.Proof.Health, seen.Result.State))
	}
	return strings.Join(out, "\n")
}

const subject = "192.0.2.9"

var zone = dns.Zone{
	// alive, lists the subject
	"2.0.0.127.zen.spamhaus.org": {"A 127.0.0.2", "A 127.0.0.10"},
	"9.2.0.192.zen.spamhaus.org": {"A 127.0.0.3", "TXT https://check.spamhaus.org/"},
	// alive, does not
	"2.0.0.127.bl.spamcop.net": {"A 127.0.0.2"},
	// lists the world
	"*.psbl.surriel.com": {"A 127.0.0.2"},
	// refuses
	"*.b.barracudacentral.org": {"REFUSED"},
	// does not answer
	"*.bl.0spam.org": {"TIMEOUT"},
	// a test entry of its own
	"99.0.0.127.bl.suomispam.net": {"A 127.0.0.2"},
	// truncate.gbudb.net: gone
}

var swept = []string{"zen.spamhaus.org", "bl.spamcop.net", "psbl.surriel.com", "b.barracudacentral.org", "bl.0spam.org", "bl.suomispam.net", "truncate.gbudb.net", "dbl.spamhaus.org"}

func TestSweep(t *testing.T) {
	server := dnstest.NewZone(t, zone)
	client, err := dns.NewClient(dns.ClientConfig{Servers: []string{server.Addr()}, Timeout: 900 * time.Millisecond, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	c := New(Config{Resolver: client, Lists: known(t, swept...)})
	sweep := c.Sweep(t.Context(), nil, dnsbl.ForIP(netip.MustParseAddr(subject)))
	want := strings.Join([]string{
		"zen.spamhaus.org alive listed",
		"bl.spamcop.net alive not-listed",
		"psbl.surriel.com poisoned unknown",
		"b.barracudacentral.org refused unknown",
		"bl.0spam.org unknown unknown",
		"bl.suomispam.net alive not-listed",
		"truncate.gbudb.net dead unknown",
	}, "\n")
	if got := states(sweep); got != want || sweep.Subject != subject || sweep.Alive() != 3 {
		t.Errorf("%d alive:\n%s\nwant\n%s", sweep.Alive(), got, want)
	}
	for _, name := range []string{"9.2.0.192.psbl.surriel.com", "9.2.0.192.truncate.gbudb.net", "9.2.0.192.b.barracudacentral.org"} {
		if server.Count(name, dns.TypeA) != 0 {
			t.Errorf("%s was asked, though the list had not proved itself", name)
		}
	}
}

func TestSweepOfIPv6AndDomains(t *testing.T) {
	r := dns.MustMemory(dns.Zone{
		"2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.zen.spamhaus.org": {"A 127.0.0.2"},
		"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.zen.spamhaus.org": {"A 127.0.0.3"},
		"dbltest.com.dbl.spamhaus.org":  {"A 127.0.1.2"},
		"shop.example.dbl.spamhaus.org": {"A 127.0.1.4"},
	})
	c := New(Config{Resolver: r, Lists: known(t, swept...)})
	got := states(c.Sweep(t.Context(), nil, dnsbl.ForIP(netip.MustParseAddr("2001:db8::1"))))
	if want := "zen.spamhaus.org alive listed\npsbl.surriel.com dead unknown"; got != want {
		t.Errorf("IPv6:\n%s\nwant\n%s", got, want)
	}
	if got := states(c.Sweep(t.Context(), nil, dnsbl.ForDomain("shop.example"))); got != "dbl.spamhaus.org alive listed" {
		t.Errorf("domain: %s", got)
	}
	if got := c.Sweep(t.Context(), nil, dnsbl.Subject{}); len(got.Lists) != 0 {
		t.Errorf("nothing: %+v", got)
	}
}

// A proof is made once an hour, by one of all who want it; one that failed holds a minute.
func TestProofsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		count := dns.NewCounter(&slow{next: dns.MustMemory(zone), takes: time.Second}, 0)
		c := New(Config{Resolver: count, Lists: known(t, "bl.spamcop.net"), Rate: 1000})
		sweep := func(r dns.Resolver) { c.Sweep(t.Context(), r, dnsbl.ForIP(netip.MustParseAddr(subject))) }
		elsewhere := dns.MustMemory(zone)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { sweep(elsewhere) })
		}
		wg.Wait()
		expect := func(what string, n int) {
			t.Helper()
			if got := count.Count(); got != n {
				t.Errorf("%s: %d questions, want %d", what, got, n)
			}
		}
		expect("twenty at once", 2)
		time.Sleep(59 * time.Minute)
		sweep(elsewhere)
		expect("after 59 minutes", 2)
		time.Sleep(2 * time.Minute)
		sweep(elsewhere)
		expect("after an hour", 4)

		failing := New(Config{Resolver: count, Lists: known(t, "bl.0spam.org"), Rate: 1000})
		for range 2 {
			failing.Sweep(t.Context(), elsewhere, dnsbl.ForIP(netip.MustParseAddr(subject)))
		}
		expect("a failure", 6)
		time.Sleep(time.Minute)
		failing.Sweep(t.Context(), elsewhere, dnsbl.ForIP(netip.MustParseAddr(subject)))
		expect("a minute after a failure", 8)
	})
}

// Who gives up does not take the proof from the others.
func TestGivingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Config{Resolver: &slow{next: dns.MustMemory(zone), takes: 2 * time.Second}, Lists: known(t, "bl.spamcop.net")})
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if got := states(c.Sweep(short, nil, dnsbl.ForIP(netip.MustParseAddr(subject)))); got != "bl.spamcop.net unknown unknown" {
			t.Error(got)
		}
		if got := states(c.Sweep(t.Context(), nil, dnsbl.ForIP(netip.MustParseAddr(subject)))); got != "bl.spamcop.net alive not-listed" {
			t.Error(got)
		}
	})
}

// A sweep ends in its time, whatever the lists do, and asks no list too fast.
func TestSweepIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Config{Resolver: &slow{next: dns.MustMemory(zone), takes: time.Hour}, Lists: known(t, swept...), Concurrency: 2, Timeout: 3 * time.Second})
		start := time.Now()
		got := c.Sweep(t.Context(), nil, dnsbl.ForIP(netip.MustParseAddr(subject)))
		if took := time.Since(start); took > 3*time.Second || got.Alive() != 0 || len(got.Lists) != 7 {
			t.Errorf("%s, %d lists, %d alive", took, len(got.Lists), got.Alive())
		}
		time.Sleep(time.Hour) // let the proofs end
	})
	synctest.Test(t, func(t *testing.T) {
		times := &slow{next: dns.MustMemory(dns.Zone{"2.0.0.127.dnsbl.spfbl.net": {"A 127.0.0.2"}, "*.dnsbl.spfbl.net": {"A 127.0.0.2"}, "1.0.0.127.dnsbl.spfbl.net": {"TXT x"}})}
		c := New(Config{Resolver: times, Lists: known(t, "dnsbl.spfbl.net")})
		for i := range 3 {
			c.Sweep(t.Context(), nil, dnsbl.ForIP(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})))
		}
		for i := 1; i < len(times.asked); i++ {
			if d := times.asked[i].Sub(times.asked[i-1]); d < 100*time.Millisecond {
				t.Errorf("question %d came %s after the one before", i, d)
			}
		}
		if len(times.asked) != 8 {
			t.Errorf("%d questions", len(times.asked))
		}
	})
}

// slow answers after a time and notes when it was asked.
type slow struct {
	next  dns.Resolver
	takes time.Duration

	mu    sync.Mutex
	asked []time.Time
}

func (s *slow) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	s.mu.Lock()
	s.asked = append(s.asked, time.Now())
	s.mu.Unlock()
	if s.takes > 0 {
		select {
		case <-time.After(s.takes):
		case <-ctx.Done():
			return dns.Answer{Question: q, Status: dns.Timeout}
		}
	}
	return s.next.Resolve(ctx, q)
}

// A key is in the questions of the checker's own resolver, and nowhere else.
func TestKeyStaysSecret(t *testing.T) {
	const key = "s3cretkey"
	own := dns.NewRecorder(dns.MustMemory(dns.Zone{
		"2.0.0.127.s3cretkey.zen.dq.spamhaus.net": {"A 127.0.0.2"},
		"9.2.0.192.s3cretkey.zen.dq.spamhaus.net": {"A 127.0.0.10", "TXT asked as S3CRETKEY.zen"},
	}))
	lists := provider.Choice{Keys: map[string]string{"spamhaus-dqs": key}}.Choose()
	c := New(Config{Resolver: own, Lists: lists})
	shared := dns.NewRecorder(dns.MustMemory(dns.Zone{}))
	sweep := c.Sweep(t.Context(), shared, dnsbl.ForIP(netip.MustParseAddr(subject)))
	i := slices.IndexFunc(sweep.Lists, func(s Seen) bool { return s.List.Zone == "zen.dq.spamhaus.net" })
	if i < 0 || sweep.Lists[i].Result.State != dnsbl.IsListed {
		t.Fatalf("%s", states(sweep))
	}
	out, err := json.Marshal(sweep)
	if err != nil {
		t.Fatal(err)
	}
	recorded, err := json.Marshal(shared.Answers())
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"the sweep": string(out), "its Go form": fmt.Sprintf("%+v", sweep), "the shared recording": string(recorded)} {
		if strings.Contains(strings.ToLower(text), key) {
			t.Errorf("the key is in %s", what)
		}
	}
}

// Dead lists and such as cannot be swept are not asked, even where someone names them.
func TestOnlySweepableLists(t *testing.T) {
	dead := known(t, "bl.spamcop.net")[0]
	dead.Zone, dead.ID = "dnsbl.sorbs.net", "dnsbl.sorbs.net"
	c := New(Config{Resolver: dns.MustMemory(dns.Zone{}), Lists: append(known(t, "list.dnswl.org", "ebl.msbl.org", "score.senderscore.com", "bl.spamcop.net", "bl.spamcop.net"), dead)})
	if lists := c.Lists(); len(lists) != 1 || lists[0].Zone != "bl.spamcop.net" {
		t.Errorf("%+v", lists)
	}
	if n := len(New(Config{}).Lists()); n < 20 {
		t.Errorf("%d lists by default", n)
	}
}
