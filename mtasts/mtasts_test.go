package mtasts

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
)

func ids(problems []Problem) string {
	var out []string
	for _, p := range problems {
		out = append(out, p.ID)
	}
	return strings.Join(out, " ")
}

// TestRFC8461Section3_1 is the ABNF of sts-text-record.
func TestRFC8461Section3_1(t *testing.T) {
	for _, c := range []struct {
		txt, id, problems string
		valid             bool
	}{
		{"v=STSv1; id=20160831085700Z;", "20160831085700Z", "", true},
		{"v=STSv1;id=1", "1", "", true},
		{"v=STSv1;\t id=1 \t;  ", "1", "", true},
		{"v=STSv1; id=1; ext=a:b/c", "1", "unknown-field", true},
		{"v=STSv1; id=1; id=2", "1", "duplicate-field", true},
		{"v=STSv1; id=" + strings.Repeat("a", 32), strings.Repeat("a", 32), "", true},
		{"v=STSv1; id=" + strings.Repeat("a", 33), "", "invalid-id", false},
		{"v=STSv1; id=2024-01-01", "", "invalid-id", false},
		{"v=STSv1; id=1 ", "", "invalid-id", false},
		{"v=STSv1; id=", "", "syntax missing-id", false},
		{"v=STSv1; ID=1", "", "field-case missing-id", false},
		{"v=STSv1;", "", "missing-id", false},
		{"v=STSv1", "", "syntax missing-id", false},
		{"v=STSv1; id=1;; x=1", "1", "syntax unknown-field", false},
		{"v=STSv1; id=1; x=a=b", "1", "syntax", false},
		{"v=STSv1; id=1; " + strings.Repeat("x", 33) + "=1", "1", "syntax", false},
		{"v=STSv1; id=1; x=\u3042", "1", "syntax", false},
		{"v=STSv1; id=1; mode enforce", "1", "syntax", false},
		{"v=STSv1; id=1;" + strings.Repeat("x=1;", 64), "1", "too-many-fields unknown-field" + strings.Repeat(" duplicate-field", 62), false},
	} {
		r := ParseRecord(c.txt)
		if ids(r.Problems) != c.problems || r.ID != c.id || r.Valid() != c.valid {
			t.Errorf("%q: id %q, problems %q, valid %v", c.txt, r.ID, ids(r.Problems), r.Valid())
		}
	}
}

const good = "version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\nmax_age: 604800\n"

