package message

import "bytes"

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
