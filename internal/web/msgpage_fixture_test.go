package web

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/verify"
	"github.com/todoku/todoku/internal/wire"
)

// post is a site whose reports are real: messages are judged by a zone when they come, and
// from their evidence afterwards.
type post struct {
	*site
	zone   *dns.Memory
	signer dkim.SignOptions
}

const letterRaw = "From: Shop <info@shop.example>\r\nTo: <tok@inbox.todoku.example>\r\nSubject: Minutes of the meeting\r\n" +
	"Date: Sun, 22 Nov 2026 03:04:00 +0000\r\nMessage-ID: <1@shop.example>\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nHello all,\r\n\r\nhere are the minutes: http://shop.example/minutes\r\n"

// newPost has a mailbox "tok", and a zone in which shop.example signs and passes.
func newPost(t testing.TB, change ...func(*Config)) *post {
	t.Helper()
	key, err := dkim.GenerateKey("ed25519", 0)
	if err != nil {
		t.Fatal(err)
	}
	record, err := dkim.RecordFor(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	zone := dns.MustMemory(dns.Zone{
		"shop.example": {
			"SOA ns1.shop.example. hostmaster.shop.example. 1 3600 600 1209600 300", "NS ns1.shop.example.", "NS ns2.shop.example.",
			"MX 10 mail.shop.example.", "TXT v=spf1 ip4:198.51.100.20 -all",
		},
		"ns1.shop.example":                 {"A 10.0.0.2"},
		"ns2.shop.example":                 {"A 10.0.0.3"},
		"mail.shop.example":                {"A 198.51.100.20"},
		"_dmarc.shop.example":              {"TXT v=DMARC1; p=reject; rua=mailto:dmarc@shop.example"},
		"s._domainkey.shop.example":        {"TXT " + record},
		"20.100.51.198.in-addr.arpa":       {"PTR mail.shop.example."},
		"new.provider.example":             {"TXT v=spf1 ip4:203.0.113.9 -all"},
		"bounces.mailer.example":           {"TXT v=spf1 ip4:203.0.113.9 -all"},
		"9.113.0.203.in-addr.arpa":         {"PTR out.mailer.example."},
		"out.mailer.example":               {"A 203.0.113.9"},
		"_dmarc.mailer.example":            {"TXT v=DMARC1; p=none"},
		"evil.example":                     {"TXT v=spf1 -all"},
		"hostile._domainkey.shop.example.": {"TXT v=DKIM1; p="},
	})
	p := &post{site: newSite(t, append([]func(*Config){func(c *Config) {
		c.Checker = &check.Checker{Resolver: zone}
		c.Report = func(ctx context.Context, m *store.Message) *render.Report {
			return verify.Replay(ctx, &m.Evidence, m.ID, nil)
		}
	}}, change...)...), zone: zone}
	p.server.headline = (*render.Report).Headline
	p.mem.mailboxes["tok"] = mailboxOf("tok")
	p.signer = dkim.SignOptions{Domain: "shop.example", Selector: "s", Key: key, Header: wire.Relaxed, Body: wire.Relaxed, Timestamp: now}
	return p
}

// session is one with the shop's own server.
func shopSession() evidence.Session {
	return evidence.Session{
		Observed: true, RemoteIP: netip.MustParseAddr("198.51.100.20"), HELO: "mail.shop.example", ESMTP: true, MailFrom: "info@shop.example", HasMailFrom: true,
		Recipients: []string{"tok@inbox.todoku.example"}, TLS: &evidence.TLS{Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256"}, Outcome: "accepted",
	}
}

func (p *post) signed(t testing.TB, raw string) string {
	t.Helper()
	field, err := dkim.Sign(strings.NewReader(raw), p.signer)
	if err != nil {
		t.Fatal(err)
	}
	return string(field) + raw
}

// take stores a message with the verdict of the moment; later says how long after the others it came.
func (p *post) take(t testing.TB, id, token, raw string, s evidence.Session, later time.Duration) *render.Report {
	t.Helper()
	rep := verify.Message(t.Context(), p.zone, verify.Request{
		Name: id, Source: "smtp", Raw: []byte(raw), Session: s, Now: now.Add(later), Inspector: new(verify.Inspector),
	})
	if err := p.mem.AddMessage(t.Context(), &store.Message{
		ID: id, Token: token, Received: now.Add(later), State: store.Verified, Evidence: rep.Bundle, Status: rep.Headline("en").Status,
		FromDomain: rep.Auth.DMARC.FromDomain, Subject: subjectOf([]byte(raw)),
	}); err != nil {
		t.Fatal(err)
	}
	return rep
}

// changedByAList is the letter as it comes out of a mailing list that does not sign.
func (p *post) changedByAList(t testing.TB) (raw string, s evidence.Session) {
	raw = strings.Replace(p.signed(t, letterRaw), "Subject: ", "List-Id: Club <club.mailer.example>\r\nSubject: [club] ", 1) +
		"\r\n_______________________\r\nclub mailing list\r\n"
	s = shopSession()
	s.RemoteIP, s.HELO, s.MailFrom = netip.MustParseAddr("203.0.113.9"), "out.mailer.example", "club@bounces.mailer.example"
	return raw, s
}
