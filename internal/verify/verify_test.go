package verify_test

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/verify"
	"github.com/todoku/todoku/iprev"
	"github.com/todoku/todoku/message"
	"github.com/todoku/todoku/spf"
)

var now = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

var session = evidence.Session{
	RemoteIP: netip.MustParseAddr("192.0.2.1"), HELO: "mail.shop.example", MailFrom: "info@shop.example", HasMailFrom: true,
}

// sealed is a message with several signatures of several domains and an ARC set, and its DNS.
func sealed(t testing.TB) ([]byte, dns.Resolver) {
	t.Helper()
	key, err := dkim.GenerateKey("ed25519", 0)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := dkim.RecordFor(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	z := dns.Zone{
		"shop.example":           {"TXT v=spf1 include:a.example include:b.example a mx -all", "MX 10 mail.shop.example."},
		"a.example":              {"TXT v=spf1 ip4:203.0.113.1 -all"},
		"b.example":              {"TXT v=spf1 exists:%{i}.b.example -all"},
		"mail.shop.example":      {"A 192.0.2.1"},
		"1.2.0.192.in-addr.arpa": {"PTR mail.shop.example.", "PTR other.shop.example."},
		"_dmarc.shop.example":    {"TXT v=DMARC1; p=reject"},
	}
	raw := "From: Info <info@shop.example>\r\nTo: a@b.example\r\nSubject: hello\r\nDate: Sun, 01 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@shop.example>\r\n\r\nHello.\r\n"
	for i := range 6 {
		d := fmt.Sprintf("d%d.example", i)
		if i == 5 {
			d = "shop.example"
		}
		z["s._domainkey."+d] = []string{"TXT " + rec}
		f, err := dkim.Sign(strings.NewReader(raw), dkim.SignOptions{Domain: d, Selector: "s", Key: key, Timestamp: now})
		if err != nil {
			t.Fatal(err)
		}
		raw = string(f) + raw
	}
	set, err := arc.Seal(message.Parse([]byte(raw)), arc.SealOptions{
		Domain: "shop.example", Selector: "s", Key: key, Results: "dkim=pass header.d=shop.example", Timestamp: now, Chain: arc.Verdict{Result: arc.None},
	})
	if err != nil {
		t.Fatal(err)
	}
	return append(set, raw...), dns.MustMemory(z)
}

func object(t testing.TB, r *render.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := render.VerifyJSON(&b, r, "en"); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The same evidence gives the same verdict to the octet, by however many it is judged at a time.
func TestReplayIsDeterministic(t *testing.T) {
	raw, zone := sealed(t)
	first := verify.Message(t.Context(), zone, verify.Request{Name: "m", Source: "file", Raw: raw, Session: session, Now: now})
	if a := first.Auth; a.DMARC.Result != dmarc.Pass || a.ARC.Result != arc.Pass || a.SPF.Result != spf.Pass || a.IPRev.Result != iprev.Pass {
		t.Fatalf("dmarc %s, arc %s, spf %s, iprev %s", a.DMARC.Result, a.ARC.Result, a.SPF.Result, a.IPRev.Result)
	}
	var file bytes.Buffer
	if err := evidence.Encode(&file, &first.Bundle); err != nil {
		t.Fatal(err)
	}
	want := object(t, first)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			b, err := evidence.Decode(bytes.NewReader(file.Bytes()))
			if err != nil {
				t.Error(err)
				return
			}
			for range 10 {
				if got := object(t, verify.Replay(context.Background(), b, "m", nil)); got != want {
					t.Errorf("first %s\nagain %s", want, got)
				}
			}
		})
	}
	wg.Wait()
}

// silent never answers before the context ends.
type silent struct{}

func (silent) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	<-ctx.Done()
	return dns.Answer{Question: q, Status: dns.Timeout}
}

// Attack 33: a DNS that never answers ends with the time of the target, and nothing is decided by it.
func TestAttack33SilentDNS(t *testing.T) {
	raw, _ := sealed(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	a := verify.Message(ctx, silent{}, verify.Request{Name: "m", Raw: raw, Session: session, Now: now}).Auth
	if a.DMARC.Result != dmarc.TempError || a.SPF.Result != spf.TempError || a.IPRev.Result != iprev.TempError {
		t.Errorf("dmarc %s, spf %s, iprev %s", a.DMARC.Result, a.SPF.Result, a.IPRev.Result)
	}
	for _, d := range a.DKIM {
		if d.Result != dkim.TempError {
			t.Errorf("dkim %s: %s", d.Result, d.Reason)
		}
	}
	// RFC 8617 section 5.2: a key that cannot be fetched fails the chain; the reason says whose fault it is.
	if a.ARC.Result != arc.Fail || !strings.Contains(a.ARC.Reason, "DNS") {
		t.Errorf("arc %s: %s", a.ARC.Result, a.ARC.Reason)
	}
}
