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
	"sync"
	"testing"
	"time"
)

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
