package web

import (
	"strings"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/internal/i18n"
)

// drawnIdentifiers are the identifiers whose way is shown step by step: SPF and six signatures.
const drawnIdentifiers = 7

// stepView is one step on the way to the DMARC result.
type stepView struct {
	Title, Say  string
	State       mark
	Left, Right string // what is compared
	Same        bool
	Walks       []dmarc.Walk // the questions asked for it
	Record      string
}

// stepper writes the steps of one verdict.
type stepper struct {
	lang  string
	d     *dmarc.Verdict
	steps []stepView
}

// viewSteps replays DMARC as a receiver does it: the From domain, its policy, each identifier
// and its comparison, the result, what is asked for.
func viewSteps(lang string, d *dmarc.Verdict) []stepView {
	s := &stepper{lang: lang, d: d}
	if d.FromDomain == "" {
		s.add("replay.from", "replay.from.none", markOf("", "permerror"))
		return s.steps
	}
	s.add("replay.from", "replay.from.say", markNone)
	s.policy()
	s.identifiers()
	s.result()
	s.asked()
	return s.steps
}

var markNone = mark{"none", "–", ""}

// add adds a step; title and say are keys. It may be completed until the next one is added.
func (s *stepper) add(title, say string, state mark, pairs ...any) *stepView {
	pairs = append(pairs, "From", visible(s.d.FromDomain), "Org", visible(s.d.OrgDomain), "PolicyDomain", visible(s.d.PolicyDomain))
	s.steps = append(s.steps, stepView{Title: i18n.T(s.lang, title+".title", pairs...), Say: i18n.T(s.lang, say, pairs...), State: state})
	return &s.steps[len(s.steps)-1]
}

func (s *stepper) word(status, key string) mark {
	m := markOf("", status)
	m.Word = i18n.T(s.lang, key)
	return m
}

func (s *stepper) policy() {
	d := s.d
	say, state := "replay.policy.found", s.word("pass", "replay.found")
	switch {
	case d.Record == nil && d.Result == dmarc.TempError:
		say, state = "replay.policy.failed", s.word("unknown", "status.unknown")
	case d.Record == nil:
		say, state = "replay.policy.none", s.word("warn", "replay.missing")
	case d.OrgDomain == "":
		say = "replay.policy.no-org"
	}
	st := s.add("replay.policy", say, state)
	if len(d.Discovery) > 0 {
		st.Walks = d.Discovery[:1]
	}
	if d.Record != nil {
		st.Record = d.Record.Raw
	}
}

func (s *stepper) identifiers() {
	if !s.d.SPFChecked {
		s.add("replay.spf", "replay.spf.unchecked", s.word("none", "align.not-checked"))
	}
	list, _ := some(s.d.Identifiers, drawnIdentifiers)
	signatures := 0
	for _, a := range list {
		key, says := "replay.spf", []string{"replay.spf.not", "replay.spf.pass", "replay.spf.no-domain"}
		if a.Method == "dkim" {
			key, says = "replay.dkim", []string{"replay.dkim.not", "replay.dkim.pass", "replay.dkim.no-domain"}
			signatures++
		}
		say := says[0]
		switch {
		case a.Domain == "":
			say = says[2]
		case a.Result == "pass":
			say = says[1]
		}
		s.add(key, say, markOf("", word(a.Result)), "Number", signatures, "Domain", visible(a.Domain), "Result", visible(word(a.Result)))
		if a.Domain != "" && s.d.Record != nil {
			s.compare(a)
		}
	}
	if signatures == 0 {
		s.add("replay.unsigned", "replay.unsigned.say", markOf("", "none"))
	}
}

// compare is whether one identifier belongs to the author's domain.
func (s *stepper) compare(a dmarc.Alignment) {
	say := "replay.compare.apart"
	switch {
	case a.Aligned && strings.EqualFold(a.Domain, s.d.FromDomain):
		say = "replay.compare.same-name"
	case a.Aligned:
		say = "replay.compare.same-org"
	case a.Mode == "strict":
		say = "replay.compare.strict"
	case a.OrgDomain == "":
		say = "replay.compare.foreign"
	}
	state := s.word("fail", "align.no")
	counts := "replay.apart"
	if a.Aligned {
		state, counts = s.word("pass", "align.yes"), "replay.counts"
		if a.Result != "pass" {
			state, counts = s.word("warn", "align.yes"), "replay.no-pass"
		}
	}
	st := s.add("replay.compare", say, state, "Domain", visible(a.Domain), "Other", visible(a.OrgDomain))
	if s.lang != "ja" { // no space between Japanese sentences
		st.Say += " "
	}
	st.Say += i18n.T(s.lang, counts)
	st.Left, st.Right, st.Same = a.Domain, s.d.FromDomain, a.Aligned
	if a.Mode != "strict" && a.OrgDomain != "" && s.d.OrgDomain != "" && !strings.EqualFold(a.Domain, s.d.FromDomain) {
		st.Left, st.Right = a.OrgDomain, s.d.OrgDomain
	}
	for _, w := range s.d.Discovery {
		if a.Domain != s.d.FromDomain && w.Domain == a.Domain {
			st.Walks = append(st.Walks, w)
		}
	}
}

func (s *stepper) result() {
	say := "replay.result.none"
	switch s.d.Result {
	case dmarc.Pass:
		say = "replay.result.pass"
	case dmarc.Fail:
		if say = "replay.result.fail"; !s.d.SPFChecked {
			say = "replay.result.so-far"
		}
	case dmarc.PermError:
		say = "replay.result.permerror"
	case dmarc.TempError:
		say = "replay.result.temperror"
	}
	s.add("replay.result", say, markOf("", word(string(s.d.Result))))
}

// asked is what the policy comes to.
func (s *stepper) asked() {
	d := s.d
	if d.Record == nil {
		s.add("replay.asked", "replay.asked.no-record", markNone)
		return
	}
	say := "replay.asked.policy"
	switch {
	case d.Result == dmarc.Pass:
		say = "replay.asked.pass"
	case d.Result != dmarc.Fail:
		say = "replay.asked.undecided"
	case d.Disposition != d.Policy:
		say = "replay.asked.testing"
	case d.Policy == dmarc.PolicyNone:
		say = "replay.asked.none"
	}
	state := markNone
	if d.Result == dmarc.Fail {
		state = mark{"none", "→", visible(string(d.Disposition))}
	}
	s.add("replay.asked", say, state, "Tag", s.tag(), "Policy", visible(word(string(d.Policy))), "Disposition", visible(word(string(d.Disposition))))
}

// tag is the tag of the record that gives the policy (RFC 9989 section 4.7).
func (s *stepper) tag() string {
	rec, policy := s.d.Record, s.d.Policy
	switch {
	case s.d.PolicyDomain == s.d.FromDomain:
		return "p"
	case rec.NP != "" && policy == rec.NP && policy != rec.SP:
		return "np"
	case rec.SP != "" && policy == rec.SP:
		return "sp"
	}
	return "p"
}
