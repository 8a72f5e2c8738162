package web

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/forensics"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/spf"
)

// byID finds an element of a page.
func byID(n *html.Node, id string) *html.Node {
	if got, ok := attr(n, "id"); ok && got == id {
		return n
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if found := byID(c, id); found != nil {
			return found
		}
	}
	return nil
}

// read gives the text of an element with single spaces.
func read(n *html.Node) string { return strings.Join(strings.Fields(textOf(n)), " ") }

// TestSummary: a few sentences say what a message is, each with links into the page.
func TestSummary(t *testing.T) {
	p := newPost(t)
	p.take(t, "good", "tok", p.signed(t, letterRaw), shopSession(), 0)
	raw, s := p.changedByAList(t)
	p.take(t, "list", "tok", raw, s, time.Minute)
	spoof := shopSession()
	spoof.RemoteIP = s.RemoteIP
	p.take(t, "spoof", "tok", letterRaw, spoof, 0)
	p.take(t, "pasted", "", p.signed(t, letterRaw), evidence.Session{}, 0)
	p.take(t, "unclear", "", strings.Replace(letterRaw, "From: Shop <info@shop.example>", "From: a@shop.example, b@evil.example", 1), shopSession(), 0)
	p.take(t, "unprotected", "", strings.ReplaceAll(letterRaw, "info@shop.example", "x@evil.example"), shopSession(), 0)
	for id, want := range map[string]struct{ en, ja string }{
		"good": {"The message says that it is from shop.example. It was delivered by 198.51.100.20, which is mail.shop.example. SPF passed for shop.example. DKIM passed for shop.example. DMARC passed by SPF and DKIM, for what passed belongs to the organisation of shop.example.",
			"このメールの From は shop.example です。198.51.100.20 (mail.shop.example) から届きました。 SPF は shop.example として pass です。 DKIM は shop.example として pass です。 SPF と DKIM が shop.example と同じ組織のドメインで pass になったため、DMARC は pass です。"},
		"list": {"It was delivered by 203.0.113.9, which is out.mailer.example. SPF passed for bounces.mailer.example. DKIM did not pass for shop.example: the message was changed after it was signed. DMARC failed, for what passed belongs to another organisation than shop.example, which asks receivers to reject such mail. To be fixed first:",
			"署名後にメールが変更されています。"},
		"spoof":       {"SPF did not pass (fail): shop.example does not allow this server to send. There is no DKIM signature. DMARC failed, for nothing that counts passed for shop.example, which asks receivers to reject such mail.", "DKIM 署名はありません。"},
		"pasted":      {"Which server delivered it is not known. SPF was not checked, because the envelope is not known. DKIM passed for shop.example. DMARC passed by DKIM,", "エンベロープが不明なため、SPF は確認していません。"},
		"unclear":     {"The message does not say in one way only who it is from.", "このメールからは差出人を特定できません。"},
		"unprotected": {"evil.example has no DMARC record: nothing protects its name.", "evil.example には DMARC レコードがなく、なりすましから守られていません。"},
	} {
		for lang, text := range map[string]string{"en": want.en, "ja": want.ja} {
			root := checkPage(t, p.get(t, "/r/"+id, inLanguage(lang)).Body.Bytes())
			n := byID(root, "summary")
			if n == nil {
				t.Fatalf("%s: no summary", id)
			}
			if got := read(n); !strings.Contains(got, text) {
				t.Errorf("%s %s: %s", lang, id, got)
			}
			links := 0
			count(n, "a", &links)
			if links < 4 {
				t.Errorf("%s %s: %d links", lang, id, links)
			}
		}
	}
}

