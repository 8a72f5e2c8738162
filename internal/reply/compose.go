package reply

import (
	"encoding/base64"
	"mime"
	"strings"
	"time"
	"unicode"

	"github.com/todoku/todoku/message"
)

// idPrefix begins the identifiers of our mail, by which an answer to it is known.
const idPrefix = "todoku-report."

// ownMail is one message that we send.
type ownMail struct {
	from, to, lang, subject string
	// about is the message that is answered; nil for none.
	about *message.Message
	// id is the left side of the Message-ID, without the prefix.
	id, domain string
	date       time.Time
	text, html string // html "": text alone
	loop       string // the value of our own field
	auto       string // auto-replied, auto-generated
}

// compose gives the message with CRLF line ends.
func (m *ownMail) compose() []byte {
	var b strings.Builder
	field := func(name, value string) { b.WriteString(name + ": " + value + "\r\n") }
	field("From", "Todoku <"+m.from+">")
	field("To", "<"+m.to+">")
	field("Subject", encoded(m.subject))
	field("Date", m.date.UTC().Format(time.RFC1123Z))
	field("Message-ID", "<"+idPrefix+m.id+"@"+m.domain+">")
	if m.about != nil {
		thread(field, m.about)
	}
	field("Auto-Submitted", m.auto)
	field("X-Auto-Response-Suppress", "All")
	field(loopField, m.loop)
	field("Content-Language", m.lang)
	field("MIME-Version", "1.0")
	if m.html == "" {
		part(&b, "text/plain", m.text)
		return []byte(b.String())
	}
	boundary := "todoku-" + m.id
	field("Content-Type", "multipart/alternative;\r\n boundary=\""+boundary+"\"")
	b.WriteString("\r\n")
	for _, p := range [][2]string{{"text/plain", m.text}, {"text/html", m.html}} {
		b.WriteString("--" + boundary + "\r\n")
		part(&b, p[0], p[1])
	}
	b.WriteString("--" + boundary + "--\r\n")
	return []byte(b.String())
}

// part writes the fields and the body of a part: as it is where it is ASCII with short lines,
// so that programs can grep it, else in base64.
func part(b *strings.Builder, kind, text string) {
	plain, charset := true, "utf-8"
	for line := range strings.SplitSeq(text, "\n") {
		plain = plain && len(line) < 900 && !strings.HasPrefix(line, "From ")
	}
	for i := range len(text) {
		c := text[i]
		plain = plain && (c == '\n' || c >= ' ' && c < 0x7f)
	}
	text = strings.ReplaceAll(strings.TrimRight(text, "\n")+"\n", "\n", "\r\n")
	encoding := "base64"
	if plain {
		encoding = "7bit"
	}
	b.WriteString("Content-Type: " + kind + "; charset=" + charset + "\r\nContent-Transfer-Encoding: " + encoding + "\r\n\r\n")
	if plain {
		b.WriteString(text)
		return
	}
	for all := base64.StdEncoding.EncodeToString([]byte(text)); all != ""; {
		n := min(len(all), 76)
		b.WriteString(all[:n] + "\r\n")
		all = all[n:]
	}
}

// encoded is text for a header field, folded (RFC 2047).
func encoded(s string) string {
	return strings.ReplaceAll(mime.BEncoding.Encode("utf-8", s), "?= =?", "?=\r\n =?")
}

// maxSubject bounds what is repeated of a subject, in characters.
const maxSubject = 150

// subjectOf is the subject of an answer.
func subjectOf(m *message.Message, otherwise string) string {
	f, ok := m.First("Subject")
	s := ""
	if ok {
		s = strings.Join(strings.Fields(message.DecodeHeader(f.Unfolded())), " ")
	}
	for len(s) >= 3 && strings.EqualFold(s[:3], "re:") {
		s = strings.TrimSpace(s[3:])
	}
	if r := []rune(s); len(r) > maxSubject {
		s = string(r[:maxSubject]) + "..."
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	if strings.TrimSpace(s) == "" {
		s = otherwise
	}
	return "Re: " + s
}

// maxReferences bounds how many identifiers are repeated.
const maxReferences = 20

// thread writes In-Reply-To and References (RFC 5322 section 3.6.4).
func thread(field func(name, value string), m *message.Message) {
	f, ok := m.First("Message-ID")
	if !ok {
		return
	}
	id, err := message.ParseMessageID(f.Value())
	own := id.String()
	if err != nil || !safeID(own) {
		return
	}
	var refs []string
	for _, name := range []string{"References", "In-Reply-To"} {
		if f, ok := m.First(name); ok && len(refs) == 0 {
			refs = identifiers(f.Unfolded())
		}
	}
	if len(refs) > maxReferences { // the first one is the thread's
		refs = append(refs[:1:1], refs[len(refs)-maxReferences+1:]...)
	}
	field("In-Reply-To", own)
	field("References", strings.Join(append(refs, own), "\r\n "))
}

// identifiers finds what can be repeated of a References field.
func identifiers(s string) (out []string) {
	for word := range strings.FieldsSeq(s) {
		if len(out) > 1000 {
			break
		}
		if id, err := message.ParseMessageID([]byte(word)); err == nil && safeID(id.String()) {
			out = append(out, id.String())
		}
	}
	return out
}

func safeID(s string) bool {
	if len(s) > 500 {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
