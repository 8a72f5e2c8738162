package reply

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/forensics"
	"github.com/todoku/todoku/internal/render"
)

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
