package dmarc

import (
	"context"
	"sync"

	"github.com/todoku/todoku/dns"
)

// policies asks for the policy records of domains, each at most once however many
// walks pass it.
type policies struct {
	resolver dns.Resolver

	mu    sync.Mutex
	asked []*lookup // not many: eight for each walk at most
	// few is room for those that nearly every evaluation makes.
	few [3]lookup
}

// lookup is the answer for one domain: its DMARC records, that is, those that
// begin with v=DMARC1 (RFC 9989 section 4.10, steps 2 and 6).
type lookup struct {
	domain string
	once   sync.Once
	name   string // of the record
	status dns.Status
	count  int
	record *Record // the only one; nil unless count is 1
	served string  // all of them, one a line
}

func (p *policies) lookup(ctx context.Context, domain string) *lookup {
	l := p.of(domain)
	l.once.Do(func() { l.ask(ctx, p.resolver) })
	return l
}

func (p *policies) of(domain string) *lookup {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.asked {
		if l.domain == domain {
			return l
		}
	}
	var l *lookup
	if n := len(p.asked); n < len(p.few) {
		l = &p.few[n]
	} else {
		l = new(lookup)
	}
	l.domain = domain
	p.asked = append(p.asked, l)
	return l
}

func (l *lookup) ask(ctx context.Context, r dns.Resolver) {
	l.name = prefix + l.domain
	if len(l.name) > 253 {
		l.status = dns.BadName // no such name can exist
		return
	}
	answer := r.Resolve(ctx, dns.Question{Name: l.name, Type: dns.TypeTXT})
	l.status = answer.Status
	for _, rr := range answer.Records {
		rec, ok := Parse(rr.Data)
		if !ok {
			continue
		}
		if l.count++; l.count == 1 {
			l.record, l.served = rec, rr.Data
			continue
		}
		l.record = nil // several: all are discarded
		if len(l.served) >= maxServed {
			return // nothing that follows changes that
		}
		l.served += "\n" + rr.Data
	}
}

// failed reports that nothing is known about the domain's record.
func (l *lookup) failed() bool { return l.status.Failed() }

// failure gives the word of a failed look-up.
func failure(s dns.Status) string {
	switch s {
	case dns.Timeout, dns.Unknown: // never asked: the time ran out
		return "timeout"
	case dns.ServFail:
		return "servfail"
	case dns.Refused:
		return "refused"
	case dns.NetError:
		return "net-error"
	case dns.Malformed:
		return "malformed"
	}
	return "error"
}

// outcome is the word of WalkQuery.Outcome.
func (l *lookup) outcome() string {
	switch {
	case l.failed():
		return failure(l.status)
	case l.count > 1:
		return "multiple"
	case l.count == 1:
		if _, _, _, ok := l.record.Usable(); !ok {
			return "invalid"
		}
		if l.record.PSD != "u" {
			return "psd=" + l.record.PSD
		}
		return "record"
	case l.status == dns.Success:
		return "no-record"
	case l.status == dns.NoData:
		return "no-data"
	}
	return "nxdomain"
}

// exists reports whether a domain exists in the sense of RFC 9989 section 3.2.13
// and appendix A.4: any answer but NXDOMAIN, to a question of any type, shows it.
func exists(ctx context.Context, r dns.Resolver, domain string) (yes bool, status dns.Status) {
	a := r.Resolve(ctx, dns.Question{Name: domain, Type: dns.TypeA})
	if len(a.Chain) > 0 {
		// Whatever became of the target, the name itself has a record: its CNAME.
		return true, dns.Success
	}
	return a.Status != dns.NXDomain, a.Status
}
