package inspect

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/repair"
	"github.com/todoku/todoku/internal/survey"
	"github.com/todoku/todoku/iprev"
	"github.com/todoku/todoku/spf"
)

// spf judges SPF records and all that they include.
func (j *judgement) spf() {
	s := &spfJudge{judgement: j, SPF: &j.SPF, domain: j.Name, first: len(j.findings), said: make(map[string]bool)}
	if s.TXT.Status.Failed() {
		s.say("spf.temperror", args{}, s.TXT.Question.Name+" TXT: "+s.TXT.Status.String(), s.TXT.Detail)
		return
	}
	s.prepare()
	if len(s.Texts) == 0 {
		s.absent()
		return
	}
	s.texts()
	for i := range s.Texts {
		s.record(&s.Texts[i])
	}
	s.senders()
	s.leftovers()
	s.repaired()
	s.inOrder()
}

// spfJudge judges the SPF record of one domain. All its findings that a change of the
// record cures carry the same one.
type spfJudge struct {
	*judgement
	*survey.SPF
	domain string
	first  int // the first finding that is its own
	plan   repair.SPFPlan
	change *dns.Change // nil where there is nothing to change, or no way to
	said   map[string]bool
}

// say adds a finding once for each ID, place and term.
func (s *spfJudge) say(id string, a args, evidence ...string) *catalogue.Finding {
	for k, v := range map[string]string{"domain": s.domain, "where": s.domain, "term": "v=spf1", "mechanism": ""} {
		if _, ok := a[k]; !ok {
			a[k] = v
		}
	}
	a["term"], a["mechanism"] = clip(a["term"]), clip(a["mechanism"])
	key := id + "\x00" + a["where"] + "\x00" + a["term"] + "\x00" + a["ip"]
	if s.said[key] {
		return nil
	}
	s.said[key] = true
	for i := range evidence {
		evidence[i] = clip(evidence[i])
	}
	return s.add(id, s.domain, a, evidence...)
}

// broken adds a finding that the change of the record cures.
func (s *spfJudge) broken(id string, a args, evidence ...string) *catalogue.Finding {
	f := s.say(id, a, evidence...)
	if f != nil && s.change != nil {
		f.DNS = []dns.Change{*s.change}
	}
	return f
}

// prepare plans the one record.
func (s *spfJudge) prepare() {
	in := repair.SPFInput{Domain: s.domain, Own: s.own, Start: s.start()}
	texts := s.Texts
	if len(texts) == 0 {
		texts = s.elsewhere()
	}
	for _, t := range texts {
		in.Trees = append(in.Trees, t.Tree)
		in.Unread = append(in.Unread, t.Mended.Dropped...)
		in.Published = append(in.Published, t.Text)
	}
	faulty := len(s.Senders) > 0 && repair.SPF(in).Changed
	for _, sender := range s.Senders {
		if sender.Verdict.Result != spf.Pass && sender.Verdict.Result != spf.TempError {
			in.Add = append(in.Add, sender.IP)
		} else if sender.Verdict.Result == spf.Pass {
			in.Passing = append(in.Passing, sender.IP)
		}
		// Where nothing is broken for everybody, this client must be met before what is
		// broken for it.
		in.AddFirst = in.AddFirst || sender.Verdict.Result == spf.PermError && !faulty
	}
	s.plan = repair.SPF(in)
	s.change = s.planned()
}

// planned is the change that publishes the plan, which takes away all that was meant
// to be SPF or Sender ID.
func (s *spfJudge) planned() *dns.Change {
	c := &dns.Change{Action: dns.Replace, Name: s.domain + ".", Type: dns.TypeTXT, TTL: 3600, Was: slices.Clone(s.SenderID)}
	if n := len(s.TXT.Chain); n > 0 {
		if !s.own(s.TXT.Chain[n-1].Data) {
			return nil // nothing can stand beside an alias, and its end is a stranger's
		}
		c.Name = dns.CanonicalName(s.TXT.Chain[n-1].Data) + "."
	}
	if len(s.TXT.Records) > 0 && s.TXT.Records[0].TTL > 0 {
		c.TTL = s.TXT.Records[0].TTL
	}
	for _, t := range s.Texts {
		c.Was = append(c.Was, t.Text)
	}
	switch {
	case len(s.Texts) > 0 && (s.plan.Text == "" || !s.plan.Changed):
		if len(s.SenderID) == 0 {
			return nil
		}
		c.Action, c.Was = dns.Remove, slices.Clone(s.SenderID)
		return c
	case s.plan.Text == "":
		return nil
	case len(c.Was) == 0:
		c.Action = dns.Add
	}
	c.Data = []string{s.plan.Text}
	return c
}

