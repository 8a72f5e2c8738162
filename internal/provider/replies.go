package provider

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

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
	byDomain  map[string]int // the first of receivers that has a domain
}

func loadReplies() replyData {
	var f replyFile
	if err := json.Unmarshal(repliesJSON, &f); err != nil {
		panic(fmt.Sprintf("provider: replies.json: %v", err))
	}
	out := replyData{byDomain: map[string]int{}}
	for _, id := range slices.Sorted(maps.Keys(f.Providers)) {
		p := f.Providers[id]
		r := receiver{id: id, name: catalogue.Text(p.Name), hosts: p.Hosts, domains: p.Domains, own: p.Own}
		for _, name := range p.MX {
			r.mx = append(r.mx, strings.Split(name, "."))
		}
		if p.Text != "" {
			r.text = regexp.MustCompile(`(?i)` + p.Text)
		}
		for _, d := range r.domains {
			if _, ok := out.byDomain[d]; !ok {
				out.byDomain[d] = len(out.receivers)
			}
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
