package reply

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/verify"
	"github.com/todoku/todoku/message"
)

var now = time.Date(2026, 11, 26, 3, 0, 0, 0, time.UTC)

// office is a responder on a real database.
type office struct {
	*Responder
	t      *testing.T
	store  *store.Store
	zone   dns.Zone
	queued int
	now    time.Time
}

func newOffice(t *testing.T, keys ...Key) *office {
	t.Helper()
	st, err := store.Open(t.Context(), t.TempDir()+"/t.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	o := &office{t: t, store: st, now: now, zone: dns.Zone{
		"sender.example":         {"TXT v=spf1 ip4:192.0.2.1 -all", "MX 10 mail.sender.example"},
		"_dmarc.sender.example":  {"TXT v=DMARC1; p=reject"},
		"mail.sender.example":    {"A 192.0.2.1"},
		"1.2.0.192.in-addr.arpa": {"PTR mail.sender.example"},
	}}
	o.Responder, err = New(Config{
		Store: st, Queued: func() { o.queued++ }, Addresses: ours, Keys: keys, Now: func() time.Time { return o.now },
		Link: func(id string) string { return "https://todoku.example/r/" + id }, Page: "https://todoku.example",
		Judged: func(ctx context.Context, m *store.Message) *render.Report {
			return verify.Message(ctx, dns.MustMemory(o.zone), verify.Request{Name: m.ID, Source: "smtp", Raw: m.Evidence.Message, Session: m.Evidence.Session, Now: o.now})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

const plain = "From: Me <me@sender.example>\r\nTo: check-auth@todoku.example\r\nSubject: A test\r\nMessage-ID: <1@sender.example>\r\nReferences: <0@sender.example>\r\nDate: Thu, 26 Nov 2026 03:00:00 +0000\r\n\r\nHello.\r\n"

// receive gives what becomes of a message, and the mail that was queued, nil for none.
func (o *office) receive(to, from, raw string) (Decision, *store.Outbound) {
	o.t.Helper()
	m := &store.Message{ID: store.NewID(), Received: o.now, Evidence: evidence.Bundle{Source: "smtp", Message: []byte(raw), Session: evidence.Session{
		Observed: true, RemoteIP: netip.MustParseAddr("192.0.2.1"), HELO: "mail.sender.example", MailFrom: from, HasMailFrom: true, Recipients: []string{to},
	}}}
	rep := verify.Message(o.t.Context(), dns.MustMemory(o.zone), verify.Request{Name: m.ID, Source: "smtp", Raw: m.Evidence.Message, Session: m.Evidence.Session, Now: o.now})
	if purpose, _ := ours.Parse(strings.Split(to, "@")[0]); purpose == Elsewhere { // it may be asked for again
		if err := errors.Join(o.store.AddMessage(o.t.Context(), m), o.store.SetVerified(o.t.Context(), m)); err != nil {
			o.t.Fatal(err)
		}
	}
	d, err := o.Answer(o.t.Context(), m, rep)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, reason := range []string{"reply:" + m.ID, "confirmation:" + m.ID} {
		out, err := o.store.OutboundFor(o.t.Context(), reason)
		if err == nil {
			if _, err := o.Answer(o.t.Context(), m, rep); err != nil { // again, as after a crash
				o.t.Error(err)
			}
			return d, &out
		}
		if !errors.Is(err, store.ErrNotFound) {
			o.t.Fatal(err)
		}
	}
	return d, nil
}

// read gives the header, the text and the HTML of a mail.
func read(t *testing.T, raw []byte) (mail.Header, string, string) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if kind == "text/plain" {
		return m.Header, decoded(t, m.Header.Get("Content-Transfer-Encoding"), m.Body), ""
	}
	var out []string
	r := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, decoded(t, p.Header.Get("Content-Transfer-Encoding"), p))
	}
	if kind != "multipart/alternative" || len(out) != 2 {
		t.Fatalf("%s of %d parts", kind, len(out))
	}
	return m.Header, out[0], out[1]
}

func decoded(t *testing.T, encoding string, r io.Reader) string {
	t.Helper()
	switch encoding {
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "\r\n", "\n")
}

