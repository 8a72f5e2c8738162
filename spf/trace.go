package spf

import (
	"strconv"

	"github.com/todoku/todoku/dns"
)

// Step is one step of an evaluation.
type Step struct {
	// Depth is 0 in the first record, 1 in what it includes or redirects to, ...
	Depth int
	// Domain owns the record that holds the term.
	Domain string
	// Path are the domains from the first record to this one.
	Path []string
	// Record is set, and Term empty, on the step that fetched a record.
	Record string
	// Term as written; Start and End its octet offsets in the record.
	Term       string
	Start, End int
	// Target is the expanded domain-spec, where the term has one.
	Target string
	// Outcome is one of the Outcome constants.
	Outcome string
	// Result is what the record or term gave (pass, fail ...), "" for no-match.
	Result Result
	// Lookups and Voids spent by this term alone, with all below it. They are 0 on
	// the step that fetched a record, so the steps of one depth can be summed.
	Lookups, Voids int
	// Queries are the DNS questions asked by the term, "name TYPE status". The TXT
	// question of an include: or redirect= is on the step that fetched that record.
	Queries []string
	// Detail explains an error or a match (which address matched).
	Detail string
}

// The words of [Step.Outcome].
const (
	// OutcomeFetched: the record, or the text of exp=, came.
	OutcomeFetched = "fetched"
	// OutcomeMatch: the term matched, or the redirect= gave the result.
	OutcomeMatch = "match"
	// OutcomeNoMatch: the term did not match; evaluation went on.
	OutcomeNoMatch = "no-match"
	// OutcomeError: the step ended the evaluation of its record, or the text of exp=
	// was not usable.
	OutcomeError = "error"
	// OutcomeOmitted stands for several terms that did not match and cost nothing,
	// in a record that has too many to list; Detail says how many.
	OutcomeOmitted = "omitted"
)

// maxSteps bounds the steps kept for terms that did not match without a look-up.
// All other steps are bounded by the limits of section 4.6.4, so none of them is
// ever lost.
const maxSteps = 500

// tracer collects steps. Indexes, not pointers, name a step: the slice grows
// while the steps of an outer record are still open.
type tracer struct {
	steps []Step
	// words is one backing array for the Queries of all steps.
	words []string
	// omitted counts what the open omission step of the current record stands for.
	omitted int
}

// open begins the step of a term and gives its index. The caller fills it.
func (t *tracer) open(f *frame, term *Term) int {
	t.steps = append(t.steps, Step{
		Depth: f.depth, Domain: f.name, Path: f.path,
		Term: term.Text, Start: term.Start, End: term.End,
		Outcome: OutcomeNoMatch,
	})
	return len(t.steps) - 1
}

// openFetch begins the step that fetches the record of a frame.
func (t *tracer) openFetch(f *frame) int {
	t.steps = append(t.steps, Step{Depth: f.depth, Domain: f.name, Path: f.path, Outcome: OutcomeFetched})
	return len(t.steps) - 1
}

// skip records a term that was compared without the DNS and did not match.
func (t *tracer) skip(f *frame, term *Term) {
	if len(t.steps) < maxSteps {
		t.open(f, term)
		return
	}
	if t.omitted == 0 {
		i := t.open(f, term)
		t.steps[i].Outcome = OutcomeOmitted
	}
	t.omitted++
}

// closeOmission says on the omission step of a record how many terms it stands
// for. It must run before another step is opened.
func (t *tracer) closeOmission() {
	if t.omitted == 0 {
		return
	}
	s := &t.steps[len(t.steps)-1]
	s.Detail = strconv.Itoa(t.omitted) + " terms from here on did not match"
	t.omitted = 0
}

// mark is where the queries of the next step begin.
func (t *tracer) mark() int { return len(t.words) }

// asked are the queries since a mark, nil where there were none.
func (t *tracer) asked(mark int) []string {
	if mark == len(t.words) {
		return nil
	}
	return t.words[mark:len(t.words):len(t.words)]
}

// query notes one question and how it ended.
func (t *tracer) query(q dns.Question, s dns.Status) {
	if t.words == nil {
		t.words = make([]string, 0, 8)
	}
	t.words = append(t.words, q.Name+" "+typeWord(q.Type)+" "+statusWord(s))
}

// finish gives the steps in memory of their own: the collecting slice is reused.
func (t *tracer) finish() []Step {
	out := make([]Step, len(t.steps))
	copy(out, t.steps)
	return out
}

func typeWord(t dns.Type) string {
	switch t {
	case dns.TypeTXT:
		return "TXT"
	case dns.TypeA:
		return "A"
	case dns.TypeAAAA:
		return "AAAA"
	case dns.TypeMX:
		return "MX"
	case dns.TypePTR:
		return "PTR"
	}
	return "TYPE" + strconv.Itoa(int(t))
}

func statusWord(s dns.Status) string {
	switch s {
	case dns.Success:
		return "success"
	case dns.NoData:
		return "nodata"
	case dns.NXDomain:
		return "nxdomain"
	case dns.ServFail:
		return "servfail"
	case dns.Refused:
		return "refused"
	case dns.Timeout:
		return "timeout"
	case dns.Malformed:
		return "malformed"
	case dns.BadName:
		return "badname"
	case dns.NetError:
		return "neterror"
	case dns.NotRecorded:
		return "notrecorded"
	}
	return "error"
}
