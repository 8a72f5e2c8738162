package dns

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	miekg "github.com/miekg/dns"
)

// DefaultTTL is the TTL, in seconds, of a record or a negative answer that names none.
const DefaultTTL = 300

// maxText bounds one record in text form; a TXT of 65,535 octets, all escaped, fits.
const maxText = 300_000

// ParseRR reads one record in master-file form with an absolute owner name
// (RFC 1035 section 5.1): `example.com. 300 IN TXT "v=spf1 -all"`. The TTL and the
// class may be left out; the final dot of names too. TXT data that is not quoted
// is the rest of the line, spaces included.
func ParseRR(text string) (Record, error) {
	owner, rest := cutOwner(strings.TrimLeft(text, " \t"))
	if owner == "" || owner[0] == '$' {
		return Record{}, fmt.Errorf("dns: %q: want NAME [TTL] [IN] TYPE DATA", clip(text))
	}
	name, err := readName(owner)
	if err != nil || !ValidName(name) {
		return Record{}, fmt.Errorf("dns: %q is not a domain name", clip(owner))
	}
	rec, err := parseRecord(name, rest)
	if err != nil {
		return Record{}, fmt.Errorf("dns: %q: %w", clip(text), err)
	}
	return rec, nil
}

// parseRecord reads "[TTL] [IN] TYPE data".
func parseRecord(owner, line string) (Record, error) {
	ttl, typ, data, err := parseHead(line)
	if err != nil {
		return Record{}, err
	}
	return NewRecord(owner, typ, ttl, data)
}

func parseHead(line string) (ttl uint32, t Type, data string, err error) {
	if len(line) > maxText {
		return 0, 0, "", fmt.Errorf("the record is longer than %d octets", maxText)
	}
	ttl = DefaultTTL
	word, rest := cutField(line)
	// The TTL and the class come in either order (RFC 1035 section 5.1).
	for range 2 {
		if v, err := strconv.ParseUint(word, 10, 32); err == nil {
			ttl = uint32(v)
			word, rest = cutField(rest)
		} else if strings.EqualFold(word, "IN") {
			word, rest = cutField(rest)
		}
	}
	t, err = ParseType(word)
	return ttl, t, rest, err
}

// cutOwner splits at the first blank that is not escaped.
func cutOwner(s string) (owner, rest string) {
	for i := 0; i < len(s); {
		if s[i] == ' ' || s[i] == '\t' {
			return s[:i], strings.TrimLeft(s[i:], " \t")
		}
		_, n := unescapeOctet(s[i:])
		i += n
	}
	return s, ""
}

// cutField splits at the first run of blanks.
func cutField(s string) (field, rest string) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeft(s[i:], " \t")
}

// NewRecord decodes data as text in the forms that [Zone] describes. An error
// says what is wrong with data.
func NewRecord(name string, t Type, ttl uint32, data string) (Record, error) {
	rec := Record{Name: trimDot(name), Type: t, TTL: ttl}
	switch t {
	case TypeTXT, TypeSPF:
		return rec, setText(&rec, data)
	case TypeA, TypeAAAA:
		return rec, setAddr(&rec, data)
	case TypeCNAME, TypeNS, TypePTR:
		target := strings.TrimSpace(data)
		if strings.ContainsAny(target, " \t\r\n") || target == "" {
			return rec, fmt.Errorf("%s wants one domain name, not %q", t, clip(data))
		}
		name, err := readName(target)
		rec.Data = name
		return rec, err
	case TypeMX:
		return rec, setMX(&rec, data)
	}
	return rec, setOther(&rec, data)
}

// setText takes raw text as one joined string, or, where it starts with a double
// quote, the quoted character-strings.
func setText(rec *Record, data string) error {
	if !strings.HasPrefix(data, `"`) {
		rec.setJoined(data)
		return nil
	}
	parts, err := parseQuoted(data)
	if err != nil {
		return err
	}
	rec.Data = strings.Join(parts, "")
	if len(parts) > 1 {
		rec.Strings = parts
	}
	return nil
}

// setJoined takes raw text; what is too long for one character-string is cut as it
// would be on the wire.
func (r *Record) setJoined(text string) {
	r.Data = text
	if len(text) > 255 {
		r.Strings = r.CharacterStrings()
	}
}

