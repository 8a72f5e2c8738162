package serve

import (
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/filter"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/store"
)

// everywhere is a world whose name servers show whatever is asked for.
type everywhere struct{}

func (everywhere) Observe(context.Context, string, string) keys.Observation {
	return keys.Observation{Zone: "example.com", Servers: []keys.Server{{Name: "ns", Has: keys.Shows}}}
}

// oneFile has one key, from a file.
type oneFile struct{ err error }

func (f oneFile) For(_, domain string) ([]filter.Key, error) {
	if domain == "file.example" {
		return []filter.Key{{Domain: domain, Selector: "file"}}, f.err
	}
	return nil, f.err
}

func TestKeyring(t *testing.T) {
	ctx := t.Context()
	st, err := store.Open(ctx, filepath.Join(t.TempDir(), "t.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	master, err := keys.ParseMaster([]byte(keys.NewMaster()))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	clock := func() time.Time { return now }
	k := keys.New(keys.Config{Store: st, Master: master, Observer: everywhere{}, Now: clock})
	for _, algorithm := range []string{"ed25519", "rsa"} {
		key, err := dkim.GenerateKey(algorithm, 1024)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := k.Import(ctx, keys.FoundKey{Domain: "example.com", Selector: algorithm, Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := k.Create(ctx, keys.Spec{Domain: "waits.example", Algorithm: "ed25519"}); err != nil {
		t.Fatal(err)
	}
	// One author has a key of his own.
	mine, err := dkim.GenerateKey("ed25519", 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := k.Import(ctx, keys.FoundKey{Domain: "example.com", Selector: "mine", Key: mine, Patterns: []store.DKIMPattern{{Pattern: "ceo@example.com"}}}); err != nil {
		t.Fatal(err)
	}
	ring := keys.NewRing(st, master, nil, clock)
	settings, err := withRing(MilterConfig{Settings: func() (*filter.Settings, error) { return &filter.Settings{Signers: oneFile{}}, nil }}, ring, nil).Settings()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := settings.Signers.For("", "example.com"); !errors.Is(err, keys.ErrNotLoaded) {
		t.Errorf("before it was read: %v", err)
	}
	if err := ring.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	for domain, want := range map[string]string{"example.com": "rsa ed25519 ", "file.example": "file ", "waits.example": "", "other.example": ""} {
		list, err := settings.Signers.For("user", domain)
		got := ""
		for _, key := range list {
			got += key.Selector + " "
		}
		if got != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", domain, got, err, want)
		}
	}
	if list, err := settings.Signers.For("CEO", "example.com"); err != nil || len(list) != 1 || list[0].Selector != "mine" {
		t.Errorf("of one author: %v, %v", list, err)
	}
	now = now.Add(2 * keys.StaleAfter)
	if _, err := settings.Signers.For("", "example.com"); !errors.Is(err, keys.ErrStale) {
		t.Errorf("long after: %v", err)
	}
	if _, err := (keyring{ring, oneFile{errors.New("unreadable")}}).For("example.com", ""); err == nil {
		t.Error("files that cannot be read are no error")
	}
	if _, err := withRing(MilterConfig{Settings: func() (*filter.Settings, error) { return nil, errors.New("bad") }}, ring, nil).Settings(); err == nil {
		t.Error("bad settings are no error")
	}
}

// waiting shows every record, which caches may not know for an hour.
type waiting struct{ everywhere }

func (w waiting) Observe(ctx context.Context, name, record string) keys.Observation {
	o := w.everywhere.Observe(ctx, name, record)
	o.TTL = time.Hour
	return o
}

// newDatabase makes one that nobody else has, and opens it beside the program that is to run on it.
func newDatabase(t *testing.T) (name string, st *store.Store) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "t.db")
	st, err := store.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return name, st
}

// TestServeLooks: who looks at a domain by the API, or on its page, when the calendar was set ahead and before the program looked by itself, has no key sign that
// caches may not know.
func TestServeLooks(t *testing.T) {
	database, st := newDatabase(t)
	master, err := keys.ParseMaster([]byte(keys.NewMaster()))
	if err != nil {
		t.Fatal(err)
	}
	var ahead atomic.Int64
	began := time.Now()
	own := keys.Config{
		Master: master, Observer: waiting{}, Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) },
		Elapsed: func() time.Duration { return time.Since(began) },
	}
	first := own
	first.Store = st
	e, err := keys.New(first).Create(t.Context(), keys.Spec{Domain: "a.example", Algorithm: "ed25519"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ready, ended := make(chan *Node, 1), make(chan error, 1)
	go func() {
		ended <- Run(ctx, Config{
			Database: database, SMTP: "127.0.0.1:0", HTTP: "127.0.0.1:0", Hostname: "mx.test.example", MailDomain: "test.example",
			Resolver: dns.MustMemory(dns.Zone{}), Keys: &own, Ready: func(n *Node) { ready <- n },
		})
	}()
	api := "http://" + (<-ready).HTTP.String() + "/api/v1/domains"
	post := func(url, body string) {
		t.Helper()
		r, err := http.Post(url, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		if text, _ := io.ReadAll(r.Body); r.StatusCode >= 300 {
			t.Fatalf("%s: %d %s", url, r.StatusCode, text)
		}
	}
	state := func() string {
		t.Helper()
		got, err := st.Key(t.Context(), e.ID)
		if err != nil {
			t.Fatal(err)
		}
		return got.State
	}
	post(api, `{"name":"a.example"}`)
	for end := time.Now().Add(30 * time.Second); state() != store.KeyPublished; time.Sleep(20 * time.Millisecond) { // the program looked; nobody is told
		if time.Now().After(end) {
			t.Fatal(state())
		}
	}
	ahead.Store(int64(3 * time.Hour))
	post(api+"/a.example/look", "")
	if got := state(); got != store.KeyPublished {
		t.Errorf("the key is %s", got)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestServeRotates: a running node takes the steps of keys, and encrypts them with the present master key.
func TestServeRotates(t *testing.T) {
	database, st := newDatabase(t)
	old, present := keys.NewMaster(), keys.NewMaster()
	master := func(text string) *keys.Master {
		m, err := keys.ParseMaster([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	e, err := keys.New(keys.Config{Store: st, Master: master(old)}).Create(t.Context(), keys.Spec{Domain: "example.com", Algorithm: "ed25519"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, Config{
			Database: database, SMTP: "127.0.0.1:0", HTTP: "127.0.0.1:0", Hostname: "mx.test.example", MailDomain: "test.example",
			Resolver: dns.MustMemory(dns.Zone{}), Keys: &keys.Config{Master: master(present + old), Observer: everywhere{}},
		})
	}()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) { // nobody is told
		got, err := st.Key(t.Context(), e.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.State == store.KeyPublished && got.Master == master(present).ID() {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%s, %s", got.State, got.Master)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestPanelRules: DKIM that is off goes out unsigned; a login that may not sign, and a disabled domain, are not signed, by the
// filter's rule for such mail.
func TestPanelRules(t *testing.T) {
	ctx := t.Context()
	st, err := store.Open(ctx, filepath.Join(t.TempDir(), "t.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if err := st.SetDomains(ctx, &store.Domain{Name: "file.example", DKIM: true, Senders: []string{"ann"}}, &store.Domain{Name: "off.example"}, &store.Domain{Name: "gone.example", Disabled: true, DKIM: true}); err != nil {
		t.Fatal(err)
	}
	rules := panel.NewRules(st, nil)
	ring := keys.NewRing(st, nil, nil, nil)
	if err := errors.Join(rules.Refresh(ctx), ring.Refresh(ctx)); err != nil {
		t.Fatal(err)
	}
	settings, err := withRing(MilterConfig{Settings: func() (*filter.Settings, error) { return &filter.Settings{}, nil }}, ring, rules).Settings()
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]*filter.NotSigned{
		"file.example Ann": nil, "other.example eve": nil,
		"file.example eve": {Problem: "dkim.user-not-allowed"}, "file.example ": {Problem: "dkim.user-not-allowed"},
		"off.example eve": {Wanted: true}, "gone.example eve": {Problem: "dkim.domain-disabled"},
	} {
		domain, user, _ := strings.Cut(at, " ")
		got := settings.MaySign(domain, user)
		if (got == nil) != (want == nil) || got != nil && (got.Problem != want.Problem || got.Wanted != want.Wanted) {
			t.Errorf("%s: %+v", at, got)
		}
	}
}
