package dkim

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// derRSA is a SubjectPublicKeyInfo of any numbers, which crypto/x509 would refuse.
func derRSA(n, e *big.Int) []byte {
	inner, err := asn1.Marshal(struct{ N, E *big.Int }{n, e})
	if err != nil {
		panic(err)
	}
	type algorithm struct {
		OID  asn1.ObjectIdentifier
		Null asn1.RawValue
	}
	out, err := asn1.Marshal(struct {
		A algorithm
		B asn1.BitString
	}{
		algorithm{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, asn1.NullRawValue},
		asn1.BitString{Bytes: inner, BitLength: 8 * len(inner)},
	})
	if err != nil {
		panic(err)
	}
	return out
}

func TestParseKey(t *testing.T) {
	pub := testKeys["rsa"].Public().(*rsa.PublicKey)
	bare := b64(x509.MarshalPKCS1PublicKey(pub))
	k, err := ParseKey("v=DKIM1; h=sha256:SHA1; k=rsa; s=email : *; t=y:s; n=hello=20world; x=unknown; p=" + bare[:20] + "\t " + bare[20:])
	if err != nil {
		t.Fatal(err)
	}
	if !pub.Equal(k.Public) || k.Bits != 2048 || k.Type != "rsa" || !k.Testing() || !k.StrictIdentity() || k.Notes != "hello=20world" || k.Revoked {
		t.Errorf("%+v", k)
	}
	if d := cmp.Diff([][]string{{"sha256", "sha1"}, {"email", "*"}, {"y", "s"}}, [][]string{k.Hashes, k.Services, k.Flags}); d != "" {
		t.Error(d)
	}
	if k, err = ParseKey(recordOf("ed25519")); err != nil || k.Bits != 256 || !testKeys["ed25519"].Public().(ed25519.PublicKey).Equal(k.Public) {
		t.Errorf("%+v, %v", k, err)
	}
	if k, err = ParseKey("p="); err != nil || !k.Revoked || k.Public != nil || k.Hashes != nil {
		t.Errorf("revoked: %+v, %v", k, err)
	}
	for record, want := range map[string]error{
		"": ErrKeySyntax, "p": ErrKeySyntax, "k=rsa": ErrKeySyntax, "k=dsa; p=AAAA": ErrKeyType, "h=; p=": ErrKeySyntax,
		"t=y::s; p=": ErrKeySyntax, "s=" + strings.Repeat("a:", 100) + "a; p=": ErrKeySyntax,
	} {
		if _, err := ParseKey(record); !errors.Is(err, want) {
			t.Errorf("%q: %v", record, err)
		}
	}
}

// TestParseRSAForms: RFC 6376 section 3.6.1 means RSAPublicKey; everybody publishes SubjectPublicKeyInfo.
func TestParseRSAForms(t *testing.T) {
	pub := testKeys["rsa"].Public().(*rsa.PublicKey)
	spki, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	ed, err := x509.MarshalPKIXPublicKey(testKeys["ed25519"].Public())
	if err != nil {
		t.Fatal(err)
	}
	for name, der := range map[string][]byte{"SPKI": spki, "PKCS#1": x509.MarshalPKCS1PublicKey(pub)} {
		got, bits, err := parseRSA(der)
		if err != nil || bits != 2048 || !pub.Equal(got) {
			t.Errorf("%s: %d bits, %v", name, bits, err)
		}
		for i := range der {
			if _, _, err := parseRSA(der[:i]); err == nil {
				t.Errorf("%s cut to %d octets is a key", name, i)
			}
		}
		if _, _, err := parseRSA(append(bytes.Clone(der), 0)); err == nil {
			t.Errorf("%s with an octet behind it is a key", name)
		}
	}
	if _, _, err := parseRSA(ed); err == nil {
		t.Error("an Ed25519 key is an RSA key")
	}
}

