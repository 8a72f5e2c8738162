package render

import (
	"io"
	"time"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/scorecard"
)

// The titles of a checked target, by the worst of its findings.
var checkTitles = map[catalogue.Status]catalogue.Text{
	catalogue.Fail:    {EN: "Something keeps the mail of {target} from arriving, or leaves it unprotected.", JA: "{target} のメールが届かない、または保護されない原因があります。"},
	catalogue.Unknown: {EN: "Nothing wrong was seen at {target}, but not everything could be seen.", JA: "{target} に問題は見つかりませんでしたが、確認できなかった点があります。"},
	catalogue.Warn:    {EN: "The mail of {target} can arrive, but something is not doing what it should.", JA: "{target} のメールは届きますが、意図どおりに働いていない設定があります。"},
	catalogue.Pass:    {EN: "Nothing at {target} stands in the way of its mail.", JA: "{target} にメールの到達を妨げる問題はありません。"},
}

// firstWords are the labels of the first thing to do.
var firstWords = map[catalogue.Status]string{catalogue.Fail: "fix-first", catalogue.Unknown: "next", catalogue.Warn: "improve"}

// CheckText writes the report of one target for people.
func CheckText(w io.Writer, r *check.Report, o TextOptions) error {
	p := newPage(o)
	worst := r.Worst()
	sign, color := signOf(string(worst))
	lead := sign + " " + p.label(string(worst))
	p.para(0, p.paint(color, lead), checkTitle(r, o.Lang), plain)
	if first := r.First(); first != nil && first.Fix(o.Lang) != "" {
		p.para(2, "", p.label(firstWords[first.Status], "text", first.Fix(o.Lang)), plain)
	}
	if !r.Time.IsZero() {
		p.para(2, p.label("time"), r.Time.UTC().Format(time.RFC3339), faint)
	}
	p.cards(r.Cards, r.Score)
	p.findings(r.Findings)
	if o.Verbose {
		p.answers(r.Survey.Answers)
	}
	return p.flush(w)
}

// cards writes who will take the mail, a line for each provider.
func (p *page) cards(cards []scorecard.Card, score *scorecard.Score) {
	if len(cards) == 0 {
		return
	}
	p.blank()
	p.line(0, p.paint(bold, p.label("cards")))
	width := 0
	for _, c := range cards {
		if scorecard.Mailbox(c.Provider) {
			width = max(width, Columns(provider.ReceiverName(c.Provider).In(p.o.Lang)))
		}
	}
	for i, c := range cards {
		if c.Audience != cards[0].Audience {
			break // shown beside its twin
		}
		other := twin(cards[i+1:], c)
		if !scorecard.Mailbox(c.Provider) && c.Verdict != scorecard.Reject && c.Verdict != scorecard.AtRisk {
			continue // services and standards speak up only where something is wrong
		}
		sign, color := signOf(cardStatus[c.Verdict])
		lead := p.paint(color, sign) + " " + pad(provider.ReceiverName(c.Provider).In(p.o.Lang), width) + " " + pad(p.label("card-"+string(c.Verdict)), 16)
		note := rowsText(c, p.o.Lang)
		if other != nil && other.Verdict != c.Verdict {
			note = p.label("card-bulk", "verdict", p.label("card-"+string(other.Verdict)), "rows", rowsText(*other, p.o.Lang))
		}
		p.para(2, lead, note, faint)
	}
	if score != nil {
		p.line(2, ScoreText(score, p.o.Lang))
	}
}

// twin gives the same provider's card for the other audience, nil where there is none.
func twin(cards []scorecard.Card, of scorecard.Card) *scorecard.Card {
	for i := range cards {
		if cards[i].Provider == of.Provider {
			return &cards[i]
		}
	}
	return nil
}

// cardStatus gives the status whose sign and colour a verdict takes.
var cardStatus = map[scorecard.Verdict]string{
	scorecard.Accept: "pass", scorecard.AtRisk: "warn", scorecard.Reject: "fail", scorecard.Unknown: "unknown",
}

// checkTitle is the verdict on a target in a sentence.
func checkTitle(r *check.Report, lang string) string {
	return expand(checkTitles[r.Worst()].In(lang), map[string]string{"target": Printable(r.Target)})
}

// CheckHeadline is the verdict on a target with the most important thing to do.
func CheckHeadline(r *check.Report, lang string) Headline {
	h := Headline{Status: string(r.Worst()), Title: checkTitle(r, lang)}
	if first := r.First(); first != nil {
		h.Sub = first.Fix(lang)
	}
	return h
}

// VerdictStatus is the status whose sign and colour a provider's verdict takes.
func VerdictStatus(v scorecard.Verdict) string { return cardStatus[v] }

// VerdictWord is a provider's verdict in a word.
func VerdictWord(v scorecard.Verdict, lang string) string { return label(lang, "card-"+string(v)) }

// ScoreText is the score in words; it always says how much was seen.
func ScoreText(s *scorecard.Score, lang string) string {
	return label(lang, "score-of", "value", itoa(s.Value), "coverage", itoa(int(s.Coverage*100+0.5)))
}

// rowsText names the requirements that failed, and how many were not seen.
func rowsText(c scorecard.Card, lang string) string {
	var failed string
	unseen := 0
	for _, r := range c.Rows {
		switch r.Status {
		case scorecard.Fail:
			if failed != "" {
				failed += ", "
			}
			failed += rowName(r)
		case scorecard.Unseen:
			unseen++
		}
	}
	if unseen > 0 {
		if failed != "" {
			failed += "; "
		}
		failed += label(lang, "unseen", "n", itoa(unseen))
	}
	return Printable(failed)
}

// rowName is a requirement by the name that the provider's own pages give it.
func rowName(r scorecard.Row) string {
	if r.Compliance != "" {
		return r.Compliance
	}
	return r.Requirement
}

// CheckLine writes a report as one line, for a list of many.
func CheckLine(w io.Writer, r *check.Report, o TextOptions) error {
	p := newPage(o)
	worst := r.Worst()
	sign, color := signOf(string(worst))
	id := "-"
	if f := r.First(); f != nil {
		id = f.ID
	}
	p.line(0, p.paint(color, sign+" "+pad(string(worst), 7))+"  "+pad(Printable(id), 28)+"  "+Printable(r.Target))
	return p.flush(w)
}
