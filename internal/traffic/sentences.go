package traffic

import (
	"regexp"
	"strings"
	"sync"

	"github.com/todoku/todoku/internal/provider"
)

// sentence is how the mail flow says something in the log, in replies and in what is kept (in English, as SMTP has no other language),
// and how it is said in Japanese. What stands for {why} is itself a sentence, if it is one of these.
type sentence struct{ en, ja string }

// sentences are all that packages filter, serve, dmarc and spf keep of messages. A test reads their source, so that none is missing.
var sentences = []sentence{
	// Reasons of verdicts.
	{"the domain of From vouches for it", "From のドメインからのメールと確認できました"},
	{"{why}; its ARC chain passes, but does not cover From", "{why} (ARC は pass ですが、その署名は From を対象にしていません)"},
	{"{why}; its ARC chain passes, but {domain}, who sealed last, is not among the sealers that are believed here", "{why} (ARC は pass ですが、最後にシールを付けた {domain} は信頼する sealers に含まれていません)"},
	{"{why}; whether {domain}, which is believed here, vouches for it is not known: the DNS did not answer", "{why} (DNS から応答を得られず、信頼する {domain} を経由したメールかどうかを確認できません)"},
	{"neither SPF nor DKIM speaks for {domain}, which asks to refuse such mail", "SPF でも DKIM でも {domain} からのメールと確認できず、このドメインは拒否 (p=reject) を求めています"},
	{"neither SPF nor DKIM speaks for {domain}, which asks to treat such mail with suspicion", "SPF でも DKIM でも {domain} からのメールと確認できず、このドメインは隔離 (p=quarantine) を求めています"},
	{"neither SPF nor DKIM speaks for {domain}", "SPF でも DKIM でも {domain} からのメールと確認できません"},
	{"d={domain} vouches for it; the domain of From has no DMARC record", "{domain} の DKIM 署名 (d=) は有効ですが、From のドメインに DMARC レコードがありません"},
	{"{domain} vouches for it; the domain of From has no DMARC record", "{domain} の SPF は pass ですが、From のドメインに DMARC レコードがありません"},
	{"{domain} says that it does not send from this address", "{domain} の SPF レコードでは、この IP アドレスからの送信が許可されていません"},
	{"whether {domain} vouches for it is not known: the DNS did not answer", "DNS から応答を得られず、{domain} の DKIM 署名を検証できません"},
	{"nobody vouches for it", "SPF も DKIM も pass にならず、送信者を確かめられません"},
	{"no single author domain: {why}", "From のドメインが 1 つに定まりません: {why}"},
	{"the organizational domain is not known: {why}", "組織ドメインを確認できません: {why}"},
	// Why a failure did not count.
	{"forwarded by {client}", "信頼する転送元 {client} から届きました"},
	{"mailing list {list}", "信頼するメーリングリスト {list} から届きました"},
	{"arc=pass: {domain} saw dmarc=pass (i={i})", "ARC は pass です。信頼する {domain} が dmarc=pass を確認しています (i={i})"},
	// Pacing.
	{"Paced by the warm-up of {source}: {why}", "{source} のウォームアップの計画による一時的な拒否です。{why}"},
	{"today's share for {who} is used up; room is expected at {time} UTC, try again then", "{who}への今日の件数を使い切りました。空きができる見込みは {time} (UTC) です。その後に再送してください"},
	{"this hour's share for {who} is used up; room is expected at {time} UTC, try again then", "{who}へのこの 1 時間の件数を使い切りました。空きができる見込みは {time} (UTC) です。その後に再送してください"},
	{"what is left of the share for {who} is kept for mail that goes first; room is expected at {time} UTC, try again then", "{who}への残りの件数は優先するメールのために確保されています。空きができる見込みは {time} (UTC) です。その後に再送してください"},
	{"{who} asked for silence; room is expected at {time} UTC, try again then", "{who}の制限により送信を止めています。再開の見込みは {time} (UTC) です。その後に再送してください"},
	{"the message has more recipients at {who} than the whole share; send it to fewer at a time", "{who}の宛先が 1 日または 1 時間の件数の上限より多いため、宛先を分けて送ってください"},
	{"the plan cannot be read now; try again in {time}", "計画を読み取れません。{time} 後に再送してください"},
	{"whether the warm-up plan has room is not known: {why}", "ウォームアップの計画に空きがあるか確認できません: {why}"},
	{"the plans cannot be asked now", "計画を保存したデータベースに接続できません"},
	// Signing.
	{"no key", "署名に使う鍵がありません"},
	{"there is no key at all", "署名に使う鍵が 1 つもありません"},
	{"there is no key for {domain}, the domain of From", "From のドメイン {domain} の鍵がありません"},
	{"there is no key for {domain}", "{domain} の鍵がありません"},
	{"d={domain} does not align with {from}, the domain of From", "鍵のドメイン (d={domain}) は From のドメイン {from} と整合しません"},
	{"d={domain} s={selector}: {why}", "鍵 d={domain} s={selector} で署名できません: {why}"},
	{"the header has more fields or octets than are taken in (10,000 fields, 1 MiB): a signature over a part of it would be broken", "ヘッダーが上限 (10,000 フィールド、1 MiB) を超えているため、署名しても無効になります"},
	{"the header has line ends that would make new fields: a signature over it would be broken", "別のフィールドになってしまう改行がヘッダーに含まれているため、署名しても無効になります"},
	{"the mail server did not hand over the whole header: a signature over it would be broken", "メールサーバーからヘッダー全体が渡されなかったため、署名しても無効になります"},
	{"no domain can answer for the message: {why}", "差出人のドメインが 1 つに定まりません: {why}"},
	{`user "{user}" may not write as {author}`, "利用者「{user}」は {author} を名乗れません"},
	{`user "{user}" may not sign for {domain}`, "利用者「{user}」は {domain} のメールに署名できません"},
	{"{domain} is disabled on this server", "{domain} はこのサーバーで無効にされています"},
	{"DKIM is off for {domain}", "{domain} の DKIM 署名はオフです"},
	{"mail to this recipient is not signed", "この宛先へのメールには署名しません"},
	{"a field that the signature covers could not be added: {why}", "署名の対象とするフィールドを追加できません: {why}"},
	{"From is an address at {domain}, whose mail comes from its own servers: receivers will not believe this one. Write as an address of your own, with the other in Reply-To", "From が {domain} のアドレスです。{domain} のメールは専用のサーバーから送られるため、受信側に信用されません。ご自身のドメインのアドレスを From に使い、元のアドレスは Reply-To に入れてください"},
	{"the keys were not read yet", "鍵をまだ読み取っていません"},
	{"the keys known are too old: the database has been away too long", "データベースに長時間接続できず、鍵の情報が古くなっています"},
	{"a line of the field {name} has more than 998 octets: the mail server breaks it in two when it sends it, and so breaks the signature, which must cover that field", "{name} フィールドに 998 オクテットを超える行があります。メールサーバーが送信時に行を分割するため、このフィールドを必ず対象とする署名が無効になります"},
	{"a line of the field {name} has more than 998 octets: the mail server breaks it in two when it sends it, so the signature leaves that field out", "{name} フィールドに 998 オクテットを超える行があります。メールサーバーが送信時に行を分割するため、このフィールドを署名の対象から外しました"},
	{"a line of the field {name} has more than 998 octets: the mail server breaks it in two when it sends it, and so breaks the ARC seal, which must cover that field", "{name} フィールドに 998 オクテットを超える行があります。メールサーバーが送信時に行を分割するため、このフィールドを必ず対象とする ARC シールが無効になります"},
	{"a line of the field {name} has more than 998 octets: the mail server breaks it in two when it sends it, so the ARC seal leaves that field out", "{name} フィールドに 998 オクテットを超える行があります。メールサーバーが送信時に行を分割するため、このフィールドを ARC シールの対象から外しました"},
	{"a line of the body has more than 998 octets: the mail server breaks it in two when it sends it, and so breaks the signature", "本文に 998 オクテットを超える行があります。メールサーバーが送信時に行を分割するため、署名が無効になります"},
	{"the signature is no field", "署名がフィールドの形になりません"},
	{"dkim: {why}", "DKIM: {why}"},
	{"the message has no From field to sign", "署名の対象となる From がありません"},
	{"the header is too long to sign", "ヘッダーが長すぎて署名できません"},
	{"too many different hashes of one body are wanted", "本文のハッシュの種類が多すぎます"},
	// Signatures that count less here than where they were made.
	{"the mail server gave header fields without the white space after their names (milter protocol before version 6), so a signature over them as they are (c=simple) cannot be verified here", "メールサーバーがフィールド名の後の空白を渡さないため (milter プロトコルのバージョン 6 より前)、ヘッダーをそのまま使う署名 (c=simple) をここでは検証できません"},
	{"the RSA key has {bits} bits; at least {least} are demanded here", "RSA 鍵が {bits} ビットです。このサーバーでは {least} ビット以上が必要です"},
	{"the signature does not cover the field {name}, which is demanded here", "このサーバーで必要とする {name} フィールドが署名の対象に含まれていません"},
	// From.
	{"no From field", "From がありません"},
	{"more than one From field", "From が 2 つ以上あります"},
	{"more than one From field: {count}", "From が 2 つ以上あります ({count})"},
	{"mailboxes of different domains in From", "From に異なるドメインのアドレスがあります"},
	{"mailboxes of different domains in From: {a} and {b}", "From に異なるドメイン {a} と {b} のアドレスがあります"},
	{"the From field cannot be read without ambiguity", "From を一通りに読み取れません"},
	{"the From field cannot be read without ambiguity: {why}", "From を一通りに読み取れません: {why}"},
	{"a comment holds what may be taken for an address", "コメントの中にアドレスと読めるものがあります"},
	{"it names no mailbox", "アドレスがありません"},
	{"{domain} is no domain", "{domain} はドメインではありません"},
	{"the local part may be taken for an address", "ローカル部がアドレスと読めます"},
	{"an encoded-word in an address", "アドレスの中に encoded-word があります"},
	{"its name is damaged", "フィールド名が壊れています"},
	{"the header is too large, and too many of its fields claim to be ours", "ヘッダーが大きすぎるうえ、このサーバーのものと偽るフィールドが多すぎます"},
	{"the header is too large to be sure of its From field", "ヘッダーが大きすぎて From を確定できません"},
	// What passes, and means little.
	{"{domain} lets every address send by {term}", "{domain} の SPF レコードは {term} により、すべての IP アドレスからの送信を許可しています"},
	{"more than one {names} (RFC 5322 section 3.6)", "1 つだけのはずのフィールドが 2 つ以上あります: {names} (RFC 5322 section 3.6)"},
	{"more than one {names}", "1 つだけのはずのフィールドが 2 つ以上あります: {names}"},
	// Forwarding.
	{"the message is forwarded without an ARC seal: {why}", "ARC シールを付けずに転送しました: {why}"},
	{"too many different hashes of its body are wanted", "本文のハッシュの種類が多すぎます"},
	{"the chain could not be verified: {why}", "ARC チェーンを検証できません: {why}"},
	{"the message is forwarded with its own envelope sender, so that SPF fails at the next server: {why}", "エンベロープ送信者を書き換えずに転送したため、次のサーバーで SPF が fail になります: {why}"},
	{"mail to a rewritten sender could not be sent to {address}: {why}", "書き換えた送信者へのメールを {address} に送れませんでした: {why}"},
	{"a field that claims to be ours could not be removed: {why}", "このサーバーのものと偽るフィールドを削除できませんでした: {why}"},
}

