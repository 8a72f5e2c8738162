package catalogue

// ptrEntries are about the names that sending hosts have, beside those in host.go.
var ptrEntries = []Entry{
	{
		ID: "ptr.bad-name", Status: Fail, Rank: rankHost,
		Title:  Text{"The PTR record of {ip} holds {name}, which is no valid host name", "{ip} の PTR レコードの値 {name} は、ホスト名として正しくありません"},
		Detail: Text{"A host name has letters, digits and hyphens only: no underscore, no address, no space. Receivers cannot or will not look up anything else, and treat the address like one without a PTR record.", "ホスト名に使えるのは英数字とハイフンだけで、アンダースコアや空白、IP アドレスそのものは使えません。受信側は正引きを確認できず、PTR レコードがない場合と同じように扱うことがあります。"},
		Fix:    Text{"Have the PTR record of {ip} name the mail server by a valid host name that resolves to {ip}.", "{ip} の PTR レコードを、正引きが {ip} になる正しいホスト名に変更してください。"},
		Steps:  []Text{stepWhoseReverse},
		Refs:   []string{"RFC 1123 section 2.1", "RFC 8601 section 3"},
	},
	{
		ID: "ptr.no-name", Status: Warn, Rank: rankHost,
		Title:  Text{"No name that the PTR record of {ip} could hold leads to {ip}", "PTR レコードに設定できる、正引きが {ip} になる名前がありません"},
		Detail: Text{"A PTR record counts only where the name in it leads back to the address. Before it does, many server providers refuse to set the PTR record, and receivers treat the address like one without.", "PTR レコードは、その名前の正引きがアドレスと一致する場合にだけ有効とみなされます。一致する前は、PTR レコードの設定を受け付けないサーバー事業者も多く、受信側も PTR レコードがない場合と同じように扱います。"},
		Fix:    Text{"Publish {ip} as A (IPv4) or AAAA (IPv6) of {name} first; then have the PTR record of {ip} name {name}.", "まず {name} の A (IPv4) または AAAA (IPv6) レコードとして {ip} を公開し、その後で {ip} の PTR レコードに {name} を設定してください。"},
		Refs:   []string{"RFC 8601 section 3"},
	},
	{
		ID: "ptr.several", Status: Warn, Rank: rankHygiene,
		Title:  Text{"{ip} has {count} reverse DNS names", "{ip} に逆引き名が {count} 個あります"},
		Detail: Text{"Receivers pick one of them, and which one is chance. That is harmless where all of them resolve back to {ip}; where one does not, some mail is judged as if {ip} had no name.", "受信側はそのうちの 1 つを使いますが、どれになるかは決まっていません。すべての名前の正引きが {ip} であれば問題ありませんが、一致しない名前があると、逆引きのないアドレスとして扱われることがあります。"},
		Fix:    Text{"Leave one PTR record for {ip}, with the name that its mail server uses in HELO.", "{ip} の PTR レコードを、メールサーバーが HELO で名乗る名前の 1 つだけにしてください。"},
		Steps:  []Text{stepWhoseReverse},
		Refs:   []string{"RFC 2181 section 10.2", "RFC 8601 section 3"},
	},
	{
		ID: "ptr.alias", Status: Warn, Rank: rankHygiene,
		Title:  Text{"The PTR record of {ip} names {name}, which is only an alias (CNAME) of {target}", "{ip} の逆引き名 {name} は、{target} の別名 (CNAME) です"},
		Detail: Text{"A PTR record must name the host itself. Most receivers follow the alias; some do not, and see no name that resolves back.", "PTR レコードには別名ではなく本来のホスト名を書く必要があります。多くの受信側は別名をたどりますが、たどらずに正引きが一致しないと判断するところもあります。"},
		Fix:    Text{"Have the PTR record name {target}.", "PTR レコードの値を {target} に変更してください。"},
		Steps:  []Text{stepWhoseReverse},
		Refs:   []string{"RFC 2181 section 10.2"},
	},
	{
		ID: "ptr.generic", Status: Warn, Rank: rankHost,
		Title:  Text{"The name {name} of {ip} looks automatically assigned", "{ip} の逆引き名 {name} は、自動的に割り当てられた名前に見えます"},
		Detail: Text{"Receivers take names that are made from the address, or that speak of dial-up, DHCP or pools, for lines of homes and offices that should not send mail themselves. Microsoft refuses dynamic addresses (DY-001), blocklists such as SpamRats list them, and Gmail asks for a name of your own.", "アドレスから作られた名前や、dynamic・dhcp・pool などを含む名前は、家庭やオフィスの回線とみなされます。Microsoft は動的アドレスからのメールを拒否し (DY-001)、SpamRats などのブロックリストにも登録されます。Gmail は独自の名前を設定するよう求めています。"},
		Fix:    Text{"Have a PTR record set for {ip} that names your mail server, or send through a relay.", "{ip} にご自身のメールサーバー名の PTR レコードを設定するか、メール中継サービスを経由して送信してください。"},
		Steps: []Text{
			stepWhoseReverse,
			{"Where the provider sets no PTR record (most lines of homes): send through its mail server, a mail relay service, or a server of your own with a PTR record.", "PTR レコードを設定できない回線 (家庭向けの多くの回線) の場合は、プロバイダーの送信サーバー、メール中継サービス、または PTR レコードを設定できるサーバーを使って送信します。"},
		},
		Refs: []string{"https://support.google.com/a/answer/81126", "https://substrate.office.com/ip-domain-management-snds/Postmaster/Policies", "RFC 8601 section 3"},
	},
	{
		ID: "ptr.shared-host", Status: Info, Rank: rankHygiene,
		Title: Text{"{ip} is {name}, a shared mail host of {company}", "{ip} は {company} の共用ホスト {name} です"},
		Detail: Text{
			"That passes: providers ask that the name exists and resolves back, not that it is yours. You cannot change this PTR record, and you share the reputation of the address with the other customers on it. What is yours is SPF, DKIM and DMARC of your domain.",
			"このままで問題ありません。メール事業者が求めているのは逆引きが存在し正引きと一致することで、ご自身のドメイン名であることではありません。この PTR レコードは変更できず、アドレスの評価は同じサーバーの他の利用者と共有されます。ご自身で設定できるのは、ドメインの SPF、DKIM、DMARC です。",
		},
		Fix: Text{"Nothing has to be done. Only if neighbours spoil the reputation of the address are there ways out.", "対応は必要ありません。他の利用者の影響でアドレスの評価が下がった場合にだけ、次の方法があります。"},
		Steps: []Text{
			{"Ask {company} to look into the address or to move your account to another server.", "{company} に調査を依頼するか、別のサーバーへの移動を相談します。"},
			{"Or send through a mail relay service that signs with your domain.", "または、ご自身のドメインで署名できるメール中継サービスを経由して送信します。"},
			{"Or send from a server (VPS) with an address and a PTR record of its own.", "または、専用のアドレスと PTR レコードを持つサーバー (VPS) から送信します。"},
		},
		Refs: []string{"RFC 8601 section 3", "https://support.google.com/a/answer/81126"},
	},
	{
		ID: "ptr.provider-named", Status: Info, Rank: rankHygiene,
		Title:  Text{"{ip} still has the name that {company} gave it: {name}", "{ip} の逆引き名は {company} の初期設定の {name} です"},
		Detail: Text{"The name exists and resolves back, which is what is demanded. A name of your own is better: Gmail recommends one, and some receivers distrust the default names of rented servers.", "逆引きが存在し正引きとも一致しているため、必須の条件は満たしています。ただし Gmail は独自の名前を推奨しており、レンタルされたサーバーの初期設定の名前を信用しない受信側もあります。"},
		Fix:    Text{"Set a PTR record with your mail server's name in the control panel of {company}, after that name resolves to {ip}.", "メールサーバー名の正引きを {ip} にしたうえで、{company} の管理画面でその名前を逆引きに設定してください。"},
		Steps: []Text{
			{"The setting is here: {panel}", "設定する場所: {panel}"},
		},
		Refs: []string{"https://support.google.com/a/answer/81126", "RFC 8601 section 3"},
	},
}

// stepWhoseReverse says who can make the change.
var stepWhoseReverse = Text{"The PTR record belongs to whoever owns the address: set it in the control panel of your server provider or ask them for it.", "PTR レコードはアドレスの所有者が管理しています。サーバー事業者の管理画面で設定するか、事業者に依頼してください。"}
