package lab

import (
	"net"
	"strings"
	"testing"
	"time"

	miekg "github.com/miekg/dns"
)

// The zone is served as it is printed, and names what the receivers need.
func TestZone(t *testing.T) {
	l := startLab(t, nil)
	s, err := newNameServer(l.Domain(), l.zone, l.signer)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(name string, typ uint16) *miekg.Msg {
		q := new(miekg.Msg)
		q.SetQuestion(name, typ)
		return s.answer(q)
	}
	for name, want := range map[string]struct {
		typ  uint16
		text string
	}{
		"NULL-MX.lab.example.com.":               {miekg.TypeMX, "MX\t0 ."},
		"backup-mx.lab.example.com.":             {miekg.TypeMX, "10 mx-first-of-backup-mx.lab.example.com."},
		"_mta-sts.sts-bad.lab.example.com.":      {miekg.TypeTXT, "v=STSv1; id="},
		"_25._tcp.mx-dane-good.lab.example.com.": {miekg.TypeTLSA, "3 1 1 "},
		"mx-good.lab.example.com.":               {miekg.TypeA, "127.0.0.1"},
		"mx-first-of-backup-mx.lab.example.com.": {miekg.TypeA, "127.0.0.1"},
		"mta-sts.sts-good.lab.example.com.":      {miekg.TypeA, "127.0.0.1"},
		"lab.example.com.":                       {miekg.TypeSOA, "hostmaster"},
	} {
		if m := ask(name, want.typ); len(m.Answer) == 0 || !strings.Contains(m.String(), want.text) || !m.Authoritative {
			t.Errorf("%s: %v", name, m)
		}
		if !strings.Contains(strings.ToLower(l.Zone()), strings.ToLower(name)+" ") {
			t.Errorf("%s is not in the printed zone", name)
		}
	}
	for name, rcode := range map[string]int{"example.com.": miekg.RcodeRefused, "nosuch.lab.example.com.": miekg.RcodeNameError, "_tcp.mx-dane-good.lab.example.com.": 0} {
		if m := ask(name, miekg.TypeA); m.Rcode != rcode || len(m.Answer) > 0 {
			t.Errorf("%s: %v", name, m)
		}
	}
	if m := ask("ipv6.lab.example.com.", miekg.TypeMX); m.Rcode != miekg.RcodeNameError {
		t.Errorf("a receiver that cannot be had is published: %v", m)
	}
	zp := miekg.NewZoneParser(strings.NewReader(l.Zone()), "", "")
	n := 0
	for _, ok := zp.Next(); ok; _, ok = zp.Next() {
		n++
	}
	if err := zp.Err(); err != nil || n != len(l.zone) {
		t.Errorf("%d of %d records are read: %v", n, len(l.zone), err)
	}
}

// The in-process name server speaks UDP and TCP.
func TestNameServer(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := tcp.Addr().String()
	tcp.Close()
	startLab(t, func(c *Config) { c.DNS = at })
	for _, network := range []string{"udp", "tcp"} {
		q := new(miekg.Msg)
		q.SetQuestion("good.lab.example.com.", miekg.TypeMX)
		q.SetEdns0(1232, true)
		m, _, err := (&miekg.Client{Net: network, Timeout: 10 * time.Second}).Exchange(q, at)
		if err != nil || len(m.Answer) != 2 { // with its signature
			t.Errorf("%s: %v %v", network, m, err)
		}
	}
}
