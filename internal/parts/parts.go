// Package parts reads the MIME structure of a message (RFC 2045, 2046) within bounds. What
// it holds is hostile: nothing is trusted but the limits.
package parts

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/quotedprintable"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/htmlindex"

	"github.com/todoku/todoku/message"
)

// MaxDecoded is how many octets of one part are decoded.
const MaxDecoded = 2 << 20

// The bounds of reading the parts of a message.
const (
	maxParts     = 200
	maxDepth     = 10
	maxAllParts  = 16 << 20 // octets of all parts that are decoded
	maxProblems  = 10       // of one kind that are noted
	maxFieldLook = 64 << 10 // octets of a Content-Type that are read
)

// Part is a MIME entity that holds content: the message itself or a leaf of it.
type Part struct {
	Fields   []message.Field
	Type     string            // lower case, "text/plain" where none is said
	Declared bool              // there is a Content-Type
	Params   map[string]string // of Content-Type
	Encoding string            // Content-Transfer-Encoding in lower case, "" where none is said
	Name     string            // of the file, decoded
	Attached bool
	Raw      []byte // as it stands in the message
	Data     []byte // decoded, at most 2 MiB
}

// Content is what the parts of a message are, and what is wrong with their structure.
type Content struct {
	Parts     []Part
	Multipart bool
	// Outline is every entity, those that hold others too, depth first.
	Outline   []Entity
	Structure []string // why the structure is broken, at most ten reasons
	Encodings []string // why a transfer encoding is, at most ten
	decoded   int
}

// Entity is one line of the outline.
type Entity struct {
	Depth int
	Type  string
	Part  int // its place in Parts, -1 where it holds others
}

// IsText reports whether a part is text that is shown with the message.
func (p *Part) IsText() bool { return strings.HasPrefix(p.Type, "text/") && !p.Attached }

// Read walks the parts of a message, depth first: at most 200, ten deep, 16 MiB decoded.
func Read(m *message.Message) *Content {
	c := &Content{}
	c.walk(m.Fields, m.Body, 0)
	return c
}

func note(list []string, s string) []string {
	if len(list) == maxProblems {
		return list
	}
	return append(list, strings.ToValidUTF8(s[:min(len(s), 1000)], ""))
}

func fieldOf(fields []message.Field, name string) (string, bool) {
	for i := range fields {
		if fields[i].Is(name) {
			v := fields[i].Unfolded()
			return v[:min(len(v), maxFieldLook)], true
		}
	}
	return "", false
}

func (c *Content) walk(fields []message.Field, body []byte, depth int) {
	p := Part{Fields: fields, Raw: body, Type: "text/plain"}
	p.readType(c)
	p.readName()
	if !strings.HasPrefix(p.Type, "multipart/") {
		if len(c.Parts) < maxParts {
			p.Data = c.decode(&p)
			c.Outline = append(c.Outline, Entity{depth, p.Type, len(c.Parts)})
			c.Parts = append(c.Parts, p)
		}
		return
	}
	if len(c.Outline) < 2*maxParts {
		c.Outline = append(c.Outline, Entity{depth, p.Type, -1})
	}
	c.Multipart = true
	boundary := p.Params["boundary"]
	switch {
	case boundary == "":
		c.Structure = note(c.Structure, p.Type+": no boundary")
		return
	case depth == maxDepth:
		c.Structure = note(c.Structure, "parts are nested more than "+strconv.Itoa(maxDepth)+" deep")
		return
	case p.Encoding != "" && p.Encoding != "7bit" && p.Encoding != "8bit" && p.Encoding != "binary":
		// RFC 2045 section 6.4: only these on a multipart.
		c.Encodings = note(c.Encodings, p.Type+" with Content-Transfer-Encoding: "+p.Encoding)
	}
	parts, closed := splitParts(body, boundary, maxParts-len(c.Parts))
	switch {
	case len(parts) == 0:
		c.Structure = note(c.Structure, p.Type+": the boundary "+boundary+" does not occur in the body")
	case !closed && len(c.Parts)+len(parts) < maxParts:
		c.Structure = note(c.Structure, p.Type+": the closing boundary is missing")
	}
	for _, raw := range parts {
		m := message.Parse(raw)
		c.walk(m.Fields, m.Body, depth+1)
	}
}

func (p *Part) readType(c *Content) {
	if v, ok := fieldOf(p.Fields, "Content-Transfer-Encoding"); ok {
		v, _, _ = strings.Cut(v, "(")
		p.Encoding = strings.ToLower(strings.Trim(v, " \t;"))
	}
	v, ok := fieldOf(p.Fields, "Content-Type")
	if !ok {
		return
	}
	p.Declared = true
	typ, params, err := mime.ParseMediaType(v)
	if err != nil && typ == "" {
		c.Structure = note(c.Structure, "Content-Type: "+v+": "+err.Error())
		return
	}
	p.Type, p.Params = typ, params
}

