package check_test

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/repair/paste"
	"github.com/todoku/todoku/internal/survey"
)

// hostile answers every question by what a function makes of it.
type hostile struct {
	answer func(q dns.Question) []dns.Record
	status dns.Status // of answers without records, NoData by default
	asked  *atomic.Int64
}

func (h hostile) Resolve(_ context.Context, q dns.Question) dns.Answer {
	if h.asked != nil {
		h.asked.Add(1)
	}
	a := dns.Answer{Question: q, Status: dns.NoData}
	if h.status != 0 {
		a.Status = h.status
	}
	if h.answer != nil {
		a.Records = h.answer(q)
	}
	for i := range a.Records {
		a.Records[i].Name, a.Records[i].Type = dns.CanonicalName(q.Name), q.Type
	}
	if len(a.Records) > 0 {
		a.Status = dns.Success
	}
	return a
}

func txt(s ...string) []dns.Record {
	var out []dns.Record
	for _, d := range s {
		out = append(out, dns.Record{Data: d, TTL: 60})
	}
	return out
}

func only(t dns.Type, f func(q dns.Question) []dns.Record) func(dns.Question) []dns.Record {
	return func(q dns.Question) []dns.Record {
		if q.Type == t {
			return f(q)
		}
		return nil
	}
}

func ipRecord(s string) dns.Record { return dns.Record{Addr: netip.MustParseAddr(s), Data: s, TTL: 60} }

func numbered(n int, format string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = strings.ReplaceAll(format, "#", fmt.Sprint(i))
	}
	return out
}

// everything answers each type with what makes sense and one text for TXT.
func everything(text string) func(dns.Question) []dns.Record {
	return func(q dns.Question) []dns.Record {
		switch q.Type {
		case dns.TypeA:
			return []dns.Record{ipRecord("192.0.2.1")}
		case dns.TypeAAAA:
			return []dns.Record{ipRecord("2001:db8::1")}
		case dns.TypeMX:
			return []dns.Record{{Pref: 10, Data: "mx.example.com", TTL: 60}}
		case dns.TypeTXT, dns.TypeSPF:
			return txt(text)
		default:
			return []dns.Record{{Data: "x.example.com", TTL: 60}}
		}
	}
}

