// Package demo is serve on loopback against a private DNS, with sample domains
// and sample mail that is really sent through the SMTP port. It needs no network:
// every name is in the zones of this package, every address is a documentation
// address (RFC 5737, RFC 3849), and the sending hosts are played by a client that
// names them with the PROXY protocol.
package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/serve"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/web"
)

// Config of the demo.
type Config struct {
	// HTTP and SMTP are the listen addresses, 127.0.0.1:8025 and 127.0.0.1:2525 where empty.
	HTTP, SMTP string
	Log        *slog.Logger
	Version    string
	// Ready is called once the pages answer; Populated once all sample mail has its verdict.
	Ready     func(smtp, http net.Addr)
	Populated func()
}

// The names under which the demo itself receives.
const (
	hostname   = "mx.todoku.example"
	mailDomain = "inbox.todoku.example"
)

// Run serves the demo until ctx ends. Its database lives in a folder of its own
// and is removed at the end.
func Run(ctx context.Context, c Config) error {
	if c.HTTP == "" {
		c.HTTP = "127.0.0.1:8025"
	}
	if c.SMTP == "" {
		c.SMTP = "127.0.0.1:2525"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	dir, err := os.MkdirTemp("", "todoku-demo-")
	if err != nil {
		return fmt.Errorf("making a folder for the demo's database: %w", err)
	}
	defer os.RemoveAll(dir)
	zone := &privateDNS{}
	tale := &teller{}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var populating sync.WaitGroup
	err = serve.Run(ctx, serve.Config{
		Database: filepath.Join(dir, "demo.db"), SMTP: c.SMTP, HTTP: c.HTTP,
		Hostname: hostname, MailDomain: mailDomain,
		Resolver:   zone,
		TrustProxy: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		Log:        c.Log, Version: c.Version,
		Demo: tale.stories,
		Ready: func(n *serve.Node) {
			tale.setStore(n.Store)
			if c.Ready != nil {
				c.Ready(n.SMTP, n.HTTP)
			}
			populating.Go(func() {
				if err := populate(ctx, n, zone, tale); err != nil && ctx.Err() == nil {
					stop(fmt.Errorf("sending the demo's sample mail: %w", err))
					return
				}
				if c.Populated != nil && ctx.Err() == nil {
					c.Populated()
				}
			})
		},
	})
	stop(nil)
	populating.Wait()
	if cause := context.Cause(ctx); err == nil && cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	return err
}

// privateDNS is empty until the sample keys have been made, so that the pages
// can answer at once; a look-up before that waits.
type privateDNS struct {
	mu    sync.Mutex
	ready chan struct{}
	zone  dns.Resolver
}

func (p *privateDNS) wait() chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ready == nil {
		p.ready = make(chan struct{})
	}
	return p.ready
}

func (p *privateDNS) set(z dns.Resolver) {
	ready := p.wait()
	p.zone = z
	close(ready)
}

// Resolve answers from the zones.
func (p *privateDNS) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	select {
	case <-p.wait():
		return p.zone.Resolve(ctx, q)
	case <-ctx.Done():
		return dns.Answer{Question: q, Status: dns.Timeout, Detail: "the demo's zones are not ready yet"}
	}
}

// teller keeps which story became which report.
type teller struct {
	mu    sync.Mutex
	store *store.Store
	ids   map[string]string // story key -> report id
}

func (t *teller) setStore(s *store.Store) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.store, t.ids = s, map[string]string{}
}

func (t *teller) told(key, id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ids[key] = id
}

// stories lists the sample messages that have arrived so far, in telling order.
func (t *teller) stories(ctx context.Context) []web.DemoStory {
	t.mu.Lock()
	st, ids := t.store, t.ids
	var out []web.DemoStory
	for _, s := range sampleStories {
		d := web.DemoStory{
			ReportID: ids[s.key],
			Title:    map[string]string{"en": s.title.EN, "ja": s.title.JA},
			Text:     map[string]string{"en": s.text.EN, "ja": s.text.JA},
		}
		out = append(out, d)
	}
	t.mu.Unlock()
	for i := range out {
		if out[i].ReportID == "" || st == nil {
			continue
		}
		if m, err := st.Message(ctx, out[i].ReportID); err == nil {
			out[i].Status = m.Status
		}
	}
	return out
}

// settle waits until every story has its verdict.
func (t *teller) settle(ctx context.Context, st *store.Store) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		ids, err := st.Unverified(ctx, 1)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
