package keys

import (
	"context"
	"errors"
	"fmt"

	"net/netip"

	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/internal/store"
)

var ctx = context.Background()

// world is a zone on several real name servers, of which the first is the primary one and the others lag behind it; a
// clock; and a database.
type world struct {
	t        *testing.T
	database string
	store    *store.Store
	master   *Master
	policy   Policy
	negative time.Duration

	mu      sync.Mutex
	now     time.Time     // as it is
	wrong   time.Duration // by so much the nodes' clock is ahead
	servers []*server
	pending []transfer // what the secondaries have not got yet
	lag     func() time.Duration
	failing error  // what publishing gives
	hand    bool   // nobody publishes
	die     func() // ends the step that asks one question too many; nil: none
	left    int    // questions until then
	seen    map[place]map[string]sample
	direct  bool // questions go to the servers' zones, not over the network
}

type server struct {
	zone *dns.Memory
	test *dnstest.Server
	addr netip.Addr
	down atomic.Bool
	// twin is another one at the same address, nil for none: they take turns to answer for a name. sick answers SERVFAIL.
	twin *server
	sick atomic.Bool
	turn sync.Map // of the name that is asked for, a counter
}

type transfer struct {
	at     time.Time
	server int
	change dns.Change
}

// place is a name at one server, sample when it last gave an answer, and for how long a cache may keep that.
type (
	place struct {
		name   string
		server int
	}
	sample struct {
		at  time.Time
		ttl time.Duration
	}
)

const drillDomain = "example.com"

func newWorld(t *testing.T, servers int, negative time.Duration) *world {
	t.Helper()
	w := &world{t: t, negative: negative, now: time.Date(2026, 11, 6, 12, 0, 0, 0, time.UTC), lag: func() time.Duration { return 0 }, seen: map[place]map[string]sample{}}
	zone := dns.Zone{drillDomain: {fmt.Sprintf("%d SOA ns1.example.com. host.example.com. 1 7200 600 86400 %d", 3600, int(negative.Seconds()))}}
	for i := range servers {
		name := fmt.Sprintf("ns%d.example.com", i+1)
		zone[drillDomain] = append(zone[drillDomain], "NS "+name)
		zone[name] = []string{fmt.Sprintf("A 127.0.0.%d", i+1)}
	}
	for i := range servers {
		m := dns.MustMemory(zone)
		w.servers = append(w.servers, &server{zone: m, test: dnstest.New(t, m), addr: netip.AddrFrom4([4]byte{127, 0, 0, byte(i + 1)})})
	}
	w.database = filepath.Join(t.TempDir(), "keys.db")
	w.open()
	var err error
	if w.master, err = ParseMaster([]byte(NewMaster())); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) open() {
	w.t.Helper()
	st, err := store.Open(ctx, w.database)
	if err != nil {
		w.t.Fatal(err)
	}
	w.store = st
	w.t.Cleanup(func() { _ = st.Close() })
}

// clock is that of the nodes, truth what time it is.
func (w *world) clock() time.Time { return w.truth().Add(w.wrong) }

func (w *world) truth() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// pass lets time go on, and the secondaries get what is due.
func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	w.now = w.now.Add(d)
	w.mu.Unlock()
	w.look() // the last moment of what is about to change
	defer w.look()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending = slices.DeleteFunc(w.pending, func(p transfer) bool {
		if p.at.After(w.now) {
			return false
		}
		if err := w.all()[p.server].zone.Apply(p.change); err != nil {
			w.t.Error(err)
		}
		return true
	})
}

// long is pass for many days, on each of which somebody looks at the keys, without taking a step.
func (w *world) long(k *Keeper, d time.Duration) {
	w.t.Helper()
	for ; d > 24*time.Hour; d -= 24 * time.Hour {
		w.pass(24 * time.Hour)
		if err := k.keepTime(ctx); err != nil {
			w.t.Fatal(err)
		}
	}
	w.pass(d)
}

// Apply is the publisher: the primary server has it at once, the others after their lag.
func (w *world) Apply(_ context.Context, changes []dns.Change) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failing != nil {
		return w.failing
	}
	for _, c := range changes {
		before := len(w.servers[0].zone.Records())
		if err := w.servers[0].zone.Apply(c); err != nil {
			return err
		}
		if len(w.servers[0].zone.Records()) == before {
			continue // it is there already
		}
		for i, s := range w.all() {
			if i == 0 {
				continue
			}
			if lag := w.lag(); lag > 0 {
				w.pending = append(w.pending, transfer{w.now.Add(lag), i, c})
			} else if err := s.zone.Apply(c); err != nil {
				return err
			}
		}
	}
	return nil
}

