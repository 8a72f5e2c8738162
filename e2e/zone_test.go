package e2e

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
)

// senderRecords are the records of the sender of these tests, who sends from loopback.
var senderRecords = dns.Zone{
	"sender.example":         {"TXT v=spf1 ip4:127.0.0.1 ip6:::1 -all", "MX 10 mail.sender.example"},
	"mail.sender.example":    {"A 127.0.0.1"},
	"_dmarc.sender.example":  {"TXT v=DMARC1; p=reject"},
	"1.0.0.127.in-addr.arpa": {"PTR mail.sender.example"},
}

// senderZone is a real DNS server that knows that sender.
func senderZone(t *testing.T) *dnstest.Server {
	t.Helper()
	return dnstest.New(t, dns.MustMemory(senderRecords))
}

var address = regexp.MustCompile(`([a-z0-9]{8,})@inbox\.(?:test|todoku)\.example`)

// newToken opens the home page and reads the one-time address on it.
func (n *node) newToken(t *testing.T) string {
	t.Helper()
	m := address.FindStringSubmatch(n.get(t, "/", http.StatusOK))
	if m == nil {
		t.Fatal("the home page shows no one-time address")
	}
	return m[1]
}
