package scorecard

import (
	"math"
	"slices"
	"sync"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/provider"
)

// The audiences of a card.
const (
	All  = "all"  // everybody who sends
	Bulk = "bulk" // those who send in bulk
)

// Input is what the cards are made of.
type Input struct {
	// Findings are those on the message, the domain, or both. Accepted ones count like
	// the others here: a provider does not know what its sender accepts.
	Findings []catalogue.Finding
	// Sight says what was looked at.
	Sight provider.Sight
	// Marketing: the message is one that people subscribe to.
	Marketing bool
	// Policy is what the author's domain asks receivers to do with the message, "" for
	// none or where DMARC passes: reject, quarantine.
	Policy string
}

// mailboxes are the providers whose mailboxes a card judges, in the order of display.
var mailboxes = []string{"gmail", "yahoo", "microsoft", "apple", "docomo", "au_kddi", "softbank", "yahoo_japan", "nifty", "orange", "comcast"}

// Mailbox reports whether a provider keeps mailboxes, and is not a sending service or a standard.
func Mailbox(id string) bool { return slices.Contains(mailboxes, id) }

// asked are one provider's requirements.
type asked struct {
	provider     string
	requirements []provider.Requirement
}

// byProvider are the requirements of every provider, mailboxes first; made once.
var byProvider = sync.OnceValue(func() []asked {
	all := make(map[string][]provider.Requirement)
	order := slices.Clone(mailboxes)
	for _, r := range provider.Requirements() {
		all[r.Provider] = append(all[r.Provider], r)
		if !slices.Contains(order, r.Provider) {
			order = append(order, r.Provider)
		}
	}
	var out []asked
	for _, id := range order {
		if len(all[id]) > 0 {
			out = append(out, asked{id, all[id]})
		}
	}
	return out
})

// Judge gives the cards of every provider for one audience, mailboxes first.
func Judge(in Input, audience string) []Card {
	cards := make([]Card, 0, len(byProvider()))
	for _, a := range byProvider() {
		cards = append(cards, in.card(a.provider, audience, a.requirements))
	}
	return cards
}

func (in Input) card(id, audience string, requirements []provider.Requirement) Card {
	c := Card{Provider: id, Audience: audience, Rows: make([]Row, 0, len(requirements))}
	verdict := &weighing{}
	for i := range requirements {
		r := &requirements[i]
		row := in.row(r, audience)
		verdict.add(in, r, row)
		c.Rows = append(c.Rows, row)
	}
	if Mailbox(id) {
		verdict.policy(in.Policy)
	}
	c.Verdict = verdict.give(in)
	return c
}

// row judges one requirement.
func (in Input) row(r *provider.Requirement, audience string) Row {
	row := Row{Requirement: r.ID, Compliance: r.Compliance, Status: NotApplicable, Findings: []string{}, Source: r.Source, AsOf: r.AsOf}
	if r.Removed != "" || !in.applies(r.Audience, audience) {
		return row
	}
	outcome, by := r.Judge(in.Findings, in.Sight)
	row.Status = RowStatus(outcome)
	if by != nil {
		row.Findings = by
	}
	return row
}

// applies reports whether a requirement is for the audience of the card.
func (in Input) applies(to provider.Audience, audience string) bool {
	switch to {
	case provider.Everybody:
		return true
	case provider.BulkSenders:
		return audience == Bulk
	case provider.Marketers:
		return audience == Bulk && (in.Marketing || !in.Sight.Message)
	case provider.Customers:
		return in.customer()
	}
	return false // forwarders, and those who keep mailboxes
}

// customer reports whether a sending service was recognised whose customers have rules.
func (in Input) customer() bool {
	return slices.ContainsFunc(in.Findings, func(f catalogue.Finding) bool {
		return catalogue.Area(f.ID) == "service" || f.ID == "dmarc.fail-ses-default"
	})
}

// weighing adds up the rows of one card.
type weighing struct {
	refused, risk bool
	blind         bool // a row that could have meant a refusal was not seen
	seen          int
}

func (w *weighing) add(in Input, r *provider.Requirement, row Row) {
	switch row.Status {
	case Pass:
		w.seen++
	case Fail:
		w.seen++
		switch {
		case r.Effect == provider.Rejects && r.Level == provider.Must && !r.Unverified:
			w.refused = true
		case r.Effect != provider.NoEffect && r.Effect != provider.NoSupport, r.Level == provider.Must:
			w.risk = true
		}
	case Unseen:
		if r.Level == provider.Must && r.Effect == provider.Rejects && in.within(r.Observe) {
			w.blind = true
		}
	}
}

// within reports whether a requirement belongs to what was looked at. A check of a
// domain cannot see the form of a message, and does not wait for it.
func (in Input) within(o provider.Observe) bool {
	return o == provider.InDomain || o == provider.InMessage && in.Sight.Message
}

// policy applies what the domain itself asks for. Receivers do so for everyone, bulk or
// not: RFC 9989 section 7.4 keeps them from rejecting on it alone, and most do.
func (w *weighing) policy(p string) {
	switch p {
	case "reject":
		w.refused = true
	case "quarantine":
		w.risk = true
	}
}

func (w *weighing) give(in Input) Verdict {
	switch {
	case w.refused:
		return Reject
	case w.risk:
		return AtRisk
	case w.blind || w.seen == 0 || !in.authenticates():
		return Unknown
	}
	return Accept
}

// authenticates reports whether something was seen by which mail can authenticate: a
// usable SPF record or a key, where no message shows that it did.
func (in Input) authenticates() bool {
	return in.Sight.Message || slices.ContainsFunc(in.Findings, func(f catalogue.Finding) bool {
		area := catalogue.Area(f.ID)
		return f.Status == catalogue.Pass && (area == "spf" || area == "dkim")
	})
}

// weights say how much each area matters for delivery, by what providers demand. What
// is optional (BIMI, DANE, MTA-STS ...) weighs nothing: nobody loses points for
// lacking it.
var weights = map[string]float64{
	"spf": 20, "dkim": 20, "dmarc": 20, "ptr": 15, "dnsbl": 10, "mx": 5, "dns": 5, "tls": 5, "message": 10, "list": 5,
}

// loss is what the worst finding of an area takes of its weight.
var loss = map[catalogue.Status]float64{catalogue.Fail: 1, catalogue.Warn: 0.4}

// fatal is the most that a score can be where a provider will refuse the mail.
const fatal = 30

// Sum gives the score: over the areas that were seen, and how much of all that was. It
// is nil where nothing was seen.
func Sum(in Input, cards []Card) *Score {
	worst := make(map[string]float64)
	seen := make(map[string]bool)
	for _, f := range in.Findings {
		area := catalogue.Area(f.ID)
		if weights[area] == 0 || f.Status == catalogue.Unknown {
			continue
		}
		seen[area] = true
		worst[area] = max(worst[area], loss[f.Status])
	}
	var had, could, all float64
	for area, w := range weights {
		if (area == "message" || area == "list") && !in.Sight.Message {
			continue
		}
		all += w
		if seen[area] {
			could += w
			had += w * (1 - worst[area])
		}
	}
	if could == 0 {
		return nil
	}
	s := &Score{Value: int(math.Round(100 * had / could)), Coverage: math.Round(100*could/all) / 100}
	if slices.ContainsFunc(cards, func(c Card) bool { return c.Verdict == Reject && Mailbox(c.Provider) }) {
		s.Value = min(s.Value, fatal)
	}
	return s
}
