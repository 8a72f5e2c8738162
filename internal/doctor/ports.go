package doctor

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/dns"
)

// errOccupied: a file that is no socket stands where one is to be.
var errOccupied = errors.New("a file that is no socket stands there")

// errSocketThere: a socket stands there, of a running program or left over.
var errSocketThere = errors.New("a socket stands there")

// lookPorts opens each place and closes it at once.
func lookPorts(ctx context.Context, places []Place) (ports []Port) {
	for _, p := range places {
		port := Port{Place: p}
		address := p.Address
		if p.Network == "unix" {
			if info, err := os.Lstat(address); err == nil {
				port.Err = errOccupied
				if info.Mode()&os.ModeSocket != 0 {
					port.Err = errSocketThere
				}
				ports = append(ports, port)
				continue
			}
			address += fmt.Sprintf(".%d", os.Getpid()) // its own name may be waited for
		}
		var lc net.ListenConfig
		l, err := lc.Listen(ctx, p.Network, address)
		if err == nil {
			err = l.Close()
		}
		if port.Err = err; inUse(err) && p.Network != "unix" {
			port.Holder = holder(p.Address)
		}
		ports = append(ports, port)
	}
	return ports
}

// maxDescriptors bounds the search for the process that holds a port.
const maxDescriptors = 200_000

// holder gives the process that listens at the port of an address, where /proc tells.
func holder(address string) (h Holder) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return h
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return h
	}
	sockets := map[string]bool{}
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		listening(file, uint16(n), sockets)
	}
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil || len(sockets) == 0 {
		return h
	}
	seen := 0
	for _, p := range processes {
		entries, err := os.ReadDir(p + "/fd")
		if err != nil {
			continue // another user's
		}
		for _, e := range entries {
			if seen++; seen > maxDescriptors {
				return h
			}
			link, err := os.Readlink(p + "/fd/" + e.Name())
			if err != nil || !sockets[link] {
				continue
			}
			return process(p)
		}
	}
	return h
}

// listening adds the sockets that listen at a port, by the names that they have as descriptors.
func listening(file string, port uint16, sockets map[string]bool) {
	f, err := os.Open(file)
	if err != nil {
		return
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, 16<<20))
	for lines.Scan() {
		// sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode; state 0A listens (proc_pid_net(5))
		fields := strings.Fields(lines.Text())
		if len(fields) < 10 || fields[3] != "0A" || !strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", port)) {
			continue
		}
		sockets["socket:["+fields[9]+"]"] = true
	}
}

func process(folder string) (h Holder) {
	h.PID, _ = strconv.Atoi(filepath.Base(folder))
	if name, err := os.ReadFile(folder + "/comm"); err == nil {
		h.Name = strings.TrimSpace(string(name))
	}
	own, _ := os.Executable()
	exe, err := os.Readlink(folder + "/exe")
	h.Ours = h.PID != os.Getpid() && (h.Name == "todoku" || err == nil && exe == own)
	return h
}

// probe connects to port 25 of the host that the user named, reads the greeting and leaves.
func (cfg Config) probe(ctx context.Context, r dns.Resolver) *Probed {
	if cfg.Probe == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	p := &Probed{Host: cfg.Probe}
	addrs, err := addresses(ctx, r, cfg.Probe)
	if p.Resolved, p.Err = err == nil, err; err != nil {
		return p
	}
	port := 25
	if cfg.ProbePort != 0 {
		port = cfg.ProbePort
	}
	for _, addr := range addrs {
		if p.Greeting, p.Err = greeting(ctx, netip.AddrPortFrom(addr, uint16(port)).String()); p.Err == nil {
			return p
		}
	}
	return p
}

// maxAddresses is how many addresses of a host are tried.
const maxAddresses = 4

func addresses(ctx context.Context, r dns.Resolver, host string) (out []netip.Addr, err error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	if r == nil {
		return nil, errors.New("the resolver does not answer")
	}
	var a dns.Answer
	for _, t := range []dns.Type{dns.TypeA, dns.TypeAAAA} {
		a = r.Resolve(ctx, dns.Question{Name: host, Type: t})
		for _, rec := range a.Records[:min(len(a.Records), maxAddresses/2)] {
			out = append(out, rec.Addr)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no address: %s", a.Status)
	}
	return out, nil
}

// greeting reads the first line of a server, and says goodbye.
func greeting(ctx context.Context, address string) (string, error) {
	var d net.Dialer
	d.Timeout = 5 * time.Second
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	line, err := bufio.NewReader(io.LimitReader(conn, 200)).ReadString('\n')
	if err != nil && line == "" {
		return "", fmt.Errorf("%s took the connection and said nothing: %w", address, err)
	}
	_, _ = io.WriteString(conn, "QUIT\r\n") // it is said for politeness
	return strings.TrimSpace(line), nil
}
