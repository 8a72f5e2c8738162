package repair

import (
	"crypto/x509"
	"slices"
	"strings"
	"time"

	"github.com/todoku/todoku/bimi"
	"github.com/todoku/todoku/dane"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/pattern"
	"github.com/todoku/todoku/mtasts"
	"github.com/todoku/todoku/tlsrpt"
)

// maxTransportText bounds how much of a text is read.
const maxTransportText = 4096

// What texts that were meant to be such records begin with.
var (
	stsLike    = pattern.New(`(?i)^\W*(id\s*[=:]\s*[\w-]+\s*[;,]?\s*)?(v\s*[=:]?\s*)?(mta[-_ ]?)?sts\s*[-_]?\s*v?\s*1`)
	tlsrptLike = pattern.New(`(?i)^\W*(v\s*[=:]?\s*)?(smtp[-_ ]?)?tls[-_ ]?rpt\s*[-_]?\s*v?\s*1|^\W*rua\s*[=:]\s*(mailto|https)\s*:`)
	bimiLike   = pattern.New(`(?i)^\W*(v\s*[=:]?\s*)?bimi\s*[-_]?\s*v?\s*1|^\W*l\s*[=:]\s*https?:`)
)

func like(re *pattern.Pattern, version, text string) bool {
	clean, _ := Pasted(text[:min(len(text), 256)])
	return re.MatchString(withoutLine(clean, version))
}

// LooksLikeSTS reports whether a TXT text was meant to be a record of MTA-STS (RFC 8461), valid or not.
func LooksLikeSTS(text string) bool { return like(stsLike, "v=stsv1", text) }

// LooksLikeTLSRPT is the same for TLS reports (RFC 8460).
func LooksLikeTLSRPT(text string) bool { return like(tlsrptLike, "v=tlsrptv1", text) }

// LooksLikeBIMI is the same for BIMI.
func LooksLikeBIMI(text string) bool { return like(bimiLike, "v=bimi1", text) }

// STSID is an id for a policy that is published at a time.
func STSID(at time.Time) string { return at.UTC().Format("20060102T150405Z") }

var stsID = pattern.New(`(?i)\bid\s*[=:]\s*([^;\s]+)`)

// STSRecord is the record that texts, each meant to be an MTA-STS record, were meant to
// be. Where none of them has a usable id, or they differ, it gets a new one.
func STSRecord(texts []string, newID string) string {
	id := ""
	for _, text := range texts {
		clean, _ := Pasted(text[:min(len(text), maxTransportText)])
		m := stsID.FindStringSubmatch(clean)
		if m == nil {
			continue
		}
		switch r := mtasts.ParseRecord("v=STSv1; id=" + m[1]); {
		case r.ID == "":
		case id == "" || id == r.ID:
			id = r.ID
		default:
			return "v=STSv1; id=" + newID + ";"
		}
	}
	if id == "" {
		id = newID
	}
	return "v=STSv1; id=" + id + ";"
}

// STSPolicy is the policy file for the mail exchangers. What is right in old, which may
// be nil, is kept.
func STSPolicy(old *mtasts.Policy, hosts []string) string {
	p := mtasts.Policy{Mode: mtasts.Testing, MaxAge: 604800}
	if old != nil {
		if old.Mode != "" && old.Mode != mtasts.NoMode {
			p.Mode = old.Mode
		}
		if old.MaxAge > 0 {
			p.MaxAge = old.MaxAge
		}
		p.MX = slices.Clone(old.MX)
	}
	for _, host := range hosts {
		if _, ok := p.Match(host); !ok {
			p.MX = append(p.MX, host)
		}
	}
	return p.String()
}

var reportURI = pattern.New(`(?i)mailto\s*:\s*[^\s,;<>"]+|https://[^\s,;<>"]+|[^\s,;<>"=:/]+@[^\s,;<>"=]+`)

// TLSRPTRecord is the record that texts, each meant to be a TLSRPT record, were meant to
// be, with all addresses but the dead ones, or fallback where none is left; "" where
// that is no address either. Dropped are the addresses that could not be kept.
func TLSRPTRecord(texts, dead []string, fallback string) (text string, dropped []string) {
	var uris []string
	for _, t := range texts[:min(len(texts), maxDMARCTexts)] {
		clean, _ := Pasted(t[:min(len(t), maxTransportText)])
		for _, uri := range reportURI.FindAllString(clean, tlsrpt.MaxURIs) {
			uri = strings.Trim(strings.ReplaceAll(uri, " ", ""), "<>'")
			uri = asciiHost(uriSize.ReplaceAllString(uri, ""))
			if strings.Contains(uri, "@") && !strings.Contains(uri, ":") {
				uri = "mailto:" + uri
			}
			r := tlsrpt.ParseRecord("v=TLSRPTv1; rua=" + uri)
			switch {
			case len(r.RUA) != 1 || len(r.Problems) > 0, slices.Contains(dead, uri):
				dropped = append(dropped, clipped(uri))
			case len(uris) < tlsrpt.MaxURIs:
				uris = union(uris, r.RUA)
			}
		}
	}
	if len(uris) == 0 {
		uris = []string{fallback}
	}
	text = "v=TLSRPTv1; rua=" + strings.Join(uris, ",")
	if !tlsrpt.ParseRecord(text).Valid() {
		return "", dropped
	}
	return text, dropped
}

var (
	bimiLocation  = pattern.New(`(?i)\bl\s*=\s*(?:https?://)?([a-z0-9][^\s,;<>"]*\.svgz?)`)
	bimiAuthority = pattern.New(`(?i)\ba\s*=\s*(?:https?://)?([a-z0-9][^\s,;<>"]*/[^\s,;<>"]+)`)
)

// BIMIRecord is the record that texts, each meant to be a BIMI record, were meant to be;
// "" where none names a logo, or they name different ones.
func BIMIRecord(texts []string) string {
	record := ""
	for _, text := range texts[:min(len(texts), maxDMARCTexts)] {
		clean, _ := Pasted(text[:min(len(text), maxTransportText)])
		l := bimiLocation.FindStringSubmatch(clean)
		if l == nil {
			continue
		}
		one := "v=BIMI1; l=https://" + l[1] + "; a="
		if a := bimiAuthority.FindStringSubmatch(clean); a != nil {
			one += "https://" + a[1]
		}
		one += ";"
		if record != "" && record != one {
			return ""
		}
		record = one
	}
	if record == "" || !bimi.ParseRecord(record).Valid() {
		return ""
	}
	return record
}

// TLSA puts the record for the key of a certificate in the place of all TLSA records of
// a mail exchanger's TLSA base domain (RFC 7671 section 5.1).
func TLSA(base string, cert *x509.Certificate) dns.Change {
	return dns.Change{Action: dns.Replace, Name: dane.Name(base, dane.Port) + ".", Type: dns.TypeTLSA, TTL: defaultTTL, Data: []string{dane.RecommendEE(cert).String()}}
}

// Text is the change that makes one text of the TXT records of the name that an answer
// is about: it takes the place of those in was, or joins the records where there are
// none. Behind a CNAME it is made where that leads.
func Text(a dns.Answer, was []string, text string) dns.Change {
	name := a.Question.Name
	if n := len(a.Chain); n > 0 {
		name = a.Chain[n-1].Data
	}
	c := dns.Change{Action: dns.Add, Name: dns.CanonicalName(name) + ".", Type: dns.TypeTXT, TTL: defaultTTL, Data: []string{text}}
	if len(was) > 0 {
		c.Action, c.Was = dns.Replace, was
	}
	return c
}
