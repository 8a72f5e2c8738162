package keys

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/store"
)

// The words for what a name server has at the name of a key.
const (
	Shows       = "shows"       // the record, and no other TXT record
	Absent      = "absent"      // no TXT record
	Other       = "other"       // something else, or more than one record
	Unreachable = "unreachable" // no answer, or none that tells
)

// The bounds of one observation.
const (
	maxServers = 16 // host names
	maxAddrs   = 16 // of one host
	maxUp      = 8  // labels that the zone is looked for above a name
	maxAliases = 3
	maxTexts   = 8    // of one key
	maxText    = 4096 // octets; the record of the largest RSA key has a third of it
	// asks is how often each address is asked for the record in one look: behind one address may be many servers (anycast, a load balancer),
	// of which some lag.
	asks = 4
	// maxWait is how long a cache is waited for, whatever a zone says: RFC 1035 section 3.2.1 allows 68 years, and no
	// resolver keeps anything longer than a week.
	maxWait = 7 * 24 * time.Hour
	// rounding comes on top of it: caches count whole seconds, and answer until the one in which a TTL ends is over (Unbound does).
	rounding = 2 * time.Second
)

// Server is what one name server has.
type Server struct {
	Name   string `json:"name"`
	Has    string `json:"has"`
	Detail string `json:"detail,omitempty"`
	// Ours: the record is among what it has, perhaps not alone.
	Ours bool `json:"ours,omitempty"`
}

// Observation is what all name servers of a zone have at the name of a key.
type Observation struct {
	// Zone is the zone of the name, "" where none was found: Detail says why then.
	Zone    string   `json:"zone"`
	Servers []Server `json:"servers"`
	Detail  string   `json:"detail,omitempty"`
	// TTL is for how long at most a cache may know something else than the record, from what the servers said now: the
	// negative TTL (RFC 2308 section 5), and that of other records at the name.
	TTL time.Duration `json:"-"`
	// Record is for how long at most a cache may keep the record.
	Record time.Duration `json:"record,omitempty"`
	// Taken: some server has the record of another key at the name.
	Taken bool `json:"taken,omitempty"`
	// Texts are the texts by which servers show the key, each once, maxTexts at most: another program may have published it with tags that ours has not.
	Texts []string `json:"texts,omitempty"`
}

// saw reports that every name server told what it has.
func (o *Observation) saw() bool {
	return len(o.Servers) > 0 && !slices.ContainsFunc(o.Servers, func(s Server) bool { return s.Has == Unreachable })
}

// known are the texts by which servers show a key, those that were seen before where none is and some server did not tell.
func (o *Observation) known(e *store.DKIMKey) []string {
	if len(o.Texts) == 0 && !o.saw() {
		return NoteOf(e).Texts
	}
	return o.Texts
}

// learn adds texts by which a server shows the key.
func learn(known, more []string) []string {
	for _, text := range more {
		if len(known) < maxTexts && len(text) <= maxText && !slices.Contains(known, text) {
			known = append(known, text)
		}
	}
	return known
}

// Shown reports that every name server shows the record, and nothing else at its name.
func (o *Observation) Shown() bool { return o.all(Shows) }

// Gone reports that no name server has the record any more. Something else may be there: a wildcard stands for all names that are not.
func (o *Observation) Gone() bool {
	return len(o.Servers) > 0 && o.Detail == "" && !slices.ContainsFunc(o.Servers, func(s Server) bool { return s.Ours || s.Has != Absent && s.Has != Other })
}

// Lost reports that some name server positively does not show the record.
func (o *Observation) Lost() bool {
	return slices.ContainsFunc(o.Servers, func(s Server) bool { return s.Has == Absent || s.Has == Other })
}

func (o *Observation) all(has string) bool {
	return len(o.Servers) > 0 && !slices.ContainsFunc(o.Servers, func(s Server) bool { return s.Has != has })
}

// Observer looks at name servers. It gives no error: what could not be seen is Unreachable, or there is no zone.
type Observer interface {
	Observe(ctx context.Context, name, record string) Observation
}

