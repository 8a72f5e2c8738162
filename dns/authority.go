package dns

import (
	"context"
	"net/netip"
	"slices"
	"sync"
)

// The bounds of an [Authority]: questions that only find servers, in all, and servers
// asked for one answer.
const (
	maxAuthorityHelp    = 300
	maxAuthorityServers = 2
	// maxAuthorityUp is how many labels a zone is looked for above a name.
	maxAuthorityUp = 8
)

// Authority asks the name servers of each zone themselves, so that no cache stands
// between the zone and the answer. Which servers those are it asks r. Where they
// cannot be asked (no address that may be, no answer) r answers.
//
// A server of the zone validates nothing: the AD bit is that of r where r gives the
// same records. Safe for concurrent use; meant for one check, as it remembers zones.
type Authority struct {
	r       Resolver
	allowed func(netip.Addr) bool

	mu    sync.Mutex
	help  int
	zones map[string]*zoneServers
}

// zoneServers are who serves a zone. ready is closed when that is known.
type zoneServers struct {
	ready chan struct{}
	name  string // "" where no zone was found
	addrs []netip.Addr
}

// NewAuthority asks r for what leads to the servers, which are asked through r as well
// (by Question.Server). allowed says which addresses may be asked: a zone must not
// choose whom beside its own servers we talk to.
func NewAuthority(r Resolver, allowed func(netip.Addr) bool) *Authority {
	return &Authority{r: r, allowed: allowed, zones: make(map[string]*zoneServers)}
}

// Resolve asks a server of the zone.
func (a *Authority) Resolve(ctx context.Context, q Question) Answer {
	if q.Server.IsValid() || !ValidName(q.Name) {
		return a.r.Resolve(ctx, q)
	}
	var chain []Record
	name := CanonicalName(q.Name)
	for range MaxChain + 1 {
		step := Question{Name: name, Type: q.Type}
		part, next := a.step(ctx, step)
		part.Question = q
		part.Chain = append(slices.Clone(chain), part.Chain...)
		if len(part.Chain) > MaxChain || loops(q.Name, part.Chain) {
			return malformed(part, "the CNAME chain loops or is too long")
		}
		if next == "" {
			if !part.Status.Failed() {
				part.TTL = chainTTL(part.Chain, part.TTL)
			}
			return part
		}
		chain, name = part.Chain, next
	}
	return Answer{Question: q, Status: Malformed, Detail: "the CNAME chain is too long"}
}

// step asks for one name. Where next is not "" the answer is a chain only, which goes on
// at next, in another zone.
func (a *Authority) step(ctx context.Context, q Question) (out Answer, next string) {
	z := a.zone(ctx, q.Name, q.Type == TypeDS)
	for _, addr := range z.addrs {
		out := a.r.Resolve(ctx, Question{Name: q.Name, Type: q.Type, Server: netip.AddrPortFrom(addr, 53)})
		if out.Status.Failed() {
			continue
		}
		for i, link := range out.Chain {
			target := CanonicalName(link.Data)
			if !IsSubdomain(target, z.name) && ValidName(target) {
				out.Chain, out.Records = slices.Clone(out.Chain[:i+1]), nil
				return out, target
			}
		}
		if usual := a.r.Resolve(ctx, q); usual.AuthenticData && usual.Status == out.Status && sameSet(usual.Records, out.Records) {
			out.AuthenticData = true
		}
		return out, ""
	}
	return a.r.Resolve(ctx, q), ""
}

// zone finds the servers of the zone of a name. A DS record stands in the zone above.
func (a *Authority) zone(ctx context.Context, name string, above bool) *zoneServers {
	if above {
		name = parentOf(name)
	}
	for range maxAuthorityUp {
		if parentOf(name) == "" {
			break // a top-level domain is not asked
		}
		if z := a.cut(ctx, name); z.name != "" {
			return z
		}
		name = parentOf(name)
	}
	return &zoneServers{}
}

// cut finds out whether a zone begins at a name, and who serves it.
func (a *Authority) cut(ctx context.Context, name string) *zoneServers {
	a.mu.Lock()
	z, known := a.zones[name]
	if !known {
		z = &zoneServers{ready: make(chan struct{})}
		a.zones[name] = z
	}
	a.mu.Unlock()
	if known {
		select {
		case <-z.ready:
			return z
		case <-ctx.Done():
			return &zoneServers{}
		}
	}
	defer close(z.ready)
	ns := a.ask(ctx, name, TypeNS)
	if !ns.Status.Found() || len(ns.Chain) > 0 {
		return z
	}
	for _, rec := range ns.Records {
		for _, t := range []Type{TypeA, TypeAAAA} {
			found := a.ask(ctx, CanonicalName(rec.Data), t).Records
			if i := slices.IndexFunc(found, func(r Record) bool { return a.allowed(r.Addr) }); i >= 0 && a.serves(ctx, name, found[i].Addr) {
				z.addrs = append(z.addrs, found[i].Addr)
				break
			}
		}
		if len(z.addrs) == maxAuthorityServers {
			break
		}
	}
	z.name = name
	return z
}

// serves reports whether a server knows the zone: one that does not, or something on the
// way that answers in its place, would say of every name that it is not there.
func (a *Authority) serves(ctx context.Context, zone string, addr netip.Addr) bool {
	if !a.mayAsk() {
		return false
	}
	soa := a.r.Resolve(ctx, Question{Name: zone, Type: TypeSOA, Server: netip.AddrPortFrom(addr, 53)})
	return soa.Status.Found() && len(soa.Chain) == 0
}

// mayAsk counts the questions that only find servers.
func (a *Authority) mayAsk() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.help++
	return a.help <= maxAuthorityHelp
}

// ask asks one of the questions that only find servers, as long as there may be more.
func (a *Authority) ask(ctx context.Context, name string, t Type) Answer {
	q := Question{Name: name, Type: t}
	if !a.mayAsk() {
		return Answer{Question: q, Status: Malformed, Detail: "exceeds a limit"}
	}
	return a.r.Resolve(ctx, q)
}
