package render

import (
	"io"
	"strings"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/message"
)

// VerifyText writes the report as text; no terminal control octets of the message get through.
func VerifyText(w io.Writer, r *Report, o TextOptions) error {
	p := newPage(o)
	p.headline(r)
	p.blank()
	p.summary(r)
	p.blank()
	p.iprev(r.Auth.IPRev)
	p.spf(r.Auth.SPF, r.Auth.SPFChecked)
	p.dkim(r.Auth.DKIM)
	p.arc(r.Auth.ARC)
	p.dmarc(r.Auth.DMARC)
	p.cards(r.Cards, r.Score)
	p.findings(r.Findings)
	if o.Verbose {
		p.spfTrace(r.Auth.SPF)
		p.discovery(r.Auth.DMARC)
		p.answers(r.DNS)
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

// headline writes the verdict and the first thing to do.
func (p *page) headline(r *Report) {
	h := r.Headline(p.o.Lang)
	_, color := signOf(h.Status)
	p.line(0, p.paint(faint, Printable(r.File)))
	lead := p.label(h.Status)
	sign, _ := signOf(h.Status)
	lead = sign + " " + lead
	lines := Wrap(Printable(h.Title), max(p.o.Width-Columns(lead)-2, 20))
	for i, s := range lines {
		if i == 0 {
			p.line(0, p.paint(color, lead)+"  "+p.paint(bold, s))
		} else {
			p.line(Columns(lead)+2, p.paint(bold, s))
		}
	}
	if h.Sub == "" {
		return
	}
	key := "fix-first"
	switch h.Status {
	case "warn":
		key = "improve"
	case "unknown":
		key = "next"
	}
	p.para(2, "", p.label(key, "text", h.Sub), plain)
}

// summary says which message this is: who claims to have written it, and the envelope.
func (p *page) summary(r *Report) {
	keys := []string{"from", "subject", "date", "envelope", "time"}
	values := []string{header(r.Message, "From"), header(r.Message, "Subject"), header(r.Message, "Date"), p.envelope(r), r.Time.UTC().Format(time.RFC3339)}
	columns := 0
	for _, k := range keys {
		columns = max(columns, Columns(p.label(k)))
	}
	for i, k := range keys {
		if values[i] == "" || k == "time" && r.Time.IsZero() {
			continue
		}
		p.para(2, pad(p.label(k), columns+1), values[i], plain)
	}
}

// envelope says what is known of the SMTP session.
func (p *page) envelope(r *Report) string {
	s := r.Bundle.Session
	var parts []string
	if s.RemoteIP.IsValid() {
		parts = append(parts, s.RemoteIP.String())
	}
	if s.HELO != "" {
		parts = append(parts, "HELO "+s.HELO)
	}
	switch {
	case s.MailFrom != "":
		parts = append(parts, "MAIL FROM <"+s.MailFrom+">")
	case s.HasMailFrom:
		parts = append(parts, "MAIL FROM "+p.label("null-path"))
	}
	if s.TLS != nil && s.TLS.Version != "" {
		parts = append(parts, s.TLS.Version)
	}
	if len(parts) == 0 {
		return p.label("not-given")
	}
	how := p.label("assumed")
	if s.Observed {
		how = p.label("observed")
	}
	return strings.Join(parts, ", ") + " (" + how + ")"
}

// header gives the first field of a name, decoded for display.
func header(m *message.Message, name string) string {
	if m == nil {
		return ""
	}
	for _, f := range m.Fields {
		if f.Is(name) {
			return message.DecodeHeader(f.Unfolded())
		}
	}
	return ""
}

// findings writes what is to be done, then what is good to know, then what is fine.
func (p *page) findings(fs []catalogue.Finding) {
	groups := findingGroups(fs)
	todo, notes, fine := groups[0].findings, groups[1].findings, groups[2].findings
	p.blank()
	p.line(0, p.paint(bold, p.label("todo")))
	if len(todo) == 0 {
		p.line(2, p.label("nothing"))
	}
	for _, f := range todo {
		p.blank()
		p.finding(f)
	}
	if len(notes) > 0 {
		p.blank()
		p.line(0, p.paint(bold, p.label("notes")))
		for _, f := range notes {
			p.blank()
			p.finding(f)
		}
	}
	if len(fine) > 0 {
		p.blank()
		p.line(0, p.paint(bold, p.label("fine")))
		for _, f := range fine {
			p.title(f, plain)
		}
	}
}

func (p *page) title(f catalogue.Finding, s style) {
	lines := Wrap(Printable(f.Title(p.o.Lang)), max(p.o.Width-4, 20))
	for i, text := range lines {
		if i == 0 {
			p.line(2, p.mark(string(f.Status))+" "+p.paint(s, text))
		} else {
			p.line(4, p.paint(s, text))
		}
	}
}

// finding writes one finding with its repair.
func (p *page) finding(f catalogue.Finding) {
	lang := p.o.Lang
	p.title(f, bold)
	p.para(4, "", f.Detail(lang), plain)
	if f.Accepted != nil {
		p.para(4, "", p.label("accepted", "reason", f.Accepted.Reason), bold)
	}
	for i, e := range f.Evidence {
		if i == 4 && !p.o.Verbose {
			break
		}
		p.para(4, p.label("evidence"), spoken(lang, e), faint)
	}
	if fix := f.Fix(lang); fix != "" {
		p.para(4, p.label("fix"), fix, plain)
	}
	for i, s := range f.Steps(lang) {
		p.para(6, itoa(i+1)+".", s, plain)
	}
	for _, c := range f.DNS {
		if p.again(changeLine(c)) {
			p.line(4, p.paint(faint, p.label("same-change", "name", c.Name, "type", c.Type.String())))
			continue
		}
		p.change(c)
	}
	for _, s := range f.Snippets {
		if p.again(s.For + "\n" + s.Text) {
			continue
		}
		p.line(4, p.label("snippet", "for", s.For))
		for _, line := range snippetLines(s.Text) {
			p.line(6, printable(line, maxCopied))
		}
	}
	p.para(4, p.label("refs"), strings.Join(f.Refs(), ", ")+"  ["+f.ID+"]", faint)
}

// snippetLines are the lines of a snippet without their ends: a file that must have CRLF (the policy
// of MTA-STS) is shown to be copied like any other.
func snippetLines(text string) []string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return strings.Split(strings.TrimRight(text, "\n"), "\n")
}

// change writes one DNS change so that each datum stands alone on its line, to copy.
func (p *page) change(c dns.Change) {
	p.line(4, p.paint(bold, p.label("dns"))+" "+p.label(string(c.Action))+"  "+Printable(c.Name)+"  "+Printable(c.Type.String())+"  TTL "+itoa(int(c.TTL)))
	for _, s := range c.Was {
		p.line(6, p.paint(red, "- "+Printable(s)))
	}
	for _, s := range c.Data {
		p.line(6, p.paint(green, "+ "+printable(s, maxCopied)))
	}
}

// VerifyLine writes a report as one line, for a list of many.
func VerifyLine(w io.Writer, r *Report, o TextOptions) error {
	p := newPage(o)
	h := r.Headline(o.Lang)
	sign, color := signOf(h.Status)
	id := "-"
	if _, worst := r.worst(); worst != "" {
		id = worst
	}
	from := r.Auth.DMARC.FromDomain
	if from == "" {
		from = "-"
	}
	p.line(0, p.paint(color, sign+" "+pad(h.Status, 7))+"  "+pad(Printable(id), 26)+"  "+pad(Printable(from), 24)+"  "+Printable(r.File))
	return p.flush(w)
}

// Advice writes findings briefly, under the verdict that they are about: what is
// the matter, the repair in a sentence, and the records to publish. Of no findings it writes nothing.
func Advice(w io.Writer, fs []catalogue.Finding, o TextOptions) error {
	p := newPage(o)
	for _, f := range fs {
		p.blank()
		p.title(f, bold)
		if fix := f.Fix(o.Lang); fix != "" {
			p.para(4, p.label("fix"), fix, plain)
		}
		for _, c := range f.DNS {
			p.change(c)
		}
	}
	return p.flush(w)
}
