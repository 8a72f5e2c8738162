// Package scorecard says what each mailbox provider makes of the findings: row by
// row of its published requirements, and in a verdict. A requirement that could not
// be observed is unseen: neither a pass nor a fail.
package scorecard

// Verdict is what a provider will do.
type Verdict string

const (
	// Accept: nothing seen speaks against the mail, and enough was seen.
	Accept Verdict = "accept"
	// AtRisk: it may be filtered or deferred.
	AtRisk Verdict = "at-risk"
	// Reject: a refusal that the provider prints applies.
	Reject Verdict = "reject"
	// Unknown: too little was seen.
	Unknown Verdict = "unknown"
)

// RowStatus is what became of one requirement.
type RowStatus string

const (
	Pass          RowStatus = "pass"           // it is met
	Fail          RowStatus = "fail"           // it is not
	NotApplicable RowStatus = "not-applicable" // it is for other senders or mail
	Unseen        RowStatus = "unseen"         // it cannot be seen from here: no pass and no fail
)

// Row is one requirement of a provider.
type Row struct {
	// Requirement is its id in the data of package provider.
	Requirement string
	// Compliance is the row's name in the provider's own list of compliance, "" for none.
	Compliance string
	Status     RowStatus
	// Findings are the IDs that decided, [] where none did.
	Findings []string
	// Source is the page that states it, AsOf the day on which it did (2006-01-02).
	Source, AsOf string
}

// Card is one provider's judgement for one audience: "all" senders or "bulk" senders.
type Card struct {
	Provider, Audience string
	Verdict            Verdict
	Rows               []Row
}

// Score sums up what was seen: Value 0-100 over what was seen, Coverage 0-1 says how
// much of what could matter that was.
type Score struct {
	Value    int
	Coverage float64
}
