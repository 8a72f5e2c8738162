package bounce

import (
	"strconv"
	"strings"
)

// Reply is one reply of an SMTP server.
type Reply struct {
	// Code is the basic code, 200 to 599; 0 where only an enhanced code is given.
	Code int
	// Enhanced is the enhanced status code of the first line that has one.
	Enhanced Status
	// Text is that of all lines, joined by one space, without codes and without Tail.
	Text string
	// Tail is what Google puts behind the text: the id of the session, a dash, and
	// gsmtp, or gcdp where the recipient's Workspace administrator made the rule.
	Tail string
	// Lines are the lines as they came, without line ends.
	Lines []string
}

// Class is that of the basic code. Where it and the enhanced code disagree, the
// basic code says whether to try again (RFC 5321 section 4.2.1): Gmail prints
// "421 5.7.32" and means temporary.
func (r Reply) Class() Class {
	if r.Code > 0 {
		return Class(r.Code / 100)
	}
	return Class(r.Enhanced.Class)
}

// String gives the reply on one line: codes, text and tail.
func (r Reply) String() string {
	parts := make([]string, 0, 4)
	if r.Code > 0 {
		parts = append(parts, strconv.Itoa(r.Code))
	}
	for _, s := range []string{r.Enhanced.String(), r.Text, r.Tail} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " ")
}

// ParseReply reads a reply that s begins with: one line or several, each with its
// code, as they came; or on one line, as mail logs write them ("550-5.7.26 This
// mail ... 550 5.7.26 unauthenticated"). Lines without a code are taken for wrapped
// text of the line before. What follows from another code on is not read. ok is
// false when s begins with no code.
func ParseReply(s string) (r Reply, ok bool) {
	r, _, ok = parseReply(s, false)
	return r, ok
}

// parseReply reads a reply and gives its length. Within other text only indented
// lines are taken for wrapped ones.
func parseReply(s string, within bool) (r Reply, length int, ok bool) {
	s = s[:min(len(s), maxReplySize)]
	start := len(s) - len(strings.TrimLeft(s, " \t\r\n"))
	rest := s[start:]
	code, sep := scanCode(rest)
	if code == 0 {
		st, n := scanBareStatus(rest)
		if n == 0 {
			return r, 0, false
		}
		r.Enhanced = st
	}
	r.Code = code
	var text []string
	done := false
	for rest != "" {
		line, after, _ := strings.Cut(rest, "\n")
		line = unquoted(line, within)
		c, lineSep := scanCode(line)
		if len(r.Lines) > 0 {
			wrapped := c == 0 && line != "" && !strings.HasPrefix(line, "<<<") && !strings.HasPrefix(line, ">>>") &&
				(!within || rest[0] == ' ' || rest[0] == '\t' || !done && goesOn(after, code))
			if !wrapped && (c == 0 || c != code || done) {
				break
			}
		}
		r.Lines = append(r.Lines, line)
		if c != 0 {
			done = lineSep != '-'
		}
		text = append(text, r.stripCodes(line))
		rest = after
	}
	r.Text = r.stripInline(strings.Join(text, " "), sep)
	r.cutTail()
	if r.Enhanced.IsZero() {
		r.Enhanced = hashStatus(r.Text)
	}
	return r, len(s) - len(rest), true
}

// unquoted is a line without the white space around it and, within other text, without
// the marks of a quotation in mail. ">>>" is what sendmail writes before a command.
func unquoted(line string, within bool) string {
	line = strings.TrimSpace(line)
	if within && !strings.HasPrefix(line, ">>>") {
		line = strings.TrimLeft(line, "> ")
	}
	return line
}

// goesOn reports that one of the next lines has the code again: what stands between was
// wrapped by a mail program.
func goesOn(s string, code int) bool {
	for range 4 {
		line, after, _ := strings.Cut(s, "\n")
		line = unquoted(line, true)
		if c, _ := scanCode(line); c != 0 || line == "" {
			return c == code
		}
		s = after
	}
	return false
}

