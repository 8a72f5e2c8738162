package verify

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/render"
)

// uneven answers everything as a hostile zone does, each question after another while.
type uneven struct {
	seed uint64
	text func(name string) []string
}

func (u uneven) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	h := u.seed
	for _, c := range []byte(q.Name) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	select {
	case <-time.After(time.Duration(h%700) * time.Microsecond):
	case <-ctx.Done():
	}
	a := dns.Answer{Question: q, Status: dns.NXDomain}
	add := func(r dns.Record) {
		r.Name, r.Type, r.TTL = dns.CanonicalName(q.Name), q.Type, 60
		a.Records, a.Status = append(a.Records, r), dns.Success
	}
	switch q.Type {
	case dns.TypeTXT:
		for _, s := range u.text(q.Name) {
			add(dns.Record{Data: s})
		}
	case dns.TypeMX:
		for i := range 20 {
			add(dns.Record{Pref: 10, Data: fmt.Sprintf("mx%d.%s", i, q.Name)})
		}
	case dns.TypeA:
		add(dns.Record{Addr: netip.MustParseAddr("8.8.8.8"), Data: "8.8.8.8"})
	}
	return a
}

// wide gives a name eight SPF records, each with includes and exchangers of its own: more
// than any budget.
func wide(name string) (out []string) {
	if strings.HasPrefix(name, "_") {
		return nil
	}
	if strings.Count(name, ".") > 2 {
		return []string{"v=spf1 a mx a:x." + name + " mx:y." + name + " ?all"}
	}
	for r := range 8 {
		s := "v=spf1"
		for i := range 60 {
			s += fmt.Sprintf(" include:r%d-%d.a.%s", r, i, name)
		}
		out = append(out, s+" -all")
	}
	return out
}

// TestAttackReplay: a replay gives what was given, also where a domain's records lead
// beyond every bound.
func TestAttackReplay(t *testing.T) {
	texts := map[string]func(string) []string{
		"wide": wide,
		"loop": func(string) []string { return []string{"v=spf1 include:a.example.com redirect=example.com"} },
		"same": func(string) []string {
			return []string{"v=spf1 mx a -all", "v=DMARC1; p=none; rua=mailto:a@example.net"}
		},
		"keys": func(string) []string { return []string{"v=DKIM1; p="} },
	}
	for name, text := range texts {
		for seed := range uint64(3) {
			r := Message(t.Context(), uneven{seed, text}, Request{
				Raw: []byte("From: a@example.com\r\nDKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; h=from; bh=AAAA; b=AAAA\r\n\r\nx\r\n"),
				Session: evidence.Session{
					RemoteIP: netip.MustParseAddr("9.9.9.9"), HELO: "mx.example.com", MailFrom: "a@example.com", HasMailFrom: true,
				},
				Now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC), Inspector: new(Inspector),
			})
			want := jsonOf(t, r)
			for range 2 {
				if got := jsonOf(t, Replay(t.Context(), &r.Bundle, r.File, nil)); got != want {
					at := 0
					for at < min(len(got), len(want)) && got[at] == want[at] {
						at++
					}
					t.Errorf("%s: %d answers; a replay differs:\n%s\n%s", name, len(r.Bundle.DNS), want[max(0, at-200):min(len(want), at+200)], got[max(0, at-200):min(len(got), at+200)])
					break
				}
			}
		}
	}
}

func jsonOf(t *testing.T, r *render.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := render.VerifyJSON(&b, r, "en"); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestAttackPublishedPrivateKey: a private key in the place of a signature's public one
// is not in what is said about the message.
func TestAttackPublishedPrivateKey(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	secret := base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(key))
	r := Message(t.Context(), uneven{0, func(string) []string { return []string{"v=DKIM1; p=" + secret} }}, Request{
		Raw: []byte("From: a@example.com\r\nDKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; h=from; bh=AAAA; b=AAAA\r\n\r\nx\r\n"),
		Now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC), Inspector: new(Inspector),
	})
	var text bytes.Buffer
	if err := render.VerifyText(&text, r, render.TextOptions{Lang: "en", Verbose: true}); err != nil {
		t.Fatal(err)
	}
	for form, s := range map[string]string{"json": jsonOf(t, r), "text": text.String()} {
		if i := strings.Index(s, secret[100:130]); i >= 0 {
			t.Errorf("%s: ...%s", form, s[max(0, i-300):i])
		}
	}
}
