// Package dane reads DNS-Based Authentication of Named Entities for SMTP (RFC 7672,
// with RFC 6698 and RFC 7671): TLSA records, protected by DNSSEC, that say which
// certificate or key an MX host shows.
//
// Unlike with MTA-STS nothing has to be fetched and no public authority is needed, but
// everything hangs on DNSSEC: the MX, the address and the TLSA answers must all be
// secure, which here means that the caller's validating resolver set the AD bit. And a
// TLSA record that does not fit the certificate stops mail from every sender that looks.
//
//	v := dane.Lookup(ctx, resolver, "mx.example.com", mxAnswer.AuthenticData)
//	if v.Result == dane.Secure {
//		check := dane.Verify(v.Records, chain, []string{v.Base, "example.com"}, now)
//	}
package dane

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/todoku/todoku/dns"
)

// Usage is the certificate usage (RFC 6698 section 2.1.1, acronyms of RFC 7218).
type Usage uint8

// The usages. RFC 7672 section 3.1 leaves DANE-TA and DANE-EE to SMTP.
const (
	PKIXTA Usage = 0
	PKIXEE Usage = 1
	DANETA Usage = 2
	DANEEE Usage = 3
)

// Selector is what of a certificate is matched (RFC 6698 section 2.1.2).
type Selector uint8

const (
	// Cert is the whole certificate.
	Cert Selector = 0
	// SPKI is its SubjectPublicKeyInfo, which stays the same when a certificate is
	// renewed with the same key.
	SPKI Selector = 1
)

// MatchingType is how it is matched (RFC 6698 section 2.1.3).
type MatchingType uint8

// The matching types.
const (
	Full   MatchingType = 0
	SHA256 MatchingType = 1
	SHA512 MatchingType = 2
)

// Record is one TLSA record (RFC 6698 section 2.1).
type Record struct {
	Usage        Usage        `json:"usage"`
	Selector     Selector     `json:"selector"`
	MatchingType MatchingType `json:"matching_type"`
	// Data is the certificate association data: a digest, or all of it.
	Data []byte `json:"data"`
}

// What makes a record unusable for SMTP; see [Record.Problem].
const (
	PKIXUsage           = "pkix-usage"            // usage 0 or 1 (RFC 7672 section 3.1.3)
	UnknownUsage        = "unknown-usage"         //
	UnknownSelector     = "unknown-selector"      //
	UnknownMatchingType = "unknown-matching-type" //
	DigestLength        = "digest-length"         // not 32 (SHA-256) or 64 (SHA-512) octets
	BadData             = "bad-data"              // matching type 0, and no certificate or key
)

// MaxRecords is how many records of one name are read.
const MaxRecords = 64

// Parse reads the presentation form (RFC 6698 section 2.2): "3 1 1 d2ab...".
func Parse(text string) (Record, error) {
	f := strings.Fields(text)
	if len(f) < 4 {
		return Record{}, fmt.Errorf("dane: %d fields in TLSA data, want usage, selector, matching type and data", len(f))
	}
	var n [3]uint8
	for i := range n {
		v, err := strconv.ParseUint(f[i], 10, 8)
		if err != nil {
			return Record{}, fmt.Errorf("dane: TLSA field %d is no number from 0 to 255", i+1)
		}
		n[i] = uint8(v)
	}
	data, err := hex.DecodeString(strings.Join(f[3:], ""))
	if err != nil {
		return Record{}, fmt.Errorf("dane: TLSA data is not hexadecimal: %w", err)
	}
	return Record{Usage(n[0]), Selector(n[1]), MatchingType(n[2]), data}, nil
}

// String is the presentation form, in lower case.
func (r Record) String() string {
	return fmt.Sprintf("%d %d %d %x", r.Usage, r.Selector, r.MatchingType, r.Data)
}

// Problem says why SMTP clients pass over the record, "" where they use it.
func (r Record) Problem() string {
	switch {
	case r.Usage == PKIXTA || r.Usage == PKIXEE:
		return PKIXUsage
	case r.Usage > DANEEE:
		return UnknownUsage
	case r.Selector > SPKI:
		return UnknownSelector
	}
	switch r.MatchingType {
	case Full:
		if !r.holdsDER() {
			return BadData
		}
	case SHA256:
		if len(r.Data) != sha256.Size {
			return DigestLength
		}
	case SHA512:
		if len(r.Data) != sha512.Size {
			return DigestLength
		}
	default:
		return UnknownMatchingType
	}
	return ""
}

// maxRSA is the largest modulus, in bits, that is worked with; TLS takes no larger one
// from a chain either.
const maxRSA = 8192

func (r Record) holdsDER() bool {
	var key any
	if r.Selector == Cert {
		cert, err := x509.ParseCertificate(r.Data)
		if err != nil {
			return false
		}
		key = cert.PublicKey
	} else {
		var err error
		if key, err = x509.ParsePKIXPublicKey(r.Data); err != nil {
			return false
		}
	}
	rsaKey, ok := key.(*rsa.PublicKey)
	return !ok || rsaKey.N.BitLen() <= maxRSA
}

// Matches reports whether the record's data are those of cert, whatever the usage.
func (r Record) Matches(cert *x509.Certificate) bool {
	var subject []byte
	switch r.Selector {
	case Cert:
		subject = cert.Raw
	case SPKI:
		subject = cert.RawSubjectPublicKeyInfo
	default:
		return false
	}
	switch r.MatchingType {
	case Full:
		return bytes.Equal(subject, r.Data)
	case SHA256:
		sum := sha256.Sum256(subject)
		return bytes.Equal(sum[:], r.Data)
	case SHA512:
		sum := sha512.Sum512(subject)
		return bytes.Equal(sum[:], r.Data)
	}
	return false
}

// RecommendEE is the record to publish for a host's own certificate: "3 1 1", the
// SHA-256 digest of its key (RFC 7671 section 5.1).
func RecommendEE(cert *x509.Certificate) Record { return digest(DANEEE, SPKI, cert) }

// RecommendTA is the record to publish for an authority that signs the host's
// certificates and whose own certificate the host sends: "2 1 1".
func RecommendTA(cert *x509.Certificate) Record { return digest(DANETA, SPKI, cert) }

func digest(u Usage, s Selector, cert *x509.Certificate) Record {
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return Record{u, s, SHA256, sum[:]}
}

// Name is where the TLSA records of a host and TCP port stand (RFC 6698 section 3).
func Name(host string, port uint16) string {
	return dns.JoinName("_"+strconv.Itoa(int(port)), "_tcp", host)
}
