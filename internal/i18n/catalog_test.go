package i18n

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// catalog gives the plural forms of every key: one form, "other", where there is just a text.
func catalog(t *testing.T, lang string) map[string]map[string]string {
	t.Helper()
	data, err := catalogs.ReadFile(lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]string{}
	for key, v := range raw {
		forms := map[string]string{}
		var s string
		if err := json.Unmarshal(v, &s); err == nil {
			forms["other"] = s
		} else if err := json.Unmarshal(v, &forms); err != nil {
			t.Fatalf("%s: %s: neither a text nor plural forms: %v", lang, key, err)
		}
		out[key] = forms
	}
	return out
}

var placeholder = regexp.MustCompile(`\{\{\s*\.(\w+)\s*\}\}`)

// placeholders are the names in all forms of a text.
func placeholders(forms map[string]string) []string {
	var out []string
	for _, text := range forms {
		for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
			out = append(out, m[1])
		}
	}
	sort.Strings(out)
	return slices.Compact(out)
}

func TestCatalogsAgree(t *testing.T) {
	en, ja := catalog(t, "en"), catalog(t, "ja")
	for key, forms := range en {
		other, ok := ja[key]
		if !ok {
			t.Errorf("%s is missing in ja.json", key)
			continue
		}
		if a, b := placeholders(forms), placeholders(other); !slices.Equal(a, b) {
			t.Errorf("%s: placeholders %v in English, %v in Japanese", key, a, b)
		}
		if _, ok := other["one"]; ok {
			t.Errorf("%s: Japanese has no singular", key)
		}
		if len(forms) > 1 && forms["one"] == "" {
			t.Errorf("%s: plural forms without \"one\"", key)
		}
	}
	for key := range ja {
		if _, ok := en[key]; !ok {
			t.Errorf("%s is missing in en.json", key)
		}
	}
	for lang, c := range map[string]map[string]map[string]string{"en": en, "ja": ja} {
		for key, forms := range c {
			for form, text := range forms {
				if strings.TrimSpace(text) == "" || text != strings.TrimSpace(text) {
					t.Errorf("%s: %s (%s): empty, or with space around it", lang, key, form)
				}
				if left := placeholder.ReplaceAllString(text, ""); strings.Contains(left, "{{") || strings.Contains(left, "}}") {
					t.Errorf("%s: %s: a placeholder is not of the form {{.Name}}: %q", lang, key, text)
				}
			}
		}
	}
}

// TestJapaneseIsJapanese finds texts that were copied and not translated.
func TestJapaneseIsJapanese(t *testing.T) {
	japanese := regexp.MustCompile(`[\p{Hiragana}\p{Katakana}\p{Han}]`)
	same := []string{"live.mail-from", "paste.mail-from"} // protocol words
	for key, forms := range catalog(t, "ja") {
		if !japanese.MatchString(forms["other"]) && !slices.Contains(same, key) {
			t.Errorf("%s is not Japanese: %q", key, forms["other"])
		}
	}
}

func TestT(t *testing.T) {
	for _, c := range []struct {
		lang, key string
		pairs     []any
		want      string
	}{
		{"en", "lang.name", nil, "English"},
		{"ja", "lang.name", nil, "日本語"},
		{"xx", "lang.name", nil, "English"},
		{"en", "no.such-key", nil, "no.such-key"},
		{"ja", "no.such-key", []any{"A", 1}, "no.such-key"},
		{"en", "spf.cost", []any{"Count", 1}, "1 look-up"},
		{"en", "spf.cost", []any{"Count", 3}, "3 look-ups"},
		{"ja", "spf.cost", []any{"Count", 1}, "参照 1 回"},
		{"en", "volume.sum", []any{"Count", int64(1), "Paced", int64(0)}, "1 recipient, 0 put off."},
		{"en", "warmup.connections", []any{"Count", 1}, "At most 1 connection to the provider at one time for now"},
		{"en", "warmup.reached", []any{"Count", 1, "Date", "2027-01-15"}, "1 message a day on 2027-01-15, if all goes well"},
		{"en", "warmup.not-reached", []any{"Count", 1}, "1 message a day: held, so no date can be told"},
		{"en", "dkim.bits", []any{"Bits", 2048}, "2048 bits"},
		{"en", "live.helo", []any{"Text", "{{.Evil}}<b>"}, "The client says it is {{.Evil}}<b>"},
	} {
		if got := T(c.lang, c.key, c.pairs...); got != c.want {
			t.Errorf("T(%q, %q, %v) = %q, want %q", c.lang, c.key, c.pairs, got, c.want)
		}
	}
}

// use is one place where a key is used with its values' names.
type use struct {
	where, key string
	names      []string
	names0     bool // the names are not known: not checked
}

