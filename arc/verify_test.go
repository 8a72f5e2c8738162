package arc_test

import (
	"crypto"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

func TestVerifyChainOfThree(t *testing.T) {
	w := newWorld(zone())
	raw := forward(t, w, plainMessage, 3, nil)
	w.asked = nil
	v := verify(t, w, raw)
	if v.Result != arc.Pass || v.Instances != 3 || v.OldestPass != 0 {
		t.Fatalf("%+v", v)
	}
	if len(w.asked) != 3 {
		t.Errorf("asked %q: each key once", w.asked)
	}
	want := arc.Set{
		Instance: 2, SealDomain: "hop2.example", SealSelector: "s", CV: "pass", MessageDomain: "hop2.example", MessageSelector: "s",
		AuthServID: "hop2.example", Results: "hop2.example; spf=pass smtp.mailfrom=example.com; dmarc=pass header.from=example.com",
		AMS: arc.Pass, AS: arc.Pass,
	}
	if d := cmp.Diff(want, v.Sets[1]); d != "" {
		t.Error(d)
	}
}

// RFC 8617 section 5.2 step 5: a body changed on the way costs only the older AMS.
func TestOldestPass(t *testing.T) {
	r := dns.MustMemory(zone())
	for _, c := range []struct {
		hop    int // before whose seal the change is made
		header bool
		want   int
	}{{0, false, 0}, {1, false, 0}, {2, false, 2}, {3, false, 3}, {4, false, 4}, {2, true, 2}, {4, true, 4}} {
		raw := forward(t, r, plainMessage, 4, func(hop int, raw string) string {
			switch {
			case hop == c.hop && c.header:
				return strings.Replace(raw, "Subject: ", "Subject: [list] ", 1)
			case hop == c.hop:
				return raw + "footer\r\n"
			}
			return raw
		})
		v := verify(t, r, raw)
		if v.Result != arc.Pass || v.OldestPass != c.want {
			t.Errorf("changed at hop %d (header %v): %s, oldest pass %d, want %d", c.hop, c.header, v.Result, v.OldestPass, c.want)
		}
		for _, s := range v.Sets {
			want := arc.Pass
			switch {
			case s.Instance == c.want-1:
				want = arc.Fail
			case s.Instance < c.want:
				want = "" // not tried: the algorithm stops at the first failure
			}
			if s.AMS != want || (s.Detail != "") != (want == arc.Fail) {
				t.Errorf("changed at hop %d: AMS %d is %q (%s), want %q", c.hop, s.Instance, s.AMS, s.Detail, want)
			}
		}
	}
}

func TestVerifyFails(t *testing.T) {
	good := forward(t, dns.MustMemory(zone()), plainMessage, 2, nil)
	edit := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in the message", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	for _, c := range []struct {
		name, raw       string
		problem, reason string
		asked           bool
	}{
		{"body changed", good + "x\r\n", "body-hash-mismatch", "i=2 has another body hash", false},
		{"signed field changed", edit("Subject: Hello", "Subject: Hallo"), "signature-mismatch", "ARC-Message-Signature i=2 by hop2.example does not verify", true},
		{"second From added", "From: x@example.net\r\n" + good, "signature-mismatch", "i=2", true},
		{"AAR changed", edit("i=1; hop1.example;\r\n spf=pass", "i=1; hop1.example;\r\n spf=fail"), "seal-mismatch", "the ARC-Seal i=2 by hop2.example does not verify", true},
		{"5.2 step 2: newest cv=fail", edit("cv=pass", "cv=fail"), "cv-invalid", "already broken", false},
		{"5.2 step 3 C: older cv", edit("cv=none", "cv=pass"), "cv-invalid", "the seal i=1 by hop1.example says cv=pass where it must say cv=none", false},
		{"5.2 step 3 C: newest cv", edit("cv=pass", "cv=none"), "cv-invalid", "the seal i=2", false},
		{"4.1.3: h= in the seal", edit("cv=pass;", "cv=pass; h=from;"), "structure", "h= tag", false},
		{"4.1.2: h= signs the seal", edit("h=from:from", "h=from:arc-seal:from"), "structure", "signs an ARC-Seal", false},
		{"RFC 8301 section 3.1: SHA-1", edit("a=rsa-sha256", "a=rsa-sha1"), "sha1", "rsa-sha1", false},
		{"SHA-1 in AMS", strings.Replace(good, "ARC-Message-Signature: a=rsa-sha256", "ARC-Message-Signature: a=rsa-sha1", 1), "sha1", "the ARC-Message-Signature uses rsa-sha1", false},
		{"5.2 step 3 A: no AAR", edit("ARC-Authentication-Results: i=1", "X-Gone: i=1"), "structure", "the set i=1 has no ARC-Authentication-Results", false},
		{"5.2 step 3 B: gap", strings.ReplaceAll(good, "i=1;", "i=3;"), "structure", "the set i=1 is missing, though there is one of i=3", false},
		{"repeated", "ARC-Authentication-Results: i=2; x; none\r\n" + good, "structure", "two ARC-Authentication-Results fields have i=2", false},
		{"l= short", edit("c=relaxed/relaxed;", "c=relaxed/relaxed; l=3;"), "body-hash-mismatch", "body hash", false},
		{"l= long", edit("c=relaxed/relaxed;", "c=relaxed/relaxed; l=999999;"), "body-truncated", "l=", false},
		{"x= past", edit("c=relaxed/relaxed;", "c=relaxed/relaxed; x=1790000050;"), "expired", "expired", false},
		{"x= before t=", edit("c=relaxed/relaxed;", "c=relaxed/relaxed; x=1789999999;"), "expired", "expired", false},
	} {
		w := newWorld(zone())
		v := verify(t, w, c.raw)
		if v.Result != arc.Fail || v.Problem != c.problem || !strings.Contains(v.Reason, c.reason) {
			t.Errorf("%s: %s, %s: %s\nwant %s: ...%s...", c.name, v.Result, v.Problem, v.Reason, c.problem, c.reason)
		}
		if (len(w.asked) > 0) != c.asked {
			t.Errorf("%s: asked %q", c.name, w.asked)
		}
	}
}

