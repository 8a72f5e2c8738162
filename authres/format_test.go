package authres_test

import (
	"strings"
	"testing"

	"github.com/todoku/todoku/authres"
)

func props(pairs ...string) (out []authres.Property) {
	for i := 0; i < len(pairs); i += 2 {
		ptype, name, _ := strings.Cut(pairs[i], ".")
		out = append(out, authres.Property{Type: ptype, Name: name, Value: pairs[i+1]})
	}
	return out
}

func TestStringIsStrict(t *testing.T) {
	for _, c := range []struct {
		name string
		h    authres.Header
		want string
	}{
		{"none", authres.Header{AuthServID: "example.org"}, "example.org; none"},
		{"version", authres.Header{AuthServID: "example.org", Version: 1}, "example.org 1; none"},
		{"RFC 8601 section 2.2: no authserv-id is none of our making", authres.Header{}, `""; none`},
		{"id with space", authres.Header{AuthServID: "our mail"}, `"our mail"; none`},
		{"dkim", authres.Header{AuthServID: "example.org", Results: []authres.Result{{
			Method: "dkim", Value: "pass", Comment: "good signature",
			Props: props("header.i", "@example.com", "header.b", "oINE/8hg", "header.a", "rsa-sha256"),
		}}}, `example.org; dkim=pass (good signature) header.i=@example.com header.b="oINE/8hg" header.a=rsa-sha256`},
		{"RFC 8601 section 2.2: an identity is written as an address", authres.Header{AuthServID: "e", Results: []authres.Result{{
			Method: "spf", Value: "pass", Reason: `say "hi"`,
			Props: props("smtp.mailfrom", `"a b"@x.example`, "smtp.mailfrom", "a+b/c=d@x.example", "policy.iprev", "2001:db8::1", "smtp.helo", ""),
		}}}, `e; spf=pass reason="say \"hi\"" smtp.mailfrom="a b"@x.example smtp.mailfrom=a+b/c=d@x.example policy.iprev="2001:db8::1" smtp.helo=""`},
		{"no type, no name, no value, no method", authres.Header{AuthServID: "e", Results: []authres.Result{
			{Method: "dmarc", MethodVersion: 1, Value: "pass", Props: []authres.Property{{Name: "action", Value: "none"}, {Type: "header", Value: "x"}}},
			{Method: "spf"}, {Value: "pass"},
		}}, `e; dmarc/1=pass`},
		{"comment", authres.Header{AuthServID: "e", Results: []authres.Result{
			{Method: "arc", Value: "pass", Comment: "i=1 (a b)"},
			{Method: "arc", Value: "fail", Comment: `oops) \ (`},
		}}, `e; arc=pass (i=1 (a b)); arc=fail (oops\) \\ \()`},
		{"UTF-8", authres.Header{AuthServID: "e", Results: []authres.Result{
			{Method: "dmarc", Value: "pass", Props: props("header.from", "例え.jp", "smtp.mailfrom", "山@例え.jp", "smtp.helo", "bad\xff")},
		}}, `e; dmarc=pass header.from=例え.jp smtp.mailfrom=山@例え.jp smtp.helo="bad?"`},
	} {
		if got := c.h.String(); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.name, got, c.want)
		}
		checkWritten(t, c.h)
	}
}

// What cannot be written is not dropped from a name: without it that would be somebody else's.
func TestPropertyNamesNobodyElse(t *testing.T) {
	for _, evil := range []string{"victim.example\x01", "vic\x07tim.example", "\x7fvictim.example", "victim.example ", " victim.example", "victim\u202e.example", "victim.example\r\n"} {
		h := authres.Header{AuthServID: "us.example", Results: []authres.Result{{Method: "spf", Value: "none", Props: props("smtp.mailfrom", evil)}}}
		checkWritten(t, h)
		got, err := authres.Parse([]byte(h.String()))
		if err != nil || len(got.Results) != 1 || len(got.Results[0].Props) != 1 || strings.EqualFold(got.Results[0].Props[0].Value, "victim.example") {
			t.Errorf("%q: %s (%v)", evil, h, err)
		}
	}
}

