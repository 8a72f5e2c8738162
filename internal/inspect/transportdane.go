package inspect

import (
	"slices"
	"strings"

	"github.com/todoku/todoku/dane"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/probe"
	"github.com/todoku/todoku/internal/repair"
	"github.com/todoku/todoku/internal/survey"
)

// daneHosts judges the TLSA records of each mail exchanger.
func (j *judgement) daneHosts() {
	var bare []string
	some := false
	for i := range j.Transport.DANE {
		v := &j.Transport.DANE[i]
		switch v.Result {
		case dane.None:
			if v.Problem == dane.NoTLSA {
				bare = append(bare, shown(v.Host))
			}
			continue
		case dane.TempError:
			if v.Problem == dane.TLSAFailed {
				j.add("dane.dns-failure", v.Host, args{"from": j.Name, "host": shown(v.Host)}, answerTexts(v.TLSA)...)
			}
		case dane.Insecure:
			j.daneInsecure(v)
		default:
			j.daneSecure(v)
		}
		some = true
	}
	switch {
	case len(bare) > 0 && some:
		j.add("dane.partial", j.Name, args{"from": j.Name, "host": strings.Join(bare, ", ")})
	case len(bare) > 0:
		j.add("dane.none", j.Name, args{"from": j.Name})
	}
}

// daneInsecure judges records to which no chain of signatures leads.
func (j *judgement) daneInsecure(v *dane.Verdict) {
	a := args{"from": j.Name, "host": shown(v.Host)}
	if !j.Transport.Validates {
		j.add("dane.unvalidated", v.Host, a, answerTexts(v.TLSA)...)
		return
	}
	j.add("dane.unsigned", v.Host, a.why(catalogue.TransportProblems, v.Problem, "", ""), answerTexts(v.TLSA)...)
	if p := j.shownBy(v.Host); p != nil && !j.fits(v, p).OK {
		j.daneMismatch(v, p).Status = catalogue.Warn // senders do not look yet
	}
}

// daneSecure judges records that senders look at.
func (j *judgement) daneSecure(v *dane.Verdict) {
	a := args{"from": j.Name, "host": shown(v.Host)}
	p := j.shownBy(v.Host)
	reasons, renewals := args{}, true
	for _, r := range v.Records {
		if problem := r.Problem(); problem != "" {
			reasons.and(args{}.why(catalogue.TransportProblems, problem, "", ""))
		} else if r.Usage != dane.DANEEE || r.Selector != dane.Cert {
			renewals = false
		}
	}
	if v.Result == dane.Unusable {
		f := j.add("dane.unusable", v.Host, a.and(reasons), answerTexts(v.TLSA)...)
		if p != nil {
			f.DNS = []dns.Change{repair.TLSA(v.Base, probe.Parse(p.TLS.Chain)[0])}
		}
		return
	}
	if len(reasons) > 0 {
		j.add("dane.unusable-beside", v.Host, args{"host": shown(v.Host)}.and(reasons), answerTexts(v.TLSA)...)
	}
	switch {
	case p == nil:
		j.add("dane.unprobed", v.Host, a, answerTexts(v.TLSA)...)
	case j.fits(v, p).OK:
		j.add("dane.pass", v.Host, a, answerTexts(v.TLSA)...)
	default:
		j.daneMismatch(v, p)
		return
	}
	if renewals {
		j.add("dane.rollover", v.Host, a, answerTexts(v.TLSA)...)
	}
}

// daneMismatch says that mail stops, and computes the record that lets it through.
func (j *judgement) daneMismatch(v *dane.Verdict, p *survey.MXProbe) *catalogue.Finding {
	leaf := probe.Parse(p.TLS.Chain)[0]
	d := probe.Describe(leaf)
	evidence := answerTexts(v.TLSA)
	for _, m := range j.fits(v, p).Matches[:min(len(v.Records), 8)] {
		evidence = append(evidence, clip(m.Record.String())+": "+string(m.Outcome))
	}
	evidence = append(evidence, "certificate: "+clip(d.Subject)+", until "+d.NotAfter.UTC().Format("2006-01-02")+", its key: "+dane.RecommendEE(leaf).String())
	f := j.add("dane.mismatch", v.Host, args{"from": j.Name, "host": shown(v.Host)}, evidence...)
	f.DNS = []dns.Change{repair.TLSA(v.Base, leaf)}
	return f
}

// fits compares the records of a host with what it showed.
func (j *judgement) fits(v *dane.Verdict, p *survey.MXProbe) dane.Check {
	return dane.Verify(v.Records, probe.Parse(p.TLS.Chain), []string{v.Base, j.Name}, j.Options.Now)
}

// shownBy gives the probe of a host where it showed a certificate, else nil.
func (j *judgement) shownBy(host string) *survey.MXProbe {
	i := slices.IndexFunc(j.Transport.Probes, func(p survey.MXProbe) bool { return p.Name == host })
	if i < 0 || len(probe.Parse(j.Transport.Probes[i].TLS.Chain)) == 0 {
		return nil
	}
	return &j.Transport.Probes[i]
}
