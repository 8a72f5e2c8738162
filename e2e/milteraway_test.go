package e2e

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	foreign "github.com/emersion/go-milter"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/pgtest"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/message"
)

// away is a milter whose database goes away and comes back. The rule: what is known goes on; keys sign, incoming mail is verified,
// what became of messages waits and is written when the database is back. A milter that starts without its database does not run,
// and the mail server keeps the mail until it does.
type away struct {
	t          *testing.T
	database   string
	sup        *supervisor
	addr       string
	zone       *dns.Memory
	n          int // messages so far
	take, give func()
}

// newAway starts a milter on a database that has one key.
func newAway(t *testing.T, database string) *away {
	t.Helper()
	a := &away{t: t, database: database, addr: fixedPort(t)}
	dir := t.TempDir()
	key, text := newKey(t, "ed25519"), keys.NewMaster()
	write(t, filepath.Join(dir, "master"), text)
	if err := os.Chmod(filepath.Join(dir, "master"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.withStore(func(st *store.Store) {
		master, err := keys.ParseMaster([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		k := keys.New(keys.Config{Store: st, Master: master, Observer: everywhere{}})
		if _, _, err := k.Import(t.Context(), keys.FoundKey{Domain: "ours.example", Selector: "e", Key: key}); err != nil {
			t.Fatal(err)
		}
	})
	a.zone = dns.MustMemory(dns.Zone{"e._domainkey.ours.example": {txtOf(t, key)}, "good.example": {"TXT v=spf1 ip4:198.51.100.7 -all"}, "_dmarc.good.example": {"TXT v=DMARC1; p=reject"}})
	a.sup = supervise(t, binary, "milter", "--listen", "inet:"+strings.TrimPrefix(a.addr, "127.0.0.1:")+"@127.0.0.1", "--authserv-id", soakName, "--database", database,
		"--master-key-file", filepath.Join(dir, "master"), "--trusted-network", "192.0.2.0/24", "--unsigned", "defer", "--outgoing-address", "192.0.2.1",
		"--resolver", dnstest.New(t, a.zone).Addr(), "--grace", "200ms")
	return a
}

func (a *away) withStore(f func(*store.Store)) {
	a.t.Helper()
	st, err := store.Open(context.Background(), a.database)
	if err != nil {
		a.t.Fatal(err)
	}
	defer st.Close()
	f(st)
}

// pass passes so many messages, by turns out and in; each must be accepted, signed or with the right results.
func (a *away) pass(count int) {
	a.t.Helper()
	for range count {
		m := posted{ip: "192.0.2.5", from: "me@ours.example", helo: "x"}
		if a.n%2 == 1 {
			m = posted{ip: "198.51.100.7", from: "me@good.example", helo: "x"}
		}
		m.raw = fmt.Sprintf("From: %s\r\nMessage-ID: <%d@away.example>\r\n\r\nHello.\r\n", m.from, a.n)
		got := tell(a.t, "tcp:"+a.addr, m)
		parsed := message.Parse([]byte(got.raw))
		if got.code != foreign.ActAccept {
			a.t.Errorf("message %d: %v", a.n, got)
		}
		if a.n%2 == 0 {
			if v := dkim.Verify(context.Background(), a.zone, parsed, dkim.Options{}); len(v) != 1 || v[0].Result != dkim.Pass {
				a.t.Errorf("message %d went out without a good signature: %v", a.n, got)
			}
		} else if f, _ := parsed.First("Authentication-Results"); !strings.Contains(f.Unfolded(), "dmarc=pass") {
			a.t.Errorf("message %d: %v", a.n, got)
		}
		a.n++
	}
}

// written waits until nothing waits for the database, and looks that what became of every message from first on is there.
func (a *away) written(first int) {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), time.Minute)
	defer cancel()
	missing := ""
	poll(a.t, ctx, "the events to be written", func() bool {
		missing = ""
		a.withStore(func(st *store.Store) {
			for n := first; n < a.n && missing == ""; n++ {
				list, err := st.MailEvents(ctx, fmt.Sprintf("<%d@away.example>", n), 10)
				if err != nil || len(list) != 1 {
					missing = fmt.Sprintf("message %d: %d events, %v", n, len(list), err)
				}
			}
		})
		return missing == ""
	}, func() string { return missing + "\n" + a.sup.log() })
}

// drill has the database go and come back under a running milter. refused is whether that notices at once that it cannot write.
func (a *away) drill(refused bool) {
	a.t.Helper()
	a.pass(20)
	a.written(0)
	a.take()
	first := a.n
	for a.pass(100); refused && a.sup.said(saidNotKept) == 0 && a.n < 5000; {
		a.pass(20)
	}
	if refused && a.sup.said(saidNotKept) == 0 {
		a.t.Error("nothing was noticed")
	}
	a.give()
	a.pass(20)
	a.written(first)
	if line := a.sup.ask(a.t.Context(), syscall.SIGUSR1, saidStatus); figure(line, "goroutines=") == 0 || figure(line, "events_waiting=") != 0 {
		a.t.Errorf("got %q", line)
	}
}

// restart ends the milter while the database is away. It is started again and again, and runs once the database is back.
func (a *away) restart() {
	a.t.Helper()
	a.take()
	a.pass(10)
	a.sup.mu.Lock()
	a.sup.mayFail = true
	life := a.sup.life
	a.sup.mu.Unlock()
	a.sup.end("term")
	a.sup.until(a.t.Context(), "some tries to start", func() bool { return a.sup.life > life+2 && a.sup.ready <= life })
	a.give()
	a.sup.awaitReady(a.t.Context())
	a.sup.mu.Lock()
	a.sup.mayFail = false
	a.sup.mu.Unlock()
	first := a.n
	a.pass(10)
	a.written(first)
}

// said is how often the log said a text that is watched.
func (s *supervisor) said(text string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[text]
}

// TestMilterDatabaseAway: PostgreSQL is stopped and comes back; another process holds SQLite's write lock.
func TestMilterDatabaseAway(t *testing.T) {
	t.Run("PostgreSQL stopped", func(t *testing.T) {
		server := pgtest.Start(t)
		a := newAway(t, server.Database(t))
		a.take, a.give = func() { server.Stop(t) }, func() { server.Resume(t) }
		a.drill(true)
		a.restart()
	})
	t.Run("SQLite locked", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "t.db")
		a := newAway(t, file)
		db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(10000)&_txlock=immediate")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var tx *sql.Tx
		a.take = func() {
			if tx, err = db.Begin(); err != nil {
				t.Fatal(err)
			}
		}
		a.give = func() { tx.Rollback() }
		a.drill(false)
	})
}