var attacks = map[string]hostile{
	"wildcard":       {answer: everything("v=spf1 include:a.example.com include:b.example.com -all")},
	"wildcard-dmarc": {answer: everything("v=DMARC1; p=none; rua=mailto:a@x.example.net")},
	"wildcard-dkim":  {answer: everything("v=DKIM1; p=AAAA")},
	"wildcard-sts":   {answer: everything("v=STSv1; id=1")},
	"fan-out": {answer: only(dns.TypeTXT, func(q dns.Question) []dns.Record {
		return txt("v=spf1 " + strings.Join(numbered(60, "include:#."+q.Name), " "))
	})},
	"spf-100k-terms": {answer: only(dns.TypeTXT, func(dns.Question) []dns.Record { return txt("v=spf1" + strings.Repeat(" a", 32_000)) })},
	"spf-ip4": {answer: only(dns.TypeTXT, func(dns.Question) []dns.Record {
		return txt("v=spf1 " + strings.Join(numbered(4500, "ip4:10.1.1.1/#"), " "))
	})},
	"spf-good-ip4": {answer: only(dns.TypeTXT, func(dns.Question) []dns.Record {
		return txt("v=spf1 " + strings.Repeat("ip4:192.0.2.1 ", 4500) + "-all")
	})},
	"spf-ip4-distinct": {answer: only(dns.TypeTXT, func(dns.Question) []dns.Record {
		var b strings.Builder
		for i := range 4000 {
			fmt.Fprintf(&b, " ip4:8.%d.%d.0/24", i/250, i%250)
		}
		return txt("v=spf1" + b.String() + " -all")
	})},
	"spf-includes": {answer: only(dns.TypeTXT, func(dns.Question) []dns.Record {
		return txt("v=spf1 " + strings.Join(numbered(4000, "include:#.example.net"), " "))
	})},
	"spf-mx": {answer: func(q dns.Question) []dns.Record {
		if q.Type == dns.TypeMX {
			return manyMX(1000)
		}
		return everything("v=spf1 " + strings.Repeat("mx ", 5000))(q)
	}},
	"1000-mx": {answer: func(q dns.Question) []dns.Record {
		if q.Type == dns.TypeMX {
			return manyMX(1000)
		}
		return nil
	}},
	"1000-txt": {answer: only(dns.TypeTXT, func(dns.Question) []dns.Record { return txt(numbered(1000, "v=spf1 include:#.example.net -all")...) })},
	"1000-dmarc": {answer: only(dns.TypeTXT, func(dns.Question) []dns.Record {
		return txt(numbered(1000, "v=DMARC1; p=none; rua=mailto:#@example.net")...)
	})},
	"3000-junk":     {answer: only(dns.TypeTXT, func(dns.Question) []dns.Record { return txt(numbered(3000, "\"v=spf1 #\"")...) })},
	"spaces":        {answer: only(dns.TypeTXT, func(dns.Question) []dns.Record { return txt("v=spf1" + strings.Repeat(" ", 64_000)) })},
	"quotes":        {answer: only(dns.TypeTXT, func(dns.Question) []dns.Record { return txt("v=spf1" + strings.Repeat("\"", 64_000)) })},
	"zero-width":    {answer: only(dns.TypeTXT, func(dns.Question) []dns.Record { return txt("v=spf1" + strings.Repeat("\u200b", 21_000)) })},
	"colons":        {answer: only(dns.TypeTXT, func(dns.Question) []dns.Record { return txt("v=spf1 include" + strings.Repeat(":", 64_000)) })},
	"no-spaces":     {answer: only(dns.TypeTXT, func(dns.Question) []dns.Record { return txt("v=spf1" + strings.Repeat("include:a.b", 5_800)) })},
	"commas":        {answer: only(dns.TypeTXT, func(dns.Question) []dns.Record { return txt("v=spf1," + strings.Repeat("ip4:1.2.3.4,", 5_300)) })},
	"many-versions": {answer: only(dns.TypeTXT, func(dns.Question) []dns.Record { return txt(strings.Repeat("v=spf1 -all ", 5_300)) })},
	"semicolons":    {answer: only(dns.TypeTXT, func(dns.Question) []dns.Record { return txt("v=DMARC1; p=none" + strings.Repeat(";", 64_000)) })},
	"dmarc-tags":    {answer: only(dns.TypeTXT, func(dns.Question) []dns.Record { return txt("v=DMARC1; p=none; " + strings.Repeat("p=none;", 9_000)) })},
	"dmarc-10k-rua": {answer: only(dns.TypeTXT, func(dns.Question) []dns.Record {
		return txt("v=DMARC1; p=none; rua=" + strings.Repeat("mailto:a@b.net,", 4_300))
	})},
	"dmarc-rua-hosts": {answer: only(dns.TypeTXT, func(dns.Question) []dns.Record {
		return txt("v=DMARC1; p=none; rua=" + strings.Join(numbered(3000, "mailto:a@#.net"), ","))
	})},
	"dmarc-near": {answer: only(dns.TypeTXT, func(dns.Question) []dns.Record {
		return txt("v=DMARC1 p=none " + strings.Repeat("rua=mailto:a@b.net ", 3000))
	})},
	"tlsrpt": {answer: only(dns.TypeTXT, func(dns.Question) []dns.Record {
		return txt("v=TLSRPTv1; rua=" + strings.Repeat("mailto:a@b.net,", 4_300))
	})},
	"sts-fields": {answer: only(dns.TypeTXT, func(dns.Question) []dns.Record { return txt("v=STSv1; " + strings.Repeat("id=1;", 12_000)) })},
	"bimi":       {answer: only(dns.TypeTXT, func(dns.Question) []dns.Record { return txt("v=BIMI1; " + strings.Repeat("l=https://a.b/;", 4_000)) })},
	"dkim-tags":  {answer: only(dns.TypeTXT, func(dns.Question) []dns.Record { return txt("v=DKIM1; " + strings.Repeat("p=AAAA;", 9_000)) })},
	"tlsa": {answer: func(q dns.Question) []dns.Record {
		if q.Type == dns.TypeTLSA {
			return txt(numbered(3000, "3 1 1 00#")...)
		}
		return everything("x")(q)
	}},
	"ns": {answer: func(q dns.Question) []dns.Record {
		if q.Type == dns.TypeNS {
			return txt(numbered(2000, "ns#.example.net")...)
		}
		return everything("x")(q)
	}},
	"ptr": {answer: func(q dns.Question) []dns.Record {
		if q.Type == dns.TypePTR {
			return txt(numbered(2000, "h#.example.net")...)
		}
		return everything("v=spf1 ip4:8.8.8.8 -all")(q)
	}},
	"addresses": {answer: func(q dns.Question) []dns.Record {
		if q.Type == dns.TypeA {
			var out []dns.Record
			for i := range 3000 {
				out = append(out, ipRecord(fmt.Sprintf("8.8.%d.%d", i/250, i%250)))
			}
			return out
		}
		return everything("v=spf1 a mx a:x.example.com -all")(q)
	}},
	"caa": {answer: only(dns.TypeCAA, func(dns.Question) []dns.Record { return txt(numbered(3000, `0 issue "ca#.example"`)...) })},
	"odd-names": {answer: func(q dns.Question) []dns.Record {
		switch q.Type {
		case dns.TypeMX, dns.TypeNS, dns.TypePTR:
			return txt("", ".", "..", "*", `\"`, `a\010b.c`, strings.Repeat("a.", 126), strings.Repeat("x", 70)+".com", "\x1b[31m", "${jndi}", "a b", "-", "[192.0.2.1]", "192.0.2.1", "localhost", "xn--", "\xff\xfe")
		case dns.TypeSOA, dns.TypeTLSA, dns.TypeCAA, dns.TypeDS, dns.TypeDNSKEY:
			return txt("", " ", "x", "0", "0 0 0 0 0 0 0", "\x1b", "a b c d e f g", "3 1", "3 1 1", "3 1 1 zz", "256 256 256 00", "99999999999999999999 1 1 00")
		}
		return nil
	}},
	"no-address": {answer: func(q dns.Question) []dns.Record { // an address record without an address
		return txt("rubbish")
	}},
	"fat-tree": {answer: func(q dns.Question) []dns.Record {
		if q.Type != dns.TypeTXT {
			return nil
		}
		if q.Name == "example.com" {
			return txt("v=spf1 "+strings.Join(numbered(60, "include:#.example.net"), " "), "v=spf1 "+strings.Join(numbered(60, "include:b#.example.net"), " "), "v=spf1 "+strings.Join(numbered(60, "include:c#.example.net"), " "))
		}
		return txt("v=spf1 " + strings.Repeat("ip4:1.2.3.4,", 5_300))
	}},
	"mute":    {},
	"nothing": {status: dns.NXDomain},
}