// Resolve is the network: name servers at 127.0.0.N stand at other ports, and the resolver sees what the primary one has.
func (w *world) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	w.mu.Lock()
	if w.left--; w.left == 0 && w.die != nil {
		w.die()
	}
	w.mu.Unlock()
	if !q.Server.IsValid() {
		return w.servers[0].zone.Resolve(ctx, q)
	}
	for _, s := range w.servers {
		if s.addr != q.Server.Addr() {
			continue
		}
		if s.down.Load() {
			break
		}
		if s.sick.Load() {
			return dns.Answer{Question: q, Status: dns.ServFail}
		}
		if n, _ := s.turn.LoadOrStore(q.Name, new(atomic.Int64)); s.twin != nil && n.(*atomic.Int64).Add(1)%2 == 0 {
			s = s.twin
		}
		if w.direct {
			a := s.zone.Resolve(ctx, dns.Question{Name: q.Name, Type: q.Type})
			a.Question = q
			return a
		}
		client, err := dns.NewClient(dns.ClientConfig{Servers: []string{s.test.Addr()}, Retries: -1, Timeout: 6 * time.Second})
		if err != nil {
			w.t.Error(err)
			break
		}
		a := client.Resolve(ctx, dns.Question{Name: q.Name, Type: q.Type})
		a.Question = q
		return a
	}
	return dns.Answer{Question: q, Status: dns.Timeout}
}

// keeper is a node that begins anew.
func (w *world) keeper() *Keeper {
	c := Config{Store: w.store, Master: w.master, Observer: &DNS{Resolver: w}, Policy: w.policy, Now: w.clock}
	if !w.hand {
		c.Publisher = w
	}
	return New(c)
}

func (w *world) ring() *Ring { return NewRing(w.store, w.master, nil, w.truth) }

// all are the servers, also those that stand behind others.
func (w *world) all() (out []*server) {
	for _, s := range w.servers {
		if out = append(out, s); s.twin != nil {
			out = append(out, s.twin)
		}
	}
	return out
}

// look notes what every server answers for every key now: any resolver may have asked in this moment, and keep that.
func (w *world) look() {
	if w.store == nil {
		return
	}
	list, err := w.store.Keys(ctx, "", true)
	if err != nil {
		return // the database is away: nothing changes that a node does
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range list {
		name := recordName(&list[i])
		for n, s := range w.all() {
			a := s.zone.Resolve(ctx, dns.Question{Name: name, Type: dns.TypeTXT})
			data, ttl := "", min(w.negative, time.Hour) // the smaller of the TTL of the SOA record and its last field (RFC 2308 section 5)
			if a.Status.Found() {
				data, ttl = "", 0
				for _, r := range a.Records {
					data, ttl = data+r.Data+"\n", max(ttl, time.Duration(r.TTL)*time.Second)
				}
			}
			at := place{name, n}
			if w.seen[at] == nil {
				w.seen[at] = map[string]sample{}
			}
			w.seen[at][data] = sample{w.now, ttl}
		}
	}
}

// sign samples a signer: for every key that signs, no server may give, and no resolver may hold in its cache, whatever server it asked and
// whenever it did, anything else than the record. It gives the selectors.
func (w *world) sign(r *Ring) []string {
	w.t.Helper()
	w.look()
	if err := r.Refresh(ctx); err != nil {
		w.t.Fatal(err)
	}
	signers, err := r.Signers("news", drillDomain)
	if err != nil && !errors.Is(err, ErrNoneSigns) {
		w.t.Fatal(err)
	}
	now := w.truth()
	var selectors []string
	for _, s := range signers {
		selectors = append(selectors, s.Selector)
		record, err := dkim.RecordFor(s.Key.Public())
		if err != nil {
			w.t.Fatal(err)
		}
		for n := range w.all() {
			for data, seen := range w.seen[place{s.Selector + "._domainkey." + s.Domain, n}] {
				if data != record+"\n" && (seen.at.Equal(now) && !w.answers(n, s.Selector, record) || seen.at.Add(seen.ttl).After(now)) {
					w.t.Errorf("at %s %s signs, but at %s server %d said %.40q, and a cache keeps that for %s", now.Format(time.DateTime), s, seen.at.Format(time.DateTime), n, data, seen.ttl)
					return selectors
				}
			}
		}
	}
	return selectors
}

// answers reports that a server gives a record now.
func (w *world) answers(n int, selector, record string) bool {
	a := w.all()[n].zone.Resolve(ctx, dns.Question{Name: selector + "._domainkey." + drillDomain, Type: dns.TypeTXT})
	return len(a.Records) == 1 && a.Records[0].Data == record
}

func (w *world) states() string {
	list, err := w.store.Keys(ctx, "", true)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, k := range list {
		out = append(out, k.Algorithm+":"+k.State)
	}
	return strings.Join(out, " ")
}

func (w *world) create(algorithm string) store.DKIMKey {
	w.t.Helper()
	e, err := w.keeper().Create(ctx, Spec{Domain: drillDomain, Algorithm: algorithm})
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// shows reports whether every server shows a selector.
func (w *world) shows(selector string) bool {
	for _, s := range w.all() {
		if a := s.zone.Resolve(ctx, dns.Question{Name: selector + "._domainkey." + drillDomain, Type: dns.TypeTXT}); !a.Status.Found() {
			return false
		}
	}
	return true
}
