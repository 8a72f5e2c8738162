package message

import (
	"strings"
)

type receivedToken struct {
	text    string
	comment bool
}

func receivedKeyword(s string) string {
	switch s = strings.ToLower(s); s {
	case "from", "by", "with", "id", "for", "via":
		return s
	}
	return ""
}

// receivedTokens cuts the value into words and comments (outermost parentheses
// removed). The date is what follows the last ';' outside comments.
func receivedTokens(s string) (tokens []receivedToken, date string) {
	end := dateOf(s)
	if end < len(s) {
		date = strings.Trim(s[end+1:], " \t\r\n")
	}
	s = s[:end]
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ')' || c == ';' || c == ',':
			i++
		case c == '(':
			n := commentLen(s[i:])
			tokens = append(tokens, receivedToken{strings.TrimSuffix(s[i+1:i+n], ")"), true})
			i += n
		default:
			n := strings.IndexAny(s[i:], " \t\r\n();")
			if n < 0 {
				n = len(s) - i
			}
			tokens = append(tokens, receivedToken{s[i : i+n], false})
			i += n
		}
	}
	return tokens, date
}

// dateOf gives the offset of the last ';' outside comments, len(s) where there is none.
func dateOf(s string) int {
	at, depth := len(s), 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '(':
			depth++
		case ')':
			depth = max(depth-1, 0)
		case ';':
			if depth == 0 {
				at = i
			}
		}
	}
	return at
}

// commentLen gives the length of the comment at the beginning of s, all of s for
// one without end.
func commentLen(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}
