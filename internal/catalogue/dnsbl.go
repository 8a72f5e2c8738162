package catalogue

// dnsblEntries are about DNS-based blocklists.
var dnsblEntries = []Entry{
	{
		ID: "dnsbl.listed", Status: Fail, Rank: rankHost,
		Title:  Text{"{subject} is on the blocklist {name} ({list})", "{subject} はブロックリスト {name} ({list}) に登録されています"},
		Detail: Text{"The list says: {meaning}. {effect}{note}", "登録の内容: {meaning}。{effect}{note}"},
		Fix:    Text{"Find what got {subject} listed and stop it; then have it removed: {delist}", "{subject} が登録された原因を特定して対処し、その後で解除してください: {delist}"},
		Steps: []Text{
			{"Look for the cause first: a hijacked account or web form, an infected machine, a bought address list, complaints. Whoever is removed without that is listed again.", "まず原因を調べます。乗っ取られたアカウントやフォーム、感染した機器、購入した宛先リスト、苦情などです。原因を残したまま解除しても再び登録されます。"},
			{"On a shared address it may have been a neighbour: ask the provider of the server to act, or send through another address.", "共用のアドレスでは、他の利用者が原因の場合があります。サーバー事業者に対応を依頼するか、別のアドレスから送信してください。"},
			{"Then ask for removal at {delist}. No serious list needs to be paid for it.", "その後、{delist} で解除を申請します。信頼できるリストの解除に支払いは必要ありません。"},
		},
		Refs: []string{"RFC 5782 section 2.1", "https://support.google.com/a/answer/81126"},
	},
	{
		ID: "dnsbl.policy-list", Status: Warn, Rank: rankHost,
		Title: Text{"{subject} is on a policy list: an address that is not meant to send mail itself ({list})", "{subject} は、直接メールを送信しないアドレスのリスト ({list}) に登録されています"},
		Detail: Text{
			"The list says: {meaning}. This is no accusation: nobody complained. It is how the owner of the address range described it, as for home connections. Receivers that use the list refuse mail that comes straight from there.",
			"登録の内容: {meaning}。これは非難ではなく、苦情があったわけでもありません。家庭用回線などのように、アドレス範囲の所有者がそう申告しているものです。このリストを使う受信側は、そこから直接届くメールを拒否します。",
		},
		Fix: Text{"Send through the mail server of your provider, or, where this is a mail server with a fixed address, take the address off the list: {delist}", "事業者のメールサーバーを経由して送信してください。固定アドレスのメールサーバーであれば、リストから解除してください: {delist}"},
		Steps: []Text{
			{"A home or office connection: deliver through the provider's or a sending service's server (smarthost, port 587 with a login).", "家庭やオフィスの回線の場合: 事業者や配信サービスのサーバー (スマートホスト、認証付きの 587 番ポート) を経由して送信します。"},
			{"A mail server with a fixed address: set its reverse DNS name, then ask for removal at {delist}; where only the owner of the range can do that, ask them.", "固定アドレスのメールサーバーの場合: 逆引きを設定してから、{delist} で解除を申請します。アドレスの所有者しか申請できない場合は、所有者に依頼します。"},
		},
		Refs: []string{"RFC 5782 section 2.1", "https://check.spamhaus.org/"},
	},
	{
		ID: "dnsbl.clean", Status: Pass, Rank: rankHost,
		Title:  Text{"{subject} is on none of {count} blocklists", "{subject} は {count} 個のブロックリストのいずれにも登録されていません"},
		Detail: Text{"Only lists count that showed by their test entries that they are alive and answer us.", "試験用の登録によって、稼働中で、こちらに応答することを確認できたリストだけを数えています。"},
		Refs:   []string{"RFC 5782 section 5"},
	},
	{
		ID: "dnsbl.refused", Status: Unknown, Rank: rankContext,
		Title:  Text{"Blocklists that do not answer this resolver: {lists}", "このリゾルバーには応答しないブロックリスト: {lists}"},
		Detail: Text{"They refuse questions that come through public resolvers, from hosting networks, or too often. Whether {subject} is listed there is not known.", "公開リゾルバー経由、ホスティング事業者のネットワークから、または多すぎる問い合わせは拒否されます。{subject} が登録されているかどうかはわかりません。"},
		Fix:    Text{"Ask through a recursive resolver of your own (`--resolver`); for Spamhaus a free DQS key works from anywhere.", "自前の再帰リゾルバー経由で問い合わせてください (`--resolver`)。Spamhaus は無料の DQS キーを使えばどこからでも問い合わせできます。"},
		Refs:   []string{"RFC 5782 section 5", "https://www.spamhaus.com/data-access/free-data-query-service/"},
	},
	{
		ID: "dnsbl.unknown", Status: Unknown, Rank: rankContext,
		Title:  Text{"Blocklists that could not be asked: {lists}", "問い合わせできなかったブロックリスト: {lists}"},
		Detail: Text{"There was no answer in time, a DNS failure, or an answer that the list does not document. Whether {subject} is listed there is not known.", "時間内に応答がないか、DNS の障害か、リストの説明にない応答でした。{subject} が登録されているかどうかはわかりません。"},
		Fix:    Text{"Try again later; look the address up on the pages of the lists that matter to you.", "時間をおいてもう一度お試しください。重要なリストは、そのサイトで直接確認できます。"},
		Refs:   []string{"RFC 5782 section 5"},
	},
	{
		ID: "dnsbl.poisoned", Status: Unknown, Rank: rankContext,
		Title:  Text{"Blocklists whose answers cannot be believed: {lists}", "応答を信頼できないブロックリスト: {lists}"},
		Detail: Text{"They list even what must never be listed, or give addresses that no list gives: the list was shut down or sold, or the resolver rewrites answers. Their \"listed\" means nothing and was ignored.", "登録されてはならない試験用の名前まで登録しているか、ブロックリストではありえないアドレスを返しています。リストが終了または売却されたか、リゾルバーが応答を書き換えています。このようなリストの「登録あり」には意味がないため、無視しました。"},
		Fix:    Text{"Take such a list out of the configuration of your own server too. If many lists are named here, change the resolver.", "ご自身のサーバーの設定からも、このリストを外してください。多くのリストがここに並ぶ場合は、リゾルバーを変更してください。"},
		Refs:   []string{"RFC 5782 section 5"},
	},
	{
		ID: "dnsbl.dead", Status: Info, Rank: rankHygiene,
		Title:  Text{"Blocklists without their test entry: {lists}", "試験用の登録がないブロックリスト: {lists}"},
		Detail: Text{"A working list has it. That {subject} is not found there means nothing, and was not counted.", "稼働中のリストには必ず試験用の登録があります。{subject} が見つからないことに意味はなく、数えていません。"},
		Refs:   []string{"RFC 5782 section 5"},
	},
	{
		ID: "dnsbl.none-checked", Status: Unknown, Rank: rankContext,
		Title:  Text{"No blocklist could be checked for {subject}", "{subject} について確認できたブロックリストはありません"},
		Detail: Text{"Of {count} lists none proved itself alive and willing to answer this resolver. Whether {subject} is listed anywhere is not known.", "{count} 個のリストのうち、稼働中でこのリゾルバーに応答すると確認できたものはありませんでした。{subject} がどこかに登録されているかどうかはわかりません。"},
		Fix:    Text{"Ask through a recursive resolver of your own that reaches the Internet (`--resolver`).", "インターネットに到達できる自前の再帰リゾルバーを使ってください (`--resolver`)。"},
		Refs:   []string{"RFC 5782 section 5"},
	},
}

// BlocklistEffect says what a listing means for delivery, by the weight of the list
// ("high", "medium", "low").
func BlocklistEffect(weight string) Text {
	switch weight {
	case "high":
		return Text{"Large receivers, or very many, refuse mail because of this list.", "大手を含む多くの受信側が、このリストを理由にメールを拒否します。"}
	case "medium":
		return Text{"Many receivers count this against the mail; some refuse it.", "多くの受信側が迷惑メール判定に使い、拒否する受信側もあります。"}
	default:
		return Text{"Few receivers use this list: it is seldom the reason why mail does not arrive.", "このリストを使う受信側は少なく、メールが届かない原因になることはまれです。"}
	}
}

// NoRemovalPage stands where a list has no page to ask for removal.
func NoRemovalPage() Text {
	return Text{"(the list removes entries by itself)", "(自動的に解除されます)"}
}
