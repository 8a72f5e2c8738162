package filter

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
)

// The numbered attack cases that come in messages, through the milter: what the libraries say of them is tried
// there in depth; here it is tried that it becomes the right outcome, and one bounded field.

// signOnly signs just these fields, so that nothing keeps others out.
func signOnly(t *testing.T, raw string, headers ...string) string {
	t.Helper()
	field, err := dkim.Sign(strings.NewReader(raw), dkim.SignOptions{Domain: "good.example", Selector: "g", Key: rsaKey(), Timestamp: now, Header: dkim.Relaxed, Body: dkim.Relaxed, Headers: headers})
	if err != nil {
		t.Fatal(err)
	}
	return string(field) + raw
}

// each passes messages from a stranger, and wants of each an outcome and results.
func each(t *testing.T, messages map[string]string, outcome Outcome, dkimResult, dmarcResult string) {
	t.Helper()
	srv := start(t, settings())
	for name, raw := range messages {
		r := srv.pass(mail{ip: strangeIP, helo: "x.example", from: "a@bare.example", to: []string{"you@ours.example"}, raw: raw})
		h := results(t, r.raw)
		if got := of(h, "dkim"); dkimResult != "" && got != dkimResult {
			t.Errorf("%s: dkim=%s, want %s", name, got, dkimResult)
		}
		if got := of(h, "dmarc"); got != dmarcResult || r.event.Outcome != outcome {
			t.Errorf("%s: dmarc=%s, %s; want %s, %s", name, got, r.event.Outcome, dmarcResult, outcome)
		}
		if len(h.Results) > 10 {
			t.Errorf("%s: %d results", name, len(h.Results))
		}
	}
}

func TestCase01_SecondFromAboveASignature(t *testing.T) {
	each(t, map[string]string{"": "From: ceo@bank.example\r\n" + signOnly(t, letter("me@good.example"), "From", "Subject")}, Ambiguous, "pass", "permerror")
}

func TestCase02_SecondFromAboveAnOversignedSignature(t *testing.T) {
	each(t, map[string]string{"": "From: ceo@bank.example\r\n" + signed(t, letter("me@good.example"), "good.example", "g")}, Ambiguous, "fail", "permerror")
}

func TestCase03_SecondSubject(t *testing.T) {
	each(t, map[string]string{"": "Subject: evil\r\n" + signOnly(t, letter("me@good.example"), "From", "Subject")}, Passed, "pass", "pass")
	each(t, map[string]string{"": "Subject: evil\r\n" + signed(t, letter("me@good.example"), "good.example", "g")}, DMARCReject, "fail", "fail")
	// It is noted; and where the table says so, refused.
	raw := "Subject: evil\r\n" + signOnly(t, letter("me@good.example"), "From", "Subject")
	s := settings()
	if r := start(t, s).pass(mail{ip: strangeIP, from: "a@bare.example", raw: raw}); len(r.event.Problems) != 1 || r.event.Problems[0].ID != "message.duplicate-field" || r.event.Action != Accept {
		t.Errorf("%v %v", r.event.Problems, r.event.Action)
	}
	for action, want := range map[string]string{"reject": "550 5.6.0", "defer": "451 4.6.0", "tag": ""} {
		var err error
		if s.Policy, _, err = ParseTable([]byte("repeated-fields = \"" + action + "\"\n")); err != nil {
			t.Fatal(err)
		}
		srv := start(t, s)
		r := srv.pass(mail{ip: strangeIP, from: "a@bare.example", to: []string{"you@ours.example"}, raw: raw})
		if !strings.HasPrefix(r.reply, want) || r.event.Action.String() != action || want == "" && !strings.Contains(string(r.raw), "X-Todoku-Verdict: dmarc-pass; more than one Subject") {
			t.Errorf("%s: %q, %v\n%.300s", action, r.reply, r.event.Action, r.raw)
		}
		if r := srv.pass(mail{ip: strangeIP, from: "a@bare.example", raw: signed(t, letter("me@good.example"), "good.example", "g")}); r.event.Action != Accept {
			t.Errorf("%s: %v without a second field", action, r.event.Action)
		}
	}
}

func TestCase04_FromOfSeveralOrNoDomain(t *testing.T) {
	each(t, map[string]string{
		"two domains": letter("a@bare.example, ceo@good.example"), "no domain": letter("a@good.example, root"), "none": tail, "empty": letter(""), "group": letter("friends:;"),
		"group of two": letter("g: a@bare.example, b@good.example;"),
	}, Ambiguous, "none", "permerror")
}