// parseQuoted reads `"a" "b"` with the escapes \" \\ and \DDD.
func parseQuoted(s string) ([]string, error) {
	var parts []string
	for s != "" {
		if s[0] != '"' {
			return nil, fmt.Errorf("text outside the quotes: %q", clip(s))
		}
		var b strings.Builder
		i := 1
		for i < len(s) && s[i] != '"' {
			c, n := unescapeOctet(s[i:])
			b.WriteByte(c)
			i += n
		}
		if i >= len(s) {
			return nil, fmt.Errorf("a quote is not closed: %q", clip(s))
		}
		if b.Len() > 255 {
			return nil, fmt.Errorf("a character-string of %d octets; 255 is the most (RFC 1035 section 3.3)", b.Len())
		}
		parts = append(parts, b.String())
		s = strings.TrimLeft(s[i+1:], " \t")
	}
	return parts, nil
}

func setAddr(rec *Record, data string) error {
	a, err := netip.ParseAddr(strings.TrimSpace(data))
	if err != nil || a.Zone() != "" || a.Is4() != (rec.Type == TypeA) {
		return fmt.Errorf("%s wants an address, not %q", rec.Type, clip(data))
	}
	rec.Addr, rec.Data = a, a.String()
	return nil
}

func setMX(rec *Record, data string) error {
	word, target := cutField(strings.TrimSpace(data))
	pref, err := strconv.ParseUint(word, 10, 16)
	if err != nil || strings.ContainsAny(target, " \t\r\n") {
		return fmt.Errorf("MX wants a preference and a host, not %q", clip(data))
	}
	name, err := readName(target)
	rec.Pref, rec.Data = uint16(pref), name
	return err
}

// setOther has the wire library check and normalise all other types.
func setOther(rec *Record, data string) error {
	if strings.ContainsAny(data, "\r\n") {
		return fmt.Errorf("%s data has a line break", rec.Type)
	}
	var ok bool
	if rec.Data, ok = normalised(rec.Type, data); ok {
		var again string
		again, ok = normalised(rec.Type, rec.Data) // the library takes a CAA of blanks, which it then cannot read
		ok = ok && again == rec.Data
	}
	if !ok {
		return fmt.Errorf("%s data %q cannot be read", rec.Type, clip(data))
	}
	return nil
}

func normalised(t Type, data string) (string, bool) {
	rr, err := miekg.NewRR(". 0 IN " + t.String() + " " + data)
	if err != nil || rr == nil {
		return "", false
	}
	return presentation(rr), true
}

// presentation is the data of rr without its header.
func presentation(rr miekg.RR) string {
	if u, ok := rr.(*miekg.RFC3597); ok { // RFC 3597 section 5; its String has a header of its own kind
		return `\# ` + strconv.Itoa(len(u.Rdata)/2) + " " + u.Rdata
	}
	if t, ok := rr.(*miekg.TLSA); ok { // hexadecimal, which is the same in either case
		t.Certificate = strings.ToLower(t.Certificate)
	}
	return strings.TrimPrefix(rr.String(), rr.Header().String())
}

// Text is the record in master-file form, absolute names and quoted strings; ParseRR
// reads it.
func (r Record) Text() string {
	return escapeName(r.Name) + " " + strconv.FormatUint(uint64(r.TTL), 10) + " IN " + r.Type.String() + " " + r.dataText()
}

func (r Record) dataText() string {
	switch r.Type {
	case TypeTXT, TypeSPF:
		return quoteText(r.CharacterStrings())
	case TypeMX:
		return strconv.Itoa(int(r.Pref)) + " " + escapeName(r.Data)
	case TypeCNAME, TypeNS, TypePTR:
		return escapeName(r.Data)
	}
	return r.Data
}

// CharacterStrings are the character-strings of a TXT or SPF record as they go on
// the wire: Strings, or Data cut into pieces of at most 255 octets (RFC 1035
// section 3.3); at least one, since TXT without any is not valid.
func (r Record) CharacterStrings() []string {
	if len(r.Strings) > 0 {
		return r.Strings
	}
	parts := make([]string, 0, len(r.Data)/255+1)
	rest := r.Data
	for len(rest) > 255 {
		parts = append(parts, rest[:255])
		rest = rest[255:]
	}
	return append(parts, rest)
}

func quoteText(parts []string) string {
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteByte('"')
		b.WriteString(escapeText(p))
		b.WriteByte('"')
	}
	return b.String()
}

// escapeText writes the octets of a character-string in master-file form.
func escapeText(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			writeDecimalEscape(&b, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// clip shortens what is quoted in an error.
func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "..."
	}
	return s
}
