package catalogue

// hostEntries are about the sending host: its address, its names, its connection.
var hostEntries = []Entry{
	{
		ID: "ptr.pass", Status: Pass, Rank: rankHost,
		Title:  Text{"{ip} has the name {name}, and the name resolves back to it", "{ip} の逆引き名は {name} で、正引きも一致しています"},
		Detail: Text{"Forward-confirmed reverse DNS, as Gmail, Yahoo and Apple require of every sending address. The name is never required to equal the domain in From.", "正引きで確認できる逆引き (FCrDNS) が設定されています。Gmail、Yahoo、Apple がすべての送信元アドレスに求めているものです。逆引き名が From のドメインと同じである必要はありません。"},
		Refs:   []string{"RFC 8601 section 3", "https://support.google.com/a/answer/81126"},
	},
	{
		ID: "ptr.generic-shared", Status: Info, Rank: rankHygiene,
		Title: Text{"The address is named {name}, which is not within {from}", "逆引き名は {name} で、{from} のものではありません"},
		Detail: Text{
			"That is fine and usual on shared and rented hosts: no provider requires the PTR name to equal the From domain, only that it exists and resolves back. On a shared address its reputation is shared with the neighbours too.",
			"共用サーバーやレンタルサーバーでは普通のことで、問題ありません。どのメール事業者も、逆引き名が From のドメインと同じであることは求めておらず、逆引きが存在して正引きと一致することだけを求めています。ただし共用アドレスでは、その評価も他の利用者と共有されます。",
		},
		Refs: []string{"RFC 8601 section 3", "https://support.google.com/a/answer/81126"},
	},
	{
		ID: "ptr.missing", Status: Fail, Rank: rankHost,
		Title:  Text{"{ip} has no reverse DNS name (no PTR record)", "{ip} に逆引き (PTR レコード) がありません"},
		Detail: Text{"Gmail refuses or defers mail from addresses without reverse DNS (4.7.23, 5.7.25), and so do many others.", "逆引きのないアドレスからのメールは、Gmail では拒否され (一時的な 4.7.23、恒久的な 5.7.25)、他の多くの受信側でも同様です。"},
		Fix:    Text{"Have a PTR record set for {ip} that names the mail server, and let that name's A or AAAA record be {ip}.", "{ip} にメールサーバー名の PTR レコードを設定し、その名前の A または AAAA レコードが {ip} になるようにしてください。"},
		Steps: []Text{
			{"First publish {ip} as A (IPv4) or AAAA (IPv6) of the mail server's name, where it is not: many providers set no PTR record before its name leads back.", "メールサーバー名の A (IPv4) または AAAA (IPv6) レコードに {ip} がなければ、先に公開します。正引きが一致するまで PTR レコードを設定できない事業者が多くあります。"},
			{"Then set the PTR record. It belongs to whoever owns the address: set it in the control panel of your server provider or ask them for it. Use the same name in HELO.", "次に PTR レコードを設定します。PTR レコードはアドレスの所有者が管理しているため、サーバー事業者の管理画面で設定するか、事業者に依頼してください。HELO でも同じ名前を使います。"},
		},
		Refs: []string{"RFC 8601 section 3", "https://support.google.com/a/answer/81126"},
	},
	{
		ID: "ptr.unconfirmed", Status: Fail, Rank: rankHost,
		Title:  Text{"{ip} has the name {name}, but that name does not resolve back to it", "{ip} の逆引き名 {name} の正引きが {ip} と一致しません"},
		Detail: Text{"Reverse and forward DNS contradict each other. Gmail treats this like a missing PTR record (4.7.23, 5.7.25).", "逆引きと正引きが食い違っています。Gmail は PTR レコードがない場合と同じように扱います (4.7.23、5.7.25)。"},
		Fix:    Text{"Publish {ip} as A (IPv4) or AAAA (IPv6) of {name}, or have the PTR record name a host that has it.", "{name} の A (IPv4) または AAAA (IPv6) に {ip} を公開するか、{ip} を持つホスト名に PTR レコードを変更してください。"},
		Steps: []Text{
			{"If {name} is yours, add the address record given here. If it belongs to your server provider, set a PTR record of your own in its control panel.", "{name} がご自身の名前であれば、ここに示したアドレスレコードを追加します。サーバー事業者の名前であれば、管理画面でご自身の PTR レコードを設定します。"},
		},
		Refs: []string{"RFC 8601 section 3", "https://support.google.com/a/answer/81126"},
	},
	{
		ID: "ptr.dns-failure", Status: Unknown, Rank: rankHost,
		Title:  Text{"The reverse DNS name of {ip} could not be looked up", "{ip} の逆引きを確認できませんでした"},
		Detail: Text{"A DNS server did not answer or answered with an error. A receiver that meets the same error may defer the mail.", "DNS サーバーが応答しないか、エラーを返しました。受信側でも同じエラーが起きると、メールが 4xx で一時的に拒否されることがあります。"},
		Fix:    Text{"Try again; if it stays, ask the owner of the address to check its reverse zone.", "時間をおいてもう一度お試しください。続く場合は、アドレスの所有者に逆引きゾーンの確認を依頼してください。"},
		Refs:   []string{"RFC 8601 section 3"},
	},
	{
		ID: "ptr.unknown", Status: Unknown, Rank: rankContext,
		Title:  Text{"Reverse DNS was not checked: the sending address is not known", "逆引きは未確認です: 送信元 IP アドレスがわかりません"},
		Detail: Text{"A message file does not say which address sent it; Received fields are claims.", "メールのファイルからは、どのアドレスが送信したのかはわかりません。Received ヘッダーは自称にすぎません。"},
		Fix:    Text{"Give the sending address with `--ip`, or send the message to a Todoku inbox.", "`--ip` で送信元アドレスを指定するか、Todoku の受信アドレス宛てに送信してください。"},
		Refs:   []string{"RFC 8601 section 3"},
	},
	{
		ID: "ptr.private-address", Status: Unknown, Rank: rankContext,
		Title:  Text{"Reverse DNS was not judged: {ip} is a private or loopback address", "逆引きは判定していません: {ip} はプライベートまたはループバックアドレスです"},
		Detail: Text{"Receivers on the Internet will see another address. SPF and reverse DNS of this one say nothing about it.", "インターネット上の受信側からは別のアドレスに見えます。このアドレスの SPF や逆引きは参考になりません。"},
		Fix:    Text{"Send the message from the public address that will really be used, or give it with `--ip`.", "実際に使うグローバルアドレスから送信するか、`--ip` でそのアドレスを指定してください。"},
		Refs:   []string{"RFC 6890"},
	},
	{
		ID: "ptr.helo-pass", Status: Pass, Rank: rankHost,
		Title:  Text{"The host greets as {helo}, which leads to {ip}", "HELO 名 {helo} は {ip} に対応しています"},
		Detail: Text{"The name in HELO or EHLO is one that receivers can check.", "HELO (EHLO) で名乗る名前を、受信側が確認できます。"},
		Refs:   []string{"RFC 5321 section 4.1.1.1"},
	},
	{
		ID: "ptr.helo-syntax", Status: Warn, Rank: rankHost,
		Title:  Text{"The host greets as {helo}, which is no full host name", "HELO 名 {helo} は完全なホスト名ではありません"},
		Detail: Text{"HELO and EHLO name the host in full, or give its address in brackets. Many receivers refuse anything else (504 5.5.2 or 550) or count it as a sign of spam.", "HELO (EHLO) では完全なホスト名か、角括弧で囲んだ IP アドレスを名乗ります。それ以外の名前は、多くの受信側が拒否するか (504 5.5.2、550)、迷惑メールの兆候とみなします。"},
		Fix:    Text{"Set the host name that the mail server greets with to its full name, best the one in its PTR record (Postfix: `smtp_helo_name`, Exim: `helo_data`).", "メールサーバーが名乗るホスト名を完全な名前に設定してください。PTR レコードの名前が最適です (Postfix: `smtp_helo_name`、Exim: `helo_data`)。"},
		Refs:   []string{"RFC 5321 section 4.1.1.1", "RFC 5321 section 2.3.5"},
	},
	{
		ID: "ptr.helo-unresolved", Status: Warn, Rank: rankHost,
		Title:  Text{"The host greets as {helo}, which has no address", "HELO 名 {helo} にアドレスがありません"},
		Detail: Text{"Receivers that check the name in HELO find nothing behind it. Some refuse such mail (Postfix: 450 4.7.1 or 550 5.7.1, Helo command rejected).", "HELO 名を確認する受信側は、その名前のアドレスを見つけられません。拒否する受信側もあります (Postfix: 450 4.7.1、550 5.7.1 の Helo command rejected)。"},
		Fix:    Text{"Publish {ip} as A (IPv4) or AAAA (IPv6) of {helo}, or let the mail server greet with the name in its PTR record.", "{helo} の A (IPv4) または AAAA (IPv6) として {ip} を公開するか、PTR レコードの名前を名乗るようにメールサーバーを設定してください。"},
		Refs:   []string{"RFC 5321 section 4.1.1.1"},
	},
	{
		ID: "ptr.helo-elsewhere", Status: Info, Rank: rankHygiene,
		Title:  Text{"The host greets as {helo}, whose addresses are others than {ip}", "HELO 名 {helo} のアドレスは {ip} ではありません"},
		Detail: Text{"A receiver must not refuse mail for that alone, and hosts with several addresses do it. Some filters count it as a small sign of spam.", "受信側はこれだけを理由に拒否してはならず、複数のアドレスを持つホストではよくあることです。迷惑メールの弱い兆候とみなすフィルターもあります。"},
		Fix:    Text{"Where it is easy, let each address greet with the name in its own PTR record.", "可能であれば、アドレスごとに、その PTR レコードの名前を名乗るように設定してください。"},
		Refs:   []string{"RFC 5321 section 4.1.4"},
	},
	{
		ID: "ptr.helo-unknown", Status: Unknown, Rank: rankHost,
		Title:  Text{"Whether the HELO name {helo} leads to {ip} could not be looked up", "HELO 名 {helo} が {ip} に対応しているかどうかを確認できませんでした"},
		Detail: Text{"A DNS server did not answer or answered with an error.", "DNS サーバーが応答しないか、エラーを返しました。"},
		Fix:    Text{"Try again; if it stays, check the name servers of {helo}.", "時間をおいてもう一度お試しください。続く場合は {helo} のネームサーバーを確認してください。"},
		Refs:   []string{"RFC 5321 section 4.1.1.1"},
	},
	{
		ID: "tls.pass", Status: Pass, Rank: rankHost,
		Title:  Text{"The connection was encrypted ({version})", "接続は暗号化されていました ({version})"},
		Detail: Text{"Cipher {cipher}.", "暗号スイートは {cipher} です。"},
		Refs:   []string{"RFC 3207", "https://support.google.com/a/answer/81126"},
	},
	{
		ID: "tls.none", Status: Fail, Rank: rankHost,
		Title:  Text{"The message was sent without TLS", "メールは TLS なしで送信されました"},
		Detail: Text{"STARTTLS was offered, but not used. Gmail requires TLS of every sender and refuses or defers mail without it (4.7.29, 5.7.29).", "受信側は STARTTLS に対応していますが、使われませんでした。Gmail はすべての送信者に TLS を必須とし、使わないメールを拒否します (一時的な 4.7.29、恒久的な 5.7.29)。"},
		Fix:    Text{"Switch on opportunistic TLS for outgoing mail.", "送信時に TLS を使うように設定してください。"},
		Steps: []Text{
			{"Postfix: set `smtp_tls_security_level = may` in main.cf and reload.", "Postfix の場合: main.cf に `smtp_tls_security_level = may` を設定して再読み込みします。"},
		},
		Refs: []string{"RFC 3207", "https://support.google.com/a/answer/81126"},
	},
	{
		ID: "tls.old-version", Status: Warn, Rank: rankHost,
		Title:  Text{"The connection used {version}, which is deprecated", "接続に、廃止された {version} が使われています"},
		Detail: Text{"TLS 1.0 and 1.1 must not be used any more (RFC 8996); receivers switch them off, and mail then goes unencrypted or not at all.", "TLS 1.0 と 1.1 は使用してはならないと定められています (RFC 8996)。受信側で無効にされると、暗号化されずに送られるか、届かなくなります。"},
		Fix:    Text{"Update the sending server's TLS library and allow TLS 1.2 and 1.3.", "送信サーバーの TLS ライブラリを更新し、TLS 1.2 と 1.3 を使えるようにしてください。"},
		Refs:   []string{"RFC 8996"},
	},
}
