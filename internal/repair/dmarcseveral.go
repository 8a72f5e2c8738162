package repair

import (
	"cmp"
	"slices"

	"github.com/todoku/todoku/dmarc"
)

// dmarcReading is one of several texts as it was meant, and whether its policy stands
// there as RFC 9989 has it.
type dmarcReading struct {
	tags map[string]string
	well bool
}

// writtenWell reports whether a receiver would read the policy of a text that stood alone.
func writtenWell(text string) bool {
	r, ok := dmarc.Parse(text)
	return ok && r.P != "" && !slices.ContainsFunc(r.Problems, func(p dmarc.Problem) bool {
		return p.ID == dmarc.InvalidP || p.ID == dmarc.InvalidSP || p.ID == dmarc.InvalidNP
	})
}

// lenient makes one policy of those of several texts. Receivers take several records for
// none (RFC 9989 section 4.10): today nothing is refused in the name of any of them, and
// which one the owner tried out is not known. One record in their place begins to work on
// the day on which it is published, so it must not do more than each of them would have:
// mail that is lost cannot be got back, while a policy that is too mild is raised with one
// word. A policy that was guessed from a misspelt text counts only where no other can be
// read, as it does where that text stands alone.
func lenient(into map[string]string, read []dmarcReading) {
	votes := slices.Clone(read)
	for _, good := range []func(dmarcReading) bool{
		func(r dmarcReading) bool { return r.tags["p"] != "" },
		func(r dmarcReading) bool { return r.well },
	} {
		if slices.ContainsFunc(votes, good) {
			votes = slices.DeleteFunc(votes, func(r dmarcReading) bool { return !good(r) })
		}
	}
	mildest := func(tag string, order []string, value func(tags map[string]string) string) {
		written, least := tag == "p", len(order)-1
		for _, v := range votes {
			written = written || v.tags[tag] != ""
			least = min(least, max(0, slices.Index(order, value(v.tags))))
		}
		if delete(into, tag); written {
			into[tag] = order[least]
		}
	}
	policies := []string{"none", "quarantine", "reject"}
	mildest("p", policies, func(t map[string]string) string { return t["p"] })
	mildest("sp", policies, func(t map[string]string) string { return cmp.Or(t["sp"], t["p"]) })
	mildest("np", policies, func(t map[string]string) string { return cmp.Or(t["np"], t["sp"], t["p"]) })
	mildest("adkim", []string{"r", "s"}, func(t map[string]string) string { return t["adkim"] })
	mildest("aspf", []string{"r", "s"}, func(t map[string]string) string { return t["aspf"] })
	mildest("t", []string{"y", "n"}, func(t map[string]string) string { return cmp.Or(t["t"], "n") })
	if len(votes) == 0 {
		into["p"] = "none"
	}
}
