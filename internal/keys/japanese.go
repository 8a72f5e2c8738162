package keys

import "github.com/todoku/todoku/internal/pattern"

// problems are what notes say in English of what is wrong, and how that is said in Japanese. A server's own words are not among them.
var problems = []struct {
	en *pattern.Pattern
	ja string
}{
	{pattern.New(`^the zone of (\S+) was not found: no NS records could be seen$`), "${1} のゾーンが見つかりません。NS レコードを確認できませんでした"},
	{pattern.New(`^the name is an alias of an alias of an alias$`), "別名 (CNAME) が何段にも続いています"},
	{pattern.New(`^the zone has more than (\d+) name servers$`), "ゾーンのネームサーバーが ${1} 台を超えています"},
	{pattern.New(`^it has more than (\d+) addresses$`), "アドレスが ${1} 個を超えています"},
	{pattern.New(`^it has no address$`), "アドレスがありません"},
	{pattern.New(`^its address could not be looked up: (\S+)$`), "アドレスを調べられません (${1})"},
	{pattern.New(`^(\S+) may not be asked: it is not a public address \(--allow-private\)$`), "${1} はグローバルアドレスではないため問い合わせません (--allow-private で許可できます)"},
	{pattern.New(`^the key signs, but not every name server shows its record$`), "署名に使っている鍵ですが、一部のネームサーバーでレコードを確認できません"},
	{pattern.New(`^a name server ceased to show the record; the key before signs again$`), "ネームサーバーからレコードが消えたため、前の鍵での署名に戻しました"},
	{pattern.New(`^the record was taken away, but a day later a name server still shows it$`), "レコードを削除してから 1 日たっても、まだレコードが見えるネームサーバーがあります"},
	{pattern.New(`^(\S+) does not know the zone: (.*)$`), "${1} がゾーンの情報を返しません: ${2}"},
	{pattern.New(`^the zone above (\S+) could not be looked up: (\S+)$`), "${1} の上位のゾーンを調べられないため、どのネームサーバーに委任されているかわかりません (${2})"},
	{pattern.New(`^no server of (\S+) says who serves (\S+) \((\S+): it has no address\)$`), "上位のゾーン ${1} のどのサーバーからも、${2} のネームサーバーがわかりません (${3} のアドレスがありません)"},
	{pattern.New(`^no server of (\S+) says who serves (\S+) \((\S+): its address could not be looked up: (\S+)\)$`), "上位のゾーン ${1} のどのサーバーからも、${2} のネームサーバーがわかりません (${3} のアドレスを調べられません: ${4})"},
	{pattern.New(`^no server of (\S+) says who serves (\S+) \((\S+): (\S+) may not be asked: .*\)$`), "上位のゾーン ${1} のどのサーバーからも、${2} のネームサーバーがわかりません (${3} のアドレス ${4} はグローバルアドレスではないため、問い合わせません。--allow-private で許可できます)"},
	{pattern.New(`^no server of (\S+) says who serves (\S+) \((\S+): (\S+)\)$`), "上位のゾーン ${1} のどのサーバーからも、${2} のネームサーバーがわかりません (${3}: ${4})"},
	{pattern.New(`^(\S+) has no SOA that can be read$`), "${1} の SOA レコードを読み取れません"},
	{pattern.New(`^(\S+) answers now so, now otherwise$`), "${1} の応答が毎回同じではありません"},
	{pattern.New(`^(\S+) has an alias to (\S+)$`), "${1} の応答が ${2} への別名 (CNAME) です"},
	{pattern.New(`^(\S+) has (\d+) TXT records$`), "${1} に TXT レコードが ${2} 個あります"},
	{pattern.New(`^the name has the record of another key, .*$`), "この名前には別の鍵のレコードがあるため、公開しません。そのレコードを削除するか、別のセレクターで鍵を作ってください"},
	{pattern.New(`^the private key is encrypted with another master key than the one given: .* \((\w+); given is (\w+)\)$`), "秘密鍵は、指定されたものとは別のマスター鍵で暗号化されています (${1}。指定されたのは ${2})"},
	{pattern.New(`^the encrypted private key is damaged, or not that of this entry$`), "暗号化された秘密鍵が壊れているか、別の鍵のものです"},
	{pattern.New(`^publishing to (\S+): publish: (\S+) does not take the TSIG key: .*$`), "${1} に公開できません: ${2} が TSIG 鍵を受け付けません。鍵の名前、アルゴリズム、シークレットと、双方の時計を確認してください"},
	{pattern.New(`^publishing to (\S+): publish: (\S+) refused (?:a question|the update) for \S+: (\w+)(?:: .*)?$`), "${1} に公開できません: ${2} が拒否しました (${3})。ゾーン名、プライマリサーバー、TSIG 鍵とそれに許可した更新を確認してください"},
	{pattern.New(`^publishing to (\S+): publish: (\S+) answered without a signature \((\w+)\): .*$`), "${1} に公開できません: ${2} の応答に署名がありません (${3})。ゾーン名、プライマリサーバー、TSIG 鍵の名前を確認してください"},
	{pattern.New(`^publishing to (\S+): publish: asking (\S+): (.*): is it the .*$`), "${1} に公開できません: ${2} に問い合わせできません (${3})。プライマリサーバーか、TCP で応答しているかを確認してください"},
	{pattern.New(`^publishing to (\S+): publish: (\S+) is not a server of the zone \S+$`), "${1} に公開できません: ${2} はこのゾーンのサーバーではありません"},
	{pattern.New(`^(\S+) has another record$`), "${1} のレコードが異なります"},
}

// Japanese says in Japanese what a note says of a problem, or a server's detail. ok is false for what has no words here: it stays as it is.
func Japanese(problem string) (text string, ok bool) {
	for _, p := range problems {
		if p.en.MatchString(problem) {
			return p.en.ReplaceAllString(problem, p.ja), true
		}
	}
	return problem, false
}
