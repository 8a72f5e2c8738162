package reply

import (
	"strings"

	"github.com/todoku/todoku/internal/catalogue"
)

// The words of our mail. Names of fields are English in both languages: they are what
// programs look for.
var (
	textSubject = catalogue.Text{EN: "Report on your test message", JA: "テストメールのレポート"}
	textAuto    = catalogue.Text{
		EN: "This is an automatic answer to the message that you sent to {to}. Answers to it are not read.",
		JA: "{to} にお送りいただいたメールへの自動返信です。このメールに返信されても読まれません。",
	}
	textElsewhere = catalogue.Text{
		EN: "Somebody sent a message to {to}, and this address agreed to receive the reports. To receive no more of them, send any mail to {stop}.",
		JA: "{to} にメールが届きました。レポートの受け取りに同意されているアドレスにお送りしています。受け取りをやめるには、{stop} に空メールを送ってください。",
	}
	textLink = catalogue.Text{
		EN: "The whole report: {link}",
		JA: "レポートの全文: {link}",
	}
	textSummary  = catalogue.Text{EN: "Summary", JA: "まとめ"}
	textSession  = catalogue.Text{EN: "How the message came", JA: "配送の記録"}
	textFix      = catalogue.Text{EN: "What to do", JA: "すべきこと"}
	textNothing  = catalogue.Text{EN: "Nothing needs to be done.", JA: "対応が必要な項目はありません。"}
	textOriginal = catalogue.Text{EN: "Header of the message as it came", JA: "届いたメールのヘッダー"}
	textCut      = catalogue.Text{EN: "The rest is left out.", JA: "以下は省略しました。"}

	confirmSubject = catalogue.Text{EN: "Do you want reports about test mail?", JA: "テストメールのレポートを受け取りますか"}
	confirmBody    = catalogue.Text{
		EN: `Somebody (from the address {client}) sent a test message to
{to}
and asked that reports about such messages be sent to you, {address}.

Do you want them? Then, within {hours} hours, send any mail to
{confirm}
{link}
The report on this message follows then.

If you know nothing of this, do nothing. You will get no reports.
`,
		JA: `どなたか (送信元アドレス {client}) が、次の宛先にテストメールを送り、
{to}
そのレポートをこのアドレス ({address}) に送るよう求めました。

受け取る場合は、{hours} 時間以内に次の宛先へ空メールを送ってください。
{confirm}
{link}
今回のメールのレポートをお送りします。

お心当たりがなければ、何もなさらなくて結構です。レポートは送られません。
`,
	}
	confirmLink = catalogue.Text{EN: "or open\n{link}", JA: "(または次のページを開いてください)\n{link}"}
)

func say(t catalogue.Text, lang string, pairs ...string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		pairs[i] = "{" + pairs[i] + "}"
	}
	return strings.NewReplacer(pairs...).Replace(t.In(lang))
}
