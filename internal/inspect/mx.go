package inspect

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/fetch"
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

// mxSet is the judgement of a set of exchangers.
type mxSet struct {
	*judgement
	plan   []repair.Exchanger
	usable int
	unseen bool         // the look-up of one failed
	change []dns.Change // what puts the set right
	extra  []dns.Change // what it needs besides
	kinds  []mxKind     // of each host
}

// mxKind is what is wrong with one exchanger.
type mxKind uint8

const (
	mxGood mxKind = iota
	mxNull
	mxLiteral
	mxMisspelt
	mxAlias
	mxNowhere // has no address
	mxPrivate
	mxUnseen
	mxLeftover // *.msv1.invalid, by which a domain was once proved to Microsoft
)

func (j *judgement) kindOf(e survey.Exchange) mxKind {
	switch {
	case e.Null():
		return mxNull
	case dns.IsSubdomain(e.Name, "msv1.invalid"):
		return mxLeftover
	case e.Literal.IsValid():
		return mxLiteral
	case e.Meant.Name != "":
		return mxMisspelt
	case e.Void():
		return mxNowhere
	case !e.Found(), j.invented(e.Addresses):
		return mxUnseen
	case onlyPrivate(e.Addresses) != "":
		return mxPrivate
	case e.Canonical() != "":
		return mxAlias
	}
	return mxGood
}

// onlyPrivate gives the first address of a host all of whose addresses cannot be
// reached from the Internet, "" for others.
func onlyPrivate(a survey.Addresses) string {
	first := ""
	for _, r := range a.Records() {
		if fetch.Refused(r.Addr) == "" {
			return ""
		}
		if first == "" {
			first = r.Data
		}
	}
	return first
}

// mxSet plans the one change of the record set.
func (j *judgement) mxSet() *mxSet {
	s := &mxSet{judgement: j}
	for _, e := range j.MX.Hosts {
		k := j.kindOf(e)
		s.kinds = append(s.kinds, k)
		p := repair.Exchanger{Text: e.Record.ChangeText(), Pref: e.Record.Pref, TTL: e.Record.TTL}
		switch k {
		case mxGood:
			s.usable++
		case mxAlias:
			s.usable++
			p.Bad, p.Instead = survey.HostName(e.Canonical()), e.Canonical()
		case mxMisspelt:
			p.Bad, p.Instead = true, e.Meant.Name
			if e.Found() && onlyPrivate(e.Addresses) == "" {
				s.usable++ // the wrong name is there, too
			}
			if c := e.Meant.Canonical(); survey.HostName(c) {
				p.Instead = c
			}
		case mxLiteral:
			p.Bad, p.Instead = true, s.literal(e.Literal)
		case mxNowhere, mxPrivate, mxNull, mxLeftover:
			p.Bad = true
		case mxUnseen:
			s.unseen = true
		}
		s.plan = append(s.plan, p)
	}
	c := repair.MX(j.mxOwner(), s.plan)
	if c == nil && s.usable == 0 && !s.unseen {
		if host := j.mailHost(); host != "" {
			s.plan[0].Instead = host
			c = repair.MX(j.mxOwner(), s.plan)
		}
	}
	if c != nil {
		s.change = []dns.Change{*c}
	}
	return s
}

// literal gives the name to put in the place of an address: one that leads to it, else
// a new one, which then needs the address.
func (s *mxSet) literal(ip netip.Addr) string {
	own := ownNames(s.MX.Own, ip)
	if name := repair.NameFor(ip, own); name != "" {
		return name
	}
	if fetch.Refused(ip) != "" {
		return ""
	}
	name := repair.FreeName(own)
	if name != "" {
		s.extra = append(s.extra, repair.AddressChange(name, ip))
	}
	return name
}

func (s *mxSet) judge() {
	for i, e := range s.MX.Hosts {
		if s.kinds[i] != mxNowhere || s.usable > 0 || s.unseen {
			s.host(e, s.kinds[i])
		}
	}
	s.whole()
}

// mxFindings gives the finding of each kind.
var mxFindings = map[mxKind]string{
	mxNull: "mx.null-with-others", mxLiteral: "mx.address", mxMisspelt: "mx.misspelt", mxAlias: "mx.cname",
	mxNowhere: "mx.unresolvable", mxPrivate: "mx.private-address", mxUnseen: "mx.dns-failure",
	mxLeftover: "mx.verification-leftover",
}

// host judges one exchanger. What makes the domain lose mail only where no other
// takes it is a fail only then.
func (s *mxSet) host(e survey.Exchange, k mxKind) {
	id, ok := mxFindings[k]
	if !ok {
		s.partlyPrivate(e)
		return
	}
	name := shown(e.Name)
	a := args{"from": s.Name, "name": name, "target": shown(e.Canonical()), "meant": e.Meant.Name}
	evidence := []string{"MX " + clip(e.Record.ChangeText())}
	switch k {
	case mxLiteral:
		a["ip"] = e.Literal.String()
	case mxPrivate:
		a["ip"] = onlyPrivate(e.Addresses)
		evidence = append(evidence, addressTexts(e.Addresses)...)
	default:
		evidence = append(evidence, answerText(e.A), answerText(e.AAAA))
	}
	f := s.add(id, name, a, evidence...)
	if f.Status == catalogue.Fail && (s.usable > 0 || s.unseen) {
		f.Status = catalogue.Warn
	}
	if k == mxUnseen {
		return
	}
	f.DNS = s.change
	if k == mxLiteral {
		f.DNS = append(slices.Clone(s.change), s.extra...)
	}
}

