package dkim

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/message"
)

// The attack cases by their numbers; DKIM's part of each.

// A second From above a signature that did not oversign it: RFC 6376 verifies the lower one, as
// section 5.4.2 says. That no author follows from it is for DMARC to see.
func TestAttack01SecondFromNotOversigned(t *testing.T) {
	raw := sign(t, simpleMessage, SignOptions{Headers: []string{"From", "Subject"}})
	raw = "From: ceo@victim.test\r\n" + raw
	expect(t, testZone(), raw, Options{}, Pass, "")
	if domain, _, err := message.Parse([]byte(raw)).AuthorDomain(); err == nil {
		t.Errorf("two From fields have the author domain %q", domain)
	}
	// Below the signed one, it is the lower that is looked at.
	expect(t, testZone(), strings.Replace(raw, "Subject:", "From: ceo@victim.test\r\nSubject:", 1), Options{}, Fail, ProblemSignatureMismatch)
}

func TestAttack02SecondFromOversigned(t *testing.T) {
	raw := sign(t, simpleMessage, SignOptions{})
	expect(t, testZone(), raw, Options{}, Pass, "")
	v := expect(t, testZone(), "From: ceo@victim.test\r\n"+raw, Options{}, Fail, ProblemSignatureMismatch)
	if !strings.Contains(v.Reason, "header field was changed, added or removed") {
		t.Errorf("reason: %s", v.Reason)
	}
}

func TestAttack03SecondSubject(t *testing.T) {
	raw := sign(t, simpleMessage, SignOptions{Headers: []string{"From", "Subject"}})
	expect(t, testZone(), "Subject: you won\r\n"+raw, Options{}, Pass, "")
	raw = sign(t, simpleMessage, SignOptions{})
	expect(t, testZone(), "Subject: you won\r\n"+raw, Options{}, Fail, ProblemSignatureMismatch)
	expect(t, testZone(), "Reply-To: evil@victim.test\r\n"+raw, Options{}, Fail, ProblemSignatureMismatch)
}

// Postfix cuts a field at about 59,500 octets.
func TestAttack10LongField(t *testing.T) {
	long := "X-Long: " + strings.Repeat("x\r\n ", 25_000) + "\r\n"
	raw := long + simpleMessage
	signed := sign(t, raw, SignOptions{Headers: []string{"From", "X-Long"}})
	if strings.Contains(strings.SplitN(signed, "X-Long: ", 2)[0], "X-Long") {
		t.Error("a field longer than servers carry is in h=")
	}
	expect(t, testZone(), signed, Options{}, Pass, "")
	if _, err := Sign(strings.NewReader("From: "+strings.Repeat("a,\r\n ", 15_000)+"x@example.com\r\n\r\n"), SignOptions{
		Domain: "example.com", Selector: "rsa", Key: testKeys["rsa"]}); err == nil {
		t.Error("a From that servers cut was signed")
	}
	// Signed by somebody all the same, and cut.
	signed = resigned(t, raw, "rsa", "v=1; a=rsa-sha256; d=example.com; s=rsa; h=from:x-long; bh=%BH%")
	expect(t, testZone(), signed, Options{}, Pass, "")
	cut := strings.Replace(signed, long, long[:59_536]+"\r\n", 1)
	expect(t, testZone(), cut, Options{}, Neutral, ProblemHeaderTooLong)
}

func TestAttack11Bodies(t *testing.T) {
	for name, body := range map[string]string{
		"no body": "", "a million empty lines": strings.Repeat("\r\n", 1<<20), "spaces": strings.Repeat(" ", 1<<20),
		"bare LF": strings.Repeat("a\n", 1<<16), "bare CR": strings.Repeat("a \r", 1<<16), "CR CR LF": strings.Repeat("a\r\r\n", 1<<16),
		"NUL": "\x00\x00 \x00", "no final CRLF": "end", "a line of 1 MB": strings.Repeat("x", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			for c := range 4 {
				o := SignOptions{Header: Canonicalization(c & 1), Body: Canonicalization(c >> 1)}
				expect(t, testZone(), sign(t, "From: a@example.com\r\n\r\n"+body, o), Options{}, Pass, "")
			}
		})
	}
	// A header without the empty line that ends it.
	expect(t, testZone(), sign(t, "From: a@example.com\r\nSubject: x\r\n", SignOptions{}), Options{}, Pass, "")
}

