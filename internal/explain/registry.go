package explain

import (
	"github.com/todoku/todoku/bounce"
	"github.com/todoku/todoku/internal/catalogue"
)

type text = catalogue.Text

// meaning is what the public registry says of a code, in our words.
type meaning struct {
	text
	// category is what such a code is usually about, "" where it may be anything.
	category string
}

// subjects are the second numbers of an enhanced code (RFC 3463 section 3).
var subjects = map[int]text{
	0: {EN: "The code does not say what it is about.", JA: "コードからは内容がわかりません。"},
	1: {EN: "The code is about the address of recipient or sender; its detail is not in the public registry.", JA: "宛先または送信者のアドレスに関するものです。"},
	2: {EN: "The code is about the recipient's mailbox; its detail is not in the public registry.", JA: "宛先のメールボックスに関するものです。"},
	3: {EN: "The code is about the receiving mail system; its detail is not in the public registry.", JA: "受信側のメールシステムに関するものです。"},
	4: {EN: "The code is about network and routing; its detail is not in the public registry.", JA: "ネットワークと配送経路に関するものです。"},
	5: {EN: "The code is about the SMTP conversation; its detail is not in the public registry.", JA: "SMTP のやり取りに関するものです。"},
	6: {EN: "The code is about the content or its format; its detail is not in the public registry.", JA: "メールの内容や形式に関するものです。"},
	7: {EN: "The code is about security or policy; its detail is not in the public registry.", JA: "セキュリティまたはポリシーに関するものです。"},
}

