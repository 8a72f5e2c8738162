package tokens

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/store"
)

// memory keeps tokens as the store does.
type memory struct {
	mu      sync.Mutex
	tokens  map[string]store.Token
	looked  int
	touched int
	broken  error
}

func (m *memory) AddToken(_ context.Context, t store.Token) (store.Token, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tokens == nil {
		m.tokens = make(map[string]store.Token)
	}
	t.ID = fmt.Sprint("id", len(m.tokens))
	m.tokens[t.Hash] = t
	return t, m.broken
}

func (m *memory) TokenByHash(_ context.Context, hash string) (store.Token, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.looked++
	t, ok := m.tokens[hash]
	if m.broken != nil {
		return store.Token{}, m.broken
	}
	if !ok {
		return store.Token{}, store.ErrNotFound
	}
	return t, nil
}

func (m *memory) Person(context.Context, string) (store.Person, error) {
	return store.Person{}, store.ErrNotFound
}

func (m *memory) TouchToken(context.Context, string, time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.touched++
	return m.broken
}

// clock is a time that tests move.
type clock struct{ at time.Time }

func (c *clock) now() time.Time        { return c.at }
func (c *clock) pass(d time.Duration)  { c.at = c.at.Add(d) }
func newClock() *clock                 { return &clock{time.Date(2026, 11, 26, 3, 0, 0, 0, time.UTC)} }
func ip(text string) (addr netip.Addr) { return netip.MustParseAddr(text) }

func newGuard(t *testing.T, open bool) (*Guard, *memory, *clock) {
	t.Helper()
	m, c := new(memory), newClock()
	return NewGuard(Config{Store: m, Open: open, Now: c.now}), m, c
}

