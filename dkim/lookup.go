package dkim

import (
	"context"
	"fmt"

	"github.com/todoku/todoku/dns"
)

// LookupKey fetches and parses the key s._domainkey.d. problem is "" on success, else one of
// Verdict.Problem, with a reason; result is what a signature using it gets. k is
// given beside a problem where a record was understood (revoked, too small).
//
// RFC 6376 section 3.6.2.2 leaves several TXT records at the name undefined.
// Here those that are no keys ("v=spf1 ..." at a wildcard, say) are passed over;
// of what is left there must be one, or several copies of one.
func LookupKey(ctx context.Context, r dns.Resolver, selector, domain string) (k *Key, result Result, problem, reason string) {
	name := keyName(selector, domain)
	answer := r.Resolve(ctx, dns.Question{Name: name, Type: dns.TypeTXT})
	if answer.Status != dns.Success {
		result, problem, reason = lookupFailure(name, &answer)
		return nil, result, problem, reason
	}
	k, err := pickKey(answer.Records)
	if err != nil {
		problem, reason = problemOf(err)
		return k, PermError, problem, reason + " (" + name + ")"
	}
	if result, problem, reason = k.usable(); problem != "" {
		return k, result, problem, reason + " (" + name + ")"
	}
	return k, "", "", ""
}

// maxKeyRecords bounds how many records of an answer are read.
const maxKeyRecords = 16

// pickKey finds the one key among TXT records.
func pickKey(records []dns.Record) (*Key, error) {
	var key *Key
	var first error
	for i, rec := range records {
		if i == maxKeyRecords {
			return nil, failure(errMultipleKeys, "there are %d TXT records where one key should be", len(records))
		}
		k, err := ParseKey(rec.Data)
		switch {
		case err != nil:
			if first == nil {
				first = err
			}
		case key != nil && key.Record != k.Record:
			return nil, failure(errMultipleKeys, "there are several keys at one name; which one is meant is undefined (RFC 6376 section 3.6.2.2)")
		default:
			key = k
		}
	}
	switch {
	case key != nil:
		return key, nil
	case first == nil:
		return nil, failure(ErrKeySyntax, "the answer holds no TXT record")
	}
	return nil, first
}

var errMultipleKeys = fmt.Errorf("%w: several keys", ErrKeySyntax)

// lookupFailure explains an answer without records.
func lookupFailure(name string, a *dns.Answer) (r Result, problem, reason string) {
	switch a.Status {
	case dns.NXDomain:
		return PermError, ProblemKeyMissing, sprintf("there is no key: the name %s does not exist (NXDOMAIN)", name)
	case dns.NoData:
		return PermError, ProblemKeyMissing, sprintf("there is no key: %s exists, but has no TXT record", name)
	case dns.BadName:
		return PermError, ProblemKeyMissing, sprintf("there is no key: %s is not a name the DNS can hold", quote(name))
	case dns.Malformed:
		return PermError, ProblemDNSMalformed, sprintf("the DNS answer for %s makes no sense%s", name, detail(a))
	case dns.Timeout:
		return TempError, ProblemDNSTimeout, sprintf("the DNS did not answer in time for %s%s", name, detail(a))
	case dns.ServFail:
		return TempError, ProblemDNSServFail, sprintf("the DNS server failed (SERVFAIL) for %s%s", name, detail(a))
	case dns.Refused:
		return TempError, ProblemDNSRefused, sprintf("the DNS server refused to answer for %s%s", name, detail(a))
	}
	return TempError, ProblemDNSFailure, sprintf("the key %s could not be fetched%s", name, detail(a))
}

func detail(a *dns.Answer) string {
	if a.Detail == "" {
		return ""
	}
	return ": " + a.Detail
}

func sprintf(format string, args ...any) string { return fmt.Sprintf(format, args...) }
