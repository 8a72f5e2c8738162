// Package testcorpus finds the public test data that is never committed here.
package testcorpus

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Path gives the path of a corpus file or folder. The corpus is $TODOKU_CORPUS,
// else ../shared/corpus beside the repository. Without it the test is skipped by
// name, and fails when CI=true.
func Path(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("TODOKU_CORPUS")
	if root == "" {
		_, self, _, _ := runtime.Caller(0)
		root = filepath.Join(filepath.Dir(self), "..", "..", "..", "shared", "corpus")
	}
	p := filepath.Join(root, filepath.FromSlash(name))
	if _, err := os.Stat(p); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the test corpus is missing: %v (set TODOKU_CORPUS)", err)
		}
		t.Skipf("%s: the test corpus is not here (set TODOKU_CORPUS): %v", t.Name(), err)
	}
	return p
}

// Read gives the content of a corpus file.
func Read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
