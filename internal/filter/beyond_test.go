package filter

import (
	"strings"
	"testing"

	foreign "github.com/emersion/go-milter"

	"github.com/todoku/todoku/message"
)

// overLimits are fields that are more, or larger, than a milter keeps.
var overLimits = map[string]string{
	"fields":            strings.Repeat("X: y\r\n", 10_000),
	"octets":            strings.Repeat("X: "+strings.Repeat("y", 50_000)+"\r\n", 22),
	"one field":         "X: " + strings.Repeat("y", 1<<20-20) + "\r\n",
	"results of others": strings.Repeat("Authentication-Results: other.example; none\r\n", 10_000),
}

const (
	forgedResults = "Authentication-Results: mx.ours.example; dmarc=pass header.from=bank.example\r\n"
	othersResults = "authentication-results: other.example; dmarc=fail\r\n"
)

// Case 9: beyond the limits fields that claim to be ours go as well, and only those, on every way.
func TestCase09_ForgedBeyondLimits(t *testing.T) {
	in := settings()
	in.ReceivedSPF = true
	out := signingSettings()
	out.ReceivedSPF = true // added to what comes in alone
	forged := forgedResults + "X-Todoku-Quarantine: no\r\nx-todoku-verdict: dmarc-pass; me\r\nX-Todoku-Pass: n=1\r\n"
	tail := othersResults + forged + othersResults + forged + "Authentication-Results: (" + strings.Repeat("z", 70_000) + ") \"mx.ours.example\" 1; dmarc=pass header.from=bank.example\r\n"
	for way, m := range map[string]struct {
		set *Settings
		ip  string
	}{"in": {in, strangeIP}, "out": {out, "192.0.2.5"}} {
		srv := start(t, m.set)
		for name, pad := range overLimits {
			const receivedSPF = "Received-SPF: pass (mx.ours.example: bank.example)\r\n"
			raw := receivedSPF + forged + pad + tail + receivedSPF + "Received-SPF: pass (other.example)\r\n" + letter("me@ours.example")
			r := srv.pass(mail{ip: m.ip, from: "a@ours.example", to: []string{"you@ours.example"}, raw: raw})
			s, of := string(r.raw), map[string]int{}
			for _, f := range fieldsOf(s) {
				of[strings.ToLower(f.Name())]++
			}
			others := strings.Count(raw, "other.example;")
			if strings.Contains(s, "bank.example\r\n") || of["x-todoku-pass"] != 0 || of["x-todoku-quarantine"] != 0 || strings.Contains(s, "dmarc-pass; me") || strings.Count(s, "other.example;") != others {
				t.Errorf("%s, %s: code %c, %v, of %d results of others %d are left\n%.200s", way, name, r.code, of, others, strings.Count(s, "other.example;"), s[max(0, len(s)-900):])
			}
			spf := 3
			if way == "in" {
				spf = 1
				results(t, r.raw)
			}
			if n := strings.Count(s, "Received-SPF: pass"); n != spf || len(r.event.Signed) != 0 {
				t.Errorf("%s, %s: %d Received-SPF, signed %v", way, name, n, r.event.Signed)
			}
			for _, p := range r.event.Problems {
				if p.ID == "message.forged-results-kept" {
					t.Errorf("%s, %s: %v", way, name, p)
				}
			}
		}
	}
}

// Case 9: what is kept of forged fields beyond the limits is bounded; mail with more of them is refused, and what is honest is not.
func TestCase09_TooManyForgedBeyondLimits(t *testing.T) {
	untouched := settings()
	untouched.Untouched = &Untouched{Incoming: true}
	for name, tc := range map[string]struct {
		set   *Settings
		ip    string
		more  string
		reply string
	}{
		"as many as go":     {settings(), strangeIP, strings.Repeat(forgedResults, mostBeyond), ""},
		"one more":          {settings(), strangeIP, strings.Repeat(forgedResults, mostBeyond+1), "552 5.3.4"},
		"20,000":            {settings(), strangeIP, strings.Repeat(forgedResults, 20_000), "552 5.3.4"},
		"outgoing":          {signingSettings(), "192.0.2.5", strings.Repeat("X-Todoku-Pass: n=1\r\n", mostBeyond+1), "552 5.3.4"},
		"of others":         {settings(), strangeIP, strings.Repeat(othersResults, 20_000), ""},
		"nobody looks":      {untouched, strangeIP, strings.Repeat(forgedResults, mostBeyond+1), ""},
		"within the limits": {settings(), strangeIP, "", ""},
	} {
		pad := overLimits["fields"]
		if tc.more == "" {
			pad = strings.Repeat(forgedResults, 500)
		}
		r := start(t, tc.set).pass(mail{ip: tc.ip, from: "a@bare.example", to: []string{"you@ours.example"}, raw: pad + tc.more + letter("me@ours.example")})
		if !strings.HasPrefix(r.reply, tc.reply) || tc.reply == "" && r.reply != "" || (r.event.Action == Reject) != (tc.reply != "") || (r.event.Reason == "") != (tc.reply == "" && r.event.Action == Accept) {
			t.Errorf("%s: %q, %v %q", name, r.reply, r.event.Action, r.event.Reason)
		}
		if tc.reply == "" && name != "nobody looks" && strings.Contains(string(r.raw), "bank.example") {
			t.Errorf("%s: a forged field stays", name)
		}
	}
}