// TestParsePrivateKey_Forms: what people have in such files; where it is no key that can be read, the error says what it is, and holds nothing of it.
func TestParsePrivateKey_Forms(t *testing.T) {
	key, err := GenerateKey("ed25519", 0)
	if err != nil {
		t.Fatal(err)
	}
	text, err := MarshalPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	other := func(kind string) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: block.Bytes}))
	}
	for what, data := range map[string]string{
		"CRLF": strings.ReplaceAll(string(text), "\n", "\r\n"), "a byte order mark": "\xef\xbb\xbf" + string(text), "indented": "key: |\n  " + strings.Join(lines, "\n  ") + "\n",
		"text before": "Bag Attributes\n    friendlyName: x -----\n" + string(text), "after a public key": other("PUBLIC KEY") + string(text),
	} {
		if got, err := ParsePrivateKey([]byte(data)); err != nil || !key.Public().(ed25519.PublicKey).Equal(got.Public()) {
			t.Errorf("%s: %v", what, err)
		}
	}
	utf16 := []byte("\xff\xfe")
	for _, c := range text {
		utf16 = append(utf16, c, 0)
	}
	for what, c := range map[string]struct{ data, want string }{
		"encrypted": {other("ENCRYPTED PRIVATE KEY"), "is encrypted"}, "public": {other("PUBLIC KEY"), "public key"}, "certificate": {other("CERTIFICATE"), "certificate"},
		"encrypted as of old": {string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"}, Bytes: block.Bytes})), "is encrypted"},
		"ECDSA":               {other("EC PRIVATE KEY"), "ECDSA"}, "OpenSSH": {other("OPENSSH PRIVATE KEY"), "OpenSSH"}, "DER": {"\x30\x82" + string(block.Bytes), "in DER"},
		"base64": {lines[1], "base64 without"}, "cut off": {lines[0] + "\n" + lines[1], "damaged"}, "one line": {strings.Join(lines, ""), "damaged"}, "empty": {" \n", "empty"},
		"UTF-16": {string(utf16), "UTF-16"}, "something else": {"<html>", "openssl genpkey"},
	} {
		_, err := ParsePrivateKey([]byte(c.data))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), lines[1][:20]) || strings.Contains(err.Error(), "-----") {
			t.Errorf("%s: %v", what, err)
		}
		if strings.HasPrefix(what, "encrypted") != errors.Is(err, ErrEncryptedKey) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestKeygen(t *testing.T) {
	for _, algorithm := range []string{"rsa", "ed25519"} {
		key := testKeys[algorithm]
		data, err := MarshalPrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParsePrivateKey(append([]byte("# a comment\n"), data...))
		if err != nil || !key.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(again.Public()) {
			t.Errorf("%s does not survive PEM: %v", algorithm, err)
		}
		k, err := ParseKey(recordOf(algorithm))
		if err != nil || k.Type != algorithm {
			t.Errorf("RecordFor %s: %v", algorithm, err)
		}
	}
	for _, c := range []struct {
		algorithm string
		bits      int
	}{{"rsa", 1023}, {"rsa", 4097}, {"rsa", 0}, {"dsa", 2048}, {"", 0}} {
		if _, err := GenerateKey(c.algorithm, c.bits); err == nil {
			t.Errorf("GenerateKey(%q, %d) made a key", c.algorithm, c.bits)
		}
	}
	for name, data := range map[string]string{
		"nothing": "", "text": "hello", "a public key": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
		"garbage": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "garbage RSA": "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
		"encrypted": "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
	} {
		if _, err := ParsePrivateKey([]byte(data)); err == nil {
			t.Errorf("%s is a private key", name)
		}
	}
	if _, err := RecordFor(&rsa.PublicKey{N: big.NewInt(15), E: 3}); err == nil {
		t.Error("a record was made for a key of 4 bits")
	}
	if _, err := RecordFor("no key"); err == nil {
		t.Error("a record was made for a string")
	}
}
