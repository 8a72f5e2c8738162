package spf

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/todoku/todoku/dns"
)

// checker is one evaluation.
type checker struct {
	ctx      context.Context
	resolver dns.Resolver
	ip       netip.Addr
	// local, domain, helo, receiver and now are the values of macros.
	local, domain, helo, receiver string
	now                           time.Time

	budget budget
	client clientNames
	trace  tracer
	// terms is a stack: those of the record being evaluated on top of those of the
	// records that led to it.
	terms []Term
}

// frame is one record being evaluated: one call of check_host().
type frame struct {
	depth int
	// domain is <domain> as expanded, the value of %{d}; name is it in lower case.
	domain, name string
	// path are the names from the first record to this one.
	path []string
	// record is the text that was fetched.
	record string
}

// decision is what the evaluation of one record came to.
type decision struct {
	result Result
	// term is the term of this record that decided, "default" where none did.
	term string
	// failure is set for none, temperror and permerror.
	failure *failure
	// exp is the exp= modifier that goes with a fail, and in whose record it stands:
	// the one redirected to, never one included (section 6.2).
	exp   Term
	expAt *frame
}

func failed(e *failure) decision {
	return decision{result: e.result, term: e.term, failure: e}
}

// checkers keeps the memory of finished evaluations for the next.
var checkers = sync.Pool{New: func() any { return new(checker) }}

// Check evaluates check_host() (RFC 7208 section 4) for a request. Every
// failure is a result; it never returns a Go error. The deadline of the context
// ends it with temperror; section 4.6.4 asks to allow at least 20 seconds.
func Check(ctx context.Context, r dns.Resolver, req Request) Verdict {
	v, ok := begin(&req)
	if !ok {
		return v
	}
	c := checkers.Get().(*checker)
	defer c.release()
	c.ctx, c.resolver = ctx, r
	c.ip, c.receiver, c.now, c.helo = req.IP.Unmap().WithZone(""), req.Receiver, req.Now, req.HELO
	address := req.ReversePath
	if address == "" {
		address = "@" + req.HELO
	}
	local, domain := splitSender(address)
	name, problem := initialDomain(domain)
	v.Domain = strings.ToLower(name)
	if problem != "" {
		return v.reject(ProblemBadDomain, "the domain to check is not usable: "+problem)
	}
	c.local, c.domain = local, name
	f := &frame{domain: name, name: v.Domain, path: []string{v.Domain}}
	d := c.checkHost(f)
	v.Record = f.record
	c.conclude(&v, &d)
	return v
}

// begin checks what does not need the DNS and says which identity is checked.
func begin(req *Request) (Verdict, bool) {
	v := Verdict{Identity: MailFrom}
	if req.ReversePath == "" {
		v.Identity = HELO
	}
	switch {
	case !req.IP.IsValid():
		return v.reject(ProblemBadAddress, "the address of the client is not known"), false
	case len(req.ReversePath) > maxPath || len(req.HELO) > maxPath:
		return v.reject(ProblemBadDomain, "the address or the HELO name has more than 1024 octets"), false
	}
	return v, true
}

// reject gives the verdict where there is nothing to check (section 4.3).
func (v Verdict) reject(problem, reason string) Verdict {
	v.Result, v.Problem, v.Reason, v.ProblemDomain = None, problem, reason, v.Domain
	return v
}

// release empties a checker and keeps its memory, unless a huge record blew it up.
func (c *checker) release() {
	terms, steps := c.terms[:cap(c.terms)], c.trace.steps
	clear(terms)
	clear(steps)
	*c = checker{}
	if len(terms) <= 512 {
		c.terms = terms[:0]
	}
	c.trace.steps = steps[:0]
	checkers.Put(c)
}

// conclude completes the verdict.
func (c *checker) conclude(v *Verdict, d *decision) {
	v.Result = d.result
	if v.Record != "" {
		v.Mechanism = d.term
	}
	if d.result == Fail && d.expAt != nil {
		v.Explanation = c.explain(d)
	}
	v.Lookups, v.VoidLookups = c.budget.lookups, c.budget.voids
	if e := d.failure; e != nil {
		v.Problem, v.ProblemDomain, v.ProblemTerm, v.Reason = e.problem, e.domain, e.term, e.reason
	} else {
		v.Reason = c.reason(v)
	}
	v.Trace = c.trace.finish()
}

// reason says in a sentence why there is no pass.
func (c *checker) reason(v *Verdict) string {
	switch {
	case v.Result == Pass:
		return ""
	case v.Mechanism == defaultTerm:
		return "no term of the record of " + v.Domain + " matches " + c.ip.String()
	}
	says := "says that it makes no statement about "
	switch v.Result {
	case Fail:
		says = "does not authorize "
	case SoftFail:
		says = "probably does not authorize "
	}
	return v.Domain + " " + says + c.ip.String() + ": the term " + v.Mechanism + " decided"
}

// defaultTerm is the term that decides where none matched (section 4.7).
const defaultTerm = "default"

