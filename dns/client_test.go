package dns_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
)

var ctx = context.Background()

func ask(r dns.Resolver, name string, t dns.Type) dns.Answer {
	return r.Resolve(ctx, dns.Question{Name: name, Type: t})
}

func newClient(t testing.TB, cfg dns.ClientConfig) *dns.Client {
	t.Helper()
	c, err := dns.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func clientOf(t testing.TB, s *dnstest.Server) *dns.Client {
	t.Helper()
	return newClient(t, dns.ClientConfig{Servers: []string{s.Addr()}, Timeout: 30 * time.Second})
}

// impatient gives one question 600 ms and one attempt.
func impatient(t testing.TB, addrs ...string) *dns.Client {
	t.Helper()
	return newClient(t, dns.ClientConfig{Servers: addrs, Timeout: 1800 * time.Millisecond, Retries: -1})
}

var zone = dns.Zone{
	"example.com": {
		"3600 SOA ns.example.com. host.example.com. 1 7200 600 86400 60",
		"TXT v=spf1 -all", `20 TXT "two" "strings"`, "MX 10 mx.example.com", "MX 0 .", "NS ns.example.com",
		"A 192.0.2.1", "AAAA 2001:db8::1", `CAA 0 issue "ca.example"`, "SPF v=spf1",
	},
	"alias.example.com":      {"30 CNAME alias2.example.com"},
	"alias2.example.com":     {"CNAME example.com"},
	"dangling.example.com":   {"CNAME gone.example.com"},
	"bare.example.com":       {"CNAME ent.example.com"},
	"x.ent.example.com":      {"A 192.0.2.7"},
	"loop.example.com":       {"CNAME loop2.example.com"},
	"loop2.example.com":      {"CNAME loop.example.com"},
	"broken.example.com":     {"SERVFAIL"},
	"closed.example.com":     {"REFUSED"},
	"slow.example.com":       {"TIMEOUT"},
	"signed.example":         {"SECURE", "A 192.0.2.6"},
	"*.w.example.com":        {"TXT wild"},
	"1.2.0.192.in-addr.arpa": {"PTR mail.example.com"},
	"latin.example.com":      {"TXT caf\xe9 \"quoted\" back\\slash \x00\x7f", "TXT "},
}

// What comes over the wire is what the zone says, record for record.
func TestClientAgreesWithMemory(t *testing.T) {
	m := dns.MustMemory(zone)
	c := clientOf(t, dnstest.New(t, m))
	for _, q := range []struct {
		name string
		typ  dns.Type
	}{
		{"example.com", dns.TypeTXT}, {"EXAMPLE.com", dns.TypeMX}, {"example.com", dns.TypeA}, {"example.com", dns.TypeAAAA},
		{"example.com", dns.TypeNS}, {"example.com", dns.TypeCAA}, {"example.com", dns.TypeSOA}, {"example.com", dns.TypeSPF},
		{"example.com", dns.TypeTLSA}, {"alias.example.com", dns.TypeA}, {"alias.example.com", dns.TypeCNAME},
		{"alias.example.com", dns.TypeTLSA}, {"dangling.example.com", dns.TypeA}, {"bare.example.com", dns.TypeA},
		{"ent.example.com", dns.TypeA}, {"gone.example.com", dns.TypeA}, {"q.w.example.com", dns.TypeTXT},
		{"1.2.0.192.in-addr.arpa", dns.TypePTR}, {"latin.example.com", dns.TypeTXT}, {"signed.example", dns.TypeA},
		{"a b\"c\\d.example.com", dns.TypeA}, {"", dns.TypeA}, {strings.Repeat("x", 64), dns.TypeA}, {"a..b", dns.TypeA},
	} {
		want, got := ask(m, q.name, q.typ), ask(c, q.name, q.typ)
		if got.Server == "" && got.Status != dns.BadName || got.Elapsed <= 0 && got.Status != dns.BadName {
			t.Errorf("%s %s: server %q, elapsed %v", q.name, q.typ, got.Server, got.Elapsed)
		}
		got.Server, got.Elapsed, got.RCode = want.Server, want.Elapsed, 0
		if diff := cmp.Diff(want, got, compareAddr); diff != "" {
			t.Errorf("%s %s: -memory +client\n%s", q.name, q.typ, diff)
		}
	}
}

var compareAddr = cmp.Options{
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }),
}

