package milter

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/todoku/todoku/dns/dnstest"
)

// with starts our milter with more flags.
func with(b *testing.B, name, network string, flags ...string) *process {
	return start(b, name, network, func(socket string) *exec.Cmd {
		return exec.Command(world.program, append([]string{"milter", "--listen", socket, "--authserv-id", "mx.b.example", "--resolver", world.zone.Addr()}, flags...)...)
	})
}

func key(algorithm string) string {
	return "shop.example:" + algorithm + ":" + filepath.Join(world.dir, algorithm+".pem")
}

// BenchmarkSeal10KB verifies a message and adds an ARC set, which is two RSA operations.
func BenchmarkSeal10KB(b *testing.B) {
	p := with(b, "seal", "unix", "--trusted-network", "none", "--seal-domain", "shop.example", "--seal-key", key("rsa"))
	loadBeyond(b, p, sample(b, 10<<10, "signed"), 2, "µs-over-2-RSA", append(verified, "ARC-Seal")...)
}

// BenchmarkLatency10KB sends verified messages at 80 % of the rate that the milter reaches, each at its time whether or not
// those before it are answered, and reports the time from when a message was due to its verdict: the median of several
// trials, for a machine that others use stands still now and then. The milter has one processor to itself and the client
// another, where there are two: else the client would be measured, which is as busy. The DNS is on loopback.
func BenchmarkLatency10KB(b *testing.B) {
	p, l := apart(b), sample(b, 10<<10, "signed")
	const connections, trial = 16, 1000
	free := make(chan *client, connections)
	for range connections {
		c, err := dial(p.network, p.addr, "192.0.2.1")
		if err != nil {
			b.Fatal(err)
		}
		defer c.close()
		free <- c
	}
	pass := func() {
		c := <-free
		if _, err := c.pass(l); err != nil {
			b.Error(err)
		}
		free <- c
	}
	var p50, p99, rates []float64
	b.ResetTimer()
	for b.Loop() {
		began := time.Now()
		var wg sync.WaitGroup
		for range connections {
			wg.Go(func() {
				for range trial / connections {
					pass()
				}
			})
		}
		wg.Wait()
		gap := time.Since(began) * 10 / 8 / (trial / connections * connections)
		took := make([]time.Duration, trial)
		began = time.Now()
		for i := range took {
			due := began.Add(time.Duration(i) * gap)
			time.Sleep(time.Until(due))
			wg.Go(func() {
				pass()
				took[i] = time.Since(due)
			})
		}
		wg.Wait()
		slices.Sort(took)
		p50, p99 = append(p50, took[len(took)/2].Seconds()*1e3), append(p99, took[len(took)*99/100].Seconds()*1e3)
		rates = append(rates, float64(time.Second)/float64(gap))
	}
	b.ReportMetric(median(p50), "ms-p50")
	b.ReportMetric(median(p99), "ms-p99")
	b.ReportMetric(median(rates), "msgs/s")
}

// apart starts a verifying milter on the last processor, and keeps this process off it until the benchmark ends.
func apart(b *testing.B) *process {
	taskset, err := exec.LookPath("taskset")
	if err != nil || runtime.NumCPU() < 2 {
		return ours(b, "verify", "unix", "")
	}
	last := runtime.NumCPU() - 1
	move := func(cpus string) {
		if out, err := exec.Command(taskset, "--all-tasks", "--cpu-list", "--pid", cpus, strconv.Itoa(os.Getpid())).CombinedOutput(); err != nil {
			b.Fatalf("taskset: %v\n%s", err, out)
		}
	}
	p := start(b, "verify-apart", "unix", func(socket string) *exec.Cmd {
		return exec.Command(taskset, "--cpu-list", strconv.Itoa(last), world.program, "milter", "--listen", socket, "--authserv-id", "mx.b.example",
			"--resolver", world.zone.Addr(), "--trusted-network", "none")
	})
	move(fmt.Sprintf("0-%d", last-1))
	b.Cleanup(func() { move(fmt.Sprintf("0-%d", last)) })
	return p
}

// benchPostfixSign reports what signing costs a message more than no milter at all, beyond one bare RSA operation: without a
// milter, with ours and bare operations take turns, and the median of the differences counts.
func benchPostfixSign(b *testing.B, sessions int) {
	benchPostfixSigner(b, sessions, 100, 11, with(b, "postfix-sign", "tcp", "--trusted-network", "127.0.0.0/8", "--key", key("rsa")))
}

func benchPostfixSigner(b *testing.B, sessions, messages, runs int, signing *process) {
	ports := postfix(b, "", "inet:"+signing.addr)
	var without, ours, beyond, cpu []float64
	for range b.N {
		for _, p := range ports {
			rate(b, p, sessions, 10)
		}
		for range runs {
			bare := rsaCost(b, 1, 20)
			none := rate(b, ports[0], sessions, messages)
			before := signing.cpu(b)
			signed := rate(b, ports[1], sessions, messages)
			spent := (signing.cpu(b) - before) / time.Duration(messages)
			bare = (bare + rsaCost(b, 1, 20)) / 2
			without, ours = append(without, none), append(ours, signed)
			beyond = append(beyond, 1e6/signed-1e6/none-float64(bare.Microseconds()))
			cpu = append(cpu, float64((spent - bare).Microseconds()))
		}
	}
	b.ReportMetric(median(without), "without-msgs/s")
	b.ReportMetric(median(ours), "msgs/s")
	b.ReportMetric(100*median(ours)/median(without), "%-of-no-milter")
	b.ReportMetric(median(beyond), "µs-over-RSA")
	b.ReportMetric(median(cpu), "cpu-µs-over-RSA")
}

func BenchmarkPostfixSign1(b *testing.B) { benchPostfixSign(b, 1) }
func BenchmarkPostfixSign8(b *testing.B) { benchPostfixSign(b, 8) }

// OpenDKIM over TCP takes a tenth of a second for each message of one session: few will do.
func BenchmarkPostfixPeerOpenDKIMSign1(b *testing.B) {
	benchPostfixSigner(b, 1, 20, 3, opendkim(b, "s", "tcp"))
}

func BenchmarkPostfixPeerOpenDKIMSign8(b *testing.B) {
	benchPostfixSigner(b, 8, 80, 3, opendkim(b, "s", "tcp"))
}

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
