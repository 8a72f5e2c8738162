package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/service/servicetest"
	"github.com/todoku/todoku/internal/tokens"
)

func post(path string, body any) call {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return call{method: "POST", path: prefix + path, body: string(text)}
}

func getting(path string) call { return call{method: "GET", path: prefix + path} }

type object map[string]any

// TestChecks: the objects of the contract, as check and render make them.
func TestChecks(t *testing.T) {
	s := newSite(t, true, nil)
	c := get[render.CheckObject](s, post("/checks", object{"target": "https://example.com/", "ip": []string{"192.0.2.25"}, "selector": []string{"mail"}, "audience": "bulk", "lang": "ja"}))
	i := indexOf(c.Findings, "dmarc.none")
	if i < 0 || !strings.ContainsAny(c.Findings[i].Title, "あいうえおはがのにをでとまん") || len(c.Findings[i].Fix.DNS) == 0 || c.Score == nil {
		t.Errorf("check: %+v", c)
	}
	for _, card := range c.Scorecards {
		if card.Audience != "bulk" {
			t.Errorf("a card for %s", card.Audience)
		}
	}
	w := get[service.WhatIfResult](s, post("/what-if", object{"target": "example.com", "what_if": []string{"_dmarc.example.com. TXT v=DMARC1; p=reject"}}))
	if indexOf(w.Fixed, "dmarc.none") < 0 || len(w.Broke) > 0 || len(w.Changes) != 1 || indexOf(w.After.Findings, "dmarc.none") >= 0 {
		t.Errorf("what if: %+v", w)
	}
	p := get[service.Proposal](s, post("/proposals", object{"target": "example.com", "forms": []string{"bind", "route53"}}))
	if len(p.Changes) == 0 || len(p.Changes[0].Forms) != 2 || len(p.Changes[0].Findings) == 0 || !strings.Contains(p.Changes[0].Forms[0].Text, "_dmarc") || len(p.Todo) == 0 {
		t.Errorf("proposal: %+v", p)
	}
	e := get[render.ExplainObject](s, post("/explain", object{"text": "550-5.7.26 This mail has been blocked because the sender is unauthenticated. gsmtp"}))
	if e.Kind != "smtp-reply" || len(e.Failures) != 1 || e.Failures[0].Provider == nil || *e.Failures[0].Provider != "gmail" {
		t.Errorf("explain: %+v", e)
	}
	l := get[service.Catalogue](s, getting("/findings?area=dmarc"))
	f := get[service.CatalogueEntry](s, getting("/findings/dmarc.none"))
	if len(l.Findings) < 5 || f.Title.JA == "" || f.Fix == nil || len(f.Requirements) == 0 {
		t.Errorf("findings: %d, %+v", len(l.Findings), f)
	}
	if h := get[service.Health](s, getting("/health")); !h.Database || h.Version != "1.2.3" {
		t.Errorf("health: %+v", h)
	}
}

func indexOf(fs []render.FindingObject, id string) int {
	for i, f := range fs {
		if f.ID == id {
			return i
		}
	}
	return -1
}

// TestWholeTest: an address, a message, a wait that ends with the verdict, its evidence.
func TestWholeTest(t *testing.T) {
	s := newSite(t, true, nil)
	box := get[service.Test](s, call{method: "POST", path: prefix + "/tests"})
	if box.Address != box.Token+"@inbox.example.org" || box.SMTP.Port != 2525 || !strings.HasPrefix(box.URLs.Page, s.http.URL+"/m/") {
		t.Errorf("test: %+v", box)
	}
	at := "/tests/" + box.Token
	if v := get[service.Verdict](s, getting(at+"/verdict")); v.State != service.StateWaiting || v.Message != nil {
		t.Errorf("before: %+v", v)
	}
	came := make(chan string, 1)
	time.AfterFunc(50*time.Millisecond, func() { came <- s.Deliver(t, box.Token, session, servicetest.Mail).ID })
	v := get[service.Verdict](s, getting(at+"/verdict?wait=30s&lang=en"))
	id := <-came
	if v.State != service.StateVerified || v.Message == nil || v.Message.ID != id || v.Verdict == nil || v.Verdict.SPF.Result != "pass" {
		t.Fatalf("verdict: %+v", v)
	}
	if again := get[service.Verdict](s, getting(at+"/verdict?after="+id)); again.State != service.StateWaiting {
		t.Errorf("after the known one: %+v", again)
	}
	if st := get[service.TestState](s, getting(at)); st.State != service.StateVerified || len(st.Messages) != 1 {
		t.Errorf("state: %+v", st)
	}
	if m := get[render.VerifyObject](s, getting("/messages/"+id)); m.SPF.Result != "pass" {
		t.Errorf("message: %+v", m)
	}
	if m := get[render.VerifyObject](s, getting("/messages/"+id+"?what_if=example.com+TXT+v%3Dspf1+-all")); m.SPF.Result != "fail" {
		t.Errorf("message, what if: %+v", m.SPF)
	}
	if raw := s.do(getting("/messages/" + id + "/raw")); string(raw.data) != servicetest.Mail || raw.Header.Get("Content-Type") != "message/rfc822" {
		t.Errorf("raw: %q", raw.data)
	}
	if b := s.do(getting("/messages/" + id + "/bundle")); !bytes.Contains(b.data, []byte(`"todoku-evidence"`)) {
		t.Errorf("bundle: %.200s", b.data)
	}
	if l := get[service.MessageList](s, getting("/messages?limit=5")); len(l.Messages) != 1 || l.Messages[0].ID != id {
		t.Errorf("list: %+v", l)
	}
}

