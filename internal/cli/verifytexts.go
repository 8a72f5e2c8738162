package cli

// Texts of reading messages: todoku verify, spf, dmarc, explain.

func init() { textsOf(verifyCommandTexts, verifyFlagTexts) }

var verifyCommandTexts = map[string]commandText{
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
}

var verifyFlagTexts = map[string]text{
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
	"from":              {EN: "the From `ADDRESS` or its domain", JA: "From の `ADDRESS` またはそのドメイン"},
	"spf":               {EN: "what SPF gave for the envelope sender, `DOMAIN:RESULT`", JA: "エンベロープ送信者の SPF の結果 `DOMAIN:RESULT`"},
	"dkim":              {EN: "what a signature gave, `DOMAIN:RESULT` (repeatable)", JA: "署名の結果 `DOMAIN:RESULT` (複数指定可)"},
}

var (
	msgNoFile         = text{EN: "name the messages to verify: files, folders, or - for standard input", JA: "検証するメールを指定してください (ファイル、フォルダー、または標準入力を表す -)"}
	msgOneFile        = text{EN: "give one FILE, or nothing for standard input", JA: "FILE は 1 つだけ指定してください (省略すると標準入力を読みます)"}
	msgBadIP          = text{EN: "--ip {value}: this is not an IP address", JA: "--ip {value}: IP アドレスではありません"}
	msgBadRspamd      = text{EN: "--rspamd {value}: write it as http://127.0.0.1:11333", JA: "--rspamd {value}: http://127.0.0.1:11333 の形で指定してください"}
	msgBadSpamd       = text{EN: "--spamassassin {value}: write it as 127.0.0.1:783", JA: "--spamassassin {value}: 127.0.0.1:783 の形で指定してください"}
	msgBadJobs        = text{EN: "--jobs must be from 1 to 1024", JA: "--jobs は 1 から 1024 までです"}
	msgBadResult      = text{EN: "--{flag} {value}: write DOMAIN:RESULT, the result one of {words}", JA: "--{flag} {value}: DOMAIN:RESULT の形で、結果は {words} のいずれかにしてください"}
	msgReplayAlone    = text{EN: "--replay takes neither files nor an envelope: both are in the bundle", JA: "--replay にファイルやエンベロープは指定できません (どちらも証拠ファイルに含まれています)"}
	msgEmptyFolder    = text{EN: "{file}: there are no messages in this folder", JA: "{file}: このフォルダーにメールはありません"}
	msgConverted      = text{EN: "{file}: all lines end in LF; read as CRLF", JA: "{file}: 行末がすべて LF のため、CRLF とみなしました"}
	msgDefect         = text{EN: "{name}: this is a defect of Todoku, please report it with what it was about: {problem}", JA: "{name}: Todoku の不具合です。対象とあわせてご報告ください: {problem}"}
	msgInterrupted    = text{EN: "interrupted after {n} messages", JA: "{n} 通で中断しました"}
	msgProgress       = text{EN: "{n} messages", JA: "{n} 通"}
	msgTally          = text{EN: "{n} messages: {fail} fail, {unknown} undecided, {warn} with warnings, {pass} pass, {unread} unreadable", JA: "{n} 通: 不合格 {fail}、未確定 {unknown}、注意 {warn}、合格 {pass}、読み取り不可 {unread}"}
	msgExplainNothing = text{EN: "give the text to explain, a file that holds it, or - for standard input", JA: "説明する文面、それを含むファイル、または標準入力を表す - を指定してください"}
	msgExplainEmpty   = text{EN: "there is nothing to explain: the input is empty", JA: "入力が空です"}
	msgExplainBinary  = text{EN: "the input is no text", JA: "入力がテキストではありません"}
	msgExplainUnknown = text{EN: "there is no SMTP reply, bounce, log line or mail header in the input (and no file of that name)", JA: "入力に SMTP 応答、バウンスメール、メールログ、ヘッダーが見つかりません (その名前のファイルもありません)"}
)
