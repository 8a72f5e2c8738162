package inspect

import (
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
)

// hosts judges reverse and forward DNS of the sending hosts.
func (j *judgement) hosts() {
	for _, h := range j.Hosts.List {
		p := hostCase{judgement: j, Host: h, ip: h.IP.String(), plan: repair.Host{IP: h.IP, At: reverseEnd(h)}}
		switch {
		case h.Private != "":
			p.say("ptr.private-address", args{"ip": p.ip}, h.Private)
		case h.Iprev.Result == iprev.TempError:
			p.say("ptr.dns-failure", args{"ip": p.ip}, h.Iprev.Reason, h.PTR.Detail)
		case h.Iprev.Result == iprev.PermError:
			f := p.say("ptr.missing", args{"ip": p.ip}, dns.ReverseName(h.IP)+" PTR: "+h.PTR.Status.String())
			p.named(f)
		case h.Iprev.Result == iprev.Fail:
			p.unconfirmed()
		default:
			p.confirmed()
		}
	}
}

// hostCase is the judgement of one host.
type hostCase struct {
	*judgement
	survey.Host
	ip   string
	plan repair.Host
}

// say adds a finding. An address that only stands in the SPF record may never send:
// what would be a fault if it did is not known to be one.
func (p *hostCase) say(id string, a args, evidence ...string) *catalogue.Finding {
	if !p.Given() {
		evidence = append(evidence, "SPF: "+clip(p.Term))
	}
	return p.soften(p.add(id, p.ip, a, evidence...))
}

func (p *hostCase) soften(f *catalogue.Finding) *catalogue.Finding {
	switch {
	case p.Given():
	case f.Status == catalogue.Fail:
		f.Status = catalogue.Unknown
	case f.Status == catalogue.Warn:
		f.Status = catalogue.Info
	}
	return f
}

// reverseEnd is where the PTR records of a host stand.
func reverseEnd(h survey.Host) string {
	if n := len(h.PTR.Chain); n > 0 {
		return dns.CanonicalName(h.PTR.Chain[n-1].Data)
	}
	return dns.ReverseName(h.IP)
}

// named gives a finding the name that the host could have. One that may never send gets
// no new name. Where no name leads to the host yet, the PTR record alone would make
// another fault of the one that is there, and many providers would not set it: then the
// address is what is to be published, by a finding of its own, and the PTR record
// comes when that is seen.
func (p *hostCase) named(f *catalogue.Finding) {
	changes := repair.PTR(p.plan, p.ownNames())
	switch {
	case len(changes) < 2 || p.Given() && f.ID == "ptr.unconfirmed":
		f.DNS = changes
	case p.Given():
		name := strings.TrimSuffix(changes[0].Data[0], ".")
		f.Snippets = append(f.Snippets, catalogue.Snippet{For: "PTR", Text: changes[0].Name + " PTR " + changes[0].Data[0] + "\n"})
		p.say("ptr.no-name", args{"ip": p.ip, "name": name}).DNS = changes[1:]
	}
}

// ownNames are the names that the host could have. Only one within the domain may get
// the address, so that no other is free.
func (p *hostCase) ownNames() []repair.OwnName {
	names := ownNames(p.Hosts.Own, p.IP)
	for i := range names {
		names[i].Free = names[i].Free && dns.IsSubdomain(names[i].Name, p.Name) && (names[i].Name != p.Name || survey.HostLike(p.Name))
	}
	return names
}

// ownNames turns what was seen of names into what a repair needs: free is a name
// without addresses of the family of ip.
func ownNames(seen []survey.Addresses, ip netip.Addr) []repair.OwnName {
	var out []repair.OwnName
	for _, a := range seen {
		n := repair.OwnName{Name: a.Name, Alias: a.Canonical() != "", Free: a.AAAA.Status.Void()}
		if ip.Is4() {
			n.Free = a.A.Status.Void()
		}
		for _, r := range a.Records() {
			n.Addrs = append(n.Addrs, r.Addr)
		}
		out = append(out, n)
	}
	return out
}

