package judge

import (
	"bytes"
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/todoku/todoku/internal/parts"
)

// The bounds of reading text and HTML.
const (
	maxTokens = 100_000
	maxLinks  = 500
	maxText   = 256 << 10 // octets of text kept
	// maxLinkText is how many octets of the text of a link are kept, and are added at once.
	maxLinkText = 500
)

// page is what a text part shows.
type page struct {
	text   []byte // what is read, white space reduced
	html   bool
	size   int // octets of the decoded part
	hidden int // letters that are there and not shown
	links  []link
	images int
	active []string // what mail programs take out: scripts, forms, frames
}

// link is one link and the text that a reader sees of it.
type link struct {
	href string
	text string
}

// readHTML reads the tokens of an HTML text, at most maxTokens.
func readHTML(text []byte) *page {
	r := htmlReader{page: &page{text: make([]byte, 0, min(len(text)/2, maxText))}, current: -1}
	z := html.NewTokenizer(bytes.NewReader(text))
	z.SetMaxBuf(parts.MaxDecoded)
	for range maxTokens {
		switch z.Next() {
		case html.ErrorToken:
			return r.page
		case html.TextToken:
			r.text(bytes.TrimSpace(z.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			tag, attrs := z.TagName()
			name := tagName(tag)
			href, style := attributes(z, attrs)
			r.start(name, href, style)
		case html.EndTagToken:
			tag, _ := z.TagName()
			r.end(tagName(tag))
		}
	}
	return r.page
}

// htmlReader puts a page together, token by token.
type htmlReader struct {
	*page
	// skip is an element whose text is not shown, "" for none; depth is how many of that name are open.
	skip    string
	depth   int
	current int // the link that is open, -1 for none
}

func (r *htmlReader) text(t []byte) {
	if r.skip != "" {
		if r.skip != "style" && r.skip != "script" && r.skip != "head" && r.skip != "title" {
			r.hidden += letters(t)
		}
		return
	}
	if len(t) > 0 && len(r.page.text) < maxText {
		r.page.text = append(append(r.page.text, ' '), t...)
	}
	r.linkText(string(t[:min(len(t), maxLinkText)]))
}

// linkText adds to what a reader sees of the link that is open.
func (r *htmlReader) linkText(s string) {
	if r.current >= 0 && len(r.links[r.current].text) < maxLinkText {
		r.links[r.current].text += s
	}
}

func (r *htmlReader) start(name, href, style string) {
	switch name {
	case "script", "form", "iframe", "object", "embed", "applet":
		r.active = noteOnce(r.active, "<"+name+">")
	}
	href = strings.TrimSpace(href)
	if scheme := "javascript:"; len(href) > len(scheme) && strings.EqualFold(href[:len(scheme)], scheme) {
		r.active = noteOnce(r.active, "a link of javascript:")
	}
	switch {
	case r.skip != "" && name == r.skip && !voidElement(name):
		r.depth++
	case r.skip == "" && (name == "style" || name == "script" || name == "title" || isHidden(style) && !voidElement(name)):
		r.skip, r.depth = name, 1
	}
	if r.skip != "" {
		return
	}
	switch name {
	case "a", "area":
		if href != "" && len(r.links) < maxLinks {
			r.links = append(r.links, link{href: href})
			r.current = len(r.links) - 1
		}
	case "img":
		r.images++
		r.linkText(" ")
	}
}

func (r *htmlReader) end(name string) {
	switch {
	case r.skip != "" && name == r.skip:
		if r.depth--; r.depth == 0 {
			r.skip = ""
		}
	case name == "a":
		r.current = -1
	}
}

func voidElement(name string) bool {
	switch name {
	case "img", "br", "hr", "input", "meta", "link", "area", "base", "col", "wbr", "source":
		return true
	}
	return false
}

// attributes gives the values of href and style, of each the first.
func attributes(z *html.Tokenizer, more bool) (href, style string) {
	for n := 0; more && n < 100; n++ {
		var key, value []byte
		key, value, more = z.TagAttr()
		switch {
		case href == "" && string(key) == "href":
			href = string(value)
		case style == "" && string(key) == "style":
			style = string(value)
		}
	}
	return href, style
}

// tagName gives the name of an element; those of common ones cost no memory.
func tagName(tag []byte) string {
	if a := atom.Lookup(tag); a != 0 {
		return a.String()
	}
	return string(tag)
}

// isHidden reports a style that keeps text from being seen.
func isHidden(style string) bool {
	if style == "" {
		return false
	}
	s := strings.ToLower(strings.Join(strings.Fields(style), ""))
	for _, h := range []string{"display:none", "visibility:hidden", "font-size:0;", "font-size:0px", "opacity:0;"} {
		if strings.Contains(s+";", h) {
			return true
		}
	}
	return false
}

// letters counts letters and digits: what pads a preview line is neither.
func letters(t []byte) (n int) {
	for _, r := range string(t) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

// plainLinks finds the URLs of plain text.
func plainLinks(text []byte) (out []link) {
	s := string(text[:min(len(text), maxText)])
	for len(out) < maxLinks {
		i := strings.Index(s, "://")
		if i < 0 {
			return out
		}
		from := i
		for from > 0 && i-from < 6 && isLetter(s[from-1]) {
			from--
		}
		end := i + 3
		for end < len(s) && s[end] > ' ' && s[end] < 0x7f && !strings.ContainsRune("<>\"'`|\\^{}", rune(s[end])) {
			end++
		}
		if scheme := strings.ToLower(s[from:i]); scheme == "http" || scheme == "https" {
			out = append(out, link{href: strings.TrimRight(s[from:end], ".,;:!?)]")})
		}
		s = s[end:]
	}
	return out
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// host gives the host of a link's target in lower case, "" where it is none of http.
func (l link) host() (scheme, host string) {
	u, err := url.Parse(l.href)
	if err != nil {
		return "", ""
	}
	if s := strings.ToLower(u.Scheme); s == "http" || s == "https" {
		return s, strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	}
	return "", ""
}

func noteOnce(list []string, s string) []string {
	s = clip(s)
	for _, v := range list {
		if v == s {
			return list
		}
	}
	return note(list, s)
}