func TestClientFailures(t *testing.T) {
	s := dnstest.NewZone(t, zone, dnstest.EDE(6, "signature \x01 expired"))
	c := clientOf(t, s)
	if a := ask(c, "broken.example.com", dns.TypeA); a.Status != dns.ServFail || a.RCode != 2 || a.Server != s.Addr() ||
		a.Detail != "the server answered SERVFAIL: DNSSEC Bogus: signature ? expired" {
		t.Errorf("SERVFAIL: %+v", a)
	}
	if a := ask(c, "closed.example.com", dns.TypeA); a.Status != dns.Refused || a.RCode != 5 {
		t.Errorf("REFUSED: %+v", a)
	}
	if a := ask(c, "loop.example.com", dns.TypeA); a.Status != dns.ServFail && a.Status != dns.Malformed {
		t.Errorf("loop: %+v", a)
	}
}

func TestClientBadNameSendsNothing(t *testing.T) {
	s := dnstest.NewZone(t, zone)
	c := clientOf(t, s)
	for _, name := range []string{strings.Repeat("x", 64) + ".com", "a..com", ".com", strings.Repeat("a.", 128), strings.Repeat("a.", 126) + "bc"} {
		if a := ask(c, name, dns.TypeA); a.Status != dns.BadName {
			t.Errorf("%q: %s", name, a.Status)
		}
	}
	if n := len(s.Queries()); n != 0 {
		t.Errorf("%d questions were sent", n)
	}
}

func TestClientQuestionOnTheWire(t *testing.T) {
	s := dnstest.NewZone(t, zone)
	c := clientOf(t, s)
	ports, ids := map[uint16]bool{}, map[uint16]bool{}
	for range 20 {
		ask(c, "example.com", dns.TypeA)
	}
	for _, q := range s.Queries() {
		ports[q.Port], ids[q.ID] = true, true
		if !q.EDNS || !q.DO || !q.AD || q.Network != "udp" {
			t.Errorf("question: %+v", q)
		}
	}
	if len(ports) < 10 || len(ids) < 15 {
		t.Errorf("20 questions had %d ports and %d IDs", len(ports), len(ids))
	}
}

func TestClientTruncationGoesToTCP(t *testing.T) {
	s := dnstest.NewZone(t, zone, dnstest.TruncateUDP())
	if a := ask(clientOf(t, s), "example.com", dns.TypeTXT); a.Status != dns.Success || len(a.Records) != 2 {
		t.Errorf("answer: %+v", a)
	}
	q := s.Queries()
	if len(q) != 2 || q[0].Network != "udp" || q[1].Network != "tcp" {
		t.Errorf("questions: %+v", q)
	}
}

func TestClientWithoutEDNS(t *testing.T) {
	s := dnstest.NewZone(t, zone, dnstest.NoEDNS())
	if a := ask(clientOf(t, s), "example.com", dns.TypeA); a.Status != dns.Success {
		t.Errorf("answer: %+v", a)
	}
}

func TestClientCutChainIsFollowed(t *testing.T) {
	s := dnstest.NewZone(t, zone, dnstest.CutChains())
	c := clientOf(t, s)
	a := ask(c, "alias.example.com", dns.TypeA)
	if a.Status != dns.Success || len(a.Chain) != 2 || len(a.Records) != 1 || a.TTL != 30 {
		t.Errorf("answer: %+v", a)
	}
	if a := ask(c, "dangling.example.com", dns.TypeA); a.Status != dns.NXDomain || len(a.Chain) != 1 {
		t.Errorf("dangling: %+v", a)
	}
	if a := ask(c, "loop.example.com", dns.TypeA); a.Status != dns.Malformed || !strings.Contains(a.Detail, "loop") {
		t.Errorf("loop: %+v", a)
	}
	if n := s.Count("loop.example.com", dns.TypeA); n > 2 {
		t.Errorf("the loop cost %d questions", n)
	}
}

func TestClientLongChainIsBounded(t *testing.T) {
	long := dns.Zone{}
	for i := range 40 {
		long[fmt.Sprintf("c%d.example.com", i)] = []string{fmt.Sprintf("CNAME c%d.example.com", i+1)}
	}
	s := dnstest.NewZone(t, long, dnstest.CutChains())
	if a := ask(clientOf(t, s), "c0.example.com", dns.TypeA); a.Status != dns.Malformed || len(a.Chain) > dns.MaxChain {
		t.Errorf("answer: %+v", a)
	}
	if n := len(s.Queries()); n > dns.MaxChain+1 {
		t.Errorf("%d questions", n)
	}
}

func TestClientNegativeWithoutSOAMayNotBeKept(t *testing.T) {
	s := dnstest.NewZone(t, zone, dnstest.NoSOA())
	c := clientOf(t, s)
	if a := ask(c, "gone.example.com", dns.TypeA); a.Status != dns.NXDomain || a.TTL != 0 {
		t.Errorf("answer: %+v", a)
	}
	if a := ask(c, "example.com", dns.TypeTLSA); a.Status != dns.NoData || a.TTL != 0 {
		t.Errorf("answer: %+v", a)
	}
}

