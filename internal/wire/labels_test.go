package wire

import (
	"strings"
	"testing"
)

// distinct is so many Chinese characters, no two the same: what takes conversion longest.
func distinct(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteRune(rune(0x4e00 + i%20_000))
	}
	return b.String()
}

// RFC 8616 section 4: names have U-labels, RFC 5890 section 2.3.2.1 says which they are.
func TestALabels(t *testing.T) {
	for name, want := range map[string]string{
		"":                     "",
		"Example.COM":          "Example.COM",
		"例え.jp":                "xn--r8jz45g.jp",
		"_x.r3--a.BÜCHER.Test": "_x.r3--a.xn--bcher-kva.Test",
		"a..ü":                 "a..xn--tda",
	} {
		if got, ok := ALabels(name); !ok || got != want {
			t.Errorf("%.40q: %q, %v", name, got, ok)
		}
	}
	for _, name := range []string{
		"victim\u3002test", "ｖictim.test", "vic\u00adtim.test", "\u212a.test", // mapped to ASCII
		"a\u3002ü.test", "ü\u3002a.test", // two labels in one
		"\xff.test", "ü\xff.test", // no UTF-8
		"ü_.test", "-ü.test", // no U-labels
		distinct(79) + ".test", // 237 octets
		strings.Repeat("例.", 400) + "jp",
	} {
		if got, ok := ALabels(name); ok {
			t.Errorf("%.40q is %q", name, got)
		}
	}
}

// Conversion takes the square of the length: of ten thousand names that are no names it
// would take days.
func TestLongLabelsAreNotConverted(t *testing.T) {
	long := distinct(20_000)
	for _, name := range []string{long, "a." + long, long + ".test", "xn--" + long} {
		for range 2500 {
			if got, ok := ALabels(name); ok {
				t.Fatalf("%.20q is %.20q", name, got)
			}
			if got, ok := ALabel(name); ok {
				t.Fatalf("%.20q is %.20q", name, got)
			}
		}
		if Convertible(name) {
			t.Errorf("%.20q may be converted", name)
		}
	}
}

func TestConvertible(t *testing.T) {
	for name, want := range map[string]bool{
		"": true, "example.com": true, "例え。テスト": true, "．": true,
		distinct(78) + ".test":            true,
		distinct(79) + ".test":            false,
		distinct(78) + "。" + distinct(78): true,
		strings.Repeat("x", 237):          false,
		strings.Repeat("x.", 506):         true,
		strings.Repeat("x.", 507):         false,
	} {
		if got := Convertible(name); got != want {
			t.Errorf("%.20q, %d octets: %v", name, len(name), got)
		}
	}
}
