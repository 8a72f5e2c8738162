package serve

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	foreign "github.com/emersion/go-milter"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/filter"
)

// askMilter passes one message of a stranger and gives what became of it.
func askMilter(t *testing.T, addr net.Addr) *foreign.Action {
	t.Helper()
	c := foreign.NewClientWithOptions(addr.Network(), addr.String(), foreign.ClientOptions{ActionMask: 0xff, ProtocolMask: 0x1fffff, ReadTimeout: 20 * time.Second, WriteTimeout: 20 * time.Second})
	defer c.Close()
	s, err := c.Session()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Conn("client.example", foreign.FamilyInet, 25, "203.0.113.9")
	s.Mail("a@strange.example", nil)
	s.HeaderField("From", " me@strange.example")
	s.HeaderEnd()
	_, a, err := s.End()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestRunMilter(t *testing.T) {
	reload, ready, log := make(chan struct{}), make(chan []net.Addr, 1), &lines{seen: make(chan string, 100)}
	action := filter.Tag
	var failing error
	cfg := MilterConfig{
		Listen: []string{"inet:0@127.0.0.1", "unix:" + t.TempDir() + "/milter"}, Reload: reload, Ready: func(a []net.Addr) { ready <- a }, Grace: time.Second,
		Log: slog.New(slog.NewTextHandler(log, nil)),
		Settings: func() (*filter.Settings, error) {
			p := filter.DefaultPolicy()
			p.Default[filter.Unauthenticated] = action
			return &filter.Settings{AuthServID: "mx.example", Resolver: dns.MustMemory(dns.Zone{"strange.example": {"A 203.0.113.1"}}), Policy: p}, failing
		},
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- RunMilter(ctx, cfg) }()
	addrs := <-ready
	for _, addr := range addrs {
		if a := askMilter(t, addr); a.Code != foreign.ActAccept {
			t.Errorf("%v: %+v", addr, a)
		}
	}
	action = filter.Reject
	reload <- struct{}{}
	log.wait(t, "the milter has new settings")
	if a := askMilter(t, addrs[1]); a.SMTPCode != 550 {
		t.Errorf("%+v", a)
	}
	failing, action = errors.New("of the test"), filter.Tag
	reload <- struct{}{}
	log.wait(t, "the old ones stay")
	if a := askMilter(t, addrs[0]); a.SMTPCode != 550 {
		t.Errorf("%+v", a)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}

	for _, bad := range [][]string{nil, {"x"}, {"inet:0@127.0.0.1", "unix:/nowhere/at/all"}, {"systemd"}} {
		failing = nil
		cfg.Listen = bad
		if err := RunMilter(context.Background(), cfg); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// lines is a log that can be waited for.
type lines struct{ seen chan string }

func (l *lines) Write(p []byte) (int, error) { l.seen <- string(p); return len(p), nil }

func (l *lines) wait(t *testing.T, text string) {
	t.Helper()
	for {
		select {
		case s := <-l.seen:
			if strings.Contains(s, text) {
				return
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("the log does not say %q", text)
		}
	}
}
