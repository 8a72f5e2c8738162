package socketmap

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func lookup(table, key string) (string, bool) {
	switch table {
	case "upper":
		return strings.ToUpper(key), true
	case "broken":
		return "a\nb", true
	}
	return "", false
}

func start(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	s := Server{Lookup: lookup}
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

func TestAnswers(t *testing.T) {
	c, err := net.Dial("tcp", start(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r := bufio.NewReader(c)
	for request, want := range map[string]string{
		"upper a@b.example": "OK A@B.EXAMPLE",
		"upper a b":         "OK A B",
		"upper ":            "OK ",
		"none a":            "NOTFOUND ",
		"broken a":          "NOTFOUND ",
		"nokey":             "PERM no table or no key",
		"":                  "PERM no table or no key",
	} {
		if _, err := io.WriteString(c, netstring(request)); err != nil {
			t.Fatal(err)
		}
		if got, err := readNetstring(r); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", request, got, err, want)
		}
	}
}

// TestNoRequest: what is no netstring, or a large one, ends the connection.
func TestNoRequest(t *testing.T) {
	addr := start(t)
	for _, bad := range []string{"x", ":,", "3:abcd", "99999:", "999999999999999999:", "-1:,", "get a\n", "3;abc,"} {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, bad)
		if rest, _ := io.ReadAll(c); len(rest) > 0 {
			t.Errorf("%q: answered %q", bad, rest)
		}
		c.Close()
	}
}

func FuzzNetstring(f *testing.F) {
	for _, s := range []string{"3:abc,", "0:,", ":", "4096:", "00003:abc,"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := readNetstring(bufio.NewReader(strings.NewReader(s)))
		if err == nil && !strings.Contains(s, ":"+got+",") {
			t.Errorf("%q from %q", got, s)
		}
	})
}
