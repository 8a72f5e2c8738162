package cli

// What the program says, in both languages side by side.

var usageWords = map[string]text{
	"usage":    {EN: "Usage", JA: "使い方"},
	"commands": {EN: "Commands", JA: "コマンド"},
	"flags":    {EN: "Flags", JA: "フラグ"},
	"global":   {EN: "Flags of every command", JA: "すべてのコマンドに共通のフラグ"},
	"examples": {EN: "Examples", JA: "例"},
	"command":  {EN: "COMMAND", JA: "コマンド"},
	"options":  {EN: "[FLAGS]", JA: "[フラグ]"},
	"more": {
		EN: "Every flag is also an environment variable (TODOKU_MAIL_DOMAIN) and a key of the TOML file that --config names.\nExit codes: 0 fine, 1 findings, 2 wrong usage, 3 could not look.",
		JA: "すべてのフラグは環境変数 (TODOKU_MAIL_DOMAIN など) でも、--config で指定する TOML ファイルのキーでも指定できます。\n終了コード: 0 問題なし、1 問題あり、2 使い方の誤り、3 調べられなかった。",
	},
	"help": {EN: "show this help", JA: "このヘルプを表示する"},
}

// commandText is the help of one command.
type commandText struct {
	args                 string
	short, long, example text
}

