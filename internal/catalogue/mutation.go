package catalogue

// Mutation is what is said of one change that broke a DKIM signature: what happened,
// and what to alter where.
type Mutation struct {
	// Change completes "What broke it: ..." in one clause. It may hold {field}.
	Change Text
	// Advice is one or two sentences.
	Advice Text
}

// What several kinds are answered with.
var (
	signLast = Text{
		"If this happens in your own sending path, let that program run before the DKIM signer; the signer comes last.",
		"ご自身の送信経路で変更している場合は、その処理を DKIM 署名より前に行い、署名を最後にしてください。",
	}
	encodeBody = Text{
		"Send the body as quoted-printable or base64 (7-bit, lines of at most 76 characters): then no relay has a reason to convert it.",
		"本文を quoted-printable または base64 (7 ビット、1 行 76 文字以内) で送信してください。中継サーバーが変換する理由がなくなります。",
	}
	listAdvice = Text{
		"A mailing list that changes mail has to sign it with its own domain and put its own address into From; or it leaves subject and body as they are.",
		"メールを変更するメーリングリストは、自身のドメインで署名し、From を自身のアドレスに書き換える必要があります。そうでなければ、件名と本文を変更しない設定にしてください。",
	}
	relaxedHeader = Text{
		"Sign with the canonicalization relaxed for the header (c=relaxed/relaxed): it does not see such changes.",
		"ヘッダーの正規化を relaxed にして署名してください (c=relaxed/relaxed)。この種の変更の影響を受けなくなります。",
	}
	completeHeader = Text{
		"Let the sending program write this field itself, complete and in its final form, before the message is signed.",
		"このヘッダーは送信プログラム自身が最終的な形で付け、その後で署名してください。",
	}
)

