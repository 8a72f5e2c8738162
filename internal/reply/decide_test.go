package reply

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/mailauth"
	"github.com/todoku/todoku/message"
	"github.com/todoku/todoku/spf"
)

var ours = Addresses{Local: "check-auth", Domain: "todoku.example"}

func TestAddresses(t *testing.T) {
	token := store.NewID()
	for local, want := range map[string]struct {
		purpose Purpose
		holds   string
	}{
		"check-auth":                                    {Test, ""},
		"Check-AUTH":                                    {Test, ""},
		"check-auth+tag":                                {Test, ""},
		"check-auth-user=example.com":                   {Elsewhere, "user@example.com"},
		"check-auth-User+x=y=Example.com":               {Elsewhere, "User+x=y@Example.com"},
		"check-auth-confirm-" + token:                   {Confirm, token},
		"check-auth-stop-" + strings.ToUpper(token):     {Stop, token},
		"check-auth-report":                             {Sender, ""},
		"check-auth-confirm-short":                      {None, ""},
		"check-auth-confirm-" + strings.Repeat("$", 24): {None, ""},
		"check-authx":                                   {None, ""},
		"check-auth-":                                   {None, ""},
		"check-auth-=":                                  {None, ""},
		"check-auth-user=localhost":                     {None, ""},
		"check-auth-user=[192.0.2.1]":                   {None, ""},
		"check-auth-a b=example.com":                    {None, ""},
		"check-auth-a\r\nb=example.com":                 {None, ""},
		"check-auth-a>b=example.com":                    {None, ""},
		"check-auth-a@b=example.com":                    {None, ""},
		"check":                                         {None, ""},
		"":                                              {None, ""},
	} {
		if p, holds := ours.Parse(local); p != want.purpose || holds != want.holds {
			t.Errorf("%q: %v %q, want %v %q", local, p, holds, want.purpose, want.holds)
		}
	}
}

// question is a message that gets an answer.
func question(change func(in *Input), fields ...string) Input {
	in := Input{
		Addresses: ours, Own: []string{"mx.other.example"}, Source: "smtp",
		Session: evidence.Session{Observed: true, HasMailFrom: true, MailFrom: "me@sender.example", RemoteIP: netip.MustParseAddr("192.0.2.1"), Recipients: []string{"check-auth@todoku.example"}},
		Message: message.Parse([]byte("From: me@sender.example\r\n" + strings.Join(append(fields, ""), "\r\n") + "\r\nx\r\n")),
		Auth:    mailauth.Result{SPFChecked: true, SPF: spf.Verdict{Result: spf.Pass, Identity: spf.MailFrom, Domain: "sender.example"}},
	}
	if change != nil {
		change(&in)
	}
	return in
}

