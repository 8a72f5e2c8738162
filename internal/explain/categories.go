package explain

import (
	"regexp"
	"sync"
)

// category is a kind of cause: what is usually behind it, what to do when no
// provider's rule says more, and where to look next.
type category struct {
	title, cause, next text
	// command is what to run next; {ip} and {domain} are filled from the input, and
	// stay as IP and DOMAIN where it does not tell. "" for none.
	command string
	// findings are those of the catalogue that mean the same.
	findings []string
}

const (
	checkIP     = "todoku check {ip}"
	checkDomain = "todoku check {domain}"
	checkRcpt   = "todoku check {recipient-domain}"
	verifyFile  = "todoku verify message.eml"
)

var categories = map[string]category{
	"ptr": {
		text{EN: "Reverse DNS", JA: "逆引き"},
		text{EN: "The sending address has no PTR record, or the name in it does not resolve back to the address. This is the normal state of a newly rented server.", JA: "送信元 IP アドレスに逆引き (PTR レコード) がないか、正引きが一致していません。借りたばかりのサーバーではよくある状態です。"},
		text{EN: "Set the PTR record at the provider of the address, and let the name resolve back to it.", JA: "IP アドレスを提供する事業者で逆引き (PTR レコード) を設定し、正引きを一致させてください。"},
		checkIP, []string{"ptr.missing", "ptr.unconfirmed"},
	},
	"auth": {
		text{EN: "Sender authentication", JA: "送信ドメイン認証"},
		text{EN: "The mail is neither signed nor sent from a server that the SPF record lists; or it was forwarded and the signature broke.", JA: "メールに署名がなく、送信サーバーも SPF レコードに含まれていません。転送によって署名が壊れた場合もあります。"},
		text{EN: "Let DKIM and SPF pass for the From domain.", JA: "From ドメインの DKIM と SPF を pass にしてください。"},
		checkDomain, []string{"dmarc.fail", "dkim.none", "spf.fail"},
	},
	"spf": {
		text{EN: "SPF", JA: "SPF"},
		text{EN: "The server is missing from the SPF record of the envelope sender's domain, the record has an error, or someone forwarded the mail without rewriting the envelope sender.", JA: "エンベロープ送信者のドメインの SPF レコードに送信サーバーが含まれていないか、レコードに誤りがあります。エンベロープ送信者を書き換えない転送も原因になります。"},
		text{EN: "Add the server to the SPF record, or correct the record.", JA: "SPF レコードに送信サーバーを追加するか、レコードの誤りを直してください。"},
		checkDomain, []string{"spf.fail"},
	},
	"dkim": {
		text{EN: "DKIM", JA: "DKIM"},
		text{EN: "The mail is not signed, its key is not published, or something changed it after signing.", JA: "署名がないか、公開鍵が公開されていないか、署名後にメールが変更されています。"},
		text{EN: "Sign the mail with the From domain's key, as the last step before it leaves.", JA: "From ドメインの鍵で、送信の最後の段階で署名してください。"},
		verifyFile, []string{"dkim.none", "dkim.key-missing", "dkim.body-hash-mismatch"},
	},
	"dmarc": {
		text{EN: "DMARC", JA: "DMARC"},
		text{EN: "Neither SPF nor DKIM passed in the name of the From domain: often a sending service that uses its own domain for both, or a forwarder.", JA: "From ドメインとして SPF も DKIM も pass になっていません。配信サービスが自社ドメインを使っている場合や、転送が原因のことがよくあります。"},
		text{EN: "Let SPF or DKIM pass in the name of the From domain.", JA: "From ドメインとして SPF または DKIM が pass になるようにしてください。"},
		checkDomain, []string{"dmarc.fail", "dmarc.fail-unaligned"},
	},
	"alignment": {
		text{EN: "Alignment with From", JA: "From ドメインとの一致"},
		text{EN: "SPF or DKIM passed, but for another domain than that in From.", JA: "SPF または DKIM は pass ですが、From とは別のドメインとしての結果です。"},
		text{EN: "Use the From domain for the DKIM signature or the envelope sender.", JA: "DKIM 署名またはエンベロープ送信者に、From のドメインを使ってください。"},
		verifyFile, []string{"dmarc.fail-unaligned", "dmarc.fail-ses-default"},
	},
	"tls": {
		text{EN: "Encryption", JA: "暗号化 (TLS)"},
		text{EN: "The sending server did not use STARTTLS, or the encrypted connection could not be trusted.", JA: "送信サーバーが STARTTLS を使わなかったか、暗号化接続を検証できませんでした。"},
		text{EN: "Switch on TLS for outgoing mail. Where it is on, look at the certificate and the TLS versions of the other side.", JA: "送信時の TLS を有効にしてください。すでに有効な場合は、相手側の証明書と TLS のバージョンを確認してください。"},
		verifyFile, []string{"tls.none"},
	},
	"rate": {
		text{EN: "Rate limit", JA: "送信量の制限"},
		text{EN: "More mail at a time than the receiving side accepts from this sender, or for this recipient.", JA: "受信側がこの送信者またはこの宛先に許す量を超えています。"},
		text{EN: "Send more slowly, over fewer connections, and retry later.", JA: "送信速度と接続数を下げ、時間を空けて再送してください。"},
		"", nil,
	},
	"greylist": {
		text{EN: "Greylisting", JA: "グレイリスティング"},
		text{EN: "The receiving server does not know this sender yet and asks it to come back: real mail servers do, most spam programs do not.", JA: "受信側が初めての送信者に再送を求めています。正規のメールサーバーは自動的に再送します。"},
		text{EN: "Nothing to repair: the server tries again by itself within minutes.", JA: "対処は不要です。メールサーバーが数分後に自動的に再送します。"},
		"", nil,
	},
	"message-id": {
		text{EN: "Message-ID", JA: "Message-ID"},
		text{EN: "The program that writes the mail sets no Message-ID, a malformed one, or always the same.", JA: "メールを作成するプログラムが、Message-ID を付けていないか、不正な値や同じ値を使っています。"},
		text{EN: "Give every message one unique Message-ID.", JA: "メールごとに一意な Message-ID を付けてください。"},
		verifyFile, []string{"message.missing-message-id", "message.invalid-message-id"},
	},
	"reputation": {
		text{EN: "Reputation", JA: "評価"},
		text{EN: "Earlier mail from this address or domain drew complaints or went to dead addresses; or it is new and sent too much too soon; or an account was hacked.", JA: "これまでの送信で苦情や存在しない宛先が多かったか、新しい送信元から急に大量に送ったか、アカウントが乗っ取られています。"},
		text{EN: "Send less, to those who want it, and find the cause of the complaints.", JA: "希望者だけに送信量を絞り、苦情の原因を調べてください。"},
		checkIP, nil,
	},
	"complaints": {
		text{EN: "Complaints", JA: "苦情"},
		text{EN: "Recipients mark the mail as spam.", JA: "受信者が迷惑メールとして報告しています。"},
		text{EN: "Write only to those who asked for it and make leaving easy.", JA: "希望者だけに送り、簡単に配信を停止できるようにしてください。"},
		"", nil,
	},
	"content": {
		text{EN: "Content", JA: "内容"},
		text{EN: "A link, an attachment or the wording resembles that of harmful mail.", JA: "リンク、添付ファイル、文面のいずれかが、有害なメールに似ています。"},
		text{EN: "Look at links and attachments, and send the text without them to narrow it down.", JA: "リンクと添付ファイルを確認し、外して送ってみて原因を絞り込んでください。"},
		verifyFile, nil,
	},
	"spam": {
		text{EN: "Spam filter", JA: "迷惑メールフィルター"},
		text{EN: "The filter judged content, sender and reputation together; it does not say which weighed most.", JA: "フィルターが内容、送信者、評価を総合して判定しています。どれが決め手かは示されていません。"},
		text{EN: "Check authentication and blocklists first, then the content.", JA: "まず送信ドメイン認証とブロックリストを、次に内容を確認してください。"},
		verifyFile, nil,
	},
	"rfc5322": {
		text{EN: "Format of the message", JA: "メールの形式"},
		text{EN: "The program that writes the mail, or a gateway behind it, breaks the rules of the format.", JA: "メールを作成するプログラムまたは途中のゲートウェイが、形式の規則に従っていません。"},
		text{EN: "Correct the header or the structure of the message.", JA: "ヘッダーまたはメールの構造を修正してください。"},
		verifyFile, nil,
	},
	"conversion": {
		text{EN: "Kind of content", JA: "内容の形式"},
		text{EN: "The next server cannot carry this kind of content (8-bit text, UTF-8 addresses, an unusual format).", JA: "次のサーバーがこの形式 (8 ビット、UTF-8 のアドレスなど) に対応していません。"},
		text{EN: "Send it in a simpler form: quoted-printable or base64, ASCII addresses.", JA: "quoted-printable や base64、ASCII のアドレスなど、単純な形式で送ってください。"},
		verifyFile, nil,
	},
	"ip-policy": {
		text{EN: "Kind of address", JA: "IP アドレスの種類"},
		text{EN: "The sending address belongs to a range that should not send mail directly, for example an access line or a dynamic pool.", JA: "送信元 IP アドレスが、一般の回線や動的 IP など、メールを直接送信すべきでない範囲に属しています。"},
		text{EN: "Send through a mail server with a fixed address.", JA: "固定 IP アドレスのメールサーバーを経由して送信してください。"},
		checkIP, nil,
	},
	"blocklist": {
		text{EN: "Blocklist", JA: "ブロックリスト"},
		text{EN: "The sending address or a domain in the message is on a blocklist, mostly after spam from it or its neighbours.", JA: "送信元 IP アドレスまたはメール内のドメインが、ブロックリストに登録されています。そこや周辺からの迷惑メールが主な原因です。"},
		text{EN: "Find the list, cure the cause, then ask for removal there.", JA: "どのリストかを確認し、原因を解消してから解除を申請してください。"},
		checkIP, []string{"dnsbl.listed"},
	},
	"abuse": {
		text{EN: "Abuse", JA: "不正利用"},
		text{EN: "The sending host behaves as hacked or abused hosts do.", JA: "送信元のホストが、乗っ取られたホストのように動作しています。"},
		text{EN: "Look for malware, stolen passwords and open relays.", JA: "マルウェア、パスワードの漏えい、オープンリレーを確認してください。"},
		checkIP, nil,
	},
	"helo": {
		text{EN: "HELO name", JA: "HELO の名前"},
		text{EN: "The sending server introduces itself by a name that is not its own, or by none.", JA: "送信サーバーが、自分のものではない名前や不正な名前を名乗っています。"},
		text{EN: "Set the server's host name to one that resolves to its address.", JA: "サーバーのホスト名を、その IP アドレスに解決できる名前にしてください。"},
		checkIP, nil,
	},
	"dns": {
		text{EN: "DNS of the sender", JA: "送信者の DNS"},
		text{EN: "The sender's domain does not resolve, or its name servers answer with errors.", JA: "送信者のドメインが名前解決できないか、ネームサーバーがエラーを返しています。"},
		text{EN: "Repair the zone of the sender's domain.", JA: "送信者のドメインのゾーンを修復してください。"},
		checkDomain, nil,
	},
	"sender": {
		text{EN: "Envelope sender", JA: "エンベロープ送信者"},
		text{EN: "The envelope sender is malformed, or its domain does not exist or cannot receive mail.", JA: "エンベロープ送信者の書式が正しくないか、ドメインが存在しない、またはメールを受信できません。"},
		text{EN: "Use an envelope sender at a domain that can receive mail.", JA: "メールを受信できるドメインのアドレスをエンベロープ送信者にしてください。"},
		checkDomain, nil,
	},
	"userunknown": {
		text{EN: "Unknown recipient", JA: "宛先不明"},
		text{EN: "The address is misspelt, or its owner has left.", JA: "アドレスの入力誤りか、利用者がいなくなっています。"},
		text{EN: "Check the spelling; if it is right, take the address off the list.", JA: "アドレスの誤りがないか確認し、正しければリストから外してください。"},
		"", nil,
	},
	"user-or-filter": {
		text{EN: "Unknown recipient, or a filter", JA: "宛先不明またはフィルター"},
		text{EN: "The same words mean two things. At RCPT TO the address is wrong; after the message itself (DATA) the recipient's settings refused it. The log of the sending server shows which.", JA: "同じ文面に 2 つの意味があります。RCPT TO への応答なら宛先の誤り、本文の送信後 (DATA) の応答なら受信者の設定による拒否です。送信サーバーのログで確認できます。"},
		text{EN: "Find out which command was refused before you remove the address.", JA: "リストから外す前に、どの SMTP コマンドが拒否されたかを確認してください。"},
		checkDomain, nil,
	},
	"domainunknown": {
		text{EN: "Recipient's domain", JA: "宛先のドメイン"},
		text{EN: "The domain behind the @ is misspelt, has lapsed, or takes no mail.", JA: "@ の後のドメインに誤りがあるか、失効しているか、メールを受け付けていません。"},
		text{EN: "Check the spelling of the domain, then its MX records.", JA: "ドメインの誤りがないか、次に MX レコードを確認してください。"},
		checkRcpt, nil,
	},
	"mailboxfull": {
		text{EN: "Mailbox full", JA: "容量超過"},
		text{EN: "The recipient has no room left; often the mailbox is no longer read.", JA: "宛先に空き容量がありません。使われていないメールボックスであることもよくあります。"},
		text{EN: "Try again for a few days, then take the address off the list.", JA: "数日間は再送し、それでも届かなければリストから外してください。"},
		"", nil,
	},
	"filtered": {
		text{EN: "Recipient's filter", JA: "受信者のフィルター"},
		text{EN: "The recipient's own settings refuse this sender (allow lists and spoof guards of phone carriers, for example). The address is alive.", JA: "携帯電話会社の指定受信やなりすまし規制など、受信者自身の設定で拒否されています。アドレスは有効です。"},
		text{EN: "Ask the recipient to allow your domain; keep the address.", JA: "受信者にドメインの受信許可を依頼し、アドレスは残してください。"},
		checkDomain, nil,
	},
	"size": {
		text{EN: "Size", JA: "サイズ"},
		text{EN: "The message, with its attachments encoded, is larger than the receiving side takes.", JA: "添付ファイルを符号化した後のサイズが、受信側の上限を超えています。"},
		text{EN: "Send a link in place of the attachment.", JA: "添付ファイルの代わりにリンクを送ってください。"},
		"", nil,
	},
	"loop": {
		text{EN: "Loop", JA: "ループ"},
		text{EN: "Two forwardings point at each other.", JA: "転送設定が互いを指しています。"},
		text{EN: "Correct the forwarding; the Received fields name the servers.", JA: "転送の設定を直してください。Received ヘッダーからサーバーがわかります。"},
		checkRcpt, nil,
	},
	"relay": {
		text{EN: "Relaying", JA: "中継"},
		text{EN: "The server does not deliver for this recipient's domain, and the sender is not logged in to it. Often an MX record points at the wrong server.", JA: "サーバーが宛先のドメインを扱っておらず、送信者もログインしていません。MX レコードが誤ったサーバーを指していることもよくあります。"},
		text{EN: "Log in to your own outgoing server; if the recipient's MX is wrong, tell the recipient.", JA: "ご自身の送信サーバーにログインして送信してください。宛先の MX レコードが誤っていれば、相手に知らせてください。"},
		checkRcpt, nil,
	},
	"auth-client": {
		text{EN: "Login", JA: "ログイン"},
		text{EN: "The sending program's login to the outgoing server failed. The recipient has nothing to do with it.", JA: "送信プログラムが送信サーバーへのログインに失敗しています。宛先とは無関係です。"},
		text{EN: "Correct user name, password and login mechanism in the program's settings.", JA: "プログラムの設定で、ユーザー名、パスワード、ログイン方式を直してください。"},
		"", nil,
	},
	"network": {
		text{EN: "Connection", JA: "接続"},
		text{EN: "The receiving server could not be reached, or the connection broke: an outage, a firewall, or wrong DNS.", JA: "受信サーバーに接続できないか、接続が切れました。障害、ファイアウォール、DNS の誤りが考えられます。"},
		text{EN: "See whether the recipient's MX hosts answer on port 25; many hosting providers block outgoing port 25.", JA: "宛先の MX ホストが 25 番ポートで応答するか確認してください。25 番ポートの送信を制限しているサーバー事業者もあります。"},
		checkRcpt, nil,
	},
	"transient": {
		text{EN: "Passing problem", JA: "一時的な問題"},
		text{EN: "The receiving side is busy, out of room, or under maintenance.", JA: "受信側が混雑しているか、容量不足またはメンテナンス中です。"},
		text{EN: "Nothing to repair: the server tries again by itself.", JA: "対処は不要です。メールサーバーが自動的に再送します。"},
		"", nil,
	},
	"config": {
		text{EN: "Receiving system", JA: "受信側の設定"},
		text{EN: "The receiving system is set up wrongly.", JA: "受信側の設定に誤りがあります。"},
		text{EN: "Tell the recipient's postmaster, by another way.", JA: "別の手段で、受信側の管理者に知らせてください。"},
		checkRcpt, nil,
	},
	"protocol": {
		text{EN: "SMTP conversation", JA: "SMTP のやり取り"},
		text{EN: "One of the two servers does not keep to the protocol, or an earlier command was refused already.", JA: "どちらかのサーバーがプロトコルに従っていないか、それより前のコマンドが拒否されています。"},
		text{EN: "Look at the first refusal of the session: later ones only follow from it.", JA: "セッションで最初に拒否された応答を確認してください。後の拒否はその結果です。"},
		"", nil,
	},
	"list": {
		text{EN: "Mailing list", JA: "メーリングリスト"},
		text{EN: "The mailing list does not take mail from this address, or cannot be expanded.", JA: "このアドレスからの投稿が許可されていないか、メーリングリストを展開できません。"},
		text{EN: "Write from the address that is subscribed, or ask the list's owner.", JA: "登録済みのアドレスから投稿するか、管理者に問い合わせてください。"},
		"", nil,
	},
	"virus": {
		text{EN: "Malware", JA: "ウイルス"},
		text{EN: "A scanner found malware in the message, or thinks that it did.", JA: "ウイルススキャナーが、メールからウイルスを検出したと判定しました。"},
		text{EN: "Scan the sending computer; if it is clean, report the false alarm to the scanner's maker.", JA: "送信元のコンピューターをウイルス対策ソフトでスキャンしてください。問題がなければ、誤検知として製品の提供元に報告してください。"},
		"", nil,
	},
	"unverified-sender": {
		text{EN: "Sending service", JA: "配信サービス"},
		text{EN: "The service that you send through does not let your account use this sender or recipient yet: the address or domain is not verified there, or the account is still on trial.", JA: "利用している配信サービスで、この送信者または宛先の使用がまだ許可されていません。アドレスやドメインが検証されていないか、アカウントが試用の状態です。"},
		text{EN: "Verify the sender's domain in the console of the service, in the region that you send from, and ask there for the end of the trial.", JA: "配信サービスの管理画面 (送信に使うリージョン) で送信者のドメインを検証し、試用の制限の解除を申請してください。"},
		checkDomain, nil,
	},
	"suspended": {
		text{EN: "Sending suspended", JA: "送信の停止"},
		text{EN: "The service that you send through has stopped your account, mostly after complaints or mail to dead addresses.", JA: "利用している配信サービスがアカウントの送信を停止しています。苦情や、存在しない宛先への送信が主な原因です。"},
		text{EN: "Read what the service wrote to the account's owner, cure the cause, and ask there for the end of the suspension.", JA: "配信サービスからアカウントの管理者に届いた通知を確認し、原因を解消してから停止の解除を申請してください。"},
		"", nil,
	},
	"resolver": {
		text{EN: "The receiver's blocklist query", JA: "受信側のブロックリストの参照"},
		text{EN: "The blocklist refused to answer the receiving server (it asks through a public resolver, too often, or under a wrong name), and the server took that for a listing. Your address need not be listed at all.", JA: "ブロックリストが受信サーバーの問い合わせを拒否し (公開リゾルバーの利用、問い合わせの超過、ゾーン名の誤りなど)、受信サーバーがそれを登録と誤解しています。送信元が登録されているとは限りません。"},
		text{EN: "See whether the address is listed at all; if it is not, tell the recipient's postmaster, by another way, that the server has to ask the list through a resolver of its own.", JA: "送信元 IP アドレスが登録されているかどうかを確認してください。登録されていなければ、自前のリゾルバーでリストを参照する必要があることを、別の手段で受信側の管理者に知らせてください。"},
		checkIP, nil,
	},
	"dead-list": {
		text{EN: "A blocklist that is no more", JA: "終了したブロックリスト"},
		text{EN: "The receiving server still asks {list}, which is no blocklist any more. Nothing can be removed there.", JA: "受信サーバーが、すでにブロックリストではない {list} を参照しています。解除の申請はできません。"},
		text{EN: "Tell the recipient's postmaster, by another way, to take {list} out of the server's settings.", JA: "{list} をサーバーの設定から外すよう、別の手段で受信側の管理者に依頼してください。"},
		checkIP, nil,
	},
	"refused": {
		text{EN: "Refused without a known reason", JA: "理由が不明な拒否"},
		text{EN: "The reply does not say why, or says it by a code that is not known here.", JA: "応答に理由がないか、意味が不明なコードで示されています。"},
		text{EN: "Read the whole reply in the log of the sending server; check authentication and blocklists of the sender; then ask the recipient's postmaster.", JA: "送信サーバーのログで応答の全文を確認してください。次に送信者の認証とブロックリストを確認し、その後で受信側の管理者に問い合わせてください。"},
		checkDomain, nil,
	},
	"policy": {
		text{EN: "Policy", JA: "ポリシー"},
		text{EN: "The receiving side refuses by a rule of its own; the words of the reply are all that is known of it.", JA: "受信側の独自の規則による拒否です。わかるのは応答の文面だけです。"},
		text{EN: "Check authentication and blocklists of the sender; then ask the recipient's postmaster.", JA: "送信者の認証とブロックリストを確認し、その後で受信側の管理者に問い合わせてください。"},
		checkDomain, nil,
	},
}