// Mutations gives the texts of each kind of package forensics.
var Mutations = map[string]Mutation{
	"footer-added":           {Text{"text was added below the body, as mailing lists and disclaimers do", "本文の下に文が追加されています (メーリングリストのフッターや免責文など)"}, listAdvice},
	"part-footer-added":      {Text{"text was added at the end of a part of the body, as mailing lists and disclaimers do", "本文のパートの末尾に文が追加されています (メーリングリストのフッターや免責文など)"}, listAdvice},
	"banner-added":           {Text{"text was added above the body, as gateways do with a warning about external mail", "本文の上に文が追加されています (ゲートウェイが付ける外部メールの警告など)"}, Text{"The receiving gateway added it after delivery to it: authentication has to be checked there, before the note is added. In your own sending path, sign last.", "受信側のゲートウェイが追加したものです。認証の確認は、追記より前にそのゲートウェイで行う必要があります。ご自身の送信経路の場合は、署名を最後にしてください。"}},
	"text-inserted":          {Text{"lines were inserted into the body", "本文の途中に行が挿入されています"}, signLast},
	"part-added":             {Text{"a MIME part was added, as mailing lists and scanners do", "MIME パートが追加されています (メーリングリストのフッターやスキャンの結果など)"}, listAdvice},
	"wrapped-in-multipart":   {Text{"the whole body was put into a new multipart, to which something else was added", "本文全体が新しいマルチパートに入れられ、別のパートが追加されています"}, listAdvice},
	"white-space":            {Text{"white space in the lines of the body was added or removed", "本文の行の空白が増減しています"}, Text{"Sign with the canonicalization relaxed for the body (c=relaxed/relaxed), and write no white space at the ends of lines.", "本文の正規化を relaxed にして署名し (c=relaxed/relaxed)、行末に空白を置かないでください。"}},
	"blank-lines":            {Text{"empty lines of the body were added or removed", "本文の空行が増減しています"}, signLast},
	"line-ends":              {Text{"the line ends of the body were converted (CRLF, LF, CR)", "本文の改行コードが変換されています (CRLF、LF、CR)"}, Text{"Write CRLF at the end of each line before the message is signed, and transfer it without conversion.", "署名の前に各行の行末を CRLF にし、変換せずに転送してください。"}},
	"re-encoded":             {Text{"the body was given another Content-Transfer-Encoding", "本文の符号化方式 (Content-Transfer-Encoding) が変更されています"}, encodeBody},
	"encoded-lines-wrapped":  {Text{"the encoded lines of the body were wrapped anew", "符号化された本文の行の長さが変更されています"}, encodeBody},
	"charset-converted":      {Text{"the body was converted to another charset", "本文の文字コードが変換されています"}, Text{"Send UTF-8 encoded as base64 or quoted-printable, and switch off the conversion in the gateway.", "本文は UTF-8 を base64 または quoted-printable で符号化して送信し、ゲートウェイでの文字コードの変換を無効にしてください。"}},
	"long-lines-broken":      {Text{"lines longer than mail allows were broken", "長すぎる行の途中に改行が挿入されています"}, encodeBody},
	"text-wrapped":           {Text{"the text was wrapped to shorter lines", "本文が短い行に折り返されています"}, encodeBody},
	"from-escaped":           {Text{"a line that begins with \"From \" was escaped (\">From \"), or the escaping was undone", "\"From \" で始まる行が \">From \" に変換されたか、元に戻されています"}, Text{"Encode the body as quoted-printable with =46rom at the beginning of such lines, or as base64.", "本文を base64 にするか、quoted-printable にして該当する行を =46rom で始めてください。"}},
	"dots-changed":           {Text{"a dot at the beginning of a line was doubled or lost (SMTP dot-stuffing done twice or not at all)", "行頭のドットが二重になったか、失われています (SMTP のドットの処理の誤り)"}, Text{"Sign the message before dot-stuffing, and use a mail library for SMTP instead of writing it by hand.", "ドットの処理より前に署名し、SMTP は自前で書かずにメール用ライブラリを使ってください。"}},
	"eighth-bit-stripped":    {Text{"the eighth bit of the octets of the body was cleared", "本文のバイトの 8 ビット目が失われています"}, encodeBody},
	"escape-stripped":        {Text{"the ESC characters of ISO-2022-JP were lost", "ISO-2022-JP の ESC 文字が失われています"}, encodeBody},
	"nul-added":              {Text{"NUL octets were added to the body", "本文に NUL 文字が追加されています"}, signLast},
	"tabs-expanded":          {Text{"tabs of the body were turned into spaces, or the reverse", "本文のタブと空白が変換されています"}, encodeBody},
	"byte-order-mark-added":  {Text{"a byte order mark (U+FEFF) was put into the body", "本文にバイト順マーク (BOM、U+FEFF) が追加されています"}, signLast},
	"links-rewritten":        {Text{"links of the body were rewritten to lead through a security gateway (Safe Links, URL Defense and the like)", "本文のリンクが、セキュリティゲートウェイを経由するものに書き換えられています (Safe Links、URL Defense など)"}, Text{"The receiving gateway did it after delivery to it: authentication has to be checked there, before links are rewritten. In your own sending path, sign last.", "受信側のゲートウェイが書き換えたものです。認証の確認は、書き換えより前にそのゲートウェイで行う必要があります。ご自身の送信経路の場合は、署名を最後にしてください。"}},
	"body-removed":           {Text{"nothing is left of the body", "本文が失われています"}, Text{"Look at the message as the server received it: a filter removed the body, or it was saved without it.", "サーバーが受信した時点のメールを確認してください。フィルターが本文を削除したか、本文なしで保存されています。"}},
	"signed-empty-body":      {Text{"the signer hashed an empty body: it never saw the text", "署名時の本文が空です。署名プログラムに本文が渡っていません"}, Text{"Check how the mail server hands messages to the signer (the milter must get the body), and that nothing fills in the body afterwards.", "メールサーバーから署名プログラムへの受け渡し (milter に本文が渡ること) と、署名後に本文を入れる処理がないことを確認してください。"}},
	"wrong-canonicalization": {Text{"the signer hashed the body by another canonicalization than its signature says", "署名に書かれた正規化方式 (c=) と異なる方式で本文のハッシュ値が計算されています"}, Text{"This is a fault of the signing program: update it, or set its canonicalization explicitly.", "署名プログラムの不具合です。更新するか、正規化方式を明示的に設定してください。"}},

	"subject-tagged":          {Text{"a tag was put into the Subject, as mailing lists and spam filters do", "件名にタグが追加されています (メーリングリストや迷惑メールフィルターなど)"}, Text{"Have the list or filter leave Subject alone (spam filters can add a field of their own, such as X-Spam-Flag).", "メーリングリストやフィルターで件名を変更しないように設定してください (迷惑メールフィルターは X-Spam-Flag などの専用ヘッダーを使えます)。"}},
	"subject-prefix":          {Text{"Re: or Fwd: of the Subject was added, removed or rewritten", "件名の Re: や Fwd: が追加、削除、または書き換えられています"}, listAdvice},
	"from-rewritten":          {Text{"From was rewritten, as mailing lists do", "From が書き換えられています (メーリングリストなど)"}, Text{"That is what a list should do under DMARC; its own signature then counts. If no list was meant to, look at what rewrites From.", "DMARC に対応するためのメーリングリストの正しい動作で、リスト自身の署名が有効になります。リストを経由していない場合は、From を書き換えている処理を調べてください。"}},
	"address-reformatted":     {Text{"the addresses of {field} were written in another form (quotes, brackets, comments)", "{field} のアドレスの書き方 (引用符、括弧、コメントなど) が変更されています"}, completeHeader},
	"field-re-encoded":        {Text{"the encoded words of {field} were written in another form", "{field} の符号化 (encoded-word) が変更されています"}, completeHeader},
	"field-added":             {Text{"{field} was added; the signature covers its absence", "{field} が追加されています (署名はこのヘッダーがないことも保護しています)"}, Text{"Let the sending program write {field} before the message is signed, or do not oversign it if a relay has to add it.", "署名の前に送信プログラムで {field} を付けてください。中継サーバーで追加する必要がある場合は、署名対象に含めない設定にします。"}},
	"field-duplicated":        {Text{"a second {field} was added", "{field} が重複して追加されています"}, Text{"Find what adds {field} although there is one; a message may hold it once.", "{field} がすでにあるのに追加している処理を調べてください。"}},
	"field-removed":           {Text{"{field} was removed", "{field} が削除されています"}, Text{"Find what removes {field}; if that has to be, take it out of the list of signed fields.", "{field} を削除している処理を調べてください。必要な処理であれば、署名対象から {field} を外します。"}},
	"fields-reordered":        {Text{"the fields named {field} changed places", "複数ある {field} の順序が変わっています"}, Text{"Do not sign fields that may occur several times, or let nothing reorder them.", "複数回現れるヘッダーは署名対象から外すか、順序が変わらないようにしてください。"}},
	"field-refolded":          {Text{"a signed header field was folded differently", "署名対象のヘッダーの折り返しが変更されています"}, relaxedHeader},
	"field-spacing":           {Text{"white space in a signed header field was changed", "署名対象のヘッダーの空白が変更されています"}, relaxedHeader},
	"field-name-case":         {Text{"the name of a signed header field was written in other letters", "署名対象のヘッダー名の大文字と小文字が変更されています"}, relaxedHeader},
	"content-type-rewritten":  {Text{"Content-Type was rewritten", "Content-Type が書き換えられています"}, encodeBody},
	"encoding-field-modified": {Text{"the field Content-Transfer-Encoding was rewritten", "Content-Transfer-Encoding ヘッダーが書き換えられています"}, encodeBody},
	"date-reformatted":        {Text{"Date was written in another form", "Date の書式が変更されています"}, completeHeader},
	"field-changed":           {Text{"{field} was changed", "{field} が変更されています"}, signLast},
	"wrong-key":               {Text{"the published key is not the one that signed", "公開されている鍵が署名に使った鍵と異なります"}, signLast},
}
