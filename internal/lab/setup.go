package lab

import (
	"context"
	"sync"
	"time"

	"github.com/todoku/todoku/dns"
)

// What a receiver can lack.
const (
	LacksAddress = "address" // one more address to listen on
	LacksIPv4    = "ipv4"    // an IPv4 address
	LacksIPv6    = "ipv6"    // an IPv6 address
	LacksPolicy  = "policy"  // a host for MTA-STS policies
	LacksDNSSEC  = "dnssec"  // a zone that is signed
	LacksZone    = "zone"    // the records in the DNS
)

// lacks says why a receiver cannot be had here, "" where it can.
func (l *Lab) lacks(r Receiver) string {
	p := l.seats[r.seat]
	switch {
	case p == nil, r.Name == BackupMX && l.seats[seatBroken] == nil:
		return LacksAddress
	case r.family != 0 && len(p.public(r.family)) == 0:
		if r.family == 6 {
			return LacksIPv6
		}
		return LacksIPv4
	case r.policy && !l.cfg.Policy.Listen.IsValid():
		return LacksPolicy
	}
	return ""
}

// published is how the world saw the zone lately.
type published struct {
	mu     sync.Mutex
	at     time.Time
	lacks  string // LacksZone: not at all; "": it is there
	signed bool
}

const (
	lookEvery  = 30 * time.Second
	lookWithin = 5 * time.Second
)

// setup says of each receiver why it cannot be had, for those that cannot.
func (l *Lab) setup(ctx context.Context) map[string]string {
	out := map[string]string{}
	zone, signed := l.look(ctx)
	for _, r := range Receivers {
		lack := l.lacks(r)
		switch {
		case lack != "":
		case zone != "":
			lack = zone
		case r.dane && !signed:
			lack = LacksDNSSEC
		}
		if lack != "" {
			out[r.Name] = lack
		}
	}
	return out
}

// look asks the DNS, at most every half minute, whether the zone is there and signed.
// Without a resolver it is taken for there and unsigned.
func (l *Lab) look(ctx context.Context) (lacks string, signed bool) {
	if l.cfg.Resolver == nil {
		return "", false
	}
	p := &l.published
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := l.cfg.Now(); p.at.IsZero() || now.Sub(p.at) > lookEvery {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookWithin)
		defer cancel()
		mx := l.cfg.Resolver.Resolve(ctx, dns.Question{Name: Good + "." + l.cfg.Domain, Type: dns.TypeMX})
		tlsa := l.cfg.Resolver.Resolve(ctx, dns.Question{Name: "_25._tcp." + l.host(DANEGood), Type: dns.TypeTLSA})
		p.at, p.lacks, p.signed = now, "", tlsa.Status.Found() && tlsa.AuthenticData && mx.AuthenticData
		if !mx.Status.Found() {
			p.lacks = LacksZone
		}
	}
	return p.lacks, p.signed
}
