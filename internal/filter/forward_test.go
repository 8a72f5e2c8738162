package filter

import (
	"bytes"
	"context"
	"crypto"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	foreign "github.com/emersion/go-milter"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/message"
	"github.com/todoku/todoku/srs"
)

func rewriter(t testing.TB) *srs.Rewriter {
	t.Helper()
	r, err := srs.New(srs.Config{Domains: []string{"ours.example"}, Secrets: [][]byte{[]byte("secret")}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// forwards are settings that seal, and rewrite senders of mail to target.
func forwards(t testing.TB, targets ...Target) *Settings {
	s := settings()
	s.Forwarding = &Forwarding{SealDomain: "ours.example", SealKeys: ourKeys(), SRS: rewriter(t), Targets: targets}
	return s
}

// good is mail that comes in signed, by SPF too.
func good(t testing.TB, to ...string) mail {
	return mail{ip: "198.51.100.7", helo: "mail.good.example", from: "bounce@good.example", to: to, raw: signed(t, letter("me@good.example"), "good.example", "g")}
}

func chainOf(t testing.TB, raw []byte) arc.Verdict {
	t.Helper()
	return arc.Verify(context.Background(), world(), message.Parse(raw), arc.Options{Now: now})
}

// envelope gives the sender and recipients that changes make.
func envelope(mods []foreign.ModifyAction) (from string, add, del []string) {
	for _, m := range mods {
		switch m.Code {
		case foreign.ActChangeFrom:
			from = m.From
		case foreign.ActAddRcpt:
			add = append(add, m.Rcpt)
		case foreign.ActDelRcpt:
			del = append(del, m.Rcpt)
		}
	}
	return from, add, del
}

// TestForwardSealed: the set holds what was found of the message; the author's signature stays.
func TestForwardSealed(t *testing.T) {
	s := start(t, forwards(t, Target{"info@ours.example", "me@freemail.example"}))
	r := s.pass(good(t, "info@ours.example"))
	v := chainOf(t, r.raw)
	if v.Result != arc.Pass || len(v.Sets) != 1 || v.Sets[0].SealDomain != "ours.example" || v.Sets[0].SealSelector != "r1" || v.Sets[0].CV != "none" {
		t.Fatalf("%+v\n%s", v, r.raw)
	}
	for _, want := range []string{"dkim=pass header.d=good.example", "spf=pass smtp.mailfrom=good.example", "dmarc=pass"} {
		if !strings.Contains(v.Sets[0].Results, want) {
			t.Errorf("no %q in %q", want, v.Sets[0].Results)
		}
	}
	m := message.Parse(r.raw)
	if f, _ := m.First("X-Forwarded-For"); f.Unfolded() != "info@ours.example me@freemail.example" {
		t.Errorf("X-Forwarded-For: %q", f.Unfolded())
	}
	if f, _ := m.First("X-Forwarded-To"); f.Unfolded() != "me@freemail.example" {
		t.Errorf("X-Forwarded-To: %q", f.Unfolded())
	}
	from, _, _ := envelope(r.mods)
	if !strings.HasPrefix(strings.Trim(from, "<>"), "SRS0=") || !strings.HasSuffix(strings.Trim(from, "<>"), "=good.example=bounce@ours.example") || r.event.Sender != strings.Trim(from, "<>") {
		t.Errorf("sender %q, event %q", from, r.event.Sender)
	}
	if !strings.HasSuffix(string(r.raw), good(t).raw) {
		t.Errorf("what came in is not the end of what leaves:\n%s", r.raw)
	}
	if a := verify(r.raw, "192.0.2.1", from); a.DMARC.Result != "pass" {
		t.Errorf("dmarc=%s at the next hop", a.DMARC.Result)
	}
	if len(r.event.Problems) > 0 || r.event.Sealed != "d=ours.example s=r1 i=1 cv=none" {
		t.Errorf("%+v", r.event)
	}

	// Mail for somebody else is not forwarded.
	r = s.pass(good(t, "you@ours.example"))
	if from, _, _ := envelope(r.mods); from != "" || chainOf(t, r.raw).Result != arc.None || strings.Contains(string(r.raw), "X-Forwarded") {
		t.Errorf("sender %q\n%s", from, r.raw)
	}
	// Several recipients are not told of each other.
	r = s.pass(good(t, "you@ours.example", "info@ours.example"))
	if from, _, _ := envelope(r.mods); from == "" || chainOf(t, r.raw).Result != arc.Pass || strings.Contains(string(r.raw), "X-Forwarded") {
		t.Errorf("sender %q\n%s", from, r.raw)
	}
}

// TestForwardedForUnicode: an internationalised address is told as it is (RFC 6532), and what is no Unicode, or a control, does not get into the header.
func TestForwardedForUnicode(t *testing.T) {
	for rcpt, want := range map[string]string{
		"受付@ours.example": "受付@ours.example 受付@freemail.example", "受付\x85@ours.example": "受付?@ours.example 受付@freemail.example",
		"受付\u0085@ours.example": "受付?@ours.example 受付@freemail.example",
	} {
		r := start(t, forwards(t, Target{"ours.example", "受付@freemail.example"})).pass(good(t, rcpt))
		m := message.Parse(r.raw)
		if f, _ := m.First("X-Forwarded-For"); f.Unfolded() != want {
			t.Errorf("%q: X-Forwarded-For: %q", rcpt, f.Unfolded())
		}
		if f, _ := m.First("X-Forwarded-To"); f.Unfolded() != "受付@freemail.example" {
			t.Errorf("%q: X-Forwarded-To: %q", rcpt, f.Unfolded())
		}
	}
}

// TestForwardExtension: an address with an extension is forwarded as the one that it extends, as by Postfix's recipient_delimiter = +, unless it is named itself.
func TestForwardExtension(t *testing.T) {
	f := &Forwarding{Targets: []Target{{"info@ours.example", "a@x.example"}, {"info+own@ours.example", "b@x.example"}, {"local@*", "c@x.example"}, {"all.example", "d@x.example"},
		{"info@xn--r8jz45g.example", "e@x.example"}, {"info+own@xn--r8jz45g.example", "f@x.example"}}}
	for rcpt, want := range map[string]string{
		"info@ours.example": "a@x.example", "info+tag@ours.example": "a@x.example", "Info+Tag+more@Ours.Example": "a@x.example", "INFO+own@ours.example": "b@x.example",
		"local+@any.example": "c@x.example", "x+y@all.example": "d@x.example", "info+tag@例え.example": "e@x.example", "info+own@例え.example": "f@x.example",
		"+info@ours.example": "", "infox@ours.example": "", "info-tag@ours.example": "", "\"info+tag\"@ours.example": "", "info+tag": "", "x@info+tag@ours.example": "",
	} {
		at, to, ok := f.target(&Event{Rcpts: []string{rcpt}})
		if to != want || ok != (want != "") || ok && at != rcpt {
			t.Errorf("%s: %q of %q, %v", rcpt, to, at, ok)
		}
	}
}

// TestForwardLongLines: a seal does not cover fields with lines that the mail server breaks as the message leaves.
func TestForwardLongLines(t *testing.T) {
	s := start(t, forwards(t))
	breaks := func(raw []byte, line string) []byte {
		return []byte(strings.Replace(string(raw), line, line[:998]+"\r\n "+line[998:], 1))
	}
	for name, long := range map[string]string{
		"references": "References:" + strings.Repeat(" <a@b.example>", 90) + "\r\n",
		"cc":         "Cc: " + strings.Repeat("somebody@b.example,", 80) + "z@b.example\r\n",
	} {
		m := good(t, "info@ours.example")
		m.raw = long + m.raw // its author signed that there is none, or broke it so
		r := s.pass(m)
		for as, raw := range map[string][]byte{"as it came": r.raw, "as it leaves": breaks(r.raw, long)} {
			if v := chainOf(t, raw); v.Result != arc.Pass {
				t.Errorf("%s, %s: arc=%s %s", name, as, v.Result, v.Reason)
			}
		}
		if p := r.event.Problems; len(p) != 1 || p[0].ID != "message.long-line" || !strings.Contains(p[0].Text, "of the field "+name+" has") || !strings.Contains(p[0].Text, "the ARC seal leaves") {
			t.Errorf("%s: %v", name, p)
		}
	}
	// From must be covered; what no seal covers does not matter.
	for name, c := range map[string]struct {
		from, add string
		problems  int
	}{
		"from":  {"Me (" + strings.Repeat("x", 1000) + ") <me@good.example>", "", 1},
		"other": {"me@good.example", "X-Long: " + strings.Repeat("x", 1000) + "\r\n", 0},
	} {
		m := good(t, "info@ours.example")
		m.raw = c.add + letter(c.from)
		r := s.pass(m)
		if v := chainOf(t, r.raw); v.Result != arc.Pass || len(r.event.Problems) != c.problems || c.problems > 0 && !strings.Contains(r.event.Problems[0].Text, "breaks the ARC seal") {
			t.Errorf("%s: %v, %+v", name, r.event.Problems, v)
		}
	}
}

// TestForwardPassHarmless: the field that goes with a message which was not changed may be taken out where it leaves: neither the chain nor a signature
// covers it. Who has it cannot use it from outside.
func TestForwardPassHarmless(t *testing.T) {
	s := start(t, forwards(t))
	in := s.pass(good(t, "info@ours.example"))
	m := message.Parse(in.raw)
	var without []byte
	for _, f := range m.Fields {
		if !f.Is(PassField) {
			without = append(without, f.Raw...)
		}
	}
	without = append(append(without, "\r\n"...), m.Body...)
	if m.Count(PassField) != 1 || message.Parse(without).Count(PassField) != 0 {
		t.Fatalf("%s", in.raw)
	}
	for _, raw := range [][]byte{in.raw, without} {
		if v := chainOf(t, raw); v.Result != arc.Pass {
			t.Errorf("%+v\n%s", v, raw)
		}
		if a := verify(raw, "192.0.2.1", "x@ours.example"); a.DMARC.Result != "pass" {
			t.Errorf("dmarc=%s", a.DMARC.Result)
		}
	}
	replay := mail{ip: "203.0.113.5", helo: "evil.example", from: "x@evil.example", to: []string{"info@ours.example"}, raw: strings.Replace(string(in.raw), "Subject: hello", "Subject: buy", 1)}
	r := s.pass(replay)
	if old, _ := m.First(PassField); strings.Contains(string(r.raw), strings.TrimSpace(string(old.Value()))) || r.event.Auth.DMARC.Result == "pass" {
		t.Errorf("%s", r.raw)
	}
}

// TestForwardChains (RFC 8617 section 5.1): chains that pass are continued, one that fails is sealed so once, and then left alone.
func TestForwardChains(t *testing.T) {
	s := start(t, forwards(t))
	m := good(t, "you@ours.example")
	for i := 1; i <= 50; i++ {
		r := s.pass(m)
		if v := chainOf(t, r.raw); v.Result != arc.Pass || v.Instances != i {
			t.Fatalf("i=%d: %+v", i, v)
		}
		m.raw = string(r.raw)
		if i == 3 {
			broken := m
			broken.raw = strings.Replace(m.raw, "\r\nSubject: hello", "\r\nSubject: changed", 1)
			r := s.pass(broken)
			seal, _ := message.Parse(r.raw).First("ARC-Seal")
			if v := chainOf(t, r.raw); v.Result != arc.Fail || v.Instances != 4 || !strings.Contains(seal.Unfolded(), "cv=fail") || len(r.event.Problems) > 0 {
				t.Errorf("%+v, %s, %+v", v, seal.Unfolded(), r.event.Problems)
			}
			broken.raw = string(r.raw)
			if r = s.pass(broken); r.event.Sealed != "" || len(r.event.Problems) > 0 {
				t.Errorf("sealed again: %+v", r.event)
			}
		}
	}
	r := s.pass(m)
	if r.event.Sealed != "" || len(r.event.Problems) != 1 || r.event.Problems[0].ID != "arc.cannot-seal" {
		t.Errorf("a set above 50: %+v", r.event)
	}
}

// TestForwardChanged: what a list changes is sealed anew with what was found before the change, on the word of nobody else.
func TestForwardChanged(t *testing.T) {
	s := start(t, forwards(t))
	in := s.pass(good(t, "list@ours.example"))
	footer := strings.Replace(string(in.raw), "Subject: hello", "Subject: [list] hello", 1) + "-- \r\nthe list\r\n"
	out := mail{ip: "192.0.2.1", helo: "ours.example", from: "list-bounces@lists.ours.example", to: []string{"c@there.example"}, raw: footer}

	r := s.pass(out)
	v := chainOf(t, r.raw)
	if v.Result != arc.Pass || len(v.Sets) != 1 || !strings.Contains(v.Sets[0].Results, "dmarc=pass") || v.Sets[0].CV != "none" {
		t.Fatalf("%+v\n%s", v, r.raw)
	}
	if strings.Contains(string(r.raw), PassField) || message.Parse(r.raw).Count("Authentication-Results") != 1 || len(r.event.Problems) > 0 || r.event.Sender != "" {
		t.Errorf("%+v\n%s", r.event, r.raw)
	}
	if a := verify(r.raw, "192.0.2.1", out.from); a.DMARC.Result != "fail" || a.ARC.Result != arc.Pass {
		t.Errorf("dmarc=%s arc=%s at the next hop", a.DMARC.Result, a.ARC.Result)
	}
	same := out
	same.from = "bounce@good.example"
	if r := s.pass(same); !strings.HasPrefix(r.event.Sender, "SRS0=") {
		t.Errorf("its own sender stays: %q", r.event.Sender)
	}

	// What is not believed.
	for name, change := range map[string]func(*mail){
		"user":       func(m *mail) { m.user = "alice" },
		"author":     func(m *mail) { m.raw = strings.Replace(m.raw, "From: me@", "From: ceo@", 1) },
		"results":    func(m *mail) { m.raw = strings.ReplaceAll(m.raw, "spf=pass", "spf=fail") },
		"message":    func(m *mail) { m.raw = strings.Replace(m.raw, "<1@x.example>", "<2@x.example>", 1) },
		"no results": func(m *mail) { m.raw = strings.Replace(m.raw, "\r\nAuthentication-Results:", "\r\nX-Results:", 1) },
		"twice": func(m *mail) {
			m.raw = PassField + ": x\r\n" + m.raw
		},
		"outside": func(m *mail) { m.ip = "203.0.113.5" },
	} {
		m := out
		change(&m)
		r := s.pass(m)
		if v := chainOf(t, r.raw); v.Result == arc.Pass && strings.Contains(v.Sets[len(v.Sets)-1].Results, "dmarc=pass") {
			t.Errorf("%s: %+v", name, v)
		}
		if name != "outside" && strings.Contains(string(r.raw), PassField) {
			t.Errorf("%s: the field leaves", name)
		}
	}
}

// TestForwardChangedChain: the set of the way in goes, those of others stay; a chain that was broken then stays so.
func TestForwardChangedChain(t *testing.T) {
	s := start(t, forwards(t))
	before := good(t, "list@ours.example")
	before.raw = string(s.pass(before).raw) // somebody's set
	for name, c := range map[string]struct {
		change, cv string
		result     arc.Result
		targets    []Target // none: a set is added on the way in
	}{
		"added":     {"Subject: hello", "pass", arc.Pass, nil},
		"not added": {"Subject: hello", "pass", arc.Pass, []Target{{Pattern: "other@ours.example"}}},
		"broken":    {"Subject: changed before", "fail", arc.Fail, nil},
	} {
		if err := s.f.Change(forwards(t, c.targets...)); err != nil {
			t.Fatal(err)
		}
		m := before
		m.raw = strings.Replace(m.raw, "Subject: hello", c.change, 1)
		in := s.pass(m)
		if added := in.event.Sealed != ""; added != (c.targets == nil) {
			t.Errorf("%s: on the way in: %+v", name, in.event)
		}
		r := s.pass(mail{
			ip: "192.0.2.1", helo: "ours.example", from: "list-bounces@lists.ours.example", to: []string{"c@there.example"},
			raw: strings.Replace(string(in.raw), "Subject: ", "Subject: [list] ", 1) + "footer\r\n",
		})
		v := chainOf(t, r.raw)
		if v.Result != c.result || v.Instances != 2 || v.Sets[1].CV != c.cv || len(r.event.Problems) > 0 || r.event.Sealed != "d=ours.example s=r1 i=2 cv="+c.cv {
			t.Errorf("%s: %+v\n%+v", name, v, r.event)
		}
	}
}

// TestForwardChainWithGaps: the set that is added, and that is taken away again when a list hands the message back, is the one behind the
// highest that the message had, however many are missing.
func TestForwardChainWithGaps(t *testing.T) {
	s := start(t, forwards(t))
	m := good(t, "list@ours.example")
	for range 3 {
		m.raw = string(s.pass(m).raw)
	}
	var gaps string
	for _, f := range fieldsOf(m.raw) {
		if setField(f) == "" || instanceOf(f) != 2 {
			gaps += string(f.Raw)
		}
	}
	m.raw = gaps + "\r\n" + string(message.Parse([]byte(m.raw)).Body)
	in := s.pass(m)
	if pass, _ := message.Parse(in.raw).First(PassField); in.event.Sealed != "d=ours.example s=r1 i=4 cv=fail" || !strings.Contains(pass.Unfolded(), "n=4;") {
		t.Errorf("%s; %s", in.event.Sealed, pass.Unfolded())
	}
	out := s.pass(mail{
		ip: "192.0.2.1", helo: "ours.example", from: "list-bounces@lists.ours.example", to: []string{"c@there.example"},
		raw: strings.Replace(string(in.raw), "Subject: ", "Subject: [list] ", 1) + "footer\r\n",
	})
	var sets []int
	for _, f := range message.Parse(out.raw).All("ARC-Seal") {
		sets = append(sets, instanceOf(f))
	}
	if !slices.Equal(sets, []int{4, 3, 1}) || out.event.Sealed != in.event.Sealed || len(out.event.Problems) > 0 {
		t.Errorf("%v, %+v", sets, out.event)
	}
}

// TestForwardKeyRotated: a message that is with a list while the sealing key changes comes back known.
func TestForwardKeyRotated(t *testing.T) {
	set := forwards(t)
	set.Forwarding.SealKeys = &turning{keys: []Key{{"ours.example", "r1", rsaKey()}}}
	s := start(t, set)
	in := s.pass(good(t, "list@ours.example"))
	set.Forwarding.SealKeys.(*turning).turn(Key{"ours.example", "r2", mustKey("rsa")})
	s.pass(good(t, "other@ours.example"))
	r := s.pass(mail{ip: "192.0.2.1", helo: "ours.example", from: "x@ours.example", to: []string{"c@there.example"}, raw: string(in.raw)})
	if r.event.Sealed != "d=ours.example s=r2 i=1 cv=none" || len(r.event.Problems) > 0 {
		t.Errorf("%+v", r.event)
	}
}

// turning has keys that change.
type turning struct {
	mu   sync.Mutex
	keys []Key
}

func (k *turning) For(string, string) ([]Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.keys, nil
}

func (k *turning) turn(to Key) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys = []Key{to}
}

// FuzzReadPass: what is read is written the same; nothing else is read.
func FuzzReadPass(f *testing.F) {
	for _, s := range []string{(&pass{instance: 1, chain: arc.None, at: now.Unix(), sender: "abc"}).String() + ";\r\n\tmac=xyz", "t=1", "t=-1; n=0; sets=0", "t=1; n=1; sets=0; cv=pass; f=", ";;;=", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, mac := readPass(s)
		if p == nil {
			return
		}
		again, mac2 := readPass(p.String() + "; mac=" + mac)
		if len(p.String())+len(mac) < 300 && (again == nil || again.at != p.at || again.instance != p.instance || again.sets != p.sets || again.chain != p.chain || mac2 != mac) {
			t.Errorf("%q: %+v, then %+v", s, p, again)
		}
		instanceOf(message.NewField([]byte("ARC-Seal:" + s + "\r\n")))
	})
}

// TestForwardPassExpires: the field is good for five days.
func TestForwardPassExpires(t *testing.T) {
	set := forwards(t)
	s := start(t, set)
	in := s.pass(good(t, "list@ours.example"))
	later := forwards(t)
	later.Now = func() time.Time { return now.Add(6 * 24 * time.Hour) }
	if err := s.f.Change(later); err != nil {
		t.Fatal(err)
	}
	r := s.pass(mail{ip: "192.0.2.1", helo: "ours.example", from: "x@ours.example", to: []string{"c@there.example"}, raw: string(in.raw)})
	if r.event.Sealed != "" || r.event.Problems[0].ID != "dkim.no-key" {
		t.Errorf("%+v", r.event)
	}
}

// TestForwardNoKey: a missing key is a finding; mail flows.
func TestForwardNoVerdict(t *testing.T) {
	set := forwards(t)
	set.Forwarding.SealKeys = &FileKeys{}
	if r := start(t, set).pass(good(t, "x@ours.example")); r.event.Action != Accept || r.event.Problems[0].ID != "arc.cannot-seal" || strings.Contains(string(r.raw), PassField) {
		t.Errorf("%+v", r.event)
	}
	set = forwards(t)
	set.Forwarding.SealKeys = badKeys{err: fmt.Errorf("gone")}
	if r := start(t, set).pass(good(t, "x@ours.example")); r.event.Action != Accept || r.event.Problems[0].ID != "arc.cannot-seal" {
		t.Errorf("%+v", r.event)
	}
}

// TestForwardChainUndecided: a seal with cv=fail would be for good.
func TestForwardChainUndecided(t *testing.T) {
	s := start(t, forwards(t))
	m := good(t, "x@ours.example")
	m.raw = string(s.pass(m).raw)
	down := forwards(t)
	down.Resolver = dns.MustMemory(dns.Zone{"r1._domainkey.ours.example": {"SERVFAIL"}})
	if err := s.f.Change(down); err != nil {
		t.Fatal(err)
	}
	if r := s.pass(m); r.event.Sealed != "" || len(r.event.Problems) != 1 || r.event.Problems[0].ID != "arc.cannot-seal" || strings.Contains(string(r.raw), PassField) {
		t.Errorf("%+v\n%s", r.event, r.raw)
	}
}

// TestProblemsAreFindings: whatever the log names can be looked up.
func TestProblemsAreFindings(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	id := regexp.MustCompile(`problem\("([^"]+)"`)
	found := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range id.FindAllSubmatch(data, -1) {
			found++
			if _, ok := catalogue.Lookup(string(m[1])); !ok {
				t.Errorf("%s: %s is not in the catalogue", file, m[1])
			}
		}
	}
	if found < 10 {
		t.Errorf("%d problems", found)
	}
}

