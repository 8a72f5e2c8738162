package cli

import (
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/store"
)

func init() { textsOf(keysCommandTexts, keysFlagTexts) }

var keysCommandTexts = map[string]commandText{
	"keys": {
		short: text{EN: "Make, import and rotate the keys that sign mail", JA: "メールに署名する鍵を作成、取り込み、交換する"},
		long: text{
			EN: "Keep the DKIM keys of domains in the database of `todoku serve`, encrypted under a master key, and have new ones take the place of old ones:\na key signs when every name server shows its record and no cache can know otherwise.",
			JA: "ドメインの DKIM の鍵を、マスター鍵で暗号化して `todoku serve` のデータベースに保存し、新しい鍵と交換します。\nすべてのネームサーバーに鍵レコードが見え、古い応答がキャッシュに残っていないことを確かめてから、署名を始めます。",
		},
		example: same("  todoku keys master /etc/todoku/master.key\n  todoku keys create example.com --master-key-file /etc/todoku/master.key\n  todoku keys status"),
	},
	"keys master": {
		args:    "FILE",
		short:   text{EN: "Make a master key", JA: "マスター鍵を作る"},
		long:    text{EN: "Make a master key in a file that only its owner may read. To change it, put a new line before the old one, and run `todoku keys reencrypt` or restart the server; then take the old line away.", JA: "マスター鍵を作り、所有者だけが読めるファイルに保存します。変更するときは、古い行の前に新しい行を加えて `todoku keys reencrypt` を実行するかサーバーを再起動し、その後で古い行を消します。"},
		example: same("  todoku keys master /etc/todoku/master.key"),
	},
	"keys create": {
		args:    "DOMAIN...",
		short:   text{EN: "Make keys and print their records", JA: "鍵を作り、公開するレコードを表示する"},
		long:    text{EN: "Make a key for each domain and print the record to publish. It signs by itself once every name server shows it.\nWhere the DNS of a domain is somebody else's, --alternate names two selectors for which its owner publishes an alias (CNAME) each, once; rotation then alternates between them.", JA: "ドメインごとに鍵を作り、公開するレコードを表示します。すべてのネームサーバーにレコードが見えると、自動で署名を始めます。\nドメインの DNS を管理していない場合は、--alternate でセレクターを 2 つ指定します。ドメインの所有者がそれぞれに別名 (CNAME) を一度公開すれば、交換のたびに交互に使います。"},
		example: same("  todoku keys create example.com --algorithm both\n  todoku keys create example.com --for example.com --for .example.com\n  todoku keys create example.com --alternate 's1=s1.{domain}.keys.host.example' --alternate 's2=s2.{domain}.keys.host.example'"),
	},
	"keys import": {
		short:   text{EN: "Import keys of OpenDKIM, rspamd or PEM files", JA: "OpenDKIM、rspamd、PEM ファイルの鍵を取り込む"},
		long:    text{EN: "Import the keys that another program signs with, and whose mail they sign. One that every name server shows signs at once; another one waits until they do.\nExit code 1: something could not be taken over; it says what.", JA: "ほかのプログラムが使っている鍵と、署名対象の設定を取り込みます。すべてのネームサーバーに見える鍵はすぐに署名し、それ以外は見えるまで待ちます。\n終了コード 1: 取り込めないものがあります (内容を表示します)。"},
		example: same("  todoku keys import --opendkim /etc/opendkim.conf\n  todoku keys import --rspamd /etc/rspamd/local.d/dkim_signing.conf\n  todoku keys import --pem s1.pem --domain example.com --selector s1"),
	},
	"keys list": {
		args:    "[DOMAIN|ID]...",
		short:   text{EN: "List the keys", JA: "鍵の一覧を表示する"},
		long:    text{EN: "List the keys: id, domain, selector, kind, state and since when, what comes next and when (with --keys-rotate-after also when a key is replaced). Private keys are never shown.", JA: "鍵の ID、ドメイン、セレクター、種類、状態、その状態になった日時、次の段階とその日時を表示します (--keys-rotate-after を指定すると、鍵を交換する日時も示します)。秘密鍵は表示されません。"},
		example: same("  todoku keys list\n  todoku keys list example.com --all --json"),
	},
	"keys show": {
		args:    "DOMAIN|SELECTOR._domainkey.DOMAIN|ID...",
		short:   text{EN: "Print the records of keys", JA: "鍵レコードを表示する"},
		long:    text{EN: "Print the records of keys as a zone file has them, and whose mail they sign. Of a key that is revealed the private key is printed too: it is public.", JA: "鍵レコードをゾーンファイルの形式で、署名対象とともに表示します。公開済みの秘密鍵があれば、それも表示します。"},
		example: same("  todoku keys show example.com\n  todoku keys show example.com --paste cloudflare"),
	},
	"keys status": {
		args:    "[DOMAIN|ID]...",
		short:   text{EN: "Say where each key is in its life", JA: "鍵の交換の進み具合を表示する"},
		long:    text{EN: "Say of each key its state, what it waits for and until when, and which name servers show its record. Exit code 1 where one has a problem.", JA: "鍵ごとに、状態、何をいつまで待っているか、どのネームサーバーにレコードが見えるかを表示します。問題がある鍵があれば終了コード 1 になります。"},
		example: same("  todoku keys status example.com"),
	},
	"keys rotate": {
		args:    "[DOMAIN|ID]...",
		short:   text{EN: "Begin to replace keys, and take every step that is due", JA: "鍵の交換を始め、進められる段階を進める"},
		long:    text{EN: "Make a successor to the signing keys of a domain and print its record; the old key signs until the new one may. Without arguments only take the steps that are due:\na server with --keys-rotate-after does so every minute.", JA: "署名中の鍵の後継を作り、公開するレコードを表示します。新しい鍵が使えるようになるまでは、古い鍵で署名します。引数がなければ、進められる段階を進めるだけです\n(--keys-rotate-after を指定したサーバーは毎分自動で行います)。"},
		example: same("  todoku keys rotate example.com\n  todoku keys rotate --dns-update example.com=192.0.2.53 --dns-update-key /etc/todoku/update.key"),
	},
	"keys rollback": {
		args:    "DOMAIN|ID...",
		short:   text{EN: "Take the last rotation back", JA: "直前の鍵の交換を取り消す"},
		long:    text{EN: "Give up a successor that does not sign yet; or have the key before sign again, if every name server still shows it.", JA: "まだ署名していない後継の鍵を取りやめます。すでに署名している場合は、すべてのネームサーバーに以前の鍵が見えるときに限り、以前の鍵に戻します。"},
		example: same("  todoku keys rollback example.com"),
	},
	"keys delete": {
		args:    "ID...",
		short:   text{EN: "Forget keys", JA: "鍵を削除する"},
		long:    text{EN: "Forget keys for good, with their private keys. One that signs, or whose record mail on its way may need, only with --force. Its record in the DNS is left alone.", JA: "鍵を秘密鍵とともに完全に削除します。署名中の鍵や、配送中のメールに必要な鍵には --force が必要です。DNS のレコードはそのままです。"},
		example: same("  todoku keys delete k7m2p9x4c6t8wk7m2p9x4c6t"),
	},
	"keys reencrypt": {
		short:   text{EN: "Encrypt private keys with a new master key", JA: "新しいマスター鍵で暗号化し直す"},
		long:    text{EN: "Encrypt every private key with the first of the master keys; the others open what was encrypted before.", JA: "すべての秘密鍵を先頭のマスター鍵で暗号化し直します。2 行目以降の鍵は、以前の暗号化を解くために使います。"},
		example: same("  todoku keys reencrypt --master-key-file /etc/todoku/master.key"),
	},
}

