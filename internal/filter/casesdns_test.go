package filter

import (
	"context"
	"fmt"
	"strings"
	"testing"

	foreign "github.com/emersion/go-milter"

	"github.com/todoku/todoku/authres"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/message"
)

// The attack cases that come in other records, and in what is left of the message.

// beside answers from the second zone what it has, else from the first.
type beside struct{ first, second *dns.Memory }

func (b beside) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	if a := b.second.Resolve(ctx, q); a.Status == dns.Success {
		return a
	}
	return b.first.Resolve(ctx, q)
}

// instead gives one answer for one name.
type instead struct {
	dns.Resolver
	name   string
	answer dns.Answer
}

func (i instead) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	if strings.TrimSuffix(q.Name, ".") != i.name {
		return i.Resolver.Resolve(ctx, q)
	}
	a := i.answer
	a.Question = q
	return a
}

// hostile passes a message whose domains are of a zone, and counts what that cost.
func hostile(t *testing.T, z dns.Zone, m mail) (result, authres.Header, int) {
	t.Helper()
	s := settings()
	count := dns.NewCounter(beside{world(), dns.MustMemory(z)}, 10_000)
	s.Resolver = count
	m.ip = strangeIP
	r := start(t, s).pass(m)
	return r, results(t, r.raw), count.Count()
}

func TestCase29_EndlessSPF(t *testing.T) {
	tree, hosts := dns.Zone{"evil.example": {"TXT v=spf1"}}, []string{"TXT v=spf1 mx -all"}
	for i := range 9 {
		tree["evil.example"][0] += fmt.Sprintf(" include:i%d.evil.example", i)
		tree[fmt.Sprintf("i%d.evil.example", i)] = []string{"TXT v=spf1"}
		for j := range 9 {
			tree[fmt.Sprintf("i%d.evil.example", i)][0] += fmt.Sprintf(" include:j%d%d.evil.example", i, j)
		}
	}
	for i := range 60 {
		hosts = append(hosts, fmt.Sprintf("MX 10 h%d.evil.example", i))
	}
	one := func(record string) dns.Zone { return dns.Zone{"evil.example": {"TXT " + record}} }
	for name, tc := range map[string]struct {
		zone dns.Zone
		spf  string
	}{
		"include loop": {one("v=spf1 include:evil.example -all"), "permerror"}, "redirect loop": {one("v=spf1 redirect=evil.example"), "permerror"},
		"tree": {tree, "permerror"}, "60 exchangers": {dns.Zone{"evil.example": hosts}, "permerror"},
		"8 void": {one("v=spf1" + strings.Repeat(" a:none.evil.example", 8) + " -all"), "permerror"}, "two records": {dns.Zone{"evil.example": {"TXT v=spf1 +all", "TXT v=spf1 -all"}}, "permerror"},
		"bad macro": {one("v=spf1 exists:%{q} -all"), "permerror"}, "U+200B": {one("v=spf1 \u200b+all"), "permerror"},
		"2,500 networks": {one("v=spf1" + strings.Repeat(" ip4:192.0.2.1", 2500) + " -all"), "fail"},
	} {
		r, h, n := hostile(t, tc.zone, mail{from: "a-b-c@evil.example", helo: "x.example", raw: letter("me@evil.example")})
		if got, _, _ := strings.Cut(of(h, "spf"), ","); got != tc.spf {
			t.Errorf("%s: spf=%s", name, of(h, "spf"))
		}
		if n > 60 || r.event.Outcome == Passed || r.event.Outcome == Authenticated {
			t.Errorf("%s: %d look-ups, %s", name, n, r.event.Outcome)
		}
	}
}

// A record that lets everybody in passes, and that is all: it vouches for its own domain only.
func TestCase30_SPFPlusAll(t *testing.T) {
	z := dns.Zone{"evil.example": {"TXT v=spf1 +all"}, "_dmarc.evil.example": {"TXT v=DMARC1; p=reject"}}
	r, h, _ := hostile(t, z, mail{from: "a@evil.example", raw: letter("me@good.example")})
	if got, _, _ := strings.Cut(of(h, "spf"), ","); got != "pass" || of(h, "dmarc") != "fail" || r.event.Outcome != DMARCReject {
		t.Errorf("spf=%s dmarc=%s %s", of(h, "spf"), of(h, "dmarc"), r.event.Outcome)
	}
	r, h, _ = hostile(t, z, mail{from: "a@evil.example", raw: letter("me@evil.example")})
	if of(h, "dmarc") != "pass" || len(r.event.Problems) == 0 || r.event.Problems[0].ID != "spf.plus-all" {
		t.Errorf("dmarc=%s, noted %v", of(h, "dmarc"), r.event.Problems)
	}
}