// TestRFC8461Section3_2 is the ABNF of sts-policy-record.
func TestRFC8461Section3_2(t *testing.T) {
	for _, c := range []struct {
		name, file, problems string
		valid                bool
	}{
		{"lf", good, "", true},
		{"crlf", strings.ReplaceAll(good, "\n", "\r\n"), "", true},
		{"no-final-line-end", strings.TrimSuffix(good, "\n"), "", true},
		{"blanks-behind-colon-and-value", "version:STSv1 \t\nmode:\t enforce\nmx:a.example\nmax_age:1", "", true},
		{"any-order", "max_age: 1\nmx: a.example\nmode: testing\nversion: STSv1", "", true},
		{"mode-none-without-mx", "version: STSv1\nmode: none\nmax_age: 86400", "", true},
		{"max-age-zero", "version: STSv1\nmode: none\nmax_age: 0", "", true},
		{"max-age-most", "version: STSv1\nmode: none\nmax_age: 31557600", "", true},
		{"unknown-field", good + "extra: some text\n", "unknown-field", true},
		{"duplicate-first-counts", good + "mode: none\n", "duplicate-field", true},
		{"blank-line", good + "\n", "blank-line", true},
		{"max-age-too-large", "version: STSv1\nmode: none\nmax_age: 31557601", "max-age-too-large", false},
		{"max-age-eleven-digits", "version: STSv1\nmode: none\nmax_age: 00000000001", "invalid-max-age", false},
		{"max-age-words", "version: STSv1\nmode: none\nmax_age: 1 week", "invalid-max-age", false},
		{"max-age-sign", "version: STSv1\nmode: none\nmax_age: +1", "invalid-max-age", false},
		{"enforce-without-mx", "version: STSv1\nmode: enforce\nmax_age: 1", "missing-mx", false},
		{"testing-without-mx", "version: STSv1\nmode: testing\nmax_age: 1", "missing-mx", false},
		{"mx-wildcard-inside", "version: STSv1\nmode: testing\nmx: a.*.example\nmax_age: 1", "invalid-mx", false},
		{"mx-partial-wildcard", "version: STSv1\nmode: testing\nmx: mx*.example\nmax_age: 1", "invalid-mx", false},
		{"mx-bare-wildcard", "version: STSv1\nmode: testing\nmx: *\nmax_age: 1", "invalid-mx", false},
		{"mx-leading-dot", "version: STSv1\nmode: testing\nmx: .example.com\nmax_age: 1", "invalid-mx", false},
		{"mx-list", "version: STSv1\nmode: testing\nmx: a.example, b.example\nmax_age: 1", "invalid-mx", false},
		{"mx-final-dot", "version: STSv1\nmode: testing\nmx: a.example.\nmax_age: 1", "invalid-mx", false},
		{"mx-not-ascii", "version: STSv1\nmode: testing\nmx: \u65e5.example\nmax_age: 1", "invalid-mx", false},
		{"mode-wrong", "version: STSv1\nmode: Enforce\nmx: a.example\nmax_age: 1", "invalid-mode", false},
		{"version-wrong", "version: STSv2\nmode: none\nmax_age: 1", "invalid-version", false},
		{"field-case", "Version: STSv1\nmode: none\nmax_age: 1", "field-case missing-version", false},
		{"blank-before-colon", "version : STSv1\nmode: none\nmax_age: 1", "syntax missing-version", false},
		{"equals-sign", "version=STSv1\nmode: none\nmax_age: 1", "syntax missing-version", false},
		{"byte-order-mark", "\ufeff" + good, "byte-order-mark", false},
		{"bare-cr", strings.ReplaceAll(good, "\n", "\r"), "bare-cr missing-version missing-mode missing-max-age", false},
		{"html", "<!doctype html>\n<html></html>", "syntax syntax missing-version missing-mode missing-max-age", false},
		{"empty", "", "missing-version missing-mode missing-max-age", false},
		{"not-utf8", good + "x: \xff\n", "syntax", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := ParsePolicy([]byte(c.file))
			if ids(p.Problems) != c.problems || p.Valid() != c.valid {
				t.Errorf("problems %q, valid %v", ids(p.Problems), p.Valid())
			}
		})
	}
	p := ParsePolicy([]byte(good))
	if p.Mode != Enforce || p.MaxAge != 604800 || !reflect.DeepEqual(p.MX, []string{"mail.example.com", "*.example.net"}) {
		t.Errorf("%+v", p)
	}
	if p := ParsePolicy(bytes.Repeat([]byte("\n"), MaxLines+5)); p.Valid() || len(p.Problems) > MaxLines+5 {
		t.Errorf("%d problems", len(p.Problems))
	}
	if p := ParsePolicy([]byte("a: b\nmode: x\n")); p.Problems[1].Line != 2 {
		t.Errorf("line %d", p.Problems[1].Line)
	}
}

func TestRFC8461Section4_1(t *testing.T) {
	p := &Policy{MX: []string{"mail.example.com", "*.example.net"}}
	for host, want := range map[string]string{
		"mail.example.com": "mail.example.com", "MAIL.example.COM.": "mail.example.com", "a.example.net": "*.example.net",
		"a.b.example.net": "", "example.net": "", ".example.net": "", "mail.example.com.evil.example": "", "xmail.example.com": "",
		"": "", ".": "", "aexample.net": "", "*.example.net": "*.example.net",
	} {
		if got, ok := p.Match(host); got != want || ok != (want != "") {
			t.Errorf("%q: %q %v", host, got, ok)
		}
	}
}

type fake func(*http.Request) (*http.Response, error)

func (f fake) Do(r *http.Request) (*http.Response, error) { return f(r) }

