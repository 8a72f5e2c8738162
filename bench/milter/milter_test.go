// Package milter measures what a message costs the process that filters it: ours, built as it is
// shipped, and peers where they are installed, with the same messages and the same DNS on loopback.
// CPU per message is the figure that holds on a noisy machine.
package milter

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/message"
)

// world is what all benchmarks share: keys, their DNS, the program, the processes.
var world struct {
	dir      string
	program  string
	keys     map[string]crypto.Signer
	records  map[string]string
	zone     *dnstest.Server
	memory   *dns.Memory
	mu       sync.Mutex
	running  map[string]*process
	messages map[string]letter
}

func TestMain(m *testing.M) {
	if socket := os.Getenv(bareSocket); socket != "" {
		if err := serveBare(socket, os.Getenv(bareKey)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" {
		return // nothing else is here
	}
	code := 1
	if err := prepare(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	for _, p := range world.running {
		if p.children {
			p.cmd.Process.Signal(syscall.SIGTERM) // it ends its workers
			continue
		}
		p.cmd.Process.Kill()
	}
	for _, p := range world.running {
		p.cmd.Wait()
	}
	if world.zone != nil {
		world.zone.Close()
	}
	os.RemoveAll(world.dir)
	os.Exit(code)
}

func prepare() (err error) {
	if world.dir, err = os.MkdirTemp("", "bench-milter-"); err != nil {
		return err
	}
	world.running, world.messages = map[string]*process{}, map[string]letter{}
	world.program = filepath.Join(world.dir, "todoku")
	build := exec.Command("go", "build", "-o", world.program, "github.com/todoku/todoku/cmd/todoku")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the program: %w\n%s", err, out)
	}
	world.keys, world.records = map[string]crypto.Signer{}, map[string]string{}
	zone := dns.Zone{
		"shop.example": {"TXT v=spf1 ip4:192.0.2.1 -all", "A 192.0.2.1"}, "_dmarc.shop.example": {"TXT v=DMARC1; p=reject"},
		"mail.shop.example": {"A 192.0.2.1"}, "1.2.0.192.in-addr.arpa": {"PTR mail.shop.example"},
	}
	for _, algorithm := range []string{"rsa", "ed25519"} {
		key, err := dkim.GenerateKey(algorithm, 2048)
		if err != nil {
			return err
		}
		pem, err := dkim.MarshalPrivateKey(key)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(world.dir, algorithm+".pem"), pem, 0o600); err != nil {
			return err
		}
		record, err := dkim.RecordFor(key.Public())
		if err != nil {
			return err
		}
		name := algorithm + "._domainkey.shop.example"
		zone[name], world.keys[algorithm], world.records[name] = []string{"TXT " + record}, key, record
	}
	if world.memory, err = dns.NewMemory(zone); err != nil {
		return err
	}
	world.zone, err = dnstest.Start(world.memory, "127.0.0.1:0")
	return err
}

// process is a running milter.
type process struct {
	cmd           *exec.Cmd
	network, addr string
	peer          bool
	children      bool // its children filter too
}

// tick is the unit of /proc/PID/stat.
const tick = 10 * time.Millisecond

// cpu is the time that all its threads spent on a processor so far: those of a Go program, which do not end,
// to the nanosecond, those of others to the tick.
func (p *process) cpu(b *testing.B) time.Duration {
	b.Helper()
	if p.peer {
		pids := []int{p.cmd.Process.Pid}
		if p.children {
			pids = family(pids[0])
		}
		var ticks int
		for _, pid := range pids {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			if err != nil {
				b.Skip(err)
			}
			f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
			user, _ := strconv.Atoi(f[11])
			system, _ := strconv.Atoi(f[12])
			ticks += user + system
		}
		return time.Duration(ticks) * tick
	}
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.cmd.Process.Pid))
	if err != nil || len(files) == 0 {
		b.Skip("this system does not say what a process costs")
	}
	var sum int64
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue // the thread ended
		}
		n, _ := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		sum += n
	}
	return time.Duration(sum)
}

