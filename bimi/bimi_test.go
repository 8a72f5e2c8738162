package bimi

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
)

func ids(problems []Problem) string {
	var out []string
	for _, p := range problems {
		out = append(out, p.ID)
	}
	return strings.Join(out, " ")
}

func TestParseRecord(t *testing.T) {
	for _, c := range []struct {
		txt, problems, location, authority string
		valid, declined                    bool
	}{
		{"v=BIMI1; l=https://example.com/logo.svg; a=https://example.com/vmc.pem", "", "https://example.com/logo.svg", "https://example.com/vmc.pem", true, false},
		{"v=BIMI1;l=https://example.com/logo.svg;a=;", "", "https://example.com/logo.svg", "", true, false},
		{" v = BIMI1 ; l = https://example.com/l.svg", "", "https://example.com/l.svg", "", true, false},
		{"v=BIMI1; l=; a=;", "", "", "", true, true},
		{"v=BIMI1; l=", "", "", "", true, true},
		{"v=BIMI1; l=; a=https://example.com/vmc.pem", "empty-location", "", "https://example.com/vmc.pem", false, false},
		{"v=BIMI1;", "missing-location", "", "", false, false},
		{"v=BIMI1; a=https://example.com/vmc.pem", "missing-location", "", "https://example.com/vmc.pem", false, false},
		{"v=BIMI1; l=http://example.com/l.svg", "invalid-location", "", "", false, false},
		{"v=BIMI1; l=https://example.com/l.svg,https://example.com/m.svg", "invalid-location", "", "", false, false},
		{"v=BIMI1; l=//example.com/l.svg", "invalid-location", "", "", false, false},
		{"v=BIMI1; l=https://example.com/l.svg; a=self", "invalid-authority", "https://example.com/l.svg", "", false, false},
		{"v=BIMI1; l=https://example.com/l.svg; avp=other; x=1", "invalid-avp unknown-tag", "https://example.com/l.svg", "", true, false},
		{"v=BIMI1; l=https://example.com/l.svg; l=", "syntax", "", "", false, false},
		{"l=https://example.com/l.svg; v=BIMI1", "invalid-version unknown-tag missing-location", "", "", false, false},
		{"v=BIMI2; l=https://example.com/l.svg", "invalid-version", "https://example.com/l.svg", "", false, false},
		{"", "syntax", "", "", false, false},
	} {
		r := ParseRecord(c.txt)
		if ids(r.Problems) != c.problems || r.Location != c.location || r.Authority != c.authority || r.Valid() != c.valid || r.Declined != c.declined {
			t.Errorf("%q: problems %q, %+v", c.txt, ids(r.Problems), r)
		}
	}
	r := ParseRecord("v=BIMI1; l=https://example.com/l.svg; avp=Personal; lps=news, shop,")
	if r.AvatarPreference != "personal" || !reflect.DeepEqual(r.LocalPartSelectors, []string{"news", "shop"}) || !r.Valid() {
		t.Errorf("%+v", r)
	}
}

