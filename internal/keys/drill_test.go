package keys

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

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
}

type server struct {
	zone *dns.Memory
	test *dnstest.Server
	addr netip.Addr
	down atomic.Bool
	// twin is another one at the same address, nil for none: they take turns to answer. sick answers SERVFAIL.
	twin *server
	sick atomic.Bool
	turn atomic.Int64
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
		if err := w.servers[p.server].zone.Apply(p.change); err != nil {
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
		for i := 1; i < len(w.servers); i++ {
			if lag := w.lag(); lag > 0 {
				w.pending = append(w.pending, transfer{w.now.Add(lag), i, c})
			} else if err := w.servers[i].zone.Apply(c); err != nil {
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
		if s.twin != nil && s.turn.Add(1)%2 == 0 {
			s = s.twin
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

// TestRotationDrill: six weeks with lagging secondaries, a publisher that fails, servers that are down, two nodes that are killed in
// the middle of a step and begin anew. At no moment is a message signed with a key that some server does not show, or did not show while a cache may still
// remember; at no moment after the first is it unsigned; and old keys stay for as long as mail lives.
func TestRotationDrill(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long")
	}
	for _, seed := range []uint64{1, 2} {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, seed))
			w := newWorld(t, 3, time.Duration(15+random.IntN(60))*time.Minute)
			w.policy = Policy{RotateAfter: 14 * 24 * time.Hour}
			w.lag = func() time.Duration { return time.Duration(random.IntN(5*60)) * time.Minute }
			w.create("ed25519")
			w.create("ed25519") // two series that sign together
			nodes := []*Keeper{w.keeper(), w.keeper()}
			ring := w.ring()
			used, last, unsigned := map[string]time.Time{}, map[string]bool{}, 0
			for end := w.now.Add(45 * 24 * time.Hour); w.clock().Before(end); {
				before := w.sign(ring)
				if random.IntN(20) == 0 { // a node dies and begins anew
					nodes[random.IntN(2)] = w.keeper()
				}
				w.mu.Lock()
				if w.failing = nil; random.IntN(10) == 0 {
					w.failing = errors.New("the primary server does not answer")
				}
				w.mu.Unlock()
				w.servers[2].down.Store(random.IntN(6) == 0)
				ctx, cancel := context.WithCancel(ctx)
				w.mu.Lock()
				if w.die = nil; random.IntN(8) == 0 { // killed in the middle of it
					w.die, w.left = cancel, 1+random.IntN(40)
				}
				w.mu.Unlock()
				_ = nodes[random.IntN(2)].Step(ctx) // what fails is tried again
				cancel()
				after := w.sign(ring)
				for _, s := range slices.Concat(before, after) {
					used[s], last[s] = w.clock(), true
				}
				if len(after) > 0 {
					unsigned = -1
				} else if unsigned < 0 {
					t.Fatalf("at %s nothing signs any more: %s", w.clock(), w.states())
				}
				w.pass(time.Duration(10+random.IntN(40)) * time.Minute)
				for selector, at := range used {
					if w.clock().Sub(at) < DefaultMailLife && !w.shows(selector) {
						t.Fatalf("%s signed at %s and is gone at %s", selector, at, w.clock())
					}
				}
			}
			if len(used) < 6 {
				t.Errorf("only %d keys signed: %v", len(used), slices.Sorted(maps.Keys(used)))
			}
			removed := strings.Count(w.states(), store.KeyRemoved)
			if removed < 2 || strings.Count(w.states(), store.KeySigning) != 2 {
				t.Errorf("at the end: %s", w.states())
			}
			if list, _ := w.store.Keys(ctx, "", true); slices.ContainsFunc(list, func(k store.DKIMKey) bool { return k.State == store.KeyRemoved && k.Sealed != nil }) {
				t.Error("a removed key has its private key")
			}
		})
	}
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

// TestNegativeTTLIsWaitedOut: step by step.
func TestNegativeTTLIsWaitedOut(t *testing.T) {
	w := newWorld(t, 2, time.Hour)
	w.lag = func() time.Duration { return 30 * time.Minute }
	w.create("ed25519")
	k, ring := w.keeper(), w.ring()
	step := func(pass time.Duration, want string, signs bool) {
		t.Helper()
		w.long(k, pass)
		if err := k.Step(ctx); err != nil {
			t.Fatal(err)
		}
		if got := w.states(); got != want {
			t.Errorf("after %s: %s, want %s", w.clock().Format(time.TimeOnly), got, want)
		}
		if got := w.sign(ring); (len(got) > 0) != signs {
			t.Errorf("at %s these sign: %v", w.clock().Format(time.TimeOnly), got)
		}
	}
	step(0, "ed25519:prepared", false)               // the primary shows it
	step(29*time.Minute, "ed25519:prepared", false)  // the secondary does not
	step(time.Minute, "ed25519:published", false)    // both do; who asked the secondary a moment ago knows otherwise for an hour
	step(59*time.Minute, "ed25519:published", false) // not yet
	step(time.Minute, "ed25519:signing", true)

	first, _ := w.store.Keys(ctx, "", false)
	next, err := k.Rotate(ctx, first[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := k.Rotate(ctx, first[0].ID); err != nil || again.ID != next.ID || next.Selector == first[0].Selector {
		t.Errorf("a second successor: %v, %v", again, err)
	}
	step(0, "ed25519:signing ed25519:prepared", true)
	step(30*time.Minute, "ed25519:signing ed25519:published", true)
	// A secondary loses the record while caches are waited for: it begins anew.
	ns2 := w.servers[1].zone
	if err := ns2.Apply(k.Withdraw(&next)); err != nil {
		t.Fatal(err)
	}
	step(59*time.Minute, "ed25519:signing ed25519:prepared", true)
	if err := ns2.Apply(k.Publish(&next)); err != nil {
		t.Fatal(err)
	}
	step(time.Minute, "ed25519:signing ed25519:published", true)
	w.servers[1].down.Store(true) // one that does not answer is not one that shows it
	step(2*time.Hour, "ed25519:signing ed25519:prepared", true)
	w.servers[1].down.Store(false)
	step(time.Minute, "ed25519:signing ed25519:published", true)
	step(time.Hour, "ed25519:retiring ed25519:signing", true)
	step(k.Hold()-time.Minute, "ed25519:retiring ed25519:signing", true)
	step(time.Minute, "ed25519:retiring ed25519:signing", true) // taken from the primary; the secondary lags
	step(30*time.Minute, "ed25519:removed ed25519:signing", true)
}

// TestLongerTTL: what stood at the name before (a wildcard, an old record) is kept by caches for longer than a negative answer.
func TestLongerTTL(t *testing.T) {
	w := newWorld(t, 2, time.Minute)
	for _, s := range w.servers {
		if err := s.zone.Apply(dns.Change{Action: dns.Add, Name: "*._domainkey.example.com", Type: dns.TypeTXT, TTL: 7200, Data: []string{"v=DKIM1; p="}}); err != nil {
			t.Fatal(err)
		}
	}
	e := w.create("ed25519")
	if err := w.keeper().Step(ctx); err != nil {
		t.Fatal(err)
	}
	got, err := w.store.Key(ctx, e.ID)
	if err != nil || got.State != store.KeyPublished || got.TTL != 2*time.Hour || !got.Due.Equal(w.clock().Add(2*time.Hour)) {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestByHand: the record is shown and watched for; nobody publishes it.
func TestByHand(t *testing.T) {
	w := newWorld(t, 2, time.Minute)
	w.hand = true
	e := w.create("ed25519")
	k := w.keeper()
	see := func(state, waits string) {
		t.Helper()
		if err := k.Step(ctx); err != nil {
			t.Fatal(err)
		}
		got, err := w.store.Key(ctx, e.ID)
		if n := NoteOf(&got); err != nil || got.State != state || n.Waits != waits {
			t.Errorf("%s %s (%v), want %s %s", got.State, n.Waits, err, state, waits)
		}
	}
	see(store.KeyPrepared, WaitsPublish)
	w.hand = false // somebody does
	_ = w.Apply(ctx, []dns.Change{k.Publish(&e)})
	w.pass(time.Second)
	w.hand = true
	see(store.KeyPublished, WaitsCaches)
	w.pass(time.Minute)
	see(store.KeySigning, "")
	next, err := k.Rotate(ctx, e.ID)
	if err != nil {
		t.Fatal(err)
	}
	_ = w.Apply(ctx, []dns.Change{k.Publish(&next)})
	for range 3 {
		w.pass(2 * time.Minute)
		if err := k.Step(ctx); err != nil {
			t.Fatal(err)
		}
	}
	see(store.KeyRetiring, WaitsMail)
	w.long(k, k.Hold())
	see(store.KeyRetiring, WaitsRemove)
	_ = w.Apply(ctx, []dns.Change{k.Withdraw(&e)})
	w.pass(time.Second)
	see(store.KeyRemoved, "")
}

// TestLostRecord: where a server ceases to show the key that signs, its predecessor signs again, until all is well.
func TestLostRecord(t *testing.T) {
	w := newWorld(t, 2, time.Minute)
	w.create("ed25519")
	k, ring := w.keeper(), w.ring()
	steps := func(n int) {
		for range n {
			if err := k.Step(ctx); err != nil {
				t.Fatal(err)
			}
			w.pass(6 * time.Minute)
		}
	}
	steps(3)
	list, _ := w.store.Keys(ctx, "", false)
	next, err := k.Rotate(ctx, list[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	steps(3)
	if got := w.sign(ring); len(got) != 1 || got[0] != next.Selector {
		t.Fatalf("%v, %s", got, w.states())
	}
	if err := w.servers[1].zone.Apply(k.Withdraw(&next)); err != nil { // restored from an old copy
		t.Fatal(err)
	}
	steps(1)
	if got := w.sign(ring); len(got) != 1 || got[0] != list[0].Selector || w.states() != "ed25519:signing ed25519:prepared" {
		t.Errorf("%v, %s", got, w.states())
	}
	_ = w.servers[1].zone.Apply(k.Publish(&next))
	steps(2)
	if got := w.sign(ring); len(got) != 1 || got[0] != next.Selector {
		t.Errorf("%v, %s", got, w.states())
	}
}

// TestRollback: before and after the successor signs, and not where a server does not show the key before.
func TestRollback(t *testing.T) {
	w := newWorld(t, 2, time.Minute)
	first := w.create("ed25519")
	k, ring := w.keeper(), w.ring()
	steps := func(n int) {
		for range n {
			if err := k.Step(ctx); err != nil {
				t.Fatal(err)
			}
			w.pass(6 * time.Minute)
		}
	}
	if _, err := k.Rollback(ctx, first.ID); !errors.Is(err, ErrNothing) {
		t.Errorf("of the first key: %v", err)
	}
	if _, err := k.Rotate(ctx, first.ID); !errors.Is(err, ErrNothing) {
		t.Errorf("nothing signs yet: %v", err)
	}
	steps(2)
	second, err := k.Rotate(ctx, first.ID)
	if err != nil {
		t.Fatal(err)
	}
	steps(1)
	if signs, err := k.Rollback(ctx, second.ID); err != nil || signs.ID != first.ID {
		t.Errorf("%v, %v", signs, err)
	}
	steps(2)
	if w.states() != "ed25519:signing ed25519:removed" {
		t.Error(w.states())
	}
	third, err := k.Rotate(ctx, first.ID)
	if err != nil || third.Selector == second.Selector {
		t.Fatal(third, err)
	}
	steps(3)
	w.servers[1].down.Store(true)
	if _, err := k.Rollback(ctx, first.ID); !errors.Is(err, ErrNotShown) {
		t.Errorf("with a server down: %v", err)
	}
	w.servers[1].down.Store(false)
	if signs, err := k.Rollback(ctx, first.ID); err != nil || signs.ID != first.ID {
		t.Errorf("%v, %v", signs, err)
	}
	if got := w.sign(ring); len(got) != 1 || got[0] != first.Selector {
		t.Errorf("%v signs; %s", got, w.states())
	}
	steps(1)
	if w.states() != "ed25519:signing ed25519:removed ed25519:retiring" {
		t.Error(w.states())
	}
}

// TestReveal: the private key becomes public a day after no server shows its record, if that is wanted.
func TestReveal(t *testing.T) {
	w := newWorld(t, 2, time.Minute)
	w.policy.Reveal = true
	first := w.create("ed25519")
	k := w.keeper()
	step := func(pass time.Duration) {
		t.Helper()
		if err := k.Step(ctx); err != nil {
			t.Fatal(err)
		}
		w.long(k, pass)
	}
	step(time.Minute)
	step(time.Minute)
	if _, err := k.Rotate(ctx, first.ID); err != nil {
		t.Fatal(err)
	}
	step(time.Minute)
	step(k.Hold())
	step(time.Minute)
	step(23 * time.Hour)
	step(time.Hour)
	if got, _ := w.store.Key(ctx, first.ID); got.State != store.KeyRemoved || got.Revealed != "" || got.Sealed == nil {
		t.Errorf("before a day is over: %s", w.states())
	}
	step(time.Minute)
	got, _ := w.store.Key(ctx, first.ID)
	if got.State != store.KeyRevealed || !strings.Contains(got.Revealed, "PRIVATE KEY") || got.Sealed != nil {
		t.Errorf("after it: %s", w.states())
	}
}

// TestDatabaseAway: what is known goes on signing, and not for longer than old keys are published.
func TestDatabaseAway(t *testing.T) {
	w := newWorld(t, 1, time.Minute)
	w.create("ed25519")
	k, ring := w.keeper(), w.ring()
	if _, err := ring.Signers("a", drillDomain); !errors.Is(err, ErrNotLoaded) {
		t.Errorf("before it was read: %v", err)
	}
	for range 2 {
		if err := k.Step(ctx); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Minute)
	}
	w.sign(ring)
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	w.pass(StaleAfter - time.Hour)
	if err := ring.Refresh(ctx); err == nil {
		t.Error("a closed database was read")
	}
	if got, err := ring.Signers("a", drillDomain); err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	w.pass(2 * time.Hour)
	if _, err := ring.Signers("a", drillDomain); !errors.Is(err, ErrStale) {
		t.Errorf("too long: %v", err)
	}
	if err := k.Step(ctx); err == nil {
		t.Error("a step without a database")
	}
	if _, err := os.Stat(w.database); err != nil {
		t.Fatal(err)
	}
	w.open()
	again := NewRing(w.store, w.master, nil, w.clock)
	if got := w.sign(again); len(got) != 1 {
		t.Errorf("it came back: %v", got)
	}
}

// TestTwoNodesAtOnce: nodes that take steps at the same time, without regard to the lease, leave one key signing.
func TestTwoNodesAtOnce(t *testing.T) {
	w := newWorld(t, 2, time.Minute)
	w.create("ed25519")
	var g errgroup.Group
	for range 2 {
		k := w.keeper()
		g.Go(func() error {
			for range 40 {
				if err := errors.Join(k.Step(ctx), k.Release(ctx)); err != nil {
					return err
				}
				w.pass(time.Minute)
				list, err := w.store.Keys(ctx, "", false)
				if err != nil {
					return err
				}
				for _, series := range bySeries(list) { // past the lease
					if err := k.stepSeries(ctx, series); err != nil && !errors.Is(err, store.ErrConflict) {
						return err
					}
				}
				if _, err := k.Rotate(ctx, list[0].ID); err != nil && !errors.Is(err, ErrNothing) && !errors.Is(err, store.ErrExists) {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	states := w.states()
	if strings.Count(states, store.KeySigning) != 1 || strings.Count(states, store.KeyPrepared)+strings.Count(states, store.KeyPublished) > 1 || !strings.Contains(states, store.KeyRetiring) {
		t.Error(states)
	}
}
