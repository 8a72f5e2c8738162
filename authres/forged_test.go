package authres_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/authres"
	"github.com/todoku/todoku/message"
)

var _ authres.FieldView = message.Field{}

type field struct{ name, value string }

func (f field) Name() string  { return f.name }
func (f field) Value() []byte { return []byte(f.value) }

func ar(value string) authres.FieldView { return field{"Authentication-Results", value} }

// Forged fields in our name, each in a form that some consumer reads as ours
// (OpenDKIM#148, #185, #434; CVE-2022-48521).
func TestAttack24ForgedFieldsAreFound(t *testing.T) {
	forged := []authres.FieldView{
		ar(" mx.example.org; dkim=pass"),
		field{"authentication-RESULTS", " MX.Example.Org; dkim=pass"},
		ar("  (a comment) \t mx.example.org (another (nested)) ; dkim=pass"),
		ar(" mx.example.org 1; dkim=pass"),
		ar(" mx.example.org/1; dkim=pass"),
		ar(" mx.example.org; dkim=pass reason=\"" + strings.Repeat("x", 5000) + "\""),
		ar("\r\n\tmx.example.org;\r\n\tdkim=pass"),
		ar(` "mx.example.org"; dkim=pass`),
		ar(" mx.example.org.; dkim=pass"),
		ar(` mx.example.org; dkim=pass (no end`),
		ar(` mx.example.org "no end`),
	}
	foreign := []authres.FieldView{
		ar(" mx.example.com; dkim=pass"),
		ar(" mx.example.org.evil.test; dkim=pass"),
		ar(" evil-mx.example.org; dkim=pass"),
		ar(" example.org; dkim=pass"),
		ar(" spf=pass smtp.mailfrom=mx.example.org"),
		ar(" other.test; dkim=pass header.d=mx.example.org (mx.example.org)"),
		field{"Authentication-Results-Original", " mx.example.org; dkim=pass"},
		field{"Received", " mx.example.org; dkim=pass"},
		field{"", "mx.example.org"},
	}
	// Interleave them, so that an index off by one shows.
	var fields []authres.FieldView
	var want []int
	for i := range max(len(forged), len(foreign)) {
		if i < len(foreign) {
			fields = append(fields, foreign[i])
		}
		if i < len(forged) {
			want = append(want, len(fields))
			fields = append(fields, forged[i])
		}
	}
	slices.Reverse(want)
	if d := cmp.Diff(want, authres.Forged(fields, "mx.example.org")); d != "" {
		t.Error(d)
	}
	// Removing from the highest down leaves exactly the foreign ones.
	for _, i := range authres.Forged(fields, "mx.example.org") {
		fields = slices.Delete(fields, i, i+1)
	}
	if d := cmp.Diff(foreign, fields, cmp.AllowUnexported(field{})); d != "" {
		t.Error(d)
	}
}

