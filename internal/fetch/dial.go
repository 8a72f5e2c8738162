package fetch

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire/https"
)

// Config configures a [Dialer]; zero values take the defaults.
type Config struct {
	// Resolver looks up names. Required.
	Resolver dns.Resolver
	// Ports that may be connected to; 25, 80 and 443 by default.
	Ports []uint16
	// ConnectTimeout bounds one attempt at one address; 5 s by default.
	ConnectTimeout time.Duration
	// Roots are the authorities for certificates; those of the system by default.
	Roots *x509.CertPool
	// Now is the time at which certificates must be valid; time.Now by default.
	Now func() time.Time

	// Allow and PortMap open the dialer up, for tests and private networks: addresses
	// within Allow are not refused, and connections to an allowed address go to the port
	// that stands for the asked one.
	Allow   []netip.Prefix
	PortMap map[uint16]uint16
}

// maxAddresses is how many addresses of one host are tried.
const maxAddresses = 4

// Dialer opens TCP connections to hosts of other people. Safe for concurrent use.
type Dialer struct{ cfg Config }

// NewDialer gives a dialer.
func NewDialer(cfg Config) *Dialer {
	if len(cfg.Ports) == 0 {
		cfg.Ports = []uint16{25, 80, 443}
	}
	if cfg.ConnectTimeout <= 0 {
		cfg.ConnectTimeout = 5 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Dialer{cfg}
}

// Roots are the authorities for certificates, nil for those of the system.
func (d *Dialer) Roots() *x509.CertPool { return d.cfg.Roots }

// Now is the time at which certificates must be valid.
func (d *Dialer) Now() time.Time { return d.cfg.Now() }

// Dial connects to the first address of host that answers. An error is an *[Error].
func (d *Dialer) Dial(ctx context.Context, host string, port uint16) (net.Conn, error) {
	addrs, err := d.Addresses(ctx, host, port)
	if err != nil {
		return nil, err
	}
	var last error
	for _, a := range addrs {
		conn, err := d.DialAddr(ctx, host, netip.AddrPortFrom(a, port))
		if err == nil {
			return conn, nil
		}
		if last == nil || Problem(err) != https.FetchConnect {
			last = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, last
}

// DialContext is Dial in the form that net/http wants; network must be TCP.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(address)
	port, portErr := strconv.ParseUint(portText, 10, 16)
	if !strings.HasPrefix(network, "tcp") || err != nil || portErr != nil {
		return nil, &Error{Problem: https.FetchBadURL, Host: address, Detail: "not a host and a TCP port"}
	}
	return d.Dial(ctx, host, uint16(port))
}

// Addresses looks host up and gives the addresses that may be connected to, IPv4 and
// IPv6 in turn, at most four. An address as host stands for itself. An error is an
// *[Error]; where every address is refused it names the first.
func (d *Dialer) Addresses(ctx context.Context, host string, port uint16) ([]netip.Addr, error) {
	if !slices.Contains(d.cfg.Ports, port) {
		return nil, &Error{Problem: https.FetchBadURL, Host: host, Port: port, Detail: "this port is not connected to"}
	}
	all, err := d.lookup(ctx, host, port)
	if err != nil {
		return nil, err
	}
	var good []netip.Addr
	for _, a := range all {
		if d.refused(a) == "" && len(good) < maxAddresses {
			good = append(good, a)
		}
	}
	if len(good) == 0 {
		return nil, d.refuse(host, netip.AddrPortFrom(all[0], port))
	}
	return good, nil
}

func (d *Dialer) lookup(ctx context.Context, host string, port uint16) ([]netip.Addr, error) {
	// netip.ParseAddr knows none of the old ways (octal, 127.1, 2130706433): as names
	// they do not exist.
	if a, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return []netip.Addr{a}, nil
	}
	e := &Error{Host: host, Port: port}
	var answers [2]dns.Answer
	g := dns.NewGroup(d.cfg.Resolver)
	for i, t := range []dns.Type{dns.TypeA, dns.TypeAAAA} {
		g.Go(func() { answers[i] = d.cfg.Resolver.Resolve(ctx, dns.Question{Name: host, Type: t}) })
	}
	g.Wait()
	all := interleave(answers[0].Records, answers[1].Records)
	switch {
	case len(all) > 0:
		return all, nil
	case ctx.Err() != nil || answers[0].Status == dns.Timeout || answers[1].Status == dns.Timeout:
		e.Problem, e.Detail = https.FetchDNS, "the address look-up timed out"
	case answers[0].Status.Failed() || answers[1].Status.Failed():
		e.Problem, e.Detail = https.FetchDNS, fmt.Sprintf("the address look-up failed: A %s, AAAA %s", answers[0].Status, answers[1].Status)
	default:
		e.Problem, e.Detail = https.FetchNoAddress, fmt.Sprintf("the host has no address: A %s, AAAA %s", answers[0].Status, answers[1].Status)
	}
	return nil, e
}

func interleave(a, b []dns.Record) []netip.Addr {
	var out []netip.Addr
	for i := range max(len(a), len(b)) {
		for _, records := range [][]dns.Record{a, b} {
			if i < len(records) && records[i].Addr.IsValid() {
				out = append(out, records[i].Addr)
			}
		}
	}
	return out
}

// DialAddr connects to one address, which it checks itself. host is for errors.
func (d *Dialer) DialAddr(ctx context.Context, host string, to netip.AddrPort) (net.Conn, error) {
	if !slices.Contains(d.cfg.Ports, to.Port()) {
		return nil, &Error{Problem: https.FetchBadURL, Host: host, Port: to.Port(), Addr: to, Detail: "this port is not connected to"}
	}
	if d.refused(to.Addr()) != "" {
		return nil, d.refuse(host, to)
	}
	real := to
	if p, ok := d.cfg.PortMap[to.Port()]; ok && d.allowed(to.Addr()) {
		real = netip.AddrPortFrom(to.Addr(), p)
	}
	dialer := net.Dialer{Timeout: d.cfg.ConnectTimeout, KeepAlive: -1, ControlContext: d.control}
	conn, err := dialer.DialContext(ctx, "tcp", real.String())
	if err != nil {
		return nil, dialError(host, to, err)
	}
	return conn, nil
}

// control sees the address that the system is about to connect to: a second look, in
// case what stands above is ever changed.
func (d *Dialer) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || d.refused(to.Addr()) != "" {
		return errors.New("the address is refused")
	}
	return nil
}

func dialError(host string, to netip.AddrPort, err error) error {
	e := &Error{Host: host, Port: to.Port(), Addr: to, Err: err, Problem: https.FetchConnect, Detail: "the connection failed"}
	var netErr net.Error
	if errors.As(err, &netErr) && netErr.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		e.Problem, e.Detail = https.FetchTimeout, "the connection timed out"
	}
	return e
}

func (d *Dialer) allowed(a netip.Addr) bool {
	return slices.ContainsFunc(d.cfg.Allow, func(p netip.Prefix) bool { return p.Contains(a) })
}

func (d *Dialer) refused(a netip.Addr) string {
	if d.allowed(a) {
		return ""
	}
	return Refused(a)
}

func (d *Dialer) refuse(host string, to netip.AddrPort) error {
	return &Error{Problem: https.FetchRefusedAddr, Host: host, Port: to.Port(), Addr: to,
		Detail: "an address that is never connected to: " + d.refused(to.Addr())}
}
