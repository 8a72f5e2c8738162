package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/store"
)

// trouble makes trouble, one after the other, at random by the seed: what and when depends on how many messages had an
// answer, and on no clock.
type trouble struct {
	t        *testing.T
	m        *mta
	r        *rand.Rand
	keeper   *keys.Keeper
	dir      string
	every    int // answers from one to the next, on average
	total    int
	version  int  // of the key in the file
	table    int  // which
	lateDone bool // the key of late.example is there
	done     map[string]int
	samples  []sample
	began    time.Time
}

// sample is how the process was while nothing happened.
type sample struct {
	life, accepted, goroutines, connections, threads, fds int
	heap, rss                                             int // octets
}

// The troubles. Those that end the process come to an end before the rest, so that the last process lives long enough for a
// leak to show; see endsUntil.
var troubles = []string{"term", "kill", "kill at start", "servfail", "silent", "down", "reload", "new key in file", "new key in store", "broken table", "broken key", "open key", "database locked"}

// endsUntil is the part of the messages, in hundredths, after which the process is ended no more.
const endsUntil = 70

// order is a random one in which those that end the process come soon enough.
func (x *trouble) order() []int {
	for {
		next := x.r.Perm(len(troubles))
		if !slices.ContainsFunc(next[8:], func(i int) bool { return x.endsProcess(troubles[i]) }) {
			return next
		}
	}
}

func (x *trouble) endsProcess(what string) bool {
	return what == "term" || what == "kill" || what == "kill at start"
}

// run makes trouble until ctx ends: first each kind once, then any.
func (x *trouble) run(ctx context.Context) {
	next := x.order()
	for x.pass(ctx, 1+x.r.IntN(2*x.every)) {
		what := ""
		if len(next) > 0 {
			what, next = troubles[next[0]], next[1:]
		} else {
			what = troubles[x.r.IntN(len(troubles))]
		}
		accepted := x.accepted()
		if !x.lateDone && accepted > x.total/5 {
			x.addLate(ctx)
		}
		if x.endsProcess(what) && accepted > x.total*endsUntil/100 {
			continue
		}
		x.make(ctx, what)
		x.done[what]++
		x.look(ctx)
	}
}

func (x *trouble) accepted() int {
	x.m.mu.Lock()
	defer x.m.mu.Unlock()
	return x.m.accepted
}

// pass waits for so many more answers; false where all is over.
func (x *trouble) pass(ctx context.Context, n int) bool {
	x.m.mu.Lock()
	goal := x.m.accepted + x.m.deferred + n
	x.m.mu.Unlock()
	return x.m.until(ctx, func() bool { return x.m.accepted+x.m.deferred >= goal || x.m.accepted == x.total }) && x.accepted() < x.total
}

func (x *trouble) make(ctx context.Context, what string) {
	s := x.m.sup
	switch what {
	case "term", "kill":
		s.end(what)
		s.awaitReady(ctx)
	case "kill at start":
		life, _ := s.now()
		s.end("kill")
		s.until(ctx, "the next life", func() bool { return s.life > life })
		s.end("kill")
		s.awaitReady(ctx)
	case "servfail", "silent", "down":
		x.dns(ctx, what)
	case "reload":
		x.table++
		x.newTable(ctx)
	case "new key in file":
		x.version = (x.version + 1) % len(x.m.keys.file)
		x.m.file.begin(x.version)
		x.writeKey(x.version)
		x.reload(ctx)
		x.m.file.settle(0)
	case "new key in store":
		x.addKey(ctx, fmt.Sprintf("more%d.example", x.done[what]), "k", newKey(x.t, "ed25519"))
		x.reload(ctx)
	case "broken table", "broken key", "open key":
		x.broken(ctx, what)
	case "database locked":
		x.lock(ctx)
	}
}

// lock has another process hold the write lock of the database for a while.
func (x *trouble) lock(ctx context.Context) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(x.dir, "todoku.db")+"?_pragma=busy_timeout(10000)&_txlock=immediate")
	if err != nil {
		x.t.Error(err)
		return
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		x.t.Error(err)
		return
	}
	defer tx.Rollback()
	x.pass(ctx, 5+x.r.IntN(40))
}

// settled is how long after it came back the DNS may still seem away: a question that was on its way, and one second in the cache.
const settled = 4 * time.Second

func (x *trouble) dns(ctx context.Context, what string) {
	d := x.m.dns
	d.faults.begin(true)
	switch what {
	case "servfail":
		d.state.Store(dnsServFail)
	case "silent":
		d.state.Store(dnsSilent)
	case "down":
		d.srv.Close()
	}
	x.pass(ctx, 5+x.r.IntN(40))
	d.state.Store(dnsWell)
	if what == "down" {
		d.up(x.t)
	}
	d.faults.mu.Lock()
	d.faults.list[len(d.faults.list)-1].until = time.Now().Add(settled)
	d.faults.mu.Unlock()
}

// reload sends SIGHUP and waits until the new settings are those of new messages.
func (x *trouble) reload(ctx context.Context) { x.m.sup.ask(ctx, syscall.SIGHUP, saidReloaded) }

