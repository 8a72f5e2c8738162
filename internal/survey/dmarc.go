package survey

import "context"

// DMARC is what was seen of DMARC records and the walk that finds them.
type DMARC struct{}

func (l *look) dmarc(ctx context.Context) {}
