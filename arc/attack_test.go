package arc_test

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"crypto/rsa"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/authres"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// newInsecureRSA gives the record of a 512-bit key, which Go no longer makes.
func newInsecureRSA(t *testing.T) string {
	t.Helper()
	n := new(big.Int).Lsh(big.NewInt(1), 511)
	der, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: n.SetBit(n, 0, 1), E: 65537})
	if err != nil {
		t.Fatal(err)
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
}

// hash is bh= of a body.
func hash(t testing.TB, body string, c wire.Canonicalization, limit int64) string {
	t.Helper()
	b := wire.NewBodies()
	b.Want(c, limit)
	if _, err := b.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	sum, _, _ := b.Sum(c, limit)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Case 26: whatever the chain looks like, it fails without a crash, without
// unbounded work, and without asking the DNS about a structure that is broken.
func TestAttack26BrokenChains(t *testing.T) {
	good := forward(t, dns.MustMemory(zone()), plainMessage, 2, nil)
	set := func(n string) string {
		return "ARC-Seal: i=" + n + "; a=rsa-sha256; cv=none; d=hop1.example; s=s; b=AAAA\r\n" +
			"ARC-Message-Signature: i=" + n + "; a=rsa-sha256; d=hop1.example; s=s; h=from; b=AAAA; bh=AAAA\r\n" +
			"ARC-Authentication-Results: i=" + n + "; hop1.example; none\r\n"
	}
	many := func(n int) string {
		var b strings.Builder
		for i := 1; i <= n; i++ {
			b.WriteString(set(fmt.Sprint(i)))
		}
		return b.String() + plainMessage
	}
	long := strings.Repeat("A", 200_000)
	cases := map[string]string{
		"ARC-Seal: x (OpenDMARC#183, #222)": "ARC-Seal: x\r\n" + plainMessage,
		"ARC-Seal alone, empty":             "ARC-Seal:\r\n" + plainMessage,
		"AMS empty":                         "ARC-Message-Signature: \r\n" + plainMessage,
		"AAR empty":                         "ARC-Authentication-Results:\r\n" + plainMessage,
		"ARC-Seal with all tags empty":      "ARC-Seal: i=; a=; b=; cv=; d=; s=; t=\r\n" + plainMessage,
		"60 sets":                           many(60),
		"51 sets":                           many(51),
		"5,000 seals":                       strings.Repeat("ARC-Seal: i=1; a=rsa-sha256; cv=none; d=hop1.example; s=s; b=AAAA\r\n", 5000) + plainMessage,
		"d= of 60 KB":                       strings.Replace(good, "d=hop2.example", "d="+strings.Repeat("a.", 30000)+"example", 1),
		"cv= of 60 KB":                      strings.Replace(good, "cv=pass", "cv="+strings.Repeat("a", 60000), 1),
		"gap":                               set("1") + set("3") + plainMessage,
		"duplicate instances":               set("1") + set("1") + plainMessage,
		"i=0":                               set("0") + plainMessage,
		"i=-1":                              set("-1") + plainMessage,
		"i=51":                              set("51") + plainMessage,
		"i=99999999999":                     set("99999999999") + plainMessage,
		"i= of 10,000 digits":               set(strings.Repeat("9", 10000)) + plainMessage,
		"i=1.0":                             set("1.0") + plainMessage,
		"i= in other digits":                set("１") + plainMessage,
		"i=50 alone":                        set("50") + plainMessage,
		"cv=pass at first":                  strings.Replace(set("1"), "cv=none", "cv=pass", 1) + plainMessage,
		"cv=none at second":                 strings.Replace(good, "cv=pass", "cv=none", 1),
		"h= in the seal":                    strings.Replace(good, "cv=pass", "h=from; cv=pass", 1),
		"long values (OpenDMARC#242)":       strings.Replace(good, "cv=pass;", "x="+long+"; cv=pass;", 1),
		"long b=":                           "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=hop1.example; s=s; b=" + long + "\r\n" + plainMessage,
		"h= without From":                   strings.Replace(good, "h=from:from", "h=x-from:sender", 1),
		"h= of 100,000 names":               strings.Replace(good, "h=from", "h="+strings.Repeat("a:", 100_000)+"from", 1),
		"bh= of 1 octet":                    set("1") + plainMessage,
		"d= with a parenthesis":             strings.Replace(good, "d=hop2.example", "d=hop2.example(.victim.test", 1),
		"s= a path":                         strings.Replace(good, "s=s", "s=../../etc/passwd", 1),
		"s= over 63 octets":                 strings.Replace(good, "s=s", "s="+strings.Repeat("a", 64), 1),
		"duplicate d=":                      strings.Replace(good, "d=hop2.example", "d=hop2.example; d=victim.test", 1),
		"control octet":                     strings.Replace(good, "d=hop2.example", "d=hop2\x00.example", 1),
		"t= of 20 digits":                   strings.Replace(good, "t=1790000000", "t="+strings.Repeat("9", 20), 1),
		"t= negative":                       strings.Replace(good, "t=1790000000", "t=-1", 1),
		"l= of 20 digits":                   strings.Replace(good, "c=relaxed/relaxed", "l="+strings.Repeat("9", 20)+"; c=relaxed/relaxed", 1),
	}
	for name, raw := range cases {
		w := newWorld(zone())
		v := verify(t, w, raw)
		if v.Result != arc.Fail {
			t.Errorf("%s: %s", name, v.Result)
		}
		if len(w.asked) > 0 {
			t.Errorf("%s: asked %d questions (%s)", name, len(w.asked), v.Reason)
		}
		for _, s := range v.Sets {
			if len(s.SealDomain) > 253 || len(s.CV) > 60 || len(s.Results) > 16<<10 {
				t.Errorf("%s: the set is described at length", name)
			}
		}
		if len(v.Reason) > 400 {
			t.Errorf("%s: the reason has %d octets", name, len(v.Reason))
		}
	}
}

// Case 26: an AAR that names no method is only text (OpenDMARC#31).
func TestAttack26NullMethodInResults(t *testing.T) {
	o := options("hop1.example", rsa1024(), arc.Verdict{Result: arc.None})
	o.Results = "(null)=pass; dkim=pass"
	raw := seal(t, plainMessage, o)
	v := verify(t, dns.MustMemory(zone()), raw)
	if v.Result != arc.Pass || v.Sets[0].Results != "hop1.example; (null)=pass; dkim=pass" {
		t.Errorf("%+v", v)
	}
	h, err := authres.Parse([]byte(v.Sets[0].Results))
	if err != nil || len(h.Results) != 1 || h.Results[0].Method != "dkim" {
		t.Errorf("%+v %v", h, err)
	}
}

// Case 26: seals of 3072- and 4096-bit keys (OpenDMARC#183).
func TestAttack26LargeKeys(t *testing.T) {
	for _, bits := range []int{3072, 4096} {
		key := newRSA(bits)
		r := dns.MustMemory(dns.Zone{"s._domainkey.hop1.example": {"TXT " + record(key)}})
		raw := seal(t, plainMessage, options("hop1.example", key, arc.Verdict{Result: arc.None}))
		if v := verify(t, r, raw); v.Result != arc.Pass {
			t.Errorf("%d bits: %s", bits, v.Reason)
		}
	}
}

// Case 26: many signed names over many fields must not multiply.
func TestAttack26ManyNamesOverManyFields(t *testing.T) {
	names := "from" + strings.Repeat(":x-a", 900)
	raw := "From: a@example.com\r\n" + strings.Repeat("X-A: b\r\n", 9000) + "\r\nbody\r\n"
	r := dns.MustMemory(zone())
	for hop := 1; hop <= 5; hop++ {
		o := options(fmt.Sprintf("hop%d.example", hop), rsa1024(), verify(t, r, raw))
		o.Headers = strings.Split(names, ":")
		raw = seal(t, raw, o)
	}
	if v := verify(t, r, raw); v.Result != arc.Pass || v.OldestPass != 0 {
		t.Errorf("%s: %s, oldest pass %d", v.Result, v.Reason, v.OldestPass)
	}
}

// The optional part of the work has an end: 30 signatures over a header of
// hundreds of kilobytes are not all computed, and what was not computed does
// not count as passed.
func TestAttack26OlderSignaturesAreBounded(t *testing.T) {
	raw := "From: a@example.com\r\n" + strings.Repeat("X-A: "+strings.Repeat("b", 900)+"\r\n", 400) + "\r\nbody\r\n"
	r := dns.MustMemory(zone())
	for hop := 1; hop <= 12; hop++ {
		o := options(fmt.Sprintf("hop%d.example", hop), rsa1024(), verify(t, r, raw))
		o.Headers = strings.Split("from"+strings.Repeat(":x-a", 400), ":")
		raw = seal(t, raw, o)
	}
	v := verify(t, r, raw)
	if v.Result != arc.Pass || v.OldestPass < 2 || v.OldestPass > 11 {
		t.Errorf("%s: %s, oldest pass %d", v.Result, v.Reason, v.OldestPass)
	}
	if v.Sets[0].AMS != "" {
		t.Errorf("the oldest AMS is %q", v.Sets[0].AMS)
	}
}

// Case 27, the half of this package: a chain of an unknown sealer is only a
// claim. The verdict says who sealed each set, and a chain of which any part
// does not verify is no chain, whoever of its sealers is trusted.
func TestAttack27ChainOfAnUnknownSealer(t *testing.T) {
	r := dns.MustMemory(zone())
	o := options("hop9.example", rsa1024(), arc.Verdict{Result: arc.None})
	o.Results, o.AuthServID = "dmarc=pass header.from=bank.test", "trusted.example"
	raw := seal(t, strings.Replace(plainMessage, "alice@example.com", "ceo@bank.test", 1), o)
	v := verify(t, r, raw)
	// The name in the AAR is free text; only the seal's domain is proven.
	if v.Result != arc.Pass || v.Sets[0].AuthServID != "trusted.example" || v.Sets[0].SealDomain != "hop9.example" {
		t.Errorf("%+v", v)
	}
	// A trusted sealer on top of a chain whose first seal was tampered with.
	chain := v
	raw = seal(t, raw, options("lists.example.org", rsa2048(), chain))
	raw = strings.Replace(raw, "header.from=bank.test", "header.from=bunk.test", 1)
	if v := verify(t, r, raw); v.Result != arc.Fail || v.OldestPass != -1 {
		t.Errorf("a tampered chain under a trusted seal: %+v", v)
	}
	// A sealer that vouches for a chain it could not verify: its own seal is right,
	// the older one is not.
	forged := strings.Replace(raw, "header.from=bunk.test", "header.from=bank.test", 1)
	first := forged[strings.Index(forged, "ARC-Seal: a=rsa-sha256;\r\n b=")+1:]
	first = first[strings.Index(first, "ARC-Seal:"):]
	broken := strings.Replace(first, "dmarc=pass", "dmarc=fail", 1)
	resealed := seal(t, broken, options("lists.example.org", rsa2048(), arc.Verdict{Result: arc.Pass, Instances: 1}))
	v = verify(t, r, resealed)
	if v.Result != arc.Fail || v.Problem != "seal-mismatch" || v.Sets[1].AS != arc.Pass || v.Sets[0].AS != arc.Fail {
		t.Errorf("a broken chain that a trusted sealer took for good: %+v", v)
	}
}

// Case 27: a chain whose newest message signature covers no From (RFC 8617 section 4.1.2,
// RFC 6376 sections 5.4 and 6.1.1) would pass whoever is written there. It fails; only
// that of an empty h=, which the public suite has, passes, and the verdict says so.
func TestAttack27FromIsNotSigned(t *testing.T) {
	r := dns.MustMemory(zone())
	for _, c := range []struct {
		h        string
		result   arc.Result
		unsigned bool
		forged   arc.Result
	}{
		{"from:subject", arc.Pass, false, arc.Fail},
		{"Subject:FROM", arc.Pass, false, arc.Fail},
		{"subject", arc.Fail, true, arc.Fail},
		{"subject:x-from:fro m", arc.Fail, true, arc.Fail},
		{":", arc.Fail, true, arc.Fail},
		{"", arc.Pass, true, arc.Pass},
	} {
		raw := sealByHand(t, plainMessage, c.h)
		v := verify(t, r, raw)
		if v.Result != c.result || v.Sets[0].FromUnsigned != c.unsigned {
			t.Errorf("h=%s: %s (%s), From unsigned %v", c.h, v.Result, v.Reason, v.Sets[0].FromUnsigned)
		}
		if c.result == arc.Fail && (v.Problem != "structure" || !strings.Contains(v.Reason, "does not sign From")) {
			t.Errorf("h=%s: %s: %s", c.h, v.Problem, v.Reason)
		}
		v = verify(t, r, strings.Replace(raw, "From: Alice <alice@example.com>", "From: The Bank <ceo@example.com>", 1))
		if v.Result != c.forged {
			t.Errorf("h=%s, another From: %s (%s)", c.h, v.Result, v.Reason)
		}
	}
	// Each set says it of its own signature.
	next := forwardFrom(t, zone(), sealByHand(t, plainMessage, ""), 2)
	if v := verify(t, r, next); v.Result != arc.Pass || !v.Sets[0].FromUnsigned || v.Sets[1].FromUnsigned {
		t.Errorf("%+v", v)
	}
}

func FuzzVerify(f *testing.F) {
	r := dns.MustMemory(zone())
	good := forward(f, r, plainMessage, 2, nil)
	f.Add([]byte(good))
	f.Add([]byte("ARC-Seal: x\r\n\r\n"))
	f.Add([]byte("ARC-Seal: i=1; a=rsa-sha256; cv=none; d=hop1.example; s=s; b=AAAA\r\nARC-Message-Signature: i=1; b=\r\nARC-Authentication-Results: (x) i (y) = 1 ; x; none\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := message.Parse(raw)
		v := arc.Verify(t.Context(), r, m, arc.Options{})
		checkVerdict(t, v)
		// Whatever it is, sealing it gives a set that is well formed, or an error.
		out, err := arc.Seal(m, arc.SealOptions{Domain: "lists.example.org", Selector: "ed", Key: edKey, Header: wire.Relaxed, Body: wire.Relaxed, Chain: v})
		if err != nil {
			return
		}
		if n := len(message.Parse(out).Fields); n != 3 {
			t.Fatalf("sealing gave %d fields: %q", n, out)
		}
		sealed := arc.Verify(t.Context(), r, message.Parse(append(out, raw...)), arc.Options{})
		if (sealed.Result == arc.Pass) != (v.Result != arc.Fail) {
			t.Fatalf("%s (%s) sealed verifies as %s: %s", v.Result, v.Reason, sealed.Result, sealed.Reason)
		}
	})
}

// RFC 8617 section 3.9: instance = [CFWS] "i" [CFWS] "=" [CFWS] 1*2DIGIT.
func TestInstanceTag(t *testing.T) {
	for value, instances := range map[string]int{
		"i=1; x; none": 1, " i = 1 ; x; none": 1, "(c) i (d) = (e) 01 (f) ; x; none": 1, "\r\n\ti=1\r\n ; x": 1,
		"i=1": 0, "x; i=1": 0, "I=1; x": 0, "i=; x": 0, "i=0; x": 0, "i=1 1; x": 0, "i=001; x": 0, "i=+1; x": 0, "(i=1; x": 0, "i=1) ; x": 0,
	} {
		v := arc.Verify(t.Context(), dns.MustMemory(zone()), message.Parse([]byte("ARC-Authentication-Results:"+value+"\r\n"+plainMessage)), arc.Options{})
		checkVerdict(t, v)
		if v.Result != arc.Fail || v.Instances != instances {
			t.Errorf("%q: %s, %d sets: %s", value, v.Result, v.Instances, v.Reason)
		}
	}
}
