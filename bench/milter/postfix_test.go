package milter

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/milter"
)

// null is a milter that asks for no reply and has nothing to say: what the protocol alone costs Postfix.
type null struct{}

func (null) Connect() milter.Reply                                      { return milter.Continue }
func (null) Helo() milter.Reply                                         { return milter.Continue }
func (null) Mail(milter.Path) (milter.Transaction, milter.Reply)        { return null{}, milter.Continue }
func (null) Unknown([]byte) milter.Reply                                { return milter.Continue }
func (null) Close()                                                     {}
func (null) Rcpt(milter.Path) milter.Reply                              { return milter.Continue }
func (null) Data() milter.Reply                                         { return milter.Continue }
func (null) Header(_, _ []byte) milter.Reply                            { return milter.Continue }
func (null) Beyond(_, _ []byte)                                         {}
func (null) EndOfHeader(bool) milter.Reply                              { return milter.Continue }
func (null) Body([]byte) milter.Reply                                   { return milter.Continue }
func (null) EndOfMessage(context.Context, *milter.Changes) milter.Reply { return milter.Accept }
func (null) Abort()                                                     {}

// postfix runs Debian's Postfix with one milter per SMTP port (""; none), and throws away what comes.
func postfix(b *testing.B, milters ...string) (ports []string) {
	b.Helper()
	if _, err := os.Stat("/usr/sbin/postfix"); err != nil || os.Geteuid() != 0 {
		b.Skip("there is no Postfix, or this user may not start it")
	}
	if _, err := exec.LookPath("smtp-source"); err != nil {
		b.Skip("there is no smtp-source")
	}
	root, err := os.MkdirTemp("", "bench-postfix-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(root) })
	dir := func(name string) string { return filepath.Join(root, name) }
	os.Chmod(root, 0o755)
	for _, d := range []string{"conf", "queue", "data"} {
		os.Mkdir(dir(d), 0o755)
	}
	u, err := user.Lookup("postfix")
	if err != nil {
		b.Skip(err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	os.Chown(dir("data"), uid, -1)
	main := "compatibility_level = 3.6\nqueue_directory = " + dir("queue") + "\ndata_directory = " + dir("data") + "\nmaillog_file = " + dir("log") + "\nmaillog_file_prefixes = " + root +
		"\nmyhostname = mail.b.example\nmydestination =\ninet_interfaces = loopback-only\ninet_protocols = ipv4\ndisable_dns_lookups = yes\nsmtpd_peername_lookup = no\nalias_maps =\nlocal_recipient_maps =\n" +
		"relay_domains = b.example\nrelay_transport = discard:\nsmtpd_relay_restrictions = reject_unauth_destination\nmilter_default_action = tempfail\n"
	master := "pickup unix n - n 60 1 pickup\ncleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\nrewrite unix - - n - - trivial-rewrite\nbounce unix - - n - 0 bounce\ndefer unix - - n - 0 bounce\n" +
		"discard unix - - n - - discard\nanvil unix - - n - 1 anvil\nerror unix - - n - - error\nretry unix - - n - - error\npostlog unix-dgram n - n - 1 postlogd\n"
	for _, m := range milters {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		ports = append(ports, l.Addr().String())
		l.Close()
		master += ports[len(ports)-1] + " inet n - n - - smtpd"
		if m != "" {
			master += " -o smtpd_milters=" + m
		}
		master += "\n"
	}
	os.WriteFile(filepath.Join(dir("conf"), "main.cf"), []byte(main), 0o644)
	os.WriteFile(filepath.Join(dir("conf"), "master.cf"), []byte(master), 0o644)
	run := func(verb string) {
		if out, err := exec.Command("/usr/sbin/postfix", "-c", dir("conf"), verb).CombinedOutput(); err != nil {
			b.Fatalf("postfix %s: %v\n%s", verb, err, out)
		}
	}
	run("start")
	b.Cleanup(func() { run("stop") })
	return ports
}

// rate is how many messages of 10 KB a second Postfix takes.
func rate(b *testing.B, port string, sessions, messages int) float64 {
	b.Helper()
	began := time.Now()
	out, err := exec.Command("smtp-source", "-s", strconv.Itoa(sessions), "-m", strconv.Itoa(messages), "-l", "10240", "-f", "info@shop.example", "-t", "a@b.example", "inet:"+port).CombinedOutput()
	if err != nil || strings.Contains(string(out), "fatal") {
		b.Fatalf("smtp-source: %v\n%s", err, out)
	}
	return float64(messages) / time.Since(began).Seconds()
}

// turn is the order of so many in a run: each comes first and last, and behind either neighbour, equally often, for what one
// leaves Postfix to deliver falls to the next.
func turn(run, of int) []int {
	order := make([]int, of)
	for i := range order {
		order[i] = (i + run) % of
		if run/of%2 == 1 {
			order[i] = of - 1 - order[i]
		}
	}
	return order
}

// benchPostfix gives medians of alternating runs.
func benchPostfix(b *testing.B, sessions int) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	nothing := &milter.Server{Handler: func(*milter.Conn) milter.Session { return null{} }}
	done := make(chan error, 1)
	go func() { done <- nothing.Serve(ctx, l, time.Second) }()
	b.Cleanup(func() { stop(); <-done })
	verifying := ours(b, "postfix", "tcp", "")
	ports := postfix(b, fmt.Sprint("inet:", l.Addr()), "inet:"+verifying.addr)
	const messages, runs = 50, 40
	rates := make([][]float64, len(ports))
	for range b.N {
		for _, p := range ports {
			rate(b, p, sessions, 10)
		}
		for run := range runs {
			for _, i := range turn(run, len(ports)) {
				rates[i] = append(rates[i], rate(b, ports[i], sessions, messages))
			}
		}
	}
	b.ReportMetric(median(rates[0]), "null-msgs/s")
	b.ReportMetric(median(rates[1]), "msgs/s")
	b.ReportMetric(100*median(rates[1])/median(rates[0]), "%-of-null")
}

func BenchmarkPostfix1(b *testing.B) { benchPostfix(b, 1) }
func BenchmarkPostfix8(b *testing.B) { benchPostfix(b, 8) }
