package wire

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// An A-label has at most 63 octets, "xn--" among them, and each character of the
// U-label takes one at least: 59 characters of up to four octets (RFC 5890 section
// 2.3.2.1). Names have at most 253 octets in A-labels.
const (
	maxULabel = 4 * 59
	maxUName  = 4 * 253
)

// Convertible reports that a name, and each of its labels, is short enough to be
// one in the DNS when it is converted to A-labels or back. Conversion takes the
// square of the length of a label: nobody converts what is not.
func Convertible(name string) bool {
	if len(name) > maxUName {
		return false
	}
	for label := range strings.FieldsFuncSeq(name, isDot) {
		if len(label) > maxULabel {
			return false
		}
	}
	return true
}

// isDot: what conversion takes for a dot (UTS #46 section 2.3).
func isDot(r rune) bool { return r == '.' || r == '\u3002' || r == '\uff0e' || r == '\uff61' }

// ALabel gives the A-label of one U-label. What conversion would map to ASCII or to
// several labels, as it does full-width letters and the ideographic full stop, is no
// U-label: readers disagree on it.
func ALabel(label string) (string, bool) {
	if len(label) > maxULabel || !utf8.ValidString(label) {
		return "", false
	}
	a, err := idna.Lookup.ToASCII(label)
	return a, err == nil && strings.HasPrefix(a, "xn--") && strings.IndexByte(a, '.') < 0
}

// ALabels gives a name with its U-labels as A-labels. Labels in ASCII stay as they
// are, and are not looked at: hyphens in their third and fourth place and underscores
// are no business of IDNA.
func ALabels(name string) (string, bool) {
	if isASCII(name) {
		return name, true
	}
	if len(name) > maxUName {
		return "", false
	}
	labels := strings.Split(name, ".")
	for i, label := range labels {
		if isASCII(label) {
			continue
		}
		a, ok := ALabel(label)
		if !ok {
			return "", false
		}
		labels[i] = a
	}
	return strings.Join(labels, "."), true
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
