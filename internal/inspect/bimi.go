package inspect

import (
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/bimi"
	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/repair"
)

// renewal is how long before its end a mark certificate should be renewed.
const renewal = 14 * 24 * time.Hour

// bimi judges brand indicators, for domains that send.
func (j *judgement) bimi() {
	v := j.BIMI.Verdict
	name := bimi.RecordName(v.Selector, v.Found)
	a := args{"from": j.Name, "name": name}
	if j.noAnswer() || j.noDomain() || j.Profile.NullMX() || len(v.DNS) == 0 {
		return
	}
	last := v.DNS[len(v.DNS)-1]
	switch v.Result {
	case bimi.TempError:
		j.add("bimi.dns-failure", j.Name, a, answerText(last))
	case bimi.Declined:
		j.add("bimi.declined", j.Name, a, written(name, v.Records)...)
	case bimi.Valid:
		weak := j.bimiPolicy(a)
		if weak && j.BIMI.Logo == nil {
			return // nobody looks at the logo yet
		}
		if j.bimiLogo() && !weak {
			j.add("bimi.pass", j.Name, a, written(name, v.Records)...)
		}
	default:
		j.bimiRecord(last, a)
	}
}

// bimiRecord judges a record that receivers do not use.
func (j *judgement) bimiRecord(answer dns.Answer, a args) {
	v := j.BIMI.Verdict
	texts := meant(answer, bimi.IsRecord, repair.LooksLikeBIMI)
	if len(texts) == 0 {
		j.noBIMI(answer, a)
		return
	}
	id := "bimi.record-invalid"
	switch {
	case v.Record != nil:
		texts = v.Records
		for _, p := range v.Record.Problems {
			if p.Fatal() {
				a.and(args{}.why(catalogue.BIMIProblems, p.ID, p.Name, p.Value))
			}
		}
	case len(v.Records) > 1:
		id = "bimi.multiple-records"
	default:
		a.why(catalogue.BIMIProblems, bimi.NearRecord, "", "")
	}
	f := j.add(id, j.Name, a, written(a["name"], texts)...)
	text := repair.BIMIRecord(texts)
	if text == "" && len(v.Records) > 1 {
		for _, t := range v.Records {
			if bimi.ParseRecord(t).Valid() {
				text = t // of several that differ, the first
				break
			}
		}
	}
	if text != "" {
		f.DNS = []dns.Change{repair.Text(answer, texts, text)}
	}
}

// noBIMI judges a domain without a record at the right name.
func (j *judgement) noBIMI(answer dns.Answer, a args) {
	var texts []string
	for _, r := range j.BIMI.Misplaced {
		if repair.LooksLikeBIMI(r.Data) {
			texts = append(texts, r.Data)
		}
	}
	switch {
	case len(texts) > 0:
		m := j.BIMI.Misplaced[0]
		f := j.add("bimi.wrong-name", j.Name, args{"from": j.Name, "name": shown(m.Name)}, written(m.Name, texts)...)
		if text := repair.BIMIRecord(texts); text != "" {
			right := dns.Answer{Question: dns.Question{Name: bimi.RecordName(bimi.DefaultSelector, j.Name)}}
			f.DNS = []dns.Change{repair.Text(right, nil, text)}
		}
	case j.sends():
		j.add("bimi.none", j.Name, a, answerText(answer))
	}
}

// bimiPolicy judges whether DMARC is strict enough, and reports that it is not.
func (j *judgement) bimiPolicy(a args) (weak bool) {
	v := j.DMARC.Verdict
	why := ""
	switch r := v.Record; {
	case v.Result == dmarc.TempError:
		return true // the area dmarc says it
	case r == nil:
		why = "policy-absent"
	case v.Policy == dmarc.PolicyNone || v.Policy == "":
		why = "policy-none"
	case r.Testing:
		why = "policy-testing"
	case r.SP == dmarc.PolicyNone:
		why = "policy-sub"
	default:
		return false
	}
	var evidence []string
	if v.Record != nil {
		evidence = append(evidence, "_dmarc."+v.PolicyDomain+": "+clip(v.Record.Raw))
	}
	j.add("bimi.policy-too-weak", j.Name, a.why(catalogue.BIMIProblems, why, "", ""), append(evidence, written(a["name"], j.BIMI.Verdict.Records)...)...)
	return true
}