func manyMX(n int) []dns.Record {
	out := make([]dns.Record, n)
	for i := range out {
		out[i] = dns.Record{Pref: uint16(i % 3), Data: fmt.Sprintf("mx%d.example.net", i), TTL: 60}
	}
	return out
}

// renderAll writes a report in every form and some languages.
func renderAll(tb testing.TB, rep *check.Report, langs ...string) map[string]string {
	tb.Helper()
	out := make(map[string]string)
	for _, lang := range langs {
		var b bytes.Buffer
		if err := render.CheckJSON(&b, rep, lang); err != nil {
			tb.Fatal(err)
		}
		out["json "+lang] = b.String()
		b.Reset()
		if err := render.CheckText(&b, rep, render.TextOptions{Lang: lang, Verbose: true}); err != nil {
			tb.Fatal(err)
		}
		out["text "+lang] = b.String()
		for _, format := range []string{"html", "markdown", "sarif", "junit"} {
			b.Reset()
			w, err := render.NewCheckWriter(format, lang, "0")
			if err != nil {
				tb.Fatal(err)
			}
			if err := w.Begin(&b); err != nil {
				tb.Fatal(err)
			}
			if err := w.Report(&b, rep); err != nil {
				tb.Fatal(err)
			}
			if err := w.End(&b); err != nil {
				tb.Fatal(err)
			}
			out[format+" "+lang] = b.String()
		}
	}
	return out
}

// TestAttackZones checks domains whose DNS does its worst: no panic, at most
// survey.MaxQueries questions, and no work without end.
func TestAttackZones(t *testing.T) {
	for name, h := range attacks {
		t.Run(name, func(t *testing.T) {
			h.asked = new(atomic.Int64)
			o := options
			o.Survey.IPs = []netip.Addr{netip.MustParseAddr("8.8.8.8"), netip.MustParseAddr("2001:4860::1")}
			o.Survey.Selectors = numbered(50, "s#")
			start := time.Now()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			rep := check.Run(t.Context(), h, domain("example.com"), o)
			looked := time.Since(start)
			rep.Paste(paste.Forms, "en")
			pasted := time.Since(start)
			size := 0
			for _, s := range renderAll(t, rep, "en") {
				size += len(s)
			}
			runtime.ReadMemStats(&after)
			t.Logf("%d questions, look %v, paste %v, all %v, %d findings, %d KB rendered, %d MB allocated", h.asked.Load(), looked.Round(time.Millisecond), pasted.Round(time.Millisecond), time.Since(start).Round(time.Millisecond), len(rep.Findings), size/1024, (after.TotalAlloc-before.TotalAlloc)>>20)
			if n := h.asked.Load(); n > survey.MaxQueries {
				t.Errorf("%d questions", n)
			}
			// A quadratic text of 64 KB in twelve renderings shows here.
			if size > 100<<20 {
				t.Errorf("%d octets rendered", size)
			}
		})
	}
}

