package arc_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

var none = arc.Verdict{Result: arc.None}

func TestSealOrderAndShape(t *testing.T) {
	out, err := arc.Seal(message.Parse([]byte(plainMessage)), options("lists.example.org", rsa2048(), none))
	if err != nil {
		t.Fatal(err)
	}
	m := message.Parse(out)
	for i, name := range []string{"ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"} {
		if i >= len(m.Fields) || m.Fields[i].Name() != name {
			t.Fatalf("field %d is not %s:\n%s", i, name, out)
		}
	}
	// Only the line of b= is longer than 78 octets; white space in it would be signed.
	for line := range strings.SplitSeq(string(out), "\r\n") {
		if len(line) > 78 && !strings.HasPrefix(line, " b=") && !strings.HasPrefix(line, " h=") {
			t.Errorf("line of %d octets: %s", len(line), line)
		}
	}
	if want := "ARC-Authentication-Results: i=1; lists.example.org;\r\n spf=pass smtp.mailfrom=example.com;\r\n dmarc=pass header.from=example.com\r\n"; string(m.Fields[2].Raw) != want {
		t.Errorf("AAR is %q", m.Fields[2].Raw)
	}
}

func TestSealEveryCanonicalizationAndKey(t *testing.T) {
	z := zone()
	z["s1._domainkey.hop2.example"] = []string{"TXT " + record(edKey)}
	r := dns.MustMemory(z)
	for _, h := range []wire.Canonicalization{wire.Simple, wire.Relaxed} {
		for _, b := range []wire.Canonicalization{wire.Simple, wire.Relaxed} {
			for _, raw := range []string{plainMessage, "From: a@b.example\r\n\r\n", "From: a@b.example\r\n", "From: a@b.example\r\nSubject:\r\n  folded \t \r\n\r\nno end"} {
				o := options("lists.example.org", rsa2048(), none)
				o.Header, o.Body = h, b
				sealed := seal(t, raw, o)
				v := verify(t, r, sealed)
				if v.Result != arc.Pass {
					t.Errorf("%s/%s %q: %s", h, b, raw, v.Reason)
				}
				o = options("hop2.example", edKey, v)
				o.Selector, o.Header, o.Body = "s1", b, h
				if v = verify(t, r, seal(t, sealed, o)); v.Result != arc.Pass || v.OldestPass != 0 {
					t.Errorf("%s/%s %q, Ed25519: %s, oldest pass %d", b, h, raw, v.Reason, v.OldestPass)
				}
			}
		}
	}
}

// RFC 8617 section 4.1.1: one AAR holds all results of the domain, those of others not.
func TestSealFoldsItsOwnResults(t *testing.T) {
	raw := "Authentication-Results: lists.example.org 1; arc=none (no; chain)\r\nAuthentication-Results: LISTS.example.org;\r\n\tspf=pass smtp.mailfrom=a@b.example; \r\n\tdkim=pass header.d=b.example\r\n" +
		"Authentication-Results: foreign.example; dmarc=pass\r\nAuthentication-Results: lists.example.org; none\r\nAuthentication-Results: lists.example.org; dmarc=pass (unclosed\r\n" + plainMessage
	o := options("lists.example.org", rsa2048(), none)
	o.Results = ""
	sealed := seal(t, raw, o)
	v := verify(t, dns.MustMemory(zone()), sealed)
	want := "lists.example.org; arc=none (no; chain); spf=pass smtp.mailfrom=a@b.example; dkim=pass header.d=b.example"
	if v.Result != arc.Pass || v.Sets[0].Results != want {
		t.Errorf("%s\n got %s\nwant %s", v.Reason, v.Sets[0].Results, want)
	}
	o.AuthServID = "other id"
	if v = verify(t, dns.MustMemory(zone()), seal(t, raw, o)); v.Sets[0].Results != `"other id"; none` || v.Sets[0].AuthServID != "other id" {
		t.Errorf("got %q", v.Sets[0].Results)
	}
}

