// Package check is the way of one target through the product: look, judge, repair,
// score. Every door that checks a domain goes through here.
package check

import (
	"context"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/inspect"
	"github.com/todoku/todoku/internal/scorecard"
	"github.com/todoku/todoku/internal/survey"
)

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
func Run(ctx context.Context, r dns.Resolver, t Target, o survey.Options) *Report {
	if t.Kind == KindIP {
		o.IPs = append([]IP{t.IP}, o.IPs...)
	}
	d := survey.Look(ctx, r, t.Domain, o)
	return &Report{Target: t.Text, Kind: t.Kind, Time: o.Now, Survey: d, Findings: inspect.Domain(d)}
}
