package reply

import (
	"strings"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/render"
)

// Bounds of a report by mail. Everything in it that came from the message, its sender or
// the DNS goes through [render.Printable], which bounds a single value too.
const (
	maxText       = 128 << 10 // octets of the text
	maxCanonical  = 8 << 10   // of one canonical header or body
	maxSignatures = 5
	maxRecords    = 40 // DNS records of one check
	maxFields     = 100
	maxFixes      = 20
)

// letter is what a report says, whatever its form.
type letter struct {
	lang string
	rep  *render.Report
	// to is the address that the message was sent to; link is where the whole report is, or "".
	to, link string
	// stop is the address that ends reports that go elsewhere than to the sender, else "".
	stop string
}

// check is one line of the summary.
type check struct{ Name, Result, About string }

// checks are the results, by the names that people grep for.
func (l *letter) checks() []check {
	a := l.rep.Auth
	spfAbout := a.SPF.Domain
	if !a.SPFChecked {
		spfAbout = ""
	}
	list := []check{
		{"SPF check", string(a.SPF.Result), spfAbout},
		{"DKIM check", l.dkimResult(), ""},
		{"iprev check", string(a.IPRev.Result), strings.Join(a.IPRev.Confirmed, ", ")},
		{"DMARC check", string(a.DMARC.Result), a.DMARC.FromDomain},
		{"ARC check", string(a.ARC.Result), ""},
	}
	if len(a.DKIM) > 0 && a.DKIM[0].Signature != nil {
		for _, v := range a.DKIM {
			if v.Signature != nil && string(v.Result) == list[1].Result {
				list[1].About = v.Signature.Domain
				break
			}
		}
	}
	for _, f := range l.filters() {
		result := map[string]string{"message.spamfilter-ham": "ham", "message.spamfilter-spam": "spam"}[f.ID]
		if result == "" {
			result = "unknown"
		}
		list = append(list, check{"Spam filter check", result, strings.Join(f.Evidence[:min(1, len(f.Evidence))], "")})
	}
	for i := range list {
		list[i].About = render.Printable(list[i].About)
	}
	return list
}

func (l *letter) filters() (out []catalogue.Finding) {
	for _, f := range l.rep.Findings {
		if strings.HasPrefix(f.ID, "message.spamfilter-") {
			out = append(out, f)
		}
	}
	return out
}

// dkimResult is pass where a signature passes, else that of the first.
func (l *letter) dkimResult() string {
	if len(l.rep.Auth.DKIM) == 0 {
		return "none"
	}
	for _, v := range l.rep.Auth.DKIM {
		if v.Result == dkim.Pass {
			return string(v.Result)
		}
	}
	return string(l.rep.Auth.DKIM[0].Result)
}

// todo are the findings that ask for something.
func (l *letter) todo() (out []catalogue.Finding) {
	for _, f := range l.rep.Findings {
		if f.Fix(l.lang) != "" && (f.Status == catalogue.Fail || f.Status == catalogue.Warn || f.Status == catalogue.Unknown) && len(out) < maxFixes {
			out = append(out, f)
		}
	}
	return out
}

// preamble says what this mail is.
func (l *letter) preamble() []string {
	text := say(textAuto, l.lang, "to", render.Printable(l.to))
	if l.stop != "" {
		text = say(textElsewhere, l.lang, "to", render.Printable(l.to), "stop", l.stop)
	}
	out := []string{text}
	if l.link != "" {
		out = append(out, say(textLink, l.lang, "link", l.link))
	}
	return out
}
