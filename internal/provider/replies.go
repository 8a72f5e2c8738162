package provider

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/todoku/todoku/bounce"
	"github.com/todoku/todoku/internal/catalogue"
)

// Reply phases: what a server answered with the reply.
const (
	PhaseConnect  = "connect"
	PhaseHELO     = "helo"
	PhaseTLS      = "starttls"
	PhaseAuth     = "auth"
	PhaseMailFrom = "mail-from"
	PhaseRcptTo   = "rcpt-to"
	PhaseData     = "data" // DATA itself, or the message after it
)

// ReplyRule is what one provider means by one kind of reply.
type ReplyRule struct {
	ID string
	// Provider is a key of requirements ("gmail"); "" for the two rules that hold for anyone.
	Provider string
	// Codes are the basic codes it applies to: "550", or "5xx" for a whole class.
	Codes []string
	// Enhanced is the enhanced code that goes with it, "" where there is none.
	Enhanced string
	// Category is the kind of cause: ptr, spf, userunknown ...
	Category string
	// Requirements are IDs of provider requirements that were not met.
	Requirements    []string
	Meaning, Remedy catalogue.Text
	// Source and its date, as written there: "2026-06-18", "2026-06".
	Source, AsOf string
	// Weak: other servers use the same words, so that they do not show whose reply it is.
	Weak bool

	atRcpt, atData *replyVariant
	pattern        *regexp.Regexp
}

// replyVariant is what a rule means in one phase.
type replyVariant struct {
	Category string         `json:"category"`
	Meaning  bilingual      `json:"meaning"`
	RemedyID string         `json:"remedy"`
	remedy   catalogue.Text // of RemedyID
}

// At gives the rule as it is to be read in a phase of the SMTP transaction: docomo's
// "550 Unknown user" is a dead address at RCPT TO, and a filter after DATA.
func (r ReplyRule) At(phase string) ReplyRule {
	v := r.atRcpt
	if phase == PhaseData {
		v = r.atData
	} else if phase != PhaseRcptTo {
		v = nil
	}
	if v != nil {
		r.Category, r.Meaning, r.Remedy = v.Category, catalogue.Text(v.Meaning), v.remedy
	}
	return r
}

// bilingual is a catalogue.Text as the data files have it.
type bilingual struct {
	EN string `json:"en"`
	JA string `json:"ja"`
}

// The data of replies.json: our own words for what the providers' pages say.
//
//go:embed replies.json
var repliesJSON []byte

type replyFile struct {
	Sources map[string]struct {
		Source string `json:"source"`
		AsOf   string `json:"as_of"`
	} `json:"sources"`
	Providers map[string]struct {
		Name    bilingual `json:"name"`
		Hosts   []string  `json:"hosts"`
		Domains []string  `json:"domains"`
		MX      []string  `json:"mx"`
		Own     bool      `json:"own"`
		Text    string    `json:"text"`
	} `json:"providers"`
	Remedies map[string]bilingual `json:"remedies"`
	Rules    []struct {
		ID           string        `json:"id"`
		Provider     string        `json:"provider"`
		Codes        []string      `json:"codes"`
		Enhanced     string        `json:"enhanced"`
		Pattern      string        `json:"pattern"`
		Category     string        `json:"category"`
		Requirements []string      `json:"requirements"`
		Source       string        `json:"source"`
		Meaning      bilingual     `json:"meaning"`
		Remedy       string        `json:"remedy"`
		Weak         bool          `json:"weak"`
		AtRcpt       *replyVariant `json:"at_rcpt"`
		AtData       *replyVariant `json:"at_data"`
	} `json:"rules"`
}

// replies is built once; an error in the data is a programming error that the tests find.
var replies = sync.OnceValue(loadReplies)

type replyData struct {
	rules     []ReplyRule
	receivers []receiver
}

// receiver is how a provider's replies are recognised.
type receiver struct {
	id             string
	name           catalogue.Text
	hosts, domains []string
	mx             [][]string     // labels of names of its exchangers for domains of customers, or of what is above them; "*" is any
	own            bool           // it takes mail for these domains alone
	text           *regexp.Regexp // nil where its words are not known
}

func loadReplies() replyData {
	var f replyFile
	if err := json.Unmarshal(repliesJSON, &f); err != nil {
		panic(fmt.Sprintf("provider: replies.json: %v", err))
	}
	var out replyData
	for _, id := range slices.Sorted(maps.Keys(f.Providers)) {
		p := f.Providers[id]
		r := receiver{id: id, name: catalogue.Text(p.Name), hosts: p.Hosts, domains: p.Domains, own: p.Own}
		for _, name := range p.MX {
			r.mx = append(r.mx, strings.Split(name, "."))
		}
		if p.Text != "" {
			r.text = regexp.MustCompile(`(?i)` + p.Text)
		}
		out.receivers = append(out.receivers, r)
	}
	for _, r := range f.Rules {
		for _, v := range []*replyVariant{r.AtRcpt, r.AtData} {
			if v != nil {
				v.remedy = catalogue.Text(f.Remedies[v.RemedyID])
			}
		}
		out.rules = append(out.rules, ReplyRule{
			ID: r.ID, Provider: r.Provider, Codes: r.Codes, Enhanced: r.Enhanced, Category: r.Category, Requirements: r.Requirements,
			Meaning: catalogue.Text(r.Meaning), Remedy: catalogue.Text(f.Remedies[r.Remedy]),
			Source: f.Sources[r.Source].Source, AsOf: f.Sources[r.Source].AsOf, Weak: r.Weak,
			atRcpt: r.AtRcpt, atData: r.AtData, pattern: regexp.MustCompile(`(?i)` + r.Pattern),
		})
	}
	return out
}

// ReplyRules gives every rule in the order in which they are tried.
func ReplyRules() []ReplyRule { return slices.Clone(replies().rules) }

// ReceiverName is how people call a provider, its ID where it has no name here.
func ReceiverName(id string) catalogue.Text {
	for _, r := range replies().receivers {
		if r.id == id {
			return r.name
		}
	}
	if name, ok := otherNames[id]; ok {
		return name
	}
	return catalogue.Text{EN: id, JA: id}
}

// otherNames are those of whom requirements, but no replies, are known.
var otherNames = map[string]catalogue.Text{
	"generic":   {EN: "Standards (RFC)", JA: "標準仕様 (RFC)"},
	"sakura":    {EN: "Sakura Internet", JA: "さくらインターネット"},
	"japan_gov": {EN: "Government of Japan", JA: "日本政府"},
}

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

// SameReceiver reports that two hosts are of one provider, though their names differ (icloud.com, me.com).
func SameReceiver(a, b string) bool {
	return slices.ContainsFunc(replies().receivers, func(r receiver) bool { return within(a, r.hosts) && within(b, r.hosts) })
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

// within reports whether a name is one of domains or below it.
func within(name string, domains []string) bool {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	return slices.ContainsFunc(domains, func(d string) bool { return name == d || strings.HasSuffix(name, "."+d) })
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
