package outbound

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/emersion/go-sasl"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/fetch"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/wire/https"
)

const (
	smtpPort = 25
	// maxHosts and maxConnections bound one try at one mail.
	maxHosts       = 5
	maxConnections = 10
)

// direct delivers to the mail exchangers (RFC 5321 section 5.1).
func (q *Queue) direct(ctx context.Context, o store.Outbound) outcome {
	at := strings.LastIndexByte(o.Recipient, '@')
	hosts, problem := q.exchangers(ctx, strings.ToLower(o.Recipient[at+1:]))
	if problem != nil {
		return *problem
	}
	result := attempt{outcome: outcome{permanent, ""}}
	left := maxConnections
	for _, host := range hosts {
		a := q.host(ctx, host, &left, o)
		if a.final() {
			return a.outcome
		}
		if a.class == temporary || result.answer == "" { // as long as one may still take it, it is tried again
			result.answer = a.answer
		}
		result.class = min(result.class, a.class)
		if ctx.Err() != nil || left <= 0 {
			break
		}
	}
	return result.outcome
}

// exchangers gives the hosts to try, best first, or the outcome where there are none.
func (q *Queue) exchangers(ctx context.Context, domain string) ([]string, *outcome) {
	answer := q.c.Resolver.Resolve(ctx, dns.Question{Name: domain, Type: dns.TypeMX})
	switch {
	case answer.Status.Failed():
		return nil, &outcome{temporary, fmt.Sprintf("the mail exchangers of %s could not be looked up: %s", domain, answer.Status)}
	case answer.Status == dns.NXDomain:
		return nil, &outcome{permanent, fmt.Sprintf("the domain %s does not exist (5.1.2)", domain)}
	case len(answer.Records) == 0: // the implicit MX
		return []string{domain}, nil
	}
	records := slices.Clone(answer.Records)
	rand.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
	slices.SortStableFunc(records, func(a, b dns.Record) int { return cmp.Compare(a.Pref, b.Pref) })
	var hosts []string
	null := false
	for _, r := range records {
		name := strings.ToLower(strings.TrimSuffix(r.Data, "."))
		if name == strings.ToLower(q.c.Hostname) { // mail would come back to us
			break
		}
		if null = null || name == ""; name != "" && !slices.Contains(hosts, name) && len(hosts) < maxHosts {
			hosts = append(hosts, name)
		}
	}
	switch {
	case len(hosts) > 0:
		return hosts, nil
	case null:
		return nil, &outcome{permanent, fmt.Sprintf("the domain %s takes no mail: it has a null MX (5.1.10, RFC 7505)", domain)}
	}
	return nil, &outcome{permanent, fmt.Sprintf("this host is the best mail exchanger of %s (5.4.6)", domain)}
}

// host tries the addresses of one host.
func (q *Queue) host(ctx context.Context, host string, left *int, o store.Outbound) attempt {
	addrs, err := q.c.Dialer.Addresses(ctx, host, smtpPort)
	if err != nil {
		return unreachable(host, err)
	}
	var last attempt
	for i, addr := range addrs {
		if *left--; *left < 0 || ctx.Err() != nil {
			break
		}
		a := q.address(ctx, host, addr, left, o)
		if a.final() {
			return a
		}
		if i == 0 || a.class == temporary {
			last = a
		}
	}
	return last
}

// address tries one address: with TLS where it is offered, whoever the certificate is for,
// and without where the handshake fails (RFC 7435).
func (q *Queue) address(ctx context.Context, host string, addr netip.Addr, left *int, o store.Outbound) attempt {
	name := fmt.Sprintf("%s [%s]", host, addr)
	for _, start := range []bool{true, false} {
		conn, err := q.c.Dialer.DialAddr(ctx, host, netip.AddrPortFrom(addr, smtpPort))
		if err != nil {
			return unreachable(name, err)
		}
		a, broken := q.opportunistic(ctx, conn, host, name, start, o)
		if !broken {
			return a
		}
		if *left--; *left < 0 || ctx.Err() != nil {
			return a
		}
	}
	return attempt{} // never reached: without STARTTLS no handshake fails
}

// opportunistic reports whether the session ended in a handshake that failed.
func (q *Queue) opportunistic(ctx context.Context, conn net.Conn, host, name string, start bool, o store.Outbound) (a attempt, broken bool) {
	a = q.session(ctx, conn, name, security{start: start, config: anyCertificate(host)}, nil, o)
	return a, start && a.brokenTLS
}

// anyCertificate: opportunistic TLS proves nothing of the server, and is better than none.
func anyCertificate(host string) *tls.Config {
	return &tls.Config{ServerName: host, InsecureSkipVerify: true}
}

// unreachable gives the outcome of a host that was not spoken to.
func unreachable(host string, err error) attempt {
	a := attempt{outcome: outcome{temporary, fmt.Sprintf("%s: %v", host, err)}, stage: connecting}
	switch fetch.Problem(err) {
	case https.FetchNoAddress, https.FetchRefusedAddr, https.FetchBadURL:
		a.class = permanent
	}
	return a
}

// bySmartHost hands the mail to the server that relays for us. Its operator is ours: it
// may have any address.
func (q *Queue) bySmartHost(ctx context.Context, o store.Outbound) outcome {
	h := q.c.Smart
	var d net.Dialer
	dial, cancel := context.WithTimeout(ctx, min(q.c.Command, q.c.Delivery))
	conn, err := d.DialContext(dial, "tcp", h.Address)
	cancel()
	if err != nil {
		return failed(h.Address, connecting, err).outcome
	}
	var login sasl.Client
	if h.Username != "" {
		login = sasl.NewPlainClient("", h.Username, h.Password)
	}
	a := q.session(ctx, conn, h.Address, h.security(), login, o)
	if a.stage < envelope { // it refuses us, not the mail: that can be put right
		a.class = temporary
	}
	return a.outcome
}

func (h *SmartHost) security() security {
	host, _, _ := net.SplitHostPort(h.Address)
	config := h.Config
	if config == nil {
		config = &tls.Config{}
	}
	if config.ServerName == "" {
		config = config.Clone()
		config.ServerName = host
	}
	switch h.TLS {
	case "tls":
		return security{implicit: true, config: config}
	case "starttls":
		return security{start: true, required: true, config: config}
	case "none":
		return security{}
	}
	if h.Username == "" { // where a password is sent the certificate must fit
		config = anyCertificate(host)
	}
	return security{start: true, config: config}
}

func (h *SmartHost) check() error {
	if _, _, err := net.SplitHostPort(h.Address); err != nil {
		return fmt.Errorf("the smart host %q is no host:port: %w", h.Address, err)
	}
	if !slices.Contains([]string{"", "tls", "starttls", "none"}, h.TLS) {
		return fmt.Errorf("TLS to the smart host is tls, starttls or none, not %q", h.TLS)
	}
	if h.Username != "" && h.TLS == "none" {
		return errors.New("a password is not sent to the smart host without TLS")
	}
	return nil
}
