package catalogue

// mxEntries are about the records that say where a domain's mail goes.
var mxEntries = []Entry{
	{
		ID: "mx.pass", Status: Pass, Rank: rankRecord,
		Title:  Text{"The mail exchangers of {from} can be found ({count})", "{from} の MX レコードはすべて正しく引けます ({count} 件)"},
		Detail: Text{"Every MX record names a host that has an address. Replies and bounces arrive.", "どの MX レコードにもアドレスを持つホストが書かれています。返信もバウンスメールも届きます。"},
		Refs:   []string{"RFC 5321 section 5.1"},
	},
	{
		ID: "mx.implicit", Status: Info, Rank: rankRecord,
		Title:  Text{"{from} has no MX record: its mail goes to the address of {from} itself", "{from} には MX レコードがなく、メールは {from} 自身のアドレスに送られます"},
		Detail: Text{"That is allowed. It is right only if a mail server runs at that address: where it is a web server, replies and bounces are lost after days of trying.", "規格上は認められていますが、そのアドレスでメールサーバーが動いている必要があります。Web サーバーであれば、返信やバウンスメールは何日も再送されたあと失われます。"},
		Fix:    Text{"Publish an MX record that names the mail server or, if {from} takes no mail, a null MX (`0 .`).", "メールサーバーを指す MX レコードを公開してください。{from} でメールを受信しない場合は null MX (`0 .`) を公開します。"},
		Refs:   []string{"RFC 5321 section 5.1", "RFC 7505"},
	},
	{
		ID: "mx.none", Status: Warn, Rank: rankRecord,
		Title:  Text{"{from} cannot receive mail: it has neither an MX record nor an address", "{from} はメールを受信できません: MX レコードもアドレスもありません"},
		Detail: Text{"Replies and bounces to {from} are lost. Many receivers refuse a sender address to which nothing can be sent back (\"sender address rejected: domain not found\"), and Yahoo and Microsoft ask for addresses that can be replied to.", "{from} 宛ての返信やバウンスメールは失われます。返信できない送信者アドレスを拒否する受信側は多く (\"Sender address rejected: Domain not found\")、Yahoo と Microsoft も返信可能なアドレスを求めています。"},
		Fix:    Text{"Publish an MX record that names the host which takes mail for {from}.", "{from} 宛てのメールを受け取るホストを指す MX レコードを公開してください。"},
		Steps: []Text{
			{"Use the name that your mail provider gives you for MX. For a subdomain that only sends, the exchanger of your main domain will do if it accepts the bounces.", "メールサービスから案内された MX の値を使います。送信専用のサブドメインの場合は、バウンスメールを受け取れるのであれば、主ドメインと同じメールサーバーでかまいません。"},
		},
		Refs: []string{"RFC 5321 section 5.1", "https://senders.yahooinc.com/best-practices"},
	},
	{
		ID: "mx.null", Status: Pass, Rank: rankRecord,
		Title:  Text{"{from} says that it takes no mail (null MX)", "{from} はメールを受信しないことを示しています (null MX)"},
		Detail: Text{"Senders learn at once that nobody is there, and receivers refuse mail that claims to come from it.", "送信側は宛先がないことをすぐに知ることができ、受信側はこのドメインを名乗るメールを拒否できます。"},
		Refs:   []string{"RFC 7505 section 3"},
	},
	{
		ID: "mx.null-missing", Status: Info, Rank: rankHygiene,
		Title:  Text{"{from} sends no mail, but does not say that it takes none either", "{from} はメールを送信しませんが、受信しないことが示されていません"},
		Detail: Text{"With a null MX senders learn at once that nobody is there, instead of trying for days, and receivers have one more reason to refuse forged mail.", "null MX があれば、送信側は何日も再送せずに宛先がないことをすぐに知ることができ、受信側はなりすましメールを拒否しやすくなります。"},
		Fix:    Text{"If {from} takes no mail, publish a null MX.", "{from} でメールを受信しない場合は、null MX を公開してください。"},
		Refs:   []string{"RFC 7505 section 3"},
	},
	{
		ID: "mx.null-sending", Status: Warn, Rank: rankRecord,
		Title:  Text{"{from} sends mail, but its null MX says that it takes none", "{from} はメールを送信していますが、null MX により受信しないことを宣言しています"},
		Detail: Text{"Receivers refuse a sender to whom nothing can be sent back: RFC 7505 says that such a domain should not be used in MAIL FROM, and Yahoo refuses it.", "返信できない送信者からのメールは拒否されます。RFC 7505 は、null MX のドメインを MAIL FROM に使うべきではないとしており、Yahoo は実際に拒否します。"},
		Fix:    Text{"Publish the MX record of a host that takes mail in the place of the null MX. If {from} does not send, publish `v=spf1 -all` instead.", "null MX の代わりに、メールを受け取るホストの MX レコードを公開してください。{from} から送信しないのであれば、SPF を `v=spf1 -all` にします。"},
		Steps: []Text{
			{"Where the change given here only removes the null MX, mail goes to the address of {from} itself: name a mail server in an MX record if that is not one.", "ここに示した変更が null MX の削除だけの場合、メールは {from} 自身のアドレスに送られます。そこがメールサーバーでない場合は、メールサーバーの MX レコードを公開します。"},
		},
		Refs: []string{"RFC 7505 section 4.2", "https://senders.yahooinc.com/smtp-error-codes/"},
	},
	{
		ID: "mx.null-with-others", Status: Warn, Rank: rankRecord,
		Title:  Text{"{from} has a null MX beside other MX records", "{from} には、null MX と他の MX レコードが両方あります"},
		Detail: Text{"The null MX says that no mail is taken, the others say where it goes. Some senders believe the one, some the other.", "null MX は受信しないという意味で、他の MX レコードと矛盾しています。どちらに従うかは送信側によって異なります。"},
		Fix:    Text{"Remove the null MX (`0 .`).", "null MX (`0 .`) を削除してください。"},
		Refs:   []string{"RFC 7505 section 3"},
	},
	{
		ID: "mx.address", Status: Fail, Rank: rankRecord,
		Title:  Text{"An MX record of {from} holds the address {ip} in the place of a host name", "{from} の MX レコードに、ホスト名ではなくアドレス {ip} が書かれています"},
		Detail: Text{"An MX record must name a host. Senders look up the address as if it were a name, find nothing, and the mail comes back.", "MX レコードにはホスト名を書く必要があります。送信側はアドレスを名前として検索して見つけられず、メールは送り返されます。"},
		Fix:    Text{"Name a host that has the address {ip} instead.", "代わりに、アドレスが {ip} であるホスト名を書いてください。"},
		Refs:   []string{"RFC 5321 section 5.1", "RFC 1035 section 3.3.9"},
	},
	{
		ID: "mx.misspelt", Status: Fail, Rank: rankRecord,
		Title:  Text{"The MX record of {from} names {name}, but {meant} was probably meant", "{from} の MX レコードの {name} は、{meant} の誤りと思われます"},
		Detail: Text{"Nothing can be delivered to {name}; {meant} exists. Most often the final dot is missing in the zone file, so that the domain was appended once more, or the field of a control panel holds more or less than the host name.", "{name} には配送できませんが、{meant} は存在します。多くの場合、ゾーンファイルで末尾のドットを忘れてドメイン名が二重に付いたか、管理画面の入力欄にホスト名以外のものが入っています。"},
		Fix:    Text{"Replace it by {meant}.", "{meant} に置き換えてください。"},
		Steps: []Text{
			{"In a zone file, end a complete host name with a dot. In a control panel, put only the host name into the field, and the preference into its own.", "ゾーンファイルでは、完全なホスト名の末尾にドットを付けます。管理画面では、ホスト名だけを入力し、優先度は専用の欄に入力します。"},
		},
		Refs: []string{"RFC 1035 section 5.1", "RFC 5321 section 5.1"},
	},
	{
		ID: "mx.cname", Status: Warn, Rank: rankRecord,
		Title:  Text{"The mail exchanger {name} is only an alias (CNAME) of {target}", "MX レコードのホスト {name} は {target} の別名 (CNAME) です"},
		Detail: Text{"An MX record must not name an alias. Most senders follow it; some refuse, and mail to {from} is lost for them.", "MX レコードに別名を書くことは認められていません。多くの送信側は別名をたどりますが、拒否するところもあり、その場合 {from} 宛てのメールは届きません。"},
		Fix:    Text{"Name {target} itself, or give {name} address records in the place of the CNAME.", "MX レコードに {target} を直接書くか、{name} を CNAME ではなくアドレスレコードにしてください。"},
		Refs:   []string{"RFC 2181 section 10.3", "RFC 5321 section 5.1"},
	},
	{
		ID: "mx.unresolvable", Status: Fail, Rank: rankMechanism,
		Title:  Text{"The mail exchanger {name} of {from} has no address", "{from} の MX レコードのホスト {name} にアドレスがありません"},
		Detail: Text{"Nothing can be delivered there. Where another exchanger works, mail still arrives, but senders waste a try; where none does, replies and bounces are lost, and receivers may refuse {from} as a sender.", "このホストには配送できません。他のメールサーバーが使えれば届きますが、送信側は無駄な試行をします。使えるものがなければ返信もバウンスメールも失われ、受信側が {from} からのメールを拒否することもあります。"},
		Fix:    Text{"Give {name} its A or AAAA record, or take it out of the MX records.", "{name} に A または AAAA レコードを公開するか、MX レコードから取り除いてください。"},
		Steps: []Text{
			{"If the service behind {name} was cancelled or renamed, use the names that your mail provider gives you now.", "{name} のサービスを解約した場合や名前が変わった場合は、現在のメールサービスから案内されている値を使います。"},
		},
		Refs: []string{"RFC 5321 section 5.1"},
	},
	{
		ID: "mx.private-address", Status: Fail, Rank: rankRecord,
		Title:  Text{"The mail exchanger {name} has an address that nobody outside can reach: {ip}", "MX レコードのホスト {name} のアドレス {ip} は、外部から接続できません"},
		Detail: Text{"Private, loopback and reserved addresses lead every sender to its own network. Receivers also refuse senders whose exchangers are such.", "プライベートアドレスやループバックアドレスなどは、送信側自身のネットワークを指してしまいます。そのようなドメインを送信者として拒否する受信側もあります。"},
		Fix:    Text{"Publish the public address of {name}, or take it out of the MX records.", "{name} のグローバルアドレスを公開するか、MX レコードから取り除いてください。"},
		Refs:   []string{"RFC 6890", "RFC 5321 section 5.1"},
	},
	{
		ID: "mx.dns-failure", Status: Unknown, Rank: rankRecord,
		Title:  Text{"The mail exchanger records of {name} could not be looked up", "{name} のメールサーバーを DNS で確認できませんでした"},
		Detail: Text{"A DNS server did not answer or answered with an error. Senders that meet the same error try again later.", "DNS サーバーが応答しないか、エラーを返しました。同じエラーに遭った送信側は、時間をおいて再送します。"},
		Fix:    Text{"Try again; if it stays, have the name servers of {name} checked.", "時間をおいてもう一度お試しください。続く場合は {name} のネームサーバーを確認してください。"},
		Refs:   []string{"RFC 5321 section 5.1"},
	},
	{
		ID: "mx.many", Status: Info, Rank: rankHygiene,
		Title:  Text{"{from} has {count} MX records", "{from} には MX レコードが {count} 件あります"},
		Detail: Text{"More than ten make an `mx` term in SPF a permanent error, and no sender tries them all.", "10 件を超えると SPF の `mx` が permerror になります。また、送信側がすべてを試すことはありません。"},
		Fix:    Text{"Leave at most ten.", "10 件以下に減らしてください。"},
		Refs:   []string{"RFC 7208 section 4.6.4"},
	},
	{
		ID: "mx.duplicate", Status: Info, Rank: rankHygiene,
		Title:  Text{"{name} stands in more than one MX record of {from}", "{from} の MX レコードに {name} が重複しています"},
		Detail: Text{"That does no harm and no good: senders try the same host again.", "害はありませんが効果もなく、送信側は同じホストをもう一度試すだけです。"},
		Fix:    Text{"Leave the one with the lowest preference.", "優先度の値が最も小さいものだけを残してください。"},
		Refs:   []string{"RFC 5321 section 5.1"},
	},
	{
		ID: "mx.ipv6-only", Status: Warn, Rank: rankRecord,
		Title:  Text{"The mail exchangers of {from} can be reached over IPv6 only", "{from} のメールサーバーには IPv6 でしか接続できません"},
		Detail: Text{"Many senders, among them large providers, send over IPv4 only. Their mail to {from}, replies and bounces included, is lost.", "大手を含む多くの送信側は IPv4 でしか送信しません。そこからの {from} 宛てのメールは、返信やバウンスメールも含めて届きません。"},
		Fix:    Text{"Give one exchanger an IPv4 address and its A record.", "少なくとも 1 つのメールサーバーに IPv4 アドレスを割り当て、A レコードを公開してください。"},
		Refs:   []string{"RFC 5321 section 5.2", "RFC 3974"},
	},
	{
		ID: "mx.no-ipv6", Status: Info, Rank: rankHygiene,
		Title:  Text{"No mail exchanger of {from} has an IPv6 address", "{from} のメールサーバーに IPv6 アドレスがありません"},
		Detail: Text{"Mail arrives over IPv4. No provider demands IPv6.", "メールは IPv4 で届きます。IPv6 を必須としているメール事業者はありません。"},
		Refs:   []string{"RFC 5321 section 5.2"},
	},
}
