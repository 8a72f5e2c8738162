package render

import (
	"slices"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/spf"
)

// Headline is the one-line verdict of a report that every door shows first.
type Headline struct {
	// Status: pass, fail, warn or unknown.
	Status string
	// Title is "This message passes DMARC" and the like; Sub the single most important thing to fix.
	Title, Sub string
}

// The titles of a headline, by what DMARC says and the worst of the findings.
var (
	headPass = catalogue.Text{
		EN: "This message passes DMARC: it really comes from {from}.",
		JA: "このメールの DMARC は pass です。確かに {from} からのものです。",
	}
	headPassWarn = catalogue.Text{
		EN: "This message passes DMARC, but something could be better.",
		JA: "このメールの DMARC は pass ですが、改善すべき点があります。",
	}
	headPassFail = catalogue.Text{
		EN: "This message passes DMARC, but something else keeps it from arriving.",
		JA: "このメールの DMARC は pass ですが、別の理由で届かないおそれがあります。",
	}
	headFail = catalogue.Text{
		EN: "This message fails DMARC: nothing proves that it comes from {from}.",
		JA: "このメールの DMARC は fail です。{from} からのものと証明できません。",
	}
	headReject = catalogue.Text{
		EN: "This message fails DMARC, and {from} asks receivers to {policy} it.",
		JA: "このメールの DMARC は fail です。{from} は受信側に {policy} を求めています。",
	}
	headFailSoFar = catalogue.Text{
		EN: "So far nothing proves that this message comes from {from}; its envelope is not known.",
		JA: "このメールが {from} からのものとは、まだ証明できていません (エンベロープが不明です)。",
	}
	headNone = catalogue.Text{
		EN: "{from} has no DMARC record: nothing protects its name.",
		JA: "{from} には DMARC レコードがなく、なりすましから守られていません。",
	}
	headNoneFail = catalogue.Text{
		EN: "{from} has no DMARC record, and something else keeps this message from arriving.",
		JA: "{from} には DMARC レコードがなく、別の理由でも届かないおそれがあります。",
	}
	headNothing = catalogue.Text{
		EN: "Nothing proves that this message comes from {from}.",
		JA: "このメールが {from} からのものとは証明できません。",
	}
	headPermError = catalogue.Text{
		EN: "It is not clear who sent this message: DMARC cannot be evaluated.",
		JA: "差出人を特定できないため、DMARC を評価できません。",
	}
	headRecordError = catalogue.Text{
		EN: "The DMARC record of {from} is broken: it does not protect the message.",
		JA: "{from} の DMARC レコードに誤りがあり、メールは保護されていません。",
	}
	headTempError = catalogue.Text{
		EN: "Undecided: DNS did not answer everything that was needed.",
		JA: "未確定: 必要な情報の一部を DNS から得られませんでした。",
	}
	headUndecided = catalogue.Text{
		EN: "Undecided: the envelope of this message is not known.",
		JA: "未確定: このメールのエンベロープがわかりません。",
	}
)

// Headline gives the headline in a language. It shows the worst finding; what could
// not be seen counts only when DMARC itself is undecided because of it.
func (r *Report) Headline(lang string) Headline {
	worst, _ := r.worst()
	h := Headline{Status: string(worst), Title: r.headTitle(worst).In(lang)}
	from := r.Auth.DMARC.FromDomain
	if from == "" {
		from = map[bool]string{true: "差出人", false: "the sender"}[lang == "ja"]
	}
	h.Title = expand(h.Title, map[string]string{"from": from, "policy": string(r.Auth.DMARC.Disposition)})
	for _, f := range r.Findings {
		if f.Status == worst && f.Fix(lang) != "" {
			h.Sub = f.Fix(lang)
			break
		}
	}
	return h
}

// worst gives the status of the headline and the ID of the finding that sets it.
func (r *Report) worst() (catalogue.Status, string) {
	has := make(map[catalogue.Status]string)
	undecided := ""
	for _, f := range r.Findings {
		if _, ok := has[f.Status]; !ok {
			has[f.Status] = f.ID
		}
		if f.Status == catalogue.Unknown && catalogue.Area(f.ID) == "dmarc" {
			undecided = f.ID
		}
	}
	switch {
	case has[catalogue.Fail] != "":
		return catalogue.Fail, has[catalogue.Fail]
	case undecided != "":
		return catalogue.Unknown, undecided
	case has[catalogue.Warn] != "":
		return catalogue.Warn, has[catalogue.Warn]
	default:
		return catalogue.Pass, ""
	}
}

func (r *Report) headTitle(worst catalogue.Status) catalogue.Text {
	v := r.Auth.DMARC
	if worst == catalogue.Unknown {
		if _, id := r.worst(); id == "dmarc.undecided" {
			return headUndecided
		}
		return headTempError
	}
	switch v.Result {
	case dmarc.Pass:
		switch worst {
		case catalogue.Fail:
			return headPassFail
		case catalogue.Warn:
			return headPassWarn
		}
		return headPass
	case dmarc.Fail:
		if !v.SPFChecked {
			return headFailSoFar // SPF might still carry it
		}
		if v.Disposition == dmarc.PolicyReject || v.Disposition == dmarc.PolicyQuarantine {
			return headReject
		}
		return headFail
	case dmarc.PermError:
		if v.FromDomain == "" {
			return headPermError
		}
		return headRecordError
	case dmarc.TempError:
		return headTempError
	}
	switch {
	case worst == catalogue.Fail && r.somethingPasses():
		return headNoneFail
	case worst == catalogue.Fail:
		return headNothing
	}
	return headNone
}

// somethingPasses reports whether SPF or a signature passes, for whatever domain.
func (r *Report) somethingPasses() bool {
	return r.Auth.SPFChecked && r.Auth.SPF.Result == spf.Pass ||
		slices.ContainsFunc(r.Auth.DKIM, func(v dkim.Verdict) bool { return v.Result == dkim.Pass })
}
