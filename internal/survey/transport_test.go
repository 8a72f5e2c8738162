package survey

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
)

// nobody counts requests and answers none.
type nobody struct{ asked []string }

func (n *nobody) Do(r *http.Request) (*http.Response, error) {
	n.asked = append(n.asked, r.URL.String())
	return nil, errors.New("nobody is there")
}

// TestTransportBudget: what TLS and BIMI of a domain cost, its records there and not there.
func TestTransportBudget(t *testing.T) {
	full := dns.Zone{
		"example.com":                   {"MX 10 mx1.example.com", "MX 20 mx2.example.com", "TXT v=spf1 -all"},
		"mx1.example.com":               {"A 192.0.2.1", "AAAA 2001:db8::1"},
		"mx2.example.com":               {"A 192.0.2.2", "AAAA 2001:db8::2"},
		"_mta-sts.example.com":          {"TXT v=STSv1; id=1"},
		"mta-sts.example.com":           {"A 192.0.2.80"},
		"_smtp._tls.example.com":        {"TXT v=TLSRPTv1; rua=mailto:tls@example.com"},
		"default._bimi.example.com":     {"TXT v=BIMI1; l=https://example.com/logo.svg; a=;"},
		"_25._tcp.mx1.example.com":      {"TLSA 3 1 1 " + strings.Repeat("ab", 32)},
		"_25._tcp.mx2.example.com":      {"TLSA 3 1 1 " + strings.Repeat("ab", 32)},
		"example.net":                   {"MX 10 mx.example.net"},
		"mx.example.net":                {"A 192.0.2.3"},
		"null.example":                  {"MX 0 ."},
		"nothing.example":               {"TXT nothing"},
		"implicit.example":              {"A 192.0.2.4"},
		"_25._tcp.implicit.example":     {"TLSA 3 1 1 " + strings.Repeat("ab", 32)},
		"_mta-sts.nothing.example":      {"TXT v=STSv1; id=1"},
		"_smtp._tls.dead.example":       {"SERVFAIL"},
		"failing.example":               {"SERVFAIL"},
		"_mta-sts.failing.example":      {"TXT v=STSv1; id=1"},
		"literal.example":               {"MX 10 192.0.2.9"},
		"default._bimi.literal.example": {"TXT v=BIMI1; l=; a=;"},
	}
	for _, c := range []struct {
		name               string
		most, hosts, fetch int
	}{
		{"example.com", 13, 2, 2},      // MX, 2 x (A, AAAA, TLSA), record and host of MTA-STS, TLSRPT, BIMI, the root's SOA
		{"example.net", 19, 1, 0},      // all the misspelt names too
		{"implicit.example", 20, 1, 0}, // the domain is its own exchanger
		{"null.example", 2, 0, 0},
		{"nothing.example", 8, 0, 0},
		{"failing.example", 5, 0, 0},
		{"literal.example", 3, 0, 0},
	} {
		web := &nobody{}
		d, asked := areasOf(t, dns.MustMemory(full), c.name, Options{Fetch: web}, (*look).transport, (*look).bimi)
		if asked > c.most || len(d.Transport.Hosts) != c.hosts || len(web.asked) != c.fetch {
			t.Errorf("%s: %d questions, want at most %d; hosts %v; fetched %q", c.name, asked, c.most, d.Transport.Hosts, web.asked)
		}
		web = &nobody{}
		if areasOf(t, dns.MustMemory(full), c.name, Options{Fetch: web, DNSOnly: true}, (*look).transport, (*look).bimi); len(web.asked) != 0 {
			t.Errorf("%s: only the DNS may be asked, and %q were fetched", c.name, web.asked)
		}
	}
}
