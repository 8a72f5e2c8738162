package survey

import "context"

// DKIM is what was seen of DKIM keys and the sending services recognised.
type DKIM struct{}

func (l *look) dkim(ctx context.Context) {}
