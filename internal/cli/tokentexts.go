package cli

// Texts of programs: todoku token and mcp.

func init() { textsOf(tokenCommandTexts, tokenFlagTexts) }

var tokenCommandTexts = map[string]commandText{
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
			EN: "Make a token and print it, once. Scopes: read (findings, tests, verdicts), check (checks, proposals, explanations), submit (test addresses, messages), admin (lists of what is of others), domains (the domains that the server sends for), flow (what went through the mail server, warm-up plans).",
			JA: "トークンを作成し、1 回だけ表示します。スコープ: read (指摘、テスト、判定)、check (診断、提案、説明)、submit (テスト用アドレス、メール)、admin (ほかの人のものを含む一覧)、domains (このサーバーから送信するドメイン)、flow (メールサーバーを通ったメールの記録、ウォームアップの計画)。",
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
	"mcp": {
		short: text{EN: "Serve assistants by MCP on standard input and output", JA: "標準入出力の MCP でアシスタントに応答する"},
		long: text{
			EN: "Offer the checks as tools of the Model Context Protocol on standard input and output, for an assistant that starts this command.\nTests of real messages need a running `todoku serve`: name it with --server. Without it domains are checked from here.",
			JA: "Model Context Protocol のツールとして、標準入出力で診断を提供します。アシスタントからこのコマンドを起動して使います。\n実際のメールのテストには、実行中の `todoku serve` を --server で指定する必要があります。指定しない場合、ドメインはこの機器から診断します。",
		},
		example: text{
			EN: "  todoku mcp\n  todoku mcp --server https://todoku.example.com --token-file token",
			JA: "  todoku mcp\n  todoku mcp --server https://todoku.example.com --token-file token",
		},
	},
}

var tokenFlagTexts = map[string]text{
	"token-name":    {EN: "what the token is for, a `NAME` for people", JA: "トークンの用途を表す `NAME`"},
	"scope":         {EN: "what the token may be used for, `SCOPE`: read, check, submit, admin, domains or flow (repeatable)", JA: "トークンで許可する操作 `SCOPE`: read、check、submit、admin、domains、flow (複数指定可)"},
	"token-expires": {EN: "how long the token is valid, `DURATION` such as 90d (default: until it is revoked)", JA: "トークンの有効期間 `DURATION` (90d など。既定: 取り消すまで)"},
	"mcp-server":    {EN: "ask a running server in place of looking up from here, `URL` such as https://todoku.example.com", JA: "この機器から調べる代わりに、実行中のサーバーに問い合わせる。`URL` (例: https://todoku.example.com)"},
	"token-file":    {EN: "`FILE` with the token for --server", JA: "--server 用のトークンを記した `FILE`"},
}

var (
	msgTokenMade    = text{EN: "This is the only time that the token is shown. Send it as: Authorization: Bearer TOKEN", JA: "トークンが表示されるのはこの 1 回だけです。Authorization: Bearer TOKEN として送ってください"}
	msgTokenName    = text{EN: "--name: give 1 to 100 characters without controls", JA: "--name: 1〜100 文字で指定してください (制御文字は使えません)"}
	msgTokenScope   = text{EN: "--scope: choose of {words} (repeatable)", JA: "--scope: {words} の中から指定してください (複数指定可)"}
	msgTokenExpiry  = text{EN: "--expires: the token would have expired already", JA: "--expires: 作成した時点で期限が切れています"}
	msgTokenNone    = text{EN: "There are no tokens.", JA: "トークンはありません。"}
	msgTokenIDs     = text{EN: "give the ids of the tokens to revoke (see: todoku token list)", JA: "取り消すトークンの ID を指定してください (todoku token list で確認できます)"}
	msgTokenUnknown = text{EN: "there is no token {id}", JA: "トークン {id} はありません"}
	msgTokenRevoked = text{EN: "{id}: revoked", JA: "{id}: 取り消しました"}
	msgTokenColumns = text{EN: "ID\tNAME\tCUSTOMER\tSCOPES\tMADE\tEXPIRES\tLAST USED", JA: "ID\t名前\t顧客\tスコープ\t作成\t有効期限\t最終利用"}
	msgMadeDatabase = text{EN: "The database {file} was not there, and was made; name it to `todoku serve` and `todoku milter` by --database.", JA: "データベース {file} がなかったため、作成しました。`todoku serve` と `todoku milter` には --database で指定してください。"}
	msgNoDatabase   = text{EN: "{file}: there is no such database; `todoku serve` makes one when it is first started, and --database names it", JA: "{file}: データベースがありません。データベースは `todoku serve` の初回の起動時に作られます。--database で指定してください"}
	msgBadServer    = text{EN: "--server {value}: write it as https://todoku.example.com", JA: "--server {value}: https://todoku.example.com の形で指定してください"}
	msgTokenServer  = text{EN: "--token-file is for --server", JA: "--token-file は --server と一緒に指定してください"}
)
