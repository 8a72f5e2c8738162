// Package spf evaluates the Sender Policy Framework, RFC 7208.
package spf

// Result is a result of RFC 7208 section 2.6.
type Result string

const (
	None      Result = "none"
	Neutral   Result = "neutral"
	Pass      Result = "pass"
	Fail      Result = "fail"
	SoftFail  Result = "softfail"
	TempError Result = "temperror"
	PermError Result = "permerror"
)