// TestAttackInvention: a resolver that leads every name to its own page, and has nothing
// else, is not believed: no pass, no fail, and the reason is said.
func TestAttackInvention(t *testing.T) {
	portal := hostile{answer: only(dns.TypeA, func(dns.Question) []dns.Record { return []dns.Record{ipRecord("203.0.113.9")} })}
	o := options
	o.Survey.IPs = []netip.Addr{netip.MustParseAddr("192.0.2.25")}
	o.Survey.Selectors = []string{"s1"}
	for _, target := range []check.Target{domain("example.com"), domain("www.example.com"), {Text: "192.0.2.25", Kind: check.KindIP, IP: o.Survey.IPs[0]}} {
		rep := check.Run(t.Context(), portal, target, o)
		for _, f := range rep.Findings {
			if f.Status == catalogue.Pass || f.Status == catalogue.Fail || f.Status == catalogue.Warn {
				t.Errorf("%s: %s is %s", target.Text, f.ID, f.Status)
			}
		}
		if !rep.Blind() {
			t.Errorf("%s: the verdict is not open", target.Text)
		}
		if target.Domain != "" && rep.Findings[0].ID != "dns.resolver-lies" {
			t.Errorf("%s: the first finding is %s", target.Text, rep.Findings[0].ID)
		}
	}
	// Where it has records of the domain, or says that there is none, it is believed.
	for _, status := range []dns.Status{dns.NoData, dns.NXDomain} {
		half := hostile{status: status, answer: func(q dns.Question) []dns.Record {
			if q.Type == dns.TypeA {
				return []dns.Record{ipRecord("203.0.113.9")}
			}
			if q.Type == dns.TypeTXT && q.Name == "example.com" && status == dns.NoData {
				return txt("v=spf1 -all")
			}
			return nil
		}}
		if rep := check.Run(t.Context(), half, domain("example.com"), options); rep.Blind() {
			t.Errorf("%s: not believed", status)
		}
	}
}

// TestAttackFailure: a resolver that fails, in every way, gives no pass and no fail.
func TestAttackFailure(t *testing.T) {
	for _, status := range []dns.Status{dns.ServFail, dns.Refused, dns.Timeout, dns.Malformed} {
		for _, target := range []check.Target{domain("example.com"), {Text: "8.8.8.8", Kind: check.KindIP, IP: netip.MustParseAddr("8.8.8.8")}} {
			rep := check.Run(t.Context(), hostile{status: status}, target, options)
			for _, f := range rep.Findings {
				if f.Status == catalogue.Pass || f.Status == catalogue.Fail || f.Status == catalogue.Warn {
					t.Errorf("%s, %s: %s is %s", status, target.Text, f.ID, f.Status)
				}
			}
			if !rep.Blind() {
				t.Errorf("%s: not blind", status)
			}
		}
	}
}

// evilText is what a terminal, a page or a reader obeys, and no record needs.
const evilText = "\x1b[31m\x1b]0;x\x07\u202e\u200b\u2028\x9b\x7f\r\n::error::x <script>alert(1)</script> `x` $(id) ${x} \"'"