func serve(status int, contentType, body string) fake {
	return func(r *http.Request) (*http.Response, error) {
		h := http.Header{"Content-Type": {contentType}, "Location": {"https://elsewhere.example/"}}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

func failing(err error) fake {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

func TestLookup(t *testing.T) {
	ok := []string{"TXT v=STSv1; id=1;"}
	for _, c := range []struct {
		name    string
		lines   []string
		doer    Doer
		result  Result
		problem string
		fetched bool
	}{
		{"none", nil, nil, None, NoRecord, false},
		{"other-text", []string{"TXT v=spf1 -all"}, nil, None, NoRecord, false},
		{"valid", ok, serve(200, "text/plain; charset=utf-8", good), Valid, "", true},
		{"valid-type-with-bad-parameter", ok, serve(200, "Text/Plain; charset", good), Valid, "", true},
		{"section-3.1-several-records", append(ok, "TXT v=STSv1; id=2"), serve(200, "text/plain", good), Invalid, MultipleRecords, true},
		{"section-3.1-near-record", []string{"TXT v=STSv1 ; id=2"}, serve(200, "text/plain", good), Invalid, NearRecord, true},
		{"section-3.1-quoted-twice", []string{`TXT "\"v=STSv1; id=2;\""`}, serve(200, "text/plain", good), Invalid, NearRecord, true},
		{"section-3.1-invalid-record", []string{"TXT v=STSv1; id=a-b"}, serve(200, "text/plain", good), Invalid, InvalidRecord, true},
		{"section-3.2-invalid-policy", ok, serve(200, "text/plain", "mode: enforce"), Invalid, InvalidPolicy, true},
		{"section-3.3-redirect", ok, serve(301, "text/plain", good), Invalid, FetchRedirect, true},
		{"section-3.3-not-found", ok, serve(404, "text/plain", good), Invalid, FetchStatus, true},
		{"section-3.3-content-type", ok, serve(200, "text/html", good), Invalid, NotPlainText, true},
		{"section-3.3-no-content-type", ok, serve(200, "", good), Invalid, NotPlainText, true},
		{"section-3.3-too-large", ok, serve(200, "text/plain", good+strings.Repeat("x: y\n", 20_000)), Invalid, FetchTooLarge, true},
		{"server-error", ok, serve(503, "text/plain", good), TempError, FetchStatus, true},
		{"time-out", ok, failing(context.DeadlineExceeded), TempError, FetchTimeout, true},
		{"section-3.3-certificate-name", ok, failing(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "mta-sts.example.com"}), Invalid, FetchCertName, true},
		{"section-3.3-certificate-unknown", ok, failing(x509.UnknownAuthorityError{}), Invalid, FetchCertUnknown, true},
		{"section-3.3-certificate-expired", ok, failing(x509.CertificateInvalidError{Reason: x509.Expired}), Invalid, FetchCertExpired, true},
		{"unknown-error", ok, failing(errors.New("x")), TempError, FetchFailed, true},
		{"servfail-is-not-absence", []string{"SERVFAIL"}, nil, TempError, DNSFailed, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			z := dns.Zone{"example.com": {"A 192.0.2.1"}}
			if c.lines != nil {
				z["_mta-sts.example.com"] = c.lines
			}
			v := Lookup(context.Background(), dns.MustMemory(z), c.doer, "Example.COM.")
			if v.Result != c.result || v.Problem != c.problem || (v.Response != nil) != c.fetched || v.Reason == "" {
				t.Errorf("%s %q %q %+v", v.Result, v.Problem, v.Reason, v.Response)
			}
			if c.fetched && v.Response.URL != "https://mta-sts.example.com/.well-known/mta-sts.txt" {
				t.Error(v.Response.URL)
			}
		})
	}
}

// TestRFC8461Section3_3 has a client that follows redirects, which must not be.
func TestRFC8461Section3_3(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/b", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, good) })
	mux.Handle("/", http.RedirectHandler("/b", http.StatusFound))
	s := httptest.NewServer(mux)
	defer s.Close()
	follow := fake(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.URL.Scheme, r.URL.Host = "http", strings.TrimPrefix(s.URL, "http://")
		return s.Client().Do(r)
	})
	d, p := FetchPolicy(context.Background(), follow, "example.com")
	if d.Problem != FetchRedirect || p != nil {
		t.Errorf("%+v %+v", d, p)
	}
	if d, _ := FetchPolicy(context.Background(), nil, "ex ample.com/"); d.Problem != FetchBadURL {
		t.Errorf("%+v", d)
	}
}

func FuzzParseRecord(f *testing.F) {
	for _, s := range []string{"v=STSv1; id=20160831085700Z;", "v=STSv1;;", "v=STSv1; a=b; id=x", "v=STSv1 ;id=1", "v=STSv1; id=1; id=\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := ParseRecord(s)
		if !r.Valid() {
			return
		}
		back := ParseRecord(r.String())
		if r.ID == "" || !back.Valid() || back.ID != r.ID || !reflect.DeepEqual(back.Fields, r.Fields) {
			t.Errorf("%q -> %q: %+v", s, r.String(), back)
		}
	})
}

func FuzzParsePolicy(f *testing.F) {
	for _, s := range []string{good, strings.ReplaceAll(good, "\n", "\r\n"), "\ufeff" + good, "mode: none\n\nmax_age: 1", "mx:*.\nmx: a..b\n\r\r\n"} {
		f.Add([]byte(s), "mail.example.com")
	}
	f.Fuzz(func(t *testing.T, b []byte, host string) {
		p := ParsePolicy(b)
		if pattern, ok := p.Match(host); ok && !strings.HasPrefix(pattern, "*.") && !strings.EqualFold(pattern, strings.TrimSuffix(host, ".")) {
			t.Errorf("%q matches %q", pattern, host)
		}
		if !p.Valid() {
			return
		}
		back := ParsePolicy([]byte(p.String()))
		if !back.Valid() || back.Mode != p.Mode || back.MaxAge != p.MaxAge || !reflect.DeepEqual(back.MX, p.MX) {
			t.Errorf("%q -> %q", b, p.String())
		}
	})
}
