package web

import (
	"slices"
	"strings"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/survey"
	"github.com/todoku/todoku/spf"
)

func providerName(id, lang string) string { return provider.ReceiverName(id).In(lang) }

// mailView draws the way of mail to a domain: its exchangers and what is seen of TLS.
type mailView struct {
	Domain   string
	Status   string // of the MX answer
	Null     bool   // takes no mail
	Implicit bool   // no MX: the domain's own address
	Hosts    []exchangeView
	More     int
	STS      string // none, valid, invalid ...
	STSMode  string
	TLSRPT   string
	Probed   bool
}

// exchangeView is one exchanger.
type exchangeView struct {
	Pref      int
	Name      string
	Addresses []string
	Void      bool
	Literal   bool
	TLS       string // "TLS 1.3", "" where it was not seen
	TLSNote   string // why not
	CertNote  string
	Greeting  string
	DANE      string
	Policy    string // yes, no; "" where there is no MTA-STS policy
}

const drawnAddresses = 6

func viewMail(d *survey.Domain) mailView {
	v := mailView{
		Domain: d.Name, Status: statusWords[d.MX.Answer.Status], STS: string(d.Transport.STS.Verdict.Result), TLSRPT: string(d.Transport.TLSRPT.Verdict.Result),
		More: d.MX.More, Probed: len(d.Transport.Probes) > 0,
	}
	if p := d.Transport.STS.Verdict.Policy; p != nil {
		v.STSMode = string(p.Mode)
	}
	for i := range d.MX.Hosts {
		e := &d.MX.Hosts[i]
		if e.Null() {
			v.Null = true
			continue
		}
		x := exchangeView{Pref: int(e.Record.Pref), Name: e.Name, Void: e.Void(), Literal: e.Literal.IsValid()}
		x.see(d, e.Addresses)
		v.Hosts = append(v.Hosts, x)
	}
	if len(v.Hosts) == 0 && !v.Null && d.MX.Implicit.Found() {
		v.Implicit = true
		x := exchangeView{Name: d.Name}
		x.see(d, d.MX.Implicit)
		v.Hosts = append(v.Hosts, x)
	}
	return v
}

// see puts in what was seen of the exchanger.
func (x *exchangeView) see(d *survey.Domain, a survey.Addresses) {
	records, _ := some(a.Records(), drawnAddresses)
	for _, r := range records {
		x.Addresses = append(x.Addresses, r.Addr.String())
	}
	for _, v := range d.Transport.DANE {
		if v.Host == x.Name {
			x.DANE = string(v.Result)
		}
	}
	if p := d.Transport.STS.Verdict.Policy; p != nil && d.Transport.STS.Verdict.Result == "valid" {
		x.Policy = "no"
		if _, ok := p.Match(x.Name); ok {
			x.Policy = "yes"
		}
	}
	for i := range d.Transport.Probes {
		p := &d.Transport.Probes[i]
		if p.Name != x.Name {
			continue
		}
		x.TLS, x.TLSNote, x.CertNote = p.TLS.Version, p.TLS.Problem, p.CertDetail
		if x.TLS == "" && x.TLSNote == "" {
			x.TLSNote = strings.TrimSpace(string(p.TLS.Outcome) + " " + p.Problem)
		}
		if p.Banner != nil && len(p.Banner.Lines) > 0 {
			x.Greeting = p.Banner.Lines[0]
		}
	}
}

// keyView is one DKIM selector.
type keyView struct {
	Selector, Name, Status, Target string
	Found, Given, Revoked, Testing bool
	Type                           string
	Bits                           int
	Record, Problem                string
}

