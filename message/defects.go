package message

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// The IDs of defects. Those marked "header" or "body" occur at most once for each.
const (
	BareLF         = "bare-lf"          // header, body: LF without CR (RFC 5322 section 2.2, RFC 5321 section 2.3.8)
	BareCR         = "bare-cr"          // header, body: CR without LF
	NUL            = "nul"              // header, body (RFC 5322 section 4)
	LongLine       = "long-line"        // header, body: over 998 octets before CRLF (RFC 5322 section 2.1.1)
	EightBitHeader = "eight-bit-header" // octets over 127 that are no UTF-8
	UTF8Header     = "utf8-header"      // UTF-8 in the header: good with SMTPUTF8 only (RFC 6532)
	BadField       = "bad-field"        // a header line that is no field
	NoHeaderEnd    = "no-header-end"    // the message ends inside a header line
	TooManyFields  = "too-many-fields"  // over MaxFields
	LargeHeader    = "large-header"     // over MaxHeader octets
	DuplicateField = "duplicate-field"  // per field: more than one of what may occur once
	MissingField   = "missing-field"    // per field: From, Date or Message-ID
	InvalidDate    = "invalid-date"     // RFC 5322 section 3.3
	WrongWeekday   = "wrong-weekday"    // Date names another day than its date (section 3.3)
	InvalidID      = "invalid-message-id"
	Empty          = "empty" // no octet at all
)

// maxLine is the limit of RFC 5322 section 2.1.1, in octets, without CRLF.
const maxLine = 998

// Defect is one thing that RFC 5322 or RFC 5321 forbids.
type Defect struct {
	// ID is a stable word: bare-lf, bare-cr, nul, long-line ... (the constants of this package).
	ID string
	// Field is the header field concerned (of several, the first), "" for the body or the whole.
	Field string
	// Offset is the octet offset in Raw of the first occurrence; of a missing field
	// the end of the header.
	Offset int
	// Count of occurrences.
	Count int
}

type defects []Defect

func (d *defects) add(id, field string, offset, count int) {
	*d = append(*d, Defect{ID: id, Field: field, Offset: offset, Count: count})
}

// findDefects looks at the header and the body once each. What is truncated of
// the header is not looked at: one defect says so.
func findDefects(m *Message) []Defect {
	var d defects
	header := m.header()
	if len(m.Raw) == 0 {
		d.add(Empty, "", 0, 1)
	}
	if m.truncated {
		id := TooManyFields
		if len(m.Fields) < MaxFields {
			id = LargeHeader
		}
		read := 0
		for _, f := range m.Fields {
			read += len(f.Raw)
		}
		d.add(id, "", read, 1)
		header = header[:read]
	}
	m.headerLines(&d, header)
	if m.Body == nil && len(header) > 0 && !m.truncated && !bytes.HasSuffix(header, crlf) {
		d.add(NoHeaderEnd, "", len(m.Raw), 1)
	}
	m.fieldCounts(&d, len(header))
	m.fieldValues(&d)
	if len(m.Body) > 0 {
		lineDefects(&d, m.Body, len(m.Raw)-len(m.Body), func(int) string { return "" })
	}
	return d
}

// fieldAt gives the name of the field that an offset of the header lies in.
func (m *Message) fieldAt(offset int) string {
	at := 0
	for _, f := range m.Fields {
		if at += len(f.Raw); offset < at {
			return f.Name()
		}
	}
	return ""
}

func (m *Message) headerLines(d *defects, header []byte) {
	lineDefects(d, header, 0, m.fieldAt)
	if i := firstNonASCII(header); i >= 0 {
		id := UTF8Header
		if !utf8.Valid(header) {
			id = EightBitHeader
		}
		d.add(id, m.fieldAt(i), i, 1)
	}
	bad, first, at := 0, 0, 0
	for _, f := range m.Fields {
		if _, _, ok := f.split(); !ok {
			if bad == 0 {
				first = at
			}
			bad++
		}
		at += len(f.Raw)
	}
	if bad > 0 {
		d.add(BadField, "", first, bad)
	}
}

// lineDefects finds what is wrong with the lines of text that begins at offset
// base of the message. Good text, which is nearly all, is read once.
func lineDefects(d *defects, text []byte, base int, field func(offset int) string) {
	if goodLines(text) {
		return
	}
	add := func(id string, offset, count int) {
		if count > 0 {
			d.add(id, field(offset), base+offset, count)
		}
	}
	lf, firstLF, crlfs := bareLFs(text)
	add(BareLF, firstLF, lf)
	if n := bytes.Count(text, []byte{'\r'}) - crlfs; n > 0 {
		add(BareCR, firstBareCR(text), n)
	}
	if n := bytes.Count(text, []byte{0}); n > 0 {
		add(NUL, bytes.IndexByte(text, 0), n)
	}
	n, first := longLines(text)
	add(LongLine, first, n)
}

// goodLines reports that text has no bare LF or CR, no NUL and no long line. It
// goes from control character to control character.
func goodLines(text []byte) bool {
	line := 0 // where the current one begins
	for i := nextControl(text, 0); i < len(text); i = nextControl(text, i) {
		switch text[i] {
		case '\r':
			if i+1 == len(text) || text[i+1] != '\n' || i-line > maxLine {
				return false
			}
			i += 2
			line = i
		case '\n', 0:
			return false
		default:
			i++
		}
	}
	return len(text)-line <= maxLine
}

