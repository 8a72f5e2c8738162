package judge

import (
	"strings"
	"unicode"
)

// The bounds of comparing the plain text of a message with its HTML.
const (
	maxTerms = 4000 // words of one side that are compared
	fewTerms = 10   // too few to tell anything
)

// differ reports that the plain text and the HTML of a message say other things: of the words
// of the shorter one, less than a fifth are in the other.
func (c *verdict) differ() (in, of int, differ bool) {
	plain, rich := map[string]bool{}, map[string]bool{}
	for _, g := range c.pages {
		if g.html {
			terms(rich, string(g.text))
		} else {
			terms(plain, string(g.text))
		}
	}
	if len(plain) > len(rich) {
		plain, rich = rich, plain
	}
	for t := range plain {
		if rich[t] {
			in++
		}
	}
	return in, len(plain), len(plain) >= fewTerms && in*5 < len(plain)
}

// terms adds the words of a text, links left out; of a script that has no spaces between
// words, each two characters.
func terms(to map[string]bool, text string) {
	for word := range strings.FieldsSeq(text) {
		if strings.Contains(word, "://") {
			continue
		}
		var run []rune
		flush := func() {
			if len(run) > 2 && len(to) < maxTerms {
				to[string(run)] = true
			}
			run = run[:0]
		}
		var last rune
		for _, r := range strings.ToLower(word) {
			switch {
			case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai):
				flush()
				if last != 0 && len(to) < maxTerms {
					to[string([]rune{last, r})] = true
				}
				last = r
				continue
			case unicode.IsLetter(r) || unicode.IsDigit(r):
				run = append(run, r)
			default:
				flush()
			}
			last = 0
		}
		flush()
	}
}