// broken has the milter refuse a configuration, and goes on for a while with the old one.
func (x *trouble) broken(ctx context.Context, what string) {
	key := filepath.Join(x.dir, "file.pem")
	switch what {
	case "broken table":
		x.write("table.toml", "[default]\ndmarc-reject = \"refuse\"\n", 0o600)
	case "broken key":
		x.write("file.pem", "no key\n", 0o600)
	case "open key":
		if err := os.Chmod(key, 0o644); err != nil {
			x.t.Error(err)
		}
	}
	x.m.sup.ask(ctx, syscall.SIGHUP, saidRefused)
	x.pass(ctx, 5+x.r.IntN(40))
	x.writeTable()
	x.writeKey(x.version)
	x.reload(ctx)
}

// newTable changes what is done with spoofs.
func (x *trouble) newTable(ctx context.Context) {
	x.m.marks.begin(x.action())
	x.writeTable()
	x.reload(ctx)
	x.m.marks.settle(0)
}

func (x *trouble) action() string { return []string{"tag", "quarantine"}[x.table%2] }

func (x *trouble) writeTable() {
	x.write("table.toml", "[default]\ndmarc-reject = \""+x.action()+"\"\n[[rule]]\noutcome = \"temperror\"\nto = \"defer.example\"\naction = \"defer\"\n", 0o600)
}

func (x *trouble) writeKey(version int) {
	pem, err := dkim.MarshalPrivateKey(x.m.keys.file[version])
	if err != nil {
		x.t.Error(err)
	}
	x.write("file.pem", string(pem), 0o600)
}

// write replaces a file at once.
func (x *trouble) write(name, text string, mode os.FileMode) {
	path := filepath.Join(x.dir, name)
	err := os.WriteFile(path+".new", []byte(text), mode)
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		x.t.Error(err)
	}
}

// addLate brings the key that mail of late.example waits for.
func (x *trouble) addLate(ctx context.Context) {
	x.lateDone = true
	x.m.late.begin(true)
	x.addKey(ctx, "late.example", "l", x.m.keys.late)
}

// everywhere sees all name servers show every record.
type everywhere struct{}

func (everywhere) Observe(context.Context, string, string) keys.Observation {
	return keys.Observation{Zone: "example", Servers: []keys.Server{{Name: "ns.example", Has: keys.Shows}}}
}

// addKey puts a key that signs into the database, as `todoku keys import` does.
func (x *trouble) addKey(ctx context.Context, domain, selector string, key keySigner) {
	if e, _, err := x.keeper.Import(ctx, keys.FoundKey{Domain: domain, Selector: selector, Key: key}); (err != nil || e.State != store.KeySigning) && ctx.Err() == nil {
		x.t.Errorf("%s: %s, %v", domain, e.State, err)
	}
}

// look samples the process while nothing is on its way, now and then.
func (x *trouble) look(ctx context.Context) {
	accepted := x.accepted()
	if n := len(x.samples); n > 0 && accepted-x.samples[n-1].accepted < x.total/40 || accepted == x.total {
		return
	}
	x.m.quiet(func() {
		s := sample{accepted: accepted}
		var pid int
		s.life, pid = x.m.sup.now()
		for deadline := time.Now().Add(20 * time.Second); ; { // connections end soon after they were closed
			said := x.m.sup.ask(ctx, syscall.SIGUSR1, saidStatus)
			s.goroutines, s.heap, s.connections = figure(said, "goroutines="), figure(said, "heap="), figure(said, "connections=")
			if s.connections == 0 && figure(said, "events_waiting=") == 0 || time.Now().After(deadline) || said == "" {
				break
			}
		}
		s.threads, s.rss, s.fds = proc(pid, "Threads:"), proc(pid, "VmRSS:")<<10, files(pid)
		x.samples = append(x.samples, s)
		x.say()
	})
}

// figure reads a number behind a word.
func figure(line, word string) int {
	_, rest, _ := strings.Cut(line, word)
	end := strings.IndexFunc(rest, func(c rune) bool { return c < '0' || c > '9' })
	if end >= 0 {
		rest = rest[:end]
	}
	n, _ := strconv.Atoi(rest)
	return n
}

// proc reads a number from /proc/PID/status.
func proc(pid int, word string) int {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(b), word)
	n, _ := strconv.Atoi(strings.Fields(rest + " 0")[0])
	return n
}

// files is how many files a process has open.
func files(pid int) int {
	list, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(list)
}

// say prints how far it is.
func (x *trouble) say() {
	x.m.mu.Lock()
	m := fmt.Sprintf("%d of %d accepted, %d put off, %d verdicts lost, %d given up, %d cut off, %d times not there", x.m.accepted, x.total, x.m.deferred, x.m.lost, x.m.aborted, x.m.cut, x.m.unreached)
	x.m.mu.Unlock()
	s := x.samples[len(x.samples)-1]
	x.t.Logf("%4.0f s: %s; process %d: heap %.1f MB, resident %.1f MB, %d goroutines, %d threads, %d files", time.Since(x.began).Seconds(), m, s.life,
		float64(s.heap)/1e6, float64(s.rss)/1e6, s.goroutines, s.threads, s.fds)
}
