package forensics

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/quotedprintable"
	"strings"

	"golang.org/x/text/encoding/htmlindex"

	"github.com/todoku/todoku/message"
)

// reencoded tries the body in other transfer encodings and charsets; in a
// multipart body every text part alike.
func (b *bodySearch) reencoded() bool {
	p := entity{fields: b.header, body: b.body}
	if p.boundary() != "" {
		return b.reencodedParts(p)
	}
	cte, charset := p.encoding(), p.charset()
	data := decodeTransfer(cte, b.body)
	if data == nil {
		return false
	}
	for _, c := range charsetsOf(data, charset) {
		for _, e := range encoders {
			if b.spent() {
				return false
			}
			kind := Reencoded
			switch {
			case c.name != charset:
				kind = CharsetConverted
			case e.name == cte:
				kind = EncodedLinesWrapped
			}
			if b.try(e.encode(c.data), kind) {
				return true
			}
		}
	}
	return false
}

// reencodedParts decodes the text parts of a multipart body, or encodes them. A
// part's own field changes with it.
func (b *bodySearch) reencodedParts(p entity) bool {
	for _, e := range encoders {
		if b.spent() {
			return false
		}
		changed := false
		kind := EncodedLinesWrapped
		out := p.mapLeaves(func(leaf entity) []byte {
			typ, _, _ := strings.Cut(strings.ToLower(leaf.value("Content-Type")), "/")
			cte := leaf.encoding()
			if typ != "text" && typ != "" && cte != e.name {
				return nil // files keep their encoding; its lines may be wrapped anew
			}
			data := decodeTransfer(cte, leaf.body)
			if data == nil {
				return nil
			}
			if e.name != cte {
				kind = Reencoded
			}
			changed = true
			return concat(leaf.headWith(e.name), e.encode(data))
		})
		if changed && b.try(out, kind) {
			return true
		}
	}
	return false
}

// encoders are the ways in which programs write transfer encodings.
var encoders = []struct {
	name   string
	encode func([]byte) []byte
}{
	{"8bit", bytes.Clone},
	{"7bit", bytes.Clone},
	{"quoted-printable", quoteLib},
	{"quoted-printable", func(b []byte) []byte { return quotePlain(b, 76, "") }},
	{"quoted-printable", func(b []byte) []byte { return quotePlain(b, 75, "") }},
	{"quoted-printable", func(b []byte) []byte { return quotePlain(b, 72, "") }},
	{"quoted-printable", func(b []byte) []byte { return quotePlain(b, 1<<20, "") }},
	{"base64", func(b []byte) []byte { return base64Lines(b, 76) }},
	{"base64", func(b []byte) []byte { return base64Lines(b, 72) }},
	{"base64", func(b []byte) []byte { return base64Lines(b, 64) }},
	{"base64", func(b []byte) []byte { return base64Lines(b, 60) }},
	{"base64", func(b []byte) []byte { return base64Lines(b, 1<<20) }},
}

func decodeTransfer(cte string, body []byte) []byte {
	switch cte {
	case "base64":
		text := bytes.Map(func(r rune) rune {
			if r == '\r' || r == '\n' || r == ' ' || r == '\t' {
				return -1
			}
			return r
		}, body)
		out := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
		n, err := base64.StdEncoding.Decode(out, text)
		if err != nil {
			return nil
		}
		return out[:n]
	case "quoted-printable":
		out, err := io.ReadAll(io.LimitReader(quotedprintable.NewReader(bytes.NewReader(body)), maxBody))
		if err != nil {
			return nil
		}
		return out
	case "7bit", "8bit", "binary":
		return body
	}
	return nil
}

func quoteLib(b []byte) []byte {
	var out bytes.Buffer
	w := quotedprintable.NewWriter(&out)
	_, _ = w.Write(b) // a bytes.Buffer takes everything
	_ = w.Close()
	return out.Bytes()
}

// quotePlain encodes as simple programs do: a soft break when the line is full.
func quotePlain(b []byte, width int, more string) []byte {
	const digits = "0123456789ABCDEF"
	var out []byte
	for i, line := range bytes.Split(b, crlf) {
		if i > 0 {
			out = append(out, crlf...)
		}
		column := 0
		for k, c := range line {
			last := k == len(line)-1
			plain := c > ' ' && c < 0x7f && c != '=' && strings.IndexByte(more, c) < 0 || (c == ' ' || c == '\t') && !last
			n := 3
			if plain {
				n = 1
			}
			if room := width - 1; column+n > room && (!last || column+n > width) {
				out = append(out, "=\r\n"...)
				column = 0
			}
			if plain {
				out = append(out, c)
			} else {
				out = append(out, '=', digits[c>>4], digits[c&15])
			}
			column += n
		}
	}
	return out
}

func base64Lines(b []byte, width int) []byte {
	text := base64.StdEncoding.EncodeToString(b)
	var out []byte
	for len(text) > width {
		out = append(append(out, text[:width]...), crlf...)
		text = text[width:]
	}
	return append(append(out, text...), crlf...)
}

type inCharset struct {
	name string
	data []byte
}

// charsets are those between which text in Japanese and western mail is converted.
var charsets = []string{"utf-8", "iso-2022-jp", "shift_jis", "euc-jp", "iso-8859-1", "windows-1252"}

// charsetsOf gives data as it is, and converted to the other charsets where nothing is lost.
func charsetsOf(data []byte, charset string) []inCharset {
	out := []inCharset{{charset, data}}
	from, err := htmlindex.Get(charset)
	if err != nil || charset == "" {
		return out
	}
	text, err := from.NewDecoder().Bytes(data)
	if err != nil || bytes.Contains(text, []byte("\uFFFD")) {
		return out
	}
	for _, name := range charsets {
		to, err := htmlindex.Get(name)
		if err != nil || name == charset {
			continue
		}
		converted := text
		if name != "utf-8" {
			if converted, err = to.NewEncoder().Bytes(text); err != nil {
				continue
			}
		}
		if !bytes.Equal(converted, data) {
			out = append(out, inCharset{name, converted})
		}
	}
	return out
}

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