// A signature over part of the body cannot carry a chain: anyone could have
// appended the rest (RFC 6376 section 8.2).
func TestLengthTagFails(t *testing.T) {
	raw := "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=hop1.example; s=s; b=AAAA\r\n" +
		"ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/simple; d=hop1.example; s=s; h=from; l=2; b=AAAA;\r\n bh=" + hash(t, "He", wire.Simple, 2) + "\r\n" +
		"ARC-Authentication-Results: i=1; hop1.example; none\r\n" + plainMessage
	v := verify(t, dns.MustMemory(zone()), raw)
	if v.Problem != "length-tag" || !strings.Contains(v.Reason, "covers only 2 of") {
		t.Errorf("%s: %s", v.Problem, v.Reason)
	}
}

func TestVerifyKeyProblems(t *testing.T) {
	small := newInsecureRSA(t)
	for _, c := range []struct {
		name    string
		records []string
		problem string
		blame   bool
	}{
		{"no key", nil, "key-missing", false},
		{"time-out", []string{"TIMEOUT"}, "dns-timeout", true},
		{"SERVFAIL", []string{"SERVFAIL"}, "dns-servfail", true},
		{"another key", []string{"TXT " + record(rsa2048())}, "signature-mismatch", false},
		{"Ed25519 key", []string{"TXT " + record(edKey)}, "key-type-mismatch", false},
		{"512 bits (RFC 8301 section 3.2)", []string{"TXT " + small}, "key-too-small", false},
		{"revoked", []string{"TXT v=DKIM1; p="}, "key-revoked", false},
		{"h=sha1", []string{"TXT h=sha1; " + strings.TrimPrefix(record(rsa1024()), "v=DKIM1; ")}, "hash-not-allowed", false},
		{"s=tlsrpt", []string{"TXT s=tlsrpt; " + strings.TrimPrefix(record(rsa1024()), "v=DKIM1; ")}, "not-email", false},
		{"nonsense", []string{"TXT v=DKIM1; k=rsa; p=!!"}, "key-syntax", false},
	} {
		z := zone()
		raw := forward(t, dns.MustMemory(z), plainMessage, 1, nil)
		if z["s._domainkey.hop1.example"] = c.records; c.records == nil {
			delete(z, "s._domainkey.hop1.example")
		}
		v := verify(t, dns.MustMemory(z), raw)
		if v.Result != arc.Fail || v.Problem != c.problem {
			t.Errorf("%s: %s, %s: %s, want %s", c.name, v.Result, v.Problem, v.Reason, c.problem)
		}
		if strings.Contains(v.Reason, "the DNS and not the mail is at fault") != c.blame {
			t.Errorf("%s: %s", c.name, v.Reason)
		}
	}
}

// The key of an older AMS is not needed; that of any seal is.
func TestMissingKeyOfAnOlderSet(t *testing.T) {
	z := zone()
	o := options("lists.example.org", rsa2048(), arc.Verdict{Result: arc.None})
	raw := seal(t, plainMessage, o)
	raw = forwardFrom(t, z, raw, 2)
	z["s1._domainkey.lists.example.org"] = []string{"TIMEOUT"}
	if v := verify(t, dns.MustMemory(z), raw); v.Result != arc.Fail || v.Problem != "dns-timeout" || v.Sets[1].AS != arc.Pass || v.Sets[0].AS != arc.Fail {
		t.Errorf("%+v", v)
	}
}

