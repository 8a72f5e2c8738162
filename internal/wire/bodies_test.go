package wire

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
)

// naive is RFC 6376 sections 3.4.3 and 3.4.4 read aloud.
func naive(c Canonicalization, body string) string {
	lines := strings.Split(body, "\r\n")
	// What follows the last CRLF is a line of its own unless it is empty.
	if c == Relaxed {
		for i, l := range lines {
			l = strings.ReplaceAll(l, "\t", " ")
			for strings.Contains(l, "  ") {
				l = strings.ReplaceAll(l, "  ", " ")
			}
			lines[i] = strings.TrimSuffix(l, " ")
		}
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	if len(lines) == 0 {
		if c == Relaxed {
			return ""
		}
		return "\r\n"
	}
	return strings.Join(lines, "\r\n") + "\r\n"
}

// check compares Bodies with the naive canonicalization, the body cut by next.
func check(t *testing.T, body string, limits []int64, next func(left int) int) {
	t.Helper()
	b := NewBodies()
	for _, c := range []Canonicalization{Simple, Relaxed} {
		for _, l := range limits {
			if !b.Want(c, l) {
				t.Fatalf("Want(%v, %d) = false", c, l)
			}
		}
	}
	for rest := body; rest != ""; {
		n := min(max(next(len(rest)), 0), len(rest))
		if _, err := b.Write([]byte(rest[:n])); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	for _, c := range []Canonicalization{Simple, Relaxed} {
		want := naive(c, body)
		for _, l := range limits {
			prefix := want
			if l >= 0 && l < int64(len(want)) {
				prefix = want[:l]
			}
			sum, n, ok := b.Sum(c, l)
			if !ok || n != int64(len(want)) || sum != sha256.Sum256([]byte(prefix)) {
				t.Fatalf("%v l=%d: length %d (want %d), ok %v, or another hash; body %.200q", c, l, n, len(want), ok, body)
			}
		}
	}
}

var bodySamples = []string{
	"", "\r\n", "\r\n\r\n\r\n", " ", " \r\n", "\t\r\n \t \r\n", "a", "a\r\n", "a \r\n", "a  b\tc \t\r\n\r\n \r\n",
	" C \r\nD \t E\r\n\r\n\r\n", "a\rb", "a\nb", "a\r", "a \r", "a \r\r\n", "a\r\r\n", "a \n\r\n", "\n\n\n", "\r\r\r", "\r\n\r",
	"a\r\n\r\r\n", "\x00\r\n \x00 ", "x !  y", " !! !\r\n", "12345678 \r\n", "1234567 \t8\r\n", "1234567\t", "\xe3\x81\x82\xa0 \xa0\r\n",
	"a \r b \r\n", "a\r\n.\r\n", "\r\n\r\na", "  a", "\ta\t", "1234567 ", "12345678 ", "1234567 \r", "1234567 \r\n", "a     \r\n     b",
}

// TestBodiesRFC6376 holds the example of section 3.4.5 and the empty bodies of 3.4.3 and 3.4.4.
func TestBodiesRFC6376(t *testing.T) {
	for _, c := range []struct {
		c    Canonicalization
		body string
		want string
	}{
		{Relaxed, " C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"},
		{Simple, " C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n"},
		{Simple, "", "\r\n"},
		{Relaxed, "", ""},
		{Simple, "a", "a\r\n"},
		{Relaxed, "a", "a\r\n"},
	} {
		b := NewBodies()
		b.Want(c.c, -1)
		if _, err := b.Write([]byte(c.body)); err != nil {
			t.Fatal(err)
		}
		sum, n, ok := b.Sum(c.c, -1)
		if !ok || n != int64(len(c.want)) || sum != sha256.Sum256([]byte(c.want)) {
			t.Errorf("%v of %q is not %q (length %d)", c.c, c.body, c.want, n)
		}
		if got := naive(c.c, c.body); got != c.want {
			t.Errorf("the reference of this test gives %q for %q", got, c.body)
		}
	}
}

func TestBodiesChunks(t *testing.T) {
	limits := []int64{-1, 0, 1, 2, 3, 5, 9, 1 << 40}
	for _, body := range bodySamples {
		for size := 1; size <= len(body)+1; size++ {
			check(t, body, limits, func(int) int { return size })
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		body := randomBody(r, 1+r.IntN(1500))
		check(t, body, limits, func(left int) int { return r.IntN(min(left, 1+r.IntN(900)) + 1) })
	}
}

// randomBody mixes what canonicalization cares about with stretches of text on
// both sides of the length that is hashed in place.
func randomBody(r *rand.Rand, n int) string {
	words := []string{" ", " ", "  ", "\t", "\r\n", "\r\n", "\r", "\n", "\r\n\r\n", " \r\n", "!", "a", "word", "\x00", "\xff", "1234567", strings.Repeat("long text ", 70)}
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(words[r.IntN(len(words))])
	}
	return b.String()
}

// TestAttack11 feeds the bodies of attack case 11: everything stays linear and correct.
func TestAttack11(t *testing.T) {
	const mb = 1 << 20
	for name, body := range map[string]string{
		"a million empty lines":             strings.Repeat("\r\n", mb),
		"a million empty lines, then text":  strings.Repeat("\r\n", mb) + "x",
		"eight megabytes of spaces":         strings.Repeat(" ", 8*mb) + "x",
		"eight megabytes of spaces at end":  "x" + strings.Repeat(" ", 8*mb) + "\r\n",
		"tabs and spaces in turn":           strings.Repeat("\t ", mb),
		"a line of five megabytes":          strings.Repeat("x", 5*mb),
		"words and tabs":                    strings.Repeat("x\t", mb),
		"bare LF":                           strings.Repeat("line\n", mb/4),
		"bare CR":                           strings.Repeat("line \r", mb/4),
		"CR CR LF":                          strings.Repeat("line \r\r\n", mb/4),
		"NUL":                               strings.Repeat("\x00 ", mb),
		"lines of one space":                strings.Repeat(" \r\n", mb),
		"no final CRLF":                     strings.Repeat("text\r\n", mb/8) + "end",
		"a CR that never finds its LF":      strings.Repeat("\r", mb),
		"spaces that look like ends to SSE": strings.Repeat(" !", mb),
	} {
		t.Run(name, func(t *testing.T) {
			check(t, body, []int64{-1, 1000, 1 << 30}, func(int) int { return 65535 })
		})
	}
}

func TestBodiesBounds(t *testing.T) {
	b := NewBodies()
	for i := range int64(40) {
		if got, want := b.Want(Simple, i), i < maxWanted; got != want {
			t.Fatalf("Want number %d = %v", i, got)
		}
	}
	if !b.Want(Simple, 3) {
		t.Error("a hash already wanted must be granted again")
	}
	if b.Want(Relaxed, -1) {
		t.Error("33 distinct hashes were granted")
	}
	if _, _, ok := b.Sum(Relaxed, -1); ok {
		t.Error("Sum gives a hash that was refused")
	}
	if _, err := b.Write([]byte("x")); err == nil {
		t.Error("Write after Sum must fail")
	}
	b = NewBodies()
	b.Want(Simple, -1)
	if _, err := b.Write([]byte("a")); err != nil {
		t.Fatal(err)
	}
	if b.Want(Relaxed, -1) || b.Want(Simple, 1) {
		t.Error("a hash was granted after the body began")
	}
	first, _, _ := b.Sum(Simple, -1)
	again, n, ok := b.Sum(Simple, -1)
	if first != again || n != 3 || !ok {
		t.Error("Sum is not idempotent")
	}
}

// TestBodiesSharedSum: the verifiers of one message ask for its hashes at the same time.
func TestBodiesSharedSum(t *testing.T) {
	want := sha256.Sum256([]byte("text\r\n"))
	for range 2000 {
		b := NewBodies()
		b.Want(Relaxed, -1)
		if _, err := b.Write([]byte("text\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				if sum, n, ok := b.Sum(Relaxed, -1); sum != want || n != 6 || !ok {
					t.Errorf("length %d, %v, or another hash", n, ok)
				}
			})
		}
		wg.Wait()
	}
}