// RFC 8617 section 5.1.2: a failed chain is sealed cv=fail over its own set.
func TestSealFailedChain(t *testing.T) {
	r := dns.MustMemory(zone())
	for name, raw := range map[string]string{
		"changed body": forward(t, r, plainMessage, 2, nil) + "x",
		"structure":    "ARC-Seal: x\r\n" + plainMessage,
		"gap":          strings.ReplaceAll(forward(t, r, plainMessage, 1, nil), "i=1;", "i=7;"),
	} {
		chain := verify(t, r, raw)
		if chain.Result != arc.Fail {
			t.Fatalf("%s: %s", name, chain.Result)
		}
		sealed := seal(t, raw, options("lists.example.org", rsa2048(), chain))
		if !strings.Contains(sealed, "cv=fail") {
			t.Errorf("%s: no cv=fail", name)
		}
		v := verify(t, r, sealed)
		if v.Result != arc.Fail {
			t.Errorf("%s: sealed cv=fail verifies as %s", name, v.Result)
		}
		// Section 5.1 step 2: nobody goes on from here.
		if _, err := arc.Seal(message.Parse([]byte(sealed)), options("hop3.example", rsa1024(), v)); !errors.Is(err, arc.ErrFailedChain) {
			t.Errorf("%s: %v", name, err)
		}
		// Alone, its set is right: a seal with cv=none in the place of cv=fail, over the
		// same octets, would verify. That is what "its own set" means.
		own := sealed[:len(sealed)-len(raw)] + plainMessage
		if v := verify(t, r, own); v.Problem != "cv-invalid" {
			t.Errorf("%s: %s: %s", name, v.Problem, v.Reason)
		}
	}
}

func TestSealRefuses(t *testing.T) {
	r := dns.MustMemory(zone())
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	fifty := forward(t, r, plainMessage, 50, nil)
	one := forward(t, r, plainMessage, 1, nil)
	with := func(change func(*arc.SealOptions)) arc.SealOptions {
		o := options("lists.example.org", rsa2048(), none)
		change(&o)
		return o
	}
	for _, c := range []struct {
		name, raw string
		o         arc.SealOptions
		want      string
	}{
		{"51st set", fifty, with(func(o *arc.SealOptions) { o.Chain = verify(t, r, fifty) }), arc.ErrTooManySets.Error()},
		{"5,000 seals", strings.Repeat("ARC-Seal: x\r\n", 5000) + plainMessage, with(func(o *arc.SealOptions) { o.Chain.Result = arc.Fail }), arc.ErrTooManySets.Error()},
		{"no verdict", plainMessage, with(func(o *arc.SealOptions) { o.Chain = arc.Verdict{} }), "verify the chain before sealing"},
		{"verdict of another message", one, with(func(*arc.SealOptions) {}), arc.ErrChainChanged.Error()},
		{"chain lost on the way", plainMessage, with(func(o *arc.SealOptions) { o.Chain = verify(t, r, one) }), arc.ErrChainChanged.Error()},
		{"starts like a continuation line", " x\r\n" + plainMessage, with(func(*arc.SealOptions) {}), "white space"},
		{"20,000 fields", strings.Repeat("X: y\r\n", 20000) + plainMessage, with(func(*arc.SealOptions) {}), "too large"},
		{"no domain", plainMessage, with(func(o *arc.SealOptions) { o.Domain = "" }), "no domain name"},
		{"domain with a semicolon", plainMessage, with(func(o *arc.SealOptions) { o.Domain = "a.example; x=" }), "no domain name"},
		{"selector a path", plainMessage, with(func(o *arc.SealOptions) { o.Selector = "../x" }), "no domain name"},
		{"no key", plainMessage, with(func(o *arc.SealOptions) { o.Key = nil }), "no key"},
		{"elliptic curve", plainMessage, with(func(o *arc.SealOptions) { o.Key = ec }), "cannot seal"},
		{"before 1970", plainMessage, with(func(o *arc.SealOptions) { o.Timestamp = time.Unix(-1, 0) }), "timestamp"},
		{"4.1.2: signs Authentication-Results", plainMessage, with(func(o *arc.SealOptions) { o.Headers = []string{"From", "Authentication-Results"} }), "RFC 8617 section 4.1.2"},
		{"4.1.2: signs ARC-Seal", plainMessage, with(func(o *arc.SealOptions) { o.Headers = []string{"ARC-Seal"} }), "RFC 8617 section 4.1.2"},
		{"RFC 6376 5.4: does not sign From", plainMessage, with(func(o *arc.SealOptions) { o.Headers = []string{"Subject", "X-From"} }), "From is not among"},
		{"signs nothing", plainMessage, with(func(o *arc.SealOptions) { o.Headers = []string{} }), "From is not among"},
		{"field name with a line end", plainMessage, with(func(o *arc.SealOptions) { o.Headers = []string{"From\r\nX"} }), "not the name"},
		{"empty field name", plainMessage, with(func(o *arc.SealOptions) { o.Headers = []string{"From", ""} }), "not the name"},
		{"2,000 names", plainMessage, with(func(o *arc.SealOptions) { o.Headers = strings.Split(strings.Repeat("a,", 2000), ",") }), "more than"},
		{"results that do not parse", plainMessage, with(func(o *arc.SealOptions) { o.Results = "spf=pass (" }), "cannot be sealed"},
		{"results with a control octet", plainMessage, with(func(o *arc.SealOptions) { o.Results = "spf=pass smtp.helo=\x1b" }), "cannot be sealed"},
		{"oversized results", plainMessage, with(func(o *arc.SealOptions) { o.Results = "spf=pass (" + strings.Repeat("a ", 9000) + ")" }), "octets"},
		{"word too long for a line", plainMessage, with(func(o *arc.SealOptions) { o.Results = "spf=pass smtp.helo=" + strings.Repeat("a", 1000) }), "too long for a line"},
		{"101 results", plainMessage, with(func(o *arc.SealOptions) { o.Results = strings.Repeat("dkim=pass;", 101) }), "100"},
	} {
		out, err := arc.Seal(message.Parse([]byte(c.raw)), c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q (%d octets)", c.name, err, c.want, len(out))
		}
	}
}

