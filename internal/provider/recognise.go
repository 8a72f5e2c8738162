package provider

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/todoku/todoku/dns"
)

// MaxSignals is how many signals of one kind are looked at.
const MaxSignals = 256

// Signals are what a domain, or a message of it, shows of the services that it uses.
type Signals struct {
	// SPF are the targets of include and redirect in the domain's own record, as
	// written. Those of included records are the service's own affair.
	SPF []string
	// SPFHosts are the names of its a and mx mechanisms.
	SPFHosts []string
	DKIM     []DKIMSignal
	// MX are the names of its mail hosts, TXT the texts at the domain itself.
	MX, TXT []string
	// ReturnPaths are envelope sender domains, and what such names point at by CNAME or MX.
	ReturnPaths []string
	// NS are the name servers that _domainkey or _dmarc is delegated to.
	NS []string
}

// DKIMSignal is a selector that has a key, or that a message names.
type DKIMSignal struct {
	Selector string
	// Target is what the name of the key points at, "" where the key is there itself.
	Target string
}

// The kinds of evidence.
const (
	BySPF        = "spf"
	ByDKIM       = "dkim"
	ByReturnPath = "return-path"
	ByMX         = "mx"
	ByTXT        = "txt" // ownership was proved once; says nothing about sending
	ByNS         = "ns"
)

// Evidence is one signal that shows a service.
type Evidence struct{ Kind, Value string }

// Recognised is a service that a domain uses, and what shows it.
type Recognised struct {
	Service Service
	By      []Evidence
}

// Sends reports whether something shows that the service sends for the domain.
func (r Recognised) Sends() bool { return r.has(BySPF) || r.has(ByDKIM) || r.has(ByReturnPath) }

// Receives reports whether the service is the domain's mail host.
func (r Recognised) Receives() bool { return r.has(ByMX) }

func (r Recognised) has(kind string) bool {
	return slices.ContainsFunc(r.By, func(e Evidence) bool { return e.Kind == kind })
}

// Recognise names the services that signals show, those that send first, else in the
// order of Services. What several services have in common shows none of them, and a
// service that sends through another's servers shows as that one, unless something is
// its own.
func Recognise(s Signals) []Recognised {
	found := make(map[int][]Evidence)
	add := func(i int, kind, value string) {
		if i >= 0 {
			found[i] = append(found[i], Evidence{kind, value})
		}
	}
	for _, name := range first(s.SPF) {
		add(byInclude(name), BySPF, name)
	}
	for _, d := range first(s.DKIM) {
		add(byKey(d), ByDKIM, strings.TrimSuffix(d.Selector+" "+d.Target, " "))
	}
	for _, of := range []struct {
		kind     string
		values   []string
		patterns func(Service) []*regexp.Regexp
	}{
		{BySPF, s.SPFHosts, func(s Service) []*regexp.Regexp { return s.spfHosts }},
		{ByReturnPath, s.ReturnPaths, func(s Service) []*regexp.Regexp { return s.returnPath }},
		{ByMX, s.MX, func(s Service) []*regexp.Regexp { return s.mx }},
		{ByTXT, s.TXT, func(s Service) []*regexp.Regexp { return s.txt }},
		{ByNS, s.NS, func(s Service) []*regexp.Regexp { return s.nsOf }},
	} {
		for _, value := range first(of.values) {
			add(byPattern(value, of.kind != ByTXT, of.patterns), of.kind, value)
		}
	}
	var all []Recognised
	for i, s := range services().all {
		if by := found[i]; by != nil {
			all = append(all, Recognised{s, slices.Compact(by)})
		}
	}
	slices.SortStableFunc(all, func(a, b Recognised) int { return cmp.Compare(order(a), order(b)) })
	return all
}

func order(r Recognised) int {
	if r.Sends() {
		return 0
	}
	return 1
}

func first[T any](values []T) []T { return values[:min(len(values), MaxSignals)] }

// byInclude finds the service whose name is the longest suffix of an include, on a
// label boundary. Macros before it do not matter.
func byInclude(name string) int {
	name = dns.CanonicalName(name)
	for suffix, more := name, true; more; _, suffix, more = strings.Cut(suffix, ".") {
		if i, ok := services().bySPF[suffix]; ok {
			return i
		}
	}
	return byPattern(name, true, func(s Service) []*regexp.Regexp { return s.spfPatterns })
}

// byKey finds the service of a key: by what its name points at and, where that says
// nothing, by a selector that no one else uses. Where it points elsewhere the selector
// says nothing.
func byKey(d DKIMSignal) int {
	target := dns.CanonicalName(d.Target)
	matches := func(both bool) int {
		return slices.IndexFunc(services().all, func(s Service) bool {
			return slices.ContainsFunc(s.dkim, func(m dkimMatcher) bool {
				return m.both == both && m.target != nil && m.target.MatchString(target) && (!both || m.selector.MatchString(d.Selector))
			})
		})
	}
	if target != "" {
		if i := matches(true); i >= 0 {
			return i
		}
		return matches(false)
	}
	return slices.IndexFunc(services().all, func(s Service) bool {
		return slices.ContainsFunc(s.dkim, func(m dkimMatcher) bool {
			return m.distinctive && m.selector != nil && m.selector.MatchString(d.Selector)
		})
	})
}

// byPattern finds the first service with a pattern for a value.
func byPattern(value string, isName bool, patterns func(Service) []*regexp.Regexp) int {
	if isName {
		value = dns.CanonicalName(value)
	}
	return slices.IndexFunc(services().all, func(s Service) bool {
		return slices.ContainsFunc(patterns(s), func(p *regexp.Regexp) bool { return p.MatchString(value) })
	})
}
