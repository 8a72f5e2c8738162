package tokens

import (
	"fmt"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/service"
)

// untilRefused spends until no more is given, and gives how often it was.
func untilRefused(t *testing.T, g *Guard, c Caller, cost Cost) (times int, wait time.Duration) {
	t.Helper()
	for times = 0; times < 10_000; times++ {
		if p := g.Spend(c, "", cost); p != nil {
			if p.Word != service.RateLimited {
				t.Fatal(p)
			}
			return times, p.RetryAfter
		}
	}
	t.Fatal("there is no limit")
	return 0, 0
}

// TestLimitsAsWritten holds the numbers of docs/api.md.
func TestLimitsAsWritten(t *testing.T) {
	for _, c := range []struct {
		what  string
		local bool
		cost  Cost
		times int
		wait  time.Duration
	}{
		{"cheap", false, Cheap, 120, 100 * time.Millisecond},
		{"dear", false, Dear, 30, 2 * time.Second},
		{"cheap, at this machine", true, Cheap, 20 * 120, 5 * time.Millisecond},
		{"dear, at this machine", true, Dear, 20 * 30, 100 * time.Millisecond},
	} {
		g, _, now := newGuard(t, true)
		who := Caller{IP: ip("192.0.2.1"), Local: c.local}
		if times, wait := untilRefused(t, g, who, c.cost); times != c.times || wait != c.wait {
			t.Errorf("%s: %d times, then after %v; want %d and %v", c.what, times, wait, c.times, c.wait)
		}
		now.pass(c.wait)
		if p := g.Spend(who, "", c.cost); p != nil {
			t.Errorf("%s: after the wait: %v", c.what, p)
		}
		other := Cheap
		if c.cost == Cheap {
			other = Dear
		}
		if p := g.Spend(who, "", other); p != nil {
			t.Errorf("%s: the other cost is spent too: %v", c.what, p)
		}
	}
}

// TestSpend: the scope comes first, and costs nothing; a token has one allowance wherever it is used
// from, an address one whatever tokens it has.
func TestSpend(t *testing.T) {
	g, _, _ := newGuard(t, false)
	reader := Caller{IP: ip("192.0.2.1"), token: "one", scopes: []string{"read"}}
	for range 500 {
		if p := g.Spend(reader, "check", Dear); p == nil || p.Word != service.Forbidden {
			t.Fatal(p)
		}
	}
	if p := g.Spend(reader, "read", Dear); p != nil {
		t.Errorf("after what was refused: %v", p)
	}
	spent := 1
	for i := range 100 { // as many addresses
		reader.IP = ip(fmt.Sprintf("198.51.100.%d", i))
		if g.Spend(reader, "read", Dear) == nil {
			spent++
		}
	}
	if spent != 30 {
		t.Errorf("one token was used %d times from as many addresses", spent)
	}
	spent = 0
	for i := range 100 { // as many tokens, in one IPv6 network
		c := Caller{IP: ip(fmt.Sprintf("2001:db8::%x", i+1)), token: fmt.Sprint("token", i)}
		if g.Spend(c, "", Dear) == nil {
			spent++
		}
	}
	if spent != 30 {
		t.Errorf("one network used %d tokens", spent)
	}
}

// TestManyCallers: beyond what is remembered all share one allowance, and nobody's limit is forgotten for it.
func TestManyCallers(t *testing.T) {
	b, now := newBuckets(2, time.Second), newClock()
	take := func(key string) time.Duration { return b.take(key, now.now(), 1) }
	for range 2 {
		if wait := take("first"); wait != 0 {
			t.Fatal(wait)
		}
	}
	for i := range maxBuckets - 1 {
		take(fmt.Sprint("filler", i))
	}
	if take("late one") != 0 || take("late two") != 0 || take("late three") == 0 {
		t.Error("the late ones do not share one allowance")
	}
	if b.peek("late four", now.now()) == 0 || b.peek("filler1", now.now()) != 0 {
		t.Error("to look is not what it is to take")
	}
	if take("first") == 0 {
		t.Error("the limit of the first was forgotten")
	}
	if len(b.by) != maxBuckets {
		t.Errorf("%d are remembered", len(b.by))
	}
	now.pass(time.Minute) // all have their allowance back
	if take("later") != 0 || len(b.by) > maxBuckets {
		t.Errorf("idle ones are not forgotten: %d", len(b.by))
	}
}

// TestPeekTakesNothing: whoever asks how long to wait has lost nothing by it.
func TestPeekTakesNothing(t *testing.T) {
	b, now := newBuckets(1, time.Second), newClock()
	for range 10 {
		if wait := b.peek("x", now.now()); wait != 0 {
			t.Fatal(wait)
		}
	}
	if b.take("x", now.now(), 1) != 0 {
		t.Error("nothing was left")
	}
	for range 10 { // what was refused is not owed
		b.take("x", now.now(), 1)
	}
	now.pass(time.Second)
	if b.take("x", now.now(), 1) != 0 {
		t.Error("refusals are owed")
	}
}

// TestQuota: what lasts of one client, from wherever and with whichever token, does not use up the places of others.
func TestQuota(t *testing.T) {
	from := func(addr, token, person string) Caller {
		return Caller{IP: ip(addr), token: token, who: panel.Who{Person: person}}
	}
	for _, c := range []struct {
		name  string
		calls []Caller
	}{
		{"one address", []Caller{from("192.0.2.1", "", ""), from("192.0.2.1", "", ""), from("192.0.2.1", "", "")}},
		{"one address, several tokens", []Caller{from("192.0.2.1", "a", ""), from("192.0.2.1", "b", ""), from("192.0.2.1", "c", "ann")}},
		{"one token, several addresses", []Caller{from("192.0.2.1", "a", ""), from("192.0.2.2", "a", ""), from("192.0.2.3", "a", "")}},
		{"one customer, several tokens and addresses", []Caller{from("192.0.2.1", "a", "ann"), from("192.0.2.2", "b", "ann"), from("192.0.2.3", "c", "ann")}},
	} {
		q := newQuota(5, 2)
		var release []func()
		for i, call := range c.calls {
			r, p := q.take(call)
			if (p == nil) != (i < 2) || p != nil && (p.Word != service.Busy || p.RetryAfter == 0) {
				t.Fatalf("%s: the place %d: %v", c.name, i, p)
			}
			release = append(release, r)
		}
		if _, p := q.take(from("192.0.2.9", "z", "bob")); p != nil {
			t.Errorf("%s: another client has none: %v", c.name, p)
		}
		release[0]()
		release[0]() // twice is once
		if q.total != 2 {
			t.Errorf("%s: %d after one was given back", c.name, q.total)
		}
		if _, p := q.take(c.calls[2]); p != nil {
			t.Errorf("%s: after one was given back: %v", c.name, p)
		}
	}
}

// TestPlacesAsWritten holds the numbers of docs/api.md.
func TestPlacesAsWritten(t *testing.T) {
	g, _, _ := newGuard(t, true)
	who := Caller{IP: ip("192.0.2.1")}
	for what, c := range map[string]struct {
		take func(Caller) (func(), *service.Problem)
		want int
	}{"waits": {g.Wait, 16}, "uploads": {g.Upload, 2}} {
		n := 0
		for ; n <= c.want; n++ {
			if _, p := c.take(who); p != nil {
				break
			}
		}
		if n != c.want {
			t.Errorf("%d %s, want %d", n, what, c.want)
		}
	}
}