// DNS observes by asking every name server of the zone itself, at each of its addresses.
//
// The servers are those that the resolver knows for the zone, those to which the zone above refers, and those that these servers name: they need not
// agree, and caches ask any of them. A server with several addresses shows the record where each address that answers does, and one does: a
// host without IPv6 can judge servers that have it too.
type DNS struct {
	// Resolver asks; without a cache, or past it.
	Resolver dns.Resolver
	// Allowed says which addresses may be asked: a zone must not choose whom beside its own servers we talk to.
	Allowed func(netip.Addr) bool
}

// Observe looks at the servers of the zone of the name, and where the name is an alias, at those of its target too.
func (d *DNS) Observe(ctx context.Context, name, record string) Observation {
	name = dns.CanonicalName(name)
	var whole Observation
	for range maxAliases + 1 {
		o, alias := d.one(ctx, name, record)
		whole.TTL, whole.Record, whole.Taken = max(whole.TTL, o.TTL), max(whole.Record, o.Record), whole.Taken || o.Taken
		whole.Texts = learn(whole.Texts, o.Texts)
		if alias == "" {
			o.Detail = cmp.Or(whole.Detail, o.Detail)
			o.TTL, o.Record, o.Taken, o.Texts = whole.TTL, whole.Record, whole.Taken, whole.Texts
			o.Servers = append(whole.Servers, o.Servers...)
			return o
		}
		whole.Detail = cmp.Or(whole.Detail, o.Detail)
		whole.Servers = append(whole.Servers, o.Servers...) // those that have something else than the alias
		name = alias
	}
	whole.Detail = "the name is an alias of an alias of an alias"
	whole.Servers = append(whole.Servers, Server{Name: name, Has: Other, Detail: whole.Detail})
	return whole
}

// one looks at one name. Where alias is not "", all servers that answered agree that the name is an alias of that, and the
// Servers given are the others.
func (d *DNS) one(ctx context.Context, name, record string) (o Observation, alias string) {
	zone, hosts, _ := d.zone(ctx, name)
	if zone == "" {
		return Observation{Detail: "the zone of " + name + " was not found: no NS records could be seen"}, ""
	}
	o.Zone = zone
	above, views := d.above(ctx, zone)
	for _, mute := range views { // it may last: that is said, not waited for in silence
		o.Detail = mute.Detail
	}
	for _, h := range above {
		if !slices.Contains(hosts, h) {
			hosts = append(hosts, h)
		}
	}
	for i := 0; i < len(hosts) && i < maxServers; i++ { // hosts grows
		v := d.host(ctx, hosts[i], zone, name, record)
		for _, h := range v.names {
			if len(hosts) <= maxServers && !slices.Contains(hosts, h) { // one too many is enough to know
				hosts = append(hosts, h)
			}
		}
		o.TTL, o.Record, o.Taken = max(o.TTL, v.ttl), max(o.Record, v.record), o.Taken || v.taken
		o.Texts = learn(o.Texts, v.texts)
		views = append(views, v)
	}
	if len(hosts) > maxServers {
		views = append(views, view{Server: Server{Name: zone, Has: Unreachable, Detail: "the zone has more than " + strconv.Itoa(maxServers) + " name servers"}})
	}
	for _, v := range views {
		if v.alias != "" && (alias == "" || alias == v.alias) {
			alias = v.alias
			continue
		}
		o.Servers = append(o.Servers, v.Server)
	}
	return o, alias
}

// view is what one host has, and what it says of the zone.
type view struct {
	Server
	alias       string
	ttl, record time.Duration
	taken       bool
	texts       []string // see [Observation]
	names       []string // the name servers that it names
}

