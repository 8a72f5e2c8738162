package serve

import (
	"context"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/imapin"
	"github.com/todoku/todoku/internal/inbox"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/lab"
	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/traffic"
	"github.com/todoku/todoku/internal/verify"
	"github.com/todoku/todoku/internal/warmup"
	"github.com/todoku/todoku/internal/web"
)

// program is one process: everything is opened first, so that what is wrong is known before
// anything runs, and then run together.
type program struct {
	Config
	store *store.Store
	hub   *live.Hub

	smtp, http, lmtp net.Listener // lmtp: nil for none
	workers          *workers
	inbox, handover  *inbox.Server
	mailbox          *imapin.Poller // nil: none
	answers          answers
	ring             *keys.Ring   // nil: no keys, as are keeper, rules, aliases and panel
	keeper           *keys.Keeper // one, for what it saw of the time
	rules            *panel.Rules
	aliases          *panel.Aliases
	panel            *panel.Panel
	book             *warmup.Book
	flow             *milterNode // nil: no milter
	lab              *lab.Lab    // nil: none
	handler          http.Handler
	setup            string // see Node
}

// bookPatience is how long a page waits for what blocklists say of an address.
const bookPatience = 2 * time.Second

// open opens all that runs later; what it opened before it failed is closed by close.
func (p *program) open(ctx context.Context) error {
	p.workers = newWorkers(p.Config, p.store, p.hub)
	for _, part := range []func(context.Context) error{p.openPorts, p.openMailbox, p.openFlow, p.openInbox, p.openPages} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) openPorts(context.Context) (err error) {
	if p.smtp, err = listen("SMTP", p.SMTP); err != nil {
		return err
	}
	if p.http, err = listen("web", p.HTTP); err != nil {
		return err
	}
	p.lmtp, err = listenLMTP(p.LMTP)
	return err
}

// openMailbox opens the mailbox that mail is taken out of.
func (p *program) openMailbox(context.Context) (err error) {
	if p.IMAP == nil {
		return nil
	}
	from := *p.IMAP
	from.Store, from.Hub, from.Received, from.Log, from.MaxSize = p.store, p.hub, p.workers.received, p.Log, p.MaxMessage
	p.mailbox, err = imapin.New(from)
	return err
}

// openFlow opens the keys and the filter in the mail flow.
func (p *program) openFlow(ctx context.Context) (err error) {
	if p.Keys == nil {
		keys.WarnUnread(ctx, p.store, p.Log)
	} else {
		p.ring = keys.NewRing(p.store, p.Keys.Master, p.Log, p.Keys.Now)
		p.rules, p.aliases = panel.NewRules(p.store, p.Log), panel.NewAliases(p.store, p.Log)
		p.keeper = keys.New(p.ownKeys())
		p.panel = panel.New(panel.Config{Store: p.store, Keys: p.keeper, Log: p.Log, Forwarding: panelForwarding(p.Milter), OwnDomains: p.CustomerDomains, Resolver: past(p.Resolver)})
	}
	plans := warmup.BookConfig{Store: p.store, Listings: warmup.NewListings(p.Checker.Lists, nil), Patience: bookPatience, Log: p.Log}
	if p.Milter != nil {
		plans.Now = p.Milter.Now
	}
	p.book = warmup.NewBook(plans)
	if p.Milter == nil {
		return nil
	}
	milter := *p.Milter
	milter.Store = p.store
	if p.ring != nil {
		milter.Aliases = p.aliases
		milter = withRing(milter, p.ring, p.rules)
		if err := milter.refresh(ctx); err != nil {
			return err
		}
	}
	p.flow, err = openMilter(milter)
	return err
}

// past gives a resolver that asks past its cache.
func past(r dns.Resolver) dns.Resolver {
	if cache, ok := r.(*dns.Cache); ok {
		return cache.Fresh()
	}
	return r
}

// panelForwarding is what the panel says of how this server forwards; nil where the mail flow is not in this process.
func panelForwarding(c *MilterConfig) *panel.Forwarding {
	if c == nil {
		return nil
	}
	out := &panel.Forwarding{Served: len(c.Tables)+len(c.SRS) > 0}
	s, err := c.Settings()
	if err == nil && s.Forwarding != nil {
		out.SRS, out.SealDomain = s.Forwarding.SRS != nil, s.Forwarding.SealDomain
	}
	return out
}

// ownKeys is how this program keeps keys. There are some.
func (p *program) ownKeys() keys.Config {
	own := *p.Keys
	own.Store, own.Log = p.store, p.Log
	return own
}

