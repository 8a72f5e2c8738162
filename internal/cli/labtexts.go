package cli

// Texts of the outbound lab.

func init() { textsOf(labCommandTexts, labFlagTexts) }

var labCommandTexts = map[string]commandText{
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
}

var labFlagTexts = map[string]text{
	"lab-domain":   {EN: "the outbound lab's `DOMAIN`: its receivers are NAME.DOMAIN (default: no lab)", JA: "送信ラボの `DOMAIN`。受信側は NAME.DOMAIN になる (既定: 送信ラボなし)"},
	"lab-listen":   {EN: "`ADDRESS` of the lab's receivers: IP[:PORT], a range, or IP=PUBLIC behind NAT (repeatable; eight serve all receivers)", JA: "送信ラボの受信側の `ADDRESS`: IP[:PORT]、範囲、NAT の内側では IP=外部の IP (複数指定可。8 個ですべての受信側を使える)"},
	"lab-dns":      {EN: "where the lab serves its own zone, signed, `IP[:PORT]` (default: you publish it)", JA: "送信ラボのゾーンに署名して応答するアドレス `IP[:PORT]` (既定: ゾーンをご自身で公開する)"},
	"lab-policy":   {EN: "where the lab serves MTA-STS policies over HTTPS, `IP[:PORT]`", JA: "送信ラボの MTA-STS ポリシーを HTTPS で公開するアドレス `IP[:PORT]`"},
	"lab-dir":      {EN: "`FOLDER` of the lab's keys, which are made there (default: beside the database)", JA: "送信ラボの鍵の `FOLDER`。鍵がなければ作成する (既定: データベースと同じ場所)"},
	"lab-cert":     {EN: "certificate chain that the world trusts, for the lab's receivers and policy hosts, PEM `FILE`", JA: "送信ラボの受信側とポリシー用の、公に信頼される証明書チェーンの PEM `FILE`"},
	"lab-key":      {EN: "its private key, PEM `FILE`", JA: "その秘密鍵の PEM `FILE`"},
	"lab-greylist": {EN: "how long the lab's greylisting receiver puts off, `DURATION`", JA: "送信ラボのグレイリスティングで待たせる時間 `DURATION`"},
	"lab-slow":     {EN: "how long the lab's slow receiver takes to answer after DATA, `DURATION`", JA: "送信ラボの応答が遅い受信側が DATA の後に待たせる時間 `DURATION`"},
}

var (
	msgLab     = text{EN: "The outbound lab is at {domain}: {page}", JA: "送信ラボ ({domain}): {page}"}
	msgLabCert = text{EN: "--lab-cert and --lab-key belong together", JA: "--lab-cert と --lab-key は両方指定してください"}
	msgLabDir  = text{EN: "the lab also needs --lab-dir FOLDER for its keys where the database is on a server; all nodes need the same keys", JA: "サーバー上のデータベースを使う場合、送信ラボには鍵のための --lab-dir FOLDER も必要です (すべてのノードで同じ鍵を使います)"}
)
