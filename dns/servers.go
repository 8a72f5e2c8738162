package dns

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// SystemServers are the name servers of /etc/resolv.conf, host:port, three at most
// as in the C library; the local host where the file names none.
func SystemServers() []string {
	f, err := os.Open("/etc/resolv.conf")
	if err != nil {
		return []string{"127.0.0.1:53"}
	}
	defer f.Close()
	return parseResolvConf(f)
}

func parseResolvConf(r io.Reader) []string {
	var servers []string
	lines := bufio.NewScanner(io.LimitReader(r, 64<<10))
	for lines.Scan() && len(servers) < 3 {
		f := strings.Fields(lines.Text())
		if len(f) < 2 || f[0] != "nameserver" {
			continue
		}
		if addr, err := netip.ParseAddr(f[1]); err == nil {
			servers = append(servers, net.JoinHostPort(addr.String(), "53"))
		}
	}
	if len(servers) == 0 {
		return []string{"127.0.0.1:53"}
	}
	return servers
}

// ParseServer gives the host:port of a server written as "HOST:PORT", "HOST",
// "IP", "[IPv6]:PORT" or "[IPv6]"; the port is 53 where none is given.
func ParseServer(s string) (string, error) {
	bare := s
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		bare = s[1 : len(s)-1]
	}
	if ip, err := netip.ParseAddr(bare); err == nil {
		return net.JoinHostPort(ip.String(), "53"), nil
	}
	if !strings.Contains(s, ":") {
		s += ":53"
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", fmt.Errorf("dns: server %q: want HOST:PORT: %w", clip(s), err)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", fmt.Errorf("dns: server %q: %q is not a port", clip(s), clip(port))
	}
	if host == "" || strings.ContainsAny(host, " \t\r\n/") {
		return "", fmt.Errorf("dns: server %q: %q is not a host", clip(s), clip(host))
	}
	return net.JoinHostPort(host, port), nil
}

// server is one name server and what is known of its health.
type server struct {
	addr    string
	restful atomic.Int64 // Unix nanoseconds until which others are asked first
}

// restTime is how long a server that did not answer is asked last.
const restTime = 20 * time.Second

func (s *server) rest(now time.Time)         { s.restful.Store(now.Add(restTime).UnixNano()) }
func (s *server) resting(now time.Time) bool { return now.UnixNano() < s.restful.Load() }

// order puts the servers that answer first, otherwise as configured.
func order(servers []*server, now time.Time) []*server {
	out := make([]*server, 0, len(servers))
	var last []*server
	for _, s := range servers {
		if s.resting(now) {
			last = append(last, s)
			continue
		}
		out = append(out, s)
	}
	return append(out, last...)
}
