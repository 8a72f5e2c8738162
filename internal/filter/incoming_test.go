package filter

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	foreign "github.com/emersion/go-milter"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/mailauth"
	"github.com/todoku/todoku/message"
)

const (
	goodIP    = "198.51.100.7"
	strangeIP = "203.0.113.66"
)

func TestVerifies(t *testing.T) {
	s := settings()
	s.ReceivedSPF = true
	srv := start(t, s)
	r := srv.pass(mail{ip: goodIP, helo: "mail.good.example", from: "bounce@good.example", to: []string{"you@ours.example"}, raw: signed(t, letter("me@good.example"), "good.example", "g")})
	h := results(t, r.raw)
	got := fmt.Sprintf("dkim=%s spf=%s dmarc=%s iprev=%s arc=%s", of(h, "dkim"), of(h, "spf"), of(h, "dmarc"), of(h, "iprev"), of(h, "arc"))
	if got != "dkim=pass spf=pass dmarc=pass iprev=pass arc=" || r.code != foreign.ActAccept || r.event.Outcome != Passed || r.event.Action != Accept {
		t.Errorf("%s, %+v", got, r.event)
	}
	m := message.Parse(r.raw)
	if f, _ := m.First("Received-SPF"); !strings.Contains(strings.Join(strings.Fields(f.Unfolded()), " "), `pass (mx.ours.example: good.example designates 198.51.100.7 as permitted sender)`) || !strings.Contains(f.Unfolded(), `envelope-from="bounce@good.example";`) {
		t.Errorf("got %q", f.Raw)
	}
	if m.Count(VerdictField) != 0 {
		t.Errorf("tagged:\n%s", r.raw)
	}
}

// Each outcome by default: tagged where it fails, nothing refused; then with a table that refuses.
func TestTable(t *testing.T) {
	strict, _, err := ParseTable([]byte(`
[default]
ambiguous-from = "reject"
dmarc-reject = "reject"
dmarc-quarantine = "quarantine"
dmarc-none = "accept"
spf-fail = "hold"
unauthenticated = "defer"
temperror = "defer"
`))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		m       mail
		outcome Outcome
		mild    string
		strict  string
	}{
		"aligned":        {mail{ip: goodIP, from: "a@good.example", raw: letter("me@good.example")}, Passed, "a", "a"},
		"reject":         {mail{ip: strangeIP, from: "a@bare.example", raw: letter("me@good.example")}, DMARCReject, "a tag", "550 5.7.26"},
		"quarantine":     {mail{ip: strangeIP, from: "a@bare.example", raw: letter("me@quarantine.example")}, DMARCQuarantine, "a tag", "a quarantine"},
		"none":           {mail{ip: strangeIP, from: "a@bare.example", raw: letter("me@none.example")}, DMARCNone, "a tag", "a"},
		"spf":            {mail{ip: strangeIP, from: "a@old.example", raw: letter("me@old.example")}, SPFFail, "a tag", "a hold"},
		"nobody":         {mail{ip: strangeIP, from: "a@bare.example", raw: letter("me@bare.example")}, Unauthenticated, "a tag", "451 4.7.26"},
		"only SPF":       {mail{ip: goodIP, from: "a@good.example", raw: letter("me@bare.example")}, Authenticated, "a", "a"},
		"two From":       {mail{ip: goodIP, from: "a@good.example", raw: "From: x@good.example\r\n" + letter("me@good.example")}, Ambiguous, "a tag", "550 5.7.1"},
		"two domains":    {mail{ip: goodIP, from: "a@good.example", raw: letter("x@good.example, y@bare.example")}, Ambiguous, "a tag", "550 5.7.1"},
		"null path":      {mail{ip: goodIP, helo: "good.example", from: "", raw: letter("me@good.example")}, Passed, "a", "a"},
		"not a resolver": {mail{ip: strangeIP, from: "a@broken.example", raw: letter("me@broken.example")}, Temporary, "a tag", "451 4.4.3"},
	} {
		for _, p := range []*Policy{nil, strict} {
			s := settings()
			s.Policy, s.Resolver = p, broken{world()}
			tc.m.to = []string{"you@ours.example"}
			r := start(t, s).pass(tc.m)
			got := string(rune(r.code))
			if r.code == foreign.ActReplyCode {
				got = strings.Join(strings.Fields(r.reply)[:2], " ")
			} else {
				results(t, r.raw)
			}
			parsed := message.Parse(r.raw)
			if f, ok := parsed.First(VerdictField); ok && strings.HasPrefix(f.Unfolded(), string(tc.outcome)+"; ") {
				got += " tag"
			}
			if f, ok := parsed.First(QuarantineField); ok && strings.HasPrefix(f.Unfolded(), "yes; "+string(tc.outcome)+"; ") {
				got += " quarantine"
			}
			if r.quarantine != "" {
				got += " hold"
			}
			want := tc.mild
			if p != nil {
				want = tc.strict
			}
			if got != want || r.event.Outcome != tc.outcome {
				t.Errorf("%s: got %q, %s, want %q, %s\n%+v", name, got, r.event.Outcome, want, tc.outcome, r.event.Auth.DMARC)
			}
		}
	}
}

