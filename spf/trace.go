package spf

import (
	"strconv"
	"strings"

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
	// Everybody: the term matched, and would match any address of the family of the
	// client, or half of all there are: it is all, or has a prefix length of 0 or 1, for
	// IPv6 of 3 at most (2000::/3 has all addresses that are in use).
	Everybody bool
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

// tracer collects what becomes the steps. Most terms are networks that do not
// match; an event is a few numbers, so that they cost next to nothing until the
// steps are written, once, in memory of the right size.
type tracer struct {
	events []event
	notes  []note
	asks   []asked
	// omitted counts what the open omission step of the current record stands for.
	omitted int
}

// event is a step without its texts. Terms, notes and questions are meant by index:
// their slices grow while the steps of an outer record are still open.
type event struct {
	// term is an index into the terms of the evaluation, noTerm for a fetched record.
	term int32
	// note is an index into notes plus one, 0 for none.
	note int32
	// from and to are the range of asks that are the queries of the step.
	from, to       int32
	frame          uint8
	outcome        outcome
	result         resultCode
	lookups, voids uint8
}

const noTerm = -1

// note has the texts that few steps have.
type note struct{ target, detail string }

// asked is one question and how it ended.
type asked struct {
	name   string
	typ    dns.Type
	status dns.Status
}

// outcome and resultCode are indexes into the words.
type outcome uint8

const (
	isNoMatch outcome = iota
	isMatch
	isFetched
	isError
	isOmitted
)

var outcomeWords = [...]string{isNoMatch: OutcomeNoMatch, isMatch: OutcomeMatch, isFetched: OutcomeFetched,
	isError: OutcomeError, isOmitted: OutcomeOmitted}

type resultCode uint8

var resultWords = [...]Result{"", None, Neutral, Pass, Fail, SoftFail, TempError, PermError}

func codeOf(r Result) resultCode {
	for i, w := range resultWords {
		if w == r {
			return resultCode(i)
		}
	}
	return 0
}

// open begins a step and gives its index.
func (t *tracer) open(f *frame, term int, o outcome) int {
	n := int32(len(t.asks))
	t.events = append(t.events, event{term: int32(term), from: n, to: n, frame: f.index, outcome: o})
	return len(t.events) - 1
}

// skip notes a term that was compared without the DNS and did not match.
func (t *tracer) skip(f *frame, term int) {
	switch {
	case len(t.events) < maxSteps:
		t.open(f, term, isNoMatch)
		return
	case t.omitted == 0:
		t.open(f, term, isOmitted)
	}
	t.omitted++
}

// closeOmission says on the omission step of a record how many terms it stands
// for. It must run before another step is opened.
func (t *tracer) closeOmission() {
	if t.omitted == 0 {
		return
	}
	t.note(len(t.events) - 1).detail = strconv.Itoa(t.omitted) + " terms from here on did not match"
	t.omitted = 0
}

// note gives the texts of a step, to be written at once.
func (t *tracer) note(step int) *note {
	e := &t.events[step]
	if e.note == 0 {
		t.notes = append(t.notes, note{})
		e.note = int32(len(t.notes))
	}
	return &t.notes[e.note-1]
}

// asked closes the range of queries of a step.
func (t *tracer) asked(step int) { t.events[step].to = int32(len(t.asks)) }

// end notes how a step ended.
func (t *tracer) end(step int, o outcome, r Result) {
	t.events[step].outcome, t.events[step].result = o, codeOf(r)
}

// fail notes why a step ended the evaluation.
func (t *tracer) fail(step int, e *failure) {
	t.end(step, isError, e.result)
	t.note(step).detail = e.reason
}

// query notes one question and how it ended.
func (t *tracer) query(q *dns.Question, s dns.Status) {
	t.asks = append(t.asks, asked{q.Name, q.Type, s})
}

// words writes the questions out, all in one string.
func (t *tracer) words() []string {
	size := 0
	for i := range t.asks {
		size += len(t.asks[i].name) + len(" TYPE65535 not-recorded")
	}
	var b strings.Builder
	b.Grow(size)
	words := make([]string, len(t.asks))
	for i, a := range t.asks {
		start := b.Len()
		b.WriteString(a.name)
		b.WriteByte(' ')
		b.WriteString(typeWord(a.typ))
		b.WriteByte(' ')
		b.WriteString(a.status.String())
		words[i] = b.String()[start:]
	}
	return words
}

// typeWord is the name of the types that are asked for.
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
	}
	return t.String()
}

// steps writes the events out.
func (c *checker) steps() []Step {
	steps := make([]Step, len(c.trace.events))
	words := c.trace.words()
	for i := range steps {
		e, s := &c.trace.events[i], &steps[i]
		f := &c.frames[e.frame]
		s.Depth, s.Domain, s.Path = len(f.path)-1, f.name, f.path
		s.Outcome, s.Result = outcomeWords[e.outcome], resultWords[e.result]
		s.Lookups, s.Voids = int(e.lookups), int(e.voids)
		if e.term == noTerm {
			s.Record = f.record
		} else {
			t := &c.parser.terms[e.term]
			s.Term, s.Start, s.End = t.text(f.record), int(t.start), int(t.end)
			s.Everybody = e.outcome == isMatch && c.everybody(t)
		}
		if e.note != 0 {
			n := &c.trace.notes[e.note-1]
			s.Target, s.Detail = n.target, n.detail
		}
		if e.to > e.from {
			s.Queries = words[e.from:e.to:e.to]
		}
	}
	return steps
}