func (p *Part) readName() {
	v, _ := fieldOf(p.Fields, "Content-Disposition")
	kind, params, err := mime.ParseMediaType(v)
	if err == nil {
		p.Attached = kind == "attachment"
		p.Name = message.DecodeHeader(params["filename"])
	}
	if p.Name == "" {
		p.Name = message.DecodeHeader(p.Params["name"])
	}
}

// splitParts gives the parts between the delimiter lines of a boundary (RFC 2046
// section 5.1.1), and whether the closing one is there.
func splitParts(body []byte, boundary string, most int) (parts [][]byte, closed bool) {
	mark := []byte("--" + boundary)
	start := -1
	for at := 0; at < len(body); {
		end := len(body)
		if n := bytes.IndexByte(body[at:], '\n'); n >= 0 {
			end = at + n + 1
		}
		line := body[at:end]
		if bytes.HasPrefix(line, mark) {
			rest := string(bytes.TrimRight(line[len(mark):], " \t\r\n"))
			if rest == "" || rest == "--" {
				if start >= 0 {
					if len(parts) == most {
						return parts, true
					}
					parts = append(parts, bytes.TrimSuffix(body[start:at], []byte("\r\n")))
				}
				start = end
				if rest == "--" {
					return parts, true
				}
			}
		}
		at = end
	}
	if start >= 0 && len(parts) < most {
		parts = append(parts, body[start:])
	}
	return parts, false
}

// decode undoes the transfer encoding, and notes what is wrong with it.
func (c *Content) decode(p *Part) []byte {
	room := min(MaxDecoded, maxAllParts-c.decoded)
	if room <= 0 {
		return nil
	}
	var data []byte
	var err error
	switch p.Encoding {
	case "", "7bit", "8bit", "binary":
		data = p.Raw[:min(len(p.Raw), room)]
	case "base64":
		data, err = readSome(base64.NewDecoder(base64.StdEncoding, &base64Text{r: bytes.NewReader(p.Raw)}), room)
	case "quoted-printable":
		data, err = readSome(quotedprintable.NewReader(bytes.NewReader(p.Raw)), room)
		if s := straySign(p.Raw); s != "" && err == nil {
			c.Encodings = note(c.Encodings, p.Type+": quoted-printable: = that begins no code: "+s)
		}
	default:
		c.Encodings = note(c.Encodings, p.Type+": Content-Transfer-Encoding: "+p.Encoding)
	}
	if err != nil {
		c.Encodings = note(c.Encodings, p.Type+": "+p.Encoding+": "+err.Error())
	}
	c.decoded += len(data)
	return data
}

// straySign finds a = of quoted-printable text that is neither followed by two hexadecimal digits nor
// at the end of a line (RFC 2045 section 6.7), and gives it with what follows; "" where there is none.
func straySign(raw []byte) string {
	raw = raw[:min(len(raw), MaxDecoded)]
	for i := 0; i < len(raw); i++ {
		if raw[i] != '=' {
			continue
		}
		rest := bytes.TrimLeft(raw[i+1:min(len(raw), i+80)], " \t")
		if len(rest) == 0 || rest[0] == '\r' || rest[0] == '\n' || len(raw)-i > 2 && isHex(raw[i+1]) && isHex(raw[i+2]) {
			continue
		}
		return strings.ToValidUTF8(string(raw[i:min(len(raw), i+12)]), "?")
	}
	return ""
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'F' || 'a' <= c && c <= 'f'
}

func readSome(r io.Reader, most int) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r, int64(most)))
}

// base64Text leaves out white space, of which base64.NewDecoder knows only line ends.
type base64Text struct{ r io.Reader }

func (b *base64Text) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	kept := p[:0]
	for _, c := range p[:n] {
		if c != ' ' && c != '\t' {
			kept = append(kept, c)
		}
	}
	return len(kept), err
}

// UTF8 gives the text of a part as UTF-8; what is none becomes U+FFFD.
func (p *Part) UTF8() []byte {
	charset := strings.ToLower(p.Params["charset"])
	if charset == "" || charset == "utf-8" || charset == "us-ascii" {
		return bytes.ToValidUTF8(p.Data, []byte("\uFFFD"))
	}
	enc, err := htmlindex.Get(charset)
	if err != nil {
		return bytes.ToValidUTF8(p.Data, []byte("\uFFFD"))
	}
	out, err := enc.NewDecoder().Bytes(p.Data)
	if err != nil {
		return bytes.ToValidUTF8(p.Data, []byte("\uFFFD"))
	}
	return out
}