var commandTexts = map[string]commandText{
	"": {
		short: text{EN: "Make a domain's mail arrive", JA: "ドメインのメールを確実に届ける"},
		long: text{
			EN: "Todoku says whether mail will be accepted, why not, and exactly what to publish to put it right.",
			JA: "Todoku は、メールが受け入れられるか、受け入れられないならその理由と、何を公開すれば直るのかを示します。",
		},
		example: text{
			EN: "  todoku verify message.eml --ip 192.0.2.1 --helo mx.example.com --mail-from news@example.com\n  todoku demo",
			JA: "  todoku verify message.eml --ip 192.0.2.1 --helo mx.example.com --mail-from news@example.com\n  todoku demo",
		},
	},
	"help": {
		args:  "[COMMAND]",
		short: text{EN: "Explain a command", JA: "コマンドの説明を表示する"},
		long:  text{EN: "Explain a command.", JA: "コマンドの説明を表示します。"},
		example: text{
			EN: "  todoku help verify",
			JA: "  todoku help verify",
		},
	},
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
	"verify": {
		args:  "FILE...",
		short: text{EN: "Authenticate and judge messages", JA: "メールを認証して判定する"},
		long: text{
			EN: "Authenticate messages by SPF, DKIM, ARC and DMARC, and say what is wrong and how to put it right.\n\n" +
				"FILE is a message (.eml), an mbox, a Maildir or another folder, or - for standard input. A file does not say\n" +
				"how it was sent: give the envelope with --ip, --helo and --mail-from, or SPF stays unchecked. Several messages\n" +
				"give one line each, in the order of the input.",
			JA: "メールを SPF、DKIM、ARC、DMARC で認証し、問題点と直し方を示します。\n\n" +
				"FILE にはメール (.eml)、mbox、Maildir などのフォルダー、または標準入力を表す - を指定します。ファイルからは\n" +
				"どのように送信されたかがわからないため、--ip、--helo、--mail-from でエンベロープを指定してください (指定しないと\n" +
				"SPF は未確認になります)。メールが複数あるときは、入力の順に 1 通 1 行で表示します。",
		},
		example: text{
			EN: "  todoku verify bounce.eml --ip 192.0.2.1 --helo mx.example.com --mail-from news@example.com\n" +
				"  todoku verify --json ~/Maildir archive.mbox\n" +
				"  todoku verify message.eml --what-if '_dmarc.example.com. TXT v=DMARC1; p=reject'\n" +
				"  todoku verify --replay report.bundle.json",
			JA: "  todoku verify bounce.eml --ip 192.0.2.1 --helo mx.example.com --mail-from news@example.com\n" +
				"  todoku verify --json ~/Maildir archive.mbox\n" +
				"  todoku verify message.eml --what-if '_dmarc.example.com. TXT v=DMARC1; p=reject'\n" +
				"  todoku verify --replay report.bundle.json",
		},
	},
	"spf": {
		short: text{EN: "Evaluate SPF and show every step", JA: "SPF を評価し、過程をすべて表示する"},
		long: text{
			EN: "Evaluate the SPF record of the envelope sender's domain for one sending address, with its trace: every term,\nwhat it cost, and which one decided. --mail-from '' is the null path; then the HELO name is checked.",
			JA: "1 つの送信元アドレスについて、エンベロープ送信者のドメインの SPF レコードを評価し、各項目の結果、参照回数、\n判定を決めた項目を表示します。--mail-from '' は空の送信者を表し、その場合は HELO の名前を調べます。",
		},
		example: text{
			EN: "  todoku spf --ip 192.0.2.1 --helo mx.example.com --mail-from news@example.com",
			JA: "  todoku spf --ip 192.0.2.1 --helo mx.example.com --mail-from news@example.com",
		},
	},
	"dmarc": {
		short: text{EN: "Evaluate DMARC for given results", JA: "与えられた結果について DMARC を評価する"},
		long: text{
			EN: "Say what DMARC makes of a From address, given the results of SPF and DKIM, and show how the policy was found\n(RFC 9989), with the answer of RFC 7489 beside it.",
			JA: "SPF と DKIM の結果が与えられたとき、From アドレスについて DMARC がどう判定するかを示します。ポリシーを\n見つけた過程 (RFC 9989) と、RFC 7489 での結果も表示します。",
		},
		example: text{
			EN: "  todoku dmarc --from news@example.com --spf bounce.example.com:pass --dkim example.com:fail",
			JA: "  todoku dmarc --from news@example.com --spf bounce.example.com:pass --dkim example.com:fail",
		},
	},
	"dkim": {
		short: text{EN: "Sign and verify DKIM, make keys", JA: "DKIM の署名、検証、鍵の作成"},
		long:  text{EN: "Sign and verify DKIM (RFC 6376, 8301, 8463) and make keys.", JA: "DKIM (RFC 6376、8301、8463) の署名と検証、鍵の作成を行います。"},
		example: text{
			EN: "  todoku dkim keygen --domain example.com --selector s2026 --out s2026.pem\n  todoku dkim sign --domain example.com --selector s2026 --key s2026.pem < message.eml > signed.eml",
			JA: "  todoku dkim keygen --domain example.com --selector s2026 --out s2026.pem\n  todoku dkim sign --domain example.com --selector s2026 --key s2026.pem < message.eml > signed.eml",
		},
	},
	"dkim sign": {
		args:  "[FILE]",
		short: text{EN: "Sign a message", JA: "メールに署名する"},
		long: text{
			EN: "Read a message, put a DKIM-Signature before it, and write it with CRLF line ends. Important header fields are\nsigned once more than they occur, so that none can be added.",
			JA: "メールを読み取り、先頭に DKIM-Signature を付けて、行末を CRLF にして出力します。重要なヘッダーは出現回数\nより 1 回多く署名対象に含め、後から追加できないようにします。",
		},
		example: text{
			EN: "  todoku dkim sign --domain example.com --selector s2026 --key s2026.pem < message.eml > signed.eml",
			JA: "  todoku dkim sign --domain example.com --selector s2026 --key s2026.pem < message.eml > signed.eml",
		},
	},
	"dkim verify": {
		args:  "[FILE]",
		short: text{EN: "Verify the signatures of a message", JA: "メールの署名を検証する"},
		long:  text{EN: "Verify every DKIM signature of a message, top first.", JA: "メールのすべての DKIM 署名を、上から順に検証します。"},
		example: text{
			EN: "  todoku dkim verify < message.eml",
			JA: "  todoku dkim verify < message.eml",
		},
	},
	"dkim keygen": {
		short: text{EN: "Make a key and its DNS record", JA: "鍵と DNS レコードを作る"},
		long: text{
			EN: "Make a key, keep the private half in --out (readable by its owner alone, never overwritten), and print the DNS\nrecord to publish. Publish the record before you sign with the key.",
			JA: "鍵を作り、秘密鍵を --out に保存して (所有者だけが読め、上書きはしません)、公開する DNS レコードを表示します。\nレコードを公開してから、その鍵で署名を始めてください。",
		},
		example: text{
			EN: "  todoku dkim keygen --domain example.com --selector s2026 --out s2026.pem\n  todoku dkim keygen --algorithm ed25519 --domain example.com --selector e2026 --out e2026.pem",
			JA: "  todoku dkim keygen --domain example.com --selector s2026 --out s2026.pem\n  todoku dkim keygen --algorithm ed25519 --domain example.com --selector e2026 --out e2026.pem",
		},
	},
	"arc": {
		short: text{EN: "Seal and verify ARC chains", JA: "ARC シールの付加とチェーンの検証"},
		long:  text{EN: "Seal and verify Authenticated Received Chains (RFC 8617).", JA: "ARC (RFC 8617) のシールの付加と、チェーンの検証を行います。"},
		example: text{
			EN: "  todoku arc verify < message.eml",
			JA: "  todoku arc verify < message.eml",
		},
	},
	"arc seal": {
		args:  "[FILE]",
		short: text{EN: "Seal a message", JA: "メールに ARC シールを付ける"},
		long: text{
			EN: "Verify the chain of a message, put a new ARC set before it, and write it with CRLF line ends. The\nAuthentication-Results of --authserv-id in the message are folded into the set.",
			JA: "メールのチェーンを検証し、先頭に新しい ARC セットを付けて、行末を CRLF にして出力します。メールにある\n--authserv-id の Authentication-Results がセットに取り込まれます。",
		},
		example: text{
			EN: "  todoku arc seal --domain lists.example.com --selector s2026 --key s2026.pem --authserv-id mx.example.com < message.eml",
			JA: "  todoku arc seal --domain lists.example.com --selector s2026 --key s2026.pem --authserv-id mx.example.com < message.eml",
		},
	},
	"arc verify": {
		args:  "[FILE]",
		short: text{EN: "Verify the chain of a message", JA: "メールのチェーンを検証する"},
		long:  text{EN: "Verify the ARC chain of a message.", JA: "メールの ARC チェーンを検証します。"},
		example: text{
			EN: "  todoku arc verify < message.eml",
			JA: "  todoku arc verify < message.eml",
		},
	},
	"explain": {
		args:  "TEXT|FILE|-",
		short: text{EN: "Explain a bounce, an SMTP reply or a header", JA: "バウンスメール、SMTP 応答、ヘッダーの意味を説明する"},
		long: text{
			EN: "Say in plain words what a bounce, an SMTP reply, a mail log line, a header or an Authentication-Results line means:\n" +
				"who says so and by which rule, the likely cause, and the next step. Nothing is looked up.\n\n" +
				"The argument is a file if there is one of that name, - is standard input, and anything else is the text itself.",
			JA: "バウンスメール、SMTP 応答、メールログの行、ヘッダー、Authentication-Results の意味を平易に説明します。応答した事業者と\n" +
				"該当するルール、考えられる原因、次にすることを示します。DNS などへの問い合わせは行いません。\n\n" +
				"引数と同じ名前のファイルがあればそれを、- なら標準入力を読みます。それ以外は、引数そのものを説明します。",
		},
		example: text{
			EN: "  todoku explain '550-5.7.26 This mail has been blocked because the sender is unauthenticated.'\n" +
				"  todoku explain bounce.eml\n" +
				"  grep status=bounced /var/log/mail.log | todoku explain -",
			JA: "  todoku explain '550-5.7.26 This mail has been blocked because the sender is unauthenticated.'\n" +
				"  todoku explain bounce.eml\n" +
				"  grep status=bounced /var/log/mail.log | todoku explain -",
		},
	},
	"serve": {
		short: text{EN: "Run the inbox and the pages", JA: "受信サーバーと Web ページを動かす"},
		long: text{
			EN: "Receive test mail by SMTP for one-time addresses and show its report on web pages, all on one database.\nWith --master-key-file it keeps the keys that sign and has the panel at /domains; with --milter it signs and checks mail in the flow (the flags --milter-... are those of todoku milter).\nListens on loopback unless told otherwise.",
			JA: "使い捨てアドレス宛てのテストメールを SMTP で受信し、判定を Web ページに表示します。データベースは 1 つです。\n--master-key-file を指定すると、署名に使う鍵を保管し、/domains に管理ページを設けます。--milter を指定すると、メールの流れの中で署名と検証を行います (--milter-... は todoku milter と同じフラグです)。\n指定しない限り、ループバックアドレスだけで待ち受けます。",
		},
		example: text{
			EN: "  todoku serve\n  todoku serve --database postgres://todoku@db/todoku --smtp :25 --hostname mx.test.example.com --mail-domain test.example.com\n  todoku serve --master-key-file /etc/todoku/master.key --milter inet:8891@127.0.0.1 --milter-authserv-id mx.example.com",
			JA: "  todoku serve\n  todoku serve --database postgres://todoku@db/todoku --smtp :25 --hostname mx.test.example.com --mail-domain test.example.com\n  todoku serve --master-key-file /etc/todoku/master.key --milter inet:8891@127.0.0.1 --milter-authserv-id mx.example.com",
		},
	},
	"receive": {
		args:  "RECIPIENT...",
		short: text{EN: "Hand a message of a mail server over", JA: "メールサーバーからメールを受け渡す"},
		long: text{
			EN: "Hand the message on standard input over to a running `todoku serve --lmtp ADDRESS`, for mail servers that can only run a command.\nSay with --ip and --helo who sent it to the mail server: without them SPF cannot be judged.\nWhat is not given is taken from SENDER, RECIPIENT, CLIENT_ADDRESS and CLIENT_HELO, as mail servers set them.\nThe exit codes are those of sysexits.h: 0 taken, 67 no such address, 69 refused, 75 try again later, 64 wrong usage.",
			JA: "標準入力のメールを、実行中の `todoku serve --lmtp ADDRESS` に受け渡します。コマンドの実行しかできないメールサーバー用です。\nメールサーバーの接続元を --ip と --helo で指定してください。指定しないと SPF を判定できません。\n省略した値には、メールサーバーが設定する環境変数 SENDER、RECIPIENT、CLIENT_ADDRESS、CLIENT_HELO を使います。\n終了コードは sysexits.h に従います: 0 受領、67 宛先なし、69 拒否、75 一時的な失敗、64 使い方の誤り。",
		},
		example: text{
			EN: "  todoku receive --ip \"$SENDER_IP\" --helo \"$SENDER_HELO\" -f \"$SENDER\" -- k7m2p9x4c6t8w@inbox.example.com < message",
			JA: "  todoku receive --ip \"$SENDER_IP\" --helo \"$SENDER_HELO\" -f \"$SENDER\" -- k7m2p9x4c6t8w@inbox.example.com < message",
		},
	},
	"lab": {
		short: text{EN: "Prepare the outbound lab", JA: "送信ラボを準備する"},
		long: text{
			EN: "Prepare the outbound lab of `todoku serve --lab-domain`: virtual receivers that show how a mail server sends.",
			JA: "`todoku serve --lab-domain` の送信ラボを準備します。メールサーバーがどのように送信するかを、仮想の受信側で確認します。",
		},
		example: text{EN: "  todoku lab zone --lab-domain lab.example.com --lab-listen 192.0.2.16/28 --lab-policy 192.0.2.16", JA: "  todoku lab zone --lab-domain lab.example.com --lab-listen 192.0.2.16/28 --lab-policy 192.0.2.16"},
	},
	"lab zone": {
		short: text{EN: "Print the zone of the outbound lab", JA: "送信ラボのゾーンを出力する"},
		long: text{
			EN: "Print the records of the outbound lab as a zone file, for a name server of yours. Sign the zone there: without DNSSEC the lab cannot\ntest DANE. Comments say what the zone above needs where the program serves and signs the zone itself (--lab-dns).\nGive the same flags as to `todoku serve`, and the folder of the same keys.",
			JA: "送信ラボのレコードを、ご自身のネームサーバー用のゾーンファイルとして出力します。DANE を確認するには、DNSSEC で署名してください。\nTodoku がゾーンの応答と署名を行う場合 (--lab-dns) に上位ゾーンに必要なレコードは、コメントに出力します。\n`todoku serve` と同じフラグと、同じ鍵のフォルダーを指定します。",
		},
		example: text{EN: "  todoku lab zone --lab-domain lab.example.com --lab-listen 192.0.2.16/28 --lab-policy 192.0.2.16 > lab.example.com.zone", JA: "  todoku lab zone --lab-domain lab.example.com --lab-listen 192.0.2.16/28 --lab-policy 192.0.2.16 > lab.example.com.zone"},
	},
	"token": {
		short: text{EN: "Manage the tokens of programs that use the API", JA: "API を使うプログラムのトークンを管理する"},
		long: text{
			EN: "Manage the tokens by which programs use the API and MCP of a running `todoku serve` on the same database.\nA token is shown once, when it is made; only its hash is kept.",
			JA: "同じデータベースを使う `todoku serve` の API と MCP を利用するための、プログラム用のトークンを管理します。\nトークンが表示されるのは作成時の 1 回だけで、データベースにはハッシュだけを保存します。",
		},
		example: text{
			EN: "  todoku token create --name ci --scope check --scope submit --scope read --expires 90d",
			JA: "  todoku token create --name ci --scope check --scope submit --scope read --expires 90d",
		},
	},
	"token create": {
		short: text{EN: "Make a token and print it", JA: "トークンを作成して表示する"},
		long: text{
			EN: "Make a token and print it, once. Scopes: read (findings, tests, verdicts), check (checks, proposals, explanations), submit (test addresses, messages), admin (lists of what is of others), domains (the domains that the server sends for).",
			JA: "トークンを作成し、1 回だけ表示します。スコープ: read (指摘、テスト、判定)、check (検査、提案、説明)、submit (テスト用アドレス、メール)、admin (ほかの人のものを含む一覧)。",
		},
		example: text{
			EN: "  todoku token create --name ci --scope check --expires 90d",
			JA: "  todoku token create --name ci --scope check --expires 90d",
		},
	},
	"token list": {
		short: text{EN: "List the tokens", JA: "トークンの一覧を表示する"},
		long:  text{EN: "List the tokens: id, name, scopes, when they were made, expire and were last used. What opens the door is not kept, and not shown.", JA: "トークンの ID、名前、スコープ、作成日時、有効期限、最後に使われた日時を表示します。トークンそのものは保存されていないため、表示されません。"},
		example: text{
			EN: "  todoku token list --json",
			JA: "  todoku token list --json",
		},
	},
	"token revoke": {
		args:  "ID...",
		short: text{EN: "Revoke tokens", JA: "トークンを取り消す"},
		long:  text{EN: "Revoke the tokens of these ids. They are refused from the next request on.", JA: "指定した ID のトークンを取り消します。次のリクエストから使えなくなります。"},
		example: text{
			EN: "  todoku token revoke k7m2p9x4c6t8w",
			JA: "  todoku token revoke k7m2p9x4c6t8w",
		},
	},
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
				"SIGHUP reads keys and the table again; messages under way end by the old ones. SIGUSR1 logs connections, goroutines and memory in use.",
			JA: "milter として動きます。Postfix や Sendmail は、送信元を待たせている間に、メールを 1 通ずつ問い合わせます。\n\n" +
				"ログインした利用者のメールと、自分のネットワーク (--trusted-network、指定がなければループバック) からのメールには、From の\n" +
				"ドメインの鍵で署名します。それ以外のメールは SPF、DKIM、ARC、DMARC で検証し、Authentication-Results フィールドを 1 つ付け、\n" +
				"結果に応じて --policy の表に従います。既定では印を付けるだけで、拒否はしません。\n\n" +
				"Postfix の main.cf には次のように書きます。\n" +
				"  smtpd_milters = inet:127.0.0.1:8891\n" +
				"  non_smtpd_milters = $smtpd_milters\n\n" +
				"SIGHUP を受け取ると鍵と表を読み直します。処理中のメールには前の設定を使います。SIGUSR1 を受け取ると接続数、goroutine 数、使用メモリをログに記録します。",
		},
		example: text{
			EN: "  todoku milter --key example.com:s2026:/etc/todoku/s2026.pem --authserv-id mx.example.com\n" +
				"  todoku milter --listen unix:/var/spool/postfix/todoku/milter --socket-group postfix --policy table.toml",
			JA: "  todoku milter --key example.com:s2026:/etc/todoku/s2026.pem --authserv-id mx.example.com\n" +
				"  todoku milter --listen unix:/var/spool/postfix/todoku/milter --socket-group postfix --policy table.toml",
		},
	},
	"mcp": {
		short: text{EN: "Serve assistants by MCP on standard input and output", JA: "標準入出力の MCP でアシスタントに応答する"},
		long: text{
			EN: "Offer the checks as tools of the Model Context Protocol on standard input and output, for an assistant that starts this command.\nTests of real messages need a running `todoku serve`: name it with --server. Without it domains are checked from here.",
			JA: "Model Context Protocol のツールとして、標準入出力で検査を提供します。アシスタントからこのコマンドを起動して使います。\n実際のメールのテストには、実行中の `todoku serve` を --server で指定する必要があります。指定しない場合、ドメインはこの機器から検査します。",
		},
		example: text{
			EN: "  todoku mcp\n  todoku mcp --server https://todoku.example.com --token-file token",
			JA: "  todoku mcp\n  todoku mcp --server https://todoku.example.com --token-file token",
		},
	},
	"demo": {
		short: text{EN: "Show everything with sample mail, without a network", JA: "サンプルメールで試す (ネットワーク不要)"},
		long: text{
			EN: "Run the inbox and the pages on loopback against a private DNS, with sample domains and mail that is really sent.",
			JA: "内部の DNS とサンプルのドメインを使い、実際にメールを送って、受信サーバーと Web ページをループバックで動かします。",
		},
		example: text{
			EN: "  todoku demo\n  todoku demo --http 127.0.0.1:9000",
			JA: "  todoku demo\n  todoku demo --http 127.0.0.1:9000",
		},
	},
	"version": {
		short:   text{EN: "Print the version", JA: "バージョンを表示する"},
		long:    text{EN: "Print the version of this program.", JA: "このプログラムのバージョンを表示します。"},
		example: text{EN: "  todoku version", JA: "  todoku version"},
	},
	"completion": {
		args:  "bash|zsh|fish|powershell",
		short: text{EN: "Print a shell completion script", JA: "シェルの補完スクリプトを出力する"},
		long:  text{EN: "Print the script that completes commands and flags in a shell.", JA: "シェルでコマンドとフラグを補完するスクリプトを出力します。"},
		example: text{
			EN: "  todoku completion bash > /etc/bash_completion.d/todoku",
			JA: "  todoku completion bash > /etc/bash_completion.d/todoku",
		},
	},
}