func TestCase31_OddDMARCRecords(t *testing.T) {
	for name, tc := range map[string]struct {
		records []string
		dmarc   string
		outcome Outcome
	}{
		"two":            {[]string{"TXT v=DMARC1; p=reject", "TXT v=DMARC1; p=reject"}, "none", Unauthenticated},
		"duplicate p":    {[]string{"TXT v=DMARC1; p=none; p=reject"}, "none", Unauthenticated},
		"no p, with rua": {[]string{"TXT v=DMARC1; rua=mailto:a@evil.example"}, "fail", DMARCNone},
		"unknown tags":   {[]string{"TXT v=DMARC1; foo=bar; p=reject; x=1"}, "fail", DMARCReject},
		"12 KB":          {[]string{"TXT v=DMARC1; p=reject; rua=" + strings.TrimSuffix(strings.Repeat("mailto:a@evil.example,", 550), ",")}, "fail", DMARCReject},
		"v= not first":   {[]string{"TXT p=reject; v=DMARC1"}, "none", Unauthenticated},
		"absurd":         {[]string{"TXT v=DMARC1; p=reject; pct=-99999999999999999999; ri=99999999999999999999"}, "fail", DMARCReject},
	} {
		r, h, _ := hostile(t, dns.Zone{"evil.example": {"A 203.0.113.1"}, "_dmarc.evil.example": tc.records}, mail{from: "a@bare.example", raw: letter("me@evil.example")})
		if of(h, "dmarc") != tc.dmarc || r.event.Outcome != tc.outcome {
			t.Errorf("%s: dmarc=%s, %s", name, of(h, "dmarc"), r.event.Outcome)
		}
	}
}

// Bare line ends in a body are octets of it: nothing behind them is a message, nothing is split, and the signature over them holds.
func TestCase36_Smuggling(t *testing.T) {
	srv := start(t, settings())
	out := start(t, signingSettings())
	for _, end := range []string{"\n.\n", "\n.\r\n", "\r.\r", "\r\n.\n", "\r.\r\n", "\r\n.\r"} {
		smuggled := "hello" + end + "MAIL FROM:<ceo@bank.example>\r\nFrom: ceo@bank.example\r\n\r\nsmuggled\r\n"
		raw := strings.TrimSuffix(letter("me@good.example"), "Hello.\r\n") + smuggled
		for _, chunk := range []int{0, 1, 6, 7} {
			r := srv.pass(mail{ip: strangeIP, from: "a@bare.example", raw: signed(t, raw, "good.example", "g"), chunk: chunk})
			h := results(t, r.raw)
			if of(h, "dkim") != "pass" || of(h, "dmarc") != "pass" || r.event.Author != "good.example" || !strings.HasSuffix(string(r.raw), smuggled) {
				t.Errorf("%q in chunks of %d: dkim=%s dmarc=%s author %s", end, chunk, of(h, "dkim"), of(h, "dmarc"), r.event.Author)
			}
		}
		r := out.pass(mail{ip: "192.0.2.5", from: "a@ours.example", raw: strings.Replace(raw, "good.example", "ours.example", 1)})
		if v := verify(r.raw, "203.0.113.1", ""); len(v.DKIM) != 2 || v.DKIM[0].Result != "pass" || v.DKIM[1].Result != "pass" {
			t.Errorf("%q: what was signed does not verify: %+v", end, v.DKIM)
		}
	}
}

// One field of at most ten results, in short lines, whatever comes: of signatures, names and reasons.
func TestCase40_OneShortField(t *testing.T) {
	var many strings.Builder
	long := strings.Repeat(strings.Repeat("d", 60)+".", 3)
	for i := range 100 {
		fmt.Fprintf(&many, "DKIM-Signature: v=1; a=rsa-sha256; d=%ss%d.example; s=%s; i=\"a b; c\"@%ss%d.example; h=from; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\n", long, i, strings.Repeat("s", 63), long, i)
	}
	r := start(t, settings()).pass(mail{ip: strangeIP, helo: long + "example", from: strings.Repeat("x", 200) + "@" + long + "example", raw: many.String() + "ARC-Seal: x\r\n" + letter("me@"+long+"good.example")})
	h := results(t, r.raw) // which looks at the length of lines, too
	f := message.Parse(r.raw).Fields[0]
	if len(h.Results) > 10 || len(f.Raw) > 6000 {
		t.Errorf("%d results in %d octets", len(h.Results), len(f.Raw))
	}
}

// What a message names is never read, and nothing in it is a command for the milter: fields that steer others are fields like any.
func TestCase41_NoInputNamesAFile(t *testing.T) {
	evil := "File: /etc/passwd\r\nPath: ../../etc/shadow\r\nShm: /x\r\nPassword: q\r\nSettings-Id: none\r\nUser: admin\r\nDeliver-To: x\r\nQueue-Id: y\r\nX-Todoku-Quarantine: no\r\nX-Todoku-Key: file:///etc/passwd\r\n"
	srv := start(t, settings())
	plain := srv.pass(mail{ip: strangeIP, from: "a@bare.example", raw: letter("me@good.example")})
	r := srv.pass(mail{ip: strangeIP, user: "", from: "a@bare.example", helo: "/etc/passwd", raw: evil + letter("me@good.example")})
	if r.event.Outcome != plain.event.Outcome || r.event.Action != plain.event.Action || r.event.Outgoing || len(r.event.Problems) != 0 {
		t.Errorf("%+v", r.event)
	}
	if strings.Contains(string(r.raw), "root:") || message.Parse(r.raw).Count("X-Todoku-Quarantine") != 0 {
		t.Errorf("got\n%s", r.raw)
	}
	// Selectors, domains and users are names, never parts of a path.
	keys := &FileKeys{exact: map[string][]Key{}, below: map[string][]Key{}}
	for _, name := range []string{"../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "a\x00b"} {
		if list, err := keys.For(name, name); len(list) != 0 || err != nil {
			t.Errorf("%q: %v, %v", name, list, err)
		}
	}
	if r := srv.pass(mail{ip: strangeIP, user: "../../etc/passwd", from: "a@ours.example", raw: letter("me@ours.example")}); len(r.event.Signed) != 0 || r.code != foreign.ActAccept {
		t.Errorf("%+v", r.event)
	}
}