// checkHost fetches, parses and evaluates one record (section 4.3 to 4.7).
func (c *checker) checkHost(f *frame) decision {
	step := c.trace.openFetch(f)
	mark := c.trace.mark()
	e := c.fetch(f)
	c.trace.steps[step].Queries = c.trace.asked(mark)
	c.trace.steps[step].Record = f.record
	base := len(c.terms)
	if e == nil {
		e = c.parse(f)
	}
	if e != nil {
		s := &c.trace.steps[step]
		s.Outcome, s.Result, s.Detail = OutcomeError, e.result, e.reason
		c.terms = c.terms[:base]
		return failed(e)
	}
	d := c.evalTerms(f, c.terms[base:])
	c.terms = c.terms[:base]
	c.trace.steps[step].Result = d.result
	return d
}

// fetch asks for the record of a frame and selects it (section 4.4, 4.5).
func (c *checker) fetch(f *frame) *failure {
	a := c.ask(f.domain, dns.TypeTXT)
	if e := lookupFailed(&a, f, nil); e != nil {
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
		return permError(ProblemMultipleRecords, f, nil, "there is more than one SPF record at "+f.name)
	}
	e := newFailure(None, ProblemNoRecord, f, nil, f.name+" has no SPF record")
	if a.Status == dns.NXDomain {
		e.reason = f.name + " does not exist"
	}
	e.void = a.Status.Void()
	return e
}

