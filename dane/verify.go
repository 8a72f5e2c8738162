package dane

import (
	"crypto/x509"
	"strings"
	"time"
)

// MaxChain is how many certificates of a chain are looked at.
const MaxChain = 16

// Outcome is what one record says of a chain; the value of Match.Outcome.
type Outcome string

const (
	// Matched: the host is authenticated.
	Matched Outcome = "matched"
	// NotMatched: no certificate of the chain is the one that the record means.
	NotMatched Outcome = "not-matched"
	// WrongName: the trust anchor is right, but the host's certificate is for other
	// names (RFC 7672 section 3.2.2).
	WrongName Outcome = "wrong-name"
	// Expired: the trust anchor is right, but a certificate is out of date.
	Expired Outcome = "expired"
	// BrokenChain: the trust anchor is right, but does not lead to the host's certificate.
	BrokenChain Outcome = "broken-chain"
	// NotUsed: SMTP clients pass over the record; see Record.Problem.
	NotUsed Outcome = "not-used"
)

// Match is what one record says of a chain.
type Match struct {
	Record  Record  `json:"record"`
	Outcome Outcome `json:"outcome"`
	// Depth of the certificate that the record means, 0 for the host's own; -1 where
	// there is none, or it is not in the chain but in the record.
	Depth int `json:"depth"`
}

// Check is what [Verify] found.
type Check struct {
	// OK: a sender that does DANE will deliver. So it will, unauthenticated, where no
	// record is usable (RFC 7672 section 2.2): Usable is false then.
	OK     bool `json:"ok"`
	Usable bool `json:"usable"`
	// Matches has one element for each record, in order.
	Matches []Match `json:"matches"`
}

// Verify matches records against the chain that a host showed, its own certificate
// first. names are those that the host may have for DANE-TA(2): the TLSA base domain
// and the mail domain (RFC 7672 section 3.2.2). DANE-EE(3) looks neither at names nor
// at dates (section 3.1.1). Without a chain nothing matches.
func Verify(records []Record, chain []*x509.Certificate, names []string, at time.Time) Check {
	var c Check
	chain = chain[:min(len(chain), MaxChain)]
	for _, r := range records[:min(len(records), MaxRecords)] {
		m := Match{Record: r, Outcome: NotUsed, Depth: -1}
		if r.Problem() == "" {
			c.Usable = true
			m.Outcome, m.Depth = match(r, chain, names, at)
			c.OK = c.OK || m.Outcome == Matched
		}
		c.Matches = append(c.Matches, m)
	}
	c.OK = c.OK || !c.Usable
	return c
}

func match(r Record, chain []*x509.Certificate, names []string, at time.Time) (Outcome, int) {
	switch {
	case len(chain) == 0:
		return NotMatched, -1
	case r.Usage == DANEEE:
		if r.Matches(chain[0]) {
			return Matched, 0
		}
		return NotMatched, -1
	}
	for depth := 1; depth < len(chain); depth++ {
		if r.Matches(chain[depth]) {
			return anchored(chain, chain[depth], depth, names, at), depth
		}
	}
	if anchor := r.anchor(chain); anchor != nil {
		return anchored(chain, anchor, len(chain), names, at), -1
	}
	return NotMatched, -1
}

// anchor is the trust anchor that a record with matching type Full brings itself
// (RFC 7671 section 5.2.2 and 5.2.3), where it signed a certificate of the chain.
func (r Record) anchor(chain []*x509.Certificate) *x509.Certificate {
	if r.MatchingType != Full {
		return nil
	}
	if r.Selector == Cert {
		cert, err := x509.ParseCertificate(r.Data)
		if err != nil || !signedOne(cert, chain) {
			return nil
		}
		return cert
	}
	key, err := x509.ParsePKIXPublicKey(r.Data)
	if err != nil {
		return nil
	}
	for _, c := range chain {
		signer := &x509.Certificate{PublicKey: key}
		if signer.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil {
			return c // a certificate that the key signed is as good an anchor
		}
	}
	return nil
}

func signedOne(cert *x509.Certificate, chain []*x509.Certificate) bool {
	for _, c := range chain {
		if c.CheckSignatureFrom(cert) == nil {
			return true
		}
	}
	return false
}

// anchored verifies the host's certificate up to anchor, by way of those before depth.
func anchored(chain []*x509.Certificate, anchor *x509.Certificate, depth int, names []string, at time.Time) Outcome {
	leaf := chain[0]
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(anchor)
	for _, c := range chain[1:max(depth, 1)] {
		between.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if invalid, ok := err.(x509.CertificateInvalidError); ok && invalid.Reason == x509.Expired {
		return Expired
	}
	if err != nil {
		return BrokenChain
	}
	for _, name := range names {
		if named(leaf, name) {
			return Matched
		}
	}
	return WrongName
}

// named reports whether cert is for name. Only where it has no DNS name at all the
// common name counts (RFC 7672 section 3.2.3).
func named(cert *x509.Certificate, name string) bool {
	name = strings.TrimSuffix(name, ".")
	if name == "" {
		return false
	}
	if len(cert.DNSNames) == 0 {
		return strings.EqualFold(cert.Subject.CommonName, name)
	}
	return cert.VerifyHostname(name) == nil
}
