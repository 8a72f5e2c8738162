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
