// Package spf evaluates the Sender Policy Framework, RFC 7208.
//
// A domain publishes one TXT record that begins "v=spf1" and lists, as terms,
// who may use the domain in MAIL FROM or HELO. [Check] is the RFC's check_host():
// it fetches the record, parses it completely, and only then walks its terms from
// left to right until one matches the address of the SMTP client. What it did on
// the way is in [Verdict.Trace], as data.
//
// [Parse] reads a record on its own, for those who judge or edit records; its
// result names the octets of every term. Nothing here logs, reads a clock or keeps
// state between evaluations.
package spf

// Result is a result of RFC 7208 section 2.6.
type Result string

// The results of RFC 7208 section 2.6, in the words of RFC 8601 section 2.7.2.
const (
	// None: there was no domain to check or no record to check it against.
	None Result = "none"
	// Neutral: the domain says that it says nothing.
	Neutral Result = "neutral"
	// Pass: the client is authorized.
	Pass Result = "pass"
	// Fail: the client is not authorized.
	Fail Result = "fail"
	// SoftFail: the client is probably not authorized.
	SoftFail Result = "softfail"
	// TempError: a look-up failed; asking later may give another result.
	TempError Result = "temperror"
	// PermError: the published records cannot be interpreted.
	PermError Result = "permerror"
)
