package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// mostLines is what fits on a screen.
const mostLines = 70

// TestSource: every exported name says what it is, and functions fit on a screen. Tests are left out: tables are long.
func TestSource(t *testing.T) {
	fset := token.NewFileSet()
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "dist" || d.Name() == "testdata"):
			return filepath.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		files++
		for _, decl := range f.Decls {
			look(t, fset, decl)
		}
		return nil
	})
	if err != nil || files < 500 {
		t.Fatalf("%d files, %v", files, err)
	}
}

// TestArrows: of internal/, a library at the root imports wire alone; those that fetch documents
// (MTA-STS, BIMI) wire/https too, and they alone link net/http by what is ours.
func TestArrows(t *testing.T) {
	const module = "github.com/todoku/todoku/"
	fset := token.NewFileSet()
	files, err := filepath.Glob(filepath.Join(root, "*", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	shared, err := filepath.Glob(filepath.Join(root, "internal", "wire", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, shared...)
	libraries := map[string]bool{}
	for _, path := range files {
		dir := filepath.Base(filepath.Dir(path))
		if strings.HasSuffix(path, "_test.go") || dir == "e2e" || dir == "bench" {
			continue
		}
		libraries[dir] = true
		f, err := parser.ParseFile(fset, path, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			of := strings.Trim(i.Path.Value, `"`)
			fetches := dir == "mtasts" || dir == "bimi"
			switch {
			case of == module+"internal/wire", of == module+"internal/wire/https" && fetches:
			case strings.HasPrefix(of, module+"internal/"), of == "net/http" && !fetches:
				t.Errorf("%s imports %s", path, strings.TrimPrefix(of, module))
			}
		}
	}
	if len(libraries) < 15 {
		t.Errorf("only %d libraries", len(libraries))
	}
}

func look(t *testing.T, fset *token.FileSet, decl ast.Decl) {
	bare := func(name *ast.Ident, comments ...*ast.CommentGroup) {
		for _, c := range comments {
			if c != nil {
				return
			}
		}
		if name.IsExported() {
			t.Errorf("%s: nothing says what %s is", fset.Position(name.Pos()), name.Name)
		}
	}
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if lines := fset.Position(decl.End()).Line - fset.Position(decl.Pos()).Line + 1; lines > mostLines {
			t.Errorf("%s: %s has %d lines, and a screen %d", fset.Position(decl.Pos()), decl.Name.Name, lines, mostLines)
		}
		if ofExported(decl) {
			bare(decl.Name, decl.Doc)
		}
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				bare(spec.Name, decl.Doc, spec.Doc)
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					bare(name, decl.Doc, spec.Doc, spec.Comment)
				}
			}
		}
	}
}

// ofExported reports whether a function is none of a type that others cannot name.
func ofExported(f *ast.FuncDecl) bool {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return true
	}
	e := f.Recv.List[0].Type
	for {
		switch of := e.(type) {
		case *ast.StarExpr:
			e = of.X
		case *ast.IndexExpr:
			e = of.X
		case *ast.IndexListExpr:
			e = of.X
		case *ast.Ident:
			return of.IsExported()
		default:
			return true
		}
	}
}
