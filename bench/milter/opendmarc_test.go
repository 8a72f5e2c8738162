package milter

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/todoku/todoku/dns/dnstest"
)

// BenchmarkPeerOpenDMARC10KB is OpenDMARC with its own SPF check, behind an OpenDKIM that is not counted: the message says
// what that found.
func BenchmarkPeerOpenDMARC10KB(b *testing.B) {
	const path = "/usr/sbin/opendmarc"
	if _, err := os.Stat(path); err != nil {
		b.Skip("opendmarc is not installed")
	}
	if exec.Command("unshare", "--mount", "true").Run() != nil {
		b.Skip("this user may not give a program a resolv.conf of its own")
	}
	zone, err := dnstest.Start(world.memory, "127.0.0.78:53")
	if err != nil {
		b.Skip(err)
	}
	b.Cleanup(func() { zone.Close() })
	p := start(b, "opendmarc", "unix", func(socket string) *exec.Cmd {
		resolv, conf := filepath.Join(world.dir, "resolv.conf"), filepath.Join(world.dir, "opendmarc.conf")
		os.WriteFile(resolv, []byte("nameserver 127.0.0.78\n"), 0o644)
		os.WriteFile(conf, []byte("Socket local:"+strings.TrimPrefix(socket, "unix:")+"\nSyslog no\nBackground no\nAuthservID mx.b.example\nSPFSelfValidate yes\nSPFIgnoreResults yes\n"), 0o644)
		return exec.Command("unshare", "--mount", "sh", "-c", `mount --bind "$0" /etc/resolv.conf && exec "$@"`, resolv, path, "-f", "-c", conf)
	})
	p.peer = true
	load(b, p, sample(b, 10<<10, "signed"), 4, "dmarc=pass")
}
