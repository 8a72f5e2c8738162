// Package bimi reads Brand Indicators for Message Identification: the logo that a domain
// wants to have shown beside its mail (draft-brand-indicators-for-message-identification,
// no RFC; SVG Tiny PS is draft-svg-tiny-ps-abrotman, certificates are
// draft-fetch-validation-vmc-wchuang).
//
// A TXT record at SELECTOR._bimi.DOMAIN names the logo, an SVG file of a narrow profile,
// and, where the domain has one, a mark certificate (VMC or CMC) in which an authority
// confirms who owns it. Receivers look only where DMARC passed with an enforced policy.
//
//	v := bimi.Lookup(ctx, resolver, "default", "news.example.com", "example.com")
//	logo := bimi.Get(ctx, client, v.Record.Location)
//	svg := bimi.CheckSVG(logo.Body)
package bimi

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire"
)

// DefaultSelector is the selector where a message names none.
const DefaultSelector = "default"

// Problem of a record, a logo or a certificate, as data.
type Problem struct {
	// ID is one of the constants of this package.
	ID string `json:"id"`
	// Name is the tag, element or attribute that is meant, Value its value.
	Name  string `json:"name,omitempty"`
	Value string `json:"value,omitempty"`
}

// Record is a parsed assertion record.
type Record struct {
	Raw string `json:"raw"`
	// Location is the https: URL of the logo (l=), Authority that of the certificate
	// (a=); "" where empty, absent or invalid.
	Location  string `json:"location"`
	Authority string `json:"authority"`
	// AvatarPreference is avp=: "brand" (the default) or "personal".
	AvatarPreference string `json:"avatar_preference"`
	// LocalPartSelectors is lps=, as written: the local-parts that have selectors of their own.
	LocalPartSelectors []string `json:"local_part_selectors"`
	// Declined: the domain says that it takes no part (l= and a= are empty).
	Declined bool  `json:"declined"`
	Tags     []Tag `json:"tags"`

	Problems []Problem `json:"problems"`
}

// Tag as written.
type Tag struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// The IDs of the problems of a record. Those that are not Fatal leave it valid.
const (
	Syntax          = "syntax"           // no tag list
	InvalidVersion  = "invalid-version"  // v=BIMI1 is not the first tag
	MissingLocation = "missing-location" // no l=
	EmptyLocation   = "empty-location"   // l= is empty and a= is not
	InvalidLocation = "invalid-location" // not one https: URL
	InvalidAuth     = "invalid-authority"
	InvalidAVP      = "invalid-avp" // neither brand nor personal; not Fatal
	UnknownTag      = "unknown-tag" // ignored; not Fatal
)

// Fatal reports whether receivers pass over what has the problem.
func (p Problem) Fatal() bool {
	switch p.ID {
	case InvalidAVP, UnknownTag, NoViewBox, NotSquare, LongTitle, ForeignContent, NoIssuer, ChainNotChecked:
		return false
	}
	return true
}

func valid(problems []Problem) bool {
	for _, p := range problems {
		if p.Fatal() {
			return false
		}
	}
	return true
}

// RecordName is where the record of a selector stands.
func RecordName(selector, domain string) string { return dns.JoinName(selector, "_bimi", domain) }

// IsRecord reports whether txt counts as a BIMI record: a tag list that begins with
// v=BIMI1.
func IsRecord(txt string) bool {
	first, _, _ := strings.Cut(txt, ";")
	name, value, ok := strings.Cut(first, "=")
	return ok && strings.Trim(name, " \t") == "v" && strings.Trim(value, " \t") == "BIMI1"
}

// ParseRecord reads a record. It always gives one; Valid says whether it counts.
func ParseRecord(txt string) *Record {
	r := &Record{Raw: txt, AvatarPreference: "brand"}
	tags, err := wire.ParseTags(txt)
	if err != nil {
		r.problem(Syntax, "", err.Error())
		return r
	}
	if tags[0].Name != "v" || tags[0].Value != "BIMI1" {
		r.problem(InvalidVersion, tags[0].Name, tags[0].Value)
	}
	values := make(map[string]string)
	for _, t := range tags[1:] {
		r.Tags = append(r.Tags, Tag{t.Name, t.Value})
		values[t.Name] = t.Value
		r.take(t.Name, t.Value)
	}
	location, ok := values["l"]
	switch {
	case !ok:
		r.problem(MissingLocation, "l", "")
	case location == "" && values["a"] == "":
		r.Declined = true
	case location == "":
		r.problem(EmptyLocation, "l", "")
	}
	return r
}

func (r *Record) take(name, value string) {
	switch name {
	case "l":
		if r.Location = httpsURL(value); r.Location == "" && value != "" {
			r.problem(InvalidLocation, name, value)
		}
	case "a":
		if r.Authority = httpsURL(value); r.Authority == "" && value != "" {
			r.problem(InvalidAuth, name, value)
		}
	case "avp":
		switch strings.ToLower(value) {
		case "brand", "personal":
			r.AvatarPreference = strings.ToLower(value)
		default:
			r.problem(InvalidAVP, name, value)
		}
	case "lps":
		for part := range strings.SplitSeq(value, ",") {
			if part = strings.Trim(part, " \t"); part != "" {
				r.LocalPartSelectors = append(r.LocalPartSelectors, part)
			}
		}
	default:
		r.problem(UnknownTag, name, value)
	}
}

