package catalogue

// spfRecordEntries are about the SPF record of a domain, whoever sends.
var spfRecordEntries = []Entry{
	{
		ID: "spf.record", Status: Pass, Rank: rankMechanism,
		Title: Text{"The SPF record of {domain} is in order ({lookups} of 10 DNS look-ups)", "{domain} の SPF レコードは正しく公開されています (DNS 参照回数 {lookups}/10)"},
		Detail: Text{
			"There is one record, receivers can read it, and it stays within their limits: {lookups} look-ups of 10 and {voids} void ones of 2, counted for an address that matches nothing.",
			"レコードは 1 つで、受信側が正しく読み取れ、上限内に収まっています。どの項目にも一致しないアドレスの場合で、DNS 参照回数は {lookups} 回 (上限 10)、結果が空の参照は {voids} 回 (上限 2) です。",
		},
		Refs: []string{"RFC 7208 section 4.6.4"},
	},
	{
		ID: "spf.none-parked", Status: Warn, Rank: rankRecord,
		Title: Text{"{domain} takes no mail, and does not say that it sends none", "{domain} はメールを受信しませんが、送信もしないことを示していません"},
		Detail: Text{
			"Nothing shows that {domain} sends mail, yet without an SPF record anybody may use it as envelope sender, and receivers cannot tell that this is a forgery.",
			"{domain} がメールを送信している様子はありませんが、SPF レコードがないため、第三者がエンベロープ送信者として使っても、受信側はなりすましと判断できません。",
		},
		Fix: Text{"Publish `v=spf1 -all`: this domain sends nothing.", "`v=spf1 -all` を公開し、このドメインから送信しないことを示してください。"},
		Steps: []Text{
			{"If {domain} does send, list its servers in the record instead.", "実際には {domain} から送信している場合は、代わりに送信サーバーを列挙したレコードを公開します。"},
		},
		Refs: []string{"RFC 7208 section 10.1.2", "RFC 7505 section 4.2"},
	},
	{
		ID: "spf.unrecognised", Status: Fail, Rank: rankRecord,
		Title: Text{"A TXT record of {domain} was meant to be SPF, but receivers do not recognise it", "{domain} の SPF レコードのつもりの TXT レコードが、SPF として認識されません"},
		Detail: Text{
			"An SPF record begins with exactly `v=spf1` and a space. This one begins with `{term}`: quotes, invisible or full-width characters, a missing space or a slip stand in the way. For receivers it is not there.",
			"SPF レコードは、半角の `v=spf1` と空白で始まっていなければなりません。このレコードは `{term}` で始まっており、引用符、見えない文字、全角文字、空白の欠落、綴りの誤りなどが妨げになっています。受信側にとって、このレコードは存在しないのと同じです。",
		},
		Fix: Text{"Replace the text by the corrected record.", "修正後のレコードに置き換えてください。"},
		Steps: []Text{
			{"Type the record by hand or copy it from here; word processors and input methods change quotes, hyphens and spaces.", "レコードは手で入力するか、ここからコピーしてください。ワープロソフトや日本語入力では、引用符、ハイフン、空白が別の文字に変わることがあります。"},
			{"Compare each term with the evidence: it shows how the text was read.", "各項目がどのように読み取られたかを「根拠」で確認してください。"},
		},
		Refs: []string{"RFC 7208 section 4.5"},
	},
	{
		ID: "spf.wrong-place", Status: Fail, Rank: rankRecord,
		Title: Text{"The SPF record for {domain} is at {where}, where nobody looks", "{domain} の SPF レコードが、参照されない場所 {where} にあります"},
		Detail: Text{
			"Receivers ask for a TXT record at {domain} itself. A record at {where} has no effect on mail from {domain}: there is no SPF.",
			"受信側は {domain} そのものの TXT レコードを調べます。{where} にあるレコードは {domain} のメールには効果がなく、SPF がないのと同じです。",
		},
		Fix: Text{"Publish the record as TXT at {domain}.", "レコードを {domain} の TXT として公開してください。"},
		Steps: []Text{
			{"In most control panels the host field stays empty or is `@`.", "多くの管理画面では、ホスト名の欄を空にするか `@` にします。"},
			{"When it is there, remove the one at {where} unless something includes it.", "公開できたら、ほかから include されていない限り、{where} のレコードを削除します。"},
		},
		Refs: []string{"RFC 7208 section 3", "RFC 7208 section 3.1"},
	},
	{
		ID: "spf.ignored-term", Status: Warn, Rank: rankRecord,
		Title: Text{"`{term}` in the SPF record of {domain} has no effect", "{domain} の SPF レコードの `{term}` は効果がありません"},
		Detail: Text{
			"Receivers take it for a modifier that they do not know and skip it without an error. It was probably meant as `{meant}`; whoever it should let in does not pass.",
			"受信側はこれを未知の修飾子とみなし、エラーにせず読み飛ばします。おそらく `{meant}` の誤りで、許可したかった送信元は pass になりません。",
		},
		Fix:  Text{"Write `{meant}`.", "`{meant}` に修正してください。"},
		Refs: []string{"RFC 7208 section 6"},
	},
	{
		ID: "spf.dangling", Status: Fail, Rank: rankRecord + 1,
		Title: Text{"`{term}` in the SPF record of {where} points to a domain that anybody can register", "{where} の SPF レコードの `{term}` は、誰でも取得できるドメインを参照しています"},
		Detail: Text{
			"The domain does not exist in the DNS any more. Whoever registers it decides who may send for {domain}, and such mail passes SPF and DMARC.",
			"参照先のドメインは DNS に存在しません。第三者がこのドメインを取得すると、{domain} を騙る送信元を自由に許可でき、そのメールは SPF も DMARC も pass になります。",
		},
		Fix:  Text{"Remove `{term}` at once.", "`{term}` を速やかに削除してください。"},
		Refs: []string{"RFC 7208 section 11.4", "RFC 7208 section 5.2"},
	},
	{
		ID: "spf.void-term", Status: Warn, Rank: rankRecord + 1,
		Title: Text{"`{term}` in the SPF record of {domain} finds nothing", "{domain} の SPF レコードの `{term}` に該当するものがありません"},
		Detail: Text{
			"The name has no address (or no mail host). The term lets nobody in, costs a look-up, and counts towards the two void look-ups after which receivers stop.",
			"この名前にはアドレス (またはメールホスト) がありません。誰も許可しないまま DNS 参照回数を使い、受信側が評価を打ち切る「結果が空の参照」(2 回まで) にも数えられます。",
		},
		Fix:  Text{"Remove `{term}`, or correct its name.", "`{term}` を削除するか、名前を修正してください。"},
		Refs: []string{"RFC 7208 section 4.6.4"},
	},
	{
		ID: "spf.after-all", Status: Warn, Rank: rankRecord,
		Title: Text{"`{term}` stands after `all` in the SPF record of {domain} and has no effect", "{domain} の SPF レコードの `{term}` は、`all` より後ろにあるため効果がありません"},
		Detail: Text{
			"`all` matches everybody, so receivers never read what follows. Mail from there does not pass.",
			"`all` はすべてに一致するため、その後ろの項目は評価されません。そこから送信したメールは pass になりません。",
		},
		Fix:  Text{"Move `{term}` before `all`.", "`{term}` を `all` の前に移動してください。"},
		Refs: []string{"RFC 7208 section 5.1"},
	},
	{
		ID: "spf.redirect-ignored", Status: Warn, Rank: rankRecord,
		Title: Text{"`{term}` in the SPF record of {domain} is ignored: there is also `all`", "{domain} の SPF レコードの `{term}` は、`all` があるため無視されます"},
		Detail: Text{
			"`redirect=` counts only where the record has no `all`. The proposed record leaves it out, which changes nothing.",
			"`redirect=` は、レコードに `all` がない場合にだけ使われます。提案するレコードではこれを省いていますが、結果は変わりません。",
		},
		Fix:  Text{"Remove `{term}`. If those servers do send, write it as `include:` before `all`.", "`{term}` を削除してください。そのサーバーから実際に送信している場合は、`all` の前に `include:` として書いてください。"},
		Refs: []string{"RFC 7208 section 6.1"},
	},
	{
		ID: "spf.ptr", Status: Warn, Rank: rankRecord + 1,
		Title: Text{"`{term}` in the SPF record of {domain} should not be used", "{domain} の SPF レコードの `{term}` は使うべきではありません"},
		Detail: Text{
			"`ptr` is slow and unreliable: it depends on reverse DNS, and some receivers skip it. Mail that passes only by it may not pass everywhere.",
			"`ptr` は逆引きに頼るため、遅く確実ではありません。評価しない受信側もあり、これだけに頼るメールは pass にならないことがあります。",
		},
		Fix: Text{"Name the servers by `ip4:`, `ip6:`, `a` or `mx` instead.", "代わりに `ip4:`、`ip6:`、`a`、`mx` で送信サーバーを指定してください。"},
		Steps: []Text{
			{"Before you publish the change, list every server that was let in only by `{term}`. The record ends in `~all` until you have.", "変更を公開する前に、`{term}` だけで許可されていたサーバーをすべて列挙してください。それまでの間、レコードの末尾は `~all` にしています。"},
		},
		Refs: []string{"RFC 7208 section 5.5"},
	},
	{
		ID: "spf.too-wide", Status: Warn, Rank: rankRecord,
		Title: Text{"`{term}` in the SPF record of {domain} lets in very many addresses (/{bits})", "{domain} の SPF レコードの `{term}` は、許可する範囲が広すぎます (/{bits})"},
		Detail: Text{
			"A network this large is rarely one sender's alone. Any customer or infected machine in it can send mail that passes SPF and DMARC in your name.",
			"これほど広い範囲を 1 つの送信者だけで使うことはまれです。範囲内の他の利用者や乗っ取られた機器が、このドメインを騙り、SPF も DMARC も pass になるメールを送信できます。",
		},
		Fix: Text{"Replace it by the addresses that really send.", "実際に送信しているアドレスだけに絞ってください。"},
		Steps: []Text{
			{"Find the sending addresses in your server's logs or in DMARC aggregate reports.", "送信元アドレスは、サーバーのログや DMARC 集約レポートで確認できます。"},
			{"List each as `ip4:` or `ip6:` and remove `{term}`.", "それぞれを `ip4:` または `ip6:` で列挙し、`{term}` を削除します。"},
		},
		Refs: []string{"RFC 7208 section 11.4"},
	},
	{
		ID: "spf.exp-missing", Status: Warn, Rank: rankHygiene,
		Title: Text{"`{term}` in the SPF record of {domain} names no text", "{domain} の SPF レコードの `{term}` の先に説明文がありません"},
		Detail: Text{
			"`exp=` names a TXT record with an explanation for refused senders. There is none, so the modifier does nothing. Delivery is not affected.",
			"`exp=` は、拒否した相手に示す説明文の TXT レコードを指定します。その TXT レコードがないため、何の働きもしません。配送には影響しません。",
		},
		Fix:  Text{"Remove `{term}`, or publish the text.", "`{term}` を削除するか、説明文を公開してください。"},
		Refs: []string{"RFC 7208 section 6.2"},
	},
	{
		ID: "spf.no-all", Status: Warn, Rank: rankContext,
		Title: Text{"The SPF record of {domain} does not say what holds for everybody else", "{domain} の SPF レコードは、それ以外の送信元の扱いを示していません"},
		Detail: Text{
			"Without `all` or `redirect=` the result for unlisted servers is neutral, as if there were no SPF. Your own mail passes as before.",
			"`all` も `redirect=` もない場合、列挙していないサーバーの結果は neutral になり、SPF がないのと同じ扱いです。ご自身のメールへの影響はありません。",
		},
		Fix:  Text{"End the record in `~all` or `-all`.", "レコードの末尾を `~all` または `-all` にしてください。"},
		Refs: []string{"RFC 7208 section 4.7"},
	},
	{
		ID: "spf.neutral-all", Status: Info, Rank: rankHygiene,
		Title: Text{"The SPF record of {domain} says nothing of unlisted servers (`{term}`)", "{domain} の SPF レコードは、列挙していないサーバーについて何も述べていません (`{term}`)"},
		Detail: Text{
			"Your own mail passes. Mail from other servers gives neutral, which receivers treat as if there were no SPF.",
			"ご自身のメールは pass になります。それ以外のサーバーからのメールは neutral になり、受信側は SPF がないのと同じように扱います。",
		},
		Fix:  Text{"When the list of servers is complete, end the record in `~all` or `-all`.", "サーバーをすべて列挙できたら、レコードの末尾を `~all` または `-all` にしてください。"},
		Refs: []string{"RFC 7208 section 8.2"},
	},
	{
		ID: "spf.duplicate-term", Status: Info, Rank: rankHygiene,
		Title: Text{"`{term}` in the SPF record of {domain} repeats what another term says", "{domain} の SPF レコードの `{term}` は、ほかの項目と重複しています"},
		Detail: Text{
			"It does no harm beyond making the record longer; if it needs the DNS, receivers may look it up twice.",
			"レコードが長くなる以外の害はありませんが、DNS 参照が必要な項目では、参照回数が余分に増えることがあります。",
		},
		Fix:  Text{"Remove the repetition.", "重複を削除してください。"},
		Refs: []string{"RFC 7208 section 4.6.4"},
	},
	{
		ID: "spf.near-limit", Status: Info, Rank: rankHygiene,
		Title: Text{"The SPF record of {domain} uses {lookups} of 10 DNS look-ups", "{domain} の SPF レコードは DNS 参照回数を {lookups} 回使っています (上限 10 回)"},
		Detail: Text{
			"It works. One more service, or one more include at a service that you use, can bring it over the limit, and then SPF fails for everybody.",
			"現在は問題ありません。サービスの追加や、利用中のサービス側での include の追加により上限を超えると、すべての送信元で SPF が機能しなくなります。",
		},
		Fix:  Text{"Remove services that you no longer use.", "使っていないサービスの include を削除してください。"},
		Refs: []string{"RFC 7208 section 4.6.4"},
	},
	{
		ID: "spf.macros", Status: Info, Rank: rankHygiene,
		Title: Text{"`{term}` in the SPF record of {domain} depends on the message", "{domain} の SPF レコードの `{term}` はメールごとに結果が変わります"},
		Detail: Text{
			"The name to look up is made of the sender's address or the server's. It cannot be checked without a message; its cost is counted, what is below it is not.",
			"参照する名前が、送信者やサーバーのアドレスから作られます。メールがなければ確認できません。この項目自体の参照回数は数えていますが、その先は数えていません。",
		},
		Refs: []string{"RFC 7208 section 7"},
	},
	{
		ID: "spf.long-answer", Status: Info, Rank: rankHygiene,
		Title: Text{"The TXT records of {domain} make an answer of {size} octets", "{domain} の TXT レコードの応答は {size} オクテットあります"},
		Detail: Text{
			"Above 512 octets, receivers need EDNS or TCP to get the SPF record. Nearly all can; a firewall that blocks DNS over TCP would make SPF fail there.",
			"512 オクテットを超えると、SPF レコードの取得に EDNS または TCP が必要です。ほとんどの受信側は対応していますが、DNS の TCP 通信を遮断するファイアウォールがあると、取得に失敗することがあります。",
		},
		Fix:  Text{"Remove TXT records that are no longer needed, such as old verification tokens.", "古い所有権確認用の文字列など、不要な TXT レコードを削除してください。"},
		Refs: []string{"RFC 7208 section 3.4"},
	},
	{
		ID: "spf.sender-id", Status: Info, Rank: rankHygiene,
		Title: Text{"{domain} still publishes a Sender ID record (`{term}`)", "{domain} に Sender ID のレコード (`{term}`) が残っています"},
		Detail: Text{
			"Sender ID was an experiment that ended; no large receiver reads these records. It does no harm.",
			"Sender ID は終了した実験的な仕様で、主要な受信側は参照していません。害はありません。",
		},
		Fix:  Text{"Remove it.", "削除してください。"},
		Refs: []string{"RFC 6686", "RFC 7208 appendix C"},
	},
	{
		ID: "spf.type99", Status: Info, Rank: rankHygiene,
		Title: Text{"{domain} still publishes a record of type SPF (99)", "{domain} に SPF タイプ (99) のレコードが残っています"},
		Detail: Text{
			"Receivers read SPF only from TXT records. The old type does no harm, but nobody keeps it up to date.",
			"受信側は TXT レコードの SPF だけを参照します。古いタイプのレコードに害はありませんが、更新されずに内容が食い違うもとになります。",
		},
		Fix:  Text{"Remove the records of type SPF.", "SPF タイプのレコードを削除してください。"},
		Refs: []string{"RFC 7208 section 3.1"},
	},
	{
		ID: "spf.dropped-terms", Status: Info, Rank: rankContext,
		Title: Text{"The corrected SPF record of {domain} leaves out `{term}`", "修正後の {domain} の SPF レコードでは `{term}` を省いています"},
		Detail: Text{
			"These terms cannot be mended: nobody can tell what they mean, or what they point to does not exist. While they were there, they let nobody pass for certain.",
			"これらの項目は、意味が特定できないか、参照先が存在しないため、修正できません。現状でも、確実に pass になる送信元はありませんでした。",
		},
		Fix:  Text{"Check that no server of yours is meant by them; if one is, add its address to the record.", "ご自身のサーバーを指すものがないか確認し、あればそのアドレスをレコードに追加してください。"},
		Refs: []string{"RFC 7208 section 4.6"},
	},
	{
		ID: "spf.flattened", Status: Info, Rank: rankContext,
		Title: Text{"The corrected SPF record of {domain} lists the addresses of `{term}`", "修正後の {domain} の SPF レコードでは `{term}` をアドレスで列挙しています"},
		Detail: Text{
			"That brings it to {lookups} of 10 look-ups. It has a price: when the owner of these names changes the addresses, the record is out of date and mail stops passing. Compare them every month at least.",
			"これにより DNS 参照回数は {lookups} 回 (上限 10) になります。ただし、参照先の管理者がアドレスを変更するとレコードが古くなり、メールが pass にならなくなります。少なくとも月に 1 回は見比べてください。",
		},
		Fix:  Text{"Better still, remove a service that you no longer use, or give one a subdomain of its own as envelope sender; then nothing needs to be listed.", "使っていないサービスを削除するか、サービスに専用のサブドメインをエンベロープ送信者として割り当てれば、アドレスを列挙する必要はなくなります。"},
		Refs: []string{"RFC 7208 section 4.6.4", "RFC 7208 section 10.1.1"},
	},
}
