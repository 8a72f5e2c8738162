package forensics

import (
	"bytes"
	"mime"
	"strings"

	"github.com/todoku/todoku/message"
)

// entity is a MIME entity: the header and body of the message or of a part.
type entity struct {
	fields []message.Field
	head   []byte // the raw header of a part with its empty line
	body   []byte
}

func (e entity) value(name string) string {
	for _, f := range e.fields {
		if f.Is(name) {
			return f.Unfolded()
		}
	}
	return ""
}

func (e entity) encoding() string {
	if v := strings.ToLower(strings.TrimSpace(e.value("Content-Transfer-Encoding"))); v != "" {
		return v
	}
	return "7bit"
}

func (e entity) charset() string {
	_, params, err := mime.ParseMediaType(e.value("Content-Type"))
	if err != nil || params["charset"] == "" {
		return "us-ascii"
	}
	return strings.ToLower(params["charset"])
}

// boundary is the boundary of a multipart entity, "" for any other.
func (e entity) boundary() string {
	v := e.value("Content-Type")
	if len(v) < 10 || !strings.EqualFold(v[:10], "multipart/") {
		return ""
	}
	_, params, err := mime.ParseMediaType(v)
	if err != nil {
		return ""
	}
	return params["boundary"]
}

// headWith gives the header of a part with another Content-Transfer-Encoding.
func (e entity) headWith(cte string) []byte {
	var out []byte
	for _, f := range e.fields {
		if f.Is("Content-Transfer-Encoding") {
			out = append(out, "Content-Transfer-Encoding: "+cte+"\r\n"...)
		} else {
			out = append(out, f.Raw...)
		}
	}
	return append(out, crlf...)
}

// mapLeaves gives the body with each leaf part rewritten; nil leaves one as it is.
// It looks one level into nested multiparts.
func (e entity) mapLeaves(rewrite func(entity) []byte) []byte {
	return e.mapParts(rewrite, 2)
}

func (e entity) mapParts(rewrite func(entity) []byte, depth int) []byte {
	var out []byte
	from := 0
	for _, p := range e.parts() {
		out = append(out, e.body[from:p.from]...)
		from = p.to
		part := parseEntity(e.body[p.from:p.to])
		var new []byte
		if part.boundary() != "" && depth > 0 {
			new = concat(part.head, part.mapParts(rewrite, depth-1))
		} else {
			new = rewrite(part)
		}
		if new == nil {
			new = e.body[p.from:p.to]
		}
		out = append(out, new...)
	}
	return append(out, e.body[from:]...)
}

func parseEntity(raw []byte) entity {
	m := message.Parse(raw)
	body := m.Body
	return entity{fields: m.Fields, head: raw[:len(raw)-len(body)], body: body}
}

// span is a stretch of octets.
type span struct{ from, to int }

// parts gives where the parts of a multipart body lie: between the delimiter lines,
// without the line end that belongs to the next delimiter (RFC 2046 section 5.1.1).
func (e entity) parts() []span {
	lines := delimiters(e.body, e.boundary())
	var out []span
	for i := 0; i+1 < len(lines); i++ {
		from, to := lines[i].to, lines[i+1].from
		if to-2 >= from && bytes.HasSuffix(e.body[:to], crlf) {
			to -= 2
		}
		out = append(out, span{from, to})
	}
	return out
}

// delimiters gives the delimiter lines of a boundary, at most maxParts.
func delimiters(body []byte, boundary string) []span {
	if boundary == "" {
		return nil
	}
	mark := []byte("--" + boundary)
	var out []span
	for at := 0; at < len(body) && len(out) < maxParts; {
		line := lineAt(body, at)
		if bytes.HasPrefix(line, mark) {
			if rest := bytes.TrimRight(line[len(mark):], " \t\r\n"); len(rest) == 0 || string(rest) == "--" {
				out = append(out, span{at, at + len(line)})
			}
		}
		at += len(line)
	}
	return out
}
