package bounce

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

// part is one leaf of a message (RFC 2045), its octets not decoded.
type part struct {
	kind   string // media type in lower case
	params map[string]string
	header *message.Message
	body   []byte
}

// walk gives the leaves of a message in order, within the limits. A multipart whose
// boundary does not occur is a leaf itself: truncated notifications are common.
func walk(m *message.Message) []part {
	w := walker{}
	w.add(m, 0)
	return w.parts
}

type walker struct{ parts []part }

func (w *walker) add(m *message.Message, depth int) {
	if len(w.parts) >= maxParts {
		return
	}
	p := part{header: m, body: m.Body}
	p.kind, p.params = contentType(m)
	if strings.HasPrefix(p.kind, "multipart/") && depth < maxDepth {
		if inner := splitParts(m.Body, p.params["boundary"]); len(inner) > 0 {
			for _, raw := range inner {
				w.add(message.Parse(raw), depth+1)
			}
			return
		}
	}
	w.parts = append(w.parts, p)
}

// contentType reads Content-Type leniently; text/plain where there is none (RFC 2045 section 5.2).
func contentType(m *message.Message) (string, map[string]string) {
	f, ok := m.First("Content-Type")
	if !ok {
		return "text/plain", nil
	}
	value := f.Unfolded()
	kind, params, err := mime.ParseMediaType(value)
	if err == nil || kind != "" && params != nil {
		return kind, params
	}
	kind, rest, _ := strings.Cut(value, ";")
	params = map[string]string{}
	for i := 0; rest != "" && i < 20; i++ {
		var one string
		one, rest, _ = strings.Cut(rest, ";")
		if k, v, ok := strings.Cut(one, "="); ok {
			params[strings.ToLower(strings.TrimSpace(k))] = strings.Trim(strings.TrimSpace(v), `"`)
		}
	}
	return strings.ToLower(strings.TrimSpace(kind)), params
}

// splitParts cuts a multipart body (RFC 2046 section 5.1.1). The final delimiter may be missing.
func splitParts(body []byte, boundary string) [][]byte {
	if boundary == "" {
		return nil
	}
	delimiter := []byte("--" + boundary)
	var parts [][]byte
	start := -1
	for at := 0; at < len(body) && len(parts) < maxParts; {
		end := len(body)
		if i := bytes.IndexByte(body[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		line := bytes.TrimRight(body[at:end], " \t\r\n")
		final := bytes.HasSuffix(line, []byte("--")) && bytes.Equal(line[:len(line)-2], delimiter)
		if final || bytes.Equal(line, delimiter) {
			if start >= 0 {
				parts = append(parts, body[start:at])
			}
			start = end
			if final {
				return parts
			}
		}
		at = end
	}
	if start >= 0 && start < len(body) && len(parts) < maxParts {
		parts = append(parts, body[start:])
	}
	return parts
}

// decoded gives the octets of a leaf without its transfer encoding, at most 4 MiB.
func (p part) decoded() []byte {
	f, _ := p.header.First("Content-Transfer-Encoding")
	var r io.Reader = bytes.NewReader(p.body)
	switch encoding, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(f.Unfolded())), ";"); strings.TrimSpace(encoding) {
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	}
	out, _ := io.ReadAll(io.LimitReader(r, maxDecoded)) // what can be decoded counts
	return out
}

// text gives a text leaf as UTF-8 with LF line ends, at most 256 KiB.
func (p part) text() string {
	raw := p.decoded()
	raw = raw[:min(len(raw), maxText)]
	if name := p.params["charset"]; name != "" && !strings.EqualFold(name, "utf-8") {
		if e, err := htmlindex.Get(name); err == nil {
			if out, err := e.NewDecoder().Bytes(raw); err == nil {
				raw = out
			}
		}
	}
	text := strings.ToValidUTF8(string(raw), "\uFFFD")
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}
