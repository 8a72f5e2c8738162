package filter

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// reports are the cases that come in reports: no milter sees them.
var reports = map[int]bool{34: true, 35: true}

// TestEveryAttackCaseHasATest reads docs/attacks.md: each of the 41 cases that touches a milter has a test with its number here or
// in package milter, and every test that is named there is.
func TestEveryAttackCaseHasATest(t *testing.T) {
	data, err := os.ReadFile("../../docs/attacks.md")
	if err != nil {
		t.Fatal(err)
	}
	row, name := regexp.MustCompile(`^\| ([0-9]+) \|`), regexp.MustCompile("`([a-z0-9]+)\\.(Test[A-Za-z0-9_]+)`")
	seen := map[int]bool{}
	for line := range strings.Lines(string(data)) {
		tests := name.FindAllStringSubmatch(line, -1)
		for _, test := range tests {
			if test[1] != "package" && !exists(t, test[1], test[2]) {
				t.Errorf("there is no %s in %s: %s", test[2], test[1], line)
			}
		}
		m := row.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		n, _ := strconv.Atoi(m[1])
		if seen[n] {
			t.Errorf("case %d stands there twice", n)
		}
		seen[n] = true
		numbered := false
		for _, test := range tests {
			numbered = numbered || (test[1] == "filter" || test[1] == "milter") && strings.HasPrefix(test[2], fmt.Sprintf("TestCase%02d_", n))
		}
		if !numbered && !reports[n] {
			t.Errorf("case %d has no test of its own through the milter", n)
		}
	}
	for n := 1; n <= 41; n++ {
		if !seen[n] {
			t.Errorf("case %d is missing", n)
		}
	}
}

// exists looks for a test in the package of that name.
func exists(t *testing.T, pkg, test string) bool {
	t.Helper()
	for _, dir := range []string{"../" + pkg, "../../" + pkg} {
		files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(data), "\nfunc "+test+"(") {
				return true
			}
		}
	}
	return false
}
