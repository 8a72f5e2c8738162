package filter

import (
	"strings"
	"testing"

	foreign "github.com/emersion/go-milter"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/message"
)

// What Sendmail 8.17.1.9 was seen to write; "" where nothing is foretold.
var sendmailWrites = map[string]string{
	"a@b.example": "a@b.example", "<a@b.example>": "<a@b.example>", "Plain Name <a@b.example>": "Plain Name <a@b.example>",
	"O'Brien <a@b.example>": `"O'Brien" <a@b.example>`, "Dr. Foo <a@b.example>": `"Dr. Foo" <a@b.example>`, `"Dr. Foo" <a@b.example>`: `"Dr. Foo" <a@b.example>`,
	`"Foo" Bar <a@b.example>`: `"Foo" Bar <a@b.example>`, "a@b.example (O'Brien, x)": "a@b.example (O'Brien, x)", "(Comment) a@b.example": "(Comment) a@b.example",
	"Foo (comment) Bar <a@b.example>": "Foo (comment) Bar <a@b.example>", "Foo <a@b.example> (trailing)": "Foo <a@b.example> (trailing)",
	"=?utf-8?q?=E5=B1=8A?= <a@b.example>": "=?utf-8?q?=E5=B1=8A?= <a@b.example>", "\xe5\xb1\x8a <a@b.example>": "\xe5\xb1\x8a <a@b.example>",
	"Foo@Bar <a@b.example>": `"Foo@Bar" <a@b.example>`, `"Foo, Bar" <a@b.example>`: `"Foo, Bar" <a@b.example>`, "Foo [x] <a@b.example>": `"Foo [x]" <a@b.example>`,
	"Foo;Bar <a@b.example>": `"Foo;Bar" <a@b.example>`, "undisclosed-recipients:;": "undisclosed-recipients:;", "undisclosed-recipients: ;": "undisclosed-recipients: ;",
	"a@b.example,c@d.example": "a@b.example, c@d.example", "a@b.example , c@d.example": "a@b.example, c@d.example", "a@b.example,,c@d.example": "a@b.example, c@d.example", "a@b.example,": "a@b.example",
	"Foo<a@b.example>": "Foo<a@b.example>", `"Foo"<a@b.example>`: `"Foo"<a@b.example>`, `Foo\Bar <a@b.example>`: "", "Foo.Bar <a@b.example>": `"Foo.Bar" <a@b.example>`,
	"'Foo Bar' <a@b.example>": `"'Foo Bar'" <a@b.example>`, "Foo \xc3\xa9 Bar. <a@b.example>": "\"Foo \xc3\xa9 Bar.\" <a@b.example>", "a$x@b.example": "a$x@b.example",
	`"Foo \"x\" Bar" <a@b.example>`: `"Foo \"x\" Bar" <a@b.example>`, "Foo <a@b.example>, (c) d@e.example, \"x, y\" <z@w.example>": "Foo <a@b.example>, (c) d@e.example, \"x, y\" <z@w.example>",
	"Foo, Bar <a@b.example>": "", "bob": "", "Bob <bob>": "", "A <a@b.example>;B <c@d.example>": "", "a@b.example c@d.example": "", "Foo < a@b.example >": "", "<@x.example:a@b.example>": "",
	"a@localhost": "", "a@\xe5\xb1\x8a.example": "", "Foo <a@b.example.>": "", "": "", "postmaster": "", "group: a@b.example, c@d.example;": "", `"open <a@b.example>`: "", "(open a@b.example": "", "a(b)@c.example": "",
	"Foo \"x\" y. <a@b.example>": "", "a@b.example) c": "", "a@b.example(x)": "", "(x)a@b.example": "", "Foo <a@b.example>(x)": "", "Foo {x}$ <a@b.example>": "Foo {x}$ <a@b.example>", "P. Q. <e@f.example>": `"P. Q." <e@f.example>`,
}

