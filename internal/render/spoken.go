package render

import (
	"regexp"
	"sync"
)

// spokenRule says in Japanese what a reason or a piece of evidence says in English.
type spokenRule struct {
	en *regexp.Regexp
	ja string
}

func spokenRules(pairs ...string) (out []spokenRule) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, spokenRule{regexp.MustCompile(`^(?:` + pairs[i] + `)$`), pairs[i+1]})
	}
	return out
}

// maxSpoken is the longest text that is looked at, in octets.
const maxSpoken = 2000

// Spoken gives a reason or a piece of evidence in a language: Japanese where it is known, else as it is.
func Spoken(lang, s string) string { return spoken(lang, s) }

// spoken gives a reason or a piece of evidence in the language of the reader, where it is one
// of the sentences below; all others (records, fields, addresses ...) stay as they are. JSON
// has all of them in English, whatever the language: there they are for programs.
func spoken(lang, s string) string {
	if lang != "ja" || len(s) > maxSpoken {
		return s
	}
	return inJapanese(s, 5)
}

// inJapanese gives a sentence in Japanese; the reason at its end, which is often a sentence too,
// is looked up likewise, at most depth deep.
func inJapanese(s string, depth int) string {
	for _, r := range japanese() {
		m := r.en.FindStringSubmatchIndex(s)
		if m == nil {
			continue
		}
		src, last := s, len(m)-2
		if last > 0 && m[last] >= 0 && depth > 1 {
			reason := inJapanese(s[m[last]:m[last+1]], depth-1)
			m[last], m[last+1] = len(src), len(src)+len(reason)
			src += reason
		}
		return string(r.en.ExpandString(nil, r.ja, src, m))
	}
	return s
}

