package web

import (
	"bytes"
	"strings"
	"testing"

	"github.com/todoku/todoku/internal/parts"
	"github.com/todoku/todoku/message"
)

// TestCleaner: what is written of the HTML of a message.
func TestCleaner(t *testing.T) {
	inline := map[string]string{"logo@x": "data:image/png;base64,iVBO"}
	for _, c := range []struct{ name, in, want string }{
		{"text and tables", `<table width=10 style="color:red"><tr><td>a &amp; b &lt;c&gt;</td></tr></table>`, `<table width="10" style="color:red"><tr><td>a &amp; b &lt;c&gt;</td></tr></table>`},
		{"a script", `a<script>alert(1)</script>b<SCRIPT SRC=//x></SCRIPT>c`, `abc`},
		{"events", `<p onclick="x()" ONLOAD=y id=p>q</p>`, `<p id="p">q</p>`},
		{"a link shows where it leads", `<a href="https://evil.example/?a=1&b=2" title="https://good.example" target=_top>good.example</a>`, `<a title="https://evil.example/?a=1&amp;b=2">good.example</a>`},
		{"an image from elsewhere", `<img src="https://t.example/x.gif" alt="dot" width=1>`, `<img alt="dot" width="1">`},
		{"an image within", `<img src="cid:logo@x">`, `<img src="data:image/png;base64,iVBO">`},
		{"an image that is not there", `<img src="cid:other">`, `<img>`},
		{"data that is no image", `<img src="data:text/html,<script>">`, `<img>`},
		{"frames, forms, objects", `<iframe src=x>in</iframe><form action=x><input name=a>f</form><object data=x>o</object><embed src=x>`, `f`},
		{"meta, base, link", `<meta http-equiv=refresh content="0;url=https://x"><base href=https://x><link rel=stylesheet href=https://x>a`, `a`},
		{"vector images", `a<svg><script>alert(1)</script><image href=https://x /></svg>b<math><mi>x</mi></math>c`, `abc`},
		{"style", `<style>p{color:red}</style><p>x</p>`, `<style>p{color:red}</style><p>x</p>`},
		{"style that loads", `<style>p{background:URL(//x)}</style><style>@import "x";</style><p style="background:u\72l(x)">a<p style="background-image:image-set('x' 1x)">b`, `<p>a<p>b`},
		{"style that ends early", `<style><img src=x onerror=alert(1)></style>a`, `a`},
		{"comments", `a<!-- <script> -->b<!DOCTYPE html><?php x ?>c`, `abc`},
		{"attributes that break out", `<p title='"><script>alert(1)</script>'>x`, `<p title="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;">x`},
		{"unknown elements keep their text", `<blink>a</blink><o:p>b</o:p>`, `ab`},
		{"raw text", `<noscript><img src=x onerror=y></noscript><xmp><b></xmp><textarea></p></textarea>a`, `a`},
		{"background", `<body background="https://x"><td background=x>y</td>`, `<td>y</td>`},
		{"sources", `<img srcset="https://x 2x" longdesc=x><video poster=x src=x>v</video>`, `<img>`},
	} {
		var b bytes.Buffer
		(&cleaner{out: &b, inline: inline}).run([]byte(c.in))
		if b.String() != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, b.String(), c.want)
		}
	}
}

func FuzzCleaner(f *testing.F) {
	f.Add([]byte(`<a href=x><style>p{}</style><script>x</script><img src=cid:a onerror=x>`))
	f.Add([]byte(`<<p <svg></svg ></p / x=<style></styl`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var b bytes.Buffer
		(&cleaner{out: &b}).run(in)
		out := strings.ToLower(b.String())
		for _, bad := range []string{"<script", "<iframe", "<form", "<meta", "<link", "<base", "<object", "<svg", " onerror", " href=", " action="} {
			// Within a quoted value these letters are harmless, and there no "<" or quote is left.
			if i := strings.Index(out, bad); i >= 0 && strings.HasPrefix(bad, "<") {
				t.Errorf("%q gives %q", in, out)
			}
		}
	})
}

// TestPreview: a page of its own, under a policy that allows nothing from elsewhere.
func TestPreview(t *testing.T) {
	s := populated(t)
	raw := "From: a@example.com\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=iso-2022-jp\r\n\r\n" +
		"<p>\x1b$B$3$s$K$A$O\x1b(B</p><img src=cid:l><script>alert(1)</script>\r\n--b\r\nContent-Type: image/png\r\nContent-ID: <l>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBO\r\n--b--\r\n"
	rep := sesReport()
	rep.Message, rep.Bundle.Message = message.Parse([]byte(raw)), []byte(raw)
	s.keep("html1", "tok", rep)
	w := s.get(t, "/r/html1.preview")
	if w.Code != 200 || !strings.Contains(w.Body.String(), "<p>こんにちは</p><img src=\"data:image/png;base64,iVBO\">") || strings.Contains(w.Body.String(), "alert") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	policy := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "sandbox;", "img-src data:;", "frame-ancestors 'self'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("no %s in %s", want, policy)
		}
	}
	page := s.get(t, "/r/html1")
	checkPage(t, page.Body.Bytes())
	if !strings.Contains(page.Body.String(), `<iframe class="preview" src="/r/html1.preview" sandbox=""`) {
		t.Errorf("no preview on the page:\n%s", page.Body)
	}
	if w := s.get(t, "/r/m1.preview"); w.Code != 404 { // a message without HTML
		t.Errorf("without HTML: %d", w.Code)
	}
}

// TestSigned: which signature covers which of several fields of one name (RFC 6376 section 5.4.2).
func TestSigned(t *testing.T) {
	rep := sesReport()
	rep.Message = message.Parse([]byte("Subject: top\r\nFrom: a@example.com\r\nSubject: bottom\r\nX-Mailer: x\r\n\r\n"))
	rep.Auth.DKIM[0].Signature.Headers = []string{"from", "SUBJECT", "to"}
	got := ""
	for _, f := range viewContent("en", rep).Fields {
		got += f.Name + "=" + f.Value + " " + itoa(len(f.Signed)) + "; "
	}
	if want := "Subject=top 0; From=a@example.com 1; Subject=bottom 1; X-Mailer=x 0; "; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestInlineImages: only images that browsers draw, and not more than there is room for.
func TestInlineImages(t *testing.T) {
	part := func(kind, id string, size int) parts.Part {
		m := message.Parse([]byte("Content-ID: <" + id + ">\r\n\r\n"))
		return parts.Part{Type: kind, Fields: m.Fields, Data: make([]byte, size)}
	}
	c := &parts.Content{Parts: []parts.Part{
		part("image/png", "a", 10), part("image/svg+xml", "b", 10), part("text/html", "c", 10), part("image/gif", "d", maxInline+1),
		part("image/jpeg", "e", maxInline), part("image/jpeg", "f", maxInline), part("image/jpeg", "g", maxInline), part("image/jpeg", "h", maxInline), part("image/jpeg", "i", maxInline),
	}}
	got := ""
	images := inlineImages(c)
	for _, id := range strings.Split("abcdefghi", "") {
		if images[id] != "" {
			got += id
		}
	}
	if got != "aefg" {
		t.Errorf("%s", got)
	}
}
