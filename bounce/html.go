package bounce

import (
	"html"
	"regexp"
	"strings"
)

var (
	hiddenHTML = regexp.MustCompile(`(?is)<(style|script|head)\b.*?</(?:style|script|head)\s*>|<!--.*?-->`)
	breakHTML  = regexp.MustCompile(`(?i)<(?:br|/p|/div|/tr|/li|/h[1-6]|/td)\b[^>]*>`)
	// anyTag leaves <a@example.com> alone: an address is what a bounce is about.
	anyTag = regexp.MustCompile(`</?[A-Za-z!][^<>@]*>|<a\s[^<>]*>`)
)

// withoutTags gives the words of an HTML text, a line for each block. It is for finding
// replies, not for showing the page.
func withoutTags(s string) string {
	s = hiddenHTML.ReplaceAllString(s, " ")
	s = breakHTML.ReplaceAllString(s, "\n")
	s = html.UnescapeString(anyTag.ReplaceAllString(s, ""))
	return strings.ReplaceAll(s, "\u00a0", " ")
}