var keysFlagTexts = map[string]text{
	"master-key-file":   {EN: "`FILE` with the master key (else TODOKU_MASTER_KEY, else the systemd credential todoku-master-key)", JA: "マスター鍵の `FILE` (省略時は環境変数 TODOKU_MASTER_KEY、次に systemd の credential todoku-master-key)"},
	"dns-update":        {EN: "publish to a zone by dynamic update at its primary server, `ZONE=HOST:PORT` (repeatable); others are published by hand", JA: "ゾーンのプライマリサーバーに動的更新で公開する `ZONE=HOST:PORT` (複数指定可)。ほかのゾーンは手作業で公開する"},
	"dns-update-key":    {EN: "`FILE` with the TSIG key of these updates, as tsig-keygen writes it", JA: "動的更新に使う TSIG 鍵の `FILE` (tsig-keygen の形式)"},
	"keys-rotate-after": {EN: "replace signing keys by themselves at this age, `DURATION` such as 180d (0: never)", JA: "署名中の鍵を自動で交換するまでの期間 `DURATION` (180d など。0 は自動で交換しない)"},
	"keys-mail-life":    {EN: "how long mail may be on its way, `DURATION`: the record of an old key stays published for so long, and three days more", JA: "メールが配送中でありうる期間 `DURATION`。古い鍵のレコードは、この期間に 3 日を加えた間、公開し続ける"},
	"keys-reveal":       {EN: "publish the private key of a removed key in place of destroying it", JA: "役目を終えた秘密鍵を、破棄せずに公開する"},
	"key-algorithm":     {EN: "`KIND` of key: rsa, ed25519, or both", JA: "鍵の種類 `KIND`: rsa、ed25519、both (両方)"},
	"key-bits":          {EN: "size of an RSA key, `BITS`: 2048, 3072 or 4096", JA: "RSA 鍵の長さ `BITS`: 2048、3072、4096"},
	"key-selector":      {EN: "the selector `NAME` (default: made of the date)", JA: "セレクター `NAME` (既定: 日付から作る)"},
	"key-for":           {EN: "whose mail it signs, `PATTERN`: user@example.com, example.com, .example.com (its subdomains), * (repeatable; default: the domain)", JA: "署名対象 `PATTERN`: user@example.com、example.com、.example.com (サブドメイン)、* (複数指定可。既定: そのドメイン)"},
	"key-alternate":     {EN: "one of the selectors between which the keys alternate, `SELECTOR[=TARGET]`: TARGET is the name that SELECTOR._domainkey.DOMAIN is an alias of, {domain} in it the domain (give two)", JA: "交互に使うセレクター `SELECTOR[=TARGET]`。TARGET は SELECTOR._domainkey.DOMAIN の別名 (CNAME) の先の名前で、{domain} はドメインに置き換わる (2 つ指定する)"},
	"key-paste":         {EN: "print records in this `FORM`, or all (repeatable), in place of that of a zone file: string, chunks, bind, nsupdate, route53, cloudflare, terraform-route53, terraform-cloudflare, octodns, dnscontrol, sakura, xserver, conoha, onamae, value-domain", JA: "レコードをゾーンファイルの形式の代わりにこの `FORM` で表示する。all ですべて (複数指定可): string、chunks、bind、nsupdate、route53、cloudflare、terraform-route53、terraform-cloudflare、octodns、dnscontrol、sakura、xserver、conoha、onamae、value-domain"},
	"key-force":         {EN: "also keys that are in use", JA: "使用中の鍵も削除する"},
	"keys-all":          {EN: "also keys that are gone", JA: "役目を終えた鍵も表示する"},
	"import-opendkim":   {EN: "`FILE` of OpenDKIM's configuration, opendkim.conf", JA: "OpenDKIM の設定ファイル `FILE` (opendkim.conf)"},
	"import-rspamd":     {EN: "`FILE` of rspamd's dkim_signing.conf", JA: "rspamd の dkim_signing.conf の `FILE`"},
	"import-pem":        {EN: "`FILE` with one private key in PEM, for --domain and --selector", JA: "PEM 形式の秘密鍵の `FILE` (--domain と --selector も指定する)"},
	"import-root":       {EN: "`FOLDER` under which the files lie that the configuration names", JA: "設定ファイルが指すファイルを探す起点の `FOLDER`"},
	"import-domain":     {EN: "the `DOMAIN` of the key in --pem", JA: "--pem の鍵の `DOMAIN`"},
	"import-selector":   {EN: "the selector `NAME` of the key in --pem", JA: "--pem の鍵のセレクター `NAME`"},
}