// viewKeys gives the selectors that are there, or that somebody named; missing counts
// those that were tried and are not.
func viewKeys(d *survey.Domain) (list []keyView, missing int) {
	for i := range d.DKIM.Keys {
		k := &d.DKIM.Keys[i]
		if !k.Answer.Status.Found() && !k.Given && len(k.Answer.Chain) == 0 && !k.Answer.Status.Failed() {
			missing++
			continue
		}
		v := keyView{Selector: k.Selector, Name: k.Name(d.Name), Status: statusWords[k.Answer.Status], Target: k.Target(), Found: k.Answer.Status.Found(), Given: k.Given}
		for _, r := range k.Answer.Records {
			key, err := dkim.ParseKey(r.Data)
			v.Record = catalogue.HidePrivate(r.Data)
			if err != nil {
				v.Problem = err.Error()
				continue
			}
			v.Type, v.Bits, v.Revoked, v.Testing, v.Problem = key.Type, key.Bits, key.Revoked, key.Testing(), ""
			break
		}
		list = append(list, v)
	}
	return list, missing
}

// spfNodeView is one record of the SPF tree.
type spfNodeView struct {
	Domain, Text, Error string
	Status              string // where there is no record
	Loop, Cut, Several  bool
	Lookups, Voids      int
	Root                bool
	Terms               []spfTermView
	More                int
}

// spfTermView is one term of it.
type spfTermView struct {
	Text, Sign, Tone          string
	Lookups                   int
	Void, Failed, Unreachable bool
	Macro                     bool
	Networks                  []string
	MoreNetworks              int
	Below                     *spfNodeView
}

// Over: more look-ups than receivers make.
func (n spfNodeView) Over() bool { return n.Lookups > maxLookups }

// Limit is how many they make.
func (n spfNodeView) Limit() int { return maxLookups }

const drawnNetworks = 8

func viewSPFNodes(s *survey.SPF) []spfNodeView {
	var out []spfNodeView
	left := drawnSteps
	texts, _ := some(s.Texts, 4)
	for i := range texts {
		t := &texts[i]
		if t.Tree == nil {
			continue
		}
		n := viewSPFNode(t.Tree, &left)
		n.Root, n.Text = true, clip(t.Text, maxRecordShown)
		n.Lookups, n.Voids = t.Tree.Lookups(), t.Tree.Voids()
		out = append(out, *n)
	}
	return out
}

// viewSPFNode draws a record and what it leads to; left bounds the terms in all. How deep
// it goes the walk has bounded.
func viewSPFNode(n *spf.Node, left *int) *spfNodeView {
	v := &spfNodeView{Domain: n.Domain, Loop: n.Loop, Cut: n.Cut, Several: len(n.Texts) > 1}
	if len(n.Texts) > 0 {
		v.Text = clip(n.Texts[0], maxRecordShown)
	} else {
		v.Status = statusWords[n.Answer.Status]
	}
	if n.Err != nil {
		v.Error = n.Err.Reason
	}
	for i := range n.Terms {
		if *left--; *left < 0 {
			v.More = len(n.Terms) - i
			return v
		}
		v.Terms = append(v.Terms, viewSPFNodeTerm(&n.Terms[i], left))
	}
	return v
}

func viewSPFNodeTerm(t *spf.NodeTerm, left *int) spfTermView {
	v := spfTermView{
		Text: t.Text, Lookups: t.Lookups(), Void: t.Void(), Failed: t.Failed(), Unreachable: t.Unreachable, Macro: t.Macro, Sign: "·", Tone: "none",
	}
	switch {
	case t.Failed():
		v.Sign, v.Tone = "?", "unknown"
	case t.Void():
		v.Sign, v.Tone = "!", "warn"
	case t.Unreachable:
		v.Sign = "–"
	}
	if t.Kind == spf.A || t.Kind == spf.MX {
		networks := slices.Clone(t.Networks)
		v.MoreNetworks = max(0, len(networks)-drawnNetworks)
		for _, p := range networks[:min(len(networks), drawnNetworks)] {
			v.Networks = append(v.Networks, p.String())
		}
	}
	if t.Below != nil {
		v.Below = viewSPFNode(t.Below, left)
	}
	return v
}

// hidden keeps published private keys out of the table of answers.
func hidden(all []dns.Answer) []dns.Answer {
	for i := range all {
		for j := range all[i].Records {
			r := &all[i].Records[j]
			if safe := catalogue.HidePrivate(r.Data); safe != r.Data {
				all[i].Records = slices.Clone(all[i].Records)
				r = &all[i].Records[j]
				r.Data, r.Strings = safe, nil
			}
		}
	}
	return all
}
