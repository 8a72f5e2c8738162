package traffic

import (
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/store"
)

type text = catalogue.Text

// Done says what was done with a message.
func Done(e *store.MailEvent) catalogue.Text {
	if e.Paced {
		return paced
	}
	t, ok := done[e.Action]
	if !ok {
		t = done["accept"]
	}
	if Unsigned(e) {
		t.EN, t.JA = t.EN+" "+unsigned.EN, t.JA+unsigned.JA
	}
	return t
}

// Unsigned reports an outgoing message that went without a signature of ours.
func Unsigned(e *store.MailEvent) bool {
	return e.Outgoing && !e.Paced && (e.Action == "accept" || e.Action == "") && len(e.Signed) == 0
}

// Found says what authentication made of an incoming message; empty for an outgoing one.
func Found(e *store.MailEvent) catalogue.Text {
	return outcomes[e.Outcome].With("author", e.Author)
}

var paced = text{EN: "It was put off (451): its warm-up plan had no room.", JA: "ウォームアップの計画に空きがなく、一時的に断りました (451)。"}

var unsigned = text{EN: "No signature was added.", JA: "署名は付けていません。"}

var done = map[string]text{
	"accept":     {EN: "It was accepted.", JA: "受け付けました。"},
	"tag":        {EN: "It was accepted and marked (X-Todoku-Verdict).", JA: "印 (X-Todoku-Verdict) を付けて受け付けました。"},
	"quarantine": {EN: "It was accepted and marked as junk (X-Todoku-Quarantine).", JA: "迷惑メールの印 (X-Todoku-Quarantine) を付けて受け付けました。"},
	"hold":       {EN: "It is held in the mail server's own quarantine.", JA: "メールサーバーの隔離領域に保留しました。"},
	"defer":      {EN: "It was refused for now (451); the sender tries again.", JA: "一時的に断りました (451)。送信側は再送します。"},
	"reject":     {EN: "It was refused (550).", JA: "断りました (550)。"},
}

var outcomes = map[string]text{
	"ambiguous-from":   {EN: "From names no single domain, so nobody can answer for the message.", JA: "From のドメインが 1 つに定まらず、送信者を確かめられません。"},
	"dmarc-pass":       {EN: "{author} vouches for it: DMARC passes.", JA: "DMARC は pass です。{author} からのメールと確認できました。"},
	"dmarc-override":   {EN: "DMARC fails, but a rule of the table says why that does not count.", JA: "DMARC は fail ですが、ポリシー表の規則により問題としません。"},
	"dmarc-reject":     {EN: "DMARC fails: neither SPF nor DKIM speaks for {author}, which asks to refuse such mail.", JA: "DMARC は fail です。SPF でも DKIM でも {author} からのメールと確認できず、このドメインは拒否 (p=reject) を求めています。"},
	"dmarc-quarantine": {EN: "DMARC fails: neither SPF nor DKIM speaks for {author}, which asks to treat such mail with suspicion.", JA: "DMARC は fail です。SPF でも DKIM でも {author} からのメールと確認できず、このドメインは隔離 (p=quarantine) を求めています。"},
	"dmarc-none":       {EN: "DMARC fails: neither SPF nor DKIM speaks for {author}, which asks for nothing.", JA: "DMARC は fail です。SPF でも DKIM でも {author} からのメールと確認できませんが、このドメインは扱いを指定していません (p=none)。"},
	"temperror":        {EN: "The DNS did not answer what the verdict depends on.", JA: "判定に必要な DNS の応答が得られませんでした。"},
	"spf-fail":         {EN: "{author} has no DMARC record, and SPF says that the address may not send.", JA: "{author} に DMARC レコードがなく、SPF は fail です。"},
	"authenticated":    {EN: "{author} has no DMARC record; SPF or DKIM passes.", JA: "{author} に DMARC レコードはありませんが、SPF または DKIM は pass です。"},
	"unauthenticated":  {EN: "{author} has no DMARC record, and neither SPF nor DKIM passes.", JA: "{author} に DMARC レコードがなく、SPF も DKIM も pass になりません。"},
}

// What is wrong with a request.
var (
	badTime    = text{EN: "Write the time as 2026-11-26 or 2026-11-26T10:00 (UTC).", JA: "日時は 2026-11-26 または 2026-11-26T10:00 (UTC) の形で指定してください。"}
	badName    = text{EN: "This is too long for a queue ID, a Message-ID, an address or a domain.", JA: "キュー ID、Message-ID、アドレス、ドメインのいずれとしても長すぎます。"}
	nameWanted = text{EN: "Name a queue ID, a Message-ID, an address or a domain.", JA: "キュー ID、Message-ID、アドレス、ドメインのいずれかを指定してください。"}
	badDay     = text{EN: "Write the days as 2026-11-26, the first one first.", JA: "日付は 2026-11-26 の形で、開始日が終了日より後にならないように指定してください。"}
	badDomain  = text{EN: "This is not a full domain name such as example.com.", JA: "example.com のような完全なドメイン名を指定してください。"}
)
