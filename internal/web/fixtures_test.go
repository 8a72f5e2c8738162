package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/iprev"
	"github.com/todoku/todoku/mailauth"
	"github.com/todoku/todoku/message"
	"github.com/todoku/todoku/spf"
)

var now = time.Date(2026, 11, 22, 3, 4, 5, 0, time.UTC)

// memory is a store in memory.
type memory struct {
	mu        sync.Mutex
	mailboxes map[string]store.Mailbox
	messages  []*store.Message // oldest first
	sessions  []store.FailedSession
	broken    error // what every call answers
	made      int
	full      time.Time
	dropAfter time.Duration
	runMemory
}

func newMemory() *memory { return &memory{mailboxes: map[string]store.Mailbox{}} }

func (m *memory) Full() (time.Time, bool) { return m.full, !m.full.IsZero() }

func (m *memory) NewMailbox(_ context.Context, b store.Mailbox) (store.Mailbox, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return b, m.broken
	}
	m.made++
	b.Token = fmt.Sprintf("k7m2p9x4c6t8w%d", m.made)
	m.mailboxes[b.Token] = b
	return b, nil
}

func (m *memory) Mailbox(_ context.Context, token string) (store.Mailbox, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return store.Mailbox{}, m.broken
	}
	b, ok := m.mailboxes[token]
	if !ok {
		return b, store.ErrNotFound
	}
	return b, nil
}

func (m *memory) SetMailboxDrop(_ context.Context, token string, d time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.mailboxes[token]
	if !ok {
		return store.ErrNotFound
	}
	b.DropAfter = d
	m.mailboxes[token] = b
	return m.broken
}

func (m *memory) DropAfter() time.Duration { return m.dropAfter }

func (m *memory) AddMessage(_ context.Context, s *store.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken
	}
	if s.ID == "" {
		s.ID = fmt.Sprintf("msg%d", len(m.messages)+1)
	}
	if s.State == "" {
		s.State = store.Received
	}
	s.Size = len(s.Evidence.Message)
	m.messages = append(m.messages, s)
	return nil
}

func (m *memory) SetVerified(_ context.Context, s *store.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s.State = store.Verified
	return m.broken
}

func (m *memory) Message(_ context.Context, id string) (*store.Message, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return nil, m.broken
	}
	for _, s := range m.messages {
		if s.ID == id {
			c := *s
			return &c, nil
		}
	}
	return nil, store.ErrNotFound
}

func (m *memory) MessageSize(ctx context.Context, id string) (int, error) {
	s, err := m.Message(ctx, id)
	if err != nil {
		return 0, err
	}
	return s.Size, nil
}

func (m *memory) list(limit int, keep func(*store.Message) bool) (out []store.Message, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := len(m.messages) - 1; i >= 0 && len(out) < limit; i-- {
		if keep(m.messages[i]) {
			out = append(out, *m.messages[i])
		}
	}
	return out, m.broken
}

func (m *memory) MessagesFor(_ context.Context, token string, limit int) ([]store.Message, error) {
	return m.list(limit, func(s *store.Message) bool { return s.Token == token })
}

func (m *memory) Recent(_ context.Context, limit int) ([]store.Message, error) {
	return m.list(limit, func(*store.Message) bool { return true })
}

func (m *memory) Sessions(_ context.Context, limit int) ([]store.FailedSession, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sessions[:min(limit, len(m.sessions))], m.broken
}

func (m *memory) Session(_ context.Context, id string) (*store.FailedSession, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return nil, m.broken
	}
	for i := range m.sessions {
		if m.sessions[i].ID == id {
			return &m.sessions[i], nil
		}
	}
	return nil, store.ErrNotFound
}

// site is a server on a store in memory, whose reports are those given.
type site struct {
	*server
	mem     *memory
	hub     *live.Hub
	reports map[string]*render.Report
	h       http.Handler
}

