package filter

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/internal/milter"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/message"
	"github.com/todoku/todoku/spf"
)

// Outcome is what authentication made of a message, in one word: the rows of the table.
type Outcome string

// The outcomes. The first that is true is a message's outcome.
const (
	// Ambiguous: From names no single domain: none, several, or one that readers would not
	// agree on. DMARC calls it permerror.
	Ambiguous Outcome = "ambiguous-from"
	// Passed: DMARC passes.
	Passed Outcome = "dmarc-pass"
	// Overridden: DMARC fails, but a rule of ours says why that does not count (a trusted sealer, a known
	// forwarder or mailing list).
	Overridden Outcome = "dmarc-override"
	// What the domain of From asks for where DMARC fails.
	DMARCReject     Outcome = "dmarc-reject"
	DMARCQuarantine Outcome = "dmarc-quarantine"
	DMARCNone       Outcome = "dmarc-none"
	// Temporary: the DNS did not answer what the outcome depends on.
	Temporary Outcome = "temperror"
	// The domain of From has no DMARC record: what SPF says, and whether anything vouches for the message.
	SPFFail         Outcome = "spf-fail"
	Authenticated   Outcome = "authenticated"
	Unauthenticated Outcome = "unauthenticated"
)

// Outcomes are all of them, for those who check a table.
var Outcomes = []Outcome{Ambiguous, Passed, Overridden, DMARCReject, DMARCQuarantine, DMARCNone, Temporary, SPFFail, Authenticated, Unauthenticated}

// Action is what is done with a message, from mild to severe.
type Action uint8

// The actions. All that do not refuse add Authentication-Results.
const (
	// Accept: nothing else.
	Accept Action = iota
	// Tag: a field X-Todoku-Verdict with the outcome and the reason.
	Tag
	// QuarantineHeader: a field X-Todoku-Quarantine, by which the delivery agent puts it among junk.
	QuarantineHeader
	// Hold: into the mail server's own quarantine (Postfix: the hold queue).
	Hold
	// Defer: refuse for now, 451.
	Defer
	// Reject: refuse, 550.
	Reject
)

var actionWords = [...]string{"accept", "tag", "quarantine", "hold", "defer", "reject"}

// String gives the word of the table.
func (a Action) String() string { return actionWords[a] }

// ParseAction reads a word of the table.
func ParseAction(word string) (Action, error) {
	for i, w := range actionWords {
		if w == word {
			return Action(i), nil
		}
	}
	return 0, said.Error("action %q: it is one of %s", "処理 %q はありません。%s のいずれかを指定してください", word, strings.Join(actionWords[:], ", "))
}

// Rule is a row: the first whose every condition holds counts. Conditions that are empty always hold.
type Rule struct {
	Outcomes []Outcome
	// From are patterns for the domain of From, Sender for the reverse path, To for a recipient; see Matches.
	From, Sender, To []string
	Action           Action
	// Reason goes to the log, into tags and replies, after the outcome's own.
	Reason string
}

// Override says why a DMARC failure does not count (RFC 9990 section 3.1.1.12 names the types).
type Override struct {
	Type    string // trusted_forwarder, mailing_list, local_policy; "" for none
	Comment string
}

// Policy is the operator's table.
type Policy struct {
	Rules []Rule
	// Default is the action of outcomes that no rule names, by outcome; what is not in it is accepted.
	Default map[Outcome]Action
	// Sealers are domains whose ARC seals are believed: patterns.
	Sealers []string
	// Forwarders are networks whose mail is known to be forwarded; Lists are domains of List-Id.
	Forwarders []netip.Prefix
	Lists      []string
	// Repeated is what is done at least with a message that has several of a field of which there may be one: a signature
	// covers one of them, and people may see another.
	Repeated Action
}

// DefaultPolicy tags what fails, and refuses nothing.
func DefaultPolicy() *Policy { return &Policy{Default: defaultActions()} }

func defaultActions() map[Outcome]Action {
	return map[Outcome]Action{
		Ambiguous: Tag, DMARCReject: Tag, DMARCQuarantine: Tag, DMARCNone: Tag, SPFFail: Tag, Unauthenticated: Tag, Temporary: Tag,
	}
}

// decision is what the table says of a message.
type decision struct {
	outcome  Outcome
	action   Action
	reason   string
	override Override
	reply    milter.Reply // with Defer and Reject
}

// decide looks the message up. Where recipients differ, the message is refused only if it is refused for all of
// them; else it is delivered to all with the most severe of the marks, of which a refusal becomes
// QuarantineHeader: a milter cannot refuse for one recipient after the data.
func (p *Policy) decide(m *message.Message, e *Event) decision {
	d := decision{}
	d.outcome, d.reason = outcomeOf(e)
	switch d.outcome {
	case DMARCReject, DMARCQuarantine, DMARCNone:
		var doubt string
		switch d.override, doubt = p.override(m, e); {
		case d.override.Type != "":
			d.outcome, d.reason = Overridden, d.override.Comment
		case doubt != "":
			d.outcome, d.reason = Temporary, d.reason+"; whether "+cut(doubt, 100)+", which is believed here, vouches for it is not known: the DNS did not answer"
		default:
			d.reason = p.unbelieved(d.reason, e)
		}
	}
	d.action = p.action(&d, e)
	if names := m.Repeated(); len(names) > 0 && p.Repeated > d.action {
		d.action, d.reason = p.Repeated, "more than one "+strings.Join(names, ", ")+" (RFC 5322 section 3.6)"
		d.reply = milter.Say(550, "5.6.0", "Message refused: it has "+d.reason)
		if d.action == Defer {
			d.reply = milter.Say(451, "4.6.0", "Message put off: it has "+d.reason)
		}
		return d
	}
	if d.action == Defer || d.action == Reject {
		d.reply = refusal(d, e)
	}
	return d
}

