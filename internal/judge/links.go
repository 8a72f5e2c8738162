package judge

import (
	"bytes"
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"

	"github.com/todoku/todoku/internal/parts"
	"github.com/todoku/todoku/message"
)

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
