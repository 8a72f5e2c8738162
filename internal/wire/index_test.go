package wire

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func indexOf(fields []string) *Index {
	return NewIndex(len(fields), func(i int) []byte { return []byte(fields[i]) })
}

// TestIndexRFC6376Section5_4_2: the lowest of several fields first, each once, and
// nothing for a name that has none left.
func TestIndexRFC6376Section5_4_2(t *testing.T) {
	long := strings.Repeat("x", 50)
	x := indexOf([]string{"A: 1\r\n", "b : 2\r\n", "no field\r\n", "a: 3\r\n", ": 4\r\n", long + "Y: 5\r\n", long + "z: 6\r\n", "A\t: 7\r\n"})
	for _, c := range []struct {
		names, want string
		self        int
	}{
		{"a", "a:7\r\n", -1},
		{"a:b:A:B:a:a", "a:7\r\nb:2\r\na:3\r\na:1\r\n", -1},
		{"a:a:a", "a:3\r\na:1\r\n", 7}, // section 3.7: without its own field
		{"c:no field:" + long + ":" + long + "Z:" + long + "y", long + "z:6\r\n" + long + "y:5\r\n", 0},
	} {
		x.Begin(c.self)
		if got, _ := x.AppendSigned(nil, Relaxed, strings.Split(c.names, ":")); string(got) != c.want {
			t.Errorf("%q: %q, want %q", c.names, got, c.want)
		}
	}
	x.Begin(-1)
	if _, longest := x.AppendSigned(nil, Simple, []string{"a", long + "z", "b"}); longest != 6 {
		t.Errorf("the longest is %d", longest)
	}
	if _, longest := x.AppendSigned(nil, Simple, []string{"c"}); longest != -1 {
		t.Errorf("the longest of none is %d", longest)
	}
}

// TestIndexAnything holds the index against a search of all fields.
func TestIndexAnything(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		fields := make([]string, rnd.IntN(100))
		for i := range fields {
			fields[i] = fmt.Sprintf("%s%d: %d\r\n", []string{"X-", "x-", "Subject", strings.Repeat("long", 12)}[rnd.IntN(4)], rnd.IntN(20), i)
		}
		names := make([]string, rnd.IntN(60))
		for i := range names {
			names[i] = fmt.Sprintf("%s%d", []string{"x-", "X-", "sUBJECT", strings.Repeat("LONG", 12)}[rnd.IntN(4)], rnd.IntN(20))
		}
		var want []byte
		used := make([]bool, len(fields))
		for _, name := range names {
			for i := len(fields) - 1; i >= 0; i-- {
				if own, _, _ := strings.Cut(fields[i], ":"); !used[i] && strings.EqualFold(own, name) {
					used[i] = true
					want = AppendHeader(want, Relaxed, []byte(fields[i]))
					break
				}
			}
		}
		x := indexOf(fields)
		x.Begin(-1)
		got, _ := x.AppendSigned(nil, Relaxed, names)
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Fatal(d)
		}
	}
}

// TestIndexWork counts how often a field is looked at for names that no field has: of
// fields and names that begin alike, that differ in the case of letters alone at most,
// or in octets that differ as upper and lower case do and are no letters.
func TestIndexWork(t *testing.T) {
	const fields, names = 9000, 900
	twins := func(n int) string { // one of 2^14 names
		b := []byte("x--------------")
		for i := range 14 {
			b[i+1] = "[{"[n>>i&1]
		}
		return string(b)
	}
	for what, name := range map[string]func(i int) string{
		"a long common beginning": func(i int) string { return fmt.Sprintf("%s%05d", strings.Repeat("x", 48), i) },
		"a longer one, and an end": func(i int) string {
			return fmt.Sprintf("%s%05d%s", strings.Repeat("X", 300), i, strings.Repeat("x", 100))
		},
		"a difference that is no case": twins,
	} {
		looks := 0
		raw := make([][]byte, fields)
		for i := range raw {
			raw[i] = []byte(name(i) + ": 1\r\n")
		}
		x := NewIndex(fields, func(i int) []byte { looks++; return raw[i] })
		absent := make([]string, names)
		for i := range absent {
			absent[i] = name(fields + i)
		}
		looks = 0
		x.Begin(-1)
		if out, _ := x.AppendSigned(nil, Relaxed, absent); len(out) > 0 {
			t.Errorf("%s: found %.60q", what, out)
		}
		if looks > 4*names { // there are at least twice as many hashes as fields
			t.Errorf("%s: %d looks at a field for %d names", what, looks, names)
		}
		x.Begin(-1)
		if _, longest := x.AppendSigned(nil, Relaxed, []string{strings.ToUpper(name(7))}); longest != 7 {
			t.Errorf("%s: in upper case it is field %d", what, longest)
		}
	}
}

// TestFold holds fold against lower, for each octet at each place.
func TestFold(t *testing.T) {
	for c := range 256 {
		for at := range 16 {
			b := []byte(strings.Repeat("\xffaZ\x00", 4))
			b[at] = byte(c)
			want := make([]byte, len(b))
			for i := range b {
				want[i] = lower(b[i])
			}
			if fold(b); string(b) != string(want) {
				t.Fatalf("%#02x at %d: %q, want %q", c, at, b, want)
			}
		}
	}
}

func BenchmarkIndex(b *testing.B) {
	var fields [][]byte
	for _, name := range []string{"Return-Path", "Received", "Received", "Received", "DKIM-Signature", "Date", "From", "To", "Message-ID", "Subject", "MIME-Version",
		"Content-Type", "Content-Transfer-Encoding", "List-Unsubscribe", "List-Unsubscribe-Post", "X-Mailer-Information-Of-The-Sender"} {
		fields = append(fields, []byte(name+": some value\r\n"))
	}
	names := strings.Split("from:to:subject:date:message-id:content-type:mime-version:list-unsubscribe:from", ":")
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		x := NewIndex(len(fields), func(i int) []byte { return fields[i] })
		x.Begin(-1)
		dst, _ = x.AppendSigned(dst[:0], Relaxed, names)
		x.Release()
	}
}