// start are the terms that a first record begins with, as far as the domain itself
// shows who sends: its own mail hosts, or the mailboxes that it rents.
func (s *spfJudge) start() []string {
	var hosts []string
	for _, r := range s.Profile.MX.Records {
		host := dns.CanonicalName(r.Data)
		if host == "" {
			return nil // RFC 7505: no mail here
		}
		hosts = append(hosts, host)
	}
	var terms []string
	if slices.ContainsFunc(hosts, s.own) {
		terms = append(terms, "mx")
	}
	for _, r := range provider.Recognise(provider.Signals{MX: hosts}) {
		if r.Service.Kind != provider.Mailbox && r.Service.Kind != provider.Hosting || r.Service.Advice == nil {
			continue
		}
		term := "mx" // its servers are told apart by name, and this one receives
		if name := r.Service.Include(); name != "" {
			switch offer := s.Offers[name]; {
			case offer.Status.Failed(), slices.ContainsFunc(offer.Records, func(r dns.Record) bool { return spf.IsRecord(r.Data) }):
				term = "include:" + name
			case r.Service.Kind == provider.Mailbox:
				continue // it changed its name, and its mail comes from elsewhere than the exchangers
			}
		}
		if !slices.Contains(terms, term) {
			terms = append(terms, term)
		}
	}
	if len(hosts) == 0 && s.Profile.MX.Status.Void() && s.Address.Status.Found() {
		terms = append(terms, "a") // RFC 5321 section 5.1: then mail goes to the domain itself
	}
	return terms
}

// elsewhere are the records at names where nobody looks that let somebody send.
func (s *spfJudge) elsewhere() []survey.SPFText {
	for _, t := range s.Elsewhere {
		for i := range t.Tree.Terms {
			if k := t.Tree.Terms[i].Kind; k == spf.Redirect || k != spf.All && !k.Modifier() {
				return []survey.SPFText{t}
			}
		}
	}
	return nil
}

// absent judges a domain without a record.
func (s *spfJudge) absent() {
	if found := s.elsewhere(); len(found) > 0 {
		where := found[0].Name
		if found[0].Type == dns.TypeSPF {
			where += " (type SPF)"
		}
		s.broken("spf.wrong-place", args{"where": where}, where+": "+found[0].Text)
		s.leftovers()
		return
	}
	switch mx, address := s.Profile.MX, s.Address; {
	case s.Profile.NullMX():
		s.nothingSent(catalogue.Warn)
	case mx.Status.Void() && address.Status.Void():
		if s.TXT.Status != dns.NXDomain {
			s.nothingSent(catalogue.Info)
		}
	default:
		terms := append(slices.Clone(s.plan.Added), "ip4:192.0.2.1")
		if f := s.broken("spf.none", args{"term": terms[0]}, s.domain+" TXT: "+s.TXT.Status.String()); f != nil {
			f.Status = s.onlyHost()
			if f.Status == catalogue.Unknown || s.plan.Text == "" || len(s.plan.Added) == 0 {
				f.DNS = nil // nobody is known to send: a record would refuse them all
			}
		}
	}
	s.leftovers()
}

// onlyHost judges a name without a record. One within a domain that has an address and
// says nothing of mail is a web or mail server, which is no sender's domain unless somebody
// says so: Info. That its own address sends mail says no more than that it is a mail server.
// Where a look-up failed that would tell, it is Unknown; every other name lacks a record: Fail.
func (s *spfJudge) onlyHost() catalogue.Status {
	mx := s.Profile.MX.Status
	if s.domain == dmarc.RegisteredDomain(s.domain) || mx.Found() || len(s.Options.Selectors) > 0 {
		return catalogue.Fail
	}
	status := catalogue.Info
	if mx.Failed() {
		status = catalogue.Unknown
	}
	for _, ip := range s.Options.IPs {
		if survey.HostLike(s.domain) && s.hasAddress(ip) {
			continue
		}
		switch s.nameOf(ip) {
		case iprev.Pass:
		case iprev.TempError:
			status = catalogue.Unknown
		default:
			return catalogue.Fail
		}
	}
	return status
}

// hasAddress reports that the domain itself has an address.
func (s *spfJudge) hasAddress(ip netip.Addr) bool {
	own := slices.Concat(s.Address.Records, s.judgement.MX.Implicit.Records())
	return slices.ContainsFunc(own, func(r dns.Record) bool { return r.Addr == ip.Unmap().WithZone("") })
}

