package service

import (
	"context"
	"time"
)

// PollEvery sets how often a wait looks at the store where no event comes.
func (s *Service) PollEvery(d time.Duration) { s.pollEvery = d }

// TakeAll takes all turns at checks and reports.
func (s *Service) TakeAll(ctx context.Context) (giveBack func(), err error) {
	var leaves []func()
	for _, t := range []turns{s.checks, s.reports, s.largeReports} {
		for range cap(t) {
			leave, err := t.take(ctx)
			if err != nil {
				return nil, err
			}
			leaves = append(leaves, leave)
		}
	}
	return func() {
		for _, leave := range leaves {
			leave()
		}
	}, nil
}

// ProblemOf is problemOf.
var ProblemOf = problemOf