func TestClientNextServer(t *testing.T) {
	good := dnstest.NewZone(t, zone)
	for name, bad := range map[string]*dnstest.Server{
		"SERVFAIL": dnstest.NewZone(t, dns.Zone{"example.com": {"SERVFAIL"}}),
		"REFUSED":  dnstest.NewZone(t, dns.Zone{"example.com": {"REFUSED"}}),
		"garbage":  dnstest.NewZone(t, zone, dnstest.Raw(func(q []byte, _ string) []byte { return []byte{q[0], q[1], 0x80, 0, 0, 1, 0, 9, 0, 0, 0, 0, 0xc0} })),
	} {
		c := newClient(t, dns.ClientConfig{Servers: []string{bad.Addr(), good.Addr()}})
		if a := ask(c, "example.com", dns.TypeA); a.Status != dns.Success || a.Server != good.Addr() {
			t.Errorf("after %s: %+v", name, a)
		}
	}
}

func TestClientServerThatIsGoneIsAskedLast(t *testing.T) {
	good := dnstest.NewZone(t, zone)
	silent := dnstest.NewZone(t, zone, dnstest.Drop(func(dnstest.Query) bool { return true }))
	c := newClient(t, dns.ClientConfig{Servers: []string{silent.Addr(), good.Addr()}, Timeout: 18 * time.Second})
	for range 5 {
		if a := ask(c, "example.com", dns.TypeA); a.Status != dns.Success {
			t.Fatalf("answer: %+v", a)
		}
	}
	if n := len(silent.Queries()); n != 1 {
		t.Errorf("the silent server was asked %d times", n)
	}
}

func TestClientRetriesLostPackets(t *testing.T) {
	s := dnstest.NewZone(t, zone, dnstest.DropFirst(2))
	// Eleven datagrams, evenly over 6 s: the third has most of that time to be answered.
	c := newClient(t, dns.ClientConfig{Servers: []string{s.Addr()}, Timeout: 18 * time.Second, Retries: 10})
	a := ask(c, "example.com", dns.TypeA)
	n := len(s.Queries())
	if a.Status != dns.Success || n < 3 || n > mostSent(a) {
		t.Errorf("after %d questions: %+v", n, a)
	}
}

func TestClientNothingListens(t *testing.T) {
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.LocalAddr().String()
	l.Close()
	if a := ask(impatient(t, addr), "example.com", dns.TypeA); a.Status != dns.NetError || a.Server != "" {
		t.Errorf("answer: %+v", a)
	}
}

func TestClientAsksTheNamedServer(t *testing.T) {
	own := dnstest.NewZone(t, dns.Zone{"example.com": {"A 192.0.2.1"}, "elsewhere.example": {"A 192.0.2.9"}})
	other := dnstest.NewZone(t, dns.Zone{"example.com": {"A 192.0.2.2"}, "www.example.com": {"CNAME elsewhere.example"}}, dnstest.CutChains())
	c := clientOf(t, own)
	a := c.Resolve(ctx, dns.Question{Name: "example.com", Type: dns.TypeA, Server: other.AddrPort()})
	if a.Server != other.Addr() || a.Records[0].Data != "192.0.2.2" {
		t.Errorf("answer: %+v", a)
	}
	// The rest of a chain that leaves the named server's zones is asked of our own.
	a = c.Resolve(ctx, dns.Question{Name: "www.example.com", Type: dns.TypeA, Server: other.AddrPort()})
	if a.Status != dns.Success || a.Records[0].Data != "192.0.2.9" {
		t.Errorf("answer: %+v", a)
	}
}

func TestClientInFlightLimit(t *testing.T) {
	var mu sync.Mutex
	now, most := 0, 0
	release := make(chan struct{})
	started := make(chan struct{}, 100)
	s := dnstest.NewZone(t, zone, dnstest.Drop(func(dnstest.Query) bool {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		started <- struct{}{}
		<-release
		mu.Lock()
		now--
		mu.Unlock()
		return false
	}))
	c := newClient(t, dns.ClientConfig{Servers: []string{s.Addr()}, InFlight: 3, Timeout: 30 * time.Second, Retries: -1})
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			if a := ask(c, "example.com", dns.TypeA); a.Status != dns.Success {
				t.Errorf("answer: %+v", a)
			}
		})
	}
	for range 3 {
		<-started
	}
	close(release)
	wg.Wait()
	mu.Lock()
	defer mu.Unlock()
	if most != 3 {
		t.Errorf("%d questions at one time, want 3", most)
	}
}

