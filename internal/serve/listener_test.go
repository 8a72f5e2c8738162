package serve

import (
	"io"
	"net"
	"testing"
)

// TestConnectionLimits: connections too many are hung up on, others go on, and a closed one makes room.
func TestConnectionLimits(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := limit(inner, 10, 2, 1)
	defer l.Close()
	accepted := make(chan net.Conn, 10)
	go func() {
		defer close(accepted)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	dial()
	dial()
	first, second := <-accepted, <-accepted
	if _, err := io.ReadAll(dial()); err != nil { // the end of the connection, not a hang
		t.Log(err)
	}
	count := func() (total, clients int) {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.total, len(l.clients)
	}
	if n, _ := count(); n != 2 {
		t.Errorf("%d connections are counted", n)
	}
	_ = first.Close()
	_ = first.Close() // net/http may close twice
	dial()
	third := <-accepted
	_, _ = second.Close(), third.Close()
	if n, clients := count(); n != 0 || clients != 0 {
		t.Errorf("%d connections of %d clients are still counted", n, clients)
	}
}

func TestConnectionLimitsFar(t *testing.T) {
	l := limit(nil, 3, 9, 2)
	at := func(s string) bool {
		a, err := net.ResolveTCPAddr("tcp", s)
		if err != nil {
			t.Fatal(err)
		}
		_, ok := l.take(a)
		return ok
	}
	for i, c := range []struct {
		from string
		want bool
	}{
		{"[2001:db8::1]:1", true}, {"[2001:db8::2]:1", true}, {"[2001:db8::3]:1", false}, // one /64 is one client
		{"192.0.2.1:1", true}, {"127.0.0.1:1", false}, // full
	} {
		if got := at(c.from); got != c.want {
			t.Errorf("%d: %s is accepted: %v", i, c.from, got)
		}
	}
}
