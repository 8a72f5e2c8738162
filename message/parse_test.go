package message

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseSplits(t *testing.T) {
	for _, tt := range []struct {
		name, raw string
		fields    []string // name|value
		body      string
		noBody    bool
	}{
		{name: "usual", raw: "From: a@b\r\nTo: c\r\n\r\nhello\r\n", fields: []string{"From| a@b", "To| c"}, body: "hello\r\n"},
		{name: "folding", raw: "A: 1\r\n 2\r\n\t3\r\nB:\r\n\r\nx", fields: []string{"A| 1\r\n 2\r\n\t3", "B|"}, body: "x"},
		{name: "a fold of white space only is still a fold", raw: "A: 1\r\n \r\nB: 2\r\n\r\n", fields: []string{"A| 1\r\n ", "B| 2"}, body: ""},
		{name: "only CRLF ends a line", raw: "A: 1\nB: 2\rC: 3\r\n\r\n", fields: []string{"A| 1\nB: 2\rC: 3"}, body: ""},
		{name: "LF LF does not end the header", raw: "A: 1\n\nB: 2\r\n\r\nbody", fields: []string{"A| 1\n\nB: 2"}, body: "body"},
		{name: "LF CRLF does not end the header", raw: "A: 1\n\r\nB: 2\r\n\r\nbody", fields: []string{"A| 1\n", "B| 2"}, body: "body"},
		{name: "no colon", raw: "A: 1\r\nhello there\r\nB: 2\r\n\r\n", fields: []string{"A| 1", "|hello there", "B| 2"}, body: ""},
		{name: "bad name", raw: "a b: 1\r\n: 2\r\n\r\n", fields: []string{"|a b: 1", "|: 2"}, body: ""},
		{name: "white space before the colon, RFC 5322 section 4.5", raw: "A \t: 1\r\n\r\n", fields: []string{"A| 1"}, body: ""},
		{name: "folding before the colon is no field", raw: "A\r\n : 1\r\n\r\n", fields: []string{"|A\r\n : 1"}, body: ""},
		{name: "begins with white space", raw: " A: 1\r\nB: 2\r\n\r\n", fields: []string{"| A: 1", "B| 2"}, body: ""},
		{name: "mbox line", raw: "From a@b Mon Jan  1 10:00:00 2024\r\nB: 2\r\n\r\n", fields: []string{"|From a@b Mon Jan  1 10:00:00 2024", "B| 2"}, body: ""},
		{name: "no header", raw: "\r\nbody", body: "body"},
		{name: "header only, RFC 5322 section 3.5", raw: "A: 1\r\n", fields: []string{"A| 1"}, noBody: true},
		{name: "header cut short", raw: "A: 1\r\nB: 2", fields: []string{"A| 1", "B| 2"}, noBody: true},
		{name: "header cut in its CRLF", raw: "A: 1\r", fields: []string{"A| 1\r"}, noBody: true},
		{name: "empty", raw: "", noBody: true},
		{name: "one LF", raw: "\n", fields: []string{"|\n"}, noBody: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := Parse([]byte(tt.raw))
			var got []string
			for _, f := range m.Fields {
				got = append(got, f.Name()+"|"+string(f.Value()))
			}
			if d := cmp.Diff(tt.fields, got); d != "" {
				t.Error(d)
			}
			if string(m.Body) != tt.body || (m.Body == nil) != tt.noBody {
				t.Errorf("body %q (nil: %v)", m.Body, m.Body == nil)
			}
		})
	}
}

func TestFieldIs(t *testing.T) {
	f := Field{Raw: []byte("List-Unsubscribe : <x>\r\n")}
	if !f.Is("list-UNSUBSCRIBE") || f.Is("list-unsubscrib") || f.Is("List-Unsubscribe ") || f.Is("") {
		t.Error("Is does not compare the name alone")
	}
	if (Field{Raw: []byte("no field\r\n")}).Is("") {
		t.Error("a line that is no field has no name, not the empty one")
	}
	if (Field{Raw: []byte("\u212aey: x\r\n")}).Is("key") {
		t.Error("names compare as ASCII")
	}
	if n := testing.AllocsPerRun(100, func() { f.Is("list-unsubscribe") }); n != 0 {
		t.Errorf("Is allocates %v times", n)
	}
}

func TestUnfolded(t *testing.T) {
	for in, want := range map[string]string{
		"A: one\r\n two\r\n":        "one two",
		"A:\r\n  one\r\n\ttwo \r\n": "one\ttwo",
		"A: one\r\n \r\n":           "one",
		"A: a\nb\rc\r\n":            "a\nb\rc",
		"A:":                        "",
	} {
		if got := NewField([]byte(in)).Unfolded(); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestAllKeepsOrder(t *testing.T) {
	m := Parse([]byte("X: 1\r\nY: 2\r\nx : 3\r\n\r\n"))
	var got []string
	for _, f := range m.All("X") {
		got = append(got, f.Unfolded())
	}
	if strings.Join(got, ",") != "1,3" || m.Count("y") != 1 || m.All("Z") != nil {
		t.Errorf("got %q", got)
	}
	if f, ok := m.First("x"); !ok || f.Unfolded() != "1" {
		t.Errorf("First gives %q", f.Raw)
	}
}

func TestNormalizeFile(t *testing.T) {
	for in, want := range map[string]string{
		"A: 1\n\nb\n":   "A: 1\r\n\r\nb\r\n",
		"A: 1\n\nb":     "A: 1\r\n\r\nb",
		"A: \r1\n":      "A: \r1\r\n", // the bare CR stays a defect
		"A: 1\r\n\nb\n": "",           // mixed: judged as it is
		"A: 1\r\n":      "",
		"A: 1":          "",
		"":              "",
	} {
		got, changed := NormalizeFile([]byte(in))
		if changed != (want != "") || (changed && string(got) != want) || (!changed && string(got) != in) {
			t.Errorf("%q: %q %v", in, got, changed)
		}
	}
}

// FuzzParse: nothing is lost and nothing invented, whatever comes in.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "\r\n", "\r\n\r\n", "A: 1\r\n\r\nb", "A: 1\r\n 2\r\n", "A\r\n : 1\nB: 2\r\n\r\n\r\n", "\x00:\r\n \r\n\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := Parse(raw)
		var all []byte
		for _, f := range m.Fields {
			if bytes.Contains(bytes.TrimSuffix(f.Raw, crlf), crlfcrlf) {
				t.Errorf("an empty line inside field %q", f.Raw)
			}
			if n := f.Name(); n != "" && !f.Is(strings.ToUpper(n)) {
				t.Errorf("%q is not its own name", n)
			}
			f.Unfolded()
			all = append(all, f.Raw...)
		}
		if m.Body != nil {
			all = append(append(all, crlf...), m.Body...)
		}
		if !m.HeaderTruncated() && !bytes.Equal(all, raw) {
			t.Errorf("fields, separator and body give %q", all)
		}
	})
}
