package serve

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
)

// OnLoopback reports whether an address, HOST:PORT, is one that only this host reaches.
func OnLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	ip, noIP := netip.ParseAddr(host)
	return err == nil && (host == "localhost" || noIP == nil && ip.IsLoopback())
}

// listenLMTP opens the address where mail servers on this host hand over: whoever
// connects there is believed, so it is a Unix socket or on loopback. A socket that a
// program which is gone left behind is taken over. nil for "".
func listenLMTP(addr string) (net.Listener, error) {
	if addr == "" {
		return nil, nil
	}
	path, unix := strings.CutPrefix(addr, "unix:")
	if !unix {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return nil, fmt.Errorf("the LMTP address %q: %w", addr, err)
		}
		if !OnLoopback(addr) {
			return nil, fmt.Errorf("the LMTP address %q is not on loopback: whoever connects there could say that anybody sent a message", addr)
		}
		return listen("LMTP", addr)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() == os.ModeSocket {
		if conn, err := net.Dial("unix", path); err == nil {
			conn.Close()
			return nil, fmt.Errorf("the LMTP socket %s is in use by another program", path)
		}
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("the LMTP socket: %w", err)
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("the LMTP socket: %w", err)
	}
	if err := os.Chmod(path, 0o660); err != nil {
		l.Close()
		return nil, fmt.Errorf("the LMTP socket: %w", err)
	}
	return l, nil
}
