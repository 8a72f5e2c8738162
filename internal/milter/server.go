package milter

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Limits bound what mail servers can make this server keep. The zero value of each is its default.
type Limits struct {
	// Connections at one time; further ones wait in the system's queue. 8192.
	Connections int
	// Packet is the longest packet in octets. 1 MiB: Sendmail can be told to send that much.
	Packet int
	// HeaderFields and HeaderBytes of one message; what is beyond is shown to the transaction
	// as such, not to be kept. 10,000 and 1 MiB.
	HeaderFields, HeaderBytes int
	// Rcpts of one message; further ones are deferred. 10,000.
	Rcpts int
	// Idle is how long a connection outside a message is kept, Stalled how long one
	// in a message may be silent, PacketTime how long one packet may take. 2 h, 15 min, 1 min.
	Idle, Stalled, PacketTime time.Duration
	// Write is how long the mail server may take to take an answer. 1 min.
	Write time.Duration
}

func (l *Limits) defaults() {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	wait := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&l.Connections, 8192)
	def(&l.Packet, 1<<20)
	def(&l.HeaderFields, 10_000)
	def(&l.HeaderBytes, 1<<20)
	def(&l.Rcpts, 10_000)
	wait(&l.Idle, 2*time.Hour)
	wait(&l.Stalled, 15*time.Minute)
	wait(&l.PacketTime, time.Minute)
	wait(&l.Write, time.Minute)
}

// Server serves the connections of mail servers. Its fields may not change once it serves: settings that
// change belong to the Handler, which may look at them anew for each session and message.
type Server struct {
	// Handler begins an SMTP session. The connection's Client is known, unless the mail server left it out.
	Handler func(*Conn) Session
	Options Options
	Limits  Limits
	// Log takes what operators must know: panics and broken connections. nil: nothing.
	Log *slog.Logger

	setUp    sync.Once
	places   chan struct{}
	draining atomic.Bool
	running  sync.WaitGroup

	mu    sync.Mutex
	conns map[*conn]struct{}
}

func (s *Server) prepare() {
	s.setUp.Do(func() {
		s.Limits.defaults()
		if s.Log == nil {
			s.Log = slog.New(slog.DiscardHandler)
		}
		s.places = make(chan struct{}, s.Limits.Connections)
		s.conns = make(map[*conn]struct{})
	})
}

// Connections is how many connections are open.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Serve takes connections until ctx ends. Then SMTP sessions may go on for the grace, and what is
// left of them is cut off; connections without a session end at once. It returns nil after that,
// and an error when the listener fails before. It may be called for several listeners, with the same ctx.
func (s *Server) Serve(ctx context.Context, l net.Listener, grace time.Duration) error {
	s.prepare()
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	// What runs when ctx ends must not feel it yet.
	work, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	err := s.accept(ctx, work, l)
	if ctx.Err() == nil {
		_ = l.Close()
		return err
	}
	s.drain(cut, grace)
	return nil
}

func (s *Server) accept(ctx, work context.Context, l net.Listener) error {
	pause := time.Duration(0)
	for {
		select {
		case s.places <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		nc, err := l.Accept()
		if err != nil {
			<-s.places
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return err
			}
			// Out of file descriptors, most likely: that passes.
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			s.Log.Error("a milter connection could not be accepted", "error", err, "retry", pause)
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
			continue
		}
		pause = 0
		s.running.Add(1)
		go s.serve(work, nc)
	}
}

// ServeConn serves one connection until it ends.
func (s *Server) ServeConn(ctx context.Context, nc net.Conn) {
	s.prepare()
	s.places <- struct{}{}
	s.running.Add(1)
	s.serve(ctx, nc)
}

func (s *Server) serve(ctx context.Context, nc net.Conn) {
	growStack()
	c := &conn{server: s, net: nc}
	c.in = reader{src: newSource(nc), limit: s.Limits.Packet, packet: s.Limits.PacketTime}
	s.mu.Lock()
	s.conns[c] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
		_ = nc.Close()
		c.in.at, c.in.end = 0, 0
		c.in.rest()
		<-s.places
		s.running.Done()
	}()
	if err := c.run(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, net.ErrClosed) {
		s.Log.Warn("a milter connection was dropped", "peer", nc.RemoteAddr().String(), "error", err)
	}
}

// drain lets SMTP sessions end within the grace.
func (s *Server) drain(cut context.CancelFunc, grace time.Duration) {
	s.draining.Store(true)
	s.hangUp(func(c *conn) bool { return c.busy.Load() == idle })
	done := make(chan struct{})
	go func() { s.running.Wait(); close(done) }()
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case <-done:
		return
	case <-t.C:
	}
	cut()
	s.hangUp(func(*conn) bool { return true })
	<-done
}

func (s *Server) hangUp(which func(*conn) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if which(c) {
			_ = c.net.Close()
		}
	}
}

// growStack makes the room at once that a message needs. A goroutine begins with a stack of 2 KB, which would be copied three times on
// the way to the end of its first message, and most connections bring just one.
//
//go:noinline
func growStack() { touch(new([12 << 10]byte)) }

//go:noinline
func touch(room *[12 << 10]byte) { room[0] = 1 }
