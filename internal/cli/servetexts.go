package cli

// Texts of todoku serve, receive and demo.

func init() { textsOf(serveCommandTexts, serveFlagTexts) }

var serveCommandTexts = map[string]commandText{
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
}

var serveFlagTexts = map[string]text{
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
	"serve-milter":              {EN: "also be a milter, as todoku milter is: listen for mail servers at `SOCKET`: inet:PORT@HOST, unix:PATH, or systemd for a socket of the service manager (default: no milter; repeatable)", JA: "todoku milter と同じ milter も動かす。メールサーバーからの接続を受ける `SOCKET`: inet:PORT@HOST、unix:PATH、またはサービスマネージャーのソケットを使う systemd (既定値: milter を動かさない。複数指定可)"},
	"trust-proxy":               {EN: "clients that may name the real client by the PROXY protocol, `NETWORK` (repeatable)", JA: "PROXY プロトコルで本来の接続元を伝えてよい `NETWORK` (複数指定可)"},
}

var (
	msgBothTLS       = text{EN: "--tls-cert and --tls-key belong together", JA: "--tls-cert と --tls-key は両方指定してください"}
	msgBadListen     = text{EN: "--{flag} {value} is no address to listen at: write HOST:PORT, such as 127.0.0.1:8025, or :8025 for all addresses of this host, with a port of at most 65535", JA: "--{flag} {value} は待ち受けアドレスとして使えません: 127.0.0.1:8025 のように HOST:PORT の形で指定してください (このホストのすべてのアドレスなら :8025、ポートは 65535 まで)"}
	msgTakenSocket   = text{EN: "Socket {value} of the configuration that is taken over is no socket: write inet:PORT@HOST or local:PATH there, with a port of at most 65535, or say --{flag}", JA: "引き継ぐ設定の Socket {value} はソケットとして使えません: inet:PORT@HOST か local:PATH に直すか (ポートは 65535 まで)、--{flag} で指定してください"}
	msgBadSocket     = text{EN: "--{flag} {value} is no socket: write inet:PORT@HOST, unix:PATH, HOST:PORT or systemd, with a port of at most 65535", JA: "--{flag} {value} はソケットとして使えません: inet:PORT@HOST、unix:PATH、HOST:PORT、systemd のいずれかで指定してください (ポートは 65535 まで)"}
	msgLMTPAbroad    = text{EN: "--lmtp {value} is not on loopback: whoever connects there is believed, and could say that anybody sent a message; write 127.0.0.1:PORT, [::1]:PORT or unix:PATH", JA: "--lmtp {value} はループバックアドレスではありません: ここに接続した相手の申告はそのまま信用されるため、送信者を自由に偽れてしまいます。127.0.0.1:PORT、[::1]:PORT、unix:PATH のいずれかで指定してください"}
	msgListen        = text{EN: "cannot listen", JA: "待ち受けできません"}
	msgIMAPPassword  = text{EN: "--imap also needs --imap-password-file", JA: "--imap には --imap-password-file も必要です"}
	msgOneWayOut     = text{EN: "--smart-host and --reply-direct: choose one", JA: "--smart-host と --reply-direct はどちらか一方を指定してください"}
	msgBadReply      = text{EN: "{local}@{domain} cannot answer mail: --reply-local-part takes 1 to 24 letters, digits and hyphens, and --mail-domain must be a full domain name", JA: "{local}@{domain} は返信用のアドレスにできません: --reply-local-part には 24 文字以内の英数字とハイフンを、--mail-domain には完全なドメイン名を指定してください"}
	msgNoReplyKey    = text{EN: "answers should be signed: give --dkim-key FILE, or --dkim-generate to have a key made, or --reply-unsigned", JA: "返信には署名が必要です: --dkim-key FILE か、鍵を作る --dkim-generate を指定してください (署名しない場合は --reply-unsigned)"}
	msgBadSmartHost  = text{EN: "--smart-host {value}: write it as HOST:PORT; --smart-host-tls {tls}: tls, starttls, none or auto", JA: "--smart-host {value}: HOST:PORT の形で指定してください。--smart-host-tls {tls}: tls、starttls、none、auto のいずれかです"}
	msgSmartPassword = text{EN: "--smart-host-user also needs --smart-host-password-file, and TLS", JA: "--smart-host-user には --smart-host-password-file と TLS も必要です"}
	msgGenerateWhere = text{EN: "--dkim-generate also needs --dkim-key FILE where the database is on a server", JA: "サーバー上のデータベースを使う場合、--dkim-generate には --dkim-key FILE も必要です"}
	msgKeySelectors  = text{EN: "give as many --dkim-selector as --dkim-key", JA: "--dkim-selector は --dkim-key と同じ数だけ指定してください"}
	msgReplyKey      = text{EN: "A new key is in {file}. Publish this record, so that the answers pass:\n{record}", JA: "新しい鍵を {file} に保存しました。返信の DKIM が pass になるよう、次のレコードを公開してください:\n{record}"}
	msgNoRecipient   = text{EN: "give the recipient: todoku receive -f SENDER -- RECIPIENT", JA: "宛先を指定してください: todoku receive -f SENDER -- RECIPIENT"}
	msgLMTP          = text{EN: "Mail servers hand over by LMTP at {lmtp}", JA: "メールサーバーからの受け渡し (LMTP): {lmtp}"}
	msgSetup         = text{EN: "Nobody can sign in yet. Make the first administrator here, once: {url}", JA: "まだ誰もサインインできません。次のリンクで最初の管理者を作成してください (1 回だけ有効): {url}"}
	msgBadPublicURL  = text{EN: "--public-url {value}: write it as https://todoku.example.com", JA: "--public-url {value}: https://todoku.example.com の形で指定してください"}
	msgOpenIDURL     = text{EN: "--openid-issuer also needs --public-url: the provider sends browsers back to it", JA: "--openid-issuer には --public-url も必要です (プロバイダーからの戻り先になります)"}
	msgReady         = text{EN: "Ready: pages at {http}, mail to {smtp}", JA: "準備ができました: Web ページ {http}、メールの宛先 {smtp}"}
	msgPopulated     = text{EN: "All sample mail has its verdict.", JA: "すべてのサンプルメールの判定が終わりました。"}
)
