package service

import (
	"context"
	"slices"
	"sync"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/provider"
)

// Bilingual is a text in both languages.
type Bilingual struct {
	EN string `json:"en"`
	JA string `json:"ja"`
}

// CatalogueEntry is what a finding means, in both languages. {Words in braces} stand for
// what is filled in when it is found.
type CatalogueEntry struct {
	ID     string      `json:"id" example:"dmarc.none"`
	Area   string      `json:"area" example:"dmarc"`
	Status string      `json:"status" enum:"fail,warn,info,unknown,pass" doc:"the usual one; what else is true can make it milder"`
	Title  Bilingual   `json:"title"`
	Detail Bilingual   `json:"detail"`
	Fix    *Bilingual  `json:"fix" doc:"null where nothing is to be done"`
	Steps  []Bilingual `json:"steps"`
	Refs   []string    `json:"refs"`
	// Requirements are those of providers that the finding decides against.
	Requirements []RequirementEntry `json:"requirements"`
}

// RequirementEntry is a requirement of a provider.
type RequirementEntry struct {
	ID       string    `json:"id"`
	Provider string    `json:"provider"`
	Text     Bilingual `json:"text"`
	Codes    []string  `json:"codes" doc:"what the provider answers to mail that does not meet it"`
	Source   string    `json:"source"`
	AsOf     string    `json:"as_of"`
}

// Catalogue is a list of entries.
type Catalogue struct {
	Findings []CatalogueEntry `json:"findings"`
}

// Finding gives what a finding means.
func (s *Service) Finding(_ context.Context, id string) (*CatalogueEntry, error) {
	e, ok := catalogue.Lookup(id)
	if !ok {
		return nil, &Problem{Word: NotFound}
	}
	o := entry(e)
	return &o, nil
}

// Findings lists what can be found, in an area or ("") in all.
func (s *Service) Findings(_ context.Context, area string) (*Catalogue, error) {
	out := &Catalogue{Findings: []CatalogueEntry{}}
	for _, e := range catalogue.All() {
		if area == "" || catalogue.Area(e.ID) == area {
			out.Findings = append(out.Findings, entry(e))
		}
	}
	return out, nil
}

// decidedBy are the requirements that a finding decides against, by its ID.
var decidedBy = sync.OnceValue(func() map[string][]provider.Requirement {
	out := make(map[string][]provider.Requirement)
	for _, r := range provider.Requirements() {
		if r.Removed != "" {
			continue
		}
		ids := r.FailsOn.IDs()
		slices.Sort(ids)
		for _, id := range slices.Compact(ids) {
			out[id] = append(out[id], r)
		}
	}
	return out
})

func both(t catalogue.Text) Bilingual { return Bilingual{EN: t.EN, JA: t.JA} }

func entry(e catalogue.Entry) CatalogueEntry {
	o := CatalogueEntry{
		ID: e.ID, Area: catalogue.Area(e.ID), Status: string(e.Status), Title: both(e.Title), Detail: both(e.Detail),
		Steps: []Bilingual{}, Refs: append([]string{}, e.Refs...), Requirements: []RequirementEntry{},
	}
	if e.Fix.EN != "" {
		fix := both(e.Fix)
		o.Fix = &fix
	}
	for _, t := range e.Steps {
		o.Steps = append(o.Steps, both(t))
	}
	for _, r := range decidedBy()[e.ID] {
		o.Requirements = append(o.Requirements, RequirementEntry{
			ID: r.ID, Provider: r.Provider, Text: both(r.Text), Codes: append([]string{}, r.Codes...), Source: r.Source, AsOf: r.AsOf,
		})
	}
	return o
}
