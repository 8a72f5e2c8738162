package dnstest

import (
	"context"
	"net"
	"strings"
	"testing"

	miekg "github.com/miekg/dns"
	"github.com/todoku/todoku/dns"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// exchange asks by the wire library's own client, so that the server is not judged
// by the code it shares.
func exchange(t *testing.T, s *Server, network, name string, typ uint16) *miekg.Msg {
	t.Helper()
	m := new(miekg.Msg)
	m.SetQuestion(miekg.Fqdn(name), typ)
	c := miekg.Client{Net: network}
	r, _, err := c.Exchange(m, s.Addr())
	if err != nil {
		t.Fatalf("%s %s: %v", network, name, err)
	}
	return r
}

var zone = dns.Zone{
	"example.com":      {"900 SOA ns.example.com. h.example.com. 1 2 3 4 60", "TXT " + strings.Repeat("long ", 200), "A 192.0.2.1"},
	"fail.example.com": {"SERVFAIL"},
	"w.example.com":    {"CNAME gone.example.com"},
	"secure.example":   {"SECURE", "A 192.0.2.1"},
}

// RFC 2308 section 3: a negative answer carries the SOA, whose TTL is the negative TTL.
func TestNegativeAnswersCarryTheSOA(t *testing.T) {
	s := NewZone(t, zone)
	for _, c := range []struct {
		name  string
		owner string
		ttl   uint32
		rcode int
	}{
		{"gone.example.com", "example.com.", 60, miekg.RcodeNameError},
		{"example.com", "example.com.", 60, miekg.RcodeSuccess},
		{"w.example.com", "example.com.", 60, miekg.RcodeNameError},
		{"elsewhere.test", ".", dns.DefaultTTL, miekg.RcodeNameError},
	} {
		r := exchange(t, s, "udp", c.name, miekg.TypeAAAA)
		if r.Rcode != c.rcode || len(r.Ns) != 1 || r.Ns[0].Header().Rrtype != miekg.TypeSOA || r.Ns[0].Header().Name != c.owner || r.Ns[0].Header().Ttl != c.ttl {
			t.Errorf("%s: %v", c.name, r)
		}
	}
}

func TestTruncation(t *testing.T) {
	s := NewZone(t, zone)
	if r := exchange(t, s, "udp", "example.com", miekg.TypeTXT); !r.Truncated || len(r.Answer) != 0 {
		t.Errorf("by UDP: %v", r)
	}
	r := exchange(t, s, "tcp", "example.com", miekg.TypeTXT)
	if txt, ok := r.Answer[0].(*miekg.TXT); r.Truncated || !ok || strings.Join(txt.Txt, "") != strings.Repeat("long ", 200) {
		t.Errorf("by TCP: %v", r)
	}
}

func TestSeveralQuestionsOnOneConnection(t *testing.T) {
	s := NewZone(t, zone)
	conn, err := miekg.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for range 3 {
		m := new(miekg.Msg)
		m.SetQuestion("example.com.", miekg.TypeA)
		if err := conn.WriteMsg(m); err != nil {
			t.Fatal(err)
		}
		if r, err := conn.ReadMsg(); err != nil || len(r.Answer) != 1 {
			t.Fatalf("%v, %v", r, err)
		}
	}
	if n := s.Count("Example.com.", dns.TypeA); n != 3 {
		t.Errorf("%d questions in the log", n)
	}
}

func TestAnswerTooLargeForAMessage(t *testing.T) {
	s := NewZone(t, dns.Zone{"big.example": {"TXT " + strings.Repeat("x", 70_000)}})
	if r := exchange(t, s, "tcp", "big.example", miekg.TypeTXT); r.Rcode != miekg.RcodeServerFailure {
		t.Errorf("got %v", r)
	}
}

func TestGarbageIsNotAnswered(t *testing.T) {
	s := NewZone(t, zone)
	conn, err := net.Dial("udp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, junk := range []string{"", "x", strings.Repeat("\xff", 500), "\x00\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00"} {
		if _, err := conn.Write([]byte(junk)); err != nil {
			t.Fatal(err)
		}
	}
	if r := exchange(t, s, "udp", "example.com", miekg.TypeA); len(r.Answer) != 1 || len(s.Queries()) != 1 {
		t.Errorf("after garbage: %v, %d questions", r, len(s.Queries()))
	}
}

// What the server cannot settle itself is the server's failure, not the name's.
func TestAnswersFromAnyResolver(t *testing.T) {
	for status, want := range map[dns.Status]int{
		dns.ServFail: miekg.RcodeServerFailure, dns.Malformed: miekg.RcodeServerFailure, dns.Refused: miekg.RcodeRefused,
		dns.NotRecorded: miekg.RcodeRefused, dns.OtherError: miekg.RcodeNotAuth,
	} {
		s := New(t, answers{dns.Answer{Status: status, RCode: miekg.RcodeNotAuth}})
		if r := exchange(t, s, "udp", "a.example", miekg.TypeA); r.Rcode != want {
			t.Errorf("%s: %v", status, r)
		}
	}
}

type answers struct{ a dns.Answer }

func (r answers) Resolve(_ context.Context, q dns.Question) dns.Answer {
	r.a.Question = q
	return r.a
}

func TestStart(t *testing.T) {
	s, err := Start(dns.MustMemory(zone), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Start(dns.MustMemory(zone), s.Addr()); err == nil || !strings.Contains(err.Error(), s.Addr()) {
		t.Errorf("twice at one port: %v", err)
	}
	held, err := net.Dial("tcp", s.Addr()) // a connection that says nothing does not hold Close up
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	s.Close()
	if _, err := net.Dial("tcp", s.Addr()); err == nil {
		t.Error("it still listens")
	}
}
