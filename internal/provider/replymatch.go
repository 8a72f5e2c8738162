package provider

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/todoku/todoku/bounce"
)

// ReplyQuery is a reply and what is known of its circumstances.
type ReplyQuery struct {
	Reply bounce.Reply
	// Host is the server that replied, "" where it is not known.
	Host string
	// Recipient is the address concerned, "" where it is not known.
	Recipient string
	// Phase is one of the phases above, "" where it is not known.
	Phase string
}

// Certainty says how it is known whose reply it is.
type Certainty string

const (
	// Named: by the host, by the recipient's domain, or by a mark that the provider leaves.
	Named Certainty = "named"
	// Wording: by words that this provider alone is known to use.
	Wording Certainty = "wording"
	// Guess: the words or the code are this provider's, but others use them too.
	Guess Certainty = "guess"
)

// ReplyMatch is the rule that a reply falls under.
type ReplyMatch struct {
	// Rule as read in the phase of the query; nil where no rule fits, not even a generic one.
	Rule *ReplyRule
	// Known is false where only a generic rule fits: the code is not known.
	Known bool
	// Provider that replied, "" where it is not known; Certainty is then "" too.
	Provider  string
	Certainty Certainty
	// Candidates are the rules of a code that stands without words; only where no rule
	// of a provider fits and they are few.
	Candidates []ReplyRule
}

const maxCandidates = 4

// MatchReply finds the rule of a reply: the basic code and the pattern must fit, and
// the first rule in order wins. Where it is known who replied, only that provider's
// rules count; a server that is known to be someone else's is not taken for a
// provider because of words that anyone may use.
func MatchReply(q ReplyQuery) ReplyMatch {
	if _, err := netip.ParseAddr(q.Host); err == nil {
		q.Host = "" // an address names nobody
	}
	m := ReplyMatch{Provider: namedReceiver(q)}
	if m.Provider != "" {
		m.Certainty = Named
	}
	texts := replyTexts(q.Reply)
	for _, r := range replies().rules {
		if r.Provider == "" || m.Provider != "" && r.Provider != m.Provider || !r.fits(q.Reply, texts) {
			continue
		}
		guess := r.Weak || r.byCodeAlone(q.Reply)
		if m.Provider == "" && guess && (q.Host != "" || r.unlikely(q)) {
			continue
		}
		rule := r.At(q.Phase)
		m.Rule, m.Known = &rule, true
		if m.Provider == "" {
			m.Provider, m.Certainty = r.Provider, Wording
			if guess {
				m.Certainty = Guess
			}
		}
		return m
	}
	m.Candidates = candidates(q, m.Provider)
	for _, r := range replies().rules {
		if r.Provider == "" && r.fits(q.Reply, texts) {
			m.Rule = &r
			break
		}
	}
	return m
}

// namedReceiver recognises who replied by what names it: Google's tail, the host,
// the words, and last the recipient's domain.
func namedReceiver(q ReplyQuery) string {
	if q.Reply.Tail != "" {
		return "gmail"
	}
	for _, r := range replies().receivers {
		if within(q.Host, r.hosts) {
			return r.id
		}
	}
	text := q.Reply.String()
	for _, r := range replies().receivers {
		if r.text != nil && r.text.MatchString(text) {
			return r.id
		}
	}
	if q.Host != "" {
		return ""
	}
	domain := recipientDomain(q)
	for _, r := range replies().receivers {
		if within(domain, r.domains) {
			return r.id
		}
	}
	return ""
}

// addressDomain is the domain of the first address in a text, "" where there is none.
func addressDomain(s string) string {
	_, s, _ = strings.Cut(s, "@")
	end := strings.IndexFunc(s, func(r rune) bool {
		return r != '.' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	if end >= 0 {
		s = s[:end]
	}
	return s
}

// replyTexts are the forms of a reply that patterns are tried on: with the enhanced
// code and without it, as some patterns name the basic code and the text behind it.
func replyTexts(r bounce.Reply) []string {
	code := strconv.Itoa(r.Code) + " "
	if r.Enhanced.IsZero() {
		return []string{code + r.Text}
	}
	return []string{code + r.Enhanced.String() + " " + r.Text, code + r.Text}
}

func (r ReplyRule) fits(reply bounce.Reply, texts []string) bool {
	return r.hasCode(reply.Code) && slices.ContainsFunc(texts, r.pattern.MatchString)
}

func (r ReplyRule) hasCode(code int) bool {
	s := strconv.Itoa(code)
	return len(s) == 3 && slices.ContainsFunc(r.Codes, func(c string) bool { return c == s || c == s[:1]+"xx" })
}

// byCodeAlone reports whether the codes alone satisfy the pattern, while the words do
// not: an enhanced code of the public registry proves nothing of who wrote it.
func (r ReplyRule) byCodeAlone(reply bounce.Reply) bool {
	code := strconv.Itoa(reply.Code) + " "
	return !reply.Enhanced.IsZero() && r.pattern.MatchString(code+reply.Enhanced.String()) && !r.pattern.MatchString(code+reply.Text)
}

// unlikely reports a guess that something speaks against: an address that the
// provider does not serve, or words beside a code that the public registry uses for
// another thing (null MX, ARC, REQUIRETLS) than Gmail does.
func (r ReplyRule) unlikely(q ReplyQuery) bool {
	s := q.Reply.Enhanced
	if q.Reply.Text != "" && s.Subject == 7 && (s.Detail == 27 || s.Detail == 29 || s.Detail == 30) && r.byCodeAlone(q.Reply) {
		return true
	}
	domain := recipientDomain(q)
	return domain != "" && slices.ContainsFunc(replies().receivers, func(c receiver) bool { return c.id == r.Provider && c.own && !within(domain, c.domains) })
}

// recipientDomain is the domain of the recipient, else of the first address in the reply.
func recipientDomain(q ReplyQuery) string {
	if domain := addressDomain(q.Recipient); domain != "" {
		return domain
	}
	return addressDomain(q.Reply.Text)
}

// candidates are the rules of an enhanced code, where they are few enough to help.
func candidates(q ReplyQuery, provider string) []ReplyRule {
	enhanced := q.Reply.Enhanced.String()
	if enhanced == "" || q.Reply.Text != "" || provider == "" && q.Host != "" {
		return nil
	}
	var out []ReplyRule
	for _, r := range replies().rules {
		if r.Enhanced != enhanced || provider != "" && r.Provider != provider || q.Reply.Code != 0 && !r.hasCode(q.Reply.Code) {
			continue
		}
		if out = append(out, r); len(out) > maxCandidates {
			return nil
		}
	}
	return out
}
