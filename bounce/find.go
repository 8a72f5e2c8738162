package bounce

import "strings"

// Found is a reply within a text.
type Found struct {
	Reply
	// Start and End are its octets in the text.
	Start, End int
}

// FindReplies gives the replies of failure (4yz, 5yz) that stand within a text, in
// order, at most 200. A number is taken for a code where one is expected, at the
// start of a line or behind a colon, quote, bracket or arrow, or where an enhanced
// code of the same class follows it; "500 messages" within a sentence is none.
func FindReplies(text string) []Found {
	var out []Found
	for i := 0; i < len(text) && len(out) < maxReplies; i++ {
		if !startsCode(text, i) {
			continue
		}
		r, n, ok := parseReply(text[i:], true)
		if !ok {
			continue
		}
		if r.Text != "" || !r.Enhanced.IsZero() {
			out = append(out, Found{Reply: r, Start: i, End: i + n})
		}
		i += max(n, 1) - 1 // lines of codes alone are not read again from each of them on
	}
	return out
}

// startsCode reports whether a code of failure begins at octet i of a text.
func startsCode(text string, i int) bool {
	c := text[i]
	if c != '4' && c != '5' || i > 0 && !isEdge(text[i-1]) {
		return false
	}
	rest := text[i:min(len(text), i+16)]
	code, sep := scanCode(rest)
	if code == 0 || sep == 0 {
		return false
	}
	after := strings.TrimLeft(rest[4:], "#( ")
	if st, n := scanStatus(after); n > 0 && (st.Class == 4 || st.Class == 5) {
		return true
	}
	return expectsCode(text[:i])
}

func isEdge(c byte) bool {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || strings.IndexByte(`:;'"(<>[#|,=_`, c) >= 0
}

// expectsCode reports whether what stands before a number makes it a code.
func expectsCode(before string) bool {
	before = strings.TrimRight(before[max(0, len(before)-32):], " \t")
	if before == "" {
		return true
	}
	c := before[len(before)-1]
	if strings.IndexByte("\n\r:;'\"(#>|=*", c) >= 0 || strings.HasSuffix(before, "<<<") {
		return true
	}
	lower := strings.ToLower(before)
	for _, w := range []string{"error", "problem", "code", "said", "smtp", "status", "reply", "response", "returned"} {
		if strings.HasSuffix(lower, w) {
			return true
		}
	}
	return false
}
