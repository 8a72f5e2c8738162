package inspect

import (
	"slices"

	"github.com/todoku/todoku/dns"
)

// transport judges TLS of the mail exchangers: MTA-STS, TLS-RPT, DANE, SMTP probes. A
// domain that takes no mail is asked for none of it.
func (j *judgement) transport() {
	if len(j.Transport.Hosts) == 0 {
		return
	}
	j.mtaSTS()
	j.tlsRPT()
	j.daneHosts()
	j.mxTLS()
}

// meant gives the TXT texts of an answer that are records of a kind or were meant to be.
func meant(a dns.Answer, record, like func(string) bool) []string {
	var out []string
	for _, r := range a.Records {
		if (record(r.Data) || like(r.Data)) && !slices.Contains(out, r.Data) {
			out = append(out, r.Data)
		}
	}
	return out
}
