package dns_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
)

// What DANE, CAA and the look at DNSSEC need: the data of a record reads the same
// whether it came from a zone literal or over the wire, however it was written.
func TestRarerTypesReadTheSameOverTheWire(t *testing.T) {
	const digest = "d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971"
	m := dns.MustMemory(dns.Zone{
		"_25._tcp.mx.example.com": {"TLSA 3 1 1 D2ABDE240D7CD3EE6B4B28C54DF034B9 7983A1D16E8A410E4561CB106618E971", "TLSA 2 0 2 " + digest + digest, "TLSA 255 255 255 00"},
		"example.com": {
			"SOA NS.example.com. host\\.master.example.com. 2026112501 7200 600 86400 60", `CAA 0 issue "ca.example; validationmethods=dns-01"`,
			`CAA 128 issuewild ";"`, "DS 12345 13 2 " + digest,
			"DNSKEY 257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+ KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==",
		},
	})
	c := clientOf(t, dnstest.New(t, m))
	for _, want := range []struct {
		name string
		typ  dns.Type
		data []string
	}{
		{"_25._tcp.mx.example.com", dns.TypeTLSA, []string{"3 1 1 " + digest, "2 0 2 " + digest + digest, "255 255 255 00"}},
		{"example.com", dns.TypeSOA, []string{"NS.example.com. host\\.master.example.com. 2026112501 7200 600 86400 60"}},
		{"example.com", dns.TypeCAA, []string{`0 issue "ca.example; validationmethods=dns-01"`, `128 issuewild ";"`}},
		{"example.com", dns.TypeDS, []string{"12345 13 2 D2ABDE240D7CD3EE6B4B28C54DF034B97983A1D16E8A410E4561CB106618E971"}},
		{"example.com", dns.TypeDNSKEY, []string{"257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ=="}},
	} {
		for _, r := range []dns.Resolver{m, c} {
			a := ask(r, want.name, want.typ)
			var data []string
			for _, rec := range a.Records {
				data = append(data, rec.Data)
			}
			if diff := cmp.Diff(want.data, data); diff != "" {
				t.Errorf("%s of %T: %s\n%s", want.typ, r, a.Status, diff)
			}
		}
	}
}
