package explain

import (
	"bytes"
	"slices"
	"strings"

	"github.com/todoku/todoku/bounce"
	"github.com/todoku/todoku/internal/pattern"
	"github.com/todoku/todoku/message"
)

// fieldNames are the fields that are worth an explanation when they stand alone.
var fieldNames = []string{
	"authentication-results", "arc-authentication-results", "received-spf", "authentication-results-original",
	"x-original-authentication-results", "received", "dkim-signature", "list-unsubscribe", "list-unsubscribe-post",
	"final-recipient", "diagnostic-code", "reporting-mta", "x-failed-recipients", "return-path", "original-recipient",
}

// commonNames are the fields by which a header block is known.
var commonNames = []string{
	"from", "to", "subject", "date", "message-id", "mime-version", "content-type", "delivered-to", "x-original-to",
	"arc-seal", "arc-message-signature", "action", "status", "remote-mta", "list-id", "reply-to", "sender",
}

var fieldLine = pattern.New(`^([A-Za-z][A-Za-z0-9_-]{1,75})[ \t]*:`)

// readFields explains a header block, a whole message, or the fields of a DSN; nil
// where the input does not begin as one.
func readFields(input []byte) *Result {
	raw, ok := asMessage(input)
	if !ok {
		return nil
	}
	m := message.Parse(raw)
	if fields, ok := statusFields(m, raw); ok {
		return reportResult(fields)
	}
	if kind, params := topType(m); kind == "multipart/report" && strings.EqualFold(params, "feedback-report") {
		return &Result{Kind: KindComplaint}
	}
	if report, err := bounce.ParseMessage(m); err == nil && len(report.Recipients) > 0 {
		return reportResult(report)
	}
	if r := plainBounce(m); r != nil {
		return r
	}
	return headerResult(m)
}

// asMessage gives the input as a message with CRLF line ends, a line of mbox and
// indentation before it removed; ok is false where it does not begin with fields.
func asMessage(input []byte) ([]byte, bool) {
	b := bytes.TrimLeft(input, "\r\n \t")
	b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	b = bytes.ReplaceAll(b, []byte("\r"), []byte("\n"))
	if bytes.HasPrefix(b, []byte("From ")) || bytes.HasPrefix(b, []byte(">From ")) {
		_, b, _ = bytes.Cut(b, []byte("\n"))
	}
	if !beginsWithFields(b) {
		return nil, false
	}
	return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")), true
}

// beginsWithFields: one field that is worth it, or two of which one is common.
func beginsWithFields(b []byte) bool {
	n, common := 0, false
	for line := range bytes.Lines(b) {
		if n == 0 || line[0] != ' ' && line[0] != '\t' {
			m := fieldLine.Regexp().FindSubmatch(line)
			if m == nil {
				break
			}
			name := strings.ToLower(string(m[1]))
			if n == 0 && slices.Contains(fieldNames, name) {
				return true
			}
			common = common || slices.Contains(commonNames, name) || slices.Contains(fieldNames, name)
			if n++; n >= 2 && common || n > 40 {
				break
			}
		}
	}
	return n >= 2 && common
}

// statusFields reads the fields of a delivery-status part that were pasted alone.
func statusFields(m *message.Message, raw []byte) (*bounce.Report, bool) {
	if m.Count("Final-Recipient")+m.Count("Diagnostic-Code")+m.Count("Reporting-MTA") == 0 || m.Count("Content-Type")+m.Count("From") > 0 {
		return nil, false
	}
	return bounce.ParseStatusFields(string(raw[:min(len(raw), maxScan)]))
}

// topType gives the media type of a message and its report-type, both in lower case.
func topType(m *message.Message) (kind, reportType string) {
	f, _ := m.First("Content-Type")
	parts := strings.Split(strings.ToLower(f.Unfolded()), ";")
	for _, p := range parts[1:] {
		if k, v, ok := strings.Cut(p, "="); ok && strings.TrimSpace(k) == "report-type" {
			reportType = strings.Trim(strings.TrimSpace(v), `"`)
		}
	}
	return strings.TrimSpace(parts[0]), reportType
}

