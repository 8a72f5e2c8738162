package inspect

import (
	"slices"
	"strconv"
	"strings"

	"github.com/todoku/todoku/dnsbl"
	"github.com/todoku/todoku/internal/blocklist"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/provider"
)

// blocklists judges what the blocklists say of the domain and of its addresses.
func (j *judgement) blocklists() {
	for _, sweep := range j.Blocklists {
		j.findings = append(j.findings, Blocklists(sweep)...)
	}
}

// Blocklists gives the findings on one sweep: one for each list that has the subject,
// and one for each way in which lists could not be asked. A list that did not prove
// itself gives no verdict. Without any list that did, nothing is known, and that is
// all that is said.
func Blocklists(sweep blocklist.Sweep) []catalogue.Finding {
	if len(sweep.Lists) == 0 {
		return nil
	}
	alive := sweep.Alive()
	if alive == 0 {
		f := aboutLists("dnsbl.none-checked", sweep.Subject, sweep.Lists)
		if !slices.ContainsFunc(sweep.Lists, func(s blocklist.Seen) bool { return s.Proof.Health != dnsbl.Dead }) {
			// This resolver sees none of them, as on a closed network: that is a fact about
			// the resolver, and says nothing that could be looked into for the subject.
			f.Status = catalogue.Info
		}
		f.Args["count"] = strconv.Itoa(len(sweep.Lists))
		return []catalogue.Finding{f}
	}
	var found []catalogue.Finding
	byProblem := make(map[string][]blocklist.Seen)
	for _, seen := range sweep.Lists {
		if id := problemOf(seen); id != "" {
			byProblem[id] = append(byProblem[id], seen)
		} else if seen.Result.State == dnsbl.IsListed {
			found = append(found, listing(sweep.Subject, seen))
		}
	}
	if len(found) == 0 {
		found = append(found, catalogue.Finding{
			ID: "dnsbl.clean", Status: catalogue.Pass, Subject: sweep.Subject,
			Args: args{"subject": sweep.Subject, "count": strconv.Itoa(alive)},
		})
	}
	for _, id := range []string{"dnsbl.refused", "dnsbl.unknown", "dnsbl.poisoned", "dnsbl.dead"} {
		if lists := byProblem[id]; len(lists) > 0 {
			found = append(found, aboutLists(id, sweep.Subject, lists))
		}
	}
	return found
}

// problemOf gives the finding on a list that gave no verdict, "" where it gave one.
func problemOf(seen blocklist.Seen) string {
	switch seen.Proof.Health {
	case dnsbl.Alive:
	case dnsbl.Dead:
		return "dnsbl.dead"
	case dnsbl.RefusesUs:
		return "dnsbl.refused"
	case dnsbl.Poisoned:
		return "dnsbl.poisoned"
	default:
		return "dnsbl.unknown"
	}
	switch {
	case seen.Result.State != dnsbl.IsUnknown:
		return ""
	case seen.Result.Problem == dnsbl.WasRefused:
		return "dnsbl.refused"
	case seen.Result.Problem == dnsbl.InvalidAddress:
		return "dnsbl.poisoned"
	default:
		return "dnsbl.unknown"
	}
}

// aboutLists is the finding on several lists with one problem.
func aboutLists(id, subject string, lists []blocklist.Seen) catalogue.Finding {
	var zones, evidence []string
	for _, seen := range lists {
		zones = append(zones, seen.List.Zone)
		reason := seen.Proof.Reason
		if seen.Proof.Health == dnsbl.Alive {
			reason = seen.Result.Reason
		}
		evidence = append(evidence, seen.List.Zone+": "+reason)
	}
	return catalogue.New(id, subject, args{"subject": subject, "lists": strings.Join(zones, ", ")}, evidence...)
}

// listing is the finding on one list that has the subject. A code that only notes how
// an address is meant to be used makes a note, unless another code says more.
func listing(subject string, seen blocklist.Seen) catalogue.Finding {
	var codes, notes []dnsbl.Code
	for _, c := range seen.Result.Codes {
		switch {
		case c.Outcome != dnsbl.Listed:
		case seen.List.IsPolicy(c):
			notes = append(notes, c)
		default:
			codes = append(codes, c)
		}
	}
	f := catalogue.Finding{ID: "dnsbl.listed", Status: statusOf(seen.List.Weight), Subject: subject, Args: args{}}
	if len(codes) == 0 && len(notes) > 0 {
		f.ID, f.Status, codes = "dnsbl.policy-list", catalogue.Warn, notes
	}
	f.Args["subject"], f.Args["list"], f.Args["name"] = subject, seen.List.Zone, seen.List.Name
	effect, removal := catalogue.BlocklistEffect(string(seen.List.Weight)), removalOf(seen.List)
	for lang, text := range map[string]func(catalogue.Text) string{
		".en": func(t catalogue.Text) string { return t.EN }, ".ja": func(t catalogue.Text) string { return t.JA },
	} {
		f.Args["meaning"+lang] = meanings(seen.List, codes, text)
		f.Args["effect"+lang], f.Args["note"+lang], f.Args["delist"+lang] = text(effect), text(seen.List.Note), text(removal)
	}
	if f.Args["note.en"] != "" {
		f.Args["note.en"] = " " + f.Args["note.en"]
	}
	f.Evidence = evidenceOf(seen.Result)
	return f
}

func statusOf(w provider.Weight) catalogue.Status {
	switch w {
	case provider.High:
		return catalogue.Fail
	case provider.Medium:
		return catalogue.Warn
	default:
		return catalogue.Info
	}
}

func removalOf(b provider.Blocklist) catalogue.Text {
	page := b.Delist
	if page == "" {
		page = b.Site
	}
	if page == "" {
		return catalogue.NoRemovalPage()
	}
	return catalogue.Text{EN: page, JA: page}
}

func meanings(b provider.Blocklist, codes []dnsbl.Code, text func(catalogue.Text) string) string {
	var out []string
	for _, c := range codes {
		if m := text(b.MeaningOf(c)); !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return strings.Join(out, "; ")
}

func evidenceOf(r dnsbl.Result) []string {
	var out []string
	for _, ip := range r.Addresses {
		out = append(out, r.Name+" A "+ip.String())
	}
	for _, text := range r.Text {
		out = append(out, r.Name+" TXT "+text)
	}
	return out
}
