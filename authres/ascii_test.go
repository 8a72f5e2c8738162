package authres

import (
	"strings"
	"testing"
)

// Labels are mapped however long they are, and converted only where they can be one of ours: what is an A-label
// already takes the square of its length too.
func TestASCIIStart(t *testing.T) {
	long := strings.Repeat("abcdefghij", 90)
	for name, want := range map[string]string{
		"ｅｘａｍｐｌｅ。例え.ORG":                                   "example.xn--r8jz45g.org",
		"ｘｎ－－r8jz45g.xn--org-":                             "xn--r8jz45g.org",
		"xn--" + long + "é.ｊｐ":                             "xn--" + long + "é.ｊｐ",
		"ｘｎ－－" + long + ".jp":                              "xn--" + long + ".jp",
		"a．" + long + "é":                                  "a." + long + "é",
		"a.\u0301xn--" + long:                              "a.\u0301xn--" + long, // what comes before would take the accent
		"soft" + strings.Repeat("\u00ad", 300) + "ware.例え": "software.xn--r8jz45g",
	} {
		if got := asciiStart(name, 40); got != want {
			t.Errorf("%.60q: %.60q, want %.60q", name, got, want)
		}
	}
}
