package forensics

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime/quotedprintable"
	"strings"

	"golang.org/x/text/encoding/htmlindex"
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