// nameOf tells whether the reverse name of an address is the domain and leads back to it:
// Pass where it is, TempError where a failed look-up hides it, Fail elsewhere.
func (s *spfJudge) nameOf(ip netip.Addr) iprev.Result {
	for _, h := range s.Hosts.List {
		switch {
		case h.IP != ip.Unmap().WithZone(""):
		case h.Iprev.Result == iprev.TempError, h.PTR.Status.Failed():
			return iprev.TempError
		case slices.Contains(h.Iprev.Confirmed, s.domain):
			return iprev.Pass
		case slices.ContainsFunc(h.Forward, func(a dns.Answer) bool { return a.Status.Failed() }):
			return iprev.TempError
		}
	}
	return iprev.Fail
}

// nothingSent is for a domain that neither receives nor, as far as one can see, sends.
func (s *spfJudge) nothingSent(status catalogue.Status) {
	if len(s.Options.IPs) > 0 {
		if f := s.broken("spf.none", args{"term": "mx"}); f != nil {
			f.Status = catalogue.Fail
		}
		return
	}
	if len(s.TXT.Chain) > 0 {
		s.say("spf.none-parked", args{}).Status = status
		return
	}
	change := dns.Change{Action: dns.Add, Name: s.domain + ".", Type: dns.TypeTXT, TTL: 3600, Data: []string{"v=spf1 -all"}}
	if len(s.SenderID) > 0 {
		change.Action, change.Was = dns.Replace, s.SenderID
	}
	s.change = &change
	if f := s.broken("spf.none-parked", args{}); f != nil {
		f.Status = status
	}
}

// texts judges what is published at the name, before what it says.
func (s *spfJudge) texts() {
	var valid []string
	for _, t := range s.Texts {
		if t.Valid {
			valid = append(valid, t.Text)
		}
	}
	if len(valid) > 1 {
		s.broken("spf.multiple-records", args{}, valid...)
	}
	for _, t := range s.Texts {
		_, err := spf.Parse(t.Text)
		syntax, _ := err.(*spf.SyntaxError)
		switch {
		case !t.Valid:
			f := s.broken("spf.unrecognised", args{"term": firstWord(t.Text)}, append([]string{strconv.Quote(t.Text)}, readAs(t.Mended)...)...)
			if f != nil && len(valid) > 0 {
				f.Status = catalogue.Warn
			}
		case syntax != nil:
			term := syntax.Term
			if term == "" {
				term = firstWord(t.Text)
			}
			s.broken("spf.syntax", args{"term": term}, append([]string{t.Text, syntax.Reason}, readAs(t.Mended)...)...)
		default:
			s.misread(t)
		}
	}
}

// misread judges the terms of a valid record that say something else than was meant.
func (s *spfJudge) misread(t survey.SPFText) {
	if r, err := spf.Parse(t.Text); err == nil {
		for _, term := range r.Terms {
			if !repair.LeadsNowhere(term) {
				continue
			}
			id := "spf.void-term"
			if term.Kind == spf.Include {
				id = "spf.include-none"
			}
			s.broken(id, args{"term": term.Text}, append([]string{t.Text}, readAs(t.Mended)...)...)
		}
	}
	for _, c := range t.Mended.Corrected {
		if _, err := spf.Parse("v=spf1 " + c.Was); err == nil && !strings.ContainsAny(c.Was, ",;@") {
			s.broken("spf.ignored-term", args{"term": c.Was, "meant": clip(c.Now)}, t.Text)
		}
	}
}

func firstWord(text string) string {
	first, _, _ := strings.Cut(text, " ")
	return first
}

// readAs says how a text was read.
func readAs(m repair.Mended) []string {
	var lines []string
	if len(m.Artefacts) > 0 {
		lines = append(lines, "pasted: "+strings.Join(m.Artefacts, ", "))
	}
	for _, c := range m.Corrected {
		lines = append(lines, c.Was+" -> "+c.Now)
	}
	for _, d := range m.Dropped {
		lines = append(lines, d+" -> ?")
	}
	return lines[:min(len(lines), 20)]
}

