package provider

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"sync"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
)

// ServiceKind is what a service does.
type ServiceKind string

// The kinds of service.
const (
	Mailbox    ServiceKind = "mailbox"     // mailboxes under one's own domain
	Hosting    ServiceKind = "hosting"     // rented servers with mail
	ESP        ServiceKind = "esp"         // sends what programs hand it
	Marketing  ServiceKind = "marketing"   // newsletters and campaigns
	CRM        ServiceKind = "crm"         // customer relations
	Helpdesk   ServiceKind = "helpdesk"    // tickets
	App        ServiceKind = "app"         // a program that also sends mail
	Gateway    ServiceKind = "gateway"     // filters or relays in front of mailboxes
	Forwarder  ServiceKind = "forwarder"   // passes mail on
	SPFHosting ServiceKind = "spf-hosting" // publishes SPF, DKIM or DMARC for others
)

// Alignment says whether SPF aligns with the customer's domain when a service is set
// up as its documentation says.
type Alignment string

// The alignments.
const (
	Aligns       Alignment = "aligns"
	NeedsSetup   Alignment = "needs-setup" // never, or not without a return path of one's own
	AlignUnknown Alignment = "unknown"
)

// Service is one that sends or receives mail for domains of its customers.
type Service struct {
	ID, Name string
	Kind     ServiceKind
	Country  string // ISO 3166, "" where it does not matter
	// RidesOn is the service whose servers it sends through, "" for its own.
	RidesOn string
	// SPFAligned is whether its SPF aligns by default.
	SPFAligned Alignment
	// Selectors are DKIM selectors that it uses, to be looked for where it is
	// recognised; none where they are different for each customer.
	Selectors []string
	// Note is what to know about it; may be empty. Advice is what its console must be
	// told so that SPF and DKIM align; nil for most.
	Note   catalogue.Text
	Advice *Advice
	// Sources say where the entry comes from; Unverified names parts that were not seen there.
	Sources, Unverified []string

	spf                                              []string
	spfPatterns, spfHosts, returnPath, mx, txt, nsOf []*regexp.Regexp
	dkim                                             []dkimMatcher
}

// includeTerm finds the include that a service's advice names.
var includeTerm = regexp.MustCompile("`include:([a-z0-9._-]+)`")

// Include is the name that the service wants to have included in SPF records, "" for none.
func (s Service) Include() string {
	if s.Advice == nil {
		return ""
	}
	if m := includeTerm.FindStringSubmatch(s.Advice.SPF.EN); m != nil {
		return m[1]
	}
	return ""
}

// Advice is what to do so that mail of a service aligns. The texts hold placeholders
// like {domain}.
type Advice struct {
	SPF, DKIM catalogue.Text
	Steps     []catalogue.Text
	// Records are those to publish, with placeholders for what only the console or the
	// customer knows: {domain}, {bounce} (the MAIL FROM domain), {region}, {token} ...
	Records []RecordTemplate
	Refs    []string
}

// RecordTemplate is a record with placeholders.
type RecordTemplate struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Data string `json:"data"`
}

// dkimMatcher matches a selector, what its CNAME points at, or both.
type dkimMatcher struct {
	target, selector *regexp.Regexp // nil: says nothing
	both             bool           // the selector must fit as well as the target
	distinctive      bool           // the selector alone says enough
}

// The data of services.json: names and patterns are facts, the words ours.
//
//go:embed services.json
var servicesJSON []byte

type serviceFile struct {
	Compiled    string        `json:"compiled"`
	Nonexistent []string      `json:"nonexistent_includes"`
	Services    []serviceJSON `json:"services"`
}

