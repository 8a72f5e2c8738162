package authres_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/authres"
	"github.com/todoku/todoku/internal/testcorpus"
)

// show writes what was read in the notation of testdata/real.txt.
func show(h authres.Header) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q %d", h.AuthServID, h.Version)
	for _, r := range h.Results {
		b.WriteString(" | " + r.Method)
		if r.MethodVersion > 0 {
			fmt.Fprintf(&b, "/%d", r.MethodVersion)
		}
		b.WriteString("=" + r.Value)
		if r.Comment != "" {
			b.WriteString(" (" + r.Comment + ")")
		}
		if r.Reason != "" {
			fmt.Fprintf(&b, " reason=%q", r.Reason)
		}
		for _, p := range r.Props {
			fmt.Fprintf(&b, " %s.%s=%q", p.Type, p.Name, p.Value)
		}
	}
	return b.String()
}

func TestParseReadsWhatServersWrite(t *testing.T) {
	data, err := os.ReadFile("testdata/real.txt")
	if err != nil {
		t.Fatal(err)
	}
	cases := 0
	for block := range strings.SplitSeq(string(data), "\n\n") {
		lines := strings.Split(strings.TrimSpace(block), "\n")
		for len(lines) > 0 && strings.HasPrefix(lines[0], "#") {
			lines = lines[1:]
		}
		value, want := lines[0], strings.TrimPrefix(lines[1], "=> ")
		cases++
		// As it stands, and folded at every space with tabs and spaces.
		for _, v := range []string{value, " " + strings.ReplaceAll(value, "; ", ";\r\n\t "), "\r\n " + value + "\r\n\t"} {
			h, err := authres.Parse([]byte(v))
			if err != nil {
				t.Errorf("%s: %v", v, err)
				continue
			}
			if got := show(h); got != want {
				t.Errorf("%s\n got %s\nwant %s", v, got, want)
			}
		}
	}
	if cases < 20 {
		t.Fatalf("only %d cases read", cases)
	}
}

// The doctest of the Python package authres: every value that it parses is
// parsed here, and what it prints of the results is found in ours.
func TestCorpusAuthres(t *testing.T) {
	data := string(testcorpus.Read(t, "authres/tests.doctest.txt"))
	parse := regexp.MustCompile(`parse\('(?i:Authentication-Results): (.*?)'\)`)
	seen := 0
	for _, m := range parse.FindAllStringSubmatch(data, -1) {
		seen++
		h, err := authres.Parse([]byte(m[1]))
		if err != nil {
			t.Errorf("%s: %v", m[1], err)
			continue
		}
		if len(h.Results) == 0 || h.AuthServID == "" {
			t.Errorf("%s: read as %s", m[1], show(h))
		}
		again, err := authres.Parse([]byte(h.String()))
		if err != nil || again.String() != h.String() {
			t.Errorf("%s: written as %s, read again as %s (%v)", m[1], h, again, err)
		}
	}
	printed := regexp.MustCompile(`'Authentication-Results: (.*)'\n`)
	for _, m := range printed.FindAllStringSubmatch(data, -1) {
		if strings.Contains(m[0], "parse(") {
			continue
		}
		seen++
		h, err := authres.Parse([]byte(m[1]))
		if err != nil {
			t.Errorf("%s: %v", m[1], err)
			continue
		}
		// Two differences: we are strict where that package is not (a slash needs
		// quotes, RFC 2045 section 5.1), and write the comment after the result.
		if got, want := bare(h.String()), bare(m[1]); got != want {
			t.Errorf("written\n got %s\nwant %s", got, want)
		}
	}
	if seen < 30 {
		t.Fatalf("only %d fields found in the corpus", seen)
	}
}

// bare is a value without quotes and comments.
func bare(s string) string {
	s = regexp.MustCompile(` \([^)]*\)`).ReplaceAllString(s, "")
	return strings.ReplaceAll(s, `"`, "")
}

