package wire

import (
	"strings"
	"testing"
)

func TestCutFields(t *testing.T) {
	for _, c := range []struct {
		text string
		want string // name=value, or ?text for what is no field
		more bool
	}{
		{"v=X1;", "", false}, {"v=X1; ", "", false}, {"v=X1 ; a=b", "a=b", false}, {"v=X1;a=b;c=d=e", "a=b c=d=e", false},
		{"v=X1; a=b ", "a=b ", false}, {"v=X1; a=b ;", "a=b", false}, {"v=X1;;", "?", false}, {"v=X1;a", "?a", false}, {"v=X1;a=", "?a=", false},
		{"v=X1;-a=b", "?-a=b", false}, {"v=X1", "?v=X1", false}, {"v=X12;a=b", "?v=X12;a=b", false}, {"V=X1;a=b", "?V=X1;a=b", false},
		{"v=X1;" + strings.Repeat("a=b;", MaxFields+1), strings.TrimSpace(strings.Repeat("a=b ", MaxFields)), true},
	} {
		fields, more := CutFields(c.text, "v=X1")
		var got []string
		for _, f := range fields {
			if f.Name == "" {
				got = append(got, "?"+f.Value)
			} else {
				got = append(got, f.Name+"="+f.Value)
			}
		}
		if strings.Join(got, " ") != c.want || more != c.more {
			t.Errorf("%.40q: %q %v", c.text, got, more)
		}
	}
}

func TestNear(t *testing.T) {
	for text, want := range map[string]bool{
		"v=STSv1; id=1": true, "V=stsV1": true, " v=STSv1;": true, "v = STSv1 ;": true, `"v=STSv1;`: true, "\u201cv=STSv1;": true, "\ufeffv=STSv1": true,
		"": false, "v=STS": false, "v=spf1 -all": false, "id=1; v=STSv1": false, strings.Repeat(" ", 100) + "v=STSv1": false, "\xff\xfe": false,
	} {
		if Near(text, "v=STSv1") != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}

func TestIsHostName(t *testing.T) {
	for name, want := range map[string]bool{
		"mx.example.com": true, "a": true, "1.2.3.4": true, "xn--a-b.example": true, strings.Repeat("a", 63) + ".b": true,
		"": false, ".": false, "a.": false, ".a": false, "a..b": false, "-a": false, "a-": false, "a_b": false, "*.a": false, "\u00e9": false,
		strings.Repeat("a", 64): false, strings.Repeat("a.", 127) + "a": false,
	} {
		if IsHostName(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

func FuzzCutFields(f *testing.F) {
	f.Add("v=X1; a=b; c")
	f.Add("v=X1 ;;=")
	f.Fuzz(func(t *testing.T, s string) {
		fields, more := CutFields(s, "v=X1")
		if len(fields) > MaxFields || more && len(fields) != MaxFields {
			t.Errorf("%d fields", len(fields))
		}
		for _, field := range fields {
			if field.Name != "" && (!IsExtName(field.Name) || field.Value == "" || !strings.Contains(s, field.Value)) {
				t.Errorf("%q: %+v", s, field)
			}
		}
		Near(s, "v=STSv1")
	})
}
