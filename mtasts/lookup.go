package mtasts

import (
	"context"
	"fmt"
	"mime"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/internal/wire/https"
)

// RecordName is where the record of domain stands.
func RecordName(domain string) string { return dns.JoinName("_mta-sts", domain) }

// PolicyHost is the host that serves the policy of domain; its certificate must be for
// this name (RFC 8461 section 3.3).
func PolicyHost(domain string) string { return dns.JoinName("mta-sts", domain) }

// PolicyURL is where the policy of domain stands (RFC 8461 section 3.3).
func PolicyURL(domain string) string {
	return "https://" + PolicyHost(dns.CanonicalName(domain)) + "/.well-known/mta-sts.txt"
}

// Lookup looks at the record and the policy of domain: one DNS question, and one GET
// where a record is there or was meant to be. The policy is looked at even where the
// record is at fault, so that both faults can be named at once. The time of both is
// that of ctx; c brings limits of its own.
func Lookup(ctx context.Context, r dns.Resolver, c Doer, domain string) Verdict {
	v := Verdict{Domain: dns.CanonicalName(domain)}
	v.DNS = r.Resolve(ctx, dns.Question{Name: RecordName(v.Domain), Type: dns.TypeTXT})
	v.sort()
	v.judgeRecord()
	if len(v.Records)+len(v.Others) == 0 {
		return v
	}
	response, policy := FetchPolicy(ctx, c, v.Domain)
	v.Response, v.Policy = &response, policy
	if v.Problem == "" {
		v.judgePolicy()
	}
	return v
}

// sort parts the TXT records.
func (v *Verdict) sort() {
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
}

func (v *Verdict) judgeRecord() {
	switch {
	case v.DNS.Status.Failed():
		v.is(TempError, DNSFailed, fmt.Sprintf("the TXT look-up of %s failed: %s", v.DNS.Question.Name, v.DNS.Status))
	case len(v.Records) > 1:
		v.is(Invalid, MultipleRecords, fmt.Sprintf("%d MTA-STS records, where senders accept just one", len(v.Records)))
	case v.Record != nil && !v.Record.Valid():
		v.is(Invalid, InvalidRecord, "the MTA-STS record is not valid: "+firstFatal(v.Record.Problems))
	case v.Record != nil:
	case len(v.Others) > 0:
		v.is(Invalid, NearRecord, `a TXT record was meant to be an MTA-STS record, but does not begin with "v=STSv1;"`)
	default:
		v.is(None, NoRecord, "there is no MTA-STS record")
	}
}

func (v *Verdict) judgePolicy() {
	switch {
	case v.Response.Problem != "" && v.Response.Temporary():
		v.is(TempError, v.Response.Problem, "the policy could not be fetched: "+v.Response.Detail)
	case v.Response.Problem != "":
		v.is(Invalid, v.Response.Problem, "the policy could not be fetched: "+v.Response.Detail)
	case !v.Policy.Valid():
		v.is(Invalid, InvalidPolicy, "the policy is not valid: "+firstFatal(v.Policy.Problems))
	case !isPlainText(v.Response.ContentType):
		v.is(Invalid, NotPlainText, "the policy is not served as text/plain")
	default:
		v.is(Valid, "", "record and policy are valid")
	}
}

func (v *Verdict) is(result Result, problem, reason string) {
	v.Result, v.Problem, v.Reason = result, problem, reason
}

// FetchPolicy fetches and parses the policy of domain; the policy is nil where none
// came.
func FetchPolicy(ctx context.Context, c Doer, domain string) (Response, *Policy) {
	if !wire.IsHostName(PolicyHost(dns.CanonicalName(domain))) {
		return Response{Problem: FetchBadURL, Detail: "the domain is no host name"}, nil
	}
	response := https.Get(ctx, c, PolicyURL(domain), MaxPolicy)
	if response.Problem != "" {
		return response, nil
	}
	return response, ParsePolicy(response.Body)
}

// isPlainText: RFC 8461 section 3.3, "senders SHOULD validate that the media type is
// text/plain to guard against cases where web servers allow untrusted users to host
// non-text content". A file of no type, which some senders take, is not plain text.
func isPlainText(contentType string) bool {
	t, _, err := mime.ParseMediaType(contentType)
	if err != nil { // a bad parameter does not change the type
		t, _, _ = strings.Cut(contentType, ";")
		t = strings.ToLower(strings.TrimSpace(t))
	}
	return t == "text/plain"
}

func firstFatal(problems []Problem) string {
	for _, p := range problems {
		if p.Fatal() {
			return p.ID
		}
	}
	return ""
}