// words recognise a category in a reply of a server that no rule is known of. The
// first that fits wins; causes outrank consequences.
var words = sync.OnceValue(func() []worded {
	return []worded{
		{regexp.MustCompile(`(?i)grey-?list|gr[ae]ylisted|postgrey`), "greylist"},
		{regexp.MustCompile(`(?i)open resolver|spamhaus\.org/returnc/|127\.255\.255\.25[0-9]`), "resolver"},
		{regexp.MustCompile(`(?i)spam or virus`), "spam"},
		{regexp.MustCompile(`(?i)address is not verified|identit(y|ies) failed the check in region|unregistered domain`), "unverified-sender"},
		{regexp.MustCompile(`(?i)sending (suspended|paused) for this account`), "suspended"},
		{regexp.MustCompile(`(?i)SenderNotAuthenticatedForGroup|RESOLVER\.RST\.|delivery restriction`), "list"},
		{regexp.MustCompile(`(?i)(daily|message|sending|hourly) (message )?quota|sending rate|receiving mail (at a rate|too quickly)|at a rate that prevents`), "rate"},
		{regexp.MustCompile(`(?i)virus|malware|infected|clamav|trojan`), "virus"},
		{regexp.MustCompile(`(?i)\bdmarc\b`), "dmarc"},
		{regexp.MustCompile(`(?i)\bspf\b|sender policy framework|openspf\.|spfquery`), "spf"},
		{regexp.MustCompile(`(?i)\bdkim\b|domainkeys`), "dkim"},
		{regexp.MustCompile(`(?i)reverse (dns|hostname|lookup)|\bPTR\b|\brdns\b|cannot find your (reverse )?hostname|fcrdns|client host rejected: cannot find`), "ptr"},
		{regexp.MustCompile(`(?i)spamhaus|spamcop|barracuda|sorbs|black ?list|block ?list|\b[dr]n?s?bl\b|\brbl|sbl-xbl|uribl|surbl|is listed|listed (in|at|by)|blocked using|cloudmark|trend ?micro|proofpoint`), "blocklist"},
		{regexp.MustCompile(`(?i)dynamic (ip|address)|dial-?up|residential|dynamic/`), "ip-policy"},
		{regexp.MustCompile(`(?i)(helo|ehlo).*(reject|invalid|bad|need fully|not resolve|refused)|(reject|invalid|bad).*(helo|ehlo)`), "helo"},
		{regexp.MustCompile(`(?i)一杯|いっぱい|over ?quota|quota (exceed|full|reached)|exceeded.*quota|mailbox.*(is )?full|(mail)?box.*exceeds|full mailbox|insufficient (system )?storage|out of storage|disk (full|quota)|storage (limit|allocation)|容量`), "mailboxfull"},
		{regexp.MustCompile(`(?i)too (large|big)|size (limit|exceed)|exceeds.*(size|limit|maximum)|maximum (message|size)|message size|too much mail data`), "size"},
		{regexp.MustCompile(`(?i)\bAUP#`), "policy"},
		{regexp.MustCompile(`(?i)sender verif\w*|verification failed for <|(sender|mail from:?( ?<|(?: command)? ?:)|return[- ]path|from address).*(reject|not exist|invalid|unresolvable|unknown|unverif|not found|denied|refused)|domain of sender|domain not found|sender domain`), "sender"},
		{regexp.MustCompile(`(?i)(relay(ing)?|relay access) (denied|not (permitted|allowed)|prohibited|operation rejected)|(unable|not permitted|denied|prohibited|refus\w+|cannot|not allowed) to relay|we do not relay|relaying|relay not|rcpthosts`), "relay"},
		{regexp.MustCompile(`(?i)loop|too many hops|hop count|hops exceeded|maximum hop`), "loop"},
		{regexp.MustCompile(`(?i)nxdomain|doesn't receive email|had no relevant answers|null mx|no smtp service|mx records point to|no data record|unrouteable address|no such (domain|host)|unrouteable mail domain|(domain|host)( name)?( is)?( |:|=|\w|\.){0,30}(not found|not exist|unknown)|host unknown`), "domainunknown"},
		{regexp.MustCompile(`(?i)permission to post|may not (exist|post)|members? (only|can post)|not a member of|moderat`), "list"},
		{regexp.MustCompile(`(?i)(user|recipient|account|mailbox|address|alias|addressee|customer|name)\b.{0,60}(unknown|frozen|\blocked\b|not a registered|not (exist|found|known|valid|local|listed|a valid|active|have)|n'existe|doesn'?t (exist|have)|does not (exist|have)|invalid|inactive|disabled|unavailable|not available|suspended|expired|closed|terminated|no longer|discontinued|unrouteable|undeliverable|ambiguous)`), "userunknown"},
		{regexp.MustCompile(`(?i)(no|unknown|invalid|bad|not a valid|non-?existent|unrouteable|undeliverable|disabled|inactive)( such)?( final delivery)? (user(id)?|recipient|mailbox|account|address|destination|person|local part|alias|customer|name)|user unknown|unknown user|unknown local|no mailbox|not our customer|not a (known|registered|valid|local)( \w+)? (user|address|recipient)|nobody (here )?by that name|no one by that name|宛先不明|メールアドレスが見つか|存在しません|見つかりません|no valid recipients|^address rejected\.?$`), "userunknown"},
		{regexp.MustCompile(`(?i)authentication (failed|required|unsuccessful|credentials)|not authenticated|must authenticate|username and password|auth(entication)? mechanism|smtp auth`), "auth-client"},
		{regexp.MustCompile(`(?i)\btls\b|starttls|certificate`), "tls"},
		{regexp.MustCompile(`(?i)spam|unsolicited|bulk mail|junk|content (rejected|filter|blocked|denied|refused)|message (content|rejected).*(content|policy)|\bUBE\b|\bUCE\b|phish`), "spam"},
		{regexp.MustCompile(`(?i)reputation|traffic not accepted from this ip|access to (submit messages to )?this (e-?)?mail system has been rejected|bad sender|poor|blocked due to|complaints`), "reputation"},
		{regexp.MustCompile(`(?i)too many|daily (relay )?quota|sending limit|rate limit|throttl|too (fast|quickly|frequent)|exceed\w* .*(connections|messages|rate|recipients)|connection limit|concurren|deferred due to|too much`), "rate"},
		{regexp.MustCompile(`(?i)malformed|RFC ?2?822|RFC ?5322|header|bare (lf|cr)|\bmime\b|message-id|line too long|8-?bit`), "rfc5322"},
		{regexp.MustCompile(`(?i)time[d ]*out|connection refused|refused (the |our |your )?connection|no route|unreachable|host (not found|unknown|or domain name not found)|name (server|service)|lost connection|connection (closed|dropped|reset|failed|lost|aborted|cannot)|could(n't| not) connect|couldn't find|cannot connect|can't connect|no (mx|mail server|answer)|hop count|lookup fail|unrouteable mail domain|envelope expired|domain.*(not exist|not found|unknown|invalid)|delivery time|retry time|retry timeout|delivery expired|message expired|too long|in the queue|undeliverable for`), "network"},
		{regexp.MustCompile(`(?i)try (again )?later|temporar|busy|overload|resources|maintenance|unavailable|service not available|local error|system (error|problem)|insufficient`), "transient"},
		{regexp.MustCompile(`(?i)polic(y|ies)|denied|not (accept|allow|authori|permit)|refus|reject|blocked|prohibit|administrative|banned|restrict`), "policy"},
	}
})

// worded is a category and how it is told.
type worded struct {
	pattern  *regexp.Regexp
	category string
}

// byWords finds the category of a text, "" for none.
func byWords(s string) string {
	s = s[:min(len(s), maxWords)]
	for _, w := range words() {
		if w.pattern.MatchString(s) {
			return w.category
		}
	}
	return ""
}

// maxWords bounds how much of a text is searched for words.
const maxWords = 8 << 10
