package spf

import "strings"

// descend evaluates the record that an include or a redirect leads to. A record
// that is being evaluated already would lead here again, without end.
func (c *checker) descend(at site) (decision, *failure) {
	target, ok := c.target(at)
	if ok && strings.IndexByte(target, '.') < 0 {
		c.trace.note(at.step).detail = cannotAsk + "the name has only one label"
		ok = false
	}
	if !ok {
		// Section 4.3: check_host() gives none for such a domain.
		return decision{result: None}, nil
	}
	name := strings.ToLower(target)
	for _, p := range at.f.path {
		if p == name {
			return decision{}, permError(ProblemLoop, at, "the record leads back to "+name+" without end")
		}
	}
	if e := c.checkQueries(at); e != nil {
		return decision{}, e
	}
	d := c.checkHost(c.push(at.f, target, name))
	if e := d.failure; e != nil {
		c.blame(e, at, name)
	}
	return d, nil
}

// blame moves a failure to fetch a record to the term that wanted it: that is where
// its reader can do something. It also counts the void look-up of a missing record,
// which ends the evaluation by itself and not by the limit.
func (c *checker) blame(e *failure, at site, name string) {
	if e.result == TempError && e.domain == name && e.term == "" {
		e.domain, e.term = at.f.name, at.t.text(at.f.record)
	}
	if e.void {
		c.budget.voids++
		e.void = false
	}
}

// evalInclude is the "include" mechanism, by the table of section 5.2.
func (c *checker) evalInclude(at site) (bool, *failure) {
	d, e := c.descend(at)
	if e != nil {
		return false, e
	}
	switch d.result {
	case Pass:
		return true, nil
	case TempError, PermError:
		return false, d.failure
	case None:
		return false, permError(ProblemIncludeNone, at,
			"the included "+c.trace.note(at.step).target+" has no SPF record")
	case Fail:
		c.trace.note(at.step).detail = "the included record gave fail"
	case SoftFail:
		c.trace.note(at.step).detail = "the included record gave softfail"
	case Neutral:
		c.trace.note(at.step).detail = "the included record gave neutral"
	}
	return false, nil
}

// evalRedirect is the "redirect" modifier (section 6.1).
func (c *checker) evalRedirect(f *frame, t *term, i int) decision {
	at, before := site{f: f, t: t, step: c.trace.open(f, i, isMatch)}, c.budget
	var d decision
	e := c.spendLookup(at)
	if e == nil {
		if d, e = c.descend(at); e == nil {
			e = c.checkRefused(at)
		}
	}
	if e == nil && d.result == None {
		e = permError(ProblemRedirectNone, at,
			"redirect= leads to "+c.trace.note(at.step).target+", which has no SPF record")
	}
	if e == nil {
		e = d.failure
	}
	c.spent(at.step, &before)
	if e != nil {
		c.trace.fail(at.step, e)
		d = failed(e)
	} else {
		c.trace.end(at.step, isMatch, d.result)
	}
	d.term = t.text(f.record)
	return d
}