// nextControl gives the index of the first octet below 0x20 from i on, or the length.
func nextControl(text []byte, i int) int {
	for ; len(text)-i >= 32; i += 32 {
		q := text[i : i+32]
		a, b := controls(binary.LittleEndian.Uint64(q)), controls(binary.LittleEndian.Uint64(q[8:]))
		c, d := controls(binary.LittleEndian.Uint64(q[16:])), controls(binary.LittleEndian.Uint64(q[24:]))
		switch {
		case a|b|c|d == 0:
		case a != 0:
			return i + bits.TrailingZeros64(a)/8
		case b != 0:
			return i + 8 + bits.TrailingZeros64(b)/8
		case c != 0:
			return i + 16 + bits.TrailingZeros64(c)/8
		default:
			return i + 24 + bits.TrailingZeros64(d)/8
		}
	}
	for i < len(text) && text[i] >= ' ' {
		i++
	}
	return i
}

// controls marks (0x80) the octets of w below 0x20. It may mark others above such a
// one; the lowest is right.
func controls(w uint64) uint64 {
	return (w - 0x2020202020202020) &^ w & 0x8080808080808080
}

func bareLFs(text []byte) (bare, first, crlfs int) {
	for at := 0; ; {
		i := bytes.IndexByte(text[at:], '\n')
		if i < 0 {
			return bare, first, crlfs
		}
		at += i
		if at > 0 && text[at-1] == '\r' {
			crlfs++
		} else {
			if bare == 0 {
				first = at
			}
			bare++
		}
		at++
	}
}

func firstBareCR(text []byte) int {
	for at := 0; ; at++ {
		i := bytes.IndexByte(text[at:], '\r')
		if i < 0 {
			return 0
		}
		if at += i; at+1 == len(text) || text[at+1] != '\n' {
			return at
		}
	}
}

// longLines counts lines over 998 octets. It jumps: where a CRLF lies within the
// next 1000 octets, everything before the last such CRLF is in good lines.
func longLines(text []byte) (n, first int) {
	for at := 0; len(text)-at > maxLine; {
		window := text[at:min(len(text), at+maxLine+2)]
		if i := bytes.LastIndex(window, crlf); i >= 0 {
			at += i + 2
			continue
		}
		if n == 0 {
			first = at
		}
		n++
		i := bytes.Index(text[at:], crlf)
		if i < 0 {
			break
		}
		at += i + 2
	}
	return n, first
}

func firstNonASCII(b []byte) int {
	i := 0
	for ; i+32 <= len(b); i += 32 {
		q := b[i : i+32]
		if (binary.LittleEndian.Uint64(q)|binary.LittleEndian.Uint64(q[8:])|
			binary.LittleEndian.Uint64(q[16:])|binary.LittleEndian.Uint64(q[24:]))&0x8080808080808080 != 0 {
			break
		}
	}
	for ; i < len(b); i++ {
		if b[i] >= utf8.RuneSelf {
			return i
		}
	}
	return -1
}

// once are the fields that a message has at most one of: RFC 5322 section 3.6,
// RFC 2045 section 3, RFC 2369 section 2 with RFC 8058 section 3.1, RFC 2919 section 3.
var once = [...]string{
	"From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Subject", "Date",
	"Message-ID", "In-Reply-To", "References",
	"MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Content-ID",
	"Content-Description", "Content-Disposition",
	"List-Id", "List-Help", "List-Unsubscribe", "List-Unsubscribe-Post",
	"List-Subscribe", "List-Post", "List-Owner", "List-Archive",
}

// onceByLength finds the candidates of a name by its length, so that counting does
// not compare each field with each name.
var onceByLength = func() (t [32][]int) {
	for i, name := range once {
		t[len(name)] = append(t[len(name)], i)
	}
	return t
}()

// Repeated names the fields that occur more than once, though a message has at most one of them (RFC 5322 section 3.6 and
// others): what a signature covers is one of them, and what people see may be another.
func (m *Message) Repeated() (names []string) {
	counts, _ := m.countOnce()
	for i, n := range counts {
		if n > 1 {
			names = append(names, once[i])
		}
	}
	return names
}

// countOnce counts the fields that a message has at most one of; second is where the second of each begins.
func (m *Message) countOnce() (counts, second [len(once)]int) {
	at := 0
	for _, f := range m.Fields {
		if n, _, ok := f.split(); ok && n < len(onceByLength) {
			for _, i := range onceByLength[n] {
				if equalFold(f.Raw[:n], once[i]) {
					if counts[i]++; counts[i] == 2 {
						second[i] = at
					}
				}
			}
		}
		at += len(f.Raw)
	}
	return counts, second
}

// fieldCounts finds fields that occur too often or not at all.
func (m *Message) fieldCounts(d *defects, headerEnd int) {
	counts, second := m.countOnce()
	for i, n := range counts {
		if n > 1 {
			d.add(DuplicateField, once[i], second[i], n-1)
		}
	}
	if m.truncated {
		return // it may be among what was not read
	}
	for i, name := range once {
		if counts[i] == 0 && (name == "From" || name == "Date" || name == "Message-ID") {
			d.add(MissingField, name, headerEnd, 1)
		}
	}
}

// fieldValues checks the values that every receiver reads. From is not among
// them: AuthorDomain says more.
func (m *Message) fieldValues(d *defects) {
	at := 0
	date, id := false, false // each once: a second one is a defect already
	for _, f := range m.Fields {
		switch {
		case !date && f.Is("Date"):
			date = true
			if _, wrong, err := parseDate(f.Value()); err != nil {
				d.add(InvalidDate, "Date", at, 1)
			} else if wrong {
				d.add(WrongWeekday, "Date", at, 1)
			}
		case !id && f.Is("Message-ID"):
			id = true
			if _, err := ParseMessageID(f.Value()); err != nil {
				d.add(InvalidID, "Message-ID", at, 1)
			}
		}
		at += len(f.Raw)
	}
}
