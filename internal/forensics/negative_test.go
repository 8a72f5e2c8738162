package forensics

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// A change that no rule knows is said to be unexplained, never given a name.
func TestUnexplained(t *testing.T) {
	for name, change := range map[string]func(string) string{
		"a word of the body":      sub("minutes of the meeting, as", "protocol of that meeting, as"),
		"a word of the subject":   sub("Subject: Minutes", "Subject: Accounts"),
		"another recipient":       sub("taro@example.net", "jiro@example.net"),
		"the end of the body cut": sub("promised.\r\n\r\n-- \r\nHanako\r\n", "pro"),
		"another author":          sub("Hanako Sato <hanako@example.com>", "Jiro <jiro@example.com>"),
	} {
		t.Run(name, func(t *testing.T) {
			for _, selector := range []string{"rsa", "ed25519"} {
				m, v := verify(t, change(signedMessage(t, plain, dkim.SignOptions{Selector: selector, Header: wire.Relaxed, Body: wire.Relaxed})))
				es := Examine(m, v)
				if len(es) != 1 || es[0].Outcome != Unexplained || es[0].Mutations != nil || es[0].Difference != nil || es[0].Tried == 0 {
					t.Errorf("%s: %+v", selector, es)
				}
			}
		})
	}
}

// A signature that holds, and one whose hashes were never computed, is not examined.
func TestNotExamined(t *testing.T) {
	m, v := verify(t, signedMessage(t, plain, dkim.SignOptions{}))
	if v.Result != dkim.Pass || Examine(m, v) != nil || Message(m, []dkim.Verdict{v}) != nil {
		t.Error("a good signature is examined")
	}
	if es := Examine(m, dkim.Verdict{Problem: dkim.ProblemBodyHashMismatch}); es != nil {
		t.Error("a verdict without a signature is examined")
	}
	v.Problem, v.FieldIndex = dkim.ProblemBodyHashMismatch, 1000
	if es := Examine(m, v); es != nil {
		t.Error("a field that is not there is examined")
	}
}

// Ed25519 does not open to a hash: each candidate is verified, of which there are few.
func TestEd25519(t *testing.T) {
	for _, c := range []struct {
		change func(string) string
		want   Mutation
	}{
		{sub("Subject: ", "Subject: [club] "), Mutation{SubjectTagged, "Subject"}},
		{sub("To: taro", "Reply-To: club@lists.example.org\r\nTo: taro"), Mutation{FieldAdded, "Reply-To"}},
		{sub("8bit", "7bit"), Mutation{EncodingFieldModified, "Content-Transfer-Encoding"}},
	} {
		m, v := verify(t, c.change(signedMessage(t, plain, dkim.SignOptions{Selector: "ed25519", Header: wire.Relaxed, Body: wire.Relaxed})))
		es := Examine(m, v)
		if len(es) != 1 || len(es[0].Mutations) != 1 || es[0].Mutations[0] != c.want || es[0].Tried > maxVerifies {
			t.Errorf("want %v, got %+v", c.want, es)
		}
	}
}

// A key that did not make the signature: no change of the header would help.
func TestWrongKey(t *testing.T) {
	other, err := dkim.GenerateKey("rsa", 2048)
	if err != nil {
		t.Fatal(err)
	}
	f, err := dkim.Sign(strings.NewReader(plain), dkim.SignOptions{Domain: "example.com", Selector: "rsa", Key: other})
	if err != nil {
		t.Fatal(err)
	}
	m, v := verify(t, string(f)+plain)
	es := Examine(m, v)
	if len(es) != 1 || es[0].Part != Header || es[0].Outcome != Explained || es[0].Mutations[0].Kind != WrongKey {
		t.Errorf("%+v", es)
	}
}

// handSigned makes a signature that dkim.Sign would not make.
func handSigned(t *testing.T, raw, tags string, bodyHash []byte) string {
	t.Helper()
	m := message.Parse([]byte(raw))
	field := "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=rsa; " + tags + "; bh=" + base64.StdEncoding.EncodeToString(bodyHash) + "; b="
	var signed []byte
	for _, n := range []string{"From", "Subject"} {
		f, _ := m.First(n)
		signed = wire.AppendHeader(signed, wire.Relaxed, f.Raw)
	}
	text := wire.AppendHeader(signed, wire.Relaxed, []byte(field+"\r\n"))
	sum := sha256.Sum256(bytes.TrimSuffix(text, crlf))
	sig, err := keys["rsa"].Sign(nil, sum[:], sha256Hash)
	if err != nil {
		t.Fatal(err)
	}
	return field + base64.StdEncoding.EncodeToString(sig) + "\r\n" + raw
}

