package catalogue

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	coverageID  = regexp.MustCompile("`([a-z-]+\\.[a-z0-9-]+)`")
	coverageRow = regexp.MustCompile(`^\| ([^|]+) \| ([^|]+) \| ([^|]*) ?\|$`)
)

// TestCoverage: every row of docs/coverage.md names a finding that exists, or
// says that and why it is not covered.
func TestCoverage(t *testing.T) {
	data, err := os.ReadFile("../../docs/coverage.md")
	if err != nil {
		t.Fatal(err)
	}
	rows, named := 0, map[string]bool{}
	for _, m := range coverageID.FindAllStringSubmatch(string(data), -1) {
		if slices.Contains(Areas, Area(m[1])) {
			named[m[1]] = true
		}
	}
	for line := range strings.SplitSeq(string(data), "\n") {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") || strings.HasPrefix(line, "| what it checks") {
			continue
		}
		rows++
		cells := coverageRow.FindStringSubmatch(line)
		if cells == nil {
			t.Errorf("no row of three cells: %s", line)
			continue
		}
		ids, why := coverageID.FindAllString(cells[2], -1), strings.TrimSpace(cells[3])
		if uncovered := cells[2] == "not covered"; uncovered == (len(ids) > 0) || uncovered && why == "" {
			t.Errorf("a row needs a finding, or \"not covered\" with the reason: %s", line)
		}
	}
	if rows < 120 {
		t.Errorf("only %d rows", rows)
	}
	for id := range named {
		if _, exists := Lookup(id); !exists {
			t.Errorf("%s is not in the catalogue", id)
		}
	}
}
