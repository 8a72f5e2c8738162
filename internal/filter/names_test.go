package filter

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/todoku/todoku/dkim"
)

func TestParsePattern(t *testing.T) {
	for text, want := range map[string]string{
		"*": "*", "<>": "<>", "Example.COM.": "example.com", "*.Example.com": "*.example.com", "a@Example.com": "a@example.com", "a@*": "a@*", "*@example.com": "example.com", "*@*": "*",
		"a@*.example.com": "a@*.example.com", "みんな.example": "xn--q9jyb4c.example", "*.みんな.example": "*.xn--q9jyb4c.example", "花子@みんな.example": "花子@xn--q9jyb4c.example",
		"\"a b\"@x.example": "\"a b\"@x.example", "localhost": "localhost", " x.example ": "x.example",
		"": "", "a b": "", "@@": "", "@x.example": "", "a@": "", ".example.com": "", "*example.com": "", "news-*@x.example": "", "a@b@c d": "", "<a@x.example>": "", "x..example": "", "a b@x.example": "",
		strings.Repeat("例", 79) + ".example": "",
	} {
		got, err := parsePattern(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
		if err == nil && want != "*" {
			if again, err := parsePattern(got); again != got || err != nil {
				t.Errorf("%q is %q the second time: %v", text, again, err)
			}
		}
	}
	if _, err := ParseDomainPatterns([]string{"x.example", "a@x.example"}); err == nil {
		t.Error("an address was taken for a domain")
	}
}

// TestMatchesUnicode: the envelope of SMTPUTF8 mail names domains in Unicode (RFC 6531), the DNS and From in A-labels.
func TestMatchesUnicode(t *testing.T) {
	for _, c := range []struct {
		pattern, address string
		want             bool
	}{
		{"みんな.example", "hanako@みんな.example", true}, {"みんな.example", "hanako@xn--q9jyb4c.example", true}, {"xn--q9jyb4c.example", "hanako@みんな.EXAMPLE", true},
		{"*.みんな.example", "x@mail.みんな.example", true}, {"花子@みんな.example", "花子@みんな.example", true}, {"みんな.example", "x@example", false},
		{"<>", "", true}, {"<>", "a@x.example", false}, {"x.example", "", false}, {"*", "", true},
	} {
		p, err := parsePattern(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := Matches(p, c.address); got != c.want {
			t.Errorf("%s, %s: %v", c.pattern, c.address, got)
		}
	}
}

func TestParseTarget(t *testing.T) {
	for text, want := range map[string]Target{
		"a@x.example": {Pattern: "a@x.example"}, "a@X.example=b@y.example": {Pattern: "a@x.example", To: "b@y.example"}, "*": {Pattern: "*"},
		"a@x.example=B@例え.example": {Pattern: "a@x.example", To: "B@xn--r8jz45g.example"}, "a@x.example=b@y.Example": {Pattern: "a@x.example", To: "b@y.Example"},
		"a@x.example=": {}, "a@x.example=b": {}, "a@x.example=b c@d": {}, "a b": {}, "": {},
	} {
		got, err := ParseTarget(text)
		if got != want || (err == nil) != (want.Pattern != "") {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

// TestLoadKeysThatNeverSign: what could not sign one message is an error when the program begins, not a warning with each message.
func TestLoadKeysThatNeverSign(t *testing.T) {
	key, err := dkim.GenerateKey("ed25519", 0)
	if err != nil {
		t.Fatal(err)
	}
	pem, err := dkim.MarshalPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, pem, 0o600); err != nil {
		t.Fatal(err)
	}
	for spec, want := range map[string]string{
		"a example:s:" + file: "is no domain", "example.com:s 1:" + file: "is no selector", "example.com::" + file: "is no selector", "example:s:" + file: "no dot", "x@example.com:s:" + file: "is no domain",
		"example.com:" + strings.Repeat("s", 64) + ":" + file: "is no selector", "example.com:s:" + filepath.Dir(file): "is no file with a key",
	} {
		if _, err := LoadKeys([]string{spec}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", spec, err)
		}
	}
	if _, err := LoadKeys([]string{"example.com:s:" + file, "Example.com.:S:" + file}); err == nil || !strings.Contains(err.Error(), "one record shows one key") {
		t.Errorf("two keys of one selector: %v", err)
	}
	list, err := LoadKeys([]string{"みんな.example:鍵:" + file, "*.みんな.example:s.2:" + file})
	if err != nil {
		t.Fatal(err)
	}
	if keys, _ := list.For("", "xn--q9jyb4c.example"); len(keys) != 1 || keys[0].String() != "d=xn--q9jyb4c.example s=xn--5y4a" {
		t.Errorf("%v", keys)
	}
	if keys, _ := list.For("", "a.xn--q9jyb4c.example"); len(keys) != 1 || keys[0].Selector != "s.2" {
		t.Errorf("%v", keys)
	}
}

// TestRulesThatCount: of rules that fit some of the same, or whose order is right, none is refused.
func TestRulesThatCount(t *testing.T) {
	for _, text := range []string{
		"[[rule]]\noutcome = [\"dmarc-reject\"]\nto = [\"x@y.example\"]\naction = \"accept\"\n[[rule]]\noutcome = [\"dmarc-reject\"]\naction = \"tag\"\n",
		"[[rule]]\noutcome = [\"dmarc-reject\"]\naction = \"tag\"\n[[rule]]\naction = \"reject\"\n",
		"[[rule]]\nto = [\"a@y.example\"]\naction = \"tag\"\n[[rule]]\nto = [\"a@y.example\", \"b@y.example\"]\naction = \"reject\"\n",
		"[[rule]]\nfrom = [\"y.example\"]\naction = \"tag\"\n[[rule]]\nto = [\"y.example\"]\naction = \"reject\"\n",
	} {
		if _, _, err := ParseTable([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestTableErrorsNameTheLine: and say what is meant.
func TestTableErrorsNameTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"lists = []\nsealer = [\"x.example\"]\n":                                                                    "line 2: sealer: nothing is called that; do you mean sealers?",
		"[default]\n\ndmarc-rejct = \"reject\"\n":                                                                   "line 3: default: dmarc-rejct: there is no outcome \"dmarc-rejct\"; do you mean dmarc-reject?",
		"[default]\ndmarc-reject = \"refuse\"\n":                                                                    "line 2: default: dmarc-reject: action \"refuse\"",
		"[default]\ndmarc-reject = \"reject\"\nsealers = [\"x.example\"]\n":                                         "line 3: default: sealers: there is no outcome \"sealers\": what is not of a table stands before",
		"[[rule]]\naction = \"tag\"\n[[rule]]\noutcome = [\"dmarc-reject\"]\nrcpt = [\"x\"]\naction = \"accept\"\n": "line 5: rule: 2: rcpt: nothing is called that",
		"[[rule]]\naction = \"tag\"\nto = [\"a b@@\"]\n":                                                            "line 3: rule: 1: to: \"a b@@\" is no pattern",
		"[[rule]]\naction = \"tag\"\nfrom = [\"a@x.example\"]\n":                                                    "line 3: rule: 1: from: \"a@x.example\" is no domain",
		"# x\n[[rule]]\noutcome = [\"dmarc-reject\"]\n":                                                             "line 2: rule: 1: it has no action",
		"\nsealers = [\"b example\"]\n":                                                                             "line 2: sealers: \"b example\" is no pattern",
		"forwarders = [\"mail.b.example\"]\n":                                                                       "line 1: forwarders: \"mail.b.example\" is no address and no network",
		"[senders]\nalice = [\"@@\"]\n":                                                                             "line 2: senders: alice: \"@@\" is no pattern",
		"rule = [{action = \"tag\", rcpt = \"x\"}]\n":                                                               "line 1: rule: 1: rcpt: nothing is called that",
		"[senders]\nAlice = [\"a@x.example\"]\nalice = [\"b@x.example\"]\n":                                         "line 3: senders: alice: this user is there twice",
		"[default\nx = 1\n": "line 1: toml:",
		"[[rule]]\noutcome = [\"dmarc-reject\", \"temperror\"]\naction = \"tag\"\n[[rule]]\noutcome = [\"dmarc-reject\"]\nto = [\"x@y.example\"]\naction = \"accept\"\n": "line 4: rule: 2: it never counts: rule 1",
		"[[rule]]\noutcome = [\"dmarc-reject\"]\nto = []\naction = \"accept\"\n":                                                                                         "line 3: rule: 1: to: an empty list fits nothing",
		"[[rule]]\noutcome = []\naction = \"reject\"\n":                                                                                                                  "line 2: rule: 1: outcome: an empty list fits nothing",
		"\ufeff[default]\ntemperror = \"defer\"\nx = 1\n":                                                                                                                "line 3: default: x: outcome \"x\": it is one of",
		"[[rule]]\naction = \"tag\"\n[[rule]]\naction = \"accept\"\n":                                                                                                    "line 3: rule: 2: it never counts: rule 1",
	} {
		_, _, err := ParseTable([]byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q:\n%v, want\n%s", text, err, want)
		}
	}
}