func TestParseRefuses(t *testing.T) {
	many := func(n int, s string) string { return strings.Repeat(s, n) }
	for name, c := range map[string]struct {
		value string
		want  error
	}{
		"empty":                 {"", authres.ErrSyntax},
		"only space":            {" \r\n\t", authres.ErrSyntax},
		"only a comment":        {"(x)", authres.ErrSyntax},
		"comment without end":   {"x.example; spf=pass (oh", authres.ErrSyntax},
		"quote without end":     {`x.example; spf=pass reason="oh`, authres.ErrSyntax},
		"quoted id without end": {`"x.example; spf=pass`, authres.ErrSyntax},
		"NUL":                   {"x.example; spf=pass smtp.helo=a\x00b", authres.ErrSyntax},
		"control":               {"x.example; spf=pass smtp.helo=a\x1bb", authres.ErrSyntax},
		"control in id":         {"x.exa\x07mple; spf=pass", authres.ErrSyntax},
		"deep comment":          {"x.example; spf=pass " + many(51, "(") + many(51, ")"), authres.ErrLimit},
		"101 results":           {"x.example" + many(101, "; dkim=pass"), authres.ErrLimit},
		"1001 properties":       {"x.example; dkim=pass" + many(1001, " header.d=a"), authres.ErrLimit},
		"65 KB":                 {"x.example; dkim=pass reason=" + many(65<<10, "a"), authres.ErrLimit},
	} {
		h, err := authres.Parse([]byte(c.value))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
		if h.AuthServID != "" || h.Results != nil {
			t.Errorf("%s: part of a refused field came back: %s", name, show(h))
		}
	}
	for name, value := range map[string]string{
		"comment 50 deep":   "x.example; spf=pass " + many(50, "(") + many(50, ")"),
		"100 results":       "x.example" + many(100, "; dkim=pass"),
		"1000 properties":   "x.example; dkim=pass" + many(1000, " header.d=a"),
		"20 digit versions": "x.example 99999999999999999999; dkim/99999999999999999999=pass",
	} {
		if _, err := authres.Parse([]byte(value)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAttack25LargeAuthenticationResults(t *testing.T) {
	for _, c := range []struct {
		name, value string
		results     int
		fails       bool
	}{
		{"30 results (OpenDMARC#441)", "x.example" + strings.Repeat("; dkim=pass header.d=a.example", 30), 30, false},
		{"300 properties", "x.example; dkim=pass" + strings.Repeat(" header.d=a.example", 300), 1, false},
		{"20,000 nested comments", "x.example; dkim=pass " + strings.Repeat("(", 20000) + strings.Repeat(")", 20000), 0, true},
		{"20,000 comments in a row", "x.example; dkim=pass " + strings.Repeat("()", 20000), 1, false},
		{"id that does not parse", `"x.example; dkim=pass`, 0, true},
		{"20,000 nested before the id", strings.Repeat("(", 20000) + "x.example; dkim=pass", 0, true},
		{"5,000 results", "x.example" + strings.Repeat("; dkim=pass", 5000), 0, true},
	} {
		h, err := authres.Parse([]byte(c.value))
		if (err != nil) != c.fails || len(h.Results) != c.results {
			t.Errorf("%s: %d results, %v", c.name, len(h.Results), err)
		}
		if err != nil && h.AuthServID != "" {
			t.Errorf("%s: an authserv-id came with the error", c.name)
		}
	}
}

func TestResultGet(t *testing.T) {
	h, err := authres.Parse([]byte("x.example; dkim=pass Header.D=a.example header.d=b.example"))
	if err != nil {
		t.Fatal(err)
	}
	if got := h.Results[0].Get("header", "d"); got != "a.example" {
		t.Errorf("header.d is %q", got)
	}
	if got := h.Results[0].Get("header", "i"); got != "" {
		t.Errorf("header.i is %q", got)
	}
}

func TestAuthServID(t *testing.T) {
	for value, want := range map[string]string{
		" example.org; none":                  "example.org",
		"(c (n)) Example.ORG. 1; dkim=pass":   "Example.ORG",
		"\r\n\t\"example.org\" ;":             "example.org",
		"example.org":                         "example.org",
		"example.org/1; (unclosed":            "example.org",
		"dkim=pass header.d=a.example":        "",
		"dkim (c) = pass":                     "",
		"dkim / 1 = pass":                     "",
		"; dkim=pass":                         "",
		"(unclosed example.org; dkim=pass":    "",
		"":                                    "",
		"\"\"; dkim=pass":                     "",
		"mail.example.org\r\n (x); dkim=pass": "mail.example.org",
	} {
		id, ok := authres.AuthServID([]byte(value))
		if id != want || ok != (want != "") {
			t.Errorf("%q: %q %v, want %q", value, id, ok, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	if data, err := os.ReadFile("testdata/real.txt"); err == nil {
		for line := range strings.SplitSeq(string(data), "\n") {
			f.Add([]byte(line))
		}
	}
	f.Add([]byte(`a; b=c (x\)y) reason="\"" d.e="f\\"@g h.i= j.k=l`))
	f.Fuzz(func(t *testing.T, value []byte) {
		h, err := authres.Parse(value)
		if err != nil {
			if h.AuthServID != "" || h.Results != nil {
				t.Fatal("a refused field gave a part")
			}
			return
		}
		checkWritten(t, h)
	})
}

// checkWritten holds what every written field promises.
func checkWritten(t *testing.T, h authres.Header) {
	t.Helper()
	s := h.String()
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			t.Fatalf("control octet in %q", s)
		}
	}
	again, err := authres.Parse([]byte(s))
	if err != nil {
		t.Fatalf("%q cannot be read: %v", s, err)
	}
	if d := cmp.Diff(s, again.String()); d != "" {
		t.Fatalf("written and read again differs: %s", d)
	}
	if len(again.Results) > len(h.Results) {
		t.Fatalf("%d results became %d: %q", len(h.Results), len(again.Results), s)
	}
	field := h.Field()
	body, ok := bytes.CutSuffix(field, []byte("\r\n"))
	if !ok {
		t.Fatalf("no CRLF at the end: %q", field)
	}
	unfolded := strings.ReplaceAll(string(body), "\r\n", "")
	if unfolded != "Authentication-Results: "+s {
		t.Fatalf("folding changed the value:\n%q\n%q", unfolded, s)
	}
	for i, line := range strings.Split(string(body), "\r\n") {
		if len(line) > 998 || strings.TrimSpace(line) == "" || i > 0 && line[0] != ' ' {
			t.Fatalf("bad line %d: %q", i, line)
		}
	}
}
