package catalogue

// bimiEntries are about the logo that a domain wants beside its mail.
var bimiEntries = []Entry{
	{
		ID: "bimi.pass", Status: Pass, Rank: rankRecord,
		Title:  Text{"BIMI of {from} is in order", "{from} の BIMI は正しく設定されています"},
		Detail: Text{"Record, logo and, where there is one, certificate are as receivers want them. Whether a logo is shown remains each receiver's decision.", "レコード、ロゴ、証明書 (ある場合) は受信側の要件に合っています。ロゴを表示するかどうかは、受信側が決めます。"},
		Refs:   []string{bimiDraft},
	},
	{
		ID: "bimi.none", Status: Info, Rank: rankHygiene,
		Title:  Text{"{from} has no BIMI record", "{from} には BIMI レコードがありません"},
		Detail: Text{"BIMI lets receivers show a logo beside mail that passes DMARC. It is optional and changes nothing about delivery.", "BIMI を設定すると、DMARC が pass のメールに受信側がロゴを表示できます。設定は任意で、配送には影響しません。"},
		Steps: []Text{
			{"It needs a DMARC policy of quarantine or reject, a logo as SVG Tiny PS and, for Gmail and Apple, a mark certificate (VMC or CMC).", "DMARC ポリシーが quarantine または reject であること、SVG Tiny PS 形式のロゴ、Gmail と Apple では証明書 (VMC または CMC) が必要です。"},
		},
		Refs: []string{bimiDraft, bimiGoogle},
	},
	{
		ID: "bimi.declined", Status: Info, Rank: rankHygiene,
		Title:  Text{"{from} says that it takes no part in BIMI", "{from} は BIMI を使わないことを示しています"},
		Detail: Text{"The record is valid and empty: receivers show no logo by BIMI.", "レコードは有効で、中身が空です。受信側は BIMI によるロゴを表示しません。"},
		Refs:   []string{bimiDraft},
	},
	{
		ID: "bimi.record-invalid", Status: Warn, Rank: rankRecord,
		Title:  Text{"The BIMI record at {name} is not valid: {reason}", "{name} の BIMI レコードは無効です: {reason}"},
		Detail: Text{"Receivers ignore it and show no logo. Delivery is not affected.", "受信側はこのレコードを無視し、ロゴは表示されません。配送には影響しません。"},
		Fix:    Text{"Replace it by a valid record.", "有効なレコードに置き換えてください。"},
		Steps: []Text{
			{"The form is `v=BIMI1; l=https://.../logo.svg; a=https://.../certificate.pem`. Without a certificate `a=` stays empty.", "形式は `v=BIMI1; l=https://.../logo.svg; a=https://.../certificate.pem` です。証明書がない場合、`a=` は空にします。"},
		},
		Refs: []string{bimiDraft},
	},
	{
		ID: "bimi.wrong-name", Status: Warn, Rank: rankRecord,
		Title:  Text{"The BIMI record of {from} stands at {name}, where nobody looks", "{from} の BIMI レコードが、参照されることのない {name} にあります"},
		Detail: Text{"Receivers ask at default._bimi.{from}. They find nothing there and show no logo. Delivery is not affected.", "受信側が参照するのは default._bimi.{from} です。そこにレコードがないため、ロゴは表示されません。配送には影響しません。"},
		Fix:    Text{"Publish the record at default._bimi.{from}.", "レコードを default._bimi.{from} に公開してください。"},
		Steps: []Text{
			{"In a control panel that appends the domain by itself, enter only `default._bimi` as the name.", "管理画面がドメイン名を自動的に付ける場合は、名前の欄に `default._bimi` だけを入力します。"},
		},
		Refs: []string{bimiDraft},
	},
	{
		ID: "bimi.multiple-records", Status: Warn, Rank: rankRecord,
		Title:  Text{"There are several BIMI records at {name}", "{name} に BIMI レコードが複数あります"},
		Detail: Text{"Receivers accept exactly one. With several they show no logo.", "受信側は 1 つだけの場合に限り受け入れます。複数あるとロゴは表示されません。"},
		Fix:    Text{"Leave just one.", "1 つだけを残してください。"},
		Refs:   []string{bimiDraft},
	},
	{
		ID: "bimi.policy-too-weak", Status: Warn, Rank: rankMechanism,
		Title:  Text{"The DMARC policy of {from} is too weak for BIMI: {reason}", "{from} の DMARC ポリシーは BIMI には弱すぎます: {reason}"},
		Detail: Text{"Receivers show a logo only where mail that fails DMARC is quarantined or rejected. Until then the record has no effect.", "受信側がロゴを表示するのは、DMARC が fail のメールが隔離または拒否される場合だけです。それまでレコードに効果はありません。"},
		Fix:    Text{"Bring DMARC to quarantine or reject, without t=y, for subdomains too.", "サブドメインも含め、DMARC ポリシーを t=y なしの quarantine または reject にしてください。"},
		Steps: []Text{
			{"Read the DMARC reports first: everything that sends for {from} must pass DMARC, or its mail goes to the spam folder.", "先に DMARC レポートを確認します。{from} を使うすべての送信元が DMARC が pass になっていなければ、そのメールは迷惑メールになります。"},
		},
		Refs: []string{bimiDraft, bimiGoogle},
	},
	{
		ID: "bimi.logo-unreachable", Status: Warn, Rank: rankMechanism,
		Title:  Text{"The BIMI logo of {from} cannot be fetched: {reason}", "{from} の BIMI ロゴを取得できません: {reason}"},
		Detail: Text{"Receivers fetch it over HTTPS with a valid certificate. Without the file they show no logo.", "受信側は有効な証明書による HTTPS でロゴを取得します。ファイルがなければロゴは表示されません。"},
		Fix:    Text{"Serve the logo at {url}, answered with 200.", "{url} でロゴを公開し、200 で応答してください。"},
		Refs:   []string{bimiDraft},
	},
	{
		ID: "bimi.svg-invalid", Status: Warn, Rank: rankMechanism,
		Title:  Text{"The BIMI logo of {from} is not the kind of SVG that is wanted: {reason}", "{from} の BIMI ロゴは、求められる SVG の形式に合っていません: {reason}"},
		Detail: Text{"Receivers take only SVG Tiny PS: no scripts, no links, no embedded pictures, one title. They show no logo.", "受信側が受け入れるのは SVG Tiny PS だけです。スクリプト、リンク、埋め込み画像は使えず、title が必要です。このままではロゴは表示されません。"},
		Fix:    Text{"Convert the logo to SVG Tiny PS and put it in the place of the file at {url}.", "ロゴを SVG Tiny PS に変換し、{url} のファイルと置き換えてください。"},
		Steps: []Text{
			{"Draw the logo with paths only. Most drawing programs export SVG Tiny 1.2; then set `version=\"1.2\"` and `baseProfile=\"tiny-ps\"` on the svg element and give it a title.", "ロゴはパスだけで描きます。多くの描画ソフトは SVG Tiny 1.2 で書き出せます。そのうえで svg 要素に `version=\"1.2\"` と `baseProfile=\"tiny-ps\"` を指定し、title を付けます。"},
		},
		Refs: []string{bimiSVG, bimiGoogle},
	},
	{
		ID: "bimi.svg-advice", Status: Info, Rank: rankHygiene,
		Title:  Text{"The BIMI logo of {from} could be better: {reason}", "{from} の BIMI ロゴに改善できる点があります: {reason}"},
		Detail: Text{"Receivers crop logos to a square or a circle.", "受信側はロゴを正方形や円形に切り抜いて表示します。"},
		Refs:   []string{bimiSVG},
	},
	{
		ID: "bimi.certificate-none", Status: Info, Rank: rankHygiene,
		Title:  Text{"The BIMI record of {from} names no mark certificate", "{from} の BIMI レコードに証明書が指定されていません"},
		Detail: Text{"Gmail and Apple show no logo without one (VMC, or CMC at Gmail); Yahoo may.", "Gmail と Apple では、証明書 (VMC、Gmail では CMC も可) がないとロゴは表示されません。Yahoo では表示されることがあります。"},
		Refs:   []string{bimiDraft, bimiGoogle},
	},
	{
		ID: "bimi.certificate-unreachable", Status: Warn, Rank: rankMechanism,
		Title:  Text{"The mark certificate of {from} cannot be fetched: {reason}", "{from} の BIMI の証明書を取得できません: {reason}"},
		Detail: Text{"Receivers that want a certificate show no logo.", "証明書を必要とする受信側では、ロゴは表示されません。"},
		Fix:    Text{"Serve the certificate at {url}, answered with 200.", "{url} で証明書を公開し、200 で応答してください。"},
		Refs:   []string{bimiDraft},
	},
	{
		ID: "bimi.certificate-invalid", Status: Warn, Rank: rankMechanism,
		Title:  Text{"The mark certificate of {from} cannot be used: {reason}", "{from} の BIMI の証明書は使用できません: {reason}"},
		Detail: Text{"Receivers that want a certificate show no logo.", "証明書を必要とする受信側では、ロゴは表示されません。"},
		Fix:    Text{"Serve the certificate that the authority issued for {from} and this logo, with its intermediate certificates, own certificate first, as PEM.", "{from} とこのロゴに対して認証局が発行した証明書を、自身の証明書、中間証明書の順に並べた PEM 形式で公開してください。"},
		Refs:   []string{bimiVMC, "RFC 9399"},
	},
	{
		ID: "bimi.certificate-expiring", Status: Info, Rank: rankHygiene,
		Title:  Text{"The mark certificate of {from} expires on {date}", "{from} の BIMI の証明書は {date} に期限が切れます"},
		Detail: Text{"A new one takes the authority days to issue. From then on receivers that want a certificate show no logo.", "新しい証明書の発行には数日かかります。期限が切れると、証明書を必要とする受信側ではロゴが表示されなくなります。"},
		Fix:    Text{"Have it renewed now.", "今のうちに更新してください。"},
		Refs:   []string{bimiVMC},
	},
	{
		ID: "bimi.unseen", Status: Unknown, Rank: rankContext,
		Title:  Text{"The BIMI logo of {from} was not seen: {reason}", "{from} の BIMI ロゴを確認できませんでした: {reason}"},
		Detail: Text{"The record is valid. Whether logo and certificate behind it are right cannot be said.", "レコードは有効ですが、ロゴや証明書が正しいかどうかは判断できません。"},
		Fix:    Text{"Check again, from a place that may fetch {url}.", "{url} を取得できる環境から、もう一度確認してください。"},
		Refs:   []string{bimiDraft},
	},
	{
		ID: "bimi.dns-failure", Status: Unknown, Rank: rankRecord,
		Title:  Text{"{name} could not be looked up", "{name} を DNS で確認できませんでした"},
		Detail: Text{"A DNS server did not answer or answered with an error.", "DNS サーバーが応答しないか、エラーを返しました。"},
		Fix:    Text{"Try again; if it stays, have the name servers of {from} checked.", "時間をおいてもう一度お試しください。続く場合は {from} のネームサーバーを確認してください。"},
		Refs:   []string{bimiDraft},
	},
}

