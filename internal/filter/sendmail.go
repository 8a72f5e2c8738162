package filter

import (
	"bytes"
	"slices"
	"strings"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/milter"
	"github.com/todoku/todoku/internal/pattern"
	"github.com/todoku/todoku/message"
)

// Sendmail writes address fields anew after its milters have seen them: lists get ", " between their entries, display names with certain
// characters get quotation marks, bare names get a domain. It adds Date and Message-ID after them, and leaves Bcc out. A signature over
// what the milter was shown would be broken as the message leaves. So what is signed is what Sendmail (8.17, as seen in the tests) will write; a field
// of which that cannot be told is not signed.

// isSendmail reports that the mail server is Sendmail. By v it says its version, Postfix has its name in it; Sendmail before 8.14, which cannot be asked
// for v, names an interface.
func isSendmail(c *milter.Conn) bool {
	if v := c.Macro("v"); v != "" {
		return v[0] >= '0' && v[0] <= '9'
	}
	return c.Macro("if_name") != ""
}

// Fields that Sendmail takes for lists of addresses, and those that it may leave out.
var (
	sendmailLists = []string{"from", "sender", "reply-to", "to", "cc", "errors-to", "disposition-notification-to", "apparently-to",
		"resent-from", "resent-sender", "resent-to", "resent-cc", "resent-reply-to"}
	sendmailDrops = []string{"bcc", "resent-bcc", "return-path", "full-name", "content-length"}
)

// asSendmail gives fields as Sendmail will write them, and in lower case the names of those that cannot be signed. From always is.
func asSendmail(fields []message.Field) (out []message.Field, unsigned []string) {
	out = slices.Clone(fields)
	for i := range out {
		name := strings.ToLower(out[i].Name())
		if slices.Contains(sendmailDrops, name) {
			unsigned = append(unsigned, name)
			continue
		}
		if !slices.Contains(sendmailLists, name) {
			continue
		}
		value, ok := sendmailList(string(out[i].Value()))
		if ok {
			out[i] = message.NewField([]byte(out[i].Name() + ": " + value + "\r\n"))
		} else if name != "from" {
			unsigned = append(unsigned, name)
		}
	}
	return out, unsigned
}

// namesFor gives the fields that a signature covers: those of headers, nil for the recommended ones, without some.
func namesFor(headers []string, fields []message.Field, without []string) []string {
	if headers == nil {
		headers = dkim.RecommendedHeaders(fields)
	}
	return slices.DeleteFunc(headers, func(name string) bool {
		name = strings.ToLower(name)
		return name != "from" && slices.Contains(without, name)
	})
}

const (
	// mustQuote are the characters for which Sendmail puts a display name into quotation marks (MustQuoteChars).
	mustQuote = "@,;:\\()[].'"
	// maxSendmailEntry is the longest entry of a list that is surely not cut, in octets.
	maxSendmailEntry = 250
	// Octets of a mask: within a quoted string, within a comment.
	masked, commented = 1, 2
)

var (
	sendmailGroup = pattern.New(`^[A-Za-z0-9 -]{1,60}:[ \t]*;$`)
	plainAddress  = pattern.New("^[A-Za-z0-9#$&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]{1,63}(\\.[A-Za-z0-9-]{1,63})+$")
)

// sendmailList gives a list of addresses as Sendmail writes it, but for white space; ok is false where that is not known.
func sendmailList(value string) (out string, ok bool) {
	text := strings.TrimSpace(message.NewField([]byte("x:" + value + "\r\n")).Unfolded())
	if sendmailGroup.MatchString(text) {
		return text, true
	}
	mask, ok := maskOf(text)
	if !ok {
		return "", false
	}
	var entries []string
	for start := 0; start <= len(text); {
		end := len(text)
		if i := bytes.IndexByte(mask[start:], ','); i >= 0 {
			end = start + i
		}
		entry, ok := sendmailEntry(text[start:end], mask[start:end])
		if !ok {
			return "", false
		}
		if entry != "" {
			entries = append(entries, entry)
		}
		start = end + 1
	}
	return strings.Join(entries, ", "), len(entries) > 0
}

// maskOf is text with its quoted strings and comments masked; ok is false where one has no end.
func maskOf(text string) (mask []byte, ok bool) {
	mask = []byte(text)
	quoted, depth := false, 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quoted || depth > 0:
			mask[i] = masked
			if depth > 0 {
				mask[i] = commented
			}
			switch {
			case c == '\\' && i+1 < len(text):
				mask[i+1] = mask[i]
				i++
			case c == '"' && quoted:
				quoted = false
			case c == '(' && depth > 0:
				depth++
			case c == ')' && depth > 0:
				depth--
			}
		case c == '"':
			quoted, mask[i] = true, masked
		case c == '(':
			depth, mask[i] = 1, commented
		case c == ')' || c == 0x7f || c < ' ' && c != '\t':
			return nil, false
		}
	}
	return mask, !quoted && depth == 0
}

// sendmailEntry gives one entry of a list; "" for an empty one.
func sendmailEntry(text string, mask []byte) (string, bool) {
	start := len(mask) - len(bytes.TrimLeft(mask, " \t"))
	end := len(bytes.TrimRight(mask, " \t"))
	if start >= end {
		return "", true
	}
	if end-start > maxSendmailEntry {
		return "", false
	}
	text, mask = text[start:end], mask[start:end]
	less, greater := bytes.IndexByte(mask, '<'), bytes.IndexByte(mask, '>')
	if less < 0 { // an address, perhaps with comments around it
		around := " \t\x02"
		from := len(mask) - len(bytes.TrimLeft(mask, around))
		to := len(bytes.TrimRight(mask, around))
		return text, from < to && bytes.IndexByte(mask[from:to], commented) < 0 && plainAddress.MatchString(text[from:to]) && apart(mask, from, to)
	}
	if greater < less || !plainAddress.MatchString(text[less+1:greater]) || len(bytes.Trim(mask[greater+1:], " \t\x02")) > 0 || !apart(mask, 0, greater+1) {
		return "", false
	}
	name, nameMask := text[:less], mask[:less]
	if !bytes.ContainsAny(nameMask, mustQuote) {
		return text, true
	}
	bare := strings.TrimRight(name, " \t")
	if bare == name || bytes.ContainsAny(nameMask, "\x01\x02\\") {
		return "", false
	}
	return `"` + bare + `" ` + text[less:], true
}

// apart reports that no comment touches what stands from one place to another: Sendmail would put a space between.
func apart(mask []byte, from, to int) bool {
	return (from == 0 || mask[from-1] != commented) && (to == len(mask) || mask[to] != commented)
}