// flagTexts are the helps of flags. The word in backquotes names the value.
var flagTexts = map[string]text{
	"resolver": {EN: "the DNS server to ask, `HOST:PORT` (default: the system's)", JA: "問い合わせる DNS サーバー `HOST:PORT` (既定: システムの設定)"},
	"timeout":  {EN: "time for one target, `DURATION` or seconds; one DNS question gets a third of it", JA: "1 件にかけてよい時間 `DURATION` (または秒数)。DNS の問い合わせ 1 回はその 3 分の 1 まで"},
	"lang":     {EN: "language, `en|ja` (default: from the locale)", JA: "言語 `en|ja` (既定: ロケールによる)"},
	"at":       {EN: "the \"now\" of every expiry, `RFC3339`", JA: "有効期限の判定に使う現在時刻 `RFC3339`"},
	"config":   {EN: "configuration `FILE` (TOML)", JA: "設定ファイル `FILE` (TOML)"},
	"json":     {EN: "write JSON", JA: "JSON で出力する"},
	"no-color": {EN: "no colours (as NO_COLOR does)", JA: "色を付けない (NO_COLOR と同じ)"},
	"fail-on":  {EN: "exit 1 when a finding is at or above `STATUS`: fail, warn, info; or unknown", JA: "この `STATUS` 以上の指摘があれば終了コード 1 にする: fail、warn、info、または unknown"},

	"lab-domain":   {EN: "the outbound lab's `DOMAIN`: its receivers are NAME.DOMAIN (default: no lab)", JA: "送信ラボの `DOMAIN`。受信側は NAME.DOMAIN になる (既定: 送信ラボなし)"},
	"lab-listen":   {EN: "`ADDRESS` of the lab's receivers: IP[:PORT], a range, or IP=PUBLIC behind NAT (repeatable; eight serve all receivers)", JA: "送信ラボの受信側の `ADDRESS`: IP[:PORT]、範囲、NAT の内側では IP=外部の IP (複数指定可。8 個ですべての受信側を使える)"},
	"lab-dns":      {EN: "where the lab serves its own zone, signed, `IP[:PORT]` (default: you publish it)", JA: "送信ラボのゾーンに署名して応答するアドレス `IP[:PORT]` (既定: ゾーンをご自身で公開する)"},
	"lab-policy":   {EN: "where the lab serves MTA-STS policies over HTTPS, `IP[:PORT]`", JA: "送信ラボの MTA-STS ポリシーを HTTPS で公開するアドレス `IP[:PORT]`"},
	"lab-dir":      {EN: "`FOLDER` of the lab's keys, which are made there (default: beside the database)", JA: "送信ラボの鍵の `FOLDER`。鍵がなければ作成する (既定: データベースと同じ場所)"},
	"lab-cert":     {EN: "certificate chain that the world trusts, for the lab's receivers and policy hosts, PEM `FILE`", JA: "送信ラボの受信側とポリシー用の、公に信頼される証明書チェーンの PEM `FILE`"},
	"lab-key":      {EN: "its private key, PEM `FILE`", JA: "その秘密鍵の PEM `FILE`"},
	"lab-greylist": {EN: "how long the lab's greylisting receiver puts off, `DURATION`", JA: "送信ラボのグレイリスティングで待たせる時間 `DURATION`"},
	"lab-slow":     {EN: "how long the lab's slow receiver takes to answer after DATA, `DURATION`", JA: "送信ラボの応答が遅い受信側が DATA の後に待たせる時間 `DURATION`"},

	"ip":                {EN: "the sending `ADDRESS`", JA: "送信元 IP アドレス `ADDRESS`"},
	"helo":              {EN: "the `NAME` given in HELO or EHLO", JA: "HELO または EHLO の `NAME`"},
	"mail-from":         {EN: "the envelope sender `ADDRESS`; '' is the null path", JA: "エンベロープ送信者 `ADDRESS`。'' は空の送信者"},
	"what-if":           {EN: "judge as if this `RECORD` were published: 'NAME TYPE DATA' (repeatable)", JA: "この `RECORD` が公開されているものとして判定する: 'NAME TYPE DATA' (複数指定可)"},
	"jobs":              {EN: "how many messages to verify at a time, `N`", JA: "同時に検証するメールの数 `N`"},
	"replay":            {EN: "judge the evidence of `BUNDLE` again, offline", JA: "証拠ファイル `BUNDLE` をオフラインで再判定する"},
	"probe-unsubscribe": {EN: "try the one-click unsubscription of the message: this really unsubscribes its recipient", JA: "メールのワンクリック配信停止を試す (宛先の配信は実際に停止されます)"},
	"message-only":      {EN: "judge the message alone, not the domains that it names", JA: "メールだけを判定し、記載されたドメインは調べない"},
	"blocklists":        {EN: "ask the blocklists about the addresses and domains of the message", JA: "メールの送信元やドメインをブロックリストに問い合わせる"},
	"rspamd":            {EN: "ask an rspamd of yours what it makes of the message, `URL` such as http://127.0.0.1:11333", JA: "指定した rspamd にメールの判定を問い合わせる `URL` (例: http://127.0.0.1:11333)"},
	"spamassassin":      {EN: "ask a SpamAssassin of yours (spamd) what it makes of the message, `HOST:PORT` such as 127.0.0.1:783", JA: "指定した SpamAssassin (spamd) にメールの判定を問い合わせる `HOST:PORT` (例: 127.0.0.1:783)"},
	"progress":          {EN: "show progress even when standard error is no terminal", JA: "標準エラー出力が端末でなくても進捗を表示する"},
	"verbose":           {EN: "show every detail, and a whole page for each of many messages", JA: "詳細をすべて表示する (複数のメールでも 1 通ずつ全文を表示する)"},

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

	"from": {EN: "the From `ADDRESS` or its domain", JA: "From の `ADDRESS` またはそのドメイン"},
	"spf":  {EN: "what SPF gave for the envelope sender, `DOMAIN:RESULT`", JA: "エンベロープ送信者の SPF の結果 `DOMAIN:RESULT`"},
	"dkim": {EN: "what a signature gave, `DOMAIN:RESULT` (repeatable)", JA: "署名の結果 `DOMAIN:RESULT` (複数指定可)"},

	"sign-domain":      {EN: "the signing `DOMAIN` (d=)", JA: "署名する `DOMAIN` (d=)"},
	"key-domain":       {EN: "the `DOMAIN` that will sign", JA: "署名に使う `DOMAIN`"},
	"selector":         {EN: "the `SELECTOR` (s=)", JA: "セレクター `SELECTOR` (s=)"},
	"key":              {EN: "the private key, a PEM `FILE`", JA: "秘密鍵の PEM `FILE`"},
	"headers":          {EN: "the header fields to sign, `A:B:C` (default: the recommended ones)", JA: "署名するヘッダー `A:B:C` (既定: 推奨されるもの)"},
	"canonicalization": {EN: "`HEADER/BODY`, each simple or relaxed", JA: "正規化 `HEADER/BODY` (それぞれ simple か relaxed)"},
	"timestamp":        {EN: "when it was signed, `TIME`: seconds since 1970, RFC 3339, or none (default: now)", JA: "署名の時刻 `TIME`: 1970 年からの秒数、RFC 3339、または none (既定: 現在)"},
	"expires":          {EN: "when the signature expires, `TIME` (default: never)", JA: "署名の有効期限 `TIME` (既定: なし)"},
	"identity":         {EN: "the `IDENTITY` (i=)", JA: "識別子 `IDENTITY` (i=)"},
	"authserv-id":      {EN: "whose Authentication-Results to fold into the set, `ID`", JA: "セットに取り込む Authentication-Results の `ID`"},
	"algorithm":        {EN: "`rsa|ed25519`", JA: "`rsa|ed25519`"},
	"bits":             {EN: "size of an RSA key, `N` from 1024 to 4096", JA: "RSA 鍵の長さ `N` (1024〜4096)"},
	"out":              {EN: "where to keep the private key, `FILE`; - prints it", JA: "秘密鍵を保存する `FILE`。- を指定すると出力する"},

	"http":                      {EN: "where the pages listen, `ADDRESS`", JA: "Web ページの待ち受け `ADDRESS`"},
	"smtp":                      {EN: "where the inbox listens, `ADDRESS`", JA: "受信サーバーの待ち受け `ADDRESS`"},
	"database":                  {EN: "SQLite file or postgres:// `URL`", JA: "SQLite のファイルまたは postgres:// の `URL`"},
	"hostname":                  {EN: "the inbox's own `NAME` (default: the system's)", JA: "受信サーバーの `NAME` (既定: システムのホスト名)"},
	"mail-domain":               {EN: "the `DOMAIN` of one-time addresses (default: the host name)", JA: "使い捨てアドレスの `DOMAIN` (既定: ホスト名)"},
	"tls-cert":                  {EN: "certificate for STARTTLS, PEM `FILE` (default: self-signed)", JA: "STARTTLS 用の証明書の PEM `FILE` (既定: 自己署名)"},
	"tls-key":                   {EN: "its key, PEM `FILE`", JA: "その秘密鍵の PEM `FILE`"},
	"drop-body-after":           {EN: "remove the body of each message so long after its verdict, `DURATION` such as 30m; header, verdict and DNS answers stay (default: never)", JA: "判定後この時間が過ぎたらメールの本文を削除する `DURATION` (30m など)。ヘッダー、判定、DNS の応答は残る (既定: 削除しない)"},
	"retention":                 {EN: "how long messages are kept, `DURATION` such as 30d or 12h", JA: "メールの保存期間 `DURATION` (30d、12h など)"},
	"workers":                   {EN: "how many messages to verify at a time, `N` (default: one for each core)", JA: "同時に検証するメールの数 `N` (既定: コア数)"},
	"max-message":               {EN: "largest message accepted, `OCTETS`", JA: "受け付ける最大サイズ `OCTETS` (オクテット)"},
	"http-host":                 {EN: "a host `NAME` that the pages answer to, beside loopback (repeatable)", JA: "ループバック以外に Web ページが応答するホスト名 `NAME` (複数指定可)"},
	"public-url":                {EN: "what browsers call the pages by, `URL` such as https://todoku.example.com; people then sign in", JA: "ブラウザーから見た Web ページの `URL` (例: https://todoku.example.com)。指定するとサインインが必要になる"},
	"public-retention":          {EN: "with --public: how long messages, and checks of visitors, are kept, `DURATION` such as 3d or 12h; the pages say so", JA: "--public の場合に、メールと訪問者の診断を残す期間 `DURATION` (3d、12h など)。ページにも表示される"},
	"public":                    {EN: "let everybody test without a login; lists of mail still need one", JA: "サインインなしで誰でもテストできるようにする (メールの一覧にはサインインが必要)"},
	"openid-issuer":             {EN: "let people sign in by OpenID Connect, the issuer's `URL`", JA: "OpenID Connect でサインインできるようにする。発行者の `URL`"},
	"openid-client-id":          {EN: "what the OpenID Connect provider knows this program by, `ID`", JA: "OpenID Connect プロバイダーに登録したクライアントの `ID`"},
	"openid-client-secret-file": {EN: "`FILE` with the client secret", JA: "クライアントシークレットを記した `FILE`"},
	"openid-allow":              {EN: "who may sign in by OpenID Connect: a mail `ADDRESS`, or @example.com for a whole domain (repeatable)", JA: "OpenID Connect でサインインできる人。メールアドレス `ADDRESS`、またはドメイン全体を表す @example.com (複数指定可)"},
	"openid-admin":              {EN: "the same for administrators, `ADDRESS` (repeatable)", JA: "同じく、管理者としてサインインできる人 `ADDRESS` (複数指定可)"},
	"imap":                      {EN: "also take test mail out of a mailbox by IMAP, `URL` such as imaps://user@imap.example.com/INBOX", JA: "IMAP のメールボックスからもテストメールを取り込む。`URL` (例: imaps://user@imap.example.com/INBOX)"},
	"imap-password-file":        {EN: "`FILE` with the password of the mailbox", JA: "メールボックスのパスワードを記した `FILE`"},
	"imap-receiver":             {EN: "the mail `HOST` of the mailbox, as in its Received fields (mx.google.com): these then say who sent a message", JA: "メールボックスの受信サーバーの `HOST` (Received ヘッダーの表記、例: mx.google.com)。指定すると送信元をその記録から判定する"},
	"imap-delete":               {EN: "delete the messages that were taken, instead of marking them as seen", JA: "取り込んだメールを、既読にする代わりに削除する"},
	"imap-insecure":             {EN: "without TLS, for a server on loopback", JA: "TLS を使わない (ループバックのサーバーのみ)"},
	"imap-every":                {EN: "the `TIME` between two looks at the mailbox", JA: "メールボックスを確認する間隔 `TIME`"},
	"quota":                     {EN: "the most `OCTETS` of all stored messages and of mail that waits to be sent; beyond it mail is put off (452). 0 is no bound", JA: "保存するメールと送信待ちのメールの合計サイズの上限 `OCTETS`。超えると 452 で一時的に拒否する。0 は無制限"},
	"http-trust-proxy":          {EN: "a web proxy whose X-Forwarded-For says who the client is, `NETWORK` (repeatable)", JA: "X-Forwarded-For で本来の接続元を伝えてよい Web プロキシの `NETWORK` (複数指定可)"},
	"reply-local-part":          {EN: "the local part of the address whose mail is answered with a report, `NAME` @ the mail domain", JA: "受信したメールにレポートを返信するアドレスのローカル部 `NAME` (メールドメインの手前に付く部分)"},
	"reply-direct":              {EN: "answer mail to that address; the answers go straight to the recipients' mail servers, port 25", JA: "そのアドレス宛てのメールに返信する。返信は相手のメールサーバーの 25 番ポートへ直接配送する"},
	"reply-unsigned":            {EN: "answer without a DKIM signature, where there is no --dkim-key", JA: "--dkim-key がないとき、DKIM 署名なしで返信する"},
	"smart-host":                {EN: "answer mail to that address; the answers go by this server, `HOST:PORT`", JA: "そのアドレス宛てのメールに返信する。返信は中継サーバー `HOST:PORT` を経由する"},
	"smart-host-tls":            {EN: "TLS to the smart host, `MODE`: tls, starttls, none, or auto (by the port, else where it is offered)", JA: "中継サーバーとの TLS の方式 `MODE`: tls、starttls、none、auto (ポート番号による。ほかのポートでは相手が対応していれば使う)"},
	"smart-host-user":           {EN: "sign in to the smart host as `NAME`", JA: "中継サーバーへのログインに使うユーザー名 `NAME`"},
	"smart-host-password-file":  {EN: "`FILE` with the password for the smart host", JA: "中継サーバーのパスワードを記した `FILE`"},
	"dkim-key":                  {EN: "`FILE` with a private key that signs the answers, RSA or Ed25519 (repeatable, with as many selectors)", JA: "返信に署名する秘密鍵 (RSA または Ed25519) の `FILE` (複数指定可、セレクターも同数)"},
	"dkim-selector":             {EN: "the selector `NAME` of that key (repeatable); default: todoku", JA: "その鍵のセレクター `NAME` (複数指定可)。既定: todoku"},
	"dkim-domain":               {EN: "the domain `NAME` that signs; default: the mail domain", JA: "署名するドメイン `NAME`。既定: メールドメイン"},
	"dkim-generate":             {EN: "make a key where the file is missing (without --dkim-key: beside the database) and print its record", JA: "鍵ファイルがなければ作り (--dkim-key がなければデータベースと同じ場所)、公開するレコードを表示する"},
	"lmtp":                      {EN: "also take mail from a mail server on this host by LMTP at `ADDRESS`: host:port, or unix:PATH", JA: "同じホストのメールサーバーから LMTP で受け取る `ADDRESS`: host:port または unix:PATH"},
	"lmtp-server":               {EN: "where the running program takes mail by LMTP, `ADDRESS`: host:port, or unix:PATH", JA: "実行中のプログラムが LMTP で受け取る `ADDRESS`: host:port または unix:PATH"},
	"receive-from":              {EN: "the envelope sender `ADDRESS`, as of sendmail; the same as --mail-from", JA: "エンベロープ送信者 `ADDRESS` (sendmail と同じ。--mail-from と同義)"},
	"token-name":                {EN: "what the token is for, a `NAME` for people", JA: "トークンの用途を表す `NAME`"},
	"scope":                     {EN: "what the token may be used for, `SCOPE`: read, check, submit, admin, domains or flow (repeatable)", JA: "トークンで許可する操作 `SCOPE`: read、check、submit、admin、domains、flow (複数指定可)"},
	"token-expires":             {EN: "how long the token is valid, `DURATION` such as 90d (default: until it is revoked)", JA: "トークンの有効期間 `DURATION` (90d など。既定: 取り消すまで)"},
	"milter-listen":             {EN: "listen for mail servers at `SOCKET`: inet:PORT@HOST, unix:PATH, or systemd for a socket of the service manager (default inet:8891@127.0.0.1; repeatable)", JA: "メールサーバーからの接続を受ける `SOCKET`: inet:PORT@HOST、unix:PATH、またはサービスマネージャーのソケットを使う systemd (既定値 inet:8891@127.0.0.1、複数指定可)"},
	"serve-milter":              {EN: "also be a milter, as todoku milter is: listen for mail servers at `SOCKET`: inet:PORT@HOST, unix:PATH, or systemd for a socket of the service manager (default: no milter; repeatable)", JA: "todoku milter と同じ milter も動かす。メールサーバーからの接続を受ける `SOCKET`: inet:PORT@HOST、unix:PATH、またはサービスマネージャーのソケットを使う systemd (既定値: milter を動かさない。複数指定可)"},
	"socket-mode":               {EN: "file `MODE` of Unix sockets, octal", JA: "UNIX ソケットのファイル `MODE` (8 進数)"},
	"socket-group":              {EN: "`GROUP` of Unix sockets, such as that of Postfix", JA: "UNIX ソケットの `GROUP` (Postfix のグループなど)"},
	"milter-authserv-id":        {EN: "`NAME` by which Authentication-Results says who checked (default: the name of this host, if it has a domain)", JA: "Authentication-Results に書く、検証したサーバーの `NAME` (既定値: ドメインを含む場合は、このホストの名前)"},
	"also-ours":                 {EN: "remove Authentication-Results that claims `NAME`, too (repeatable)", JA: "`NAME` を名乗る Authentication-Results も取り除く (複数指定可)"},
	"milter-key":                {EN: "sign for a domain, `DOMAIN:SELECTOR:FILE`; *.DOMAIN for all below it (repeatable: all keys of a domain sign)", JA: "ドメインの署名に使う鍵 `DOMAIN:SELECTOR:FILE`。*.DOMAIN はその下のすべて (複数指定可。同じドメインの鍵はすべて署名に使う)"},
	"trusted-network":           {EN: "sign mail from `NETWORK` in place of checking it (default loopback; none for no network; repeatable)", JA: "`NETWORK` からのメールは検証せずに署名する (既定値はループバック。none で無効。複数指定可)"},
	"daemon-name":               {EN: "sign what the mail server receives as `NAME` ({daemon_name}; repeatable)", JA: "メールサーバーが `NAME` ({daemon_name}) として受け取ったメールに署名する (複数指定可)"},
	"milter-policy":             {EN: "TOML `FILE` with the table: what is done with which outcome, and who may write as whom", JA: "表を記した TOML `FILE`: どの結果のメールをどう扱うか、誰がどの差出人を名乗れるか"},
	"takeover-opendkim":         {EN: "do as OpenDKIM did by this `FILE`, its opendkim.conf; what becomes of each setting is printed at the start", JA: "OpenDKIM の設定 `FILE` (opendkim.conf) のとおりに動作する。各設定の扱いは起動時に表示する"},
	"takeover-opendmarc":        {EN: "do as OpenDMARC did by this `FILE`, its opendmarc.conf", JA: "OpenDMARC の設定 `FILE` (opendmarc.conf) のとおりに動作する"},
	"unsigned":                  {EN: "what to do with mail of yours that gets no signature: `ACTION` is accept (and warn), defer or reject", JA: "署名できない自分のメールの扱い: `ACTION` は accept (警告して送る)、defer (一時的に断る)、reject (断る)"},
	"received-spf":              {EN: "also add Received-SPF", JA: "Received-SPF も付ける"},
	"add-missing":               {EN: "add Date and Message-ID to mail of yours that lacks them", JA: "自分のメールに Date や Message-ID がなければ付ける"},
	"milter-expires":            {EN: "signatures are good for `DURATION` (7d, 36h; default: without end)", JA: "署名の有効期間 `DURATION` (7d、36h など。既定値: 無期限)"},
	"grace":                     {EN: "after SIGTERM let SMTP sessions go on for `DURATION`", JA: "SIGTERM の後、SMTP セッションが終わるのを待つ時間 `DURATION`"},
	"mcp-server":                {EN: "ask a running server in place of looking up from here, `URL` such as https://todoku.example.com", JA: "この機器から調べる代わりに、実行中のサーバーに問い合わせる。`URL` (例: https://todoku.example.com)"},
	"token-file":                {EN: "`FILE` with the token for --server", JA: "--server 用のトークンを記した `FILE`"},
	"trust-proxy":               {EN: "clients that may name the real client by the PROXY protocol, `NETWORK` (repeatable)", JA: "PROXY プロトコルで本来の接続元を伝えてよい `NETWORK` (複数指定可)"},
}

