package render

import (
	"strings"
	"testing"
	"unicode"
)

// A reader of Japanese gets reasons and evidence in Japanese; what is data stays as it is.
func TestSpoken(t *testing.T) {
	for en, ja := range map[string]string{
		"there is no key: the name a._domainkey.example.com does not exist (NXDOMAIN)":                                 "公開鍵がありません。a._domainkey.example.com という名前は存在しません (NXDOMAIN)",
		"example.com does not authorize 192.0.2.1: the term -all decided":                                              "example.com は 192.0.2.1 からの送信を許可していません (判定した項目: -all)",
		"body: no known change explains it (376 tried)":                                                                "本文: 既知の変更では説明できません (376 通りを試行)",
		"duplicate-field in Subject: 1, first at octet 120":                                                            "duplicate-field (Subject): 1 件、最初の位置 120 オクテット目",
		"no policy record applies to $1.example":                                                                       "$1.example に適用されるポリシーレコードがありません",
		"no single author domain: the From field cannot be read without ambiguity: at octet 5: an address without '@'": "差出人のドメインを特定できません: From ヘッダーを一意に解釈できません: 5 オクテット目: アドレスに「@」がありません",
		"at octet 2: control character":                                                                                "2 オクテット目: 制御文字があります",
		"at octet 9: \"]\" does not belong here":                                                                       "9 オクテット目: 「]」を使えない位置にあります",
		"v=spf1 mx -all":                                                                                               "v=spf1 mx -all",
		"From: neither SPF nor DKIM passes":                                                                            "From: neither SPF nor DKIM passes",
	} {
		if got := spoken("ja", en); got != ja {
			t.Errorf("%q: %q", en, got)
		}
		if got := spoken("en", en); got != en {
			t.Errorf("%q becomes %q", en, got)
		}
	}
	for _, r := range japanese() {
		if !strings.ContainsFunc(r.ja, func(c rune) bool { return unicode.In(c, unicode.Hiragana, unicode.Katakana, unicode.Han) }) {
			t.Errorf("%s: %q is not Japanese", r.en, r.ja)
		}
		if strings.Count(r.ja, "$") > r.en.NumSubexp() {
			t.Errorf("%s: %q names more than it has", r.en, r.ja)
		}
	}
}

// A policy file has CRLF line ends; nobody is to paste "\\x0d" into it.
func TestSnippetLines(t *testing.T) {
	if got := strings.Join(snippetLines("version: STSv1\r\nmode: testing\r\n"), "|"); got != "version: STSv1|mode: testing" {
		t.Errorf("%q", got)
	}
}