func TestLookup(t *testing.T) {
	const good = "TXT v=BIMI1; l=https://example.com/l.svg"
	for _, c := range []struct {
		name     string
		zone     dns.Zone
		org      string
		selector string
		result   Result
		problem  string
		found    string
		asked    int
	}{
		{"own", dns.Zone{"default._bimi.news.example.com": {good}}, "example.com", "", Valid, "", "news.example.com", 1},
		{"of-the-organizational-domain", dns.Zone{"default._bimi.example.com": {good}}, "example.com", "", Valid, "", "example.com", 2},
		{"other-selector", dns.Zone{"red._bimi.example.com": {good}}, "example.com", "red", Valid, "", "example.com", 2},
		{"none", dns.Zone{"example.com": {"A 192.0.2.1"}}, "example.com", "", None, NoRecord, "example.com", 2},
		{"no-organizational-domain", dns.Zone{"default._bimi.example.com": {good}}, "", "", None, NoRecord, "news.example.com", 1},
		{"declined-below", dns.Zone{"default._bimi.news.example.com": {"TXT v=BIMI1; l=; a="}, "default._bimi.example.com": {good}}, "example.com", "", Declined, "", "news.example.com", 1},
		{"several", dns.Zone{"default._bimi.news.example.com": {good, good + "2"}}, "example.com", "", Invalid, MultipleRecords, "news.example.com", 1},
		{"near", dns.Zone{"default._bimi.news.example.com": {"TXT v=bimi1; l=https://example.com/l.svg"}}, "example.com", "", Invalid, NearRecord, "news.example.com", 1},
		{"invalid", dns.Zone{"default._bimi.news.example.com": {"TXT v=BIMI1; l=x"}}, "example.com", "", Invalid, InvalidRecord, "news.example.com", 1},
		{"servfail-is-not-absence", dns.Zone{"default._bimi.news.example.com": {"SERVFAIL"}, "default._bimi.example.com": {good}}, "example.com", "", TempError, DNSFailed, "news.example.com", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := Lookup(context.Background(), dns.MustMemory(c.zone), c.selector, "News.example.com", c.org)
			if v.Result != c.result || v.Problem != c.problem || v.Found != c.found || len(v.DNS) != c.asked || v.Reason == "" {
				t.Errorf("%+v", v)
			}
		})
	}
}

const logo = `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.2" baseProfile="tiny-ps" viewBox="0 0 64 64">
<title>Example</title><desc>A square</desc><defs><linearGradient id="g"><stop offset="0" stop-color="#f00"/></linearGradient></defs>
<rect width="64" height="64" fill="url(#g)"/><use xlink:href="#g"/></svg>`

