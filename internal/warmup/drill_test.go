package warmup

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/store"
)

var ctx = context.Background()

func openStore(t *testing.T) *store.Store {
	t.Helper()
	st, err := store.Open(ctx, filepath.Join(t.TempDir(), "w.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return st
}

// simulated is a provider that takes so many messages a day, puts off what is above, and takes more of those whose day before was good.
type simulated struct {
	quota, taken, putOff int
}

func (p *simulated) deliver() bool {
	if p.taken >= p.quota {
		p.putOff++
		return false
	}
	p.taken++
	return true
}

func (p *simulated) nextDay() {
	if 20*p.putOff <= p.taken {
		p.quota = p.quota * 8 / 5
	}
	p.taken, p.putOff = 0, 0
}

// TestWarmupDrill: a sender with far more mail than it may send, on two nodes that begin anew, to a provider that takes less than
// the plan would have it. No day brings more than its share; the plan holds and steps back, recovers, and comes to its end.
func TestWarmupDrill(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long")
	}
	for _, seed := range []uint64{1, 2} {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 7))
			st, now := openStore(t), noon.Truncate(24*time.Hour)
			clock := func() time.Time { return now }
			if err := Plan(ctx, st, "192.0.2.1", "gmail", "test", daily(50, 100, 200, 400, 800, 1600), now); err != nil {
				t.Fatal(err)
			}
			p := &simulated{quota: 60}
			gates := []*Gate{NewGate(st, clock), NewGate(st, clock)}
			then, reached := map[string]int{}, 0
			for day := range 60 {
				list, err := List(ctx, st, now)
				if err != nil {
					t.Fatal(err)
				}
				if list[0].Over() {
					reached = day
					break
				}
				share, sent, refused := list[0].allowed().Day, 0, 0
				for range 24 * 2 {
					var o Outcome
					for range 100 {
						d, err := gates[random.IntN(2)].Take(ctx, "192.0.2.1", "gmail", random.IntN(3) == 0)
						if err != nil {
							t.Fatal(err)
						}
						if !d.Allowed {
							refused++
							continue
						}
						sent++
						if p.deliver() {
							o.Delivered++
						} else {
							o.Deferred++
						}
					}
					if err := Note(ctx, st, "192.0.2.1", "gmail", o, now); err != nil {
						t.Fatal(err)
					}
					if random.IntN(30) == 0 { // killed: what it was granted is lost
						gates[random.IntN(2)] = NewGate(st, clock)
					}
					now = now.Add(30 * time.Minute)
				}
				if sent > share {
					t.Fatalf("day %d: %d were sent, %d allowed", day+1, sent, share)
				}
				if refused == 0 {
					t.Errorf("day %d: nothing was put off", day+1)
				}
				p.nextDay()
				list, err = List(ctx, st, now)
				if err != nil {
					t.Fatal(err)
				}
				then[list[0].Days[len(list[0].Days)-1].Then]++
			}
			if reached == 0 || then[SteppedBk]+then[StayedSlow] == 0 || then[Advanced] < 6 {
				t.Errorf("over after %d days, quota %d: %v", reached, p.quota, then)
			}
		})
	}
}

// TestGate: who has no plan goes as he likes; a plan for everybody holds for those without their own; an end is noticed.
func TestGate(t *testing.T) {
	st, now := openStore(t), noon
	g := NewGate(st, func() time.Time { return now })
	take := func(source, provider string, allowed, planned bool) {
		t.Helper()
		if d, err := g.Take(ctx, source, provider, true); err != nil || d.Allowed != allowed || d.Planned != planned {
			t.Errorf("%s to %s: %+v, %v", source, provider, d, err)
		}
	}
	take("192.0.2.1", "gmail", true, false)
	for _, p := range []string{"gmail", Everybody} {
		if err := Plan(ctx, st, "192.0.2.1", p, "test", daily(2), now); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(time.Minute)
	take("192.0.2.1", "gmail", true, true)
	take("192.0.2.1", "gmail", true, true)
	take("192.0.2.1", "gmail", false, true)
	take("192.0.2.1", "yahoo", true, true)
	take("192.0.2.1", "apple", true, true)
	take("192.0.2.1", "docomo", false, true)
	take("192.0.2.2", "gmail", true, false)
	if err := Plan(ctx, st, "192.0.2.1", "gmail", "another", daily(3), now); err != nil { // what was sent today was sent
		t.Fatal(err)
	}
	now = now.Add(time.Minute)
	take("192.0.2.1", "gmail", true, true)
	take("192.0.2.1", "gmail", false, true)
	if err := st.EndWarmup(ctx, "192.0.2.1", "gmail"); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Minute)
	take("192.0.2.1", "gmail", false, true) // that for everybody
	if err := g.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Minute)
	if d, err := g.Take(ctx, "192.0.2.1", "gmail", true); err == nil || d.Allowed {
		t.Errorf("without a database: %+v, %v", d, err)
	}
}

