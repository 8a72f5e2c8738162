package filter

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/message"
)

// The attack cases that come in signatures and in their key records, through the milter.

// handSigned signs From and the body by the tags given, whatever they say: c=relaxed/simple, d=good.example, s= as
// given. With l= only so many octets of the body are hashed.
func handSigned(t *testing.T, raw, selector, tags string, length int) string {
	t.Helper()
	m := message.Parse([]byte(raw))
	body := m.Body
	if length >= 0 {
		body = body[:length]
	}
	hash := sha256.Sum256(body)
	field := "v=1; a=rsa-sha256; c=relaxed/simple; d=good.example; s=" + selector + "; " + tags + "h=from; bh=" + base64.StdEncoding.EncodeToString(hash[:]) + "; b="
	from, _ := m.First("From")
	sum := sha256.Sum256([]byte("from:" + strings.TrimSpace(from.Unfolded()) + "\r\ndkim-signature:" + field))
	b, err := rsaKey().Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return "DKIM-Signature: " + field + base64.StdEncoding.EncodeToString(b) + "\r\n" + raw
}

// published passes a message whose signature is good by our key, but for the records that the DNS has at its selector.
func published(t *testing.T, raw string, records ...string) result {
	t.Helper()
	s := settings()
	s.Resolver = beside{world(), dns.MustMemory(dns.Zone{"x._domainkey.good.example": records})}
	r := start(t, s).pass(mail{ip: strangeIP, helo: "x.example", from: "a@bare.example", to: []string{"you@ours.example"}, raw: raw})
	if h := results(t, r.raw); len(h.Results) > 10 {
		t.Errorf("%d results", len(h.Results))
	}
	return r
}

// keyText is the record of a key of so many bits that nobody has, or with an exponent of so many.
func keyText(bits, exponentBits uint) string {
	odd := func(bits uint) *big.Int {
		return new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), bits-1), big.NewInt(1))
	}
	integer := func(n *big.Int) []byte {
		b := n.Bytes()
		if b[0] >= 0x80 {
			b = append([]byte{0}, b...)
		}
		return tlv(2, b)
	}
	key := tlv(0x30, append(integer(odd(bits)), integer(odd(exponentBits))...))
	algorithm := tlv(0x30, append(tlv(6, []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1}), 5, 0))
	return "TXT v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(tlv(0x30, append(algorithm, tlv(3, append([]byte{0}, key...))...)))
}

// tlv is DER.
func tlv(tag byte, value []byte) []byte {
	n := len(value)
	switch {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, value...)
	case n < 0x100:
		return append([]byte{tag, 0x81, byte(n)}, value...)
	}
	return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, value...)
}

// l= is a promise about a part of the body: good, but nothing that DMARC may use.
func TestCase15_GoodSignatureOverAPart(t *testing.T) {
	raw := letter("me@good.example")
	part := handSigned(t, raw, "g", "l=6; ", 6)
	each(t, map[string]string{
		"whole":    handSigned(t, raw, "g", "", -1), // that what signs here signs well
		"oversize": handSigned(t, raw, "g", "", -1),
	}, Passed, "pass", "pass")
	for name, m := range map[string]string{"as signed": part, "appended": part + "and more\r\n", "another type": "Content-Type: text/html\r\n" + part + "<p>evil"} {
		r := published(t, m)
		if h := results(t, r.raw); of(h, "dkim") == "pass" || of(h, "dmarc") == "pass" || r.event.Outcome != DMARCReject {
			t.Errorf("%s: dkim=%s dmarc=%s %s", name, of(h, "dkim"), of(h, "dmarc"), r.event.Outcome)
		}
	}
	out := start(t, signingSettings()).pass(mail{ip: "192.0.2.5", from: "a@ours.example", raw: letter("me@ours.example")})
	if len(out.event.Signed) == 0 || strings.Contains(string(out.raw), " l=") {
		t.Errorf("signed with l=, or not at all:\n%s", out.raw)
	}
}