// choice is what the table says for one recipient. reason is that of the rule, "" where there is none.
type choice struct {
	action Action
	reason string
}

// action gives what is done with the message, and keeps the reason of the rule that asks for it: that of another would tell one recipient's
// business to those who write to others.
func (p *Policy) action(d *decision, e *Event) Action {
	rcpts := e.Rcpts
	if len(rcpts) == 0 {
		rcpts = []string{""}
	}
	var refused, marked choice
	refuse := true
	for i, to := range rcpts {
		c := p.forRcpt(d.outcome, e, to)
		if c.action < Defer {
			refuse = false
		} else {
			if refused.action == Accept || c.action < refused.action {
				refused = c
			}
			c.action = QuarantineHeader
		}
		if i == 0 || c.action > marked.action {
			marked = c
		}
	}
	taken := marked
	// Beyond what was kept, recipients are unknown: refusing for them would be a guess.
	if refuse && e.RcptCount <= len(rcpts) {
		taken = refused
	}
	if taken.reason != "" {
		d.reason = taken.reason
	}
	return taken.action
}

func (p *Policy) forRcpt(o Outcome, e *Event, to string) choice {
	for i := range p.Rules {
		r := &p.Rules[i]
		if r.holds(o, e, to) {
			return choice{r.Action, r.Reason}
		}
	}
	return choice{p.Default[o], ""}
}

func (r *Rule) holds(o Outcome, e *Event, to string) bool {
	return (len(r.Outcomes) == 0 || slices.Contains(r.Outcomes, o)) && fits(r.From, e.Author) && fits(r.Sender, e.MailFrom) && fits(r.To, to)
}

// fits reports that there is no pattern or that one matches.
func fits(patterns []string, address string) bool {
	for _, p := range patterns {
		if Matches(p, address) {
			return true
		}
	}
	return len(patterns) == 0
}

// outcomeOf gives the outcome before any override, and a sentence.
func outcomeOf(e *Event) (Outcome, string) {
	res := e.Auth
	switch d := &res.DMARC; d.Result {
	case dmarc.PermError:
		return Ambiguous, d.Reason
	case dmarc.Pass:
		return Passed, "the domain of From vouches for it"
	case dmarc.Fail:
		reason := "neither SPF nor DKIM speaks for " + d.FromDomain
		switch d.Disposition {
		case dmarc.PolicyReject:
			return DMARCReject, reason + ", which asks to refuse such mail"
		case dmarc.PolicyQuarantine:
			return DMARCQuarantine, reason + ", which asks to treat such mail with suspicion"
		}
		return DMARCNone, reason
	case dmarc.TempError:
		return Temporary, d.Reason
	}
	for _, v := range res.DKIM {
		if v.Result == "pass" {
			return Authenticated, "d=" + v.Signature.Domain + " vouches for it; the domain of From has no DMARC record"
		}
	}
	if res.SPF.Result == spf.Pass {
		return Authenticated, res.SPF.Domain + " vouches for it; the domain of From has no DMARC record"
	}
	// A look-up that failed is no fail. Any d= could have vouched, so any counts: who has the key of his own domain fail, so that no 550
	// ever comes, could as well publish it and pass. What is put off for it waits in his queue.
	for _, v := range res.DKIM {
		if v.Result == dkim.TempError && v.Signature != nil {
			return Temporary, "whether " + v.Signature.Domain + " vouches for it is not known: the DNS did not answer"
		}
	}
	switch res.SPF.Result {
	case spf.Fail:
		return SPFFail, res.SPF.Domain + " says that it does not send from this address"
	case spf.TempError:
		return Temporary, res.SPF.Reason
	}
	return Unauthenticated, "nobody vouches for it"
}

// refusal is the reply of RFC 7372 and RFC 9989: which check failed, and for whom.
func refusal(d decision, e *Event) milter.Reply {
	code, enhanced, what := 550, "5.7.1", "Message refused"
	switch d.outcome {
	case DMARCReject, DMARCQuarantine, DMARCNone:
		enhanced = "5.7.26"
	case SPFFail:
		enhanced = "5.7.23"
	case Unauthenticated:
		enhanced = "5.7.26"
	}
	if d.action == Defer {
		code, enhanced, what = 451, "4"+enhanced[1:], "Message put off"
		if d.outcome == Temporary {
			enhanced = "4.4.3" // a directory server failed (RFC 3463)
		}
	}
	return milter.Say(code, enhanced, what+" ("+string(d.outcome)+"): "+d.reason)
}
