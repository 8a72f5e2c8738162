package inbox

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Server is the receiver.
type Server struct {
	config  Config
	domains map[string]bool
	memory  budget
	// What is stored of sessions that deliver nothing is limited, for they cost the
	// client nothing: those for a known mailbox have their own allowance.
	strangers, acquainted *rate.Limiter

	mu       sync.Mutex // guards what follows
	sessions map[*session]struct{}
	perIP    map[netip.Addr]int
}

// New checks the configuration.
func New(c Config) (*Server, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{
		config:     c,
		domains:    make(map[string]bool),
		memory:     budget{left: c.MaxInFlight},
		strangers:  rate.NewLimiter(10, 200),
		acquainted: rate.NewLimiter(50, 500),
		sessions:   make(map[*session]struct{}),
		perIP:      make(map[netip.Addr]int),
	}
	for _, d := range c.Domains {
		s.domains[canonicalDomain(d)] = true
	}
	return s, nil
}

func canonicalDomain(d string) string { return strings.ToLower(strings.TrimSuffix(d, ".")) }

// Serve accepts until ctx ends, then lets running transactions finish, at most
// for the grace period, and closes the rest. Sessions between transactions are told
// 421 and closed at once. It closes l and returns when every session is over; the
// error is that of accepting, nil when ctx ended.
func (s *Server) Serve(ctx context.Context, l net.Listener, grace time.Duration) error {
	// Sessions outlive ctx by the grace period.
	work, kill := context.WithCancel(context.WithoutCancel(ctx))
	defer kill()
	unwatch := context.AfterFunc(ctx, func() { _ = l.Close() }) // wakes Accept up
	defer unwatch()

	var running sync.WaitGroup
	err := s.accept(ctx, work, l, &running)
	_ = l.Close()

	s.eachSession((*session).stop)
	over := make(chan struct{})
	go func() {
		running.Wait()
		close(over)
	}()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-over:
	case <-timer.C:
		kill()
		s.eachSession(func(c *session) { _ = c.raw.Close() })
		<-over
	}
	return err
}

func (s *Server) accept(ctx, work context.Context, l net.Listener, running *sync.WaitGroup) error {
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = conn.Close()
			}
			return nil
		case err != nil:
			if !s.pauseAfter(ctx, err) {
				return err
			}
		default:
			if c := s.admit(work, conn); c != nil {
				running.Go(c.run)
			}
		}
	}
}

// pauseAfter waits a little after an error of Accept that may pass (no more file
// descriptors), and reports whether to go on.
func (s *Server) pauseAfter(ctx context.Context, err error) bool {
	if errors.Is(err, net.ErrClosed) {
		return false
	}
	s.config.Log.Warn("a connection could not be accepted", "error", err)
	select {
	case <-time.After(50 * time.Millisecond):
	case <-ctx.Done():
	}
	return true
}

// admit registers a connection, or refuses it and gives nil.
func (s *Server) admit(work context.Context, conn net.Conn) *session {
	c := newSession(work, s, conn)
	s.mu.Lock()
	full := len(s.sessions) >= s.config.MaxSessions
	if !full {
		s.sessions[c] = struct{}{}
	}
	s.mu.Unlock()
	if full {
		s.config.Log.Warn("too many sessions", "client", c.client)
		c.refuseConnection("too many sessions at the moment, try again later")
		return nil
	}
	return c
}

// count counts a session of a client; false: it has too many.
func (s *Server) count(ip netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.perIP[ip] >= s.config.MaxPerIP {
		return false
	}
	s.perIP[ip]++
	return true
}

// forget undoes admit and, where counted is valid, count.
func (s *Server) forget(c *session, counted netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, c)
	if !counted.IsValid() {
		return
	}
	if s.perIP[counted]--; s.perIP[counted] <= 0 {
		delete(s.perIP, counted)
	}
}

func (s *Server) eachSession(f func(*session)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.sessions {
		f(c)
	}
}

func (s *Server) trustsProxy(ip netip.Addr) bool {
	for _, p := range s.config.TrustProxy {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}