func TestAttack13ThousandSignatures(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "DKIM-Signature: v=1; a=rsa-sha256; d=d%d.example.net; s=s; h=from; bh=%s; b=AAAA\r\n", i, strings.Repeat("A", 43)+"=")
	}
	r := &asked{Resolver: testZone()}
	vs := verify(t, r, b.String()+simpleMessage, Options{})
	if len(r.names) != 10 || len(vs) != 11 {
		t.Errorf("%d look-ups, %d verdicts", len(r.names), len(vs))
	}
	if last := vs[len(vs)-1]; last.Result != Policy || last.Problem != ProblemTooManySignatures || last.FieldIndex != 10 {
		t.Errorf("the last verdict: %+v", last)
	}
	if vs := verify(t, r, b.String()+simpleMessage, Options{MaxSignatures: 3}); len(vs) != 4 {
		t.Errorf("%d verdicts for MaxSignatures 3", len(vs))
	}
}

func TestAttack14CopiesOfOneSignature(t *testing.T) {
	signed := sign(t, simpleMessage, SignOptions{})
	field := signed[:len(signed)-len(simpleMessage)]
	r := &asked{Resolver: testZone()}
	vs := verify(t, r, strings.Repeat(field, 1000)+simpleMessage, Options{})
	if len(r.names) != 1 || len(vs) != 11 {
		t.Fatalf("%d look-ups, %d verdicts", len(r.names), len(vs))
	}
	for i, v := range vs[:10] {
		if v.Result != Pass || v.FieldIndex != i || &v.HeaderHash[0] != &vs[0].HeaderHash[0] {
			t.Errorf("copy %d: %s, field %d, or it was computed again", i, v.Result, v.FieldIndex)
		}
	}
}

func TestAttack15AppendedBeyondLength(t *testing.T) {
	const tags = "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=rsa; h=from:subject; l=7; bh=%BH%"
	raw := resigned(t, simpleMessage, "rsa", tags)
	expect(t, testZone(), raw, Options{}, Pass, ProblemLengthTag)
	expect(t, testZone(), raw+"<h1>Buy!</h1>\r\n", Options{}, Policy, ProblemLengthTag)
	expect(t, testZone(), strings.Replace(raw, "\r\n\r\nBody", "\r\nContent-Type: text/html\r\n\r\nBody", 1)+"x", Options{}, Policy, ProblemLengthTag)
	raw = resigned(t, simpleMessage, "rsa", strings.Replace(tags, "l=7", "l=0", 1))
	expect(t, testZone(), raw, Options{}, Policy, ProblemLengthTag)
	if field := sign(t, simpleMessage, SignOptions{}); strings.Contains(field, " l=") {
		t.Error("Sign wrote l=")
	}
}

func TestAttack16Numbers(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	for _, c := range []struct {
		tags    string
		result  Result
		problem string
	}{
		{"l=8", PermError, ProblemBodyTruncated},
		{"l=99999999999999999999", PermError, ProblemSyntax},
		{"l=999999999999999999", PermError, ProblemBodyTruncated},
		{"l=-1", PermError, ProblemSyntax},
		{"l=", PermError, ProblemSyntax},
		{"l=+1", PermError, ProblemSyntax},
		{"t=99999999999999999999", PermError, ProblemSyntax},
		{"t=-1", PermError, ProblemSyntax},
		{"x=99999999999999999999", PermError, ProblemSyntax},
		{"x=-1", PermError, ProblemSyntax},
		{"t=1699999999; x=1699999999", PermError, ProblemSyntax},
		{"t=1699999999; x=1699999998", PermError, ProblemSyntax},
		{"t=1700090000", PermError, ProblemFutureTimestamp},
		{"t=1700080000", Pass, ""}, // a clock in the wrong time zone
		{"t=999999999999", PermError, ProblemFutureTimestamp},
		{"x=1699999999", PermError, ProblemExpired},
		{"x=1700000000", Pass, ""},
		{"x=1700000001", Pass, ""},
		{"x=999999999999", Pass, ""},
	} {
		raw := resigned(t, simpleMessage, "rsa", "v=1; a=rsa-sha256; d=example.com; s=rsa; h=from; bh=%BH%; "+c.tags)
		t.Run(c.tags, func(t *testing.T) {
			expect(t, testZone(), raw, Options{Now: now}, c.result, c.problem)
			if c.problem == ProblemExpired || c.problem == ProblemFutureTimestamp {
				expect(t, testZone(), raw, Options{}, Pass, "") // the zero time judges nothing
			}
		})
	}
}

