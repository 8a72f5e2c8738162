package web

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/store"
)

const goodPassword = "correct horse battery"

// house is the pages with logins, on a real database and a real port.
type house struct {
	t      *testing.T
	keeper *access.Keeper
	server *httptest.Server
}

func newHouse(t *testing.T, public bool) *house {
	t.Helper()
	return houseOn(t, newStore(t), func(c *Config) { c.Public = public })
}

// newStore is an empty database.
func newStore(t *testing.T) *store.Store {
	t.Helper()
	st, err := store.Open(context.Background(), filepath.Join(t.TempDir(), "todoku.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

// houseOn is a site with logins on a database, open to the public in what needs none, changed by change.
func houseOn(t *testing.T, st *store.Store, change func(*Config)) *house {
	t.Helper()
	k, err := access.New(access.Config{Store: st, Failed: func(_ http.ResponseWriter, _ *http.Request, err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(checkingSite(t, shop(), func(c *Config) {
		c.Access, c.Public = k, true
		change(c)
	}).h)
	t.Cleanup(server.Close)
	return &house{t, k, server}
}

// guest is a browser with its own cookies that follows no redirect.
type guest struct {
	*house
	client *http.Client
}

func (h *house) guest() *guest {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &guest{h, &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// ask gives the status, where a redirect leads, and the page.
func (g *guest) ask(method, path string, form url.Values) (code int, to, body string) {
	g.t.Helper()
	req, err := http.NewRequest(method, g.server.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		g.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := g.client.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	var b strings.Builder
	if _, err := io.Copy(&b, resp.Body); err != nil {
		g.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Location"), b.String()
}

func (g *guest) want(method, path string, form url.Values, code int, to string) string {
	g.t.Helper()
	gotCode, gotTo, body := g.ask(method, path, form)
	if gotCode != code || gotTo != to {
		g.t.Errorf("%s %s: %d %q, want %d %q", method, path, gotCode, gotTo, code, to)
	}
	if strings.Contains(body, "<html") {
		checkPage(g.t, []byte(body))
	}
	return body
}

func (g *guest) login(name, password string, code int) {
	g.t.Helper()
	to := ""
	if code == http.StatusSeeOther {
		to = "/"
	}
	g.want("POST", "/login", url.Values{"name": {name}, "password": {password}}, code, to)
}

// TestFirstVisit is the first run: link, administrator, people, another browser.
func TestFirstVisit(t *testing.T) {
	h := newHouse(t, false)
	g := h.guest()
	g.want("GET", "/", nil, http.StatusSeeOther, "/login?next=%2F")
	g.want("GET", "/setup?token=guessed", nil, http.StatusForbidden, "")
	token, err := h.keeper.FirstRun(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if page := g.want("GET", "/setup?token="+token, nil, http.StatusOK, ""); !strings.Contains(page, "first administrator") {
		t.Error(page)
	}
	form := url.Values{"token": {token}, "name": {"ann"}, "password": {"short"}}
	if page := g.want("POST", "/setup", form, http.StatusUnprocessableEntity, ""); !strings.Contains(page, "at least 10 characters") || !strings.Contains(page, `value="ann"`) {
		t.Error(page)
	}
	form.Set("password", goodPassword)
	g.want("POST", "/setup", form, http.StatusSeeOther, "/")
	h.guest().want("POST", "/setup", form, http.StatusForbidden, "")
	g.want("GET", "/", nil, http.StatusOK, "")
	if page := g.want("GET", "/operator", nil, http.StatusOK, ""); !strings.Contains(page, `action="/logout"`) {
		t.Errorf("no way out:\n%s", page)
	}

	g.want("POST", "/people", url.Values{"name": {"bob"}, "password": {goodPassword}}, http.StatusSeeOther, "/people?did=add")
	if page := g.want("POST", "/people", url.Values{"name": {"BOB"}, "password": {goodPassword}}, http.StatusUnprocessableEntity, ""); !strings.Contains(page, "has this name already") {
		t.Error(page)
	}
	bob := h.guest()
	bob.login("bob", "wrong password", http.StatusUnprocessableEntity)
	bob.login("bob", goodPassword, http.StatusSeeOther)
	bob.want("GET", "/", nil, http.StatusOK, "")
	for _, path := range []string{"/operator", "/people"} {
		bob.want("GET", path, nil, http.StatusForbidden, "")
	}
	page := g.want("GET", "/people", nil, http.StatusOK, "")
	id := regexp.MustCompile(`action="/people/([a-z0-9]+)"`).FindStringSubmatch(page)
	if id == nil {
		t.Fatal(page)
	}
	bob.want("POST", "/people/"+id[1], url.Values{"do": {"admin"}}, http.StatusForbidden, "")
	g.want("POST", "/people/"+id[1], url.Values{"do": {"fire"}}, http.StatusBadRequest, "")
	g.want("POST", "/people/nobody", url.Values{"do": {"remove"}}, http.StatusNotFound, "")
	question := g.want("POST", "/people/"+id[1], url.Values{"do": {"remove"}}, http.StatusOK, "")
	if !strings.Contains(question, `id="removing"`) || !strings.Contains(question, "Remove bob?") || !strings.Contains(question, `name="sure" value="yes"`) {
		t.Error(question)
	}
	bob.want("GET", "/", nil, http.StatusOK, "")
	g.want("POST", "/people/"+id[1], url.Values{"do": {"disable"}}, http.StatusSeeOther, "/people?did=disable")
	bob.want("GET", "/", nil, http.StatusSeeOther, "/login?next=%2F")

	ann := regexp.MustCompile(`<strong>ann</strong>`).FindString(page)
	if ann == "" {
		t.Error(page)
	}
	people, _, err := h.keeper.People(context.Background(), "", "", "", 10)
	if err != nil {
		t.Fatal(err)
	}
	if page := g.want("POST", "/people/"+people[0].ID, url.Values{"do": {"user"}}, http.StatusConflict, ""); !strings.Contains(page, "last administrator") {
		t.Error(page)
	}
	g.want("POST", "/people/"+id[1], url.Values{"do": {"remove"}, "sure": {"yes"}}, http.StatusSeeOther, "/people?did=remove")
	if page := g.want("GET", "/people?did=remove", nil, http.StatusOK, ""); strings.Contains(page, "<strong>bob</strong>") || !strings.Contains(page, `role="status"`) {
		t.Error(page)
	}
	if page := g.want("POST", "/people/"+people[0].ID, url.Values{"do": {"remove"}, "sure": {"yes"}}, http.StatusConflict, ""); !strings.Contains(page, "last administrator") {
		t.Error(page)
	}
	second := h.guest()
	second.login("ann", goodPassword, http.StatusSeeOther)
	g.want("POST", "/account", url.Values{"password": {"not mine at all"}, "new": {"a new long password"}}, http.StatusUnprocessableEntity, "")
	g.want("POST", "/account", url.Values{"password": {goodPassword}, "new": {"a new long password"}}, http.StatusOK, "")
	g.want("GET", "/account", nil, http.StatusOK, "")
	second.want("GET", "/account", nil, http.StatusSeeOther, "/login?next=%2Faccount")
	g.want("POST", "/logout", nil, http.StatusSeeOther, "/login")
	g.want("GET", "/", nil, http.StatusSeeOther, "/login?next=%2F")
}

// TestClosedDoor: without a login nothing is shown and nothing is done.
func TestClosedDoor(t *testing.T) {
	g := newHouse(t, false).guest()
	for _, path := range []string{"/", "/paste", "/operator", "/people", "/account", "/r/abc", "/r/abc.json", "/m/abc", "/m/abc/events", "/s/abc", "/nowhere", "/login/x", "/setup/x"} {
		g.want("GET", path, nil, http.StatusSeeOther, "/login?next="+url.QueryEscape(path))
	}
	for _, path := range []string{"/address", "/paste", "/people", "/people/x", "/account"} {
		g.want("POST", path, nil, http.StatusUnauthorized, "")
	}
	for _, path := range []string{"/healthz", "/robots.txt", "/login"} {
		g.want("GET", path, nil, http.StatusOK, "")
	}
}

// TestPublicTester: everybody may test, and nobody sees what is of others.
func TestPublicTester(t *testing.T) {
	g := newHouse(t, true).guest()
	for _, path := range []string{"/", "/paste"} {
		if page := g.want("GET", path, nil, http.StatusOK, ""); !strings.Contains(page, `href="/login"`) || strings.Contains(page, `href="/operator"`) {
			t.Errorf("%s:\n%s", path, page)
		}
	}
	for _, path := range []string{"/operator", "/people", "/account", "/history"} {
		g.want("GET", path, nil, http.StatusSeeOther, "/login?next="+url.QueryEscape(path))
	}
}

func TestNextPage(t *testing.T) {
	for in, want := range map[string]string{
		"/r/abc?lang=ja": "/r/abc?lang=ja", "/": "/", "": "/", "https://evil.example/": "/", "//evil.example": "/", `/\evil.example`: "/",
		"/\tx": "/", "javascript:alert(1)": "/", "/login": "/", "/logout": "/", "r/abc": "/", "/%zz": "/", "http:/x": "/", "///x": "/",
	} {
		if got := nextPage(in); got != want {
			t.Errorf("%q leads to %q, want %q", in, got, want)
		}
	}
}

// TestLoginIsLimited: passwords cannot be tried without end.
func TestLoginIsLimited(t *testing.T) {
	h := newHouse(t, false)
	if _, err := h.keeper.Add(context.Background(), "ann", goodPassword, access.Admin); err != nil {
		t.Fatal(err)
	}
	g, refused := h.guest(), 0
	for range 40 {
		if code, _, _ := g.ask("POST", "/login", url.Values{"name": {"ann"}, "password": {"x"}}); code == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused != 10 {
		t.Errorf("%d of 40 refused", refused)
	}
}

// TestForgedLogin: another site can neither sign a browser in nor out.
func TestForgedLogin(t *testing.T) {
	h := newHouse(t, false)
	for _, path := range []string{"/login", "/logout", "/setup", "/people", "/account"} {
		req := httptest.NewRequest("POST", path, strings.NewReader("name=ann"))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		req.Host = "127.0.0.1"
		w := httptest.NewRecorder()
		h.server.Config.Handler.ServeHTTP(w, req)
		if w.Code != http.StatusForbidden {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
