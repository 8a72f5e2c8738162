// Package serve puts the parts together in one process: the store, the SMTP
// inbox, the workers that verify what came in, and the web pages.
package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/imapin"
	"github.com/todoku/todoku/internal/inbox"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/lab"
	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/steady"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/verify"
	"github.com/todoku/todoku/internal/web"
)

const (
	// Grace is how long running transactions and requests may take after the end was asked for.
	Grace = 3 * time.Second
	// abortAfter is when the database is waited for no longer: soon after the
	// sessions that waited for it were cut off.
	abortAfter = Grace + time.Second/4
)

// Config of a node.
type Config struct {
	// Database is a SQLite file name or postgres://...
	Database string
	// SMTP and HTTP are the listen addresses, host:port.
	SMTP, HTTP string
	// LMTP is where mail servers on this host hand over, host:port or unix:PATH; "": nowhere.
	LMTP string
	// Hostname is our name in the SMTP banner; MailDomain that of one-time addresses.
	Hostname, MailDomain string
	// HTTPHosts are further host names that the web pages answer to, beside the loopback ones.
	HTTPHosts []string
	// IMAP is a mailbox that mail is taken out of; nil: none. Its store and what follows a
	// message are filled in.
	IMAP *imapin.Config
	// Milter is the filter in the mail flow; nil: none.
	Milter *MilterConfig
	// Reply is how mail to check-auth@ is answered; nil: there is no such address.
	Reply *ReplyConfig
	// Lab is the outbound lab; nil: there is none. Its store and log are filled in.
	Lab *lab.Config
	// Keys says how signing keys are kept and rotated; nil: they are left alone. Its store and log are filled in.
	Keys *keys.Config
	// SES says which events of Amazon SES are taken; nil: none.
	SES *SESConfig
	// CustomerDomains is how many domains a customer may have by adding them to the panel, 0 for none.
	CustomerDomains int
	// Program is the file of this program, for the recipes.
	Program string
	// HTTPProxies are the proxies before the pages whose X-Forwarded-For is believed.
	HTTPProxies []netip.Prefix
	// PublicURL is what browsers call the pages by, "https://todoku.example.com"; "" where
	// nobody but this machine uses them.
	PublicURL string
	// Public lets everybody test without a login, where there are logins.
	Public bool
	// OpenID is how people sign in by OpenID Connect; nil: they do not.
	OpenID *access.OpenIDConfig
	// TLS is for STARTTLS; nil makes a self-signed certificate.
	TLS      *tls.Config
	Resolver dns.Resolver
	// Checker checks domains; nil is one that only asks Resolver. Its blocklists are asked
	// about messages too.
	Checker *check.Checker
	// Retention is how long messages and checks are kept, 0 for the default of 30 days. With
	// Public, PublicRetention is how long messages and the checks of visitors are, 0 for 3
	// days; never longer than Retention.
	Retention, PublicRetention time.Duration
	// Quota bounds the octets of all stored messages, 0 for no bound: beyond it mail is put
	// off with 452.
	Quota int64
	// DropAfter is how long after its verdict the body of every message goes, 0 for never.
	DropAfter time.Duration
	// MaxMessage is the largest message accepted, in octets, 0 for the inbox's default.
	MaxMessage int64
	// Filters are spam filters that are asked about every message.
	Filters []verify.SpamFilter
	// VerifyTimeout bounds one message's verification, 0 for 30 s.
	VerifyTimeout time.Duration
	// Workers verify concurrently, 0 for GOMAXPROCS (at least 2).
	Workers int
	// TrustProxy are the clients that may name the real client by the PROXY protocol.
	TrustProxy []netip.Prefix
	Log        *slog.Logger
	Version    string
	// Demo gives the sample stories of the home page; nil outside the demo.
	Demo func(ctx context.Context) []web.DemoStory
	// Ready is called once, when both listeners accept.
	Ready func(n *Node)
}

// Node is a running node, as Ready sees it.
type Node struct {
	SMTP, HTTP net.Addr
	LMTP       net.Addr // nil: none
	// Setup is the path of the link by which the first administrator is made; "" where
	// there are no logins, or is somebody already.
	Setup string
	Store *store.Store
	Hub   *live.Hub
}

const (
	defaultRetention     = 30 * 24 * time.Hour
	defaultPublic        = 3 * 24 * time.Hour
	defaultVerifyTimeout = 30 * time.Second
	pruneEvery           = 10 * time.Minute
)

func (c *Config) defaults() error {
	if c.Resolver == nil {
		return errors.New("serve: no resolver configured")
	}
	if c.Retention == 0 {
		c.Retention = defaultRetention
	}
	if c.PublicRetention == 0 {
		c.PublicRetention = defaultPublic
	}
	if c.VerifyTimeout == 0 {
		c.VerifyTimeout = defaultVerifyTimeout
	}
	if c.Checker == nil {
		c.Checker = &check.Checker{Resolver: c.Resolver}
	}
	if c.Workers == 0 {
		c.Workers = max(2, runtime.GOMAXPROCS(0))
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.TLS == nil {
		own, err := inbox.SelfSigned(c.Hostname)
		if err != nil {
			return err
		}
		c.TLS = own
	}
	return nil
}

// keep is how long what is stored can be had.
func (c *Config) keep() store.Retention {
	r := store.Retention{Messages: c.Retention, Checks: c.Retention, VisitorChecks: c.Retention}
	if c.Public {
		r.Messages = min(c.PublicRetention, c.Retention)
		r.VisitorChecks = r.Messages
	}
	return r
}

// Run serves until ctx ends, then lets what is running finish within Grace.
// It returns nil after an orderly end, also where the end came before the start was over.
func Run(ctx context.Context, c Config) error {
	if err := c.defaults(); err != nil {
		return err
	}
	st, err := store.Open(ctx, c.Database)
	if err != nil {
		if ctx.Err() != nil { // the end was asked for before the beginning was over
			return nil
		}
		return err
	}
	defer st.Close()
	st.SetQuota(c.Quota)
	st.SetDropAfter(c.DropAfter)
	st.SetRetention(c.keep())
	defer context.AfterFunc(ctx, func() { time.AfterFunc(abortAfter, st.Abort) })()
	p := &program{Config: c, store: st, hub: live.NewHub()}
	defer p.close()
	if err := p.open(ctx); err != nil {
		return err
	}
	return p.run(ctx)
}

func listen(what, addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("the %s port cannot be opened: %w (is another program using it? choose another address)", what, err)
	}
	return l, nil
}

// serveHTTP bounds slow clients by time; streams of events lift their own write deadline.
func serveHTTP(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	base, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       2 * time.Minute,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return base },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	select {
	case err := <-done:
		return fmt.Errorf("the web server stopped: %w", err)
	case <-ctx.Done():
	}
	stop() // ends the event streams, which would otherwise wait for events
	end, cancel := context.WithTimeout(context.Background(), Grace)
	defer cancel()
	if err := s.Shutdown(end); err != nil {
		s.Close()
	}
	return nil
}

func prune(ctx context.Context, st *store.Store, c Config) error {
	t := time.NewTicker(pruneEvery)
	defer t.Stop()
	clock := pruneClock{store: st, log: c.Log, name: "prune", watch: steady.Watch{Elapsed: steady.Elapsed()}}
	for {
		now := time.Now()
		may, err := clock.may(ctx, now)
		n := 0
		if may {
			n, err = st.PruneOlder(ctx, now, c.keep())
		}
		if err != nil {
			if ctx.Err() == nil {
				c.Log.Error("pruning the database failed", "error", err)
			}
		} else if n > 0 {
			c.Log.Info("pruned the database", "rows", n)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}
