// Package manual writes the pages of docs/findings: one for each finding ID, made from
// the catalogue, in English and Japanese.
package manual

import (
	"fmt"
	"slices"
	"strings"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/provider"
)

// Langs are the languages of the pages.
var Langs = []string{"en", "ja"}

// word is a word of the pages themselves.
type word = catalogue.Text

var (
	wordIndex   = word{EN: "Findings", JA: "指摘の一覧"}
	wordIntro   = word{EN: "What Todoku can find, one page for each. Made from the catalogue; do not edit.", JA: "Todoku が報告する指摘の一覧です。カタログから生成しているため、直接編集しないでください。"}
	wordMeans   = word{EN: "What it means", JA: "意味"}
	wordFix     = word{EN: "What to do", JA: "対応方法"}
	wordAsked   = word{EN: "Who asks for it", JA: "関係する事業者の要件"}
	wordSources = word{EN: "Sources", JA: "出典"}
	wordUsual   = word{EN: "Usual status", JA: "通常の状態"}
	wordNothing = word{EN: "Nothing: it is in order.", JA: "問題ないため、対応は不要です。"}
	wordOther   = word{EN: "日本語", JA: "English"}
	wordAll     = word{EN: "all findings", JA: "一覧に戻る"}
)

// statusWords say what a status means.
var statusWords = map[catalogue.Status]word{
	catalogue.Fail:    {EN: "fail: delivery or a promised protection breaks", JA: "fail: メールが届かない、または約束された保護が働きません"},
	catalogue.Warn:    {EN: "warn: published, but not doing what it says", JA: "warn: 公開されていますが、書かれたとおりに働いていません"},
	catalogue.Info:    {EN: "info: optional, absent, or history", JA: "info: 任意の項目、未設定、または参考情報です"},
	catalogue.Unknown: {EN: "unknown: could not be seen; neither a pass nor a fail", JA: "unknown: 確認できませんでした (合格でも不合格でもありません)"},
	catalogue.Pass:    {EN: "pass: in order", JA: "pass: 問題ありません"},
}

// Page is the page of one finding in a language, as Markdown.
func Page(e catalogue.Entry, lang string) string {
	var b strings.Builder
	other := "ja"
	if lang == "ja" {
		other = "en"
	}
	fmt.Fprintf(&b, "# %s\n\n`%s` · [%s](README.md) · [%s](../%s/%s.md)\n\n", shown(e.Title.In(lang)), e.ID, wordAll.In(lang), wordOther.In(lang), other, e.ID)
	fmt.Fprintf(&b, "%s: **%s**\n\n", wordUsual.In(lang), statusWords[e.Status].In(lang))
	fmt.Fprintf(&b, "## %s\n\n%s\n\n", wordMeans.In(lang), shown(e.Detail.In(lang)))
	fix := e.Fix.In(lang)
	if fix == "" && e.Status == catalogue.Pass {
		fix = wordNothing.In(lang)
	}
	if fix != "" || len(e.Steps) > 0 {
		fmt.Fprintf(&b, "## %s\n\n", wordFix.In(lang))
		if fix != "" {
			b.WriteString(shown(fix) + "\n\n")
		}
		for i, s := range e.Steps {
			fmt.Fprintf(&b, "%d. %s\n", i+1, shown(s.In(lang)))
		}
		if len(e.Steps) > 0 {
			b.WriteString("\n")
		}
	}
	if rows := requirements(e.ID, lang); len(rows) > 0 {
		fmt.Fprintf(&b, "## %s\n\n%s\n\n", wordAsked.In(lang), strings.Join(rows, "\n"))
	}
	if len(e.Refs) > 0 {
		fmt.Fprintf(&b, "## %s\n\n", wordSources.In(lang))
		for _, r := range e.Refs {
			if strings.HasPrefix(r, "https://") {
				r = "<" + r + ">"
			}
			b.WriteString("- " + r + "\n")
		}
		b.WriteString("\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// shown keeps the {placeholders} of a text as such.
func shown(text string) string {
	return strings.NewReplacer("{", "‹", "}", "›", "<", "&lt;", ">", "&gt;").Replace(text)
}

// requirements lists the providers' requirements that a finding decides against.
func requirements(id, lang string) []string {
	var rows []string
	for _, r := range provider.Requirements() {
		if r.Removed != "" || !slices.Contains(r.FailsOn.IDs(), id) {
			continue
		}
		row := fmt.Sprintf("- %s (`%s`): %s", r.Provider, r.ID, shown(r.Text.In(lang)))
		if len(r.Codes) > 0 {
			row += " " + strings.Join(r.Codes, ", ")
		}
		rows = append(rows, row)
	}
	return rows
}

// Index lists all pages in a language.
func Index(lang string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n", wordIndex.In(lang), wordIntro.In(lang))
	area := ""
	for _, e := range catalogue.All() {
		if a := catalogue.Area(e.ID); a != area {
			area = a
			fmt.Fprintf(&b, "\n## %s\n\n", area)
		}
		fmt.Fprintf(&b, "- [`%s`](%s.md) (%s) %s\n", e.ID, e.ID, e.Status, shown(e.Title.In(lang)))
	}
	return b.String()
}

// Files gives all pages by their path below docs/findings.
func Files() map[string]string {
	files := make(map[string]string)
	for _, lang := range Langs {
		files[lang+"/README.md"] = Index(lang)
		for _, e := range catalogue.All() {
			files[lang+"/"+e.ID+".md"] = Page(e, lang)
		}
	}
	return files
}