// enhanced are the codes of the IANA registry "SMTP Enhanced Status Codes", by their
// second and third number: RFC 3463 with RFC 4954, 5321, 6531, 6710, 7293, 7372, 7505 and 8689.
var enhanced = map[[2]int]meaning{
	{0, 0}:  {text{EN: "Nothing more is said.", JA: "詳細は示されていません。"}, ""},
	{1, 0}:  {text{EN: "Something about an address.", JA: "アドレスに関する問題です。"}, "userunknown"},
	{1, 1}:  {text{EN: "There is no such mailbox.", JA: "宛先のメールボックスが存在しません。"}, "userunknown"},
	{1, 2}:  {text{EN: "The recipient's domain does not exist or takes no mail.", JA: "宛先のドメインが存在しないか、メールを受け付けていません。"}, "domainunknown"},
	{1, 3}:  {text{EN: "The recipient's address is malformed.", JA: "宛先のアドレスの書式が正しくありません。"}, "userunknown"},
	{1, 4}:  {text{EN: "The recipient's address means more than one mailbox.", JA: "宛先のアドレスが複数のメールボックスに該当します。"}, "userunknown"},
	{1, 5}:  {text{EN: "The recipient's address is valid.", JA: "宛先のアドレスは有効です。"}, ""},
	{1, 6}:  {text{EN: "The mailbox has moved; there is no new address.", JA: "メールボックスは移動しており、転送先はありません。"}, "userunknown"},
	{1, 7}:  {text{EN: "The envelope sender is malformed.", JA: "エンベロープ送信者の書式が正しくありません。"}, "sender"},
	{1, 8}:  {text{EN: "The envelope sender's domain does not exist or cannot receive mail.", JA: "エンベロープ送信者のドメインが存在しないか、メールを受信できません。"}, "sender"},
	{1, 9}:  {text{EN: "Handed to a system that may not report what happens next.", JA: "結果を通知しない可能性のあるシステムに渡されました。"}, ""},
	{1, 10}: {text{EN: "The recipient's domain declares that it takes no mail (null MX).", JA: "宛先のドメインは、メールを受け付けないと宣言しています (null MX)。"}, "domainunknown"},

	{2, 0}: {text{EN: "Something about the mailbox.", JA: "メールボックスに関する問題です。"}, "userunknown"},
	{2, 1}: {text{EN: "The mailbox is disabled.", JA: "メールボックスは無効になっています。"}, "userunknown"},
	{2, 2}: {text{EN: "The mailbox is full.", JA: "メールボックスの容量が不足しています。"}, "mailboxfull"},
	{2, 3}: {text{EN: "The message is larger than this mailbox takes.", JA: "メールがメールボックスの上限を超えています。"}, "size"},
	{2, 4}: {text{EN: "A mailing list could not be expanded.", JA: "メーリングリストを展開できませんでした。"}, "list"},

	{3, 0}: {text{EN: "Something about the receiving system.", JA: "受信側のシステムの問題です。"}, "transient"},
	{3, 1}: {text{EN: "The receiving system has no room left.", JA: "受信側のシステムの容量が不足しています。"}, "transient"},
	{3, 2}: {text{EN: "The receiving system takes no mail at the moment.", JA: "受信側のシステムが現在メールを受け付けていません。"}, "transient"},
	{3, 3}: {text{EN: "The receiving system lacks a feature that is needed.", JA: "必要な機能に受信側が対応していません。"}, "protocol"},
	{3, 4}: {text{EN: "The message is larger than the receiving system takes.", JA: "メールが受信側の上限を超えています。"}, "size"},
	{3, 5}: {text{EN: "The receiving system is misconfigured.", JA: "受信側の設定に誤りがあります。"}, "config"},
	{3, 6}: {text{EN: "The priority of the message was changed.", JA: "メールの優先度が変更されました。"}, ""},

	{4, 0}: {text{EN: "Something about network or routing.", JA: "ネットワークまたは配送経路の問題です。"}, "network"},
	{4, 1}: {text{EN: "The receiving host does not answer.", JA: "受信側のホストが応答しません。"}, "network"},
	{4, 2}: {text{EN: "The connection broke.", JA: "接続が切れました。"}, "network"},
	{4, 3}: {text{EN: "A directory or the DNS could not be asked.", JA: "ディレクトリサーバーまたは DNS に問い合わせできませんでした。"}, "network"},
	{4, 4}: {text{EN: "No route: the domain has no usable mail server.", JA: "配送経路がありません。ドメインに利用できるメールサーバーがありません。"}, "domainunknown"},
	{4, 5}: {text{EN: "The receiving system is overloaded.", JA: "受信側が混雑しています。"}, "transient"},
	{4, 6}: {text{EN: "The message goes round in a loop.", JA: "メールがループしています。"}, "loop"},
	{4, 7}: {text{EN: "The message waited too long and was given up.", JA: "再送期間が過ぎたため、配送を中止しました。"}, "network"},

	{5, 0}: {text{EN: "Something about the SMTP conversation.", JA: "SMTP のやり取りの問題です。"}, "protocol"},
	{5, 1}: {text{EN: "The command is unknown or out of order.", JA: "コマンドが不明か、順序が正しくありません。"}, "protocol"},
	{5, 2}: {text{EN: "The command is malformed.", JA: "コマンドの書式が正しくありません。"}, "protocol"},
	{5, 3}: {text{EN: "Too many recipients at a time.", JA: "一度に指定した宛先が多すぎます。"}, "rate"},
	{5, 4}: {text{EN: "An argument of the command is not valid.", JA: "コマンドの引数が正しくありません。"}, "protocol"},
	{5, 5}: {text{EN: "The protocol versions do not fit.", JA: "プロトコルのバージョンが合いません。"}, "protocol"},
	{5, 6}: {text{EN: "A line of the login is too long.", JA: "ログインの行が長すぎます。"}, "auth-client"},

	{6, 0}:  {text{EN: "Something about the content.", JA: "メールの内容の問題です。"}, "rfc5322"},
	{6, 1}:  {text{EN: "The kind of content is not supported.", JA: "内容の形式に対応していません。"}, "conversion"},
	{6, 2}:  {text{EN: "The content would have to be converted, which is forbidden.", JA: "内容の変換が必要ですが、禁止されています。"}, "conversion"},
	{6, 3}:  {text{EN: "The content would have to be converted, which is not possible.", JA: "内容の変換が必要ですが、対応していません。"}, "conversion"},
	{6, 4}:  {text{EN: "The content was converted with loss.", JA: "内容は一部が失われる形で変換されました。"}, "conversion"},
	{6, 5}:  {text{EN: "The content could not be converted.", JA: "内容の変換に失敗しました。"}, "conversion"},
	{6, 6}:  {text{EN: "The content could not be fetched.", JA: "内容を取得できませんでした。"}, "conversion"},
	{6, 7}:  {text{EN: "Non-ASCII addresses are not permitted here.", JA: "ASCII 以外の文字を含むアドレスは使えません。"}, "conversion"},
	{6, 8}:  {text{EN: "The reply would need UTF-8, which the client does not offer.", JA: "応答に UTF-8 が必要ですが、送信側が対応していません。"}, "conversion"},
	{6, 9}:  {text{EN: "A header in UTF-8 cannot be passed on to this recipient.", JA: "UTF-8 のヘッダーを、この宛先に渡せません。"}, "conversion"},
	{6, 10}: {text{EN: "The reply would need UTF-8, which the client does not offer.", JA: "応答に UTF-8 が必要ですが、送信側が対応していません。"}, "conversion"},

	{7, 0}:  {text{EN: "Something about security or policy.", JA: "セキュリティまたはポリシーによるものです。"}, "policy"},
	{7, 1}:  {text{EN: "The sender may not send this to this recipient.", JA: "この宛先への送信が許可されていません。"}, "policy"},
	{7, 2}:  {text{EN: "The sender may not write to this mailing list.", JA: "このメーリングリストへの投稿が許可されていません。"}, "list"},
	{7, 3}:  {text{EN: "The message would have to be re-encrypted, which is not possible.", JA: "暗号化の変換が必要ですが、できません。"}, "policy"},
	{7, 4}:  {text{EN: "A security feature that is needed is not supported.", JA: "必要なセキュリティ機能に対応していません。"}, "auth-client"},
	{7, 5}:  {text{EN: "Decryption or a cryptographic check failed.", JA: "復号または暗号による検証に失敗しました。"}, "policy"},
	{7, 6}:  {text{EN: "The cryptographic algorithm is not supported.", JA: "暗号アルゴリズムに対応していません。"}, "policy"},
	{7, 7}:  {text{EN: "The message was changed on the way.", JA: "メールが途中で変更されています。"}, "policy"},
	{7, 8}:  {text{EN: "The login failed: user name or password is wrong.", JA: "ログインに失敗しました。ユーザー名またはパスワードが正しくありません。"}, "auth-client"},
	{7, 9}:  {text{EN: "The login mechanism is too weak.", JA: "ログイン方式の安全性が不足しています。"}, "auth-client"},
	{7, 10}: {text{EN: "The connection must be encrypted.", JA: "接続の暗号化が必要です。"}, "tls"},
	{7, 11}: {text{EN: "This login mechanism needs an encrypted connection.", JA: "このログイン方式には接続の暗号化が必要です。"}, "auth-client"},
	{7, 12}: {text{EN: "The password must be set anew once.", JA: "パスワードの再設定が必要です。"}, "auth-client"},
	{7, 13}: {text{EN: "The account is disabled.", JA: "アカウントは無効になっています。"}, "auth-client"},
	{7, 14}: {text{EN: "The servers need a trust relationship first.", JA: "サーバー間の信頼関係が必要です。"}, "policy"},
	{7, 15}: {text{EN: "The priority of the message is too low.", JA: "メールの優先度が低すぎます。"}, "policy"},
	{7, 16}: {text{EN: "The message is too large for its priority.", JA: "優先度に対してメールが大きすぎます。"}, "size"},
	{7, 17}: {text{EN: "The mailbox belongs to someone else now.", JA: "メールボックスの所有者が変わっています。"}, "userunknown"},
	{7, 18}: {text{EN: "The domain belongs to someone else now.", JA: "ドメインの所有者が変わっています。"}, "userunknown"},
	{7, 19}: {text{EN: "Whether the mailbox still belongs to the same person cannot be checked.", JA: "メールボックスの所有者が同じかどうかを確認できません。"}, "policy"},
	{7, 20}: {text{EN: "No DKIM signature passed.", JA: "pass になった DKIM 署名がありません。"}, "dkim"},
	{7, 21}: {text{EN: "A DKIM signature passed, but none that the receiver accepts.", JA: "pass になった DKIM 署名はありますが、受信側が受け入れるものではありません。"}, "dkim"},
	{7, 22}: {text{EN: "No DKIM signature of the From domain passed.", JA: "From ドメインの DKIM 署名が pass になっていません。"}, "alignment"},
	{7, 23}: {text{EN: "SPF failed.", JA: "SPF が fail になりました。"}, "spf"},
	{7, 24}: {text{EN: "SPF could not be evaluated: an error in the record or in DNS.", JA: "SPF を評価できません。レコードまたは DNS のエラーです。"}, "spf"},
	{7, 25}: {text{EN: "Reverse DNS of the sending address is missing or does not fit.", JA: "送信元 IP アドレスの逆引きがないか、正引きと一致しません。"}, "ptr"},
	{7, 26}: {text{EN: "Several authentication checks failed.", JA: "複数の送信ドメイン認証が fail になりました。"}, "auth"},
	{7, 27}: {text{EN: "The envelope sender's domain declares that it takes no mail (null MX), so that replies cannot reach it.", JA: "エンベロープ送信者のドメインがメールを受け付けないと宣言しているため (null MX)、返信できません。"}, "sender"},
	{7, 28}: {text{EN: "A flood of mail was noticed.", JA: "大量のメールが検出されました。"}, "rate"},
	{7, 29}: {text{EN: "The ARC chain is not valid.", JA: "ARC チェーンが有効ではありません。"}, "auth"},
	{7, 30}: {text{EN: "The message demands TLS all the way (REQUIRETLS), which the next server does not offer.", JA: "メールが全経路の TLS を要求していますが (REQUIRETLS)、次のサーバーが対応していません。"}, "tls"},
}