func newSite(t testing.TB, change ...func(*Config)) *site {
	t.Helper()
	st := &site{mem: newMemory(), hub: live.NewHub(), reports: map[string]*render.Report{}}
	c := Config{
		Hub: st.hub, MailDomain: "inbox.todoku.example", SMTPAddr: "127.0.0.1:2525", Version: "1.2.3",
		Now:    func() time.Time { return now },
		Report: func(_ context.Context, m *store.Message) *render.Report { return st.reports[m.ID] },
		Verify: func(ctx context.Context, m *store.Message) (*render.Report, error) {
			m.Status = "pass"
			rep := &render.Report{File: m.ID, Bundle: m.Evidence, Message: message.Parse(m.Evidence.Message), Time: now}
			st.reports[m.ID] = rep
			return rep, st.mem.SetVerified(ctx, m)
		},
	}
	for _, f := range change {
		f(&c)
	}
	var err error
	if st.server, err = newServer(c, st.mem); err != nil {
		t.Fatal(err)
	}
	st.server.headline = func(r *render.Report, lang string) render.Headline {
		if lang == "ja" {
			return render.Headline{Status: headStatus(r), Title: "このメールの DMARC は fail です。webshop.example からのものと証明できません。", Sub: "From ドメインの DKIM 署名を有効にしてください。"}
		}
		return render.Headline{Status: headStatus(r), Title: "This message fails DMARC: nothing proves that it comes from webshop.example.", Sub: "Turn on DKIM signing for webshop.example in Amazon SES."}
	}
	st.h = st.handler()
	return st
}

func headStatus(r *render.Report) string {
	switch r.Auth.DMARC.Result {
	case dmarc.Pass:
		return "pass"
	case dmarc.Fail:
		return "fail"
	}
	return "unknown"
}

// keep stores a report as a verified message.
func (s *site) keep(id, token string, rep *render.Report) {
	s.reports[id] = rep
	m := &store.Message{ID: id, Token: token, Received: now, State: store.Verified, Evidence: rep.Bundle, Status: headStatus(rep),
		FromDomain: rep.Auth.DMARC.FromDomain, Subject: "Your receipt", Size: len(rep.Bundle.Message)}
	_ = s.mem.AddMessage(context.Background(), m)
}

// request asks from loopback, as a person at the machine.
func request(method, target string, body *strings.Reader) *http.Request {
	var r *http.Request
	if body == nil {
		r = httptest.NewRequest(method, target, nil)
	} else {
		r = httptest.NewRequest(method, target, body)
	}
	r.Host, r.RemoteAddr = "127.0.0.1:8025", "127.0.0.1:40000"
	return r
}

func (s *site) get(t testing.TB, target string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := request("GET", target, nil)
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	s.h.ServeHTTP(w, r)
	return w
}

const sesRaw = "Received: from [10.0.0.8] (ip-10-0-0-8.ap-northeast-1.compute.internal [10.0.0.8])\r\n" +
	"\tby e100-20.smtp-out.ap-northeast-1.amazonses.com with ESMTPS id 5fa2 (TLS1.3);\r\n\tSun, 22 Nov 2026 03:04:01 +0000\r\n" +
	"DKIM-Signature: v=1; a=rsa-sha256; q=dns/txt; c=relaxed/simple;\r\n\ts=ug7nbtf4gccmlpwj322ax3p6ow6yfsug; d=amazonses.com; t=1795316641;\r\n" +
	"\th=From:To:Subject:Date:Message-ID; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=abc\r\n" +
	"From: Web Shop <order@webshop.example>\r\nTo: <k7m2p9x4c6t8w1@inbox.todoku.example>\r\nSubject: Your receipt\r\n" +
	"Date: Sun, 22 Nov 2026 03:04:00 +0000\r\nMessage-ID: <0106018f@ap-northeast-1.amazonses.com>\r\n\r\n" +
	"Your receipt is attached to your account page.\r\nThank you for shopping with us.\r\n"

