package wire

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseTags(t *testing.T) {
	type nv struct{ N, V string }
	for _, c := range []struct {
		in   string
		want []nv
	}{
		{"a=b", []nv{{"a", "b"}}},
		{"a=b;", []nv{{"a", "b"}}},
		{"a=b; \t", []nv{{"a", "b"}}},
		{"a=b;\r\n", []nv{{"a", "b"}}},
		{" v=1; a=rsa-sha256;\r\n\tb=AB\r\n CD==", []nv{{"v", "1"}, {"a", "rsa-sha256"}, {"b", "AB\r\n CD=="}}},
		{"\r\n a \r\n = \t x y \r\n ;b=", []nv{{"a", "x y"}, {"b", ""}}},
		{"a=b=c==", []nv{{"a", "b=c=="}}},
		{"A=1;a=2", []nv{{"A", "1"}, {"a", "2"}}}, // names are case-sensitive
		{"x_1y=!~", []nv{{"x_1y", "!~"}}},
		{"d=\xe3\x81\x82.jp", []nv{{"d", "\xe3\x81\x82.jp"}}}, // RFC 8616 section 5
	} {
		tags, err := ParseTags(c.in)
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
			continue
		}
		var got []nv
		for _, tag := range tags {
			got = append(got, nv{tag.Name, tag.Value})
			if raw := c.in[tag.Start:tag.End]; TrimFWS(raw) != tag.Value || c.in[tag.Start-1] != '=' ||
				tag.End < len(c.in) && c.in[tag.End] != ';' {
				t.Errorf("%q: offsets of %s= give %q", c.in, tag.Name, raw)
			}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%q: %s", c.in, d)
		}
	}
}

// TestParseTagsErrorIsShort: a reason goes into fields and logs; it names no tag at length.
func TestParseTagsErrorIsShort(t *testing.T) {
	name := strings.Repeat("n", 30_000)
	for spec, want := range map[string]string{"a=1;a=2": `"a=" occurs twice`, name + "=1;" + name + "=2": `"` + name[:60] + `"... occurs twice`} {
		if _, err := ParseTags(spec); !errors.Is(err, ErrDuplicateTag) || err.Error() != "duplicate tag: "+want {
			t.Errorf("%.200v", err)
		}
	}
}

// TestParseTagsRFC6376Section3_2 has what the grammar forbids.
func TestParseTagsRFC6376Section3_2(t *testing.T) {
	for _, c := range []struct {
		in   string
		want error
	}{
		{"", ErrTagSyntax}, {" ", ErrTagSyntax}, {";", ErrTagSyntax}, {"a", ErrTagSyntax}, {"=b", ErrTagSyntax},
		{"a=b;;c=d", ErrTagSyntax}, {"a=b; ;", ErrTagSyntax}, {";a=b", ErrTagSyntax}, {"1a=b", ErrTagSyntax}, {"_a=b", ErrTagSyntax},
		{"a b=c", ErrTagSyntax}, {"a-b=c", ErrTagSyntax}, {"a=b\rc", ErrTagSyntax}, {"a=b\nc", ErrTagSyntax}, {"a=b\r\nc", ErrTagSyntax},
		{"a=\x00", ErrTagSyntax}, {"a=\x7f", ErrTagSyntax}, {"a=\xff", ErrTagSyntax}, {"a\n=b", ErrTagSyntax}, {"a=b;\n", ErrTagSyntax},
		{"a=1;a=2", ErrDuplicateTag}, {"a=1;b=2;a=1", ErrDuplicateTag},
		{"a=" + strings.Repeat("x", MaxTagListLen), ErrTooManyTags},
		{manyTags(MaxTags + 1), ErrTooManyTags},
	} {
		if tags, err := ParseTags(c.in); !errors.Is(err, c.want) || tags != nil {
			t.Errorf("%.60q: %v, %v; want %v", c.in, tags, err, c.want)
		}
	}
	if tags, err := ParseTags(manyTags(MaxTags)); err != nil || len(tags) != MaxTags {
		t.Errorf("%d tags: %v", MaxTags, err)
	}
}

func manyTags(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "t%d=v;", i)
	}
	return b.String()
}

func TestStripFWS(t *testing.T) {
	for in, want := range map[string]string{"": "", "abc": "abc", " a\r\n\tb c ": "abc", "\t": ""} {
		if got := StripFWS(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func FuzzParseTags(f *testing.F) {
	for _, s := range []string{"v=1; a=b", "v=DKIM1; p=\r\n AB==;", ";;", "a=\xff", "a=1;a=1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		tags, err := ParseTags(s)
		if err != nil {
			if tags != nil {
				t.Error("tags beside an error")
			}
			return
		}
		var b strings.Builder
		for i, tag := range tags {
			if s[tag.Start-1] != '=' || TrimFWS(s[tag.Start:tag.End]) != tag.Value {
				t.Fatalf("offsets of %q", tag.Name)
			}
			if i > 0 {
				b.WriteByte(';')
			}
			b.WriteString(tag.Name + "=" + tag.Value)
		}
		again, err := ParseTags(b.String())
		if err != nil || len(again) != len(tags) {
			t.Fatalf("%q does not survive: %q: %v", s, b.String(), err)
		}
		for i := range tags {
			if tags[i].Name != again[i].Name || tags[i].Value != again[i].Value {
				t.Fatalf("%q: tag %d changed", s, i)
			}
		}
	})
}

// TestUnprintable: it agrees with the table octet by octet, in every place of the word.
func TestUnprintable(t *testing.T) {
	for c := range 256 {
		for at := range 8 {
			b := []byte("abcdefgh")
			b[at] = byte(c)
			if got, want := unprintable(word(string(b)))&highs == 0, c >= ' ' && c < 0x7f; got != want {
				t.Errorf("octet %#02x at %d: %v, want %v", c, at, got, want)
			}
		}
	}
}

// TestAppendBase64: with white space anywhere it is what it is without.
func TestAppendBase64(t *testing.T) {
	for _, v := range []string{"", "AA==", "A A\t==", "AAEC\r\n Aw==", "AAEC\r\nAwQF", "A", "AA=", "\r\nAA==", "A*==", "AA== AA=="} {
		want, wantErr := base64.StdEncoding.DecodeString(StripFWS(v))
		got, err := AppendBase64([]byte("x"), v)
		if (err == nil) != (wantErr == nil) {
			t.Errorf("%q: %v, want %v", v, err, wantErr)
		} else if err == nil && string(got) != "x"+string(want) {
			t.Errorf("%q: %q, want %q", v, got, want)
		}
	}
}