// TestForwardBounce: a recipient that is a rewritten sender becomes the sender; one that only looks so is refused, alone.
func TestForwardBounce(t *testing.T) {
	s := start(t, forwards(t))
	srs0, err := rewriter(t).Forward("bounce@good.example", now)
	if err != nil {
		t.Fatal(err)
	}
	forged := strings.Replace(srs0, "good.example", "evil.example", 1)
	old, _ := rewriter(t).Forward("bounce@good.example", now.Add(-30*24*time.Hour))
	m := mail{ip: "203.0.113.5", helo: "list.example", to: []string{srs0, forged, "you@ours.example", "SRS0=x@elsewhere.example", old}, raw: letter("mailer-daemon@list.example")}
	r := s.pass(m)
	from, add, del := envelope(r.mods)
	if from != "" {
		t.Errorf("the null sender of a bounce became %q", from)
	}
	if len(add) != 1 || strings.Trim(add[0], "<>") != "bounce@good.example" || len(del) != 1 || strings.Trim(del[0], "<>") != srs0 {
		t.Errorf("added %q, removed %q", add, del)
	}
	if len(r.refused) != 2 || !strings.HasPrefix(r.refused[0], "550 5.1.1 This is no") || !strings.HasPrefix(r.refused[1], "550 5.1.1 This forwarding address has expired") || r.code != foreign.ActAccept {
		t.Errorf("refused %q, %c", r.refused, r.code)
	}
	if r.event.RcptCount != 3 {
		t.Errorf("%d recipients", r.event.RcptCount)
	}

	// Who writes to such an address with a sender is forwarded like others, so that SPF does not fail at the next server; a sender of ours stays.
	for sender, want := range map[string]string{"ooo@list.example": "SRS0=", "me@ours.example": ""} {
		r := s.pass(mail{ip: m.ip, helo: m.helo, from: sender, to: []string{srs0}, raw: m.raw})
		from, add, _ := envelope(r.mods)
		from = strings.Trim(from, "<>")
		if len(add) != 1 || !strings.HasPrefix(from, want) || (from == "") != (want == "") || r.event.Sender != from || len(r.event.Problems) > 0 {
			t.Errorf("%s: sender %q, to %q, %+v", sender, from, add, r.event.Problems)
		}
	}

	// A sender that cannot be rewritten is noted once, though a copy goes to a target.
	r = start(t, forwards(t, Target{Pattern: "info@ours.example"})).pass(mail{ip: m.ip, helo: m.helo, from: strings.Repeat("x", 64) + "@list.example", to: []string{srs0, "info@ours.example"}, raw: m.raw})
	if p := r.event.Problems; len(p) != 1 || p[0].ID != "spf.sender-not-rewritten" {
		t.Errorf("%v", p)
	}

	// Mail of our own users, and of programs here, leaves with its sender to all recipients alike: this host may send for it.
	below := forwards(t)
	below.Signers = ourKeys()
	if below.Forwarding.SRS, err = srs.New(srs.Config{Domains: []string{"srs.ours.example"}, Secrets: [][]byte{[]byte("secret")}}); err != nil {
		t.Fatal(err)
	}
	home, err := below.Forwarding.SRS.Forward("bounce@good.example", now)
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]mail{"user": {ip: m.ip, user: "alice"}, "network": {ip: "192.0.2.5"}} {
		m.from, m.to, m.raw = "me@ours.example", []string{home, "x@elsewhere.example"}, letter("me@ours.example")
		r := start(t, below).pass(m)
		from, add, _ := envelope(r.mods)
		if from != "" || len(add) != 1 || r.event.Sender != "" || len(r.event.Signed) == 0 {
			t.Errorf("%s: sender %q, to %q, %+v", name, from, add, r.event)
		}
	}

	// Where the mail server has tables for it, it is left to them.
	tables := forwards(t)
	tables.Forwarding.Tables = true
	if err := s.f.Change(tables); err != nil {
		t.Fatal(err)
	}
	r = s.pass(m)
	if _, add, del := envelope(r.mods); len(add)+len(del) > 0 || len(r.refused) != 2 {
		t.Errorf("added %q, removed %q, refused %q", add, del, r.refused)
	}
}