// A name taken from a message must not add a result or a field (CVE-2020-12272).
func TestAttack21InjectionIntoAuthenticationResults(t *testing.T) {
	for _, evil := range []string{
		"example.com(.victim.test", "a;dkim=pass", "a; dmarc=pass header.from=victim.test", "a\r\nX: y", "a\r\n\r\nbody",
		`a"; dmarc=pass`, `a\`, `a\"; dmarc=pass (`, "a\x00b", "a(", "a)", "a ( b", "a\u2028b", "a\u0085b", "a b", "a\u00a0dmarc=pass", "../../etc/passwd",
		`"; dmarc=pass`, `"a@b; dmarc=pass`, `"a\"@b`, "\x7f", "=?utf-8?q?x?=", "\xff\xfe",
	} {
		h := authres.Header{AuthServID: "us.example", Results: []authres.Result{
			{Method: "dkim", Value: "fail", Comment: evil, Reason: evil, Props: props("header.d", evil, "header.s", evil, "header."+evil, "x", evil+".d", "x")},
			{Method: "dkim" + evil, Value: "fail" + evil},
			{Method: "spf", Value: "none"},
		}}
		checkWritten(t, h)
		got, err := authres.Parse([]byte(h.String()))
		if err != nil || len(got.Results) != 3 || got.Results[0].Value != "fail" || got.Results[2].Method != "spf" {
			t.Errorf("%q: %s (%v)", evil, h, err)
		}
		for _, r := range got.Results {
			if r.Method == "dmarc" || r.Value == "pass" {
				t.Errorf("%q added a result: %s", evil, h)
			}
		}
	}
}

// Outlook loses mail over very long fields (authentication_milter#110).
func TestAttack40WrittenFieldIsShort(t *testing.T) {
	long := strings.Repeat("a", 5000)
	h := authres.Header{AuthServID: "us.example"}
	for range 1000 {
		h.Results = append(h.Results, authres.Result{Method: "dkim", Value: "pass", Comment: long, Reason: long + " " + long, Props: props("header.d", long, "header.s", "x")})
	}
	h.Results = append(h.Results, authres.Result{Method: "dmarc", Value: "fail", Props: props("header.from", "x.example")})
	checkWritten(t, h)
	if n := strings.Count(h.String(), "dkim=pass"); n != 10 {
		t.Errorf("%d dkim results written, want 10", n)
	}
	if !strings.Contains(h.String(), "; dmarc=fail header.from=x.example") {
		t.Error("many signatures crowded out the dmarc result")
	}
	if n := len(h.Field()); n > 20<<10 {
		t.Errorf("the field has %d octets", n)
	}
	many := authres.Header{AuthServID: "us.example"}
	for i := range 100 {
		many.Results = append(many.Results, authres.Result{Method: "x-" + strings.Repeat("a", i%60), Value: "pass"})
	}
	if n := strings.Count(many.String(), "=pass"); n != 20 {
		t.Errorf("%d results written, want 20", n)
	}
}

func TestFieldFolds(t *testing.T) {
	h := authres.Header{AuthServID: "mx.example.org", Results: []authres.Result{
		{Method: "dkim", Value: "pass", Comment: "2048-bit key; unprotected = no", Props: props("header.d", "newsletter.example.com", "header.i", "@newsletter.example.com", "header.s", "selector1", "header.b", "AbCd/123")},
		{Method: "spf", Value: "softfail", Reason: "domain of transitioning bounce@bounces.example.com does not designate 192.0.2.1 as permitted sender", Props: props("smtp.mailfrom", "bounces.example.com")},
		{Method: "dmarc", Value: "pass", Comment: "p=reject", Props: props("header.from", "example.com")},
	}}
	want := strings.ReplaceAll(`Authentication-Results: mx.example.org;
 dkim=pass (2048-bit key; unprotected = no) header.d=newsletter.example.com
 header.i=@newsletter.example.com header.s=selector1 header.b="AbCd/123";
 spf=softfail
 reason="domain of transitioning bounce@bounces.example.com does not
 designate 192.0.2.1 as permitted sender" smtp.mailfrom=bounces.example.com;
 dmarc=pass (p=reject) header.from=example.com
`, "\n", "\r\n")
	if got := string(h.Field()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	checkWritten(t, h)
}

func FuzzFormat(f *testing.F) {
	f.Add("example.org", "dkim", "pass", "reason", "comment", "header", "d", "example.com")
	f.Add("x y", "d/k", "p;", "\"\\", "((\\", "he.ader", ".d.", "\"a\\\"@b")
	f.Fuzz(func(t *testing.T, id, method, value, reason, comment, ptype, name, pvalue string) {
		r := authres.Result{Method: method, Value: value, Reason: reason, Comment: comment, Props: []authres.Property{{Type: ptype, Name: name, Value: pvalue}, {Type: "header", Name: "i", Value: comment + "@" + pvalue}}}
		checkWritten(t, authres.Header{AuthServID: id, Results: []authres.Result{r, r}})
	})
}
