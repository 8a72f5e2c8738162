package judge

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/parts"
	"github.com/todoku/todoku/internal/pattern"
)

// charsets judges how the text of each part is written.
func (c *verdict) charsets() {
	var undeclared, eightBit, invalid, japanese []string
	for i := range c.content.Parts {
		p := &c.content.Parts[i]
		if !p.IsText() {
			continue
		}
		charset := strings.ToLower(p.Params["charset"])
		where := p.Type + "; charset=" + charset
		if hasEightBit(p.Raw) && (p.Encoding == "7bit" || p.Encoding == "" && p.Declared) {
			eightBit = note(eightBit, p.Type+": octets above 127 and "+encodingOf(p))
		}
		switch {
		case charset == "" && hasEightBit(p.Data):
			undeclared = note(undeclared, p.Type+" without charset")
		case charset == "" || charset == "us-ascii" && !hasEightBit(p.Data):
		case isJIS(charset):
			for _, s := range jisProblems(p.Data) {
				japanese = note(japanese, where+": "+s)
			}
		default:
			if s := charsetProblem(charset, p.Data); s != "" {
				invalid = note(invalid, where+": "+s)
			}
		}
	}
	c.addIf("message.charset-undeclared", undeclared)
	c.addIf("message.eight-bit-body", eightBit)
	c.addIf("message.charset-invalid", invalid)
	c.addIf("message.iso-2022-jp", japanese)
}

// addIf adds a finding on the message where there is evidence of it.
func (c *verdict) addIf(id string, evidence []string) {
	if len(evidence) > 0 {
		c.add(id, c.author(), nil, evidence...)
	}
}

func encodingOf(p *parts.Part) string {
	if p.Encoding == "" {
		return "no Content-Transfer-Encoding"
	}
	return "Content-Transfer-Encoding: " + p.Encoding
}

func hasEightBit(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return true
		}
	}
	return false
}

func isJIS(charset string) bool {
	return charset == "iso-2022-jp" || charset == "csiso2022jp"
}

// charsetProblem says why text is not of the charset that it names, "" where it is.
func charsetProblem(charset string, data []byte) string {
	if charset == "us-ascii" || charset == "ascii" {
		return "octets above 127"
	}
	if charset == "utf-8" || charset == "utf8" {
		if len(data) == parts.MaxDecoded {
			data = data[:len(data)-utf8.UTFMax] // may be cut in a character
		}
		if utf8.Valid(data) {
			return ""
		}
		for i := 0; i < len(data); {
			r, n := utf8.DecodeRune(data[i:])
			if r == utf8.RuneError && n == 1 && len(data)-i > utf8.UTFMax {
				return "not UTF-8 at octet " + itoa(i)
			}
			if r == utf8.RuneError && n == 1 {
				return "not UTF-8 at its end"
			}
			i += n
		}
		return ""
	}
	enc, err := htmlindex.Get(charset)
	if err != nil {
		if strings.HasPrefix(charset, "iso-2022-") || strings.HasPrefix(charset, "utf-") || charset == "unicode-1-1-utf-7" {
			return "" // real ones that are not in the list of the web
		}
		return "no such charset is known"
	}
	if len(data) == parts.MaxDecoded {
		return ""
	}
	text, err := enc.NewDecoder().Bytes(data)
	if err != nil || bytes.Contains(text, []byte("\uFFFD")) {
		return "octets that are not of this charset"
	}
	return ""
}

// lostEscapes: a shift to kanji and back to ASCII, of which only the ESC is not there.
var lostEscapes = pattern.New(`\$[@B](?:[!-~]{2}){2,200}\([BJ]`)

