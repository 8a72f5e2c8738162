package e2e

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
)

// nameserver is a real name server at port 53 of a loopback address, asked directly.
type nameserver struct {
	addr, conf string
	client     *dns.Client
}

// startNSD runs nsd for one zone, of which the rest of its configuration says where it comes from.
func startNSD(t *testing.T, ip, zone, from string) *nameserver {
	t.Helper()
	dir := shortDir(t) // the path of a socket is short
	s := &nameserver{addr: ip + ":53", conf: filepath.Join(dir, "nsd.conf")}
	write(t, s.conf, nsdServer(dir, ip)+fmt.Sprintf(`remote-control:
  control-enable: yes
  control-interface: "%s/control"
zone:
  name: "%s"
%s`, dir, zone, from))
	background(t, filepath.Join(dir, "nsd.log"), "/usr/sbin/nsd", "-d", "-c", s.conf)
	s.answersFor(t, zone)
	return s
}

// nsdServer is the server block of nsd's configuration: it serves zones of a folder at an address and keeps its state there.
func nsdServer(dir, ip string) string {
	return fmt.Sprintf(`server:
  ip-address: %[1]s@53
  zonesdir: "%[2]s"
  database: ""
  username: ""
  chroot: ""
  pidfile: "%[2]s/nsd.pid"
  xfrdfile: ""
  zonelistfile: "%[2]s/nsd.zones"
  logfile: "%[2]s/nsd.log"
  xfrdir: "%[2]s"
  server-count: 1
`, ip, dir)
}

// startUnbound runs a resolver with a cache, which asks the servers of one zone.
func startUnbound(t *testing.T, ip, zone string, servers ...*nameserver) *nameserver {
	t.Helper()
	dir := t.TempDir()
	s := &nameserver{addr: ip + ":53", conf: filepath.Join(dir, "unbound.conf")}
	stubs := ""
	for _, n := range servers {
		stubs += "  stub-addr: " + n.addr[:len(n.addr)-len(":53")] + "\n"
	}
	_, above, _ := strings.Cut(zone, ".") // there is no Internet to ask for it: it is not there
	write(t, s.conf, unboundServer(dir, ip, "iterator")+fmt.Sprintf(`  local-zone: "%[3]s." static
  local-zone: "%[1]s." transparent
stub-zone:
  name: "%[1]s"
%[2]sremote-control:
  control-enable: no
`, zone, stubs, above))
	background(t, filepath.Join(dir, "unbound.log"), "/usr/sbin/unbound", "-d", "-c", s.conf)
	s.answersFor(t, zone)
	return s
}

// unboundServer is the server block of unbound's configuration, to which further lines may be added.
func unboundServer(dir, ip, modules string) string {
	return fmt.Sprintf(`server:
  interface: %[1]s
  do-not-query-localhost: no
  access-control: 127.0.0.0/8 allow
  chroot: ""
  username: ""
  directory: "%[2]s"
  pidfile: "%[2]s/unbound.pid"
  use-syslog: no
  logfile: "%[2]s/unbound.log"
  module-config: "%[3]s"
  num-threads: 1
`, ip, dir, modules)
}

func (s *nameserver) answersFor(t *testing.T, zone string) {
	t.Helper()
	var err error
	if s.client, err = dns.NewClient(dns.ClientConfig{Servers: []string{s.addr}, Timeout: 2 * time.Second}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	poll(t, ctx, s.addr+" to answer", func() bool {
		return s.client.Resolve(ctx, dns.Question{Name: zone, Type: dns.TypeSOA}).Status.Found()
	}, func() string { return s.conf })
}

// asked asks it for the TXT records of a name, whatever it has.
func (s *nameserver) asked(t *testing.T, name string) {
	t.Helper()
	s.client.Resolve(t.Context(), dns.Question{Name: name, Type: dns.TypeTXT})
}

// tell gives it a command, and waits until it did what that is for.
func (s *nameserver) tell(t *testing.T, until func() bool, command ...string) {
	t.Helper()
	out, err := exec.Command("/usr/sbin/nsd-control", append([]string{"-c", s.conf}, command...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("nsd-control %v: %v\n%s", command, err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	poll(t, ctx, fmt.Sprint(s.addr, " after ", command), until, func() string { return string(out) })
}
