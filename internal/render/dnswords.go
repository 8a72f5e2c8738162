package render

import (
	"strconv"

	"github.com/todoku/todoku/dns"
)

var typeNames = map[dns.Type]string{
	dns.TypeA: "A", dns.TypeNS: "NS", dns.TypeCNAME: "CNAME", dns.TypeSOA: "SOA", dns.TypePTR: "PTR",
	dns.TypeMX: "MX", dns.TypeTXT: "TXT", dns.TypeAAAA: "AAAA", dns.TypeDS: "DS", dns.TypeDNSKEY: "DNSKEY",
	dns.TypeTLSA: "TLSA", dns.TypeSPF: "SPF", dns.TypeCAA: "CAA",
}

func typeName(t dns.Type) string {
	if s, ok := typeNames[t]; ok {
		return s
	}
	return "TYPE" + strconv.Itoa(int(t)) // RFC 3597 section 5
}

var statusNames = map[dns.Status]string{
	dns.Unknown: "not asked", dns.Success: "ok", dns.NoData: "no data", dns.NXDomain: "NXDOMAIN",
	dns.ServFail: "SERVFAIL", dns.Refused: "REFUSED", dns.Timeout: "time-out", dns.Malformed: "malformed",
	dns.BadName: "bad name", dns.NetError: "unreachable", dns.OtherError: "error", dns.NotRecorded: "not recorded",
}

func statusName(s dns.Status) string { return statusNames[s] }
