package survey

import "context"

// Zone is what was seen of the zone itself: SOA, name servers, DNSSEC, CAA.
type Zone struct{}

func (l *look) zone(ctx context.Context) {}
