package web

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/traffic"
)

// flowStore is a store with two messages that went out, one that came in, and some volume.
func flowStore(t *testing.T) *store.Store {
	t.Helper()
	st := newStore(t)
	list := []store.MailEvent{
		{Queue: "Q1", Outgoing: true, Author: "a.example", MailFrom: "me@a.example", Rcpts: []string{"x@gmail.com"}, RcptCount: 3, Action: "defer", Paced: true, Source: "192.0.2.1", Receivers: map[string]int{"gmail": 3},
			Reason: "Paced by the warm-up of 192.0.2.1: today's share for all other receivers is used up; room is expected at 2026-11-23 00:00 UTC, try again then"},
		{Queue: "Q2", Outgoing: true, Author: "b.example", MailFrom: "me@a.example", Rcpts: []string{"x@y.example"}, RcptCount: 1, Action: "accept", Findings: [][2]string{{"dkim.no-key", "there is no key for b.example, the domain of From"}, {"no.such", "<b>x</b>"}}},
		{Queue: "Q3<script>alert(1)</script>", Author: "c.example", MailFrom: "me@a.example", HELO: "<script>alert(2)</script>", Rcpts: []string{"boss@b.example", "ann@a.example"}, RcptCount: 2, Action: "reject", Outcome: "dmarc-reject",
			Results: "spf=fail", Client: "198.51.100.7", Override: "mailing_list", Comment: "mailing list l.example"},
	}
	for i := range list {
		list[i].At = now.Add(time.Duration(i) * time.Second)
		list[i].ID = store.NewMailEventID(list[i].At)
	}
	if err := st.AddMailEvents(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	if err := st.AddVolume(t.Context(), []store.Volume{
		{Day: "2026-11-22", Source: "192.0.2.1", Provider: "gmail", Author: "a.example", Messages: 12, Paced: 3}, {Day: "2026-11-21", Source: "192.0.2.1", Provider: "*", Author: "=b.example", Messages: 1}, {Day: "2026-11-21", Provider: "*", Author: "*", Messages: 5},
	}); err != nil {
		t.Fatal(err)
	}
	return st
}

func clock() time.Time { return now }

// TestMailPages: what the operator finds, in both languages.
func TestMailPages(t *testing.T) {
	st := flowStore(t)
	s := checkingSite(t, shop(), func(c *Config) { c.Traffic = &traffic.Reader{Store: st, Now: clock} })
	page := func(path string, says ...string) string {
		t.Helper()
		w := s.do(request("GET", path, nil))
		if w.Code != 200 {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		checkPage(t, w.Body.Bytes())
		for _, text := range says {
			if !strings.Contains(w.Body.String(), text) {
				t.Errorf("%s: no %q", path, text)
			}
		}
		if strings.Contains(w.Body.String(), "<script>alert") {
			t.Errorf("%s: what strangers wrote is in it as it came", path)
		}
		return w.Body.String()
	}
	page("/mail", "The latest messages", "Q1", "Q2", "&lt;script&gt;", "+2", "Gmail (Google): 3")
	page("/mail?q=Q1&lang=ja", "計画による一時的な拒否です", "その他のメール事業者への今日の件数を使い切りました")
	page("/mail?q=q2", `<a href="/findings/dkim.no-key">There is no key`, "there is no key for b.example", "<code>no.such</code>: &lt;b&gt;")
	page("/mail?q=boss@b.example", "neither SPF nor DKIM speaks for c.example", "mailing list l.example", "spf=fail", "198.51.100.7")
	if got := page("/mail?q=me@a.example&from=2026-11-22T03:04:06&to=2026-11-22"); strings.Contains(got, "Q1") || !strings.Contains(got, "Q2") {
		t.Error(got)
	}
	page("/mail?q=nobody", "Nothing is known of such a message")
	page("/volume", "2026-11-16 to 2026-11-22", "18 recipients, 3 put off", "a.example", "others", "all other providers", "/volume.csv?domain=")
	page("/volume?domain=a.example&lang=ja", "宛先 12 件")
	page("/volume?from=2020-01-01&to=2020-01-02", "Nothing was counted")
	page("/findings/dkim.no-key", "What to do", "RFC 6376")
	page("/findings/dkim.no-key?lang=ja", "対処")
	if w := s.do(request("GET", "/volume.csv?from=2026-11-21", nil)); w.Code != 200 || !strings.Contains(w.Body.String(), "2026-11-21,'=b.example,192.0.2.1,*,1,0\r\n") || !strings.Contains(w.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for path, code := range map[string]int{
		"/mail?from=soon": 422, "/mail?q=x&to=soon": 422, "/volume?from=x": 422, "/volume?domain=%3Cscript%3Ealert(1)": 422, "/volume?source=x": 422, "/volume?provider=x": 422, "/volume.csv?from=x": 400, "/findings/x.y": 404, "/findings/%3Cscript%3E": 404,
	} {
		w := s.do(request("GET", path, nil))
		if w.Code != code || strings.Contains(w.Body.String(), "<script>alert") {
			t.Errorf("%s: %d", path, w.Code)
		}
		checkPage(t, w.Body.Bytes())
	}
	far := request("GET", "/mail?q=q1", nil)
	far.RemoteAddr = "198.51.100.7:1"
	if w := s.do(far); w.Code != 403 || strings.Contains(w.Body.String(), "gmail") {
		t.Errorf("%d", w.Code)
	}
}

// TestMailOfCustomers: a customer sees what is of their domains, and nobody else's.
func TestMailOfCustomers(t *testing.T) {
	ctx := t.Context()
	st := flowStore(t)
	p := panelOn(t, st)
	h := houseOn(t, st, func(c *Config) { c.Panel, c.Traffic = p, &traffic.Reader{Store: st, Now: clock} })
	k := h.keeper
	for name, role := range map[string]string{"ann": access.Admin, "cus": access.Customer, "use": access.User} {
		if _, err := k.Add(ctx, name, goodPassword, role); err != nil {
			t.Fatal(err)
		}
	}
	admin := panel.Who{Admin: true}
	for _, name := range []string{"a.example", "b.example"} {
		if err := st.SetDomains(ctx, &store.Domain{Name: name, DKIM: true, Created: now.AddDate(0, -1, 0)}); err != nil {
			t.Fatal(err)
		}
	}
	cus, err := st.PersonByName(ctx, "cus")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Give(ctx, admin, "a.example", cus.ID, true); err != nil {
		t.Fatal(err)
	}
	ann, her, user, stranger := h.guest(), h.guest(), h.guest(), h.guest()
	ann.login("ann", goodPassword, 303)
	her.login("cus", goodPassword, 303)
	user.login("use", goodPassword, 303)
	if page := ann.want("GET", "/mail", nil, 200, ""); !strings.Contains(page, "Q2") {
		t.Error(page)
	}
	if page := her.want("GET", "/mail?q=me@a.example", nil, 200, ""); !strings.Contains(page, "Q1") || !strings.Contains(page, "ann@a.example") || strings.Contains(page, "Q2") || strings.Contains(page, "boss@b.example") {
		t.Error(page)
	}
	if page := her.want("GET", "/mail", nil, 200, ""); strings.Contains(page, "Q1") || strings.Contains(page, "/warmup") || !strings.Contains(page, `<a href="/mail">`) {
		t.Error("all is listed, or it leads to where customers may not go")
	}
	her.want("GET", "/mail?q=", nil, 422, "")
	if page := her.want("GET", "/mail?q=Q2", nil, 200, ""); strings.Contains(page, "b.example") {
		t.Error(page)
	}
	if page := her.want("GET", "/volume", nil, 200, ""); !strings.Contains(page, "12 recipients") || strings.Contains(page, "b.example") {
		t.Error(page)
	}
	if _, _, body := her.ask("GET", "/volume.csv", nil); strings.Contains(body, "b.example") || !strings.Contains(body, "a.example") {
		t.Error(body)
	}
	if page := her.want("GET", "/volume?domain=b.example", nil, 404, ""); !strings.Contains(page, "There is no such domain.") || !strings.Contains(page, `value="b.example"`) {
		t.Errorf("it is not said beside the field: %s", page)
	}
	for _, path := range []string{"/mail", "/volume", "/volume.csv"} {
		user.want("GET", path, nil, 403, "")
		stranger.want("GET", path, nil, 303, "/login?next="+url.QueryEscape(path))
	}
	stranger.want("GET", "/findings/dkim.no-key", nil, 200, "")
}
