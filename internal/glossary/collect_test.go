package glossary

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// text is a Japanese text of the product and where it stands.
type text struct{ where, text string }

const root = "../.."

// productTexts gives every string with Japanese letters in the source, the data and the
// templates of the product; tests and their data are left out.
func productTexts(t *testing.T) []text {
	t.Helper()
	var texts []text
	for _, dir := range []string{"internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "testdata":
				return filepath.SkipDir
			case d.IsDir() || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			found, err := textsIn(path)
			texts = append(texts, found...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(texts) < 1000 {
		t.Fatalf("only %d Japanese texts were found", len(texts))
	}
	return texts
}

func textsIn(path string) ([]text, error) {
	switch filepath.Ext(path) {
	case ".go":
		return goTexts(path)
	case ".json":
		return jsonTexts(path)
	case ".html":
		data, err := os.ReadFile(path)
		var texts []text
		for i, line := range strings.Split(string(data), "\n") {
			if japanese(line) {
				texts = append(texts, text{fmt.Sprintf("%s:%d", path, i+1), strings.TrimSpace(line)})
			}
		}
		return texts, err
	}
	return nil, nil
}

func goTexts(path string) ([]text, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var texts []text
	add := func(pos token.Pos, s string) {
		if japanese(s) {
			p := set.Position(pos)
			texts = append(texts, text{fmt.Sprintf("%s:%d", strings.TrimPrefix(p.Filename, root+"/"), p.Line), s})
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr: // a text in several literals is one text
			if s, ok := joined(n); ok {
				add(n.Pos(), s)
				return false
			}
		case *ast.CallExpr: // what is matched against the input is no text of ours
			if f, ok := n.Fun.(*ast.SelectorExpr); ok && (f.Sel.Name == "MustCompile" || f.Sel.Name == "New" && isName(f.X, "pattern")) {
				return false
			}
		case *ast.BasicLit:
			if s, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
				add(n.Pos(), s)
			}
		}
		return true
	})
	return texts, nil
}

// joined gives the text of literals that are added to each other.
func joined(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		x, okX := joined(e.X)
		y, okY := joined(e.Y)
		return x + y, okX && okY && e.Op == token.ADD
	}
	return "", false
}

func jsonTexts(path string) ([]text, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var texts []text
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case map[string]any:
			if id, ok := v["id"].(string); ok {
				at += "/" + id
			}
			for k, x := range v {
				walk(at+"/"+k, x)
			}
		case []any:
			for _, x := range v {
				walk(at, x)
			}
		case string:
			if japanese(v) {
				texts = append(texts, text{at, v})
			}
		}
	}
	walk(strings.TrimPrefix(path, root+"/"), v)
	return texts, nil
}

var fence = regexp.MustCompile("(?s)```.*?```|<[^>\n]*>|\\]\\([^)\n]*\\)")

// documentTexts gives the lines of the Japanese documents that people write, without
// code and addresses. The glossary itself is left out: it has to name the wrong words.
func documentTexts(t *testing.T) []text {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, "docs", "*.ja.md"))
	if err != nil {
		t.Fatal(err)
	}
	var texts []text
	for _, path := range append(paths, filepath.Join(root, "README.ja.md")) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(path) == "glossary.ja.md" {
			continue
		}
		content := fence.ReplaceAllStringFunc(string(data), func(s string) string { return strings.Repeat("\n", strings.Count(s, "\n")) })
		for i, line := range strings.Split(content, "\n") {
			if japanese(line) {
				texts = append(texts, text{fmt.Sprintf("%s:%d", strings.TrimPrefix(path, root+"/"), i+1), line})
			}
		}
	}
	return texts
}

// letter says whether a rune is a Japanese letter: kana, kanji, or a mark that goes with them.
func letter(r rune) bool {
	return unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Han) || r == 'ー'
}

func japanese(s string) bool { return strings.ContainsFunc(s, letter) }

// isName reports that an expression is one name.
func isName(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}
