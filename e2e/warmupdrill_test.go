package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	foreign "github.com/emersion/go-milter"
)

// slowProvider takes so many messages a day, puts off what is above, and takes more after a day of which it put off little.
type slowProvider struct{ quota, taken, putOff int }

func (p *slowProvider) deliver() bool {
	if p.taken >= p.quota {
		p.putOff++
		return false
	}
	p.taken++
	return true
}

func (p *slowProvider) nextDay() {
	if 20*p.putOff <= p.taken {
		p.quota = p.quota * 8 / 5
	}
	p.taken, p.putOff = 0, 0
}

// warmupDay is what `todoku warmup status --json` says of the one plan.
type warmupDay struct {
	Allowed int
	Today   struct{ Granted, Delivered, Deferred int }
	Days    []struct{ Then string }
}

// warmupDrill is a sender with more mail than its plan lets go, whose mail goes by two nodes that have one database.
type warmupDrill struct {
	t        *testing.T
	database string
	log      string
	provider slowProvider
	late     []string // what the mail server has, and the provider put off
	n        int
}

func (d *warmupDrill) status(now time.Time) (w warmupDay) {
	d.t.Helper()
	var all struct{ Warmups []warmupDay }
	out := todoku(d.t, "warmup", "status", "--no-blocklists", "--json", "--database", d.database, "--at", now.Format(time.RFC3339))
	if err := json.Unmarshal([]byte(out), &all); err != nil || len(all.Warmups) != 1 {
		d.t.Fatalf("%v: %s", err, out)
	}
	return all.Warmups[0]
}

// start starts the program under test, which may be killed, and waits for what it says when it is ready.
func (d *warmupDrill) start(until string, args ...string) *program {
	d.t.Helper()
	p := &program{cmd: exec.Command(binary, append([]string{"--database", d.database, "--lang", "en"}, args...)...), log: &syncBuffer{}}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { p.end(syscall.SIGKILL) })
	p.waitFor(d.t, until, 1)
	return p
}

// end ends a program that start started, once.
func (p *program) end(by os.Signal) {
	if p.cmd.ProcessState == nil && p.cmd.Process.Signal(by) == nil {
		_ = p.cmd.Wait() // how it ended was said by the signal
	}
}

// node starts a milter whose clock says now.
func (d *warmupDrill) node(now time.Time) *program {
	return d.start("Milter: tcp:", "milter", "--listen", "inet:0@127.0.0.1", "--authserv-id", "mx.sender.example", "--resolver", "127.0.0.1:1", "--outgoing-address", "192.0.2.1",
		"--pace-first-header", "X-Kind: transactional", "--keep-events", "0", "--at", now.Format(time.RFC3339))
}

// session sends so many messages by two nodes, one of which is killed on the way, and gives how many went.
func (d *warmupDrill) session(now time.Time, want int) (went int) {
	nodes := []*program{d.node(now), d.node(now)}
	for i := range want {
		if i == want/3 {
			nodes[1].end(syscall.SIGKILL)
			nodes[1] = d.node(now)
		}
		d.n++
		kind := "bulk"
		if i/2%2 == 0 { // at either node
			kind = "transactional"
		}
		to := fmt.Sprintf("u%d@gmail.com", d.n)
		a := tellAs(d.t, "tcp:"+nodes[i%2].addr(d.t), posted{"127.0.0.1", "app.sender.example", "me@sender.example", "From: me@sender.example\r\nX-Kind: " + kind + "\r\n\r\nHello.\r\n"}, nil, to)
		switch {
		case a.code == foreign.ActAccept:
			went++
			d.late = append(d.late, to)
		case a.smtp != 451:
			d.t.Fatalf("%+v", a)
		}
	}
	for _, n := range nodes {
		n.end(syscall.SIGTERM)
	}
	d.deliver(now)
	return went
}

// deliver has the mail server try all that it has, and the log read.
func (d *warmupDrill) deliver(now time.Time) {
	var log strings.Builder
	d.late = slices.DeleteFunc(d.late, func(to string) bool {
		became := "dsn=4.7.28, status=deferred (host gmail-smtp-in.l.google.com[198.51.100.1] said: 421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address [192.0.2.1]. 421 4.7.28 gsmtp (in reply to end of DATA command))"
		taken := d.provider.deliver()
		if taken {
			became = "dsn=2.0.0, status=sent (250 2.0.0 OK gsmtp)"
		}
		fmt.Fprintf(&log, "%s mx postfix/smtp[9]: Q%s: to=<%s>, relay=gmail-smtp-in.l.google.com[198.51.100.1]:25, delay=1, %s\n", now.Format("2006-01-02T15:04:05.000000-07:00"), to[:strings.IndexByte(to, '@')], to, became)
		return taken
	})
	f, err := os.OpenFile(d.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := f.WriteString(log.String()); err != nil {
		d.t.Fatal(err)
	}
	f.Close()
	todoku(d.t, "warmup", "read-log", "192.0.2.1", d.log, "--database", d.database, "--at", now.Add(time.Minute).Format(time.RFC3339))
}

// TestWarmupDrillFromOutside: the built program holds to a plan over days, by two nodes that are killed and begun anew, to a provider that takes less than
// the plan would have it: no day exceeds its share, the plan stays or steps back, and comes on again.
func TestWarmupDrillFromOutside(t *testing.T) {
	dir := t.TempDir()
	d := &warmupDrill{t: t, database: filepath.Join(dir, "t.db"), log: filepath.Join(dir, "mail.log"), provider: slowProvider{quota: 60}}
	d.start("Ready: ", "serve", "--http", "127.0.0.1:0", "--smtp", "127.0.0.1:0").end(syscall.SIGTERM)
	day := time.Date(2026, 12, 1, 0, 30, 0, 0, time.UTC)
	todoku(t, "warmup", "plan", "192.0.2.1", "gmail", "--table", "generic", "--database", d.database, "--at", day.Format(time.RFC3339))
	followed, shares := map[string]int{}, []int{}
	for range 5 {
		share := d.status(day).Allowed
		shares = append(shares, share)
		went := d.session(day, share*6/10) + d.session(day.Add(12*time.Hour), share*6/10)
		w := d.status(day.Add(13 * time.Hour))
		// Each kill may lose what the node was granted: a fiftieth of the share for mail that goes first, and for other mail.
		if lost := 4 * max(1, share/50); went > share || w.Today.Granted < went || w.Today.Granted > share || went < share-lost {
			t.Errorf("%s: %d of %d went, %d counted", day.Format(time.DateOnly), went, share, w.Today.Granted)
		}
		if w.Today.Deferred != len(d.late) {
			t.Errorf("%s: %d put off, %d counted", day.Format(time.DateOnly), len(d.late), w.Today.Deferred)
		}
		d.provider.nextDay()
		day = day.AddDate(0, 0, 1)
		w = d.status(day)
		followed[w.Days[len(w.Days)-1].Then]++
	}
	if followed["advanced"] < 3 || followed["deferred"]+followed["back"] < 2 || slices.Max(shares) < 250 {
		t.Errorf("%v, %v", followed, shares)
	}
}
