package inbox

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/todoku/todoku/internal/evidence"
)

const (
	maxLines     = 500
	maxOctets    = 64 << 10
	maxLineText  = 1000 // octets of one line that are kept
	preludeLines = 100  // of what came before the transaction
)

// transcript is what was said, bounded. It holds the beginning of the session (its
// prelude) and the transaction at hand: another transaction is about other people.
type transcript struct {
	lines   []spoken
	octets  int
	omitted int
	prelude int // how many lines; 0 while the prelude lasts
}

// spoken is a line; mailbox is the token that it tells of, "" for none.
type spoken struct {
	evidence.Line
	mailbox string
}

// add gives the index of the new line, -1 when it was left out.
func (t *transcript) add(at time.Time, from, text, mailbox string) int {
	text = readable(text)
	if len(t.lines) >= maxLines || t.octets+len(text) > maxOctets {
		t.omitted++
		return -1
	}
	t.octets += len(text)
	t.lines = append(t.lines, spoken{evidence.Line{At: at, From: from, Text: text}, mailbox})
	return len(t.lines) - 1
}

// tag says that a line, given by its index, tells of a mailbox.
func (t *transcript) tag(line int, mailbox string) {
	if line >= 0 && line < len(t.lines) {
		t.lines[line].mailbox = mailbox
	}
}

// beginTransaction forgets an earlier transaction, and what is too much of the
// prelude, but keeps the client's last line, whose index it takes and gives.
func (t *transcript) beginTransaction(last int) int {
	if t.prelude == 0 {
		t.prelude = len(t.lines)
		if last >= 0 {
			t.prelude = last
		}
		t.prelude = max(1, min(t.prelude, preludeLines))
	}
	return t.cut(last)
}

// continuePrelude forgets an earlier transaction too; what follows is about the
// session as a whole (EHLO, STARTTLS).
func (t *transcript) continuePrelude(last int) int {
	if t.prelude == 0 {
		return last
	}
	last = t.cut(last)
	t.prelude = 0
	return last
}

// cut leaves the prelude and the line at index last.
func (t *transcript) cut(last int) int {
	var kept *spoken
	if last >= t.prelude {
		l := t.lines[last]
		kept, last = &l, -1
	}
	t.lines = t.lines[:min(t.prelude, len(t.lines))]
	t.octets, t.omitted = 0, 0
	for _, l := range t.lines {
		t.octets += len(l.Text)
	}
	if kept != nil {
		last = len(t.lines)
		t.lines, t.octets = append(t.lines, *kept), t.octets+len(kept.Text)
	}
	return last
}

// about gives the lines for the page of one mailbox: other mailboxes are hidden,
// because whoever knows a token can read its mail. The operator's, "", has all.
func (t *transcript) about(mailbox string) []evidence.Line {
	lines := make([]evidence.Line, 0, len(t.lines)+1)
	for _, l := range t.lines {
		if mailbox != "" && l.mailbox != "" && l.mailbox != mailbox {
			l.Text = hideAddress(l.Text)
		}
		lines = append(lines, l.Line)
	}
	if t.omitted > 0 {
		n := evidence.Line{From: "note", Text: fmt.Sprintf("%d more lines are left out", t.omitted)}
		if len(lines) > 0 {
			n.At = lines[len(lines)-1].At
		}
		lines = append(lines, n)
	}
	return lines
}

// hideAddress puts a placeholder in the place of <...>.
func hideAddress(text string) string {
	i, j := strings.IndexByte(text, '<'), strings.LastIndexByte(text, '>')
	if i < 0 || j < i {
		return "(about another one-time address)"
	}
	return text[:i+1] + "another one-time address" + text[j:]
}

// readable makes any octets printable on one line: control characters and octets
// that are not UTF-8 become \xNN, and what is long is cut.
func readable(s string) string {
	cut := ""
	if len(s) > maxLineText {
		cut = fmt.Sprintf("... (%d octets in all)", len(s))
		s = s[:maxLineText]
	}
	if isReadable(s) {
		return s + cut
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size <= 1, r < 0x20, r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, s[i])
			size = 1
		case strconv.IsPrint(r):
			b.WriteString(s[i : i+size])
		default:
			fmt.Fprintf(&b, `\u{%x}`, r)
		}
		i += size
	}
	return b.String() + cut
}

func isReadable(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// dropLast takes the last line back.
func (t *transcript) dropLast() {
	if n := len(t.lines); n > 0 && t.omitted == 0 {
		t.octets -= len(t.lines[n-1].Text)
		t.lines = t.lines[:n-1]
	}
}
