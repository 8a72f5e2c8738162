package tomlline

import (
	"fmt"
	"testing"

	"github.com/knadh/koanf/parsers/toml/v2"
)

const example = `a = 1
# default.temperror = "in a remark"
"b c" = [
  "x = 1",
]
[default]
temperror = "defer"
[milter . key]
x.y = 2
[[rule]]
to = 1
[[rule]] # the second
  to = 2
[senders]
"*" = ["a"]
'q' = 1
`

func TestOf(t *testing.T) {
	for _, c := range []struct {
		path []string
		want int
	}{
		{[]string{"a"}, 1}, {[]string{"b c"}, 3}, {[]string{"default"}, 6}, {[]string{"default", "temperror"}, 7}, {[]string{"milter", "key", "x", "y"}, 9},
		{[]string{"rule", "1", "to"}, 11}, {[]string{"rule", "2"}, 12}, {[]string{"rule", "2", "to"}, 13}, {[]string{"rule", "3"}, 0}, {[]string{"senders", "*"}, 15},
		{[]string{"senders", "q"}, 16}, {[]string{"temperror"}, 0}, {nil, 0},
	} {
		if got := Of([]byte(example), c.path...); got != c.want {
			t.Errorf("%q: line %d, want %d", c.path, got, c.want)
		}
	}
}

// TestError: the parser of the settings says where it stopped.
func TestError(t *testing.T) {
	_, err := toml.Parser().Unmarshal([]byte("a = 1\nb = \n"))
	if err == nil || Error(fmt.Errorf("read: %w", err)) != 2 {
		t.Errorf("%v: line %d", err, Error(err))
	}
	if Error(fmt.Errorf("another")) != 0 {
		t.Error("a line of nothing")
	}
}

func TestNearest(t *testing.T) {
	known := []string{"authserv-id", "seal-domain", "key", "to"}
	for word, want := range map[string]string{"authserv-idd": "authserv-id", "autserv-id": "authserv-id", "kye": "key", "yek": "", "kei": "key", "sealing": "", "seal_domain": "seal-domain", "": ""} {
		if got := Nearest(word, known); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

func FuzzOf(f *testing.F) {
	f.Add([]byte(example), "rule", "2")
	f.Fuzz(func(t *testing.T, text []byte, a, b string) {
		if n := Of(text, a, b); n < 0 || n > len(text)+1 {
			t.Errorf("line %d", n)
		}
		Nearest(a, []string{b})
	})
}
