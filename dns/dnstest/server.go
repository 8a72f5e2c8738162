// Package dnstest is a name server on the loopback interface that answers by UDP
// and TCP whatever a dns.Resolver says, and misbehaves on request. It is for tests
// and demonstrations; it is no name server for the world.
package dnstest

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	miekg "github.com/miekg/dns"
	"github.com/todoku/todoku/dns"
)

// TB is the part of testing.TB that is needed.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// Query is one question that the server got.
type Query struct {
	Name    string // as it came, without the final dot
	Type    dns.Type
	Network string // "udp" or "tcp"
	EDNS    bool
	DO, AD  bool
	Port    uint16 // source port
	ID      uint16
}

// maxBusy is how many questions are worked on at one time; maxLog how many are
// remembered, the first ones.
const (
	maxBusy = 512
	maxLog  = 100_000
	idle    = 10 * time.Second
)

// Server is a running name server.
type Server struct {
	resolver dns.Resolver
	cfg      config
	udp      net.PacketConn
	tcp      net.Listener

	ctx  context.Context // ends with Close
	stop context.CancelFunc
	busy chan struct{}
	wg   sync.WaitGroup

	mu      sync.Mutex
	queries []Query
	conns   map[net.Conn]bool
}

// New serves r on a loopback port until the test ends.
func New(t TB, r dns.Resolver, opts ...Option) *Server {
	t.Helper()
	s, err := Start(r, "127.0.0.1:0", opts...)
	if err != nil {
		t.Fatalf("dnstest: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// NewZone is New for a zone literal.
func NewZone(t TB, z dns.Zone, opts ...Option) *Server {
	t.Helper()
	m, err := dns.NewMemory(z)
	if err != nil {
		t.Fatalf("dnstest: %v", err)
	}
	return New(t, m, opts...)
}

// Start serves r at addr, host:port; port 0 takes a free one, the same for UDP and
// TCP. Close ends it.
func Start(r dns.Resolver, addr string, opts ...Option) (*Server, error) {
	udp, tcp, err := listen(addr)
	if err != nil {
		return nil, fmt.Errorf("name server at %s: %w", addr, err)
	}
	s := &Server{resolver: r, udp: udp, tcp: tcp, busy: make(chan struct{}, maxBusy), conns: make(map[net.Conn]bool)}
	for _, o := range opts {
		o(&s.cfg)
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.wg.Go(s.serveUDP)
	s.wg.Go(s.serveTCP)
	return s, nil
}

// listen takes one port for both; a free TCP port may be taken for UDP, so it tries
// a few.
func listen(addr string) (net.PacketConn, net.Listener, error) {
	var err error
	for range 20 {
		var tcp net.Listener
		if tcp, err = net.Listen("tcp", addr); err != nil {
			return nil, nil, err
		}
		var udp net.PacketConn
		if udp, err = net.ListenPacket("udp", tcp.Addr().String()); err == nil {
			return udp, tcp, nil
		}
		tcp.Close()
	}
	return nil, nil, err
}

// Addr is the host:port that the server listens on.
func (s *Server) Addr() string { return s.tcp.Addr().String() }

// AddrPort is Addr, for dns.Question.Server.
func (s *Server) AddrPort() netip.AddrPort { return netip.MustParseAddrPort(s.Addr()) }

// Close stops the server and waits until all its work has ended.
func (s *Server) Close() error {
	s.stop()
	s.udp.Close()
	s.tcp.Close()
	s.mu.Lock()
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
	return nil
}

// Queries are the questions so far, in the order they came.
func (s *Server) Queries() []Query {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.queries)
}

// Count is how often a question came, by UDP and TCP, in any case.
func (s *Server) Count(name string, t dns.Type) int {
	n := 0
	for _, q := range s.Queries() {
		if q.Type == t && strings.EqualFold(q.Name, strings.TrimSuffix(name, ".")) {
			n++
		}
	}
	return n
}

func (s *Server) log(q Query) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queries) < maxLog {
		s.queries = append(s.queries, q)
	}
}

func (s *Server) serveUDP() {
	for {
		buf := make([]byte, 4096)
		n, from, err := s.udp.ReadFrom(buf)
		if err != nil {
			if s.ctx.Err() != nil {
				return
			}
			continue
		}
		if !s.begin() {
			return
		}
		s.wg.Go(func() {
			defer s.end()
			for _, reply := range s.replies(buf[:n], "udp", from) {
				s.udp.WriteTo(reply, from)
			}
		})
	}
}

func (s *Server) serveTCP() {
	for {
		conn, err := s.tcp.Accept()
		if err != nil {
			if s.ctx.Err() != nil {
				return
			}
			continue
		}
		if !s.begin() {
			conn.Close()
			return
		}
		s.track(conn, true)
		s.wg.Go(func() {
			defer s.end()
			defer s.track(conn, false)
			defer conn.Close()
			s.converse(conn)
		})
	}
}

// begin waits for room to work; false when the server ends.
func (s *Server) begin() bool {
	select {
	case s.busy <- struct{}{}:
		return true
	case <-s.ctx.Done():
		return false
	}
}

func (s *Server) end() { <-s.busy }

func (s *Server) track(c net.Conn, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !on {
		delete(s.conns, c)
		return
	}
	s.conns[c] = true
	if s.ctx.Err() != nil { // Close may have gone through the list before
		c.Close()
	}
}

func (s *Server) converse(conn net.Conn) {
	for {
		conn.SetDeadline(time.Now().Add(idle))
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		query, err := io.ReadAll(io.LimitReader(conn, int64(binary.BigEndian.Uint16(size[:]))))
		if err != nil {
			return
		}
		for _, reply := range s.replies(query, "tcp", conn.RemoteAddr()) {
			framed := append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)
			if s.cfg.cutTCP > 0 {
				conn.Write(framed[:min(s.cfg.cutTCP, len(framed))])
				return
			}
			if _, err := conn.Write(framed); err != nil {
				return
			}
		}
	}
}

// replies works on one question: usually one reply, none when it is dropped.
func (s *Server) replies(query []byte, network string, from net.Addr) [][]byte {
	m := new(miekg.Msg)
	if m.Unpack(query) != nil || m.Response || len(m.Question) != 1 {
		return nil
	}
	q := describe(m, network, from)
	s.log(q)
	if s.cfg.drop != nil && s.cfg.drop(q) {
		return nil
	}
	if s.cfg.delay > 0 {
		select {
		case <-time.After(s.cfg.delay):
		case <-s.ctx.Done():
			return nil
		}
	}
	if s.cfg.raw != nil {
		if reply := s.cfg.raw(query, network); reply != nil {
			return [][]byte{reply}
		}
	}
	reply := s.answer(m, q)
	if reply == nil {
		return nil
	}
	return s.misbehave(reply, m, q)
}

func describe(m *miekg.Msg, network string, from net.Addr) Query {
	q := Query{
		Name: strings.TrimSuffix(m.Question[0].Name, "."), Type: dns.Type(m.Question[0].Qtype),
		Network: network, AD: m.AuthenticatedData, ID: m.Id,
	}
	if ap, err := netip.ParseAddrPort(from.String()); err == nil {
		q.Port = ap.Port()
	}
	if opt := m.IsEdns0(); opt != nil {
		q.EDNS, q.DO = true, opt.Do()
	}
	return q
}