// japanese is made when it is first needed.
var japanese = sync.OnceValue(func() []spokenRule {
	return spokenRules(
		// DKIM
		`the body hash does not match: the body was changed after signing \(the signed header fields were not\)`, `本文のハッシュ値が一致しません。署名後に本文が変更されています (署名されたヘッダーは変更されていません)`,
		`the body hash does not match: the body was changed after signing, and so were signed header fields, or the signature is not of this message`, `本文のハッシュ値が一致しません。署名後に本文と署名されたヘッダーの両方が変更されたか、このメールの署名ではありません`,
		`the body hash does not match.*`, `本文のハッシュ値が一致しません。署名後に本文が変更されています`,
		`the signature does not match: a signed header field was changed, added or removed after signing \(the body was not changed, and the key is the one that signed\)`, `署名が一致しません。署名後に、署名されたヘッダーが変更、追加、または削除されています (本文は変更されておらず、鍵は合っています)`,
		`the signature does not match: a signed header field was changed, added or removed after signing, or the key in the DNS is not the one that signed`, `署名が一致しません。署名後に、署名されたヘッダーが変更、追加、または削除されたか、公開鍵が署名に使った鍵と異なります`,
		`the signature does not match: it has (\d+) bits and the key in the DNS (\d+): another key signed`, `署名が一致しません。署名は $1 ビット、公開鍵は $2 ビットで、別の鍵による署名です`,
		`bh= has (\d+) octets, but the hash of a=(\S+) has (\d+)`, `bh= は $1 オクテットですが、a=$2 のハッシュ値は $3 オクテットです`,
		`the DKIM-Signature lacks the required tag (\S+)=`, `DKIM-Signature に必須の $1= タグがありません`,
		`the DKIM-Signature cannot be parsed: (.*)`, `DKIM-Signature を解釈できません: $1`,
		`the signature is a=(\S+), but the key is k=(\S+)`, `署名は a=$1 ですが、公開鍵は k=$2 です`,
		`the signature version is (\S+), not v=1`, `署名のバージョンが v=1 ではなく $1 です`,
		`there is no key: the name (\S+) does not exist \(NXDOMAIN\)`, `公開鍵がありません。$1 という名前は存在しません (NXDOMAIN)`,
		`there is no key: (\S+) exists, but has no TXT record`, `公開鍵がありません。$1 は存在しますが、TXT レコードがありません`,
		`the key is revoked: its record has an empty p=(.*)`, `鍵は失効しています (レコードの p= が空です)$1`,
		`the signature expired on (\S+)`, `署名の有効期限が切れています ($1)`,
		`the key (\S+) could not be fetched(.*)`, `公開鍵 $1 を取得できませんでした$2`,
		`the key record does not allow SHA-256: (.*)`, `公開鍵のレコードで SHA-256 が許可されていません: $1`,
		`the key record is not for e-mail: (.*)`, `公開鍵のレコードがメール用ではありません: $1`,
		`the algorithm a=(\S+) is not known: .*`, `署名アルゴリズム a=$1 には対応していません`,
		`the RSA key has only (\d+) bits: below (\d+) no signature counts \(RFC 8301 section 3\.2\)(.*)`, `RSA 鍵が $1 ビットしかありません。$2 ビット未満の鍵による署名は無効です (RFC 8301 section 3.2)$3`,
		`h= does not list From: .*`, `h= に From が含まれていません (RFC 6376 section 6.1.1)`,
		`p= of the key record is not base64(.*)`, `公開鍵のレコードの p= が base64 ではありません$1`,
		`the DNS did not answer in time for (.*)`, `DNS が時間内に応答しませんでした: $1`,
		`the DNS server refused to answer for (.*)`, `DNS サーバーが応答を拒否しました: $1`,
		// SPF, reverse DNS
		`(\S+) does not authorize (\S+): the term (\S+) decided`, `$1 は $2 からの送信を許可していません (判定した項目: $3)`,
		`(\S+) probably does not authorize (\S+): the term (\S+) decided`, `$1 は $2 からの送信をおそらく許可していません (判定した項目: $3)`,
		`(\S+) says that it makes no statement about (\S+?)(?:: the term (\S+) decided)?`, `$1 は $2 について何も示していません`,
		`more than 2 terms look up what does not exist \(RFC 7208 section 4\.6\.4\)`, `存在しない名前を参照する項目が 2 つを超えています (RFC 7208 section 4.6.4)`,
		`the evaluation needs more than 10 terms that look up the DNS \(RFC 7208 section 4\.6\.4\)`, `DNS 参照が必要な項目が 10 を超えています (RFC 7208 section 4.6.4)`,
		`the domain to check is not usable: it has only one label`, `確認するドメインが正しくありません (ラベルが 1 つだけです)`,
		`the domain to check is not usable: (.*)`, `確認するドメインが正しくありません: $1`,
		`the record of (\S+) does not parse: there is no mechanism "([^"]*)"; it is written "([^"]*)"`, `$1 のレコードに構文エラーがあります: "$2" という項目はありません。正しくは "$3" です`,
		`the record of (\S+) does not parse: (.*)`, `$1 のレコードに構文エラーがあります: $2`,
		`the time for the evaluation is used up`, `評価の制限時間を超えました`,
		`the PTR name leads back to the address`, `逆引き名の正引きが一致しています`,
		`the address has no PTR record`, `IP アドレスに逆引き (PTR レコード) がありません`,
		`no PTR name leads back to the address.*`, `逆引き名の正引きが IP アドレスと一致しません`,
		`not back to the address: (.*)`, `正引きの結果が元の IP アドレスと異なります: $1`,
		// DMARC
		`neither SPF nor DKIM passes`, `SPF も DKIM も pass になっていません`,
		`an identifier that passes is aligned with (\S+)`, `pass になった識別子が $1 と一致しています`,
		`(\S+) passes for (\S+), which is not aligned with (\S+)`, `$1 は $2 として pass ですが、$3 と一致していません`,
		`no policy record applies to (\S+)`, `$1 に適用されるポリシーレコードがありません`,
		`no single author domain: more than one From field: (\d+)`, `差出人のドメインを特定できません: From ヘッダーが $1 個あります`,
		`no single author domain: mailboxes of different domains in From: (\S+) and (\S+)`, `差出人のドメインを特定できません: From に異なるドメイン ($1 と $2) のアドレスがあります`,
		`no single author domain: no From field`, `差出人のドメインを特定できません: From ヘッダーがありません`,
		`no single author domain: (.*)`, `差出人のドメインを特定できません: $1`,
		`the From field cannot be read without ambiguity: (.*)`, `From ヘッダーを一意に解釈できません: $1`,
		// Why an address cannot be read
		`at octet (\d+): (.*)`, `$1 オクテット目: $2`,
		`';' outside a group`, `グループの外に「;」があります`,
		`group without ';'`, `グループが「;」で終わっていません`,
		`no comma after a group`, `グループの後にコンマがありません`,
		`':' does not belong here`, `「:」を使えない位置にあります`,
		`an address without '@'`, `アドレスに「@」がありません`,
		`no '>' after the address`, `アドレスの後に「>」がありません`,
		`no local part`, `「@」の前がありません`,
		`white space or a comment inside the local part`, `「@」の前に空白またはコメントがあります`,
		`local part is not words with single dots between them`, `「@」の前のドットの使い方が正しくありません (先頭や連続)`,
		`local part ends in a dot`, `「@」の直前がドットです`,
		`too many addresses`, `アドレスが多すぎます`,
		`octets that are no UTF-8`, `UTF-8 でないバイトがあります`,
		`a domain literal that is no address`, `角括弧の中が IP アドレスではありません`,
		`control character`, `制御文字があります`,
		`control character (0x[0-9A-F]{2})`, `制御文字 ($1) があります`,
		`comment without end`, `コメントが閉じられていません`,
		`comments nested too deep`, `コメントの入れ子が深すぎます`,
		`quoted string without end`, `引用符が閉じられていません`,
		`backslash before nothing that it may quote`, `「\」の後の文字が正しくありません`,
		`CR that does not fold a line`, `改行の途中の CR があります`,
		`ends too early`, `途中で終わっています`,
		`a domain with an empty label or a final dot`, `ドメインのドットの使い方が正しくありません (連続や末尾)`,
		`a domain over 253 octets`, `ドメインが 253 オクテットを超えています`,
		`a label over 63 octets`, `ドメインのラベルが 63 オクテットを超えています`,
		`a label that begins or ends in a hyphen`, `ドメインのラベルの先頭または末尾がハイフンです`,
		`a label that is no valid U-label`, `国際化ドメイン名として正しくないラベルがあります`,
		`a label that is no valid A-label`, `「xn--」で始まるラベルが正しくありません`,
		`"(\S+)" does not belong here`, `「$1」を使えない位置にあります`,
		`the record at (\S+) has no valid policy and no rua \(RFC 9989 section 4\.10\.1\)`, `$1 のレコードに有効なポリシーも rua もありません (RFC 9989 section 4.10.1)`,
		`the policy record could not be looked up: (.*)`, `ポリシーレコードを取得できませんでした: $1`,
		// What broke a signature
		`body: no known change explains it \((\d+) tried\)`, `本文: 既知の変更では説明できません ($1 通りを試行)`,
		`header: no known change explains it \((\d+) tried\)`, `ヘッダー: 既知の変更では説明できません ($1 通りを試行)`,
		`body: too large to look for the change`, `本文: 大きすぎるため、変更を調べられません`,
		`header: too large to look for the change`, `ヘッダー: 大きすぎるため、変更を調べられません`,
		// The message
		`([a-z0-9-]+) in (\S+): (\d+), first at octet (\d+)`, `$1 ($2): $3 件、最初の位置 $4 オクテット目`,
		`([a-z0-9-]+): (\d+), first at octet (\d+)`, `$1: $2 件、最初の位置 $3 オクテット目`,
		`(.*): half-width kana \(ESC \( I\), which ISO-2022-JP does not have`, `$1: ISO-2022-JP にはない半角カナ (ESC ( I)`,
		`(.*): a line does not return to ASCII \(ESC \( B\) before its end`, `$1: ASCII (ESC ( B) に戻らずに終わる行`,
		`(.*): octets above 127: it is not ISO-2022-JP \(Shift_JIS, EUC-JP or UTF-8\?\)`, `$1: 127 を超えるバイト。ISO-2022-JP ではありません (Shift_JIS、EUC-JP、UTF-8 など)`,
		`(.*): platform-dependent characters \(NEC row 13 or extended kanji, such as circled digits\)`, `$1: 機種依存文字 (丸数字などの NEC 特殊文字や拡張漢字)`,
		`(.*): the escape characters \(ESC\) are lost`, `$1: ESC 文字が失われています`,
		`(.*): an escape sequence that ISO-2022-JP does not have`, `$1: ISO-2022-JP にないエスケープシーケンス`,
		`(\S+): ISO-2022-JP as it is, not in encoded words`, `$1: ISO-2022-JP が符号化されずに書かれています`,
		`(\S+) is split within a character: (.*)`, `$1: 文字の途中で分割されています: $2`,
		`(\S+): cannot be decoded: (.*)`, `$1: 復号できません: $2`,
		`(\S+): within an address: (.*)`, `$1: アドレスの中にあります: $2`,
		`(\S+): within quotes: (.*)`, `$1: 引用符の中にあります: $2`,
		`(\S+): (\d+) characters: (.*)`, `$1: $2 文字: $3`,
		`characters that are not seen, turn the direction of the text, or cannot be shown`, `見えない文字、表示の方向を変える文字、または表示できない文字`,
		`letters of several scripts, which look alike, in one word`, `1 つの単語に、見分けにくい異なる文字体系の文字が混在`,
		`a picture that may be taken for a badge`, `認証マークと間違えられる絵文字`,
		`a number in brackets at its end, as a thread's count of messages`, `スレッドの件数のような、末尾の括弧付きの数字`,
		`the name of Gmail`, `Gmail の名前`,
		`the name of the recipient`, `受信者の名前`,
		`(\d+) https URIs, RFC 8058 wants exactly one`, `https の URI が $1 個 (RFC 8058 では 1 個だけ)`,
		`not in angle brackets: (.*)`, `山括弧で囲まれていません: $1`,
		`(\d+) of (\d+) words of the shorter one are in the other`, `短い方の $2 語のうち、もう一方にもあるのは $1 語`,
		`(\d+) characters of plain text, (\d+) of HTML`, `プレーンテキスト $1 文字、HTML $2 文字`,
		`(\d+) images, (\d+) characters of text`, `画像 $1 個、文字 $2 文字`,
		`(\d+) characters are hidden by their style`, `スタイルで非表示にされた文字 $1 文字`,
		`(\d+) octets of HTML`, `HTML $1 オクテット`,
		`a link of javascript:`, `javascript: のリンク`,
		`(\S+): the closing boundary is missing`, `$1: 終わりの境界文字列がありません`,
		`(\S+): the boundary (.*) does not occur in the body`, `$1: 境界文字列 $2 が本文にありません`,
		`(\S+): no boundary`, `$1: 境界文字列の指定がありません`,
		`(\S+): quoted-printable: = that begins no code: (.*)`, `$1: quoted-printable: 符号になっていない = があります: $2`,
		`(\S+): base64: illegal base64 data at input byte (\d+)`, `$1: base64: 不正なデータがあります ($2 バイト目)`,
		`(\S+): octets above 127 and (.*)`, `$1: 127 を超えるバイトがありますが、$2`,
		`(\S+) without charset`, `$1: 文字コードの指定なし`,
		`(.*): no such charset is known`, `$1: 不明な文字コード`,
		`(.*): not UTF-8 at octet (\d+)`, `$1: $2 オクテット目が UTF-8 ではありません`,
		`(.*): not UTF-8 at its end`, `$1: 末尾が UTF-8 ではありません`,
		`(.*): octets that are not of this charset`, `$1: この文字コードにないバイト`,
		`judged at (\S+)`, `判定時刻 $1`,
		`left out: (.*)`, `省いた項目: $1`,
		`the character '(.)' is not allowed`, `'$1' という文字は使えません`,
	)
})
