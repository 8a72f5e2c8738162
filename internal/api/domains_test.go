package api

import (
	"bytes"
	"strings"
	"testing"

	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/service"
)

// panelSite is a site that keeps keys.
func panelSite(t *testing.T) *site {
	t.Helper()
	s := newSite(t, true, nil)
	master, err := keys.ParseMaster([]byte(keys.NewMaster()))
	if err != nil {
		t.Fatal(err)
	}
	s.Service.Panel = panel.New(panel.Config{Store: s.Store, Keys: keys.New(keys.Config{Store: s.Store, Master: master})})
	return s
}

func TestDomains(t *testing.T) {
	s := panelSite(t)
	if a := s.do(post("/domains", object{"name": "Example.COM.", "senders": []string{"Ann"}})); a.StatusCode != 201 || !strings.Contains(string(a.data), `"example.com"`) {
		t.Fatalf("%s %s", a.Status, a.data)
	}
	a := s.do(post("/domains/example.com", object{"dmarc": "reject", "state": "disabled"}))
	if a.StatusCode != 200 || !strings.Contains(string(a.data), `"disabled"`) || !strings.Contains(string(a.data), `"ann"`) {
		t.Fatalf("%s %s", a.Status, a.data)
	}
	for range 2 {
		a = s.do(call{method: "POST", path: prefix + "/domains/example.com/keys?form=cloudflare&lang=ja"})
	}
	if a.StatusCode != 200 || strings.Count(string(a.data), `"prepared"`) != 2 || !strings.Contains(string(a.data), "v=DKIM1") || bytes.Contains(a.data, []byte("PRIVATE")) {
		t.Fatalf("%s %s", a.Status, a.data)
	}
	if a := s.do(getting("/domains/example.com")); a.StatusCode != 200 || !strings.Contains(string(a.data), `"no-check"`) {
		t.Errorf("%s %s", a.Status, a.data)
	}
	csv := []string{"Content-Type", "text/csv"}
	if a := s.do(call{method: "POST", path: prefix + "/domains.csv", body: "domain,senders\nb.example,'=1+1\n", headers: csv}); a.StatusCode != 200 || !strings.Contains(string(a.data), `"made":1`) {
		t.Errorf("%s %s", a.Status, a.data)
	}
	if a := s.do(getting("/domains.csv")); a.StatusCode != 200 || !strings.Contains(string(a.data), "b.example,enabled,on,,'=1+1,\r\n") {
		t.Errorf("%s %s", a.Status, a.data)
	}
	if a := s.do(getting("/domains?limit=1")); a.StatusCode != 200 || !strings.Contains(string(a.data), `"next":"b.example"`) {
		t.Errorf("%s %s", a.Status, a.data)
	}
	for name, c := range map[string]call{
		"there already": post("/domains", object{"name": "example.com"}), "no name": post("/domains", object{}), "renamed": post("/domains/example.com", object{"name": "x.example"}),
		"bad policy": post("/domains/example.com", object{"dmarc": "p=reject"}), "bad name": post("/domains", object{"name": "=cmd.example"}), "bad login": post("/domains/example.com", object{"senders": []string{"a\u202eb"}}),
		"bad file": {method: "POST", path: prefix + "/domains.csv", body: "domain\n\n<script>\n", headers: csv}, "bad form": getting("/domains/example.com?form=none"),
	} {
		s.refused(name, c, service.Invalid)
	}
	if a := s.refused("empty file", call{method: "POST", path: prefix + "/domains.csv", headers: csv}, service.Invalid); !strings.Contains(string(a.data), `"location":"body"`) {
		t.Errorf("nothing names what is wrong: %s", a.data)
	}
	s.refused("no such", getting("/domains/none.example"), service.NotFound)
	s.refused("no CSV", call{method: "POST", path: prefix + "/domains.csv", body: "domain\n", headers: []string{"Content-Type", "application/json"}}, service.UnsupportedMedia)
}

// TestJapaneseErrors: what of a request is wrong is said in the language of the request.
func TestJapaneseErrors(t *testing.T) {
	s := panelSite(t)
	many := make([]string, 101)
	for name, c := range map[string]struct {
		call
		want string
	}{
		"too long": {post("/domains", object{"name": strings.Repeat("x", 2000)}), "1000 文字以内で指定してください"}, "no string": {post("/domains", object{"name": 5}), "文字列で指定してください"},
		"no such policy": {post("/domains/a.example", object{"dmarc": "p=reject"}), "次のいずれかで指定してください: "}, "too many": {post("/domains/a.example", object{"senders": many}), "100 個以内で指定してください"},
		"unknown key": {post("/domains/a.example", object{"x": 1}), "使えないキーです"}, "no key": {post("/domains/a.example/forwards", object{"to": []string{}}), "キー address が必要です"}, "no list": {post("/domains/a.example", object{"senders": "x"}), "配列で指定してください"},
		"no boolean": {post("/domains/a.example", object{"dkim": "x"}), "真偽値 (true、false) で指定してください"}, "too few": {getting("/domains?limit=0"), "1 以上の数値で指定してください"}, "no number": {getting("/domains?limit=x"), "整数で指定してください"},
		"no action": {post("/domains/a.example/keys/x/explode", object{}), "次のいずれかで指定してください: rotate"},
		"no file":   {call{method: "POST", path: prefix + "/domains.csv", headers: []string{"Content-Type", "text/csv"}}, "本文がありません"},
		"no JSON":   {call{method: "POST", path: prefix + "/domains", body: "{", headers: []string{"Content-Type", "application/json"}}, "JSON ではありません"},
	} {
		c.headers = append(c.headers, "Accept-Language", "ja")
		a := s.refused(name, c.call, service.Invalid)
		if !strings.Contains(string(a.data), `"message":"`+c.want) || strings.Contains(string(a.data), "expected") {
			t.Errorf("%s: %s", name, a.data)
		}
	}
}