// TestBodiesMemory: memory does not grow with the body.
func TestBodiesMemory(t *testing.T) {
	chunk := []byte(strings.Repeat("some  text with\ttabs \r\n\r\n", 1000))
	for _, n := range []int{1, 400} {
		allocs := testing.AllocsPerRun(3, func() {
			b := NewBodies()
			b.Want(Simple, -1)
			b.Want(Relaxed, -1)
			for range n {
				if _, err := b.Write(chunk); err != nil {
					t.Fatal(err)
				}
			}
			b.Sum(Relaxed, -1)
		})
		if allocs > 8 {
			t.Errorf("%v allocations for %d chunks", allocs, n)
		}
	}
}

func FuzzBodies(f *testing.F) {
	for _, s := range bodySamples {
		f.Add([]byte(s), uint64(1), int64(3))
	}
	f.Fuzz(func(t *testing.T, body []byte, seed uint64, limit int64) {
		r := rand.New(rand.NewPCG(seed, 0))
		check(t, string(body), []int64{-1, max(limit, -1)}, func(left int) int { return r.IntN(left + 1) })
	})
}

// The bodies mail is made of.
var bodyKinds = map[string]func(n int) []byte{
	"text": func(n int) []byte {
		return repeat("The quick brown fox jumps over the lazy dog, and then it sleeps a bit.\r\n", n)
	},
	"base64": func(n int) []byte {
		return repeat("TWFuIGlzIGRpc3Rpbmd1aXNoZWQsIG5vdCBvbmx5IGJ5IGhpcyByZWFzb24sIGJ1dCBieSB0aGlz\r\n", n)
	},
	"quoted-printable": func(n int) []byte {
		return repeat("Gr=C3=BC=C3=9Fe aus M=C3=BCnchen, und sch=C3=B6ne Tage =E2=80=93 bis bald. =\r\n", n)
	},
	"html": func(n int) []byte {
		return repeat("        <td style=\"padding: 0 4px\">\r\n            <a href=\"https://example.com/x?y=z\">text</a>\r\n        </td>\r\n", n)
	},
	"html-short": func(n int) []byte {
		return repeat("    <tr>\r\n      <td style=\"padding: 0 4px; color: #333\">\r\n        <a href=\"https://example.com/offers?campaign=42&amp;user=1234567\">See all offers of this week</a>\r\n      </td>\r\n    </tr>\r\n", n)
	},
	"double-spaced": func(n int) []byte { return repeat("One sentence.  Two sentences.  Three.  And  so  on. \r\n", n) },
	"tabs":          func(n int) []byte { return repeat("\tcolumn\tcolumn\tcolumn\tcolumn\r\n", n) },
}

func repeat(s string, n int) []byte { return bytes.Repeat([]byte(s), n/len(s)+1)[:n] }

func BenchmarkBodies(b *testing.B) {
	for _, size := range []int{10 << 10, 1 << 20} {
		for kind, make := range bodyKinds {
			body := make(size)
			for _, c := range []Canonicalization{Simple, Relaxed} {
				b.Run(fmt.Sprintf("%dKB/%s/%v", size>>10, kind, c), func(b *testing.B) {
					b.SetBytes(int64(size))
					b.ReportAllocs()
					for b.Loop() {
						w := NewBodies()
						w.Want(c, -1)
						_, _ = w.Write(body)
						w.Sum(c, -1)
					}
				})
			}
		}
	}
}

// BenchmarkBodiesFloor is the bare hash of as many octets.
func BenchmarkBodiesFloor(b *testing.B) {
	for _, size := range []int{10 << 10, 1 << 20} {
		body := bodyKinds["text"](size)
		b.Run(fmt.Sprintf("%dKB", size>>10), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				sha256.Sum256(body)
			}
		})
	}
}