// definedIn is the RFC that defines a code which RFC 3463 itself does not.
func definedIn(st bounce.Status) string {
	switch k := [2]int{st.Subject, st.Detail}; {
	case k == [2]int{1, 9}:
		return "RFC 3886"
	case k == [2]int{1, 10}, k == [2]int{7, 27}:
		return "RFC 7505"
	case k == [2]int{3, 6}, k == [2]int{7, 15}, k == [2]int{7, 16}:
		return "RFC 6710"
	case k == [2]int{5, 6}, st.Subject == 7 && (st.Detail == 8 || st.Detail == 9 || st.Detail == 11 || st.Detail == 12):
		return "RFC 4954"
	case st.Subject == 6 && st.Detail >= 7:
		return "RFC 6531"
	case st.Subject == 7 && (st.Detail == 10 || st.Detail == 13 || st.Detail == 14):
		return "RFC 5248"
	case st.Subject == 7 && st.Detail >= 17 && st.Detail <= 19:
		return "RFC 7293"
	case st.Subject == 7 && st.Detail >= 20 && st.Detail <= 26:
		return "RFC 7372"
	case k == [2]int{7, 28}:
		return "IANA, SMTP Enhanced Status Codes"
	case k == [2]int{7, 29}:
		return "RFC 8617"
	case k == [2]int{7, 30}:
		return "RFC 8689"
	}
	return "RFC 3463"
}

