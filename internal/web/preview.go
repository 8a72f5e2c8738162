package web

import (
	"bytes"
	"encoding/base64"
	"html"
	"net/http"
	"slices"
	"strings"

	xhtml "golang.org/x/net/html"

	"github.com/todoku/todoku/internal/parts"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/message"
)

// previewPolicy is that of the HTML of a message: in a sandbox, with nothing from
// elsewhere, no script and no form. What the filter below let through by mistake still
// could do nothing.
const previewPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

const (
	maxPreview  = 512 << 10 // octets of HTML that are shown
	maxTokens   = 50_000
	maxInline   = 256 << 10 // octets of one image within the message
	maxInlines  = 1 << 20   // of all of them
	previewTail = "\n<!-- cut -->"
)

// reportPreview shows the HTML of a message as a mail program would that loads nothing.
func (s *server) reportPreview(w http.ResponseWriter, r *http.Request, m *store.Message) {
	c := parts.Read(message.Parse(m.Evidence.Message))
	p := htmlPart(c)
	if p == nil {
		s.notFound(w, r)
		return
	}
	text := p.UTF8()
	cut := len(text) > maxPreview
	if cut {
		text = bytes.ToValidUTF8(text[:maxPreview], nil)
	}
	var b bytes.Buffer
	b.WriteString("<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<meta name=\"color-scheme\" content=\"light\">\n")
	(&cleaner{out: &b, inline: inlineImages(c)}).run(text)
	if cut {
		b.WriteString(previewTail)
	}
	w.Header().Set("Content-Security-Policy", previewPolicy)
	s.sendFile(w, r, "text/html; charset=utf-8", "", b.Bytes())
}

// htmlPart is the HTML that is shown with the message, nil for none.
func htmlPart(c *parts.Content) *parts.Part {
	for i := range c.Parts {
		if p := &c.Parts[i]; p.Type == "text/html" && !p.Attached {
			return p
		}
	}
	return nil
}

// inlineImages are the images within the message, by Content-ID, as data: URLs.
func inlineImages(c *parts.Content) map[string]string {
	out := map[string]string{}
	left := maxInlines
	for i := range c.Parts {
		p := &c.Parts[i]
		kind, ok := strings.CutPrefix(p.Type, "image/")
		if !ok || !slices.Contains([]string{"png", "jpeg", "gif", "webp"}, kind) || len(p.Data) > min(maxInline, left) {
			continue
		}
		for _, f := range p.Fields {
			if f.Is("Content-ID") {
				left -= len(p.Data)
				out[strings.Trim(strings.TrimSpace(f.Unfolded()), "<>")] = "data:image/" + kind + ";base64," + base64.StdEncoding.EncodeToString(p.Data)
			}
		}
	}
	return out
}

// cleaner writes HTML anew with only what is known to be harmless.
type cleaner struct {
	out    *bytes.Buffer
	inline map[string]string
	// skip is the element whose content is left out, "" for none.
	skip string
	// style: within the element style.
	style bool
}

// shown are the elements that are written. Others lose their tags and keep their text.
var shown = strings.Fields(`a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del div dl dt em figcaption figure
font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q rp rt ruby s samp section small span strike strong style sub sup table tbody td tfoot th thead
tr tt u ul var wbr`)

// dropped are the elements that lose their content too.
var dropped = []string{"script", "iframe", "object", "embed", "applet", "noframes", "noembed", "noscript", "template", "svg", "math", "audio", "video", "title", "textarea", "select", "xmp", "plaintext"}

// kept are the attributes that are written.
var kept = strings.Fields(`abbr align alt bgcolor border cellpadding cellspacing class color cols colspan dir face headers height hspace id lang nowrap rows rowspan scope
size span start style title type valign value vspace width`)

func (c *cleaner) run(text []byte) {
	z := xhtml.NewTokenizer(bytes.NewReader(text))
	z.SetMaxBuf(maxPreview)
	for range maxTokens {
		switch z.Next() {
		case xhtml.ErrorToken:
			return
		case xhtml.TextToken:
			if c.skip == "" {
				c.text(z)
			}
		case xhtml.StartTagToken, xhtml.SelfClosingTagToken:
			c.start(z.Token())
		case xhtml.EndTagToken:
			name, _ := z.TagName()
			c.end(string(name))
		}
	}
}

func (c *cleaner) text(z *xhtml.Tokenizer) {
	if !c.style {
		c.out.WriteString(html.EscapeString(string(z.Text())))
		return
	}
	// Nothing is escaped within style; what has a "<" is left out, so that no two readers
	// can differ about where it ends.
	if css := z.Raw(); !bytes.ContainsRune(css, '<') && loadsNothing(string(css)) {
		c.out.WriteString("<style>")
		c.out.Write(css)
		c.out.WriteString("</style>")
	}
}

func (c *cleaner) start(t xhtml.Token) {
	switch {
	case c.skip != "":
		return
	case t.Data == "style":
		c.style = t.Type == xhtml.StartTagToken
		return
	case slices.Contains(dropped, t.Data):
		if t.Type == xhtml.StartTagToken {
			c.skip = t.Data
		}
		return
	}
	if !slices.Contains(shown, t.Data) {
		return
	}
	c.out.WriteString("<" + t.Data)
	for _, a := range t.Attr {
		if value, ok := c.attribute(t.Data, a); ok {
			c.out.WriteString(" " + a.Key + `="` + html.EscapeString(value) + `"`)
		}
	}
	if to := target(t); to != "" {
		c.out.WriteString(` title="` + html.EscapeString(to) + `"`)
	}
	c.out.WriteString(">")
}

// target is where an element leads. It is shown, and cannot be followed.
func target(t xhtml.Token) string {
	for _, a := range t.Attr {
		if t.Data == "a" && a.Key == "href" {
			return clip(visible(a.Val), maxText)
		}
	}
	return ""
}

// loadsNothing reports whether CSS names nothing that would be loaded. A backslash could
// hide such a name.
func loadsNothing(css string) bool {
	css = strings.ToLower(css)
	return !strings.ContainsAny(css, `\`) && !strings.Contains(css, "url") && !strings.Contains(css, "@import") && !strings.Contains(css, "image-set") && !strings.Contains(css, "image(")
}

// attribute gives the value of an attribute that is written. An image is shown where it is
// within the message.
func (c *cleaner) attribute(element string, a xhtml.Attribute) (string, bool) {
	switch {
	case a.Key == "src" && element == "img":
		if id, ok := strings.CutPrefix(a.Val, "cid:"); ok {
			url, found := c.inline[id]
			return url, found
		}
		return a.Val, strings.HasPrefix(strings.ToLower(a.Val), "data:image/") && len(a.Val) < 2*maxInline
	case element == "a" && a.Key == "title":
		return "", false
	case a.Key == "style":
		return a.Val, loadsNothing(a.Val)
	case slices.Contains(kept, a.Key):
		return a.Val, a.Namespace == ""
	}
	return "", false
}

func (c *cleaner) end(name string) {
	switch {
	case name == "style":
		c.style = false
	case c.skip == name && name != "":
		c.skip = ""
	case c.skip == "" && slices.Contains(shown, name):
		c.out.WriteString("</" + name + ">")
	}
}
