package cli

// Texts of todoku milter.

func init() { textsOf(milterCommandTexts, milterFlagTexts) }

var milterCommandTexts = map[string]commandText{
	"milter": {
		short: text{EN: "Sign and verify in the mail flow of Postfix or Sendmail", JA: "Postfix や Sendmail のメールの流れの中で署名と検証を行う"},
		long: text{
			EN: "A milter: Postfix and Sendmail ask it about each message while the sender still waits.\n\n" +
				"Mail of users who logged in, and of networks that are yours (--trusted-network, loopback unless said otherwise), is signed by\n" +
				"the keys of the domain in From. All other mail is checked by SPF, DKIM, ARC and DMARC, gets one Authentication-Results\n" +
				"field, and what the table of --policy says of the outcome: by default it is marked, and nothing is refused.\n\n" +
				"In Postfix's main.cf:\n" +
				"  smtpd_milters = inet:127.0.0.1:8891\n" +
				"  non_smtpd_milters = $smtpd_milters\n\n" +
				"SIGHUP reads the files of keys and the table again (not the configuration file); messages under way end by the\n" +
				"old ones. SIGUSR1 logs connections, goroutines and memory in use.",
			JA: "milter として動きます。Postfix や Sendmail は、送信元を待たせている間に、メールを 1 通ずつ問い合わせます。\n\n" +
				"ログインした利用者のメールと、自分のネットワーク (--trusted-network、指定がなければループバック) からのメールには、From の\n" +
				"ドメインの鍵で署名します。それ以外のメールは SPF、DKIM、ARC、DMARC で検証し、Authentication-Results フィールドを 1 つ付け、\n" +
				"結果に応じて --policy の表に従います。既定では印を付けるだけで、拒否はしません。\n\n" +
				"Postfix の main.cf には次のように書きます。\n" +
				"  smtpd_milters = inet:127.0.0.1:8891\n" +
				"  non_smtpd_milters = $smtpd_milters\n\n" +
				"SIGHUP を受け取ると鍵と表のファイルを読み直します (設定ファイルは読み直しません)。処理中のメールには\n" +
				"前の設定を使います。SIGUSR1 を受け取ると接続数、goroutine 数、使用メモリをログに記録します。",
		},
		example: text{
			EN: "  todoku milter --key example.com:s2026:/etc/todoku/s2026.pem --authserv-id mx.example.com\n" +
				"  todoku milter --listen unix:/var/spool/postfix/todoku/milter --socket-group postfix --policy table.toml",
			JA: "  todoku milter --key example.com:s2026:/etc/todoku/s2026.pem --authserv-id mx.example.com\n" +
				"  todoku milter --listen unix:/var/spool/postfix/todoku/milter --socket-group postfix --policy table.toml",
		},
	},
}

var milterFlagTexts = map[string]text{
	"milter-listen":      {EN: "listen for mail servers at `SOCKET`: inet:PORT@HOST, unix:PATH, or systemd for a socket of the service manager (default inet:8891@127.0.0.1; repeatable)", JA: "メールサーバーからの接続を受ける `SOCKET`: inet:PORT@HOST、unix:PATH、またはサービスマネージャーのソケットを使う systemd (既定値 inet:8891@127.0.0.1、複数指定可)"},
	"socket-mode":        {EN: "file `MODE` of Unix sockets, octal", JA: "UNIX ソケットのファイル `MODE` (8 進数)"},
	"socket-group":       {EN: "`GROUP` of Unix sockets, such as that of Postfix", JA: "UNIX ソケットの `GROUP` (Postfix のグループなど)"},
	"milter-authserv-id": {EN: "`NAME` by which Authentication-Results says who checked (default: the name of this host, if it has a domain)", JA: "Authentication-Results に書く、検証したサーバーの `NAME` (既定値: ドメインを含む場合は、このホストの名前)"},
	"also-ours":          {EN: "remove Authentication-Results that claims `NAME`, too (repeatable)", JA: "`NAME` を名乗る Authentication-Results も取り除く (複数指定可)"},
	"milter-key":         {EN: "sign for a domain, `DOMAIN:SELECTOR:FILE`; *.DOMAIN for all below it (repeatable: all keys of a domain sign)", JA: "ドメインの署名に使う鍵 `DOMAIN:SELECTOR:FILE`。*.DOMAIN はその下のすべて (複数指定可。同じドメインの鍵はすべて署名に使う)"},
	"trusted-network":    {EN: "sign mail from `NETWORK` in place of checking it (default loopback; none for no network; repeatable)", JA: "`NETWORK` からのメールは検証せずに署名する (既定値はループバック。none で無効。複数指定可)"},
	"daemon-name":        {EN: "sign what the mail server receives as `NAME` ({daemon_name}; repeatable)", JA: "メールサーバーが `NAME` ({daemon_name}) として受け取ったメールに署名する (複数指定可)"},
	"milter-policy":      {EN: "TOML `FILE` with the table: what is done with which outcome, and who may write as whom", JA: "表を記した TOML `FILE`: どの結果のメールをどう扱うか、誰がどの差出人を名乗れるか"},
	"takeover-opendkim":  {EN: "do as OpenDKIM did by this `FILE`, its opendkim.conf; what becomes of each setting is printed at the start", JA: "OpenDKIM の設定 `FILE` (opendkim.conf) のとおりに動作する。各設定の扱いは起動時に表示する"},
	"takeover-opendmarc": {EN: "do as OpenDMARC did by this `FILE`, its opendmarc.conf", JA: "OpenDMARC の設定 `FILE` (opendmarc.conf) のとおりに動作する"},
	"unsigned":           {EN: "what to do with mail of yours that gets no signature: `ACTION` is accept (and warn), defer or reject", JA: "署名できない自分のメールの扱い: `ACTION` は accept (警告して送る)、defer (一時的に断る)、reject (断る)"},
	"received-spf":       {EN: "also add Received-SPF", JA: "Received-SPF も付ける"},
	"add-missing":        {EN: "add Date and Message-ID to mail of yours that lacks them", JA: "自分のメールに Date や Message-ID がなければ付ける"},
	"milter-expires":     {EN: "signatures are good for `DURATION` (7d, 36h; default: without end)", JA: "署名の有効期間 `DURATION` (7d、36h など。既定値: 無期限)"},
	"grace":              {EN: "after SIGTERM let SMTP sessions go on for `DURATION`", JA: "SIGTERM の後、SMTP セッションが終わるのを待つ時間 `DURATION`"},
}

var (
	msgNeedName      = text{EN: "--{flag} is needed: a name with a domain, such as mx.example.com, by which Authentication-Results says who checked (the name of this host has none)", JA: "--{flag} を指定してください。Authentication-Results に書く、検証したサーバーの名前です (例: mx.example.com)。このホストの名前にはドメインがありません"}
	msgMilter        = text{EN: "Milter: {milter}", JA: "milter: {milter}"}
	msgFateDone      = text{EN: "Taken over", JA: "引き継いだ設定"}
	msgFateOtherwise = text{EN: "Done otherwise", JA: "動作が異なる設定"}
	msgFateNeedless  = text{EN: "Not needed here", JA: "不要な設定"}
	msgFateNotDone   = text{EN: "NOT taken over", JA: "引き継げない設定"}
	msgFateUnknown   = text{EN: "NOT understood", JA: "解釈できない設定"}
	msgBadMode       = text{EN: "--{flag} {value}: a file mode is octal, such as 0660", JA: "--{flag} {value}: ファイルモードは 0660 のような 8 進数で指定してください"}
)
