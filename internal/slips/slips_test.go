package slips

import (
	"strings"
	"testing"
)

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"include", "include", 0}, {"inclue", "include", 1}, {"inclulde", "include", 1}, {"unclude", "include", 1},
		{"inlcude", "include", 1}, {"ab", "ba", 1}, {"kitten", "sitting", 3}, {"", "abc", 3}, {"abc", "", 3},
		{strings.Repeat("a", 64), strings.Repeat("a", 64), 0}, {strings.Repeat("a", 65), strings.Repeat("a", 65), 64}, {"a", strings.Repeat("a", 1<<20), 64},
	} {
		if got := Distance(c.a, c.b); got != c.want {
			t.Errorf("%.20q %.20q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
