package spf

import (
	"context"
	"net/netip"
	"time"

	"github.com/todoku/todoku/dns"
)

// checker is one evaluation.
type checker struct {
	ctx      context.Context
	resolver dns.Resolver
	ip       netip.Addr
	// is4 and client are the address in the form in which networks are compared.
	is4    bool
	client address
	// local, domain, helo, receiver and now are the values of macros.
	local, domain, helo, receiver string
	sender                        string // local@domain, once a macro wanted it
	now                           time.Time

	budget budget
	names  clientNames
	trace  tracer
	// parser has the terms of all records so far; the trace needs them at the end.
	parser parser
	// frames are the records so far: the first, and one for every term that may lead
	// to another. Pointers into the array stay good.
	frames  [1 + MaxLookups]frame
	nframes int
	// paths is one backing array for the paths of all frames.
	paths []string
}

// frame is one record being evaluated: one call of check_host().
type frame struct {
	index uint8
	// domain is <domain> as expanded, the value of %{d}; name is it in lower case.
	domain, name string
	// path are the names from the first record to this one.
	path []string
	// record is the text that was fetched.
	record string
}

// site is where an evaluation stands: a term of a record, and its step in the
// trace. The term is nil while the record itself is fetched.
type site struct {
	f    *frame
	t    *term
	step int
}

// decision is what the evaluation of one record came to.
type decision struct {
	result Result
	// term is the term of this record that decided, "default" where none did.
	term string
	// failure is set for none, temperror and permerror.
	failure *failure
	// expAt is set for a fail with an exp=, and exp its index in the terms: that of
	// the record redirected to, never of one included (section 6.2).
	expAt *frame
	exp   int
}

func failed(e *failure) decision {
	return decision{result: e.result, term: e.term, failure: e}
}

// push makes the frame of a record that a record leads to; from is nil for the first.
func (c *checker) push(from *frame, domain, name string) *frame {
	f := &c.frames[c.nframes]
	f.index, f.domain, f.name = uint8(c.nframes), domain, name
	c.nframes++
	switch {
	case from == nil:
		c.paths = make([]string, 0, 1) // mostly the only one
	case c.nframes == 2:
		c.paths = make([]string, 0, 16)
	}
	start := len(c.paths)
	if from != nil {
		c.paths = append(c.paths, from.path...)
	}
	c.paths = append(c.paths, name)
	f.path = c.paths[start:len(c.paths):len(c.paths)]
	return f
}

// defaultTerm is the term that decides where none matched (section 4.7).
const defaultTerm = "default"

// checkHost fetches, parses and evaluates one record (section 4.3 to 4.7).
func (c *checker) checkHost(f *frame) decision {
	at := site{f: f, step: c.trace.open(f, noTerm, isFetched)}
	base := len(c.parser.terms)
	e := c.fetch(at)
	c.trace.asked(at.step)
	if e == nil {
		e = c.parse(f)
	}
	if e != nil {
		c.trace.fail(at.step, e)
		return failed(e)
	}
	d := c.evalTerms(f, base)
	c.trace.end(at.step, isFetched, d.result)
	return d
}

// fetch asks for the record of a frame and selects it (section 4.4, 4.5).
func (c *checker) fetch(at site) *failure {
	f := at.f
	a := c.ask(f.domain, dns.TypeTXT)
	if e := lookupFailed(&a, at); e != nil {
		return e
	}
	found := 0
	for i := range a.Records {
		if IsRecord(a.Records[i].Data) {
			found++
			f.record = a.Records[i].Data
		}
	}
	switch {
	case found == 1:
		return nil
	case found > 1:
		f.record = ""
		return permError(ProblemMultipleRecords, at, "there is more than one SPF record at "+f.name)
	}
	e := newFailure(None, ProblemNoRecord, at, f.name+" has no SPF record")
	if a.Status == dns.NXDomain {
		e.reason = f.name + " does not exist"
	}
	e.void = a.Status.Void()
	return e
}

// parse adds the terms of the record to those of the evaluation.
func (c *checker) parse(f *frame) *failure {
	err := c.parser.parse(f.record)
	if err == nil {
		return nil
	}
	problem := ProblemSyntax
	if err.Code == CodeBadMacro {
		problem = ProblemMacro
	}
	return &failure{result: PermError, problem: problem, domain: f.name, term: err.Term,
		reason: "the record of " + f.name + " does not parse: " + err.Reason}
}

// evalTerms goes through the mechanisms of a record, which are the terms from base
// on, from left to right, then to the redirect (section 4.6.2, 4.7).
func (c *checker) evalTerms(f *frame, base int) decision {
	terms := c.parser.terms[base:]
	for i := range terms {
		t := &terms[i]
		switch t.kind {
		case IP4, IP6:
			if !c.inNetwork(t) {
				c.trace.skip(f, base+i)
				continue
			}
		case Redirect, Exp, UnknownModifier:
			continue
		}
		c.trace.closeOmission()
		matched, e := c.evalMechanism(f, t, base+i)
		switch {
		case e != nil:
			return decision{result: e.result, term: t.text(f.record), failure: e}
		case matched:
			return matchDecision(f, terms, i, base)
		}
	}
	c.trace.closeOmission()
	// An "all" would have matched, so the redirect is not one to ignore (section 6.1).
	if i := index(terms, Redirect); i >= 0 {
		return c.evalRedirect(f, &terms[i], base+i)
	}
	return decision{result: Neutral, term: defaultTerm}
}

// matchDecision is the decision when a mechanism matched.
func matchDecision(f *frame, terms []term, i, base int) decision {
	d := decision{result: terms[i].qualifier.Result(), term: terms[i].text(f.record)}
	if d.result == Fail {
		if exp := index(terms, Exp); exp >= 0 {
			d.expAt, d.exp = f, base+exp
		}
	}
	return d
}

// evalMechanism evaluates one mechanism and keeps its step.
func (c *checker) evalMechanism(f *frame, t *term, i int) (matched bool, e *failure) {
	at, before := site{f: f, t: t, step: c.trace.open(f, i, isNoMatch)}, c.budget
	if t.kind.NeedsDNS() {
		e = c.spendLookup(at)
	}
	if e == nil {
		if matched, e = c.match(at); e == nil {
			e = c.checkRefused(at)
		}
	}
	c.spent(at.step, &before)
	if t.kind != Include {
		c.trace.asked(at.step)
	}
	switch {
	case e != nil:
		c.trace.fail(at.step, e)
	case matched:
		c.trace.end(at.step, isMatch, t.qualifier.Result())
	}
	return matched, e
}

// spent notes on a step what it cost, with all below it.
func (c *checker) spent(step int, before *budget) {
	e := &c.trace.events[step]
	e.lookups = uint8(c.budget.lookups - before.lookups)
	e.voids = uint8(c.budget.voids - before.voids)
}
