package check_test

import (
	"context"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/blocklist"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/probe"
)

// hanging never answers anything: not a question, not a request, not on port 25. Some
// questions it answers, so that there is something to go on with.
type hanging struct {
	known func(dns.Question) []dns.Record
}

func (h hanging) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	if h.known != nil {
		if a := (hostile{answer: h.known}).Resolve(ctx, q); a.Status.Found() {
			return a
		}
	}
	<-ctx.Done()
	return dns.Answer{Question: q, Status: dns.Timeout}
}

func (hanging) Do(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func (hanging) Host(ctx context.Context, name string) probe.Host {
	<-ctx.Done()
	return probe.Host{Name: name, Outcome: probe.Inconclusive, Problem: probe.NoAnswer}
}

// TestAttackBudget: when the time is over the report is there, what was not seen is
// unknown, and nothing goes on.
func TestAttackBudget(t *testing.T) {
	defer goleak.VerifyNone(t)
	for name, known := range map[string]func(dns.Question) []dns.Record{
		"nothing":    nil,
		"everything": everything("v=spf1 include:a.example.com mx -all"),
		"sts":        everything("v=STSv1; id=1"),
		"bimi":       everything("v=BIMI1; l=https://www.example.com/x.svg; a=https://www.example.com/x.pem"),
		"only mx":    only(dns.TypeMX, func(dns.Question) []dns.Record { return manyMX(30) }),
		"only txt":   only(dns.TypeTXT, func(dns.Question) []dns.Record { return txt("v=spf1 include:a.example.net a mx -all") }),
	} {
		h := hanging{known}
		o := options
		o.Survey.DNSOnly = false
		o.Survey.Fetch, o.Survey.Prober = h, h
		o.Survey.IPs = []netip.Addr{netip.MustParseAddr("8.8.8.8")}
		o.Survey.Selectors = []string{"s1"}
		o.Survey.Blocklists = blocklist.New(blocklist.Config{Resolver: h, ProofTime: 50 * time.Millisecond})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		rep := check.Run(ctx, h, domain("example.com"), o)
		cancel()
		if name != "nothing" {
			continue
		}
		for _, f := range rep.Findings {
			if f.Status != catalogue.Unknown && f.Status != catalogue.Info {
				t.Errorf("%s: %s is %s", name, f.ID, f.Status)
			}
		}
	}
}

// half answers some questions and fails at the others.
type half struct {
	zone   dns.Resolver
	fails  func(dns.Question) bool
	status dns.Status
}

func (h half) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	if h.fails(q) {
		return dns.Answer{Question: q, Status: h.status}
	}
	return h.zone.Resolve(ctx, q)
}

// TestAttackHalf: a healthy domain of which some questions are not answered has no fault,
// whichever those are.
func TestAttackHalf(t *testing.T) {
	var types = []dns.Type{dns.TypeA, dns.TypeAAAA, dns.TypeMX, dns.TypeTXT, dns.TypeSPF, dns.TypePTR, dns.TypeNS, dns.TypeSOA, dns.TypeTLSA, dns.TypeCAA, dns.TypeDS, dns.TypeDNSKEY, dns.TypeCNAME}
	for _, c := range healthyZones(t) {
		zone := memory(t, c.Records)
		o := options
		o.Survey.Selectors = c.Selectors
		for _, ip := range c.IPs {
			o.Survey.IPs = append(o.Survey.IPs, netip.MustParseAddr(ip))
		}
		whole := check.Run(t.Context(), zone, domain(c.Domain), o)
		look := func(what string, fails func(dns.Question) bool) {
			for _, status := range []dns.Status{dns.ServFail, dns.Refused} {
				rep := check.Run(t.Context(), half{zone, fails, status}, domain(c.Domain), o)
				for _, f := range rep.Findings {
					if f.Status == catalogue.Fail || f.Status == catalogue.Warn {
						t.Errorf("%s, %s of %s: %s is %s: %q", c.Name, status, what, f.ID, f.Status, f.Evidence)
					}
				}
			}
		}
		for _, typ := range types {
			look("all "+typ.String(), func(q dns.Question) bool { return q.Type == typ })
		}
		for i, a := range whole.Survey.Answers {
			if testing.Short() && i%7 != 0 {
				continue
			}
			look(a.Question.Name+" "+a.Question.Type.String(), func(q dns.Question) bool {
				return q.Type == a.Question.Type && dns.CanonicalName(q.Name) == dns.CanonicalName(a.Question.Name)
			})
		}
	}
}
