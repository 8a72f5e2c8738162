package cli

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/internal/verify"
)

func readMbox(t testing.TB, text string, buffer int) []string {
	t.Helper()
	m := newMboxReader(bufio.NewReaderSize(strings.NewReader(text), buffer))
	var out []string
	for {
		raw, err := m.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(raw))
	}
}

func TestMbox(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"two", "From a@x Sun Nov 22 10:00:00 2026\nA: 1\n\nx\n\nFrom b@x Sun Nov 22 10:00:00 2026\nB: 2\n\ny\n\n", []string{"A: 1\n\nx\n", "B: 2\n\ny\n"}},
		{"no empty line at the end", "From a@x 10:00 2026\nA: 1\n\nx", []string{"A: 1\n\nx"}},
		{"mboxrd quoting", "From a\nA: 1\n\n>From here\n>>From there\n> From no\n\n", []string{"A: 1\n\nFrom here\n>From there\n> From no\n"}},
		{"an unquoted sentence", "From a\nA: 1\n\nFrom now on, all is well.\n\nFrom now on, too.\n\n", []string{"A: 1\n\nFrom now on, all is well.\n\nFrom now on, too.\n"}},
		{"From in the middle of a paragraph", "From a\nA: 1\n\ntext\nFrom b@x Sun Nov 22 10:00:00 2026\n\n", []string{"A: 1\n\ntext\nFrom b@x Sun Nov 22 10:00:00 2026\n"}},
		{"CRLF", "From a 10:00\r\nA: 1\r\n\r\nx\r\n\r\nFrom b 10:00\r\nB: 1\r\n\r\ny\r\n\r\n", []string{"A: 1\r\n\r\nx\r\n", "B: 1\r\n\r\ny\r\n"}},
		{"an address only", "From a@x\nA: 1\n\n\nFrom b@x\nB: 1\n\n", []string{"A: 1\n\n", "B: 1\n"}},
		{"long lines", "From a\nA: 1\n\n" + strings.Repeat("x", 5000) + "\n\n", []string{"A: 1\n\n" + strings.Repeat("x", 5000) + "\n"}},
		{"a line as long as the buffer", "From a\nA: 1\n\n" + strings.Repeat("x", 4096) + "\nFrom b@x\n\n", []string{"A: 1\n\n" + strings.Repeat("x", 4096) + "\nFrom b@x\n"}},
		{"a From_ line alone", "From a@x Sun Nov 22 10:00:00 2026\n", []string{""}},
		{"a From_ line alone at the end", "From a@x\nA: 1\n\nx\n\nFrom b@x\n", []string{"A: 1\n\nx\n", ""}},
		{"nothing", "", nil},
	} {
		for _, buffer := range []int{4096, 64 << 10} {
			if d := cmp.Diff(c.want, readMbox(t, c.text, buffer)); d != "" {
				t.Errorf("%s, buffer %d:\n%s", c.name, buffer, d)
			}
		}
	}
}

// A field with white space before its colon is no From_ line: to drop it would hide an
// author from DMARC (RFC 5322 section 4.5.8).
func TestMboxOrFromField(t *testing.T) {
	for text, want := range map[string]bool{
		"From a@b.example Sun Nov 22 10:00:00 2026\nA: 1\n": true,
		"From \nA: 1\n": true,
		"From a@b.example Sun Nov 22 10:00:00 2026\rA: 1\r\rx\r": false, // else all of it is the From_ line, and nothing is judged
		"From: a@b.example\n":               false,
		"From : a@b.example\n":              false,
		"From \t : a@b.example\r\n\r\n":     false,
		"From " + strings.Repeat(" ", 5000): false,
		"From":                              false,
		"":                                  false,
	} {
		if got := isMbox(bufio.NewReaderSize(strings.NewReader(text), 64<<10)); got != want {
			t.Errorf("%.40q: %v", text, got)
		}
	}
}

// TestMboxTooLarge: a message over the limit is reported, and the next one is read.
func TestMboxTooLarge(t *testing.T) {
	line := strings.Repeat("x", 1<<20) + "\n"
	in := io.MultiReader(
		strings.NewReader("From a\nA: 1\n\n"),
		io.LimitReader(&endless{line: line}, verify.MaxMessage+5<<20),
		strings.NewReader("\n\nFrom b\nB: 1\n\n"),
	)
	m := newMboxReader(bufio.NewReaderSize(in, 64<<10))
	if _, err := m.Next(); !errors.Is(err, errTooLarge) {
		t.Fatalf("%v", err)
	}
	raw, err := m.Next()
	if err != nil || string(raw) != "B: 1\n" {
		t.Fatalf("%q %v", raw, err)
	}
}

type endless struct {
	line string
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.line[e.at:])
	e.at = (e.at + n) % len(e.line)
	return n, nil
}

func FuzzMbox(f *testing.F) {
	f.Add([]byte("From a 10:00\nA: 1\n\n>From x\n\nFrom b\nB: 2\n\n"))
	f.Add([]byte("From \n\nFrom \n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		m := newMboxReader(bufio.NewReaderSize(bytes.NewReader(in), 64))
		total := 0
		for n := 0; ; n++ {
			raw, err := m.Next()
			if err != nil {
				break
			}
			if total += len(raw); total > len(in) || n > len(in) {
				t.Fatalf("%d messages, %d octets from %d", n, total, len(in))
			}
		}
		if m.consumed != int64(len(in)) {
			t.Errorf("read %d of %d octets", m.consumed, len(in))
		}
	})
}
