package cli

import "maps"

// What the program says, in both languages side by side. This file has what all commands share; a family of commands has
// its texts in a file of its own (checktexts.go, keystexts.go ...), or beside its code where they are few.

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

// commandTexts are the helps of commands, by their path below todoku.
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
	"timeout":  {EN: "time for one target, `DURATION` or seconds (a message in the mail flow: 10s unless given); one DNS question gets a third of it", JA: "1 件にかけてよい時間 `DURATION` (または秒数。milter のメール 1 通は指定がなければ 10 秒)。DNS の問い合わせ 1 回はその 3 分の 1 まで"},
	"lang":     {EN: "language, `en|ja` (default: from the locale)", JA: "言語 `en|ja` (既定: ロケールによる)"},
	"at":       {EN: "the \"now\" of every expiry and warm-up plan, `RFC3339`; the clock of a milter goes on from there", JA: "有効期限とウォームアップの計画の判定に使う現在時刻 `RFC3339`。milter の時計はこの時刻から進む"},
	"config":   {EN: "configuration `FILE` (TOML)", JA: "設定ファイル `FILE` (TOML)"},
	"json":     {EN: "write JSON", JA: "JSON で出力する"},
	"no-color": {EN: "no colours (as NO_COLOR does)", JA: "色を付けない (NO_COLOR と同じ)"},
	"fail-on":  {EN: "exit 1 when a finding is at or above `STATUS`: fail, warn, info; or unknown", JA: "この `STATUS` 以上の指摘があれば終了コード 1 にする: fail、warn、info、または unknown"},
}

// textsOf adds the texts of a family of commands.
func textsOf(commands map[string]commandText, flags map[string]text) {
	maps.Copy(commandTexts, commands)
	maps.Copy(flagTexts, flags)
}

// same is a text that is the same in both languages: an example.
func same(s string) text { return text{EN: s, JA: s} }

// Messages on stderr that no command has for itself.
var (
	msgUnknownCommand = text{EN: "there is no command \"{name}\"", JA: "コマンド「{name}」はありません"}
	msgDidYouMean     = text{EN: "; did you mean {commands}?", JA: "。{commands} ではありませんか?"}
	msgUnknownFlag    = text{EN: "there is no flag {flag}", JA: "フラグ {flag} はありません"}
	msgFlagNeedsValue = text{EN: "--{flag} needs a value", JA: "--{flag} には値が必要です"}
	msgOneOf          = text{EN: "--{flag} {value}: it is one of {words}", JA: "--{flag} {value}: {words} のいずれかを指定してください"}
	msgNoSealKey      = text{EN: "--{flag}: there is no key to seal with: {why}. Name one with --{other}", JA: "--{flag}: ARC シールに使う鍵がありません ({why})。--{other} で指定してください"}
	msgBadValue       = text{EN: "--{flag} {value}: that value cannot be used", JA: "--{flag} {value}: この値は使えません"}
	msgBadNumber      = text{EN: "--{flag} {value}: write a whole number", JA: "--{flag} {value}: 整数で指定してください"}
	msgBadDuration    = text{EN: "--{flag} {value}: write it as 20s, 5m or 12h", JA: "--{flag} {value}: 20s、5m、12h の形で指定してください"}
	msgBadDays        = text{EN: "--{flag} {value}: write it as 30d or 12h", JA: "--{flag} {value}: 30d や 12h の形で指定してください"}
	msgNotExist       = text{EN: "there is no such file", JA: "ファイルが存在しません"}
	msgPermission     = text{EN: "permission denied", JA: "アクセス権がありません"}
	msgTryHelp        = text{EN: "Try \"todoku help\".", JA: "「todoku help」で使い方を表示します。"}
	msgNoArgs         = text{EN: "this command takes flags only", JA: "このコマンドにはフラグだけを指定してください"}
	msgNeedFlag       = text{EN: "--{flag} is needed", JA: "--{flag} を指定してください"}
	msgBadNetwork     = text{EN: "--allow-private {value}: write a network as 192.168.0.0/16", JA: "--allow-private {value}: ネットワークは 192.168.0.0/16 の形で指定してください"}
	msgBadLang        = text{EN: "--lang {value}: choose en or ja", JA: "--lang {value}: en か ja を指定してください"}
	msgBadTime        = text{EN: "--{flag} {value}: write it as 2026-11-22T09:00:00Z", JA: "--{flag} {value}: 2026-11-22T09:00:00Z の形で指定してください"}
	msgBadTimeout     = text{EN: "--timeout must be above zero", JA: "--timeout は 0 より大きい値にしてください"}
	msgBadFailOn      = text{EN: "--fail-on {value}: choose fail, warn, info or unknown", JA: "--fail-on {value}: fail、warn、info、unknown のいずれかを指定してください"}
	msgShell          = text{EN: "name the shell: bash, zsh, fish or powershell", JA: "シェルを指定してください: bash、zsh、fish、powershell"}
	msgConfig         = text{EN: "reading the configuration {file}", JA: "設定ファイル {file} を読み取れません"}
	msgInLine         = text{EN: "{file}, line {line}", JA: "{file} の {line} 行目"}
	msgUnknownKey     = text{EN: "{file}: there is no setting \"{key}\"", JA: "{file}: 設定「{key}」はありません"}
	msgServeKey       = text{EN: "{where} is heeded by todoku serve alone: for todoku milter write {own}", JA: "{where} は todoku serve だけの設定です。todoku milter では {own} と書いてください"}
	msgReadStdin      = text{EN: "reading standard input", JA: "標準入力を読み取れません"}
	msgWriteFile      = text{EN: "cannot write {file}", JA: "{file} を書き込めません"}
	msgNoFolder       = text{EN: "cannot write {file}: there is no folder {folder}; make it first", JA: "{file} を書き込めません。フォルダー {folder} がありません。先に作成してください"}
	msgReadFile       = text{EN: "cannot read {file}", JA: "{file} を読み取れません"}
	msgWrite          = text{EN: "writing the result", JA: "結果を書き込めません"}
)
