package srs

import (
	"strings"
	"testing"
	"time"
)

// FuzzForward: what is rewritten comes back as it was, keeps the limits, and holds nothing that ends a command.
func FuzzForward(f *testing.F) {
	for _, s := range []string{"user@example.com", "", `"a b"@example.com`, "SRS0=aaaa=AA=a.example=b@c.example", "SRS1=aaaa=b.example==cccc=AA=a.example=b@c.example", "SRS1+x@y", "SRS1=aaaa=b.exampl%==cccc=AA=a.example=b@c", "u@[::1]"} {
		f.Add(s, int64(1_800_000_000))
	}
	r := rewriter(f, func(c *Config) { c.LongLocal = true })
	f.Fuzz(func(t *testing.T, sender string, unix int64) {
		now := time.Unix(unix%(1<<40), 0)
		out, err := r.Forward(sender, now)
		if err != nil || out == sender {
			return
		}
		if len(out) > MaxAddress || strings.ContainsAny(out, "\r\n\x00") {
			t.Fatalf("%q became %q", sender, out)
		}
		back, err := r.Reverse(out, now)
		if err != nil {
			t.Fatalf("%q, rewritten %q, does not come back: %v", sender, out, err)
		}
		local, domain, _ := split(sender)
		gotLocal, gotDomain, err := split(back)
		if kind, _ := tag(local); kind == 1 {
			return // goes to the first forwarder
		}
		if err != nil || !strings.EqualFold(gotLocal[:min(4, len(gotLocal))], local[:min(4, len(local))]) || len(gotLocal) != len(local) || gotDomain != domain {
			t.Fatalf("%q, rewritten %q, came back as %q, %v", sender, out, back, err)
		}
	})
}

// FuzzReverse: nothing that we did not sign is turned back.
func FuzzReverse(f *testing.F) {
	for _, s := range []string{"SRS0=aaaa=AA=a.example=b@fwd.example", "SRS1=aaaa=b.example==cccc=AA=a.example=b@fwd.example", `"SRS0=a=b=c=d e"@fwd.example`, "@", "a@b"} {
		f.Add(s)
	}
	r := rewriter(f, func(c *Config) { c.HashLength = 27 }) // no hash of it is guessed
	f.Fuzz(func(t *testing.T, address string) {
		if back, err := r.Reverse(address, noon); err == nil {
			t.Fatalf("%q gave %q", address, back)
		}
	})
}
