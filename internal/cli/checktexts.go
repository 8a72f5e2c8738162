package cli

// Texts of checking domains.

func init() { textsOf(checkCommandTexts, checkFlagTexts) }

var checkCommandTexts = map[string]commandText{
	"check": {
		args:  "TARGET...",
		short: text{EN: "Check a domain, host or address and say what to publish", JA: "ドメイン、ホスト、IP アドレスを調べ、公開すべきものを示す"},
		long: text{
			EN: "Look up everything that decides whether a domain's mail arrives, judge it as each mailbox provider would, and say\n" +
				"exactly what to publish to put it right.\n\n" +
				"TARGET is a domain, a host name, an IP address or a mail address; a URL or a Japanese name will do. - reads targets\n" +
				"from standard input, one a line. Name the servers that send with --ip and the DKIM selectors with --selector: neither\n" +
				"can be found in the DNS.",
			JA: "ドメインのメールが届くかどうかを決めるものをすべて調べ、各メール事業者の基準で判定し、直すために何を公開すれば\n" +
				"よいかを正確に示します。\n\n" +
				"TARGET にはドメイン、ホスト名、IP アドレス、メールアドレスを指定します (URL や日本語ドメイン名も使えます)。- を指定\n" +
				"すると標準入力から 1 行に 1 つ読み取ります。送信サーバーは --ip、DKIM のセレクターは --selector で指定してください。\n" +
				"どちらも DNS からは見つけられません。",
		},
		example: text{
			EN: "  todoku check example.com\n" +
				"  todoku check example.com --ip 192.0.2.1 --selector s2026\n" +
				"  todoku check example.com --what-if '_dmarc.example.com. TXT v=DMARC1; p=reject'\n" +
				"  todoku check --format sarif example.com example.net > check.sarif",
			JA: "  todoku check example.com\n" +
				"  todoku check example.com --ip 192.0.2.1 --selector s2026\n" +
				"  todoku check example.com --what-if '_dmarc.example.com. TXT v=DMARC1; p=reject'\n" +
				"  todoku check --format sarif example.com example.net > check.sarif",
		},
	},
}

var checkFlagTexts = map[string]text{
	"check-ip":         {EN: "an `ADDRESS` that sends for the domain (repeatable)", JA: "このドメインのメールを送信する IP アドレス `ADDRESS` (複数指定可)"},
	"check-selector":   {EN: "a DKIM `SELECTOR` of the domain (repeatable)", JA: "このドメインの DKIM セレクター `SELECTOR` (複数指定可)"},
	"check-jobs":       {EN: "how many targets to check at a time, `N`", JA: "同時に調べる対象の数 `N`"},
	"audience":         {EN: "whose rules to show: of `all|bulk` senders", JA: "どの送信者向けの基準を示すか: `all|bulk`"},
	"format":           {EN: "how to write the result, `text|json|html|markdown|sarif|junit`", JA: "出力形式 `text|json|html|markdown|sarif|junit`"},
	"baseline":         {EN: "findings that you accept, a TOML `FILE`: they are shown, but do not count", JA: "承認済みの指摘を書いた TOML `FILE` (表示はするが、数えない)"},
	"paste":            {EN: "give repairs in this `FORM` too, or all (repeatable): string, chunks, bind, nsupdate, route53, cloudflare, terraform-route53, terraform-cloudflare, octodns, dnscontrol, sakura, xserver, conoha, onamae, value-domain", JA: "修正内容をこの `FORM` でも示す。all ですべて (複数指定可): string、chunks、bind、nsupdate、route53、cloudflare、terraform-route53、terraform-cloudflare、octodns、dnscontrol、sakura、xserver、conoha、onamae、value-domain"},
	"no-blocklists":    {EN: "do not ask the blocklists", JA: "ブロックリストに問い合わせない"},
	"blocklist-key":    {EN: "your key for a blocklist, `NAME=KEY` (repeatable): spamhaus-dqs, abusix", JA: "ブロックリストのご自身の鍵 `NAME=KEY` (複数指定可): spamhaus-dqs、abusix"},
	"probe":            {EN: "connect to the mail exchangers on port 25 and look at STARTTLS and certificates; nothing is sent", JA: "メールサーバーの 25 番ポートに接続し、STARTTLS と証明書を確認する (メールは送らない)"},
	"probe-versions":   {EN: "--probe, and find out by up to three more connections to each exchanger which old versions of TLS it accepts", JA: "--probe に加えて、古い TLS のどの版を受け付けるかを確認する (MX ごとに最大 3 回の追加接続)"},
	"probe-postmaster": {EN: "--probe, and ask whether mail to postmaster is taken; nothing is sent", JA: "--probe に加えて、postmaster 宛てのメールを受け取るかどうかを確認する (メールは送らない)"},
	"allow-private":    {EN: "let fetches and probes reach this private `NETWORK` (repeatable; default: none)", JA: "ポリシーの取得や接続で、このプライベートな `NETWORK` への接続を許可する (複数指定可、既定: なし)"},
	"dns-only":         {EN: "ask only the resolver: no connection to mail servers, no policy fetch", JA: "DNS の問い合わせだけを行う (メールサーバーへの接続やポリシーの取得をしない)"},
}

var (
	msgProbeDNSOnly = text{EN: "--probe connects to mail servers, which --dns-only forbids: choose one", JA: "--probe はメールサーバーに接続するため、--dns-only と同時には指定できません"}
	msgNoTarget     = text{EN: "name a domain, host, IP address or mail address, or - for standard input", JA: "ドメイン、ホスト名、IP アドレス、メールアドレス、または - (標準入力) を指定してください"}
	msgTargetEmpty  = text{EN: "an empty target: name a domain, host, IP address or mail address", JA: "対象が空です。ドメイン、ホスト名、IP アドレス、メールアドレスを指定してください"}
	msgTargetRange  = text{EN: "{value} is a range of addresses; name one address", JA: "{value} は IP アドレスの範囲です。IP アドレスを 1 つ指定してください"}
	msgTargetLabel  = text{EN: "{value} has no dot: name a full domain such as example.com", JA: "{value} にはドットがありません。example.com のような完全なドメイン名を指定してください"}
	msgTargetName   = text{EN: "{value} is not a domain, host, IP address or mail address", JA: "{value} はドメイン、ホスト名、IP アドレス、メールアドレスのいずれでもありません"}
	msgBadAudience  = text{EN: "--audience {value}: choose all or bulk", JA: "--audience {value}: all か bulk を指定してください"}
	msgBadFormat    = text{EN: "--format {value}: choose {words}", JA: "--format {value}: {words} のいずれかを指定してください"}
	msgBadPaste     = text{EN: "--paste {value}: choose {words}", JA: "--paste {value}: {words} のいずれかを指定してください"}
	msgBadListKey   = text{EN: "--blocklist-key: write NAME=KEY, where NAME is one of {words}", JA: "--blocklist-key: NAME=KEY の形で指定してください (NAME は {words} のいずれか)"}
	msgTargets      = text{EN: "{n} targets", JA: "{n} 件"}
	msgCheckTally   = text{EN: "{n} targets: {fail} fail, {unknown} undecided, {warn} with warnings, {pass} pass, {unread} not understood", JA: "{n} 件: 不合格 {fail}、未確定 {unknown}、注意 {warn}、合格 {pass}、解釈できないもの {unread}"}
)