// smallKey has so many bits; crypto/rsa makes and uses none below 1024.
func smallKey(t *testing.T, bits int) string {
	t.Helper()
	n := new(big.Int)
	for n.BitLen() != bits {
		p, _ := rand.Prime(rand.Reader, bits/2)
		q, _ := rand.Prime(rand.Reader, bits-bits/2)
		n.Mul(p, q)
	}
	return rsaRecord(n, big.NewInt(65537))
}

func rsaRecord(n, e *big.Int) string {
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(derRSA(n, e))
}

func TestAttack17WeakKeys(t *testing.T) {
	const tags = "v=1; a=rsa-sha256; d=example.com; s=rsa; h=from; bh=%BH%"
	raw := resigned(t, simpleMessage, "rsa", tags)
	for _, bits := range []int{512, 768, 1023} {
		z := dns.Zone{keyName("rsa", "example.com"): {"TXT " + smallKey(t, bits)}}
		v := expect(t, testZone(z), raw, Options{}, Policy, ProblemKeyTooSmall)
		if v.KeyBits != bits || v.Key == nil {
			t.Errorf("%d bits: KeyBits %d", bits, v.KeyBits)
		}
	}
	key, err := GenerateKey("rsa", 1024)
	if err != nil {
		t.Fatal(err)
	}
	record, err := RecordFor(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	v := expect(t, testZone(dns.Zone{keyName("k1024", "example.com"): {"TXT " + record}}),
		sign(t, simpleMessage, SignOptions{Selector: "k1024", Key: key}), Options{}, Pass, "")
	if v.KeyBits != 1024 {
		t.Errorf("KeyBits %d", v.KeyBits)
	}
	r := &asked{Resolver: testZone()}
	sha1 := strings.Replace(raw, "rsa-sha256", "rsa-sha1", 1)
	sha1 = strings.Replace(sha1, "bh="+bhOf(t, raw), "bh="+b64(make([]byte, 20)), 1)
	expect(t, r, sha1, Options{}, Fail, ProblemSHA1)
	if len(r.names) != 0 {
		t.Error("a key was fetched for SHA-1")
	}
}

func bhOf(t *testing.T, raw string) string {
	t.Helper()
	s := verify(t, testZone(), raw, Options{})[0].Signature
	return b64(s.BodyHash)
}

func TestAttack18KeyRecords(t *testing.T) {
	rsaKey, edKey := strings.TrimPrefix(recordOf("rsa"), "v=DKIM1; k=rsa; "), strings.TrimPrefix(recordOf("ed25519"), "v=DKIM1; k=ed25519; ")
	other := recordOf("rsa2")
	plain := resigned(t, simpleMessage, "rsa", "v=1; a=rsa-sha256; d=example.com; s=x; h=from; bh=%BH%")
	sub := resigned(t, simpleMessage, "rsa", "v=1; a=rsa-sha256; d=example.com; s=x; i=a@sub.example.com; h=from; bh=%BH%")
	for _, c := range []struct {
		name, raw string
		records   []string
		result    Result
		problem   string
	}{
		{"plain", plain, []string{"v=DKIM1; " + rsaKey}, Pass, ""},
		{"without v=", plain, []string{rsaKey}, Pass, ""},
		{"k= in capitals", plain, []string{"k=RSA; " + rsaKey}, Pass, ""},
		{"h=sha1", plain, []string{"v=DKIM1; h=sha1; " + rsaKey}, PermError, ProblemHashNotAllowed},
		{"h=sha1:sha256", plain, []string{"v=DKIM1; h=sha1 : sha256; " + rsaKey}, Pass, ""},
		{"s=notemail", plain, []string{"v=DKIM1; s=notemail; " + rsaKey}, PermError, ProblemNotEmail},
		{"s=email:other", plain, []string{"v=DKIM1; s=other:email; " + rsaKey}, Pass, ""},
		{"s=*", plain, []string{"v=DKIM1; s=*; " + rsaKey}, Pass, ""},
		{"p= empty", plain, []string{"v=DKIM1; p="}, PermError, ProblemKeyRevoked},
		{"p= missing", plain, []string{"v=DKIM1; k=rsa"}, PermError, ProblemKeySyntax},
		{"p= garbage", plain, []string{"v=DKIM1; p=@@@@"}, PermError, ProblemKeySyntax},
		{"p= no ASN.1", plain, []string{"v=DKIM1; p=AAAA"}, PermError, ProblemKeySyntax},
		{"p= cut", plain, []string{"v=DKIM1; " + rsaKey[:100]}, PermError, ProblemKeySyntax},
		{"t=y", plain, []string{"v=DKIM1; t=y; " + rsaKey}, Pass, ""},
		{"t=s", plain, []string{"v=DKIM1; t=s; " + rsaKey}, Pass, ""},
		{"t=s, i= subdomain", sub, []string{"v=DKIM1; t=y:s; " + rsaKey}, PermError, ProblemDomainMismatch},
		{"i= subdomain", sub, []string{"v=DKIM1; " + rsaKey}, Pass, ""},
		{"two keys", plain, []string{"v=DKIM1; " + rsaKey, other}, PermError, ProblemMultipleKeys},
		{"one key twice", plain, []string{"v=DKIM1; " + rsaKey, "v=DKIM1; " + rsaKey}, Pass, ""},
		{"a key and SPF", plain, []string{"v=spf1 -all", "v=DKIM1; " + rsaKey}, Pass, ""},
		{"a key and a broken one", plain, []string{"v=DKIM1; p=@", "v=DKIM1; " + rsaKey}, Pass, ""},
		{"only SPF", plain, []string{"v=spf1 -all"}, PermError, ProblemKeySyntax},
		{"ed25519 for rsa-sha256", plain, []string{"v=DKIM1; k=ed25519; " + edKey}, PermError, ProblemKeyTypeMismatch},
		{"ed25519 of 31 octets", plain, []string{"v=DKIM1; k=ed25519; p=" + b64(make([]byte, 31))}, PermError, ProblemKeySyntax},
		{"ed25519 in ASN.1", plain, []string{"v=DKIM1; k=ed25519; p=" + b64(make([]byte, 44))}, PermError, ProblemKeySyntax},
		{"unknown k=", plain, []string{"v=DKIM1; k=pq; p=AAAA"}, PermError, ProblemKeyTypeMismatch},
		{"v= not first", plain, []string{rsaKey + "; v=DKIM1"}, PermError, ProblemKeySyntax},
		{"v=DKIM2", plain, []string{"v=DKIM2; " + rsaKey}, PermError, ProblemKeySyntax},
		{"v=dkim1", plain, []string{"v=dkim1; " + rsaKey}, PermError, ProblemKeySyntax},
		{"p= twice", plain, []string{"v=DKIM1; p=; " + rsaKey}, PermError, ProblemKeySyntax},
		{"an unknown tag", plain, []string{"v=DKIM1; zz=1; " + rsaKey}, Pass, ""},
		{"another key", plain, []string{other}, Fail, ProblemSignatureMismatch},
	} {
		t.Run(c.name, func(t *testing.T) {
			z := dns.Zone{}
			for _, r := range c.records {
				z["x._domainkey.example.com"] = append(z["x._domainkey.example.com"], "TXT "+r)
			}
			v := expect(t, dns.MustMemory(z), c.raw, Options{}, c.result, c.problem)
			if v.Testing != strings.Contains(c.name, "t=y") && c.name != "t=s, i= subdomain" || v.StrictIdentity != strings.HasPrefix(c.name, "t=s") {
				t.Errorf("Testing %v, StrictIdentity %v", v.Testing, v.StrictIdentity)
			}
		})
	}
}

func TestAttack19HugeKeys(t *testing.T) {
	raw := resigned(t, simpleMessage, "rsa", "v=1; a=rsa-sha256; d=example.com; s=x; h=from; bh=%BH%")
	n := func(bits uint) *big.Int {
		return new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), bits-1), big.NewInt(1))
	}
	modulus := testKeys["rsa"].Public().(*rsa.PublicKey).N
	for _, c := range []struct {
		name    string
		record  string
		result  Result
		problem string
	}{
		{"16,384 bits", rsaRecord(n(16384), big.NewInt(65537)), Policy, ProblemKeyTooLarge},
		{"8,193 bits", rsaRecord(n(8193), big.NewInt(65537)), Policy, ProblemKeyTooLarge},
		{"8,192 bits", rsaRecord(n(8192), big.NewInt(65537)), Fail, ProblemSignatureMismatch},
		{"exponent of 3,071 bits", rsaRecord(modulus, n(3071)), PermError, ProblemKeySyntax},
		{"exponent of 33 bits", rsaRecord(modulus, n(33)), PermError, ProblemKeySyntax},
		{"exponent 1", rsaRecord(modulus, big.NewInt(1)), PermError, ProblemKeySyntax},
		{"even exponent", rsaRecord(modulus, big.NewInt(65536)), PermError, ProblemKeySyntax},
		{"even modulus", rsaRecord(new(big.Int).Add(modulus, big.NewInt(1)), big.NewInt(65537)), PermError, ProblemKeySyntax},
	} {
		t.Run(c.name, func(t *testing.T) {
			expect(t, dns.MustMemory(dns.Zone{"x._domainkey.example.com": {"TXT " + c.record}}), raw, Options{}, c.result, c.problem)
		})
	}
}

