package keys

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/internal/store"
)

// childEnv has the test binary take one step in place of the tests: a node that can be killed for good.
const childEnv = "TODOKU_TEST_KEYS_STEP"

// childStep is what the node needs to know.
type childStep struct {
	Database, Master, Publish string
	Servers                   []string // of 127.0.0.1, 127.0.0.2 ...; the first is the resolver, too
	Now                       time.Time
	Rotate                    string // a key whose series gets a successor first
}

// TestStepOfAChild is the node; alone it does nothing.
func TestStepOfAChild(t *testing.T) {
	text := os.Getenv(childEnv)
	if text == "" {
		t.Skip("it is run by TestKilledInEachState")
	}
	var c childStep
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(ctx, c.Database)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	m, err := ParseMaster([]byte(c.Master))
	if err != nil {
		t.Fatal(err)
	}
	k := New(Config{Store: st, Master: m, Observer: &DNS{Resolver: c}, Publisher: c, Policy: Policy{Reveal: true}, Now: func() time.Time { return c.Now }})
	if c.Rotate != "" {
		if _, err := k.Rotate(ctx, c.Rotate); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.Step(ctx); err != nil {
		t.Fatal(err)
	}
}

// Resolve asks the servers of the parent.
func (c childStep) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	n := 0
	if q.Server.IsValid() {
		n = int(q.Server.Addr().As4()[3]) - 1
	}
	client, err := dns.NewClient(dns.ClientConfig{Servers: []string{c.Servers[n]}, Retries: -1, Timeout: 6 * time.Second})
	if err != nil {
		return dns.Answer{Question: q, Status: dns.ServFail}
	}
	a := client.Resolve(ctx, dns.Question{Name: q.Name, Type: q.Type})
	a.Question = q
	return a
}

// Apply has the parent publish.
func (c childStep) Apply(_ context.Context, changes []dns.Change) error {
	conn, err := net.Dial("tcp", c.Publish)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := json.NewEncoder(conn).Encode(changes); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && line != "ok\n" {
		err = fmt.Errorf("publishing: %s", line)
	}
	return err
}

// killer is the world of nodes that are killed with the n-th thing that they ask for.
type killer struct {
	*world
	asked atomic.Int64
	at    atomic.Int64
	pid   atomic.Int64
	child childStep
}

// count kills the node where it is time.
func (k *killer) count() {
	if k.asked.Add(1) == k.at.Load() {
		_ = syscall.Kill(int(k.pid.Load()), syscall.SIGKILL)
	}
}

// counted is a name server whose questions count.
type counted struct {
	*dns.Memory
	k *killer
}

func (c counted) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	c.k.count()
	return c.Memory.Resolve(ctx, q)
}

func newKiller(t *testing.T) *killer {
	k := &killer{world: newWorld(t, 2, 10*time.Minute)}
	k.policy = Policy{Reveal: true}
	text := NewMaster()
	m, err := ParseMaster([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	k.master = m
	k.child = childStep{Database: k.database, Master: text}
	for _, s := range k.servers {
		k.child.Servers = append(k.child.Servers, dnstest.New(t, counted{s.zone, k}).Addr())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	k.child.Publish = l.Addr().String()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			var changes []dns.Change
			if err := json.NewDecoder(conn).Decode(&changes); err == nil {
				said := "ok\n"
				if err := k.world.Apply(ctx, changes); err != nil {
					said = err.Error() + "\n"
				}
				k.count() // published, and the node does not know it
				_, _ = conn.Write([]byte(said))
			}
			conn.Close()
		}
	}()
	return k
}

// node takes one step in a process of its own, killed at the n-th question, 0: not at all. It reports whether the process was killed, and how much it asked.
func (k *killer) node(n int64, rotate string) (killed bool, asked int64) {
	k.t.Helper()
	k.asked.Store(0)
	k.at.Store(n)
	k.child.Now, k.child.Rotate = k.clock(), rotate
	text, err := json.Marshal(k.child)
	if err != nil {
		k.t.Fatal(err)
	}
	var out strings.Builder
	c := exec.Command(os.Args[0], "-test.run=^TestStepOfAChild$")
	c.Env = append(os.Environ(), childEnv+"="+string(text))
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		k.t.Fatal(err)
	}
	k.pid.Store(int64(c.Process.Pid))
	err = c.Wait()
	status, _ := c.ProcessState.Sys().(syscall.WaitStatus)
	if killed = status.Signaled() && status.Signal() == syscall.SIGKILL; err != nil && !killed {
		k.t.Fatalf("%v\n%s", err, out.String())
	}
	return killed, k.asked.Load()
}

// TestKilledInEachState: nodes are killed (SIGKILL) at the first, middle and last thing that they ask of anybody in every step of the life of a key; whoever comes next goes
// on where they were, and at no moment is a signature made that somebody cannot verify.
func TestKilledInEachState(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long")
	}
	life := []struct {
		wait   time.Duration // before the step
		rotate bool
		want   string
	}{
		{0, false, "ed25519:published"},
		{11 * time.Minute, false, "ed25519:signing"},
		{time.Minute, true, "ed25519:signing ed25519:published"},
		{11 * time.Minute, false, "ed25519:retiring ed25519:signing"},
		{11 * 24 * time.Hour, false, "ed25519:removed ed25519:signing"},
		{25 * time.Hour, false, "ed25519:revealed ed25519:signing"},
	}
	k := newKiller(t)
	e := k.create("ed25519")
	ring, kills := k.ring(), 0
	for _, l := range life {
		k.long(k.keeper(), l.wait)
		rotate := ""
		if l.rotate {
			rotate = e.ID
		}
		for _, n := range []int64{1, 9, 20, 33, 48, 60} {
			killed, asked := k.node(n, rotate)
			if k.sign(ring); killed {
				kills++
				k.pass(16 * time.Minute) // the lease of the dead ends
			} else if asked == 0 {
				break // nothing is looked at in this state any more
			}
			if k.sign(ring); t.Failed() {
				t.Fatalf("killed at %d of %s: %s", n, l.want, k.states())
			}
		}
		k.pass(16 * time.Minute)
		for range 3 {
			if _, _ = k.node(0, rotate); k.states() == l.want {
				break
			}
			k.pass(16 * time.Minute)
		}
		if k.sign(ring); k.states() != l.want && !(l.want == "ed25519:published" && k.states() == "ed25519:signing") {
			t.Fatalf("%s, not %s", k.states(), l.want)
		}
	}
	if got, err := k.store.Key(ctx, e.ID); err != nil || !strings.Contains(got.Revealed, "PRIVATE KEY") || kills < 12 {
		t.Errorf("%s, %v; %d nodes were killed", got.State, err, kills)
	}
}