// rss is its resident memory in MB.
func (p *process) rss(b *testing.B) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		b.Skip(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kb, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	return kb / 1024
}

// start gives a process by name, started once.
func start(b *testing.B, name, network string, command func(socket string) *exec.Cmd) *process {
	b.Helper()
	world.mu.Lock()
	defer world.mu.Unlock()
	if p, ok := world.running[name]; ok {
		return p
	}
	p := &process{network: "unix", addr: filepath.Join(world.dir, name)}
	socket := "unix:" + p.addr
	if network == "tcp" {
		p.network, p.addr = "tcp", "127.0.0.1:"+strconv.Itoa(28900+len(world.running)+os.Getpid()%1000)
		_, port, _ := strings.Cut(p.addr, ":")
		socket = "inet:" + port + "@127.0.0.1"
	}
	p.cmd = command(socket)
	said, err := os.Create(filepath.Join(world.dir, name+".log"))
	if err != nil {
		b.Fatal(err)
	}
	defer said.Close()
	p.cmd.Stdout, p.cmd.Stderr = said, said
	if err := p.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	world.running[name] = p
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		c, err := dial(p.network, p.addr, "192.0.2.1")
		if err == nil {
			c.close()
			return p
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(said.Name())
			b.Fatalf("%s does not answer: %v\n%.2000s", name, err, text)
		}
	}
}

// ours starts our milter; signing where there is a key.
func ours(b *testing.B, name, network, algorithm string) *process {
	if algorithm == "" {
		return with(b, name, network, "--trusted-network", "none")
	}
	return with(b, name, network, "--trusted-network", "192.0.2.0/24", "--key", key(algorithm))
}

// with starts our milter with such flags.
func with(b *testing.B, name, network string, flags ...string) *process {
	return start(b, name, network, func(socket string) *exec.Cmd {
		return exec.Command(world.program, append([]string{"milter", "--listen", socket, "--authserv-id", "mx.b.example", "--resolver", world.zone.Addr()}, flags...)...)
	})
}

// key is what the milter's flags call a key of this algorithm.
func key(algorithm string) string {
	return "shop.example:" + algorithm + ":" + filepath.Join(world.dir, algorithm+".pem")
}

const head = "From: Info <info@shop.example>\r\nTo: a@b.example\r\nSubject: hello\r\nDate: Thu, 26 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@shop.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n" +
	"Received: from a.shop.example (a.shop.example [192.0.2.3])\r\n\tby mail.shop.example (Postfix) with ESMTPS id 4XyZ1234567\r\n\tfor <a@b.example>; Thu, 26 Nov 2026 12:00:00 +0000 (UTC)\r\n\r\n"

// sample gives a message of a size: bare, signed, or signed and sealed.
func sample(b *testing.B, size int, kind string) letter {
	b.Helper()
	world.mu.Lock()
	defer world.mu.Unlock()
	name := kind + strconv.Itoa(size)
	if l, ok := world.messages[name]; ok {
		return l
	}
	const text = "The quick brown fox jumps over the lazy dog, and on and on it goes.\r\n"
	raw := []byte(head + strings.Repeat(text, size/len(text)))
	if kind != "bare" {
		field, err := dkim.Sign(bytes.NewReader(raw), dkim.SignOptions{Domain: "shop.example", Selector: "rsa", Key: world.keys["rsa"], Header: dkim.Relaxed, Body: dkim.Relaxed})
		if err != nil {
			b.Fatal(err)
		}
		raw = append(field, raw...)
	}
	if kind == "sealed" {
		m := message.Parse(raw)
		fields, err := arc.Seal(m, arc.SealOptions{Domain: "shop.example", Selector: "rsa", Key: world.keys["rsa"], Results: "dmarc=pass header.from=shop.example", Header: dkim.Relaxed, Body: dkim.Relaxed,
			Timestamp: time.Now(), Chain: arc.Verify(context.Background(), world.memory, m, arc.Options{})})
		if err != nil {
			b.Fatal(err)
		}
		raw = append(fields, raw...)
	}
	l := cutLetter(raw, "info@shop.example")
	world.messages[name] = l
	return l
}

