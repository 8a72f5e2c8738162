package web

import (
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/scorecard"
)

// verdictChange is one verdict of a message before a change, or of an earlier message, and after.
type verdictChange struct {
	Name          string
	Before, After mark
	Changed       bool
}

// verdictRow is one verdict; key says which of two reports' rows are the same one.
type verdictRow struct {
	key, name string
	mark      mark
}

// verdictRows lists what a report says in single words: the methods, what the receivers are
// asked to do, and what the providers make of it.
func verdictRows(lang string, rep *render.Report) []verdictRow {
	auth := &rep.Auth
	result := func(word string) mark { return markOf("", word) }
	rows := []verdictRow{{"dmarc", "DMARC", result(word(string(auth.DMARC.Result)))}}
	asked := mark{"none", "→", word(string(auth.DMARC.Disposition))}
	rows = append(rows, verdictRow{"asked", i18n.T(lang, "verdict.asked"), asked})
	spf := result(word(string(auth.SPF.Result)))
	if !auth.SPFChecked {
		spf = mark{"none", "–", i18n.T(lang, "align.not-checked")}
	}
	rows = append(rows, verdictRow{"spf", "SPF", spf})
	times := map[string]int{}
	signatures, _ := some(auth.DKIM, drawnSignatures)
	for _, d := range signatures {
		domain := ""
		if d.Signature != nil {
			domain = d.Signature.Domain
		}
		times[domain]++
		rows = append(rows, verdictRow{"dkim " + domain + " " + itoa(times[domain]), "DKIM " + domain, result(word(string(d.Result)))})
	}
	rows = append(rows, verdictRow{"arc", "ARC", result(word(string(auth.ARC.Result)))},
		verdictRow{"iprev", i18n.T(lang, "iprev.heading"), result(word(string(auth.IPRev.Result)))})
	for _, c := range rep.Cards {
		if c.Audience == scorecard.All && scorecard.Mailbox(c.Provider) {
			v := viewVerdict(lang, c.Verdict)
			m := markOf(lang, v.Status)
			m.Word = v.Word
			rows = append(rows, verdictRow{"card " + c.Provider, provider.ReceiverName(c.Provider).In(lang), m})
		}
	}
	return rows
}

// verdictChanges puts the verdicts of two reports beside each other. What only one of them
// has (a signature) is absent in the other.
func verdictChanges(lang string, before, after *render.Report) []verdictChange {
	absent := mark{"none", "–", i18n.T(lang, "verdict.absent")}
	a, b := verdictRows(lang, before), verdictRows(lang, after)
	later := make(map[string]mark, len(b))
	for _, row := range b {
		later[row.key] = row.mark
	}
	var out []verdictChange
	had := map[string]bool{}
	for _, row := range a {
		had[row.key] = true
		m, ok := later[row.key]
		if !ok {
			m = absent
		}
		out = append(out, verdictChange{row.name, row.mark, m, m != row.mark})
	}
	for _, row := range b {
		if !had[row.key] {
			out = append(out, verdictChange{row.name, absent, row.mark, true})
		}
	}
	return out
}

// messageScore is the score of a message as a page shows it.
func messageScore(rep *render.Report) string {
	if rep.Score == nil {
		return scoreText(-1)
	}
	return scoreText(rep.Score.Value)
}