func TestSendmailList(t *testing.T) {
	long := strings.Repeat("long", 70) + " <a@b.example>"
	sendmailWrites[long] = ""
	for in, want := range sendmailWrites {
		got, ok := sendmailList(in)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q, %t; want %q", in, got, ok, want)
		}
		if again, ok := sendmailList(got); want != "" && (!ok || again != got) {
			t.Errorf("%q: a second time %q", in, again)
		}
	}
	if got, ok := sendmailList(" a@b.example,\r\n\tFoo\r\n Bar <c@d.example>"); !ok || got != "a@b.example, Foo Bar <c@d.example>" {
		t.Errorf("%q", got)
	}
}

func FuzzSendmailList(f *testing.F) {
	for in := range sendmailWrites {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, ok := sendmailList(in)
		if !ok {
			return
		}
		if again, ok := sendmailList(got); !ok || strings.Join(strings.Fields(again), " ") != strings.Join(strings.Fields(got), " ") {
			t.Errorf("%q: %q, again %q, %t", in, got, again, ok)
		}
	})
}

// TestSignsForSendmail: what Sendmail changes after its milters were asked does not break the signature.
func TestSignsForSendmail(t *testing.T) {
	for name, macro := range map[string][2]string{"8.17": {"v", "8.17.1.9"}, "8.13": {"{if_name}", "localhost"}, "Postfix": {"v", "Postfix 3.7.11"}} {
		srv := start(t, signingSettings())
		fs, end := srv.session(wholeProtocol)
		if err := fs.Macros(foreign.CodeConn, macro[0], macro[1]); err != nil {
			t.Fatal(err)
		}
		r := srv.passOn(fs, mail{ip: "192.0.2.5", from: "a@ours.example", raw: "From: O'Me <me@ours.example>\r\nTo: x@y.example,z@y.example\r\nCc: bob\r\nBcc: secret@y.example\r\nSubject: a,b\r\n\r\nHi.\r\n"}, true)
		end()
		m := message.Parse(r.raw)
		if added := m.Count("Date")+m.Count("Message-ID") == 2; added != (name != "Postfix") {
			t.Errorf("%s: got\n%s", name, r.raw)
		}
		v := verify(r.raw, "203.0.113.1", "")
		if got := v.DKIM[0].Result == dkim.Pass; got != (name == "Postfix") {
			t.Errorf("%s: as it came %+v", name, v.DKIM[0])
		}
		if name == "Postfix" {
			continue
		}
		left := strings.NewReplacer("From: O'Me <", "From: \"O'Me\" <", "x@y.example,z@y.example", "x@y.example,\r\n        z@y.example", "Cc: bob", "Cc: bob@mail.ours.example", "Bcc: secret@y.example\r\n", "").Replace(string(r.raw))
		for _, v := range verify([]byte(left), "203.0.113.1", "").DKIM {
			if v.Result != dkim.Pass || strings.Contains(strings.ToLower(strings.Join(v.Signature.Headers, ":")), "cc") {
				t.Errorf("%s: as it leaves %+v\n%s", name, v, left)
			}
		}
	}
}

// TestSealsForSendmail: nor does it break the seal.
func TestSealsForSendmail(t *testing.T) {
	srv := start(t, forwards(t))
	fs, end := srv.session(wholeProtocol)
	defer end()
	if err := fs.Macros(foreign.CodeConn, "v", "8.17.1.9"); err != nil {
		t.Fatal(err)
	}
	m := good(t, "x@ours.example")
	m.raw = "Reply-To: friends, a@b.example (x)<y>\r\nCc: x@y.example,z@y.example\r\nReferences:" + strings.Repeat(" <a@b.example>", 90) + "\r\n" + m.raw
	r := srv.passOn(fs, m, true)
	left := strings.NewReplacer("friends, a@b.example (x)<y>", "friends@mail.ours.example, y@mail.ours.example (x)", "x@y.example,z@y.example", "x@y.example, z@y.example").Replace(string(r.raw))
	v := chainOf(t, []byte(left))
	ams, _ := message.Parse(r.raw).First("ARC-Message-Signature")
	if v.Result != arc.Pass || !strings.Contains(ams.Unfolded(), ":cc:") || strings.Contains(ams.Unfolded(), "reply-to") || strings.Contains(ams.Unfolded(), "references") ||
		len(r.event.Problems) != 1 || r.event.Problems[0].ID != "message.long-line" {
		t.Errorf("%+v, %v\n%s", v, r.event.Problems, left)
	}
}
