package lab

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
)

// freePort gives a loopback address that is free now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestUnboundValidates: NLnet Labs' validator takes what the lab's name server signs, what is
// not there included, and refuses it under another key.
func TestUnboundValidates(t *testing.T) {
	unbound := "/usr/sbin/unbound"
	if _, err := os.Stat(unbound); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("unbound is not installed")
		}
		t.Skipf("%s: unbound is not installed", t.Name())
	}
	at := freePort(t)
	l := startLab(t, func(c *Config) { c.DNS = at })
	other := startLab(t, nil)
	for name, anchor := range map[string]string{"its own key": l.signer.ds(), "another key": other.signer.ds()} {
		t.Run(name, func(t *testing.T) {
			c := runUnbound(t, unbound, at, anchor)
			for _, q := range []struct {
				name   string
				typ    dns.Type
				status dns.Status
			}{
				{"good", dns.TypeMX, dns.Success}, {"_25._tcp.mx-dane-good", dns.TypeTLSA, dns.Success}, {"mx-good", dns.TypeA, dns.Success}, {"_mta-sts.sts-bad", dns.TypeTXT, dns.Success},
				{"null-mx", dns.TypeMX, dns.Success}, {"mx-good", dns.TypeAAAA, dns.NoData}, {"_25._tcp.mx-good", dns.TypeTLSA, dns.NoData}, {"_tcp.mx-dane-bad", dns.TypeTXT, dns.NoData},
			} {
				a := c.Resolve(context.Background(), dns.Question{Name: q.name + ".lab.example.com", Type: q.typ})
				if name == "another key" {
					if a.Status != dns.ServFail {
						t.Errorf("%s %s: %s under another key", q.name, q.typ, a.Status)
					}
					continue
				}
				// A name that does not exist may be told as one without data (RFC 9824).
				if found := a.Status == q.status || q.status == dns.NoData && a.Status == dns.NXDomain; !found || !a.AuthenticData {
					t.Errorf("%s %s: %s, validated %v: %s", q.name, q.typ, a.Status, a.AuthenticData, a.Detail)
				}
			}
			if name == "its own key" {
				l.cfg.Resolver = c
				if lacks := l.setup(context.Background())[DANEBad]; lacks != "" {
					t.Errorf("DANE lacks %s", lacks)
				}
			}
		})
	}
}

// runUnbound has unbound ask one server for the lab's domain, with one trust anchor.
func runUnbound(t *testing.T, program, server, anchor string) dns.Resolver {
	t.Helper()
	dir, listen := t.TempDir(), freePort(t)
	conf := filepath.Join(dir, "unbound.conf")
	text := fmt.Sprintf(`
server:
  interface: %s
  directory: %q
  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  num-threads: 1
  do-not-query-localhost: no
  module-config: "validator iterator"
  trust-anchor: %q
  root-hints: ""
  local-zone: "up.invalid." static
stub-zone:
  name: "lab.example.com"
  stub-addr: %s
remote-control:
  control-enable: no
`, strings.Replace(listen, ":", "@", 1), dir, strings.ReplaceAll(anchor, "\t", " "), strings.Replace(server, ":", "@", 1))
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	cmd := exec.Command(program, "-d", "-p", "-c", conf)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { _ = cmd.Wait(); close(gone) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-gone })
	c, err := dns.NewClient(dns.ClientConfig{Servers: []string{listen}, Timeout: 15 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if a := c.Resolve(context.Background(), dns.Question{Name: "up.invalid", Type: dns.TypeA}); !a.Status.Failed() {
			return c
		}
		select {
		case <-gone:
			t.Fatalf("unbound ended: %s", out.String())
		default:
		}
	}
	t.Fatal("unbound does not answer")
	return nil
}
