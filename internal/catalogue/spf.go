package catalogue

var spfEntries = []Entry{
	{
		ID: "spf.pass", Status: Pass, Rank: rankMechanism,
		Title:  Text{"SPF passes: {domain} lets {ip} send", "SPF は pass です: {domain} は {ip} からの送信を許可しています"},
		Detail: Text{"The envelope sender's domain {domain} authorises this server by the term `{mechanism}`.", "エンベロープ送信者のドメイン {domain} は、`{mechanism}` によってこのサーバーを許可しています。"},
		Refs:   []string{"RFC 7208 section 2.6.3"},
	},
	{
		ID: "spf.fail", Status: Fail, Rank: rankMechanism,
		Title: Text{"SPF fails: {domain} says that {ip} may not send for it", "SPF は fail です: {domain} は {ip} からの送信を許可していません"},
		Detail: Text{
			"The SPF record of {domain} does not list {ip} and ends in a refusal (`{mechanism}`). Receivers treat the envelope sender as unauthorised. Mail that was forwarded without rewriting the envelope sender looks exactly like this too.",
			"{domain} の SPF レコードに {ip} は含まれておらず、拒否 (`{mechanism}`) で終わっています。受信側はエンベロープ送信者を「許可されていない」とみなします。エンベロープ送信者を書き換えずに転送されたメールも、同じ結果になります。",
		},
		Fix: Text{"If {ip} is one of your servers, add it to the SPF record of {domain}; if it is not, someone else used your domain.", "{ip} がご自身のサーバーであれば {domain} の SPF レコードに追加してください。そうでなければ、第三者がドメインを騙って送信しています。"},
		Steps: []Text{
			{"Find out who runs {ip}: your own server, a sending service, a forwarder, or nobody you know.", "{ip} がご自身のサーバー、配信サービス、転送サーバー、無関係な第三者のどれであるかを確認します。"},
			{"Your own server: put `{term}` before the final `all` of the record. A service: add the include that its documentation gives.", "ご自身のサーバーの場合は、レコード末尾の `all` の前に `{term}` を追加します。配信サービスの場合は、そのサービスのドキュメントにある include を追加します。"},
			{"A forwarder: nothing is wrong with your record. Make sure that your mail carries an aligned DKIM signature, which survives forwarding.", "転送サーバーの場合、レコードに誤りはありません。転送後も有効な、From ドメインと一致する DKIM 署名を付けてください。"},
		},
		Refs: []string{"RFC 7208 section 2.6.4", "RFC 7208 section 8.4", "https://support.google.com/a/answer/81126"},
	},
	{
		ID: "spf.softfail", Status: Fail, Rank: rankMechanism,
		Title: Text{"SPF softfails: {ip} is probably not allowed to send for {domain}", "SPF は softfail です: {ip} は {domain} の送信元として許可されていない可能性があります"},
		Detail: Text{
			"The record of {domain} does not list {ip} and ends in `{mechanism}`. This counts as \"not passed\": DMARC needs an aligned DKIM signature instead.",
			"{domain} のレコードに {ip} は含まれておらず、`{mechanism}` で終わっています。DMARC では pass として扱われないため、From ドメインと一致する DKIM 署名が必要になります。",
		},
		Fix: Text{"If {ip} is one of your servers, add it to the SPF record of {domain}.", "{ip} がご自身のサーバーであれば、{domain} の SPF レコードに追加してください。"},
		Steps: []Text{
			{"Your own server: put `{term}` before the final `all` of the record. A service: add the include that its documentation gives.", "ご自身のサーバーの場合は、レコード末尾の `all` の前に `{term}` を追加します。配信サービスの場合は、そのサービスのドキュメントにある include を追加します。"},
			{"A forwarder: leave the record as it is and sign your mail with DKIM, which survives forwarding.", "転送サーバーの場合は、レコードはそのままにして、転送後も有効な DKIM で署名してください。"},
		},
		Refs: []string{"RFC 7208 section 2.6.5", "RFC 7208 section 8.5"},
	},
	{
		ID: "spf.neutral", Status: Warn, Rank: rankMechanism,
		Title: Text{"SPF is neutral: {domain} does not say whether {ip} may send", "SPF は neutral です: {domain} は {ip} が送信してよいかどうかを示していません"},
		Detail: Text{
			"No term of the record matches {ip}, and the record makes no statement about other senders (`{mechanism}`). Receivers treat it as if there were no SPF.",
			"レコードのどの項目も {ip} に一致せず、それ以外の送信元について何も述べていません (`{mechanism}`)。受信側は SPF がない場合と同じように扱います。",
		},
		Fix: Text{"List every server that sends for {domain} and end the record in `~all` or `-all`.", "{domain} から送信するすべてのサーバーを列挙し、レコードの末尾を `~all` または `-all` にしてください。"},
		Steps: []Text{
			{"Your own server: add `{term}` to the record.", "ご自身のサーバーであれば、レコードに `{term}` を追加します。"},
			{"When the list is complete, end the record in `~all` or `-all`.", "すべて列挙し終えたら、レコードの末尾を `~all` または `-all` にします。"},
		},
		Refs: []string{"RFC 7208 section 2.6.2", "RFC 7208 section 8.2"},
	},
	{
		ID: "spf.none", Status: Warn, Rank: rankMechanism,
		Title: Text{"{domain} publishes no SPF record", "{domain} には SPF レコードがありません"},
		Detail: Text{
			"Nobody can tell which servers may use {domain} as envelope sender. Gmail, Yahoo and Microsoft demand SPF and DKIM of bulk senders, and one of the two of everyone.",
			"どのサーバーが {domain} をエンベロープ送信者として使ってよいのか、誰にもわかりません。Gmail、Yahoo、Microsoft は大量送信者に SPF と DKIM の両方を、すべての送信者に少なくとも一方を求めています。",
		},
		Fix: Text{"Publish one TXT record at {domain} that lists the servers that send for it.", "{domain} に、送信サーバーを列挙した TXT レコードを 1 つ公開してください。"},
		Steps: []Text{
			{"List everything that sends with {domain} as envelope sender: your own servers, your mail service, newsletter and shop systems.", "{domain} をエンベロープ送信者として送信するものをすべて洗い出します (ご自身のサーバー、メールサービス、メール配信やショップのシステムなど)。"},
			{"Publish a TXT record such as `v=spf1 {term} ~all` at {domain}, with one term for each of them. This one has only the server seen here.", "それぞれの項目を並べた `v=spf1 {term} ~all` のような TXT レコードを {domain} に公開します (この例には今回のサーバーだけを入れています)。"},
		},
		Refs: []string{"RFC 7208 section 2.6.1", "https://support.google.com/a/answer/81126"},
	},
	{
		ID: "spf.none-helo", Status: Info, Rank: rankHygiene,
		Title: Text{"The host name {domain} publishes no SPF record", "ホスト名 {domain} には SPF レコードがありません"},
		Detail: Text{
			"The message has no envelope sender (it is a bounce or a notice), so SPF looks at the name given in HELO. Without a record there, SPF says nothing about such mail.",
			"このメールにはエンベロープ送信者がない (バウンスメールなど) ため、SPF は HELO のホスト名を調べます。そこにレコードがなければ、SPF はこの種のメールについて何も示しません。",
		},
		Fix:  Text{"Publish `v=spf1 a -all` at the host name {domain}, if it is yours.", "{domain} がご自身のホスト名であれば、そこに `v=spf1 a -all` を公開してください。"},
		Refs: []string{"RFC 7208 section 2.4", "RFC 7208 section 10.1.3"},
	},
	{
		ID: "spf.temperror", Status: Unknown, Rank: rankMechanism,
		Title:  Text{"The SPF record of {domain} could not be looked up", "{domain} の SPF レコードを取得できませんでした"},
		Detail: Text{"A DNS server did not answer or answered with an error. This says nothing about the mail; receivers that meet the same error may defer it with a 4xx reply.", "DNS サーバーが応答しないか、エラーを返しました。メールそのものの良し悪しとは関係ありませんが、受信側でも同じエラーが起きると 4xx で一時的に拒否されることがあります。"},
		Fix:    Text{"Try again; if it stays, have the name servers of {domain} (and of what it includes) checked.", "時間をおいてもう一度お試しください。続く場合は、{domain} と include 先のネームサーバーの状態を確認してください。"},
		Refs:   []string{"RFC 7208 section 2.6.6"},
	},
	{
		ID: "spf.permerror", Status: Fail, Rank: rankRecord,
		Title:  Text{"The SPF record of {domain} cannot be evaluated", "{domain} の SPF レコードを評価できません"},
		Detail: Text{"The result is permerror: for receivers the domain has no usable SPF, whoever sends. The evidence shows the exact cause.", "結果は permerror です。どこから送信しても、受信側にとっては使える SPF がないことになります。原因は「根拠」に示しています。"},
		Fix:    Text{"Correct the record of {where}.", "{where} のレコードを修正してください。"},
		Refs:   []string{"RFC 7208 section 2.6.7"},
	},
	{
		ID: "spf.syntax", Status: Fail, Rank: rankRecord,
		Title: Text{"The SPF record of {where} has a syntax error at `{term}`", "{where} の SPF レコードの `{term}` に構文エラーがあります"},
		Detail: Text{
			"One bad term makes the whole record a permerror, even when an earlier term matches. For receivers {domain} has no usable SPF at all.",
			"誤った項目が 1 つあるだけで、その前の項目が一致していてもレコード全体が permerror になります。受信側にとって {domain} には使える SPF がないことになります。",
		},
		Fix: Text{"Correct or remove `{term}` in the record of {where}.", "{where} のレコードの `{term}` を修正するか削除してください。"},
		Steps: []Text{
			{"Common slips: `ipv4:` instead of `ip4:`, a space after a colon, a comma between terms, a missing `include:`, typographic quotes, an address with a wrong prefix length.", "よくある誤りは、`ip4:` を `ipv4:` と書く、コロンの後に空白を入れる、項目をコンマで区切る、`include:` が抜ける、全角の引用符を使う、プレフィックス長を誤る、などです。"},
		},
		Refs: []string{"RFC 7208 section 4.6", "RFC 7208 section 12"},
	},
	{
		ID: "spf.too-many-lookups", Status: Fail, Rank: rankRecord,
		Title: Text{"The SPF record of {domain} needs more than 10 DNS look-ups", "{domain} の SPF レコードは DNS 参照回数が 10 回を超えています"},
		Detail: Text{
			"`include`, `a`, `mx`, `ptr`, `exists` and `redirect` cost one look-up each, counted through everything that is included. Beyond 10 the result is permerror: receivers stop, and {domain} has no SPF for the servers that come later.",
			"`include`、`a`、`mx`、`ptr`、`exists`、`redirect` はそれぞれ 1 回の参照として、include 先も含めて数えます。10 回を超えると permerror になり、受信側は評価を打ち切ります。その後ろに並ぶサーバーにとって {domain} の SPF はないのと同じです。",
		},
		Fix: Text{"Remove includes that are no longer used and replace `a` and `mx` by `ip4:`/`ip6:` where the addresses are stable.", "使っていない include を削除し、アドレスが変わらないものは `a` や `mx` を `ip4:`/`ip6:` に置き換えてください。"},
		Steps: []Text{
			{"Look at the tree of look-ups: it shows what each term costs.", "参照の内訳で、各項目が何回の参照を使っているかを確認します。"},
			{"Remove services that you have left. Move a service that sends much to a subdomain of its own (envelope sender at that subdomain), so that it has its own ten look-ups.", "解約したサービスを削除します。送信量の多いサービスは専用のサブドメインをエンベロープ送信者に使うと、そこで別に 10 回まで参照できます。"},
			{"Includes that do nothing for alignment (the service uses its own envelope sender) can go.", "サービス側のドメインをエンベロープ送信者に使う配信サービスの include は、DMARC の一致に役立たないため削除できます。"},
		},
		Refs: []string{"RFC 7208 section 4.6.4"},
	},
	{
		ID: "spf.too-many-void-lookups", Status: Fail, Rank: rankRecord,
		Title: Text{"The SPF record of {domain} points to too many names that do not exist", "{domain} の SPF レコードに、存在しない名前の参照が多すぎます"},
		Detail: Text{
			"More than two look-ups found nothing. Receivers stop there with permerror, to protect themselves; the record is unusable for all senders that come later in it.",
			"結果が空の参照が 2 回を超えました。受信側は自衛のためにそこで permerror とするため、レコードのそれより後ろにある送信元は、すべて pass になりません。",
		},
		Fix:  Text{"Remove the terms whose names no longer exist; `{term}` in the record of {where} was the one too many.", "存在しなくなった名前の項目を削除してください。{where} のレコードの `{term}` で上限を超えました。"},
		Refs: []string{"RFC 7208 section 4.6.4"},
	},
	{
		ID: "spf.too-many-mx", Status: Fail, Rank: rankRecord,
		Title:  Text{"`{term}` in the SPF record of {where} meets more than 10 mail hosts", "{where} の SPF レコードの `{term}` で、メールホストが 10 を超えました"},
		Detail: Text{"An `mx` term may look at ten mail hosts at most; beyond that the result is permerror and {domain} has no usable SPF.", "`mx` で調べられるメールホストは 10 までです。超えると permerror になり、{domain} には使える SPF がないことになります。"},
		Fix:    Text{"Replace `{term}` by the addresses of the servers that send.", "`{term}` を、実際に送信するサーバーのアドレスに置き換えてください。"},
		Refs:   []string{"RFC 7208 section 4.6.4"},
	},
	{
		ID: "spf.multiple-records", Status: Fail, Rank: rankRecord,
		Title: Text{"{where} publishes more than one SPF record", "{where} に SPF レコードが複数あります"},
		Detail: Text{
			"Exactly one TXT record may begin with `v=spf1`. With two, the result is permerror for every sender, even when each of them alone would be right.",
			"`v=spf1` で始まる TXT レコードは 1 つでなければなりません。2 つあると、それぞれが正しくても、すべての送信元で permerror になります。",
		},
		Fix: Text{"Merge the records of {where} into one and delete the others.", "{where} のレコードを 1 つにまとめ、残りを削除してください。"},
		Steps: []Text{
			{"Write one record: `v=spf1`, then the terms of all records without repetition, then one `~all` or `-all`.", "`v=spf1`、すべてのレコードの項目 (重複は除く)、最後に `~all` または `-all` を 1 つ、という 1 つのレコードを作ります。"},
			{"Publish it and delete the old ones in the same change.", "公開と同時に、古いレコードを削除します。"},
		},
		Refs: []string{"RFC 7208 section 3.2", "RFC 7208 section 4.5"},
	},
	{
		ID: "spf.include-none", Status: Fail, Rank: rankRecord,
		Title: Text{"`{term}` in the SPF record of {where} points to a name without an SPF record", "{where} の SPF レコードの `{term}` の先に SPF レコードがありません"},
		Detail: Text{
			"An include or redirect whose target has no SPF record makes the whole evaluation a permerror. If the target's domain has expired, a stranger can register it and send in your name.",
			"include や redirect の先に SPF レコードがないと、評価全体が permerror になります。参照先のドメインが失効している場合、第三者がそれを取得して、元のドメインを騙って送信できるおそれもあります。",
		},
		Fix:  Text{"Remove `{term}` from the record of {where}, or correct its name as the service's documentation gives it.", "{where} のレコードから `{term}` を削除するか、サービスのドキュメントのとおりに名前を修正してください。"},
		Refs: []string{"RFC 7208 section 5.2", "RFC 7208 section 6.1"},
	},
	{
		ID: "spf.loop", Status: Fail, Rank: rankRecord,
		Title:  Text{"The SPF record of {domain} includes itself", "{domain} の SPF レコードが循環しています"},
		Detail: Text{"Following `{term}` in the record of {where} leads back to a record that is already being evaluated. The look-up limit ends it with permerror.", "{where} のレコードの `{term}` をたどると、評価中のレコードに戻ってしまいます。参照回数の上限に達して permerror になります。"},
		Fix:    Text{"Remove `{term}` from the record of {where}.", "{where} のレコードから `{term}` を削除してください。"},
		Refs:   []string{"RFC 7208 section 4.6.4"},
	},
	{
		ID: "spf.bad-domain", Status: Warn, Rank: rankRecord,
		Title:  Text{"SPF cannot look up {domain}: it is not a full domain name", "{domain} は SPF で調べられるドメイン名ではありません"},
		Detail: Text{"The envelope sender or HELO name is malformed, is an address literal or has a single label. SPF gives none; many receivers refuse such senders.", "エンベロープ送信者または HELO の名前が不正か、アドレスリテラルか、ラベルが 1 つだけです。SPF の結果は none になり、多くの受信側はこのような送信者を拒否します。"},
		Fix:    Text{"Send with a fully qualified domain name as envelope sender and in HELO.", "エンベロープ送信者と HELO には、完全修飾ドメイン名を使ってください。"},
		Refs:   []string{"RFC 7208 section 4.3"},
	},
	{
		ID: "spf.plus-all", Status: Warn, Rank: rankRecord,
		Title: Text{"The SPF record of {domain} lets the whole Internet send (`{mechanism}`)", "{domain} の SPF レコードはインターネット全体に送信を許可しています (`{mechanism}`)"},
		Detail: Text{
			"SPF passes, but it proves nothing: anyone passes. Gmail names such records suspicious (4.7.24, 5.7.24), and with DMARC anyone can send mail that passes in your name.",
			"SPF は pass ですが、誰が送信しても pass になるため、何の証明にもなりません。Gmail はこのようなレコードを疑わしいものとして扱い (4.7.24、5.7.24)、第三者がドメインを騙って送信したメールも DMARC が pass になってしまいます。",
		},
		Fix: Text{"List the servers that send and end the record in `~all` or `-all`.", "送信するサーバーを列挙し、レコードの末尾を `~all` または `-all` にしてください。"},
		Steps: []Text{
			{"Before you publish the change, make sure that every server of yours is listed: from then on the others no longer pass.", "変更を公開する前に、ご自身の送信サーバーがすべて列挙されていることを確認してください。公開後は、それ以外のサーバーからの送信は pass になりません。"},
		},
		Refs: []string{"RFC 7208 section 5.1", "RFC 7208 section 11.4", "https://support.google.com/a/answer/3726730"},
	},
	{
		ID: "spf.unchecked", Status: Unknown, Rank: rankContext,
		Title: Text{"SPF was not checked: the envelope is not known", "SPF は未確認です: エンベロープが不明です"},
		Detail: Text{
			"SPF judges the sending address and the envelope sender, and a message file holds neither. Header fields such as Return-Path are claims and are never taken for the envelope.",
			"SPF は送信元 IP アドレスとエンベロープ送信者を判定しますが、メールのファイルにはどちらも含まれていません。Return-Path などのヘッダーは自称にすぎないため、エンベロープの代わりにはしません。",
		},
		Fix:  Text{"Give the envelope: `--ip`, `--helo` and `--mail-from`; or send the message to a Todoku inbox.", "`--ip`、`--helo`、`--mail-from` でエンベロープを指定するか、Todoku の受信アドレス宛てに送信してください。"},
		Refs: []string{"RFC 7208 section 2.2"},
	},
}
