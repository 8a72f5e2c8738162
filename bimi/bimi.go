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

	"github.com/todoku/todoku/internal/wire/https"
)

// Problem of a record, a logo or a certificate, as data.
type Problem struct {
	// ID is one of the constants of this package.
	ID string `json:"id"`
	// Name is the tag, element or attribute that is meant, Value its value.
	Name  string `json:"name,omitempty"`
	Value string `json:"value,omitempty"`
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

// Response is what a web server answered. Its Problem is one of the Fetch constants
// of package mtasts.
type Response = https.Document

// Doer sends one HTTP request. Redirects are the Doer's to refuse; one that was
// followed is a problem of the Response.
type Doer = https.Doer

// MaxDocument is how many octets of a logo or a certificate are read.
const MaxDocument = 256 << 10

// Get fetches what a record names: a Location or an Authority.
func Get(ctx context.Context, c Doer, url string) Response {
	if httpsURL(url) == "" {
		return Response{URL: url, Problem: https.FetchBadURL, Detail: "not an https URL"}
	}
	return https.Get(ctx, c, url, MaxDocument)
}