// reportResult explains a DSN: each recipient, helped by the human-readable part where
// the fields say less.
func reportResult(report *bounce.Report) *Result {
	r := &Result{Kind: KindDSN}
	from := senderOf(report.Original)
	told := scan(ownWords(report.Text), KindDSN)
	for _, rcpt := range report.Recipients {
		if len(r.Failures) == maxFailures {
			r.Truncated = true
			break
		}
		f := Failure{Recipient: rcpt.Address(), Reporter: report.ReportingMTA, Host: rcpt.RemoteMTA, Action: rcpt.Action, RetryUntil: rcpt.RetryUntil}
		host, ip := hostOf(rcpt.Diagnostic)
		if host != "" {
			f.Host, f.IP = host, ip
		}
		f.readDiagnostic(rcpt, told)
		r.Failures = append(r.Failures, explainFailure(f, from))
	}
	return finish(r)
}

// readDiagnostic takes the reply from the fields, else from the human-readable part,
// else the status alone; and the phase from wherever it is told.
func (f *Failure) readDiagnostic(rcpt bounce.Recipient, told []Failure) {
	switch {
	case rcpt.Reply != nil:
		f.Reply = *rcpt.Reply
	default:
		f.Reply = bounce.Reply{Text: rcpt.Diagnostic}
		if t, ok := toldOf(told, rcpt.Address()); ok && (t.Reply.Code != 0 || rcpt.Diagnostic == "") {
			f.Reply = t.Reply
		}
	}
	f.Status = rcpt.Status
	_, f.Phase, f.Reply.Text = phaseOf(f.Reply.Text)
	for _, t := range told {
		if sameReply(t.Reply, f.Reply) && (t.Recipient == "" || strings.EqualFold(t.Recipient, f.Recipient)) || sameReply(t.Reply, f.Reply) && f.Phase == "" {
			if f.Phase == "" {
				f.Phase = t.Phase
			}
			if f.Host == "" {
				f.Host, f.IP = t.Host, t.IP
			}
			if f.IP == "" && strings.EqualFold(f.Host, t.Host) {
				f.IP = t.IP
			}
		}
	}
}

func toldOf(told []Failure, address string) (Failure, bool) {
	for _, t := range told {
		if strings.EqualFold(t.Recipient, address) {
			return t, true
		}
	}
	if len(told) == 1 {
		return told[0], true
	}
	return Failure{}, false
}

// senderOf reads the From domain of the returned message.
func senderOf(m *message.Message) sender {
	if m == nil {
		return sender{}
	}
	domain, _, err := m.AuthorDomain()
	if err != nil {
		return sender{}
	}
	return sender{domain: cleanDomain(domain)}
}

var (
	bounceFrom    = pattern.New(`(?i)mailer-?daemon|postmaster|mail delivery|delivery subsystem|mail system|mail-daemon|no-?reply@.*(amazonses|sns\.amazonaws|sendgrid)|uucp@`)
	bounceSubject = pattern.New(`(?i)undeliver|return(ed|ing)? (mail|message|to)|delivery (status|fail|notif|problem|error|incomplete|delay)|fail(ed|ure)|mail (system )?error|message (delayed|not delivered|could not|you sent)|not delivered|cannot be delivered|could not be (sent|delivered)|unable to deliver|nondeliverable|non-?delivery|rejected|warning:|bounce|不達|配信|配送|届け|送信でき|エラー`)
	// originalBegins: from here on the text is that of the message that came back.
	originalBegins = pattern.New(`(?im)^[ \t]*(?:[-=_*]{3,}.*(?:copy of|original|unsent|returned|forwarded|header|undelivered|below this line|message follows|enclosed).*|original message (?:header|follows|as follows).*|(?:your|the) (?:original )?message (?:header|text).*(?:follow|below).*|----- message header.*|received: from .*|Return-Path: .*)$`)
)