// who are receivers within sentences.
var who = map[string]string{"all other receivers": "その他のメール事業者"}

type pattern struct {
	*regexp.Regexp
	names []string
	ja    string
}

var placeholder = regexp.MustCompile(`\\\{([a-z]+)\\\}`)

var patterns = sync.OnceValue(func() []pattern {
	out := make([]pattern, 0, len(sentences))
	for _, s := range sentences {
		var names []string
		expr := placeholder.ReplaceAllStringFunc(regexp.QuoteMeta(s.en), func(m string) string {
			names = append(names, placeholder.FindStringSubmatch(m)[1])
			return "(.+?)"
		})
		out = append(out, pattern{regexp.MustCompile("(?s)^" + expr + "$"), names, s.ja})
	}
	return out
})

// mostNested bounds how many sentences stand within each other.
const mostNested = 4

// Say says a sentence of the mail flow in "ja" or, for anything else, as it is kept. One that is not ours (the text of an operator's rule, an
// error of the system) stays as it is.
func Say(text, lang string) string {
	if lang != "ja" || text == "" {
		return text
	}
	return japanese(text, mostNested)
}

func japanese(text string, depth int) string {
	if depth == 0 {
		return text
	}
	for _, p := range patterns() {
		m := p.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		pairs := make([]string, 0, 2*len(p.names))
		for i, name := range p.names {
			value := m[i+1]
			switch name {
			case "why":
				value = japanese(value, depth-1)
			case "who":
				value = receiverInJapanese(value)
			}
			pairs = append(pairs, "{"+name+"}", value)
		}
		return strings.TrimSpace(strings.NewReplacer(pairs...).Replace(p.ja)) // a name may stand at the beginning
	}
	return text
}

// receiverInJapanese is how a receiver within a sentence is called.
func receiverInJapanese(en string) string {
	if ja, ok := who[en]; ok {
		return ja
	}
	for _, id := range provider.Receivers() {
		if name := provider.ReceiverName(id); name.EN == en {
			return " " + name.JA + " "
		}
	}
	return " " + en + " "
}
