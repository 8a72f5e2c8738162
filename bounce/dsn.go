package bounce

import (
	"slices"
	"strings"

	"github.com/todoku/todoku/message"
)

// Report is a delivery status notification.
type Report struct {
	// Text is the human-readable part as UTF-8 with LF line ends, "" where there is none.
	Text string
	// ReportingMTA is the server that could not deliver, its type removed (RFC 3464 section 2.2.2).
	ReportingMTA string
	// ReceivedFromMTA is the server that had given it the message (section 2.2.4).
	ReceivedFromMTA string
	// ArrivalDate is when it had, as written (section 2.2.5).
	ArrivalDate string
	// EnvelopeID is the sender's ENVID (section 2.2.1).
	EnvelopeID string
	// PerMessage are all per-message fields in order.
	PerMessage []Field
	Recipients []Recipient
	// Original is the returned message, or its header alone; nil where neither is there.
	Original *message.Message
}

// Recipient is one group of per-recipient fields (RFC 3464 section 2.3).
type Recipient struct {
	// Original is the address as the sender gave it, Final as the reporting server
	// knew it, types removed. Original may be empty.
	Original, Final string
	// Action in lower case: failed, delayed, delivered, relayed, expanded; "" where missing.
	Action string
	// Status is zero where the field is missing or cannot be read.
	Status Status
	// RemoteMTA is the server that refused, "" where none was reached.
	RemoteMTA string
	// DiagnosticType is "smtp" for a reply; Diagnostic is what follows it.
	DiagnosticType, Diagnostic string
	// Reply is that of Diagnostic, nil where it holds none.
	Reply *Reply
	// LastAttempt and RetryUntil as written.
	LastAttempt, RetryUntil string
	// Fields are all fields of the group in order.
	Fields []Field
}

// Address is Final, or Original where that is missing.
func (r Recipient) Address() string {
	if r.Final != "" {
		return r.Final
	}
	return r.Original
}

// Field is one field of a delivery-status part.
type Field struct{ Name, Value string }

// Parse reads a whole message that is, or holds, a delivery status notification.
// One without a delivery-status part gives [ErrNoReport].
func Parse(raw []byte) (*Report, error) { return ParseMessage(message.Parse(raw)) }

// ParseMessage is [Parse] for a message that is parsed already.
func ParseMessage(m *message.Message) (*Report, error) {
	var r Report
	found := false
	for _, p := range walk(m) {
		switch p.kind {
		case "message/delivery-status", "message/global-delivery-status":
			if !found {
				r.readStatus(p.text())
				found = true
			}
		case "message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers":
			if r.Original == nil && found {
				original, _ := message.NormalizeFile(p.decoded())
				r.Original = message.Parse(original)
			}
		case "text/plain":
			if r.Text == "" && !found {
				r.Text = p.text()
			}
		}
	}
	if !found {
		return nil, ErrNoReport
	}
	return &r, nil
}

// ParseStatusFields reads the content of a message/delivery-status part alone.
// ok is false when no group of fields names a recipient, an action or a status.
func ParseStatusFields(text string) (r *Report, ok bool) {
	r = new(Report)
	r.readStatus(strings.ReplaceAll(text, "\r\n", "\n"))
	return r, len(r.Recipients) > 0
}

// Text gives the text of a message: its first text/plain part, or, where there is
// none, its first text part of any kind, as UTF-8 with LF line ends, at most 256 KiB.
func Text(m *message.Message) string {
	parts := walk(m)
	for _, prefix := range []string{"text/plain", "text/"} {
		for _, p := range parts {
			if strings.HasPrefix(p.kind, prefix) {
				text := p.text()
				if p.kind == "text/html" {
					text = withoutTags(text)
				}
				if strings.TrimSpace(text) != "" {
					return text
				}
			}
		}
	}
	return ""
}

// readStatus reads the groups of fields, between which stand empty lines.
func (r *Report) readStatus(text string) {
	for _, group := range groups(text) {
		if isRecipient(group) {
			if len(r.Recipients) == maxRecipients {
				return
			}
			r.Recipients = append(r.Recipients, readRecipient(group))
			continue
		}
		r.readPerMessage(group)
	}
}