// basics are the basic codes (RFC 5321 section 4.2.3, RFC 4954, 7504 and 3207).
var basics = map[int]text{
	211: {EN: "System status.", JA: "システムの状態です。"},
	214: {EN: "Help.", JA: "ヘルプです。"},
	220: {EN: "The server is ready.", JA: "サーバーの準備ができています。"},
	221: {EN: "The server closes the connection.", JA: "サーバーが接続を終了します。"},
	235: {EN: "The login succeeded.", JA: "ログインに成功しました。"},
	250: {EN: "Accepted.", JA: "受け付けられました。"},
	251: {EN: "The recipient is elsewhere; the server forwards.", JA: "宛先は別の場所にあり、サーバーが転送します。"},
	252: {EN: "The address was not checked; the server will try.", JA: "アドレスは確認していませんが、配送を試みます。"},
	334: {EN: "The login goes on.", JA: "ログインの続きを待っています。"},
	354: {EN: "The server waits for the message.", JA: "メール本文の送信を待っています。"},
	421: {EN: "The server closes the connection and asks to come back later.", JA: "サーバーが接続を終了し、後で再送するよう求めています。"},
	450: {EN: "The mailbox cannot be reached at the moment.", JA: "現在、メールボックスを利用できません。"},
	451: {EN: "The server could not finish because of an error of its own.", JA: "サーバー側のエラーで処理を完了できませんでした。"},
	452: {EN: "The server has too little room at the moment.", JA: "サーバーの容量が一時的に不足しています。"},
	454: {EN: "TLS or login is not available at the moment.", JA: "現在、TLS またはログインを利用できません。"},
	455: {EN: "The server cannot take the parameters at the moment.", JA: "現在、指定されたパラメーターを処理できません。"},
	500: {EN: "The command was not understood.", JA: "コマンドを解釈できません。"},
	501: {EN: "An argument was not understood.", JA: "引数を解釈できません。"},
	502: {EN: "The command is not implemented.", JA: "コマンドに対応していません。"},
	503: {EN: "The command came at the wrong time.", JA: "コマンドの順序が正しくありません。"},
	504: {EN: "The parameter is not implemented.", JA: "パラメーターに対応していません。"},
	521: {EN: "This host takes no mail.", JA: "このホストはメールを受け付けていません。"},
	530: {EN: "A login is needed first.", JA: "先にログインが必要です。"},
	534: {EN: "The login mechanism is too weak.", JA: "ログイン方式の安全性が不足しています。"},
	535: {EN: "The login failed.", JA: "ログインに失敗しました。"},
	538: {EN: "The login needs an encrypted connection.", JA: "ログインには接続の暗号化が必要です。"},
	550: {EN: "Refused: no such mailbox, or a policy.", JA: "拒否されました。宛先が存在しないか、ポリシーによるものです。"},
	551: {EN: "The recipient is elsewhere.", JA: "宛先は別の場所にあります。"},
	552: {EN: "A limit of storage or size was exceeded.", JA: "容量またはサイズの上限を超えました。"},
	553: {EN: "The address is not permitted.", JA: "アドレスが許可されていません。"},
	554: {EN: "The transaction failed.", JA: "処理に失敗しました。"},
	555: {EN: "The parameters of MAIL FROM or RCPT TO were not understood.", JA: "MAIL FROM または RCPT TO のパラメーターを解釈できません。"},
	556: {EN: "The recipient's domain takes no mail.", JA: "宛先のドメインはメールを受け付けていません。"},
}

// basicCategories are what a basic code is about where nothing else tells.
var basicCategories = map[int]string{
	500: "protocol", 501: "protocol", 502: "protocol", 503: "protocol", 504: "protocol", 555: "protocol",
	521: "domainunknown", 556: "domainunknown", 530: "auth-client", 534: "auth-client", 535: "auth-client", 538: "auth-client",
}

// generalMeaning is what the public registries say of the codes of a reply; ok is
// false where they say nothing.
func generalMeaning(code int, st bounce.Status) (m meaning, ref string, ok bool) {
	if !st.IsZero() {
		if m, ok = enhanced[[2]int{st.Subject, st.Detail}]; ok && !(st.Subject == 0 && st.Detail == 0) {
			return m, definedIn(st), true
		}
		if t, known := subjects[st.Subject]; known && !ok && st.Subject != 0 {
			return meaning{t, ""}, "RFC 3463 section 2", true
		}
	}
	if t, ok := basics[code]; ok {
		return meaning{t, basicCategories[code]}, "RFC 5321 section 4.2.3", true
	}
	return m, "", false
}