// How strongly a message presents itself as a notification.
const (
	noBounce = iota
	maybeBounce
	surelyBounce
)

// bounceSigns weighs sender, subject and form. Neither an ordinary sender with a
// telling subject nor a postmaster with an ordinary one is sure to be one.
func bounceSigns(m *message.Message) int {
	if m.Count("X-Failed-Recipients") > 0 {
		return surelyBounce
	}
	value := func(name string) string {
		f, _ := m.First(name)
		return message.DecodeHeader(f.Unfolded())
	}
	null := m.Count("Return-Path") > 0 && strings.Trim(value("Return-Path"), " ") == "<>"
	from := bounceFrom.MatchString(value("From"))
	subject := bounceSubject.MatchString(value("Subject"))
	kind, reportType := topType(m)
	report := kind == "multipart/report" && reportType != "disposition-notification"
	switch {
	case from && subject, null && subject, report:
		return surelyBounce
	case from, subject:
		return maybeBounce
	}
	return noBounce
}

// ownWords cuts the message that came back off the text of a notification.
func ownWords(text string) string {
	if loc := originalBegins.FindStringIndex(text); loc != nil && strings.TrimSpace(text[:loc[0]]) != "" {
		return text[:loc[0]]
	}
	return text
}

// plainBounce explains a notification in nobody's format: by the replies in it, else
// by its words.
func plainBounce(m *message.Message) *Result {
	signs := bounceSigns(m)
	if signs == noBounce {
		return nil
	}
	r := &Result{Kind: KindBounce}
	text := ownWords(bounce.Text(m))
	rcpt := failedRecipient(m)
	r.Failures = scan(text, KindBounce)
	for i := range r.Failures {
		if r.Failures[i].Recipient == "" && rcpt != "" {
			r.Failures[i].Recipient = rcpt
			r.Failures[i] = explainFailure(r.Failures[i], sender{})
		}
	}
	if len(r.Failures) == 0 {
		f, ok := byText(m, text, rcpt, signs)
		if !ok {
			return nil
		}
		r.Failures = []Failure{f}
	}
	return finish(r)
}

// byText makes a failure of a notification without any reply in it.
func byText(m *message.Message, text, rcpt string, signs int) (Failure, bool) {
	subject, _ := m.First("Subject")
	category := byWords(text)
	if category == "" || category == "policy" {
		if s := byWords(message.DecodeHeader(subject.Unfolded())); s != "" {
			category = s
		}
	}
	vague := category == "" || category == "policy" || category == "transient"
	if vague && signs != surelyBounce {
		return Failure{}, false
	}
	if rcpt == "" {
		rcpt = recipientOf("", text)
	}
	f := Failure{Recipient: rcpt, Action: "failed", Reply: bounce.Reply{Text: firstLines(text)}}
	if category == "network" || category == "transient" || category == "greylist" {
		f.Action = ""
	}
	host, ip := hostOf(text)
	f.Host, f.IP = host, ip
	f = explainFailure(f, sender{})
	return f, true
}

// firstLines is the beginning of a text that holds the words of its category.
func firstLines(text string) string {
	paragraphs := strings.Split(text, "\n\n")
	best := ""
	for _, p := range paragraphs[:min(len(paragraphs), 50)] {
		flat := strings.Join(strings.Fields(p), " ")
		c := byWords(flat)
		if c != "" && (best == "" || c != "policy" && byWords(best) == "policy") {
			best = flat
		}
	}
	if best == "" {
		best = strings.Join(strings.Fields(text), " ")
	}
	return best[:runeEnd(best, 600)]
}

// runeEnd is at most n, where a character ends.
func runeEnd(s string, n int) int {
	if len(s) <= n {
		return len(s)
	}
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return n
}

// failedRecipient reads X-Failed-Recipients, which Exim and Google write.
func failedRecipient(m *message.Message) string {
	f, _ := m.First("X-Failed-Recipients")
	first, _, _ := strings.Cut(f.Unfolded(), ",")
	return strings.Trim(strings.TrimSpace(first), "<>")
}
