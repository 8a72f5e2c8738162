package serve

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/todoku/todoku/internal/filter"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/milter"
	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/socketmap"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/systemd"
)

// MilterConfig of the filter in the mail flow.
type MilterConfig struct {
	// Listen are the sockets, as milter.Listen names them, and "systemd" or "systemd:NAME" for
	// those that the service manager opened.
	Listen []string
	// SocketMode (0: 0660) and SocketGroup ("": that of the process) of Unix sockets.
	SocketMode  fs.FileMode
	SocketGroup string
	// Settings are read at the start, and again whenever Reload says so: what it reads (keys, the
	// table) may have changed. New settings are those of new messages.
	Settings func() (*filter.Settings, error)
	Reload   <-chan struct{}
	// Status asks for a line in the log: connections, goroutines, octets in use.
	Status <-chan struct{}
	Limits milter.Limits
	// Grace is how long SMTP sessions may go on after the end was asked for.
	Grace   time.Duration
	Log     *slog.Logger
	Observe func(*filter.Event)
	// Store has the plans of warm-up, by which outgoing mail is paced where the settings say so; nil: it is not. PaceClosed has
	// such mail wait while the database is away.
	Store      *store.Store
	PaceClosed bool
	// Now is the clock by which days of plans end, nil: the system's.
	Now func() time.Time
	// KeepEvents is how long the store keeps what became of each message, 0 for nothing.
	KeepEvents time.Duration
	// MailLogs say what became of deliveries: plans go on, stay or fall silent by them.
	MailLogs []MailLog
	// Getenv is where the service manager's sockets are named.
	Getenv func(string) string
	// Ready is called once, when all sockets accept, with the addresses of the milter's.
	Ready func([]net.Addr)
	// Ring has keys beside those of the settings, nil: there are none. RunMilter keeps it up to date.
	Ring *keys.Ring
	// Rules are what the panel says of domains, nil: nothing. They go with Ring, and RunMilter keeps them up to date.
	Rules *panel.Rules
	// Aliases are the forwarding addresses of the panel, nil: none. They go with Ring, and RunMilter keeps them up to date.
	Aliases *panel.Aliases
	// Tables are sockets where Postfix asks for forwarding addresses by the socketmap protocol, named as in Listen.
	Tables []string
	// SRS are sockets, named as in Listen, where Postfix asks for rewritten addresses by the socketmap protocol.
	SRS []string
}

// RunMilter filters until ctx ends, then lets what is under way finish.
func RunMilter(ctx context.Context, c MilterConfig) error {
	if c.Ring == nil {
		m, err := openMilter(c)
		if err != nil {
			return err
		}
		if c.Store != nil {
			keys.WarnUnread(ctx, c.Store, m.Log)
		}
		return m.run(ctx)
	}
	if err := c.refresh(ctx); err != nil {
		return err
	}
	m, err := openMilter(withRing(c, c.Ring, c.Rules))
	if err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	ringCtx, stop := context.WithCancel(gctx)
	g.Go(func() error { return c.Ring.Run(ringCtx) })
	if c.Rules != nil {
		g.Go(func() error { return c.Rules.Run(ringCtx) })
	}
	if c.Aliases != nil {
		g.Go(func() error { return c.Aliases.Run(ringCtx) })
	}
	g.Go(func() error { defer stop(); return m.run(gctx) })
	return g.Wait()
}

// milterNode is a filter whose sockets are open.
type milterNode struct {
	MilterConfig
	filter    *filter.Filter
	flow      *flow // nil: there is no database
	options   milter.Options
	look      chan *filter.Settings // whose keys are to be looked up
	listeners []net.Listener
	tables    []net.Listener // of rewritten and forwarding addresses
}

// ofSocket names the socket in an error, in both languages where the error is.
func ofSocket(en, ja, name string, err error) error {
	if said.Both(err) {
		return said.Error(en, ja, name, err)
	}
	return fmt.Errorf(en, name, err)
}

func openMilter(c MilterConfig) (*milterNode, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Getenv == nil {
		c.Getenv = func(string) string { return "" }
	}
	beside := withFlow(&c)
	s, err := c.Settings()
	if err != nil {
		return nil, err
	}
	m := &milterNode{MilterConfig: c, flow: beside, options: filter.OptionsFor(s), look: make(chan *filter.Settings, 1)}
	m.look <- s
	if m.filter, err = filter.New(s, c.Log, c.Observe); err != nil {
		return nil, err
	}
	if err := s.CanSeal(); err != nil {
		c.Log.Warn("what is forwarded is not sealed: there is no key to seal with now", "error", err)
	}
	for _, name := range c.Listen {
		if err := m.listen(name, &m.listeners); err != nil {
			m.close()
			return nil, ofSocket("the milter socket %s: %w", "milter のソケット %s: %v", name, err)
		}
	}
	for _, name := range append(slices.Clone(c.SRS), c.Tables...) {
		if err := m.listen(name, &m.tables); err != nil {
			m.close()
			return nil, ofSocket("the socket %s for tables of addresses: %w", "アドレスの表のソケット %s: %v", name, err)
		}
	}
	if len(m.listeners) == 0 {
		return nil, errors.New("the milter listens nowhere: name a socket")
	}
	return m, nil
}

