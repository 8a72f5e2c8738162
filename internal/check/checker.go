package check

import (
	"context"
	"net/netip"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/blocklist"
	"github.com/todoku/todoku/internal/survey"
	"github.com/todoku/todoku/internal/wire"
)

// Checker is how one running installation checks: whom it asks and what it may connect
// to. The pages, the API and whatever else serves many users share one. Safe for
// concurrent use.
type Checker struct {
	Resolver dns.Resolver
	// Fetch gets policies and logos, Prober talks to mail exchangers, Lists asks the
	// blocklists; what is nil is not done.
	Fetch  wire.Doer
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
	Now            time.Time
}

const defaultTimeout = 20 * time.Second

// Check checks one target.
func (c *Checker) Check(ctx context.Context, q Request) *Report {
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	o := survey.Options{Now: q.Now, IPs: q.IPs, Selectors: q.Selectors, DNSOnly: q.DNSOnly}
	if !q.DNSOnly {
		o.Fetch = c.Fetch
		if q.Probe {
			o.Prober = c.Prober
		}
	}
	o.Blocklists = c.Lists
	audience := q.Audience
	if audience == "" {
		audience = "all"
	}
	r := c.Resolver
	if len(q.WhatIf) > 0 {
		r = dns.Overlay(r, q.WhatIf...)
	}
	return Run(ctx, r, q.Target, Options{Survey: o, Audience: audience})
}