// parse puts the terms of the record on the stack.
func (c *checker) parse(f *frame) *failure {
	if c.terms == nil {
		c.terms = make([]Term, 0, 32)
	}
	terms, err := parseTerms(f.record, c.terms)
	c.terms = terms
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

// evalTerms goes through the mechanisms from left to right, then the redirect
// (section 4.6.2, 4.7).
func (c *checker) evalTerms(f *frame, terms []Term) decision {
	for i := range terms {
		t := &terms[i]
		switch t.Kind {
		case IP4, IP6:
			if !t.Prefix.Contains(c.ip) {
				c.trace.skip(f, t)
				continue
			}
		case Redirect, Exp, UnknownModifier:
			continue
		}
		c.trace.closeOmission()
		matched, e := c.evalMechanism(f, t)
		if e != nil {
			d := failed(e)
			d.term = t.Text
			return d
		}
		if matched {
			return matchDecision(f, terms, t)
		}
	}
	c.trace.closeOmission()
	// An "all" would have matched, so the redirect is not one to ignore (section 6.1).
	if t := find(terms, Redirect); t != nil {
		return c.evalRedirect(f, t)
	}
	return decision{result: Neutral, term: defaultTerm}
}

// matchDecision is the decision when a mechanism matched.
func matchDecision(f *frame, terms []Term, t *Term) decision {
	d := decision{result: t.Qualifier.Result(), term: t.Text}
	if d.result == Fail {
		if exp := find(terms, Exp); exp != nil {
			d.exp, d.expAt = *exp, f
		}
	}
	return d
}

// evalMechanism evaluates one mechanism and keeps its step.
func (c *checker) evalMechanism(f *frame, t *Term) (bool, *failure) {
	s, mark := c.trace.open(f, t), c.trace.mark()
	before := c.budget
	var matched bool
	var e *failure
	if t.Kind.NeedsDNS() {
		e = c.spendLookup(f, t)
	}
	if e == nil {
		matched, e = c.match(f, t, s)
	}
	step := &c.trace.steps[s]
	step.Lookups, step.Voids = c.budget.lookups-before.lookups, c.budget.voids-before.voids
	if t.Kind != Include {
		step.Queries = c.trace.asked(mark)
	}
	switch {
	case e != nil:
		step.Outcome, step.Result, step.Detail = OutcomeError, e.result, e.reason
	case matched:
		step.Outcome, step.Result = OutcomeMatch, t.Qualifier.Result()
	}
	return matched, e
}

// match asks whether a mechanism matches (section 5). s is its step.
func (c *checker) match(f *frame, t *Term, s int) (bool, *failure) {
	switch t.Kind {
	case All:
		return true, nil
	case IP4, IP6:
		c.trace.steps[s].Detail = c.ip.String() + " is in " + t.Prefix.String()
		return true, nil
	case Include:
		return c.evalInclude(f, t, s)
	case A:
		target, ok := c.target(f, t, s)
		if !ok {
			return false, nil
		}
		return c.matchHost(f, t, s, target)
	case MX:
		return c.evalMX(f, t, s)
	case PTR:
		return c.evalPTR(f, t, s)
	case Exists:
		return c.evalExists(f, t, s)
	}
	return false, nil
}

// target expands the domain-spec of a term. It is not ok where the name cannot be
// asked: section 4.8 leaves open what happens then; it does not match. The openspf
// suite prefers that, and a client cannot break a record by its HELO name.
func (c *checker) target(f *frame, t *Term, s int) (string, bool) {
	target := f.domain
	if t.Domain.Text != "" {
		target = c.expandName(t.Domain, f)
	}
	c.trace.steps[s].Target = target
	if problem := nameProblem(target); problem != "" {
		c.trace.steps[s].Detail = "cannot be looked up: " + problem
		return target, false
	}
	return target, true
}

// bits is the prefix length of a and mx that goes with the client's address.
func (c *checker) bits(t *Term) uint8 {
	if c.ip.Is4() {
		return t.Bits4
	}
	return t.Bits6
}

// matchHost compares the client with the addresses of a host (section 5.3).
func (c *checker) matchHost(f *frame, t *Term, s int, host string) (bool, *failure) {
	a, e := c.query(host, c.addressType(), f, t)
	if e != nil {
		return false, e
	}
	addr, ok := c.contains(a.Records, c.bits(t))
	if ok {
		c.trace.steps[s].Detail = host + " has " + addr.String()
	}
	return ok, nil
}

// evalMX is the "mx" mechanism (section 5.4). Without MX records nothing matches:
// the address of the name itself is not tried.
func (c *checker) evalMX(f *frame, t *Term, s int) (bool, *failure) {
	target, ok := c.target(f, t, s)
	if !ok {
		return false, nil
	}
	a, e := c.query(target, dns.TypeMX, f, t)
	if e != nil {
		return false, e
	}
	if len(a.Records) > MaxMX {
		return false, permError(ProblemTooManyMX, f, t,
			target+" has more than 10 mail exchangers (RFC 7208 section 4.6.4)")
	}
	for i := range a.Records {
		host := strings.TrimSuffix(a.Records[i].Data, ".")
		// The root is "no mail here" (RFC 7505).
		if nameProblem(host) != "" {
			continue
		}
		if matched, e := c.matchHost(f, t, s, host); matched || e != nil {
			return matched, e
		}
	}
	return false, nil
}

// evalExists is the "exists" mechanism: an A record, also for IPv6 (section 5.7).
func (c *checker) evalExists(f *frame, t *Term, s int) (bool, *failure) {
	target, ok := c.target(f, t, s)
	if !ok {
		return false, nil
	}
	a, e := c.query(target, dns.TypeA, f, t)
	return e == nil && len(a.Records) > 0, e
}

// descend evaluates the record an include or a redirect leads to. A record that is
// being evaluated already would lead here again, without end.
func (c *checker) descend(f *frame, t *Term, s int) (decision, *failure) {
	target, ok := c.target(f, t, s)
	if ok && strings.IndexByte(target, '.') < 0 {
		c.trace.steps[s].Detail, ok = "cannot be looked up: the name has only one label", false
	}
	if !ok {
		// Section 4.3: check_host() gives none for such a domain.
		return decision{result: None}, nil
	}
	name := strings.ToLower(target)
	for _, p := range f.path {
		if p == name {
			return decision{}, permError(ProblemLoop, f, t, "the record leads back to "+name+" without end")
		}
	}
	if e := c.checkQueries(f, t); e != nil {
		return decision{}, e
	}
	d := c.checkHost(&frame{depth: f.depth + 1, domain: target, name: name,
		path: append(f.path[:len(f.path):len(f.path)], name)})
	if e := d.failure; e != nil && e.result == TempError && e.domain == name && e.term == "" {
		e.domain, e.term = f.name, t.Text
	}
	if e := d.failure; e != nil && e.void {
		// The missing record ends the evaluation itself: the limit is not what is reported.
		c.budget.voids++
		e.void = false
	}
	return d, nil
}

// evalInclude is the "include" mechanism, by the table of section 5.2.
func (c *checker) evalInclude(f *frame, t *Term, s int) (bool, *failure) {
	d, e := c.descend(f, t, s)
	if e != nil {
		return false, e
	}
	switch d.result {
	case Pass:
		return true, nil
	case TempError, PermError:
		return false, d.failure
	case None:
		return false, permError(ProblemIncludeNone, f, t,
			"the included "+c.trace.steps[s].Target+" has no SPF record")
	}
	c.trace.steps[s].Detail = includeDetail[d.result]
	return false, nil
}

// includeDetail has constant texts, for an include that does not match is the
// commonest step of all.
var includeDetail = map[Result]string{
	Fail:     "the included record gave fail",
	SoftFail: "the included record gave softfail",
	Neutral:  "the included record gave neutral",
}

// evalRedirect is the "redirect" modifier (section 6.1).
func (c *checker) evalRedirect(f *frame, t *Term) decision {
	s, before := c.trace.open(f, t), c.budget
	e := c.spendLookup(f, t)
	var d decision
	if e == nil {
		d, e = c.descend(f, t, s)
	}
	if e == nil && d.result == None {
		e = permError(ProblemRedirectNone, f, t,
			"redirect= leads to "+c.trace.steps[s].Target+", which has no SPF record")
	}
	if e == nil {
		e = d.failure
	}
	step := &c.trace.steps[s]
	step.Lookups, step.Voids = c.budget.lookups-before.lookups, c.budget.voids-before.voids
	if e != nil {
		step.Outcome, step.Result, step.Detail = OutcomeError, e.result, e.reason
		d = failed(e)
	} else {
		step.Outcome, step.Result = OutcomeMatch, d.result
	}
	d.term = t.Text
	return d
}
