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
	omitted int // lines that did not fit
	prelude int // how many lines; 0 while the prelude lasts
	// preludeOmitted is how many lines of the prelude were left out.
	preludeOmitted int
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
// prelude. The client's last line, at an index or -1, goes too: it begins the
// transaction and is to be added again.
func (t *transcript) beginTransaction(last int) {
	if t.prelude == 0 {
		said := len(t.lines) + t.omitted - 1 // without the last line, kept or not
		if last >= 0 {
			t.lines = t.lines[:last]
		}
		t.cut(preludeLines, maxOctets/2)
		t.prelude = max(1, len(t.lines))
		t.preludeOmitted += max(0, said-len(t.lines))
		return
	}
	t.cut(t.prelude, maxOctets)
}

// continuePrelude forgets an earlier transaction too; what follows is about the
// session as a whole (EHLO, STARTTLS). It reports whether the client's last line
// was among what is forgotten.
func (t *transcript) continuePrelude() bool {
	if t.prelude == 0 {
		return false
	}
	t.cut(t.prelude, maxOctets)
	t.prelude = 0
	return true
}

// cut leaves the first lines, at most so many and so many octets.
func (t *transcript) cut(lines, octets int) {
	t.octets, t.omitted = 0, 0
	for i, l := range t.lines {
		if i == lines || t.octets+len(l.Text) > octets {
			t.lines = t.lines[:i]
			return
		}
		t.octets += len(l.Text)
	}
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
	if n := t.preludeOmitted + t.omitted; n > 0 {
		n := evidence.Line{From: "note", Text: fmt.Sprintf("%d more lines are left out", n)}
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