func TestCheckSVG(t *testing.T) {
	in := func(old, replacement string) string { return strings.Replace(logo, old, replacement, 1) }
	body := func(s string) string { return in("</svg>", s+"</svg>") }
	for _, c := range []struct {
		name, file, problems string
		valid                bool
	}{
		{"good", logo, "", true},
		{"plain-doctype", in("?>\n", "?>\n<!DOCTYPE svg>"), "", true},
		{"metadata-of-an-editor", body(`<metadata><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:li rdf:resource="http://example.com/"/></rdf:RDF></metadata>`), "", true},
		{"us-ascii", in("UTF-8", "us-ascii"), "", true},
		{"version", in(`version="1.2"`, `version="1.1"`), "version", false},
		{"profile-missing", in(`baseProfile="tiny-ps"`, ""), "base-profile", false},
		{"profile-tiny", in("tiny-ps", "tiny"), "base-profile", false},
		{"no-title", in("<title>Example</title>", ""), "no-title", false},
		{"empty-title", in("Example", " "), "no-title", false},
		{"title-elsewhere", in("<title>Example</title>", "<g><title>Example</title></g>"), "no-title", false},
		{"long-title", in("Example", strings.Repeat("x", 65)), "long-title", true},
		{"root-x", in("viewBox=", `x="0" viewBox=`), "root-x-y", false},
		{"no-viewbox", in(`viewBox="0 0 64 64"`, ""), "no-viewbox", true},
		{"not-square", in("0 0 64 64", "0 0 64 32"), "not-square", true},
		{"square-by-commas", in("0 0 64 64", "0,0,64.0,64"), "", true},
		{"script", body("<script>alert(1)</script>"), "script", false},
		{"event", body(`<g onclick="x()"/>`), "script", false},
		{"event-on-the-root", in("viewBox=", `onload="x()" viewBox=`), "script", false},
		{"javascript-link", body(`<use xlink:href=" JavaScript:x()"/>`), "script", false},
		{"animation", body(`<animate attributeName="x"/>`), "animation", false},
		{"foreign-object", body("<foreignObject/>"), "forbidden-element", false},
		{"style-element", body("<style>a{}</style>"), "forbidden-element", false},
		{"style-attribute", body(`<g style="fill:red"/>`), "style-attribute", false},
		{"raster", body(`<image xlink:href="data:image/png;base64,AAAA"/>`), "image image", false},
		{"external-image", body(`<image xlink:href="https://example.com/x.png"/>`), "image external-reference", false},
		{"external-use", body(`<use href="other.svg#x"/>`), "external-reference", false},
		{"external-fill", body(`<g fill="url( 'https://example.com/x#y')"/>`), "external-reference", false},
		{"second-url-external", body(`<g fill="url(#a) url(x)"/>`), "external-reference", false},
		{"link", body(`<a xlink:href="https://example.com/"/>`), "external-reference external-reference", false},
		{"xml-base", in("viewBox=", `xml:base="https://example.com/" viewBox=`), "external-reference", false},
		{"stylesheet", in("?>\n", `?><?xml-stylesheet href="x.css"?>`), "external-reference", false},
		{"script-in-metadata", body("<metadata><script/></metadata>"), "forbidden-element", false},
		{"foreign-element", body(`<x xmlns="urn:x"/>`), "foreign-content", true},
		{"entities", in("?>\n", `?><!DOCTYPE svg [<!ENTITY a "b">]>`), "entities", false},
		{"entity-used", in("Example", "&a;"), "not-xml", false},
		{"latin1", in("UTF-8", "ISO-8859-1"), "not-utf8", false},
		{"not-utf8", in("Example", "caf\xe9"), "not-utf8", false},
		{"other-namespace", in("2000/svg", "2001/svg"), "not-svg", false},
		{"html", "<html><svg/></html>", "not-svg", false},
		{"two-roots", logo + "<svg/>", "not-svg", false},
		{"not-closed", in("</svg>", ""), "not-xml", false},
		{"empty", "", "not-svg", false},
		{"png", "\x89PNG\r\n", "not-utf8", false},
		{"gzip", "\x1f\x8b\x08", "compressed", false},
		{"too-large", in("A square", strings.Repeat("x", MaxSVG)), "too-large", false},
		{"far-too-large", strings.Repeat("x", MaxDocument+1), "too-large", false},
		{"too-deep", body(strings.Repeat("<g>", 200) + strings.Repeat("</g>", 200)), "too-complex", false},
		{"too-many-tokens", body(strings.Repeat("<g/>", 30_000)), "too-large too-complex", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := CheckSVG([]byte(c.file))
			if ids(s.Problems) != c.problems || s.Valid() != c.valid {
				t.Errorf("%+v", s)
			}
		})
	}
	if s := CheckSVG([]byte(logo)); s.Title != "Example" || s.Version != "1.2" || s.BaseProfile != "tiny-ps" || s.ViewBox != "0 0 64 64" || s.Octets != len(logo) {
		t.Errorf("%+v", s)
	}
	if s := CheckSVG([]byte(body(strings.Repeat("<b/><c/>", 100) + manyElements()))); len(s.Problems) > maxFaults {
		t.Errorf("%d problems", len(s.Problems))
	}
}

func manyElements() string {
	var b strings.Builder
	for i := range 200 {
		b.WriteString("<e" + strings.Repeat("x", i%150) + "/>")
	}
	return b.String()
}

