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
	// is4 and client are the address in the form in which networks are compared.
	is4    bool
	client address
	// local, domain, helo, receiver and now are the values of macros.
	local, domain, helo, receiver string
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

// Check evaluates check_host() (RFC 7208 section 4) for a request. Every
// failure is a result; it never returns a Go error. The deadline of the context
// ends it with temperror, [MaxDuration] where it has none.
func Check(ctx context.Context, r dns.Resolver, req Request) Verdict {
	v, ok := begin(&req)
	if !ok {
		return v
	}
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
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, MaxDuration)
		defer cancel()
	}
	c := checkers.Get().(*checker)
	defer c.release()
	c.ctx, c.resolver = ctx, r
	c.ip, c.receiver, c.now, c.helo = req.IP.Unmap().WithZone(""), req.Receiver, req.Now, req.HELO
	c.is4, c.client = c.ip.Is4(), addressOf(c.ip)
	c.local, c.domain = local, name
	f := c.push(nil, name, v.Domain)
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

// checkers keeps the memory of finished evaluations for the next.
var checkers = sync.Pool{New: func() any { return new(checker) }}

// maxKept is how many terms or events of memory are kept, not to hold on to what
// one huge record needed.
const maxKept = 512

// release forgets the evaluation. The terms it leaves behind in unused memory are
// overwritten by the next, and freed with the pool.
func (c *checker) release() {
	p, events, notes, asks := c.parser, c.trace.events, c.trace.notes, c.trace.asks
	*c = checker{}
	if cap(p.terms) <= maxKept && cap(events) <= maxKept {
		c.parser.terms, c.parser.domains, c.trace.events = p.terms[:0], p.domains[:0], events[:0]
		c.trace.notes, c.trace.asks = notes[:0], asks[:0]
	}
	checkers.Put(c)
}

// push makes the frame of a record that a record leads to; from is nil for the first.
func (c *checker) push(from *frame, domain, name string) *frame {
	f := &c.frames[c.nframes]
	f.index, f.domain, f.name = uint8(c.nframes), domain, name
	c.nframes++
	if c.paths == nil {
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

// conclude completes the verdict.
func (c *checker) conclude(v *Verdict, d *decision) {
	v.Result = d.result
	if v.Record != "" {
		v.Mechanism = d.term
	}
	if d.expAt != nil {
		v.Explanation = c.explain(d.expAt, d.exp)
	}
	v.Lookups, v.VoidLookups = c.budget.lookups, c.budget.voids
	if e := d.failure; e != nil {
		v.Problem, v.ProblemDomain, v.ProblemTerm, v.Reason = e.problem, e.domain, e.term, e.reason
	} else {
		v.Reason = c.reason(v)
	}
	v.Trace = c.steps()
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
		matched, e = c.match(at)
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

// inNetwork reports whether ip4 or ip6 has the client. They never have one of the
// other family, IPv4-mapped or not (section 5).
func (c *checker) inNetwork(t *term) bool {
	if t.kind == IP4 {
		return c.is4 && c.client.inIP4(t.net, t.bits4)
	}
	return !c.is4 && c.client.inIP6(t.net, t.bits6)
}

// match asks whether a mechanism matches (section 5).
func (c *checker) match(at site) (bool, *failure) {
	switch at.t.kind {
	case All:
		return true, nil
	case IP4, IP6:
		c.trace.note(at.step).detail = c.ip.String() + " is in " + c.parser.export(at.f.record, at.t).Prefix.String()
		return true, nil
	case Include:
		return c.evalInclude(at)
	case A:
		target, ok := c.target(at)
		if !ok {
			return false, nil
		}
		return c.matchHost(at, target)
	case MX:
		return c.evalMX(at)
	case PTR:
		return c.evalPTR(at)
	case Exists:
		return c.evalExists(at)
	}
	return false, nil
}

// target expands the domain-spec of a term. It is not ok where the name cannot be
// asked: section 4.8 leaves open what happens then; it does not match. The openspf
// suite prefers that, and a client cannot break a record by its HELO name.
func (c *checker) target(at site) (string, bool) {
	target := at.f.domain
	if at.t.domain != 0 {
		target = c.expandName(c.parser.domainSpec(at.t), at.f)
	}
	n := c.trace.note(at.step)
	n.target = target
	if problem := nameProblem(target); problem != "" {
		n.detail = cannotAsk + problem
		return target, false
	}
	return target, true
}

const cannotAsk = "cannot be looked up: "

// matchHost compares the client with the addresses of a host (section 5.3).
func (c *checker) matchHost(at site, host string) (bool, *failure) {
	a, e := c.query(host, c.addressType(), at)
	if e != nil {
		return false, e
	}
	bits := at.t.bits4
	if !c.is4 {
		bits = at.t.bits6
	}
	addr, ok := c.contains(a.Records, bits)
	if ok {
		c.trace.note(at.step).detail = host + " has " + addr.String()
	}
	return ok, nil
}

// evalMX is the "mx" mechanism (section 5.4). Without MX records nothing matches:
// the address of the name itself is not tried.
func (c *checker) evalMX(at site) (bool, *failure) {
	target, ok := c.target(at)
	if !ok {
		return false, nil
	}
	a, e := c.query(target, dns.TypeMX, at)
	if e != nil {
		return false, e
	}
	if len(a.Records) > MaxMX {
		return false, permError(ProblemTooManyMX, at,
			target+" has more than 10 mail exchangers (RFC 7208 section 4.6.4)")
	}
	for i := range a.Records {
		host := strings.TrimSuffix(a.Records[i].Data, ".")
		// The root is "no mail here" (RFC 7505).
		if nameProblem(host) != "" {
			continue
		}
		if matched, e := c.matchHost(at, host); matched || e != nil {
			return matched, e
		}
	}
	return false, nil
}

// evalExists is the "exists" mechanism: an A record, also for IPv6 (section 5.7).
func (c *checker) evalExists(at site) (bool, *failure) {
	target, ok := c.target(at)
	if !ok {
		return false, nil
	}
	a, e := c.query(target, dns.TypeA, at)
	return e == nil && len(a.Records) > 0, e
}