func TestSubmit(t *testing.T) {
	s := newSite(t, true, nil)
	c := call{method: "POST", path: prefix + "/messages?ip=192.0.2.25&helo=mail.example.com&mail_from=news@example.com", body: servicetest.Mail, headers: []string{"Content-Type", "message/rfc822"}}
	v := get[service.Verdict](s, c)
	if v.State != service.StateVerified || v.Verdict.SPF.Result != "pass" || v.Verdict.DMARC.FromDomain == nil {
		t.Errorf("%+v", v)
	}
	for path, field := range map[string]string{
		"?ip=1.2.3": "ip", "?mail_from=nobody": "mail_from", "?helo=a%20b": "helo", "?null_path=true&mail_from=a@b.example": "null_path",
	} {
		c.path = prefix + "/messages" + path
		if a := s.refused(path, c, service.Invalid); !strings.Contains(string(a.data), `"location":"`+field+`"`) {
			t.Errorf("%s: %s", path, a.data)
		}
	}
	c.path = prefix + "/messages"
	c.headers = []string{"Content-Type", "text/plain"}
	s.refused("another content type", c, service.UnsupportedMedia)
	c.headers, c.body = []string{"Content-Type", "message/rfc822"}, " \r\n"
	s.refused("no message", c, service.Invalid)
	c.body = strings.Repeat("x", service.MaxMessage+1)
	s.refused("25 MiB and one octet", c, service.TooLarge)
}

// TestBadInput: everything is refused by a problem that says what is wrong, and repeats nothing.
func TestBadInput(t *testing.T) {
	s := newSite(t, true, nil)
	const mark = "HOSTILE<script>"
	for what, c := range map[string]call{
		"no target":            post("/checks", object{}),
		"an empty target":      post("/checks", object{"target": ""}),
		"a range":              post("/checks", object{"target": "192.0.2.0/24"}),
		"no name":              post("/checks", object{"target": mark}),
		"a number":             post("/checks", object{"target": 5}),
		"null":                 post("/checks", nil),
		"a list":               post("/checks", []string{"example.com"}),
		"unknown member":       post("/checks", object{"target": "example.com", "another": mark}),
		"another audience":     post("/checks", object{"target": "example.com", "audience": mark}),
		"no address":           post("/checks", object{"target": "example.com", "ip": []string{mark}}),
		"a zone":               post("/checks", object{"target": "example.com", "ip": []string{"fe80::1%eth0"}}),
		"no selector":          post("/checks", object{"target": "example.com", "selector": []string{"a b"}}),
		"too many addresses":   post("/checks", object{"target": "example.com", "ip": strings.Split(strings.Repeat("192.0.2.1 ", 11), " ")}),
		"no record":            post("/what-if", object{"target": "example.com", "what_if": []string{"nonsense"}}),
		"no records":           post("/what-if", object{"target": "example.com"}),
		"another form":         post("/proposals", object{"target": "example.com", "forms": []string{mark}}),
		"another language":     post("/explain", object{"text": "550 5.7.26 x", "lang": mark}),
		"not JSON":             {method: "POST", path: prefix + "/checks", body: mark},
		"two values":           {method: "POST", path: prefix + "/checks", body: `{"target":"example.com"}{}`},
		"a wait that is none":  getting("/tests/x/verdict?wait=" + "-5"),
		"a parameter too much": getting("/health?" + "x=1"),
		"a limit":              getting("/messages?limit=100000"),
	} {
		if a := s.refused(what, c, service.Invalid); bytes.Contains(a.data, []byte("<script>")) {
			t.Errorf("%s: it repeats what was sent: %s", what, a.data)
		}
	}
	for what, c := range map[string]call{
		"nothing to explain": post("/explain", object{"text": "hello there"}),
		"octets":             post("/explain", object{"text": strings.Repeat("\x01", 100)}),
	} {
		s.refused(what, c, service.NothingToExplain)
	}
	s.refused("a form", call{method: "POST", path: prefix + "/checks", body: "target=example.com", headers: []string{"Content-Type", "application/x-www-form-urlencoded"}}, service.UnsupportedMedia)
	s.refused("too large", post("/checks", object{"target": strings.Repeat("a", 300<<10)}), service.TooLarge)
	s.refused("too large to explain", post("/explain", object{"text": strings.Repeat("a", 9<<20)}), service.TooLarge)
	s.refused("deep", call{method: "POST", path: prefix + "/checks", body: strings.Repeat("[", 100_000)}, service.Invalid)
	for _, path := range []string{"/api/v2/checks", prefix, prefix + "/nothing", prefix + "/findings/no.such", prefix + "/messages/nothing", prefix + "/tests/0000000000000", prefix + "/tests/..%2f..%2fx", prefix + "/tests/0000000000000/verdict?wait=1s"} {
		s.refused(path, call{method: "GET", path: path}, service.NotFound)
	}
	a := s.refused("another method", call{method: "DELETE", path: prefix + "/messages"}, service.WrongMethod)
	if got := a.Header.Get("Allow"); got != "GET, POST" {
		t.Errorf("Allow: %q", got)
	}
	ja := s.do(call{method: "GET", path: prefix + "/messages/nothing", headers: []string{"Accept-Language", "ja"}})
	if !bytes.Contains(ja.data, []byte("見つかりません")) {
		t.Errorf("in Japanese: %s", ja.data)
	}
}

