// Package inspect judges what a survey saw: findings, each with the repair that
// cures it. It looks nothing up and keeps no state.
package inspect

import (
	"slices"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/repair"
	"github.com/todoku/todoku/internal/survey"
)

// Domain gives the findings on a domain, sorted, with one repair for each record set.
func Domain(d *survey.Domain) []catalogue.Finding {
	j := &judgement{Domain: d}
	for _, area := range areas {
		if d.Options.Wants(area.area) && (d.Name != "" || area.host) {
			area.judge(j)
		}
	}
	j.findings = once(j.findings)
	repair.Unify(j.findings)
	repair.Configure(j.findings, d.Name)
	catalogue.Sort(j.findings)
	return j.findings
}

// maxEvidence bounds the evidence of one finding.
const maxEvidence = 40

// once makes one finding of all with the same ID, subject and status: a finding is known by
// these. The evidence and the repairs of all are kept.
func once(fs []catalogue.Finding) []catalogue.Finding {
	type key struct {
		id, subject string
		status      catalogue.Status
	}
	at := make(map[key]int, len(fs))
	out := fs[:0]
	for _, f := range fs {
		k := key{f.ID, f.Subject, f.Status}
		i, ok := at[k]
		if !ok {
			at[k] = len(out)
			out = append(out, f)
			continue
		}
		first := &out[i]
		for _, e := range f.Evidence {
			if len(first.Evidence) < maxEvidence && !slices.Contains(first.Evidence, e) {
				first.Evidence = append(first.Evidence, e)
			}
		}
		first.DNS = append(first.DNS, f.DNS...)
	}
	return out
}

// areas are the parts of a judgement. An area may read all of the survey, but adds
// only findings of its own area.
var areas = []struct {
	area  survey.Area
	judge func(*judgement)
	host  bool // also judges where there is no domain, but an address alone
}{
	{area: survey.AreaZone, judge: (*judgement).zone},
	{area: survey.AreaMX, judge: (*judgement).mx},
	{area: survey.AreaSPF, judge: (*judgement).spf},
	{area: survey.AreaDKIM, judge: (*judgement).dkim},
	{area: survey.AreaDMARC, judge: (*judgement).dmarc},
	{area: survey.AreaHosts, judge: (*judgement).hosts, host: true},
	{area: survey.AreaTransport, judge: (*judgement).transport},
	{area: survey.AreaBIMI, judge: (*judgement).bimi},
	{area: survey.AreaBlocklists, judge: (*judgement).blocklists, host: true},
}

// judgement collects the findings on one domain.
type judgement struct {
	*survey.Domain
	findings []catalogue.Finding
}

// add adds a finding with the usual status of its entry and gives it for changes,
// until the next one is added.
func (j *judgement) add(id, subject string, a args, evidence ...string) *catalogue.Finding {
	j.findings = append(j.findings, catalogue.New(id, subject, a, evidence...))
	return &j.findings[len(j.findings)-1]
}
