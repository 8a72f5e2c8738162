package dnsbl

import (
	"context"
	"net/netip"

	"github.com/todoku/todoku/dns"
)

// Health is whether the answers of a list can be believed.
type Health string

// The healths.
const (
	// Alive: the test entry is there, and what must not be there is not.
	Alive Health = "alive"
	// Dead: the test entry is missing. "Not listed" there means nothing.
	Dead Health = "dead"
	// RefusesUs: the list does not answer this resolver.
	RefusesUs Health = "refused"
	// Poisoned: what must not be listed is listed, or addresses come that no list
	// gives. "Listed" there means nothing.
	Poisoned Health = "poisoned"
	// Unproved: the DNS failed, or the list has no test entry for such subjects.
	Unproved Health = "unknown"
)

// Proof is what the test entries of a list showed.
type Proof struct {
	List   string
	Family Family
	Health Health
	// Reason is a short English sentence.
	Reason string
	// TTL in seconds that both answers may be kept; 0 where one failed.
	TTL uint32
}

// Prove looks up both test entries of a list, for subjects of one family (RFC 5782
// section 5): two questions, asked at the same time.
func Prove(ctx context.Context, r dns.Resolver, l List, f Family) Proof {
	p := Proof{List: l.ID, Family: f, Health: Unproved}
	positive, negative := l.testEntries(f)
	testZone := l.Zone
	if l.Test.Zone != "" {
		testZone = l.Test.Zone
	}
	yes, no := l.queryName(positive, testZone), l.queryName(negative, l.Zone)
	if !l.Serves(f) || yes == "" || no == "" {
		p.Reason = "the list has no test entry for such subjects"
		return p
	}
	var there, absent dns.Answer
	group := dns.NewGroup(r)
	group.Go(func() { there = r.Resolve(ctx, dns.Question{Name: yes, Type: dns.TypeA}) })
	group.Go(func() { absent = r.Resolve(ctx, dns.Question{Name: no, Type: dns.TypeA}) })
	group.Wait()
	p.Health, p.Reason = l.health(there, absent)
	p.TTL = min(there.TTL, absent.TTL)
	return p
}

// testEntries are what must be listed and what must not be.
func (l List) testEntries(f Family) (positive, negative Subject) {
	switch f {
	case IPv4:
		positive, negative = ForIP(positiveIPv4), ForIP(negativeIPv4)
		if ip, err := netip.ParseAddr(l.Test.Positive); err == nil {
			positive = ForIP(ip)
		}
		if ip, err := netip.ParseAddr(l.Test.Negative); err == nil {
			negative = ForIP(ip)
		}
	case IPv6:
		// Not by ForIP, which takes mapped addresses for IPv4.
		positive, negative = Subject{ip: positiveIPv6}, Subject{ip: negativeIPv6}
	case Name:
		positive, negative = ForDomain(positiveName), ForDomain(negativeName)
		if l.Test.Positive != "" {
			positive = ForDomain(l.Test.Positive)
		}
		if l.Test.Negative != "" {
			negative = ForDomain(l.Test.Negative)
		}
	}
	return positive, negative
}

// health judges by both answers. A refusal explains all else, and poison is seen
// whatever the other answer is; what failed proves nothing.
func (l List) health(there, absent dns.Answer) (Health, string) {
	yes, no := l.readAnswer(there), l.readAnswer(absent)
	switch {
	case yes.refused || no.refused:
		return RefusesUs, "the list does not answer this resolver"
	case yes.invalid || no.invalid:
		return Poisoned, "the answer is an address outside 127.0.0.0/8, as a parked domain or a resolver that rewrites answers gives"
	case no.entry:
		return Poisoned, "the list has an entry for what must never be listed"
	case there.Status.Failed() || absent.Status.Failed():
		failed := there
		if !failed.Status.Failed() {
			failed = absent
		}
		return Unproved, "the test entries could not be looked up: " + failed.Status.String()
	case !yes.any:
		return Dead, "the test entry that every working list has is missing"
	}
	return Alive, "both test entries are as they must be"
}

// answerReading is what all addresses of an answer say together.
type answerReading struct {
	any     bool // a record came
	entry   bool // one that is no documented "not listed"
	refused bool
	invalid bool
	listed  bool
	unclear bool // an undocumented code came
	codes   []Code
	addrs   []netip.Addr
}

// MaxAddresses is how many addresses of one answer are read.
const MaxAddresses = 16

func (l List) readAnswer(a dns.Answer) answerReading {
	var r answerReading
	if a.Status == dns.Refused {
		r.refused = true
		return r
	}
	for i, rec := range a.Records {
		if i == MaxAddresses {
			break
		}
		reading := l.Read(rec.Addr)
		r.any = true
		r.addrs = append(r.addrs, rec.Addr)
		r.codes = append(r.codes, reading.Codes...)
		r.refused = r.refused || reading.Outcome == Refusal
		r.invalid = r.invalid || reading.Outcome == Invalid
		r.listed = r.listed || reading.Outcome == Listed
		r.unclear = r.unclear || reading.Outcome == Undocumented
		r.entry = r.entry || reading.Outcome != NotListed
	}
	return r
}

// queryName is that of a subject, with the key of the list. "" where it cannot be asked.
func (l List) queryName(s Subject, zone string) string {
	return QueryName(s, dns.JoinName(l.Key, zone))
}
