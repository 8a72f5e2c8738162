package judge

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/parts"
	"github.com/todoku/todoku/message"
)

const fields = "From: Shop <news@shop.example>\r\nTo: u@example.net\r\nDate: Sun, 22 Nov 2026 10:00:00 +0900\r\nMessage-ID: <1@shop.example>\r\nMIME-Version: 1.0\r\n"

const subject = "Subject: Hello\r\n"

// multipartOf puts parts, each a header and a body, between boundaries.
func multipartOf(kind string, parts ...string) string {
	return "Content-Type: multipart/" + kind + "; boundary=b\r\n\r\n--b\r\n" + strings.Join(parts, "\r\n--b\r\n") + "\r\n--b--\r\n"
}

func htmlOf(body string) string {
	return "Content-Type: text/html; charset=utf-8\r\n\r\n<html><body>" + body + "</body></html>"
}

func both(body string) string {
	return subject + multipartOf("alternative", "Content-Type: text/plain\r\n\r\nHello, the long text of this message.", htmlOf("<p>Hello, the long text of this message.</p>"+body))
}

func attachment(name string, data []byte) string {
	return subject + multipartOf("mixed", "Content-Type: text/plain\r\n\r\nSee the file.",
		"Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\""+name+"\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"+base64.StdEncoding.EncodeToString(data))
}

func zipOf(t *testing.T, name string, encrypted bool) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: name}
	if encrypted {
		h.Flags |= 1
	}
	if _, err := w.CreateHeader(h); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const (
	jis     = "\x1b$B$3$s$K$A$O\x1b(B\r\n" // こんにちは
	https   = "List-Unsubscribe: <https://shop.example/u?id=1>, <mailto:u@shop.example>\r\n"
	post    = "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
	leaving = "Content-Type: text/plain\r\n\r\nHello\r\n\r\nUnsubscribe: https://shop.example/u?id=1\r\n"
)

