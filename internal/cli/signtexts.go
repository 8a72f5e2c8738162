package cli

// Texts of signing, sealing and making keys in files.

func init() { textsOf(signCommandTexts, signFlagTexts) }

var signCommandTexts = map[string]commandText{
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
}

var signFlagTexts = map[string]text{
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
}

var (
	msgNeedOut      = text{EN: "--out is needed: the file for the private key (or - to print it)", JA: "--out で秘密鍵を保存するファイルを指定してください (- を指定すると出力します)"}
	msgBadAlgorithm = text{EN: "--algorithm {value}: choose rsa or ed25519", JA: "--algorithm {value}: rsa か ed25519 を指定してください"}
	msgBadBits      = text{EN: "--bits must be from 1024 to 4096; 2048 is right for almost everyone", JA: "--bits は 1024 から 4096 までです。2048 が適切です"}
	msgSign         = text{EN: "cannot sign", JA: "署名できません"}
	msgSeal         = text{EN: "cannot seal", JA: "ARC シールを付けられません"}
	msgChainUnknown = text{EN: "not sealed: the chain could not be checked", JA: "ARC シールを付けませんでした: チェーンを検証できません"}
	msgKeyExists    = text{EN: "{file} exists already and is not overwritten", JA: "{file} はすでに存在するため、上書きしません"}
	msgKeyKept      = text{EN: "The private key is in {file}. Publish this record, then sign:", JA: "秘密鍵を {file} に保存しました。次のレコードを公開してから署名を始めてください:"}
)