func TestRewriteTables(t *testing.T) {
	s := start(t, forwards(t))
	out, ok := s.f.Rewrite(TableForward, "bounce@good.example")
	if !ok || !strings.HasPrefix(out, "SRS0=") {
		t.Errorf("%q, %v", out, ok)
	}
	if back, ok := s.f.Rewrite(TableReverse, out); !ok || back != "bounce@good.example" {
		t.Errorf("%q, %v", back, ok)
	}
	for _, c := range [][2]string{
		{TableForward, "me@ours.example"}, {TableForward, "@good.example"}, {TableForward, "user"}, {TableForward, ""}, {"other", out},
		{TableReverse, "me@ours.example"}, {TableReverse, strings.Replace(out, "good", "evil", 1)},
	} {
		if out, ok := s.f.Rewrite(c[0], c[1]); ok {
			t.Errorf("%v: %q", c, out)
		}
	}
	if err := s.f.Change(settings()); err != nil {
		t.Fatal(err)
	}
	if out, ok := s.f.Rewrite(TableForward, "bounce@good.example"); ok {
		t.Errorf("%q without SRS", out)
	}
}

// TestRewriteTablesLong: a sender that gets too long is left alone, which the log says.
func TestRewriteTablesLong(t *testing.T) {
	var log bytes.Buffer
	f, err := New(forwards(t), slog.New(slog.NewTextHandler(&log, nil)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if out, ok := f.Rewrite(TableForward, strings.Repeat("b", 60)+"@good.example"); ok || !strings.Contains(log.String(), "finding=spf.sender-not-rewritten") || !strings.Contains(log.String(), "at most 64") {
		t.Errorf("%q, %s", out, log.String())
	}
}

func TestForwardingSettings(t *testing.T) {
	for name, f := range map[string]*Forwarding{
		"no domain":   {SealDomain: "example"},
		"upper case":  {SealDomain: "Ours.example"},
		"only target": {Targets: []Target{{Pattern: "*"}}},
	} {
		s := settings()
		s.Forwarding = f
		if err := s.Check(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// BenchmarkSeal is a message of 10 KB on its way in: what it costs beyond verifying is two RSA operations and little more.
func BenchmarkSeal(b *testing.B) {
	raw := signed(b, letter("me@good.example")+strings.Repeat("The quick brown fox jumps over the lazy dog, and on it goes.\r\n", 160), "good.example", "g")
	m := message.Parse([]byte(raw))
	for name, set := range map[string]*Settings{"verify": settings(), "verify+seal": forwards(b)} {
		b.Run(name, func(b *testing.B) {
			set.ids = []string{us}
			for b.Loop() {
				t := &transaction{settings: set, parsed: m}
				t.event.Client.Addr, t.event.Began = netip.MustParseAddr("198.51.100.7"), now
				in := &incoming{transaction: t}
				in.begin()
				in.write(m.Body)
				res := in.run.Finish(b.Context())
				in.event.Auth = &res
				if in.sealing != nil {
					field := authenticationResults(us, &in.event, Override{})
					if _, err := in.set(in.sealing, m, nil, res.ARC, resultsOf(field)); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
	b.Run("rsa", func(b *testing.B) {
		sum := make([]byte, 32)
		for b.Loop() {
			_, _ = rsaKey().Sign(nil, sum, crypto.SHA256)
		}
	})
}