// bimiLogo judges the logo and the certificate as far as they were seen, and reports
// whether they were and are good.
func (j *judgement) bimiLogo() bool {
	b := j.BIMI
	a := args{"from": j.Name, "url": clip(b.Verdict.Record.Location)}
	if b.Logo == nil {
		j.add("bimi.unseen", j.Name, a.why(catalogue.TransportProblems, "dns-only", "", ""))
		return false
	}
	good := true
	if b.SVG == nil {
		good = false
		j.bimiMissing("bimi.logo-unreachable", b.Verdict.Record.Location, b.Logo)
	} else {
		good = j.bimiSVG(a)
	}
	switch {
	case b.Verdict.Record.Authority == "":
		j.add("bimi.certificate-none", j.Name, args{"from": j.Name})
	case b.Certificate == nil && b.Authority != nil:
		good = false
		j.bimiMissing("bimi.certificate-unreachable", b.Verdict.Record.Authority, b.Authority)
	case b.Certificate != nil && !b.Certificate.Valid():
		good = false
		reasons := args{"from": j.Name}
		for _, p := range b.Certificate.Problems {
			if p.Fatal() {
				reasons.and(args{}.why(catalogue.BIMIProblems, p.ID, p.Name, p.Value))
			}
		}
		j.add("bimi.certificate-invalid", j.Name, reasons, clip(b.Verdict.Record.Authority), "issuer: "+clip(b.Certificate.Issuer))
	case b.Certificate != nil && b.Certificate.NotAfter.Sub(j.Options.Now) < renewal:
		j.add("bimi.certificate-expiring", j.Name, args{"from": j.Name, "date": b.Certificate.NotAfter.UTC().Format("2006-01-02")}, clip(b.Verdict.Record.Authority))
	}
	return good
}

func (j *judgement) bimiMissing(id, url string, r *bimi.Response) {
	if r.Temporary() {
		id = "bimi.unseen"
	}
	a := args{"from": j.Name, "url": clip(url)}.why(catalogue.TransportProblems, r.Problem, "", strconv.Itoa(r.Status))
	if strings.HasPrefix(r.Problem, "certificate-") { // the text says "it"
		a["reason.en"] = "the certificate of the web server: " + a["reason.en"]
		a["reason.ja"] = "Web サーバーの証明書: " + a["reason.ja"]
	}
	j.add(id, j.Name, a, clip(r.Detail))
}

func (j *judgement) bimiSVG(a args) bool {
	faults, advice := args{}, args{}
	var evidence []string
	for _, p := range j.BIMI.SVG.Problems {
		into := advice
		if p.Fatal() {
			into = faults
			if len(evidence) < 10 {
				evidence = append(evidence, clip(strings.TrimSpace(p.ID+" "+p.Name+" "+p.Value)))
			}
		}
		into.and(args{}.why(catalogue.BIMIProblems, p.ID, p.Name, p.Value))
	}
	with := func(reasons args) args {
		return args{"from": a["from"], "url": a["url"]}.and(reasons)
	}
	if len(faults) > 0 {
		f := j.add("bimi.svg-invalid", j.Name, with(faults), append(evidence, a["url"])...)
		f.Snippets = append(f.Snippets, catalogue.Snippet{For: "SVG Tiny PS", Text: svgFrame})
		return false
	}
	if len(advice) > 0 {
		j.add("bimi.svg-advice", j.Name, with(advice), a["url"])
	}
	return true
}

// svgFrame is the least that a logo has around its paths.
const svgFrame = `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" version="1.2" baseProfile="tiny-ps" viewBox="0 0 100 100">
  <title>Example</title>
  <path fill="#000" d="M10 10h80v80H10z"/>
</svg>
`
