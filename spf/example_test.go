package spf_test

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/spf"
)

func ExampleCheck() {
	zone := dns.MustMemory(dns.Zone{
		"example.com":      {"TXT v=spf1 include:_spf.example.net -all"},
		"_spf.example.net": {"TXT v=spf1 ip4:192.0.2.0/24 -all"},
	})
	v := spf.Check(context.Background(), zone, spf.Request{
		IP: netip.MustParseAddr("198.51.100.7"), HELO: "mail.example.com", ReversePath: "user@example.com",
	})
	fmt.Println(v.Result, "-", v.Reason)
	for _, s := range v.Trace {
		fmt.Printf("%*s%s %s %s\n", 2*s.Depth, "", s.Domain, s.Term, s.Outcome)
	}
	// Output:
	// fail - example.com does not authorize 198.51.100.7: the term -all decided
	// example.com  fetched
	// example.com include:_spf.example.net no-match
	//   _spf.example.net  fetched
	//   _spf.example.net ip4:192.0.2.0/24 no-match
	//   _spf.example.net -all match
	// example.com -all match
}

func ExampleParse() {
	_, err := spf.Parse("v=spf1 ip4:192.0.2.1\u200b -all")
	fmt.Println(err)
	// Output:
	// spf: U+200B (zero width space) is not allowed, in the term "ip4:192.0.2.1\u200b" (octet 20)
}
