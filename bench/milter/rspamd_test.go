package milter

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// rspamdConf has rspamd do what our milter does and nothing else: SPF, DKIM, ARC, DMARC, and their results in a field. What
// stands for %[1]s is a directory, for %[2]s the socket, for %[3]s the name server.
const rspamdConf = `options { pidfile = "%[1]s/pid"; tempdir = "%[1]s"; filters = "dkim"; dns { nameserver = ["%[3]s"]; timeout = 5s; } local_addrs = "203.0.113.1"; url_tld = "/usr/share/rspamd/effective_tld_names.dat";
  cache_file = "%[1]s/cache"; history_file = "%[1]s/history"; stats_file = "%[1]s/stats"; rrd = ""; control_socket = "%[1]s/control mode=0600"; explicit_modules = []; }
logging { type = "console"; level = "error"; }
actions { reject = 15000; add_header = 6000; greylist = 4000; }
worker "rspamd_proxy" { bind_socket = "%[2]s mode=0666"; count = 2; milter = yes; timeout = 60s; upstream "local" { default = yes; self_scan = yes; } }
lua = "/usr/share/rspamd/rules/rspamd.lua"
modules { path = "/usr/share/rspamd/plugins/spf.lua"; path = "/usr/share/rspamd/plugins/dmarc.lua"; path = "/usr/share/rspamd/plugins/arc.lua"; path = "/usr/share/rspamd/plugins/milter_headers.lua"; }
spf { enabled = true; } dkim { enabled = true; } dmarc { enabled = true; } arc { enabled = true; }
milter_headers { use = ["authentication-results"]; skip_local = false; skip_authenticated = false; routines { authentication-results { header = "Authentication-Results"; add_smtp_user = false; } } }
`

// rspamd starts the peer; its workers are processes of their own, of which two filter.
func rspamd(b *testing.B) *process {
	path, err := exec.LookPath("rspamd")
	if err != nil {
		b.Skip("rspamd is not installed")
	}
	p := start(b, "rspamd", "unix", func(socket string) *exec.Cmd {
		dir := filepath.Join(world.dir, "rspamd.d")
		os.Mkdir(dir, 0o755)
		conf := filepath.Join(dir, "conf")
		os.WriteFile(conf, fmt.Appendf(nil, rspamdConf, dir, strings.TrimPrefix(socket, "unix:"), world.zone.Addr()), 0o644)
		return exec.Command(path, "--no-fork", "--insecure", "--config", conf)
	})
	p.peer, p.children = true, true
	return p
}

// family gives a process and its children.
func family(pid int) []int {
	pids := []int{pid}
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for _, f := range strings.Fields(string(text)) {
		if n, err := strconv.Atoi(f); err == nil {
			pids = append(pids, n)
		}
	}
	return pids
}

func BenchmarkPeerRspamdVerify10KB(b *testing.B) {
	load(b, rspamd(b), sample(b, 10<<10, "signed"), 4, "dkim=pass", "spf=pass", "dmarc=pass")
}

func BenchmarkPeerRspamdVerify1MB(b *testing.B) {
	load(b, rspamd(b), sample(b, 1<<20, "signed"), 4, "dkim=pass", "spf=pass", "dmarc=pass")
}
