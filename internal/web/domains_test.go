package web

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/store"
)

// newPanel is a panel on a database of its own.
func newPanel(t *testing.T) *panel.Panel {
	t.Helper()
	st, err := store.Open(context.Background(), filepath.Join(t.TempDir(), "panel.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return panelOn(t, st)
}

func panelOn(t *testing.T, st *store.Store) *panel.Panel {
	t.Helper()
	master, err := keys.ParseMaster([]byte(keys.NewMaster()))
	if err != nil {
		t.Fatal(err)
	}
	return panel.New(panel.Config{Store: st, Keys: keys.New(keys.Config{Store: st, Master: master}), Now: func() time.Time { return now }})
}

func upload(path, text string) *http.Request {
	var b bytes.Buffer
	mw := multipart.NewWriter(&b)
	part, _ := mw.CreateFormFile("file", "domains.csv")
	_, _ = part.Write([]byte(text))
	_ = mw.Close()
	r := request("POST", path, strings.NewReader(b.String()))
	r.Header.Set("Content-Type", mw.FormDataContentType())
	return r
}

func (s *site) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.h.ServeHTTP(w, r)
	return w
}

// TestPanelPages: what the operator at this machine does with domains.
func TestPanelPages(t *testing.T) {
	p := newPanel(t)
	s := checkingSite(t, shop(), func(c *Config) { c.Panel = p })
	page := func(path string) string {
		t.Helper()
		w := s.do(request("GET", path, nil))
		if w.Code != 200 {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		checkPage(t, w.Body.Bytes())
		return w.Body.String()
	}
	page("/domains")
	if w := s.post("/domains", url.Values{"name": {"<script>alert(1)</script>"}}); w.Code != 422 || strings.Contains(w.Body.String(), "<script>alert") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := s.post("/domains", url.Values{"name": {"Example.com."}}); w.Code != 303 || w.Header().Get("Location") != "/domains/example.com" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := s.post("/domains", url.Values{"name": {"example.com"}}); w.Code != 422 || !strings.Contains(w.Body.String(), "there already") {
		t.Errorf("%d", w.Code)
	}
	at := "/domains/example.com"
	for _, f := range []url.Values{{"do": {"keys"}}, {"do": {"save"}, "dmarc": {"reject"}, "sure": {"yes"}, "senders": {"ann\r\nBOB@example.com"}}, {"do": {"disable"}}} {
		w := s.post(at, f)
		if w.Code != 303 || w.Header().Get("Location") != at+"?did="+f.Get("do") {
			t.Fatalf("%v: %d %s", f, w.Code, w.Body)
		}
		if got := page(w.Header().Get("Location")); !strings.Contains(got, `role="status"`) {
			t.Errorf("%v: the page does not say that it was done", f)
		}
	}
	for _, lang := range []string{"en", "ja"} {
		got := page(at + "?form=bind&lang=" + lang)
		for _, want := range []string{"v=DKIM1", "_domainkey.example.com", "bob@example.com", `value="reject" checked`, `value="enable"`} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q", lang, want)
			}
		}
		copies := map[string]bool{}
		all := regexp.MustCompile(`(?s)<button[^>]* data-copy=[^>]*>(.*?)</button>`).FindAllStringSubmatch(got, -1)
		for _, m := range all {
			copies[m[1]] = true
		}
		if len(all) < 2 || len(copies) != len(all) {
			t.Errorf("%s: %d buttons copy, and are called %v", lang, len(all), copies)
		}
		if strings.Contains(got, "PRIVATE KEY") || strings.Contains(got, "domains.") && strings.Contains(got, ">domains.") {
			t.Errorf("%s: a secret, or a text that is not there\n%s", lang, got)
		}
	}
	if w := s.post(at, url.Values{"do": {"save"}, "dmarc": {"p=reject"}}); w.Code != 422 {
		t.Errorf("%d", w.Code)
	}
	for _, f := range []url.Values{{"do": {"fire"}}, {}} {
		if w := s.post(at, f); w.Code != 400 {
			t.Errorf("%v: %d", f, w.Code)
		}
	}
	for _, path := range []string{"/domains/none.example", "/domains/..%2f", "/domains/%00"} {
		if w := s.do(request("GET", path, nil)); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := s.do(upload("/domains.csv", "domain,senders\nb.example,'=1+1\n")); w.Code != 303 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := s.do(upload("/domains.csv", "domain\na.example\n<b>\n")); w.Code != 422 || !strings.Contains(w.Body.String(), "Line 3") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := s.do(upload("/domains.csv", "domain\n"+strings.Repeat("a.example\n", 100_000))); w.Code != 422 {
		t.Errorf("100,000 lines: %d", w.Code)
	}
	if w := s.do(request("GET", "/domains.csv", nil)); w.Code != 200 || !strings.Contains(w.Body.String(), "b.example,enabled,on,,'=1+1,\r\n") || !strings.Contains(w.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if got := page("/domains?find=b.&done=1"); !strings.Contains(got, "b.example") || strings.Contains(got, ">example.com<") {
		t.Error(got)
	}
	if w := s.post("/domains", url.Values{"name": {"c.example"}}, func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }); w.Code != 403 {
		t.Errorf("a form of another site: %d", w.Code)
	}
	if w := s.post(at, url.Values{"do": {"remove"}}); w.Code != 200 || !strings.Contains(w.Body.String(), `id="removing"`) {
		t.Errorf("it is removed without a question: %d", w.Code)
	}
	if w := s.post(at, url.Values{"do": {"remove"}, "sure": {"yes"}}); w.Code != 303 || w.Header().Get("Location") != "/domains?did=remove" {
		t.Errorf("%d", w.Code)
	}
}

// TestNoPanelPages: without keys there is no panel, and nothing leads there.
func TestNoPanelPages(t *testing.T) {
	s := checkingSite(t, shop())
	if w := s.do(request("GET", "/domains", nil)); w.Code != 404 {
		t.Errorf("%d", w.Code)
	}
	if w := s.do(request("GET", "/", nil)); strings.Contains(w.Body.String(), `"/domains"`) {
		t.Error("a link that leads nowhere")
	}
}

// TestCustomers: a customer sees and changes what was given to them; a user sees nothing, and nobody anything.
func TestCustomers(t *testing.T) {
	ctx := t.Context()
	st := newStore(t)
	p := panelOn(t, st)
	h := houseOn(t, st, func(c *Config) { c.Panel = p })
	k := h.keeper
	admin := panel.Who{Admin: true}
	for _, name := range []string{"a.example", "b.example"} {
		if _, err := p.Create(ctx, admin, name, panel.Change{}); err != nil {
			t.Fatal(err)
		}
	}
	for name, role := range map[string]string{"ann": access.Admin, "cus": access.User, "use": access.User} {
		if _, err := k.Add(ctx, name, goodPassword, role); err != nil {
			t.Fatal(err)
		}
	}
	cus, err := st.PersonByName(ctx, "cus")
	if err != nil {
		t.Fatal(err)
	}
	ann, her, user := h.guest(), h.guest(), h.guest()
	ann.login("ann", goodPassword, 303)
	her.login("cus", goodPassword, 303)
	user.login("use", goodPassword, 303)
	her.want("GET", "/domains", nil, 403, "")
	ann.want("POST", "/people/"+cus.ID, url.Values{"do": {"customer"}}, 303, "/people?did=customer")
	ann.want("GET", "/people?did=customer", nil, 200, "")
	ann.want("POST", "/domains/a.example", url.Values{"do": {"give"}, "person": {cus.ID}}, 303, "/domains/a.example?did=give")
	if page := ann.want("GET", "/domains/a.example", nil, 200, ""); !strings.Contains(page, `value="take"`) {
		t.Error("nobody was given it")
	}
	if page := her.want("GET", "/domains", nil, 200, ""); !strings.Contains(page, "a.example") || strings.Contains(page, "b.example") || strings.Contains(page, `id="name"`) {
		t.Error(page)
	}
	if page := her.want("GET", "/domains/a.example", nil, 200, ""); strings.Contains(page, "admin-h") {
		t.Error("a customer sees what is for administrators")
	}
	her.want("POST", "/domains/a.example", url.Values{"do": {"save"}, "dmarc": {"none"}}, 303, "/domains/a.example?did=save")
	her.want("GET", "/domains/b.example", nil, 404, "")
	for _, do := range []string{"save", "keys"} {
		her.want("POST", "/domains/b.example", url.Values{"do": {do}}, 404, "")
	}
	for _, do := range []string{"disable", "remove", "give", "take", "owners"} {
		her.want("POST", "/domains/a.example", url.Values{"do": {do}, "person": {cus.ID}}, 403, "")
	}
	her.want("POST", "/domains", url.Values{"name": {"c.example"}}, 403, "")
	if _, _, body := her.ask("GET", "/domains.csv", nil); strings.Contains(body, "b.example") || !strings.Contains(body, "a.example") {
		t.Error(body)
	}
	stranger := h.guest()
	for _, path := range []string{"/domains", "/domains/a.example", "/domains.csv"} {
		user.want("GET", path, nil, 403, "")
		stranger.want("GET", path, nil, 303, "/login?next="+url.QueryEscape(path))
		stranger.want("POST", path, nil, 401, "")
	}
	if d, err := p.Get(ctx, admin, "a.example"); err != nil || d.Disabled || d.DMARC != "none" || len(d.People) != 1 {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestPanelLooksAreBounded: what a domain or a file of all costs, a client may ask for now and then only.
func TestPanelLooksAreBounded(t *testing.T) {
	p := newPanel(t)
	if _, err := p.Create(t.Context(), panel.Who{Admin: true}, "example.com", panel.Change{}); err != nil {
		t.Fatal(err)
	}
	for path, most := range map[string]int{"/domains/example.com": 300, "/domains.csv": 100, "/forwards.csv": 100} {
		s, answers := checkingSite(t, shop(), func(c *Config) { c.Panel = p }), map[int]int{}
		for range most {
			answers[s.do(request("HEAD", path, nil)).Code]++
		}
		w := s.do(request("GET", path, nil))
		if answers[http.StatusOK] != most || w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: %v, then %d", path, answers, w.Code)
		}
	}
}

// TestWholeList: from what was looked for a link leads back to all domains, or to all of the customer; also where nothing was found.
func TestWholeList(t *testing.T) {
	st := newStore(t)
	p := panelOn(t, st)
	h := houseOn(t, st, func(c *Config) { c.Panel = p })
	for name, role := range map[string]string{"ann": access.Admin, "cus": access.Customer} {
		if _, err := h.keeper.Add(t.Context(), name, goodPassword, role); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Create(t.Context(), panel.Who{Admin: true}, "a.example", panel.Change{Customers: &[]string{"cus"}}); err != nil {
		t.Fatal(err)
	}
	ann := h.guest()
	ann.login("ann", goodPassword, 303)
	for path, want := range map[string]string{
		"/domains?find=none": `<a href="/domains">All domains</a>`, "/domains?find=a": `<a href="/domains">All domains</a>`, "/domains?after=b.example": `<a href="/domains">All domains</a>`,
		"/domains?customer=cus&find=none": `<a href="/domains?customer=cus">All domains of cus</a>`,
	} {
		if page := ann.want("GET", path, nil, 200, ""); strings.Count(page, want) != 1 || !strings.Contains(page, `id="find"`) {
			t.Errorf("%s: no %s", path, want)
		}
	}
	if page := ann.want("GET", "/domains", nil, 200, ""); strings.Contains(page, "All domains") {
		t.Error("all of them lead to all of them")
	}
	for path, want := range map[string]string{ // the other language shows the same part of a list
		"/domains?find=a&customer=cus&done=1": `href="/domains?lang=ja&amp;customer=cus&amp;find=a"`, "/domains?after=a": `href="/domains?lang=ja&amp;after=a"`, "/domains": `href="/domains?lang=ja"`,
		"/people?find=cus&did=add": `href="/people?lang=ja&amp;find=cus"`, "/domains/a.example/forwards?after=b@a.example": `href="/domains/a.example/forwards?lang=ja&amp;after=b%40a.example"`,
	} {
		if page := ann.want("GET", path, nil, 200, ""); !strings.Contains(page, want) {
			t.Errorf("%s: no %s", path, want)
		}
	}
}