func TestCase05_FromThatReadersDisagreeOn(t *testing.T) {
	each(t, map[string]string{
		"comment":      letter("ceo@good.example(<news@bare.example>)"),
		"two brackets": letter("<news@bare.example>,<ceo@good.example>"),
		"route":        letter("<@a.example,@b.example:ceo@good.example>"),
		"bare CR":      letter("me@bare.example\rFrom: ceo@good.example"),
		"no at":        letter("good.example"),
		"two at":       letter("a@b@good.example"),
		"literal":      letter("me@[192.0.2.1]"),
	}, Ambiguous, "none", "permerror")
}

func TestCase06_InternationalFrom(t *testing.T) {
	each(t, map[string]string{"U-label": letter("me@b\u00fccher.example"), "A-label": letter("me@xn--bcher-kva.example")}, Unauthenticated, "none", "none")
	s := settings()
	s.Resolver = never{t, world(), "no-name"}
	srv := start(t, s)
	for _, domain := range []string{"no-name" + strings.Repeat("x", 64) + ".example", "no-name." + strings.Repeat("x.", 130) + "example"} {
		if r := srv.pass(mail{ip: strangeIP, from: "a@bare.example", raw: letter("me@" + domain)}); r.event.Outcome != Ambiguous {
			t.Errorf("%.20s: %s", domain, r.event.Outcome)
		}
	}
}

// never fails the test when it is asked for a name that holds a text.
type never struct {
	t *testing.T
	dns.Resolver
	text string
}

func (n never) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	if strings.Contains(q.Name, n.text) {
		n.t.Errorf("asked for %.40s", q.Name)
	}
	return n.Resolver.Resolve(ctx, q)
}

func TestCase07_EndlessFrom(t *testing.T) {
	each(t, map[string]string{
		"10,000 mailboxes": letter(strings.TrimSuffix(strings.Repeat("a@good.example,", 3800), ",")), // what one field of a mail server holds
		"nested comments":  letter(strings.Repeat("(", 25_000) + strings.Repeat(")", 25_000) + " me@good.example"),
	}, Ambiguous, "none", "permerror")
}

func TestCase08_HeaderOfManyLines(t *testing.T) {
	each(t, map[string]string{"": "X-Long: " + strings.Repeat("x\r\n ", 100_000) + "x\r\n" + letter("me@bare.example")}, Unauthenticated, "none", "none")
}

func TestCase12_NestedMIME(t *testing.T) {
	var b strings.Builder
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b0\r\nFrom: me@good.example\r\n" + strings.TrimSuffix(tail, "Hello.\r\n"))
	for i := range 2000 {
		fmt.Fprintf(&b, "--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n", i, i+1)
	}
	each(t, map[string]string{"": signed(t, b.String(), "good.example", "g")}, Passed, "pass", "pass")
}

func TestCase14_CopiesOfOneSignature(t *testing.T) {
	raw := letter("me@good.example")
	field := strings.TrimSuffix(signed(t, raw, "good.example", "g"), raw)
	each(t, map[string]string{"": strings.Repeat(field, 500) + raw}, Passed, "pass,pass,pass,pass,pass", "pass")
}

// lengthTag puts l= into a signature and makes it good again.
func TestCase15_LengthTag(t *testing.T) {
	raw := letter("me@good.example")
	field := strings.TrimSuffix(signed(t, raw, "good.example", "g"), raw)
	field = strings.Replace(field, "v=1;", "v=1; l=8;", 1) // no longer good; what is tried is that l= is never enough for a pass
	each(t, map[string]string{"": field + raw + "appended\r\n"}, DMARCReject, "", "fail")
}

func TestCase16_AbsurdNumbers(t *testing.T) {
	raw := letter("me@good.example")
	field := strings.TrimSuffix(signed(t, raw, "good.example", "g"), raw)
	messages := map[string]string{}
	for _, tag := range []string{"l=99999999999999999999", "l=-1", "t=99999999999999999999", "t=-5", "x=1", "x=99999999999999999999", "t=9; x=3"} {
		messages[tag] = strings.Replace(field, "v=1;", "v=1; "+tag+";", 1) + raw
	}
	each(t, messages, DMARCReject, "", "fail")
}

