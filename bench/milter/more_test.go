package milter

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
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

// BenchmarkLatency10KB sends verified messages at the rate at which the milter is busy for 80 % of the time, each at its time
// whether or not those before it are answered, and reports the time from when a message was due to its verdict: the median
// of several trials, for a machine that others use stands still now and then. The milter has one processor to itself and the
// client another: else the client would be measured, which is as busy. The floor is a milter that does nothing, at the same
// rate. The DNS is on loopback.
func BenchmarkLatency10KB(b *testing.B) {
	l := sample(b, 10<<10, "signed")
	verifying := apart(b, "verify", world.program, "milter", "--authserv-id", "mx.b.example", "--resolver", world.zone.Addr(), "--trusted-network", "none")
	ours, nothing := clients(b, verifying), clients(b, apart(b, "bare", os.Args[0]))
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // the client's own collections are not to be measured
	const trial, trials = 1000, 5
	var p50, p99, floor, rates, busy []float64
	b.ResetTimer()
	for range b.N * trials {
		runtime.GC()
		half := 2 * ours.pace(b, l, trial)
		before := verifying.cpu(b)
		ours.timed(b, l, trial, half)
		gap := (verifying.cpu(b) - before) / trial * 10 / 8
		before = verifying.cpu(b)
		began := time.Now()
		took := ours.timed(b, l, trial, gap)
		busy = append(busy, 100*float64(verifying.cpu(b)-before)/float64(time.Since(began)))
		least := nothing.timed(b, l, trial, gap)
		p50, p99, floor = append(p50, took[trial/2].Seconds()*1e3), append(p99, took[trial*99/100].Seconds()*1e3), append(floor, least[trial*99/100].Seconds()*1e3)
		rates = append(rates, float64(time.Second)/float64(gap))
	}
	b.ReportMetric(median(p50), "ms-p50")
	b.ReportMetric(median(p99), "ms-p99")
	b.ReportMetric(median(floor), "ms-p99-floor")
	b.ReportMetric(median(rates), "msgs/s")
	b.ReportMetric(median(busy), "%-busy")
}

// pool are connections of which each message takes one that is free.
type pool chan *client

func clients(b *testing.B, p *process) pool {
	const connections = 16
	free := make(pool, connections)
	for range connections {
		c, err := dial(p.network, p.addr, "192.0.2.1")
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(c.close)
		free <- c
	}
	return free
}

func (free pool) pass(b *testing.B, l letter) {
	c := <-free
	if _, err := c.pass(l); err != nil {
		b.Error(err)
	}
	free <- c
}

// pace passes n messages as fast as they are taken, and gives the time that each took.
func (free pool) pace(b *testing.B, l letter, n int) time.Duration {
	began := time.Now()
	var wg sync.WaitGroup
	for range cap(free) {
		wg.Go(func() {
			for range n / cap(free) {
				free.pass(b, l)
			}
		})
	}
	wg.Wait()
	return time.Since(began) / time.Duration(n/cap(free)*cap(free))
}

// timed begins n messages in such a pace, and gives how long after its time each was answered, in order of length.
func (free pool) timed(b *testing.B, l letter, n int, gap time.Duration) []time.Duration {
	took := make([]time.Duration, n)
	began := time.Now()
	var wg sync.WaitGroup
	for i := range took {
		due := began.Add(time.Duration(i) * gap)
		time.Sleep(time.Until(due))
		wg.Go(func() {
			free.pass(b, l)
			took[i] = time.Since(due)
		})
	}
	wg.Wait()
	slices.Sort(took)
	return took
}

// apart starts a milter, ours with its arguments or the bare one, on the last processor, and keeps this process off it until
// the benchmark ends.
func apart(b *testing.B, name, program string, args ...string) *process {
	last := runtime.NumCPU() - 1
	taskset, err := exec.LookPath("taskset")
	if err != nil || last == 0 {
		b.Skip("the milter cannot have a processor to itself")
	}
	move := func(cpus string) {
		if out, err := exec.Command(taskset, "--all-tasks", "--cpu-list", "--pid", cpus, strconv.Itoa(os.Getpid())).CombinedOutput(); err != nil {
			b.Fatalf("taskset: %v\n%s", err, out)
		}
	}
	p := start(b, name+"-apart", "unix", func(socket string) *exec.Cmd {
		cmd := exec.Command(taskset, append([]string{"--cpu-list", strconv.Itoa(last), program}, args...)...)
		if len(args) > 0 {
			cmd.Args = append(cmd.Args, "--listen", socket)
		} else {
			cmd.Env = append(os.Environ(), bareSocket+"="+socket, bareKey+"=0:"+filepath.Join(world.dir, "rsa.pem"))
		}
		return cmd
	})
	move(fmt.Sprintf("0-%d", last-1))
	b.Cleanup(func() { move(fmt.Sprintf("0-%d", last)) })
	return p
}

// benchPostfixSign reports what signing costs a message more than a milter that does nothing and asks for no reply, beyond one
// bare RSA operation. What one costs is seen here, too, in a milter that does nothing else (see serveBare): Postfix's own
// processes share the processors. Beside it: what any milter, even that which does nothing, costs Postfix. They all take turns,
// and the median of the differences counts. One difference tells little, for Postfix waits for the disk: the runs are short and
// many.
func benchPostfixSign(b *testing.B, sessions, messages, runs int) {
	benchPostfixSigner(b, sessions, messages, runs, with(b, "postfix-sign", "tcp", "--trusted-network", "127.0.0.0/8", "--key", key("rsa")))
}

func benchPostfixSigner(b *testing.B, sessions, messages, runs int, signing *process) {
	nothing, operation := bare(b, "tcp", 0), bare(b, "tcp", 1)
	ports := postfix(b, "", "inet:"+nothing.addr, "inet:"+operation.addr, "inet:"+signing.addr)
	milters := []*process{nil, nothing, operation, signing}
	var without, ours, beyond, one, idle, cpu []float64
	for range b.N {
		for _, p := range ports {
			rate(b, p, sessions, 10)
		}
		for run := range runs {
			var took [4]float64 // µs a message
			var spent [4]float64
			for _, i := range turn(run, len(milters)) {
				var before time.Duration
				if milters[i] != nil {
					before = milters[i].cpu(b)
				}
				took[i] = 1e6 / rate(b, ports[i], sessions, messages)
				if milters[i] != nil {
					spent[i] = float64((milters[i].cpu(b) - before).Microseconds()) / float64(messages)
				}
			}
			without, ours = append(without, 1e6/took[0]), append(ours, 1e6/took[3])
			one = append(one, took[2]-took[1])
			beyond = append(beyond, took[3]-took[2])
			idle = append(idle, took[1]-took[0])
			cpu = append(cpu, spent[3]-spent[2])
		}
	}
	b.ReportMetric(median(without), "without-msgs/s")
	b.ReportMetric(median(ours), "msgs/s")
	b.ReportMetric(100*median(ours)/median(without), "%-of-no-milter")
	b.ReportMetric(median(idle), "µs-of-any-milter")
	b.ReportMetric(median(one), "µs-of-RSA")
	b.ReportMetric(median(beyond), "µs-over-RSA")
	b.ReportMetric(median(cpu), "cpu-µs-over-RSA")
}

func BenchmarkPostfixSign1(b *testing.B) { benchPostfixSign(b, 1, 25, 120) }
func BenchmarkPostfixSign8(b *testing.B) { benchPostfixSign(b, 8, 80, 60) }

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
