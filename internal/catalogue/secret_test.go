package catalogue

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/dns"
)

// derKeys are a private and a public key of every kind and form.
func derKeys(t *testing.T) (private, public map[string][]byte) {
	t.Helper()
	must := func(der []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	private, public = map[string][]byte{}, map[string][]byte{}
	for name, bits := range map[string]int{"rsa-1024": 1024, "rsa-2048": 2048} {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		private[name+" PKCS #1"] = x509.MarshalPKCS1PrivateKey(key)
		private[name+" PKCS #8"] = must(x509.MarshalPKCS8PrivateKey(key))
		public[name+" PKCS #1"] = x509.MarshalPKCS1PublicKey(&key.PublicKey)
		public[name+" SPKI"] = must(x509.MarshalPKIXPublicKey(key.Public()))
	}
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private["ed25519"] = must(x509.MarshalPKCS8PrivateKey(priv))
	public["ed25519 SPKI"] = must(x509.MarshalPKIXPublicKey(pub))
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private["SEC 1"] = must(x509.MarshalECPrivateKey(ec))
	return private, public
}

func TestHidePrivate(t *testing.T) {
	private, public := derKeys(t)
	for name, der := range private {
		b := base64.StdEncoding.EncodeToString(der)
		inPEM := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: der}))
		for _, text := range []string{b, "v=DKIM1; p=" + b, "x " + b + " y", b[:30] + `" "` + b[30:], "a\n" + inPEM + "b", strings.ReplaceAll(inPEM, "\n", ""), inPEM[:len(inPEM)/2]} {
			if got := HidePrivate(text); strings.Contains(got, b[40:55]) || !strings.Contains(got, hidden) {
				t.Errorf("%s: %q gives %q", name, text, got)
			}
		}
	}
	for name, der := range public {
		b := base64.StdEncoding.EncodeToString(der)
		for _, text := range []string{b, "v=DKIM1; k=rsa; p=" + b, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))} {
			if got := HidePrivate(text); got != text {
				t.Errorf("%s: %q gives %q", name, text, got)
			}
		}
	}
	for _, text := range []string{"", strings.Repeat("Message ", 30), "v=spf1 " + strings.Repeat("include:M.example ", 20), strings.Repeat("M", 200), "this is about private matters " + strings.Repeat("x ", 40)} {
		if got := HidePrivate(text); got != text {
			t.Errorf("%q gives %q", text, got)
		}
	}
}

// TestHidePrivateFinding: everything in a finding is hidden, and what others hold of it is not changed.
func TestHidePrivateFinding(t *testing.T) {
	private, _ := derKeys(t)
	b := base64.StdEncoding.EncodeToString(private["ed25519"]) + strings.Repeat("A", 40)
	was, seen := []string{"x", b}, []string{b}
	f := Finding{Args: map[string]string{"a": b, "b": "c"}, Evidence: seen, DNS: []dns.Change{{Was: was, Data: []string{"d"}}}, Snippets: []Snippet{{For: "x", Text: b}}}
	f.HidePrivate()
	want := Finding{Args: map[string]string{"a": hidden, "b": "c"}, Evidence: []string{hidden}, DNS: []dns.Change{{Was: []string{"x", hidden}, Data: []string{"d"}}}, Snippets: []Snippet{{For: "x", Text: hidden}}}
	if diff := cmp.Diff(want, f); diff != "" {
		t.Error(diff)
	}
	if was[1] != b || seen[0] != b {
		t.Error("what the survey saw was changed")
	}
}

func FuzzHidePrivate(f *testing.F) {
	f.Add("v=DKIM1; p=MIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==")
	f.Add("-----BEGIN PRIVATE KEY-----")
	f.Fuzz(func(t *testing.T, s string) {
		if got := HidePrivate(s); HidePrivate(got) != got {
			t.Errorf("%q: hidden twice gives something else", s)
		}
	})
}
