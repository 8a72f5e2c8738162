package survey

import "context"

// Hosts is what was seen of the sending hosts: reverse and forward DNS.
type Hosts struct{}

func (l *look) hosts(ctx context.Context) {}