// TestEveryKeyIsKnownAndUsed reads the program's sources: a key that is not in the
// catalogs, a text whose placeholders do not all get a value, and a text that nobody shows, fail.
func TestEveryKeyIsKnownAndUsed(t *testing.T) {
	en := catalog(t, "en")
	uses, literals := usesInGo(t)
	uses = append(uses, usesInTemplates(t)...)
	if len(uses) < 100 {
		t.Fatalf("only %d uses of texts were found: the search is broken", len(uses))
	}
	seen := map[string]bool{}
	for _, u := range uses {
		forms, ok := en[u.key]
		if !ok {
			t.Errorf("%s: unknown key %q", u.where, u.key)
			continue
		}
		seen[u.key] = true
		for _, p := range placeholders(forms) {
			if !u.names0 && !slices.Contains(u.names, p) {
				t.Errorf("%s: %q gets no value for {{.%s}}", u.where, u.key, p)
			}
		}
	}
	// Keys also stand in tables, or are a stem: "error.busy" is error.busy.title and error.busy.do.
	for key := range en {
		stem := strings.TrimSuffix(strings.TrimSuffix(key, ".title"), ".do")
		if !seen[key] && !literals[key] && !literals[stem] {
			t.Errorf("%s: nobody shows this text", key)
		}
	}
	areas := map[string]bool{}
	for key := range en {
		area, _, _ := strings.Cut(key, ".")
		areas[area] = strings.Contains(key, ".")
	}
	for lit := range literals {
		area, _, _ := strings.Cut(lit, ".")
		_, whole := en[lit]
		_, stem := en[lit+".title"]
		if areas[area] && !whole && !stem {
			t.Errorf("package web: %q looks like a key and is none", lit)
		}
		_, advice := en[lit+".do"]
		if page := area == "error" && !strings.HasSuffix(lit, ".title") && !strings.HasSuffix(lit, ".do"); page && (!stem || !advice) {
			t.Errorf("package web: %q is an error page without a title, or without what to do", lit)
		}
	}
}

var keyLike = regexp.MustCompile(`^[a-z]+(\.[a-z0-9-]+)+$`)

// usesInGo finds calls of i18n.T everywhere, and what looks like a key in package web.
func usesInGo(t *testing.T) (uses []use, literals map[string]bool) {
	t.Helper()
	literals = map[string]bool{}
	walk(t, ".go", func(path string, data []byte) {
		inWeb := filepath.Base(filepath.Dir(path)) == "web"
		if strings.HasSuffix(path, "_test.go") || !inWeb && !strings.Contains(string(data), "internal/i18n\"") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, data, parser.SkipObjectResolution)
		if err != nil {
			return // being edited: the compiler says so
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && inWeb && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil && keyLike.MatchString(s) {
					literals[s] = true
				}
			}
			if call, ok := n.(*ast.CallExpr); ok {
				if u, ok := useOf(call); ok {
					u.where = path
					uses = append(uses, u)
				}
			}
			return true
		})
	})
	return uses, literals
}

// useOf reads i18n.T(lang, "key", "Name", value ...).
func useOf(call *ast.CallExpr) (u use, ok bool) {
	f, isSelector := call.Fun.(*ast.SelectorExpr)
	if !isSelector || f.Sel.Name != "T" || len(call.Args) < 2 {
		return u, false
	}
	if x, isName := f.X.(*ast.Ident); !isName || x.Name != "i18n" {
		return u, false
	}
	lit, isLit := call.Args[1].(*ast.BasicLit)
	if !isLit {
		return u, false // from a table, see literals
	}
	u.key, _ = strconv.Unquote(lit.Value)
	u.names0 = call.Ellipsis.IsValid()
	for i := 2; i < len(call.Args); i += 2 {
		if name, isLit := call.Args[i].(*ast.BasicLit); isLit {
			s, _ := strconv.Unquote(name.Value)
			u.names = append(u.names, s)
		}
	}
	return u, true
}

var (
	inTemplate = regexp.MustCompile(`\bt "([^"]+)"((?: "\w+" (?:\([^()]*(?:\([^()]*\)[^()]*)*\)|[^\s()}]+))*)`)
	nameInCall = regexp.MustCompile(` "(\w+)" `)
)

func usesInTemplates(t *testing.T) (uses []use) {
	t.Helper()
	walk(t, ".html", func(path string, data []byte) {
		for _, m := range inTemplate.FindAllStringSubmatch(string(data), -1) {
			u := use{where: path, key: m[1]}
			for _, n := range nameInCall.FindAllStringSubmatch(m[2], -1) {
				u.names = append(u.names, n[1])
			}
			uses = append(uses, u)
		}
	})
	return uses
}

// walk reads the files of the program with this ending.
func walk(t *testing.T, ending string, f func(path string, data []byte)) {
	t.Helper()
	for _, root := range []string{"..", filepath.Join("..", "..", "cmd")} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ending {
				return err
			}
			data, err := os.ReadFile(path)
			if err == nil {
				f(path, data)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