// broken fails for one domain.
type broken struct{ dns.Resolver }

func (b broken) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	if strings.Contains(q.Name, "broken.example") {
		return dns.Answer{Question: q, Status: dns.ServFail}
	}
	return b.Resolver.Resolve(ctx, q)
}

// Rules look at From, the reverse path and recipients; where recipients differ nothing is refused.
func TestRules(t *testing.T) {
	p, _, err := ParseTable([]byte(`
[[rule]]
outcome = ["dmarc-reject"]
to = ["postmaster@*", "abuse@ours.example"]
action = "accept"
reason = "complaints must come in"

[[rule]]
outcome = "dmarc-reject"
from = ["*.good.example", "good.example"]
action = "reject"
reason = "asked by good.example"

[[rule]]
sender = "bulk@bare.example"
action = "quarantine"
`))
	if err != nil {
		t.Fatal(err)
	}
	s := settings()
	s.Policy = p
	srv := start(t, s)
	spoof := mail{ip: strangeIP, from: "a@bare.example", raw: letter("me@good.example")}
	for to, want := range map[string]string{
		"you@ours.example":                        "y",
		"postmaster@ours.example":                 "a",
		"you@ours.example postmaster@x.example":   "a quarantine",
		"you@ours.example other@ours.example":     "y",
		"abuse@ours.example postmaster@x.example": "a",
	} {
		spoof.to = strings.Fields(to)
		r := srv.pass(spoof)
		got := string(rune(r.code))
		if message.Parse(r.raw).Count(QuarantineField) > 0 {
			got += " quarantine"
		}
		if got != want || want == "y" && !strings.HasSuffix(r.reply, "asked by good.example") {
			t.Errorf("%s: got %q (%s), want %q", to, got, r.reply, want)
		}
	}
	r := srv.pass(mail{ip: strangeIP, from: "bulk@bare.example", to: []string{"you@ours.example"}, raw: letter("me@bare.example")})
	if r.event.Action != QuarantineHeader {
		t.Errorf("%+v", r.event)
	}
}

// A mail server that cannot hold mail gets a mark in its place: without one it would deliver what was to be held as if it were fine.
func TestHoldWithoutQuarantine(t *testing.T) {
	s := settings()
	s.Policy = DefaultPolicy()
	s.Policy.Rules = []Rule{{Action: Hold, Reason: "asked for"}}
	srv := start(t, s)
	c := foreign.NewClientWithOptions("tcp", srv.addr, foreign.ClientOptions{ActionMask: foreign.OptAddHeader | foreign.OptChangeHeader, ProtocolMask: wholeProtocol, ReadTimeout: 20 * time.Second, WriteTimeout: 20 * time.Second})
	defer c.Close()
	fs, err := c.Session()
	if err != nil {
		t.Fatal(err)
	}
	defer fs.Close()
	r := srv.passOn(fs, mail{ip: strangeIP, from: "a@bare.example", raw: letter("me@bare.example"), protocol: wholeProtocol}, true)
	f, _ := message.Parse(r.raw).First(QuarantineField)
	if r.quarantine != "" || r.event.Action != Hold || !strings.HasSuffix(f.Unfolded(), "asked for") || !strings.Contains(fmt.Sprint(r.event.Problems), "message.cannot-mark") {
		t.Errorf("%q, %v, %q, %v", r.quarantine, r.event.Action, r.raw, r.event.Problems)
	}
}

// Where recipients differ, the reason told is that of the rule that is followed.
func TestReasonOfTheRuleFollowed(t *testing.T) {
	for name, tc := range map[string]struct {
		rules  []Rule
		action Action
		reason string
	}{
		"accept after a mark": {[]Rule{{Action: QuarantineHeader, Reason: "first"}, {Action: Accept, Reason: "second"}}, QuarantineHeader, "first"},
		"mark after accept":   {[]Rule{{Action: Accept, Reason: "first"}, {Action: Tag, Reason: "second"}}, Tag, "second"},
		"refused for one":     {[]Rule{{Action: Reject, Reason: "first"}, {Action: Accept, Reason: "second"}}, QuarantineHeader, "first"},
		"put off, refused":    {[]Rule{{Action: Defer, Reason: "first"}, {Action: Reject, Reason: "second"}}, Defer, "first"},
		"refused, put off":    {[]Rule{{Action: Reject, Reason: "first"}, {Action: Defer, Reason: "second"}}, Defer, "second"},
		"no reason":           {[]Rule{{Action: Hold}, {Action: Tag, Reason: "second"}}, Hold, "nobody vouches for it"},
		"both, the first's":   {[]Rule{{Action: Tag, Reason: "first"}, {Action: Tag, Reason: "second"}}, Tag, "first"},
		"both accept":         {[]Rule{{Action: Accept, Reason: "first"}, {Action: Accept, Reason: "second"}}, Accept, "first"},
	} {
		s := settings()
		s.Policy = DefaultPolicy()
		for i := range tc.rules {
			tc.rules[i].To = []string{[]string{"one@ours.example", "two@ours.example"}[i]}
		}
		s.Policy.Rules = tc.rules
		r := start(t, s).pass(mail{ip: strangeIP, from: "a@bare.example", to: []string{"one@ours.example", "two@ours.example"}, raw: letter("me@bare.example")})
		said := r.reply
		for _, f := range message.Parse(r.raw).Fields[:2] {
			if f.Is(VerdictField) || f.Is(QuarantineField) {
				said += f.Unfolded()
			}
		}
		if r.event.Action != tc.action || r.event.Reason != tc.reason || said != "" && !strings.HasSuffix(said, tc.reason) {
			t.Errorf("%s: %v, %q, told %q", name, r.event.Action, r.event.Reason, said)
		}
	}
}

