package check_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/repair/paste"
)

// TestAttackPrivateKey: a private key that somebody published is named, and repeated
// nowhere: reports are sent around, and kept.
func TestAttackPrivateKey(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 1024) // the private key holds its public half too
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(other.Public())
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.StdEncoding.EncodeToString
	secret := b64(wrapped)
	inPEM := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	good := "v=DKIM1; p=" + b64(public)
	for name, texts := range map[string][]string{
		"alone":          {"v=DKIM1; k=rsa; p=" + secret},
		"beside":         {good, "v=DKIM1; k=rsa; p=" + secret},
		"bare":           {secret},
		"pem":            {inPEM},
		"pem, beside":    {good, inPEM},
		"pem on a line":  {strings.ReplaceAll(inPEM, "\n", "")},
		"pem in a tag":   {"v=DKIM1; p=" + strings.ReplaceAll(inPEM, "\n", " ")},
		"quoted":         {"\"v=DKIM1; p=" + secret + "\""},
		"policy":         {"o=-; p=" + secret},
		"beside another": {"v=spf1 -all", "v=DMARC1; p=none", "v=DKIM1; p=" + secret},
	} {
		for where, at := range map[string]func(dns.Question) bool{
			"selector":   func(q dns.Question) bool { return q.Name == "s1._domainkey.example.com" },
			"folder":     func(q dns.Question) bool { return q.Name == "_domainkey.example.com" },
			"domain":     func(q dns.Question) bool { return q.Name == "example.com" },
			"misplaced":  func(q dns.Question) bool { return q.Name == "s1.example.com" },
			"everywhere": func(dns.Question) bool { return true },
		} {
			h := hostile{answer: func(q dns.Question) []dns.Record {
				if q.Type == dns.TypeMX {
					return []dns.Record{{Pref: 10, Data: "mx.example.com"}}
				}
				if q.Type == dns.TypeTXT && at(q) {
					return txt(texts...)
				}
				return nil
			}}
			o := options
			o.Survey.Selectors = []string{"s1"}
			rep := check.Run(t.Context(), h, domain("example.com"), o)
			rep.Paste(paste.Forms, "en")
			for form, s := range renderAll(t, rep, "en", "ja") {
				for _, part := range []string{secret[100:140], secret[300:340], strings.Split(inPEM, "\n")[2][:40], strings.Split(inPEM, "\n")[5][:40]} {
					if i := strings.Index(s, part); i >= 0 {
						t.Errorf("%s at %s, %s shows it: ...%s", name, where, form, s[max(0, i-200):i])
						break
					}
				}
			}
		}
	}
}
