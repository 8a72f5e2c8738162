package manual

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/provider"
)

var update = flag.Bool("update", false, "write docs/findings anew")

const root = "../../docs/findings"

// TestPages: docs/findings holds exactly the pages that the catalogue gives. Where it
// does not, "make docs" writes them anew.
func TestPages(t *testing.T) {
	files := Files()
	if *update {
		if err := os.RemoveAll(root); err != nil {
			t.Fatal(err)
		}
		for name, text := range files {
			path := filepath.Join(root, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	stale := 0
	for name, text := range files {
		if got, err := os.ReadFile(filepath.Join(root, name)); err != nil || string(got) != text {
			stale++
		}
	}
	if stale > 0 {
		t.Errorf("%d pages of docs/findings do not say what the catalogue says: run make docs", stale)
	}
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		if _, ok := files[filepath.ToSlash(rel)]; !ok {
			t.Errorf("%s is the page of no finding", rel)
		}
		return nil
	})
}

// TestPage: a page says everything that its entry says, in its language.
func TestPage(t *testing.T) {
	e, ok := catalogue.Lookup("ptr.missing")
	if !ok {
		t.Fatal("no ptr.missing")
	}
	for lang, wants := range map[string][]string{
		"en": {"‹ip›", "`ptr.missing`", "fail:", "## What to do", "1. ", "gmail-all-ptr", "550 5.7.25", "RFC 8601"},
		"ja": {"‹ip›", "`ptr.missing`", "## 対応方法", "逆引き", "gmail-all-ptr"},
	} {
		page := Page(e, lang)
		for _, want := range wants {
			if !strings.Contains(page, want) {
				t.Errorf("%s: no %q in\n%s", lang, want, page)
			}
		}
	}
}

// TestRequirements: every requirement says how it is judged, or why it is not.
func TestRequirements(t *testing.T) {
	for _, lang := range Langs {
		page := Requirements(lang)
		for _, r := range provider.Requirements() {
			i := strings.Index(page, "| `"+r.ID+"` |")
			if i < 0 {
				t.Errorf("%s: %s is not listed", lang, r.ID)
				continue
			}
			row, _, _ := strings.Cut(page[i:], "\n")
			if judged := strings.Split(row, " | "); len(judged) < 4 || strings.TrimSpace(judged[2]) == "" {
				t.Errorf("%s: %s says neither how it is judged nor why not: %s", lang, r.ID, row)
			}
		}
	}
}