func TestParseTableErrors(t *testing.T) {
	for _, bad := range []string{
		"x = 1", "=", `[default]` + "\nnone = \"reject\"", `[default]` + "\ntemperror = \"refuse\"", "[default]\ntemperror = 1", "rule = 1", "default = 1",
		"[[rule]]\noutcome = \"temperror\"", "[[rule]]\naction = \"tag\"\nwhom = \"x\"", "[[rule]]\naction = \"tag\"\noutcome = \"x\"", "[[rule]]\naction = \"tag\"\nfrom = 3",
		"[[rule]]\naction = \"tag\"\nreason = 3", "forwarders = [\"x\"]", "sealers = 1", "senders = 1", "[senders]\na = 1", "lists = [1]",
	} {
		if _, _, err := ParseTable([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	p, senders, err := ParseTable([]byte("sealers = [\"a.example\"]\nforwarders = [\"192.0.2.1\", \"2001:db8::/32\"]\n[senders]\nAlice = [\"x.example\"]\n\"*\" = \"y.example\"\n"))
	if err != nil || len(p.Forwarders) != 2 || p.Default[DMARCReject] != Tag {
		t.Errorf("%+v, %v", p, err)
	}
	at := func(d string) []message.Address { return []message.Address{{Local: "me", Domain: d}} }
	for _, c := range []struct {
		user   string
		author []message.Address
		denied string
	}{{"ALICE", at("x.example"), ""}, {"alice", at("y.example"), "y.example"}, {"bob", at("y.example"), ""}, {"bob", append(at("y.example"), at("x.example")...), "x.example"}} {
		if denied, ok := senders.Allow(c.user, c.author); denied.Domain != c.denied || ok != (c.denied == "") {
			t.Errorf("%s: %v, %v", c.user, denied, ok)
		}
	}
}

// Case 24: fields that claim to be ours go, in whatever disguise, and all of them; those of others stay.
func TestCase24_ForgedResultsRemoved(t *testing.T) {
	forged := []string{
		"Authentication-Results: mx.ours.example; dmarc=pass header.from=bank.example",
		"AUTHENTICATION-RESULTS: MX.Ours.Example; dmarc=pass",
		"Authentication-Results:\r\n mx.ours.example; dmarc=pass",
		"Authentication-Results: (comment (nested)) mx.ours.example (x) 1; dmarc=pass",
		"Authentication-Results: mx.ours.example/1; dmarc=pass",
		"Authentication-Results: \"mx.ours.example\"; dmarc=pass",
		"Authentication-Results: mx.ours.example.; dmarc=pass",
		"Authentication-Results: mx.ours.example; dmarc=pass; ;;=?= \"unparsable",
		"Authentication-Results: mx.ours.example; " + strings.Repeat("dkim=pass header.d=x.example;\r\n ", 300) + "dmarc=pass",
		"Authentication-Results: mx.ours.example\u00a0; dmarc=pass",
		"Authentication-Results: mx.ours.example\u3000; dmarc=pass",
		"Authentication-Results: mx.ours.example()x; dmarc=pass",
		"Authentication-Results: mx.ours.example(a)-b 1; dmarc=pass",
		"X-Todoku-Verdict: dmarc-pass; believe me",
		"x-todoku-quarantine: no",
	}
	kept := []string{"Authentication-Results: mail.mx.ours.example; spf=pass", "Authentication-Results: other.example; dkim=pass", "ARC-Authentication-Results: i=1; mx.ours.example; dmarc=pass"}
	raw := strings.Join(forged[:4], "\r\n") + "\r\n" + strings.Join(kept, "\r\n") + "\r\n" + strings.Join(forged[4:], "\r\n") + "\r\n" + letter("me@bare.example")
	r := start(t, settings()).pass(mail{ip: strangeIP, from: "a@bare.example", to: []string{"you@ours.example"}, raw: raw})
	h := results(t, r.raw)
	if of(h, "dmarc") != "none" {
		t.Errorf("got %+v", h)
	}
	m := message.Parse(r.raw)
	if n := m.Count("Authentication-Results"); n != 3 || m.Count(QuarantineField) != 0 || m.Count(VerdictField) != 1 {
		t.Errorf("%d fields\n%.3000s", n, r.raw)
	}
	for _, k := range kept {
		if !strings.Contains(string(r.raw), k) {
			t.Errorf("lost %s", k)
		}
	}
}

// Case 10: a signature over a field that the mail server cut is neutral, with the reason.
func TestCase10_CutFieldIsNeutral(t *testing.T) {
	raw := signed(t, strings.Replace(letter("me@good.example"), "Subject: hello", "Subject: "+strings.Repeat("x", 57_900), 1), "good.example", "g")
	raw = strings.Replace(raw, strings.Repeat("x", 57_900), strings.Repeat("x", 59_520), 1) // what is left of 70 KB
	r := start(t, settings()).pass(mail{ip: strangeIP, from: "a@bare.example", raw: raw})
	h := results(t, r.raw)
	if of(h, "dkim") != "neutral" || h.Results[0].Reason == "" {
		t.Errorf("%+v", h.Results[0])
	}
}

// Case 9: 20,000 fields, 1 MB of header, 10,000 From: within bounds, no pass, and a stated outcome.
func TestCase09_AbsurdHeaders(t *testing.T) {
	srv := start(t, settings())
	for name, add := range map[string]string{
		"20,000 fields": strings.Repeat("X: y\r\n", 20_000),
		"1.2 MB":        strings.Repeat("X: "+strings.Repeat("y", 50_000)+"\r\n", 24),
		"10,000 From":   strings.Repeat("From: me@good.example\r\n", 10_000),
	} {
		r := srv.pass(mail{ip: goodIP, from: "a@good.example", raw: add + signed(t, letter("me@good.example"), "good.example", "g")})
		h := results(t, r.raw)
		if of(h, "dmarc") != "permerror" || r.event.Outcome != Ambiguous {
			t.Errorf("%s: dmarc=%s, %s", name, of(h, "dmarc"), r.event.Outcome)
		}
	}
}

// Cases 13, 40: a thousand signatures give a bounded field.
func TestCase13_ThousandSignatures(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "DKIM-Signature: v=1; a=rsa-sha256; d=d%d.example; s=x; h=from; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\n", i)
	}
	count := dns.NewCounter(world(), 1000)
	s := settings()
	s.Resolver = count
	r := start(t, s).pass(mail{ip: goodIP, from: "a@good.example", helo: "mail.good.example", raw: b.String() + letter("me@good.example")})
	h := results(t, r.raw)
	if len(h.Results) > 10 || strings.Count(of(h, "dkim"), ",") > 4 || of(h, "dmarc") != "pass" {
		t.Errorf("%d results: %+v", len(h.Results), h)
	}
	if n := count.Count(); n > 60 {
		t.Errorf("%d look-ups", n)
	}
}

// Case 21: what a signature or an envelope holds cannot add a result or a field.
func TestCase21_NoInjection(t *testing.T) {
	s := settings()
	s.ReceivedSPF = true
	srv := start(t, s)
	evil := "evil.example;\tdmarc=pass header.from=bank.example (x"
	for _, m := range []mail{
		{from: "a@" + evil, helo: evil, raw: letter("me@bare.example")},
		{from: `"a b; dmarc=pass"@bare.example`, helo: "x\"y\\z", raw: letter("me@bare.example")},
		{from: "a@bare.example", raw: "DKIM-Signature: v=1; a=rsa-sha256; d=evil.example(.victim.test; s=a\"; h=from; bh=AAAA; b=AAAA\r\n" + letter("me@bare.example")},
		{from: "a@bare.example", raw: "DKIM-Signature: v=1; a=rsa-sha256; d=x.example; s=a b\r\n\t; dmarc=pass; i=@x.example; h=from; bh=AAAA; b=AAAA\r\n" + letter("me@bare.example")},
		{from: "a@bare.example", raw: "ARC-Seal: x\r\nARC-Authentication-Results: i=1; mx.ours.example; dmarc=pass\r\n" + letter("me@bare.example")},
	} {
		m.ip = strangeIP
		r := srv.pass(m)
		h := results(t, r.raw)
		if got := of(h, "dmarc"); got != "none" {
			t.Errorf("dmarc=%s\n%s", got, r.raw)
		}
		if strings.Contains(string(r.raw), "\r\nX-Evil") {
			t.Errorf("a field was injected\n%s", r.raw)
		}
		if f, ok := message.Parse(r.raw).First("Received-SPF"); ok && strings.Count(f.Unfolded(), "(") != 1+strings.Count(f.Unfolded(), "bank.example (x\"") {
			t.Errorf("%s", f.Raw)
		}
	}
}

// Case 33: a resolver that is down is temperror, never none and never fail; the table can defer. Nothing is lost.
func TestCase33_ResolverDown(t *testing.T) {
	s := settings()
	s.Resolver = down{}
	r := start(t, s).pass(mail{ip: goodIP, helo: "x.example", from: "a@good.example", raw: signed(t, letter("me@good.example"), "good.example", "g")})
	h := results(t, r.raw)
	if got := of(h, "dkim") + of(h, "spf") + of(h, "dmarc"); got != "temperrortemperror,temperrortemperror" || r.code != foreign.ActAccept {
		t.Errorf("got %s", got)
	}
	p := DefaultPolicy()
	p.Default[Temporary] = Defer
	s.Policy = p
	if r := start(t, s).pass(mail{ip: goodIP, from: "a@good.example", raw: letter("me@good.example")}); !strings.HasPrefix(r.reply, "451 4.4.3") {
		t.Errorf("got %q", r.reply)
	}
}

// Case 33: where a key cannot be looked up, nobody knows that nobody vouches: without a DMARC record, too.
func TestCase33_KeyNotLookedUp(t *testing.T) {
	zone := dns.MustMemory(dns.Zone{
		"bare.example":              {"A 203.0.113.9"},
		"old.example":               {"TXT v=spf1 -all"},
		"send.example":              {"TXT v=spf1 ip4:203.0.113.66 -all"},
		"g._domainkey.bare.example": {record(rsaKey())},
		"g._domainkey.old.example":  {record(rsaKey())},
		"l._domainkey.list.example": {record(rsaKey())},
	})
	s := settings()
	s.Policy = DefaultPolicy()
	s.Policy.Default[Unauthenticated], s.Policy.Default[SPFFail], s.Policy.Default[Temporary] = Reject, Reject, Defer
	for name, tc := range map[string]struct {
		from, signer, sender string
		up, silent           Outcome
	}{
		"no SPF":          {"bare.example", "bare.example", "bare.example", Authenticated, Temporary},
		"SPF fails":       {"old.example", "old.example", "old.example", Authenticated, Temporary},
		"signed by other": {"old.example", "list.example", "old.example", Authenticated, Temporary},
		"no such key":     {"bare.example", "none.example", "bare.example", Unauthenticated, Temporary},
		"SPF passes":      {"bare.example", "bare.example", "send.example", Authenticated, Authenticated},
		"not signed":      {"old.example", "", "old.example", SPFFail, SPFFail},
	} {
		selector := map[bool]string{true: "l", false: "g"}[tc.signer == "list.example"]
		m := mail{ip: strangeIP, from: "a@" + tc.sender, to: []string{"you@ours.example"}, raw: letter("me@" + tc.from)}
		if tc.signer != "" {
			m.raw = signed(t, m.raw, tc.signer, selector)
		}
		for _, r := range []struct {
			dns.Resolver
			want Outcome
		}{{zone, tc.up}, {silent{zone, "_domainkey."}, tc.silent}} {
			s.Resolver = r.Resolver
			got := start(t, s).pass(m)
			if got.event.Outcome != r.want || r.want == Temporary && !strings.HasPrefix(got.reply, "451 4.4.3") {
				t.Errorf("%s: %s, want %s; %c %s", name, got.event.Outcome, r.want, got.code, got.reply)
			}
		}
	}
}

// Case 33: where a key of a believed sealer or list cannot be looked up, nobody knows that the failure counts. Who is not believed cannot have
// this said of his mail, by a key of his own.
func TestCase33_SealerKeyNotLookedUp(t *testing.T) {
	claim := "dmarc=pass header.from=good.example; arc=pass"
	zone := beside{world(), dns.MustMemory(dns.Zone{"l._domainkey.bare.example": {record(rsaKey())}})}
	own := sealed(t, "list.example", claim)
	ams := strings.Index(own, "ARC-Message-Signature:")
	older := message.Parse([]byte(sealed(t, "bare.example", claim)))
	fields, err := arc.Seal(older, arc.SealOptions{Domain: "list.example", Selector: "l", Key: rsaKey(), Results: claim, Timestamp: now, Header: dkim.Relaxed, Body: dkim.Relaxed,
		Chain: arc.Verify(context.Background(), zone, older, arc.Options{Now: now})})
	if err != nil {
		t.Fatal(err)
	}
	listed := "List-Id: Talk <talk.list.example>\r\n" + letter("me@good.example")
	s := settings()
	s.Policy = DefaultPolicy()
	s.Policy.Sealers, s.Policy.Lists = []string{"list.example"}, []string{"list.example"}
	s.Policy.Default[DMARCReject], s.Policy.Default[Temporary] = Reject, Defer
	for name, tc := range map[string]struct {
		from, raw, silent string
		up, down          Outcome
	}{
		"sealer":               {"b@bare.example", own, "l._domainkey.list.example", Overridden, Temporary},
		"sealer before":        {"b@bare.example", string(fields) + string(older.Raw), "l._domainkey.bare.example", Overridden, Temporary},
		"changed after it":     {"b@bare.example", own + "evil\r\n", "l._domainkey.list.example", DMARCReject, DMARCReject},
		"claims nothing":       {"b@bare.example", sealed(t, "list.example", "dmarc=fail header.from=good.example"), "l._domainkey.list.example", DMARCReject, DMARCReject},
		"not believed":         {"b@bare.example", sealed(t, "bare.example", claim), "l._domainkey.bare.example", DMARCReject, DMARCReject},
		"stranger's own key":   {"b@bare.example", own[:ams] + strings.Replace(own[ams:], "d=list.example", "d=bare.example", 1), "l._domainkey.bare.example", DMARCReject, DMARCReject},
		"list's signature":     {"b@bare.example", signed(t, listed, "list.example", "l"), "l._domainkey.list.example", Overridden, Temporary},
		"list's SPF":           {"b@list.example", listed, "list.example", Overridden, Temporary},
		"only called a list's": {"b@bare.example", listed, "list.example", DMARCReject, DMARCReject},
	} {
		m := mail{ip: "203.0.113.5", helo: "x.example", from: tc.from, to: []string{"you@ours.example"}, raw: tc.raw}
		for _, r := range []struct {
			dns.Resolver
			want  Outcome
			reply string
		}{{zone, tc.up, map[Outcome]string{DMARCReject: "550 5.7.26"}[tc.up]}, {silent{zone, tc.silent}, tc.down, map[Outcome]string{DMARCReject: "550 5.7.26", Temporary: "451 4.4.3"}[tc.down]}} {
			s.Resolver = r.Resolver
			got := start(t, s).pass(m)
			if got.event.Outcome != r.want || !strings.HasPrefix(got.reply, r.reply) {
				t.Errorf("%s: %s (arc=%s %s), want %s; %c %s", name, got.event.Outcome, got.event.Auth.ARC.Result, got.event.Auth.ARC.Problem, r.want, got.code, got.reply)
			}
		}
	}
}

// silent never answers questions whose name holds something.
type silent struct {
	dns.Resolver
	about string
}

func (s silent) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	if strings.Contains(q.Name, s.about) {
		return dns.Answer{Question: q, Status: dns.Timeout}
	}
	return s.Resolver.Resolve(ctx, q)
}