// TestReturn: what a node did not use is there for others.
func TestReturn(t *testing.T) {
	st, now := openStore(t), noon
	if err := Plan(ctx, st, "192.0.2.1", "gmail", "test", daily(1000), now); err != nil {
		t.Fatal(err)
	}
	g := NewGate(st, func() time.Time { return now })
	if d, err := g.Take(ctx, "192.0.2.1", "gmail", false); err != nil || !d.Allowed {
		t.Fatal(d, err)
	}
	granted := func() int {
		t.Helper()
		list, err := List(ctx, st, now)
		if err != nil {
			t.Fatal(err)
		}
		return list[0].Today.Granted
	}
	if granted() != 20 {
		t.Errorf("%d are granted", granted())
	}
	if err := g.Close(ctx); err != nil || granted() != 1 {
		t.Errorf("%d are granted, %v", granted(), err)
	}
}

const postfixLog = `Nov  6 12:00:00 mx postfix/smtp[1]: A1: to=<a@gmail.com>, relay=gmail-smtp-in.l.google.com[192.0.2.9]:25, delay=1, dsn=2.0.0, status=sent (250 2.0.0 OK gsmtp)
Nov  6 12:00:01 mx postfix/smtp[1]: A2: to=<b@gmail.com>, relay=gmail-smtp-in.l.google.com[192.0.2.9]:25, delay=1, dsn=4.7.28, status=deferred (host gmail-smtp-in.l.google.com[192.0.2.9] said: 421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address. To protect our users from spam, mail sent from your IP address has been temporarily rate limited. 421 4.7.28 gsmtp (in reply to end of DATA command))
Nov  6 12:00:02 mx postfix/smtp[1]: A3: to=<none@gmail.com>, relay=gmail-smtp-in.l.google.com[192.0.2.9]:25, delay=1, dsn=5.1.1, status=bounced (host gmail-smtp-in.l.google.com[192.0.2.9] said: 550-5.1.1 The email account that you tried to reach does not exist. 550 5.1.1 gsmtp (in reply to RCPT TO command))
Nov  6 12:00:03 mx postfix/smtp[1]: A4: to=<c@elsewhere.example>, relay=mx.elsewhere.example[192.0.2.10]:25, delay=1, dsn=2.0.0, status=sent (250 OK)
Nov  6 12:00:04 mx postfix/qmgr[1]: A4: removed
`

func TestOutcomes(t *testing.T) {
	got := Outcomes([]byte(postfixLog), noon.Add(time.Minute))
	if got["gmail"] != (Outcome{Delivered: 1, Deferred: 1, Silence: gmailSilence, At: got["gmail"].At}) || !got["gmail"].At.Equal(time.Date(2026, 11, 6, 12, 0, 1, 0, time.Local)) || got[Everybody] != (Outcome{Delivered: 1}) {
		t.Errorf("%+v", got)
	}
	if got := Outcomes([]byte("nothing\n"), noon); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

// TestReadLog: each line counts once, also where the log is read while it is written, and after it was rotated.
func TestReadLog(t *testing.T) {
	st := openStore(t)
	name := filepath.Join(t.TempDir(), "mail.log")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []string{"gmail", Everybody} {
		if err := Plan(ctx, st, "192.0.2.1", p, "test", daily(100), noon); err != nil {
			t.Fatal(err)
		}
	}
	read := func(want int) {
		t.Helper()
		if r, err := ReadLog(ctx, st, "192.0.2.1", name, noon); err != nil || r.Deliveries != want {
			t.Errorf("%+v, %v; want %d", r, err, want)
		}
	}
	write("")
	read(0)
	lines := strings.SplitAfter(postfixLog, "\n")
	write(lines[0] + lines[1][:50])
	read(1)
	write(lines[0] + lines[1])
	read(1)
	read(0)
	write(lines[0] + lines[1] + strings.Repeat("x", 3*maxLine) + "\n" + strings.Join(lines[2:], ""))
	read(1)
	write(strings.Replace(lines[0], "A1", "B1", 1)) // rotated
	read(1)
	list, err := List(ctx, st, noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range list {
		want := Counts{Delivered: 2, Deferred: 1, Silences: 1}
		if one.Provider == Everybody {
			want = Counts{Delivered: 1}
		}
		if one.Today != want {
			t.Errorf("%s: %+v, want %+v", one.Provider, one.Today, want)
		}
	}
	if _, err := ReadLog(ctx, st, "192.0.2.1", "/nonexistent/log", noon); err == nil {
		t.Error("a log that is not there")
	}
}
