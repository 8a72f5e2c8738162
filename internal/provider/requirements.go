package provider

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/todoku/todoku/internal/catalogue"
)

// Audience is whom a requirement is for.
type Audience string

// The audiences.
const (
	// Everybody who sends to the provider.
	Everybody Audience = "all"
	// BulkSenders: those who send in bulk, as the provider defines it.
	BulkSenders Audience = "bulk"
	// Marketers: bulk senders of mail that people subscribe to.
	Marketers Audience = "marketing"
	// Forwarders: those who pass on mail of others.
	Forwarders Audience = "forwarder"
	// Customers of the service that the requirement names as its provider.
	Customers Audience = "customers"
	// Providers of mailboxes; not for senders.
	Providers Audience = "providers"
)

// Level is how a provider words a requirement.
type Level string

// The levels.
const (
	Must   Level = "must"
	Should Level = "should"
	// Note: not a requirement, but to be known.
	Note Level = "info"
)

// Effect is what the provider does with mail that does not meet a requirement.
type Effect string

// The effects.
const (
	NoEffect  Effect = ""           // nothing is announced
	Rejects   Effect = "reject"     // refuses it, for good or for the time being
	Defers    Effect = "defer"      // slows it down or defers it
	Junks     Effect = "junk"       // puts it into the spam folder
	Warns     Effect = "warning"    // shows a warning above it
	NoSupport Effect = "no-support" // delivers it, but helps nobody who complains
)

// Observe is where a requirement can be seen.
type Observe string

// The places.
const (
	InMessage Observe = "message" // in a message, or in its session
	InDomain  Observe = "domain"  // in the DNS of a domain, or at its hosts
	InReports Observe = "report"  // in what receivers report over time
	Nowhere   Observe = "none"    // not by a program from outside; Reason says why
)

// Requirement is one thing that a provider asks of senders.
type Requirement struct {
	ID, Provider string
	Audience     Audience
	Level        Level
	// Compliance is the row of Gmail's Postmaster Tools (compliance status, API v2) under
	// which the requirement is shown there, "" for none.
	Compliance string
	// Text is the requirement in one sentence of ours.
	Text catalogue.Text
	// Codes are the replies with which the provider refuses what does not meet it,
	// basic and enhanced: "550 5.7.26".
	Codes  []string
	Effect Effect
	// Source is the page or document, AsOf the date that it had or was read: a day, or
	// a month where no more is known. Unverified: not from the provider's own words.
	Source, AsOf string
	Unverified   bool
	// Since is when it came into effect, Removed when the provider took it back (it
	// is shown as history then); each a date, a month, a year or "".
	Since, Removed string
	Observe        Observe
	// FailsOn and PassesOn decide it by findings.
	FailsOn, PassesOn Condition
	// Reason says why it is not seen, where that is so.
	Reason catalogue.Text
}

// The data of requirements.json: our own words for what the providers' pages say.
//
//go:embed requirements.json
var requirementsJSON []byte

type requirementFile struct {
	Compiled     string               `json:"compiled"`
	Reasons      map[string]bilingual `json:"reasons"`
	Sets         map[string][]string  `json:"sets"`
	Requirements []struct {
		ID         string     `json:"id"`
		Provider   string     `json:"provider"`
		Audience   Audience   `json:"audience"`
		Level      Level      `json:"level"`
		Compliance string     `json:"compliance"`
		Codes      []string   `json:"codes"`
		Effect     Effect     `json:"effect"`
		Source     string     `json:"source"`
		AsOf       string     `json:"as_of"`
		Unverified bool       `json:"unverified"`
		Since      string     `json:"since"`
		Removed    string     `json:"removed"`
		Observe    Observe    `json:"observe"`
		FailsOn    [][]string `json:"fails_on"`
		PassesOn   [][]string `json:"passes_on"`
		Reason     string     `json:"reason"`
		bilingual
	} `json:"requirements"`
}

// requirements is built once; an error in the data is a programming error that the tests find.
var requirements = sync.OnceValue(loadRequirements)

func loadRequirements() []Requirement {
	var file requirementFile
	if err := json.Unmarshal(requirementsJSON, &file); err != nil {
		panic(fmt.Sprintf("provider: requirements.json: %v", err))
	}
	var all []Requirement
	for _, j := range file.Requirements {
		r := Requirement{
			ID: j.ID, Provider: j.Provider, Audience: j.Audience, Level: j.Level, Compliance: j.Compliance, Text: catalogue.Text(j.bilingual),
			Codes: j.Codes, Effect: j.Effect, Source: j.Source, AsOf: j.AsOf, Unverified: j.Unverified,
			Since: j.Since, Removed: j.Removed, Observe: j.Observe,
			FailsOn: newCondition(j.FailsOn, file.Sets, true), PassesOn: newCondition(j.PassesOn, file.Sets, false),
		}
		if j.Reason != "" {
			reason, ok := file.Reasons[j.Reason]
			if !ok {
				panic(fmt.Sprintf("provider: requirements.json: %s: no reason %q", j.ID, j.Reason))
			}
			r.Reason = catalogue.Text(reason)
		}
		all = append(all, r)
	}
	return all
}

// Requirements are what all providers ask, in the order of the file: by provider.
func Requirements() []Requirement { return slices.Clone(requirements()) }

// RequirementByID gives one requirement.
func RequirementByID(id string) (Requirement, bool) {
	for _, r := range requirements() {
		if r.ID == id {
			return r, true
		}
	}
	return Requirement{}, false
}
