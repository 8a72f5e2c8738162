// Package check is the way of one target through the product: look, judge, repair,
// score. Every door that checks a domain goes through here.
package check

import (
	"context"
	"slices"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/baseline"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/inspect"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/scorecard"
	"github.com/todoku/todoku/internal/survey"
)

// Options say what to look at and by whose rules to judge.
type Options struct {
	Survey survey.Options
	// Audience is "all" or "bulk": which senders' rules the scorecards show.
	Audience string
	// Baseline marks the findings that the user accepts; nil for none.
	Baseline *baseline.Baseline
}

// Report is all that is said of one target.
type Report struct {
	// Target as the user wrote it.
	Target   string
	Kind     Kind
	Time     time.Time
	Survey   *survey.Domain
	Findings []catalogue.Finding
	Cards    []scorecard.Card
	// Score is nil where nothing could be seen.
	Score *scorecard.Score
}

// Run checks one target. It returns when ctx ends at the latest; what could not be
// seen by then is unknown.
func Run(ctx context.Context, r dns.Resolver, t Target, o Options) *Report {
	look := o.Survey
	if t.Kind == KindIP {
		look.IPs = append([]IP{t.IP}, look.IPs...)
	}
	d := survey.Look(ctx, r, t.Domain, look)
	findings := inspect.Domain(d)
	for i := range findings {
		findings[i].HidePrivate()
	}
	rep := &Report{Target: t.Text, Kind: t.Kind, Time: look.Now, Survey: d, Findings: findings}
	in := scorecard.Input{Findings: rep.Findings, Sight: provider.Sight{Domain: true}}
	rep.Cards = scorecard.Judge(in, o.Audience)
	rep.Score = scorecard.Sum(in, rep.Cards)
	o.Baseline.Apply(rep.Findings, look.Now)
	return rep
}

// Worst is the gravest status among the findings that nobody accepted. What could not be seen is graver
// than a warning only where nothing failed.
func (r *Report) Worst() catalogue.Status {
	worst := catalogue.Pass
	for _, f := range r.Findings {
		if f.Status.Order() < worst.Order() && f.Status != catalogue.Info && f.Accepted == nil {
			worst = f.Status
		}
	}
	return worst
}

// Blind reports that the DNS answered nothing at all, or nothing to believe: the verdict
// is open.
func (r *Report) Blind() bool {
	return !slices.ContainsFunc(r.Survey.Answers, func(a dns.Answer) bool {
		invention := a.Status.Found() && dns.IsSubdomain(a.Question.Name, "invalid")
		return !a.Status.Failed() && !invention
	})
}

// First is the most important finding that is no mere note, nil where there is none.
func (r *Report) First() *catalogue.Finding {
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Status != catalogue.Info && f.Status != catalogue.Pass && f.Accepted == nil {
			return f
		}
	}
	return nil
}

// Bulk are the cards for bulk senders, beside those of the report.
func (r *Report) Bulk() []scorecard.Card {
	return scorecard.Judge(scorecard.Input{Findings: r.Findings, Sight: provider.Sight{Domain: true}}, scorecard.Bulk)
}
