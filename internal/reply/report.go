package reply

import (
	"bytes"
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/forensics"
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

// text writes the report as lines that grep well: a name, a colon, a value.
type text struct {
	b    strings.Builder
	full bool // nothing more fits
}

// line writes one line, as long as there is room.
func (t *text) line(s string) {
	if t.full = t.full || t.b.Len()+len(s) > maxText; !t.full {
		t.b.WriteString(strings.TrimRight(s, " ") + "\n")
	}
}

func (t *text) head(s string) {
	t.line("")
	t.line(s)
	t.line(strings.Repeat("-", render.Columns(s)))
}

const valueColumn = 20

// value writes "Name:   value"; nothing for an empty one.
func (t *text) value(name, v string) {
	if v == "" {
		return
	}
	pad := strings.Repeat(" ", max(1, valueColumn-len(name)-1))
	t.line(name + ":" + pad + render.Printable(v))
}

// Text is the report as plain text.
func (l *letter) text() string {
	t := &text{}
	head := l.rep.Headline(l.lang)
	t.line(render.Printable(head.Title))
	if head.Sub != "" {
		t.line(render.Printable(head.Sub))
	}
	t.line("")
	for _, s := range l.preamble() {
		t.line(s)
	}
	t.head(say(textSummary, l.lang))
	for _, c := range l.checks() {
		about := ""
		if c.About != "" {
			about = " (" + c.About + ")"
		}
		t.value(c.Name, c.Result+about)
	}
	l.session(t)
	l.spf(t)
	for i, v := range l.rep.Auth.DKIM[:min(len(l.rep.Auth.DKIM), maxSignatures)] {
		l.dkim(t, i, v)
	}
	l.others(t)
	l.fixes(t)
	l.header(t)
	if t.full {
		t.b.WriteString("\n" + say(textCut, l.lang) + "\n")
	}
	return t.b.String()
}

func (l *letter) session(t *text) {
	s := l.rep.Bundle.Session
	t.head(say(textSession, l.lang))
	t.value("HELO hostname", s.HELO)
	if s.RemoteIP.IsValid() {
		t.value("Source IP", s.RemoteIP.String())
	}
	from := s.MailFrom
	if from == "" {
		from = "<>"
	}
	t.value("mail-from", from)
	t.value("rcpt-to", strings.Join(s.Recipients, ", "))
	if s.TLS != nil {
		t.value("TLS", strings.TrimSpace(s.TLS.Version+" "+s.TLS.Cipher))
	}
	t.value("Received at", l.rep.Time.UTC().Format(time.RFC3339))
	if len(s.Recipients) > 0 {
		t.value("Report ID", l.rep.File)
	}
}

func (l *letter) spf(t *text) {
	a := l.rep.Auth
	t.head("SPF check details")
	t.value("Result", string(a.SPF.Result))
	if !a.SPFChecked {
		return
	}
	id := "smtp.mailfrom=" + l.rep.Bundle.Session.MailFrom
	if a.SPF.Identity == "helo" {
		id = "smtp.helo=" + l.rep.Bundle.Session.HELO
	}
	t.value("ID(s) verified", id)
	t.value("Mechanism", a.SPF.Mechanism)
	t.value("DNS look-ups", strconv.Itoa(a.SPF.Lookups))
	t.value("Reason", render.Spoken(l.lang, a.SPF.Reason))
	t.value("Explanation", a.SPF.Explanation)
	names := map[string]bool{strings.ToLower(a.SPF.Domain): true}
	for _, s := range a.SPF.Trace {
		names[strings.ToLower(s.Domain)] = true
	}
	l.records(t, func(q dns.Question) bool { return q.Type == dns.TypeTXT && names[strings.ToLower(q.Name)] })
	if a.HELO != nil {
		t.value("HELO result", string(a.HELO.Result)+" smtp.helo="+l.rep.Bundle.Session.HELO)
	}
}

func (l *letter) dkim(t *text, i int, v dkim.Verdict) {
	t.head("DKIM check details, signature " + strconv.Itoa(i+1))
	t.value("Result", string(v.Result))
	t.value("Reason", render.Spoken(l.lang, v.Reason))
	s := v.Signature
	if s == nil {
		return
	}
	t.value("ID(s) verified", "header.d="+s.Domain+" header.i="+s.Identity+" header.s="+s.Selector)
	t.value("Algorithm", s.Algorithm)
	t.value("Canonicalization", s.Canonicalization())
	if v.KeyBits > 0 {
		t.value("Key bits", strconv.Itoa(v.KeyBits))
	}
	key := strings.ToLower(s.Selector + "._domainkey." + s.Domain)
	l.records(t, func(q dns.Question) bool { return strings.ToLower(q.Name) == key })
	header, body := forensics.Canonical(l.rep.Message, v, maxCanonical)
	if header != nil {
		canonical(t, "Canonicalized Header", header[:min(len(header), maxCanonical)], len(header) > maxCanonical)
		canonical(t, "Canonicalized Body", body, len(body) == maxCanonical)
	}
	if i >= len(l.rep.Forensics) {
		return
	}
	for _, e := range l.rep.Forensics[i] {
		for _, m := range e.Mutations {
			t.value("Change found", fmt.Sprintf("%s %s %s", e.Part, m.Kind, m.Field))
		}
	}
}

// canonical writes octets by line, each behind a mark so that nothing of them is taken for
// something else; line ends are '\r\n' as they are.
func canonical(t *text, name string, octets []byte, more bool) {
	t.line(name + ":")
	lines := bytes.Split(bytes.TrimSuffix(octets, []byte("\r\n")), []byte("\r\n"))
	for _, line := range lines {
		t.line("    | " + render.Printable(string(line)))
	}
	if more {
		t.line("    | ...")
	}
}

func (l *letter) others(t *text) {
	a := l.rep.Auth
	t.head("iprev check details")
	t.value("Result", string(a.IPRev.Result))
	if a.IPRev.IP.IsValid() {
		t.value("ID(s) verified", "policy.iprev="+a.IPRev.IP.String())
	}
	t.value("Names", strings.Join(a.IPRev.Names, ", "))
	t.value("Reason", render.Spoken(l.lang, a.IPRev.Reason))
	l.records(t, func(q dns.Question) bool { return q.Type == dns.TypePTR })
	t.head("DMARC check details")
	t.value("Result", string(a.DMARC.Result))
	t.value("ID(s) verified", "header.from="+a.DMARC.FromDomain)
	t.value("Organization", a.DMARC.OrgDomain)
	t.value("Policy domain", a.DMARC.PolicyDomain)
	t.value("Policy", string(a.DMARC.Policy))
	t.value("Disposition", string(a.DMARC.Disposition))
	t.value("SPF aligned", strconv.FormatBool(a.DMARC.SPFAligned))
	t.value("DKIM aligned", strconv.FormatBool(a.DMARC.DKIMAligned))
	t.value("Reason", render.Spoken(l.lang, a.DMARC.Reason))
	l.records(t, func(q dns.Question) bool { return strings.HasPrefix(strings.ToLower(q.Name), "_dmarc.") })
	t.head("ARC check details")
	t.value("Result", string(a.ARC.Result))
	t.value("Instances", strconv.Itoa(a.ARC.Instances))
	t.value("Reason", render.Spoken(l.lang, a.ARC.Reason))
	if fs := l.filters(); len(fs) > 0 {
		t.head("Spam filter check details")
		for _, f := range fs {
			for _, e := range f.Evidence {
				t.value("Result", e)
			}
		}
	}
}

// records writes the DNS answers to the questions that want takes.
func (l *letter) records(t *text, want func(dns.Question) bool) {
	n := 0
	begun := false
	for _, a := range l.rep.DNS {
		if !want(a.Question) || n >= maxRecords {
			continue
		}
		if !begun {
			t.line("DNS record(s):")
			begun = true
		}
		n++
		if len(a.Records) == 0 {
			t.line(fmt.Sprintf("    %s. %s (%s)", render.Printable(a.Question.Name), a.Question.Type, a.Status))
		}
		for _, r := range a.Records {
			if n++; n > maxRecords {
				break
			}
			t.line(fmt.Sprintf("    %s. %d IN %s %s", render.Printable(r.Name), r.TTL, r.Type, render.Printable(data(r))))
		}
	}
}

func data(r dns.Record) string {
	if r.Type == dns.TypeTXT {
		return strconv.Quote(r.Data)
	}
	return r.Data
}

func (l *letter) fixes(t *text) {
	t.head(say(textFix, l.lang))
	list := l.todo()
	if len(list) == 0 {
		t.line(say(textNothing, l.lang))
	}
	for i, f := range list {
		t.line(fmt.Sprintf("%d. [%s] %s", i+1, f.ID, render.Printable(f.Title(l.lang))))
		t.line("   " + render.Printable(f.Fix(l.lang)))
		for _, s := range f.Steps(l.lang) {
			t.line("   - " + render.Printable(s))
		}
		for _, c := range changes(f) {
			t.line("     " + c)
		}
	}
}

// changes are the DNS changes of a finding, a line for each datum.
func changes(f catalogue.Finding) (out []string) {
	for _, c := range f.DNS {
		head := fmt.Sprintf("%s %s %d IN %s", c.Action, render.Printable(c.Name), c.TTL, c.Type)
		for _, s := range c.Was {
			out = append(out, head+" - "+render.Printable(s))
		}
		for _, s := range c.Data {
			out = append(out, head+" + "+render.Printable(s))
		}
	}
	return out[:min(len(out), maxRecords)]
}

func (l *letter) header(t *text) {
	t.head(say(textOriginal, l.lang))
	for i, f := range l.rep.Message.Fields {
		if i == maxFields {
			t.line("    | ...")
			return
		}
		t.line("    | " + render.Printable(strings.TrimRight(string(f.Raw[:min(len(f.Raw), 2000)]), "\r\n")))
	}
}

// html is the report as HTML that loads nothing and runs nothing.
func (l *letter) html() (string, error) {
	head := l.rep.Headline(l.lang)
	s := l.rep.Bundle.Session
	page := struct {
		Lang, Title, Sub, Status, Summary, Fix, Nothing, Session string
		Preamble                                                 []string
		Link                                                     string
		Checks, Facts                                            []check
		Findings                                                 []htmlFinding
	}{
		Lang: l.lang, Title: render.Printable(head.Title), Sub: render.Printable(head.Sub), Status: head.Status,
		Summary: say(textSummary, l.lang), Fix: say(textFix, l.lang), Nothing: say(textNothing, l.lang), Session: say(textSession, l.lang),
		Preamble: l.preamble(), Checks: l.checks(),
		Facts: []check{{Name: "HELO hostname", Result: s.HELO}, {Name: "Source IP", Result: s.RemoteIP.String()}, {Name: "mail-from", Result: s.MailFrom}},
	}
	if strings.HasPrefix(l.link, "https://") || strings.HasPrefix(l.link, "http://") {
		page.Link, page.Preamble = l.link, page.Preamble[:1]
	}
	for i := range page.Facts {
		page.Facts[i].Result = render.Printable(page.Facts[i].Result)
	}
	for _, f := range l.todo() {
		page.Findings = append(page.Findings, htmlFinding{
			ID: f.ID, Status: string(f.Status), Title: render.Printable(f.Title(l.lang)), Detail: render.Printable(f.Detail(l.lang)), Fix: render.Printable(f.Fix(l.lang)), Changes: changes(f),
		})
	}
	var b strings.Builder
	if err := htmlLetter.Execute(&b, page); err != nil {
		return "", fmt.Errorf("writing the report as HTML: %w", err)
	}
	return b.String(), nil
}

type htmlFinding struct {
	ID, Status, Title, Detail, Fix string
	Changes                        []string
}

var htmlLetter = template.Must(template.New("letter").Parse(`<!DOCTYPE html>
<html lang="{{.Lang}}"><head><meta charset="utf-8"><title>{{.Title}}</title></head>
<body style="font-family: sans-serif; line-height: 1.5; max-width: 46em; margin: 1em auto; padding: 0 1em">
<h1 style="font-size: 1.3em">{{.Title}}</h1>
{{with .Sub}}<p><strong>{{.}}</strong></p>
{{end}}{{range .Preamble}}<p>{{.}}</p>
{{end}}{{with .Link}}<p><a href="{{.}}">{{.}}</a></p>
{{end}}<h2 style="font-size: 1.1em">{{.Summary}}</h2>
<table style="border-collapse: collapse">
{{range .Checks}}<tr><th scope="row" style="text-align: left; padding: 0.2em 1em 0.2em 0">{{.Name}}</th><td style="padding: 0.2em 1em 0.2em 0"><strong>{{.Result}}</strong></td><td>{{.About}}</td></tr>
{{end}}</table>
<h2 style="font-size: 1.1em">{{.Session}}</h2>
<table style="border-collapse: collapse">
{{range .Facts}}<tr><th scope="row" style="text-align: left; padding: 0.2em 1em 0.2em 0">{{.Name}}</th><td><code>{{.Result}}</code></td></tr>
{{end}}</table>
<h2 style="font-size: 1.1em">{{.Fix}}</h2>
{{range .Findings}}<h3 style="font-size: 1em">{{.Status}}: {{.Title}}</h3>
<p>{{.Detail}}</p>
<p>{{.Fix}} <code>[{{.ID}}]</code></p>
{{range .Changes}}<pre style="white-space: pre-wrap; overflow-wrap: anywhere">{{.}}</pre>
{{end}}{{else}}<p>{{.Nothing}}</p>
{{end}}</body></html>
`))