// partlyPrivate judges an exchanger of which some addresses only can be reached: senders
// that choose another one wait, and try again later.
func (s *mxSet) partlyPrivate(e survey.Exchange) {
	var gone []dns.Change
	first := ""
	for _, r := range e.Records() {
		if fetch.Refused(r.Addr) == "" {
			continue
		}
		if first == "" {
			first = r.Data
		}
		i := slices.IndexFunc(gone, func(c dns.Change) bool { return c.Type == r.Type })
		if i < 0 {
			i = len(gone)
			gone = append(gone, dns.Change{Action: dns.Remove, Name: e.Name + ".", Type: r.Type, TTL: r.TTL})
		}
		gone[i].Was = append(gone[i].Was, r.ChangeText())
	}
	if first == "" {
		return
	}
	name := shown(e.Name)
	f := s.add("mx.private-address", name, args{"from": s.Name, "name": name, "ip": first}, addressTexts(e.Addresses)...)
	f.Status = catalogue.Warn
	if s.own(e.Name) {
		f.DNS = gone
	}
}

// whole judges the set as one.
func (s *mxSet) whole() {
	hosts := s.MX.Hosts
	if s.usable == 0 {
		s.nowhere()
		return
	}
	if s.usable == len(hosts)-s.count(mxLeftover) {
		s.add("mx.pass", s.Name, args{"from": s.Name, "count": strconv.Itoa(len(hosts) + s.MX.More)}, s.texts()...)
	}
	if n := len(hosts) + s.MX.More; n > 10 {
		s.add("mx.many", s.Name, args{"from": s.Name, "count": strconv.Itoa(n)})
	}
	s.duplicates()
	s.ipv4()
	s.ipv6()
}

// nowhere says that no exchanger at all has an address.
func (s *mxSet) nowhere() {
	var names, evidence []string
	for i, e := range s.MX.Hosts {
		switch s.kinds[i] {
		case mxNowhere:
			evidence = append(evidence, answerText(e.A), answerText(e.AAAA))
			fallthrough
		case mxLiteral:
			names = append(names, shown(e.Name))
		}
	}
	if len(names) == 0 || s.unseen {
		return
	}
	a := args{"from": s.Name, "name": strings.Join(names[:min(len(names), 4)], ", ")}
	f := s.add("mx.unresolvable", s.Name, a, append(s.texts(), evidence...)...)
	f.DNS = append(slices.Clone(s.change), s.extra...)
}

// count is the number of exchangers of a kind.
func (s *mxSet) count(k mxKind) int {
	n := 0
	for _, o := range s.kinds {
		if o == k {
			n++
		}
	}
	return n
}

func (s *mxSet) duplicates() {
	seen := make(map[string]bool)
	for _, e := range s.MX.Hosts {
		if seen[e.Name] && e.Name != "" {
			s.add("mx.duplicate", shown(e.Name), args{"from": s.Name, "name": shown(e.Name)}, s.texts()...)
			return
		}
		seen[e.Name] = true
	}
}

// ipv4 warns where mail can come over IPv6 only: most senders have none.
func (s *mxSet) ipv4() {
	for i, e := range s.MX.Hosts {
		if s.kinds[i] == mxUnseen || !empty(e.A) && s.kinds[i] != mxNull && s.kinds[i] != mxLiteral {
			return
		}
	}
	var evidence []string
	for _, e := range s.MX.Hosts {
		evidence = append(evidence, addressTexts(e.Addresses)...)
	}
	s.add("mx.ipv6-only", s.Name, args{"from": s.Name}, evidence...)
}

// ipv6 notes where no exchanger has an IPv6 address, which is nobody's duty.
func (s *mxSet) ipv6() {
	for _, e := range s.MX.Hosts {
		if e.AAAA.Status.Found() || e.AAAA.Status.Failed() && !e.Null() && !e.Literal.IsValid() {
			return
		}
	}
	s.add("mx.no-ipv6", s.Name, args{"from": s.Name})
}

func (s *mxSet) texts() []string {
	var out []string
	for _, e := range s.MX.Hosts {
		out = append(out, "MX "+clip(e.Record.ChangeText()))
	}
	return out
}

func addressTexts(a survey.Addresses) []string {
	var out []string
	for _, r := range a.Records()[:min(len(a.Records()), 6)] {
		out = append(out, shown(a.Name)+" "+r.Type.String()+" "+r.Data)
	}
	return out
}

// answerText says in a few words what a question gave; "" for one that was not asked.
func answerText(a dns.Answer) string {
	if a.Status == dns.Unknown {
		return ""
	}
	text := fmt.Sprintf("%s %s: %s", shown(a.Question.Name), a.Question.Type, a.Status)
	for _, link := range a.Chain[:min(len(a.Chain), 4)] {
		text += "; CNAME " + shown(link.Data)
	}
	for _, r := range a.Records[:min(len(a.Records), 4)] {
		text += "; " + clip(strings.TrimSpace(r.Data))
	}
	if a.Detail != "" {
		text += " (" + clip(a.Detail) + ")"
	}
	return text
}

func (a args) with(key, value string) args {
	a[key] = value
	return a
}
