package render

import "github.com/todoku/todoku/internal/catalogue"

// explainLabels are the words of this text form.
var explainLabels = map[string]catalogue.Text{
	"permanent":    {EN: "REFUSED FOR GOOD (permanent)", JA: "恒久的な拒否"},
	"temporary":    {EN: "NOT NOW (temporary)", JA: "一時的な拒否"},
	"success":      {EN: "ACCEPTED", JA: "受け付け済み"},
	"intermediate": {EN: "GOING ON", JA: "処理中"},
	"unknown":      {EN: "NOT DELIVERED", JA: "不達"},

	"who":       {EN: "Who says so:", JA: "応答元:"},
	"recipient": {EN: "Recipient:", JA: "宛先:"},
	"reply":     {EN: "Reply:", JA: "応答:"},
	"phase":     {EN: "In answer to:", JA: "段階:"},
	"meaning":   {EN: "Meaning:", JA: "意味:"},
	"cause":     {EN: "Likely cause:", JA: "考えられる原因:"},
	"next":      {EN: "Next step:", JA: "次にすること:"},
	"run":       {EN: "Run:", JA: "実行するコマンド:"},
	"general":   {EN: "The code in general:", JA: "コードの一般的な意味:"},
	"note":      {EN: "Note:", JA: "注意:"},
	"disagree":  {EN: "{basic} and {enhanced} disagree on whether to try again; the first one decides (RFC 5321 section 4.2.1).", JA: "{basic} と {enhanced} では再送の要否が異なりますが、最初のコードが優先します (RFC 5321 section 4.2.1)。"},
	"basis":     {EN: "By:", JA: "根拠:"},
	"candidate": {EN: "Perhaps:", JA: "可能性:"},
	"until":     {EN: "Tried until:", JA: "再送の期限:"},
	"alike":     {EN: "{n} more like this.", JA: "同様のものが、ほかに {n} 件あります。"},
	"more":      {EN: "... and {n} more kinds; --verbose or --json shows all of them.", JA: "ほか {n} 種類。--verbose または --json ですべて表示します。"},
	"truncated": {EN: "The input goes on: only its beginning was read.", JA: "入力が長いため、先頭の部分だけを読みました。"},

	"phase-connect":   {EN: "the connection", JA: "接続"},
	"phase-helo":      {EN: "EHLO or HELO", JA: "EHLO または HELO"},
	"phase-starttls":  {EN: "STARTTLS", JA: "STARTTLS"},
	"phase-auth":      {EN: "the login (AUTH)", JA: "ログイン (AUTH)"},
	"phase-mail-from": {EN: "the envelope sender (MAIL FROM)", JA: "エンベロープ送信者 (MAIL FROM)"},
	"phase-rcpt-to":   {EN: "the recipient (RCPT TO)", JA: "宛先 (RCPT TO)"},
	"phase-data":      {EN: "the message itself (DATA)", JA: "メール本文 (DATA)"},

	"certainty-wording": {EN: "{provider}, by its wording; the text does not name the server", JA: "{provider} (文面による推定。サーバー名はありません)"},
	"certainty-guess":   {EN: "perhaps {provider}; others use this code or wording too, and the text does not name the server", JA: "{provider} の可能性があります (他の事業者も使うコードや文面で、サーバー名はありません)"},
	"basis-code":        {EN: "what the public registry says of the code; no rule of a provider fits", JA: "公開されているコードの一般的な定義 (該当する事業者のルールはありません)"},
	"basis-words":       {EN: "the words of the text, as many servers use them; no rule of a provider fits", JA: "多くのサーバーで共通の文面 (該当する事業者のルールはありません)"},
	"basis-class":       {EN: "the first digit alone; the code is not known", JA: "コードの先頭の数字のみ (コードの意味は不明です)"},
	"rule":              {EN: "rule {id}; {source} ({date}).", JA: "ルール {id}、{source} ({date})。"},
	"requirement":       {EN: "Requirement:", JA: "送信者の要件:"},
	"since":             {EN: "(since {date})", JA: "({date} から)"},

	"claimed-by":     {EN: "claimed by {server}", JA: "{server} の記録"},
	"unnamed-author": {EN: "the field names no server; {author} writes such fields", JA: "サーバー名なし ({author} の形式)"},
	"unnamed":        {EN: "the field names no server", JA: "サーバー名なし"},
	"aligned-with":   {EN: "It belongs with {from}.", JA: "{from} と一致しています。"},
	"unaligned-with": {EN: "It does not belong with {from}.", JA: "{from} とは一致していません。"},
	"together":       {EN: "Together:", JA: "まとめ:"},
	"way":            {EN: "The way of the message, as the servers on it claim", JA: "配送経路 (各サーバーの記録)"},
	"delay":          {EN: "after {time}", JA: "{time} 後"},
	"list":           {EN: "Mailing list", JA: "メーリングリスト"},
	"findings":       {EN: "What this means, as far as the header can be believed", JA: "ヘッダーの記録が正しい場合の指摘"},
	"command":        {EN: "Run next:", JA: "次に実行するコマンド:"},
}

// explainLabel gives a word of this form, its arguments made printable.
func (p *page) explainLabel(key string, pairs ...string) string {
	args := make(map[string]string, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		args[pairs[i]] = Printable(pairs[i+1])
	}
	return expand(explainLabels[key].In(p.o.Lang), args)
}

// explainLabelOr gives a word, or another text where there is none.
func (p *page) explainLabelOr(key, other string) string {
	if _, ok := explainLabels[key]; !ok {
		return other
	}
	return p.explainLabel(key)
}
