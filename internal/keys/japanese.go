package keys

import "regexp"

// problems are what notes say in English of what is wrong, and how that is said in Japanese. Errors of those who publish, and of a
// server's own words, are not among them.
var problems = []struct {
	en *regexp.Regexp
	ja string
}{
	{regexp.MustCompile(`^the zone of (\S+) was not found: no NS records could be seen$`), "${1} のゾーンが見つかりません。NS レコードを確認できませんでした"},
	{regexp.MustCompile(`^the name is an alias of an alias of an alias$`), "別名 (CNAME) が何段にも続いています"},
	{regexp.MustCompile(`^the zone has more than (\d+) name servers$`), "ゾーンのネームサーバーが ${1} 台を超えています"},
	{regexp.MustCompile(`^the key signs, but not every name server shows its record$`), "署名に使っている鍵ですが、一部のネームサーバーでレコードを確認できません"},
	{regexp.MustCompile(`^a name server ceased to show the record; the key before signs again$`), "ネームサーバーからレコードが消えたため、前の鍵での署名に戻しました"},
	{regexp.MustCompile(`^(\S+) does not know the zone: (.*)$`), "${1} がゾーンの情報を返しません: ${2}"},
	{regexp.MustCompile(`^(\S+) has no SOA that can be read$`), "${1} の SOA レコードを読み取れません"},
	{regexp.MustCompile(`^(\S+) answers now so, now otherwise$`), "${1} の応答が毎回同じではありません"},
	{regexp.MustCompile(`^(\S+) has an alias to (\S+)$`), "${1} の応答が ${2} への別名 (CNAME) です"},
	{regexp.MustCompile(`^(\S+) has (\d+) TXT records$`), "${1} に TXT レコードが ${2} 個あります"},
	{regexp.MustCompile(`^(\S+) has another record$`), "${1} のレコードが異なります"},
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
