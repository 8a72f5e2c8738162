// Package tlsrpt reads SMTP TLS Reporting (RFC 8460): where a domain asks senders to
// report how TLS to its MX hosts went.
//
// One TXT record at _smtp._tls.DOMAIN names the addresses, mailto: or https:, that get
// the daily reports. Without it a domain that publishes MTA-STS or DANE never hears
// that mail to it is being refused.
package tlsrpt

import (
	"context"
	"fmt"
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

// Problem of a record, as data.
type Problem struct {
	// ID is one of the constants of this package.
	ID    string `json:"id"`
	Name  string `json:"name,omitempty"`
	Value string `json:"value,omitempty"`
}

// The IDs of problems. Those that are not Fatal leave the record valid.
const (
	Syntax         = "syntax" // Value is no field by the ABNF
	TooManyFields  = "too-many-fields"
	MissingRUA     = "missing-rua"     // no rua field
	NoUsableRUA    = "no-usable-rua"   // a rua field without any usable URI
	InvalidURI     = "invalid-uri"     // Value is the one URI; not Fatal where another is usable
	UnknownScheme  = "unknown-scheme"  // neither mailto nor https; as InvalidURI
	TooManyURIs    = "too-many-uris"   // those behind MaxURIs were not read; not Fatal
	DuplicateField = "duplicate-field" // only the first is read here; not Fatal
	UnknownField   = "unknown-field"   // ignored; not Fatal
	FieldCase      = "field-case"      // RUA= is an unknown field; not Fatal
)

// Fatal reports whether the problem makes the whole record invalid.
func (p Problem) Fatal() bool {
	switch p.ID {
	case Syntax, TooManyFields, MissingRUA, NoUsableRUA:
		return true
	}
	return false
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

// Result is what a look-up came to.
type Result string

const (
	// None: the domain has no TLSRPT record.
	None Result = "none"
	// Valid: one record with at least one usable URI.
	Valid Result = "valid"
	// Invalid: something is published, and senders will ignore it.
	Invalid Result = "invalid"
	// TempError: it could not be looked at now.
	TempError Result = "temperror"
)

// The values of Verdict.Problem.
const (
	NoRecord        = "no-record"        // no TXT record begins with "v=TLSRPTv1;"
	NearRecord      = "near-record"      // one was meant to; see Verdict.Others
	MultipleRecords = "multiple-records" // section 3: then there is none
	InvalidRecord   = "invalid-record"   // see Record.Problems
	DNSFailed       = "record-dns-failed"
)

// Verdict is what [Lookup] found, with all that it was derived from.
type Verdict struct {
	Domain string `json:"domain"`
	Result Result `json:"result"`
	// Problem is why Result is not Valid, "" where it is. Reason says it in English.
	Problem string `json:"problem,omitempty"`
	Reason  string `json:"reason"`
	// DNS is the answer to the TXT question at _smtp._tls.Domain.
	DNS dns.Answer `json:"dns"`
	// Records are the TXT records that begin with "v=TLSRPTv1;", Others the rest that
	// was meant to be one.
	Records []string `json:"records"`
	Others  []string `json:"others"`
	// Record is the parsed one where there is just one, else nil.
	Record *Record `json:"record"`
}

// Lookup looks at the record of domain: one DNS question.
func Lookup(ctx context.Context, r dns.Resolver, domain string) Verdict {
	v := Verdict{Domain: dns.CanonicalName(domain)}
	v.DNS = r.Resolve(ctx, dns.Question{Name: RecordName(v.Domain), Type: dns.TypeTXT})
	for _, rec := range v.DNS.Records {
		switch {
		case IsRecord(rec.Data):
			v.Records = append(v.Records, rec.Data)
		case wire.Near(rec.Data, recordVersion):
			v.Others = append(v.Others, rec.Data)
		}
	}
	if len(v.Records) == 1 {
		v.Record = ParseRecord(v.Records[0])
	}
	v.judge()
	return v
}

func (v *Verdict) judge() {
	switch {
	case v.DNS.Status.Failed():
		v.is(TempError, DNSFailed, fmt.Sprintf("the TXT look-up of %s failed: %s", v.DNS.Question.Name, v.DNS.Status))
	case len(v.Records) > 1:
		v.is(Invalid, MultipleRecords, fmt.Sprintf("%d TLSRPT records, where senders accept just one", len(v.Records)))
	case v.Record != nil && !v.Record.Valid():
		v.is(Invalid, InvalidRecord, "the TLSRPT record is not valid")
	case v.Record != nil:
		v.is(Valid, "", "the record is valid")
	case len(v.Others) > 0:
		v.is(Invalid, NearRecord, `a TXT record was meant to be a TLSRPT record, but does not begin with "v=TLSRPTv1;"`)
	default:
		v.is(None, NoRecord, "there is no TLSRPT record")
	}
}

func (v *Verdict) is(result Result, problem, reason string) {
	v.Result, v.Problem, v.Reason = result, problem, reason
}
