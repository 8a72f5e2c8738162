package survey

import "context"

// Transport is what was seen of TLS of the mail exchangers: MTA-STS, TLS-RPT, DANE, SMTP probes.
type Transport struct{}

func (l *look) transport(ctx context.Context) {}