func TestAttack24OneFieldInEveryDisguise(t *testing.T) {
	for _, value := range []string{
		"example.org", "example.org;", ";example.org; dkim=pass", " , example.org; dkim=pass", "<example.org>; dkim=pass",
		"example.org=pass; dkim=pass", "example.org, x", "example.org: dkim=pass",
		"\u00a0example.org;", "\u3000 \u200bexample.org;", "\xa0example.org;", "\ufeffexample.org;",
		"example(x).org; dkim=pass", "example .org; dkim=pass", "example. org", "\"example\".\"org\"", `exa\mple.org;`, `"exa\mple.org";`, "\x00example.org;", "exam\x00ple.org;",
		"example.org\r\n ;", "example.org\r\n\t1\r\n\t; dkim=pass", "example.org.. ;",
		`(a\) example.org; dkim=pass`,  // an escape only some honour
		`(a(b) example.org; dkim=pass`, // nesting only some honour
		`(a "(" b) example.org; none`,  // a quote in a comment
		`"(" example.org; none`,        // a parenthesis in a quoted string
		`(example.org; dkim=pass`,      // a comment without end
		`"example.org; dkim=pass`,      // a quote without end
		strings.Repeat("(", 20000) + strings.Repeat(")", 20000) + "example.org; dkim=pass",
		strings.Repeat("(", 20000) + "example.org; dkim=pass",
		"=?utf-8?q?example.org?=; dkim=pass", "=?UTF-8?B?ZXhhbXBsZS5vcmc=?= ; dkim=pass",
		"ｅｘａｍｐｌｅ.org; dkim=pass", "example。org; dkim=pass", "ex" + strings.Repeat("\u00ad", 300) + "ample.org; dkim=pass", "ｅｘａｍｐｌｅ.org。; dkim=pass",
		"EXAMPLE.ORG\v1;", "example.org\f;",
		"example.org()x; dkim=pass", "example.org(a)-b; dkim=pass", "example.org(c(d))y 1; dkim=pass", "(a)example.org(\\))z; dkim=pass",
		// White space that a consumer may trim, and what no reader sees, behind the name.
		"example.org\u00a0; dkim=pass", "example.org\u3000; dkim=pass", "example.org\u2003; dkim=pass", "example.org\u0085; dkim=pass", "example.org\u2028; dkim=pass",
		"example.org\u200b; dkim=pass", "example.org\ufeff; dkim=pass", "example.org\u00ad; dkim=pass", "example.org\xa0; dkim=pass", "example.org.\u00a0; dkim=pass",
	} {
		if got := authres.Forged([]authres.FieldView{ar(value)}, "Example.org."); len(got) != 1 {
			t.Errorf("%q would stay", value[:min(len(value), 60)])
		}
	}
	for _, value := range []string{
		"", ";", "dkim=pass", "example.organisation; none", "example.org-1; none", "example.org_x; none", "example.org.test", "example.orgé; none", "example.orge\u0301; none", "example.org\u0301; none", "example.org\u0661; none",
		"xexample.org; none", "test.example.org", "foreign.test (example.org); dkim=pass", "foreign.test example.org; dkim=pass", "example.com",
		"(example.org) foreign.test; none", "=?utf-8?q?foreign.test?=; none", "例え.jp; none",
		"ｅｘａｍｐｌｅ.org.test; none", "ｅｘａｍｐｌｅ.organisation; none", "ｅｘａｍｐｌｅ.orgé; none", "ｅｘａｍｐｌｅ.例え; none", "example。" + strings.Repeat("例", 200) + ".org; none",
	} {
		if got := authres.Forged([]authres.FieldView{ar(value)}, "example.org"); len(got) != 0 {
			t.Errorf("%q would go", value)
		}
	}
	if got := authres.Forged([]authres.FieldView{field{"Authentication-Results\x00", "example.org;"}}, "example.org"); len(got) != 1 {
		t.Error("a control octet in the name saves the field")
	}
}

func TestForgedWithoutOrWithSeveralIDs(t *testing.T) {
	fields := []authres.FieldView{ar("a.test; none"), ar("b.test; none"), ar("c.test; none"), ar("xn--r8jz45g.jp; none"), ar("例え.jp; none")}
	if got := authres.Forged(fields); got != nil {
		t.Errorf("no ids: %v", got)
	}
	if got := authres.Forged(fields, "", " . "); got != nil {
		t.Errorf("empty ids: %v", got)
	}
	if d := cmp.Diff([]int{2, 0}, authres.Forged(fields, "a.test", "c.test")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]int{4, 3}, authres.Forged(fields, "xn--r8jz45g.jp")); d != "" {
		t.Error(d)
	}
}

// The same disguise many times, and between others.
func TestAttack24OneDisguiseManyTimes(t *testing.T) {
	long := strings.Repeat("x", 63) + ".例え.jp"
	for id, value := range map[string]string{
		"example.org": "=?utf-8?q?example.org?=; dkim=pass", "example.com": "ｅｘａｍｐｌｅ.com; dkim=pass", "xn--r8jz45g.jp": "例え.jp (; dkim=pass",
		strings.Repeat("x", 63) + ".xn--r8jz45g.jp": long + "; dkim=pass", // the first label is as long as one may be
	} {
		foreign := ar("=?utf-8?q?foreign.test?=; none")
		fields := []authres.FieldView{ar(value), ar(value), ar(value), foreign, ar(value), foreign, foreign, ar(value)}
		if d := cmp.Diff([]int{7, 4, 2, 1, 0}, authres.Forged(fields, id)); d != "" {
			t.Errorf("%s: %s", value, d)
		}
	}
}

