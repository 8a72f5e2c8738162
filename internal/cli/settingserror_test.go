package cli

import (
	"os"
	"strings"
	"testing"
)

// TestSettingErrorsNameTheLine: of the file, or the variable, that a wrong value came from.
func TestSettingErrorsNameTheLine(t *testing.T) {
	p := newProgram(t, shop())
	for text, want := range map[string]string{
		"authserv-id = \"mx.x.example\"\nauthserv_idd = \"y\"\n": "c.toml, line 2: there is no setting \"authserv_idd\"; did you mean authserv-id?",
		"[milter]\nfoo = 1\n":                                            "c.toml, line 2: there is no setting \"milter.foo\"",
		"\n[milterr]\nauthserv-id = \"x\"\n":                             "c.toml, line 3: there is no setting \"milterr.authserv-id\"; did you mean milter.authserv-id?",
		"\nreceived-spf = \"maybe\"\n":                                   "c.toml, line 2: --received-spf maybe: that value cannot be used",
		"\n\ngrace = \"10 bananas\"\n":                                   "c.toml, line 3: --grace 10 bananas",
		"authserv-id = \"mx.x.example\"\n[milter]\nunsigned = \"maybe\"": "c.toml, line 3: --unsigned maybe: it is one of accept, defer, reject",
		"authserv-id = \"mx.x.example\"\nexempt_domain = [\"a b\"]\n":    "c.toml, line 2: --exempt-domain: \"a b\" is no pattern",
		"authserv-id = \"mx.x.example\"\nmust-be-signed = \"a b\"\n":     "c.toml, line 2: --must-be-signed a b: it is no name",
		"authserv-id = \"mx.x.example\"\nlocal-macro = \"=x\"\n":         "c.toml, line 2: --local-macro =x",
		"authserv-id = \"mx.x.example\"\npace-first = \"a b\"\n":         "c.toml, line 2: --pace-first: \"a b\" is no pattern",
		"authserv-id = \"mx.x.example\"\nseal-domain = \"b.example\"\n":  "c.toml, line 2: --seal-domain: there is no key to seal with",
		"a = 1\nb =\n": "c.toml, line 2: toml:",
	} {
		r := p.run("milter", "--config", write(t, "c.toml", text))
		if r.code == 0 || !strings.Contains(r.err, want) {
			t.Errorf("%q: %d, %s", text, r.code, r.err)
		}
	}
	p.env["TODOKU_UNSIGNED"] = "maybe"
	if r := p.run("milter", "--authserv-id", "mx.x.example").want(t, 2); !strings.Contains(r.err, "TODOKU_UNSIGNED: --unsigned maybe: it is one of") {
		t.Errorf("%s", r.err)
	}
}

// TestKeyFileErrorsAreReadable: nothing of them is hidden as if it were a key.
func TestKeyFileErrorsAreReadable(t *testing.T) {
	p := newProgram(t, shop())
	for text, want := range map[string]string{
		"hello\n": "a file as openssl genpkey writes it is expected", "": "it is empty",
		"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n":                                                                           "it holds a public key",
		"-----BEGIN EC PARAMETERS-----\nAAAA\n-----END EC PARAMETERS-----\n-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n": "it holds an ECDSA key, which cannot sign mail",
		"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n":             "the private key is encrypted: decrypt it first (openssl pkey",
	} {
		file := write(t, "key.pem", text)
		if err := os.Chmod(file, 0o600); err != nil {
			t.Fatal(err)
		}
		if r := p.run("milter", "--authserv-id", "mx.x.example", "--key", "x.example:s:"+file).want(t, 2); !strings.Contains(r.err, want) {
			t.Errorf("%q: %s", text, r.err)
		}
	}
}
