package mailauth_test

import (
	"bytes"
	"context"
	"crypto"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/iprev"
	"github.com/todoku/todoku/mailauth"
	"github.com/todoku/todoku/message"
	"github.com/todoku/todoku/spf"
)

var now = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

const plain = "From: Info <info@shop.example>\r\nTo: a@b.example\r\nSubject: hello\r\nDate: Sun, 01 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@shop.example>\r\n\r\nHello.\r\n"

// world is a DNS and the keys that belong to it.
type world struct {
	*dns.Memory
	shop, list crypto.Signer
}

func newWorld(t testing.TB) world {
	t.Helper()
	var w world
	var err error
	if w.shop, err = dkim.GenerateKey("rsa", 2048); err != nil {
		t.Fatal(err)
	}
	if w.list, err = dkim.GenerateKey("ed25519", 0); err != nil {
		t.Fatal(err)
	}
	record := func(k crypto.Signer) string {
		rec, err := dkim.RecordFor(k.Public())
		if err != nil {
			t.Fatal(err)
		}
		return "TXT " + rec
	}
	w.Memory = dns.MustMemory(dns.Zone{
		"shop.example":              {"TXT v=spf1 ip4:192.0.2.1 -all", "A 192.0.2.1"},
		"mail.shop.example":         {"A 192.0.2.1", "TXT v=spf1 a -all"},
		"_dmarc.shop.example":       {"TXT v=DMARC1; p=reject"},
		"1.2.0.192.in-addr.arpa":    {"PTR mail.shop.example"},
		"s._domainkey.shop.example": {record(w.shop)},
		"list.example":              {"TXT v=spf1 ip4:198.51.100.1 -all"},
		"l._domainkey.list.example": {record(w.list)},
		"1.100.51.198.in-addr.arpa": {"PTR mail.list.example"},
		"mail.list.example":         {"A 198.51.100.1"},
		"down.example":              {"SERVFAIL"},
		"_dmarc.down.example":       {"SERVFAIL"},
		"helo-only.shop.example":    {"TXT v=spf1 ip4:203.0.113.9 -all"},
	})
	return w
}