// forwardFrom adds a set of the given hop.
func forwardFrom(t *testing.T, z dns.Zone, raw string, hop int) string {
	t.Helper()
	chain := verify(t, dns.MustMemory(z), raw)
	return seal(t, raw, options(fmt.Sprintf("hop%d.example", hop), rsa1024(), chain))
}

func TestVerifierSharesOneBodyPass(t *testing.T) {
	r := dns.MustMemory(zone())
	raw := []byte(forward(t, r, plainMessage, 2, nil))
	m := message.Parse(raw)
	bodies := wire.NewBodies()
	v := arc.NewVerifier(m.Fields, bodies, arc.Options{})
	for i := range m.Body { // any chunks
		if _, err := bodies.Write(m.Body[i : i+1]); err != nil {
			t.Fatal(err)
		}
	}
	got := v.Finish(t.Context(), r)
	if d := cmp.Diff(arc.Verify(t.Context(), r, m, arc.Options{}), got); d != "" || got.Result != arc.Pass {
		t.Errorf("%s %s", got.Result, d)
	}
	if d := cmp.Diff(got, v.Finish(t.Context(), r)); d != "" {
		t.Errorf("a second Finish differs: %s", d)
	}
}

func TestMessageWithoutChain(t *testing.T) {
	w := newWorld(zone())
	for _, raw := range []string{"", "\r\n", plainMessage, "ARC-Sealed: x\r\n" + plainMessage, "ARC\r\n\r\n"} {
		if v := verify(t, w, raw); v.Result != arc.None {
			t.Errorf("%q: %s", raw, v.Result)
		}
	}
	if len(w.asked) > 0 {
		t.Errorf("asked %q", w.asked)
	}
}

// RFC 8617 section 4.1.4: d= and s= can be U-labels.
func TestInternationalizedDomain(t *testing.T) {
	z := dns.Zone{"s._domainkey.xn--r8jz45g.jp": {"TXT " + record(rsa1024())}}
	raw := seal(t, plainMessage, options("例え.jp", rsa1024(), arc.Verdict{Result: arc.None}))
	v := verify(t, dns.MustMemory(z), raw)
	if v.Result != arc.Pass || v.Sets[0].SealDomain != "xn--r8jz45g.jp" {
		t.Errorf("%+v", v)
	}
}

// U-labels are labels that nothing maps to others, and short (RFC 5890 section 2.3.2.1): converting
// long ones takes the square of their length, of these minutes.
func TestNoULabels(t *testing.T) {
	var long strings.Builder
	for i := range 20_000 {
		long.WriteRune(rune(0x4e00 + i))
	}
	raw := seal(t, plainMessage, options("example.com", rsa1024(), arc.Verdict{Result: arc.None}))
	for _, name := range []string{"a。example", "ａ.example", "\u212aey.example", long.String() + ".example"} {
		for range 10 {
			o := options(name, rsa1024(), arc.Verdict{Result: arc.None})
			if _, err := arc.Seal(message.Parse([]byte(plainMessage)), o); err == nil {
				t.Errorf("%.20q seals", name)
			}
			v := verify(t, dns.MustMemory(zone()), strings.Replace(raw, "d=example.com;", "d="+name+";", 1))
			if v.Result != arc.Fail || v.Problem != "structure" {
				t.Errorf("%.20q: %s, %s", name, v.Result, v.Problem)
			}
		}
	}
}

func TestVerifyJudgesNoTimeWithoutNow(t *testing.T) {
	raw := strings.Replace(forward(t, dns.MustMemory(zone()), plainMessage, 1, nil), "c=relaxed/relaxed;", "c=relaxed/relaxed; x=1790000050;", 1)
	v := arc.Verify(t.Context(), dns.MustMemory(zone()), message.Parse([]byte(raw)), arc.Options{})
	if v.Problem != "signature-mismatch" {
		t.Errorf("%s: %s", v.Problem, v.Reason)
	}
	v = arc.Verify(t.Context(), dns.MustMemory(zone()), message.Parse([]byte(raw)), arc.Options{Now: time.Unix(1790000051, 0)})
	if v.Problem != "expired" {
		t.Errorf("%s: %s", v.Problem, v.Reason)
	}
}

// Each key at most once, at most two for a set.
func TestLookupsAreBounded(t *testing.T) {
	w := newWorld(zone())
	raw := forward(t, w, plainMessage, 50, nil)
	w.asked = nil
	v := verify(t, w, raw)
	if v.Result != arc.Pass || v.Instances != 50 || v.OldestPass != 0 {
		t.Fatalf("%s: %s, %d, %d", v.Result, v.Reason, v.Instances, v.OldestPass)
	}
	if len(w.asked) != 50 {
		t.Errorf("%d questions, want 50", len(w.asked))
	}
}

var _ crypto.Signer = edKey
