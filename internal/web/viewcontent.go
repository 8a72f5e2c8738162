package web

import (
	"strings"

	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/parts"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/message"
)

const (
	drawnText   = 20 << 10 // octets of the plain text
	drawnFields = 150
	drawnParts  = 60
)

// contentView is what the message holds: its parts, its text, its header with who
// signed what.
type contentView struct {
	ID        string
	Parts     []partView
	MoreParts int
	Text      string // of the first plain text
	TextCut   int
	HTML      bool // there is something to preview
	Fields    []fieldView
	MoreField int
	Signers   []string // of the signatures that are named in Fields
}

// partView is one line of the outline.
type partView struct {
	Indent                        []struct{} // one for each level
	Type, Charset, Encoding, Name string
	Size                          int
	Holds, Attached               bool
}

// fieldView is one header field and which signatures cover it.
type fieldView struct {
	Name, Value string
	Signed      []string
}

func viewContent(lang string, rep *render.Report) contentView {
	c := parts.Read(rep.Message)
	v := contentView{HTML: htmlPart(c) != nil}
	var outline []parts.Entity
	outline, v.MoreParts = some(c.Outline, drawnParts)
	for _, e := range outline {
		p := partView{Indent: make([]struct{}, e.Depth), Type: e.Type, Holds: e.Part < 0}
		if e.Part >= 0 {
			part := &c.Parts[e.Part]
			p.Charset, p.Encoding, p.Name, p.Size, p.Attached = part.Params["charset"], part.Encoding, part.Name, len(part.Raw), part.Attached
		}
		v.Parts = append(v.Parts, p)
	}
	for i := range c.Parts {
		if p := &c.Parts[i]; p.Type == "text/plain" && !p.Attached {
			text := p.UTF8()
			if len(text) > drawnText {
				v.TextCut = len(text) - drawnText
				text = text[:drawnText]
			}
			v.Text = visibleLines(strings.ToValidUTF8(string(text), ""))
			break
		}
	}
	v.header(lang, rep)
	return v
}

// header says of each field which signatures sign it: RFC 6376 section 5.4.2 takes the
// fields of one name from the bottom up.
func (v *contentView) header(lang string, rep *render.Report) {
	fields := rep.Message.Fields
	signed := make([][]string, len(fields))
	for n, d := range rep.Auth.DKIM {
		if d.Signature == nil || n == 5 {
			continue
		}
		name := i18n.T(lang, "content.signer", "Number", n+1, "Domain", clip(visible(d.Signature.Domain), 80))
		v.Signers = append(v.Signers, name+" "+string(d.Result))
		wanted := map[string]int{}
		for _, h := range d.Signature.Headers {
			wanted[strings.ToLower(h)]++
		}
		for i := len(fields) - 1; i >= 0; i-- {
			key := strings.ToLower(fields[i].Name())
			if wanted[key] > 0 {
				wanted[key]--
				signed[i] = append(signed[i], name)
			}
		}
	}
	list, more := some(fields, drawnFields)
	v.MoreField = more
	for i, f := range list {
		raw := f.Unfolded()
		v.Fields = append(v.Fields, fieldView{Name: f.Name(), Value: message.DecodeHeader(raw[:min(len(raw), 4*maxText)]), Signed: signed[i]})
	}
}
