package inspect

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/todoku/todoku/dane"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/probe"
	"github.com/todoku/todoku/internal/survey"
	"github.com/todoku/todoku/mtasts"
)

// mxTLS judges what the mail exchangers showed on port 25. TLS between mail servers is
// opportunistic (RFC 7435): what MTA-STS and DANE do not promise fails nothing.
func (j *judgement) mxTLS() {
	var unseen []string
	reasons := args{}
	for i := range j.Transport.Probes {
		p := &j.Transport.Probes[i]
		if p.Outcome == probe.Seen {
			j.greeting(p)
			j.postmaster(p)
		}
		if p.Outcome == probe.Seen && p.TLS.Outcome != probe.Inconclusive {
			j.startTLS(p)
			continue
		}
		unseen = append(unseen, shown(p.Name))
		problem := p.Problem
		if problem == "" {
			problem = p.TLS.Problem
		}
		reasons.and(args{}.why(catalogue.TransportProblems, problem, "", ""))
	}
	if len(unseen) > 0 {
		a := args{"from": j.Name, "hosts": strings.Join(unseen, ", ")}.and(reasons)
		f := j.add("tls.mx-unseen", j.Name, a)
		for _, p := range j.Transport.Probes {
			if d := p.Detail + p.TLS.Detail; d != "" && slices.Contains(unseen, shown(p.Name)) {
				f.Evidence = append(f.Evidence, shown(p.Name)+": "+clip(d))
			}
		}
	}
}

// promised reports whether senders that look insist on TLS with a host.
func (j *judgement) promised(host string) bool {
	return j.enforces() || slices.ContainsFunc(j.Transport.DANE, func(v dane.Verdict) bool {
		return v.Host == host && (v.Result == dane.Secure || v.Result == dane.Unusable)
	})
}

// startTLS judges STARTTLS as far as it got.
func (j *judgement) startTLS(p *survey.MXProbe) {
	a := args{"from": j.Name, "host": shown(p.Name), "version": p.TLS.Version}
	if p.TLS.Outcome != probe.Accepted {
		id, evidence := "tls.mx-handshake", p.TLS.Detail
		if p.TLS.Outcome == probe.NotOffered {
			id, evidence = "tls.mx-no-starttls", replyText(p.EHLO)
		}
		if f := j.add(id, p.Name, a, clip(evidence)); j.promised(p.Name) {
			f.Status = catalogue.Fail
		}
		return
	}
	good := true
	if retired(p.TLS.Version) {
		good = false
		j.add("tls.mx-old-version", p.Name, a, p.TLS.Version+" "+p.TLS.Cipher)
	}
	j.olderVersions(p, a)
	if p.TLS.Injected {
		good = false
		j.add("tls.mx-injection", p.Name, a, replyText(p.TLS.Reply))
	}
	if p.CertProblem != "" {
		good = j.mxCertificate(p, a) && good
	}
	j.mxWeakCertificate(p)
	if good {
		j.add("tls.mx-pass", p.Name, a, p.TLS.Version+" "+p.TLS.Cipher)
	}
}

// olderVersions says which retired versions are accepted beside a newer one, where they
// were tried. Without one of them an old sender would come in the clear, so it is no fault.
func (j *judgement) olderVersions(p *survey.MXProbe, a args) {
	var old []string
	for _, v := range p.Versions {
		if v.Outcome == probe.Accepted && v.Version != p.TLS.Version && retired(v.Version) {
			old = append(old, v.Version)
		}
	}
	if len(old) == 0 {
		return
	}
	more := maps.Clone(a)
	more["older"] = strings.Join(old, ", ")
	j.add("tls.mx-older-versions", p.Name, more, "accepted: "+strings.Join(old, ", "))
}

// retired reports whether RFC 8996 retires a version of TLS.
func retired(version string) bool { return version == "TLS 1.0" || version == "TLS 1.1" }

// mxCertificate judges a certificate that cannot be verified, and reports whether that
// is of no consequence: DANE vouches for it, or nobody looks.
func (j *judgement) mxCertificate(p *survey.MXProbe, a args) bool {
	v := j.Transport.STS.Verdict
	for i := range j.Transport.DANE {
		d := &j.Transport.DANE[i]
		if d.Host == p.Name && d.Result == dane.Secure && j.shownBy(p.Name) != nil && j.fits(d, p).OK && v.Result != mtasts.Valid {
			return true
		}
	}
	f := j.add("tls.mx-certificate", p.Name, args{"host": a["host"]}.why(catalogue.TransportProblems, p.CertProblem, "", ""), clip(p.CertDetail))
	if leaf := probe.Parse(p.TLS.Chain); len(leaf) > 0 {
		d := probe.Describe(leaf[0])
		f.Evidence = append(f.Evidence, clip(d.Subject)+", for "+clip(strings.Join(d.Names, " "))+", from "+clip(d.Issuer)+", until "+d.NotAfter.UTC().Format("2006-01-02"))
	}
	switch {
	case v.Result != mtasts.Valid || v.Policy.Mode == mtasts.NoMode:
		return true
	case v.Policy.Mode == mtasts.Enforce:
		f.Status = catalogue.Fail
	default:
		f.Status = catalogue.Warn
	}
	return false
}

// mxWeakCertificate notes a short key or an old signature.
func (j *judgement) mxWeakCertificate(p *survey.MXProbe) {
	chain := probe.Parse(p.TLS.Chain)
	if len(chain) == 0 {
		return
	}
	d, reasons := probe.Describe(chain[0]), args{}
	if least := map[string]int{"RSA": 2048, "ECDSA": 224}[d.Key]; d.KeyBits < least {
		reasons.and(args{}.why(catalogue.TransportProblems, "weak-key", "", strconv.Itoa(d.KeyBits)))
	}
	if !d.SelfSigned && (strings.Contains(d.Signature, "SHA1") || strings.Contains(d.Signature, "MD5")) {
		reasons.and(args{}.why(catalogue.TransportProblems, "weak-hash", "", d.Signature))
	}
	if len(reasons) > 0 {
		j.add("tls.mx-certificate-weak", p.Name, args{"host": shown(p.Name)}.and(reasons), clip(d.Subject)+", "+d.Key+" "+strconv.Itoa(d.KeyBits)+", "+d.Signature)
	}
}

// greeting notes replies by which programs and firewalls are known.
func (j *judgement) greeting(p *survey.MXProbe) {
	reasons := args{}
	note := func(problem string) {
		reasons.and(args{}.why(catalogue.TransportProblems, problem, "", ""))
	}
	for _, r := range []*probe.Reply{p.Banner, p.EHLO} {
		if r != nil && r.BareLF {
			note("bare-lf")
		}
		if r != nil && r.CodesDiffer {
			note("codes")
		}
	}
	if !p.ESMTP {
		note("no-ehlo")
	}
	if strings.Contains(replyText(p.Banner), "*****") {
		note("masked")
	}
	if len(reasons) > 0 {
		j.add("tls.mx-greeting", p.Name, args{"host": shown(p.Name)}.and(reasons), replyText(p.Banner), replyText(p.EHLO))
	}
}

func (j *judgement) postmaster(p *survey.MXProbe) {
	if m := p.Postmaster; m != nil && m.Outcome == probe.Refused {
		j.add("tls.mx-postmaster", p.Name, args{"host": shown(p.Name), "address": m.Address}, replyText(m.RcptTo))
	}
}

func replyText(r *probe.Reply) string {
	if r == nil {
		return ""
	}
	return clip(r.Text())
}