// ours reports whether a name belongs to the domain's organisation.
func (j *judgement) ours(name string) bool { return j.Name != "" && j.own(name) }

// unconfirmed judges a host none of whose names lead back to it.
func (p *hostCase) unconfirmed() {
	v := p.Iprev
	id, name := "ptr.unconfirmed", v.Names[0]
	if !slices.ContainsFunc(v.Names, survey.HostName) {
		id = "ptr.bad-name"
	}
	var evidence []string
	for i, n := range v.Names {
		evidence = append(evidence, "PTR "+shown(n), forwardText(n, p.Forward[i]))
	}
	f := p.say(id, args{"ip": p.ip, "name": shown(name)}, evidence...)
	// None of those that are looked at leads back, and receivers look no further.
	p.plan.Wrong, p.plan.All = v.Names, true
	if home := p.forwardHome(); id == "ptr.unconfirmed" && home != "" {
		several := len(v.Names)+v.Ignored > 1
		if !several || repair.NameFor(p.IP, p.ownNames()) == "" {
			f.DNS = []dns.Change{repair.AddressChange(home, p.IP)}
			if several || home != name { // no second name, and no alias, is left
				f.DNS = append(f.DNS, repair.PTRChange(p.plan, home))
			}
			return
		}
	}
	p.named(f)
}

// forwardHome is the name at which the missing address can be added: one of the PTR
// names that is the domain's own. A name that visitors of a web site use gets no
// mail server's address.
func (p *hostCase) forwardHome() string {
	for i, name := range p.Iprev.Names {
		a := p.Forward[i]
		if n := len(a.Chain); n > 0 {
			name = dns.CanonicalName(a.Chain[n-1].Data)
		}
		_, company := provider.HostCompanyOf(name)
		mine := p.ours(name) || p.Name == "" && !company
		web := len(a.Records) > 0 && (name == p.Name || strings.HasPrefix(name, "www.") || name == dmarc.RegisteredDomain(name))
		if mine && !web && survey.HostName(name) && strings.Contains(name, ".") {
			return name
		}
	}
	return ""
}

func forwardText(name string, a dns.Answer) string {
	t := a.Question.Type.String()
	if !a.Status.Found() {
		return shown(name) + " " + t + ": " + a.Status.String()
	}
	var addrs []string
	for _, r := range a.Records[:min(len(a.Records), 6)] {
		addrs = append(addrs, r.Data)
	}
	return shown(name) + " " + t + " " + strings.Join(addrs, ", ")
}

// confirmed judges the names of a host of which at least one leads back to it.
func (p *hostCase) confirmed() {
	v := p.Iprev
	name := v.Confirmed[0]
	p.say("ptr.pass", args{"ip": p.ip, "name": shown(name)}, "PTR "+shown(name), forwardText(name, p.Forward[slices.Index(v.Names, name)]))
	var stray []string // certainly do not lead back
	var alias, canonical string
	for i, n := range v.Names {
		a := p.Forward[i]
		switch {
		case !slices.Contains(v.Confirmed, n):
			if !a.Status.Failed() {
				stray = append(stray, n)
			}
		case len(a.Chain) > 0 && alias == "":
			alias, canonical = n, dns.CanonicalName(a.Chain[len(a.Chain)-1].Data)
		}
	}
	p.flaws(stray, alias, canonical)
	p.naming(name)
}