// TestSummaryOfEveryVerdict: whatever SPF, DKIM and DMARC say, there is a sentence for it.
func TestSummaryOfEveryVerdict(t *testing.T) {
	for _, lang := range i18n.Langs {
		var all []sentence
		for _, r := range []spf.Result{spf.Pass, spf.Fail, spf.SoftFail, spf.Neutral, spf.None, spf.TempError, spf.PermError, ""} {
			all = append(all, summarySPF(lang, true, &spf.Verdict{Result: r, Domain: "x.example"}), summarySPF(lang, false, &spf.Verdict{Result: r}))
		}
		for _, r := range []dmarc.Result{dmarc.Pass, dmarc.Fail, dmarc.None, dmarc.PermError, dmarc.TempError, ""} {
			for _, problem := range []string{"", dmarc.ProblemMultipleRecords, dmarc.ProblemInvalidPolicy, dmarc.ProblemNoRecord} {
				for _, v := range []dmarc.Verdict{{}, {SPFChecked: true}, {SPFChecked: true, Disposition: dmarc.PolicyReject}, {SPFAligned: true}, {SPFAligned: true, DKIMAligned: true},
					{SPFChecked: true, Disposition: dmarc.PolicyReject, Identifiers: []dmarc.Alignment{{Result: "pass"}}}, {SPFChecked: true, Identifiers: []dmarc.Alignment{{Result: "pass"}}}} {
					v.Result, v.Problem, v.FromDomain = r, problem, "x.example"
					all = append(all, summaryDMARC(lang, &v))
				}
			}
		}
		for _, s := range all {
			links, text := 0, ""
			for _, p := range s {
				text += p.Text
				if p.Anchor != "" {
					links++
				}
			}
			if links == 0 || strings.Contains(text, "summary.") || strings.ContainsAny(text, "[]{}") || strings.Contains(text, "no value") {
				t.Errorf("%s: %+v", lang, s)
			}
		}
	}
}

// TestLinkedText: brackets of a value make no link.
func TestLinkedText(t *testing.T) {
	got := linked("en", "summary.spf.pass", "Domain", "[x](#evil)\x01")
	want := sentence{{"SPF", "spf"}, {" passed for `[x](#evil)" + `\x01` + "`.", ""}}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%+v", got)
	}
}

// TestTabs: every section has its label with its state, and a link that works without a script.
func TestTabs(t *testing.T) {
	p := newPost(t)
	p.take(t, "good", "tok", p.signed(t, letterRaw), shopSession(), 0)
	raw, s := p.changedByAList(t)
	p.take(t, "list", "tok", raw, s, time.Minute)
	for id, want := range map[string]map[string]string{
		"good": {"findings": "✓ fine", "auth": "✓ 4/4", "content": "✓ fine", "path": "✓ TLS 1.3", "raw": "–"},
		"list": {"findings": "✗ ", "auth": "✗ 2/4", "cards": "✗ ", "dns": "–"},
	} {
		root := checkPage(t, p.get(t, "/r/"+id).Body.Bytes())
		for tab, state := range want {
			n, panel := byID(root, "tab-"+tab), byID(root, tab)
			if n == nil || panel == nil || panel.Data != "section" {
				t.Fatalf("%s: no section %s", id, tab)
			}
			if href, _ := attr(n, "href"); href != "#"+tab || !strings.Contains(read(n), state) {
				t.Errorf("%s: the tab %s leads to %s and says %q", id, tab, href, read(n))
			}
		}
	}
}

// TestSteps: the way to the result, told for each kind of identifier.
func TestSteps(t *testing.T) {
	walk := []dmarc.Walk{
		{Domain: "a.shop.example", OrgDomain: "shop.example", Queries: []dmarc.WalkQuery{{Name: "_dmarc.a.shop.example", Outcome: "nxdomain"}, {Name: "_dmarc.shop.example", Outcome: "record"}}},
		{Domain: "mailer.example", OrgDomain: "mailer.example", Queries: []dmarc.WalkQuery{{Name: "_dmarc.mailer.example", Outcome: "nxdomain"}}},
	}
	d := dmarc.Verdict{
		Result: dmarc.Fail, FromDomain: "a.shop.example", OrgDomain: "shop.example", PolicyDomain: "shop.example", SPFChecked: true,
		Record: &dmarc.Record{Raw: "v=DMARC1; p=reject; sp=quarantine; adkim=s; t=y", P: "reject", SP: "quarantine", ADKIM: "s", Testing: true},
		Policy: "quarantine", Disposition: "none", Discovery: walk,
		Identifiers: []dmarc.Alignment{
			{Method: "spf", Domain: "mailer.example", Result: "pass", OrgDomain: "mailer.example", Mode: "relaxed"},
			{Method: "dkim", Domain: "shop.example", Result: "pass", Mode: "strict"},
			{Method: "dkim", Domain: "a.shop.example", Result: "fail", Mode: "strict", Aligned: true},
			{Method: "dkim", Domain: "", Result: "permerror", Mode: "strict"},
		},
	}
	want := []struct{ title, say, state string }{
		{"The From domain", "`a.shop.example`", ""},
		{"The policy that applies", "finds the record of `shop.example`. The organisational domain is `shop.example`", "found"},
		{"What SPF vouches for", "`mailer.example`, and SPF passes", "pass"},
		{"Does `mailer.example` belong to `a.shop.example`?", "belongs to `mailer.example`, the From domain to `shop.example`: not aligned. It does not count.", "not aligned"},
		{"What signature 1 vouches for", "`shop.example` (d=), and it is valid", "pass"},
		{"Does `shop.example` belong", "strict comparison", "not aligned"},
		{"What signature 2 vouches for", "does not pass: fail", "fail"},
		{"Does `a.shop.example` belong", "the same name: aligned. But it did not pass", "aligned"},
		{"What signature 3 vouches for", "No domain can be read", "permerror"},
		{"The result", "DMARC fails", "fail"},
		{"What the domain owner asks for", "sp=quarantine, but t=y", "none"},
	}
	got := viewSteps("en", &d)
	if len(got) != len(want) {
		t.Fatalf("%d steps: %+v", len(got), got)
	}
	for i, w := range want {
		if !strings.HasPrefix(got[i].Title, w.title) || !strings.Contains(got[i].Say, w.say) || got[i].State.Word != w.state {
			t.Errorf("step %d: %+v, want %v", i+1, got[i], w)
		}
	}
	if s := got[3]; s.Left != "mailer.example" || s.Right != "shop.example" || s.Same || len(s.Walks) != 1 || s.Walks[0].Domain != "mailer.example" {
		t.Errorf("the comparison of SPF: %+v", s)
	}
	if s := got[1]; len(s.Walks) != 1 || s.Walks[0].Domain != "a.shop.example" || s.Record == "" {
		t.Errorf("the policy: %+v", s)
	}
	for _, d := range []dmarc.Verdict{{Result: dmarc.PermError}, {Result: dmarc.None, FromDomain: "x.example"}, {Result: dmarc.TempError, FromDomain: "x.example"}, {Result: dmarc.Pass, FromDomain: "x.example"}, {}} {
		for _, lang := range i18n.Langs {
			for _, s := range viewSteps(lang, &d) {
				if s.Title == "" || s.Say == "" || strings.Contains(s.Title+s.Say, "replay.") {
					t.Errorf("%s %v: %+v", lang, d.Result, s)
				}
			}
		}
	}
}