// Messages on stderr, and the few lines on stdout that are not a verdict.
var (
	msgUnknownCommand = text{EN: "there is no command \"{name}\"", JA: "コマンド「{name}」はありません"}
	msgDidYouMean     = text{EN: "; did you mean {commands}?", JA: "。{commands} ではありませんか?"}
	msgUnknownFlag    = text{EN: "there is no flag {flag}", JA: "フラグ {flag} はありません"}
	msgFlagNeedsValue = text{EN: "--{flag} needs a value", JA: "--{flag} には値が必要です"}
	msgBadValue       = text{EN: "--{flag} {value}: that value cannot be used", JA: "--{flag} {value}: この値は使えません"}
	msgBadNumber      = text{EN: "--{flag} {value}: write a whole number", JA: "--{flag} {value}: 整数で指定してください"}
	msgBadDuration    = text{EN: "--{flag} {value}: write it as 20s, 5m or 12h", JA: "--{flag} {value}: 20s、5m、12h の形で指定してください"}
	msgBadDays        = text{EN: "--{flag} {value}: write it as 30d or 12h", JA: "--{flag} {value}: 30d や 12h の形で指定してください"}
	msgNotExist       = text{EN: "there is no such file", JA: "ファイルが存在しません"}
	msgPermission     = text{EN: "permission denied", JA: "アクセス権がありません"}
	msgTryHelp        = text{EN: "Try \"todoku help\".", JA: "「todoku help」で使い方を表示します。"}
	msgNoFile         = text{EN: "name the messages to verify: files, folders, or - for standard input", JA: "検証するメールを指定してください (ファイル、フォルダー、または標準入力を表す -)"}
	msgOneFile        = text{EN: "give one FILE, or nothing for standard input", JA: "FILE は 1 つだけ指定してください (省略すると標準入力を読みます)"}
	msgNoArgs         = text{EN: "this command takes flags only", JA: "このコマンドにはフラグだけを指定してください"}
	msgNeedName       = text{EN: "--{flag} is needed: a name with a domain, such as mx.example.com, by which Authentication-Results says who checked (the name of this host has none)", JA: "--{flag} を指定してください。Authentication-Results に書く、検証したサーバーの名前です (例: mx.example.com)。このホストの名前にはドメインがありません"}
	msgNeedFlag       = text{EN: "--{flag} is needed", JA: "--{flag} を指定してください"}
	msgNeedOut        = text{EN: "--out is needed: the file for the private key (or - to print it)", JA: "--out で秘密鍵を保存するファイルを指定してください (- を指定すると出力します)"}
	msgBadNetwork     = text{EN: "--allow-private {value}: write a network as 192.168.0.0/16", JA: "--allow-private {value}: ネットワークは 192.168.0.0/16 の形で指定してください"}
	msgProbeDNSOnly   = text{EN: "--probe connects to mail servers, which --dns-only forbids: choose one", JA: "--probe はメールサーバーに接続するため、--dns-only と同時には指定できません"}
	msgBadLang        = text{EN: "--lang {value}: choose en or ja", JA: "--lang {value}: en か ja を指定してください"}
	msgBadTime        = text{EN: "--{flag} {value}: write it as 2026-11-22T09:00:00Z", JA: "--{flag} {value}: 2026-11-22T09:00:00Z の形で指定してください"}
	msgBadTimeout     = text{EN: "--timeout must be above zero", JA: "--timeout は 0 より大きい値にしてください"}
	msgBadFailOn      = text{EN: "--fail-on {value}: choose fail, warn, info or unknown", JA: "--fail-on {value}: fail、warn、info、unknown のいずれかを指定してください"}
	msgBadIP          = text{EN: "--ip {value}: this is not an IP address", JA: "--ip {value}: IP アドレスではありません"}
	msgBadRspamd      = text{EN: "--rspamd {value}: write it as http://127.0.0.1:11333", JA: "--rspamd {value}: http://127.0.0.1:11333 の形で指定してください"}
	msgBadSpamd       = text{EN: "--spamassassin {value}: write it as 127.0.0.1:783", JA: "--spamassassin {value}: 127.0.0.1:783 の形で指定してください"}
	msgBadJobs        = text{EN: "--jobs must be from 1 to 1024", JA: "--jobs は 1 から 1024 までです"}
	msgBadResult      = text{EN: "--{flag} {value}: write DOMAIN:RESULT, the result one of {words}", JA: "--{flag} {value}: DOMAIN:RESULT の形で、結果は {words} のいずれかにしてください"}
	msgBadAlgorithm   = text{EN: "--algorithm {value}: choose rsa or ed25519", JA: "--algorithm {value}: rsa か ed25519 を指定してください"}
	msgBadBits        = text{EN: "--bits must be from 1024 to 4096; 2048 is right for almost everyone", JA: "--bits は 1024 から 4096 までです。2048 が適切です"}
	msgBothTLS        = text{EN: "--tls-cert and --tls-key belong together", JA: "--tls-cert と --tls-key は両方指定してください"}
	msgNoTarget       = text{EN: "name a domain, host, IP address or mail address, or - for standard input", JA: "ドメイン、ホスト名、IP アドレス、メールアドレス、または - (標準入力) を指定してください"}
	msgTargetEmpty    = text{EN: "an empty target: name a domain, host, IP address or mail address", JA: "対象が空です。ドメイン、ホスト名、IP アドレス、メールアドレスを指定してください"}
	msgTargetRange    = text{EN: "{value} is a range of addresses; name one address", JA: "{value} は IP アドレスの範囲です。IP アドレスを 1 つ指定してください"}
	msgTargetLabel    = text{EN: "{value} has no dot: name a full domain such as example.com", JA: "{value} にはドットがありません。example.com のような完全なドメイン名を指定してください"}
	msgTargetName     = text{EN: "{value} is not a domain, host, IP address or mail address", JA: "{value} はドメイン、ホスト名、IP アドレス、メールアドレスのいずれでもありません"}
	msgBadAudience    = text{EN: "--audience {value}: choose all or bulk", JA: "--audience {value}: all か bulk を指定してください"}
	msgBadFormat      = text{EN: "--format {value}: choose {words}", JA: "--format {value}: {words} のいずれかを指定してください"}
	msgBadPaste       = text{EN: "--paste {value}: choose {words}", JA: "--paste {value}: {words} のいずれかを指定してください"}
	msgBadListKey     = text{EN: "--blocklist-key: write NAME=KEY, where NAME is one of {words}", JA: "--blocklist-key: NAME=KEY の形で指定してください (NAME は {words} のいずれか)"}
	msgTargets        = text{EN: "{n} targets", JA: "{n} 件"}
	msgCheckTally     = text{EN: "{n} targets: {fail} fail, {unknown} undecided, {warn} with warnings, {pass} pass, {unread} not understood", JA: "{n} 件: 不合格 {fail}、未確定 {unknown}、注意 {warn}、合格 {pass}、解釈できないもの {unread}"}
	msgReplayAlone    = text{EN: "--replay takes neither files nor an envelope: both are in the bundle", JA: "--replay にファイルやエンベロープは指定できません (どちらも証拠ファイルに含まれています)"}
	msgShell          = text{EN: "name the shell: bash, zsh, fish or powershell", JA: "シェルを指定してください: bash、zsh、fish、powershell"}
	msgConfig         = text{EN: "reading the configuration {file}", JA: "設定ファイル {file} を読み取れません"}
	msgUnknownKey     = text{EN: "{file}: there is no setting \"{key}\"", JA: "{file}: 設定「{key}」はありません"}
	msgReadStdin      = text{EN: "reading standard input", JA: "標準入力を読み取れません"}
	msgWriteFile      = text{EN: "cannot write {file}", JA: "{file} を書き込めません"}
	msgNoFolder       = text{EN: "cannot write {file}: there is no folder {folder}; make it first", JA: "{file} を書き込めません。フォルダー {folder} がありません。先に作成してください"}
	msgReadFile       = text{EN: "cannot read {file}", JA: "{file} を読み取れません"}
	msgEmptyFolder    = text{EN: "{file}: there are no messages in this folder", JA: "{file}: このフォルダーにメールはありません"}
	msgConverted      = text{EN: "{file}: all lines end in LF; read as CRLF", JA: "{file}: 行末がすべて LF のため、CRLF とみなしました"}
	msgInterrupted    = text{EN: "interrupted after {n} messages", JA: "{n} 通で中断しました"}
	msgWrite          = text{EN: "writing the result", JA: "結果を書き込めません"}
	msgProgress       = text{EN: "{n} messages", JA: "{n} 通"}
	msgTally          = text{EN: "{n} messages: {fail} fail, {unknown} undecided, {warn} with warnings, {pass} pass, {unread} unreadable", JA: "{n} 通: 不合格 {fail}、未確定 {unknown}、注意 {warn}、合格 {pass}、読み取り不可 {unread}"}
	msgSign           = text{EN: "cannot sign", JA: "署名できません"}
	msgSeal           = text{EN: "cannot seal", JA: "ARC シールを付けられません"}
	msgChainUnknown   = text{EN: "not sealed: the chain could not be checked", JA: "ARC シールを付けませんでした: チェーンを検証できません"}
	msgKeyExists      = text{EN: "{file} exists already and is not overwritten", JA: "{file} はすでに存在するため、上書きしません"}
	msgKeyKept        = text{EN: "The private key is in {file}. Publish this record, then sign:", JA: "秘密鍵を {file} に保存しました。次のレコードを公開してから署名を始めてください:"}
	msgListen         = text{EN: "cannot listen", JA: "待ち受けできません"}
	msgIMAPPassword   = text{EN: "--imap also needs --imap-password-file", JA: "--imap には --imap-password-file も必要です"}
	msgOneWayOut      = text{EN: "--smart-host and --reply-direct: choose one", JA: "--smart-host と --reply-direct はどちらか一方を指定してください"}
	msgBadReply       = text{EN: "{local}@{domain} cannot answer mail: --reply-local-part takes 1 to 24 letters, digits and hyphens, and --mail-domain must be a full domain name", JA: "{local}@{domain} は返信用のアドレスにできません: --reply-local-part には 24 文字以内の英数字とハイフンを、--mail-domain には完全なドメイン名を指定してください"}
	msgNoReplyKey     = text{EN: "answers should be signed: give --dkim-key FILE, or --dkim-generate to have a key made, or --reply-unsigned", JA: "返信には署名が必要です: --dkim-key FILE か、鍵を作る --dkim-generate を指定してください (署名しない場合は --reply-unsigned)"}
	msgBadSmartHost   = text{EN: "--smart-host {value}: write it as HOST:PORT; --smart-host-tls {tls}: tls, starttls, none or auto", JA: "--smart-host {value}: HOST:PORT の形で指定してください。--smart-host-tls {tls}: tls、starttls、none、auto のいずれかです"}
	msgSmartPassword  = text{EN: "--smart-host-user also needs --smart-host-password-file, and TLS", JA: "--smart-host-user には --smart-host-password-file と TLS も必要です"}
	msgGenerateWhere  = text{EN: "--dkim-generate also needs --dkim-key FILE where the database is on a server", JA: "サーバー上のデータベースを使う場合、--dkim-generate には --dkim-key FILE も必要です"}
	msgKeySelectors   = text{EN: "give as many --dkim-selector as --dkim-key", JA: "--dkim-selector は --dkim-key と同じ数だけ指定してください"}
	msgReplyKey       = text{EN: "A new key is in {file}. Publish this record, so that the answers pass:\n{record}", JA: "新しい鍵を {file} に保存しました。返信の DKIM が pass になるよう、次のレコードを公開してください:\n{record}"}
	msgNoRecipient    = text{EN: "give the recipient: todoku receive -f SENDER -- RECIPIENT", JA: "宛先を指定してください: todoku receive -f SENDER -- RECIPIENT"}
	msgLMTP           = text{EN: "Mail servers hand over by LMTP at {lmtp}", JA: "メールサーバーからの受け渡し (LMTP): {lmtp}"}
	msgLab            = text{EN: "The outbound lab is at {domain}: {page}", JA: "送信ラボ ({domain}): {page}"}
	msgLabCert        = text{EN: "--lab-cert and --lab-key belong together", JA: "--lab-cert と --lab-key は両方指定してください"}
	msgLabDir         = text{EN: "the lab also needs --lab-dir FOLDER for its keys where the database is on a server; all nodes need the same keys", JA: "サーバー上のデータベースを使う場合、送信ラボには鍵のための --lab-dir FOLDER も必要です (すべてのノードで同じ鍵を使います)"}
	msgSetup          = text{EN: "Nobody can sign in yet. Make the first administrator here, once: {url}", JA: "まだ誰もサインインできません。次のリンクで最初の管理者を作成してください (1 回だけ有効): {url}"}
	msgBadPublicURL   = text{EN: "--public-url {value}: write it as https://todoku.example.com", JA: "--public-url {value}: https://todoku.example.com の形で指定してください"}
	msgOpenIDURL      = text{EN: "--openid-issuer also needs --public-url: the provider sends browsers back to it", JA: "--openid-issuer には --public-url も必要です (プロバイダーからの戻り先になります)"}
	msgReady          = text{EN: "Ready: pages at {http}, mail to {smtp}", JA: "準備ができました: Web ページ {http}、メールの宛先 {smtp}"}
	msgExplainNothing = text{EN: "give the text to explain, a file that holds it, or - for standard input", JA: "説明する文面、それを含むファイル、または標準入力を表す - を指定してください"}
	msgExplainEmpty   = text{EN: "there is nothing to explain: the input is empty", JA: "入力が空です"}
	msgExplainBinary  = text{EN: "the input is no text", JA: "入力がテキストではありません"}
	msgExplainUnknown = text{EN: "there is no SMTP reply, bounce, log line or mail header in the input (and no file of that name)", JA: "入力に SMTP 応答、バウンスメール、メールログ、ヘッダーが見つかりません (その名前のファイルもありません)"}
	msgTokenMade      = text{EN: "This is the only time that the token is shown. Send it as: Authorization: Bearer TOKEN", JA: "トークンが表示されるのはこの 1 回だけです。Authorization: Bearer TOKEN として送ってください"}
	msgTokenName      = text{EN: "--name: give 1 to 100 characters without controls", JA: "--name: 1〜100 文字で指定してください (制御文字は使えません)"}
	msgTokenScope     = text{EN: "--scope: choose of {words} (repeatable)", JA: "--scope: {words} の中から指定してください (複数指定可)"}
	msgTokenExpiry    = text{EN: "--expires: the token would have expired already", JA: "--expires: 作成した時点で期限が切れています"}
	msgTokenNone      = text{EN: "There are no tokens.", JA: "トークンはありません。"}
	msgTokenIDs       = text{EN: "give the ids of the tokens to revoke (see: todoku token list)", JA: "取り消すトークンの ID を指定してください (todoku token list で確認できます)"}
	msgTokenUnknown   = text{EN: "there is no token {id}", JA: "トークン {id} はありません"}
	msgTokenRevoked   = text{EN: "{id}: revoked", JA: "{id}: 取り消しました"}
	msgTokenColumns   = text{EN: "ID\tNAME\tSCOPES\tMADE\tEXPIRES\tLAST USED", JA: "ID\t名前\tスコープ\t作成\t有効期限\t最終利用"}
	msgNoDatabase     = text{EN: "{file}: there is no such database; `todoku serve` makes one when it is first started, and --database names it", JA: "{file}: データベースがありません。データベースは `todoku serve` の初回の起動時に作られます。--database で指定してください"}
	msgBadServer      = text{EN: "--server {value}: write it as https://todoku.example.com", JA: "--server {value}: https://todoku.example.com の形で指定してください"}
	msgMilter         = text{EN: "Milter: {milter}", JA: "milter: {milter}"}
	msgFateDone       = text{EN: "Taken over", JA: "引き継いだ設定"}
	msgFateOtherwise  = text{EN: "Done otherwise", JA: "動作が異なる設定"}
	msgFateNeedless   = text{EN: "Not needed here", JA: "不要な設定"}
	msgFateNotDone    = text{EN: "NOT taken over", JA: "引き継げない設定"}
	msgFateUnknown    = text{EN: "NOT understood", JA: "解釈できない設定"}
	msgBadMode        = text{EN: "--{flag} {value}: a file mode is octal, such as 0660", JA: "--{flag} {value}: ファイルモードは 0660 のような 8 進数で指定してください"}
	msgTokenServer    = text{EN: "--token-file is for --server", JA: "--token-file は --server と一緒に指定してください"}
	msgPopulated      = text{EN: "All sample mail has its verdict.", JA: "すべてのサンプルメールの判定が終わりました。"}
)

