package serve

import (
	"context"
	"time"

	"github.com/todoku/todoku/internal/filter"
	"github.com/todoku/todoku/internal/warmup"
)

// flow is what a milter does with a database: it paces.
type flow struct {
	pacer *warmup.Pacer
}

// endFlow is how long what is still to be written may take at the end.
const endFlow = time.Second

// withFlow gives a milter what its database lets it do; nil where it has none.
func withFlow(c *MilterConfig) *flow {
	if c.Store == nil {
		return nil
	}
	f := &flow{pacer: warmup.NewPacer(c.Store, c.PaceClosed, nil)}
	own := c.Settings
	c.Settings = func() (*filter.Settings, error) {
		s, err := own()
		if err == nil && s.Pacing != nil {
			s.Pacing.Pacer = pacer{f.pacer}
		}
		return s, err
	}
	return f
}

// run does what is to be done beside the mail flow, and ends once that has ended.
func (f *flow) run(ctx context.Context) {
	<-ctx.Done()
	end, cancel := context.WithTimeout(context.Background(), endFlow)
	defer cancel()
	_ = f.pacer.Close(end) // what it cannot give back is lost for the day
}

// pacer has the filter ask the plans of the database.
type pacer struct{ *warmup.Pacer }

// Take asks the plans.
func (p pacer) Take(ctx context.Context, source string, rcpts map[string]int, goesFirst bool) filter.Pace {
	d, who, err := p.Pacer.Take(ctx, source, rcpts, goesFirst)
	return filter.Pace{Allowed: d.Allowed, Provider: who, Why: d.Why, Until: d.Until, Unasked: err}
}
