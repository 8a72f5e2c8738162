package check

import (
	"context"
	"net/netip"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/blocklist"
	"github.com/todoku/todoku/internal/survey"
	"github.com/todoku/todoku/internal/wire/https"
)

// Checker is how one running installation checks: whom it asks and what it may connect
// to. The pages, the API and whatever else serves many users share one. Safe for
// concurrent use.
type Checker struct {
	Resolver dns.Resolver
	// Fetch gets policies and logos, Prober talks to mail exchangers, Lists asks the
	// blocklists; what is nil is not done.
	Fetch  https.Doer
	Prober survey.Prober
	Lists  *blocklist.Checker
	// Timeout bounds one check; 0 for 20 s.
	Timeout time.Duration
}

// Request is one check.
type Request struct {
	Target    Target
	IPs       []netip.Addr // that send for the domain
	Selectors []string
	// Audience is "all", or "bulk" for the rules of bulk senders; "" is "all".
	Audience string
	// WhatIf are changes that are judged as if they were published.
	WhatIf []dns.Change
	// DNSOnly asks the resolver and nobody else. Probe talks to the mail exchangers, where
	// the checker can.
	DNSOnly, Probe bool
	// Fresh asks past every cache: the name servers of each zone themselves, where they
	// can be asked.
	Fresh bool
	// Areas are the parts to look at; 0 is all of them.
	Areas survey.Area
	Now   time.Time
}

const defaultTimeout = 20 * time.Second

// Check checks one target.
func (c *Checker) Check(ctx context.Context, q Request) *Report {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	o, r := c.look(q)
	return Run(ctx, r, q.Target, Options{Survey: o, Audience: audienceOf(q)})
}
