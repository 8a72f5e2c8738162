package verify

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/blocklist"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/render"
)

const mail = "From: News <news@shop.example>\r\nTo: you@example.net\r\nSubject: Hello\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@shop.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=us-ascii\r\n\r\n<p>See <a href=\"https://bad.example/x\">this</a></p>\r\n"

var shopZone = dns.Zone{
	"shop.example":                 {"MX 10 mx.shop.example.", `TXT "v=spf1 ip4:192.0.2.1 -all"`, `TXT "v=spf1 mx ~all"`, "SOA ns.shop.example. a.shop.example. 1 2 3 4 5"},
	"mx.shop.example":              {"A 192.0.2.1"},
	"1.2.0.192.in-addr.arpa":       {"PTR mx.shop.example."},
	"2.0.0.127.zen.spamhaus.org":   {"A 127.0.0.2"},
	"1.2.0.192.zen.spamhaus.org":   {"A 127.0.0.4"},
	"dbltest.com.dbl.spamhaus.org": {"A 127.0.1.2"},
	"bad.example.dbl.spamhaus.org": {"A 127.0.1.2"},
}

func verified(t *testing.T, i *Inspector) *render.Report {
	t.Helper()
	return Message(t.Context(), dns.MustMemory(shopZone), Request{
		Name: "m", Source: "file", Raw: []byte(mail), Now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC), Inspector: i,
		Session: evidence.Session{RemoteIP: netip.MustParseAddr("192.0.2.1"), HELO: "mx.shop.example", MailFrom: "news@shop.example", HasMailFrom: true},
	})
}

func find(r *render.Report, id, subject string) *catalogue.Finding {
	i := slices.IndexFunc(r.Findings, func(f catalogue.Finding) bool { return f.ID == id && f.Subject == subject })
	if i < 0 {
		return nil
	}
	return &r.Findings[i]
}

// TestDomainsOfAMessage: what the message's own verdict names is repaired as the domain's
// record set needs it, and the domain's other faults are named too.
func TestDomainsOfAMessage(t *testing.T) {
	r := verified(t, new(Inspector))
	f := find(r, "spf.multiple-records", "shop.example")
	if f == nil || len(f.DNS) != 1 || len(f.DNS[0].Was) != 2 {
		t.Fatalf("want the two SPF records replaced by one: %+v", f)
	}
	if f := find(r, "dmarc.none", "shop.example"); f == nil || len(f.DNS) != 1 {
		t.Errorf("%+v", f)
	}
	again := Replay(t.Context(), &r.Bundle, "m", nil)
	if !slices.EqualFunc(r.Findings, again.Findings, func(a, b catalogue.Finding) bool {
		return a.ID == b.ID && a.Status == b.Status && a.Subject == b.Subject && slices.Equal(a.Evidence, b.Evidence)
	}) {
		t.Error("a replay gives other findings")
	}
	if alone := verified(t, nil); find(alone, "dmarc.none", "shop.example") == nil || len(alone.Bundle.DNS) >= len(r.Bundle.DNS) {
		t.Error("without an inspector only the message is judged")
	}
}

// TestListsOfAMessage: the client and the domains of links are looked for on the blocklists.
func TestListsOfAMessage(t *testing.T) {
	zone := dns.MustMemory(shopZone)
	lists := blocklist.New(blocklist.Config{Resolver: zone, Lists: provider.Choice{}.Choose()})
	r := verified(t, NewInspector(lists))
	for _, subject := range []string{"192.0.2.1", "bad.example"} {
		if f := find(r, "dnsbl.listed", subject); f == nil || f.Status != catalogue.Fail {
			t.Errorf("%s: %+v", subject, f)
		}
	}
	if find(r, "dnsbl.listed", "shop.example") != nil {
		t.Error("shop.example is on no list")
	}
}

// TestRemembering: an inspector that remembers asks once.
func TestRemembering(t *testing.T) {
	counter := dns.NewCounter(dns.MustMemory(shopZone), 0)
	i := NewInspector(nil)
	var first int
	for n := range 3 {
		Message(t.Context(), counter, Request{Raw: []byte(mail), Now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC), Inspector: i})
		if n == 0 {
			first = counter.Count()
		}
	}
	if total := counter.Count(); total >= 3*first {
		t.Errorf("%d questions for three messages, %d for one", total, first)
	}
}