// fixed answers every question alike.
type fixed dns.Answer

func (f fixed) Resolve(_ context.Context, q dns.Question) dns.Answer {
	a := dns.Answer(f)
	a.Question = q
	return a
}

func TestAttack20Answers(t *testing.T) {
	raw := sign(t, simpleMessage, SignOptions{})
	txt := func(data ...string) fixed {
		a := dns.Answer{Status: dns.Success}
		for _, d := range data {
			a.Records = append(a.Records, dns.Record{Type: dns.TypeTXT, Data: d})
		}
		return fixed(a)
	}
	for _, c := range []struct {
		name    string
		answer  fixed
		result  Result
		problem string
	}{
		{"16 KB", txt("v=DKIM1; n=" + strings.Repeat("x", 16<<10) + "; " + recordOf("rsa")[9:]), Pass, ""},
		{"64 KB", txt("v=DKIM1; n=" + strings.Repeat("x", 64<<10) + "; " + recordOf("rsa")[9:]), PermError, ProblemKeySyntax},
		{"300 records", txt(strings.Split(strings.Repeat("v=spf1 -all\n", 300), "\n")...), PermError, ProblemMultipleKeys},
		{"no records", txt(), PermError, ProblemKeySyntax},
		{"an empty record", txt(""), PermError, ProblemKeySyntax},
		{"octets", txt("v=DKIM1; p=\xff\x00"), PermError, ProblemKeySyntax},
		{"loop", fixed{Status: dns.Malformed, Detail: "CNAME loop"}, PermError, ProblemDNSMalformed},
		{"time-out", fixed{Status: dns.Timeout}, TempError, ProblemDNSTimeout},
		{"SERVFAIL", fixed{Status: dns.ServFail, Detail: "DNSSEC Bogus"}, TempError, ProblemDNSServFail},
		{"REFUSED", fixed{Status: dns.Refused}, TempError, ProblemDNSRefused},
		{"unreachable", fixed{Status: dns.NetError}, TempError, ProblemDNSFailure},
		{"not recorded", fixed{Status: dns.NotRecorded}, TempError, ProblemDNSFailure},
		{"NXDOMAIN", fixed{Status: dns.NXDomain}, PermError, ProblemKeyMissing},
		{"no data", fixed{Status: dns.NoData}, PermError, ProblemKeyMissing},
		{"bad name", fixed{Status: dns.BadName}, PermError, ProblemKeyMissing},
	} {
		t.Run(c.name, func(t *testing.T) { expect(t, c.answer, raw, Options{}, c.result, c.problem) })
	}
}