// host asks one name server at each of its addresses.
func (d *DNS) host(ctx context.Context, host, zone, name, record string) view {
	v := view{Server: Server{Name: host, Has: Unreachable}}
	addrs, detail := d.addresses(ctx, host)
	switch {
	case len(addrs) == 0:
		v.Detail = detail
		return v
	case len(addrs) > maxAddrs: // of those that are not asked nobody knows
		v.Detail = "it has more than " + strconv.Itoa(maxAddrs) + " addresses"
		return v
	}
	for _, addr := range addrs {
		a := d.address(ctx, netip.AddrPortFrom(addr, 53), zone, name, record)
		v.record = max(v.record, a.record)
		v.ttl, v.names = max(v.ttl, a.ttl), append(v.names, a.names...)
		v.Ours, v.taken, v.texts = v.Ours || a.Ours, v.taken || a.taken, learn(v.texts, a.texts)
		switch {
		case a.Has == Unreachable && v.Has == Unreachable:
			v.Detail = a.Detail
		case a.Has == Unreachable:
		case v.Has == Unreachable || v.Has == Shows:
			v.Has, v.Detail, v.alias = a.Has, a.Detail, a.alias
		case a.Has == Other || v.alias != a.alias:
			v.Has, v.Detail, v.alias = Other, a.Detail, ""
		}
	}
	return v
}

// address asks one server at one address.
func (d *DNS) address(ctx context.Context, server netip.AddrPort, zone, name, record string) view {
	ask := func(n string, t dns.Type) dns.Answer {
		return d.Resolver.Resolve(ctx, dns.Question{Name: n, Type: t, Server: server})
	}
	v := view{Server: Server{Has: Unreachable}}
	soa := ask(zone, dns.TypeSOA)
	if !soa.Status.Found() || len(soa.Chain) > 0 {
		v.Detail = server.String() + " does not know the zone: " + soa.Status.String()
		if soa.Status == dns.Timeout || soa.Status == dns.NetError { // it may well know it
			v.Detail = server.String() + ": " + soa.Status.String()
		}
		return v
	}
	negative, ok := negativeTTL(soa.Records[0])
	if !ok {
		v.Detail = server.String() + " has no SOA that can be read"
		return v
	}
	v.ttl = negative
	for _, ns := range ask(zone, dns.TypeNS).Records {
		v.names = append(v.names, dns.CanonicalName(ns.Data))
	}
	for i := range asks {
		a := ask(name, dns.TypeTXT)
		if a.Status.Failed() {
			// The end of an alias may fail where the alias itself is told.
			if c := ask(name, dns.TypeCNAME); c.Status.Found() {
				a.Chain = c.Records
			} else {
				v.Has, v.alias, v.Detail = Unreachable, "", server.String()+": "+a.Status.String()
				return v
			}
		}
		before := v
		if v.judge(a, server, record); i > 0 && (v.Has != before.Has || v.alias != before.alias) {
			v.Has, v.alias, v.Detail = Other, "", server.String()+" answers now so, now otherwise"
			return v
		}
	}
	return v
}

// judge says what an answer shows.
func (v *view) judge(a dns.Answer, server netip.AddrPort, record string) {
	own := a.Records
	if len(a.Chain) > 0 { // those are at the end of an alias: some cache may have said so, of a record that is gone; its servers are asked themselves
		own = nil
		for _, rec := range a.Records { // and other caches may hold it as long
			if !sameKey(rec.Data, record) {
				v.ttl = max(v.ttl, seconds(rec.TTL))
			}
		}
	}
	for _, rec := range slices.Concat(a.Chain, own) {
		if rec.Type == dns.TypeCNAME || !sameKey(rec.Data, record) {
			v.ttl = max(v.ttl, seconds(rec.TTL))
			v.taken = v.taken || rec.Type == dns.TypeTXT && otherKey(rec.Data)
		} else {
			v.record, v.Ours, v.texts = max(v.record, seconds(rec.TTL)), true, learn(v.texts, []string{rec.Data})
		}
	}
	switch {
	case len(a.Chain) > 0:
		v.Has, v.alias, v.Detail = Other, dns.CanonicalName(a.Chain[0].Data), server.String()+" has an alias to "+dns.CanonicalName(a.Chain[0].Data)
	case !a.Status.Found():
		v.Has, v.Detail = Absent, server.String()
	case len(a.Records) > 1:
		v.Has, v.Detail = Other, server.String()+" has "+strconv.Itoa(len(a.Records))+" TXT records"
	case sameKey(a.Records[0].Data, record):
		v.Has, v.Detail = Shows, server.String()
	default:
		v.Has, v.Detail = Other, server.String()+" has another record"
	}
}

