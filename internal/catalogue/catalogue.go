// Package catalogue is the one list of findings: what each means, why it matters
// and how it is put right, in English and Japanese side by side, with its
// source. A finding is data; nothing here decides that one applies.
package catalogue

import (
	"time"

	"github.com/todoku/todoku/dns"
)

// Status of a finding (see the outer contract in docs/contract.md).
type Status string

const (
	// Fail: delivery or a promised protection breaks.
	Fail Status = "fail"
	// Warn: published, but not doing what it says.
	Warn Status = "warn"
	// Info: optional, absent, or history.
	Info Status = "info"
	// Unknown: could not be seen; never a pass and never a fail.
	Unknown Status = "unknown"
	// Pass: in order.
	Pass Status = "pass"
)

// Text is a text in both languages. A test fails when one is missing.
type Text struct{ EN, JA string }

// In gives the text in "ja" or, for anything else, English.
func (t Text) In(lang string) string {
	if lang == "ja" {
		return t.JA
	}
	return t.EN
}

// Entry describes one finding ID. Texts may hold {placeholders}, filled from Finding.Args.
type Entry struct {
	ID     string   // area.what
	Status Status   // the usual status; a finding may carry another
	Title  Text     // the verdict in one line
	Detail Text     // what it means for delivery, and why
	Fix    Text     // one-sentence summary of the repair, empty for pass
	Steps  []Text   // ordered steps, where order or choice is needed
	Refs   []string // "RFC 7208 section 4.6.4", URLs
	// Rank orders root causes before their consequences; lower is earlier.
	Rank int
}

// Finding is one finding about one subject. It is what every door renders.
type Finding struct {
	ID      string
	Status  Status
	Subject string // the domain, address or message concerned
	// Args are for the placeholders; one with the suffix ".en" or ".ja" is for that language.
	Args     map[string]string
	Evidence []string // raw facts seen, as they were
	DNS      []dns.Change
	Snippets []Snippet
	// Advice are steps of the repair that depend on what was found, a service's own
	// settings for instance. They follow those of the entry.
	Advice []Text
	// Accepted is set where the user accepts the finding: it is shown, but does not count.
	Accepted *Acceptance
}

// Acceptance is why a user accepts a finding, and until which day (zero: for ever).
type Acceptance struct {
	Reason string
	Until  time.Time
}

// Snippet is a configuration text to paste.
type Snippet struct {
	For  string `json:"for"` // "postfix main.cf", ...
	Text string `json:"text"`
}