func TestCase25_ResultsOfOthersAreNotBelieved(t *testing.T) {
	each(t, map[string]string{
		"30 results":      "Authentication-Results: other.example; " + strings.Repeat("dkim=pass header.d=good.example; ", 30) + "dmarc=pass\r\n" + letter("me@good.example"),
		"300 properties":  "Authentication-Results: mx.ours.example; dkim=pass " + strings.Repeat("header.d=good.example ", 300) + "\r\n" + letter("me@good.example"),
		"20,000 comments": "Authentication-Results: " + strings.Repeat("(", 20_000) + strings.Repeat(")", 20_000) + " mx.ours.example; dmarc=pass\r\n" + letter("me@good.example"),
	}, DMARCReject, "none", "fail")
}

func TestCase26_BrokenChains(t *testing.T) {
	s := settings()
	s.Policy = DefaultPolicy()
	s.Policy.Sealers = []string{"*", "list.example"}
	count := dns.NewCounter(world(), 10_000)
	s.Resolver = count
	srv := start(t, s)
	var many strings.Builder
	for i := range 60 {
		fmt.Fprintf(&many, "ARC-Seal: i=%d; a=rsa-sha256; cv=pass; d=list.example; s=l; b=AAAA\r\nARC-Message-Signature: i=%d; a=rsa-sha256; d=list.example; s=l; h=from; bh=AAAA; b=AAAA\r\nARC-Authentication-Results: i=%d; mx.list.example; dmarc=pass header.from=good.example\r\n", i+1, i+1, i+1)
	}
	for name, fields := range map[string]string{
		"not a seal": "ARC-Seal: x\r\n", "60 sets": many.String(), "no seal": "ARC-Authentication-Results: i=1; mx.list.example; dmarc=pass header.from=good.example\r\n",
		"instance": "ARC-Seal: i=99999999999; cv=none; a=rsa-sha256; d=list.example; s=l; b=AAAA\r\n", "negative": "ARC-Seal: i=-1; cv=none; a=rsa-sha256; d=list.example; s=l; b=AAAA\r\n",
		"(null)": "ARC-Authentication-Results: i=1; mx.list.example; (null)=pass\r\nARC-Seal: i=1; cv=none; a=rsa-sha256; d=list.example; s=l; b=AAAA\r\n",
	} {
		r := srv.pass(mail{ip: "203.0.113.5", from: "b@list.example", raw: fields + letter("me@good.example")})
		h := results(t, r.raw)
		if of(h, "arc") != "fail" || r.event.Outcome != DMARCReject {
			t.Errorf("%s: arc=%s, %s", name, of(h, "arc"), r.event.Outcome)
		}
		if strings.Contains(string(r.raw), "sealed by)") {
			t.Errorf("%s: it names a sealer that is not there: %s", name, r.raw)
		}
	}
	if n := count.Count(); n > 200 {
		t.Errorf("%d look-ups", n)
	}
}

// A HELO that passes SPF says nothing of From; nor does a Received-SPF that came along.
func TestCase28_HELOIsNotAligned(t *testing.T) {
	srv := start(t, settings())
	r := srv.pass(mail{ip: goodIP, helo: "good.example", from: "a@none.example", raw: "Received-SPF: pass (x) identity=mailfrom; envelope-from=me@good.example\r\n" + letter("me@good.example")})
	h := results(t, r.raw)
	if of(h, "spf") != "fail,pass" || of(h, "dmarc") != "fail" || r.event.Outcome != DMARCReject {
		t.Errorf("spf=%s dmarc=%s %s", of(h, "spf"), of(h, "dmarc"), r.event.Outcome)
	}
	// One signature that fails for the author's domain, one that passes for another's.
	raw := letter("me@good.example")
	bad := strings.Replace(strings.TrimSuffix(signed(t, raw, "good.example", "g"), raw), "s=g", "s=none", 1)
	r = srv.pass(mail{ip: strangeIP, from: "a@none.example", raw: bad + signed(t, raw, "list.example", "l")})
	if h := results(t, r.raw); !strings.Contains(of(h, "dkim"), "pass") || of(h, "dmarc") != "fail" {
		t.Errorf("dkim=%s dmarc=%s", of(h, "dkim"), of(h, "dmarc"))
	}
}

func TestCase32_FromOfManyLabels(t *testing.T) {
	count := dns.NewCounter(world(), 1000)
	s := settings()
	s.Resolver = count
	srv := start(t, s)
	r := srv.pass(mail{ip: strangeIP, from: "a@bare.example", helo: "x.example", raw: letter("me@" + strings.Repeat("x.", 110) + "good.example")})
	if n := count.Count(); n > 20 {
		t.Errorf("%d look-ups", n)
	}
	if r.event.Outcome != DMARCReject && r.event.Outcome != DMARCNone {
		t.Errorf("%s", r.event.Outcome)
	}
}
