package catalogue

// dmarcRecordEntries are the findings on DMARC records of a domain, without a message.
var dmarcRecordEntries = []Entry{
	{
		ID: "dmarc.record", Status: Pass, Rank: rankDMARC,
		Title:  Text{"{record_domain} has one valid DMARC record (p={policy})", "{record_domain} には有効な DMARC レコードが 1 つあります (p={policy})"},
		Detail: Text{"Receivers find it, and it says what it means.", "受信側はこのレコードを見つけて、意図どおりに解釈できます。"},
		Refs:   []string{"RFC 9989 section 4.7"},
	},
	{
		ID: "dmarc.inherited", Status: Pass, Rank: rankDMARC,
		Title:  Text{"{from} is covered by the DMARC record of {record_domain} (p={policy})", "{from} には {record_domain} の DMARC レコードが適用されます (p={policy})"},
		Detail: Text{"A subdomain without a record of its own takes that of its organisation.", "固有のレコードがないサブドメインには、組織ドメインのレコードが適用されます。"},
		Refs:   []string{"RFC 9989 section 4.10.1"},
	},
	{
		ID: "dmarc.unrecognised", Status: Fail, Rank: rankRecord,
		Title: Text{"The text at _dmarc.{record_domain} is no DMARC record", "_dmarc.{record_domain} のテキストは DMARC レコードとして認識されません"},
		Detail: Text{
			"A record must begin with exactly `v=DMARC1`, in this case, and separate its tags by semicolons. Receivers ignore anything else: the domain counts as having no DMARC, which Gmail, Yahoo and Microsoft refuse of bulk senders.",
			"レコードは正確に `v=DMARC1` (大文字と小文字もこのとおり) で始まり、タグはセミコロンで区切る必要があります。それ以外は無視され、DMARC がないドメインとして扱われます。Gmail、Yahoo、Microsoft は、大量送信者のそのようなメールを拒否します。",
		},
		Fix: Text{"Replace the text at _dmarc.{record_domain} by the corrected record.", "_dmarc.{record_domain} のテキストを、修正したレコードに置き換えてください。"},
		Steps: []Text{
			{"Replace the text by the record given here. Whatever could not be mended is named in the evidence.", "ここに示したレコードに置き換えます。修正できなかった部分は「根拠」に示しています。"},
			{"Type it rather than paste it from a document: word processors put in curly quotes and invisible characters.", "文書ファイルから貼り付けず、直接入力してください。ワープロは引用符を変えたり、見えない文字を入れたりします。"},
		},
		Refs: []string{"RFC 9989 section 4.7", "https://support.google.com/a/answer/81126"},
	},
	{
		ID: "dmarc.wrong-name", Status: Fail, Rank: rankRecord,
		Title:  Text{"The DMARC record is at {name}, where nobody looks", "DMARC レコードが {name} にあり、どの受信側からも参照されません"},
		Detail: Text{"Receivers ask for TXT at {right} and nowhere else. To them the domain has no DMARC.", "受信側が調べるのは {right} の TXT だけです。受信側にとって、このドメインには DMARC がないことになります。"},
		Fix:    Text{"Publish the record at {right}.", "レコードを {right} に公開してください。"},
		Steps: []Text{
			{"Add the TXT record at {right}. Many panels append the domain by themselves: type only `_dmarc` as the host name there.", "{right} に TXT レコードを追加します。多くの管理画面はドメイン名を自動的に補うため、ホスト名の欄には `_dmarc` だけを入力します。"},
			{"Then remove the one at {name}.", "その後、{name} のレコードを削除します。"},
		},
		Refs: []string{"RFC 9989 section 4.5"},
	},
	{
		ID: "dmarc.cname-broken", Status: Fail, Rank: rankRecord,
		Title:  Text{"{name} is a CNAME to {target}, where there is no DMARC record", "{name} は {target} への CNAME ですが、その先に DMARC レコードがありません"},
		Detail: Text{"The DMARC record was handed to another name, often that of a DMARC service, and nothing is there any more. If that name's domain is free to register, a stranger could decide your policy and receive your reports.", "DMARC レコードの管理が別の名前 (多くは DMARC サービス) に委ねられていますが、そこにはもう何もありません。そのドメインを誰でも登録できる状態であれば、第三者がポリシーを決め、レポートを受け取ることもできます。"},
		Fix:    Text{"Have {target} set up again, or publish a record of your own in place of the CNAME.", "{target} をもう一度設定してもらうか、CNAME の代わりにご自身のレコードを公開してください。"},
		Steps: []Text{
			{"If you still use the service, ask it why {target} has no record. Else replace the CNAME by the TXT record given here.", "そのサービスを現在も利用している場合は、{target} にレコードがない理由を問い合わせます。利用していない場合は、ここに示した TXT レコードに置き換えます。"},
		},
		Refs: []string{"RFC 9989 section 4.10", "RFC 1034 section 3.6.2"},
	},
	{
		ID: "dmarc.psd", Status: Warn, Rank: rankRecord,
		Title:  Text{"{record_domain} calls itself a public suffix (psd=y)", "{record_domain} は自身をパブリックサフィックスとしています (psd=y)"},
		Detail: Text{"psd=y is for registries under whose name others register. On an ordinary domain it makes every subdomain a separate organisation: signatures and envelope senders of one no longer align with the other.", "psd=y は、その下に他者がドメインを登録するレジストリのための設定です。通常のドメインに付けると、サブドメインがそれぞれ別の組織とみなされ、互いの署名やエンベロープ送信者が一致しなくなります。"},
		Fix:    Text{"Remove psd=y from the record.", "レコードから psd=y を削除してください。"},
		Refs:   []string{"RFC 9989 section 4.10.2"},
	},
	{
		ID: "dmarc.parked-policy", Status: Warn, Rank: rankDMARC,
		Title:  Text{"{record_domain} says that it sends no mail, but does not ask receivers to reject it (p={policy})", "{record_domain} はメールを送信しないと宣言していますが、拒否を求めていません (p={policy})"},
		Detail: Text{"SPF or the null MX says that no mail comes from this domain. Only p=reject makes receivers act on it; until then the name can be used for spoofing.", "SPF または null MX は、このドメインからメールが送信されないことを示しています。受信側がそれに従って拒否するのは p=reject の場合だけで、それまではなりすましに使われるおそれがあります。"},
		Fix:    Text{"Publish p=reject: a domain that sends nothing has nothing to lose.", "p=reject を公開してください。メールを送信しないドメインであれば、失うものはありません。"},
		Refs:   []string{"RFC 9989 section 4.7", "RFC 7505"},
	},
	{
		ID: "dmarc.subdomain-gap", Status: Info, Rank: rankHygiene,
		Title:  Text{"Subdomains of {record_domain} are not protected (p={policy}, sp={sp})", "{record_domain} のサブドメインは保護されていません (p={policy}、sp={sp})"},
		Detail: Text{"Whoever invents a subdomain in From is only reported. That may be meant so while subdomains are being prepared.", "From にサブドメインを使ったなりすましは、レポートされるだけです。サブドメインの準備中であれば、意図した設定かもしれません。"},
		Fix:    Text{"When all subdomains that send pass, remove sp=none; with np=reject names that do not exist are protected at once.", "送信に使うサブドメインがすべて pass になったら、sp=none を削除してください。np=reject を付ければ、存在しない名前はすぐに保護されます。"},
		Refs:   []string{"RFC 9989 section 4.7"},
	},
	{
		ID: "dmarc.np-gap", Status: Info, Rank: rankHygiene,
		Title:  Text{"Subdomains of {record_domain} that do not exist are not protected (np={np})", "{record_domain} の存在しないサブドメインは保護されていません (np={np})"},
		Detail: Text{"No legitimate mail comes from a name that does not exist; np=none lets it through all the same.", "存在しない名前から正規のメールが送られることはありませんが、np=none ではそれも通過します。"},
		Fix:    Text{"Publish np=reject.", "np=reject を公開してください。"},
		Refs:   []string{"RFC 9989 section 4.7"},
	},
	{
		ID: "dmarc.strict", Status: Info, Rank: rankHygiene,
		Title:  Text{"{record_domain} asks for strict alignment", "{record_domain} は厳格な一致 (strict) を求めています"},
		Detail: Text{"With adkim=s or aspf=s the domain of the signature or of the envelope sender must be exactly that of From. Sending services that use a subdomain then fail DMARC.", "adkim=s や aspf=s では、署名やエンベロープ送信者のドメインが From のドメインと完全に同じでなければなりません。サブドメインを使う配信サービスのメールは DMARC が fail になります。"},
		Fix:    Text{"Keep it only if every sender uses exactly the From domain; relaxed (the default) is what most need.", "すべての送信元が From と同じドメインを使う場合にだけ、この設定にしてください。通常は既定の relaxed で十分です。"},
		Refs:   []string{"RFC 9989 section 4.4"},
	},
	{
		ID: "dmarc.no-reports", Status: Info, Rank: rankHygiene,
		Title:  Text{"Nobody receives the DMARC reports of {record_domain} (no rua)", "{record_domain} の DMARC レポートの宛先がありません (rua なし)"},
		Detail: Text{"Reports show who sends in your name and what fails before you ask receivers to reject it.", "レポートを受け取ると、受信側に拒否を求める前に、そのドメインで誰が送信し、何が fail になっているかがわかります。"},
		Fix:    Text{"Add `rua=mailto:ADDRESS` with a mailbox of yours.", "ご自身のメールボックスを `rua=mailto:アドレス` で指定してください。"},
		Refs:   []string{"RFC 9989 section 4.7"},
	},
	{
		ID: "dmarc.report-unauthorised", Status: Warn, Rank: rankRecord,
		Title:  Text{"{host} has not agreed to receive the DMARC reports of {record_domain}", "{host} は {record_domain} の DMARC レポートの受け取りを許可していません"},
		Detail: Text{"Reports to another organisation are sent only where it says so in its DNS. Until then receivers leave {uri} out, and you get no reports there.", "別の組織への DMARC レポートは、その組織が DNS で許可している場合にだけ送られます。許可がなければ受信側は {uri} を無視し、レポートは届きません。"},
		Fix:    Text{"Have whoever runs {host} publish TXT `v=DMARC1` at {permission}.", "{host} の管理者に、{permission} に TXT `v=DMARC1` を公開してもらってください。"},
		Steps: []Text{
			{"This record belongs into the zone of {host}, not into yours. A report service publishes it when you register the domain there.", "このレコードは、ご自身のゾーンではなく {host} のゾーンに公開するものです。レポートサービスでは、ドメインを登録すると公開されます。"},
			{"If you do not know {host}, remove {uri} from the record: your reports would go to a stranger.", "{host} に心当たりがない場合は、レコードから {uri} を削除してください。レポートが第三者に渡るおそれがあります。"},
		},
		Refs: []string{"RFC 9990 section 4"},
	},
	{
		ID: "dmarc.report-no-mailbox", Status: Warn, Rank: rankRecord,
		Title:  Text{"The address for DMARC reports cannot receive mail: {host} has no mail server", "DMARC レポートの宛先がメールを受信できません: {host} にメールサーバーがありません"},
		Detail: Text{"{uri} names a domain that does not exist or takes no mail. Receivers give up; no reports come.", "{uri} のドメインが存在しないか、メールを受信しません。受信側は送信を諦め、レポートは届きません。"},
		Fix:    Text{"Correct the address in rua or ruf, or set up a mail server for {host}.", "rua や ruf のアドレスを修正するか、{host} のメールサーバーを用意してください。"},
		Refs:   []string{"RFC 9990 section 4", "RFC 5321 section 5.1"},
	},
	{
		ID: "dmarc.report-unknown", Status: Unknown, Rank: rankRecord,
		Title:  Text{"Whether {host} receives the DMARC reports could not be looked up", "{host} が DMARC レポートを受け取れるかどうかを確認できませんでした"},
		Detail: Text{"A DNS server did not answer or answered with an error.", "DNS サーバーが応答しないか、エラーを返しました。"},
		Fix:    Text{"Try again; if it stays, ask whoever runs {host}.", "時間をおいてもう一度お試しください。続く場合は {host} の管理者に問い合わせてください。"},
		Refs:   []string{"RFC 9990 section 4"},
	},
}
