package cli

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/milter"
	"github.com/todoku/todoku/internal/serve"
)

// checkListen says what is wrong with the address of a flag that listens, HOST:PORT: wrong usage, found before anything listens. Whether the address is
// free and of this host shows later.
func (a *app) checkListen(flag, value string) error {
	host, port, err := net.SplitHostPort(value)
	if err != nil || !listenHost(host) || !listenPort(port) {
		return usagef("%s", a.say(msgBadListen, "flag", flag, "value", strconv.Quote(value)))
	}
	return nil
}

// checkLMTP is checkListen for the address of LMTP, which may be a Unix socket and is on this host.
func (a *app) checkLMTP(value string) error {
	path, unix := strings.CutPrefix(value, "unix:")
	switch {
	case value == "" || unix && path != "":
		return nil
	case unix:
		return usagef("%s", a.say(msgBadListen, "flag", "lmtp", "value", strconv.Quote(value)))
	}
	if err := a.checkListen("lmtp", value); err != nil {
		return err
	}
	if !serve.OnLoopback(value) {
		return usagef("%s", a.say(msgLMTPAbroad, "value", strconv.Quote(value)))
	}
	return nil
}

// checkSockets is checkListen for sockets as mail servers name them, or the service manager.
func (a *app) checkSockets(flag string, values []string) error {
	if bad, ok := badSocket(values); ok {
		return usagef("%s", a.say(msgBadSocket, "flag", flag, "value", strconv.Quote(bad)))
	}
	return nil
}

// badSocket gives the first that is no socket.
func badSocket(values []string) (bad string, ok bool) {
	for _, v := range values {
		if v == "systemd" || strings.HasPrefix(v, "systemd:") {
			continue
		}
		network, address, err := milter.ParseAddress(v)
		if err != nil {
			return v, true
		}
		if host, _, _ := net.SplitHostPort(address); network != "unix" && !listenHost(host) { // it was put together so
			return v, true
		}
	}
	return "", false
}

// listenFlag is the flag that says where the milter listens.
func (f *milterFlags) listenFlag(prefix string) string {
	if prefix != "" { // within serve
		return "milter"
	}
	return "listen"
}

// checkMilter checks the sockets of a milter and its tables.
func (a *app) checkMilter(f *milterFlags, prefix string) error {
	if err := a.checkSockets(f.listenFlag(prefix), f.listen); err != nil {
		return err
	}
	if err := a.checkSockets(prefix+"srs-listen", f.forward.srsListen); err != nil {
		return err
	}
	return a.checkSockets(prefix+"alias-listen", f.forward.tables)
}

// listenHost reports whether a text is an IP address, a host name, or empty for all addresses of this host.
func listenHost(s string) bool {
	if _, err := netip.ParseAddr(s); s == "" || err == nil {
		return true
	}
	labels := strings.Split(strings.TrimSuffix(s, "."), ".")
	last := labels[len(labels)-1]
	return dns.ValidName(s) && strings.Trim(last, "0123456789") != "" && !slices.Contains(labels, "") && !strings.ContainsAny(s, ":/@ ")
}

// listenPort reports whether a text is a port: a number, 0 for any that is free, or the name of a service.
func listenPort(s string) bool {
	n, err := net.LookupPort("tcp", s)
	return s != "" && err == nil && n >= 0
}
