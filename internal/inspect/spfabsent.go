package inspect

import (
	"net/netip"
	"slices"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/survey"
	"github.com/todoku/todoku/iprev"
)

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
