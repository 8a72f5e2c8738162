package tlsrpt

import (
	"context"
	"fmt"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire"
)

// Result is what a look-up came to.
type Result string

const (
	// None: the domain has no TLSRPT record.
	None Result = "none"
	// Valid: one record with at least one usable URI.
	Valid Result = "valid"
	// Invalid: something is published, and senders will ignore it.
	Invalid Result = "invalid"
	// TempError: it could not be looked at now.
	TempError Result = "temperror"
)

// The values of Verdict.Problem.
const (
	NoRecord        = "no-record"        // no TXT record begins with "v=TLSRPTv1;"
	NearRecord      = "near-record"      // one was meant to; see Verdict.Others
	MultipleRecords = "multiple-records" // section 3: then there is none
	InvalidRecord   = "invalid-record"   // see Record.Problems
	DNSFailed       = "record-dns-failed"
)

// Verdict is what [Lookup] found, with all that it was derived from.
type Verdict struct {
	Domain string `json:"domain"`
	Result Result `json:"result"`
	// Problem is why Result is not Valid, "" where it is. Reason says it in English.
	Problem string `json:"problem,omitempty"`
	Reason  string `json:"reason"`
	// DNS is the answer to the TXT question at _smtp._tls.Domain.
	DNS dns.Answer `json:"dns"`
	// Records are the TXT records that begin with "v=TLSRPTv1;", Others the rest that
	// was meant to be one.
	Records []string `json:"records"`
	Others  []string `json:"others"`
	// Record is the parsed one where there is just one, else nil.
	Record *Record `json:"record"`
}

// Lookup looks at the record of domain: one DNS question.
func Lookup(ctx context.Context, r dns.Resolver, domain string) Verdict {
	v := Verdict{Domain: dns.CanonicalName(domain)}
	v.DNS = r.Resolve(ctx, dns.Question{Name: RecordName(v.Domain), Type: dns.TypeTXT})
	for _, rec := range v.DNS.Records {
		switch {
		case IsRecord(rec.Data):
			v.Records = append(v.Records, rec.Data)
		case wire.Near(rec.Data, recordVersion):
			v.Others = append(v.Others, rec.Data)
		}
	}
	if len(v.Records) == 1 {
		v.Record = ParseRecord(v.Records[0])
	}
	v.judge()
	return v
}

func (v *Verdict) judge() {
	switch {
	case v.DNS.Status.Failed():
		v.is(TempError, DNSFailed, fmt.Sprintf("the TXT look-up of %s failed: %s", v.DNS.Question.Name, v.DNS.Status))
	case len(v.Records) > 1:
		v.is(Invalid, MultipleRecords, fmt.Sprintf("%d TLSRPT records, where senders accept just one", len(v.Records)))
	case v.Record != nil && !v.Record.Valid():
		v.is(Invalid, InvalidRecord, "the TLSRPT record is not valid")
	case v.Record != nil:
		v.is(Valid, "", "the record is valid")
	case len(v.Others) > 0:
		v.is(Invalid, NearRecord, `a TXT record was meant to be a TLSRPT record, but does not begin with "v=TLSRPTv1;"`)
	default:
		v.is(None, NoRecord, "there is no TLSRPT record")
	}
}

func (v *Verdict) is(result Result, problem, reason string) {
	v.Result, v.Problem, v.Reason = result, problem, reason
}