var (
	msgMasterFile     = text{EN: "give the file for the master key (or - to print it)", JA: "マスター鍵を保存するファイルを指定してください (- を指定すると出力します)"}
	msgMasterMade     = text{EN: "The master key is in {file}. Keep a copy in a safe place: without it no private key can be read.", JA: "マスター鍵を {file} に保存しました。控えを安全な場所に保管してください。失うと秘密鍵を読めなくなります。"}
	msgBadKeyKind     = text{EN: "--algorithm {value}: choose rsa, ed25519 or both", JA: "--algorithm {value}: rsa、ed25519、both のいずれかを指定してください"}
	msgKeyDomains     = text{EN: "name the domains", JA: "ドメインを指定してください"}
	msgOneSelector    = text{EN: "--selector is for one key; leave it out to have selectors made", JA: "--selector は鍵 1 つの場合に指定します (省略するとセレクターを自動で作ります)"}
	msgKeysUpdated    = text{EN: "These records are published by dynamic update, by a running serve or by todoku keys rotate. Each key signs by itself once every name server shows it (todoku keys status).", JA: "次のレコードは動的更新で公開します (実行中の serve か todoku keys rotate が行います)。すべてのネームサーバーに見えると、自動で署名を始めます (todoku keys status で確認できます)。"}
	msgKeysMade       = text{EN: "Publish these records. Each key signs by itself once every name server shows it (todoku keys status).", JA: "次のレコードを公開してください。すべてのネームサーバーに見えると、自動で署名を始めます (todoku keys status で確認できます)。"}
	msgKeyThere       = text{EN: "there is a key of that domain and selector already, or another successor that does not sign yet", JA: "そのドメインとセレクターの鍵がすでにあるか、まだ署名していない後継の鍵があります"}
	msgKeyBeside      = text{EN: "{domain} has a key of the kind {kind} already: the new one will sign beside it. For a key in its place: todoku keys rotate {domain}", JA: "{domain} にはすでに {kind} の鍵があります。新しい鍵はその鍵と並んで署名します。鍵を交換するには todoku keys rotate {domain} を使ってください"}
	msgStepsElsewhere = text{EN: "Another program takes the steps at the moment, as a running server does every minute. One that was killed is waited for, for up to 15 minutes.", JA: "現在、別のプログラムが鍵の交換を進めています (実行中のサーバーは毎分進めます)。強制終了したプログラムがある場合は、最長 15 分待ちます。"}
	msgNoKey          = text{EN: "there is no key for {name}", JA: "{name} の鍵はありません"}
	msgNoneToRotate   = text{EN: "none of these keys signs: there is nothing to rotate", JA: "署名中の鍵がないため、交換できません"}
	msgKeyNames       = text{EN: "name a domain, SELECTOR._domainkey.DOMAIN, or the id of a key (see: todoku keys list)", JA: "ドメイン、SELECTOR._domainkey.DOMAIN、または鍵の ID を指定してください (todoku keys list で確認できます)"}
	msgSignsAgain     = text{EN: "{name} signs", JA: "{name} で署名します"}
	msgNothingBack    = text{EN: "there is no rotation to take back", JA: "取り消せる鍵の交換はありません"}
	msgKeyIDs         = text{EN: "give the ids of the keys (see: todoku keys list)", JA: "鍵の ID を指定してください (todoku keys list で確認できます)"}
	msgKeyDeleted     = text{EN: "{id}: deleted", JA: "{id}: 削除しました"}
	msgReencrypted    = text{EN: "{n} private keys were encrypted anew", JA: "{n} 個の秘密鍵を暗号化し直しました"}
	msgOneImport      = text{EN: "choose one of --opendkim, --rspamd and --pem", JA: "--opendkim、--rspamd、--pem のいずれか 1 つを指定してください"}
	msgImportNames    = text{EN: "--pem also needs --domain and --selector", JA: "--pem には --domain と --selector も必要です"}
	msgImportThere    = text{EN: "{name}: is there already, left alone", JA: "{name}: すでにあるため、そのままにしました"}
	msgImportSigns    = text{EN: "{name}: imported, signs", JA: "{name}: 取り込みました。署名に使います"}
	msgImportWaits    = text{EN: "{name}: imported, waits until every name server shows its record", JA: "{name}: 取り込みました。すべてのネームサーバーにレコードが見えるまで待ちます"}
	msgImportAlone    = text{EN: "MultipleSignatures: by several lines that fit mail of {address} OpenDKIM also signs with {name}; here the keys of one pattern alone sign, and that one does not: have a line of the same pattern for each key in the SigningTable before you import", JA: "MultipleSignatures: OpenDKIM は {address} のメールに、一致する複数の行により {name} でも署名します。Todoku では一つのパターンの鍵だけが署名し、この鍵では署名しません。取り込む前に、SigningTable に同じパターンの行を鍵ごとに書いてください"}
	msgImportAuthor   = text{EN: "the key {file}, selector {selector}, signs with the domain of whoever writes: import it for each of your domains, by --pem {file} --selector {selector} --domain DOMAIN", JA: "鍵 {file} (セレクター {selector}) は差出人のドメインで署名する設定です。ドメインごとに --pem {file} --selector {selector} --domain DOMAIN で取り込んでください"}
	msgTakeAway       = text{EN: "take this record away:", JA: "次のレコードを削除してください:"}
	msgNoKeys         = text{EN: "There are no keys.", JA: "鍵はありません。"}
	msgKeyColumns     = text{EN: "ID\tDOMAIN\tSELECTOR\tKIND\tSTATE\tSINCE\tNEXT", JA: "ID\tドメイン\tセレクター\t種類\t状態\t開始\t次の段階"}
	msgSignsFor       = text{EN: "signs for", JA: "署名対象"}
	msgStateSince     = text{EN: "{state} since {time}", JA: "{state} ({time} から)"}
	msgKeyProblem     = text{EN: "problem: {text}", JA: "問題: {text}"}
	msgMailLife       = text{EN: "--keys-mail-life must be above zero", JA: "--keys-mail-life は 0 より大きい値にしてください"}
	msgBadUpdate      = text{EN: "--dns-update {value}: write it as example.com=192.0.2.53:53", JA: "--dns-update {value}: example.com=192.0.2.53:53 の形で指定してください"}
	msgAlternateAlone = text{EN: "--alternate is for one kind of key, without --selector", JA: "--alternate は鍵の種類が 1 つの場合に、--selector なしで指定してください"}
	msgAliasesOnce    = text{EN: "the owner of the domain publishes these once, and leaves them:", JA: "ドメインの所有者が一度公開し、そのまま残すレコード:"}
	msgUpdateKey      = text{EN: "--dns-update also needs --dns-update-key, unless the server is this machine", JA: "--dns-update には --dns-update-key も必要です (サーバーがこの機器の場合を除く)"}
)

