package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/todoku/todoku/internal/verify"
)

// TestBatchOrder: results come in the order of the input even when the first
// message is the last to be done, and the window never holds more than its bound.
func TestBatchOrder(t *testing.T) {
	const workers, n = 4, 200
	const window = workers*batchPerJob + workers + 2
	var read atomic.Int64
	others := make(chan struct{})
	each := func(yield func(item) bool) {
		for i := range n {
			read.Store(int64(i))
			if !yield(item{name: itoa(i)}) {
				return
			}
		}
	}
	done := make(chan string, n)
	work := func(_ context.Context, j *job) {
		if j.item.name == "0" {
			<-others
		}
		done <- j.item.name
		if len(done) == workers*batchPerJob {
			close(others)
		}
		fmt.Fprintln(&j.out, j.item.name)
	}
	var out bytes.Buffer
	if err := batch(t.Context(), workers, each, work, func(j *job) error {
		if out.Len() == 0 && read.Load() > window {
			t.Errorf("%d messages were read while the first was not done", read.Load())
		}
		return copyOut(&out, j)
	}); err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Fields(out.String()) {
		if line != itoa(i) {
			t.Fatalf("line %d is %s", i, line)
		}
	}
	if got := len(strings.Fields(out.String())); got != n {
		t.Errorf("%d results", got)
	}
}

func TestBatchStops(t *testing.T) {
	broken := errors.New("disk full")
	endless := func(yield func(item) bool) {
		for yield(item{}) {
		}
	}
	nothing := func(context.Context, *job) {}
	if err := batch(t.Context(), 2, endless, nothing, func(*job) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := batch(ctx, 2, endless, nothing, func(*job) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// mailbox is an mbox of messages with LF line ends.
func mailbox(messages ...string) string {
	var b strings.Builder
	for _, m := range messages {
		b.WriteString("From MAILER-DAEMON Sun Nov 22 10:00:00 2026\n")
		for line := range strings.Lines(strings.ReplaceAll(m, "\r\n", "\n")) {
			if strings.HasPrefix(strings.TrimLeft(line, ">"), "From ") {
				b.WriteByte('>')
			}
			b.WriteString(line)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestVerifyManyMessages(t *testing.T) {
	p, _, signed := signedHello(t)
	dir := t.TempDir()
	for name, content := range map[string]string{
		"Maildir/cur/1:2,S": signed, "Maildir/new/2": signed, "Maildir/tmp/3": "junk", "Maildir/dovecot.index": "junk",
		"Maildir/.Sent/cur/4": signed, "Maildir/.Sent/new/x": signed, "folder/b.eml": signed, "folder/a.eml": signed, "folder/.hidden": "junk",
		"folder/deeper/c.eml": signed, "box.mbox": mailbox(signed, signed, signed), "one.eml": signed,
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"verify", "--json", "--jobs", "3"}
	for _, name := range []string{"Maildir", "folder", "box.mbox", "one.eml", "-"} {
		if name != "-" {
			name = filepath.Join(dir, name)
		}
		args = append(args, name)
	}
	r := p.with(mailbox(signed)).run(append(args, envelope...)...).want(t, 0)
	want := []string{
		"Maildir/.Sent/cur/4", "Maildir/.Sent/new/x", "Maildir/cur/1:2,S", "Maildir/new/2",
		"folder/a.eml", "folder/b.eml", "folder/deeper/c.eml",
		"box.mbox#1", "box.mbox#2", "box.mbox#3", "one.eml", "-#1",
	}
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d:\n%s", len(lines), len(want), r.out)
	}
	for i, line := range lines {
		v := ran{out: line}.json(t)
		file, _ := at(t, v, "file").(string)
		if file = filepath.ToSlash(strings.TrimPrefix(file, dir+string(filepath.Separator))); file != want[i] {
			t.Errorf("line %d is %s, want %s", i, file, want[i])
		}
		if at(t, v, "dmarc", "result") != "pass" {
			t.Errorf("%s: %v", file, at(t, v, "dmarc"))
		}
	}
	text := p.run(append([]string{"verify", filepath.Join(dir, "folder")}, envelope...)...).want(t, 0)
	if got := strings.Count(text.out, "\n"); got != 3 || !strings.Contains(text.err, "3 messages") {
		t.Errorf("want a line for each and a sum: %q %q", text.out, text.err)
	}
	empty := t.TempDir()
	p.run("verify", empty).want(t, 3)

	// A link that is given is followed; one that is found (here to its own folder) is not.
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Join(dir, "folder"), link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(".", filepath.Join(dir, "folder", "again")); err != nil {
		t.Fatal(err)
	}
	linked := p.run(append([]string{"verify", "--json", link}, envelope...)...).want(t, 0)
	if strings.Count(linked.out, "\n") != 3 || !strings.Contains(linked.out, filepath.Join(link, "a.eml")) {
		t.Errorf("through a link: %q %q", linked.out, linked.err)
	}
}

func TestProgress(t *testing.T) {
	p, _, signed := signedHello(t)
	r := p.run("verify", "--progress", write(t, "a", mailbox(signed, signed))).want(t, 0)
	if !strings.Contains(r.err, "messages") || !strings.Contains(r.err, "%") {
		t.Errorf("%q", r.err)
	}
	if strings.Contains(r.out, "%") {
		t.Error("the bar is on stdout")
	}
}

func TestTooLarge(t *testing.T) {
	p := newProgram(t, shop())
	path := filepath.Join(t.TempDir(), "big.eml")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(verify.MaxMessage + 1); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if r := p.run("verify", path).want(t, 3); !strings.Contains(r.err, "larger than 64 MiB") {
		t.Errorf("%q", r.err)
	}
	p.run("dkim", "verify", path).want(t, 3)
}

// TestBatchKeepsPanics: what a defect of ours does to one message is told of that one alone.
func TestBatchKeepsPanics(t *testing.T) {
	a := &app{lang: "en"}
	work := a.kept(func(_ context.Context, j *job) {
		if j.item.err != nil {
			j.outcome.err = j.item.err
			return
		}
		j.out.WriteString("half")
		panic("index out of range\n\ngoroutine 1")
	})
	j := &job{item: item{name: "x.eml"}}
	work(t.Context(), j)
	if err := j.outcome.err; err == nil || !strings.HasPrefix(err.Error(), "x.eml: ") || !strings.HasSuffix(err.Error(), "index out of range") || j.out.Len() > 0 {
		t.Errorf("%v, %q", err, j.out.String())
	}
}
