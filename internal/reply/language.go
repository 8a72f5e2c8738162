package reply

import (
	"strings"
	"unicode"

	"github.com/todoku/todoku/internal/parts"
	"github.com/todoku/todoku/message"
)

const (
	english  = "en"
	japanese = "ja"
)

// maxScript is how much of a text is looked at for its script, in octets.
const maxScript = 16 << 10

// language is the language to answer a message in: the one that its sender names, else
// Japanese where the message is written in it, else English.
func language(m *message.Message) string {
	for _, name := range []string{"Content-Language", "Accept-Language"} {
		if f, ok := m.First(name); ok {
			if lang := firstTag(f.Unfolded()); lang != "" {
				return lang
			}
		}
	}
	for _, f := range m.Fields {
		if !f.Is("Subject") && !f.Is("From") && !f.Is("To") && !f.Is("Content-Type") {
			continue
		}
		raw := f.Unfolded()
		if japaneseCharset(raw) || kana(message.DecodeHeader(raw)) {
			return japanese
		}
	}
	if kana(string(m.Body[:min(len(m.Body), maxScript)])) {
		return japanese
	}
	for _, p := range parts.Read(m).Parts {
		if p.IsText() && (japaneseCharset(p.Params["charset"]) || kana(string(p.UTF8()))) {
			return japanese
		}
	}
	return english
}

// firstTag gives the first of the languages that we speak.
func firstTag(list string) string {
	for tag := range strings.SplitSeq(list, ",") {
		tag, _, _ = strings.Cut(strings.TrimSpace(tag), ";")
		primary, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		if primary == japanese || primary == english {
			return primary
		}
	}
	return ""
}

func japaneseCharset(s string) bool {
	s = strings.ToLower(s)
	for _, name := range []string{"iso-2022-jp", "shift_jis", "shift-jis", "sjis", "euc-jp", "windows-31j", "cp932"} {
		if strings.Contains(s, name) {
			return true
		}
	}
	return false
}

// kana: what only Japanese is written with.
func kana(s string) bool {
	for _, r := range s[:min(len(s), maxScript)] {
		if unicode.In(r, unicode.Hiragana, unicode.Katakana) {
			return true
		}
	}
	return false
}
