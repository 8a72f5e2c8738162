package survey

import "context"

// BIMI is what was seen of brand indicators.
type BIMI struct{}

func (l *look) bimi(ctx context.Context) {}
