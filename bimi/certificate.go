package bimi

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MaxCertificates is how many certificates of a PEM file are read.
const MaxCertificates = 10

// The IDs of the problems of a mark certificate.
const (
	NotPEM           = "not-pem"           // no CERTIFICATE block
	BadCertificate   = "bad-certificate"   // a block that is no certificate; Value is its number
	TooManyCerts     = "too-many-certs"    // over MaxCertificates
	NotYetValid      = "not-yet-valid"     // Value is the date
	Expired          = "expired"           // Value is the date
	NotAMarkCert     = "wrong-usage"       // without the extended key usage of BIMI
	WrongDomain      = "wrong-domain"      // Value are the names that it is for
	NoLogotype       = "no-logotype"       // without the logotype extension of RFC 9399
	BadLogotype      = "bad-logotype"      // its logotype extension cannot be read
	LogoMismatch     = "logo-mismatch"     // its logo is another than that of the record
	LogotypeHash     = "logotype-hash"     // its own hash does not fit its own logo
	NoIssuer         = "no-issuer"         // the file lacks the certificate that signed the first; advice
	UntrustedIssuer  = "untrusted-issuer"  // does not lead to one of the roots given
	ChainNotChecked  = "chain-not-checked" // no roots were given; advice
	UnsortedChain    = "leaf-not-first"    // the first certificate is an authority's
	CertificateLarge = "certificate-large" // over MaxDocument
)

// Certificate is what [CheckCertificate] found.
type Certificate struct {
	// Names are the DNS names that it is for.
	Names     []string  `json:"names"`
	Issuer    string    `json:"issuer"`
	NotBefore time.Time `json:"not_before,omitzero"`
	NotAfter  time.Time `json:"not_after,omitzero"`
	// MarkType is that of the VMC requirements: "Registered Mark", "Government Mark",
	// "Prior Use Mark" (a CMC), ...; "" where the certificate does not say.
	MarkType string `json:"mark_type"`
	// Logo is the SVG inside the certificate, unpacked; nil where there is none.
	Logo     []byte    `json:"logo,omitempty"`
	Problems []Problem `json:"problems"`
}

// Valid reports whether receivers will trust the certificate, as far as was looked.
func (c *Certificate) Valid() bool { return valid(c.Problems) }

// CertificateQuestion is what a certificate is checked for.
type CertificateQuestion struct {
	// Domain and OrgDomain are those of the author, Selector that of the record.
	Domain, OrgDomain, Selector string
	// Logo is the file that the record names; nil where it did not come.
	Logo []byte
	// At is the time at which it must be valid.
	At time.Time
	// Roots are the authorities for mark certificates, which are not those of web
	// sites; nil leaves the chain unchecked.
	Roots *x509.CertPool
}

var (
	oidUsage    = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 31}
	oidLogotype = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 12}
	oidMarkType = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 53087, 1, 13}
)

// CheckCertificate checks a mark certificate: the file that the authority tag names, PEM
// with the domain's own certificate first.
func CheckCertificate(file []byte, q CertificateQuestion) *Certificate {
	c := &Certificate{}
	chain := c.parse(file)
	if len(chain) == 0 {
		return c
	}
	leaf := chain[0]
	c.Names, c.Issuer = leaf.DNSNames, clip(leaf.Issuer.String())
	c.NotBefore, c.NotAfter = leaf.NotBefore, leaf.NotAfter
	for _, name := range leaf.Subject.Names {
		if text, ok := name.Value.(string); ok && name.Type.Equal(oidMarkType) {
			c.MarkType = clip(text)
		}
	}
	c.checkLeaf(leaf, q)
	c.checkChain(chain, q)
	c.checkLogo(leaf, q.Logo)
	return c
}

func (c *Certificate) problem(id, value string) {
	c.Problems = append(c.Problems, Problem{ID: id, Value: clip(value)})
}

