package milter

import (
	"encoding/binary"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Case 37: what no mail server says ends its connection, and only that.
func TestCase37_BrokenPackets(t *testing.T) {
	l, _ := startServer(t, &Server{Options: every}, "tcp")
	good := dial(t, l) // lives through all of it
	good.negotiate(postfixOffer)
	begin := append([]string{postfixOffer, connectPacket}, wholeMessage[:6]...)
	raw := func(packets ...string) string {
		var b []byte
		for _, p := range packets {
			b = append(b, encode(p[0], p[1:])...)
		}
		return string(b)
	}
	size := func(n uint32, rest string) string { return string(binary.BigEndian.AppendUint32(nil, n)) + rest }
	for name, sent := range map[string]string{
		"length 0":                   size(0, "O"),
		"length 4 GB":                size(1<<32-1, "Oxxxx"),
		"length beyond the limit":    size(1<<20+1, "O"),
		"unknown command":            raw(postfixOffer, "@x"),
		"command before negotiation": raw("Hx\x00"),
		"negotiation too short":      raw("O\x00\x00\x00\x06"),
		"negotiation of version 1":   raw(offer(1, 1, 1)),
		"second negotiation":         raw(postfixOffer, postfixOffer),
		"second client":              raw(postfixOffer, connectPacket, connectPacket),
		"client without a family":    raw(postfixOffer, "Cx\x00"),
		"client of no family":        raw(postfixOffer, "Cx\x00Z\x00\x00y\x00"),
		"client of no address":       raw(postfixOffer, "Cx\x004\x00\x00999.1.1.1\x00"),
		"client without a port":      raw(postfixOffer, "Cx\x004\x00"),
		"recipient without message":  raw(postfixOffer, connectPacket, "R<a@x>\x00"),
		"body without message":       raw(postfixOffer, connectPacket, "Bx"),
		"end without message":        raw(postfixOffer, connectPacket, "E"),
		"header after body":          raw(append(begin[:len(begin):len(begin)], "N", "Bx", "LA\x00b\x00")...),
		"recipient after header":     raw(append(begin[:len(begin):len(begin)], "R<a@x>\x00")...),
		"second end of header":       raw(append(begin[:len(begin):len(begin)], "N", "N")...),
		"header without value":       raw(append(begin[:len(begin):len(begin)], "LA")...),
		"path without end":           raw(postfixOffer, connectPacket, "M<a@x>"),
		"1000 parameters":            raw(postfixOffer, connectPacket, "M<a@x>\x00"+strings.Repeat("A=B\x00", 1000)),
		"macros of nothing":          raw(postfixOffer, "D"),
		"macro without value":        raw(postfixOffer, "DCj\x00"),
		"macro 100,000 long":         raw(postfixOffer, "DCj\x00"+strings.Repeat("x", 100_000)+"\x00"),
		"10,000 macros":              raw(postfixOffer, "DC"+strings.Repeat("a\x00b\x00", 10_000)),
	} {
		c := dial(t, l)
		if _, err := c.conn.Write([]byte(sent)); err != nil {
			t.Fatal(err)
		}
		for {
			p, err := c.read()
			if err != nil {
				if strings.Contains(err.Error(), "timeout") {
					t.Errorf("%s: the connection stayed open", name)
				}
				break
			}
			if p.code != 'O' {
				t.Errorf("%s: answered %v", name, p)
			}
		}
	}
	good.say(append([]string{connectPacket}, wholeMessage...)...)
	good.hear('c')
}

// Case 37: packets of more than 64 KB, which Sendmail can send, and data with the end of the body.
func TestCase37_LargePackets(t *testing.T) {
	l, log := startServer(t, &Server{Options: every}, "tcp")
	c := dial(t, l)
	c.negotiate(postfixOffer)
	c.say(connectPacket, "M<a@x>\x00", "LLong\x00 "+strings.Repeat("y", 300_000)+"\x00", "N", "B"+strings.Repeat("z", 900_000), "Eend")
	c.hear('c')
	s := log.String()
	if n := strings.Count(s, "y"); n < 300_000 || !strings.Contains(s, "eom 900003") {
		t.Errorf("%d octets of the header came; %s", n, s[max(0, len(s)-100):])
	}
}

// Case 37: cut off in the middle, anywhere.
func TestCase37_TruncatedAnywhere(t *testing.T) {
	l, _ := startServer(t, &Server{Options: every}, "tcp")
	var all []byte
	for _, p := range append([]string{postfixOffer, connectPacket}, wholeMessage...) {
		all = append(all, encode(p[0], p[1:])...)
	}
	for n := range all {
		c := dial(t, l)
		if _, err := c.conn.Write(all[:n]); err != nil {
			t.Fatal(err)
		}
		c.conn.Close()
	}
	c := dial(t, l)
	c.negotiate(postfixOffer)
	c.say(append([]string{connectPacket}, wholeMessage...)...)
	c.hear('c')
}

// Case 37: a packet that comes octet by octet has a time by which it must be whole.
func TestCase37_SlowLoris(t *testing.T) {
	l, _ := startServer(t, &Server{Options: every, Limits: Limits{PacketTime: 100 * time.Millisecond}}, "tcp")
	c := dial(t, l)
	c.negotiate(postfixOffer)
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		c.closed()
	}()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	c.conn.Write([]byte{0, 0, 1, 0, 'H'})
	for {
		select {
		case <-closed:
			return
		case <-tick.C:
			c.conn.Write([]byte{'x'})
		}
	}
}