func TestClientSlowServer(t *testing.T) {
	s := dnstest.NewZone(t, zone, dnstest.Delay(100*time.Millisecond))
	if a := ask(clientOf(t, s), "example.com", dns.TypeA); a.Status != dns.Success || a.Elapsed < 100*time.Millisecond || len(s.Queries()) != 1 {
		t.Errorf("after %d questions: %+v", len(s.Queries()), a)
	}
	s = dnstest.NewZone(t, zone, dnstest.Delay(time.Hour))
	if a := ask(impatient(t, s.Addr()), "example.com", dns.TypeA); a.Status != dns.Timeout || a.TTL != 0 || a.Server != "" {
		t.Errorf("too slow: %+v", a)
	}
}

// RFC 2308 section 2.2: an NS set without an SOA and without an answer is a
// referral; it says nothing of the name.
func TestClientReferral(t *testing.T) {
	referral := func(q []byte, network string) []byte {
		reply := rawAnswer(record("\xc0\x0c", 2, "\xc0\x0c"))(q, network)
		reply[2], reply[7], reply[9] = 0x80, 0, 1 // not authoritative; the record is in the authority section
		return reply
	}
	if a := ask(clientOf(t, dnstest.NewZone(t, zone, dnstest.Raw(referral))), "example.com", dns.TypeA); a.Status != dns.OtherError || !strings.Contains(a.Detail, "referral") ||
		len(a.Delegation) != 1 || dns.CanonicalName(a.Delegation[0].Data) != "example.com" || dns.CanonicalName(a.Delegation[0].Name) != "example.com" {
		t.Errorf("answer: %+v", a)
	}
}

// RFC 2181 section 8: a TTL with the highest bit set counts as zero.
func TestClientAbsurdTTL(t *testing.T) {
	rec := []byte(record("\xc0\x0c", 16, "\x01a"))
	rec[6] = 0x80
	a := ask(clientOf(t, dnstest.NewZone(t, zone, dnstest.Raw(rawAnswer(string(rec))))), "example.com", dns.TypeTXT)
	if a.Status != dns.Success || a.TTL != 0 || a.Records[0].TTL != 0 {
		t.Errorf("answer: %+v", a)
	}
}

func TestClientOtherResponseCodes(t *testing.T) {
	for rcode, want := range map[byte]string{9: "NOTAUTH", 14: "unknown"} {
		s := dnstest.NewZone(t, zone, dnstest.Raw(func(q []byte, network string) []byte {
			reply := rawAnswer()(q, network)
			reply[3] = rcode
			return reply
		}))
		if a := ask(clientOf(t, s), "example.com", dns.TypeA); a.Status != dns.OtherError || a.RCode != uint16(rcode) || !strings.Contains(a.Detail, want) {
			t.Errorf("RCODE %d: %+v", rcode, a)
		}
	}
}

func BenchmarkClient(b *testing.B) {
	s := dnstest.NewZone(b, zone)
	c := newClient(b, dns.ClientConfig{Servers: []string{s.Addr()}})
	b.ReportAllocs()
	for b.Loop() {
		if a := ask(c, "example.com", dns.TypeTXT); a.Status != dns.Success {
			b.Fatal(a.Status)
		}
	}
}

// A slow server's answer is worth waiting for where there is no other: the question
// is repeated on the same socket, and an answer to any of them counts.
func TestLateAnswerOfTheOnlyServer(t *testing.T) {
	var seen atomic.Int64
	third := make(chan struct{})
	s := dnstest.NewZone(t, dns.Zone{"slow.example": {"TXT late"}}, dnstest.Drop(func(dnstest.Query) bool {
		switch seen.Add(1) {
		case 1: // is answered, late
			select {
			case <-third:
			case <-t.Context().Done():
			}
			return false
		case 3:
			close(third)
		}
		return true
	}))
	// Eleven datagrams, evenly over 6 s: the answer has most of that time.
	c := newClient(t, dns.ClientConfig{Servers: []string{s.Addr()}, Timeout: 18 * time.Second, Retries: 10})
	a := ask(c, "slow.example", dns.TypeTXT)
	if a.Status != dns.Success || a.Records[0].Data != "late" {
		t.Errorf("%v %q after %v", a.Status, a.Detail, a.Elapsed)
	}
	if got := s.Count("slow.example", dns.TypeTXT); got < 3 || got > mostSent(a) {
		t.Errorf("%d datagrams came in %v, want the question and two repetitions", got, a.Elapsed)
	}
}

// mostSent is how many of eleven datagrams, evenly over 6 s, can have been sent before an answer.
func mostSent(a dns.Answer) int { return 1 + int(a.Elapsed/(6*time.Second/11)) }
