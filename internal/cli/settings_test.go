package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestPrecedence: flag, then environment, then file, then default.
func TestPrecedence(t *testing.T) {
	p := newProgram(t, shop())
	conf := write(t, "todoku.toml", "ip = \"192.0.2.77\"\nmail_from = \"a@shop.example\"\n[spf]\nip = \"192.0.2.1\"\nhelo = \"mx.shop.example\"\n")
	spf := func(args ...string) any {
		return p.run(append([]string{"spf", "--json", "--config", conf}, args...)...).want(t, 0).json(t)
	}
	if v := spf(); at(t, v, "result") != "pass" { // the command's table wins over the top of the file
		t.Errorf("file: %v", v)
	}
	p.env["TODOKU_IP"] = "192.0.2.2"
	if v := spf(); at(t, v, "result") != "fail" {
		t.Errorf("environment over file: %v", v)
	}
	if v := spf("--ip", "192.0.2.1"); at(t, v, "result") != "pass" {
		t.Errorf("flag over environment: %v", v)
	}
	p.env["TODOKU_CONFIG"] = conf
	delete(p.env, "TODOKU_IP")
	if v := p.run("spf", "--json").want(t, 0).json(t); at(t, v, "result") != "pass" {
		t.Errorf("TODOKU_CONFIG: %v", v)
	}
}

func TestConfigErrors(t *testing.T) {
	p := newProgram(t, shop())
	for name, c := range map[string]struct {
		text string
		code int
	}{
		"unknown key":       {"databse = \"x\"\n", 2},
		"unknown table":     {"[serv]\nhttp = \"x\"\n", 2},
		"bad value":         {"timeout = \"soon\"\n", 2},
		"no TOML":           {"= =", 2},
		"several for one":   {"timeout = [1, 2]\n", 2},
		"byte order mark":   {"\xef\xbb\xbftimeout = 5\r\n", 0},
		"a time of TOML":    {"at = 2026-01-01T09:00:00+09:00\n", 0},
		"a quoted time":     {"at = \"2026-01-01T09:00:00+09:00\"\n", 0},
		"another command's": {"[serve]\nmail-domain = \"x.example\"\n", 0},
		"dashes and lines":  {"no_color = true\ntimeout = 5\n", 0},
		"repeatable":        {"what-if = [\"a.example. TXT x\", \"b.example. TXT y\"]\n", 0},
	} {
		t.Run(name, func(t *testing.T) {
			p.run("spf", "--config", write(t, "c.toml", c.text)).want(t, c.code)
		})
	}
	if r := p.run("spf", "--config", "/nonexistent.toml").want(t, 3); !strings.Contains(r.err, "/nonexistent.toml") {
		t.Errorf("%q", r.err)
	}
}

// TestRepeatableFromEnvironment: a repeatable flag has one value a line; addresses and
// selectors may stand on one.
func TestRepeatableFromEnvironment(t *testing.T) {
	p := newProgram(t, shop())
	p.env["TODOKU_WHAT_IF"] = "shop.example TXT v=spf1 ip4:192.0.2.9 -all\n_dmarc.shop.example TXT v=DMARC1; p=none; rua=mailto:a@shop.example,mailto:b@shop.example\n"
	v := p.run("spf", "--json", "--ip", "192.0.2.9", "--mail-from", "a@shop.example", "--helo", "mx.shop.example").want(t, 0).json(t)
	if at(t, v, "result") != "pass" {
		t.Errorf("the first of two records: %v", v)
	}
	if v := p.run("dmarc", "--json", "--from", "shop.example").want(t, 0).json(t); at(t, v, "policy") != "none" {
		t.Errorf("the second of two records: %v", v)
	}
	delete(p.env, "TODOKU_WHAT_IF")
	for _, list := range []string{"192.0.2.77,192.0.2.78", "192.0.2.77 192.0.2.78", "192.0.2.77\n192.0.2.78\n"} {
		p.env["TODOKU_IP"] = list
		out := p.run("check", "--dns-only", "--json", "--fail-on", "fail", "shop.example").out
		if !strings.Contains(out, "192.0.2.77") || !strings.Contains(out, "192.0.2.78") {
			t.Errorf("%q: %s", list, out)
		}
	}
}

