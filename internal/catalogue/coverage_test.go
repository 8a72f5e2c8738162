package catalogue

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// planned are findings that docs/coverage.md names before the catalogue has them, with
// what each is to say. One that has come since is only logged: take it off the list.
var planned = map[string]string{
	"dmarc.cname-and-text": "warn: _dmarc has a CNAME and a TXT record of its own; which one counts depends on the resolver",
	"dns.dnssec-bogus":     "fail: SERVFAIL, but an answer with checking disabled (CD): the signatures do not fit",
	"dns.mx-unsigned":      "info: the zone of a mail exchanger is not signed, so that DANE cannot work",
	"dns.servers-no-ipv6":  "info: fewer than two name servers have an IPv6 address",
}

var (
	coverageID  = regexp.MustCompile("`([a-z-]+\\.[a-z0-9-]+)`")
	coverageRow = regexp.MustCompile(`^\| ([^|]+) \| ([^|]+) \| ([^|]*) ?\|$`)
)

// TestCoverage: every row of docs/coverage.md names a finding that exists or is planned, or
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
		_, exists := Lookup(id)
		what, isPlanned := planned[id]
		switch {
		case !exists && !isPlanned:
			t.Errorf("%s is neither in the catalogue nor planned", id)
		case !exists:
			t.Logf("not there yet: %s (%s)", id, what)
		case isPlanned:
			t.Logf("is there: take %s off the list of planned findings", id)
		}
	}
	for id := range planned {
		if !named[id] {
			t.Errorf("%s is planned, but no row names it", id)
		}
	}
}
