package panel

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/store"
)

// TestMailSeen: what left through the server counts by its signature, what came in by DMARC, and what did not go out not at all.
func TestMailSeen(t *testing.T) {
	p, ctx := open(t), t.Context()
	_, err := p.Create(ctx, admin, "shop.example", Change{})
	must(t, err)
	var list []store.MailEvent
	add := func(n int, ago time.Duration, change func(*store.MailEvent)) {
		for i := range n {
			at := p.Now().Add(-ago - time.Duration(i)*time.Minute)
			e := store.MailEvent{ID: store.NewMailEventID(at), At: at, Author: "shop.example", Client: "192.0.2.1", Action: "accept"}
			change(&e)
			list = append(list, e)
		}
	}
	day := 24 * time.Hour
	signed := func(d string) func(*store.MailEvent) {
		return func(e *store.MailEvent) { e.Outgoing, e.User, e.Signed = true, "ann", []string{"d=" + d + " s=x"} }
	}
	came := func(dmarc string, auth store.MailAuth) func(*store.MailEvent) {
		return func(e *store.MailEvent) { auth.DMARC = dmarc; e.Auth, e.Client = &auth, "203.0.113.9" }
	}
	add(40, time.Hour, signed("shop.example"))
	add(5, 10*day, signed("mail.shop.example"))
	add(3, day, func(e *store.MailEvent) { e.Outgoing = true })
	add(1, day, func(e *store.MailEvent) { signed("other.example")(e); e.User = "eve" })
	add(9, day, func(e *store.MailEvent) { e.Outgoing, e.Action = true, "reject" })
	add(9, day, func(e *store.MailEvent) { e.Outgoing, e.Action, e.Paced = true, "defer", true })
	add(4, 2*day, came("pass", store.MailAuth{}))
	add(2, 2*day, came("fail", store.MailAuth{}))
	add(1, 2*day, func(e *store.MailEvent) { came("fail", store.MailAuth{})(e); e.Override = "trusted_forwarder" })
	add(2, 3*day, came("none", store.MailAuth{SPF: "pass", SPFDomain: "bounce.shop.example"}))
	add(1, 3*day, came("none", store.MailAuth{SPF: "pass", SPFDomain: "evil.example", DKIM: [][3]string{{"evil.example", "x", "pass"}, {"shop.example", "x", "fail"}}}))
	add(7, 3*day, came("temperror", store.MailAuth{}))
	add(5, 40*day, func(e *store.MailEvent) { e.Outgoing = true })                                     // too long ago
	add(5, day, func(e *store.MailEvent) { e.Author, e.MailFrom = "other.example", "x@shop.example" }) // not in its name
	for i := range list {                                                                              // two of one moment are two
		list[i].ID += fmt.Sprint(i)
	}
	must(t, p.Store.AddMailEvents(ctx, list))
	m, err := p.mailSeen(ctx, admin, &store.Domain{Name: "shop.example"})
	must(t, err)
	if m.Messages != 40+5+3+1+4+3+2+1 || m.Failing != 3+1+3+1 || m.More || len(m.Sources) != 4 {
		t.Fatalf("%+v", m)
	}
	out := map[string]MailSource{}
	for _, s := range m.Sources {
		out[fmt.Sprint(s.Name, s.Here)] = s
	}
	for name, want := range map[string][3]int{"anntrue": {45, 0, 0}, "evetrue": {1, 1, 0}, "192.0.2.1true": {3, 3, 0}, "203.0.113.9false": {10, 4, 1}} {
		if s := out[name]; [3]int{s.Messages, s.Failing, s.Forwarded} != want {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if got := m.reasons(); !slices.Equal(got, []string{ReasonUnsigned, ReasonElsewhere}) {
		t.Errorf("%v", got)
	}
	if got := (&MailSeen{}).reasons(); !slices.Equal(got, []string{ReasonFewSeen}) {
		t.Errorf("%v", got)
	}
	list = nil
	for i := range 30 {
		add(100, time.Duration(i)*time.Hour, func(e *store.MailEvent) {
			e.Outgoing, e.User, e.ID = true, fmt.Sprint("u", i), e.ID+fmt.Sprint("x", i, len(list))
		})
	}
	must(t, p.Store.AddMailEvents(ctx, list))
	if m, err = p.mailSeen(ctx, admin, &store.Domain{Name: "shop.example"}); err != nil || m.Messages != seenMost || !m.More || len(m.Sources) != maxSources || m.Others == 0 {
		t.Errorf("%d messages, %d sources, %d others, %t (%v)", m.Messages, len(m.Sources), m.Others, m.More, err)
	}
}
