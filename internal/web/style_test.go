package web

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var property = regexp.MustCompile(`--([a-z-]+):\s*#([0-9a-f]{6});`)

// themes gives the colours of the light and the dark theme.
func themes(t *testing.T) map[string]map[string]string {
	t.Helper()
	css, err := assetFiles.ReadFile("assets/app.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, found := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	if !found {
		t.Fatal("no dark theme")
	}
	dark, _, _ = strings.Cut(dark, "*, *::before")
	out := map[string]map[string]string{"light": {}, "dark": {}}
	for name, text := range map[string]string{"light": light, "dark": dark} {
		for _, m := range property.FindAllStringSubmatch(text, -1) {
			out[name][m[1]] = m[2]
		}
	}
	return out
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	part := func(shift uint) float64 {
		c := float64(n>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}

// TestContrast: text has a contrast of at least 4.5:1 (WCAG 2.2, 1.4.3) on every
// ground it is put on, in both themes.
func TestContrast(t *testing.T) {
	pairs := [][2]string{
		{"ink", "paper"}, {"ink", "card"}, {"ink", "sunk"}, {"soft", "paper"}, {"soft", "card"}, {"soft", "sunk"},
		{"accent", "paper"}, {"accent", "card"}, {"accent", "sunk"}, {"accent-ink", "accent"}, {"accent", "accent-wash"},
		{"ink", "accent-wash"}, {"ink", "fail-wash"}, {"fail", "card"}, {"fail", "paper"}, {"card", "fail"}, {"card", "pass"}, {"card", "warn"}, {"card", "unknown"},
		{"soft", "warn-wash"}, // a row of the comparison that differs
	}
	for _, tone := range []string{"pass", "fail", "warn", "unknown", "info", "none"} {
		pairs = append(pairs, [2]string{tone, tone + "-wash"}, [2]string{tone, "card"}, [2]string{"ink", tone + "-wash"}, [2]string{tone, "sunk"})
	}
	for name, colours := range themes(t) {
		for _, p := range pairs {
			if colours[p[0]] == "" || colours[p[1]] == "" {
				t.Errorf("%s: no colour %s or %s", name, p[0], p[1])
				continue
			}
			a, b := luminance(t, colours[p[0]]), luminance(t, colours[p[1]])
			if ratio := (math.Max(a, b) + 0.05) / (math.Min(a, b) + 0.05); ratio < 4.5 {
				t.Errorf("%s: %s on %s has a contrast of %.2f", name, p[0], p[1], ratio)
			}
		}
	}
}

// TestAssetsAreSmall: a page's style and script stay what a telephone loads in a moment.
func TestAssetsAreSmall(t *testing.T) {
	files, err := loadAssets()
	if err != nil {
		t.Fatal(err)
	}
	for name, most := range map[string]int{"app.css": 40 << 10, "report.css": 8 << 10, "app.js": 16 << 10, "report.js": 8 << 10} {
		if n := len(files[name].data); n == 0 || n > most {
			t.Errorf("%s has %d octets, at most %d are meant", name, n, most)
		}
	}
}

func TestSpans(t *testing.T) {
	got := spans("add `v=spf1 <x>` to\x1b it` end")
	want := []span{{"add ", false}, {"v=spf1 <x>", true}, {` to\x1B it`, false}, {" end", false}}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: %+v, want %+v", i, got[i], want[i])
		}
	}
}
