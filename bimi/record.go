package bimi

import (
	"net/url"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire"
)

// DefaultSelector is the selector where a message names none.
const DefaultSelector = "default"

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
