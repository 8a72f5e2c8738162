package dane

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
)

var now = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// issue signs a certificate; a nil issuer makes it self-signed.
func issue(t testing.TB, issuer *authority, ca bool, cn string, names []string, until time.Time) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: cn}, DNSNames: names,
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: until, IsCA: ca, BasicConstraintsValid: true,
	}
	parent, signer := template, key
	if issuer != nil {
		parent, signer = issuer.cert, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key}
}

func record(u Usage, s Selector, m MatchingType, c *x509.Certificate) Record {
	data := c.Raw
	if s == SPKI {
		data = c.RawSubjectPublicKeyInfo
	}
	switch m {
	case SHA256:
		sum := sha256.Sum256(data)
		data = sum[:]
	case SHA512:
		sum := sha512.Sum512(data)
		data = sum[:]
	}
	return Record{u, s, m, data}
}

func TestVerify(t *testing.T) {
	year := now.AddDate(1, 0, 0)
	root := issue(t, nil, true, "root", nil, year)
	middle := issue(t, root, true, "middle", nil, year)
	leaf := issue(t, middle, false, "mx", []string{"mx.example.com"}, year)
	wild := issue(t, middle, false, "mx", []string{"*.example.com"}, year)
	old := issue(t, middle, false, "mx", []string{"mx.example.com"}, now.AddDate(0, 0, -1))
	plain := issue(t, middle, false, "mx.example.com", nil, year)
	other := issue(t, nil, true, "other", nil, year)
	chain := func(l *authority, more ...*authority) []*x509.Certificate {
		out := []*x509.Certificate{l.cert}
		for _, a := range more {
			out = append(out, a.cert)
		}
		return out
	}
	full := chain(leaf, middle, root)
	here, elsewhere := []string{"mx.example.com", "example.com"}, []string{"mx.example.org"}
	for _, c := range []struct {
		name    string
		record  Record
		chain   []*x509.Certificate
		names   []string
		outcome Outcome
		depth   int
	}{
		{"3-1-1", record(3, 1, 1, leaf.cert), full, here, Matched, 0},
		{"3-0-1", record(3, 0, 1, leaf.cert), full, here, Matched, 0},
		{"3-1-2", record(3, 1, 2, leaf.cert), full, here, Matched, 0},
		{"3-0-0", record(3, 0, 0, leaf.cert), full, here, Matched, 0},
		{"3-1-0", record(3, 1, 0, leaf.cert), full, here, Matched, 0},
		{"3-1-1-other-key", record(3, 1, 1, other.cert), full, here, NotMatched, -1},
		{"3-1-1-means-the-host-only", record(3, 1, 1, middle.cert), full, here, NotMatched, -1},
		{"rfc7672-section-3.1.1-names-do-not-count", record(3, 1, 1, leaf.cert), full, elsewhere, Matched, 0},
		{"rfc7672-section-3.1.1-dates-do-not-count", record(3, 1, 1, old.cert), chain(old, middle), here, Matched, 0},
		{"2-1-1", record(2, 1, 1, root.cert), full, here, Matched, 2},
		{"2-0-1", record(2, 0, 1, middle.cert), full, here, Matched, 1},
		{"2-0-2", record(2, 0, 2, middle.cert), full, here, Matched, 1},
		{"2-1-1-wildcard", record(2, 1, 1, root.cert), chain(wild, middle, root), here, Matched, 2},
		{"rfc7672-section-3.2.2-names-count", record(2, 1, 1, root.cert), full, elsewhere, WrongName, 2},
		{"rfc7672-section-3.2.3-common-name", record(2, 1, 1, root.cert), chain(plain, middle, root), here, Matched, 2},
		{"2-1-1-dates-count", record(2, 1, 1, root.cert), chain(old, middle, root), here, Expired, 2},
		{"2-1-1-not-sent", record(2, 1, 1, root.cert), chain(leaf, middle), here, NotMatched, -1},
		{"2-1-1-not-the-issuer", record(2, 1, 1, other.cert), chain(leaf, middle, other), here, BrokenChain, 2},
		{"2-1-1-a-link-is-missing", record(2, 1, 1, root.cert), chain(leaf, root), here, BrokenChain, 1},
		{"2-1-1-is-not-the-host", record(2, 1, 1, leaf.cert), full, here, NotMatched, -1},
		{"rfc7671-section-5.2.2-2-0-0-brings-the-anchor", record(2, 0, 0, root.cert), chain(leaf, middle), here, Matched, -1},
		{"rfc7671-section-5.2.3-2-1-0-brings-the-key", record(2, 1, 0, root.cert), chain(leaf, middle), here, Matched, -1},
		{"2-1-0-other-key", record(2, 1, 0, other.cert), chain(leaf, middle), here, NotMatched, -1},
		{"rfc7672-section-3.1.3-usage-0", record(0, 1, 1, root.cert), full, here, NotUsed, -1},
		{"rfc7672-section-3.1.3-usage-1", record(1, 1, 1, leaf.cert), full, here, NotUsed, -1},
		{"no-chain", record(3, 1, 1, leaf.cert), nil, here, NotMatched, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Verify([]Record{c.record}, c.chain, c.names, now)
			m := got.Matches[0]
			if m.Outcome != c.outcome || m.Depth != c.depth || got.OK != (c.outcome == Matched || c.outcome == NotUsed) || got.Usable != (c.outcome != NotUsed) {
				t.Errorf("%+v", got)
			}
		})
	}
	both := Verify([]Record{record(3, 1, 1, other.cert), RecommendEE(leaf.cert), RecommendTA(root.cert)}, full, here, now)
	if !both.OK || both.Matches[0].Outcome != NotMatched || both.Matches[1].Outcome != Matched || both.Matches[2].Outcome != Matched {
		t.Errorf("%+v", both)
	}
}