// keyStates are the states of a key in words.
var keyStates = map[string]text{
	store.KeyPrepared:  {EN: "prepared", JA: "準備中"},
	store.KeyPublished: {EN: "published", JA: "公開済み"},
	store.KeySigning:   {EN: "signing", JA: "署名中"},
	store.KeyRetiring:  {EN: "retiring", JA: "引退中"},
	store.KeyRemoved:   {EN: "removed", JA: "削除済み"},
	store.KeyRevealed:  {EN: "revealed", JA: "秘密鍵を公開済み"},
}

// keyWaits say what a key waits for.
var keyWaits = map[string]text{
	keys.WaitsPublish: {EN: "waits for its record: publish it (todoku keys show)", JA: "レコードの公開を待っています。公開してください (todoku keys show)"},
	keys.WaitsServers: {EN: "waits until every name server shows its record", JA: "すべてのネームサーバーにレコードが見えるのを待っています"},
	keys.WaitsCaches:  {EN: "waits until no cache can know otherwise: {time}", JA: "古い応答がキャッシュから消えるのを待っています: {time} まで"},
	keys.WaitsMail:    {EN: "its record stays for mail on its way: until {time}", JA: "配送中のメールのためにレコードを残しています: {time} まで"},
	keys.WaitsRemove:  {EN: "its record is of no use any more: take it away (todoku keys show)", JA: "レコードは不要になりました。削除してください (todoku keys show)"},
	keys.WaitsGone:    {EN: "waits until no name server shows its record", JA: "すべてのネームサーバーからレコードが消えるのを待っています"},
	keys.WaitsReveal:  {EN: "its private key is published once no cache holds the record: {time}", JA: "キャッシュからレコードが消えた後に秘密鍵を公開します: {time}"},
}

// keyHas say what a name server has.
var keyHas = map[string]text{
	keys.Shows:       {EN: "shows it", JA: "見える"},
	keys.Absent:      {EN: "does not have it", JA: "見えない"},
	keys.Other:       {EN: "has something else", JA: "別の内容"},
	keys.Unreachable: {EN: "does not answer", JA: "応答なし"},
}

// keyNext say what comes next.
var keyNext = map[string]text{
	keys.NextPublish:  {EN: "publish its record", JA: "レコードを公開"},
	keys.NextServers:  {EN: "seen at every name server", JA: "全ネームサーバーで確認"},
	keys.NextSign:     {EN: "signs", JA: "署名を開始"},
	keys.NextRotate:   {EN: "is replaced", JA: "後継に交換"},
	keys.NextWithdraw: {EN: "its record is taken away", JA: "レコードを削除"},
	keys.NextGone:     {EN: "gone from every name server", JA: "全ネームサーバーから消えるのを確認"},
	keys.NextReveal:   {EN: "its private key is published", JA: "秘密鍵を公開"},
}