// httpsURL gives s where it is one https: URL with a host, else "".
func httpsURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || strings.ContainsAny(s, " \t,\r\n") {
		return ""
	}
	return s
}

func (r *Record) problem(id, name, value string) {
	r.Problems = append(r.Problems, Problem{id, name, value})
}

// Valid reports whether receivers will use the record. A declination is valid.
func (r *Record) Valid() bool { return valid(r.Problems) }

// String writes the record: version, then the tags.
func (r *Record) String() string {
	var b strings.Builder
	b.WriteString("v=BIMI1;")
	for _, t := range r.Tags {
		b.WriteString(" " + t.Name + "=" + t.Value + ";")
	}
	return b.String()
}

// Result is what a look-up came to.
type Result string

const (
	// None: neither the domain nor its organizational domain has a record.
	None Result = "none"
	// Declined: the domain says that it takes no part.
	Declined Result = "declined"
	// Valid: one valid record that names a logo.
	Valid Result = "valid"
	// Invalid: something is published, and receivers will ignore it.
	Invalid Result = "invalid"
	// TempError: it could not be looked at now.
	TempError Result = "temperror"
)

// The values of Verdict.Problem.
const (
	NoRecord        = "no-record"
	NearRecord      = "near-record" // one was meant to be; see Verdict.Others
	MultipleRecords = "multiple-records"
	InvalidRecord   = "invalid-record" // see Record.Problems
	DNSFailed       = "record-dns-failed"
)

// Verdict is what [Lookup] found, with all that it was derived from.
type Verdict struct {
	Selector string `json:"selector"`
	Domain   string `json:"domain"`
	// Found is the domain at which Records stand: Domain or its organizational domain.
	Found  string `json:"found"`
	Result Result `json:"result"`
	// Problem is why Result is not Valid, "" where it is. Reason says it in English.
	Problem string `json:"problem,omitempty"`
	Reason  string `json:"reason"`
	// DNS are the answers to the one or two TXT questions.
	DNS []dns.Answer `json:"dns"`
	// Records are the TXT records that begin with v=BIMI1, Others the rest that was
	// meant to be one, at Found.
	Records []string `json:"records"`
	Others  []string `json:"others"`
	// Record is the parsed one where there is just one, else nil.
	Record *Record `json:"record"`
}

// Lookup looks for the record of domain and, where it has none, of orgDomain, its
// organizational domain as DMARC finds it ("" for none): at most two DNS questions.
func Lookup(ctx context.Context, r dns.Resolver, selector, domain, orgDomain string) Verdict {
	v := Verdict{Selector: selector, Domain: dns.CanonicalName(domain)}
	if v.Selector == "" {
		v.Selector = DefaultSelector
	}
	org := dns.CanonicalName(orgDomain)
	for _, d := range []string{v.Domain, org} {
		v.Found = d
		a := r.Resolve(ctx, dns.Question{Name: RecordName(v.Selector, d), Type: dns.TypeTXT})
		v.DNS = append(v.DNS, a)
		v.sort(a)
		if a.Status.Failed() || len(v.Records)+len(v.Others) > 0 || org == "" || org == v.Domain {
			break
		}
	}
	v.judge(v.DNS[len(v.DNS)-1])
	return v
}

func (v *Verdict) sort(a dns.Answer) {
	for _, rec := range a.Records {
		switch {
		case IsRecord(rec.Data):
			v.Records = append(v.Records, rec.Data)
		case wire.Near(rec.Data, "v=BIMI1"):
			v.Others = append(v.Others, rec.Data)
		}
	}
	if len(v.Records) == 1 {
		v.Record = ParseRecord(v.Records[0])
	}
}

func (v *Verdict) judge(a dns.Answer) {
	switch {
	case a.Status.Failed():
		v.is(TempError, DNSFailed, fmt.Sprintf("the TXT look-up of %s failed: %s", a.Question.Name, a.Status))
	case len(v.Records) > 1:
		v.is(Invalid, MultipleRecords, fmt.Sprintf("%d BIMI records, where receivers accept just one", len(v.Records)))
	case v.Record != nil && !v.Record.Valid():
		v.is(Invalid, InvalidRecord, "the BIMI record is not valid")
	case v.Record != nil && v.Record.Declined:
		v.is(Declined, "", "the domain declines to take part")
	case v.Record != nil:
		v.is(Valid, "", "the record is valid")
	case len(v.Others) > 0:
		v.is(Invalid, NearRecord, "a TXT record was meant to be a BIMI record, but does not begin with v=BIMI1")
	default:
		v.is(None, NoRecord, "there is no BIMI record")
	}
}

func (v *Verdict) is(result Result, problem, reason string) {
	v.Result, v.Problem, v.Reason = result, problem, reason
}

// Response is what a web server answered. Its Problem is one of the Fetch constants
// of package mtasts.
type Response = wire.Document

// Doer sends one HTTP request. Redirects are the Doer's to refuse; one that was
// followed is a problem of the Response.
type Doer = wire.Doer

// MaxDocument is how many octets of a logo or a certificate are read.
const MaxDocument = 256 << 10

// Get fetches what a record names: a Location or an Authority.
func Get(ctx context.Context, c Doer, url string) Response {
	if httpsURL(url) == "" {
		return Response{URL: url, Problem: wire.FetchBadURL, Detail: "not an https URL"}
	}
	return wire.Get(ctx, c, url, MaxDocument)
}
