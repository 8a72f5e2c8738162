package dns

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// ClientConfig configures a [Client]; zero values take the defaults.
type ClientConfig struct {
	// Servers are recursive name servers, see [ParseServer]; [SystemServers] by
	// default. Eight at most.
	Servers []string
	// Timeout is the time for everything that someone wants to know of one target;
	// one question gets at most a third of it, all its attempts together. 15 s by default.
	Timeout time.Duration
	// Retries is how often all servers are asked again when none answered; 2 by
	// default, negative for never. At most 10.
	Retries int
	// InFlight is how many questions are on their way at one time; 256 by default.
	InFlight int
}

// The limits of one answer. The record count is checked before a message is
// unpacked, a message has at most 64 KiB of itself, and compression is undone
// within MaxOctets.
const (
	// MaxRecords is how many records each section of a message may have.
	MaxRecords = 1000
	// MaxOctets is how many octets of data the records of an answer may have.
	MaxOctets = 64 << 10
	// maxServers and maxRounds bound the attempts of one question.
	maxServers = 8
	maxRounds  = 11
)

// Client asks name servers over UDP and TCP: EDNS0 with 1232 octets, the DO and AD
// bits set so that a validating resolver says what it validated (RFC 6840 section
// 5.7), random IDs and ports, TCP after truncation, several servers with growing
// patience. It does not validate DNSSEC itself. Safe for concurrent use; it keeps
// no connection and starts nothing that outlives a question.
type Client struct {
	servers []*server
	budget  time.Duration
	rounds  int
	slots   chan struct{}
}

// NewClient checks the configuration; an error names the server that cannot be one.
func NewClient(cfg ClientConfig) (*Client, error) {
	if cfg.Timeout < 0 || cfg.InFlight < 0 {
		return nil, errors.New("dns: a time-out or a number of questions below zero")
	}
	cfg.Timeout = cmp.Or(cfg.Timeout, 15*time.Second)
	cfg.Retries = cmp.Or(cfg.Retries, 2)
	cfg.InFlight = cmp.Or(cfg.InFlight, 256)
	if len(cfg.Servers) == 0 {
		cfg.Servers = SystemServers()
	}
	if len(cfg.Servers) > maxServers {
		return nil, fmt.Errorf("dns: %d servers; %d are the most", len(cfg.Servers), maxServers)
	}
	c := &Client{
		budget: cfg.Timeout / 3,
		rounds: min(1+max(cfg.Retries, 0), maxRounds),
		slots:  make(chan struct{}, cfg.InFlight),
	}
	for _, s := range cfg.Servers {
		addr, err := ParseServer(s)
		if err != nil {
			return nil, err
		}
		c.servers = append(c.servers, &server{addr: addr})
	}
	return c, nil
}

// Servers are the host:port of the servers that are asked.
func (c *Client) Servers() []string {
	out := make([]string, len(c.servers))
	for i, s := range c.servers {
		out[i] = s.addr
	}
	return out
}

// Resolve asks the servers, or q.Server alone. It returns when ctx ends or a third
// of the configured time is over, whichever is first.
func (c *Client) Resolve(ctx context.Context, q Question) Answer {
	if !ValidName(q.Name) {
		return badName(q)
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, c.budget)
	defer cancel()
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return ended(ctx, q)
	}
	a := c.follow(ctx, q)
	a.Question, a.Elapsed = q, time.Since(start)
	return a
}

// follow asks until the end of the CNAME chain: a message that leaves off in the
// middle of it is gone on with where it ends, at our own servers, since the rest is
// usually in someone else's zone.
func (c *Client) follow(ctx context.Context, q Question) Answer {
	servers := c.servers
	if q.Server.IsValid() {
		servers = []*server{{addr: serverAddr(q.Server)}}
	}
	whole := Answer{AuthenticData: true}
	name := CanonicalName(q.Name)
	for range MaxChain + 1 {
		part, next := c.ask(ctx, name, q.Type, servers)
		chain := append(whole.Chain, part.Chain...)
		part.AuthenticData = part.AuthenticData && whole.AuthenticData
		part.Chain = chain
		if loops(q.Name, chain) || len(chain) > MaxChain {
			return malformed(part, "the CNAME chain loops or is too long")
		}
		if next == "" {
			if !part.Status.Failed() {
				part.TTL = chainTTL(chain, part.TTL)
			}
			return part
		}
		whole, name, servers = part, next, c.servers
	}
	return malformed(whole, "the CNAME chain is too long")
}

func serverAddr(a netip.AddrPort) string {
	if a.Port() == 0 {
		a = netip.AddrPortFrom(a.Addr(), 53)
	}
	return a.String()
}

// loops reports whether the chain that starts at name comes to one name twice.
func loops(name string, chain []Record) bool {
	seen := map[string]bool{CanonicalName(name): true}
	for _, link := range chain {
		target := CanonicalName(link.Data)
		if seen[target] {
			return true
		}
		seen[target] = true
	}
	return false
}

func malformed(a Answer, detail string) Answer {
	a.Status, a.Detail, a.Records, a.TTL, a.AuthenticData = Malformed, detail, nil, 0, false
	a.Chain = a.Chain[:min(len(a.Chain), MaxChain)]
	return a
}