// Where BIMI is described; it is no RFC.
const (
	bimiDraft  = "https://datatracker.ietf.org/doc/draft-brand-indicators-for-message-identification/"
	bimiSVG    = "https://datatracker.ietf.org/doc/draft-svg-tiny-ps-abrotman/"
	bimiVMC    = "https://datatracker.ietf.org/doc/draft-fetch-validation-vmc-wchuang/"
	bimiGoogle = "https://support.google.com/a/answer/10911320"
)

// BIMIProblems says in a few words what is wrong with a BIMI record, a logo or a mark
// certificate, by the IDs of package bimi.
var BIMIProblems = map[string]Text{
	// records
	"near-record":       {"it does not begin with v=BIMI1", "v=BIMI1 で始まっていません"},
	"syntax":            {"it is no list of tags", "タグの並びになっていません"},
	"invalid-version":   {"v=BIMI1 must come first", "v=BIMI1 が先頭にありません"},
	"missing-location":  {"l= is missing", "l= がありません"},
	"empty-location":    {"l= is empty and a= is not", "a= があるのに l= が空です"},
	"invalid-location":  {"l= is no https: address", "l= が https: の URL ではありません"},
	"invalid-authority": {"a= is no https: address", "a= が https: の URL ではありません"},
	// logos
	"too-large":          {"it is over 32 kilobytes", "32 キロバイトを超えています"},
	"not-xml":            {"it is no well-formed XML", "XML として正しくありません"},
	"not-utf8":           {"it is not UTF-8", "UTF-8 ではありません"},
	"not-svg":            {"it is no SVG", "SVG ではありません"},
	"compressed":         {"it is compressed", "圧縮されています"},
	"entities":           {"it declares entities", "実体 (エンティティ) の宣言があります"},
	"version":            {"the version is not 1.2", "version が 1.2 ではありません"},
	"base-profile":       {"the baseProfile is not tiny-ps", "baseProfile が tiny-ps ではありません"},
	"no-title":           {"it has no title", "title がありません"},
	"long-title":         {"the title is over 64 characters", "title が 64 文字を超えています"},
	"root-x-y":           {"the svg element has x or y", "svg 要素に x または y があります"},
	"no-viewbox":         {"it has no viewBox", "viewBox がありません"},
	"not-square":         {"it is not square", "正方形ではありません"},
	"script":             {"it holds a script", "スクリプトが含まれています"},
	"animation":          {"it is animated", "アニメーションが含まれています"},
	"image":              {"it holds a picture", "画像が埋め込まれています"},
	"external-reference": {"it refers to something outside", "外部への参照があります"},
	"forbidden-element":  {"the element {name} is not allowed", "要素 {name} は使用できません"},
	"style-attribute":    {"style attributes are not allowed", "style 属性は使用できません"},
	"foreign-content":    {"it holds elements that are no SVG", "SVG 以外の要素が含まれています"},
	"too-complex":        {"it is too complex", "複雑すぎます"},
	// certificates
	"not-pem":           {"the file is no PEM", "PEM 形式ではありません"},
	"bad-certificate":   {"it cannot be read", "証明書を読み取れません"},
	"too-many-certs":    {"there are too many certificates", "証明書が多すぎます"},
	"not-yet-valid":     {"it is not valid before {value}", "{value} まで有効になりません"},
	"expired":           {"it expired on {value}", "{value} に期限が切れています"},
	"wrong-usage":       {"it is no mark certificate", "BIMI 用の証明書ではありません"},
	"wrong-domain":      {"it is for {value}", "{value} に対する証明書です"},
	"no-logotype":       {"it holds no logo", "ロゴが含まれていません"},
	"bad-logotype":      {"its logo cannot be read", "含まれているロゴを読み取れません"},
	"logo-mismatch":     {"its logo is another than that of the record", "含まれているロゴがレコードのロゴと異なります"},
	"logotype-hash":     {"its logo does not fit its own hash", "含まれているロゴのハッシュ値が一致しません"},
	"untrusted-issuer":  {"no authority for mark certificates vouches for it", "BIMI の認証局につながりません"},
	"leaf-not-first":    {"the certificate of the domain does not come first", "ドメインの証明書が先頭にありません"},
	"certificate-large": {"the file is too large", "ファイルが大きすぎます"},
	// policies
	"policy-none":    {"p=none", "p=none"},
	"policy-absent":  {"there is none", "ポリシーがありません"},
	"policy-testing": {"t=y", "t=y"},
	"policy-sub":     {"sp=none", "sp=none"},
}