// TestTexts: every command and every flag is explained, in both languages.
func TestTexts(t *testing.T) {
	for name, c := range commandTexts {
		for what, s := range map[string]text{"short": c.short, "long": c.long, "example": c.example} {
			if s.EN == "" || s.JA == "" {
				t.Errorf("%q: %s is missing in a language", name, what)
			}
		}
	}
	for _, list := range []map[string]text{flagTexts, usageWords} {
		for name, s := range list {
			if s.EN == "" || s.JA == "" || strings.Count(s.EN, "`") != strings.Count(s.JA, "`") {
				t.Errorf("%q is missing in a language, or its value is not named in both", name)
			}
		}
	}
	for _, lang := range []string{"en", "ja"} {
		a := &app{lang: lang}
		var walk func(c *cobra.Command)
		walk = func(c *cobra.Command) {
			path := strings.TrimSpace(strings.TrimPrefix(c.CommandPath(), "todoku"))
			if _, ok := commandTexts[path]; !ok {
				t.Errorf("%q has no text", path)
			}
			c.Flags().VisitAll(func(f *pflag.Flag) {
				if f.Usage == "" {
					t.Errorf("%s: --%s has no text in %s", path, f.Name, lang)
				}
			})
			for _, child := range c.Commands() {
				walk(child)
			}
		}
		walk(a.root())
	}
}

// TestMessagesComplete: what the program says exists in both languages, with the same placeholders, wherever it stands in the source.
func TestMessagesComplete(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	placeholder := regexp.MustCompile(`\{[a-z]+\}`)
	found := 0
	for _, name := range files {
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			en, ja, ok := bothTexts(n)
			if !ok || strings.HasSuffix(name, "_test.go") {
				return true
			}
			found++
			if en == "" || ja == "" {
				t.Errorf("%s: a language is missing", fset.Position(n.Pos()))
			}
			for _, p := range placeholder.FindAllString(en, -1) {
				if !strings.Contains(ja, p) {
					t.Errorf("%s: %s is not in %q", fset.Position(n.Pos()), p, ja)
				}
			}
			return true
		})
	}
	if found < 300 {
		t.Errorf("only %d texts found: is this where they are?", found)
	}
}

// bothTexts gives the two languages of a text as it is written in the source; what is no literal counts as there.
func bothTexts(n ast.Node) (en, ja string, ok bool) {
	c, isLit := n.(*ast.CompositeLit)
	if !isLit {
		return "", "", false
	}
	for _, e := range c.Elts {
		kv, isPair := e.(*ast.KeyValueExpr)
		if !isPair {
			continue
		}
		key, isName := kv.Key.(*ast.Ident)
		if !isName || key.Name != "EN" && key.Name != "JA" {
			continue
		}
		ok = true
		if key.Name == "EN" {
			en = literal(kv.Value)
		} else {
			ja = literal(kv.Value)
		}
	}
	return en, ja, ok
}

// literal puts together the string literals of an expression.
func literal(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		if err != nil {
			return ""
		}
		return s
	case *ast.BinaryExpr:
		return literal(e.X) + literal(e.Y)
	}
	return "..."
}

func TestHelpLanguage(t *testing.T) {
	p := newProgram(t, shop())
	if r := p.run("--lang", "ja", "verify", "--help").want(t, 0); !strings.Contains(r.out, "使い方:") || strings.Contains(r.out, "(default") {
		t.Errorf("%s", r.out)
	}
	p.env["LC_ALL"] = "ja_JP.UTF-8"
	if r := p.run("verify").want(t, 2); !strings.Contains(r.err, "指定してください") {
		t.Errorf("%s", r.err)
	}
	if r := p.run("--lang=en", "verify", "--help").want(t, 0); !strings.Contains(r.out, "Usage:") {
		t.Errorf("%s", r.out)
	}
}