func TestSealRecommendedFields(t *testing.T) {
	raw := "DKIM-Signature: v=1; a=x\r\nDKIM-Signature: v=1; a=y\r\nReceived: x\r\nList-Id: <l.example>\r\n" + plainMessage
	out, err := arc.Seal(message.Parse([]byte(raw)), options("lists.example.org", rsa2048(), none))
	if err != nil {
		t.Fatal(err)
	}
	want := "h=from:from:to:subject:date:message-id:list-id:dkim-signature:dkim-signature;"
	if !strings.Contains(string(out), want) {
		t.Errorf("want %s in\n%s", want, out)
	}
	// A long list is folded where a line of mail requires it, and still verifies.
	o := options("lists.example.org", rsa2048(), none)
	o.Headers = []string{"From"}
	for i := range 150 {
		o.Headers = append(o.Headers, fmt.Sprintf("x-field-%d", i))
	}
	if v := verify(t, dns.MustMemory(zone()), seal(t, raw, o)); v.Result != arc.Pass {
		t.Error(v.Reason)
	}
}

// An ARC-Message-Signature may carry x= like a DKIM-Signature (RFC 8617 section 4.1.2); the seal has no such tag.
func TestSealExpires(t *testing.T) {
	r := dns.MustMemory(zone())
	o := options("lists.example.org", rsa2048(), none)
	o.Expires = o.Timestamp.Add(time.Hour)
	m := message.Parse([]byte(seal(t, plainMessage, o)))
	for at, want := range map[time.Duration]arc.Result{time.Minute: arc.Pass, 2 * time.Hour: arc.Fail} {
		v := arc.Verify(context.Background(), r, m, arc.Options{Now: o.Timestamp.Add(at)})
		if v.Result != want {
			t.Errorf("%v after sealing: %s (%s), want %s", at, v.Result, v.Reason, want)
		}
	}
	o.Expires = o.Timestamp
	if _, err := arc.Seal(message.Parse([]byte(plainMessage)), o); err == nil {
		t.Error("an expiry that is not after the timestamp was accepted")
	}
}
