// Package lab is the outbound lab: virtual receivers under one subdomain, each of which
// behaves in its own way. One message that a mail server sends to all of them shows how
// that server sends: TLS, MTA-STS, DANE, retries, what it does with refusals.
//
// The conversation is not that of package inbox: there an SMTP session is evidence about
// one message, of which every octet is kept; here the server misbehaves on purpose, at
// EHLO, in TLS, at RCPT and after DATA, and keeps no octet of any message.
package lab

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/caller"
	"github.com/todoku/todoku/internal/store"
)

// Storage is what the lab needs of the store.
type Storage interface {
	AddLabRun(ctx context.Context, r store.LabRun) (store.LabRun, error)
	LabRun(ctx context.Context, token string) (store.LabRun, error)
	AddLabAttempt(ctx context.Context, a *store.LabAttempt) error
	LabHistory(ctx context.Context, token, receiver string) (int, time.Time, error)
	LabAttempts(ctx context.Context, token string, limit int) ([]store.LabAttempt, error)
	LabStrangers(ctx context.Context, network string, since time.Time, limit int) ([]store.LabAttempt, error)
}

// Config of a lab.
type Config struct {
	// Domain is that of the receivers: NAME.Domain.
	Domain string
	// Listen are the addresses of the receivers, given out in the order of the seats.
	Listen []Address
	// DNS is where the zone is served, host:port; "": the user publishes it.
	DNS string
	// Policy is where MTA-STS policies are served over HTTPS; the zero value: nowhere.
	Policy Address
	// Keys are the lab's own certificates.
	Keys *Keys
	// Certificate is one that the world trusts, for the names of the zone; nil: the lab's own.
	Certificate *tls.Certificate
	// Greylist is how long the greylisting receiver puts off, 0 for 5 minutes; it is also
	// how long silence must last to mean something. Slow is how long the slow receiver takes
	// to answer after DATA, 0 for a minute.
	Greylist, Slow time.Duration
	// Resolver shows how the world sees the zone; nil: it is not looked at.
	Resolver dns.Resolver
	Store    Storage
	Log      *slog.Logger     // nil: none
	Now      func() time.Time // nil: time.Now
}

const (
	// Life is how long a run takes mail: retries go on for days.
	Life            = 72 * time.Hour
	defaultGreylist = 5 * time.Minute
	defaultSlow     = time.Minute
	// deferrals is how often the receiver that is out of order for a while puts off.
	deferrals = 3
	// What the lab bears at a time, in all and of one client: an IPv4 address or an IPv6 /64.
	maxSessions, maxPerClient = 256, 64
	// maxPerPort bounds the connections of the name server and of the policy host.
	maxPerPort = 128
	// maxSize is the largest message, in octets; it is thrown away anyhow.
	maxSize = 1 << 20
	// sizeLimit is what the receiver with a limit announces: less than any message has.
	sizeLimit = 100
)

// Lab is a running lab. Safe for concurrent use.
type Lab struct {
	cfg       Config
	places    []*place // those that listen
	seats     map[seat]*place
	zone      []dns.Record
	signer    *zoneSigner
	strangers *rate.Limiter // what is kept of clients that name no recipient
	published published
	tarrying  atomic.Int32 // sessions that let their client wait

	mu        sync.Mutex // guards what follows
	sessions  int
	perClient map[netip.Prefix]int
}

// New checks the configuration.
func New(c Config) (*Lab, error) {
	c.Domain = strings.ToLower(strings.TrimSuffix(c.Domain, "."))
	if !dns.ValidName(c.Domain) || !strings.Contains(c.Domain, ".") || len(c.Domain) > 200 {
		return nil, fmt.Errorf("lab: %q cannot be the domain of the receivers", c.Domain)
	}
	if c.Keys == nil {
		return nil, errors.New("lab: no certificates")
	}
	if c.Greylist <= 0 {
		c.Greylist = defaultGreylist
	}
	if c.Slow <= 0 {
		c.Slow = defaultSlow
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	l := &Lab{cfg: c, strangers: rate.NewLimiter(5, 500), perClient: map[netip.Prefix]int{}}
	l.places, l.seats = assign(c.Listen)
	for _, p := range l.places {
		p.tls = l.tlsOf(p.seat)
	}
	var err error
	if l.signer, err = newZoneSigner(c.Domain, c.Keys.zone, c.Now); err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	if l.zone, err = l.makeZone(); err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	return l, nil
}

// Domain is that of the receivers.
func (l *Lab) Domain() string { return l.cfg.Domain }

// Run serves until ctx ends. It gives an error at once where something cannot listen;
// ready, where not nil, is called when everything does.
func (l *Lab) Run(ctx context.Context, ready func()) error {
	g, gctx := errgroup.WithContext(ctx)
	var opened []interface{ Close() error }
	give := func(err error) error {
		for _, o := range opened {
			_ = o.Close()
		}
		return fmt.Errorf("the outbound lab: %w", err)
	}
	for _, p := range l.places {
		listener, err := net.Listen("tcp", p.address.Listen.String())
		if err != nil {
			return give(err)
		}
		opened = append(opened, listener)
		p.bound = listener.Addr()
		g.Go(func() error { return l.accept(gctx, p, listener) })
	}
	serve := func(o interface{ Close() error }, run func(context.Context) error) {
		opened = append(opened, o)
		g.Go(func() error { return run(gctx) })
	}
	if l.cfg.DNS != "" {
		s, err := l.listenDNS()
		if err != nil {
			return give(err)
		}
		serve(s, s.run)
	}
	if l.cfg.Policy.Listen.IsValid() {
		s, err := l.listenPolicy()
		if err != nil {
			return give(err)
		}
		serve(s, s.run)
	}
	if ready != nil {
		ready()
	}
	return g.Wait()
}

// accept serves one address.
func (l *Lab) accept(ctx context.Context, p *place, listener net.Listener) error {
	defer context.AfterFunc(ctx, func() { _ = listener.Close() })()
	var running sync.WaitGroup
	defer running.Wait()
	work, kill := context.WithCancel(ctx)
	defer kill()
	for {
		conn, err := listener.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil:
			l.cfg.Log.Warn("the lab could not accept a connection", "error", err)
			select {
			case <-time.After(50 * time.Millisecond):
			case <-ctx.Done():
			}
			continue
		}
		running.Go(func() { l.converse(work, p, conn) })
	}
}

// converse holds one conversation, where there is a place for it.
func (l *Lab) converse(ctx context.Context, p *place, conn net.Conn) {
	c := newSession(ctx, l, p, conn)
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if !l.enter(c.client) {
		_ = conn.SetDeadline(time.Now().Add(time.Second))
		_, _ = conn.Write([]byte("421 4.7.0 Too many sessions; try again later\r\n"))
		_ = conn.Close()
		return
	}
	defer l.leave(c.client)
	c.run()
}

func (l *Lab) enter(client netip.Addr) bool {
	network := caller.Network(client)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sessions >= maxSessions || l.perClient[network] >= maxPerClient {
		return false
	}
	l.sessions++
	l.perClient[network]++
	return true
}

func (l *Lab) leave(client netip.Addr) {
	network := caller.Network(client)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sessions--
	if l.perClient[network]--; l.perClient[network] <= 0 {
		delete(l.perClient, network)
	}
}
