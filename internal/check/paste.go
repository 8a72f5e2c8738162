package check

import (
	"slices"
	"strings"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/repair/paste"
)

// Paste adds to every finding its changes in the given forms, as snippets.
func (r *Report) Paste(forms []paste.Form, lang string) {
	for i := range r.Findings {
		f := &r.Findings[i]
		for _, form := range forms {
			if text := r.Pasted(f.DNS, form, lang); text != "" {
				f.Snippets = append(f.Snippets, catalogue.Snippet{For: form.Name.In(lang), Text: text})
			}
		}
	}
}

// Pasted writes changes in a form; those that cannot be made in one are left out.
func (r *Report) Pasted(changes []dns.Change, form paste.Form, lang string) string {
	var b strings.Builder
	for _, c := range changes {
		b.WriteString(r.Written(c, form, lang))
	}
	return b.String()
}

// Written is a change of a finding in a form, "" where it cannot be made in one.
func (r *Report) Written(c dns.Change, form paste.Form, lang string) string {
	p, err := paste.NewPlan(c, zoneOf(c.Name), r.standing(c))
	if err != nil || secret(p) {
		return "" // such a change is shown as it is
	}
	return form.Write(p, lang)
}

// secret reports that a form would repeat a private key that stands there.
func secret(p paste.Plan) bool {
	return slices.ContainsFunc(slices.Concat(p.Before, p.After), func(r dns.Record) bool { return catalogue.HidePrivate(r.Data) != r.Data })
}

// standing are the records that stand at the name of a change, as far as they were seen.
func (r *Report) standing(c dns.Change) []dns.Record {
	name := dns.CanonicalName(c.Name)
	var out []dns.Record
	for _, a := range r.Survey.Answers {
		if a.Question.Server.IsValid() || dns.CanonicalName(a.Question.Name) != name || a.Question.Type != c.Type {
			continue
		}
		if len(a.Chain) > 0 {
			return a.Chain[:1]
		}
		for _, rec := range a.Records {
			rec.Name = name
			out = append(out, rec)
		}
		return out
	}
	return nil
}

// zoneOf is the zone that a name is most likely kept in: the registered domain, or the
// reverse zone of a /24 or /64.
func zoneOf(name string) string {
	name = dns.CanonicalName(name)
	for suffix, labels := range map[string]int{".in-addr.arpa": 3, ".ip6.arpa": 16} {
		if rest, ok := strings.CutSuffix(name, suffix); ok {
			parts := strings.Split(rest, ".")
			return strings.Join(parts[max(0, len(parts)-labels):], ".") + suffix
		}
	}
	return dmarc.RegisteredDomain(name)
}
