package survey

import "context"

// MX is what was seen of the mail exchangers.
type MX struct{}

func (l *look) mx(ctx context.Context) {}
