package e2e

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// unpacked gives a file of the mail servers that Debian installs beside no other one. scripts/mailservers fetches them; the folder may be named
// by TODOKU_MAIL_SERVERS.
func unpacked(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("TODOKU_MAIL_SERVERS")
	if dir == "" {
		dir = "../dist/mailservers"
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	need(t, "unshare", "mount", "m4", filepath.Join(dir, name))
	needRoot(t, "a mail server")
	return filepath.Join(dir, name)
}

// cell is where a mail server runs that believes in /etc and /dev: its own name service, its own accounts and its own syslog.
type cell struct {
	dir string
	log *syncBuffer // what it told syslog, as rsyslog writes that
	err *syncBuffer
}

// eximID is the user and group that Exim runs as.
const eximID = 64999

// hostsOfCells are all the names that such a server can look up; it asks no name server.
const hostsOfCells = "127.0.0.1 localhost\n" + senderIP + " mail.sender.example\n127.0.0.3 mx.receiver.example\n"

func newCell(t *testing.T) *cell {
	t.Helper()
	c := &cell{dir: shortDir(t), log: &syncBuffer{}, err: &syncBuffer{}}
	for _, file := range []string{"passwd", "group"} {
		b, err := os.ReadFile("/etc/" + file)
		if err != nil {
			t.Fatal(err)
		}
		extra := map[string]string{"passwd": fmt.Sprintf("Debian-exim:x:%[1]d:%[1]d::/nonexistent:/bin/false\n", eximID), "group": fmt.Sprintf("Debian-exim:x:%d:\n", eximID)}[file]
		write(t, filepath.Join(c.dir, file), strings.TrimSpace(string(b))+"\n"+extra)
	}
	write(t, filepath.Join(c.dir, "hosts"), hostsOfCells)
	write(t, filepath.Join(c.dir, "resolv.conf"), "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
	write(t, filepath.Join(c.dir, "nsswitch.conf"), "passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n")
	c.listen(t)
	return c
}

var syslogLine = regexp.MustCompile(`^<\d+>(\w{3} [ \d]\d \d\d:\d\d:\d\d) (.*)`)

// listen is the syslog of the cell.
func (c *cell) listen(t *testing.T) {
	t.Helper()
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(c.dir, "log"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(c.dir, "log"), 0o666); err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	done.Go(func() {
		b := make([]byte, 64<<10)
		for {
			n, err := l.Read(b)
			if err != nil {
				return
			}
			if m := syslogLine.FindStringSubmatch(strings.TrimRight(string(b[:n]), "\n\x00")); m != nil {
				fmt.Fprintf(c.log, "%s mail %s\n", m[1], m[2])
			}
		}
	})
	t.Cleanup(func() { l.Close(); done.Wait() })
}

// inCell lays the files of the cell over /etc and /dev, and becomes the command. It ends with all that it began.
const inCell = `set -e
d=$0
for f in passwd group hosts resolv.conf nsswitch.conf; do mount --bind "$d/$f" "/etc/$f"; done
mkdir -p "$d/dev"
mount -t tmpfs -o mode=755 none "$d/dev"
for f in null zero random urandom tty; do : >"$d/dev/$f"; mount --bind "/dev/$f" "$d/dev/$f"; done
ln -s /proc/self/fd "$d/dev/fd"
: >"$d/dev/log"
mount --bind "$d/log" "$d/dev/log"
mount --rbind "$d/dev" /dev
exec "$@"`

func (c *cell) command(args ...string) *exec.Cmd {
	cmd := exec.Command("unshare", append([]string{"--mount", "--pid", "--fork", "--kill-child", "sh", "-c", inCell, c.dir}, args...)...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "TZ=UTC"}
	return cmd
}

// start runs a server until the test ends, and waits for its greeting.
func (c *cell) start(t *testing.T, addr string, args ...string) {
	t.Helper()
	if out, err := exec.Command("unshare", "--mount", "--pid", "--fork", "true").CombinedOutput(); err != nil {
		lack(t, "no namespaces: %v %s", err, out)
	}
	cmd := c.command(args...)
	cmd.Stdout, cmd.Stderr = c.err, c.err
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() { cmd.Wait(); close(exited) }()
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // the first process of the cell with it, and so all; --kill-child misses what has the setgid bit
		<-exited
		if t.Failed() {
			t.Logf("%s said:\n%s%s", args[0], c.err, c.log)
		}
	})
	poll(t, t.Context(), args[0], func() bool {
		select {
		case <-exited:
			t.Fatalf("%v ended:\n%s%s", args, c.err, c.log)
		default:
		}
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err != nil {
			return false
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		n, err := conn.Read(make([]byte, 3))
		return n == 3 && err == nil
	}, func() string { return c.err.String() + c.log.String() })
}

// mail hands a message over by SMTP; from is where the client connects from, "" for 127.0.0.1. The error is an *smtp.SMTPError where the server refused.
func mail(t *testing.T, from, addr, sender, to, raw string) error {
	t.Helper()
	d := net.Dialer{Timeout: 10 * time.Second}
	if from != "" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	conn, err := d.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	c := smtp.NewClient(conn)
	defer c.Close()
	if err := c.Hello("client.example"); err != nil {
		return err
	}
	if err := c.SendMail(sender, []string{to}, strings.NewReader(raw)); err != nil {
		return err
	}
	return c.Quit()
}

// refusal is the reply of a refusal; 0 for none.
func refusal(err error) (code int, text string) {
	var e *smtp.SMTPError
	if errors.As(err, &e) {
		return e.Code, fmt.Sprintf("%d.%d.%d %s", e.EnhancedCode[0], e.EnhancedCode[1], e.EnhancedCode[2], e.Message)
	}
	return 0, fmt.Sprint(err)
}
