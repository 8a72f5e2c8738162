package judge

import (
	"bytes"
	"net/netip"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/publicsuffix"

	"github.com/todoku/todoku/internal/parts"
	"github.com/todoku/todoku/message"
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
	g := &page{text: make([]byte, 0, min(len(text)/2, maxText))}
	z := html.NewTokenizer(bytes.NewReader(text))
	z.SetMaxBuf(parts.MaxDecoded)
	var skip, open string // an element whose text is not shown, and how many of it are open
	depth := 0
	current := -1 // the link that is open
	for range maxTokens {
		switch z.Next() {
		case html.ErrorToken:
			return g
		case html.TextToken:
			t := bytes.TrimSpace(z.Text())
			if skip != "" {
				if skip != "style" && skip != "script" && skip != "head" && skip != "title" {
					g.hidden += letters(t)
				}
				continue
			}
			if len(t) > 0 && len(g.text) < maxText {
				g.text = append(append(g.text, ' '), t...)
			}
			if current >= 0 && len(g.links[current].text) < maxLinkText {
				g.links[current].text += string(t[:min(len(t), maxLinkText)])
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			tag, attrs := z.TagName()
			name := tagName(tag)
			href, style := attributes(z, attrs)
			switch name {
			case "script", "form", "iframe", "object", "embed", "applet":
				g.active = noteOnce(g.active, "<"+name+">")
			}
			if len(href) > 11 && strings.EqualFold(strings.TrimSpace(href)[:min(11, len(strings.TrimSpace(href)))], "javascript:") {
				g.active = noteOnce(g.active, "a link of javascript:")
			}
			switch {
			case skip != "" && name == open && !voidElement(name):
				depth++
			case skip == "" && (name == "style" || name == "script" || name == "title" || isHidden(style) && !voidElement(name)):
				skip, open, depth = name, name, 1
			}
			if skip != "" {
				continue
			}
			switch name {
			case "a", "area":
				if href != "" && len(g.links) < maxLinks {
					g.links = append(g.links, link{href: strings.TrimSpace(href)})
					current = len(g.links) - 1
				}
			case "img":
				g.images++
				if current >= 0 && len(g.links[current].text) < maxLinkText {
					g.links[current].text += " "
				}
			}
		case html.EndTagToken:
			tag, _ := z.TagName()
			switch name := tagName(tag); {
			case skip != "" && name == open:
				if depth--; depth == 0 {
					skip = ""
				}
			case name == "a":
				current = -1
			}
		}
	}
	return g
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

// LinkDomains gives the distinct hosts of the links of a message, in the order in which they
// occur, at most most: names and addresses as written in the links.
func LinkDomains(m *message.Message, most int) []string {
	if m == nil {
		return nil
	}
	c := parts.Read(m)
	var out []string
	seen := map[string]bool{}
	for _, g := range pagesOf(c) {
		for _, l := range g.links {
			if _, h := l.host(); h != "" && !seen[h] && len(out) < most {
				seen[h] = true
				out = append(out, h)
			}
		}
	}
	return out
}

// pagesOf reads the text parts.
func pagesOf(c *parts.Content) (out []*page) {
	for i := range c.Parts {
		p := &c.Parts[i]
		switch {
		case !p.IsText() || len(out) == 20:
		case p.Type == "text/html":
			g := readHTML(p.UTF8())
			g.html, g.size = true, len(p.Data)
			out = append(out, g)
		case p.Type == "text/plain":
			t := p.UTF8()
			out = append(out, &page{text: t[:min(len(t), maxText)], size: len(p.Data), links: plainLinks(t)})
		}
	}
	return out
}

// orgDomain is the registered domain of a host, the host itself where it has none.
func orgDomain(host string) string {
	if d, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return d
	}
	return host
}

// shorteners lead anywhere; spammers use them, so that their names are often listed.
var shorteners = wordSet(`bit.ly bitly.com tinyurl.com t.co goo.gl ow.ly is.gd buff.ly rebrand.ly cutt.ly rb.gy shorturl.at
	x.gd onl.la onl.tw onl.sc onl.bz urx.space lnkd.in tiny.cc t.ly s.id v.gd`)

// links judges where the links of a message lead.
func (c *verdict) links() {
	var other, literal, plain, short []string
	seen, mixed := map[link]bool{}, map[string]bool{c.from: true}
	for _, g := range c.pages {
		for _, l := range g.links {
			if seen[l] {
				continue
			}
			seen[l] = true
			scheme, h := l.host()
			if h == "" {
				continue
			}
			if mixedScript(h) && !mixed[h] && len(mixed) < maxProblems {
				mixed[h] = true
				c.add("message.mixed-script", h, args{"domain": h}, l.href)
			}
			if _, err := netip.ParseAddr(h); err == nil {
				literal = noteOnce(literal, l.href)
				continue
			}
			if scheme == "http" {
				plain = noteOnce(plain, l.href)
			}
			if shorteners[h] || shorteners[strings.TrimPrefix(h, "www.")] {
				short = noteOnce(short, l.href)
			}
			if shown := shownHost(l.text); shown != "" && orgDomain(shown) != orgDomain(h) {
				other = noteOnce(other, strings.TrimSpace(l.text)+" -> "+l.href)
			}
		}
	}
	c.addIf("message.link-mismatch", other)
	c.addIf("message.link-address", literal)
	c.addIf("message.link-shortener", short)
	c.addIf("message.link-http", plain)
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

// shownHost is the host that the text of a link shows, where it is one.
func shownHost(text string) string {
	text = strings.ToLower(strings.TrimSpace(text))
	for _, p := range []string{"https://", "http://"} {
		if rest, ok := strings.CutPrefix(text, p); ok {
			text = rest
			if i := strings.IndexAny(text, "/?#: "); i >= 0 {
				text = text[:i]
			}
			return text
		}
	}
	if i := strings.IndexAny(text, "/?#"); i >= 0 {
		text = text[:i]
	}
	if !strings.HasPrefix(text, "www.") || !hostName(text) {
		return ""
	}
	return text
}

// hiddenLimit is from when hidden text is more than a preview line and its padding.
const hiddenLimit = 2000

// markup judges what HTML and plain text show.
func (c *verdict) markup() {
	var hasPlain, hasHTML bool
	shown, plain, images, hidden, size := 0, 0, 0, 0, 0
	var active []string
	for _, g := range c.pages {
		if !g.html {
			hasPlain = true
			plain += utf8.RuneCount(bytes.TrimSpace(g.text))
			continue
		}
		hasHTML = true
		size, hidden = max(size, g.size), max(hidden, g.hidden)
		shown += utf8.RuneCount(bytes.TrimSpace(g.text))
		images += g.images
		for _, s := range g.active {
			active = noteOnce(active, s)
		}
	}
	if !hasHTML {
		return
	}
	if !hasPlain {
		c.add("message.html-only", c.author(), nil)
	}
	if hasPlain && plain < 20 && shown > 200 {
		c.add("message.plain-empty", c.author(), args{"plain": itoa(plain), "html": itoa(shown)}, itoa(plain)+" characters of plain text, "+itoa(shown)+" of HTML")
	}
	if in, of, differ := c.differ(); differ && plain >= 20 {
		c.add("message.plain-differs", c.author(), nil, itoa(in)+" of "+itoa(of)+" words of the shorter one are in the other")
	}
	if len(active) > 0 {
		c.add("message.active-content", c.author(), nil, active...)
	}
	if images > 0 && shown < 20 {
		c.add("message.images-only", c.author(), args{"count": itoa(shown)}, itoa(images)+" images, "+itoa(shown)+" characters of text")
	}
	if hidden > hiddenLimit {
		c.add("message.hidden-content", c.author(), args{"count": itoa(hidden)}, itoa(hidden)+" characters are hidden by their style")
	}
	if size > gmailClip {
		c.add("message.clipped", c.author(), args{"size": itoa(size >> 10)}, itoa(size)+" octets of HTML")
	}
}