// z= holds the fields as they were signed (RFC 6376 section 3.5): no guess is needed.
func TestCopiedFields(t *testing.T) {
	body := sha256.Sum256(canonicalBody(wire.Relaxed, message.Parse([]byte(plain)).Body))
	raw := handSigned(t, plain, "c=relaxed/relaxed; h=From:Subject; z=From:Hanako=20Sato=20<hanako@example.com>|Subject:Minutes=20of=20the=20meeting", body[:])
	if _, v := verify(t, raw); v.Result != dkim.Pass {
		t.Fatal("signed by hand: ", v.Reason)
	}
	m, v := verify(t, sub("Minutes of the meeting", "Something else")(raw))
	es := Examine(m, v)
	if len(es) != 1 || es[0].Outcome != Explained || es[0].Mutations[0] != (Mutation{FieldChanged, "Subject"}) {
		t.Errorf("%+v", es)
	}
}

// A signer that says relaxed and hashes the simple form.
func TestWrongCanonicalization(t *testing.T) {
	body := sha256.Sum256(canonicalBody(wire.Simple, message.Parse([]byte(plain)).Body))
	m, v := verify(t, handSigned(t, plain, "c=relaxed/relaxed; h=From:Subject", body[:]))
	es := Examine(m, v)
	if len(es) != 1 || es[0].Outcome != Explained || es[0].Mutations[0].Kind != WrongCanonicalization {
		t.Errorf("%+v", es)
	}
}

// With l= a change within the signed octets is found too (RFC 6376 section 3.4.5).
func TestLengthTag(t *testing.T) {
	text := canonicalBody(wire.Relaxed, message.Parse([]byte(plain)).Body)
	body := sha256.Sum256(text)
	raw := handSigned(t, plain, fmt.Sprintf("c=relaxed/relaxed; l=%d; h=From:Subject", len(text)), body[:])
	m, v := verify(t, onBody(func(s string) string { return "EXTERNAL MAIL\r\n" + s + "footer\r\n" })(raw))
	es := Examine(m, v)
	if len(es) != 1 || es[0].Outcome != Explained || es[0].Mutations[0].Kind != BannerAdded {
		t.Errorf("%+v", es)
	}
}

func TestEveryKindHasATextAndANameOfItsOwn(t *testing.T) {
	seen := map[Kind]bool{}
	for _, k := range Kinds {
		if _, ok := catalogue.Mutations[string(k)]; !ok || seen[k] {
			t.Errorf("%s: text %v, twice %v", k, ok, seen[k])
		}
		seen[k] = true
	}
	if len(catalogue.Mutations) != len(Kinds) {
		t.Errorf("%d texts for %d kinds", len(catalogue.Mutations), len(Kinds))
	}
}

func TestDifference(t *testing.T) {
	m, v := verify(t, signedMessage(t, plain, dkim.SignOptions{Header: wire.Relaxed}))
	if v.Result != dkim.Pass {
		t.Fatal(v.Reason)
	}
	m, v = verify(t, string(m.Raw)+"\t____ \r\nclub\r\n")
	got := Examine(m, v)[0].Difference
	want := []Line{{"=", "Hanako"}, {"+", "→____·"}, {"+", "club"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	long := difference([]byte(strings.Repeat("a\r\n", 100)), []byte(strings.Repeat("b\x1b\xff"+strings.Repeat("x", 500)+"\r\n", 100)))
	if len(long) > maxDifference || long[len(long)-1].Op != "~" || strings.Contains(long[12].Text, "\x1b") || !utf8.ValidString(long[12].Text) {
		t.Errorf("%d lines: %+v", len(long), long)
	}
}

// Hostile messages cost no more than the limits say.
func TestBounds(t *testing.T) {
	many := make([]string, 1000)
	for i := range many {
		many[i] = "Subject"
	}
	many[0] = "From"
	for name, c := range map[string]struct {
		raw    string
		header []string
	}{
		"many fields":   {strings.Repeat("Subject: [a] [b] x\r\n", 500) + plain, many},
		"many lines":    {plainHead + strings.Repeat("\r\nx", 300_000), nil},
		"many parts":    {strings.Replace(multipart, "--b1--", strings.Repeat("--b1\r\n\r\n<body><p><p>\r\n", 20_000), 1), nil},
		"long subject":  {strings.Replace(plain, "Minutes", strings.Repeat("[x] =?utf-8?q?=41?= ", 2_000), 1), nil},
		"one long line": {plainHead + strings.Repeat("x ", 1_000_000), nil},
		"large body":    {plainHead + strings.Repeat("line\r\n", maxBody/5), nil},
	} {
		t.Run(name, func(t *testing.T) {
			raw := signedMessage(t, c.raw, dkim.SignOptions{Header: wire.Relaxed, Body: wire.Relaxed, Headers: c.header})
			raw = strings.Replace(raw, "hanako@", "jiro@", 1)
			m, v := verify(t, strings.Replace(raw, "x", "y", 1))
			for _, e := range Examine(m, v) {
				if e.Outcome == Explained || e.Tried > maxHeaderTries+maxCuts+bodyBudget/128 {
					t.Errorf("%+v", e)
				}
			}
		})
	}
}

// canonicalBody is the text of which wire gives the hash.
func FuzzCanonicalBody(f *testing.F) {
	for _, s := range []string{"", "\r\n", " \r\n\t\r\n", "a\r\n\r\n", "a", "a \t b\r\n \r\n", "\r", "a\r\r\n", "\n\r\n", " ", "a\r\n "} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, c := range []wire.Canonicalization{wire.Simple, wire.Relaxed} {
			b := wire.NewBodies()
			b.Want(c, -1)
			_, _ = b.Write(body)
			sum, n, _ := b.Sum(c, -1)
			text := canonicalBody(c, body)
			if got := sha256.Sum256(text); got != sum || int64(len(text)) != n {
				t.Errorf("%v %q: %q", c, body, text)
			}
		}
	})
}