// Case 37: silence in a message, and between messages.
func TestCase37_Silence(t *testing.T) {
	l, log := startServer(t, &Server{Options: every, Limits: Limits{Idle: 50 * time.Millisecond, Stalled: 60 * time.Millisecond}}, "tcp")
	c := dial(t, l)
	c.closed()
	c = dial(t, l)
	c.negotiate(postfixOffer)
	c.say(connectPacket, "M<a@x>\x00")
	c.closed()
	if s := log.String(); !strings.Contains(s, "abort") {
		t.Errorf("the message was not given up:\n%s", s)
	}
}

// Case 37: nothing of one message reaches the next, whatever way it ended.
func TestCase37_NoStateLeaks(t *testing.T) {
	for name, end := range map[string][]string{
		"end":                     {"N", "Bx", "E"},
		"abort in envelope":       {"A"},
		"abort in body":           {"N", "Bsecret", "A"},
		"next message comes":      {"N", "Bsecret"},
		"new greeting":            {"Hagain\x00"},
		"abort, and macros of it": {"DEi\x00OLD\x00", "A"},
	} {
		l, log := startServer(t, &Server{Options: every}, "tcp")
		c := dial(t, l)
		c.negotiate(postfixOffer)
		c.say("DCj\x00mx.example\x00", connectPacket, "Hx\x00", "DMi\x00OLD\x00{auth_authen}\x00mallory\x00", "M<old@x>\x00", "DRi\x00OLD\x00", "R<old@x>\x00", "LOld\x00 1\x00")
		c.say(end...)
		if name == "end" {
			c.hear('c')
		}
		c.say("M<new@x>\x00", "R<b@x>\x00", "LNew\x00 1\x00", "N", "By", "E")
		c.hear('c')
		s := log.String()
		s = s[strings.Index(s, "mail new@x"):]
		if want := "mail new@x [] auth=\nrcpt b@x []\nheader New: 1\r\n\neoh false\neom 1 i="; s != want {
			t.Errorf("%s: got\n%s", name, s)
		}
	}
}

// Case 37: one connection for one SMTP session after another; nothing of the client stays.
func TestCase37_QuitNewConnection(t *testing.T) {
	l, log := startServer(t, &Server{Options: every}, "tcp")
	c := dial(t, l)
	c.negotiate(postfixOffer)
	c.say("DCj\x00one\x00", connectPacket, "Hone.example\x00", "DMi\x00ONE\x00", "M<a@x>\x00", "K")
	c.say("Cother\x006\x00\x19IPv6:2001:db8::1\x00", "M<b@x>\x00", "N", "E")
	c.hear('c')
	c.say("K", "Cunknown\x00U", "M<c@x>\x00", "N", "E")
	c.hear('c')
	c.say("K", "Clocal\x00L\x00\x00/tmp/x\x00", "Q")
	c.closed()
	want := "connect client.example 192.0.2.1 1234\nhelo one.example\nmail a@x [] auth=\nabort\nclose\nconnect other 2001:db8::1 25\nmail b@x [] auth=\n" +
		"eoh false\neom 0 i=\nclose\nconnect unknown invalid IP 0\nmail c@x [] auth=\neoh false\neom 0 i=\nclose\nconnect local invalid IP 0\nclose"
	if s := log.String(); s != want {
		t.Errorf("got\n%s", s)
	}
}

