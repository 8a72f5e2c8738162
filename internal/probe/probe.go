// Package probe talks to mail exchangers as a sending host would, up to the point where
// a message would follow, and keeps what it saw: banner, extensions, STARTTLS, the TLS
// session and the certificates as they came. It has no opinion. What is asked for beyond
// one short connection (old TLS versions, the postmaster's mailbox) is asked for by name,
// costs few connections, and waits between them.
//
// A probe runs from where this program stands. Whatever may be about that place and not
// about the host (a time-out, a 4xx, a refusal by policy) is inconclusive, never a fault.
package probe

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/fetch"
)

// Config configures a [Prober]; zero values take the defaults.
type Config struct {
	// Dialer connects. Required.
	Dialer *fetch.Dialer
	// HELO is the name to greet with; "localhost" by default, which some hosts refuse.
	HELO string
	// Timeout bounds all that is done to one host; 20 s by default.
	Timeout time.Duration
	// Parallel is how many hosts are talked to at one time; 4 by default.
	Parallel int
	// Pause is the time between two connections to one host; 1 s by default, negative
	// for none.
	Pause time.Duration
	// Versions finds out by further connections, three at most, which TLS versions
	// below the one agreed on are accepted.
	Versions bool
	// Postmaster, where not "", is a domain: the host is asked whether it takes mail
	// from <> to postmaster at it (RFC 5321 section 4.5.1). Nothing is sent.
	Postmaster string
}

// MaxHosts is how many hosts one call of [Prober.Hosts] talks to; the others come
// back with the problem NotTried.
const MaxHosts = 20

// Prober probes hosts. Safe for concurrent use.
type Prober struct {
	cfg   Config
	slots chan struct{}
}

// WithPostmaster gives a prober that also asks for the postmaster of a domain. Both
// together keep to the number of hosts at one time.
func (p *Prober) WithPostmaster(domain string) *Prober {
	q := *p
	q.cfg.Postmaster = domain
	return &q
}

// New gives a prober.
func New(cfg Config) *Prober {
	if cfg.HELO == "" {
		cfg.HELO = "localhost"
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 20 * time.Second
	}
	if cfg.Parallel <= 0 {
		cfg.Parallel = 4
	}
	if cfg.Pause == 0 {
		cfg.Pause = time.Second
	}
	return &Prober{cfg: cfg, slots: make(chan struct{}, cfg.Parallel)}
}

// Outcome is how far a probe, or a part of it, got.
type Outcome string

const (
	// Seen: the host greeted and told its extensions.
	Seen Outcome = "seen"
	// Accepted: a TLS handshake, a version or a mailbox.
	Accepted Outcome = "accepted"
	// Refused: the same.
	Refused Outcome = "refused"
	// NotOffered: of STARTTLS.
	NotOffered Outcome = "not-offered"
	// Inconclusive: nothing can be said; another time or place may give another answer.
	Inconclusive Outcome = "inconclusive"
	// Unreachable: no connection came about. That may be the host, or port 25 shut
	// on the way from here.
	Unreachable Outcome = "unreachable"
)

// The values of Host.Problem that are not Fetch constants of internal/wire/https.
const (
	NotTried      = "not-tried"      // over MaxHosts
	Deferred      = "deferred"       // a 4xx reply to the connection or EHLO
	NotWelcome    = "not-welcome"    // a 5xx reply to the connection or EHLO
	Closed        = "closed"         // the host hung up
	NotSMTP       = "not-smtp"       // replies that are none, or without end
	NoAnswer      = "no-answer"      // the time ran out in the middle
	HandshakeFail = "handshake"      // TLS: an alert or nonsense; see TLS.Detail
	TLSDeferred   = "tls-deferred"   // a 4xx reply to STARTTLS
	TLSNotWelcome = "tls-not-wanted" // a 5xx reply to STARTTLS, which was offered
)

// Host is what was seen of one host. It can be stored and judged later.
type Host struct {
	Name string     `json:"name"`
	Addr netip.Addr `json:"addr,omitzero"`
	At   time.Time  `json:"at"`
	// Outcome is Seen, Inconclusive or Unreachable; Problem says why it is not Seen, and
	// Detail says it in English.
	Outcome Outcome `json:"outcome"`
	Problem string  `json:"problem,omitempty"`
	Detail  string  `json:"detail,omitempty"`

	Banner *Reply `json:"banner,omitempty"`
	EHLO   *Reply `json:"ehlo,omitempty"`
	// ESMTP is false where the host knew only HELO.
	ESMTP bool `json:"esmtp"`
	// Extensions are the lines of EHLO but the first, before and after TLS.
	Extensions    []string `json:"extensions,omitempty"`
	TLSExtensions []string `json:"tls_extensions,omitempty"`
	TLS           TLS      `json:"tls"`
	// Versions are those that were tried apart, where that was asked for.
	Versions []Version `json:"versions,omitempty"`
	// Postmaster is nil where it was not asked for, or the host not Seen.
	Postmaster *Mailbox `json:"postmaster,omitempty"`
	// Transcript is that of the first connection.
	Transcript []evidence.Line `json:"transcript,omitempty"`
}

// TLS is what was seen of STARTTLS (RFC 3207).
type TLS struct {
	// Outcome is Accepted, Refused, NotOffered or Inconclusive, "" where the host is not
	// Seen. Accepted with a Problem: the handshake was good, and what followed was not.
	Outcome Outcome `json:"outcome,omitempty"`
	Problem string  `json:"problem,omitempty"`
	Detail  string  `json:"detail,omitempty"`
	Reply   *Reply  `json:"reply,omitempty"`
	// Version and Cipher are those agreed on, "TLS 1.3".
	Version string `json:"version,omitempty"`
	Cipher  string `json:"cipher,omitempty"`
	// Chain are the certificates as they came, DER, the host's own first. Nothing
	// about them was checked; see [Verify].
	Chain [][]byte `json:"chain,omitempty"`
	// Injected: octets in the clear came behind the reply to STARTTLS, which a
	// correct server never sends. They were dropped.
	Injected bool `json:"injected,omitempty"`
}

// Version is one TLS version that was tried apart.
type Version struct {
	Version string  `json:"version"` // "TLS 1.0"
	Outcome Outcome `json:"outcome"` // Accepted, Refused or Inconclusive
	Detail  string  `json:"detail,omitempty"`
}

// Mailbox is what the host said to a recipient.
type Mailbox struct {
	Address string `json:"address"`
	// Outcome is Accepted, Refused (there is no such mailbox) or Inconclusive.
	Outcome Outcome `json:"outcome"`
	// MailFrom is the reply to MAIL FROM:<>, RcptTo that to the recipient.
	MailFrom *Reply `json:"mail_from,omitempty"`
	RcptTo   *Reply `json:"rcpt_to,omitempty"`
}

// Hosts probes several hosts at the same time, as many as the configuration allows.
func (p *Prober) Hosts(ctx context.Context, names []string) []Host {
	out := make([]Host, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		if i >= MaxHosts {
			out[i] = Host{Name: name, At: p.cfg.Dialer.Now(), Outcome: Inconclusive, Problem: NotTried, Detail: "too many hosts"}
			continue
		}
		wg.Go(func() { out[i] = p.Host(ctx, name) })
	}
	wg.Wait()
	return out
}

// Replay gives stored results again.
type Replay []Host

// Host gives the stored result of name.
func (r Replay) Host(_ context.Context, name string) Host {
	for _, h := range r {
		if h.Name == name {
			return h
		}
	}
	return Host{Name: name, Outcome: Inconclusive, Problem: NotTried, Detail: "the recording does not hold this host"}
}
