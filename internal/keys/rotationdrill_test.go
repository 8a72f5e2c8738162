package keys

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/internal/store"
)

// drill is a world in which everything goes wrong by chance.
type drill struct {
	*world
	t      *testing.T
	random *rand.Rand
	nodes  [2]*Keeper
	fresh  [2]bool // began anew, and has not looked at the keys
	ring   *Ring
	used   map[string]time.Time // when a selector last signed
	signed bool
	lost   int
	jumps  int
}

// TestRotationDrill: a month with secondaries that lag, lose a record that they showed, answer SERVFAIL or nothing; one address behind which two
// servers take turns; a publisher that fails; a clock that jumps by hours and by years; two nodes that are killed in the middle of a step
// and begin anew. At no moment is a message signed with a key that some server does not show, or that some resolver's cache, whichever server it asked and
// whenever it did, does not know; at no moment after the first is it unsigned; and old keys stay for as long as mail lives.
func TestRotationDrill(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long")
	}
	for _, seed := range []uint64{1, 2, 5, 6} {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			newDrill(t, seed).run(30 * 24 * time.Hour)
		})
	}
}

func newDrill(t *testing.T, seed uint64) *drill {
	random := rand.New(rand.NewPCG(seed, seed))
	d := &drill{world: newWorld(t, 3, time.Duration(15+random.IntN(60))*time.Minute), t: t, random: random, used: map[string]time.Time{}}
	d.direct = seed > 1 // the first goes over the network
	d.policy = Policy{RotateAfter: 13 * 24 * time.Hour}
	d.world.lag = func() time.Duration { return time.Duration(random.IntN(5*60)) * time.Minute }
	twin := dns.MustMemory(dns.Zone{})
	for _, r := range d.servers[2].zone.Records() {
		_ = twin.Apply(dns.Change{Action: dns.Add, Name: r.Name, Type: r.Type, TTL: r.TTL, Data: []string{r.Data}})
	}
	d.servers[2].twin = &server{zone: twin, test: dnstest.New(t, twin), addr: d.servers[2].addr}
	d.create("ed25519")
	if seed%2 == 0 { // two selectors that alternate, in a series that signs together with the first
		names := []Name{{"x1", "x1.keys.example.com"}, {"x2", "x2.keys.example.com"}}
		if _, err := d.keeper().Create(ctx, Spec{Domain: drillDomain, Algorithm: "ed25519", Names: names}); err != nil {
			t.Fatal(err)
		}
		d.aliases(names)
	} else {
		d.create("ed25519")
	}
	d.nodes, d.ring = [2]*Keeper{d.node(), d.node()}, d.world.ring()
	return d
}

// node begins anew, with a monotonic clock of its own.
func (d *drill) node() *Keeper {
	k := d.keeper()
	began := d.truth()
	k.watch.Elapsed = func() time.Duration { return d.truth().Sub(began) }
	return k
}

func (d *drill) run(long time.Duration) {
	for end := d.truth().Add(long); d.truth().Before(end) && !d.t.Failed(); {
		before := d.sign(d.ring)
		ctx, cancel := d.trouble()
		n := d.random.IntN(2)
		if err := d.nodes[n].Step(ctx); err == nil {
			d.fresh[n] = false
		} // what fails is tried again
		cancel()
		after := d.sign(d.ring)
		for _, s := range slices.Concat(before, after) {
			d.used[s] = d.truth()
		}
		if len(after) == 0 && d.signed {
			d.t.Fatalf("at %s nothing signs any more: %s", d.truth(), d.states())
		}
		d.signed = d.signed || len(after) > 0
		d.pass(time.Duration(10+d.random.IntN(40)) * time.Minute)
		for selector, at := range d.used {
			if d.truth().Sub(at) < DefaultMailLife && !d.shows(selector) {
				d.t.Fatalf("%s signed at %s and is gone at %s", selector, at, d.truth())
			}
		}
	}
	d.judge()
}

// trouble is what happens beside the next step; its context ends in the middle of it, where the node is killed.
func (d *drill) trouble() (context.Context, context.CancelFunc) {
	chance := func(n int) bool { return d.random.IntN(n) == 0 }
	if chance(20) { // a node dies and begins anew
		n := d.random.IntN(2)
		d.nodes[n], d.fresh[n] = d.node(), true
	}
	if chance(15) {
		d.lose()
	}
	if chance(60) {
		d.jump()
	}
	d.servers[2].down.Store(chance(6))
	d.servers[1].sick.Store(chance(8))
	ctx, cancel := context.WithCancel(ctx)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failing = nil; chance(10) {
		d.failing = errors.New("the primary server does not answer")
	}
	if d.die = nil; chance(8) { // killed in the middle of it
		d.die, d.left = cancel, 1+d.random.IntN(60)
	}
	return ctx, cancel
}

// jump sets the clock wrong, or right again. By little only where both nodes run and have looked: what jumps by less than a day while a node does not run
// cannot be told from the time for which it did not.
func (d *drill) jump() {
	d.jumps++
	switch by := time.Duration(30+d.random.IntN(24*400)) * time.Hour; {
	case d.wrong != 0 && d.wrong.Abs() > 30*time.Hour && d.random.IntN(2) == 0:
		d.wrong = 0
	case !d.fresh[0] && !d.fresh[1] && d.random.IntN(2) == 0:
		d.wrong += time.Duration(d.random.IntN(20)-10) * time.Hour
	case d.random.IntN(2) == 0:
		d.wrong += by
	default:
		d.wrong -= by
	}
}

// lose has a server lose a record that waits to sign, for longer than nodes take to look again. One that signs is lost in TestLostRecord: no
// node can know it before it looks.
func (d *drill) lose() {
	list, err := d.store.Keys(ctx, "", false)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, e := range list {
		if e.State != store.KeyPrepared && e.State != store.KeyPublished {
			continue
		}
		k := d.nodes[0]
		n := d.random.IntN(len(d.all()))
		add := k.Publish(&e)
		a := d.all()[n].zone.Resolve(ctx, dns.Question{Name: published(&e), Type: dns.TypeTXT})
		if !a.Status.Found() {
			continue
		}
		if err := d.all()[n].zone.Apply(k.Withdraw(&e)); err != nil {
			d.t.Error(err)
		}
		d.mu.Lock()
		d.pending = append(d.pending, transfer{d.now.Add(time.Duration(100+d.random.IntN(100)) * time.Minute), n, add})
		d.mu.Unlock()
		d.lost++
	}
}

// judge looks at what was reached: that nothing happened at all would be no proof.
func (d *drill) judge() {
	t, states := d.t, d.states()
	if len(d.used) < 4 || d.lost == 0 || d.jumps < 10 {
		t.Errorf("only %d keys signed: %v; %d records were lost, the clock jumped %d times", len(d.used), slices.Sorted(maps.Keys(d.used)), d.lost, d.jumps)
	}
	if strings.Count(states, store.KeyRemoved) < 2 || strings.Count(states, store.KeySigning) != 2 {
		t.Errorf("at the end: %s", states)
	}
	if list, _ := d.store.Keys(ctx, "", true); slices.ContainsFunc(list, func(k store.DKIMKey) bool { return k.State == store.KeyRemoved && k.Sealed != nil }) {
		t.Error("a removed key has its private key")
	}
	t.Logf("%d selectors signed, %d records were lost, the clock jumped %d times; %s", len(d.used), d.lost, d.jumps, states)
}
