package judge

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/quotedprintable"
	"strings"

	"github.com/todoku/todoku/message"
)

// The bounds of reading the parts of a message.
const (
	maxParts     = 200
	maxDepth     = 10
	maxDecoded   = 2 << 20  // octets of one part that are decoded
	maxAllParts  = 16 << 20 // octets of all parts that are decoded
	maxProblems  = 10       // of one kind that are noted
	maxFieldLook = 64 << 10 // octets of a Content-Type that are read
)

// part is a MIME entity that holds content: the message itself or a leaf of it.
type part struct {
	fields   []message.Field
	typ      string            // lower case, "text/plain" where none is said
	declared bool              // there is a Content-Type
	params   map[string]string // of Content-Type
	encoding string            // Content-Transfer-Encoding in lower case, "" where none is said
	name     string            // of the file, decoded
	attached bool
	raw      []byte // as it stands in the message
	data     []byte // decoded, at most maxDecoded octets
}

// content is what the parts of a message are, and what is wrong with their structure.
type content struct {
	parts     []part
	multipart bool
	structure []string // why the structure is broken
	encodings []string // why a transfer encoding is
	decoded   int
}

func (p *part) text() bool { return strings.HasPrefix(p.typ, "text/") && !p.attached }

// readContent walks the parts of a message, depth first, bounded.
func readContent(m *message.Message) *content {
	c := &content{}
	c.walk(m.Fields, m.Body, 0)
	return c
}

func note(list []string, s string) []string {
	if len(list) == maxProblems {
		return list
	}
	return append(list, clip(s))
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

func (c *content) walk(fields []message.Field, body []byte, depth int) {
	p := part{fields: fields, raw: body, typ: "text/plain"}
	p.readType(c)
	p.readName()
	if !strings.HasPrefix(p.typ, "multipart/") {
		if len(c.parts) < maxParts {
			p.data = c.decode(&p)
			c.parts = append(c.parts, p)
		}
		return
	}
	c.multipart = true
	boundary := p.params["boundary"]
	switch {
	case boundary == "":
		c.structure = note(c.structure, p.typ+": no boundary")
		return
	case depth == maxDepth:
		c.structure = note(c.structure, "parts are nested more than "+itoa(maxDepth)+" deep")
		return
	case p.encoding != "" && p.encoding != "7bit" && p.encoding != "8bit" && p.encoding != "binary":
		// RFC 2045 section 6.4: only these on a multipart.
		c.encodings = note(c.encodings, p.typ+" with Content-Transfer-Encoding: "+p.encoding)
	}
	parts, closed := splitParts(body, boundary, maxParts-len(c.parts))
	switch {
	case len(parts) == 0:
		c.structure = note(c.structure, p.typ+": the boundary "+boundary+" does not occur in the body")
	case !closed && len(c.parts)+len(parts) < maxParts:
		c.structure = note(c.structure, p.typ+": the closing boundary is missing")
	}
	for _, raw := range parts {
		m := message.Parse(raw)
		c.walk(m.Fields, m.Body, depth+1)
	}
}

func (p *part) readType(c *content) {
	if v, ok := fieldOf(p.fields, "Content-Transfer-Encoding"); ok {
		v, _, _ = strings.Cut(v, "(")
		p.encoding = strings.ToLower(strings.Trim(v, " \t;"))
	}
	v, ok := fieldOf(p.fields, "Content-Type")
	if !ok {
		return
	}
	p.declared = true
	typ, params, err := mime.ParseMediaType(v)
	if err != nil && typ == "" {
		c.structure = note(c.structure, "Content-Type: "+v+": "+err.Error())
		return
	}
	p.typ, p.params = typ, params
}

func (p *part) readName() {
	v, _ := fieldOf(p.fields, "Content-Disposition")
	kind, params, err := mime.ParseMediaType(v)
	if err == nil {
		p.attached = kind == "attachment"
		p.name = message.DecodeHeader(params["filename"])
	}
	if p.name == "" {
		p.name = message.DecodeHeader(p.params["name"])
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
func (c *content) decode(p *part) []byte {
	room := min(maxDecoded, maxAllParts-c.decoded)
	if room <= 0 {
		return nil
	}
	var data []byte
	var err error
	switch p.encoding {
	case "", "7bit", "8bit", "binary":
		data = p.raw[:min(len(p.raw), room)]
	case "base64":
		data, err = readSome(base64.NewDecoder(base64.StdEncoding, &base64Text{r: bytes.NewReader(p.raw)}), room)
	case "quoted-printable":
		data, err = readSome(quotedprintable.NewReader(bytes.NewReader(p.raw)), room)
		if s := straySign(p.raw); s != "" && err == nil {
			c.encodings = note(c.encodings, p.typ+": quoted-printable: = that begins no code: "+s)
		}
	default:
		c.encodings = note(c.encodings, p.typ+": Content-Transfer-Encoding: "+p.encoding)
	}
	if err != nil {
		c.encodings = note(c.encodings, p.typ+": "+p.encoding+": "+err.Error())
	}
	c.decoded += len(data)
	return data
}

// straySign finds a = of quoted-printable text that is neither followed by two hexadecimal digits nor
// at the end of a line (RFC 2045 section 6.7), and gives it with what follows; "" where there is none.
func straySign(raw []byte) string {
	raw = raw[:min(len(raw), maxDecoded)]
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