// Whatever comes, nothing panics, and what is explained hashes right: the search itself checks it.
func FuzzExamine(f *testing.F) {
	raw := signedMessage(f, multipart, dkim.SignOptions{Header: wire.Relaxed})
	head, body, _ := strings.Cut(raw, "\r\n\r\n")
	f.Add("Subject: [a] =?utf-8?q?b?=", body+"footer\r\n")
	f.Add("From: a via b <c=d@e>", "--b1\r\n\r\n--b1--")
	f.Fuzz(func(t *testing.T, field, body string) {
		m, v := verify(t, head+"\r\n"+field+"\r\n\r\n"+body)
		for _, e := range Examine(m, v) {
			if e.Outcome == Explained && len(e.Mutations) == 0 {
				t.Errorf("%+v", e)
			}
		}
	})
}

func BenchmarkUnexplained(b *testing.B) {
	raw := plainHead + strings.Repeat("The quick brown fox jumps over the lazy dog, and on it goes.\r\n", 100)
	raw = signedMessage(b, raw, dkim.SignOptions{Header: wire.Relaxed, Body: wire.Relaxed})
	raw = strings.ReplaceAll(strings.ReplaceAll(raw, "quick", "slow"), "Minutes", "Accounts")
	m, v := verify(b, raw)
	b.ReportAllocs()
	for b.Loop() {
		if es := Examine(m, v); len(es) != 2 || es[0].Outcome != Unexplained {
			b.Fatalf("%+v", es)
		}
	}
}

// Messages that dkimpy signed are explained alike.
func TestInteropDKIMPy(t *testing.T) {
	const script = `
import sys, dkim
raw, key = open(sys.argv[1], "rb").read(), open(sys.argv[2], "rb").read()
c = sys.argv[3].encode().split(b"/")
sys.stdout.buffer.write(dkim.sign(raw, b"rsa", b"example.com", key, canonicalize=(c[0], c[1])) + raw)
`
	dir := t.TempDir()
	pem, err := dkim.MarshalPrivateKey(keys["rsa"])
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string, data []byte) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	python := ""
	for _, p := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(p, "-c", "import dkim; dkim.sign").Run() == nil {
			python = p
			break
		}
	}
	if python == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("python3-dkim is missing")
		}
		t.Skipf("%s: python3-dkim is missing", t.Name())
	}
	msg, key := file("message", []byte(plain)), file("key", pem)
	for _, c := range []string{"simple/simple", "relaxed/relaxed"} {
		out, err := exec.Command(python, "-c", script, msg, key, c).Output()
		if err != nil {
			t.Fatal(err)
		}
		m, v := verify(t, sub("Subject: ", "Subject: [club] ")(string(out))+"____\r\nclub\r\n")
		var got []Mutation
		for _, e := range Examine(m, v) {
			got = append(got, e.Mutations...)
		}
		if d := cmp.Diff([]Mutation{{Kind: FooterAdded}, {SubjectTagged, "Subject"}}, got); d != "" {
			t.Errorf("%s: %s", c, d)
		}
	}
}

const sha256Hash = crypto.SHA256
