package lab

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testLab is a running lab with a clock of its own.
type testLab struct {
	*Lab
	token string
	stop  func() // ends it before the test does
	mu    sync.Mutex
	at    time.Time
}

func (l *testLab) now() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at
}

// sleep moves the clock.
func (l *testLab) sleep(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at = l.at.Add(d)
}

// startLab runs a lab at eight loopback addresses and begins a run.
func startLab(t *testing.T, change func(*Config)) *testLab {
	t.Helper()
	dir := t.TempDir()
	st, err := store.Open(context.Background(), filepath.Join(dir, "todoku.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	keys, err := LoadKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	l := &testLab{at: time.Now().Truncate(time.Millisecond)}
	c := Config{
		Domain: "Lab.Example.COM.", Keys: keys, Store: st, Now: l.now, Slow: 50 * time.Millisecond, DNS: "127.0.0.1:0",
	}
	for range seats {
		a, err := ParseAddress("127.0.0.1:0", 25)
		if err != nil {
			t.Fatal(err)
		}
		c.Listen = append(c.Listen, a)
	}
	if c.Policy, err = ParseAddress("127.0.0.1:0", 443); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&c)
	}
	if l.Lab, err = New(c); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	up, over := make(chan struct{}), make(chan error, 1)
	go func() { over <- l.Run(ctx, func() { close(up) }) }()
	l.stop = sync.OnceFunc(func() {
		stop()
		if err := <-over; err != nil {
			t.Errorf("the lab ended with %v", err)
		}
	})
	t.Cleanup(l.stop)
	select {
	case <-up:
	case err := <-over:
		over <- err
		t.Fatal(err)
	}
	run, err := l.Begin(context.Background(), c.Listen[0].Public)
	if err != nil {
		t.Fatal(err)
	}
	l.token = run.Token
	return l
}

// signedZone is a resolver that knows the lab's zone as signed.
func signedZone(t *testing.T, l *Lab) dns.Resolver {
	t.Helper()
	zone := dns.Zone{}
	for _, r := range l.zone {
		zone[r.Name] = append(zone[r.Name], "SECURE", strings.SplitN(r.Text(), " IN ", 2)[1])
	}
	m, err := dns.NewMemory(zone)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// matrix reads the run.
func (l *testLab) matrix(t *testing.T) *Matrix {
	t.Helper()
	m, err := l.Matrix(context.Background(), l.token)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// want fails where a receiver's verdict is another.
func (l *testLab) want(t *testing.T, receiver string, v Verdict, reason string) {
	t.Helper()
	if c := l.matrix(t).Cell(receiver); c.Verdict != v || c.Reason != reason {
		t.Errorf("%s: %s %s %v, want %s %s\n%+v", receiver, c.Verdict, c.Reason, c.Args, v, reason, c.Attempts)
	}
}

// client is how a mail server sends.
type client struct {
	tls        bool   // where it is offered
	verify     string // the name that the certificate must have, "" for any
	sni        string
	roots      *x509.CertPool
	parameters string // of MAIL FROM
	body       string
	leaveData  bool // does not wait for the last reply
	pipeline   bool
	latest     uint16 // TLS version
}

// wire is one connection of the client.
type wire struct {
	net.Conn
	r *bufio.Reader
}

// ask sends lines and gives the last reply to come.
func (w *wire) ask(lines string, replies int) (last string, err error) {
	if lines != "" {
		if _, err := w.Write([]byte(lines + "\r\n")); err != nil {
			return "", err
		}
	}
	for replies > 0 {
		line, err := w.r.ReadString('\n')
		if err != nil {
			return last, err
		}
		last += line
		if len(line) > 3 && line[3] == ' ' {
			if replies--; replies > 0 {
				last = ""
			}
		}
	}
	return last, nil
}

// send delivers one message as the client does, and gives the last reply.
func (c client) send(t *testing.T, l *testLab, name string) (string, error) {
	t.Helper()
	r, ok := receiver(name)
	if !ok {
		t.Fatalf("no receiver %s", name)
	}
	return c.sendTo(t, l, r.seat, l.token+"@"+name+"."+l.Domain())
}

func (c client) sendTo(t *testing.T, l *testLab, at seat, to string) (string, error) {
	t.Helper()
	conn, err := net.Dial("tcp", l.seats[at].bound.String())
	if err != nil {
		return "", err // that can be the reset already
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	w := &wire{conn, bufio.NewReader(conn)}
	if _, err := w.ask("", 1); err != nil {
		return "", err
	}
	hello, err := w.ask("EHLO mail.sender.example", 1)
	if err != nil {
		return "", err
	}
	if c.tls && strings.Contains(hello, "STARTTLS") {
		if w, err = c.secure(w); err != nil {
			return "", err
		}
		if _, err = w.ask("EHLO mail.sender.example", 1); err != nil {
			return "", err
		}
	}
	return c.transfer(w, to)
}

func (c client) secure(w *wire) (*wire, error) {
	if reply, err := w.ask("STARTTLS", 1); err != nil || reply[0] != '2' {
		return nil, fmt.Errorf("STARTTLS: %s %w", reply, err)
	}
	cfg := &tls.Config{InsecureSkipVerify: c.verify == "", ServerName: c.verify, RootCAs: c.roots, MaxVersion: c.latest}
	if c.sni != "" {
		cfg.ServerName = c.sni
	}
	inner := tls.Client(w.Conn, cfg)
	if err := inner.Handshake(); err != nil {
		return nil, err
	}
	return &wire{inner, bufio.NewReader(inner)}, nil
}

func (c client) transfer(w *wire, to string) (string, error) {
	if c.pipeline {
		return w.ask("MAIL FROM:<me@sender.example>"+c.parameters+"\r\nRCPT TO:<"+to+">", 2)
	}
	for _, line := range []string{"MAIL FROM:<me@sender.example>" + c.parameters, "RCPT TO:<" + to + ">", "DATA"} {
		if reply, err := w.ask(line, 1); err != nil || reply[0] > '3' {
			return reply, err
		}
	}
	if c.leaveData {
		_, err := w.Write([]byte("x\r\n.\r\n"))
		return "", err
	}
	body := c.body
	if body == "" {
		body = "From: <me@sender.example>\r\nSubject: x\r\n\r\n" + strings.Repeat("Hello.\r\n..\r\n", 20)
	}
	reply, err := w.ask(body+"\r\n.", 1)
	if err == nil {
		_, _ = w.ask("QUIT", 1)
	}
	return reply, err
}

// keptStrangers waits until so many attempts that named nobody are kept: that happens after the
// client left.
func keptStrangers(t *testing.T, l *testLab, n int) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		list, err := l.cfg.Store.LabStrangers(context.Background(), "127.0.0.1/32", time.Time{}, 100)
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("%d kept, want %d: %v", len(list), n, err)
		}
		if len(list) >= n {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}
