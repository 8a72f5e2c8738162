package repair

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/testcorpus"
)

// pair makes a key and its record.
func pair(t testing.TB, algorithm string) (private []byte, record string) {
	t.Helper()
	key, err := dkim.GenerateKey(algorithm, 1024)
	if err != nil {
		t.Fatal(err)
	}
	record, err = dkim.RecordFor(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	private, err = x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return private, record
}

func TestMendDKIM(t *testing.T) {
	private, rsa := pair(t, "rsa")
	_, ed := pair(t, "ed25519")
	p := strings.TrimPrefix(rsa, "v=DKIM1; k=rsa; p=")
	edP := strings.TrimPrefix(ed, "v=DKIM1; k=ed25519; p=")
	edRaw, _ := base64.StdEncoding.DecodeString(edP)
	spki := base64.StdEncoding.EncodeToString(append(slices.Clone(ed25519Prefix), edRaw...))
	half := len(p)/2 + 1
	for name, c := range map[string]struct {
		text, want string
		defects    []string
	}{
		"good":                {rsa, rsa, nil},
		"good without v=":     {"p=" + p, "p=" + p, nil},
		"folded":              {"v=DKIM1; k=rsa; p=" + p[:half] + " " + p[half:], "v=DKIM1; k=rsa; p=" + p[:half] + " " + p[half:], nil},
		"quotes inside":       {"v=DKIM1; k=rsa; p=" + p[:half] + `" "` + p[half:], rsa, []string{ArtefactQuotes}},
		"quoted once more":    {`"` + rsa + `"`, rsa, []string{ArtefactQuotes}},
		"escaped semicolons":  {strings.ReplaceAll(rsa, ";", `\;`), rsa, []string{ArtefactBackslash}},
		"curly":               {"“" + rsa + "”", rsa, []string{ArtefactTypeset}},
		"full width":          {strings.Replace(rsa, "v=DKIM1;", "ｖ＝ＤＫＩＭ１；", 1), rsa, []string{ArtefactFullWidth}},
		"zero width":          {strings.Replace(rsa, "; p=", ";\u200b p=", 1), rsa, []string{ArtefactInvisible}},
		"PEM":                 {"v=DKIM1; k=rsa; p=-----BEGIN PUBLIC KEY-----\n" + p + "\n-----END PUBLIC KEY-----", rsa, []string{ArtefactSpaces, KeyPEM}},
		"no p=":               {"v=DKIM1; k=rsa; " + p, rsa, []string{KeyTags}},
		"glued":               {"v=DKIM1;k=rsap=" + p, rsa, []string{KeyTags}},
		"no semicolons":       {"v=DKIM1 k=rsa p=" + p, rsa, []string{KeyTags}},
		"v= last":             {"k=rsa; p=" + p + "; v=DKIM1", rsa, []string{KeyTags}},
		"v= misspelt":         {"v=DKIM; k=rsa; p=" + p, rsa, []string{KeyVersion}},
		"k= wrong":            {"v=DKIM1; k=ed25519; p=" + p, rsa, []string{KeyWrongType}},
		"k= wrong, Ed25519":   {"v=DKIM1; k=rsa; p=" + edP, ed, []string{KeyWrongType}},
		"Ed25519 in ASN.1":    {"v=DKIM1; k=ed25519; p=" + spki, ed, []string{KeySPKI}},
		"padding lost":        {"v=DKIM1; k=ed25519; p=" + strings.TrimRight(edP, "="), ed, []string{KeyAlphabet}},
		"trailing":            {rsa + "AAAA", rsa, []string{KeyTrailing}},
		"s= for another":      {"v=DKIM1; s=tlsrpt; p=" + p, rsa, []string{KeyUse}},
		"h= of SHA-1 only":    {"v=DKIM1; h=sha1; k=rsa; t=s; p=" + p, "v=DKIM1; k=rsa; t=s; p=" + p, []string{KeyUse}},
		"truncated":           {rsa[:120], "", []string{KeyTruncated}},
		"private":             {"v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(private), "", []string{KeyPrivate}},
		"private cut short":   {"v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(private)[:240], "", []string{KeyPrivate}},
		"nothing of any sort": {"v=DKIM1; k=rsa; p=your-key-here", "", []string{KeyAlphabet, KeyBroken}},
		"a policy, no key":    {"v=DKIM1; o=~", "", []string{KeyBroken}},
		"revoked":             {"v=DKIM1; p=", "v=DKIM1; p=", nil},
	} {
		got := MendDKIM(c.text)
		if got.Text != c.want || !slices.Equal(got.Defects, c.defects) {
			t.Errorf("%s: %q %v, want %q %v", name, got.Text, got.Defects, c.want, c.defects)
		}
		if !LooksLikeDKIM(c.text) {
			t.Errorf("%s: is not taken for a key record", name)
		}
	}
	if k := MendDKIM(rsa[:120]); k.Have == 0 || k.Want <= k.Have {
		t.Errorf("truncated: %d of %d octets", k.Have, k.Want)
	}
}

// TestMendLostPlus: every "+" became a space on its way through a web form.
func TestMendLostPlus(t *testing.T) {
	for range 20 {
		_, rsa := pair(t, "rsa")
		if !strings.Contains(rsa, "+") || strings.Contains(rsa, "++") {
			continue
		}
		got := MendDKIM(strings.ReplaceAll(rsa, "+", " "))
		if got.Text != rsa || !got.Has(KeyAlphabet) {
			t.Errorf("%q: %q %v", rsa, got.Text, got.Defects)
		}
		return
	}
	t.Error("no key with a single + was made")
}

func TestLooksLikeDKIM(t *testing.T) {
	for _, text := range []string{"", "v=spf1 mx -all", "v=DMARC1; p=none", "o=~", "google-site-verification=abc", "hello p=", "MS=ms1234", "v=BIMI1; l=; a="} {
		if LooksLikeDKIM(text) {
			t.Errorf("%q is taken for a key record", text)
		}
	}
}

// TestRealKeys: of the keys that real domains publish under a selector, each is good, or is
// one that went through a panel with its quotes and is mended.
func TestRealKeys(t *testing.T) {
	s := bufio.NewScanner(bytes.NewReader(testcorpus.Read(t, "realdns/records.jsonl")))
	s.Buffer(nil, 1<<20)
	good, mended := 0, 0
	for s.Scan() {
		var r struct{ Name, Type, Data string }
		if err := json.Unmarshal(s.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if r.Type != "TXT" || !strings.Contains(r.Name, "._domainkey.") || !strings.Contains(r.Data, "p=") {
			continue
		}
		switch k := MendDKIM(r.Data); {
		case k.Key == nil || !LooksLikeDKIM(r.Data):
			t.Errorf("%s: %q is not understood: %v", r.Name, r.Data, k.Defects)
		case len(k.Defects) == 0:
			good++
		case k.Has(ArtefactQuotes) && strings.Contains(r.Data, `"`) && k.Key.Bits >= 1024:
			mended++
		default:
			t.Errorf("%s: %q has %v", r.Name, r.Data, k.Defects)
		}
	}
	if good < 300 || mended < 10 {
		t.Errorf("%d good and %d mended keys", good, mended)
	}
}

func FuzzMendDKIM(f *testing.F) {
	_, rsa := pair(f, "rsa")
	for _, s := range []string{rsa, rsa[:100], `"` + rsa + `"`, "v=DKIM1; p=", "p=AAAA", "v=DKIM1 k=rsa p=-----BEGIN PRIVATE KEY-----", "k=rsap=MII\\;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		k := MendDKIM(text)
		if k.Text == "" {
			return
		}
		if k.Has(KeyPrivate) {
			t.Fatalf("a private key is given out: %q", k.Text)
		}
		again := MendDKIM(k.Text)
		if again.Text != k.Text || len(again.Defects) > 0 {
			t.Fatalf("%q gives %q, which gives %q (%v)", text, k.Text, again.Text, again.Defects)
		}
	})
}
