package glossary

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/todoku/todoku/internal/catalogue"
)

// exceptions are what the rules do not apply to, each with its reason.
var exceptions = map[string]string{
	"さくらのレンタルサーバ": "the name of a product, as its maker writes it",
	"お名前.com":     "the name of a company",
	"DNSレコード設定":   "the label of a control panel, as it is found there",
	"DNSレコード追加":   "the label of a control panel, as it is found there",
	"DNS設定/転送設定":  "the label of a control panel, as it is found there",
}

// notSentences are whole literals that are no texts to be read as they are.
var notSentences = map[string]string{
	"、。,.!?)]}）」』】〉》・:;：；ー々ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ…”’": "the letters that may not begin a line",
	"(既定: ":          "is followed by the default",
	"返信: ":           "what mail programs put before a Subject",
	"削除: ":           "is followed by a record",
	"Web サーバーの証明書: ": "is followed by a reason",
}

var (
	quoted      = regexp.MustCompile(`「[^」]*」`)
	code        = regexp.MustCompile("`[^`]*`")
	link        = regexp.MustCompile(`\[([^\]]*)\]\(#[a-z]+\)`)
	placeholder = regexp.MustCompile(`\{\{[^}]*\}\}|\{[a-z0-9_.-]+\}|%[a-z]`)
)

// ownWords is the text without the words of others: menus of other programs, code, names.
func ownWords(s string) string {
	s = link.ReplaceAllString(s, "$1") // read as its words
	s = code.ReplaceAllString(s, "X")
	s = strings.ReplaceAll(s, "{who}", "名") // its value brings the space along
	s = placeholder.ReplaceAllString(s, "X")
	s = quoted.ReplaceAllString(s, "「」")
	for name := range exceptions {
		s = strings.ReplaceAll(s, name, "名")
	}
	return s
}

func TestTermsOfTheGlossary(t *testing.T) {
	terms := glossary(t)
	for _, x := range append(productTexts(t), documentTexts(t)...) {
		s := ownWords(x.text)
		for _, e := range terms {
			for _, w := range e.never {
				if uses(s, w, terms) {
					t.Errorf("%s: %s is written %s, not %s: %s", x.where, e.english, strings.Join(e.approved, " or "), w, x.text)
				}
			}
		}
	}
}

// uses says whether a text uses a word by itself: not as a part of a longer katakana word
// (サーバ in サーバー), and not as a part of an approved term.
func uses(s, word string, terms []term) bool {
	for at := 0; ; {
		i := strings.Index(s[at:], word)
		if i < 0 {
			return false
		}
		start, end := at+i, at+i+len(word)
		last, _ := utf8.DecodeLastRuneInString(word)
		next, _ := utf8.DecodeRuneInString(s[end:])
		if !(katakana(last) && katakana(next)) && !within(s, start, end, terms) {
			return true
		}
		at = end
	}
}

func within(s string, start, end int, terms []term) bool {
	for _, e := range terms {
		for _, a := range e.approved {
			for at := 0; at <= start; {
				i := strings.Index(s[at:], a)
				if i < 0 {
					break
				}
				if at+i <= start && end <= at+i+len(a) {
					return true
				}
				at += i + 1
			}
		}
	}
	return false
}

func katakana(r rune) bool { return unicode.Is(unicode.Katakana, r) || r == 'ー' }

func TestUses(t *testing.T) {
	terms := []term{{approved: []string{"スパムトラップ"}}}
	for s, want := range map[string]bool{"スパムです": true, "スパムトラップです": false, "スパムの中のスパムトラップ": true, "スパマー": false, "スパムメール": false} {
		if got := uses(s, "スパム", terms); got != want {
			t.Errorf("%s: %v", s, got)
		}
	}
}

// TestWriting checks the mechanical rules of the glossary's first table.
func TestWriting(t *testing.T) {
	for _, x := range append(productTexts(t), documentTexts(t)...) {
		for _, fault := range faults(x.text) {
			t.Errorf("%s: %s: %s", x.where, fault, x.text)
		}
	}
}

func faults(s string) []string {
	var found []string
	if notSentences[s] != "" {
		return nil
	}
	own := ownWords(s)
	for _, r := range own {
		switch {
		case r >= 0xFF01 && r <= 0xFF5E, r == 0x3000:
			found = append(found, "full-width "+string(r))
		case r >= 0xFF61 && r <= 0xFF9F:
			found = append(found, "half-width katakana "+string(r))
		}
	}
	for line := range strings.SplitSeq(own, "\n") {
		if line != "" && strings.TrimRight(line, " ") != line && strings.TrimSpace(line) != "" {
			found = append(found, "space at the end of a line")
		}
	}
	runes := []rune(own)
	for i := 1; i < len(runes); i++ {
		a, b := runes[i-1], runes[i]
		switch {
		case letter(a) && (alphanumeric(b) || b == '('), letter(b) && (alphanumeric(a) || a == ')'):
			found = append(found, "no space in "+string(runes[i-1:i+1]))
		case strings.ContainsRune("、。「」・", a) && b == ' ', a == ' ' && strings.ContainsRune("、。「」・", b):
			found = append(found, "a space beside "+strings.TrimSpace(string(runes[i-1:i+1])))
		case letter(a) && (b == ',' || b == '.'):
			found = append(found, "half-width "+string(b)+" after Japanese")
		}
	}
	return found
}

func alphanumeric(r rune) bool {
	return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

func TestFaults(t *testing.T) {
	for s, want := range map[string]int{
		"SPF レコードは `v=spf1` で始まります。": 0,
		"SPFレコード":    1,
		"{domain}の鍵": 1,
		"鍵(公開)です":    2,
		"鍵です.":       1,
		"ﾒｰﾙです":      3,
		"鍵です！":       1,
		"鍵です ":       1,
		"鍵、 署名":      1,
		"「DNS設定」です":  0,
	} {
		if got := faults(s); len(got) != want {
			t.Errorf("%s: %v, want %d", s, got, want)
		}
	}
}

// polite ends a sentence; X is code or a placeholder.
var (
	polite = regexp.MustCompile(`(です|ます|ません|でした|ました|ください|でしょう|X)$`)
	aside  = regexp.MustCompile(` ?\([^)]*\)`)
)

// TestManner: titles are verdicts in one line without a full stop; details, fixes and steps
// are whole sentences in です・ます.
func TestManner(t *testing.T) {
	for _, e := range catalogue.All() {
		if strings.HasSuffix(e.Title.JA, "。") {
			t.Errorf("%s: the title ends in a full stop: %s", e.ID, e.Title.JA)
		}
		for _, x := range append([]catalogue.Text{e.Detail, e.Fix}, e.Steps...) {
			if s := x.JA; s != "" && !strings.HasSuffix(s, "。") && !strings.HasSuffix(s, "}") {
				t.Errorf("%s: no full stop: %s", e.ID, s)
			}
			for sentence := range strings.SplitSeq(strings.Trim(aside.ReplaceAllString(ownWords(x.JA), ""), "。"), "。") {
				if sentence != "" && !polite.MatchString(sentence) {
					t.Errorf("%s: not in です・ます: %s", e.ID, sentence)
				}
			}
		}
	}
}
