package check_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/drill"
	"github.com/todoku/todoku/internal/survey"
)

// healthyZones are those of the drill in which nothing is to be found.
func healthyZones(tb testing.TB) []drill.Case {
	tb.Helper()
	cases, err := drill.Load(os.DirFS(filepath.Join("..", "drill", "testdata", "healthy")))
	if err != nil || len(cases) == 0 {
		tb.Fatal(len(cases), err)
	}
	return cases
}

func zoneNamed(tb testing.TB, name string) drill.Case {
	tb.Helper()
	for _, c := range healthyZones(tb) {
		if c.Name == name {
			return c
		}
	}
	tb.Fatalf("no zone %s", name)
	return drill.Case{}
}

func memory(tb testing.TB, records []dns.Record) *dns.Memory {
	tb.Helper()
	m, err := dns.MemoryOf(records)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func client(tb testing.TB, server *dnstest.Server) dns.Resolver {
	tb.Helper()
	c, err := dns.NewClient(dns.ClientConfig{Servers: []string{server.Addr()}, Timeout: 20 * time.Second})
	if err != nil {
		tb.Fatal(err)
	}
	return dns.NewCache(c, dns.CacheConfig{})
}

var options = check.Options{Audience: "all", Survey: survey.Options{Now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC), DNSOnly: true}}

func domain(name string) check.Target {
	return check.Target{Text: name, Kind: check.KindDomain, Domain: name}
}

// TestQueryBudget: a healthy domain costs at most 80 questions, blocklists left out.
func TestQueryBudget(t *testing.T) {
	for _, c := range healthyZones(t) {
		o := options
		o.Survey.Selectors = c.Selectors
		r := check.Run(t.Context(), memory(t, c.Records), domain(c.Domain), o)
		if n := len(r.Survey.Answers); n > 80 {
			var names []string
			for _, a := range r.Survey.Answers {
				names = append(names, a.Question.Name+" "+a.Question.Type.String())
			}
			t.Errorf("%s: %d questions:\n%s", c.Name, n, strings.Join(names, "\n"))
		}
	}
}

// BenchmarkCheckAt20ms is a whole check against a resolver that takes 20 ms for every
// answer, with nothing in its cache.
func BenchmarkCheckAt20ms(b *testing.B) {
	c := zoneNamed(b, "01-own-server")
	server := dnstest.New(b, memory(b, c.Records), dnstest.Delay(20*time.Millisecond))
	o := options
	o.Survey.Selectors = c.Selectors
	questions := 0
	for b.Loop() {
		r := check.Run(context.Background(), client(b, server), domain(c.Domain), o)
		questions = len(r.Survey.Answers)
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/check")
	b.ReportMetric(float64(questions), "questions")
}

// BenchmarkCheckMany checks distinct domains, several at a time, against an
// authoritative server on loopback.
func BenchmarkCheckMany(b *testing.B) {
	const domains = 256
	server := dnstest.New(b, many{memory(b, zoneNamed(b, "01-own-server").Records)})
	b.ResetTimer()
	n := 0
	for b.Loop() {
		r := client(b, server)
		each(domains, func(i int) { check.Run(context.Background(), r, domain(fmt.Sprintf("d%d.example.com", i)), options) })
		n += domains
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "domains/s")
}

// BenchmarkCheckInMemory is a check without any waiting: what judging alone costs.
func BenchmarkCheckInMemory(b *testing.B) {
	c := zoneNamed(b, "01-own-server")
	m := memory(b, c.Records)
	b.ReportAllocs()
	for b.Loop() {
		check.Run(context.Background(), m, domain(c.Domain), options)
	}
}

// many serves one zone under every name dN.example.com.
type many struct{ zone *dns.Memory }

func (m many) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	name := dns.CanonicalName(q.Name)
	inner, own := name, ""
	if head, ok := strings.CutSuffix(name, ".example.com"); ok {
		labels := strings.Split(head, ".")
		last := labels[len(labels)-1]
		if strings.HasPrefix(last, "d") && strings.Trim(last[1:], "0123456789") == "" && last != "d" {
			own = last + "."
			inner = strings.TrimSuffix(strings.Join(labels[:len(labels)-1], ".")+".example.com", ".")
			inner = strings.TrimPrefix(inner, ".")
		}
	}
	a := m.zone.Resolve(ctx, dns.Question{Name: inner, Type: q.Type})
	a.Question = q
	if own == "" {
		return a
	}
	records := make([]dns.Record, len(a.Records))
	for i, r := range a.Records {
		r.Name = name
		records[i] = r
	}
	a.Records = records
	return a
}

// each runs f for 0 to n-1, sixteen at a time.
func each(n int, f func(int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range 16 {
		wg.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

// TestMemoryStaysFlat checks many domains through one cache: what is kept after ten times
// as many is no more than a little. 3,000 domains; 100,000 with TODOKU_SOAK.
func TestMemoryStaysFlat(t *testing.T) {
	domains := 3000
	if os.Getenv("TODOKU_SOAK") != "" {
		domains = 100_000
	}
	r := dns.NewCache(many{memory(t, zoneNamed(t, "01-own-server").Records)}, dns.CacheConfig{Entries: 2000})
	failed := make(chan string, 1)
	run := func(from, to int) uint64 {
		each(to-from, func(i int) {
			rep := check.Run(context.Background(), r, domain(fmt.Sprintf("d%d.example.com", from+i)), options)
			if rep.Worst() == catalogue.Fail {
				select {
				case failed <- rep.First().ID:
				default:
				}
			}
		})
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	first := run(0, domains/10)
	last := run(domains/10, domains)
	t.Logf("kept after %d domains: %.1f MB, after %d: %.1f MB", domains/10, float64(first)/1e6, domains, float64(last)/1e6)
	if last > first+first/2+8<<20 {
		t.Errorf("memory grows: %d octets after %d domains, %d after %d", first, domains/10, last, domains)
	}
	select {
	case id := <-failed:
		t.Errorf("a healthy domain fails: %s", id)
	default:
	}
}
