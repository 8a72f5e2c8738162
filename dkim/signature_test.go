package dkim

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestParseSignature has the example of RFC 6376 section 3.5, and the defaults.
func TestParseSignature(t *testing.T) {
	s, err := ParseSignature([]byte(crlfLines(` v=1; a=rsa-sha256; d=example.net; s=brisbane;
   c=simple; q=dns/txt; i=@eng.example.net;
   t=1117574938; x=1118006938;
   h=from:to:subject:date;
   z=From:foo@eng.example.net|To:joe@example.com|
    Subject:demo=20run|Date:July=205,=202005=203:44:08=20PM=20-0700;
   bh=MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=;
   b=dzdVyOfAKCdLXdJOc9G2q8LoXSlEniSbav+yuU4zGeeruD00lszZVoG4ZHRNiYzR`)))
	if err != nil {
		t.Fatal(err)
	}
	want := &Signature{
		Version: "1", Algorithm: "rsa-sha256", Domain: "example.net", Selector: "brisbane", Identity: "@eng.example.net",
		Headers: []string{"from", "to", "subject", "date"}, BodyHash: []byte("12345678901234567890123456789012"), Length: -1,
		Timestamp: time.Unix(1117574938, 0), Expires: time.Unix(1118006938, 0), QueryMethods: []string{"dns/txt"},
	}
	if d := cmp.Diff(want, s, cmpopts.IgnoreFields(Signature{}, "Value", "CopiedHeaders")); d != "" {
		t.Error(d)
	}
	if len(s.Value) != 48 || !strings.HasPrefix(s.CopiedHeaders, "From:foo") {
		t.Errorf("%d octets of b=, z=%q", len(s.Value), s.CopiedHeaders)
	}
}

func TestParseSignatureForms(t *testing.T) {
	bh := strings.Repeat("A", 43) + "="
	base := "v=1; a=rsa-sha256; d=Example.COM; s=Sel_1.x; h=from; bh=" + bh + "; b=AAAA"
	for _, c := range []struct {
		name, value string
		check       func(*Signature) bool
	}{
		{"case of names", base, func(s *Signature) bool {
			return s.Domain == "example.com" && s.Selector == "Sel_1.x" && s.Identity == "@example.com"
		}},
		{"a final semicolon", base + ";", func(s *Signature) bool { return len(s.Value) == 3 }},
		{"unknown tags", base + "; zz=1; A=2", func(s *Signature) bool { return s.Algorithm == "rsa-sha256" }},
		{"folded base64", strings.Replace(base, "AAAA", "A A\r\n\tA A", 1), func(s *Signature) bool { return len(s.Value) == 3 }},
		{"folded h=", strings.Replace(base, "h=from", "h= To :\r\n\tFrom ", 1), func(s *Signature) bool { return cmp.Equal(s.Headers, []string{"To", "From"}) }},
		{"c= with one half", base + "; c=relaxed", func(s *Signature) bool { return s.Canonicalization() == "relaxed/simple" }},
		{"c= in capitals", base + "; c=Relaxed/RELAXED", func(s *Signature) bool { return s.Canonicalization() == "relaxed/relaxed" }},
		{"no c=", base, func(s *Signature) bool { return s.Canonicalization() == "simple/simple" }},
		{"c=simple/relaxed", base + "; c=simple/relaxed", func(s *Signature) bool { return s.Canonicalization() == "simple/relaxed" }},
		{"a= in capitals", strings.Replace(base, "rsa", "RSA", 1), func(s *Signature) bool { return s.Algorithm == "rsa-sha256" }},
		{"i= encoded", base + "; i=a=3Bb=40c@Sub.Example.com", func(s *Signature) bool { return s.Identity == "a;b@c@sub.example.com" }},
		{"several q=", base + "; q=http/x : dns/txt", func(s *Signature) bool { return len(s.QueryMethods) == 2 }},
		{"l=0", base + "; l=0", func(s *Signature) bool { return s.Length == 0 }},
		// RFC 8616 section 4: U-labels in d=, s= and i=.
		{"U-labels", strings.Replace(base, "d=Example.COM", "d=例え.jp; i=x@メール.例え.jp", 1), func(s *Signature) bool {
			return s.Domain == "xn--r8jz45g.jp" && s.Identity == "x@xn--4dkua4c.xn--r8jz45g.jp"
		}},
	} {
		s, err := ParseSignature([]byte(c.value))
		if err != nil || !c.check(s) {
			t.Errorf("%s: %+v, %v", c.name, s, err)
		}
	}
}

// RFC 8616 section 4: U-labels are labels of RFC 5890 section 2.3.2.1, which nothing maps to
// others, and short. Converting the long ones takes the square of their length, and would
// take minutes.
func TestNoULabels(t *testing.T) {
	bh := strings.Repeat("A", 43) + "="
	var long strings.Builder
	for i := range 20_000 {
		long.WriteRune(rune(0x4e00 + i))
	}
	for _, name := range []string{"a。example", "ａ.example", "b\u00adu.example", "\u212aey.example", long.String() + ".example", strings.Repeat("x.", 126) + "xx", strings.Repeat("ü.", 40) + "example"} {
		for _, tags := range []string{"d=" + name + "; s=s", "d=example.com; s=" + name, "d=example.com; s=s; i=x@" + name + ".example.com"} {
			s, err := ParseSignature([]byte("v=1; a=rsa-sha256; " + tags + "; h=from; bh=" + bh + "; b=AAAA"))
			if err == nil {
				t.Errorf("%.80q: %.80q %.80q %.80q", tags, s.Domain, s.Selector, s.Identity)
			}
		}
	}
	_, err := ParseSignature([]byte("v=1; a=rsa-sha256; d=r3---sn.例え.JP; s=_x.ü; h=from; bh=" + bh + "; b=AAAA"))
	if err != nil {
		t.Errorf("labels in ASCII beside U-labels: %v", err)
	}
}

// TestParseSignatureKinds: each Err value can be told from the others, and what was
// read is there beside the error.
func TestParseSignatureKinds(t *testing.T) {
	bh := strings.Repeat("A", 43) + "="
	for value, want := range map[string]error{
		"v=1; a=rsa-sha256; d=example.com; s=s; h=from; bh=" + bh + "; b=AAAA; b=AAAA":                  ErrDuplicateTag,
		"v=1; a=rsa-sha256; d=example.com; s=s; h=from; bh=" + bh:                                       ErrMissingTag,
		"v=1; a=rsa-sha256; d=example.com; s=s; h=from; bh=x; b=AAAA":                                   ErrSyntax,
		"v=1; a=x-y; d=example.com; s=s; h=from; bh=" + bh + "; b=AAAA":                                 ErrUnknownAlgorithm,
		"v=1; a=rsa-sha256; d=example.com; s=s; h=to; bh=" + bh + "; b=AAAA":                            ErrUnsignedFrom,
		"v=1; a=rsa-sha256; d=example.com; i=@example.net; s=s; h=from; bh=" + bh + "; b=AAAA":          ErrDomainMismatch,
		"v=1; a=rsa-sha256; d=example.com; s=s; h=from; bh=" + bh + "; b=AAAA; t=2; x=1":                ErrSyntax,
		"v=1; a=rsa-sha256; d=example.com; s=s; h=from; bh=" + bh + "; b=AAAA; i=" + "=0Aa@example.com": ErrSyntax,
	} {
		s, err := ParseSignature([]byte(value))
		if !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", value, err, want)
		}
		if want != ErrDuplicateTag && (s == nil || s.Domain != "example.com" || s.Selector != "s") {
			t.Errorf("%q: %+v", value, s)
		}
	}
}
