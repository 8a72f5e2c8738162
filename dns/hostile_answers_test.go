package dns_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
)

// Attack case 20: answers that break resolvers. No over-read, no panic, a failure or
// the whole text, never a part of it.
func TestAttack20LargeText(t *testing.T) {
	for name, strs := range map[string]int{"8 KB": 32, "16 KB": 64, "300 strings": 300} {
		size := 250
		if strs == 300 {
			size = 7
		}
		var line, want strings.Builder
		line.WriteString("TXT")
		for i := range strs {
			part := strings.Repeat(string(rune('a'+i%26)), size)
			fmt.Fprintf(&line, " %q", part)
			want.WriteString(part)
		}
		s := dnstest.NewZone(t, dns.Zone{"key.example.com": {line.String()}})
		a := ask(clientOf(t, s), "key.example.com", dns.TypeTXT)
		if a.Status != dns.Success || len(a.Records) != 1 || a.Records[0].Data != want.String() || len(a.Records[0].Strings) != strs {
			t.Errorf("%s: %s %s, %d records", name, a.Status, a.Detail, len(a.Records))
		}
	}
}

func TestAttack20OtherTypesInTheAnswerAreIgnored(t *testing.T) {
	s := dnstest.NewZone(t, zone, dnstest.Raw(rawAnswer(
		record("\xc0\x0c", 1, "\xc0\x00\x02\x01"),                    // an A record at the name
		record("\x05other\xc0\x0c", 16, "\x03bad"),                   // TXT at another name
		record("\xc0\x0c", 46, strings.Repeat("\x00", 18)+"\x00sig"), // an RRSIG
		record("\xc0\x0c", 16, "\x04good"),
	)))
	a := ask(clientOf(t, s), "example.com", dns.TypeTXT)
	if a.Status != dns.Success || len(a.Records) != 1 || a.Records[0].Data != "good" {
		t.Errorf("answer: %+v", a)
	}
}

func TestAttack20OnlyOtherTypes(t *testing.T) {
	s := dnstest.NewZone(t, zone, dnstest.Raw(rawAnswer(record("\xc0\x0c", 1, "\xc0\x00\x02\x01"))))
	if a := ask(clientOf(t, s), "example.com", dns.TypeTXT); a.Status != dns.NoData || a.TTL != 0 {
		t.Errorf("answer: %+v", a)
	}
}

