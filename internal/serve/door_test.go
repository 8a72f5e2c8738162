package serve

import "testing"

func TestExposed(t *testing.T) {
	for _, c := range []struct {
		at   string
		c    Config
		want bool
	}{
		{"127.0.0.1:8025", Config{}, false}, {"[::1]:8025", Config{}, false}, {"127.0.0.2:80", Config{}, false}, {"localhost:8025", Config{}, false},
		{"0.0.0.0:8025", Config{}, true}, {"[::]:8025", Config{}, true}, {"192.0.2.1:80", Config{}, true}, {"example.com:80", Config{}, true}, {":80", Config{}, true},
		{"127.0.0.1:8025", Config{HTTPHosts: []string{"todoku.example.com"}}, true}, {"127.0.0.1:8025", Config{PublicURL: "https://todoku.example.com"}, true},
		{"127.0.0.1:8025", Config{Public: true}, true}, {"nonsense", Config{}, true},
	} {
		if got := exposed(c.at, c.c); got != c.want {
			t.Errorf("%s %+v: %t", c.at, c.c, got)
		}
	}
}
