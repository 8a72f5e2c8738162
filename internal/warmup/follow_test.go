package warmup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/store"
)

const (
	sentLine   = "Nov  6 12:00:%02d mx postfix/smtp[9]: 4ABC%d: to=<a@gmail.com>, relay=gmail-smtp-in.l.google.com[192.0.2.9]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 OK 1 gsmtp)\n"
	rateLine   = "Nov  6 12:01:%02d mx postfix/smtp[9]: 4ABD%d: to=<a@gmail.com>, relay=gmail-smtp-in.l.google.com[192.0.2.9]:25, delay=1, delays=0/0/0/1, dsn=4.7.28, status=deferred (host gmail-smtp-in.l.google.com[192.0.2.9] said: 421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address. 421 4.7.28 gsmtp (in reply to end of DATA command))\n"
	secretLine = "Nov  6 12:02:00 mx postfix/qmgr[9]: 4ABE: from=<b@c.example>, size=1, nrcpt=1 (queue active)\n"
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

// TestSilencesReadTogether: each call for silence counts that was not within the one before, also where a log is read once an hour.
func TestSilencesReadTogether(t *testing.T) {
	l := follow(t)
	l.append(secretLine)
	l.poll("old", 0)
	for _, at := range []string{"11:00", "11:05", "11:15", "11:40"} { // silent until 11:10, 11:35, and 12:20
		l.append(strings.Replace(lines(rateLine, 0, 1), "12:01", at, 1))
	}
	s := l.poll("an hour later", 0)
	if s.Today.Silences != 3 || !s.Silent.Equal(noon.Add(20*time.Minute)) {
		t.Errorf("%d calls for silence, until %s", s.Today.Silences, s.Silent)
	}
	if s.Turn(noon.AddDate(0, 0, 1)); s.Days[len(s.Days)-1].Then != SteppedBk {
		t.Errorf("%+v", s.Days)
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

// TestFollowTwoSources: one log that is read for two addresses, and logs of two nodes under one name and for one address, are each read once.
func TestFollowTwoSources(t *testing.T) {
	l := follow(t)
	if err := Plan(ctx, l.st, "192.0.2.2", "gmail", "test", daily(100), noon); err != nil {
		t.Fatal(err)
	}
	l.append(lines(sentLine, 0, 3))
	other, aside := filepath.Join(t.TempDir(), "mail.log"), filepath.Join(t.TempDir(), "mail.log")
	if err := os.WriteFile(other, []byte("Nov  6 11:00:00 mx2 postfix/qmgr[9]: 4ABE: removed\n"+lines(sentLine, 9, 2)), 0o600); err != nil {
		t.Fatal(err)
	}
	swap := func() { // what each node has under the name
		for _, n := range [][2]string{{l.name, aside}, {other, l.name}, {aside, other}} {
			if err := os.Rename(n[0], n[1]); err != nil {
				t.Fatal(err)
			}
		}
	}
	read := func(source string, want int) {
		t.Helper()
		if r, err := ReadLog(ctx, l.st, source, l.name, noon); err != nil || r.Deliveries != want {
			t.Errorf("%s: %+v, %v; want %d", source, r, err, want)
		}
	}
	read("192.0.2.1", 3)
	read("192.0.2.2", 3)
	swap()
	read("192.0.2.1", 2)
	swap()
	read("192.0.2.1", 0)
	swap()
	read("192.0.2.1", 0)
	l.append(lines(sentLine, 30, 1))
	read("192.0.2.1", 1)
}

// TestReadByOtherNames: a log counts once by whatever names it is read: from another folder, by a link, as a copy, and under the name that it has
// after it was rotated, also when nobody reads it there any more.
func TestReadByOtherNames(t *testing.T) {
	l := follow(t)
	read := func(name string, want int) {
		t.Helper()
		if r, err := ReadLog(ctx, l.st, "192.0.2.1", name, noon); err != nil || r.Deliveries != want {
			t.Errorf("%s: %+v, %v; want %d", name, r, err, want)
		}
	}
	l.append(lines(sentLine, 0, 5))
	read(l.name, 5)
	t.Chdir(filepath.Dir(l.name))
	if err := os.Symlink("mail.log", "maillog"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(l.name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("copy", text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"mail.log", "./mail.log", "maillog", "copy"} {
		read(name, 0)
	}
	l.append(lines(sentLine, 5, 1))
	read("maillog", 1)
	if err := os.Rename("mail.log", "mail.log.1"); err != nil {
		t.Fatal(err)
	}
	l.append(lines(sentLine, 30, 2))
	read("mail.log.1", 0)
	read("mail.log", 2)
	for range 2 { // as a command that names both does each time
		read("mail.log.1", 0)
		read(l.name, 0)
	}
	l.append(lines(sentLine, 32, 1))
	l.poll("a follower", 9)
	l.append(lines(sentLine, 33, 1))
	read("mail.log", 1)
	l.poll("a follower, once it was read", 10)
}

// TestReadRotated: what was not read before a log was rotated is read then, however its files are called, and however often it was.
func TestReadRotated(t *testing.T) {
	for _, c := range []struct{ name, tails string }{{"logrotate", ".1 .2"}, {"dateext", "-20261106 -20261105"}, {"newsyslog", ".0 .1"}} {
		t.Run(c.name, func(t *testing.T) {
			l := follow(t)
			var young, old string
			if _, err := fmt.Sscan(c.tails, &young, &old); err != nil {
				t.Fatal(err)
			}
			read := func(want int) {
				t.Helper()
				if r, err := ReadLog(ctx, l.st, "192.0.2.1", l.name, noon); err != nil || r.Deliveries != want {
					t.Errorf("%+v, %v; want %d", r, err, want)
				}
			}
			rename := func(from, to string, age time.Duration) {
				t.Helper()
				if err := os.Rename(l.name+from, l.name+to); err != nil {
					t.Fatal(err)
				}
				if err := os.Chtimes(l.name+to, noon, noon.Add(-age)); err != nil {
					t.Fatal(err)
				}
			}
			l.append(lines(sentLine, 0, 3))
			read(3)
			l.append(lines(sentLine, 3, 2)) // not read when it is rotated, twice
			rename("", old, time.Hour)
			l.append(lines(sentLine, 10, 4))
			rename("", young, time.Minute)
			l.append(lines(sentLine, 20, 1))
			read(7)
			read(0)
			l.append(lines(sentLine, 30, 2))
			read(2)
		})
	}
}

// TestFollowCopied: the end of a log that was copied and cut before it was read is in the copy.
func TestFollowCopied(t *testing.T) {
	l := follow(t)
	l.append(secretLine)
	l.poll("old", 0)
	l.append(lines(sentLine, 0, 3))
	l.poll("new", 3)
	l.append(lines(sentLine, 3, 2))
	all, err := os.ReadFile(l.name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(l.name+".1", all, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(l.name, 0); err != nil {
		t.Fatal(err)
	}
	l.append(lines(sentLine, 40, 1))
	l.poll("the copy, and what began", 6)
	l.poll("again", 6)
}

// TestOldLines: what a log says of days before says nothing of today, and an old call for silence is over.
func TestOldLines(t *testing.T) {
	l := follow(t)
	l.append("Nov  5 12:00:00 mx postfix/smtp[9]: 4ABC: to=<a@gmail.com>, relay=gmail-smtp-in.l.google.com[192.0.2.9]:25, dsn=2.0.0, status=sent (250 OK)\n" + lines(rateLine, 0, 1))
	now := time.Date(2026, 11, 6, 15, 0, 0, 0, time.Local)
	r, err := ReadLog(ctx, l.st, "192.0.2.1", l.name, now)
	if err != nil || r.Deliveries != 1 || r.Old != 1 || r.Last.Format(time.TimeOnly) != "12:01:00" {
		t.Errorf("%+v, %v", r, err)
	}
	list, err := List(ctx, l.st, now)
	if err != nil || list[0].Today.Delivered != 0 || list[0].Today.Silences != 1 || list[0].Today.Deferred != 1 || list[0].Open(now) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestTriedAgain: a message that is put off again and again counts once a day, over restarts; each call for silence counts.
func TestTriedAgain(t *testing.T) {
	l := follow(t)
	l.append(secretLine)
	l.poll("old", 0)
	for i := range 5 {
		l.append(fmt.Sprintf(rateLine, 0, 1) + fmt.Sprintf(rateLine, 1, 1) + fmt.Sprintf(rateLine, 2, 2))
		if s := l.poll("put off", 0); s.Today.Deferred != 2 {
			t.Errorf("the %d. time: %+v", i+1, s.Today)
		}
		l.f.Close()
		l.f = NewFollower(l.st, "192.0.2.1", l.name)
	}
}

// TestNoLog: what holds no lines is refused by name, and is not read as a log without deliveries.
func TestNoLog(t *testing.T) {
	for what, put := range map[string]func(name string) error{
		"gzip":   func(name string) error { return os.WriteFile(name, []byte("\x1f\x8b\x08\x00\n\n"), 0o600) },
		"zstd":   func(name string) error { return os.WriteFile(name, []byte("\x28\xb5\x2f\xfd"), 0o600) },
		"folder": func(name string) error { return os.Mkdir(name, 0o700) },
	} {
		t.Run(what, func(t *testing.T) {
			l := follow(t)
			if err := put(l.name); err != nil {
				t.Fatal(err)
			}
			if _, err := ReadLog(ctx, l.st, "192.0.2.1", l.name, noon); !errors.Is(err, errNoFile) && !errors.Is(err, errPacked) {
				t.Errorf("read-log: %v", err)
			}
			if _, err := l.f.Poll(ctx, noon); err == nil {
				t.Error("it is followed")
			}
		})
	}
}