// TestForensicsOnThePage: the octets that were signed stand beside those that came.
func TestForensicsOnThePage(t *testing.T) {
	p := newPost(t)
	raw, s := p.changedByAList(t)
	p.take(t, "list", "tok", raw, s, 0)
	for _, lang := range i18n.Langs {
		body := p.get(t, "/r/list", inLanguage(lang)).Body.String()
		root := checkPage(t, []byte(body))
		n := byID(root, "forensics")
		if n == nil {
			t.Fatal("what changed is not shown")
		}
		text := read(n)
		for _, want := range []string{
			map[string]string{"en": "0 octets were signed, 7 came in their place", "ja": "署名時 0 オクテット、受信時 7 オクテット"}[lang],
			i18n.T(lang, "forensics.new") + " [club]", i18n.T(lang, "forensics.nothing"), i18n.T(lang, "forensics.signed"), i18n.T(lang, "forensics.received"),
			`club mailing list\r\n`,
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is not in %s", lang, want, text)
			}
		}
		if !strings.Contains(body, "<ins>[club]") && !regexp.MustCompile(`<ins>5b( 63( 6c)?)?`).MatchString(body) {
			t.Errorf("%s: the octets are not marked", lang)
		}
	}
}

// TestDump: lines of octets, the differing ones apart, with what is beside them.
func TestDump(t *testing.T) {
	v := viewSide([]byte("subject:"), []byte("[é] "), []byte("M\r\n"), 8, 0)
	var b strings.Builder
	for _, r := range v.Dump {
		if r.Differs {
			b.WriteString("{" + r.Text + "}")
		} else {
			b.WriteString(r.Text)
		}
	}
	want := "000000  73 75 62 6a 65 63 74 3a  subject:\n" + "000008  {5b c3 a9 5d 20} 4d 0d 0a  {[..] }M..\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
	v = viewSide(nil, []byte("abc"), []byte("never"), 0, 900)
	if v.Cut != 900 || len(v.Text) != 1 || strings.Contains(v.Dump[len(v.Dump)-1].Text, "n") {
		t.Errorf("%+v", v)
	}
	room, many := drawnHunks, forensics.Examination{Part: forensics.Body, Outcome: forensics.Explained, Hunks: make([]forensics.Hunk, 6)}
	all := viewForensics("en", []forensics.Examination{many, many, many}, &room)
	if len(all[0].Hunks) != 6 || len(all[1].Hunks) != 6 || len(all[2].Hunks) != 0 || all[2].More != 6 {
		t.Errorf("%d places of three parts are drawn: %+v", drawnHunks-room, all[2])
	}
}
