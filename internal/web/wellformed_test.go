package web

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// checkPage fails for what makes a page hard to parse or to use: WCAG 2.2 basics
// that a machine can see.
func checkPage(t *testing.T, body []byte) *html.Node {
	t.Helper()
	balanced(t, body)
	root, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	p := &pageCheck{t: t, ids: map[string]bool{}, labelled: map[string]bool{}, counts: map[string]int{}}
	p.walk(root)
	for _, once := range []string{"html", "title", "h1", "main", "header-top", "nav", "footer"} {
		if p.counts[once] != 1 {
			t.Errorf("%d × %s, want exactly one", p.counts[once], once)
		}
	}
	for _, ref := range p.refs {
		if !p.ids[ref] {
			t.Errorf("reference to id %q, which is not on the page", ref)
		}
	}
	for _, in := range p.inputs {
		if !p.labelled[in] {
			t.Errorf("the field %q has no label", in)
		}
	}
	return root
}

type pageCheck struct {
	t             *testing.T
	ids, labelled map[string]bool
	refs, inputs  []string
	counts        map[string]int
	heading       int
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func (p *pageCheck) walk(n *html.Node) {
	if n.Type == html.ElementNode {
		p.element(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		p.walk(c)
	}
}

func (p *pageCheck) element(n *html.Node) {
	p.counts[n.Data]++
	if class, _ := attr(n, "class"); n.Data == "header" && class == "top" {
		p.counts["header-top"]++
	}
	for _, a := range n.Attr {
		switch {
		case a.Key == "id":
			if p.ids[a.Val] || a.Val == "" {
				p.t.Errorf("id %q is empty or there twice", a.Val)
			}
			p.ids[a.Val] = true
		case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
			p.t.Errorf("<%s %s=%q>: the content policy forbids it", n.Data, a.Key, a.Val)
		case a.Key == "aria-labelledby" || a.Key == "aria-describedby":
			p.refs = append(p.refs, strings.Fields(a.Val)...)
		case a.Key == "for":
			p.labelled[a.Val] = true
			p.refs = append(p.refs, a.Val)
		case a.Key == "data-copy":
			p.refs = append(p.refs, a.Val)
		case a.Key == "href" && strings.HasPrefix(a.Val, "#"):
			p.refs = append(p.refs, a.Val[1:])
		case a.Key == "aria-label" && a.Val == "":
			p.t.Errorf("<%s> has an empty label", n.Data)
		}
	}
	p.kind(n)
}

// kind checks what depends on the element.
func (p *pageCheck) kind(n *html.Node) {
	switch n.Data {
	case "html":
		if lang, _ := attr(n, "lang"); lang == "" {
			p.t.Error("the page does not say its language")
		}
	case "h1", "h2", "h3", "h4", "h5", "h6":
		level := int(n.Data[1] - '0')
		if level > p.heading+1 {
			p.t.Errorf("<%s> %q comes after level %d", n.Data, textOf(n), p.heading)
		}
		p.heading = level
		if strings.TrimSpace(textOf(n)) == "" {
			p.t.Errorf("<%s> is empty", n.Data)
		}
	case "input", "textarea", "select":
		id, _ := attr(n, "id")
		typ, _ := attr(n, "type")
		if _, hidden := attr(n, "hidden"); hidden || typ == "hidden" {
			break // nobody meets it
		}
		p.inputs = append(p.inputs, id)
	case "img":
		if _, ok := attr(n, "alt"); !ok {
			p.t.Error("an image has no alternative text")
		}
	case "svg":
		_, hidden := attr(n, "aria-hidden")
		if _, ok := attr(n, "aria-label"); !ok && !hidden {
			p.t.Error("a drawing has no name")
		}
	case "script":
		if src, _ := attr(n, "src"); !strings.HasPrefix(src, "/assets/") || strings.TrimSpace(textOf(n)) != "" {
			p.t.Errorf("a script that is not our file: src=%q", src)
		}
	case "style":
		p.t.Error("an inline style sheet")
	case "a", "button", "summary":
		if strings.TrimSpace(textOf(n)) == "" {
			p.t.Errorf("<%s> has no text", n.Data)
		}
	}
}

func textOf(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(textOf(c))
	}
	return b.String()
}

// void elements have no end tag (HTML section 13.1.2).
var void = map[string]bool{"meta": true, "link": true, "img": true, "input": true, "br": true, "hr": true, "wbr": true}

// balanced fails where the parser would have to repair: an end tag that does not fit, or an unknown entity.
func balanced(t *testing.T, body []byte) {
	t.Helper()
	z := html.NewTokenizer(bytes.NewReader(body))
	var open []string
	for {
		switch z.Next() {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Errorf("not closed: %v", open)
			}
			return
		case html.StartTagToken:
			name, _ := z.TagName()
			if tag := string(name); !void[tag] {
				if len(open) > 0 && open[len(open)-1] == "p" && blockInP[tag] {
					t.Errorf("<%s> in <p>", tag)
				}
				open = append(open, tag)
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if len(open) == 0 || open[len(open)-1] != string(name) {
				t.Errorf("</%s> does not close %v\n%s", name, open, around(body, string(z.Raw())))
				return
			}
			open = open[:len(open)-1]
		}
	}
}

var blockInP = map[string]bool{"p": true, "div": true, "ul": true, "ol": true, "dl": true, "pre": true, "table": true, "details": true, "section": true, "h2": true, "h3": true, "form": true}

func around(body []byte, what string) string {
	i := bytes.Index(body, []byte(what))
	if i < 0 {
		return ""
	}
	return string(body[max(0, i-200):min(len(body), i+50)])
}
