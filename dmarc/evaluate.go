package dmarc

import (
	"context"
	"fmt"
	"sync"

	"github.com/todoku/todoku/dns"
)

// Evaluate discovers the policy and the alignment (RFC 9989 sections 4.4, 4.10, 5.3).
//
// It asks at most 8 questions for the author domain, 8 for each of at most 11
// domains of identifiers, and 2 more. Walks of identifiers run at the same time.
//
// When a DNS failure hides what the result depends on, the result is temperror
// (section 5.3.6), never none. A failure that changes nothing is no error: an
// identifier that equals the author domain passes without any walk, and one that
// is not below the author's Organizational Domain can never be aligned, so that
// nobody turns a fail into a temperror by breaking his own DNS.
func Evaluate(ctx context.Context, r dns.Resolver, in Input) Verdict {
	e := evaluations.Get().(*evaluation)
	e.ctx, e.in, e.policies.resolver = ctx, in, r
	e.evaluate()
	v := e.v
	e.release()
	return v
}

func (e *evaluation) evaluate() {
	e.v.SPFChecked = e.in.SPF != nil
	e.candidates = candidates(e.candidates, e.in)
	domain, err := normalize(e.in.AuthorDomain)
	if e.in.AuthorError != nil {
		err = e.in.AuthorError
	}
	if err != nil {
		e.v.Result, e.v.Problem = PermError, ProblemAuthor
		e.v.Reason = "no single author domain: " + err.Error()
		e.v.RFC7489.Result = PermError
		e.align(nil)
		return
	}
	e.v.FromDomain = domain
	e.author = e.policies.walk(e.ctx, domain)
	e.v.OrgDomain = e.author.OrgDomain
	e.v.Discovery = append(make([]Walk, 0, 2), e.author.Walk)
	e.decide()
	e.v.RFC7489 = e.rfc7489()
}

// evaluations keeps the memory of evaluations for the next.
var evaluations = sync.Pool{New: func() any { return new(evaluation) }}

// maxKept is the greatest number of identifiers or walks for which memory is kept.
const maxKept = 16

// release forgets the evaluation and gives its memory back.
func (e *evaluation) release() {
	candidates, walks, asked := e.candidates, e.walks, e.policies.asked
	clear(candidates)
	clear(walks)
	clear(asked)
	*e = evaluation{}
	if cap(candidates) <= maxKept && cap(walks) <= maxKept && cap(asked) <= maxKept {
		e.candidates, e.walks, e.policies.asked = candidates[:0], walks[:0], asked[:0]
	}
	evaluations.Put(e)
}

// evaluation is one run of Evaluate.
type evaluation struct {
	ctx      context.Context
	in       Input
	policies policies
	author   walk
	// candidates are the identifiers, walks those of some of them.
	candidates []candidate
	walks      []walk
	v          Verdict
	// uncertain says why an identifier may be aligned and pass after all, "" if none may.
	uncertain, uncertainProblem string
}

// decide gives the result once the author's walk is done.
func (e *evaluation) decide() {
	f, ok, known := e.author.policy()
	if !known {
		e.align(nil)
		e.temporary("dns-"+e.author.failed, "the policy record could not be looked up: "+e.lastQuery()+": "+e.author.failed)
		return
	}
	if !ok {
		e.align(nil)
		e.noPolicy()
		return
	}
	if _, _, _, usable := f.record.Usable(); !usable {
		e.align(nil)
		e.v.Result, e.v.Problem, e.v.Disposition = None, ProblemInvalidPolicy, PolicyNone
		e.v.Reason = "the record at " + prefix + f.domain + " has no valid policy and no rua (RFC 9989 section 4.10.1)"
		return
	}
	e.v.PolicyDomain, e.v.Record = f.domain, f.record
	e.align(f.record)
	failedExistence := e.policyOf(f)
	switch {
	case e.v.SPFAligned || e.v.DKIMAligned:
		e.v.Result, e.v.Disposition = Pass, PolicyNone
		e.v.Reason = "an identifier that passes is aligned with " + e.v.FromDomain
	case e.uncertain != "":
		e.temporary(e.uncertainProblem, e.uncertain)
	case failedExistence != "":
		e.temporary("dns-"+failedExistence, "whether "+e.v.FromDomain+" exists could not be looked up: "+failedExistence)
	default:
		e.fail()
	}
}

func (e *evaluation) temporary(problem, reason string) {
	e.v.Result, e.v.Problem, e.v.Reason = TempError, problem, reason
}

func (e *evaluation) lastQuery() string {
	return e.author.Queries[len(e.author.Queries)-1].Name
}

func (e *evaluation) noPolicy() {
	e.v.Result, e.v.Problem, e.v.Disposition = None, ProblemNoRecord, PolicyNone
	e.v.Reason = "no policy record applies to " + e.v.FromDomain
	if e.author.multiple {
		e.v.Problem = ProblemMultipleRecords
		e.v.Reason += ": where there are several, all are discarded"
	}
}

// policyOf sets the policy that applies (section 4.10.1): p for the domain of the
// record itself, else np for a domain that does not exist, else sp. It gives the
// word of a DNS failure where that was asked and not answered, and no policy then.
func (e *evaluation) policyOf(f found) (failed string) {
	p, sp, np, _ := f.record.Usable()
	if f.domain == e.v.FromDomain {
		e.v.Policy = p
		return ""
	}
	if np == sp {
		e.v.Policy = sp // existence changes nothing
		return ""
	}
	switch yes, status := exists(e.ctx, e.policies.resolver, e.v.FromDomain); {
	case status.Failed():
		return failure(status) // either may apply: none is named
	case yes:
		e.v.Policy = sp
	default:
		e.v.Policy = np
	}
	return ""
}

func (e *evaluation) fail() {
	e.v.Result, e.v.Problem = Fail, ProblemNotAuthenticated
	e.v.Reason = "neither SPF nor DKIM passes"
	for _, a := range e.v.Identifiers {
		if a.Result == passWord {
			e.v.Problem = ProblemNotAligned
			e.v.Reason = fmt.Sprintf("%s passes for %s, which is not aligned with %s", a.Method, showDomain(a.Domain), e.v.FromDomain)
			break
		}
	}
	e.v.Disposition = e.v.Policy
	if e.v.Record.Testing { // section 4.7: one level below
		switch e.v.Policy {
		case PolicyReject:
			e.v.Disposition = PolicyQuarantine
		case PolicyQuarantine:
			e.v.Disposition = PolicyNone
		}
	}
}