// flaws judges several names, aliases and names that no host may have. One change of
// the PTR record set cures all.
func (p *hostCase) flaws(stray []string, alias, canonical string) {
	v := p.Iprev
	bad := slices.DeleteFunc(slices.Clone(v.Confirmed), func(n string) bool { return !slices.Contains(v.BadNames, n) })
	auto, kind := p.automatic()
	own := repair.NameFor(p.IP, p.ownNames())
	p.plan.Wrong = slices.Clone(stray)
	instead := ""
	if alias != "" && survey.HostName(canonical) {
		p.plan.Wrong, instead = append(p.plan.Wrong, alias), canonical
	}
	if own != "" && len(bad)+len(auto) > 0 {
		p.plan.Wrong, instead = append(append(p.plan.Wrong, bad...), auto...), own
	}
	slices.Sort(p.plan.Wrong)
	p.plan.Wrong = slices.Compact(p.plan.Wrong)
	p.plan.All = v.Ignored == 0 && !slices.ContainsFunc(v.Names, func(n string) bool { return !slices.Contains(p.plan.Wrong, n) })
	var change []dns.Change
	switch {
	case len(p.plan.Wrong) == 0:
	case instead == "":
		change = []dns.Change{repair.DropPTR(p.plan)}
	default:
		change = []dns.Change{repair.PTRChange(p.plan, instead)}
	}
	if len(v.Names) > 1 {
		f := p.say("ptr.several", args{"ip": p.ip, "count": strconv.Itoa(len(v.Names) + v.Ignored)}, shownAll(v.Names)...)
		if len(stray) == 0 {
			f.Status = catalogue.Info
		} else {
			f.DNS = change
			f.Evidence = append(f.Evidence, "not back to the address: "+strings.Join(shownAll(stray), ", "))
		}
	}
	if alias != "" {
		p.say("ptr.alias", args{"ip": p.ip, "name": shown(alias), "target": shown(canonical)}, shown(alias)+" CNAME "+shown(canonical)).DNS = change
	}
	if len(bad) > 0 {
		f := p.say("ptr.bad-name", args{"ip": p.ip, "name": shown(bad[0])}, "PTR "+shown(bad[0]))
		if f.Status == catalogue.Fail || f.Status == catalogue.Unknown {
			f.Status = catalogue.Warn
			p.soften(f)
		}
		if own != "" {
			f.DNS = change
		}
	}
	if len(auto) > 0 {
		f := p.autoNamed(auto, kind)
		if own != "" {
			f.DNS = change
		}
	}
}

// automatic are the names that lead back where all of them were made from the address,
// and how; nil where one was chosen, or is the domain's own.
func (p *hostCase) automatic() (names []string, kind provider.Naming) {
	kind = provider.Dynamic
	for _, n := range p.Iprev.Confirmed {
		if kind = min(kind, provider.NamingOf(n, p.IP)); kind == provider.Chosen || p.ours(n) {
			return nil, provider.Chosen
		}
	}
	return p.Iprev.Confirmed, kind
}

// autoNamed judges a host whose names were made from its address: those of lines at
// home are distrusted, those of rented hosts could be better.
func (p *hostCase) autoNamed(names []string, kind provider.Naming) *catalogue.Finding {
	company, known := provider.HostCompanyOf(names[0])
	a := args{"ip": p.ip, "name": shown(names[0]), "company": company.Name, "panel": company.SetPTR}
	if known && !company.Shared {
		return p.say("ptr.provider-named", a, "PTR "+shown(names[0]))
	}
	f := p.say("ptr.generic", a, "PTR "+shown(names[0]))
	if kind != provider.Dynamic {
		f.Status = catalogue.Info
	}
	return f
}

// naming says whose name the host has that somebody chose. No provider asks for the
// name in From; a name of the hosting company's is fine, and what can be done about
// it depends on the company.
func (p *hostCase) naming(name string) {
	if names, _ := p.automatic(); names != nil || slices.ContainsFunc(p.Iprev.Confirmed, p.ours) {
		return
	}
	company, known := provider.HostCompanyOf(name)
	a := args{"ip": p.ip, "name": shown(name), "from": p.Name, "company": company.Name, "panel": company.SetPTR}
	switch {
	case known && company.Shared:
		p.say("ptr.shared-host", a, "PTR "+shown(name))
	case known:
		p.say("ptr.provider-named", a, "PTR "+shown(name))
	case p.Name != "":
		p.say("ptr.generic-shared", a, "PTR "+shown(name))
	}
}
