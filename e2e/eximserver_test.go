package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// eximConf is a small Exim that passes everything on to one address; %[1]s is its folder, %[2]s its port, %[3]s and %[4]s the next host and port, %[5]s the program.
const eximConf = `keep_environment =
exim_path = %[5]s
exim_user = Debian-exim
exim_group = Debian-exim
primary_hostname = mail.sender.example
spool_directory = %[1]s/spool
log_file_path = %[1]s/spool/%%slog
pid_file_path = %[1]s/spool/pid
daemon_smtp_ports = %[2]s
local_interfaces = 127.0.0.1
log_timezone = true
tls_advertise_hosts =
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = check_rcpt
deliver_drop_privilege
begin acl
check_rcpt:
  accept
begin routers
next:
  driver = manualroute
  route_list = * %[3]s
  transport = smtp
  self = send
  host_find_failed = defer
begin transports
smtp:
  driver = smtp
  port = %[4]s
  hosts_try_fastopen =
begin retry
* * F,1h,30m
`

// startExim runs Exim.
func startExim(t *testing.T, next string) (c *cell, addr string, log func() string) {
	t.Helper()
	program := unpacked(t, "usr/sbin/exim4")
	c, addr = newCell(t), freePort(t)
	spool := filepath.Join(c.dir, "spool")
	if err := os.Mkdir(spool, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(spool, 0o777); err != nil { // root may be without the power to write where others own
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(addr, ":")
	host, nextPort, _ := strings.Cut(next, ":")
	conf := filepath.Join(c.dir, "exim.conf")
	write(t, conf, fmt.Sprintf(eximConf, c.dir, port, host, nextPort, program))
	log = func() string {
		b, _ := os.ReadFile(filepath.Join(spool, "mainlog"))
		return string(b)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("Exim said:\n%s", log())
		}
	})
	c.start(t, addr, program, "-C", conf, "-bdf", "-q1h")
	return c, addr, log
}
