package repair

import (
	"slices"
	"strings"
	"testing"
)

func TestPasted(t *testing.T) {
	for _, c := range []struct {
		text, want string
		artefacts  []string
	}{
		{"v=DMARC1; p=none", "v=DMARC1; p=none", nil},
		{"“v=DMARC1; p=none”", "v=DMARC1; p=none", []string{ArtefactTypeset}},
		{`"v=DMARC1\; p=none"`, "v=DMARC1; p=none", []string{ArtefactQuotes, ArtefactBackslash}},
		{"ｖ＝ｓｐｆ１　ｍｘ　〜all", "v=spf1 mx ~all", []string{ArtefactFullWidth, ArtefactSpaces, ArtefactTypeset}},
		{"\ufeffv=spf1\u00a0mx\u200b –all", "v=spf1 mx -all", []string{ArtefactInvisible, ArtefactSpaces, ArtefactTypeset}},
		{"v=spf1 mx\r\n -all", "v=spf1 mx -all", []string{ArtefactSpaces}},
	} {
		got, artefacts := Pasted(c.text)
		if got != c.want || !slices.Equal(artefacts, c.artefacts) {
			t.Errorf("%q: %q %v, want %q %v", c.text, got, artefacts, c.want, c.artefacts)
		}
	}
}

// TestWithoutLineOtherLetters: letters whose lower-case form has another length, before the
// version and in place of it, are read past, at the bound too.
func TestWithoutLineOtherLetters(t *testing.T) {
	for text, want := range map[string]string{
		"example.com. 3600 IN TXT v=spf1 mx -all":         "v=spf1 mx -all",
		"TXT İİİİ V=SPF1 mx -all":                         "V=SPF1 mx -all",
		"TXT " + strings.Repeat("Ⱥ", 110) + "v=spf1 -all": "v=spf1 -all",
		strings.Repeat("Ⱥ", 120) + "v=spf1 -all":          strings.Repeat("Ⱥ", 120) + "v=spf1 -all",
		strings.Repeat("Ⱥ", 148) + "v=sp":                 strings.Repeat("Ⱥ", 148) + "v=sp",
	} {
		if got := withoutLine(text, "v=spf1"); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func FuzzPasted(f *testing.F) {
	f.Add("“v=DMARC1\\; p=none”")
	f.Add("\xff\xfe")
	f.Add("＼＂ｖ＝ｓｐｆ１＂")
	f.Fuzz(func(t *testing.T, text string) {
		once, _ := Pasted(text)
		if twice, artefacts := Pasted(once); twice != once || len(artefacts) > 0 {
			t.Fatalf("%q gives %q, which gives %q (%v)", text, once, twice, artefacts)
		}
	})
}

func TestWithoutLine(t *testing.T) {
	for text, want := range map[string]string{
		"v=spf1 mx -all":                            "v=spf1 mx -all",
		"TXT v=spf1 mx -all":                        "v=spf1 mx -all",
		"example.com. 3600 IN TXT v=spf1 -all":      "v=spf1 -all",
		"txt @ V=SPF1 a ~all":                       "V=SPF1 a ~all",
		"Value: v=spf1 -all":                        "v=spf1 -all",
		"a note on v=spf1 records":                  "a note on v=spf1 records",
		"our old txt said, for a year, v=spf1 -all": "our old txt said, for a year, v=spf1 -all",
		"": "",
	} {
		if got := withoutLine(text, "v=spf1"); got != want {
			t.Errorf("withoutLine(%q) = %q, want %q", text, got, want)
		}
	}
}