// scanCode reads a basic code at the start of a line: three digits, then a space, a
// dash, a colon (some notifications) or the end. sep is what follows, 0 at the end.
func scanCode(s string) (code int, sep byte) {
	// The second digit of the RFC is at most 5; servers that say 571 exist.
	if len(s) < 3 || s[0] < '2' || s[0] > '5' || !isDigit(s[1]) || !isDigit(s[2]) {
		return 0, 0
	}
	if len(s) > 3 {
		if sep = s[3]; sep != ' ' && sep != '-' && sep != '\t' && sep != ':' && sep != '\r' && sep != '\n' {
			return 0, 0
		}
	}
	return int(s[0]-'0')*100 + int(s[1]-'0')*10 + int(s[2]-'0'), sep
}

// scanBareStatus reads an enhanced code that stands without a basic one: "5.1.1 ...", "#5.1.1", "(#5.1.1)".
func scanBareStatus(s string) (Status, int) {
	trimmed := strings.TrimLeft(s, "(#")
	st, n := scanStatus(trimmed)
	if n == 0 {
		return st, 0
	}
	if n < len(trimmed) && !strings.ContainsRune(" \t\r\n):;,-", rune(trimmed[n])) {
		return Status{}, 0
	}
	return st, len(s) - len(trimmed) + n
}

// stripCodes gives a line without its codes, and keeps the first enhanced one.
func (r *Reply) stripCodes(line string) string {
	if c, _ := scanCode(line); c != 0 {
		line = strings.TrimLeft(line[min(4, len(line)):], " ")
		if _, n := scanStatus(strings.TrimLeft(line, "'\"")); n > 0 {
			line = strings.TrimLeft(line, "'\"")
		}
	}
	st, n := scanBareStatus(line)
	if n == 0 || !r.Enhanced.IsZero() && st != r.Enhanced && r.Code != 0 {
		return line
	}
	r.Enhanced = st
	return strings.TrimLeft(line[n:], " ):;,-")
}

// stripInline gives the words of a text without the codes of lines that a log joined
// into one: any further code where the first line said that more follow, else only
// those with the same enhanced code behind them.
func (r *Reply) stripInline(text string, sep byte) string {
	words := strings.Fields(text)
	if r.Code == 0 {
		return strings.Join(words, " ")
	}
	code := strconv.Itoa(r.Code)
	kept := words[:0]
	for i := 0; i < len(words); i++ {
		rest, ok := strings.CutPrefix(words[i], code)
		if !ok || rest != "" && rest[0] != '-' {
			kept = append(kept, words[i])
			continue
		}
		said, next := strings.TrimPrefix(rest, "-"), i
		if said == "" && i+1 < len(words) {
			said, next = words[i+1], i+1
		}
		st, n := scanBareStatus(said)
		same := n > 0 && (st == r.Enhanced || r.Enhanced.IsZero() && sep == '-')
		switch {
		case same:
			r.Enhanced = st
			if said = strings.TrimLeft(said[n:], "):;,-"); said != "" {
				kept = append(kept, said)
			}
			i = next
		case sep != '-':
			kept = append(kept, words[i])
		case next == i && said != "":
			kept = append(kept, said)
		}
	}
	return strings.Join(kept, " ")
}

// cutTail moves Google's tail from Text to Tail.
func (r *Reply) cutTail() {
	words := strings.Split(r.Text, " ")
	n := len(words)
	switch last := words[n-1]; {
	case last != "gsmtp" && last != "gcdp":
		return
	case n >= 3 && words[n-2] == "-":
		n -= 3
	default:
		n--
	}
	r.Text, r.Tail = strings.Join(words[:n], " "), strings.Join(words[n:], " ")
}

// hashStatus finds an enhanced code that is marked within the text, as qmail and
// others do: "(#5.1.1)", "#5.1.1".
func hashStatus(text string) Status {
	for {
		i := strings.IndexByte(text, '#')
		if i < 0 {
			return Status{}
		}
		text = text[i+1:]
		if st, n := scanStatus(text); n > 0 {
			return st
		}
	}
}