var now = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// logotype builds the extension as authorities do: subjectLogo, direct, one image.
func logotype(t testing.TB, svg []byte, sum []byte) pkix.Extension {
	t.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(svg)
	z.Close()
	wrap := func(class, tag int, inner []byte) []byte {
		b, err := asn1.Marshal(asn1.RawValue{Class: class, Tag: tag, IsCompound: true, Bytes: inner})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	ia5 := func(s string) []byte {
		b, _ := asn1.MarshalWithParams(s, "ia5")
		return b
	}
	algorithm, err := asn1.Marshal(logotypeHash{pkix.AlgorithmIdentifier{Algorithm: oidSHA256}, sum})
	if err != nil {
		t.Fatal(err)
	}
	uri := ia5("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(packed.Bytes()))
	details := wrap(0, 16, bytes.Join([][]byte{ia5("image/svg+xml"), wrap(0, 16, algorithm), wrap(0, 16, uri)}, nil))
	data := wrap(0, 16, wrap(0, 16, details)) // SEQUENCE OF LogotypeImage
	return pkix.Extension{Id: oidLogotype, Value: wrap(0, 16, wrap(2, 2, wrap(2, 0, data)))}
}

type mark struct {
	names    []string
	until    time.Time
	usage    bool
	logotype *pkix.Extension
	ca       bool
}

type issuer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newIssuer(t testing.TB) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Mark CA"}, NotBefore: now.AddDate(-5, 0, 0), NotAfter: now.AddDate(5, 0, 0), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, _ := x509.ParseCertificate(der)
	return &issuer{cert, key}
}

func (i *issuer) issue(t testing.TB, m mark) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: now.AddDate(-1, 0, 0), NotAfter: m.until, DNSNames: m.names, IsCA: m.ca, BasicConstraintsValid: true,
		Subject: pkix.Name{CommonName: "Example", ExtraNames: []pkix.AttributeTypeAndValue{{Type: oidMarkType, Value: "Registered Mark"}}}}
	if m.usage {
		template.UnknownExtKeyUsage = []asn1.ObjectIdentifier{oidUsage}
	}
	if m.logotype != nil {
		template.ExtraExtensions = []pkix.Extension{*m.logotype}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, i.cert, &i.key.PublicKey, i.key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func (i *issuer) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.cert.Raw})
}

func TestCheckCertificate(t *testing.T) {
	ca := newIssuer(t)
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	sum := sha256.Sum256([]byte(logo))
	ext := logotype(t, []byte(logo), sum[:])
	wrongSum := logotype(t, []byte(logo), make([]byte, 32))
	broken := pkix.Extension{Id: oidLogotype, Value: []byte{0x30, 0x02, 0x05, 0x00}}
	year := now.AddDate(1, 0, 0)
	good := mark{[]string{"example.com"}, year, true, &ext, false}
	with := func(change func(*mark)) mark {
		m := good
		change(&m)
		return m
	}
	q := CertificateQuestion{Domain: "news.example.com", OrgDomain: "example.com", Logo: []byte(logo), At: now, Roots: roots}
	for _, c := range []struct {
		name     string
		mark     mark
		change   func(*CertificateQuestion)
		noIssuer bool
		problems string
		valid    bool
	}{
		{"good", good, nil, false, "", true},
		{"record-name", with(func(m *mark) { m.names = []string{"default._bimi.example.com"} }), nil, false, "", true},
		{"subdomain", with(func(m *mark) { m.names = []string{"NEWS.example.com"} }), nil, false, "", true},
		{"wrong-selector", with(func(m *mark) { m.names = []string{"red._bimi.example.com"} }), nil, false, "wrong-domain", false},
		{"wrong-domain", with(func(m *mark) { m.names = []string{"example.org"} }), nil, false, "wrong-domain", false},
		{"expired", with(func(m *mark) { m.until = now.AddDate(0, 0, -1) }), nil, false, "expired", false},
		{"not-yet", good, func(q *CertificateQuestion) { q.At = now.AddDate(-2, 0, 0) }, false, "not-yet-valid", false},
		{"usage", with(func(m *mark) { m.usage = false }), nil, false, "wrong-usage", false},
		{"no-logotype", with(func(m *mark) { m.logotype = nil }), nil, false, "no-logotype", false},
		{"broken-logotype", with(func(m *mark) { m.logotype = &broken }), nil, false, "bad-logotype", false},
		{"wrong-hash", with(func(m *mark) { m.logotype = &wrongSum }), nil, false, "logotype-hash", false},
		{"other-logo", good, func(q *CertificateQuestion) { q.Logo = []byte(logo + "\n") }, false, "logo-mismatch", false},
		{"logo-did-not-come", good, func(q *CertificateQuestion) { q.Logo = nil }, false, "", true},
		{"no-roots", good, func(q *CertificateQuestion) { q.Roots = nil }, false, "chain-not-checked", true},
		{"other-roots", good, func(q *CertificateQuestion) { q.Roots = x509.NewCertPool() }, false, "untrusted-issuer", false},
		{"no-issuer", good, nil, true, "no-issuer", true},
		{"authority-first", with(func(m *mark) { m.ca = true }), nil, false, "leaf-not-first", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := ca.issue(t, c.mark)
			if !c.noIssuer {
				file = append(file, ca.pem()...)
			}
			q := q
			if c.change != nil {
				c.change(&q)
			}
			got := CheckCertificate(file, q)
			if ids(got.Problems) != c.problems || got.Valid() != c.valid || got.MarkType != "Registered Mark" {
				t.Errorf("%+v", got.Problems)
			}
		})
	}
	for file, want := range map[string]string{
		"": NotPEM, "nonsense": NotPEM, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n": BadCertificate,
		strings.Repeat("x", MaxDocument+1): CertificateLarge, strings.Repeat(string(ca.pem()), MaxCertificates+1): TooManyCerts,
	} {
		if got := CheckCertificate([]byte(file), q); len(got.Problems) == 0 || got.Problems[0].ID != want {
			t.Errorf("%.20q: %+v", file, got.Problems)
		}
	}
}