// otherKey reports that a record, which is not ours, is that of a key.
func otherKey(record string) bool {
	k, err := dkim.ParseKey(record)
	return err == nil && k.Public != nil
}

// sameKey reports whether a record that is published gives verifiers the key of ours: notes, a test flag and the order of the tags do not matter.
func sameKey(published, ours string) bool {
	if published == ours {
		return true
	}
	p, err := dkim.ParseKey(published)
	if err != nil || p.Public == nil {
		return false
	}
	o, err := dkim.ParseKey(ours)
	if err != nil || o.Public == nil || p.Type != o.Type {
		return false
	}
	forMail := len(p.Services) == 0 || slices.Contains(p.Services, "*") || slices.Contains(p.Services, "email")
	forHash := len(p.Hashes) == 0 || slices.Contains(p.Hashes, "sha256")
	return forMail && forHash && samePublic(p, o)
}

// samePublic compares by the record that each key would have.
func samePublic(a, b *dkim.Key) bool {
	ra, errA := dkim.RecordFor(a.Public)
	rb, errB := dkim.RecordFor(b.Public)
	return errA == nil && errB == nil && ra == rb
}

// zone finds the zone of a name and the hosts that serve it, as the resolver knows them. failed says why that could not be seen; both are "" where there is none.
func (d *DNS) zone(ctx context.Context, name string) (zone string, hosts []string, failed string) {
	for n, up := name, 0; n != "" && up < maxUp; up++ {
		ns := d.Resolver.Resolve(ctx, dns.Question{Name: n, Type: dns.TypeNS})
		if ns.Status.Failed() {
			return "", nil, ns.Status.String() // it could be a zone of its own: nothing is known
		}
		if ns.Status.Found() && len(ns.Chain) == 0 {
			for _, rec := range ns.Records {
				hosts = append(hosts, dns.CanonicalName(rec.Data))
			}
			slices.Sort(hosts)
			return n, slices.Compact(hosts), ""
		}
		_, n, _ = strings.Cut(n, ".")
	}
	return "", nil, ""
}

// addresses gives those of a host, one more than maxAddrs at most. detail says why there is none. Where those of IPv4 could not be looked up, there is none:
// most caches ask these.
func (d *DNS) addresses(ctx context.Context, host string) (out []netip.Addr, detail string) {
	for _, t := range []dns.Type{dns.TypeA, dns.TypeAAAA} {
		a := d.Resolver.Resolve(ctx, dns.Question{Name: host, Type: t})
		if a.Status.Failed() {
			detail = "its address could not be looked up: " + a.Status.String()
			if t == dns.TypeA {
				return nil, detail
			}
		}
		for _, rec := range a.Records {
			if d.Allowed != nil && !d.Allowed(rec.Addr) {
				detail = rec.Addr.String() + " may not be asked: it is not a public address (--allow-private)"
				continue
			}
			if len(out) <= maxAddrs && !slices.Contains(out, rec.Addr) {
				out = append(out, rec.Addr)
			}
		}
	}
	if detail == "" {
		detail = "it has no address"
	}
	return out, detail
}

// negativeTTL is how long a negative answer may be kept (RFC 2308 section 5).
func negativeTTL(soa dns.Record) (time.Duration, bool) {
	f := strings.Fields(soa.Data)
	if len(f) != 7 {
		return 0, false
	}
	minimum, err := strconv.ParseUint(f[6], 10, 32)
	if err != nil {
		return 0, false
	}
	return seconds(min(soa.TTL, uint32(minimum))), true
}

func seconds(ttl uint32) time.Duration { return min(time.Duration(ttl)*time.Second, maxWait) }

// forgotten is when every cache has forgotten what its TTL lets it know; what may not be kept is known to none.
func forgotten(ttl time.Duration) time.Duration {
	if ttl == 0 {
		return 0
	}
	return ttl + rounding
}