// openInbox opens what takes test mail, and what answers it.
func (p *program) openInbox(context.Context) (err error) {
	if p.answers, err = newAnswers(p.Config, p.store, p.http.Addr()); err != nil {
		return err
	}
	c := inbox.Config{
		Hostname: p.Hostname, Domains: []string{p.MailDomain}, TLS: p.TLS, MaxSize: p.MaxMessage,
		TrustProxy: p.TrustProxy, Store: p.store, Hub: p.hub, Received: p.workers.received, Log: p.Log,
	}
	if r := p.answers.responder; r != nil {
		c.Service, c.Link = r.Takes, r.Link
		p.workers.answer = r
	}
	if p.inbox, err = inbox.New(c); err != nil {
		return err
	}
	c.LMTP = true
	p.handover, err = inbox.New(c)
	return err
}

// openPages opens the doors over HTTP: pages, API, MCP, logins, and the outbound lab behind them.
func (p *program) openPages(ctx context.Context) error {
	keeper, setup, err := door(ctx, p.Config, p.store, p.http.Addr())
	if err != nil {
		return err
	}
	p.setup = setup
	receivers, testing, err := newLab(p.Config, p.store)
	if err != nil {
		return err
	}
	p.lab = receivers
	pages, err := web.New(web.Config{
		Lab: testing, Panel: p.panel, Book: p.book, Traffic: &traffic.Reader{Store: p.store}, Store: p.store, Hub: p.hub, Resolver: p.Resolver, Checker: p.Checker, LMTPAddr: p.LMTP, Program: p.Program,
		MailDomain: p.MailDomain, SMTPAddr: p.smtp.Addr().String(), Version: p.Version, Demo: p.Demo, Log: p.Log, Now: time.Now,
		Hosts: p.HTTPHosts, Access: keeper, Public: p.Public, Retention: p.keep().Messages,
		Open: p.answers.open(p.store), Agree: p.answers.agree(), TrustProxy: p.HTTPProxies, PublicURL: p.PublicURL, Context: ctx,
		Verify: p.workers.verify,
		Report: func(ctx context.Context, m *store.Message) *render.Report {
			return verify.Replay(ctx, &m.Evidence, m.ID, nil)
		},
	})
	if err != nil {
		return err
	}
	p.handler, err = withSES(p.ownSES(), p.store, p.Log, programs(p.Config, p.store, p.hub, p.workers, p.smtp.Addr(), keeper == nil, testing, p.panel, p.book, pages))
	return err
}

// close closes what open opened. What runs has ended by then.
func (p *program) close() {
	if p.flow != nil {
		p.flow.close()
	}
	for _, l := range []net.Listener{p.lmtp, p.http, p.smtp} {
		if l != nil {
			l.Close()
		}
	}
}

// run runs everything until ctx ends or a part fails, which ends the others.
func (p *program) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	also := func(there bool, part func(context.Context) error) {
		if there {
			g.Go(func() error { return part(ctx) })
		}
	}
	if p.lab != nil { // first: the pages say that it is there
		up := make(chan struct{})
		also(true, func(ctx context.Context) error { return p.lab.Run(ctx, func() { close(up) }) })
		select {
		case <-up:
		case <-ctx.Done():
			return g.Wait()
		}
	}
	also(true, func(ctx context.Context) error { return p.inbox.Serve(ctx, p.smtp, Grace) })
	also(p.lmtp != nil, func(ctx context.Context) error { return p.handover.Serve(ctx, p.lmtp, Grace) })
	also(true, func(ctx context.Context) error {
		return serveHTTP(ctx, limit(p.http, webConnections, webConnectionsLocal, webConnectionsFar), p.handler, p.Log)
	})
	also(true, p.workers.run)
	also(true, func(ctx context.Context) error { return prune(ctx, p.store, p.Config) })
	also(true, func(ctx context.Context) error { return dropBodies(ctx, p.store, p.Log) })
	also(p.answers.queue != nil, func(ctx context.Context) error { return p.answers.run(ctx) })
	also(p.mailbox != nil, func(ctx context.Context) error { return p.mailbox.Run(ctx) })
	also(p.flow != nil, func(ctx context.Context) error { return p.flow.run(ctx) })
	also(p.flow != nil && p.ring != nil, func(ctx context.Context) error { return p.ring.Run(ctx) })
	also(p.flow != nil && p.rules != nil, func(ctx context.Context) error { return p.rules.Run(ctx) })
	also(p.flow != nil && p.aliases != nil, func(ctx context.Context) error { return p.aliases.Run(ctx) })
	also(p.Keys != nil, func(ctx context.Context) error { return p.keeper.Run(ctx) })
	if p.Ready != nil {
		p.Ready(p.node())
	}
	return g.Wait()
}

// node is what Ready sees.
func (p *program) node() *Node {
	n := &Node{SMTP: p.smtp.Addr(), HTTP: p.http.Addr(), Setup: p.setup, Store: p.store, Hub: p.hub}
	if p.lmtp != nil {
		n.LMTP = p.lmtp.Addr()
	}
	return n
}
