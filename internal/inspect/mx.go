package inspect

import (
	"slices"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/repair"
	"github.com/todoku/todoku/internal/survey"
)

// mx judges the mail exchangers.
func (j *judgement) mx() {
	m := j.MX
	switch {
	case j.noAnswer(), j.noDomain():
		// The area dns says it.
	case m.Answer.Status.Failed():
		j.add("mx.dns-failure", j.Name, args{"name": j.Name}, answerText(m.Answer))
	case len(m.Hosts) == 0:
		j.mxAbsent()
	case len(m.Hosts) == 1 && m.Hosts[0].Null():
		j.nullMX()
	default:
		s := j.mxSet()
		s.judge()
	}
}

// authorisesSomeone reports whether somebody may send for the domain: it says so, or the user does.
func (j *judgement) authorisesSomeone() bool {
	return j.sends() && (len(j.Options.IPs) > 0 || len(j.Options.Selectors) > 0 || len(j.Profile.SPF()) > 0)
}

// mailHost is a mail host of the domain's own that has an address, "" for none.
func (j *judgement) mailHost() string {
	for _, a := range j.MX.Own {
		if a.Found() && a.Canonical() == "" && a.Name != j.Name && !sameAddresses(a, j.MX.Wild) && onlyPrivate(a) == "" {
			return a.Name
		}
	}
	return ""
}

// sameAddresses reports that two names have an address in common, as all names
// beneath a wildcard do.
func sameAddresses(a, b survey.Addresses) bool {
	return slices.ContainsFunc(a.Records(), func(r dns.Record) bool {
		return slices.ContainsFunc(b.Records(), func(o dns.Record) bool { return o.Addr == r.Addr })
	})
}

// invented reports that a name has the address that the resolver gives to names that
// cannot exist: whether it exists is not known.
func (j *judgement) invented(a survey.Addresses) bool {
	return sameAddresses(a, survey.Addresses{A: j.Zone.Invalid})
}

// mxOwner is the name at which the MX records stand: the domain, or where its CNAME leads.
func (j *judgement) mxOwner() string {
	if n := len(j.MX.Answer.Chain); n > 0 {
		return dns.CanonicalName(j.MX.Answer.Chain[n-1].Data)
	}
	return j.Name
}

// addMX plans a first MX record, nil where the domain is an alias of a stranger's
// name: nothing can stand beside a CNAME.
func (j *judgement) addMX(text string) []dns.Change {
	owner := j.mxOwner()
	if owner != j.Name && !j.own(owner) {
		return nil
	}
	return []dns.Change{{Action: dns.Add, Name: owner + ".", Type: dns.TypeMX, TTL: 3600, Data: []string{text}}}
}

// mxAbsent judges a domain without MX records.
func (j *judgement) mxAbsent() {
	m := j.MX
	a := args{"from": j.Name}
	switch {
	case m.Implicit.A.Status.Failed() || m.Implicit.AAAA.Status.Failed() || j.invented(m.Implicit):
		j.add("mx.dns-failure", j.Name, a.with("name", j.Name), answerText(m.Implicit.A), answerText(m.Implicit.AAAA))
	case !j.sends():
		// Nobody is to write to it: to say so spares every sender a time-out.
		f := j.add("mx.null-missing", j.Name, a, "MX: "+m.Answer.Status.String())
		f.DNS = j.addMX("0 .")
	case m.Implicit.Found():
		j.add("mx.implicit", j.Name, a, addressTexts(m.Implicit)...)
	default:
		f := j.add("mx.none", j.Name, a, "MX: "+m.Answer.Status.String(), "A: "+m.Implicit.A.Status.String(), "AAAA: "+m.Implicit.AAAA.Status.String())
		if !j.authorisesSomeone() {
			f.Status = catalogue.Info
		}
		// Where nothing speaks of mail, the way out is to say that there is none.
		if host := j.mailHost(); host != "" && (f.Status != catalogue.Info || len(j.Options.IPs)+len(j.Options.Selectors) > 0) {
			f.DNS = j.addMX(repair.MXText(10, host))
		}
	}
}

// nullMX judges "MX 0 ." (RFC 7505).
func (j *judgement) nullMX() {
	r := j.MX.Hosts[0].Record
	if !j.authorisesSomeone() {
		j.add("mx.null", j.Name, args{"from": j.Name}, "MX "+r.ChangeText())
		return
	}
	f := j.add("mx.null-sending", j.Name, args{"from": j.Name}, append([]string{"MX " + r.ChangeText()}, j.Profile.SPF()...)...)
	e := repair.Exchanger{Text: r.ChangeText(), Pref: 10, TTL: r.TTL, Bad: true, Instead: j.mailHost()}
	if c := repair.MX(j.mxOwner(), []repair.Exchanger{e}); c != nil {
		f.DNS = []dns.Change{*c}
	}
}