// A forged field whose name no milter can say stays, and that is noted once for all of them; where the limits are passed as well, too many are refused.
func TestForgedNamesThatCannotBeSaid(t *testing.T) {
	for name, tc := range map[string]struct {
		before, odd, noted int
	}{
		"within the limits": {0, mostBeyond + 1, 1}, "beyond": {10_000, 3, 1}, "too many beyond": {10_000, mostBeyond + 1, 0},
	} {
		srv := start(t, settings())
		fs, end := srv.session(wholeProtocol)
		fs.Conn("client.example", foreign.FamilyInet, 25, strangeIP)
		fs.Mail("a@bare.example", nil)
		for range tc.before {
			fs.HeaderField("X", " y")
		}
		for range tc.odd {
			fs.HeaderField("Authentication\x01-Results", " mx.ours.example; dmarc=pass")
		}
		fs.HeaderField("From", " me@bare.example")
		fs.HeaderEnd()
		if _, _, err := fs.End(); err != nil {
			t.Fatal(err)
		}
		end()
		e, noted := <-srv.events, 0
		for _, p := range e.Problems {
			if p.ID == "message.forged-results-kept" {
				noted++
			}
		}
		if noted != tc.noted || (e.Action == Reject) != (tc.noted == 0) {
			t.Errorf("%s: %v, noted %d times", name, e.Action, noted)
		}
	}
}

// A mail server counts the fields of a name, and compares in ASCII: what only Unicode takes for the same name is another field.
func TestForgedAreCountedAsTheServerDoes(t *testing.T) {
	for name, before := range map[string]int{"within the limits": 0, "beyond": 10_000} {
		srv := start(t, settings())
		fs, end := srv.session(wholeProtocol)
		fs.Conn("client.example", foreign.FamilyInet, 25, strangeIP)
		fs.Mail("a@bare.example", nil)
		fs.HeaderField("From", " me@bare.example")
		fs.HeaderField("Authentication-Re\u017fults", " other.example; none")
		fs.HeaderField("X-Todo\u212au-Verdict", " other")
		for range before {
			fs.HeaderField("X", " y")
		}
		fs.HeaderField("Authentication-Results", " mx.ours.example; dmarc=pass")
		fs.HeaderField("X-Todoku-Verdict", " dmarc-pass")
		fs.HeaderEnd()
		mods, _, err := fs.End()
		if err != nil {
			t.Fatal(err)
		}
		end()
		<-srv.events
		removed := map[string]uint32{}
		for _, m := range mods {
			if m.Code == foreign.ActChangeHeader && m.HeaderValue == "" {
				removed[m.HeaderName] = m.HeaderIndex
			}
		}
		if len(removed) != 2 || removed["Authentication-Results"] != 1 || removed[VerdictField] != 1 {
			t.Errorf("%s: removed %v", name, removed)
		}
	}
}

// The first field may be larger than all that is kept.
func TestBeyondWithoutAHeader(t *testing.T) {
	raw := "Authentication-Results: mx.ours.example; dmarc=pass (" + strings.Repeat("y", 1<<20-60) + ")\r\n" + letter("me@bare.example")
	r := start(t, settings()).pass(mail{ip: strangeIP, from: "a@bare.example", to: []string{"you@ours.example"}, raw: raw})
	if results(t, r.raw); message.Parse(r.raw).Count("Authentication-Results") != 1 {
		t.Errorf("%.300s", r.raw)
	}
}