// groups cuts the text of a delivery-status part. Real ones have too many empty
// lines and too few, so that a recipient's group also begins where another
// Final-Recipient stands.
func groups(text string) [][]Field {
	var out [][]Field
	var group []Field
	flush := func() {
		if len(group) > 0 && len(out) <= maxRecipients {
			out = append(out, group)
		}
		group = nil
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.TrimSpace(line) == "":
			flush()
		case (line[0] == ' ' || line[0] == '\t') && len(group) > 0:
			last := &group[len(group)-1]
			if len(last.Value)+len(line) < maxFieldSize {
				last.Value = strings.TrimSpace(last.Value + " " + strings.TrimSpace(line))
			}
		default:
			name, value, ok := strings.Cut(line, ":")
			if !ok || len(group) == maxFields || strings.ContainsAny(name, " \t") {
				continue
			}
			if strings.EqualFold(name, "Final-Recipient") && has(group, name) {
				flush()
			}
			value = strings.TrimSpace(value)
			group = append(group, Field{Name: name, Value: value[:min(len(value), maxFieldSize)]})
		}
	}
	flush()
	return out
}

func has(group []Field, name string) bool {
	return slices.ContainsFunc(group, func(f Field) bool { return strings.EqualFold(f.Name, name) })
}

func isRecipient(group []Field) bool {
	return has(group, "Final-Recipient") || has(group, "Action") || has(group, "Status") || has(group, "Original-Recipient") || has(group, "Diagnostic-Code")
}

// readPerMessage reads per-message fields. Some mailers put them into the group of
// the first recipient; see readRecipient.
func (r *Report) readPerMessage(group []Field) {
	for _, f := range group {
		if len(r.PerMessage) == maxFields {
			return
		}
		r.PerMessage = append(r.PerMessage, f)
		switch strings.ToLower(f.Name) {
		case "reporting-mta":
			r.ReportingMTA = untyped(f.Value)
		case "received-from-mta":
			r.ReceivedFromMTA = untyped(f.Value)
		case "arrival-date":
			r.ArrivalDate = f.Value
		case "original-envelope-id":
			r.EnvelopeID = f.Value
		}
	}
}

func readRecipient(group []Field) Recipient {
	r := Recipient{Fields: group}
	for _, f := range group {
		switch strings.ToLower(f.Name) {
		case "original-recipient":
			r.Original = untyped(f.Value)
		case "final-recipient":
			r.Final = untyped(f.Value)
		case "action":
			r.Action = action(f.Value)
		case "status":
			if st, n := scanStatus(f.Value); n > 0 {
				r.Status = st
			}
		case "remote-mta":
			r.RemoteMTA = untyped(f.Value)
		case "diagnostic-code":
			r.DiagnosticType, r.Diagnostic = typed(f.Value)
		case "last-attempt-date":
			r.LastAttempt = f.Value
		case "will-retry-until":
			r.RetryUntil = f.Value
		}
	}
	r.readReply()
	return r
}

// readReply finds the SMTP reply of the diagnostic, whatever type it claims, since
// some write "X-Postfix" or none at all.
func (r *Recipient) readReply() {
	if r.Diagnostic == "" {
		return
	}
	reply, ok := ParseReply(r.Diagnostic)
	// "5.1.0 Unknown address error 550-'5.7.1 ...", "220 4.2.1 mx 421 4.2.1 ...": the
	// refusal itself comes second.
	if !ok || reply.Code < 400 {
		found := FindReplies(r.Diagnostic)
		if len(found) > 0 {
			reply = found[0].Reply
		} else if !ok {
			return
		}
	}
	if reply.Code == 0 && reply.Text == "" {
		return
	}
	r.Reply = &reply
}

// action is the first word of an Action field.
func action(s string) string {
	word := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r < 'a' || r > 'z' })
	if len(word) == 0 {
		return ""
	}
	return word[0]
}

// typed cuts "type; value" (RFC 3464 section 2.1.2). What has no type is all value.
func typed(s string) (kind, value string) {
	kind, value, ok := strings.Cut(s, ";")
	if !ok || len(kind) > 32 || strings.ContainsAny(strings.TrimSpace(kind), " \t<>@") {
		return "", strings.TrimSpace(s)
	}
	return strings.ToLower(strings.TrimSpace(kind)), strings.TrimSpace(value)
}

func untyped(s string) string {
	_, v := typed(s)
	v = strings.TrimSpace(v)
	if strings.HasPrefix(v, "<") && strings.HasSuffix(v, ">") {
		v = v[1 : len(v)-1]
	}
	return v
}
