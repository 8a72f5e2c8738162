package keys

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/todoku/todoku/internal/store"
)

// Static knows whose mail the keys of a configuration sign, as the program does that the configuration is of, without a
// database. Safe for concurrent use.
type Static struct {
	known *known
	keys  map[string]FoundKey
	all   bool
}

// Static gives the keys that were found by the patterns. With all, every pattern that fits an author signs (OpenDKIM's
// MultipleSignatures), else the best does, see [Ring.Signers].
func (f *Found) Static(all bool) *Static {
	s := &Static{keys: map[string]FoundKey{}, all: all}
	var patterns []store.DKIMPattern
	for i, k := range slices.Concat(f.Keys, f.OfAuthor) {
		id := strconv.Itoa(i)
		s.keys[id] = k
		for _, p := range k.Patterns {
			p.Series = id
			patterns = append(patterns, p)
		}
	}
	s.known = &known{exact: map[string][]entry{}, below: map[string][]entry{}}
	for _, p := range patterns {
		if parsed, err := ParsePattern(p.Pattern); err == nil { // it was parsed when it was found
			s.known.put(entry{parsed, p.Position, p.Series})
		}
	}
	return s
}

// put files an entry by its domain.
func (k *known) put(e entry) {
	switch e.pattern.rank {
	case exactDomain:
		k.exact[e.pattern.domain] = append(k.exact[e.pattern.domain], e)
	case subdomains:
		k.below[e.pattern.domain[1:]] = append(k.below[e.pattern.domain[1:]], e)
	default:
		k.other = append(k.other, e)
	}
}

// Signers gives the keys that sign mail of an author, each once.
func (s *Static) Signers(local, domain string) []FoundKey {
	local, domain = strings.ToLower(local), strings.ToLower(strings.TrimSuffix(domain, "."))
	fit := s.known.match
	if s.all {
		fit = s.known.matchAll
	}
	var out []FoundKey
	var seen []string
	for _, e := range fit(local, domain) {
		if !slices.Contains(seen, e.series) {
			seen = append(seen, e.series)
			k := s.keys[e.series]
			k.Domain = cmp.Or(k.Domain, domain)
			out = append(out, k)
		}
	}
	return out
}

// matchAll gives every entry that fits, by position.
func (k *known) matchAll(local, domain string) []entry {
	var out []entry
	k.fitting(local, domain, func(e entry) { out = append(out, e) })
	slices.SortStableFunc(out, func(a, b entry) int { return cmp.Compare(a.position, b.position) })
	return out
}

// maxCompared bounds how many patterns are compared with all others.
const maxCompared = 10_000

// Alone names an address that more keys sign for with OpenDKIM's MultipleSignatures than in the database, where those of one pattern alone do: the patterns
// that fit it are of several lines. "" where there is none, or the configuration does not ask for it. left is a key that would not sign.
func (f *Found) Alone() (address string, left FoundKey) {
	if !Yes(f.Settings["multiplesignatures"]) {
		return "", FoundKey{}
	}
	every, best := f.Static(true), f.Static(false)
	compared := 0
	for _, k := range slices.Concat(f.Keys, f.OfAuthor) {
		for _, p := range k.Patterns {
			parsed, err := ParsePattern(p.Pattern)
			if compared++; err != nil || compared > maxCompared {
				continue
			}
			local, domain := strings.ReplaceAll(parsed.local, "*", "x"), strings.ReplaceAll(parsed.domain, "*", "x")
			if parsed.rank == subdomains {
				domain = "x" + domain
			}
			signs := best.Signers(local, domain)
			for _, other := range every.Signers(local, domain) {
				if !slices.ContainsFunc(signs, func(s FoundKey) bool { return s.String() == other.String() }) {
					return local + "@" + domain, other
				}
			}
		}
	}
	return "", FoundKey{}
}