// Compressed names and lengths that lie: every one is Malformed, at once.
func TestAttack20LyingMessages(t *testing.T) {
	for name, records := range map[string][]string{
		"pointer to itself":              {record("\xc0\x1d", 16, "\x01a")},
		"pointer beyond the message":     {record("\xff\xff", 16, "\x01a")},
		"pointers in a ring":             {record("\xc0\x1f\xc0\x1d", 16, "\x01a")},
		"label type 01":                  {record("\x41abc\x00", 16, "\x01a")},
		"label beyond the message":       {record("\x3fabc", 16, "\x01a")},
		"text longer than the record":    {record("\xc0\x0c", 16, "\xffab")},
		"record longer than the message": {record("\xc0\x0c", 16, "\x01a")[:10] + "\xff\xff\x01a"},
		"no record where one is counted": {""},
		"half a record header":           {"\xc0\x0c\x00\x10"},
		"A of three octets":              {record("\xc0\x0c", 16, "\x01a"), record("\xc0\x0c", 1, "abc")},
		"CNAME to itself":                {record("\xc0\x0c", 5, "\xc0\x0c")},
	} {
		s := dnstest.NewZone(t, zone, dnstest.Raw(rawAnswer(records...)))
		c := newClient(t, dns.ClientConfig{Servers: []string{s.Addr()}, Timeout: 60 * time.Second})
		if a := ask(c, "example.com", dns.TypeTXT); a.Status != dns.Malformed || a.Detail == "" || len(a.Records) > 0 || a.Elapsed > 10*time.Second {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// TestAttack20TextWithoutStrings: RFC 1035 section 3.3.14 wants one at least. The openspf suite
// (null-text) has such a record beside a good one, which must not be lost for it.
func TestAttack20TextWithoutStrings(t *testing.T) {
	s := dnstest.NewZone(t, zone, dnstest.Raw(rawAnswer(record("\xc0\x0c", 16, ""), record("\xc0\x0c", 16, "\x01a"))))
	a := ask(clientOf(t, s), "example.com", dns.TypeTXT)
	if !a.Status.Found() || len(a.Records) != 2 || a.Records[0].Data != "" || a.Records[1].Data != "a" {
		t.Errorf("%+v", a)
	}
}

func TestAttack20RecordCountBeforeUnpacking(t *testing.T) {
	many := make([]string, dns.MaxRecords+1)
	for i := range many {
		many[i] = record("\xc0\x0c", 16, "\x01a")
	}
	s := dnstest.NewZone(t, zone, dnstest.TruncateUDP(), dnstest.Raw(func(q []byte, network string) []byte {
		if network == "udp" {
			return nil
		}
		return rawAnswer(many...)(q, network)
	}))
	if a := ask(clientOf(t, s), "example.com", dns.TypeTXT); a.Status != dns.Malformed || !strings.Contains(a.Detail, "1001 records") {
		t.Errorf("answer: %s %s", a.Status, a.Detail)
	}
}

func TestAttack20TruncatedTCP(t *testing.T) {
	for _, n := range []int{1, 2, 10, 40} {
		s := dnstest.NewZone(t, zone, dnstest.TruncateUDP(), dnstest.CutTCP(n))
		if a := ask(clientOf(t, s), "example.com", dns.TypeTXT); a.Status != dns.NetError || !strings.Contains(a.Detail, "closed the connection") {
			t.Errorf("cut after %d: %+v", n, a)
		}
	}
}

// An answer that is truncated over TCP as well says neither that there are records nor that there are none.
func TestAttack20TruncatedOverTCPToo(t *testing.T) {
	s := dnstest.NewZone(t, zone, dnstest.Raw(func(q []byte, network string) []byte {
		m := rawAnswer()(q, network)
		m[2] |= 0x02
		return m
	}))
	if a := ask(clientOf(t, s), "example.com", dns.TypeTXT); a.Status != dns.Malformed || !strings.Contains(a.Detail, "truncated") {
		t.Errorf("answer: %s %s", a.Status, a.Detail)
	}
}

func TestAttack20CNAMELoop(t *testing.T) {
	loop := rawAnswer(
		record("\xc0\x0c", 5, "\x01b\xc0\x0c"), // example.com -> b.example.com
		record("\x01b\xc0\x0c", 5, "\xc0\x0c"), // and back
	)
	s := dnstest.NewZone(t, zone, dnstest.Raw(loop))
	if a := ask(clientOf(t, s), "example.com", dns.TypeTXT); a.Status != dns.Malformed || len(s.Queries()) > 3 {
		t.Errorf("after %d questions: %+v", len(s.Queries()), a)
	}
}

// Attack case 33: failures, absence of the name and absence of data stay apart.
func TestAttack33FailuresAreNotAbsence(t *testing.T) {
	c := newClient(t, dns.ClientConfig{Servers: []string{dnstest.NewZone(t, zone).Addr()}, Timeout: 1500 * time.Millisecond, Retries: -1})
	for name, want := range map[string]dns.Status{
		"broken.example.com": dns.ServFail, "closed.example.com": dns.Refused, "slow.example.com": dns.Timeout,
		"gone.example.com": dns.NXDomain, "ent.example.com": dns.NoData, "example.com": dns.Success,
	} {
		a := ask(c, name, dns.TypeA)
		failed := want == dns.ServFail || want == dns.Refused || want == dns.Timeout
		if a.Status != want || a.Status.Failed() != failed || a.Status.Void() != (want == dns.NXDomain || want == dns.NoData) {
			t.Errorf("%s: got %s, want %s", name, a.Status, want)
		}
		if failed && (a.TTL != 0 || a.Detail == "") {
			t.Errorf("%s: TTL %d, detail %q", name, a.TTL, a.Detail)
		}
	}
}

// Attack case 33: what does not carry our ID and our question is no answer.
func TestAttack33ForgedAnswersAreNotBelieved(t *testing.T) {
	if a := ask(impatient(t, dnstest.NewZone(t, zone, dnstest.WrongID()).Addr()), "example.com", dns.TypeA); a.Status != dns.Timeout || len(a.Records) > 0 {
		t.Errorf("wrong ID: %+v", a)
	}
	if a := ask(impatient(t, dnstest.NewZone(t, zone, dnstest.OtherName("example.com")).Addr()), "victim.example", dns.TypeA); a.Status != dns.Malformed || len(a.Records) > 0 {
		t.Errorf("other name: %+v", a)
	}
	overTCP := map[string]dnstest.Option{
		"other name": dnstest.OtherName("other.example"),
		"wrong ID": dnstest.Raw(func(q []byte, network string) []byte {
			if network == "udp" {
				return nil
			}
			reply := rawAnswer()(q, network)
			reply[0]++
			return reply
		}),
	}
	for name, opt := range overTCP {
		if a := ask(clientOf(t, dnstest.NewZone(t, zone, dnstest.TruncateUDP(), opt)), "example.com", dns.TypeA); a.Status != dns.Malformed || len(a.Records) > 0 {
			t.Errorf("%s over TCP: %+v", name, a)
		}
	}
	// The true answer is still taken when forged ones come first.
	if a := ask(clientOf(t, dnstest.NewZone(t, zone, dnstest.Decoys())), "example.com", dns.TypeA); a.Status != dns.Success {
		t.Errorf("behind decoys: %+v", a)
	}
}

// Attack case 33: DNS time is bounded, whatever the server does.
func TestAttack33DeadlineIsHard(t *testing.T) {
	drip, udp := listenBoth(t)
	var wg sync.WaitGroup
	t.Cleanup(func() { drip.Close(); wg.Wait() })
	wg.Go(func() { // takes connections and says nothing
		for {
			c, err := drip.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { c.Read(make([]byte, 1)); c.Read(make([]byte, 4096)); c.Read(make([]byte, 1)); c.Close() })
		}
	})
	silent := dnstest.NewZone(t, zone, dnstest.Drop(func(dnstest.Query) bool { return true }))
	for name, addr := range map[string]string{"silent": silent.Addr(), "slow TCP": slowTCP(t, udp)} {
		c := newClient(t, dns.ClientConfig{Servers: []string{addr}, Timeout: time.Hour})
		short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
		start := time.Now()
		a := c.Resolve(short, dns.Question{Name: "example.com", Type: dns.TypeA})
		cancel()
		if a.Status != dns.Timeout || time.Since(start) > 5*time.Second {
			t.Errorf("%s: %s after %v", name, a.Status, time.Since(start))
		}
		// Without a deadline of the caller's, a third of the configured time is the bound.
		c = newClient(t, dns.ClientConfig{Servers: []string{addr}, Timeout: 600 * time.Millisecond})
		start = time.Now()
		if a := ask(c, "example.com", dns.TypeA); a.Status != dns.Timeout || time.Since(start) > 5*time.Second || time.Since(start) < 190*time.Millisecond {
			t.Errorf("%s: %s after %v", name, a.Status, time.Since(start))
		}
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if a := clientOf(t, silent).Resolve(ended, dns.Question{Name: "example.com", Type: dns.TypeA}); a.Status != dns.Timeout {
		t.Errorf("context ended: %+v", a)
	}
}

// listenBoth opens TCP and UDP on one port; now and then the UDP port beside a free
// TCP port is taken, and another pair is tried.
func listenBoth(t *testing.T) (tcp net.Listener, udp net.PacketConn) {
	t.Helper()
	var err error
	for range 20 {
		if tcp, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			break
		}
		if udp, err = net.ListenPacket("udp", tcp.Addr().String()); err == nil {
			return tcp, udp
		}
		tcp.Close()
	}
	t.Fatal(err)
	return nil, nil
}

// slowTCP answers every UDP question with TC on the port of the TCP listener.
func slowTCP(t *testing.T, udp net.PacketConn) string {
	t.Helper()
	var wg sync.WaitGroup
	t.Cleanup(func() { udp.Close(); wg.Wait() })
	wg.Go(func() {
		buf := make([]byte, 4096)
		for {
			n, from, err := udp.ReadFrom(buf)
			if err != nil {
				return
			}
			buf[2] |= 0x82 // QR, TC
			udp.WriteTo(buf[:n], from)
		}
	})
	return udp.LocalAddr().String()
}

// record is one record on the wire, with TTL 60.
func record(name string, typ uint16, data string) string {
	b := binary.BigEndian.AppendUint16([]byte(name), typ)
	b = append(b, 0, 1, 0, 0, 0, 60)
	return string(binary.BigEndian.AppendUint16(b, uint16(len(data)))) + data
}

// rawAnswer answers any question with these octets as the answer section.
func rawAnswer(records ...string) func([]byte, string) []byte {
	return func(query []byte, _ string) []byte {
		end := 12
		for query[end] != 0 {
			end += int(query[end]) + 1
		}
		reply := append([]byte(nil), query[:end+5]...)
		reply[2], reply[3] = 0x84, 0
		binary.BigEndian.PutUint16(reply[6:], uint16(len(records)))
		binary.BigEndian.PutUint16(reply[8:], 0)
		binary.BigEndian.PutUint16(reply[10:], 0)
		for _, r := range records {
			reply = append(reply, r...)
		}
		return reply
	}
}