// TestHostileText: what strangers published comes as JSON text, and cannot turn into anything else.
func TestHostileText(t *testing.T) {
	s := newSite(t, true, nil)
	a := s.do(post("/checks", object{"target": "evil.example"}))
	if a.StatusCode != 200 || bytes.ContainsAny(a.data, "\x1b\u202e") || a.Header.Get("X-Content-Type-Options") != "nosniff" ||
		!strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") || !strings.Contains(a.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%s %v\n%s", a.Status, a.Header, a.data)
	}
}

// TestScopes: each operation needs its scope, and no other will do.
func TestScopes(t *testing.T) {
	s := newSite(t, false, nil)
	byScope := make(map[string]string)
	for _, scope := range service.Scopes {
		byScope[scope] = s.token(scope)
	}
	for _, op := range s.api.operations {
		if op.scope == "" {
			continue
		}
		c := call{method: op.method, path: strings.NewReplacer("{id}", "nothing", "{token}", "nothing").Replace(op.path)}
		s.refused(op.id+" without a token", c, service.Unauthorized)
		for scope, token := range byScope {
			c.headers = []string{"Authorization", "Bearer " + token}
			if scope != op.scope {
				s.refused(op.id+" with "+scope, c, service.Forbidden)
			} else if a := s.do(c); a.StatusCode == 401 || a.StatusCode == 403 {
				t.Errorf("%s with %s: %s", op.id, scope, a.Status)
			}
		}
	}
	if h := s.do(getting("/health")); h.StatusCode != 200 {
		t.Errorf("health: %s", h.Status)
	}
}

