package inspect

import (
	"slices"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/repair"
	"github.com/todoku/todoku/internal/survey"
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

// unregistered reports whether anybody may register the domain of a name.
func (s *spfJudge) unregistered(name string) bool {
	return s.Unregistered[survey.Registrable(name)]
}
