package web

import (
	"strings"

	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/scorecard"
)

// cardsView says who will take the message.
type cardsView struct {
	Cards  []cardView
	Score  string // "" where nothing could be seen
	Domain bool   // of a domain, not of one message
}

// cardView is one provider: what it makes of the message from a sender of any size,
// and from a bulk sender.
type cardView struct {
	Name      string
	All, Bulk verdictView
	Failed    []requirementView
	Unseen    int
}

// verdictView is a verdict as a word with the sign and colour of a status.
type verdictView struct{ Status, Word string }

// requirementView is a requirement that is not met.
type requirementView struct {
	Text, Codes, Source, AsOf string
	Bulk                      bool // asked of bulk senders only
}

func viewCards(lang string, cards []scorecard.Card, score *scorecard.Score) cardsView {
	var v cardsView
	for i, c := range cards {
		if c.Audience != scorecard.All || !scorecard.Mailbox(c.Provider) {
			continue
		}
		card := cardView{Name: provider.ReceiverName(c.Provider).In(lang), All: viewVerdict(lang, c.Verdict)}
		for _, bulk := range cards[i+1:] {
			if bulk.Provider == c.Provider && bulk.Audience == scorecard.Bulk {
				card.Bulk = viewVerdict(lang, bulk.Verdict)
				card.rows(lang, c, bulk)
			}
		}
		v.Cards = append(v.Cards, card)
	}
	if score != nil {
		v.Score = render.ScoreText(score, lang)
	}
	return v
}

func viewVerdict(lang string, verdict scorecard.Verdict) verdictView {
	return verdictView{render.VerdictStatus(verdict), render.VerdictWord(verdict, lang)}
}

// rows lists what is not met, that asked of bulk senders alone marked as such.
func (c *cardView) rows(lang string, all, bulk scorecard.Card) {
	failsAll := make(map[string]bool)
	for _, r := range all.Rows {
		failsAll[r.Requirement] = r.Status == scorecard.Fail
	}
	for _, r := range bulk.Rows {
		switch r.Status {
		case scorecard.Unseen:
			c.Unseen++
		case scorecard.Fail:
			q, _ := provider.RequirementByID(r.Requirement)
			c.Failed = append(c.Failed, requirementView{
				Text: q.Text.In(lang), Codes: strings.Join(q.Codes, ", "), Source: link(r.Source), AsOf: r.AsOf, Bulk: !failsAll[r.Requirement],
			})
		}
	}
}

// link gives an address that may be followed, "" for a source that is none.
func link(source string) string {
	if strings.HasPrefix(source, "https://") {
		return source
	}
	return ""
}
