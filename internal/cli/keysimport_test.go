package cli

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
)

// TestKeysImport_PEM: what is wrong with a file is said in plain words, in both languages, and nothing of the key with it.
func TestKeysImport_PEM(t *testing.T) {
	p := withKeys(t, dns.Zone{})
	file := filepath.Join(t.TempDir(), "k.pem")
	secret := "bm90IGEga2V5IGF0IGFsbA=="
	for what, c := range map[string]struct{ text, en, ja string }{
		"encrypted": {string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"}, Bytes: []byte("x")})),
			"k.pem: dkim: the private key is encrypted: decrypt it first (openssl pkey", "先に復号してください"},
		"public": {string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")})), "it holds a public key", "PEM 形式の秘密鍵として読み取れません"},
		"base64": {secret + "\n", "it is base64 without the lines", "PEM 形式の秘密鍵として読み取れません"},
	} {
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		for lang, want := range map[string]string{"en": c.en, "ja": c.ja} {
			r := p.run("keys", "import", "--pem", file, "--domain", "a.example", "--selector", "s", "--lang", lang).want(t, 2)
			if !strings.Contains(r.err, want) || strings.Contains(r.err, "%!") || strings.Contains(r.err, secret) || strings.Contains(r.err, "not shown") {
				t.Errorf("%s: %s", what, r.err)
			}
		}
	}
}

// TestKeysImport_NotHere: keys of rspamd that are elsewhere are no success.
func TestKeysImport_NotHere(t *testing.T) {
	p := withKeys(t, dns.Zone{})
	file := filepath.Join(t.TempDir(), "dkim_signing.conf")
	if err := os.WriteFile(file, []byte("use_redis = true;\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := p.run("keys", "import", "--rspamd", file, "--root", t.TempDir()).want(t, 1); !strings.Contains(r.err, "Redis") {
		t.Errorf("%s", r.err)
	}
}

// ed25519PEM is a new private key, as a file holds it.
func ed25519PEM(t *testing.T) string {
	t.Helper()
	key, err := dkim.GenerateKey("ed25519", 0)
	if err != nil {
		t.Fatal(err)
	}
	private, err := dkim.MarshalPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(private)
}

// TestKeysImport_OfAuthor: a key that signs for whoever writes is no success, and what to do is said.
func TestKeysImport_OfAuthor(t *testing.T) {
	p := withKeys(t, dns.Zone{})
	dir := t.TempDir()
	file := filepath.Join(dir, "opendkim.conf")
	for name, text := range map[string]string{file: "Domain *\nSelector s1\nKeyFile /k.pem\n", filepath.Join(dir, "k.pem"): ed25519PEM(t)} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := p.run("keys", "import", "--opendkim", file, "--root", dir).want(t, 1)
	if !strings.Contains(r.err, "--pem /k.pem --selector s1 --domain DOMAIN") {
		t.Errorf("%s", r.err)
	}
}

// TestKeysImport_Alone: lines that sign together in OpenDKIM, and would not here, are no success, and named.
func TestKeysImport_Alone(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{"keys": "a a.example:s1:/1.pem\nb a.example:s2:/2.pem\n", "conf": "KeyTable refile:/keys\nSigningTable refile:/table\nMultipleSignatures yes\n"}
	for _, name := range []string{"1.pem", "2.pem"} {
		files[name] = ed25519PEM(t)
	}
	for table, said := range map[string]string{
		"x@a.example a\n*@a.example b\n":                   "mail of x@a.example OpenDKIM also signs with s2._domainkey.a.example",
		"*@*.a.example b\n*@a.example b\n*@*a.example a\n": "mail of x@x.a.example OpenDKIM also signs with s1._domainkey.a.example",
		"*@a.example a\n*@a.example b\n":                   "",
		"*@a.example a\n*@*.a.example b\n":                 "",
	} {
		files["table"] = table
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		code := 0
		if said != "" {
			code = 1
		}
		r := withKeys(t, dns.Zone{}).run("keys", "import", "--opendkim", filepath.Join(dir, "conf"), "--root", dir).want(t, code)
		if !strings.Contains(r.err, said) || (said == "") == strings.Contains(r.err, "MultipleSignatures") {
			t.Errorf("%q: %s", table, r.err)
		}
	}
}

// TestKeysPublished: who publishes a new record is said as it is, and what there is to take back.
func TestKeysPublished(t *testing.T) {
	p := withKeys(t, dns.Zone{})
	if r := p.run("keys", "create", "hand.example", "--algorithm", "ed25519").want(t, 0); !strings.Contains(r.err, "Publish these records") {
		t.Errorf("%s", r.err)
	}
	update := []string{"--dns-update", "net.example=127.0.0.1"}
	if r := p.run(append([]string{"keys", "create", "net.example", "--algorithm", "ed25519"}, update...)...).want(t, 0); !strings.Contains(r.err, "published by dynamic update") || strings.Contains(r.err, "Publish these") {
		t.Errorf("%s", r.err)
	}
	if r := p.run("keys", "rollback", "hand.example").want(t, 2); strings.Contains(r.err, "no rotation") || !strings.Contains(r.err, "delete it") {
		t.Errorf("%s", r.err)
	}
}