func TestWhoGetsAReply(t *testing.T) {
	from := func(address string) func(*Input) { return func(in *Input) { in.Session.MailFrom = address } }
	to := func(address string) func(*Input) {
		return func(in *Input) { in.Session.Recipients = []string{address} }
	}
	noSPF := func(in *Input) { in.Auth.SPF.Result = spf.Fail }
	signedBy := func(d string, r dkim.Result) func(*Input) {
		return func(in *Input) {
			noSPF(in)
			in.Auth.DKIM = []dkim.Verdict{{Result: dkim.Fail}, {Result: r, Signature: &dkim.Signature{Domain: d}}}
		}
	}
	for name, test := range map[string]struct {
		in  Input
		why Why
	}{
		"SPF passes":                       {question(nil), ""},
		"with a tag":                       {question(to("Check-Auth+x@todoku.example")), ""},
		"root of a host":                   {question(from("root@host.sender.example")), ""},
		"handed over by LMTP":              {question(func(in *Input) { in.Source = "lmtp" }), ""},
		"Auto-Submitted: no":               {question(nil, "Auto-Submitted: no"), ""},
		"Precedence: first-class":          {question(nil, "Precedence: first-class"), ""},
		"an answer to somebody else":       {question(nil, "In-Reply-To: <1@sender.example>"), ""},
		"DKIM of the sender's domain":      {question(signedBy("sender.example", dkim.Pass)), ""},
		"DKIM of the domain above":         {question(func(in *Input) { from("a@news.sender.example")(in); signedBy("sender.example", dkim.Pass)(in) }), ""},
		"a long way":                       {question(nil, "Received: from a by b; x"), ""},
		"pasted":                           {question(func(in *Input) { in.Source = "paste" }), NotAsked},
		"to a mailbox":                     {question(to("1234567890abc@todoku.example")), NotAsked},
		"to our sender":                    {question(to("check-auth-report@todoku.example")), NotAsked},
		"no envelope":                      {question(func(in *Input) { in.Session.HasMailFrom = false }), NotAsked},
		"the null path":                    {question(from("")), NullPath},
		"Return-Path says so":              {question(nil, "Return-Path: <>"), NullPath},
		"our own domain":                   {question(from("me@todoku.example")), OurOwn},
		"below our own domain":             {question(from("me@a.TODOKU.example")), OurOwn},
		"our host":                         {question(from("me@mx.other.example")), OurOwn},
		"like our own domain":              {question(from("me@nottodoku.example")), ""},
		"quoted":                           {question(from(`"a b"@sender.example`)), OddAddress},
		"an address literal":               {question(from("a@[192.0.2.1]")), OddAddress},
		"not ASCII":                        {question(from("利用者@sender.example")), OddAddress},
		"a single label":                   {question(from("a@localhost")), OddAddress},
		"control octets":                   {question(from("a\r\nRCPT TO:<b@c.example>@sender.example")), OddAddress},
		"mailer-daemon":                    {question(from("MAILER-DAEMON@sender.example")), Program},
		"postmaster":                       {question(from("postmaster@sender.example")), Program},
		"no-reply":                         {question(from("no-reply@sender.example")), Program},
		"do_not_reply":                     {question(from("Do_Not_Reply@sender.example")), Program},
		"noreply with a tag":               {question(from("noreply+123@sender.example")), Program},
		"bounces":                          {question(from("bounces+1=x.example@sender.example")), Program},
		"the owner of a list":              {question(from("owner-list@sender.example")), Program},
		"the requests of a list":           {question(from("list-request@sender.example")), Program},
		"another checker":                  {question(from("check-auth@checker.example")), Program},
		"RFC 3834: auto-replied":           {question(nil, "Auto-Submitted: auto-replied"), AutoSubmitted},
		"RFC 3834: auto-generated":         {question(nil, "Auto-Submitted: Auto-Generated; x=y"), AutoSubmitted},
		"RFC 3834: something else":         {question(nil, "Auto-Submitted: auto-notified"), AutoSubmitted},
		"Exchange says no":                 {question(nil, "X-Auto-Response-Suppress: DR, AutoReply"), AutoSubmitted},
		"a notification with a sender":     {question(nil, "Content-Type: multipart/report; boundary=x"), AutoSubmitted},
		"bulk":                             {question(nil, "Precedence: bulk"), Bulk},
		"list":                             {question(nil, "Precedence: List"), Bulk},
		"junk":                             {question(nil, "precedence:junk"), Bulk},
		"List-Id":                          {question(nil, "List-Id: <l.sender.example>"), List},
		"List-Unsubscribe":                 {question(nil, "List-Unsubscribe: <https://sender.example/u>"), List},
		"our field":                        {question(nil, "X-Todoku-Report: 123"), Loop},
		"X-Loop":                           {question(nil, "X-Loop: check-auth@todoku.example"), Loop},
		"it answers our report":            {question(nil, "In-Reply-To: <todoku-report.123@todoku.example>"), Loop},
		"in the thread of our report":      {question(nil, "References: <1@sender.example>\r\n <todoku-report.123@Todoku.example>"), Loop},
		"SPF fails":                        {question(noSPF), Unauthenticated},
		"SPF is soft":                      {question(func(in *Input) { in.Auth.SPF.Result = spf.SoftFail }), Unauthenticated},
		"SPF of the HELO name":             {question(func(in *Input) { in.Auth.SPF.Identity = spf.HELO }), Unauthenticated},
		"SPF not checked":                  {question(func(in *Input) { in.Auth.SPFChecked = false }), Unauthenticated},
		"DKIM of a stranger":               {question(signedBy("other.example", dkim.Pass)), Unauthenticated},
		"DKIM fails":                       {question(signedBy("sender.example", dkim.Fail)), Unauthenticated},
		"DKIM of the public suffix":        {question(signedBy("example", dkim.Pass)), Unauthenticated},
		"elsewhere":                        {question(to("check-auth-user=other.example@todoku.example")), Unconfirmed},
		"elsewhere, SPF fails":             {question(func(in *Input) { to("check-auth-user=other.example@todoku.example")(in); noSPF(in) }), Unconfirmed},
		"elsewhere is here":                {question(to("check-auth-user=todoku.example@todoku.example")), OurOwn},
		"elsewhere is a program":           {question(to("check-auth-mailer-daemon=other.example@todoku.example")), Program},
		"elsewhere, from a program":        {question(to("check-auth-user=other.example@todoku.example"), "Auto-Submitted: auto-replied"), AutoSubmitted},
		"elsewhere, a notification":        {question(func(in *Input) { to("check-auth-user=other.example@todoku.example")(in); from("")(in) }), NullPath},
		"an agreement":                     {question(to("check-auth-confirm-" + store.NewID() + "@todoku.example")), ""},
		"an agreement as an answer":        {question(to("check-auth-confirm-"+store.NewID()+"@todoku.example"), "In-Reply-To: <todoku-report.1@todoku.example>"), ""},
		"an agreement, whoever sends it":   {question(func(in *Input) { to("check-auth-confirm-" + store.NewID() + "@todoku.example")(in); noSPF(in) }), ""},
		"an agreement of an autoresponder": {question(to("check-auth-confirm-"+store.NewID()+"@todoku.example"), "In-Reply-To: <todoku-report.1@todoku.example>", "Auto-Submitted: auto-replied"), AutoSubmitted},
	} {
		d := decide(test.in)
		if d.Why != test.why {
			t.Errorf("%s: %q, want %q", name, d.Why, test.why)
		}
		if d.Why == "" && d.Token == "" && d.To != test.in.Session.MailFrom {
			t.Errorf("%s: to %q", name, d.To)
		}
	}
}