// sesReport is a usual message: Amazon SES with its own MAIL FROM.
func sesReport() *render.Report {
	ip := netip.MustParseAddr("198.51.100.20")
	ses := "v=spf1 ip4:192.0.2.0/25 include:spf2.amazonses.com -all"
	inner := "v=spf1 ip4:203.0.113.0/24 ip4:198.51.100.0/24 -all"
	answer := func(name string, typ dns.Type, data ...string) dns.Answer {
		a := dns.Answer{Question: dns.Question{Name: name, Type: typ}, Status: dns.Success, TTL: 300, Server: "192.0.2.53:53", Elapsed: 12345 * time.Microsecond}
		for _, d := range data {
			a.Records = append(a.Records, dns.Record{Name: name, Type: typ, TTL: 300, Data: d})
		}
		if len(data) == 0 {
			a.Status = dns.NXDomain
		}
		return a
	}
	line := func(ms int, from, text string) evidence.Line {
		return evidence.Line{At: now.Add(time.Duration(ms) * time.Millisecond), From: from, Text: text}
	}
	b := evidence.Bundle{
		Format: evidence.Format, Version: 1, Time: now, Source: "smtp", Message: []byte(sesRaw),
		Session: evidence.Session{
			ID: "s1", Observed: true, RemoteIP: ip, RemotePort: 41234, HELO: "e100-20.smtp-out.ap-northeast-1.amazonses.com", ESMTP: true,
			MailFrom: "0106018f3c2d7b1a-5f2e7c1d-000000@ap-northeast-1.amazonses.com", HasMailFrom: true,
			Recipients: []string{"k7m2p9x4c6t8w1@inbox.todoku.example"}, Parameters: []string{"SIZE=812", "BODY=8BITMIME"},
			TLS: &evidence.TLS{Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256"}, Started: now, Ended: now.Add(time.Second), Outcome: "accepted",
			Transcript: []evidence.Line{
				line(0, "server", "220 mx.todoku.example ESMTP Todoku"),
				line(21, "client", "EHLO e100-20.smtp-out.ap-northeast-1.amazonses.com"),
				line(22, "server", "250-mx.todoku.example"), line(22, "server", "250 STARTTLS"),
				line(40, "client", "STARTTLS"), line(41, "server", "220 2.0.0 Ready to start TLS"),
				line(93, "note", "TLS 1.3, TLS_AES_128_GCM_SHA256"),
				line(120, "client", "MAIL FROM:<0106018f3c2d7b1a-5f2e7c1d-000000@ap-northeast-1.amazonses.com> SIZE=812 BODY=8BITMIME"),
				line(121, "server", "250 2.1.0 Sender ok"),
				line(140, "client", "RCPT TO:<k7m2p9x4c6t8w1@inbox.todoku.example>"), line(141, "server", "250 2.1.5 Recipient ok"),
				line(160, "client", "DATA"), line(161, "server", "354 Go ahead"), line(190, "note", "812 octets of message"),
				line(201, "server", "250 2.0.0 Stored as m1"), line(220, "client", "QUIT"), line(221, "server", "221 2.0.0 Bye"),
			},
		},
	}
	b.DNS = []dns.Answer{
		answer("20.100.51.198.in-addr.arpa", dns.TypePTR, "e100-20.smtp-out.ap-northeast-1.amazonses.com"),
		answer("e100-20.smtp-out.ap-northeast-1.amazonses.com", dns.TypeA, "198.51.100.20"),
		answer("ap-northeast-1.amazonses.com", dns.TypeTXT, ses), answer("spf2.amazonses.com", dns.TypeTXT, inner),
		answer("ug7nbtf4gccmlpwj322ax3p6ow6yfsug._domainkey.amazonses.com", dns.TypeTXT, "p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ"),
		answer("_dmarc.webshop.example", dns.TypeTXT, "v=DMARC1; p=quarantine; rua=mailto:dmarc@webshop.example"),
		answer("_dmarc.example", dns.TypeTXT),
	}
	m := message.Parse(b.Message)
	return &render.Report{
		File: "m1", Bundle: b, Message: m, DNS: b.DNS, Time: now,
		Auth: mailauth.Result{
			SPFChecked: true,
			SPF: spf.Verdict{
				Result: spf.Pass, Identity: spf.MailFrom, Domain: "ap-northeast-1.amazonses.com", Mechanism: "include:spf2.amazonses.com", Record: ses, Lookups: 1,
				Trace: []spf.Step{
					{Domain: "ap-northeast-1.amazonses.com", Record: ses, Outcome: "fetched", Queries: []string{"ap-northeast-1.amazonses.com TXT NOERROR"}},
					{Domain: "ap-northeast-1.amazonses.com", Term: "ip4:192.0.2.0/25", Start: 7, End: 23, Outcome: "no-match"},
					{Domain: "ap-northeast-1.amazonses.com", Term: "include:spf2.amazonses.com", Start: 24, End: 50, Target: "spf2.amazonses.com", Outcome: "match", Result: spf.Pass, Lookups: 1},
					{Depth: 1, Domain: "spf2.amazonses.com", Record: inner, Outcome: "fetched", Queries: []string{"spf2.amazonses.com TXT NOERROR"}},
					{Depth: 1, Domain: "spf2.amazonses.com", Term: "ip4:203.0.113.0/24", Start: 7, End: 25, Outcome: "no-match"},
					{Depth: 1, Domain: "spf2.amazonses.com", Term: "ip4:198.51.100.0/24", Start: 26, End: 45, Outcome: "match", Result: spf.Pass, Detail: "198.51.100.20 is in 198.51.100.0/24"},
				},
			},
			HELO:  &spf.Verdict{Result: spf.None, Identity: spf.HELO, Domain: "e100-20.smtp-out.ap-northeast-1.amazonses.com", Reason: "there is no SPF record"},
			IPRev: iprev.Verdict{Result: iprev.Pass, IP: ip, Names: []string{"e100-20.smtp-out.ap-northeast-1.amazonses.com"}, Confirmed: []string{"e100-20.smtp-out.ap-northeast-1.amazonses.com"}},
			DKIM: []dkim.Verdict{{
				Result: dkim.Pass, KeyBits: 1024, Signature: &dkim.Signature{
					Version: "1", Algorithm: "rsa-sha256", Domain: "amazonses.com", Selector: "ug7nbtf4gccmlpwj322ax3p6ow6yfsug", Identity: "@amazonses.com",
					Header: wire.Relaxed, Body: wire.Simple, Headers: []string{"From", "To", "Subject", "Date", "Message-ID"}, Length: -1, Timestamp: now,
				}, Key: &dkim.Key{Record: "p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ", Type: "rsa", Bits: 1024},
			}},
			ARC: arc.Verdict{Result: arc.None, OldestPass: -1},
			DMARC: dmarc.Verdict{
				Result: dmarc.Fail, Reason: "no aligned identifier passed", FromDomain: "webshop.example", OrgDomain: "webshop.example", PolicyDomain: "webshop.example",
				Record: &dmarc.Record{Raw: "v=DMARC1; p=quarantine; rua=mailto:dmarc@webshop.example", P: "quarantine"},
				Policy: dmarc.PolicyQuarantine, Disposition: dmarc.PolicyQuarantine, SPFChecked: true,
				Identifiers: []dmarc.Alignment{
					{Method: "spf", Domain: "ap-northeast-1.amazonses.com", Result: "pass", OrgDomain: "amazonses.com", Mode: "relaxed"},
					{Method: "dkim", Domain: "amazonses.com", Result: "pass", OrgDomain: "amazonses.com", Mode: "relaxed"},
				},
				Discovery: []dmarc.Walk{{Domain: "webshop.example", OrgDomain: "webshop.example", Queries: []dmarc.WalkQuery{
					{Name: "_dmarc.webshop.example", Outcome: "record", Record: "v=DMARC1; p=quarantine; rua=mailto:dmarc@webshop.example"},
					{Name: "_dmarc.example", Outcome: "nxdomain"},
				}}},
				RFC7489: dmarc.RFC7489{OrgDomain: "webshop.example", PolicyDomain: "webshop.example", Policy: dmarc.PolicyQuarantine, Result: dmarc.Fail},
			},
		},
		Findings: findings(),
	}
}

// findings takes real ids of the catalogue, whatever they are, one of each status.
func findings() []catalogue.Finding {
	var out []catalogue.Finding
	for _, status := range []catalogue.Status{catalogue.Fail, catalogue.Unknown, catalogue.Warn, catalogue.Info, catalogue.Pass} {
		n := 0
		for _, e := range catalogue.All() {
			if e.Status != status || n == 2 {
				continue
			}
			n++
			f := catalogue.Finding{
				ID: e.ID, Status: status, Subject: "webshop.example",
				Args:     map[string]string{"domain": "webshop.example", "from": "webshop.example", "ip": "198.51.100.20"},
				Evidence: []string{"MAIL FROM ap-northeast-1.amazonses.com", "d=amazonses.com"},
			}
			if status == catalogue.Fail && n == 1 {
				f.DNS = []dns.Change{
					{Action: "add", Name: "abc._domainkey.webshop.example.", Type: dns.TypeCNAME, TTL: 3600, Data: []string{"abc.dkim.amazonses.com."}, Was: []string{}},
					{Action: "replace", Name: "_dmarc.webshop.example.", Type: dns.TypeTXT, TTL: 3600, Data: []string{"v=DMARC1; p=quarantine; rua=mailto:dmarc@webshop.example; adkim=r"}, Was: []string{"v=DMARC1; p=quarantine"}},
				}
				f.Snippets = []catalogue.Snippet{{For: "postfix main.cf", Text: "smtpd_milters = inet:127.0.0.1:8891\nnon_smtpd_milters = $smtpd_milters\n"}}
			}
			out = append(out, f)
		}
	}
	return out
}