// TestTokens: what is no token, no longer one, or guessed too often.
func TestTokens(t *testing.T) {
	now := time.Now()
	s := newSite(t, true, func(c *Config) { c.Guard.Now = func() time.Time { return now } })
	good := s.token("read")
	with := func(value string) call {
		return call{method: "GET", path: prefix + "/findings/dmarc.none", headers: []string{"Authorization", value}}
	}
	if a := s.do(with("bearer " + good)); a.StatusCode != 200 {
		t.Errorf("a token: %s", a.Status)
	}
	list, err := s.Store.Tokens(t.Context(), 10)
	if err != nil || len(list) != 1 || list[0].Used.IsZero() || strings.Contains(fmt.Sprint(list), good) {
		t.Errorf("%v %+v", err, list)
	}
	// One at this machine that shows a token is judged by it.
	s.refused("a local one with a token of less", call{method: "POST", path: prefix + "/tests", headers: []string{"Authorization", "Bearer " + good}}, service.Forbidden)
	for _, value := range []string{"Basic " + good, "Bearer", "Bearer " + good[:20], "Bearer tdk_" + strings.Repeat("A", 43), "Bearer " + strings.Repeat("x", 10_000)} {
		s.refused(value[:min(len(value), 30)], with(value), service.Unauthorized)
	}
	expired, _, err := tokens.Create(t.Context(), s.Store, "short", []string{"read"}, time.Now().Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if a := s.do(with("Bearer " + expired)); a.StatusCode != 200 {
		t.Errorf("before it expires: %s", a.Status)
	}
	if err := s.Store.RemoveToken(t.Context(), list[0].ID); err != nil {
		t.Fatal(err)
	}
	s.refused("a revoked one", with("Bearer "+good), service.Unauthorized)
	for range 30 {
		s.do(with("Bearer tdk_" + strings.Repeat("B", 43)))
	}
	s.refused("guessed too often", with("Bearer "+expired), service.RateLimited)
	now = now.Add(10 * time.Second)
	if a := s.do(with("Bearer " + expired)); a.StatusCode == http.StatusTooManyRequests {
		t.Errorf("after a while: %s", a.Status)
	}
}

// TestLimits: what is dear is bounded for each token and for each address.
func TestLimits(t *testing.T) {
	now := time.Now()
	proxy := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	s := newSite(t, false, func(c *Config) { c.Guard.Now = func() time.Time { return now }; c.TrustProxy = proxy })
	one, other := s.token("submit"), s.token("submit")
	create := func(token, from string) answer {
		return s.do(call{method: "POST", path: prefix + "/tests", headers: []string{"Authorization", "Bearer " + token, "X-Forwarded-For", from}})
	}
	made := 0
	for range 40 {
		if a := create(one, fmt.Sprintf("198.51.100.%d", made+1)); a.StatusCode == http.StatusTooManyRequests {
			if a.Header.Get("Retry-After") != "2" {
				t.Errorf("Retry-After: %q", a.Header.Get("Retry-After"))
			}
			break
		}
		made++
	}
	if made != 30 {
		t.Errorf("one token made %d from as many addresses", made)
	}
	if a := create(other, "198.51.100.1"); a.StatusCode != 201 {
		t.Errorf("another token: %s", a.Status)
	}
	for i := range 40 { // one address, whatever tokens it has
		create(s.token("submit"), "203.0.113.9")
		if i == 39 {
			if a := create(s.token("submit"), "203.0.113.9"); a.StatusCode != http.StatusTooManyRequests {
				t.Errorf("one address: %s", a.Status)
			}
		}
	}
	now = now.Add(3 * time.Second)
	if a := create(one, "198.51.100.77"); a.StatusCode != 201 {
		t.Errorf("after a while: %s", a.Status)
	}
}

// TestElsewhere: pages of other sites, names that are not ours, and forwarded requests.
func TestElsewhere(t *testing.T) {
	s := newSite(t, true, nil)
	cross := post("/checks", object{"target": "example.com"})
	cross.headers = []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}
	a := s.refused("a page of another site", cross, service.CrossOrigin)
	if a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("it allows other origins")
	}
	s.refused("a name made to point here", call{method: "GET", path: prefix + "/findings", headers: []string{"Host", "evil.example"}}, service.WrongHost)
	s.refused("forwarded by who knows whom", call{method: "GET", path: prefix + "/findings", headers: []string{"X-Forwarded-For", "198.51.100.7"}}, service.Unauthorized)
	r := httptest.NewRequest("GET", prefix+"/findings", nil)
	r.RemoteAddr = "198.51.100.7:1234"
	r.Host = "127.0.0.1"
	w := httptest.NewRecorder()
	s.api.ServeHTTP(w, r)
	if w.Code != http.StatusUnauthorized {
		t.Errorf("from elsewhere: %d", w.Code)
	}
}

// TestNoStore: without a database what needs one says so.
func TestNoStore(t *testing.T) {
	s := newSite(t, true, nil)
	s.api = New(Config{Service: service.New(service.Config{Checker: s.Checker}), Guard: s.api.Guard})
	s.http.Config.Handler = s.api
	for _, c := range []call{post("/tests", object{}), getting("/tests/x"), getting("/tests/x/verdict"), getting("/messages/x"), getting("/messages")} {
		if a := s.http.Client(); a != nil {
			r := s.request(c)
			w, err := a.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			w.Body.Close()
			if w.StatusCode != http.StatusNotImplemented {
				t.Errorf("%s %s: %s", c.method, c.path, w.Status)
			}
		}
	}
}