// Case 37: 500 connections that do nothing hold next to no memory, and do not keep others out.
func TestCase37_IdleConnections(t *testing.T) {
	l, _ := startServer(t, &Server{Options: every}, "tcp")
	const n = 500
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range n {
		c := dial(t, l)
		c.negotiate(postfixOffer)
		c.in = nil
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if used := (int64(after.HeapInuse) - int64(before.HeapInuse)) / n; used > 12<<10 {
		t.Errorf("%d octets of heap for each idle connection, both ends together", used)
	}
	c := dial(t, l)
	c.negotiate(postfixOffer)
	c.say(append([]string{connectPacket}, wholeMessage...)...)
	c.hear('c')
}

// Case 37: connections beyond the limit wait; they come in when one ends.
func TestCase37_ConnectionLimit(t *testing.T) {
	l, _ := startServer(t, &Server{Options: every, Limits: Limits{Connections: 1}}, "tcp")
	first, second := dial(t, l), dial(t, l)
	first.negotiate(postfixOffer)
	second.say(postfixOffer)
	first.say("Q")
	first.closed()
	second.hear('O')
}

// Case 9, 37: absurd numbers of fields, of octets, of recipients.
func TestCase09_HeaderLimits(t *testing.T) {
	for name, tc := range map[string]struct {
		limits Limits
		field  string
		given  int
	}{
		"fields": {Limits{HeaderFields: 100}, "LA\x00 b\x00", 100},
		"octets": {Limits{HeaderBytes: 1000}, "LA\x00 " + strings.Repeat("b", 95) + "\x00", 10},
	} {
		l, log := startServer(t, &Server{Options: every, Limits: tc.limits}, "tcp")
		c := dial(t, l)
		c.negotiate(postfixOffer)
		c.say(connectPacket, "M<a@x>\x00")
		for range 20_000 {
			c.say(tc.field)
		}
		c.say("N", "E")
		c.hear('c')
		s := log.String()
		given, beyond := strings.Count(s, "header A"), strings.Count(s, "beyond A")
		if given != tc.given || beyond != 20_000-tc.given || strings.LastIndex(s, "header A") > strings.Index(s, "beyond A") || !strings.Contains(s, "eoh true") {
			t.Errorf("%s: %d fields given, %d beyond, %s", name, given, beyond, s[max(0, len(s)-60):])
		}
	}
	l, _ := startServer(t, &Server{Options: Options{Answered: OnRcpt}, Limits: Limits{Rcpts: 2}}, "tcp")
	c := dial(t, l)
	c.negotiate(postfixOffer)
	c.say(connectPacket, "M<a@x>\x00")
	c.ask("R<a@x>\x00", 'c')
	c.ask("R<a@x>\x00", 'c')
	if p := c.ask("R<a@x>\x00", 'y'); !strings.HasPrefix(p.data, "452 4.5.3") {
		t.Errorf("got %v", p)
	}
	c.say("N")
	c.ask("E", 'c')
}

// Case 38: the octets of the header come as they were.
func TestCase38_HeaderOctets(t *testing.T) {
	l, log := startServer(t, &Server{Options: every}, "tcp")
	c := dial(t, l)
	c.negotiate(postfixOffer)
	c.say(connectPacket, "M<a@x>\x00", "LA\x00v\x00", "LB\x00\n v\x00", "LC\x00 v \t\x00", "LD\x00\tv\x00", "LE\x00 \xff\xfe\x00", "LF\x00\x00", "LG\x00 a\r\n b\n\tc\x00", "N", "E")
	c.hear('c')
	for _, want := range []string{"A:v\r\n", "B:\r\n v\r\n", "C: v \t\r\n", "D:\tv\r\n", "E: \xff\xfe\r\n", "F:\r\n", "G: a\r\n b\r\n\tc\r\n"} {
		if !strings.Contains(log.String(), "header "+want) {
			t.Errorf("no %q in\n%s", want, log)
		}
	}
}

// Case 39: a panic is the temporary failure of its message. The session, the connection and the others go on.
func TestCase39_Panic(t *testing.T) {
	for _, answered := range []Steps{0, EveryStep} {
		for _, at := range []string{"connect", "helo", "mail", "rcpt", "data", "header", "eoh", "body", "eom"} {
			log := &record{}
			armed := true
			s := &Server{Options: Options{Answered: answered}, Handler: func(c *Conn) Session {
				return &probe{log: log, conn: c, answer: func(e string) Reply {
					if armed && strings.HasPrefix(e, at) {
						armed = false
						panic("of the test")
					}
					return Continue
				}}
			}}
			s.Log = nil
			l, _ := startServer(t, s, "tcp")
			c := dial(t, l)
			c.negotiate(postfixOffer)
			got := ""
			for _, p := range []string{connectPacket, "Hx\x00", "M<a@x>\x00", "R<b@x>\x00", "T", "LA\x00 b\x00", "N", "Bx", "E"} {
				c.say(p)
				if answered != 0 || p == "E" {
					a, err := c.read()
					if err != nil {
						t.Fatalf("%s: %v", at, err)
					}
					if got += string(a.code); a.code == 't' && p[0] != 'C' && p[0] != 'H' && p[0] != 'R' {
						break
					}
				}
			}
			if !strings.HasSuffix(got, "t") {
				t.Errorf("%s, answered %#x: %q", at, answered, got)
			}
			if at == "connect" || at == "helo" {
				continue // the whole session is deferred
			}
			for _, p := range []string{"M<a@x>\x00", "R<b@x>\x00", "T", "LA\x00 b\x00", "N", "Bx", "E"} {
				c.say(p)
				if answered != 0 || p == "E" {
					c.hear('c')
				}
			}
		}
	}
}

// Case 39: a handler that panics, and one that does so at the end.
func TestCase39_PanicOutsideMessages(t *testing.T) {
	s := &Server{Options: every, Handler: func(*Conn) Session { panic("of the test") }}
	l, _ := startServer(t, s, "tcp")
	c := dial(t, l)
	c.negotiate(postfixOffer)
	c.say(connectPacket, "M<a@x>\x00", "N", "E")
	c.hear('t')

	s = &Server{Options: every, Handler: func(c *Conn) Session { return &badEnd{probe{log: &record{}, conn: c}} }}
	l, _ = startServer(t, s, "tcp")
	c = dial(t, l)
	c.negotiate(postfixOffer)
	c.say(connectPacket, "K", connectPacket, "M<a@x>\x00", "N", "E")
	c.hear('c')
}

type badEnd struct{ probe }

// Case 39: a panic in a message that the next one cuts off, whose macros come first. Nothing is answered to macros, and the next message has its own.
func TestCase39_PanicAtMacros(t *testing.T) {
	log := &record{}
	s := &Server{Options: every, Handler: func(c *Conn) Session { return &badAbort{probe{log: log, conn: c}} }}
	l, _ := startServer(t, s, "tcp")
	c := dial(t, l)
	c.negotiate(postfixOffer)
	c.say(connectPacket, "DM{auth_authen}\x00alice\x00", "M<a@x>\x00", "DMi\x004X\x00", "M<b@x>\x00", "N", "E")
	c.hear('c')
	if got := log.String(); !strings.Contains(got, "mail a@x [] auth=alice") || !strings.Contains(got, "mail b@x [] auth=\n") || !strings.Contains(got, "eom 0 i=4X") {
		t.Error(got)
	}
}

type badAbort struct{ probe }

func (b *badAbort) Mail(from Path) (Transaction, Reply) {
	t, r := b.probe.Mail(from)
	return badAbortMessage{t}, r
}

type badAbortMessage struct{ Transaction }

func (badAbortMessage) Abort() { panic("of the test") }

func (*badEnd) Close() { panic("of the test") }

// Case 39: connections leave nothing behind: no goroutine (TestMain), no place, no entry.
func TestCase39_NothingLeaks(t *testing.T) {
	s := &Server{Options: every}
	l, _ := startServer(t, s, "tcp")
	for i := range 200 {
		c := dial(t, l)
		c.negotiate(postfixOffer)
		c.say(connectPacket)
		if i%2 == 0 {
			c.say("Q")
			c.closed()
		}
		c.conn.Close()
	}
	for deadline := time.Now().Add(10 * time.Second); s.Connections() > 0 || len(s.places) > 1; {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections, %d places", s.Connections(), len(s.places))
		}
		runtime.Gosched()
	}
}