// load passes b.N messages over so many connections, each answer checked, and reports what they cost.
func load(b *testing.B, p *process, l letter, connections int, want ...string) (perMessage time.Duration) {
	b.Helper()
	clients := make([]*client, connections)
	for i := range clients {
		c, err := dial(p.network, p.addr, "192.0.2.1")
		if err != nil {
			b.Fatal(err)
		}
		defer c.close()
		clients[i] = c
	}
	one := func(c *client) {
		added, err := c.pass(l)
		if err != nil {
			b.Error(err)
			return
		}
		for _, w := range want {
			if !strings.Contains(added, w) {
				b.Errorf("no %q in %q", w, added)
			}
		}
	}
	for _, c := range clients {
		one(c) // caches, stacks
	}
	before := p.cpu(b)
	b.ResetTimer()
	var wg sync.WaitGroup
	for i, c := range clients {
		n := b.N / connections
		if i < b.N%connections {
			n++
		}
		wg.Go(func() {
			for range n {
				one(c)
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	perMessage = (p.cpu(b) - before) / time.Duration(b.N)
	b.ReportMetric(float64(perMessage.Nanoseconds())/1e3, "cpu-µs/msg")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
	return perMessage
}

var verified = []string{"dkim=pass", "spf=pass", "dmarc=pass", "iprev=pass"}

func BenchmarkVerify10KB(b *testing.B) {
	load(b, ours(b, "verify", "unix", ""), sample(b, 10<<10, "signed"), 4, verified...)
}

func BenchmarkVerifySealed10KB(b *testing.B) {
	load(b, ours(b, "verify", "unix", ""), sample(b, 10<<10, "sealed"), 4, append(verified, "arc=pass")...)
}

func BenchmarkVerify1MB(b *testing.B) {
	load(b, ours(b, "verify", "unix", ""), sample(b, 1<<20, "signed"), 4, verified...)
}

func BenchmarkVerifyTCP10KB(b *testing.B) {
	load(b, ours(b, "verify-tcp", "tcp", ""), sample(b, 10<<10, "signed"), 1, verified...)
}

// rsaCost is the processor time of one bare RSA operation now, while so many threads do nothing else.
func rsaCost(b *testing.B, threads, n int) time.Duration {
	b.Helper()
	hash := sha256.Sum256([]byte("x"))
	var sum atomic.Int64
	var wg sync.WaitGroup
	for range threads {
		wg.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			before := threadTime()
			for range n {
				if _, err := world.keys["rsa"].Sign(rand.Reader, hash[:], crypto.SHA256); err != nil {
					b.Error(err)
				}
			}
			sum.Add(int64(threadTime() - before))
		})
	}
	wg.Wait()
	return time.Duration(sum.Load()) / time.Duration(threads*n)
}

// threadTime is what this thread spent on a processor so far.
func threadTime() time.Duration {
	var u syscall.Rusage
	const ofThisThread = 1
	if err := syscall.Getrusage(ofThisThread, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// loadBeyond reports what a message costs beyond so many bare RSA operations. What one costs is seen in a milter that does
// nothing else at the end of a message (see serveBare): there it is as it is in ours, between the packets of one message and
// the next, with caches that others used meanwhile, and not as in a loop. On a machine that others use it does not cost the same at
// all times either: the milters take turns, a few messages each, and the median of the differences counts.
func loadBeyond(b *testing.B, p *process, l letter, operations int, metric string, want ...string) {
	b.Helper()
	const few = 48
	nothing, signing := bare(b, "unix", 0), bare(b, "unix", operations)
	cost := func(p *process, want ...string) float64 {
		before := p.cpu(b)
		passAll(b, p, l, few, want...)
		return float64((p.cpu(b) - before).Nanoseconds()) / 1e3 / few
	}
	for _, p := range []*process{p, nothing, signing} {
		cost(p) // caches, stacks
	}
	var beyond, operation, all []float64
	b.ResetTimer()
	for b.Loop() {
		one := cost(signing) - cost(nothing)
		ours := cost(p, want...)
		beyond, operation, all = append(beyond, ours-one), append(operation, one/float64(operations)), append(all, ours)
	}
	b.StopTimer()
	b.ReportMetric(median(beyond), metric)
	b.ReportMetric(median(operation), "bare-cpu-µs")
	b.ReportMetric(float64(rsaCost(b, runtime.GOMAXPROCS(0), 30).Nanoseconds())/1e3, "in-a-loop-cpu-µs")
	b.ReportMetric(median(all), "cpu-µs/msg")
}

// passAll passes n messages over four connections.
func passAll(b *testing.B, p *process, l letter, n int, want ...string) {
	b.Helper()
	const connections = 4
	var wg sync.WaitGroup
	for range connections {
		c, err := dial(p.network, p.addr, "192.0.2.1")
		if err != nil {
			b.Fatal(err)
		}
		defer c.close()
		wg.Go(func() {
			for range n / connections {
				added, err := c.pass(l)
				for _, w := range want {
					if err != nil || !strings.Contains(added, w) {
						b.Errorf("no %q in %q: %v", w, added, err)
					}
				}
			}
		})
	}
	wg.Wait()
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

func BenchmarkSignRSA10KB(b *testing.B) {
	loadBeyond(b, ours(b, "sign-rsa", "unix", "rsa"), sample(b, 10<<10, "bare"), 1, "µs-over-RSA", "d=shop.example")
}

// BenchmarkSignEd10KB also says how many times as many messages Ed25519 signs as RSA, by what they cost.
func BenchmarkSignEd10KB(b *testing.B) {
	l := sample(b, 10<<10, "bare")
	rsa := ours(b, "sign-rsa", "unix", "rsa")
	const n = 50
	before := rsa.cpu(b)
	c, err := dial(rsa.network, rsa.addr, "192.0.2.1")
	if err != nil {
		b.Fatal(err)
	}
	defer c.close()
	for range n {
		if _, err := c.pass(l); err != nil {
			b.Fatal(err)
		}
	}
	byRSA := (rsa.cpu(b) - before) / n
	d := load(b, ours(b, "sign-ed25519", "unix", "ed25519"), l, 4, "d=shop.example")
	b.ReportMetric(float64(byRSA)/float64(d), "x-RSA")
}

func BenchmarkSignRSA1MB(b *testing.B) {
	load(b, ours(b, "sign-rsa", "unix", "rsa"), sample(b, 1<<20, "bare"), 4, "d=shop.example")
}

// BenchmarkSeal10KB verifies a message and adds an ARC set, which is two RSA operations.
func BenchmarkSeal10KB(b *testing.B) {
	p := with(b, "seal", "unix", "--trusted-network", "none", "--seal-domain", "shop.example", "--seal-key", key("rsa"))
	loadBeyond(b, p, sample(b, 10<<10, "signed"), 2, "µs-over-2-RSA", append(verified, "ARC-Seal")...)
}

// BenchmarkMemory has 1000 connections open, each of which brought a message.
func BenchmarkMemory(b *testing.B) {
	p := ours(b, "memory", "unix", "")
	l := sample(b, 10<<10, "signed")
	load(b, p, l, 16, verified...)
	few := p.rss(b)
	var clients []*client
	for range 1000 {
		c, err := dial(p.network, p.addr, "192.0.2.1")
		if err != nil {
			b.Fatal(err)
		}
		clients = append(clients, c)
		if _, err := c.pass(l); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(few, "MB-at-16")
	b.ReportMetric(p.rss(b), "MB-at-1000")
	for _, c := range clients {
		c.close()
	}
}
