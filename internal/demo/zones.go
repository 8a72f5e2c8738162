package demo

import (
	"crypto"
	"fmt"
	"net/netip"
	"strings"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
)

// keys are the sample domains' signing keys, made anew at each start.
type keys struct {
	shopRSA, shopEd crypto.Signer // hanako.example
	amazon          crypto.Signer // amazonses.com
	strict          crypto.Signer // keiri.example
	list            crypto.Signer // lists.example
}

func makeKeys() (keys, error) {
	var k keys
	for _, want := range []struct {
		to        *crypto.Signer
		algorithm string
	}{
		{&k.shopRSA, "rsa"}, {&k.shopEd, "ed25519"}, {&k.amazon, "rsa"}, {&k.strict, "rsa"}, {&k.list, "rsa"},
	} {
		key, err := dkim.GenerateKey(want.algorithm, 2048)
		if err != nil {
			return k, fmt.Errorf("making a sample %s key: %w", want.algorithm, err)
		}
		*want.to = key
	}
	return k, nil
}

// zones is all the DNS that the demo knows.
func zones(k keys) (*dns.Memory, error) {
	z := dns.Zone{
		// A healthy sender: SPF, two signatures, p=reject, forward-confirmed PTR for IPv4 and IPv6.
		"hanako.example":                                {"MX 10 mail.hanako.example", "TXT v=spf1 ip4:192.0.2.10 ip6:2001:db8:10::10 -all", "SOA ns.hanako.example. hostmaster.hanako.example. 1 3600 600 86400 300"},
		"mail.hanako.example":                           {"A 192.0.2.10", "AAAA 2001:db8:10::10", "TXT v=spf1 a -all"},
		"_dmarc.hanako.example":                         {"TXT v=DMARC1; p=reject; rua=mailto:dmarc@hanako.example"},
		"10.2.0.192.in-addr.arpa":                       {"PTR mail.hanako.example"},
		reverse6("2001:db8:10::10"):                     {"PTR mail.hanako.example"},
		"webshop.example":                               {"MX 10 mx.webshop.example", "TXT v=spf1 include:amazonses.com ~all"},
		"mx.webshop.example":                            {"A 192.0.2.25"},
		"_dmarc.webshop.example":                        {"TXT v=DMARC1; p=quarantine; rua=mailto:dmarc@webshop.example"},
		"amazonses.com":                                 {"TXT v=spf1 ip4:198.51.100.0/25 -all"},
		"_dmarc.amazonses.com":                          {"TXT v=DMARC1; p=none"},
		"ap-northeast-1.amazonses.com":                  {"MX 10 feedback-smtp.ap-northeast-1.amazonses.com", "TXT v=spf1 ip4:198.51.100.0/25 -all"},
		"20.100.51.198.in-addr.arpa":                    {"PTR e100-20.smtp-out.ap-northeast-1.amazonses.com"},
		"e100-20.smtp-out.ap-northeast-1.amazonses.com": {"A 198.51.100.20"},
		// A rented server shared by many: the PTR names the host, and the customer has SPF only.
		"kissa.example":             {"MX 10 www3030.rental.example", "TXT v=spf1 a:www3030.rental.example mx ~all"},
		"www3030.rental.example":    {"A 203.0.113.30", "TXT v=spf1 a -all"},
		"30.113.0.203.in-addr.arpa": {"PTR www3030.rental.example"},
		"rental.example":            {"MX 10 mx.rental.example", "TXT v=spf1 ip4:203.0.113.0/27 ~all"},
		"mx.rental.example":         {"A 203.0.113.1"},
		// A university that forwards its graduates' mail.
		"alumni.univ.example":       {"MX 10 fwd.univ.example", "TXT v=spf1 ip4:203.0.113.40 -all"},
		"fwd.univ.example":          {"A 203.0.113.40", "TXT v=spf1 a -all"},
		"40.113.0.203.in-addr.arpa": {"PTR fwd.univ.example"},
		// A mailing list that tags subjects and adds a footer, and a member with p=reject.
		"keiri.example":               {"MX 10 mail.keiri.example", "TXT v=spf1 ip4:192.0.2.60 -all"},
		"mail.keiri.example":          {"A 192.0.2.60"},
		"_dmarc.keiri.example":        {"TXT v=DMARC1; p=reject; rua=mailto:dmarc@keiri.example"},
		"60.2.0.192.in-addr.arpa":     {"PTR mail.keiri.example"},
		"lists.example":               {"MX 10 mail.lists.example", "TXT v=spf1 ip4:198.51.100.150 -all"},
		"mail.lists.example":          {"A 198.51.100.150", "TXT v=spf1 a -all"},
		"_dmarc.lists.example":        {"TXT v=DMARC1; p=none"},
		"150.100.51.198.in-addr.arpa": {"PTR mail.lists.example"},
		// The demo itself.
		mailDomain: {"MX 10 " + hostname},
		hostname:   {"A 127.0.0.1"},
	}
	for name, key := range map[string]crypto.Signer{
		"rsa2026._domainkey.hanako.example":                         k.shopRSA,
		"ed2026._domainkey.hanako.example":                          k.shopEd,
		"ug7nbtf4gccmlpwj322ax3p6ow6yfsug._domainkey.amazonses.com": k.amazon,
		"s1._domainkey.keiri.example":                               k.strict,
		"list._domainkey.lists.example":                             k.list,
	} {
		rec, err := dkim.RecordFor(key.Public())
		if err != nil {
			return nil, fmt.Errorf("the key record %s: %w", name, err)
		}
		z[name] = []string{"TXT " + rec}
	}
	return dns.NewMemory(z)
}

// reverse6 gives the ip6.arpa name of an address.
func reverse6(addr string) string {
	a := netip.MustParseAddr(addr).As16()
	var b strings.Builder
	for i := len(a) - 1; i >= 0; i-- {
		fmt.Fprintf(&b, "%x.%x.", a[i]&15, a[i]>>4)
	}
	return b.String() + "ip6.arpa"
}
