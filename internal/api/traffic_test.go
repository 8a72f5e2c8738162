package api

import (
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/tokens"
	"github.com/todoku/todoku/internal/traffic"
	"github.com/todoku/todoku/internal/warmup"
)

func TestTraffic(t *testing.T) {
	s := newSite(t, true, nil)
	s.Service.Traffic = &traffic.Reader{Store: s.Store, Now: func() time.Time { return exampleTime }}
	m := store.MailEvent{
		ID: store.NewMailEventID(exampleTime), At: exampleTime, Outgoing: true, Queue: "Q1", Author: "example.com", MailFrom: "ann@example.com", Rcpts: []string{"<script>@x.example"}, RcptCount: 1, Action: "accept",
		Reason: "no key", Findings: [][2]string{{"dkim.no-key", "there is no key for example.com, the domain of From"}}, Receivers: map[string]int{"*": 1},
	}
	in := store.MailEvent{ID: store.NewMailEventID(exampleTime), At: exampleTime, Queue: "Q2", Author: "shop.example", MailFrom: "ann@example.com", Action: "reject", Outcome: "dmarc-reject", Override: "mailing_list", Comment: "mailing list l.example"}
	if err := s.Store.AddMailEvents(t.Context(), []store.MailEvent{m, in}); err != nil {
		t.Fatal(err)
	}
	if err := s.Store.AddVolume(t.Context(), []store.Volume{{Day: "2026-11-22", Source: "192.0.2.1", Provider: "gmail", Author: "example.com", Messages: 12, Paced: 3}, {Day: "2026-11-20", Source: "192.0.2.1", Provider: "*", Author: "b.example", Messages: 1}}); err != nil {
		t.Fatal(err)
	}
	l := get[service.MailMessages](s, getting("/mail?q=q1&lang=ja"))
	if len(l.Messages) != 1 || l.Messages[0].Findings[0].Text != "From のドメイン example.com の鍵がありません" || l.Messages[0].Reason != "署名に使う鍵がありません" || l.Messages[0].Direction != "out" || l.Messages[0].Done != "受け付けました。署名は付けていません。" {
		t.Errorf("%+v", l)
	}
	l = get[service.MailMessages](s, getting("/mail?q=ann@example.com&from=2026-11-22&to=2026-11-22&limit=1"))
	if len(l.Messages) != 1 || !l.More {
		t.Errorf("%+v", l)
	}
	l = get[service.MailMessages](s, getting("/mail?q=q2"))
	if len(l.Messages) != 1 || l.Messages[0].Override == nil || !strings.Contains(l.Messages[0].Found, "shop.example") {
		t.Errorf("%+v", l)
	}
	if l = get[service.MailMessages](s, getting("/mail?to=2026-11-21")); len(l.Messages) != 0 || l.More {
		t.Errorf("%+v", l)
	}
	v := get[service.MailVolume](s, getting("/volume"))
	if v.Messages != 13 || len(v.Rows) != 2 || v.Rows[0].Domain != "example.com" || v.From != "2026-11-16" {
		t.Errorf("%+v", v)
	}
	if v = get[service.MailVolume](s, getting("/volume?domain=example.com&provider=gmail&source=192.0.2.1&from=2026-11-01&to=2026-11-30&limit=1")); v.Messages != 12 || v.Paced != 3 {
		t.Errorf("%+v", v)
	}
	if a := s.do(getting("/volume.csv?provider=*")); a.StatusCode != 200 || string(a.data) != "day,domain,source,provider,messages,paced\r\n2026-11-20,b.example,192.0.2.1,*,1,0\r\n" {
		t.Errorf("%s %s", a.Status, a.data)
	}
	for name, c := range map[string]call{
		"bad time": getting("/mail?from=soon"), "bad end": getting("/mail?to=x"), "bad day": getting("/volume?from=x"), "bad domain": getting("/volume?domain=%3Cb%3E"), "bad source": getting("/volume.csv?source=x"), "bad provider": getting("/volume?provider=x"),
	} {
		s.refused(name, c, service.Invalid)
	}
}

// TestNoTraffic: where nothing is kept there is nothing.
func TestNoTraffic(t *testing.T) {
	s := newSite(t, true, nil)
	for _, path := range []string{"/mail", "/volume", "/volume.csv"} {
		s.refused(path, getting(path), service.NotFound)
	}
}

// TestTrafficOfCustomers: a customer's token finds what is of their domains, and no plans.
func TestTrafficOfCustomers(t *testing.T) {
	s := panelSite(t)
	s.Service.Traffic = &traffic.Reader{Store: s.Store, Now: func() time.Time { return exampleTime }}
	s.Service.Book = warmup.NewBook(warmup.BookConfig{Store: s.Store})
	for _, name := range []string{"hers.example", "his.example"} {
		if err := s.Store.SetDomains(t.Context(), &store.Domain{Name: name, DKIM: true, Created: exampleTime.AddDate(0, -1, 0)}); err != nil {
			t.Fatal(err)
		}
	}
	person, _ := s.customer("her", "hers.example")
	her, _, err := tokens.CreateFor(t.Context(), s.Store, person, "flow", []string{service.ScopeFlow}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	var list []store.MailEvent
	for _, author := range []string{"hers.example", "his.example"} {
		list = append(list, store.MailEvent{ID: store.NewMailEventID(exampleTime), At: exampleTime, Outgoing: true, Author: author, MailFrom: "x@hers.example", Action: "accept"})
	}
	if err := s.Store.AddMailEvents(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	if err := s.Store.AddVolume(t.Context(), []store.Volume{{Day: "2026-11-22", Provider: "*", Author: "hers.example", Messages: 1}, {Day: "2026-11-22", Provider: "*", Author: "his.example", Messages: 2}}); err != nil {
		t.Fatal(err)
	}
	if l := get[service.MailMessages](s, getting("/mail?q=x@hers.example").with(her)); len(l.Messages) != 1 || l.Messages[0].Author != "hers.example" {
		t.Errorf("%+v", l)
	}
	if v := get[service.MailVolume](s, getting("/volume").with(her)); v.Messages != 1 {
		t.Errorf("%+v", v)
	}
	if a := s.do(getting("/volume.csv").with(her)); a.StatusCode != 200 || strings.Contains(string(a.data), "his") {
		t.Errorf("%s %s", a.Status, a.data)
	}
	s.refused("no name", getting("/mail").with(her), service.Invalid)
	s.refused("his", getting("/volume?domain=his.example").with(her), service.NotFound)
	s.refused("plans", getting("/warmups").with(her), service.Forbidden)
	s.refused("a plan", getting("/warmups/192.0.2.1/gmail").with(her), service.Forbidden)
	s.refused("begin", post("/warmups", object{"source": "192.0.2.1", "provider": "gmail", "table": "ses"}).with(her), service.Forbidden)
	s.refused("end", post("/warmups/192.0.2.1/gmail", object{"state": "ended"}).with(her), service.Forbidden)
}