type down struct{}

func (down) Resolve(_ context.Context, q dns.Question) dns.Answer {
	return dns.Answer{Question: q, Status: dns.Timeout}
}

// Case 33: a resolver that never answers is waited for no longer than the time set.
func TestCase33_ResolverHangs(t *testing.T) {
	s := settings()
	s.Resolver, s.Timeout = hangs{}, 50*time.Millisecond
	r := start(t, s).pass(mail{ip: goodIP, from: "a@good.example", raw: signed(t, letter("me@good.example"), "good.example", "g")})
	if h := results(t, r.raw); of(h, "dmarc") != "temperror" || of(h, "dkim") != "temperror" {
		t.Errorf("%+v", h)
	}
}

type hangs struct{}

func (hangs) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	<-ctx.Done()
	return dns.Answer{Question: q, Status: dns.Timeout}
}

// Case 38: signatures in simple canonicalization over fields with odd white space come out as they went in.
func TestCase38_SimpleSignatures(t *testing.T) {
	srv := start(t, settings())
	raw := "From:me@good.example\r\nTo:\r\n a@b.example\r\nSubject: trailing  \t\r\nX-Tab:\tv\r\nX-Empty:\r\nX-Eight: \xe9\xff\r\nX-Fold: a\r\n\tb\r\n  c\r\n\r\nBody \r\n\r\n\r\n"
	field, err := dkim.Sign(strings.NewReader(raw), dkim.SignOptions{Domain: "good.example", Selector: "g", Key: rsaKey(), Timestamp: now,
		Headers: []string{"From", "To", "Subject", "X-Tab", "X-Empty", "X-Eight", "X-Fold"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, chunk := range []int{1, 7, 0} {
		r := srv.pass(mail{ip: strangeIP, from: "a@bare.example", raw: string(field) + raw, chunk: chunk})
		if h := results(t, r.raw); of(h, "dkim") != "pass" || of(h, "dmarc") != "pass" {
			t.Errorf("chunks of %d: %+v", chunk, h.Results[0])
		}
	}
}

// Case 11: bodies that upset others, in any pieces.
func TestCase11_OddBodies(t *testing.T) {
	srv := start(t, settings())
	for name, body := range map[string]string{
		"empty lines": strings.Repeat("\r\n", 20_000), "spaces": strings.Repeat(" ", 100_000), "no end": "x", "bare LF": "a\nb\r\n", "bare CR": "a\rb\r\n", "CRCRLF": "a\r\r\n", "NUL": "a\x00b\r\n", "none": "",
	} {
		head := strings.TrimSuffix(letter("me@good.example"), "Hello.\r\n")
		raw := signed(t, head+body, "good.example", "g")
		for _, chunk := range []int{1013, 0} {
			r := srv.pass(mail{ip: strangeIP, from: "a@bare.example", raw: raw, chunk: chunk})
			if h := results(t, r.raw); of(h, "dkim") != "pass" {
				t.Errorf("%s: %+v", name, h.Results[0])
			}
		}
	}
}

// sealed gives a message that list.example got with dmarc=pass, changed and sealed.
func sealed(t *testing.T, sealer, claims string) string {
	t.Helper()
	raw := strings.Replace(letter("me@good.example"), "Hello.", "Hello.\r\n-- \r\nlist footer", 1)
	fields, err := arc.Seal(message.Parse([]byte(raw)), arc.SealOptions{Domain: sealer, Selector: "l", Key: rsaKey(), AuthServID: "mx." + sealer, Results: claims, Timestamp: now,
		Header: dkim.Relaxed, Body: dkim.Relaxed, Chain: arc.Verdict{Result: arc.None}})
	if err != nil {
		t.Fatal(err)
	}
	return string(fields) + raw
}

// Case 27: a chain overrides DMARC only where its sealer is believed, the whole chain passes, and the claim is of this author.
func TestCase27_TrustedSealers(t *testing.T) {
	claim := "dmarc=pass header.from=good.example; spf=pass"
	for name, tc := range map[string]struct {
		sealers []string
		raw     string
		want    Outcome
	}{
		"believed":                    {[]string{"list.example"}, sealed(t, "list.example", claim), Overridden},
		"not believed":                {[]string{"google.com"}, sealed(t, "list.example", claim), DMARCReject},
		"nobody believed":             {nil, sealed(t, "list.example", claim), DMARCReject},
		"other author":                {[]string{"list.example"}, sealed(t, "list.example", "dmarc=pass header.from=bank.example"), DMARCReject},
		"no author":                   {[]string{"list.example"}, sealed(t, "list.example", "dmarc=pass"), DMARCReject},
		"dmarc failed":                {[]string{"list.example"}, sealed(t, "list.example", "dmarc=fail header.from=good.example"), DMARCReject},
		"changed after it":            {[]string{"list.example"}, sealed(t, "list.example", claim) + "evil\r\n", DMARCReject},
		"sealed on top by a stranger": {[]string{"list.example"}, "", DMARCReject},
	} {
		raw := tc.raw
		if raw == "" { // the stranger changes the message and seals again, truthfully even
			first := sealed(t, "list.example", claim)
			m := message.Parse([]byte(first))
			fields, err := arc.Seal(m, arc.SealOptions{Domain: "good.example", Selector: "g", Key: rsaKey(), Results: claim, Timestamp: now, Header: dkim.Relaxed, Body: dkim.Relaxed,
				Chain: arc.Verify(context.Background(), world(), m, arc.Options{Now: now})})
			if err != nil {
				t.Fatal(err)
			}
			raw = string(fields) + first
		}
		s := settings()
		s.Policy = DefaultPolicy()
		s.Policy.Sealers = tc.sealers
		r := start(t, s).pass(mail{ip: "203.0.113.5", helo: "list.example", from: "bounce@list.example", raw: raw})
		h := results(t, r.raw)
		if r.event.Outcome != tc.want || of(h, "dmarc") != "fail" {
			t.Errorf("%s: %s (arc=%s %s), %v", name, r.event.Outcome, r.event.Auth.ARC.Result, r.event.Auth.ARC.Reason, r.event.Override)
		}
		if tc.want == Overridden && (r.event.Override.Type != "local_policy" || !strings.Contains(r.event.Override.Comment, "list.example") || r.event.Action != Accept) {
			t.Errorf("%s: %+v", name, r.event)
		}
	}
}

// Case 27: no claim counts of which a set may be about another author, for its message signature covers no From.
func TestCase27_FromIsNotSigned(t *testing.T) {
	p := DefaultPolicy()
	p.Sealers = []string{"list.example", "relay.example"}
	first := arc.Set{Instance: 1, SealDomain: "list.example", AMS: arc.Pass, Results: "mx.list.example; dmarc=pass header.from=good.example"}
	second := arc.Set{Instance: 2, SealDomain: "relay.example", AMS: arc.Pass, Results: "mx.relay.example; arc=pass; dmarc=fail header.from=good.example"}
	unsigned := func(s arc.Set) arc.Set { s.FromUnsigned = true; return s }
	for name, tc := range map[string]struct {
		sets   []arc.Set
		want   bool
		reason string
	}{
		"one":             {[]arc.Set{first}, true, "why"},
		"two":             {[]arc.Set{first, second}, true, "why"},
		"one, no From":    {[]arc.Set{unsigned(first)}, false, "why; its ARC chain passes, but does not cover From"},
		"first, no From":  {[]arc.Set{unsigned(first), second}, false, "why"},
		"newest, no From": {[]arc.Set{first, unsigned(second)}, false, "why; its ARC chain passes, but does not cover From"},
	} {
		e := &Event{Author: "good.example", Auth: &mailauth.Result{ARC: arc.Verdict{Result: arc.Pass, Instances: len(tc.sets), Sets: tc.sets}}}
		o, doubt := p.override(message.Parse([]byte(letter("me@good.example"))), e)
		if (o.Type != "") != tc.want || doubt != "" {
			t.Errorf("%s: %+v, doubt %q", name, o, doubt)
		}
		if reason := p.unbelieved("why", e); reason != tc.reason {
			t.Errorf("%s: %s", name, reason)
		}
		e.Auth.ARC.Result, e.Auth.ARC.Problem = arc.Fail, "dns-timeout"
		if _, doubt := p.override(message.Parse([]byte(letter("me@good.example"))), e); (doubt != "") != tc.want {
			t.Errorf("%s: a key that cannot be looked up gives doubt %q", name, doubt)
		}
	}
}

// Known forwarders and mailing lists excuse a failure; a List-Id alone does not.
func TestForwardersAndLists(t *testing.T) {
	list := "List-Id: Talk <talk.list.example>\r\n" + letter("me@good.example")
	for name, tc := range map[string]struct {
		policy func(*Policy)
		m      mail
		want   string
	}{
		"forwarder":   {func(p *Policy) { p.Forwarders = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")} }, mail{ip: strangeIP, from: "a@bare.example", raw: letter("me@good.example")}, "trusted_forwarder"},
		"list":        {func(p *Policy) { p.Lists = []string{"list.example"} }, mail{ip: "203.0.113.5", from: "b@list.example", raw: list}, "mailing_list"},
		"list signed": {func(p *Policy) { p.Lists = []string{"list.example"} }, mail{ip: strangeIP, from: "a@bare.example", raw: signed(t, list, "list.example", "l")}, "mailing_list"},
		"pretended":   {func(p *Policy) { p.Lists = []string{"list.example"} }, mail{ip: strangeIP, from: "b@list.example", raw: list}, ""},
		"other list":  {func(p *Policy) { p.Lists = []string{"other.example"} }, mail{ip: "203.0.113.5", from: "b@list.example", raw: list}, ""},
	} {
		s := settings()
		s.Policy = DefaultPolicy()
		tc.policy(s.Policy)
		if r := start(t, s).pass(tc.m); r.event.Override.Type != tc.want {
			t.Errorf("%s: %+v, %s", name, r.event.Override, r.event.Outcome)
		}
	}
}

// Case 39: new settings are those of new messages; a message under way ends by the old.
func TestCase39_ChangeOfSettings(t *testing.T) {
	srv := start(t, settings())
	fs, end := srv.session(wholeProtocol)
	defer end()
	fs.Conn("client.example", foreign.FamilyInet, 25, strangeIP)
	fs.Mail("a@bare.example", nil)
	fs.HeaderField("From", " me@good.example")
	fs.HeaderEnd()
	// Nothing says when the filter has begun the message, but for its answer to another connection's.
	strict := settings()
	strict.Policy = DefaultPolicy()
	strict.Policy.Default[DMARCReject] = Reject
	began := srv.pass(mail{ip: strangeIP, from: "a@bare.example", raw: letter("me@good.example")})
	if began.code != foreign.ActAccept {
		t.Errorf("%c", began.code)
	}
	fs.BodyChunk([]byte("x\r\n"))
	if err := srv.f.Change(&Settings{}); err == nil {
		t.Error("bad settings were taken")
	}
	_, a, err := fs.End()
	if err != nil || a.Code != foreign.ActAccept {
		t.Errorf("%+v, %v", a, err)
	}
	<-srv.events
	if err := srv.f.Change(strict); err != nil {
		t.Fatal(err)
	}
	if r := srv.pass(mail{ip: strangeIP, from: "a@bare.example", raw: letter("me@good.example")}); !strings.HasPrefix(r.reply, "550") {
		t.Errorf("%q", r.reply)
	}
}

// A header field that would break out into another, or into the body, is not judged as if it were one.
func TestHeaderThatBreaksOut(t *testing.T) {
	srv := start(t, settings())
	fs, end := srv.session(wholeProtocol)
	defer end()
	fs.Conn("client.example", foreign.FamilyInet, 25, goodIP)
	fs.Mail("a@good.example", nil)
	fs.HeaderField("X", " a\n\nFrom: me@bank.example\n\nbody")
	fs.HeaderField("From", " me@good.example")
	fs.HeaderEnd()
	if _, _, err := fs.End(); err != nil {
		t.Fatal(err)
	}
	if e := <-srv.events; e.Outcome != Ambiguous {
		t.Errorf("%s", e.Outcome)
	}
}
