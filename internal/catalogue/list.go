package catalogue

var listEntries = []Entry{
	{
		ID: "list.one-click", Status: Pass, Rank: rankHygiene,
		Title:  Text{"One-click unsubscription is offered, and covered by a valid DKIM signature", "ワンクリック配信停止に対応し、有効な DKIM 署名で保護されています"},
		Detail: Text{"Both fields of RFC 8058 are there. Whether the address answers is seen only by a request to it.", "RFC 8058 の 2 つのヘッダーがあります。停止用の URL が機能するかどうかは、実際にアクセスしなければわかりません。"},
		Refs:   []string{"RFC 8058 section 3.1", "RFC 8058 section 4"},
	},
	{
		ID: "list.one-click-missing", Status: Info, Rank: rankHygiene,
		Title:  Text{"One-click unsubscription is not complete", "ワンクリック配信停止の設定が完全ではありません"},
		Detail: Text{"It takes List-Unsubscribe with exactly one https address and `List-Unsubscribe-Post: List-Unsubscribe=One-Click`. Gmail demands it of senders of more than 5,000 marketing messages a day; without it there is no unsubscribe button and no help from Gmail.", "https のアドレスを 1 つだけ含む List-Unsubscribe と、`List-Unsubscribe-Post: List-Unsubscribe=One-Click` の両方が必要です。Gmail は 1 日 5,000 通を超える宣伝メールの送信者に必須としており、ないと配信停止ボタンが表示されず、Gmail のサポートも受けられません。"},
		Fix:    Text{"Add both fields, let the address accept a POST without login or redirect, and sign both with DKIM.", "両方のヘッダーを付け、URL がログインやリダイレクトなしで POST を受け付けるようにし、両方を DKIM の署名対象に含めてください。"},
		Refs:   []string{"RFC 8058 section 3.1", "https://support.google.com/a/answer/14229414"},
	},
	{
		ID: "list.one-click-unsigned", Status: Warn, Rank: rankMechanism,
		Title:  Text{"The fields of one-click unsubscription are not covered by a valid DKIM signature", "ワンクリック配信停止のヘッダーが、有効な DKIM 署名で保護されていません"},
		Detail: Text{"Receivers must ignore them then, for anybody could have put them there: the unsubscribe button does not appear.", "第三者が追加したものかもしれないため、受信側はこれらのヘッダーを無視します。配信停止ボタンは表示されません。"},
		Fix:    Text{"Sign List-Unsubscribe and List-Unsubscribe-Post: add both to the signed fields (h=) of the DKIM signer.", "DKIM の署名対象 (h=) に List-Unsubscribe と List-Unsubscribe-Post の両方を加えてください。"},
		Refs:   []string{"RFC 8058 section 4"},
	},
	{
		ID: "list.mailto-only", Status: Info, Rank: rankHygiene,
		Title:  Text{"Unsubscription works by mail only", "配信停止の手段がメール (mailto) だけです"},
		Detail: Text{"Yahoo accepts that; Gmail demands the https form with one click (RFC 8058) of those who send marketing mail in bulk.", "Yahoo では認められますが、Gmail は宣伝メールの大量送信者に https によるワンクリック方式 (RFC 8058) を必須としています。"},
		Fix:    Text{"Add an https address and List-Unsubscribe-Post.", "https のアドレスと List-Unsubscribe-Post を加えてください。"},
		Refs:   []string{"RFC 8058", "https://support.google.com/a/answer/14229414", "https://senders.yahooinc.com/best-practices"},
	},
	{
		ID: "list.unsubscribe-missing", Status: Warn, Rank: rankHygiene,
		Title:  Text{"The message shows signs of bulk mail, but has no List-Unsubscribe", "大量配信メールの特徴がありますが、List-Unsubscribe ヘッダーがありません"},
		Detail: Text{"Who cannot unsubscribe marks as spam. Gmail, Yahoo and Microsoft ask for it on subscribed mail. For a single notice or receipt it is not needed.", "配信を停止できない受信者は、迷惑メールとして報告します。Gmail、Yahoo、Microsoft は購読メールに必須としています。個別の通知や領収書には不要です。"},
		Fix:    Text{"Add List-Unsubscribe with an https address, and List-Unsubscribe-Post.", "https のアドレスを含む List-Unsubscribe と、List-Unsubscribe-Post を付けてください。"},
		Refs:   []string{"RFC 2369 section 3.2", "RFC 8058", "https://support.google.com/a/answer/81126"},
	},
	{
		ID: "list.unsubscribe-invalid", Status: Warn, Rank: rankReading,
		Title:  Text{"List-Unsubscribe cannot be read", "List-Unsubscribe ヘッダーを解釈できません"},
		Detail: Text{"Receivers then offer no unsubscribe button, and the reader's next choice is the spam button.", "受信側に配信停止ボタンが表示されず、受信者が迷惑メールとして報告しやすくなります。"},
		Fix:    Text{"Write one field with addresses in angle brackets and commas between them: `<https://example.com/u?id=1>, <mailto:u@example.com>`.", "ヘッダーを 1 つにし、`<https://example.com/u?id=1>, <mailto:u@example.com>` のようにアドレスを山括弧で囲み、コンマで区切ってください。"},
		Refs:   []string{"RFC 2369 section 2"},
	},
	{
		ID: "list.visible-unsubscribe", Status: Pass, Rank: rankHygiene,
		Title:  Text{"The text says how to unsubscribe", "本文に配信停止の案内があります"},
		Detail: Text{"A link or words for it were found. Whether people find it is for people to judge.", "配信停止のリンクまたは案内の文が見つかりました。わかりやすいかどうかは人が判断してください。"},
		Refs:   []string{"https://support.google.com/a/answer/81126"},
	},
	{
		ID: "list.no-visible-unsubscribe", Status: Info, Rank: rankHygiene,
		Title:  Text{"No unsubscribe link was found in the text", "本文に配信停止のリンクが見つかりません"},
		Detail: Text{"Gmail, Yahoo and, for advertising, the law of Japan and other countries ask for a way to unsubscribe that is seen in the message. Only common words in some languages were looked for.", "Gmail や Yahoo のほか、広告メールでは日本の特定電子メール法などの法令でも、本文での配信停止の案内が求められます。主な言語の一般的な語だけを探しています。"},
		Fix:    Text{"Put a plain link to unsubscribe into the text.", "本文に、わかりやすい配信停止のリンクを入れてください。"},
		Refs:   []string{"https://support.google.com/a/answer/81126", "https://senders.yahooinc.com/best-practices"},
	},
	{
		ID: "list.id-syntax", Status: Info, Rank: rankHygiene,
		Title:  Text{"List-Id is not of its form", "List-Id の書式が正しくありません"},
		Detail: Text{"Filters and mail programs sort lists by it, and cannot here.", "振り分けに使われるヘッダーですが、この書式では認識されません。"},
		Fix:    Text{"Write `List-Id: Name <list.example.com>`.", "`List-Id: 名前 <list.example.com>` の形で書いてください。"},
		Refs:   []string{"RFC 2919 section 3"},
	},
}