// TestNoPanel: where no keys are kept there is none.
func TestNoPanel(t *testing.T) {
	s := newSite(t, true, nil)
	for _, path := range []string{"/domains", "/domains/example.com", "/domains.csv"} {
		s.refused(path, getting(path), service.NotFound)
	}
	s.refused("create", post("/domains", object{"name": "a.example"}), service.NotFound)
}

// TestDomainCustomers: administrators say whose a domain is, see it, and remove domains; customers do none of it.
func TestDomainCustomers(t *testing.T) {
	s := panelSite(t)
	_, her := s.customer("her")
	a := s.do(post("/domains", object{"name": "a.example", "customers": []string{"Her"}}))
	if a.StatusCode != 201 || !strings.Contains(string(a.data), `"customers":["her"]`) {
		t.Fatalf("%s %s", a.Status, a.data)
	}
	s.get200(post("/domains", object{"name": "b.example"}))
	for path, want := range map[string]string{"/domains?customer=her": `[{"name":"a.example"`, "/domains/a.example": `"customers":["her"]`, "/domains/b.example": `"customers":[]`} {
		if b := s.get200(getting(path)); !strings.Contains(string(b), want) || strings.Contains(string(b), "b.example") != strings.Contains(path, "b.example") {
			t.Errorf("%s: %s", path, b)
		}
	}
	if b := s.get200(getting("/domains").with(her)); !strings.Contains(string(b), `"customers":null`) {
		t.Errorf("%s", b)
	}
	s.refused("nobody", post("/domains/a.example", object{"customers": []string{"nobody"}}), service.Invalid)
	s.refused("of nobody", getting("/domains?customer=nobody"), service.Invalid)
	s.refused("of another", getting("/domains?customer=her").with(her), service.Forbidden)
	s.refused("given away", post("/domains/a.example", object{"customers": []string{}}).with(her), service.Forbidden)
	remove := func(name string) call { return call{method: "DELETE", path: prefix + "/domains/" + name} }
	s.refused("removed by a customer", remove("a.example").with(her), service.Forbidden)
	if a := s.do(remove("a.example")); a.StatusCode != 204 || len(a.data) > 0 {
		t.Errorf("%s %s", a.Status, a.data)
	}
	s.refused("removed twice", remove("a.example"), service.NotFound)
	s.refused("gone", getting("/domains/a.example").with(her), service.NotFound)
}

// TestWrongMasterKey: keys that are kept with another master key are a fault of the server, not of the request, and not of the database.
func TestWrongMasterKey(t *testing.T) {
	s := panelSite(t)
	if a := s.do(post("/domains", object{"name": "a.example"})); a.StatusCode != 201 {
		t.Fatalf("%s %s", a.Status, a.data)
	}
	if a := s.do(post("/domains/a.example/keys", nil)); a.StatusCode != 200 {
		t.Fatalf("%s %s", a.Status, a.data)
	}
	if a := s.do(post("/domains", object{"name": "b.example"})); a.StatusCode != 201 {
		t.Fatalf("%s %s", a.Status, a.data)
	}
	other, err := keys.ParseMaster([]byte(keys.NewMaster()))
	if err != nil {
		t.Fatal(err)
	}
	s.Service.Panel = panel.New(panel.Config{Store: s.Store, Keys: keys.New(keys.Config{Store: s.Store, Master: other})})
	a := s.refused("keys", call{method: "POST", path: prefix + "/domains/b.example/keys"}, service.WrongMaster)
	if a.StatusCode != 503 || bytes.Contains(a.data, []byte(other.ID())) || !bytes.Contains(a.data, []byte("another master key")) {
		t.Errorf("%s %s", a.Status, a.data)
	}
	a = s.refused("keys, in Japanese", call{method: "POST", path: prefix + "/domains/b.example/keys?lang=ja", headers: []string{"Accept-Language", "ja"}}, service.WrongMaster)
	if !bytes.Contains(a.data, []byte("別のマスター鍵")) {
		t.Errorf("%s", a.data)
	}
}
