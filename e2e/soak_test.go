package e2e

import (
	"context"
	"crypto"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/store"
)

type keySigner = crypto.Signer

// TestMilterSoak: mail flows through the built milter, with keys and events in its database, while the DNS fails in three ways, the
// process is ended and killed and started again, settings and keys change, broken ones come, and clients give up. No message is lost,
// none goes out unsigned, none comes in without results that are right or say that the DNS was away, none is accepted twice but
// where the verdict was lost; and heap, goroutines, threads and open files stay as they were.
//
// 2,000 messages; with TODOKU_SOAK set 100,000 (`make soak-milter`). TODOKU_SEED repeats what a run did.
func TestMilterSoak(t *testing.T) {
	total, every, limit := 2_000, 50, 4*time.Minute
	if os.Getenv("TODOKU_SOAK") != "" {
		total, every, limit = 100_000, 250, 55*time.Minute
	}
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("TODOKU_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("TODOKU_SEED=%d", seed)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	x := newSoak(t, total, every, seed)
	work, stop := context.WithCancel(ctx)
	wait := x.m.start(work, total, 8)
	go func() { wait(); stop() }()
	x.run(work)
	wait()
	stop()
	if ctx.Err() != nil {
		t.Errorf("not over after %v", limit)
	}
	x.m.sup.stop()
	x.judge()
	x.judgeStore()
}

// newSoak starts everything that a soak needs.
func newSoak(t *testing.T, total, every int, seed uint64) *trouble {
	dir := t.TempDir()
	x := &trouble{t: t, r: rand.New(rand.NewPCG(seed, 1)), dir: dir, every: every, total: total, done: map[string]int{}, began: time.Now()}
	x.m = &mta{t: t, seed: seed, addr: fixedPort(t), keys: newSoakKeys(t), dns: &soakDNS{addr: fixedPort(t)}}
	x.m.dns.zone, x.m.zones = x.m.keys.zones(t)
	x.m.dns.up(t)
	t.Cleanup(func() { x.m.dns.srv.Close() })
	master := keys.NewMaster()
	x.write("master", master, 0o600)
	x.writeTable()
	x.writeKey(0)
	x.m.file.begin(0)
	x.m.marks.begin(x.action())
	st, err := store.Open(t.Context(), filepath.Join(dir, "todoku.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	opened, err := keys.ParseMaster([]byte(master))
	if err != nil {
		t.Fatal(err)
	}
	x.keeper = keys.New(keys.Config{Store: st, Master: opened, Observer: everywhere{}})
	x.addKey(t.Context(), "ours.example", "r", x.m.keys.rsa)
	x.addKey(t.Context(), "ours.example", "e", x.m.keys.ed)
	host, port := "127.0.0.1", x.m.addr[len("127.0.0.1:"):]
	x.m.sup = supervise(t, binary, "milter", "--listen", "inet:"+port+"@"+host, "--authserv-id", soakName, "--database", filepath.Join(dir, "todoku.db"),
		"--master-key-file", filepath.Join(dir, "master"), "--key", "file.example:f:"+filepath.Join(dir, "file.pem"), "--policy", filepath.Join(dir, "table.toml"),
		"--trusted-network", "192.0.2.0/24", "--unsigned", "defer", "--outgoing-address", "192.0.2.1", "--resolver", x.m.dns.addr, "--timeout", "2s", "--grace", "200ms")
	return x
}

// judge says what is wrong with what the mail server saw, and with the process.
func (x *trouble) judge() {
	t, m := x.t, x.m
	if m.accepted != x.total {
		t.Errorf("%d of %d messages accepted; the rest waits in the queue", m.accepted, x.total)
	}
	for _, what := range troubles {
		if x.done[what] == 0 {
			t.Errorf("%q never happened", what)
		}
	}
	if m.deferred == 0 || m.lost == 0 || m.aborted == 0 || m.cut == 0 {
		t.Errorf("%d put off, %d lost, %d given up, %d cut off: nothing went wrong", m.deferred, m.lost, m.aborted, m.cut)
	}
	life, _ := m.sup.now()
	t.Logf("troubles: %v; %d processes; %d accepted, %d put off, %d verdicts lost, %d given up, %d cut off, %d times not there, %d wrong", x.done, life, m.accepted, m.deferred, m.lost, m.aborted, m.cut, m.unreached, m.wrong.Load())
	var last []sample // of the last process
	for _, s := range x.samples {
		if s.life == life {
			last = append(last, s)
		}
	}
	if len(last) < 3 {
		t.Fatalf("only %d samples of the last process: %+v", len(last), x.samples)
	}
	first, end := last[1], last[len(last)-1] // the very first may be before all that is kept was made
	t.Logf("the last process from %d to %d messages: heap %d -> %d, resident %d -> %d, goroutines %d -> %d, threads %d -> %d, files %d -> %d", first.accepted, end.accepted,
		first.heap, end.heap, first.rss, end.rss, first.goroutines, end.goroutines, first.threads, end.threads, first.fds, end.fds)
	// SQLite's page caches (16 MB of the writer, 2 MB of each reader) are not in Go's heap, and fill in time.
	if end.heap-first.heap > 2<<20 || end.rss-first.rss > 32<<20 || end.goroutines > first.goroutines+2 || end.threads > first.threads+6 || end.fds > first.fds+4 {
		t.Errorf("something stays behind: %+v", last)
	}
}

// judgeStore compares what the database says with what the mail server saw.
func (x *trouble) judgeStore() {
	t := x.t
	st, err := store.Open(context.Background(), filepath.Join(x.dir, "todoku.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	var kept, missing, unexplained, out, lost, outKilled int
	for n := range x.m.fates {
		f := &x.m.fates[n]
		list, err := st.MailEvents(context.Background(), queueID(n), 100)
		if err != nil {
			t.Fatal(err)
		}
		accepts := 0
		for _, e := range list {
			if e.Action == "accept" || e.Action == "tag" || e.Action == "quarantine" {
				accepts++
			}
			if e.Outgoing && e.Action == "accept" && len(e.Signed) == 0 {
				t.Errorf("message %d went unsigned: %+v", n, e)
			}
		}
		if f.accepted != 1 {
			t.Errorf("message %d was accepted %d times", n, f.accepted)
		}
		if accepts > f.accepted+f.lost {
			t.Errorf("message %d was accepted %d times, though only %d verdicts were lost", n, accepts, f.lost)
		}
		killed := x.m.sup.endedBy(f.life) == "kill"
		kept += accepts
		if accepts == 0 {
			missing++
			if !killed {
				unexplained++
			}
		}
		if kindOf(n).outgoing() {
			out++
			lost += f.lost
			if killed {
				outKilled++
			}
		}
	}
	x.m.sup.mu.Lock()
	dropped := x.m.sup.counts[saidDropped]
	x.m.sup.mu.Unlock()
	t.Logf("events of %d accepted messages kept, %d missing (%d not by kill -9)", kept, missing, unexplained)
	if unexplained > 0 && dropped == 0 {
		t.Errorf("what became of %d messages is not kept, though no kill -9 explains it", unexplained)
	}
	list, err := st.VolumeSince(context.Background(), "2000-01-01")
	if err != nil {
		t.Fatal(err)
	}
	volume := 0
	for _, v := range list {
		volume += int(v.Messages)
	}
	t.Logf("volume counted: %d of %d outgoing messages (%d in processes that were killed; %d verdicts lost)", volume, out, outKilled, lost)
	if volume > out+lost || volume < out-outKilled {
		t.Errorf("volume of %d is not that of %d messages", volume, out)
	}
}
