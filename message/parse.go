package message

import "bytes"

// The limits of the header. What goes beyond them stays in Message.Raw but is not
// read as fields; the end of the header is found all the same, so that Body is right.
const (
	// MaxFields is the greatest number of header fields that are read.
	MaxFields = 10_000
	// MaxHeader is the greatest number of octets of the header that are read.
	MaxHeader = 4 << 20
)

var (
	crlf     = []byte("\r\n")
	crlfcrlf = []byte("\r\n\r\n")
)

// Parse reads a message. It never fails: whatever cannot be read becomes a
// Defect. The message keeps raw, which must not change afterwards.
func Parse(raw []byte) *Message {
	m := &Message{Raw: raw}
	header := raw
	switch end := headerEnd(raw); {
	case end >= 0:
		header = raw[:end:end]
		m.Body = raw[end+2:]
	default:
		header = raw[:len(raw):len(raw)]
	}
	m.readFields(header)
	return m
}

// ParseHeader reads a header alone, without the empty line that ends it, for whoever has the body
// elsewhere or not yet: Body is nil. Truncated says that fields are missing, see [Message.HeaderTruncated].
func ParseHeader(raw []byte, truncated bool) *Message {
	m := &Message{Raw: raw, truncated: truncated}
	m.readFields(raw)
	return m
}

// headerEnd gives the offset of the empty line that ends the header, -1 for none.
func headerEnd(raw []byte) int {
	if bytes.HasPrefix(raw, crlf) {
		return 0
	}
	if i := bytes.Index(raw, crlfcrlf); i >= 0 {
		return i + 2
	}
	return -1
}

// readFields cuts the header into fields, within the limits.
func (m *Message) readFields(header []byte) {
	if len(header) == 0 {
		return
	}
	var usual [48]Field // room for the fields of an ordinary message until their number is known
	fields := usual[:0]
	for at := 0; at < len(header); {
		end := fieldEnd(header, at)
		if len(fields) == MaxFields || end > MaxHeader {
			m.truncated = true
			break
		}
		fields = append(fields, NewField(header[at:end:end]))
		at = end
	}
	m.Fields = append(make([]Field, 0, len(fields)), fields...)
}

// fieldEnd gives the offset behind the field that begins at at: behind the first
// CRLF that no white space follows.
func fieldEnd(header []byte, at int) int {
	for start := at; ; {
		i := bytes.IndexByte(header[at:], '\n')
		if i < 0 {
			return len(header)
		}
		at += i + 1
		if at-start >= 2 && header[at-2] == '\r' && (at == len(header) || !isWSP(header[at])) {
			return at
		}
	}
}

// NormalizeFile turns the line ends of a file whose lines all end in a bare LF
// into CRLF and says so; anything else is returned as it is. It is for files that
// a mail program or an editor wrote, never for what came by SMTP.
func NormalizeFile(raw []byte) (out []byte, changed bool) {
	lines := bytes.Count(raw, []byte{'\n'})
	if lines == 0 || bytes.Contains(raw, crlf) {
		return raw, false
	}
	out = make([]byte, 0, len(raw)+lines)
	for {
		i := bytes.IndexByte(raw, '\n')
		if i < 0 {
			return append(out, raw...), true
		}
		out = append(out, raw[:i]...)
		out = append(out, '\r', '\n')
		raw = raw[i+1:]
	}
}