// allMessages are the messages above, for the test that none lacks a language.
var allMessages = []text{
	msgUnknownCommand, msgDidYouMean, msgUnknownFlag, msgFlagNeedsValue, msgBadValue, msgBadNumber, msgBadDuration, msgBadDays, msgNotExist, msgPermission, msgTryHelp, msgNoFile, msgOneFile, msgNoArgs, msgMilter, msgFateDone, msgFateOtherwise, msgFateNeedless, msgFateNotDone, msgFateUnknown, msgBadMode, msgNeedFlag, msgNeedName,
	msgNeedOut, msgBadLang, msgBadTime, msgBadTimeout, msgBadFailOn, msgBadIP,
	msgNoTarget, msgTargetEmpty, msgTargetRange, msgTargetLabel, msgTargetName, msgBadAudience, msgBadFormat, msgBadPaste, msgBadListKey, msgTargets, msgCheckTally,
	msgBadRspamd, msgBadSpamd, msgBadJobs, msgBadResult, msgBadAlgorithm, msgBadBits, msgBothTLS, msgReplayAlone,
	msgShell, msgConfig, msgUnknownKey, msgReadStdin, msgReadFile, msgWriteFile, msgNoFolder, msgEmptyFolder,
	msgConverted, msgInterrupted, msgWrite, msgProgress, msgTally, msgSign,
	msgSeal, msgChainUnknown, msgKeyExists, msgKeyKept, msgListen,
	msgOneWayOut, msgBadReply, msgNoReplyKey, msgBadSmartHost, msgSmartPassword, msgGenerateWhere, msgKeySelectors, msgReplyKey,
	msgIMAPPassword, msgNoRecipient, msgLMTP, msgLab, msgLabCert, msgLabDir, msgSetup, msgBadPublicURL, msgOpenIDURL, msgReady, msgPopulated, msgTokenMade, msgTokenName, msgTokenScope, msgTokenExpiry, msgTokenNone, msgTokenIDs, msgTokenUnknown, msgTokenRevoked, msgTokenColumns, msgNoDatabase, msgBadServer, msgTokenServer, msgExplainNothing, msgExplainEmpty, msgExplainBinary, msgExplainUnknown,
}