func TestAttack21HostileFields(t *testing.T) {
	bh := strings.Repeat("A", 43) + "="
	long := strings.Repeat("a", 63)
	for _, c := range []struct{ name, tags, problem string }{
		{"bh= of one octet", "v=1; a=rsa-sha256; d=example.com; s=rsa; h=from; b=AAAA; bh=AA==", ProblemSyntax},
		{"bh= of 50 KB", "v=1; a=rsa-sha256; d=example.com; s=rsa; h=from; b=AAAA; bh=" + b64(make([]byte, 50<<10)), ProblemSyntax},
		{"bh= of one octet, ed25519", "v=1; a=ed25519-sha256; d=example.com; s=rsa; h=from; b=AAAA; bh=AA==", ProblemSyntax},
		{"b= of 200 KB", "v=1; a=rsa-sha256; d=example.com; s=rsa; h=from; bh=" + bh + "; b=" + b64(make([]byte, 200<<10)), ProblemSyntax},
		{"b= of 40 KB", "v=1; a=rsa-sha256; d=example.com; s=rsa; h=from; bh=" + bh + "; b=" + b64(make([]byte, 40<<10)), ProblemSyntax},
		{"b= empty", "v=1; a=rsa-sha256; d=example.com; s=rsa; h=from; bh=" + bh + "; b=", ProblemSyntax},
		{"h= of 10,000 names", "v=1; a=rsa-sha256; d=example.com; s=rsa; bh=" + bh + "; b=AAAA; h=from" + strings.Repeat(":a", 10_000), ProblemSyntax},
		{"h= empty", "v=1; a=rsa-sha256; d=example.com; s=rsa; h=; bh=" + bh + "; b=AAAA", ProblemSyntax},
		{"h= with an empty name", "v=1; a=rsa-sha256; d=example.com; s=rsa; h=from::to; bh=" + bh + "; b=AAAA", ProblemSyntax},
		{"h= without From", "v=1; a=rsa-sha256; d=example.com; s=rsa; h=to:subject; bh=" + bh + "; b=AAAA", ProblemUnsignedFrom},
		{"d= twice", "v=1; a=rsa-sha256; d=example.com; d=example.com; s=rsa; h=from; bh=" + bh + "; b=AAAA", ProblemDuplicateTag},
		{"d= with a comment", "v=1; a=rsa-sha256; d=example.com(.victim.test; s=rsa; h=from; bh=" + bh + "; b=AAAA", ProblemSyntax},
		{"d= with a space", "v=1; a=rsa-sha256; d=example.com x; s=rsa; h=from; bh=" + bh + "; b=AAAA", ProblemSyntax},
		{"d= with a quote", "v=1; a=rsa-sha256; d=exa\"mple.com; s=rsa; h=from; bh=" + bh + "; b=AAAA", ProblemSyntax},
		{"d= of one label", "v=1; a=rsa-sha256; d=com; s=rsa; h=from; bh=" + bh + "; b=AAAA", ProblemSyntax},
		{"d= with an empty label", "v=1; a=rsa-sha256; d=example..com; s=rsa; h=from; bh=" + bh + "; b=AAAA", ProblemSyntax},
		{"d= with a long label", "v=1; a=rsa-sha256; d=" + long + "a.com; s=rsa; h=from; bh=" + bh + "; b=AAAA", ProblemSyntax},
		{"d= too long", "v=1; a=rsa-sha256; d=" + strings.Repeat(long+".", 4) + "com; s=rsa; h=from; bh=" + bh + "; b=AAAA", ProblemSyntax},
		{"s= and d= too long", "v=1; a=rsa-sha256; d=" + strings.Repeat(long+".", 3) + "com; s=" + long + "; h=from; bh=" + bh + "; b=AAAA", ProblemSyntax},
		{"d= empty", "v=1; a=rsa-sha256; d=; s=rsa; h=from; bh=" + bh + "; b=AAAA", ProblemSyntax},
		{"s= is a path", "v=1; a=rsa-sha256; d=example.com; s=../../etc/passwd; h=from; bh=" + bh + "; b=AAAA", ProblemSyntax},
		{"s= with a control character", "v=1; a=rsa-sha256; d=example.com; s=r\x01sa; h=from; bh=" + bh + "; b=AAAA", ProblemSyntax},
		{"a semicolon in s=", "v=1; a=rsa-sha256; d=example.com; s=a; b; h=from; bh=" + bh + "; b=AAAA", ProblemSyntax},
		{"NUL in d=", "v=1; a=rsa-sha256; d=exam\x00ple.com; s=rsa; h=from; bh=" + bh + "; b=AAAA", ProblemSyntax},
		{"i= elsewhere", "v=1; a=rsa-sha256; d=example.com; i=a@example.net; s=rsa; h=from; bh=" + bh + "; b=AAAA", ProblemDomainMismatch},
		{"i= only looks like it", "v=1; a=rsa-sha256; d=example.com; i=a@badexample.com; s=rsa; h=from; bh=" + bh + "; b=AAAA", ProblemDomainMismatch},
		{"i= above", "v=1; a=rsa-sha256; d=a.example.com; i=a@example.com; s=rsa; h=from; bh=" + bh + "; b=AAAA", ProblemDomainMismatch},
		{"i= with an encoded line end", "v=1; a=rsa-sha256; d=example.com; i=a=0D=0A@example.com; s=rsa; h=from; bh=" + bh + "; b=AAAA", ProblemSyntax},
		{"i= without @", "v=1; a=rsa-sha256; d=example.com; i=example.com; s=rsa; h=from; bh=" + bh + "; b=AAAA", ProblemSyntax},
		{"no v=", "a=rsa-sha256; d=example.com; s=rsa; h=from; bh=" + bh + "; b=AAAA", ProblemMissingTag},
		{"v=2", "v=2; a=rsa-sha256; d=example.com; s=rsa; h=from; bh=" + bh + "; b=AAAA", ProblemSyntax},
		{"no b=", "v=1; a=rsa-sha256; d=example.com; s=rsa; h=from; bh=" + bh, ProblemMissingTag},
		{"nothing", "", ProblemSyntax},
		{"unknown a=", "v=1; a=rsa-md5; d=example.com; s=rsa; h=from; bh=" + bh + "; b=AAAA", ProblemUnknownAlgorithm},
		{"unknown c=", "v=1; a=rsa-sha256; c=nowsp; d=example.com; s=rsa; h=from; bh=" + bh + "; b=AAAA", ProblemSyntax},
		{"unknown q=", "v=1; a=rsa-sha256; q=http; d=example.com; s=rsa; h=from; bh=" + bh + "; b=AAAA", ProblemSyntax},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &asked{Resolver: testZone()}
			v := expect(t, r, "DKIM-Signature: "+c.tags+"\r\n"+simpleMessage, Options{}, PermError, c.problem)
			if len(r.names) != 0 {
				t.Errorf("asked the DNS: %q", r.names)
			}
			if s := v.Signature; s != nil {
				for _, text := range []string{s.Domain, s.Selector, s.Identity, s.Algorithm} {
					if strings.ContainsAny(text, "()\"; \r\n\x00") {
						t.Errorf("the verdict carries %q", text)
					}
				}
			}
		})
	}
}

// TestManyFieldsAndNames: hostile numbers of fields and names do not multiply
// (were they to, this would take minutes).
func TestManyFieldsAndNames(t *testing.T) {
	var b bytes.Buffer
	for i := range 9000 {
		fmt.Fprintf(&b, "X-%d: x\r\n", i)
	}
	names := strings.Repeat("from:", 999) + "from"
	field := "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=rsa; h=" + names + "; bh=" + strings.Repeat("A", 43) + "=; b=AAAA; n="
	var sigs strings.Builder
	for i := range 10 {
		fmt.Fprintf(&sigs, "%s%d\r\n", field, i)
	}
	raw := sigs.String() + strings.Repeat("From: a@example.com\r\n", 900) + b.String() + "\r\n"
	vs := verify(t, testZone(), raw, Options{})
	for _, v := range vs {
		if v.Result != Fail {
			t.Errorf("%s: %s", v.Result, v.Reason)
		}
	}
	if len(vs) != 10 {
		t.Errorf("%d verdicts", len(vs))
	}
}
