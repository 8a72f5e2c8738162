package web

import (
	"slices"
	"strings"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/internal/forensics"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/iprev"
	"github.com/todoku/todoku/spf"
)

// sentence is running text of which some phrases lead to a place on the page.
type sentence []phrase

type phrase struct{ Text, Anchor string }

// A text with links is written "[words](#anchor)"; brackets of a value are none of its own.
var (
	guardBrackets   = strings.NewReplacer("[", "\x01", "]", "\x02")
	unguardBrackets = strings.NewReplacer("\x01", "[", "\x02", "]")
)

// linked gives a text of the catalogue with its links. The values are made visible here: a
// control character can then only be a guarded bracket.
func linked(lang, key string, pairs ...any) sentence {
	for i := 1; i < len(pairs); i += 2 {
		if s, ok := pairs[i].(string); ok {
			pairs[i] = guardBrackets.Replace(clip(visible(s), 200))
		}
	}
	text := i18n.T(lang, key, pairs...)
	var out sentence
	add := func(text, anchor string) {
		if text != "" {
			out = append(out, phrase{unguardBrackets.Replace(text), anchor})
		}
	}
	for {
		before, rest, ok := strings.Cut(text, "[")
		add(before, "")
		if !ok {
			return out
		}
		words, rest, _ := strings.Cut(rest, "](#")
		anchor, rest, _ := strings.Cut(rest, ")")
		add(words, anchor)
		text = rest
	}
}

// summary says in at most five sentences who sent the message from where, what passed for
// whom, what DMARC makes of it, and what to do first.
func (v *reportView) summary(lang string, rep *render.Report) {
	auth := &rep.Auth
	v.Summary = append(v.Summary, summaryFrom(lang, rep), summarySPF(lang, auth.SPFChecked, &auth.SPF), summaryDKIM(lang, rep), summaryDMARC(lang, &auth.DMARC), v.summaryNext(lang))
}

func summaryFrom(lang string, rep *render.Report) sentence {
	from, ip, name := rep.Auth.DMARC.FromDomain, rep.Bundle.Session.RemoteIP, ""
	if len(rep.Auth.IPRev.Confirmed) > 0 {
		name = rep.Auth.IPRev.Confirmed[0]
	}
	keys := []string{"summary.from.unknown", "summary.from.name", "summary.from.no-name"}
	if from == "" {
		keys = []string{"summary.unclear.unknown", "summary.unclear.name", "summary.unclear.no-name"}
	}
	key := keys[2]
	switch {
	case !ip.IsValid():
		key = keys[0]
	case rep.Auth.IPRev.Result == iprev.Pass && name != "":
		key = keys[1]
	}
	return linked(lang, key, "From", from, "IP", ip.String(), "Name", name)
}

func summarySPF(lang string, checked bool, v *spf.Verdict) sentence {
	key := "summary.spf.not"
	switch {
	case !checked:
		key = "summary.spf.unchecked"
	case v.Result == spf.Pass:
		key = "summary.spf.pass"
	case v.Result == spf.Neutral:
		key = "summary.spf.neutral"
	case v.Result == spf.None:
		key = "summary.spf.none"
	case v.Result == spf.TempError || v.Result == spf.PermError:
		key = "summary.spf.error"
	}
	return linked(lang, key, "Domain", v.Domain, "Result", string(v.Result))
}

func summaryDKIM(lang string, rep *render.Report) sentence {
	var good, bad []string
	for _, d := range rep.Auth.DKIM {
		list := &bad
		if d.Result == dkim.Pass {
			list = &good
		}
		if d.Signature != nil && !slices.Contains(*list, d.Signature.Domain) && len(*list) < 3 {
			*list = append(*list, d.Signature.Domain)
		}
	}
	bad = slices.DeleteFunc(bad, func(s string) bool { return slices.Contains(good, s) })
	key := "summary.dkim.fail"
	switch {
	case len(rep.Auth.DKIM) == 0:
		key = "summary.dkim.none"
	case len(good) > 0 && len(bad) > 0:
		key = "summary.dkim.mixed"
	case len(good) > 0:
		key = "summary.dkim.pass"
	case len(bad) == 0:
		key = "summary.dkim.unreadable"
	case changedOnTheWay(rep.Forensics):
		key = "summary.dkim.changed"
	}
	join := comma(lang)
	return linked(lang, key, "Good", strings.Join(good, join), "Bad", strings.Join(bad, join))
}

// comma parts what is listed.
func comma(lang string) string {
	if lang == "ja" {
		return "、"
	}
	return ", "
}

// changedOnTheWay reports whether it was found out what changed the message.
func changedOnTheWay(all [][]forensics.Examination) bool {
	return slices.ContainsFunc(all, func(es []forensics.Examination) bool {
		return slices.ContainsFunc(es, func(e forensics.Examination) bool { return len(e.Hunks) > 0 })
	})
}

func summaryDMARC(lang string, d *dmarc.Verdict) sentence {
	by, key := "", "summary.dmarc.none"
	switch d.Result {
	case dmarc.Pass:
		key = "summary.dmarc.pass"
		switch {
		case d.SPFAligned && d.DKIMAligned:
			by = i18n.T(lang, "summary.both")
		case d.SPFAligned:
			by = "SPF"
		default:
			by = "DKIM"
		}
	case dmarc.Fail:
		asked := d.Disposition == dmarc.PolicyQuarantine || d.Disposition == dmarc.PolicyReject
		switch {
		case !d.SPFChecked:
			key = "summary.dmarc.fail.so-far"
		case apart(d) && asked:
			key = "summary.dmarc.fail.apart-asked"
		case apart(d):
			key = "summary.dmarc.fail.apart"
		case asked:
			key = "summary.dmarc.fail.nothing-asked"
		default:
			key = "summary.dmarc.fail.nothing"
		}
	case dmarc.None:
		if d.Problem == dmarc.ProblemMultipleRecords || d.Problem == dmarc.ProblemInvalidPolicy {
			key = "summary.dmarc.unusable"
		}
	case dmarc.PermError:
		key = "summary.dmarc.permerror"
	case dmarc.TempError:
		key = "summary.dmarc.temperror"
	}
	return linked(lang, key, "From", d.FromDomain, "By", by, "Policy", string(d.Disposition))
}

// apart reports whether something passed for another organisation than the author's.
func apart(d *dmarc.Verdict) bool {
	return slices.ContainsFunc(d.Identifiers, func(a dmarc.Alignment) bool { return a.Result == "pass" && !a.Aligned })
}

// summaryNext names the finding to see to first, as the headline does.
func (v *reportView) summaryNext(lang string) sentence {
	if len(v.Open) == 0 {
		return linked(lang, "summary.nothing")
	}
	first := &v.Open[0]
	for i := range v.Open {
		if f := &v.Open[i]; f.Status == v.Headline.Status && f.Fix != "" {
			first = f
			break
		}
	}
	key := "summary.next"
	if first.Status == "fail" {
		key = "summary.first"
	}
	out := linked(lang, key, "Title", first.Title)
	for i := range out {
		if out[i].Anchor == "first" {
			out[i].Anchor = first.Anchor
		}
	}
	return out
}