func (m *milterNode) listen(name string, into *[]net.Listener) error {
	if name != "systemd" && !strings.HasPrefix(name, "systemd:") {
		l, err := milter.Listen(name, m.SocketMode, m.SocketGroup)
		if err == nil {
			*into = append(*into, l)
		}
		return err
	}
	given, err := systemd.Listeners(m.Getenv, strings.TrimPrefix(strings.TrimPrefix(name, "systemd"), ":"))
	*into = append(*into, given...)
	if err == nil && len(given) == 0 {
		err = said.Error("the service manager opened no socket for this process (LISTEN_FDS): start it by a socket unit", "サービスマネージャーから渡されたソケット (LISTEN_FDS) がありません。ソケットユニットから起動してください")
		if names := systemd.Names(m.Getenv); len(names) > 0 {
			err = fmt.Errorf("the service manager opened no socket of that name, but: %s (FileDescriptorName=)", strings.Join(names, ", "))
		}
	}
	return err
}

func (m *milterNode) close() {
	for _, l := range append(m.listeners[:len(m.listeners):len(m.listeners)], m.tables...) {
		_ = l.Close()
	}
}

// lookup answers from all tables.
func (m *milterNode) lookup(table, key string) (string, bool) {
	if m.Aliases != nil && (table == panel.TableAlias || table == panel.TableAliasDomain) {
		return m.Aliases.Lookup(table, key)
	}
	return m.filter.Rewrite(table, key)
}

func (m *milterNode) addrs() []net.Addr {
	var out []net.Addr
	for _, l := range m.listeners {
		out = append(out, l.Addr())
	}
	return out
}

func (m *milterNode) run(ctx context.Context) error {
	server := &milter.Server{Handler: m.filter.Session, Options: m.options, Limits: m.Limits, Log: m.Log}
	g, gctx := errgroup.WithContext(ctx)
	for _, l := range m.listeners {
		g.Go(func() error { return server.Serve(gctx, l, m.Grace) })
	}
	for _, l := range m.tables {
		s := socketmap.Server{Lookup: m.lookup, Log: m.Log}
		g.Go(func() error { return s.Serve(gctx, l) })
	}
	if m.Reload != nil {
		g.Go(func() error { m.reload(gctx); return nil })
	}
	if m.Status != nil {
		began := time.Now()
		g.Go(func() error { m.status(gctx, server, began); return nil })
	}
	if m.Ready != nil {
		m.Ready(m.addrs())
	}
	g.Go(func() error { m.lookAtKeys(gctx); return nil })
	defer context.AfterFunc(ctx, func() { _ = systemd.Notify(m.Getenv, systemd.Stopping) })()
	if m.flow == nil {
		return g.Wait()
	}
	beside, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() { m.flow.run(beside); close(ended) }()
	err := g.Wait()
	stop()
	<-ended
	return err
}

// reload takes new settings when it is told to. Where they cannot be read, the old ones stay: mail keeps flowing.
func (m *milterNode) reload(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.Reload:
		}
		if err := m.refresh(ctx); err != nil {
			m.Log.Warn("the database could not be asked for its keys; those known stay", "error", err)
		}
		_ = systemd.Notify(m.Getenv, systemd.Reloading)
		s, err := m.Settings()
		if err == nil {
			err = m.filter.Change(s)
		}
		_ = systemd.Notify(m.Getenv, systemd.Ready) // also with the old ones
		if err != nil {
			m.Log.Error("the settings of the milter could not be read again; the old ones stay", "error", err)
			continue
		}
		m.Log.Info("the milter has new settings")
		select {
		case <-m.look: // older ones, still unread
		default:
		}
		m.look <- s
	}
}

// refreshTime bounds how long the database may keep new settings waiting.
const refreshTime = 10 * time.Second

// refresh reads what the database has for the milter: keys, what the panel says, forwarding addresses.
func (c *MilterConfig) refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, refreshTime)
	defer cancel()
	if c.Ring != nil {
		if err := c.Ring.Refresh(ctx); err != nil {
			return err
		}
	}
	if c.Rules != nil {
		if err := c.Rules.Refresh(ctx); err != nil {
			return err
		}
	}
	if c.Aliases != nil {
		return c.Aliases.Refresh(ctx)
	}
	return nil
}
