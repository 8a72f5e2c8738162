package pattern_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/todoku/todoku/internal/pattern"
)

func TestPattern(t *testing.T) {
	p := pattern.New(`(\w+)@(\w+)`)
	first := p.Regexp()
	if got := p.FindStringSubmatch("to a@b"); len(got) != 3 || got[2] != "b" || !p.MatchString("a@b") || p.Regexp() != first {
		t.Errorf("%q", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("what does not compile did not panic")
		}
	}()
	pattern.New(`(`).MatchString("")
}

// TestAllCompile compiles what stands in the source, as nothing else does before it is used.
func TestAllCompile(t *testing.T) {
	found := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			s, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || s.Sel.Name != "New" {
				return true
			}
			if id, ok := s.X.(*ast.Ident); !ok || id.Name != "pattern" {
				return true
			}
			found++
			if text, known := literal(call.Args[0]); !known {
				t.Errorf("%s: the pattern is no literal: it cannot be tried here", files.Position(call.Pos()))
			} else if _, err := regexp.Compile(text); err != nil {
				t.Errorf("%s: %v", files.Position(call.Pos()), err)
			}
			return true
		})
		return nil
	})
	if err != nil || found < 80 {
		t.Errorf("%d patterns found: %v", found, err)
	}
}

// literal gives the value of a literal, or of several that are joined.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil
	case *ast.BinaryExpr:
		a, ok := literal(e.X)
		b, also := literal(e.Y)
		return a + b, ok && also
	}
	return "", false
}
