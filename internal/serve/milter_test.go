package serve

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	foreign "github.com/emersion/go-milter"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/filter"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/srs"
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
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: t.TempDir() + "/notify", Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	told := func(want string) { // the service manager
		t.Helper()
		b := make([]byte, 100)
		_ = manager.SetReadDeadline(time.Now().Add(20 * time.Second))
		if n, err := manager.Read(b); err != nil || string(b[:n]) != want {
			t.Errorf("the service manager was told %q, not %q: %v", b[:n], want, err)
		}
	}
	var failing error
	cfg := MilterConfig{
		Listen: []string{"inet:0@127.0.0.1", "unix:" + t.TempDir() + "/milter"}, Reload: reload, Ready: func(a []net.Addr) { ready <- a }, Grace: time.Second,
		Getenv: func(name string) string {
			return map[string]string{"NOTIFY_SOCKET": manager.LocalAddr().String()}[name]
		},
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
	told("RELOADING=1")
	told("READY=1")
	if a := askMilter(t, addrs[1]); a.SMTPCode != 550 {
		t.Errorf("%+v", a)
	}
	failing, action = errors.New("of the test"), filter.Tag
	reload <- struct{}{}
	log.wait(t, "the old ones stay")
	told("RELOADING=1")
	told("READY=1")
	if a := askMilter(t, addrs[0]); a.SMTPCode != 550 {
		t.Errorf("%+v", a)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	told("STOPPING=1")

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

// TestWarnUnread: keys that are there, and cannot be read for want of a master key, are no keys that are not there: the log says so.
func TestWarnUnread(t *testing.T) {
	database, st := newDatabase(t)
	const want = "the database has keys, but no master key is given"
	began := func(begin func(ctx context.Context, log *slog.Logger, ready func()) error) string {
		t.Helper()
		var said bytes.Buffer
		ctx, stop := context.WithCancel(t.Context())
		if err := begin(ctx, slog.New(slog.NewTextHandler(&said, nil)), stop); err != nil {
			t.Fatal(err)
		}
		stop()
		return said.String()
	}
	milter := func(ctx context.Context, log *slog.Logger, ready func()) error {
		return RunMilter(ctx, MilterConfig{
			Listen: []string{"inet:0@127.0.0.1"}, Ready: func([]net.Addr) { ready() }, Log: log, Store: st,
			Settings: func() (*filter.Settings, error) {
				return &filter.Settings{AuthServID: "mx.example", Resolver: dns.MustMemory(dns.Zone{})}, nil
			},
		})
	}
	serve := func(ctx context.Context, log *slog.Logger, ready func()) error {
		return Run(ctx, Config{
			Database: database, SMTP: "127.0.0.1:0", HTTP: "127.0.0.1:0", Hostname: "mx.test.example", MailDomain: "test.example", Resolver: dns.MustMemory(dns.Zone{}), Log: log,
			Ready: func(*Node) { ready() },
		})
	}
	if got := began(milter) + began(serve); strings.Contains(got, want) {
		t.Errorf("without keys: %s", got)
	}
	master, err := keys.ParseMaster([]byte(keys.NewMaster()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.New(keys.Config{Store: st, Master: master}).Create(t.Context(), keys.Spec{Domain: "a.example", Algorithm: "ed25519"}); err != nil {
		t.Fatal(err)
	}
	for name, begin := range map[string]func(context.Context, *slog.Logger, func()) error{"milter": milter, "serve": serve} {
		if got := began(begin); !strings.Contains(got, want) || !strings.Contains(got, master.ID()) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestRunMilterWithDatabase: a milter of its own signs with the keys of the database, and answers Postfix's tables.
func TestRunMilterWithDatabase(t *testing.T) {
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "t.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	master, err := keys.ParseMaster([]byte(keys.NewMaster()))
	if err != nil {
		t.Fatal(err)
	}
	key, err := dkim.GenerateKey("ed25519", 0)
	if err != nil {
		t.Fatal(err)
	}
	k := keys.New(keys.Config{Store: st, Master: master, Observer: everywhere{}})
	keep := func(selector string) {
		if _, _, err := k.Import(t.Context(), keys.FoundKey{Domain: "strange.example", Selector: selector, Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	keep("s")
	rewriter, err := srs.New(srs.Config{Domains: []string{"ours.example"}, Secrets: [][]byte{[]byte("secret")}})
	if err != nil {
		t.Fatal(err)
	}
	ready, events, table := make(chan []net.Addr, 1), make(chan *filter.Event, 1), t.TempDir()+"/table"
	reload, log := make(chan struct{}), &lines{seen: make(chan string, 100)}
	cfg := MilterConfig{
		Reload: reload, Log: slog.New(slog.NewTextHandler(log, nil)),
		Listen: []string{"inet:0@127.0.0.1"}, SRS: []string{"unix:" + table}, Ready: func(a []net.Addr) { ready <- a }, Grace: time.Second, Store: st,
		Ring: keys.NewRing(st, master, nil, nil), Observe: func(e *filter.Event) { events <- e },
		Settings: func() (*filter.Settings, error) {
			return &filter.Settings{
				AuthServID: "mx.example", Resolver: dns.MustMemory(dns.Zone{}), Trusted: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")},
				Forwarding: &filter.Forwarding{SRS: rewriter},
			}, nil
		},
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- RunMilter(ctx, cfg) }()
	at := (<-ready)[0]
	signs := func(want ...string) {
		t.Helper()
		if a := askMilter(t, at); a.Code != foreign.ActAccept {
			t.Errorf("%+v", a)
		}
		if e := <-events; !slices.Equal(slices.Sorted(slices.Values(e.Signed)), want) {
			t.Errorf("%q", e.Signed)
		}
	}
	signs("d=strange.example s=s")
	keep("s2")
	reload <- struct{}{} // it need not wait until the milter looks by itself
	log.wait(t, "the milter has new settings")
	signs("d=strange.example s=s", "d=strange.example s=s2")
	c, err := net.Dial("unix", table)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "22:forward a@them.example,"); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 200)
	n, err := c.Read(buf)
	if err != nil || !strings.Contains(string(buf[:n]), ":OK SRS0=") || !strings.Contains(string(buf[:n]), "=them.example=a@ours.example,") {
		t.Errorf("%q, %v", buf[:n], err)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
