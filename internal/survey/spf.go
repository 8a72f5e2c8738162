package survey

import "context"

// SPF is what was seen of SPF records and all that they include.
type SPF struct{}

func (l *look) spf(ctx context.Context) {}