// TestAttackText: whatever the records hold, what people read has no control in it.
func TestAttackText(t *testing.T) {
	texts := []string{
		"v=spf1 " + evilText + " -all", "v=spf1 include:" + evilText + ".example -all", "v=spf1 include:a" + strings.Fields(evilText)[0] + ".example exists:%{i}." + strings.Fields(evilText)[0] + " ~all",
		"v=DMARC1; p=none; rua=mailto:a@b" + evilText + ".net; x=" + evilText, "v=DMARC1; p=" + evilText, "v=DMARC1; p=reject; rua=mailto:a@x\nupdate.example.net",
		"v=DKIM1; k=" + evilText + "; p=" + evilText, "v=DKIM1; p=; n=" + evilText, "v=STSv1; id=" + evilText, "v=TLSRPTv1; rua=mailto:" + evilText + "@x.net",
		"v=BIMI1; l=https://" + evilText + "/; a=" + evilText, "\"v=spf1 -all\"" + evilText, evilText,
		"v=spf1 redirect=" + evilText, "spf2.0/pra " + evilText, "v=TLSRPTv1; rua=mailto:a@b\x1b.net,https://\x1b[31m.net/",
	}
	names := []string{"a" + evilText + ".example.net", "\x1b[31m.example.com", "mail.example.com\u202e", "x\n10 y.example.net", "${x}.example.net"}
	for i, text := range texts {
		h := hostile{answer: func(q dns.Question) []dns.Record {
			switch q.Type {
			case dns.TypeTXT, dns.TypeSPF:
				return txt(text)
			case dns.TypeA:
				return []dns.Record{ipRecord("8.8.8.8")}
			case dns.TypeAAAA:
				return nil
			}
			var out []dns.Record
			for p, name := range names {
				out = append(out, dns.Record{Pref: uint16(p), Data: name, TTL: 60})
			}
			return out
		}}
		o := options
		o.Survey.IPs = []netip.Addr{netip.MustParseAddr("8.8.8.8")}
		o.Survey.Selectors = []string{"s1"}
		rep := check.Run(t.Context(), h, domain("example.com"), o)
		rep.Paste(paste.Forms, "en")
		for form, s := range renderAll(t, rep, "en", "ja") {
			if strings.HasPrefix(form, "sarif") || strings.HasPrefix(form, "json") {
				if strings.ContainsAny(s, "\x1b\x07\x7f\r") {
					t.Errorf("%d, %s: a raw control", i, form)
				}
				continue
			}
			if at := strings.IndexFunc(s, func(r rune) bool {
				return r < ' ' && r != '\n' || r == 0x7f || r >= 0x80 && r < 0xa0
			}); at >= 0 {
				t.Errorf("%d, %s: %q", i, form, s[max(0, at-60):min(len(s), at+20)])
			}
			if !strings.HasPrefix(form, "junit") && strings.ContainsAny(s, "\u202e\u200b\u2028") {
				at := strings.IndexAny(s, "\u202e\u200b\u2028")
				t.Errorf("%d, %s: hides: %q", i, form, s[max(0, at-60):min(len(s), at+20)])
			}
			if strings.HasPrefix(form, "html") && strings.Contains(s, "<script") {
				t.Errorf("%d, %s: a script", i, form)
			}
			for line := range strings.SplitSeq(s, "\n") {
				if strings.HasPrefix(line, "::error") {
					t.Errorf("%d, %s: a line of its own: %q", i, form, line)
				}
			}
		}
	}
}

// slow answers after a while that differs from question to question and from run to run.
type slow struct {
	next dns.Resolver
	seed uint64
}

func (s slow) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	h := s.seed
	for _, c := range []byte(q.Name) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	select {
	case <-time.After(time.Duration((h^uint64(q.Type))%2000) * time.Microsecond):
	case <-ctx.Done():
	}
	return s.next.Resolve(ctx, q)
}

// TestAttackOrder: what is said does not depend on which answer came first.
func TestAttackOrder(t *testing.T) {
	o := options
	o.Survey.IPs = []netip.Addr{netip.MustParseAddr("8.8.8.8"), netip.MustParseAddr("8.8.4.4")}
	o.Survey.Selectors = []string{"s1", "s2"}
	for _, name := range []string{"wildcard", "fan-out", "odd-names", "ptr", "mute", "addresses", "1000-mx"} {
		want := make(map[string]string)
		for seed := range uint64(3) {
			rep := check.Run(t.Context(), slow{attacks[name], seed}, domain("example.com"), o)
			rep.Paste(paste.Forms, "en")
			for form, s := range renderAll(t, rep, "en", "ja") {
				if strings.HasPrefix(form, "text") { // verbose: the answers, in the order in which they came
					continue
				}
				if want[form] == "" {
					want[form] = s
				}
				if s != want[form] {
					at := 0
					for at < min(len(s), len(want[form])) && s[at] == want[form][at] {
						at++
					}
					t.Errorf("%s, %s differs:\n%s\n%s", name, form, s[max(0, at-200):min(len(s), at+100)], want[form][max(0, at-200):min(len(want[form]), at+100)])
				}
			}
		}
	}
}