func TestCase17_WeakKeys(t *testing.T) {
	raw := handSigned(t, letter("me@good.example"), "x", "", -1)
	for _, bits := range []uint{512, 768, 1023} {
		r := published(t, raw, keyText(bits, 17))
		if h := results(t, r.raw); of(h, "dkim") != "policy" || of(h, "dmarc") != "fail" || r.event.Outcome != DMARCReject {
			t.Errorf("%d bits: dkim=%s dmarc=%s", bits, of(h, "dkim"), of(h, "dmarc"))
		}
	}
	sha1 := strings.Replace(raw, "rsa-sha256", "rsa-sha1", 1)
	if h := results(t, published(t, sha1, record(rsaKey())).raw); of(h, "dkim") == "pass" || of(h, "dmarc") != "fail" {
		t.Errorf("rsa-sha1: dkim=%s dmarc=%s", of(h, "dkim"), of(h, "dmarc"))
	}
}

func TestCase18_KeyRecords(t *testing.T) {
	raw := handSigned(t, letter("me@good.example"), "x", "", -1)
	good := strings.TrimPrefix(record(rsaKey()), "TXT v=DKIM1; k=rsa; ")
	for want, lists := range map[string][][]string{
		"pass": {{"TXT v=DKIM1; " + good}, {"TXT v=DKIM1; t=y; " + good}, {"TXT v=DKIM1; p=@", "TXT v=DKIM1; " + good}},
		"permerror": {
			{"TXT v=DKIM1; h=sha1; " + good}, {"TXT v=DKIM1; s=notemail; " + good}, {"TXT v=DKIM1; p="}, {"TXT v=DKIM1; p=@@@@"}, {"TXT v=DKIM1; p=; " + good}, {"TXT " + good + "; v=DKIM1"},
			{"TXT v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(make([]byte, 31))}, {"TXT v=DKIM1; " + good, record(edKey())},
		},
	} {
		for _, records := range lists {
			h := results(t, published(t, raw, records...).raw)
			dmarc := map[string]string{"pass": "pass", "permerror": "fail"}[want]
			if of(h, "dkim") != want || of(h, "dmarc") != dmarc {
				t.Errorf("%.60q: dkim=%s dmarc=%s", records, of(h, "dkim"), of(h, "dmarc"))
			}
		}
	}
	below := handSigned(t, letter("me@good.example"), "x", "i=a@sub.good.example; ", -1)
	if h := results(t, published(t, below, "TXT v=DKIM1; t=s; "+good).raw); of(h, "dkim") != "permerror" {
		t.Errorf("t=s with i= below: dkim=%s", of(h, "dkim"))
	}
}

func TestCase19_HugeKeys(t *testing.T) {
	raw := handSigned(t, letter("me@good.example"), "x", "", -1)
	for _, key := range []string{keyText(16_384, 17), keyText(2048, 3071), keyText(2048, 33)} {
		r := published(t, raw, key)
		if h := results(t, r.raw); of(h, "dkim") == "pass" || of(h, "dmarc") != "fail" || r.event.Outcome != DMARCReject {
			t.Errorf("dkim=%s dmarc=%s", of(h, "dkim"), of(h, "dmarc"))
		}
	}
}

func TestCase21_AbsurdTags(t *testing.T) {
	raw := letter("me@good.example")
	field := strings.TrimSuffix(handSigned(t, raw, "x", "", -1), raw)
	at := strings.Index(field, "bh=")
	bh, b := field[at:at+47], field[strings.Index(field, " b=")+1:]
	good := record(rsaKey())
	for name, f := range map[string]string{
		"bh= of 1 octet": strings.Replace(field, bh, "bh=AA==", 1), "bh= of 50 KB": strings.Replace(field, bh, "bh="+strings.Repeat("A", 50_000), 1),
		"b= of 200 KB":  strings.Replace(field, b, "b="+strings.Repeat("A", 200_000)+"\r\n", 1),
		"10,000 names":  strings.Replace(field, "h=from;", "h=from"+strings.Repeat(":x", 10_000)+";", 1),
		"without from":  strings.Replace(field, "h=from;", "h=subject;", 1),
		"d= twice":      strings.Replace(field, "d=good.example;", "d=good.example; d=good.example;", 1),
		"i= elsewhere":  strings.Replace(field, "h=from;", "i=a@bank.example; h=from;", 1),
		"s= is a path":  strings.Replace(field, "s=x;", "s=../../etc/passwd;", 1),
		"ed25519 short": strings.Replace(strings.Replace(field, "rsa-sha256", "ed25519-sha256", 1), bh, "bh=AA==", 1),
	} {
		r := published(t, f+raw, good)
		h := results(t, r.raw)
		if got := of(h, "dkim"); got != "permerror" && got != "neutral" && got != "fail" || of(h, "dmarc") != "fail" {
			t.Errorf("%s: dkim=%s dmarc=%s", name, got, of(h, "dmarc"))
		}
	}
}

// A DKIM record as the resolver may give it.
func TestCase20_AbsurdAnswers(t *testing.T) {
	raw := handSigned(t, letter("me@good.example"), "x", "", -1)
	good := strings.TrimPrefix(record(rsaKey()), "TXT v=DKIM1; k=rsa; ")
	txt := func(n int) []dns.Record {
		out := make([]dns.Record, n)
		for i := range out {
			out[i] = dns.Record{Type: dns.TypeTXT, Data: fmt.Sprintf("v=spf1 ip4:192.0.2.%d -all", i%250)}
		}
		return out
	}
	one := func(s string) []dns.Record { return []dns.Record{{Type: dns.TypeTXT, Data: s}} }
	for name, tc := range map[string]struct {
		answer dns.Answer
		dkim   string
	}{
		"16 KB":       {dns.Answer{Status: dns.Success, Records: one("v=DKIM1; n=" + strings.Repeat("x", 16<<10) + "; " + good)}, "pass"},
		"64 KB":       {dns.Answer{Status: dns.Success, Records: one("v=DKIM1; n=" + strings.Repeat("x", 64<<10) + "; " + good)}, "permerror"},
		"300 records": {dns.Answer{Status: dns.Success, Records: txt(300)}, "permerror"},
		"octets":      {dns.Answer{Status: dns.Success, Records: one("v=DKIM1; p=\xff\x00")}, "permerror"},
		"none":        {dns.Answer{Status: dns.Success}, "permerror"},
		"CNAME loop":  {dns.Answer{Status: dns.Malformed, Detail: "CNAME loop"}, "permerror"},
		"cut":         {dns.Answer{Status: dns.NetError}, "temperror"},
	} {
		s := settings()
		s.Resolver = instead{world(), "x._domainkey.good.example", tc.answer}
		r := start(t, s).pass(mail{ip: strangeIP, from: "a@bare.example", raw: raw})
		if h := results(t, r.raw); of(h, "dkim") != tc.dkim || (of(h, "dmarc") == "pass") != (tc.dkim == "pass") {
			t.Errorf("%s: dkim=%s dmarc=%s", name, of(h, "dkim"), of(h, "dmarc"))
		}
	}
}

// The verifier's half: how old a signature is, and how often it came.
func TestCase22_AgeAndCount(t *testing.T) {
	srv := start(t, settings())
	field, err := dkim.Sign(strings.NewReader(letter("me@good.example")), dkim.SignOptions{Domain: "good.example", Selector: "g", Key: rsaKey(), Timestamp: now.Add(-50 * time.Hour), Header: dkim.Relaxed, Body: dkim.Relaxed})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		r := srv.pass(mail{ip: strangeIP, from: "a@bare.example", to: []string{fmt.Sprintf("u%d@ours.example", n)}, raw: string(field) + letter("me@good.example")})
		if got, want := r.event.Signature, (Signature{Age: 50 * time.Hour, Seen: n + 1}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if r := srv.pass(mail{ip: strangeIP, from: "a@bare.example", raw: letter("me@good.example")}); r.event.Signature != (Signature{}) {
		t.Errorf("unsigned: %+v", r.event.Signature)
	}
}

// What is remembered is bounded, by number and by time; a clock that jumps forgets at most.
func TestReplaysAreBounded(t *testing.T) {
	var r replays
	for i := range 3 * replayEntries {
		r.seen(fmt.Appendf(nil, "%d", i), now)
	}
	if len(r.young) > replayEntries || len(r.old) > replayEntries {
		t.Errorf("%d and %d remembered", len(r.young), len(r.old))
	}
	at := now
	for _, jump := range []time.Duration{0, replayTime + 1, -1000 * time.Hour, 1000 * time.Hour} {
		at = at.Add(jump)
		if n := r.seen([]byte("again"), at); n < 1 || n > 4 {
			t.Errorf("after a jump of %v: %d", jump, n)
		}
	}
	if r.seen([]byte("x"), at); r.seen([]byte("x"), at.Add(replayTime+1)) != 2 || r.seen([]byte("x"), at.Add(4*replayTime)) != 3 || r.seen([]byte("y"), at.Add(8*replayTime)) != 1 {
		t.Error("generations")
	}
}
