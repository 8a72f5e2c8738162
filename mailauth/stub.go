// Package mailauth authenticates one message of one SMTP session: iprev, SPF,
// DKIM, ARC and DMARC in one pass, look-ups concurrent, one body pass for each
// distinct canonicalization.
package mailauth

import (
	"context"
	"net/netip"
	"time"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/iprev"
	"github.com/todoku/todoku/message"
	"github.com/todoku/todoku/spf"
)

// Envelope is what SMTP said of the message.
type Envelope struct {
	// RemoteIP is the client's address; the zero value: not known.
	RemoteIP netip.Addr
	HELO     string
	// MailFrom is the reverse path without brackets. Null says it is the null path
	// "<>"; with MailFrom "" and Null false, it is not known.
	MailFrom string
	Null     bool
	// Receiver is our own name, for the macro %{r}.
	Receiver string
}

// Result is everything found.
type Result struct {
	// SPFChecked is false when the envelope does not suffice; SPF.Result is then none.
	SPFChecked bool
	SPF        spf.Verdict
	// HELO is the SPF verdict of the HELO identity, for information; it never aligns (RFC 9989 section 4.4.2).
	HELO  *spf.Verdict
	IPRev iprev.Verdict
	DKIM  []dkim.Verdict
	ARC   arc.Verdict
	DMARC dmarc.Verdict
	// Author mailboxes of From as parsed.
	Author []message.Address
}

// Authenticate does it all. now is the "now" of every expiry.
func Authenticate(ctx context.Context, r dns.Resolver, m *message.Message, e Envelope, now time.Time) Result {
	panic("todo")
}