type serviceJSON struct {
	ID          string      `json:"id"`
	Name        string      `json:"name"`
	Kind        ServiceKind `json:"kind"`
	Country     string      `json:"country"`
	RidesOn     string      `json:"rides_on"`
	SPF         []string    `json:"spf"`
	SPFPatterns []string    `json:"spf_patterns"`
	SPFHosts    []string    `json:"spf_hosts"`
	DKIM        []struct {
		Target      string `json:"target"`
		Selector    string `json:"selector"`
		Both        bool   `json:"both"`
		Distinctive bool   `json:"distinctive"`
	} `json:"dkim"`
	Selectors  []string  `json:"selectors"`
	ReturnPath []string  `json:"return_path"`
	MX         []string  `json:"mx"`
	TXT        []string  `json:"txt"`
	NS         []string  `json:"ns"`
	Aligned    *bool     `json:"aligned"`
	Note       bilingual `json:"note"`
	Advice     *struct {
		SPF     bilingual        `json:"spf"`
		DKIM    bilingual        `json:"dkim"`
		Steps   []bilingual      `json:"steps"`
		Records []RecordTemplate `json:"records"`
		Refs    []string         `json:"refs"`
	} `json:"advice"`
	Sources    []string `json:"sources"`
	Unverified []string `json:"unverified"`
}

type serviceData struct {
	compiled    string
	nonexistent []string
	all         []Service
	bySPF       map[string]int // suffix of an include -> place in all
}

// services is built once; an error in the data is a programming error that the tests find.
var services = sync.OnceValue(loadServices)

func loadServices() serviceData {
	var file serviceFile
	if err := json.Unmarshal(servicesJSON, &file); err != nil {
		panic(fmt.Sprintf("provider: services.json: %v", err))
	}
	data := serviceData{compiled: file.Compiled, nonexistent: file.Nonexistent, bySPF: make(map[string]int)}
	for i, j := range file.Services {
		for _, suffix := range j.SPF {
			if other, taken := data.bySPF[suffix]; taken {
				panic(fmt.Sprintf("provider: services.json: %s belongs to %s and to %s", suffix, data.all[other].ID, j.ID))
			}
			data.bySPF[suffix] = i
		}
		data.all = append(data.all, j.service())
	}
	return data
}

func (j serviceJSON) service() Service {
	s := Service{
		ID: j.ID, Name: j.Name, Kind: j.Kind, Country: j.Country, RidesOn: j.RidesOn, SPFAligned: AlignUnknown,
		Selectors: j.Selectors, Note: catalogue.Text(j.Note), Sources: j.Sources, Unverified: j.Unverified,
		spf: j.SPF, spfPatterns: compile(j.SPFPatterns), spfHosts: compile(j.SPFHosts), returnPath: compile(j.ReturnPath),
		mx: compile(j.MX), txt: compile(j.TXT), nsOf: compile(j.NS),
	}
	if j.Aligned != nil {
		s.SPFAligned = NeedsSetup
		if *j.Aligned {
			s.SPFAligned = Aligns
		}
	}
	for _, d := range j.DKIM {
		s.dkim = append(s.dkim, dkimMatcher{compileOne(d.Target), compileOne(d.Selector), d.Both, d.Distinctive})
	}
	if a := j.Advice; a != nil {
		s.Advice = &Advice{SPF: catalogue.Text(a.SPF), DKIM: catalogue.Text(a.DKIM), Records: a.Records, Refs: a.Refs}
		for _, step := range a.Steps {
			s.Advice.Steps = append(s.Advice.Steps, catalogue.Text(step))
		}
	}
	return s
}

func compile(patterns []string) []*regexp.Regexp {
	var out []*regexp.Regexp
	for _, p := range patterns {
		out = append(out, compileOne(p))
	}
	return out
}

// compileOne gives nil for no pattern. Names are compared in any case.
func compileOne(pattern string) *regexp.Regexp {
	if pattern == "" {
		return nil
	}
	return regexp.MustCompile("(?i)" + pattern)
}

// IncludeNeverExisted reports whether an include is one that is often recommended,
// though there is no SPF record: _spf.mimecast.com, _spf.marketo.com ...
func IncludeNeverExisted(name string) bool {
	return slices.Contains(services().nonexistent, dns.CanonicalName(name))
}
