package serve

import (
	"net"
	"net/netip"
	"sync"

	"github.com/todoku/todoku/internal/caller"
)

// How many connections the web pages hold open: idle ones cost a file descriptor each, which
// the SMTP port and the database need too. Loopback may be a reverse proxy's.
const (
	webConnections      = 2048
	webConnectionsLocal = 1024
	webConnectionsFar   = 128
)

// limited is a listener that hangs up on connections beyond its limits.
type limited struct {
	net.Listener
	most, local, far int

	mu      sync.Mutex
	total   int
	clients map[netip.Prefix]int
}

func limit(l net.Listener, most, local, far int) *limited {
	return &limited{Listener: l, most: most, local: local, far: far, clients: map[netip.Prefix]int{}}
}

// Accept waits for the next connection that is within the limits.
func (l *limited) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		client, ok := l.take(conn.RemoteAddr())
		if ok {
			return &counted{Conn: conn, gone: sync.OnceFunc(func() { l.giveBack(client) })}, nil
		}
		_ = conn.Close()
	}
}

func (l *limited) take(from net.Addr) (client netip.Prefix, ok bool) {
	most := l.far
	if a, err := netip.ParseAddrPort(from.String()); err == nil {
		client = caller.Network(a.Addr().Unmap())
		if a.Addr().Unmap().IsLoopback() {
			most = l.local
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.total >= l.most || l.clients[client] >= most {
		return client, false
	}
	l.total++
	l.clients[client]++
	return client, true
}

func (l *limited) giveBack(client netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total--
	if l.clients[client]--; l.clients[client] == 0 {
		delete(l.clients, client)
	}
}

// counted is a connection that gives its place back when it is closed.
type counted struct {
	net.Conn
	gone func()
}

func (c *counted) Close() error {
	c.gone()
	return c.Conn.Close()
}