func TestRecordProblem(t *testing.T) {
	cert := issue(t, nil, false, "x", nil, now.AddDate(1, 0, 0)).cert
	h := strings.Repeat("ab", 32)
	for text, want := range map[string]string{
		"3 1 1 " + h: "", "2 0 2 " + h + h: "", "2 1 1 " + h[:10] + " " + h[10:]: "",
		"0 1 1 " + h: PKIXUsage, "1 1 1 " + h: PKIXUsage, "4 1 1 " + h: UnknownUsage, "255 1 1 " + h: UnknownUsage,
		"3 2 1 " + h: UnknownSelector, "3 1 3 " + h: UnknownMatchingType, "3 1 2 " + h: DigestLength, "3 1 1 " + h + h: DigestLength,
		"3 1 1 ab": DigestLength, "3 0 0 " + h: BadData, "3 1 0 " + h: BadData,
		record(3, 0, 0, cert).String(): "", record(3, 1, 0, cert).String(): "",
	} {
		r, err := Parse(text)
		if err != nil || r.Problem() != want {
			t.Errorf("%.40s: %q, %v", text, r.Problem(), err)
		}
	}
	for _, text := range []string{"", "3 1 1", "3 1 1 xy", "3 1 1 abc", "256 1 1 ab", "-1 1 1 ab", "3 1 SHA-256 ab"} {
		if r, err := Parse(text); err == nil {
			t.Errorf("%q was read as %v", text, r)
		}
	}
}