func TestLanguage(t *testing.T) {
	for name, test := range map[string]struct{ header, body, want string }{
		"English":                   {"Subject: hello", "Hello", "en"},
		"Content-Language":          {"Content-Language: ja", "Hello", "ja"},
		"Content-Language is first": {"Content-Language: en-GB\r\nSubject: =?iso-2022-jp?B?GyRCRjwbKEI=?=", "こんにちは", "en"},
		"Accept-Language":           {"Accept-Language: ja-JP, en-US;q=0.5", "Hello", "ja"},
		"Accept-Language of others": {"Accept-Language: fr, de", "Bonjour", "en"},
		"a charset in the subject":  {"Subject: =?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=", "Hello", "ja"},
		"a charset of the body":     {"Content-Type: text/plain; charset=Shift_JIS", "x", "ja"},
		"kana in the subject":       {"Subject: =?utf-8?B?44OG44K544OI?=", "x", "ja"},
		"kana in the raw body":      {"Subject: x", "テスト", "ja"},
		"kana in a base64 body":     {"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64", "44OG44K544OI", "ja"},
		"Chinese":                   {"Subject: =?utf-8?B?5rWL6K+V?=", "测试", "en"},
	} {
		if got := language(message.Parse([]byte(test.header + "\r\n\r\n" + test.body + "\r\n"))); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