// What our own readers take for ours goes, however names, comments, quotes and escapes are put together.
func TestForgedHasWhatIsReadAsOurs(t *testing.T) {
	parts := strings.Split("mx|ours|.|example|mx.ours.example|MX.Ours.Example| |\t|\r\n |(|)|()|(x)|\\|\"|;|/|1|=|x|-|_|<|>|@|?|=?|us-ascii|?q?|?=|\x00|\u00a0|\u3000|é| dmarc=pass", "|")
	rnd := rand.New(rand.NewPCG(8601, 5))
	ours := func(id string) bool {
		return strings.EqualFold(strings.TrimSuffix(strings.TrimSpace(id), "."), "mx.ours.example")
	}
	read := 0
	for range 300_000 {
		var b strings.Builder
		for range 1 + rnd.IntN(8) {
			b.WriteString(parts[rnd.IntN(len(parts))])
		}
		value := []byte(b.String())
		id, _ := authres.AuthServID(value)
		h, err := authres.Parse(value)
		if !ours(id) && (err != nil || !ours(h.AuthServID)) {
			continue
		}
		if read++; len(authres.Forged([]authres.FieldView{ar(b.String())}, "mx.ours.example")) == 0 {
			t.Errorf("%q is read as ours and would stay", value)
		}
	}
	if read < 1000 {
		t.Errorf("only %d were read as ours", read)
	}
}

// Names in other letters are converted no further than an id reaches: of these 20,000 it would
// take minutes, as it takes the square of their length.
func TestAttack24ManyNamesInOtherLetters(t *testing.T) {
	fields := make([]authres.FieldView, 20_000)
	for i := range fields {
		var name strings.Builder
		for j := range 330 {
			name.WriteRune(rune(0x4e00 + (i+j*61)%20_000))
		}
		fields[i] = ar(" " + name.String() + ";(")
	}
	fields[7] = ar(" ｅｘａｍｐｌｅ.org;(")
	if d := cmp.Diff([]int{7}, authres.Forged(fields, "example.org", strings.Repeat("x.", 100)+"example.org")); d != "" {
		t.Error(d)
	}
}

func FuzzForged(f *testing.F) {
	for _, s := range []string{"example.org; none", `(a\) "(" example.org`, "=?utf-8?q?example.org?=", "例え.jp", "example.org()x; none", "example.org\u00a0; none"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		removed := len(authres.Forged([]authres.FieldView{ar(value)}, "example.org")) == 1
		// Whatever our own reader takes for ours must go.
		id, ok := authres.AuthServID([]byte(value))
		if ok && strings.EqualFold(id, "example.org") && !removed {
			t.Fatalf("%q is read as ours and would stay", value)
		}
		if h, err := authres.Parse([]byte(value)); err == nil && strings.EqualFold(h.AuthServID, "example.org") && !removed {
			t.Fatalf("%q is parsed as ours and would stay", value)
		}
		for _, prefix := range []string{"example.org; ", "\r\n\texample.org 1;", `"example.org";`, "(c) example.org ("} {
			if len(authres.Forged([]authres.FieldView{ar(prefix + value)}, "example.org")) != 1 {
				t.Fatalf("%q would stay", prefix+value)
			}
		}
	})
}

func ExampleForged() {
	fields := []authres.FieldView{
		field{"Authentication-Results", " foreign.test; dkim=pass"},
		field{"Authentication-Results", ` (trust me) "MX.example.org" 1; dmarc=pass`},
		field{"From", " a@example.com"},
	}
	fmt.Println(authres.Forged(fields, "mx.example.org"))
	// Output: [1]
}
