package inspect

import (
	"slices"
	"strings"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/pattern"
	"github.com/todoku/todoku/internal/repair"
)

// dmarcTagFindings gives the finding of each kind of problem; what is not here leaves a
// tag without effect.
var dmarcTagFindings = map[string]string{
	dmarc.InvalidP: "dmarc.invalid-record", dmarc.InvalidSP: "dmarc.invalid-record", dmarc.InvalidNP: "dmarc.invalid-record",
	dmarc.MissingP: "dmarc.missing-p", dmarc.RemovedTag: "dmarc.removed-tag", dmarc.URISize: "dmarc.removed-tag", dmarc.UnknownTag: "dmarc.unknown-tag",
}

// dmarcProblems are those of the syntax, and addresses to which nobody sends reports.
func dmarcProblems(r *dmarc.Record) []dmarc.Problem {
	out := slices.Clone(r.Problems)
	for _, id := range []string{"rua", "ruf"} {
		uris := r.RUA
		if id == "ruf" {
			uris = r.RUF
		}
		for _, uri := range uris {
			if !repair.Mailbox(uri) {
				out = append(out, dmarc.Problem{ID: dmarc.InvalidRUA, Tag: id, Value: uri})
			}
		}
	}
	return out
}

// dmarcTags makes one finding of all tags with the same kind of problem.
func (j *judgement) dmarcTags(h *dmarcHolder, r *dmarc.Record, evidence []string) {
	_, _, _, usable := r.Usable()
	tags := make(map[string][]string)
	var order []string
	harmless := true // of the tags that cannot be used
	for _, p := range dmarcProblems(r) {
		id, ok := dmarcTagFindings[p.ID]
		switch {
		case !ok, p.ID == dmarc.UnknownTag && repair.MisspeltDMARCTag(p.Tag) != "":
			id = "dmarc.invalid-tag"
		case p.ID == dmarc.MissingP && !usable:
			id = "dmarc.invalid-record"
		}
		if tags[id] == nil {
			order = append(order, id)
		}
		if id == "dmarc.invalid-tag" && !(p.ID == dmarc.InvalidFO && oldFO.MatchString(p.Value)) {
			harmless = false
		}
		if tag := tagText(p); len(tags[id]) < 10 && !slices.Contains(tags[id], tag) {
			tags[id] = append(tags[id], tag)
		}
	}
	for _, id := range order {
		text := strings.Join(tags[id], ", ")
		f := j.add(id, h.domain, args{"record_domain": h.domain, "tag": text, "tags": text}, evidence...)
		h.cure(f)
		if id == "dmarc.invalid-tag" && harmless {
			f.Status = catalogue.Info
		}
		if id != "dmarc.missing-p" {
			continue
		}
		// RFC 9989 section 4.7 allows it; receivers on RFC 7489 section 6.3 do not.
		f.Status = catalogue.Warn
		if meant, ok := dmarc.Parse(h.plan.Text); ok && meant.P != dmarc.PolicyNone {
			f.Status = catalogue.Fail // it was meant to protect, and does not
		}
	}
}

// oldFO matches what RFC 7489 section 6.4 allowed for fo: "0" beside "1" as well.
var oldFO = pattern.New(`^\s*[01dsDS](\s*:\s*[01dsDS])*\s*$`)

// tagText shows a tag as it is written.
func tagText(p dmarc.Problem) string {
	switch {
	case p.Tag == "":
		return clip(p.Value)
	case p.ID == dmarc.MissingP:
		return "p"
	}
	return clip(p.Tag + "=" + p.Value)
}