func (c *Certificate) parse(file []byte) []*x509.Certificate {
	if len(file) > MaxDocument {
		c.problem(CertificateLarge, strconv.Itoa(len(file)))
		return nil
	}
	var chain []*x509.Certificate
	for n := 1; ; n++ {
		var block *pem.Block
		block, file = pem.Decode(file)
		if block == nil {
			break
		}
		if n > MaxCertificates {
			c.problem(TooManyCerts, "")
			break
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if block.Type != "CERTIFICATE" || err != nil {
			c.problem(BadCertificate, strconv.Itoa(n))
			continue
		}
		chain = append(chain, cert)
	}
	if len(chain) == 0 && len(c.Problems) == 0 {
		c.problem(NotPEM, "")
	}
	return chain
}

func (c *Certificate) checkLeaf(leaf *x509.Certificate, q CertificateQuestion) {
	switch {
	case q.At.Before(leaf.NotBefore):
		c.problem(NotYetValid, leaf.NotBefore.UTC().Format(time.RFC3339))
	case q.At.After(leaf.NotAfter):
		c.problem(Expired, leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	if leaf.IsCA {
		c.problem(UnsortedChain, "")
	}
	if !slices.ContainsFunc(leaf.UnknownExtKeyUsage, oidUsage.Equal) {
		c.problem(NotAMarkCert, "")
	}
	if !covers(leaf.DNSNames, q) {
		c.problem(WrongDomain, strings.Join(leaf.DNSNames, " "))
	}
}

// covers: a certificate is for the author domain, the organizational domain, or the
// very record name of either.
func covers(names []string, q CertificateQuestion) bool {
	selector := q.Selector
	if selector == "" {
		selector = DefaultSelector
	}
	for _, d := range []string{q.Domain, q.OrgDomain} {
		if d = strings.TrimSuffix(d, "."); d == "" {
			continue
		}
		for _, name := range names {
			if strings.EqualFold(name, d) || strings.EqualFold(name, RecordName(selector, d)) {
				return true
			}
		}
	}
	return false
}

func (c *Certificate) checkChain(chain []*x509.Certificate, q CertificateQuestion) {
	leaf := *chain[0]
	leaf.UnhandledCriticalExtensions = slices.DeleteFunc(slices.Clone(leaf.UnhandledCriticalExtensions), oidLogotype.Equal)
	signed := slices.ContainsFunc(chain[1:], func(ca *x509.Certificate) bool { return bytes.Equal(ca.RawSubject, leaf.RawIssuer) })
	if !signed {
		c.problem(NoIssuer, leaf.Issuer.String())
	}
	if q.Roots == nil {
		c.problem(ChainNotChecked, "")
		return
	}
	between := x509.NewCertPool()
	for _, ca := range chain[1:] {
		between.AddCert(ca)
	}
	// The leaf's own dates were judged; its chain is asked for a time when it was valid.
	at := q.At
	if at.Before(leaf.NotBefore) || at.After(leaf.NotAfter) {
		at = leaf.NotBefore
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: q.Roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		c.problem(UntrustedIssuer, leaf.Issuer.String())
	}
}

func (c *Certificate) checkLogo(leaf *x509.Certificate, logo []byte) {
	i := slices.IndexFunc(leaf.Extensions, func(e pkixExtension) bool { return e.Id.Equal(oidLogotype) })
	if i < 0 {
		c.problem(NoLogotype, "")
		return
	}
	images, ok := parseLogotype(leaf.Extensions[i].Value)
	if !ok || len(images) == 0 {
		c.problem(BadLogotype, "")
		return
	}
	image := images[0]
	c.Logo = image.svg
	switch {
	case image.svg != nil && !image.hashFits(image.packed, image.svg):
		c.problem(LogotypeHash, "")
	case len(logo) == 0:
	case image.svg != nil && !bytes.Equal(image.svg, logo), image.svg == nil && len(image.hashes) > 0 && !image.hashFits(logo):
		c.problem(LogoMismatch, "")
	}
}