// contentCases are messages whole; want are the findings that are not passes.
var contentCases = []struct {
	name string
	raw  string // behind fields
	in   func(*Input)
	want []string
}{
	// Ordinary messages of many shapes: nothing to warn of.
	{name: "plain text", raw: subject + "Content-Type: text/plain; charset=us-ascii\r\n\r\nHello\r\n"},
	{name: "no MIME at all", raw: subject + "\r\nHello\r\n"},
	{name: "UTF-8 in 8bit", raw: subject + "Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nこんにちは\r\n"},
	{name: "UTF-8 in base64", raw: subject + "Content-Type: text/plain; charset=\"utf-8\"\r\nContent-Transfer-Encoding: BASE64\r\n\r\n44GT44KT44Gr44Gh44Gv\r\n"},
	{name: "ISO-2022-JP", raw: "Subject: =?ISO-2022-JP?B?GyRCJDMkcyRLJEEkTxsoQg==?=\r\nContent-Type: text/plain; charset=ISO-2022-JP\r\nContent-Transfer-Encoding: 7bit\r\n\r\n" + jis},
	{name: "Shift_JIS", raw: subject + "Content-Type: text/plain; charset=Shift_JIS\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\x82\xb1\x82\xf1\x82\xc9\r\n"},
	{name: "both forms with links", raw: both(`<a href="https://www.shop.example/x">the shop</a> <a href="https://click.shop.example/y">www.shop.example</a> <a href="mailto:a@shop.example">mail</a>`)},
	{name: "a picture and a file", raw: subject + multipartOf("mixed", "Content-Type: text/plain\r\n\r\nHello", "Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment\r\n\r\nJVBERi0=")},
	{name: "marketing mail in order", raw: subject + https + post + leaving, in: signs("From", "List-Unsubscribe", "List-Unsubscribe-Post")},
	{name: "an answer", raw: "Subject: Re: Hello\r\nIn-Reply-To: <0@example.net>\r\n\r\nyes\r\n"},
	{name: "a forwarded message", raw: "Subject: Fwd: Hello\r\n" + multipartOf("mixed", "\r\nsee below", "Content-Type: message/rfc822\r\n\r\nFrom: a@example.com\r\n\r\nx")},
	{name: "a hidden preview line", raw: both(`<div style="display:none">The best of this week` + strings.Repeat("&#847;&zwnj;&nbsp;\r\n", 200) + `</div>`)},
	{name: "an automatic answer", raw: subject + "Auto-Submitted: auto-replied\r\nPrecedence: bulk\r\n\r\nI am away.\r\n"},

	{name: "Re: without a reference", raw: "Subject: Re: your order\r\n\r\nx\r\n", want: []string{"info message.false-reply"}},
	{name: "no subject", raw: "\r\nx\r\n", want: []string{"info message.no-subject"}},
	{name: "charset not declared", raw: subject + "Content-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\n\r\nこんにちは\r\n", want: []string{"warn message.charset-undeclared"}},
	{name: "8 bits in 7bit (RFC 2045 section 6.1)", raw: subject + "Content-Type: text/plain; charset=utf-8\r\n\r\nこんにちは\r\n", want: []string{"warn message.eight-bit-body"}},
	{name: "not UTF-8", raw: subject + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nabcdefgh \x82\xb1\x82\xf1 abcdefgh\r\n", want: []string{"warn message.charset-invalid"}},
	{name: "Shift_JIS called ISO-2022-JP", raw: subject + "Content-Type: text/plain; charset=iso-2022-jp\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\x82\xb1\x82\xf1\r\n", want: []string{"warn message.iso-2022-jp"}},
	{name: "a circled digit in ISO-2022-JP", raw: subject + "Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$B-!\x1b(B\r\n", want: []string{"warn message.iso-2022-jp"}},
	{name: "half-width kana in ISO-2022-JP", raw: subject + "Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b(I1\x1b(B\r\n", want: []string{"warn message.iso-2022-jp"}},
	{name: "a line that stays in kanji (RFC 1468)", raw: subject + "Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$B$3$s\r\n", want: []string{"warn message.iso-2022-jp"}},
	{name: "an unknown charset", raw: subject + "Content-Type: text/plain; charset=klingon\r\n\r\nx\r\n", want: []string{"warn message.charset-invalid"}},
	{name: "a character split over two encoded words (RFC 2047 section 5)", raw: "Subject: =?utf-8?B?44GT44I=?= =?utf-8?B?kw==?=\r\n\r\nx\r\n", want: []string{"warn message.encoded-word"}},
	{name: "an encoded word within an address (RFC 2047 section 5)", raw: subject + "Reply-To: =?utf-8?Q?news?=@shop.example\r\n\r\nx\r\n", want: []string{"warn message.encoded-word"}},
	{name: "an encoded word over 75 characters (RFC 2047 section 2)", raw: "Subject: =?utf-8?Q?" + strings.Repeat("a", 80) + "?=\r\n\r\nx\r\n", want: []string{"info message.encoded-word-long"}},
	{name: "a multipart without boundary", raw: subject + "Content-Type: multipart/mixed\r\n\r\nx\r\n", want: []string{"warn message.mime-structure"}},
	{name: "a boundary that does not occur", raw: subject + "Content-Type: multipart/mixed; boundary=x\r\n\r\nx\r\n", want: []string{"warn message.mime-structure"}},
	{name: "no closing boundary", raw: subject + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nx\r\n", want: []string{"warn message.mime-structure"}},
	{name: "an encoded multipart (RFC 2045 section 6.4)", raw: subject + "Content-Transfer-Encoding: base64\r\n" + multipartOf("mixed", "\r\nx"), want: []string{"warn message.transfer-encoding"}},
	{name: "broken base64", raw: subject + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n@@@\r\n", want: []string{"warn message.transfer-encoding"}},
	{name: "an unknown transfer encoding", raw: subject + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: utf-8\r\n\r\nx\r\n", want: []string{"warn message.transfer-encoding"}},
	{name: "a program attached", raw: attachment("setup.exe", []byte("MZ")), want: []string{"fail message.blocked-attachment"}},
	{name: "HTML alone", raw: subject + htmlOf("<p>Hello, the long text of this message.</p>"), want: []string{"info message.html-only"}},
	{name: "plain text nearly empty", raw: subject + multipartOf("alternative", "\r\n ", htmlOf("<p>"+strings.Repeat("long text ", 30)+"</p>")), want: []string{"info message.plain-empty"}},
	{name: "images alone", raw: subject + multipartOf("alternative", "\r\nHello", htmlOf(`<img src="https://shop.example/a.png">`)), want: []string{"info message.images-only"}},
	{name: "plain text of another message", raw: subject + multipartOf("alternative", "\r\nThe weather in Kyoto is fine, leaves have turned red, and trains run often: come and see.", htmlOf("<p>Buy our medicine now at half its price; this offer ends today, only for good customers.</p>")), want: []string{"info message.plain-differs"}},
	{name: "plain text of another message, in Japanese", raw: subject + multipartOf("alternative", "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n本日の会議は十時から大会議室で開催しますのでご参集ください。", "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n<p>特別価格のお薬がいまだけ半額になりますからお急ぎのうえお求めを</p>"), want: []string{"info message.plain-differs"}},
	{name: "a script and a form", raw: both(`<script>x()</script><form action="https://shop.example/f"><a href="javascript:x()">y</a></form>`), want: []string{"info message.active-content"}},
	{name: "a link to a name of mixed scripts", raw: both(`<a href="https://xn--pypal-4ve.example/">here</a>`), want: []string{"warn message.mixed-script"}},
	{name: "a Date in the future", raw: subject + "\r\nx\r\n", in: func(in *Input) { in.Now = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC) }, want: []string{"warn message.invalid-date"}},
	{name: "a Date of a clock that was never set", raw: subject + "\r\nx\r\n", in: func(in *Input) {
		in.Message = message.Parse(bytes.Replace(in.Message.Raw, []byte("Sun, 22 Nov 2026"), []byte("Thu, 01 Jan 1970"), 1))
	}, want: []string{"warn message.invalid-date"}},
	{name: "a Date of tomorrow's time zone", raw: subject + "\r\nx\r\n", in: func(in *Input) { in.Now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }},
	{name: "ISO-2022-JP whose ESC is lost", raw: subject + "Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n" + strings.ReplaceAll(jis, "\x1b", ""), want: []string{"warn message.iso-2022-jp"}},
	{name: "ISO-2022-JP as it is in the header", raw: "Subject: " + jis + "\r\nx\r\n", want: []string{"warn message.encoded-word"}},
	{name: "an encoded word within quotes (RFC 2047 section 5)", raw: subject + "Reply-To: \"=?utf-8?B?44GT?=\" <a@shop.example>\r\n\r\nx\r\n", want: []string{"info message.encoded-word"}},
	{name: "quoted-printable with a sign that is no code (RFC 2045 section 6.7)", raw: subject + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nhttps://shop.example/?id=x\r\n", want: []string{"warn message.transfer-encoding"}},
	{name: "a zero-width space in the display name", in: from("=?utf-8?B?UGF54oCLcGFs?= <news@shop.example>"), want: []string{"warn message.display-name"}},
	{name: "the direction turned in the display name", in: from("=?utf-8?B?UGF54oCucGFs?= <news@shop.example>"), want: []string{"warn message.display-name"}},
	{name: "a Cyrillic letter in the display name", in: from("=?utf-8?B?UNCweXBhbA==?= <news@shop.example>"), want: []string{"warn message.display-name"}},
	{name: "much hidden text", raw: both(`<div style="display: none">` + strings.Repeat("hidden words\r\n", 300) + `</div>`), want: []string{"info message.hidden-content"}},
	{name: "HTML that Gmail clips", raw: both("<p>" + strings.Repeat("long text ", 90) + "</p>\r\n" + strings.Repeat("<!-- "+strings.Repeat("x", 80)+" -->\r\n", 1300)), want: []string{"info message.clipped"}},
	{name: "a link that shows another domain", raw: both(`<a href="https://evil.example/x">https://www.bank.example/login</a>`), want: []string{"info message.link-mismatch"}},
	{name: "a link to an address", raw: both(`<a href="http://192.0.2.1/x">here</a>`), want: []string{"warn message.link-address"}},
	{name: "a shortener", raw: both(`<a href="https://bit.ly/x">here</a>`), want: []string{"info message.link-shortener"}},
	{name: "a link in the clear", raw: subject + "\r\nsee http://shop.example/x.\r\n", want: []string{"info message.link-http"}},
	{name: "MIME fields without MIME-Version", raw: subject + "Content-Type: text/plain\r\n\r\nx\r\n", in: func(in *Input) {
		in.Message = message.Parse(bytes.Replace(in.Message.Raw, []byte("MIME-Version: 1.0\r\n"), nil, 1))
	}, want: []string{"info message.mime-version-missing"}},
	{name: "Feedback-ID too short", raw: subject + "Feedback-ID: a:b:c:x\r\n" + https + post + leaving, in: signs("List-Unsubscribe", "List-Unsubscribe-Post"), want: []string{"info message.feedback-id"}},
	{name: "BIMI-Selector", raw: subject + "BIMI-Selector: brand\r\n\r\nx\r\n", want: []string{"info message.bimi-selector"}},
	{name: "Auto-Submitted", raw: subject + "Auto-Submitted: yes\r\n\r\nx\r\n", want: []string{"info message.auto-submitted"}},
	{name: "a very large field", raw: subject + "X-Tracking: " + strings.Repeat(strings.Repeat("x", 70)+"\r\n ", 1000) + "x\r\n\r\nx\r\n", want: []string{"warn message.large-header"}},

	{name: "display name of another domain", in: from(`"support@bank.example" <news@shop.example>`), want: []string{"warn message.display-name-spoof"}},
	{name: "a list names the author in the display name", in: from(`"hanako@bank.example via club" <news@shop.example>`)},
	{name: "a number in the display name", in: from(`"Shop (2)" <news@shop.example>`), want: []string{"info message.display-name"}},
	{name: "a badge in the display name", in: from("=?utf-8?B?U2hvcCDinIU=?= <news@shop.example>"), want: []string{"info message.display-name"}},

	{name: "one-click without its second field", raw: subject + https + leaving, want: []string{"info list.one-click-missing"}},
	{name: "one-click with another value (RFC 8058 section 3.1)", raw: subject + https + "List-Unsubscribe-Post: one-click\r\n" + leaving, want: []string{"warn list.one-click-missing"}},
	{name: "one-click that is not signed (RFC 8058 section 4)", raw: subject + https + post + leaving, want: []string{"warn list.one-click-unsigned"}},
	{name: "one-click whose key did not come", raw: subject + https + post + leaving, in: func(in *Input) {
		in.Auth.DKIM = append(in.Auth.DKIM, signed("esp.example", dkim.TempError, "dns-timeout"))
	}, want: []string{"unknown dkim.dns-failure", "unknown list.one-click-unsigned"}},
	{name: "mailto only", raw: subject + "List-Unsubscribe: <mailto:u@shop.example?subject=unsubscribe> (by mail)\r\n" + leaving, want: []string{"info list.mailto-only"}},
	{name: "List-Unsubscribe without brackets (RFC 2369 section 2)", raw: subject + "List-Unsubscribe: https://shop.example/u\r\n" + leaving, want: []string{"warn list.unsubscribe-invalid"}},
	{name: "a list without List-Unsubscribe", raw: subject + "List-Id: Club <club.shop.example>\r\n\r\nx\r\n", want: []string{"warn list.unsubscribe-missing"}},
	{name: "Feedback-ID alone is no proof of bulk", raw: subject + "Feedback-ID: 1.ap-northeast-1.x=:AmazonSES\r\n\r\nx\r\n", want: []string{"info list.unsubscribe-missing"}},
	{name: "no way out in the text", raw: subject + https + post + "\r\nHello\r\n", in: signs("List-Unsubscribe", "List-Unsubscribe-Post"), want: []string{"info list.no-visible-unsubscribe"}},
	{name: "a List-Id that is none (RFC 2919 section 3)", raw: subject + "List-Id: club\r\n" + https + post + leaving, in: signs("List-Unsubscribe", "List-Unsubscribe-Post"), want: []string{"info list.id-syntax"}},
}

// signs lets the passing signature cover these fields.
func signs(names ...string) func(*Input) {
	return func(in *Input) { in.Auth.DKIM[0].Signature.Headers = names }
}

// from sets the From field of the good message.
func from(v string) func(*Input) {
	return func(in *Input) {
		in.Message = message.Parse([]byte(strings.Replace(good, "From: Shop <news@shop.example>", "From: "+v, 1)))
	}
}

func TestContent(t *testing.T) {
	for _, c := range contentCases {
		t.Run(c.name, func(t *testing.T) {
			in := healthy()
			in.Message = message.Parse([]byte(fields + c.raw))
			if c.in != nil {
				c.in(&in)
			}
			fs := Message(in)
			var got []string
			for _, f := range fs {
				if f.Status != catalogue.Pass {
					got = append(got, string(f.Status)+" "+f.ID)
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("findings (-want +got):\n%s%v", d, fs)
			}
			complete(t, fs)
		})
	}
}

func TestOneClickPasses(t *testing.T) {
	in := healthy()
	in.Message = message.Parse([]byte(fields + subject + https + post + leaving))
	signs("from", "list-unsubscribe", "LIST-UNSUBSCRIBE-POST")(&in)
	got := strings.Join(lines(Message(in)), "\n")
	for _, want := range []string{"pass list.one-click ", "pass list.visible-unsubscribe "} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
}

func TestArchives(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"report.zip", zipOf(t, "report.xlsx", false), ""},
		{"report.zip", zipOf(t, "report.xlsx", true), "info message.encrypted-attachment"},
		{"report.zip", zipOf(t, "report.js", false), "fail message.blocked-attachment"},
		{"report.zip", []byte("PK\x03\x04\x14\x00\x00\x00 damaged and cut short"), ""},
	} {
		in := healthy()
		in.Message = message.Parse([]byte(fields + attachment(c.name, c.data)))
		got := ""
		for _, f := range Message(in) {
			if f.Status != catalogue.Pass {
				got += string(f.Status) + " " + f.ID
			}
		}
		if got != c.want {
			t.Errorf("%q: got %q, want %q", c.data[:6], got, c.want)
		}
	}
}

// TestFreemail: who may write gmail.com into From.
func TestFreemail(t *testing.T) {
	for _, c := range []struct {
		domain string
		change func(*Input)
		want   catalogue.Status
	}{
		{"gmail.com", func(in *Input) { in.Auth.DMARC.Policy = dmarc.PolicyNone }, catalogue.Fail},
		{"gmail.com", func(in *Input) { in.Auth.DMARC.Result = dmarc.Pass }, ""},
		{"gmail.com", func(in *Input) { in.Auth.SPFChecked = false }, catalogue.Unknown},
		{"yahoo.co.jp", func(in *Input) { in.Auth.DMARC.Policy = dmarc.PolicyNone }, catalogue.Warn},
		{"yahoo.com", func(in *Input) { in.Auth.DMARC.Policy = dmarc.PolicyReject }, catalogue.Fail},
		{"gmail.com", func(in *Input) {
			in.Auth.DKIM = append(in.Auth.DKIM, signed("gmail.com", dkim.Fail, "body-hash-mismatch"))
		}, ""},
		{"shop.example", func(*Input) {}, ""},
	} {
		in := healthy()
		failing(&in)
		in.Auth.DMARC.FromDomain = c.domain
		c.change(&in)
		var got catalogue.Status
		for _, f := range Message(in) {
			if f.ID == "message.freemail-from" {
				got = f.Status
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.domain, got, c.want)
		}
	}
}

func TestMixedScript(t *testing.T) {
	for domain, want := range map[string]bool{
		"example.com": false, "xn--wgv71a119e.jp": false, // 日本語
		"xn--pple-43d.com":                           true,  // Cyrillic а, Latin pple
		"xn--e1afmkfd.com":                           false, // all Cyrillic
		"xn--80ak6aa92e.com":                         false, // all Cyrillic, which the name of a brand may imitate: not judged here
		"xn--invalid-\xff.tv":                        false,
		"xn--pple-43d." + strings.Repeat("x", 1<<20): false, // no name, and not converted
	} {
		if got := mixedScript(domain); got != want {
			t.Errorf("%s: %v", domain, got)
		}
	}
}

func TestLinkDomains(t *testing.T) {
	m := message.Parse([]byte(fields + both(`<a href="https://A.example./x">a</a><a href=" https://b.example/">b</a><a href="https://a.example/y">a</a>
		<a href="mailto:x@c.example">c</a><a href="javascript:x">d</a><a href="//e.example">e</a><area href="http://192.0.2.1:8080/">`)))
	if d := cmp.Diff([]string{"a.example", "b.example", "192.0.2.1"}, LinkDomains(m, 10)); d != "" {
		t.Error(d)
	}
	if got := LinkDomains(m, 1); len(got) != 1 {
		t.Error(got)
	}
	if LinkDomains(nil, 10) != nil {
		t.Error("links of no message")
	}
}

// Hostile structure costs no more than its bounds.
func TestContentBounds(t *testing.T) {
	nested := ""
	for range 50 {
		nested += "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
	}
	for name, raw := range map[string]string{
		"nested":     nested,
		"many parts": "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\nx\r\n", 50_000),
		"many links": htmlOf(strings.Repeat(`<a href="http://192.0.2.1/">x`, 50_000)),
		"open tags":  htmlOf(strings.Repeat(`<div style="display:none">`, 100_000)),
		"many words": "Subject: " + strings.Repeat("=?utf-8?B?44I=?= ", 5_000) + "\r\n\r\n",
	} {
		c := parts.Read(message.Parse([]byte(fields + raw)))
		if len(c.Parts) > 200 || len(c.Structure) > maxProblems {
			t.Errorf("%s: %d parts, %d problems", name, len(c.Parts), len(c.Structure))
		}
		in := healthy()
		in.Message = message.Parse([]byte(fields + raw))
		for _, f := range Message(in) {
			if len(f.Evidence) > maxProblems+5 {
				t.Errorf("%s: %s has %d pieces of evidence", name, f.ID, len(f.Evidence))
			}
		}
	}
}

func FuzzContent(f *testing.F) {
	for _, c := range contentCases {
		f.Add([]byte(fields + c.raw))
	}
	f.Add([]byte(fields + "MI}}}Version: 1\xdb\xec\x04"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		in := healthy()
		in.Message = message.Parse(raw)
		complete(t, Message(in))
		if n := len(LinkDomains(in.Message, 5)); n > 5 {
			t.Errorf("%d domains", n)
		}
	})
}

func FuzzUnsubscribe(f *testing.F) {
	f.Add("<https://a.example/u>, <mailto:b@a.example>")
	f.Add("<https://a (b) <c>>,,, <")
	f.Fuzz(func(t *testing.T, v string) {
		u := parseUnsubscribe(v)
		if len(u.https)+len(u.http)+len(u.mailto)+len(u.problems) == 0 {
			t.Errorf("%q: neither an address nor a problem", v)
		}
	})
}

// BenchmarkContent judges 10 KB of plain text and HTML; of its cost, little is not the HTML's.
func BenchmarkContent(b *testing.B) {
	in := healthy()
	in.Message = message.Parse([]byte(fields + both(strings.Repeat("<p>The quick brown fox <a href=\"https://shop.example/x\">jumps</a> over the lazy dog.</p>\r\n", 110))))
	b.SetBytes(int64(len(in.Message.Raw)))
	b.ReportAllocs()
	for b.Loop() {
		if len(Message(in)) == 0 {
			b.Fatal("no findings")
		}
	}
}
