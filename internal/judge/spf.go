package judge

import (
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/spf"
)

// spfProblems gives the finding of a permerror; what is not here is spf.permerror.
var spfProblems = map[string]string{
	spf.ProblemSyntax:             "spf.syntax",
	spf.ProblemMacro:              "spf.syntax",
	spf.ProblemMultipleRecords:    "spf.multiple-records",
	spf.ProblemTooManyLookups:     "spf.too-many-lookups",
	spf.ProblemTooManyQueries:     "spf.too-many-lookups",
	spf.ProblemTooManyVoidLookups: "spf.too-many-void-lookups",
	spf.ProblemTooManyMX:          "spf.too-many-mx",
	spf.ProblemIncludeNone:        "spf.include-none",
	spf.ProblemRedirectNone:       "spf.include-none",
	spf.ProblemLoop:               "spf.loop",
}

func (c *verdict) spf() {
	v := c.Auth.SPF
	if !c.Auth.SPFChecked {
		c.add("spf.unchecked", "message", nil)
		return
	}
	a := args{
		"domain": v.Domain, "ip": c.Session.RemoteIP.Unmap().String(), "mechanism": v.Mechanism,
		"term": addressTerm(c), "where": v.ProblemDomain,
	}
	switch v.Result {
	case spf.Pass:
		c.add("spf.pass", v.Domain, a, v.Record)
		c.plusAll(v)
	case spf.Fail:
		c.weigh(c.add("spf.fail", v.Domain, a, v.Record, v.Explanation))
	case spf.SoftFail:
		c.weigh(c.add("spf.softfail", v.Domain, a, v.Record))
	case spf.Neutral:
		c.weigh(c.add("spf.neutral", v.Domain, a, v.Record))
	case spf.TempError:
		c.add("spf.temperror", v.Domain, a, v.Reason)
	case spf.PermError:
		c.spfBroken(v, a)
	default:
		c.spfAbsent(v, a)
	}
}

// weigh sets how much it matters that SPF did not pass: it breaks delivery only
// when nothing else speaks for the message. Forwarded mail that kept its DKIM
// signature is the common harmless case.
func (c *verdict) weigh(f *catalogue.Finding) {
	f.Status = catalogue.Warn
	if !c.authenticated() {
		f.Status = catalogue.Fail
	}
}

func (c *verdict) spfBroken(v spf.Verdict, a args) {
	id, ok := spfProblems[v.Problem]
	if !ok {
		id = "spf.permerror"
	}
	if v.ProblemTerm != "" {
		a["term"] = v.ProblemTerm
	} else {
		a["term"] = "v=spf1"
	}
	if a["where"] == "" {
		a["where"] = v.Domain
	}
	c.add(id, v.Domain, a, v.Record, v.Reason)
}

func (c *verdict) spfAbsent(v spf.Verdict, a args) {
	switch {
	case v.Problem == spf.ProblemBadDomain:
		c.weigh(c.add("spf.bad-domain", v.Domain, a, v.Reason))
	case v.Identity == spf.HELO:
		c.add("spf.none-helo", v.Domain, a)
	default:
		c.weigh(c.add("spf.none", v.Domain, a))
	}
}

// plusAll notes the term that let everyone in (attack case: v=spf1 +all).
func (c *verdict) plusAll(v spf.Verdict) {
	if domain, term := v.Everybody(); term != "" {
		c.add("spf.plus-all", domain, args{"domain": domain, "mechanism": term}, recordOf(v, domain))
	}
}

// recordOf gives the record of a domain in a trace.
func recordOf(v spf.Verdict, domain string) string {
	for _, s := range v.Trace {
		if s.Term == "" && s.Domain == domain && s.Record != "" {
			return s.Record
		}
	}
	return v.Record
}

// addressTerm is the SPF term that lists the sending address.
func addressTerm(c *verdict) string {
	ip := c.Session.RemoteIP.Unmap().WithZone("")
	if ip.Is4() {
		return "ip4:" + ip.String()
	}
	return "ip6:" + ip.String()
}
