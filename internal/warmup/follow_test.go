package warmup

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/store"
)

const (
	sentLine   = "Nov 26 12:00:%02d mx postfix/smtp[9]: 4ABC%d: to=<a@gmail.com>, relay=gmail-smtp-in.l.google.com[192.0.2.9]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 OK 1 gsmtp)\n"
	rateLine   = "Nov 26 12:01:%02d mx postfix/smtp[9]: 4ABD%d: to=<a@gmail.com>, relay=gmail-smtp-in.l.google.com[192.0.2.9]:25, delay=1, delays=0/0/0/1, dsn=4.7.28, status=deferred (host gmail-smtp-in.l.google.com[192.0.2.9] said: 421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address. 421 4.7.28 gsmtp (in reply to end of DATA command))\n"
	secretLine = "Nov 26 12:02:00 mx postfix/qmgr[9]: 4ABE: from=<b@c.example>, size=1, nrcpt=1 (queue active)\n"
)

func lines(format string, from, n int) (s string) {
	for i := from; i < from+n; i++ {
		s += fmt.Sprintf(format, i%60, i)
	}
	return s
}

// followed is a log and what follows it.
type followed struct {
	t    *testing.T
	st   *store.Store
	name string
	f    *Follower
}

func (l *followed) append(text string) {
	l.t.Helper()
	f, err := os.OpenFile(l.name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		l.t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		l.t.Fatal(err)
	}
	_ = f.Close()
}

// poll polls, and wants so many deliveries noted so far.
func (l *followed) poll(what string, delivered int) State {
	l.t.Helper()
	if _, err := l.f.Poll(ctx, noon); err != nil {
		l.t.Fatalf("%s: %v", what, err)
	}
	list, err := List(ctx, l.st, noon)
	if err != nil {
		l.t.Fatal(err)
	}
	if got := list[0].Today.Delivered; got != delivered {
		l.t.Errorf("%s: %d delivered, want %d", what, got, delivered)
	}
	return list[0].State
}

func follow(t *testing.T) *followed {
	t.Helper()
	l := &followed{t: t, st: openStore(t), name: filepath.Join(t.TempDir(), "mail.log")}
	plan(t, l.st, "gmail", 100)
	l.f = NewFollower(l.st, "192.0.2.1", l.name)
	t.Cleanup(func() { l.f.Close() })
	return l
}

// TestFollow: old lines are left, new ones noted once, over both kinds of rotation and a restart between.
func TestFollow(t *testing.T) {
	l := follow(t)
	l.poll("no log yet", 0)
	l.append(lines(sentLine, 0, 5))
	l.poll("what is old", 0)
	l.append(lines(sentLine, 5, 3) + secretLine)
	l.poll("what is new", 3)
	half := lines(sentLine, 8, 1)
	l.append(half[:40])
	l.poll("half a line", 3)
	l.append(half[40:])
	l.poll("its other half", 4)

	l.append(lines(sentLine, 9, 2)) // not read when it is renamed
	if err := os.Rename(l.name, l.name+".1"); err != nil {
		t.Fatal(err)
	}
	l.poll("renamed, and no successor yet", 6)
	l.append(lines(sentLine, 30, 4))
	l.poll("its successor", 10)

	l.append(lines(sentLine, 34, 2)) // renamed while nobody follows
	l.f.Close()
	if err := os.Rename(l.name, l.name+".1"); err != nil {
		t.Fatal(err)
	}
	l.append(lines(sentLine, 50, 1))
	l.f = NewFollower(l.st, "192.0.2.1", l.name)
	l.poll("after a restart", 13)
	l.f.Close()
	l.f = NewFollower(l.st, "192.0.2.1", l.name)
	l.poll("another restart", 13)

	if err := os.Truncate(l.name, 0); err != nil { // copytruncate
		t.Fatal(err)
	}
	l.poll("cut", 13)
	l.append(lines(sentLine, 7, 1)[:60])
	l.poll("begins again", 13)
	l.append(lines(sentLine, 7, 1)[60:])
	l.poll("begun again", 14)
	if err := os.Truncate(l.name, 0); err != nil {
		t.Fatal(err)
	}
	l.append(lines(sentLine, 20, 3))
	l.poll("cut, and longer than before when it is looked at", 17)
}

// TestFollowFallsSilent: Gmail's 421-4.7.28 has the plan fall silent by itself.
func TestFollowFallsSilent(t *testing.T) {
	l := follow(t)
	l.append(secretLine)
	l.poll("old", 0)
	l.append(lines(rateLine, 0, 2))
	s := l.poll("too much", 0)
	if s.Today.Deferred != 2 || !s.Silent.Equal(noon.Add(gmailSilence)) || s.Open(noon.Add(gmailSilence)) != 1 {
		t.Errorf("%+v", s)
	}
	if d, err := NewGate(l.st, func() time.Time { return noon }).Take(ctx, "192.0.2.1", "gmail", true); err != nil || d.Allowed || d.Why != Silence {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestFollowWhileTheDatabaseIsAway: nothing is lost, and nothing is noted twice.
func TestFollowWhileTheDatabaseIsAway(t *testing.T) {
	name := filepath.Join(t.TempDir(), "w.db")
	open := func() *store.Store {
		st, err := store.Open(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	l := &followed{t: t, st: open(), name: filepath.Join(t.TempDir(), "mail.log")}
	plan(t, l.st, "gmail", 100)
	l.f = NewFollower(l.st, "192.0.2.1", l.name)
	defer func() { l.f.Close() }()
	l.append(secretLine)
	l.poll("old", 0)
	l.append(lines(sentLine, 0, 5))
	_ = l.st.Close()
	for range 3 {
		if _, err := l.f.Poll(ctx, noon); err == nil {
			t.Error("no error")
		}
	}
	l.append(lines(sentLine, 5, 2))
	l.st = open()
	defer l.st.Close()
	l.f.store = l.st
	l.poll("it is back", 7)
	l.poll("again", 7)
}