// senders judges the addresses that the user names.
func (s *spfJudge) senders() {
	for _, sender := range s.Senders {
		v := sender.Verdict
		term := "ip4:" + sender.IP.Unmap().String()
		if sender.IP.Unmap().Is6() {
			term = "ip6:" + sender.IP.WithZone("").String()
		}
		a := args{"ip": sender.IP.String(), "mechanism": v.Mechanism, "term": term}
		switch v.Result {
		case spf.Pass:
			s.say("spf.pass", a, v.Record)
		case spf.Fail:
			s.broken("spf.fail", a, v.Record)
		case spf.SoftFail:
			s.broken("spf.softfail", a, v.Record)
		case spf.Neutral:
			s.broken("spf.neutral", a, v.Record)
		case spf.TempError:
			s.say("spf.temperror", a, v.Reason)
		case spf.PermError:
			// Mostly the record is broken for everybody, and that has been said. But a host
			// without an AAAA record is a void look-up for an IPv6 client only.
			if !s.fails() {
				s.broken(permanent(v.Problem), args{"ip": sender.IP.String(), "term": v.ProblemTerm, "where": v.ProblemDomain}, sender.IP.String(), v.Reason)
			}
		}
	}
}

// permanent names the finding for what ended one evaluation.
func permanent(problem string) string {
	switch problem {
	case spf.ProblemTooManyVoidLookups:
		return "spf.too-many-void-lookups"
	case spf.ProblemTooManyLookups, spf.ProblemTooManyQueries:
		return "spf.too-many-lookups"
	case spf.ProblemTooManyMX:
		return "spf.too-many-mx"
	}
	return "spf.permerror"
}

// fails reports whether something of SPF is found to fail.
func (s *spfJudge) fails() bool {
	return slices.ContainsFunc(s.findings[s.first:], func(f catalogue.Finding) bool { return f.Status == catalogue.Fail })
}

// leftovers judges records of older kinds, and the size of the answer.
func (s *spfJudge) leftovers() {
	for _, text := range s.SenderID {
		s.broken("spf.sender-id", args{"term": firstWord(text)}, text)
	}
	if old := s.OldType; old.Status.Found() && len(s.Texts) > 0 {
		c := dns.Change{Action: dns.Remove, Name: s.domain + ".", Type: dns.TypeSPF, TTL: 3600}
		for _, r := range old.Records {
			c.Was = append(c.Was, r.Data)
		}
		if f := s.say("spf.type99", args{}, c.Was...); f != nil {
			f.DNS = []dns.Change{c}
		}
	}
	if n := answerSize(s.TXT); n > 512 {
		s.say("spf.long-answer", args{"size": strconv.Itoa(n)}, fmt.Sprintf("%s TXT: %d records, %d octets", s.domain, len(s.TXT.Records), n))
	}
}

// answerSize is how long an answer is on the wire, names compressed (RFC 1035 section 4).
func answerSize(a dns.Answer) int {
	if !a.Status.Found() {
		return 0
	}
	n := 12 + len(a.Question.Name) + 2 + 4
	for _, r := range a.Records {
		n += 12
		for _, s := range r.CharacterStrings() {
			n += 1 + len(s)
		}
	}
	return n
}

// repaired names what the planned record leaves out or writes out.
func (s *spfJudge) repaired() {
	if s.change == nil || s.plan.Text == "" || !s.plan.Changed {
		return
	}
	var lost []string
	for _, d := range s.plan.Dropped {
		switch d.Why {
		case repair.DropUnreadable, repair.DropPart, repair.DropVoid, repair.DropNoRecord:
			lost = append(lost, d.Term)
		}
	}
	if len(lost) > 0 {
		s.broken("spf.dropped-terms", args{"term": termList(lost)}, lost...)
	}
	if flat := s.plan.Flattened; len(flat) > 0 {
		s.broken("spf.flattened", args{"term": termList(flat), "lookups": strconv.Itoa(s.plan.Lookups)}, flat...)
	}
}

// termList writes terms one after the other.
func termList(terms []string) string {
	const most = 8
	more := ""
	if len(terms) > most {
		terms, more = terms[:most], " ..."
	}
	return strings.Join(terms, " ") + more
}

// inOrder is the pass: nothing of SPF fails or is unknown.
func (s *spfJudge) inOrder() {
	for _, f := range s.findings[s.first:] {
		if f.Status == catalogue.Fail || f.Status == catalogue.Unknown {
			return
		}
	}
	tree := s.Texts[0].Tree
	s.say("spf.record", args{
		"lookups": strconv.Itoa(tree.Lookups()), "voids": strconv.Itoa(tree.Voids()),
	}, append([]string{s.Texts[0].Text}, treeLines(tree)...)...)
}

// unregistered reports whether anybody may register the domain of a name.
func (s *spfJudge) unregistered(name string) bool {
	return s.Unregistered[survey.Registrable(name)]
}