type fake func(*http.Request) (*http.Response, error)

func (f fake) Do(r *http.Request) (*http.Response, error) { return f(r) }

func TestGet(t *testing.T) {
	serve := fake(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(logo)), Request: r}, nil
	})
	if d := Get(context.Background(), serve, "https://example.com/l.svg"); string(d.Body) != logo || d.Problem != "" {
		t.Errorf("%+v", d)
	}
	if d := Get(context.Background(), serve, "http://example.com/l.svg"); d.Problem != "bad-url" {
		t.Errorf("%+v", d)
	}
}

func FuzzParseRecord(f *testing.F) {
	for _, s := range []string{"v=BIMI1; l=https://example.com/l.svg; a=", "v=BIMI1;l=;a=;", "v = BIMI1; avp=personal; lps=a,b; l=https://x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := ParseRecord(s)
		if !r.Valid() {
			return
		}
		back := ParseRecord(r.String())
		if !IsRecord(s) || !back.Valid() || back.Location != r.Location || back.Declined != r.Declined || !reflect.DeepEqual(back.Tags, r.Tags) {
			t.Errorf("%q -> %q", s, r.String())
		}
	})
}

func FuzzCheckSVG(f *testing.F) {
	for _, s := range []string{logo, "<svg/>", `<?xml version="1.0" encoding="x"?>`, "<!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>", "\x1f\x8b"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := CheckSVG(b)
		if s.Valid() && (s.Title == "" || s.Version != "1.2") {
			t.Errorf("%q is valid: %+v", b, s)
		}
		if len(s.Problems) > maxFaults {
			t.Errorf("%d problems", len(s.Problems))
		}
	})
}

func FuzzCheckCertificate(f *testing.F) {
	ca := newIssuer(f)
	sum := sha256.Sum256([]byte(logo))
	ext := logotype(f, []byte(logo), sum[:])
	f.Add(ca.issue(f, mark{[]string{"example.com"}, now.AddDate(1, 0, 0), true, &ext, false}))
	f.Add(ca.pem())
	f.Fuzz(func(t *testing.T, b []byte) {
		c := CheckCertificate(b, CertificateQuestion{Domain: "example.com", At: now, Roots: x509.NewCertPool()})
		if c.Valid() {
			t.Errorf("%q is valid without roots", b)
		}
	})
}

func FuzzLogotype(f *testing.F) {
	sum := sha256.Sum256([]byte(logo))
	f.Add(logotype(f, []byte(logo), sum[:]).Value)
	f.Fuzz(func(t *testing.T, der []byte) {
		images, ok := parseLogotype(der)
		if !ok && images != nil || len(images) > maxImages {
			t.Errorf("%v %d", ok, len(images))
		}
		for _, i := range images {
			i.hashFits(i.svg)
		}
	})
}
