package web

import (
	"strings"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/internal/i18n"
)

// dmarcView is the answer of RFC 9989, the drawing of the alignment, and the answer of RFC 7489.
type dmarcView struct {
	Result, Say, Reason  string
	From, Org            string
	PolicyDomain, Policy string
	Disposition          string
	Record               string
	SPFChecked           bool
	Lines                []alignLine
	More                 int
	Walks                []dmarc.Walk
	Old                  dmarcAnswer
	Now                  dmarcAnswer
	Differ               []string // which rows differ
	DifferSay            string
}

// dmarcAnswer is one column of the comparison.
type dmarcAnswer struct{ Result, Org, PolicyDomain, Policy string }

// alignLine is one identifier against the From domain.
type alignLine struct {
	Method, Domain, Result, Org, Mode string
	Aligned                           bool
	Counts                            bool // aligned and passed: carries DMARC
	Say                               string
}

func viewDMARC(lang string, d dmarc.Verdict) dmarcView {
	v := dmarcView{
		Result: word(string(d.Result)), Reason: d.Reason, From: d.FromDomain, Org: d.OrgDomain,
		PolicyDomain: d.PolicyDomain, Policy: string(d.Policy), Disposition: string(d.Disposition), SPFChecked: d.SPFChecked,
	}
	if d.Record != nil {
		v.Record = d.Record.Raw
	}
	ids, more := some(d.Identifiers, drawnSignatures+1)
	v.More = more
	for _, id := range ids {
		v.Lines = append(v.Lines, viewAlignment(lang, id))
	}
	v.Walks, _ = some(d.Discovery, drawnSignatures)
	v.Now = dmarcAnswer{v.Result, d.OrgDomain, d.PolicyDomain, string(d.Policy)}
	v.Old = dmarcAnswer{word(string(d.RFC7489.Result)), d.RFC7489.OrgDomain, d.RFC7489.PolicyDomain, string(d.RFC7489.Policy)}
	v.compare(lang)
	v.Say = i18n.T(lang, dmarcSay(d), "From", d.FromDomain, "Policy", string(d.Disposition))
	return v
}

func dmarcSay(d dmarc.Verdict) string {
	switch d.Result {
	case dmarc.Pass:
		return "dmarc.say.pass"
	case dmarc.Fail:
		if d.Disposition == dmarc.PolicyQuarantine || d.Disposition == dmarc.PolicyReject {
			return "dmarc.say.fail-policy"
		}
		return "dmarc.say.fail"
	case dmarc.PermError:
		return "dmarc.say.permerror"
	case dmarc.TempError:
		return "dmarc.say.temperror"
	}
	return "dmarc.say.none"
}

func viewAlignment(lang string, a dmarc.Alignment) alignLine {
	l := alignLine{
		Method: strings.ToUpper(a.Method), Domain: a.Domain, Result: word(a.Result), Org: a.OrgDomain, Mode: a.Mode,
		Aligned: a.Aligned, Counts: a.Aligned && a.Result == "pass",
	}
	key := "align.not"
	switch {
	case l.Counts:
		key = "align.counts"
	case l.Aligned:
		key = "align.but-not-pass"
	case l.Result == "pass":
		key = "align.pass-but-not"
	}
	l.Say = i18n.T(lang, key)
	return l
}

// compare says plainly whether and where the two standards differ.
func (v *dmarcView) compare(lang string) {
	for _, row := range []struct{ key, now, old string }{
		{"dmarc.row.result", v.Now.Result, v.Old.Result},
		{"dmarc.row.org", v.Now.Org, v.Old.Org},
		{"dmarc.row.policy-domain", v.Now.PolicyDomain, v.Old.PolicyDomain},
		{"dmarc.row.policy", v.Now.Policy, v.Old.Policy},
	} {
		if row.now != row.old {
			v.Differ = append(v.Differ, row.key)
		}
	}
	switch {
	case len(v.Differ) == 0:
		v.DifferSay = i18n.T(lang, "dmarc.same")
	case v.Now.Result != v.Old.Result:
		v.DifferSay = i18n.T(lang, "dmarc.differ-result", "Now", v.Now.Result, "Old", v.Old.Result)
	default:
		v.DifferSay = i18n.T(lang, "dmarc.differ-way")
	}
}

// Differs reports whether a row of the comparison differs.
func (v dmarcView) Differs(key string) bool {
	for _, k := range v.Differ {
		if k == key {
			return true
		}
	}
	return false
}
