package inspect

import (
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
