package filter

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/todoku/todoku/dkim"
)

// TestClockJumps: the clock is set, forward and back, between messages and in the middle of one. The rule: a message is signed and
// judged by the clock as it was when the message began; no wait and no limit goes by it; the next message goes by what the clock says then.
func TestClockJumps(t *testing.T) {
	var at atomic.Int64
	at.Store(now.Unix())
	asked := 0
	s := signingSettings()
	s.Expires = time.Hour
	s.Resolver = world()
	s.Now = func() time.Time { // set while a message is on its way: each look is a jump
		asked++
		by := []time.Duration{0, 1000 * 24 * time.Hour, -2000 * 24 * time.Hour}[asked%3]
		return time.Unix(at.Load(), 0).Add(by)
	}
	srv := start(t, s)
	timeless, err := dkim.Sign(strings.NewReader(letter("me@good.example")), dkim.SignOptions{Domain: "good.example", Selector: "g", Key: rsaKey(), Header: dkim.Relaxed, Body: dkim.Relaxed})
	if err != nil {
		t.Fatal(err)
	}
	for range 6 {
		r := srv.pass(mail{ip: "192.0.2.5", from: "a@ours.example", to: []string{"you@there.example"}, raw: letter("me@ours.example")})
		v := verify(r.raw, "203.0.113.1", "")
		if len(r.event.Signed) != 2 || len(v.DKIM) != 2 {
			t.Fatalf("%+v", r.event)
		}
		for _, one := range v.DKIM {
			if sig := one.Signature; !sig.Timestamp.Equal(r.event.Began) || !sig.Expires.Equal(r.event.Began.Add(time.Hour)) {
				t.Errorf("signed at %v till %v, though it began %v", sig.Timestamp, sig.Expires, r.event.Began)
			}
		}
		in := srv.pass(mail{ip: goodIP, helo: "mail.good.example", from: "a@good.example", to: []string{"you@ours.example"}, raw: string(timeless) + letter("me@good.example")})
		if h := results(t, in.raw); of(h, "dkim") != "pass" || of(h, "dmarc") != "pass" {
			t.Errorf("began %v: dkim=%s dmarc=%s", in.event.Began, of(h, "dkim"), of(h, "dmarc"))
		}
	}
	// Only a signature that says when it was made, and until when it is good, depends on the clock: it is expired where the clock is ahead, and
	// of the future where it is behind; it is good again when the clock is right. SPF, which knows no time, carries DMARC meanwhile.
	field, err := dkim.Sign(strings.NewReader(letter("me@good.example")), dkim.SignOptions{Domain: "good.example", Selector: "g", Key: rsaKey(), Timestamp: now, Expires: now.Add(time.Hour), Header: dkim.Relaxed, Body: dkim.Relaxed})
	if err != nil {
		t.Fatal(err)
	}
	s.Now = func() time.Time { return time.Unix(at.Load(), 0) }
	srv = start(t, s)
	for _, by := range []time.Duration{0, 1000 * 24 * time.Hour, 0, -1000 * 24 * time.Hour, 0} {
		at.Store(now.Add(by).Unix())
		r := srv.pass(mail{ip: goodIP, helo: "mail.good.example", from: "a@good.example", to: []string{"you@ours.example"}, raw: string(field) + letter("me@good.example")})
		h := results(t, r.raw)
		if good := of(h, "dkim") == "pass"; good != (by == 0) || of(h, "dmarc") != "pass" {
			t.Errorf("by %v: dkim=%s dmarc=%s", by, of(h, "dkim"), of(h, "dmarc"))
		}
	}
}
