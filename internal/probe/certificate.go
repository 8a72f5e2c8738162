package probe

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"net/netip"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/wire/https"
)

const maxChain = 16

// Certificate is one certificate of a chain, to be shown.
type Certificate struct {
	Subject    string    `json:"subject"`
	Issuer     string    `json:"issuer"`
	Names      []string  `json:"names"`
	NotBefore  time.Time `json:"not_before"`
	NotAfter   time.Time `json:"not_after"`
	Key        string    `json:"key"` // "RSA", "ECDSA", "Ed25519", "" for others
	KeyBits    int       `json:"key_bits"`
	Signature  string    `json:"signature"` // "SHA256-RSA"
	SelfSigned bool      `json:"self_signed"`
	SHA256     string    `json:"sha256"` // of all of it, hexadecimal
}

// Parse decodes a chain as it came; what is no certificate ends it.
func Parse(chain [][]byte) []*x509.Certificate {
	var out []*x509.Certificate
	for _, der := range chain[:min(len(chain), maxChain)] {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			break
		}
		out = append(out, c)
	}
	return out
}

// Describe says what is in a certificate.
func Describe(c *x509.Certificate) Certificate {
	sum := sha256.Sum256(c.Raw)
	d := Certificate{
		Subject: c.Subject.String(), Issuer: c.Issuer.String(), Names: c.DNSNames, NotBefore: c.NotBefore, NotAfter: c.NotAfter,
		Signature: c.SignatureAlgorithm.String(), SHA256: hex.EncodeToString(sum[:]),
		SelfSigned: string(c.RawSubject) == string(c.RawIssuer) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil,
	}
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		d.Key, d.KeyBits = "RSA", key.N.BitLen()
	case *ecdsa.PublicKey:
		d.Key, d.KeyBits = "ECDSA", key.Params().BitSize
	case ed25519.PublicKey:
		d.Key, d.KeyBits = "Ed25519", 256
	}
	return d
}

// Verify says what is wrong with a chain for one name and time: "" or one of the
// FetchCert constants of internal/wire/https; detail says it in English. roots nil are those
// of the system. This is what MTA-STS asks of an MX host (RFC 8461 section 4.2); plain
// STARTTLS asks for none of it (RFC 7435).
func Verify(chain [][]byte, name string, roots *x509.CertPool, at time.Time) (problem, detail string) {
	certs := Parse(chain)
	if len(certs) == 0 {
		return https.FetchCertBad, "no certificate that can be read"
	}
	between := x509.NewCertPool()
	for _, c := range certs[1:] {
		between.AddCert(c)
	}
	name = strings.TrimSuffix(name, ".")
	// The chain first, for any name: an unknown authority says more than a wrong name.
	_, err := certs[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at})
	if err == nil {
		err = certs[0].VerifyHostname(name)
	}
	if err == nil {
		return "", ""
	}
	if problem = https.FetchProblem(err); !strings.HasPrefix(problem, "certificate-") {
		problem = https.FetchCertBad
	}
	return problem, err.Error()
}

func addrOf(hostPort string) netip.Addr {
	a, err := netip.ParseAddrPort(hostPort)
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr().Unmap()
}
