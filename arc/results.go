package arc

import (
	"strings"

	"github.com/todoku/todoku/authres"
	"github.com/todoku/todoku/message"
)

// results is a parsed ARC-Authentication-Results: the instance matters for the
// chain, the rest is only shown.
type results struct {
	instance int
	raw      []byte
	payload  string
	id       string
}

// parseResults reads instance [CFWS] ";" authres-payload (RFC 8617 section
// 4.1.1). A payload that is not well formed does not break the chain: it is
// signed as it stands, and whoever uses it must parse it.
func parseResults(f message.Field) results {
	r := results{raw: f.Raw}
	instance, payload, ok := strings.Cut(f.Unfolded(), ";")
	if !ok {
		return r
	}
	name, value, ok := strings.Cut(dropComments(instance), "=")
	if !ok || strings.Trim(name, " \t") != "i" {
		return r
	}
	r.instance = parseInstance(strings.Trim(value, " \t"))
	r.payload = strings.Trim(strings.ToValidUTF8(payload[:min(len(payload), maxResultsShown)], "?"), " \t")
	r.id, _ = authres.AuthServID([]byte(r.payload))
	return r
}

// dropComments removes comments, one that does not end to the end. In the short
// part before the first semicolon they are rare; one that holds a semicolon
// makes the field unreadable, which is a failure and no risk.
func dropComments(s string) string {
	if strings.IndexByte(s, '(') < 0 {
		return s
	}
	var b strings.Builder
	depth := 0
	for i := range len(s) {
		switch {
		case s[i] == '(':
			depth++
		case s[i] == ')' && depth > 0:
			depth--
		case depth == 0:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
