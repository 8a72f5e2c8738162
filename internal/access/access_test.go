package access

import (
	"context"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/todoku/todoku/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ctx = context.Background()

const good = "correct horse battery"

func newStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(ctx, t.TempDir()+"/todoku.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newKeeper(t *testing.T, o *OpenIDConfig) *Keeper {
	t.Helper()
	k, err := New(Config{Store: newStore(t), OpenID: o, Failed: func(w http.ResponseWriter, _ *http.Request, err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestPassword(t *testing.T) {
	for _, c := range []struct {
		name, password string
		want           error
	}{
		{"ann", good, nil},
		{"健二", "とても長い合言葉です", nil},
		{"ann", "ninechars", ErrShort},
		{"ann", "短い", ErrShort},
		{"ann", strings.Repeat("x y", 100), ErrLong},
		{"administrator", "Administrator1", ErrObvious},
		{"ann", "aaaaaaaaaaaaaaa", ErrObvious},
		{"ann", "ああああああああああああ", ErrObvious},
	} {
		if err := checkPassword(c.name, c.password); !errors.Is(err, c.want) {
			t.Errorf("%s %q: %v, want %v", c.name, c.password, err, c.want)
		}
	}
	one, two := hash(good), hash(good)
	if one == two || !matches(one, good) || !matches(two, good) || matches(one, good+" ") {
		t.Errorf("%s %s", one, two)
	}
	for _, stored := range []string{
		"", "$", good, strings.Replace(one, "argon2id", "argon2i", 1), strings.Replace(one, "m=19456", "m=99999999", 1),
		strings.Replace(one, "t=2", "t=0", 1), strings.Replace(one, "p=1", "p=0", 1), one[:len(one)-1], one + "!", "$argon2id$v=19$m=19456,t=2,p=1$$",
	} {
		if matches(stored, good) || matches(stored, "") {
			t.Errorf("%q takes a password", stored)
		}
	}
}

func TestCheck(t *testing.T) {
	k := newKeeper(t, nil)
	ann, err := k.Add(ctx, " Ann ", good, Admin)
	if err != nil || ann.Name != "ann" {
		t.Fatalf("%+v %v", ann, err)
	}
	if strings.Contains(ann.Password, good) {
		t.Errorf("the password is kept: %s", ann.Password)
	}
	if _, err := k.Add(ctx, "ＡＮＮ", good, User); !errors.Is(err, ErrTaken) {
		t.Errorf("the same name, in full width: %v", err)
	}
	for _, name := range []string{"", "a b", "a\u202eb", "a\x00", strings.Repeat("a", 65), "\xff", "zero\u200bwidth"} {
		if _, err := k.Add(ctx, name, good, User); !errors.Is(err, ErrBadName) {
			t.Errorf("name %q: %v", name, err)
		}
	}
	bob, err := k.Add(ctx, "bob", good, "root")
	if err != nil || bob.Role != User {
		t.Errorf("an unknown role: %+v %v", bob, err)
	}
	check := func(name, password string, want error) {
		t.Helper()
		if _, err := k.Check(ctx, name, password); !errors.Is(err, want) {
			t.Errorf("%q %q: %v, want %v", name, password, err, want)
		}
	}
	check("ANN", good, nil)
	check("ann", good+"x", ErrWrong)
	check("ann", "", ErrWrong)
	check("nobody", good, ErrWrong)
	check("a b", good, ErrWrong)
	if err := k.Change(ctx, bob.ID, User, true); err != nil {
		t.Fatal(err)
	}
	check("bob", good, ErrWrong)
	if err := k.Change(ctx, ann.ID, User, false); !errors.Is(err, ErrLastAdmin) {
		t.Errorf("demoting the last one: %v", err)
	}
	if err := k.SetPassword(ctx, ann.ID, "another long one"); err != nil {
		t.Fatal(err)
	}
	check("ann", good, ErrWrong)
	check("ann", "another long one", nil)
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	k.hashing <- struct{}{}
	k.hashing <- struct{}{}
	if _, err := k.Check(cancelled, "ann", good); !errors.Is(err, context.Canceled) {
		t.Errorf("with everyone busy: %v", err)
	}
}

// TestPasswordKeepsTheRest: a password that waits to be hashed does not undo what an administrator says meanwhile.
func TestPasswordKeepsTheRest(t *testing.T) {
	k := newKeeper(t, nil)
	if _, err := k.Add(ctx, "ann", good, Admin); err != nil {
		t.Fatal(err)
	}
	mallory, err := k.Add(ctx, "mallory", good, Admin)
	if err != nil {
		t.Fatal(err)
	}
	meanwhile := &whileHashing{Store: k.store, read: make(chan struct{})}
	k.store = meanwhile
	k.hashing <- struct{}{}
	k.hashing <- struct{}{}
	done := make(chan error)
	go func() { done <- k.SetPassword(ctx, mallory.ID, "another long one") }()
	<-meanwhile.read // what SetPassword knows of mallory is from before
	if err := k.Change(ctx, mallory.ID, User, true); err != nil {
		t.Error(err)
	}
	<-k.hashing
	<-k.hashing
	if err := <-done; err != nil {
		t.Error(err)
	}
	p, err := meanwhile.Store.Person(ctx, mallory.ID)
	if err != nil || p.Role != User || !p.Disabled || !matches(p.Password, "another long one") {
		t.Errorf("%+v %v", p, err)
	}
}

// whileHashing tells when a person was first read.
type whileHashing struct {
	Store
	once sync.Once
	read chan struct{}
}

func (w *whileHashing) Person(ctx context.Context, id string) (store.Person, error) {
	p, err := w.Store.Person(ctx, id)
	w.once.Do(func() { close(w.read) })
	return p, err
}

func TestFirstRun(t *testing.T) {
	k := newKeeper(t, nil)
	if k.FirstRunValid("") {
		t.Error("a link before there is one")
	}
	token, err := k.FirstRun(ctx)
	if err != nil || len(token) < 20 {
		t.Fatalf("%q %v", token, err)
	}
	for _, wrong := range []string{"", token + "x", strings.ToLower(token)} {
		if _, err := k.MakeFirst(ctx, wrong, "ann", good); !errors.Is(err, ErrLink) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if _, err := k.MakeFirst(ctx, token, "ann", "short"); !errors.Is(err, ErrShort) {
		t.Errorf("a short password: %v", err)
	}
	p, err := k.MakeFirst(ctx, token, "ann", good)
	if err != nil || p.Role != Admin {
		t.Fatalf("%+v %v", p, err)
	}
	if _, err := k.MakeFirst(ctx, token, "eve", good); !errors.Is(err, ErrLink) {
		t.Errorf("the link again: %v", err)
	}
	if token, err := k.FirstRun(ctx); token != "" || err != nil {
		t.Errorf("a link where there is somebody: %q %v", token, err)
	}
}

// browser is a client with cookies against the keeper's middleware.
type browser struct {
	*http.Client
	url string
}

// pages is a small site: /in?name=&password=, /out, /me.
func pages(t *testing.T, k *Keeper) *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("/in", func(w http.ResponseWriter, r *http.Request) {
		p, err := k.Check(r.Context(), r.FormValue("name"), r.FormValue("password"))
		if err == nil {
			err = k.SignIn(r.Context(), p)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
		}
	})
	mux.HandleFunc("/out", func(w http.ResponseWriter, r *http.Request) {
		if err := k.SignOut(r.Context()); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("/me", func(w http.ResponseWriter, r *http.Request) {
		p, ok, err := k.Current(r.Context())
		if err != nil {
			t.Error(err)
		}
		if ok {
			w.Write([]byte(p.Name))
		}
	})
	s := httptest.NewServer(k.LoadAndSave(mux))
	t.Cleanup(s.Close)
	return s
}

func newBrowser(t *testing.T, url string) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}}
	return &browser{c, url}
}

// get gives the body and what was set as a cookie.
func (b *browser) get(t *testing.T, path string) (body, cookie string) {
	t.Helper()
	resp, err := b.Get(b.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var s strings.Builder
	if _, err := copyBody(&s, resp); err != nil {
		t.Fatal(err)
	}
	return s.String(), resp.Header.Get("Set-Cookie")
}

func TestLogin(t *testing.T) {
	k := newKeeper(t, nil)
	ann, err := k.Add(ctx, "ann", good, Admin)
	if err != nil {
		t.Fatal(err)
	}
	site := pages(t, k)
	b := newBrowser(t, site.URL)
	me := func(want string) {
		t.Helper()
		if got, _ := b.get(t, "/me"); got != want {
			t.Errorf("signed in as %q, want %q", got, want)
		}
	}
	in := func() string {
		_, cookie := b.get(t, "/in?name=ann&password="+strings.ReplaceAll(good, " ", "+"))
		return cookie
	}
	me("")
	if _, cookie := b.get(t, "/me"); cookie != "" {
		t.Errorf("a visitor gets a cookie: %s", cookie)
	}
	if body, _ := b.get(t, "/in?name=ann&password=wrong"); !strings.Contains(body, "wrong") {
		t.Error(body)
	}
	me("")
	first := in()
	for _, want := range []string{"HttpOnly", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(first, want) {
			t.Errorf("no %s in %s", want, first)
		}
	}
	me("ann")
	if second := in(); value(second) == value(first) {
		t.Error("a login keeps the token that was there before (session fixation)")
	}
	stolen := newBrowser(t, site.URL) // a copy of a token that was replaced
	stolen.Jar.SetCookies(mustURL(site.URL), []*http.Cookie{{Name: "todoku-login", Value: value(first)}})
	if got, _ := stolen.get(t, "/me"); got != "" {
		t.Errorf("the replaced token still works: %q", got)
	}
	guessed := newBrowser(t, site.URL)
	guessed.Jar.SetCookies(mustURL(site.URL), []*http.Cookie{{Name: "todoku-login", Value: "guessed"}})
	if got, _ := guessed.get(t, "/me"); got != "" {
		t.Errorf("a guessed token: %q", got)
	}
	if err := k.SetPassword(ctx, ann.ID, "another long one"); err != nil {
		t.Fatal(err)
	}
	me("") // every login ends with the password
	if err := k.SetPassword(ctx, ann.ID, good); err != nil {
		t.Fatal(err)
	}
	in()
	me("ann")
	b.get(t, "/out")
	me("")
	in()
	if _, err := k.Add(ctx, "bob", good, Admin); err != nil {
		t.Fatal(err)
	}
	if err := k.Change(ctx, ann.ID, Admin, true); err != nil {
		t.Fatal(err)
	}
	me("")
	if err := k.Change(ctx, ann.ID, Admin, false); err != nil {
		t.Fatal(err)
	}
	me("") // what was over stays over
	in()
	me("ann")
	if err := k.Change(ctx, ann.ID, User, false); err != nil {
		t.Fatal(err)
	}
	me("ann")
	ann.Disabled = true
	if err := k.SignIn(ctx, ann); !errors.Is(err, ErrWrong) {
		t.Errorf("somebody who is disabled: %v", err)
	}
}

// TestSecureCookie: behind HTTPS the cookie goes by nothing else, and no neighbour can set it.
func TestSecureCookie(t *testing.T) {
	k, err := New(Config{Store: newStore(t), Secure: true})
	if err != nil {
		t.Fatal(err)
	}
	p, err := k.Add(ctx, "ann", good, Admin)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	k.LoadAndSave(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := k.SignIn(r.Context(), p); err != nil {
			t.Error(err)
		}
	})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if c := w.Header().Get("Set-Cookie"); !strings.HasPrefix(c, "__Host-") || !strings.Contains(c, "Secure") {
		t.Error(c)
	}
}