// jisProblems says what is wrong with ISO-2022-JP text (RFC 1468): octets above 127, a line that does
// not end in ASCII, half-width kana, and characters that only some systems have.
func jisProblems(data []byte) (out []string) {
	if hasEightBit(data) {
		return []string{"octets above 127: it is not ISO-2022-JP (Shift_JIS, EUC-JP or UTF-8?)"}
	}
	if bytes.IndexByte(data, 0x1b) < 0 && lostEscapes.Match(data) {
		return []string{"the escape characters (ESC) are lost"}
	}
	var unclosed, kana, vendor, unknown bool
	const ascii, kanji, halfWidth = 0, 1, 2
	set := ascii
	for i := 0; i < len(data); {
		switch {
		case data[i] == 0x1b:
			n := 3
			switch {
			case bytes.HasPrefix(data[i:], []byte("\x1b(B")), bytes.HasPrefix(data[i:], []byte("\x1b(J")):
				set = ascii
			case bytes.HasPrefix(data[i:], []byte("\x1b$B")), bytes.HasPrefix(data[i:], []byte("\x1b$@")):
				set = kanji
			case bytes.HasPrefix(data[i:], []byte("\x1b(I")):
				set, kana = halfWidth, true
			default:
				unknown, n = true, 1
			}
			i += n
		case data[i] == '\n':
			unclosed = unclosed || set != ascii
			set = ascii
			i++
		case set == kanji && i+1 < len(data) && data[i] > ' ':
			row := data[i] - 0x20
			vendor = vendor || row == 13 || row >= 89 && row <= 92
			i += 2
		default:
			i++
		}
	}
	unclosed = unclosed || set != ascii
	for _, p := range []struct {
		is   bool
		text string
	}{
		{unclosed, "a line does not return to ASCII (ESC ( B) before its end"},
		{kana, "half-width kana (ESC ( I), which ISO-2022-JP does not have"},
		{vendor, "platform-dependent characters (NEC row 13 or extended kanji, such as circled digits)"},
		{unknown, "an escape sequence that ISO-2022-JP does not have"},
	} {
		if p.is {
			out = append(out, p.text)
		}
	}
	return out
}

var encodedWord = pattern.New(`=\?([^?\s]{1,60})\?([BbQq])\?([^?\s]*)\?=`)

// encodedWords judges the encoded-words of the header (RFC 2047).
func (c *verdict) encodedWords() {
	var bad, long, quoted []string
	for i, f := range c.Message.Fields {
		name := f.Name()
		if i < 500 && bytes.Contains(f.Raw, []byte("\x1b$")) {
			bad = note(bad, name+": ISO-2022-JP as it is, not in encoded words")
			continue
		}
		if i == 500 || f.Is("DKIM-Signature") || f.Is("Received") || !bytes.Contains(f.Raw, []byte("=?")) {
			continue
		}
		v := f.Unfolded()
		v = v[:min(len(v), maxFieldLook)]
		var before []byte // of a charset whose characters may be split
		for n, w := range encodedWord.FindAllStringSubmatchIndex(v, 200) {
			word, charset := v[w[0]:w[1]], strings.ToLower(v[w[2]:w[3]])
			if len(word) > 75 && n < 200 {
				long = note(long, name+": "+itoa(len(word))+" characters: "+word)
			}
			data := decodeWord(v[w[4]:w[5]], v[w[6]:w[7]])
			if data == nil {
				bad = note(bad, name+": cannot be decoded: "+word)
				continue
			}
			charset, _, _ = strings.Cut(charset, "*")
			if charset == "utf-8" && !utf8.Valid(data) {
				why := "is not UTF-8: "
				if utf8.Valid(append(before, data...)) || endsInside(data) {
					why = "is split within a character: "
				}
				bad = note(bad, name+" "+why+word)
				before = append(before, data...)
			}
			if isJIS(charset) {
				for _, s := range jisProblems(data) {
					bad = note(bad, name+": "+s+": "+word)
				}
			}
			if isAddressField(name) && strings.Count(v[:w[0]], `"`)%2 == 1 {
				quoted = note(quoted, name+": within quotes: "+word)
			}
			if at := strings.IndexByte(v[w[1]:], '@'); isAddressField(name) && (at == 0 || w[0] > 0 && (v[w[0]-1] == '@' || v[w[0]-1] == '<')) {
				bad = note(bad, name+": within an address: "+word)
			}
		}
	}
	c.addIf("message.encoded-word", bad)
	if len(bad) == 0 && len(quoted) > 0 { // RFC 2047 section 5 (3); most programs decode it all the same
		c.add("message.encoded-word", c.author(), nil, quoted...).Status = catalogue.Info
	}
	c.addIf("message.encoded-word-long", long)
}

func isAddressField(name string) bool {
	for _, n := range []string{"From", "Sender", "Reply-To", "To", "Cc"} {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// decodeWord decodes the text of an encoded-word, nil where it cannot be.
func decodeWord(encoding, text string) []byte {
	if strings.EqualFold(encoding, "B") {
		data, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil
		}
		return data
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '_':
			out = append(out, ' ')
		case text[i] == '=' && i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2]):
			out = append(out, hexValue(text[i+1])<<4|hexValue(text[i+2]))
			i += 2
		case text[i] == '=':
			return nil
		default:
			out = append(out, text[i])
		}
	}
	return out
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'F' || 'a' <= c && c <= 'f'
}

func hexValue(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}

// endsInside reports that UTF-8 text ends within a character.
func endsInside(b []byte) bool {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if tail := b[len(b)-n:]; utf8.RuneStart(tail[0]) {
			return !utf8.FullRune(tail)
		}
	}
	return false
}