func made(t *testing.T, m *memory, scopes ...string) string {
	t.Helper()
	secret, _, err := Create(t.Context(), m, "test", scopes, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// admit sends a request from an address with an Authorization field.
func admit(g *Guard, from, authorization string) (Caller, *service.Problem) {
	r := httptest.NewRequest("GET", "http://127.0.0.1/api/v1/findings", nil)
	r.RemoteAddr = netip.AddrPortFrom(ip(from), 1234).String()
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return g.Admit(r)
}

func word(p *service.Problem) string {
	if p == nil {
		return ""
	}
	return p.Word
}

// TestCreate: what a token may be called and used for, and what of it is kept.
func TestCreate(t *testing.T) {
	soon := time.Now().Add(time.Hour)
	for _, c := range []struct {
		name    string
		scopes  []string
		expires time.Time
		want    error
	}{
		{"ci", []string{"read"}, time.Time{}, nil},
		{" 配信チェック ", []string{"read", "check"}, soon, nil},
		{strings.Repeat("字", 100), []string{"read"}, soon, nil},
		{strings.Repeat("字", 101), []string{"read"}, soon, ErrName},
		{"", []string{"read"}, soon, ErrName},
		{" \t", []string{"read"}, soon, ErrName},
		{"a\x1b[31mb", []string{"read"}, soon, ErrName},
		{"a\xffb", []string{"read"}, soon, ErrName},
		{"ci", nil, soon, ErrScope},
		{"ci", []string{"read", "write"}, soon, ErrScope},
		{"ci", []string{"Read"}, soon, ErrScope},
		{"ci", []string{""}, soon, ErrScope},
		{"ci", []string{"read"}, time.Now().Add(-time.Second), ErrExpiry},
	} {
		m := new(memory)
		secret, kept, err := Create(t.Context(), m, c.name, c.scopes, c.expires)
		if !errors.Is(err, c.want) {
			t.Errorf("%q %v: %v, want %v", c.name, c.scopes, err, c.want)
		}
		if c.want != nil {
			if secret != "" || len(m.tokens) != 0 {
				t.Errorf("%q %v: a token was made all the same", c.name, c.scopes)
			}
			continue
		}
		if !wellFormed(secret) || kept.Name != strings.TrimSpace(c.name) || strings.Contains(fmt.Sprintf("%+v", m.tokens), strings.TrimPrefix(secret, prefix)) {
			t.Errorf("%q: %q is kept as %+v", c.name, secret, kept)
		}
	}
	m := new(memory)
	one, kept, err := Create(t.Context(), m, "x", []string{"admin", "read", "admin"}, time.Time{})
	if err != nil || !slices.Equal(kept.Scopes, []string{"read", "admin"}) {
		t.Errorf("scopes: %v %v", kept.Scopes, err)
	}
	if two := made(t, m, "read"); two == one {
		t.Error("two tokens are the same")
	}
	m.broken = errors.New("the disk is gone")
	if secret, _, err := Create(t.Context(), m, "x", []string{"read"}, time.Time{}); err == nil || secret != "" {
		t.Error("a token that could not be kept is given out")
	}
}

// TestWellFormed: what cannot be a token is not looked up.
func TestWellFormed(t *testing.T) {
	g, m, _ := newGuard(t, false)
	good := made(t, m, "read")
	for _, value := range []string{
		"Bearer", "Bearer ", "Basic " + good, good, "Bearer " + strings.TrimPrefix(good, prefix), "Bearer " + good + "A", "Bearer " + good[:len(good)-1],
		"Bearer " + strings.ToUpper(good), "Bearer tdk_" + strings.Repeat("é", 22), "Bearer " + strings.Repeat("tdk_", 20_000),
	} {
		if _, p := admit(g, "192.0.2.1", value); word(p) != service.Unauthorized {
			t.Errorf("%.40q: %v", value, p)
		}
	}
	if m.looked != 0 {
		t.Errorf("%d look-ups for what cannot be tokens", m.looked)
	}
}

// TestAdmit: who is let in, and as whom.
func TestAdmit(t *testing.T) {
	for _, c := range []struct {
		what       string
		open       bool
		from       string
		forwarded  bool
		token      bool
		want       string
		local      bool
		read, make bool
	}{
		{what: "this machine, alone", open: true, from: "127.0.0.1", local: true, read: true, make: true},
		{what: "this machine, by IPv6", open: true, from: "::1", local: true, read: true, make: true},
		{what: "this machine, with a token", open: true, from: "127.0.0.1", token: true, local: true, read: true},
		{what: "this machine, where there are logins", from: "127.0.0.1", want: service.Unauthorized},
		{what: "forwarded", open: true, from: "127.0.0.1", forwarded: true, want: service.Unauthorized},
		{what: "forwarded, with a token", open: true, from: "127.0.0.1", forwarded: true, token: true, read: true},
		{what: "elsewhere", open: true, from: "192.0.2.7", want: service.Unauthorized},
		{what: "elsewhere, with a token", from: "192.0.2.7", token: true, read: true},
	} {
		g, m, _ := newGuard(t, c.open)
		r := httptest.NewRequest("GET", "http://127.0.0.1/", nil)
		r.RemoteAddr = netip.AddrPortFrom(ip(c.from), 999).String()
		if c.forwarded {
			r.Header.Set("X-Forwarded-For", "203.0.113.9")
		}
		if c.token {
			r.Header.Set("Authorization", "bearer "+made(t, m, "read"))
		}
		got, p := g.Admit(r)
		if word(p) != c.want || got.May("read") != c.read || got.May("submit") != c.make || p == nil && got.Local != c.local {
			t.Errorf("%s: %q, %+v", c.what, word(p), got)
		}
	}
	g, m, _ := newGuard(t, false)
	r := httptest.NewRequest("GET", "http://127.0.0.1/", nil)
	r.Header.Add("Authorization", "Bearer "+made(t, m, "read"))
	r.Header.Add("Authorization", "Bearer "+made(t, m, "admin"))
	if _, p := g.Admit(r); word(p) != service.Unauthorized {
		t.Errorf("two tokens: %v", p)
	}
	if (Caller{}).May("read") || CallerOf(t.Context()).May("read") {
		t.Error("nobody may do something")
	}
	if c := CallerOf(WithCaller(t.Context(), Caller{scopes: []string{"check"}})); !c.May("check") {
		t.Error("who was let in is not kept")
	}
}

// TestGuessing: an address that guesses is put off, and so is its network; others are not.
func TestGuessing(t *testing.T) {
	g, m, c := newGuard(t, true)
	good := "Bearer " + made(t, m, "read")
	bad := "Bearer tdk_" + strings.Repeat("A", 43)
	for i := range 20 {
		if _, p := admit(g, "2001:db8::1", bad); word(p) != service.Unauthorized {
			t.Fatalf("guess %d: %v", i, p)
		}
	}
	before := m.looked
	for _, value := range []string{bad, good, "Basic x"} {
		_, p := admit(g, "2001:db8::abcd", value) // the same /64
		if word(p) != service.RateLimited || p.RetryAfter <= 0 || p.RetryAfter > 6*time.Second {
			t.Errorf("%.20q: %+v", value, p)
		}
	}
	if m.looked != before {
		t.Error("tokens of one who guesses are looked up")
	}
	if _, p := admit(g, "2001:db8:0:1::1", good); p != nil {
		t.Errorf("another network: %v", p)
	}
	if _, p := admit(g, "127.0.0.1", ""); p != nil {
		t.Errorf("one without a token at this machine: %v", p)
	}
	c.pass(6 * time.Second)
	if _, p := admit(g, "2001:db8::1", good); p != nil {
		t.Errorf("after a while: %v", p)
	}
}

// TestBrokenStore: a database that fails is no guess, and its words go nowhere.
func TestBrokenStore(t *testing.T) {
	g, m, _ := newGuard(t, false)
	good := "Bearer " + made(t, m, "read")
	m.broken = errors.New("secret of the database")
	for range 50 {
		_, p := admit(g, "192.0.2.1", good)
		if word(p) != service.Unavailable || p.RetryAfter == 0 || strings.Contains(p.Error(), "secret") {
			t.Fatalf("%+v", p)
		}
	}
	m.broken = nil
	if _, p := admit(g, "192.0.2.1", good); p != nil {
		t.Errorf("it is back: %v", p)
	}
}

// TestTouch: the last use is noted to the minute, not with each request.
func TestTouch(t *testing.T) {
	g, m, c := newGuard(t, false)
	good := "Bearer " + made(t, m, "read")
	for _, want := range []int{1, 1, 1, 2} {
		if _, p := admit(g, "192.0.2.1", good); p != nil {
			t.Fatal(p)
		}
		if m.touched != want {
			t.Errorf("noted %d times, want %d", m.touched, want)
		}
		c.pass(25 * time.Second)
	}
}