// insideDisk tells this test that it runs in a namespace of its own.
const insideDisk = "TODOKU_INSIDE_DISK"

// TestMilterFullDisk: the file system of the database is really full, and has room again.
func TestMilterFullDisk(t *testing.T) {
	if os.Getenv(insideDisk) != "" {
		fullDisk(t)
		return
	}
	need(t, "unshare", "mount")
	if out, err := exec.Command("unshare", "--mount", "sh", "-c", "mount -t tmpfs -o size=1m tmpfs /mnt").CombinedOutput(); err != nil {
		lack(t, "no file system of a test's own: %v %s", err, out)
	}
	inner := exec.CommandContext(t.Context(), "unshare", "--mount", os.Args[0], "-test.run=^TestMilterFullDisk$", "-test.v", "-test.timeout=3m")
	inner.Env = append(os.Environ(), insideDisk+"=1", binaryEnv+"="+binary)
	out, err := inner.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestMilterFullDisk") {
		t.Fatalf("inside the namespace: %v\n%s", err, out)
	}
}

// fullDisk is the test inside the namespace.
func fullDisk(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Fatalf("mount: %v %s", err, out)
	}
	t.Cleanup(func() { exec.Command("umount", "-l", dir).Run() })
	a := newAway(t, filepath.Join(dir, "t.db"))
	filler := filepath.Join(dir, "filler")
	a.take = func() { fill(t, filler) }
	a.give = func() {
		if err := os.Remove(filler); err != nil {
			t.Error(err)
		}
	}
	a.drill(true)
	a.restart()
}

// fill writes a file until the disk is full.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 64 << 10; size > 0; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
