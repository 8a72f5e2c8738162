package bimi

import (
	"context"
	"fmt"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire"
)

// Result is what a look-up came to.
type Result string

const (
	// None: neither the domain nor its organizational domain has a record.
	None Result = "none"
	// Declined: the domain says that it takes no part.
	Declined Result = "declined"
	// Valid: one valid record that names a logo.
	Valid Result = "valid"
	// Invalid: something is published, and receivers will ignore it.
	Invalid Result = "invalid"
	// TempError: it could not be looked at now.
	TempError Result = "temperror"
)

// The values of Verdict.Problem.
const (
	NoRecord        = "no-record"
	NearRecord      = "near-record" // one was meant to be; see Verdict.Others
	MultipleRecords = "multiple-records"
	InvalidRecord   = "invalid-record" // see Record.Problems
	DNSFailed       = "record-dns-failed"
)

// Verdict is what [Lookup] found, with all that it was derived from.
type Verdict struct {
	Selector string `json:"selector"`
	Domain   string `json:"domain"`
	// Found is the domain at which Records stand: Domain or its organizational domain.
	Found  string `json:"found"`
	Result Result `json:"result"`
	// Problem is why Result is not Valid, "" where it is. Reason says it in English.
	Problem string `json:"problem,omitempty"`
	Reason  string `json:"reason"`
	// DNS are the answers to the one or two TXT questions.
	DNS []dns.Answer `json:"dns"`
	// Records are the TXT records that begin with v=BIMI1, Others the rest that was
	// meant to be one, at Found.
	Records []string `json:"records"`
	Others  []string `json:"others"`
	// Record is the parsed one where there is just one, else nil.
	Record *Record `json:"record"`
}

// Lookup looks for the record of domain and, where it has none, of orgDomain, its
// organizational domain as DMARC finds it ("" for none): at most two DNS questions.
func Lookup(ctx context.Context, r dns.Resolver, selector, domain, orgDomain string) Verdict {
	v := Verdict{Selector: selector, Domain: dns.CanonicalName(domain)}
	if v.Selector == "" {
		v.Selector = DefaultSelector
	}
	org := dns.CanonicalName(orgDomain)
	for _, d := range []string{v.Domain, org} {
		v.Found = d
		a := r.Resolve(ctx, dns.Question{Name: RecordName(v.Selector, d), Type: dns.TypeTXT})
		v.DNS = append(v.DNS, a)
		v.sort(a)
		if a.Status.Failed() || len(v.Records)+len(v.Others) > 0 || org == "" || org == v.Domain {
			break
		}
	}
	v.judge(v.DNS[len(v.DNS)-1])
	return v
}

func (v *Verdict) sort(a dns.Answer) {
	for _, rec := range a.Records {
		switch {
		case IsRecord(rec.Data):
			v.Records = append(v.Records, rec.Data)
		case wire.Near(rec.Data, "v=BIMI1"):
			v.Others = append(v.Others, rec.Data)
		}
	}
	if len(v.Records) == 1 {
		v.Record = ParseRecord(v.Records[0])
	}
}

func (v *Verdict) judge(a dns.Answer) {
	switch {
	case a.Status.Failed():
		v.is(TempError, DNSFailed, fmt.Sprintf("the TXT look-up of %s failed: %s", a.Question.Name, a.Status))
	case len(v.Records) > 1:
		v.is(Invalid, MultipleRecords, fmt.Sprintf("%d BIMI records, where receivers accept just one", len(v.Records)))
	case v.Record != nil && !v.Record.Valid():
		v.is(Invalid, InvalidRecord, "the BIMI record is not valid")
	case v.Record != nil && v.Record.Declined:
		v.is(Declined, "", "the domain declines to take part")
	case v.Record != nil:
		v.is(Valid, "", "the record is valid")
	case len(v.Others) > 0:
		v.is(Invalid, NearRecord, "a TXT record was meant to be a BIMI record, but does not begin with v=BIMI1")
	default:
		v.is(None, NoRecord, "there is no BIMI record")
	}
}

func (v *Verdict) is(result Result, problem, reason string) {
	v.Result, v.Problem, v.Reason = result, problem, reason
}
