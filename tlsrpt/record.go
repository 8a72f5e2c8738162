package tlsrpt

import (
	"net/mail"
	"net/url"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire"
)

const recordVersion = "v=TLSRPTv1"

// MaxURIs is how many report URIs of one record are read.
const MaxURIs = 20

// Record is a parsed TXT record (RFC 8460 section 3).
type Record struct {
	Raw string `json:"raw"`
	// RUA are the usable report URIs, in order, as written.
	RUA []string `json:"rua"`
	// Fields are all behind the version, in order, unknown ones included.
	Fields   []Field   `json:"fields"`
	Problems []Problem `json:"problems"`
}

// Field of a record, as written.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// RecordName is where the record of domain stands.
func RecordName(domain string) string { return dns.JoinName("_smtp._tls", domain) }

// IsRecord reports whether txt counts as a TLSRPT record at all. RFC 8460 section 3:
// "records that do not begin with "v=TLSRPTv1;" are discarded".
func IsRecord(txt string) bool { return strings.HasPrefix(txt, recordVersion+";") }

// ParseRecord reads a record. It always gives one; Valid says whether it counts.
func ParseRecord(txt string) *Record {
	r := &Record{Raw: txt}
	fields, more := wire.CutFields(txt, recordVersion)
	if more {
		r.problem(TooManyFields, "", "")
	}
	seen := make(map[string]bool)
	for _, f := range fields {
		if f.Name == "" {
			r.problem(Syntax, "", f.Value)
			continue
		}
		if f.Name == "rua" {
			f.Value = strings.TrimRight(f.Value, " \t") // as between two URIs
		}
		r.Fields = append(r.Fields, Field(f))
		if seen[f.Name] {
			r.problem(DuplicateField, f.Name, f.Value)
			continue
		}
		seen[f.Name] = true
		r.take(f)
	}
	if !seen["rua"] {
		r.problem(MissingRUA, "", "")
	}
	return r
}

func (r *Record) take(f wire.Field) {
	switch {
	case f.Name == "rua":
		r.takeURIs(f.Value)
	case !wire.IsExtValue(f.Value):
		r.problem(Syntax, f.Name, f.Value)
	case strings.EqualFold(f.Name, "rua"):
		r.problem(FieldCase, f.Name, f.Value)
	default:
		r.problem(UnknownField, f.Name, f.Value)
	}
}

// takeURIs reads tlsrpt-uri *(*WSP "," *WSP tlsrpt-uri).
func (r *Record) takeURIs(list string) {
	n := 0
	for part := range strings.SplitSeq(list, ",") {
		if n++; n > MaxURIs {
			r.problem(TooManyURIs, "rua", "")
			break
		}
		uri := strings.Trim(part, " \t")
		if problem := uriProblem(uri); problem != "" {
			r.problem(problem, "rua", uri)
			continue
		}
		r.RUA = append(r.RUA, uri)
	}
	if len(r.RUA) == 0 {
		r.problem(NoUsableRUA, "rua", list)
	}
}

func uriProblem(uri string) string {
	// "," "!" and ";" have to be encoded (RFC 8460 section 3).
	if uri == "" || strings.ContainsAny(uri, "! \t\"<>\\^`{|}") || !printable(uri) {
		return InvalidURI
	}
	u, err := url.Parse(uri)
	if err != nil || u.Scheme == "" {
		return InvalidURI
	}
	switch u.Scheme { // Parse has made it lower case
	case "https":
		if u.Hostname() == "" || u.User != nil {
			return InvalidURI
		}
	case "mailto":
		if _, ok := mailbox(u); !ok {
			return InvalidURI
		}
	default:
		return UnknownScheme
	}
	return ""
}

// Address gives the one mailbox of a mailto: URI (RFC 6068), percent-decoded.
func Address(uri string) (address string, ok bool) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "mailto" {
		return "", false
	}
	return mailbox(u)
}

func mailbox(u *url.URL) (string, bool) {
	text, err := url.PathUnescape(u.Opaque)
	if err != nil {
		return "", false
	}
	a, err := mail.ParseAddress("<" + text + ">")
	if err != nil {
		return "", false
	}
	at := strings.LastIndexByte(a.Address, '@')
	if !wire.IsHostName(a.Address[at+1:]) {
		return "", false
	}
	return a.Address, true
}

func printable(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func (r *Record) problem(id, name, value string) {
	r.Problems = append(r.Problems, Problem{ID: id, Name: name, Value: value})
}

// Valid reports whether senders will use the record: at least one URI is usable.
func (r *Record) Valid() bool {
	for _, p := range r.Problems {
		if p.Fatal() {
			return false
		}
	}
	return true
}

// String writes the record: version, then the fields; from RUA where there are none.
func (r *Record) String() string {
	fields := r.Fields
	if len(fields) == 0 && len(r.RUA) > 0 {
		fields = []Field{{"rua", strings.Join(r.RUA, ",")}}
	}
	var b strings.Builder
	b.WriteString(recordVersion + ";")
	for _, f := range fields {
		b.WriteString(" " + f.Name + "=" + f.Value + ";")
	}
	return b.String()
}
