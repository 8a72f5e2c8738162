package milter

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// opendkim starts the peer, verifying or signing.
func opendkim(b *testing.B, mode, network string) *process {
	path := "/usr/sbin/opendkim"
	if _, err := os.Stat(path); err != nil {
		b.Skip("opendkim is not installed")
	}
	p := start(b, "opendkim-"+mode+"-"+network, network, func(socket string) *exec.Cmd {
		var data strings.Builder
		for name, record := range world.records {
			fmt.Fprintf(&data, "%s %s\n", name, record)
		}
		names, conf := filepath.Join(world.dir, "dns-"+mode), filepath.Join(world.dir, "conf-"+mode+"-"+network)
		os.WriteFile(names, []byte(data.String()), 0o600)
		text := "Socket " + strings.Replace(socket, "unix:", "local:", 1) + "\nSyslog no\nRequireSafeKeys no\nMode " + mode + "\nCanonicalization relaxed/relaxed\nBackground no\n"
		if mode == "v" {
			text += "TestDNSData file:" + names + "\nAuthservID mx.b.example\n"
		} else {
			text += "Domain shop.example\nSelector rsa\nKeyFile " + filepath.Join(world.dir, "rsa.pem") + "\nInternalHosts 192.0.2.0/24,127.0.0.0/8\nOversignHeaders From\n"
		}
		os.WriteFile(conf, []byte(text), 0o600)
		return exec.Command(path, "-f", "-x", conf)
	})
	p.peer = true
	return p
}

func BenchmarkPeerOpenDKIMVerify10KB(b *testing.B) {
	load(b, opendkim(b, "v", "unix"), sample(b, 10<<10, "signed"), 4, "dkim=pass")
}

func BenchmarkPeerOpenDKIMVerify1MB(b *testing.B) {
	load(b, opendkim(b, "v", "unix"), sample(b, 1<<20, "signed"), 4, "dkim=pass")
}

func BenchmarkPeerOpenDKIMSignRSA10KB(b *testing.B) {
	load(b, opendkim(b, "s", "unix"), sample(b, 10<<10, "bare"), 4, "d=shop.example")
}