func (w world) sign(t testing.TB, raw string) string {
	t.Helper()
	f, err := dkim.Sign(strings.NewReader(raw), dkim.SignOptions{
		Domain: "shop.example", Selector: "s", Key: w.shop, Header: wire.Relaxed, Body: wire.Relaxed, Timestamp: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(f) + raw
}

func (w world) seal(t testing.TB, raw string) string {
	t.Helper()
	set, err := arc.Seal(message.Parse([]byte(raw)), arc.SealOptions{
		Domain: "list.example", Selector: "l", Key: w.list, AuthServID: "mail.list.example",
		Results: "dkim=pass header.d=shop.example; dmarc=pass header.from=shop.example",
		Header:  wire.Relaxed, Body: wire.Relaxed, Timestamp: now, Chain: arc.Verdict{Result: arc.None},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(set) + raw
}

func (w world) check(raw string, e mailauth.Envelope) mailauth.Result {
	return mailauth.Authenticate(context.Background(), w, message.Parse([]byte(raw)), e, now)
}

var direct = mailauth.Envelope{RemoteIP: netip.MustParseAddr("192.0.2.1"), HELO: "mail.shop.example", MailFrom: "info@shop.example"}
var viaList = mailauth.Envelope{RemoteIP: netip.MustParseAddr("198.51.100.1"), HELO: "mail.list.example", MailFrom: "bounces@list.example"}

func TestHealthyMessage(t *testing.T) {
	w := newWorld(t)
	r := w.check(w.sign(t, plain), direct)
	if !r.SPFChecked || r.SPF.Result != spf.Pass || r.IPRev.Result != iprev.Pass || r.ARC.Result != arc.None {
		t.Errorf("spf %v %q, iprev %q, arc %q", r.SPFChecked, r.SPF.Result, r.IPRev.Result, r.ARC.Result)
	}
	if len(r.DKIM) != 1 || r.DKIM[0].Result != dkim.Pass {
		t.Errorf("dkim %+v", r.DKIM)
	}
	if d := r.DMARC; d.Result != dmarc.Pass || !d.SPFAligned || !d.DKIMAligned || !d.SPFChecked || d.OrgDomain != "shop.example" {
		t.Errorf("dmarc %+v", d)
	}
	if r.HELO != nil {
		t.Errorf("the HELO identity was looked up though MAIL FROM passes: %+v", r.HELO)
	}
	if len(r.Author) != 1 || r.Author[0].Local != "info" {
		t.Errorf("author %+v", r.Author)
	}
}

func TestForwardedKeepsDKIM(t *testing.T) {
	w := newWorld(t)
	e := viaList
	e.MailFrom = "info@shop.example"
	r := w.check(w.sign(t, plain), e)
	if r.SPF.Result != spf.Fail || r.DMARC.Result != dmarc.Pass || r.DMARC.SPFAligned || !r.DMARC.DKIMAligned {
		t.Errorf("spf %q, dmarc %+v", r.SPF.Result, r.DMARC)
	}
	if r.HELO == nil || r.HELO.Identity != spf.HELO || r.HELO.Domain != "mail.list.example" || r.HELO.Result != spf.None {
		t.Errorf("helo %+v", r.HELO)
	}
}

// Without an envelope DMARC is computed from DKIM alone, and SPF is none and not checked.
func TestWithoutEnvelope(t *testing.T) {
	w := newWorld(t)
	for name, e := range map[string]mailauth.Envelope{
		"nothing":                   {},
		"address only":              {RemoteIP: direct.RemoteIP},
		"address and HELO":          {RemoteIP: direct.RemoteIP, HELO: "mail.shop.example"},
		"MAIL FROM without address": {MailFrom: "info@shop.example"},
		"null path without HELO":    {RemoteIP: direct.RemoteIP, Null: true},
	} {
		raw := "Return-Path: <info@shop.example>\r\n" + w.sign(t, plain)
		r := w.check(raw, e)
		if r.SPFChecked || r.SPF.Result != spf.None || r.DMARC.SPFChecked || r.DMARC.SPFAligned {
			t.Errorf("%s: SPF %v %q, in DMARC %v", name, r.SPFChecked, r.SPF.Result, r.DMARC.SPFChecked)
		}
		if r.DMARC.Result != dmarc.Pass {
			t.Errorf("%s: dmarc %q", name, r.DMARC.Result)
		}
	}
}

// RFC 7208 section 2.4: with a null reverse-path the MAIL FROM identity is postmaster@HELO; RFC 9989 section
// 3.2.4 takes that identity for alignment.
func TestNullPath(t *testing.T) {
	w := newWorld(t)
	r := w.check(plain, mailauth.Envelope{RemoteIP: direct.RemoteIP, HELO: "mail.shop.example", Null: true})
	if !r.SPFChecked || r.SPF.Result != spf.Pass || r.SPF.Domain != "mail.shop.example" || r.HELO != nil {
		t.Errorf("spf %v %+v, helo %v", r.SPFChecked, r.SPF.Result, r.HELO)
	}
	if r.DMARC.Result != dmarc.Pass || !r.DMARC.SPFAligned {
		t.Errorf("dmarc %+v", r.DMARC)
	}
}

// Attack 28: a HELO name that passes SPF must not align (CVE-2019-20790); a failing signature's aligned
// domain must not be mixed with another's pass.
func TestAttack28IdentifiersAreNotMixed(t *testing.T) {
	w := newWorld(t)
	r := w.check(plain, mailauth.Envelope{
		RemoteIP: netip.MustParseAddr("203.0.113.9"), HELO: "helo-only.shop.example", MailFrom: "x@list.example",
	})
	if r.HELO == nil || r.HELO.Result != spf.Pass {
		t.Fatalf("the HELO identity should pass: %+v", r.HELO)
	}
	if r.DMARC.Result != dmarc.Fail || r.DMARC.SPFAligned {
		t.Errorf("HELO aligned: %+v", r.DMARC)
	}

	broken := strings.Replace(w.sign(t, plain), "Hello.", "Goodbye.", 1) // d=shop.example fails
	f, err := dkim.Sign(strings.NewReader(broken), dkim.SignOptions{Domain: "list.example", Selector: "l", Key: w.list, Timestamp: now})
	if err != nil {
		t.Fatal(err)
	}
	r = w.check(string(f)+broken, viaList) // d=list.example passes
	if len(r.DKIM) != 2 || r.DKIM[0].Result != dkim.Pass || r.DKIM[1].Result != dkim.Fail {
		t.Fatalf("dkim %+v", r.DKIM)
	}
	if r.DMARC.Result != dmarc.Fail || r.DMARC.DKIMAligned {
		t.Errorf("a failing signature's domain aligned: %+v", r.DMARC)
	}
}

// Attack 27: an ARC chain that says dmarc=pass does not change the DMARC result, whoever sealed it.
func TestAttack27ARCNeverChangesDMARC(t *testing.T) {
	w := newWorld(t)
	changed := strings.Replace(w.sign(t, plain), "Subject: hello", "Subject: [list] hello", 1)
	r := w.check(w.seal(t, changed), viaList)
	if r.ARC.Result != arc.Pass {
		t.Fatalf("arc %+v", r.ARC)
	}
	if r.DMARC.Result != dmarc.Fail || r.DMARC.Disposition != dmarc.PolicyReject {
		t.Errorf("dmarc %+v", r.DMARC)
	}
}

// Attack 1: a second From above a validly signed one gives no aligned pass.
func TestAttack01TwoFromFields(t *testing.T) {
	w := newWorld(t)
	f, err := dkim.Sign(strings.NewReader(plain), dkim.SignOptions{
		Domain: "shop.example", Selector: "s", Key: w.shop, Headers: []string{"From", "Subject"}, Timestamp: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	r := w.check("From: evil@list.example\r\n"+string(f)+plain, direct)
	if r.DMARC.Result != dmarc.PermError || r.DMARC.FromDomain != "" {
		t.Errorf("dmarc %+v", r.DMARC)
	}
}

// Attack 33: a DNS failure is never "none" and never a pass.
func TestAttack33DNSFailureIsTempError(t *testing.T) {
	w := newWorld(t)
	raw := strings.ReplaceAll(plain, "shop.example", "down.example")
	e := direct
	e.MailFrom = "info@down.example"
	r := w.check(raw, e)
	if r.SPF.Result != spf.TempError || r.DMARC.Result != dmarc.TempError {
		t.Errorf("spf %q dmarc %q", r.SPF.Result, r.DMARC.Result)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r = mailauth.Authenticate(ctx, slow{}, message.Parse([]byte(w.sign(t, plain))), direct, now)
	if r.SPF.Result != spf.TempError || r.DMARC.Result != dmarc.TempError || r.IPRev.Result != iprev.TempError || r.DKIM[0].Result != dkim.TempError {
		t.Errorf("out of time: spf %q dmarc %q iprev %q dkim %q", r.SPF.Result, r.DMARC.Result, r.IPRev.Result, r.DKIM[0].Result)
	}
}

// slow never answers before the context ends.
type slow struct{}

func (slow) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	<-ctx.Done()
	return dns.Answer{Question: q, Status: dns.Timeout}
}

// The same evidence gives the same verdict: replaying the recorded answers is enough.
func TestReplayGivesTheSame(t *testing.T) {
	w := newWorld(t)
	m := message.Parse([]byte(w.seal(t, w.sign(t, plain))))
	rec := dns.NewRecorder(w)
	a := mailauth.Authenticate(context.Background(), rec, m, viaList, now)
	b := mailauth.Authenticate(context.Background(), dns.NewReplayer(rec.Answers()), m, viaList, now)
	if a.SPF.Result != b.SPF.Result || a.ARC.Result != b.ARC.Result || a.DMARC.Result != b.DMARC.Result ||
		a.IPRev.Result != b.IPRev.Result || len(a.DKIM) != len(b.DKIM) || a.DKIM[0].Result != b.DKIM[0].Result {
		t.Errorf("first %+v\nagain %+v", a.DMARC, b.DMARC)
	}
	if a.ARC.Result != arc.Pass || a.DMARC.Result != dmarc.Pass {
		t.Errorf("arc %q dmarc %q", a.ARC.Result, a.DMARC.Result)
	}
}

// A header beyond the limits is not wholly read: a signature over fields that were
// not seen must not pass, whatever the seen ones say.
func TestAttack09TruncatedHeaderNeverPasses(t *testing.T) {
	w := newWorld(t)
	raw := w.seal(t, w.sign(t, plain))
	bomb := strings.Replace(raw, "\r\n\r\n", "\r\n"+strings.Repeat("X: y\r\n", message.MaxFields)+"\r\n", 1)
	r := w.check(bomb, viaList)
	if len(r.DKIM) != 1 || r.DKIM[0].Result != dkim.Neutral || r.ARC.Result != arc.Fail || r.DMARC.Result == dmarc.Pass {
		t.Errorf("dkim %+v, arc %q, dmarc %q", r.DKIM, r.ARC.Result, r.DMARC.Result)
	}
}

// Look-ups that overlap and look-ups from memory one after the other give the same verdict.
func TestConcurrentAndInlineAgree(t *testing.T) {
	w := newWorld(t)
	signed := w.seal(t, w.sign(t, plain))
	for name, raw := range map[string]string{"sealed": signed, "changed": signed + "x", "plain": plain, "empty": ""} {
		for _, e := range []mailauth.Envelope{direct, viaList, {}} {
			inline := w.check(raw, e)
			overlapping := mailauth.Authenticate(context.Background(), &counter{Resolver: w}, message.Parse([]byte(raw)), e, now)
			if diff := cmp.Diff(inline, overlapping, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
				t.Errorf("%s from %v: %s", name, e.RemoteIP, diff)
			}
		}
	}
}

// Each (name, type) is worth one question on the wire; a message costs a bounded number.
func TestQueriesAreBounded(t *testing.T) {
	w := newWorld(t)
	raw := plain
	for range 300 { // 300 signatures of 300 domains
		raw = "DKIM-Signature: v=1; a=rsa-sha256; d=" + strings.Repeat("x", 1+len(raw)%50) + ".example; s=s; h=from; bh=AAAA; b=AAAA\r\n" + raw
	}
	n := &counter{Resolver: w}
	mailauth.Authenticate(context.Background(), n, message.Parse([]byte(raw)), direct, now)
	if got := n.count(); got > 150 {
		t.Errorf("%d questions for one message", got)
	}
}

func TestEmptyMessage(t *testing.T) {
	w := newWorld(t)
	r := w.check("", mailauth.Envelope{})
	if r.DMARC.Result != dmarc.PermError || r.ARC.Result != arc.None || len(r.DKIM) != 0 || r.IPRev.Result != iprev.None {
		t.Errorf("%+v", r)
	}
}

func FuzzAuthenticate(f *testing.F) {
	w := newWorld(f)
	f.Add([]byte(plain))
	f.Add([]byte(w.seal(f, w.sign(f, plain))))
	f.Add([]byte("\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		n := &counter{Resolver: w}
		keep := bytes.Clone(raw)
		r := mailauth.Authenticate(context.Background(), n, message.Parse(raw), direct, now)
		if !bytes.Equal(raw, keep) {
			t.Error("the message was changed")
		}
		if n.count() > 400 {
			t.Errorf("%d questions", n.count())
		}
		if r.DMARC.Result == dmarc.Pass && r.DMARC.FromDomain == "" {
			t.Error("DMARC passed without an author domain")
		}
	})
}

// A body that comes in pieces, and a header that was parsed alone, give the same result.
func TestRunInPieces(t *testing.T) {
	m := message.Parse([]byte(streamed))
	e := mailauth.Envelope{RemoteIP: netip.MustParseAddr("192.0.2.1"), HELO: "mail.example.com", MailFrom: "a@example.com", Receiver: "mx.example.org"}
	r := dns.MustMemory(dns.Zone{"example.com.": {`TXT "v=spf1 ip4:192.0.2.1 -all"`}})
	now := time.Unix(1_700_000_000, 0)
	want := mailauth.Authenticate(context.Background(), r, m, e, now)
	head, body, _ := strings.Cut(streamed, "\r\n\r\n")
	for _, size := range []int{1, 3, 1000} {
		run := mailauth.Begin(context.Background(), r, message.ParseHeader([]byte(head+"\r\n"), false), e, now)
		for rest := body; rest != ""; {
			n := min(size, len(rest))
			run.Write([]byte(rest[:n]))
			rest = rest[n:]
		}
		got := run.Finish(context.Background())
		if got.DKIM[0].Result != want.DKIM[0].Result || string(got.DKIM[0].BodyHash) != string(want.DKIM[0].BodyHash) || got.SPF.Result != "pass" || got.DMARC.Result != want.DMARC.Result {
			t.Errorf("pieces of %d: got %+v", size, got)
		}
	}
	if got := mailauth.Begin(context.Background(), r, message.ParseHeader([]byte(head+"\r\n"), true), e, now).Finish(context.Background()); got.DMARC.Result != "permerror" || got.DKIM[0].Result != "neutral" {
		t.Errorf("a truncated header: %s, %s", got.DMARC.Result, got.DKIM[0].Result)
	}
}

const streamed = "From: a@example.com\r\nSubject: x\r\nDKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=none;\r\n h=from; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\n\r\nHello \r\n\r\nworld\r\n\r\n\r\n"