func TestLookup(t *testing.T) {
	h := strings.Repeat("ab", 32)
	tlsa := "TLSA 3 1 1 " + h
	for _, c := range []struct {
		name     string
		mxSecure bool
		zone     dns.Zone
		result   Result
		problem  string
		base     string
	}{
		{"secure", true, dns.Zone{"example.com": {"SECURE"}, "mx.example.com": {"A 192.0.2.1"}, "_25._tcp.mx.example.com": {tlsa}}, Secure, "", "mx.example.com"},
		{"none", true, dns.Zone{"example.com": {"SECURE"}, "mx.example.com": {"A 192.0.2.1"}}, None, NoTLSA, "mx.example.com"},
		{"rfc7672-section-2.2.1-mx-insecure", false, dns.Zone{"example.com": {"SECURE"}, "mx.example.com": {"A 192.0.2.1"}, "_25._tcp.mx.example.com": {tlsa}}, Insecure, MXInsecure, "mx.example.com"},
		{"rfc7672-section-2.2.2-address-insecure", true, dns.Zone{"mx.example.com": {"A 192.0.2.1"}, "_25._tcp.mx.example.com": {tlsa, "SECURE"}}, Insecure, AddressInsecure, "mx.example.com"},
		{"tlsa-insecure", true, dns.Zone{"mx.example.com": {"CNAME a.example.net"}, "a.example.net": {"A 192.0.2.1", "SECURE"}, "_25._tcp.mx.example.com": {tlsa}}, Insecure, AddressInsecure, "mx.example.com"},
		{"rfc7672-section-2.2.2-alias", true, dns.Zone{"example": {"SECURE"}, "mx.example": {"CNAME b.example"}, "b.example": {"A 192.0.2.1"}, "_25._tcp.b.example": {tlsa}}, Secure, "", "b.example"},
		{"rfc7672-section-2.2.2-alias-without", true, dns.Zone{"example": {"SECURE"}, "mx.example": {"CNAME b.example"}, "b.example": {"A 192.0.2.1"}, "_25._tcp.mx.example": {tlsa}}, Secure, "", "mx.example"},
		{"rfc7672-section-2.1.2-tlsa-fails", true, dns.Zone{"example.com": {"SECURE"}, "mx.example.com": {"A 192.0.2.1"}, "_25._tcp.mx.example.com": {"SERVFAIL"}}, TempError, TLSAFailed, "mx.example.com"},
		{"tlsa-fails-where-nobody-asks", false, dns.Zone{"mx.example.com": {"A 192.0.2.1"}, "_25._tcp.mx.example.com": {"SERVFAIL"}}, None, TLSAFailed, "mx.example.com"},
		{"address-fails", true, dns.Zone{"example.com": {"SECURE"}, "mx.example.com": {"A 192.0.2.1", "TIMEOUT"}, "_25._tcp.mx.example.com": {tlsa}}, TempError, AddressFailed, "mx.example.com"},
		{"no-address", true, dns.Zone{"example.com": {"SECURE"}, "mx.example.com": {"TXT x"}}, None, NoAddress, "mx.example.com"},
		{"rfc7672-section-3.1.3-unusable", true, dns.Zone{"example.com": {"SECURE"}, "mx.example.com": {"A 192.0.2.1"}, "_25._tcp.mx.example.com": {"TLSA 1 1 1 " + h}}, Unusable, NoUsable, "mx.example.com"},
	} {
		t.Run(c.name, func(t *testing.T) {
			host := "MX.example.com."
			if _, ok := c.zone["mx.example"]; ok {
				host = "mx.example"
			}
			v := Lookup(context.Background(), dns.MustMemory(c.zone), host, c.mxSecure)
			if v.Result != c.result || v.Problem != c.problem || v.Base != c.base || v.Reason == "" || len(v.TLSA) == 0 {
				t.Errorf("%s %q %q base %q", v.Result, v.Problem, v.Reason, v.Base)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"3 1 1 abcd", "2 0 0 3003", "255 255 255 00", "3 1 1 a b c d", " 3\t1 1  AB "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := Parse(s)
		if err != nil {
			return
		}
		_ = r.Problem()
		back, err := Parse(r.String())
		if err != nil || back.String() != r.String() || !bytes.Equal(back.Data, r.Data) {
			t.Errorf("%q -> %q: %v", s, r, err)
		}
	})
}

func ExampleRecord_Problem() {
	r, _ := Parse("1 1 1 " + strings.Repeat("00", 32))
	fmt.Println(r.Problem())
	// Output: pkix-usage
}