func TestReport(t *testing.T) {
	signer, err := dkim.GenerateKey("ed25519", 0)
	if err != nil {
		t.Fatal(err)
	}
	rsa, err := dkim.GenerateKey("rsa", 2048)
	if err != nil {
		t.Fatal(err)
	}
	keys := []Key{{"todoku.example", "e", signer}, {"todoku.example", "r", rsa}}
	o := newOffice(t, keys...)
	for _, k := range keys {
		name, data, err := k.Record()
		if err != nil {
			t.Fatal(err)
		}
		o.zone[name] = []string{"TXT " + data}
	}
	d, out := o.receive("check-auth@todoku.example", "me@sender.example", plain)
	if d.Why != "" || out == nil || out.Recipient != "me@sender.example" || out.Domain != "sender.example" || o.queued != 1 {
		t.Fatalf("%+v %+v, woken %d times", d, out, o.queued)
	}
	header, text, html := read(t, out.Message)
	for name, want := range map[string]string{
		"From": "Todoku <check-auth-report@todoku.example>", "To": "<me@sender.example>", "Subject": "Re: A test", "Auto-Submitted": "auto-replied",
		"In-Reply-To": "<1@sender.example>", "References": "<0@sender.example> <1@sender.example>", "Content-Language": "en", "X-Auto-Response-Suppress": "All",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for _, want := range []string{
		"SPF check:          pass (sender.example)\n", "DKIM check:         none\n", "iprev check:        pass (mail.sender.example)\n", "DMARC check:        pass (sender.example)\n", "ARC check:          none\n",
		"HELO hostname:      mail.sender.example\n", "Source IP:          192.0.2.1\n", "mail-from:          me@sender.example\n", "ID(s) verified:     smtp.mailfrom=me@sender.example\n",
		"    sender.example. 300 IN TXT \"v=spf1 ip4:192.0.2.1 -all\"\n", "header.from=sender.example\n", "https://todoku.example/r/",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
	if !strings.Contains(html, "<strong>pass</strong>") || strings.Contains(html, "<script") || strings.Contains(html, "<img") {
		t.Error("the HTML is not what it should be")
	}
	vs := dkim.Verify(t.Context(), dns.MustMemory(o.zone), message.Parse(out.Message), dkim.Options{Now: now})
	if len(vs) != 2 || vs[0].Result != dkim.Pass || vs[1].Result != dkim.Pass {
		t.Errorf("%+v", vs)
	}
}

func TestJapaneseReport(t *testing.T) {
	o := newOffice(t)
	d, out := o.receive("check-auth@todoku.example", "me@sender.example", strings.Replace(plain, "A test", "=?utf-8?B?44OG44K544OI44Oh44O844Or?=", 1))
	if d.Why != "" {
		t.Fatal(d)
	}
	header, text, html := read(t, out.Message)
	subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
	if err != nil || subject != "Re: テストメール" || header.Get("Content-Language") != "ja" {
		t.Errorf("%q %v %s", subject, err, header.Get("Content-Language"))
	}
	for _, want := range []string{"まとめ\n------\n", "SPF check:          pass", "自動返信"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q\n%s", want, text)
		}
	}
	if !strings.Contains(html, `<html lang="ja">`) {
		t.Error("the HTML is not Japanese")
	}
}

// A stranger's victim gets nothing.
func TestNoMailToStrangers(t *testing.T) {
	o := newOffice(t)
	if d, out := o.receive("check-auth@todoku.example", "victim@other.example", plain); d.Why != Unauthenticated || out != nil || o.queued != 0 {
		t.Errorf("%+v %+v", d, out)
	}
}

// Two programs that answer each other: another autoresponder, however badly it behaves, gets one report.
func TestTwoAutoresponders(t *testing.T) {
	for name, answer := range map[string]func(h mail.Header) (to, from, raw string){
		"as RFC 3834 says": func(h mail.Header) (string, string, string) {
			return h.Get("From"), "", "Auto-Submitted: auto-replied\r\nSubject: Away\r\n\r\nx\r\n"
		},
		"to From, with a sender": func(h mail.Header) (string, string, string) {
			return h.Get("From"), "me@sender.example", "From: me@sender.example\r\nSubject: Re: " + h.Get("Subject") + "\r\n\r\nx\r\n"
		},
		"to where it wrote first, in the thread": func(h mail.Header) (string, string, string) {
			return "check-auth@todoku.example", "me@sender.example", "From: me@sender.example\r\nIn-Reply-To: " + h.Get("Message-ID") + "\r\n\r\nx\r\n"
		},
		"by forwarding the report": func(h mail.Header) (string, string, string) {
			return "check-auth@todoku.example", "me@sender.example", "From: me@sender.example\r\n" + loopField + ": " + h.Get(loopField) + "\r\n\r\nx\r\n"
		},
		"another Todoku": func(h mail.Header) (string, string, string) {
			return h.Get("From"), "", "Auto-Submitted: auto-replied\r\n" + loopField + ": 1\r\n\r\nx\r\n"
		},
	} {
		o := newOffice(t)
		_, out := o.receive("check-auth@todoku.example", "me@sender.example", plain)
		if out == nil {
			t.Fatal("no report")
		}
		h, _, _ := read(t, out.Message)
		to, from, raw := answer(h)
		if a, err := mail.ParseAddress(to); err == nil {
			to = a.Address
		}
		if local, _, _ := strings.Cut(to, "@"); !o.Takes(local) {
			t.Errorf("%s: mail to %s is refused, which makes a notification of it", name, to)
		}
		if d, second := o.receive(to, from, raw); second != nil || d.Why == "" {
			t.Errorf("%s: a second report: %+v", name, d)
		}
	}
}

func TestRateLimits(t *testing.T) {
	o := newOffice(t)
	for i := range 20 {
		if d, out := o.receive("check-auth@todoku.example", "me@sender.example", plain); d.Why != "" || out == nil {
			t.Fatalf("%d: %+v", i, d)
		}
	}
	if d, out := o.receive("check-auth@todoku.example", "ME@sender.example", plain); d.Why != Limited || out != nil {
		t.Errorf("%+v", d)
	}
	if d, _ := o.receive("check-auth@todoku.example", "other@sender.example", plain); d.Why != "" {
		t.Errorf("another recipient: %+v", d)
	}
	o.now = now.Add(61 * time.Minute)
	if d, _ := o.receive("check-auth@todoku.example", "me@sender.example", plain); d.Why != "" {
		t.Errorf("an hour later: %+v", d)
	}
}

var tokenIn = regexp.MustCompile(`check-auth-(confirm|stop)-([0-9a-z]{24})@todoku\.example`)

// TestNoRoom: beyond the quota no answer is queued, and the verdict does not wait for it.
func TestNoRoom(t *testing.T) {
	o := newOffice(t)
	o.store.SetQuota(1000)
	if d, out := o.receive("check-auth@todoku.example", "me@sender.example", plain); d.Why != NoRoom || out != nil {
		t.Errorf("%+v %+v", d, out)
	}
}

// What a message holds can neither add fields to our mail, nor drive a terminal, nor run in HTML, nor make it endless.
func TestHostileMessages(t *testing.T) {
	o := newOffice(t)
	long := strings.Repeat("X-Long: "+strings.Repeat("y", 900)+"\r\n", 2000)
	for name, raw := range map[string]string{
		"escape codes":     "From: me@sender.example\r\nSubject: \x1b]0;x\x07\x1b[2J\xff\xfe\r\n\r\n\x1b[31mx\r\n",
		"HTML":             "From: \"<script>alert(1)</script>\" <me@sender.example>\r\nSubject: <img src=x onerror=alert(1)>\r\n\r\n<script>\r\n",
		"injected fields":  "From: me@sender.example\r\nSubject: =?utf-8?Q?a=0D=0ABcc:_victim@other.example=0D=0A=0D=0Ax?=\r\nMessage-ID: <a@b>\r\n Bcc: victim@other.example\r\nReferences: <a\x01@b> <ok@b>\r\n\r\nx\r\n",
		"much":             long + "From: me@sender.example\r\n\r\n" + strings.Repeat("z\r\n", 100_000),
		"many identifiers": "From: me@sender.example\r\nMessage-ID: <a@b.example>\r\nReferences:" + strings.Repeat(" <x@y.example>\r\n", 5000) + "\r\nx\r\n",
		"nothing":          "",
		"signed":           "DKIM-Signature: v=1; a=rsa-sha256; d=sender.example; s=\x1b[2J; h=from; bh=x; b=x\r\nDKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=sender.example; s=x; h=from:subject; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=YQ==\r\nFrom: me@sender.example\r\nSubject: \x1b[2J\r\n\r\nFrom here\r\n.\r\n",
	} {
		d, out := o.receive("check-auth@todoku.example", "me@sender.example", raw)
		if d.Why != "" || out == nil {
			t.Fatalf("%s: %+v", name, d)
		}
		if len(out.Message) > 500<<10 {
			t.Errorf("%s: %d octets", name, len(out.Message))
		}
		header, text, html := read(t, out.Message)
		if header.Get("Bcc") != "" || strings.Contains(html, "<script") || strings.Contains(html, "<img") {
			t.Errorf("%s: injected\n%v\n%s", name, header, html)
		}
		for _, s := range []string{text, html, string(out.Message)} {
			for _, r := range s {
				if r < ' ' && r != '\n' && r != '\r' || r == 0x7f || r >= 0x80 && r < 0xa0 {
					t.Fatalf("%s: a control character %#x", name, r)
				}
			}
		}
		for line := range strings.SplitSeq(string(out.Message), "\r\n") {
			if len(line) > 998 || strings.HasPrefix(line, "From ") || strings.Contains(line, "\n") {
				t.Errorf("%s: a bad line of %d octets: %.80q", name, len(line), line)
			}
		}
	}
}

func FuzzReport(f *testing.F) {
	f.Add([]byte(plain))
	f.Add([]byte("Subject: \x1b[2J\r\nReferences: <a@b> <c\r\n @d>\r\nDKIM-Signature: v=1; d=a.example; s=b; h=from; b=; bh=\r\n\r\nx"))
	zone := dns.MustMemory(dns.Zone{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		s := evidence.Session{HasMailFrom: true, MailFrom: "me@sender.example", Recipients: []string{"check-auth@todoku.example"}}
		rep := verify.Message(t.Context(), zone, verify.Request{Name: "x", Source: "smtp", Raw: raw, Session: s, Now: now})
		l := &letter{lang: language(rep.Message), rep: rep, to: s.Recipients[0], link: "https://todoku.example/r/x"}
		html, err := l.html()
		if err != nil {
			t.Fatal(err)
		}
		m := &ownMail{from: ours.sender(), to: s.MailFrom, lang: l.lang, subject: subjectOf(rep.Message, "x"), about: rep.Message, id: "x", domain: ours.Domain, date: now, text: l.text(), html: html, loop: "x", auto: "auto-replied"}
		out := m.compose()
		if bytes.Contains(out, []byte("\x1b")) || bytes.Count(out, []byte("\n")) != bytes.Count(out, []byte("\r\n")) || len(out) > 1<<20 {
			t.Errorf("%q", out)
		}
		read(t, out)
	})
}

func TestKeyFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "dkim.pem")
	if _, _, err := LoadKey(file, "d.example", "s", false); err == nil {
		t.Error("a key that is not there was read")
	}
	k, made, err := LoadKey(file, "d.example", "s", true)
	if err != nil || !made {
		t.Fatal(made, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	again, made, err := LoadKey(file, "d.example", "s", true)
	a, _, _ := k.Record()
	b, dataB, _ := again.Record()
	_, dataA, _ := k.Record()
	if err != nil || made || a != b || dataA != dataB || a != "s._domainkey.d.example" {
		t.Errorf("the key changed: %v %v", made, err)
	}
	if err := os.WriteFile(file, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := LoadKey(file, "d.example", "s", true); err == nil {
		t.Error("no key was read as one")
	}
}

func TestConfigurationIsChecked(t *testing.T) {
	o := newOffice(t)
	for _, a := range []Addresses{{"", "d.example"}, {"post master", "d.example"}, {"postmaster", "d.example"}, {"check-auth", "localhost"}, {strings.Repeat("x", 25), "d.example"}} {
		if _, err := New(Config{Store: o.store, Addresses: a}); err == nil {
			t.Errorf("%v was taken", a)
		}
	}
	if _, err := New(Config{Addresses: ours}); err == nil {
		t.Error("no store")
	}
}
