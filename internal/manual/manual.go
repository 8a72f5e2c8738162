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
	wordIndex             = word{EN: "Findings", JA: "指摘の一覧"}
	wordIntro             = word{EN: "What Todoku can find, one page for each. Made from the catalogue; do not edit.", JA: "Todoku が報告する指摘の一覧です。カタログから生成しているため、直接編集しないでください。"}
	wordMeans             = word{EN: "What it means", JA: "意味"}
	wordFix               = word{EN: "What to do", JA: "対応方法"}
	wordAsked             = word{EN: "Who asks for it", JA: "関係する事業者の要件"}
	wordSources           = word{EN: "Sources", JA: "出典"}
	wordUsual             = word{EN: "Usual status", JA: "通常の状態"}
	wordNothing           = word{EN: "Nothing: it is in order.", JA: "問題ないため、対応は不要です。"}
	wordOther             = word{EN: "日本語", JA: "English"}
	wordRequirements      = word{EN: "What the providers require", JA: "各社の要件"}
	wordRequirementsIntro = word{EN: "Every requirement that Todoku knows, with the findings that decide it, or the reason why no program can see it from outside. Made from the data; do not edit.", JA: "Todoku が把握しているすべての要件と、その判定に使う指摘、または外部から確認できない理由の一覧です。データから生成しているため、直接編集しないでください。"}
	wordRequirement       = word{EN: "Requirement", JA: "要件"}
	wordJudged            = word{EN: "Judged by", JA: "判定方法"}
	wordSource            = word{EN: "Source", JA: "出典"}
	wordUnseen            = word{EN: "not seen:", JA: "未確認:"}
	wordRemoved           = word{EN: "history, taken back on", JA: "参考 (廃止日):"}
	wordUnverified        = word{EN: "not from the provider's own words", JA: "事業者自身の記述ではありません"}

	wordAll = word{EN: "all findings", JA: "一覧に戻る"}
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
	fmt.Fprintf(&b, "# %s\n\n%s [%s](requirements.md)\n", wordIndex.In(lang), wordIntro.In(lang), wordRequirements.In(lang))
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

// Requirements lists every requirement of every provider, and how it is judged: by which
// findings, or why it cannot be.
func Requirements(lang string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n", wordRequirements.In(lang), wordRequirementsIntro.In(lang))
	last := ""
	for _, r := range provider.Requirements() {
		if r.Provider != last {
			last = r.Provider
			fmt.Fprintf(&b, "\n## %s\n\n| | %s | %s | %s |\n|---|---|---|---|\n", provider.ReceiverName(last).In(lang),
				wordRequirement.In(lang), wordJudged.In(lang), wordSource.In(lang))
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.ID, cell(r.Text.In(lang)+codes(r)), cell(judgedBy(r, lang)), cell(source(r, lang)))
	}
	return b.String()
}

func codes(r provider.Requirement) string {
	if len(r.Codes) == 0 {
		return ""
	}
	return " (" + strings.Join(r.Codes, ", ") + ")"
}

// judgedBy says how a requirement is judged.
func judgedBy(r provider.Requirement, lang string) string {
	var ids []string
	for _, id := range append(r.FailsOn.IDs(), r.PassesOn.IDs()...) {
		if id = "`" + id + "`"; !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	text := strings.Join(ids, " ")
	if reason := r.Reason.In(lang); reason != "" {
		if text != "" {
			text += "; "
		}
		text += wordUnseen.In(lang) + " " + reason
	}
	if r.Removed != "" {
		text = strings.TrimSpace(wordRemoved.In(lang) + " " + r.Removed + " " + text)
	}
	return text
}

func source(r provider.Requirement, lang string) string {
	text := r.Source + " (" + r.AsOf + ")"
	if r.Unverified {
		text += " " + wordUnverified.In(lang)
	}
	return text
}

// cell keeps a text within its cell.
func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ").Replace(shown(s))
}

// Files gives all pages by their path below docs/findings.
func Files() map[string]string {
	files := make(map[string]string)
	for _, lang := range Langs {
		files[lang+"/README.md"] = Index(lang)
		files[lang+"/requirements.md"] = Requirements(lang)
		for _, e := range catalogue.All() {
			files[lang+"/"+e.ID+".md"] = Page(e, lang)
		}
	}
	return files
}
