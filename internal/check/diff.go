package check

import (
	"maps"
	"slices"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
)

// Diff is what changed from one report of a target to another.
type Diff struct {
	// Fixed were open (fail or warn) and are no more; Broke are open and were not, or were
	// milder. Same are open in both.
	Fixed, Broke, Same []catalogue.Finding
	// Noise are differences that say nothing of the target: what could be seen of it in one
	// of them only.
	Noise []catalogue.Finding
	// Records are the record sets that differ, by name.
	Records []RecordDiff
}

// RecordDiff is one record set that was seen both times, with different data.
type RecordDiff struct {
	Name      string
	Type      dns.Type
	Gone, New []string
}

// Empty reports that nothing differs.
func (d Diff) Empty() bool {
	return len(d.Fixed)+len(d.Broke)+len(d.Noise)+len(d.Records) == 0
}

// Compare says what changed from a to b.
func Compare(a, b *Report) Diff {
	d := CompareFindings(a.Findings, b.Findings)
	d.Records = recordDiffs(a.Survey.Answers, b.Survey.Answers)
	return d
}

// CompareFindings says what changed from the findings on something to those on the same
// thing later, or otherwise published; Records stays empty.
func CompareFindings(a, b []catalogue.Finding) Diff {
	var d Diff
	before, after := byKey(a), byKey(b)
	for _, key := range sortedKeys(before) {
		f := before[key]
		g, still := after[key]
		switch {
		case !open(f) || still && open(g):
		case still && g.Status == catalogue.Unknown, !still && blindFor(f, b):
			d.Noise = append(d.Noise, f) // not seen is not fixed
		default:
			d.Fixed = append(d.Fixed, f)
		}
	}
	for _, key := range sortedKeys(after) {
		g := after[key]
		f, was := before[key]
		switch {
		case g.Status == catalogue.Unknown && (!was || f.Status != catalogue.Unknown):
			if !was || !open(f) {
				d.Noise = append(d.Noise, g)
			}
		case !open(g):
		case was && open(f) && g.Status.Order() >= f.Status.Order():
			d.Same = append(d.Same, g)
		case !was && blindFor(g, a), was && f.Status == catalogue.Unknown:
			d.Noise = append(d.Noise, g) // it may have been so before
		default:
			d.Broke = append(d.Broke, g)
		}
	}
	for _, list := range [][]catalogue.Finding{d.Fixed, d.Broke, d.Same, d.Noise} {
		slices.SortStableFunc(list, func(x, y catalogue.Finding) int { return x.Status.Order() - y.Status.Order() })
	}
	return d
}

// open: something that somebody should see to.
func open(f catalogue.Finding) bool {
	return f.Status == catalogue.Fail || f.Status == catalogue.Warn
}

// blindFor reports that the area of a finding could not be seen.
func blindFor(f catalogue.Finding, all []catalogue.Finding) bool {
	return slices.ContainsFunc(all, func(g catalogue.Finding) bool {
		return g.Status == catalogue.Unknown && catalogue.Area(g.ID) == catalogue.Area(f.ID) && g.Subject == f.Subject
	})
}

// byKey are the findings by what they say of whom; of several the gravest.
func byKey(list []catalogue.Finding) map[string]catalogue.Finding {
	out := make(map[string]catalogue.Finding, len(list))
	for _, f := range list {
		key := f.ID + " " + f.Subject
		if old, ok := out[key]; !ok || f.Status.Order() < old.Status.Order() {
			out[key] = f
		}
	}
	return out
}

func sortedKeys(m map[string]catalogue.Finding) []string { return slices.Sorted(maps.Keys(m)) }

// maxRecordDiffs bounds how many record sets are compared.
const maxRecordDiffs = 100

// recordDiffs compares the answers of the resolver, whatever their order and TTL.
// Serial numbers tell nothing.
func recordDiffs(a, b []dns.Answer) []RecordDiff {
	type key struct {
		name string
		typ  dns.Type
	}
	before := make(map[key]dns.Answer, len(a))
	for _, x := range a {
		if !x.Question.Server.IsValid() && !x.Status.Failed() {
			before[key{dns.CanonicalName(x.Question.Name), x.Question.Type}] = x
		}
	}
	var out []RecordDiff
	for _, y := range b {
		if y.Question.Server.IsValid() || y.Status.Failed() || y.Question.Type == dns.TypeSOA {
			continue
		}
		k := key{dns.CanonicalName(y.Question.Name), y.Question.Type}
		x, ok := before[k]
		if !ok {
			continue
		}
		d := RecordDiff{Name: k.name, Type: k.typ}
		d.Gone, d.New = without(dataOf(x), dataOf(y)), without(dataOf(y), dataOf(x))
		if len(d.Gone)+len(d.New) > 0 && len(out) < maxRecordDiffs {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(x, y RecordDiff) int { return strings.Compare(x.Name, y.Name) })
	return out
}

// dataOf is the data of an answer, each once, in presentation form as a change has it.
func dataOf(a dns.Answer) []string {
	var out []string
	for _, r := range a.Records {
		out = append(out, catalogue.HidePrivate(r.ChangeText()))
	}
	return out
}

func without(list, other []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(other, s) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
