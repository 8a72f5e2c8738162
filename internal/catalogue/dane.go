package catalogue

var daneEntries = []Entry{
	{
		ID: "dane.pass", Status: Pass, Rank: rankRecord,
		Title:  Text{"DANE of {host} is in order: its certificate fits the TLSA records", "{host} の DANE は正しく設定されています: 証明書が TLSA レコードに一致します"},
		Detail: Text{"The records are protected by DNSSEC. Senders that do DANE deliver over TLS that nobody can divert.", "レコードは DNSSEC で保護されています。DANE に対応した送信側は、すり替えのできない TLS で配送します。"},
		Refs:   []string{"RFC 7672 section 2.2"},
	},
	{
		ID: "dane.unprobed", Status: Info, Rank: rankContext,
		Title:  Text{"{host} has TLSA records that can be used; its certificate was not looked at", "{host} の TLSA レコードは使用できますが、証明書との一致は確認していません"},
		Detail: Text{"The records are protected by DNSSEC. Whether they fit the certificate shows only in a connection to port 25.", "レコードは DNSSEC で保護されています。証明書に一致するかどうかは、25 番ポートに接続しなければわかりません。"},
		Fix:    Text{"Check with `todoku check {from} --probe`, from a place that may connect to port 25.", "25 番ポートに接続できる環境から `todoku check {from} --probe` で確認してください。"},
		Refs:   []string{"RFC 7672 section 2.2"},
	},
	{
		ID: "dane.none", Status: Info, Rank: rankHygiene,
		Title:  Text{"The mail exchangers of {from} have no TLSA records (DANE)", "{from} のメールサーバーに TLSA レコード (DANE) がありません"},
		Detail: Text{"DANE ties the certificate of a mail exchanger to DNSSEC, so that nobody can divert mail. It is optional and needs signed zones: that of {from} and that of the exchangers.", "DANE は、メールサーバーの証明書を DNSSEC で結び付け、メールのすり替えを防ぎます。設定は任意で、{from} とメールサーバーの両方のゾーンが DNSSEC で署名されている必要があります。"},
		Steps: []Text{
			{"Where the exchangers belong to your mail provider, only the provider can publish TLSA records.", "メールサーバーが事業者のものである場合、TLSA レコードを公開できるのはその事業者だけです。"},
		},
		Refs: []string{"RFC 7672 section 2.2"},
	},
	{
		ID: "dane.partial", Status: Info, Rank: rankHygiene,
		Title:  Text{"Some mail exchangers of {from} have TLSA records, {host} has none", "{from} のメールサーバーのうち {host} だけ TLSA レコードがありません"},
		Detail: Text{"An attacker can block the protected exchangers, and senders then use this one without protection.", "保護されたメールサーバーへの接続を妨げられると、送信側は保護のないこのホストを使うことになります。"},
		Fix:    Text{"Publish TLSA records for {host} too.", "{host} にも TLSA レコードを公開してください。"},
		Refs:   []string{"RFC 7672 section 2.2.1"},
	},
	{
		ID: "dane.unsigned", Status: Warn, Rank: rankRecord,
		Title:  Text{"The TLSA records of {host} have no effect: {reason}", "{host} の TLSA レコードには効果がありません: {reason}"},
		Detail: Text{"DANE counts only where the MX records of {from}, the addresses of {host} and the TLSA records are all signed with DNSSEC. Senders ignore these records.", "DANE は、{from} の MX レコード、{host} のアドレス、TLSA レコードのすべてが DNSSEC で署名されている場合にだけ有効です。送信側はこのレコードを無視します。"},
		Fix:    Text{"Have the zone signed with DNSSEC and its DS record published by the registrar.", "ゾーンを DNSSEC で署名し、レジストラに DS レコードを登録してください。"},
		Steps: []Text{
			{"Check before signing that the records fit the certificate (`--probe`): once they are signed, wrong ones stop mail.", "署名する前に、レコードが証明書に一致することを確認します (`--probe`)。署名後に誤りがあると、メールが届かなくなります。"},
			{"Where the zone cannot be signed, take the TLSA records away.", "ゾーンを署名できない場合は、TLSA レコードを削除します。"},
		},
		Refs: []string{"RFC 7672 section 2.2", "RFC 7672 section 2.1.1"},
	},
	{
		ID: "dane.unvalidated", Status: Unknown, Rank: rankContext,
		Title:  Text{"{host} has TLSA records, but this resolver does not validate DNSSEC", "{host} には TLSA レコードがありますが、使用中のリゾルバーが DNSSEC の検証をしていません"},
		Detail: Text{"Whether the records are protected, and so used, cannot be said from here.", "レコードが保護されていて有効かどうかを、ここからは判断できません。"},
		Fix:    Text{"Check again with a validating resolver: `--resolver ADDRESS`.", "DNSSEC の検証をするリゾルバーを `--resolver ADDRESS` で指定して、もう一度確認してください。"},
		Refs:   []string{"RFC 7672 section 2.1.1", "RFC 6840 section 5.8"},
	},
	{
		ID: "dane.unusable", Status: Warn, Rank: rankRecord,
		Title:  Text{"None of the TLSA records of {host} can be used for mail: {reason}", "{host} の TLSA レコードは、どれもメールでは使用できません: {reason}"},
		Detail: Text{"Senders that do DANE insist on TLS with {host}, but look at no certificate: the records do not protect.", "DANE に対応した送信側は {host} への TLS を必須としますが、証明書は確認しません。レコードは保護の役に立っていません。"},
		Fix:    Text{"Publish a record of the form `3 1 1` with the SHA-256 digest of the key of {host}.", "{host} の公開鍵の SHA-256 ハッシュ値による `3 1 1` の形のレコードを公開してください。"},
		Steps: []Text{
			{"`todoku check {from} --probe` computes it from the certificate that {host} shows.", "`todoku check {from} --probe` を実行すると、{host} が提示する証明書から計算されます。"},
		},
		Refs: []string{"RFC 7672 section 3.1", "RFC 7672 section 3.1.3"},
	},
	{
		ID: "dane.unusable-beside", Status: Info, Rank: rankHygiene,
		Title:  Text{"Some TLSA records of {host} are not used for mail: {reason}", "{host} の TLSA レコードの一部は、メールでは使用されません: {reason}"},
		Detail: Text{"Senders pass over them and use the others.", "送信側はこれらを無視し、残りのレコードを使います。"},
		Refs:   []string{"RFC 7672 section 3.1"},
	},
	{
		ID: "dane.mismatch", Status: Fail, Rank: rankMechanism,
		Title:  Text{"The certificate of {host} fits none of its TLSA records", "{host} の証明書が、どの TLSA レコードにも一致しません"},
		Detail: Text{"Every sender that does DANE holds mail to {from} back and returns it after some days. That is what happens when a certificate is renewed with a new key and the record stays.", "DANE に対応した送信側は {from} 宛てのメールを保留し、数日後に送り返します。新しい鍵で証明書を更新し、レコードをそのままにした場合によく起こります。"},
		Fix:    Text{"Publish the record computed from the key that {host} shows now, in the place of the old ones.", "{host} が現在提示している鍵から計算したレコードに置き換えてください。"},
		Steps: []Text{
			{"Make sure first that the certificate seen here is really yours.", "まず、ここで確認された証明書が自分のものであることを確かめます。"},
			{"From now on keep the key when the certificate is renewed, or publish the record of the next key some days before it is used.", "今後は、証明書を更新するときに同じ鍵を使うか、次の鍵のレコードを使用開始の数日前に公開します。"},
		},
		Refs: []string{"RFC 7672 section 2.2", "RFC 7671 section 8.1"},
	},
	{
		ID: "dane.rollover", Status: Info, Rank: rankHygiene,
		Title:  Text{"The TLSA records of {host} name whole certificates: each renewal breaks them", "{host} の TLSA レコードは証明書全体を指定しており、更新のたびに一致しなくなります"},
		Detail: Text{"Records of the form `3 0 ...` have to be changed with every renewal, before it. `3 1 1` names the key, which a renewal can keep.", "`3 0 ...` の形のレコードは、証明書を更新するたびに、その前に変更が必要です。`3 1 1` は鍵を指定するので、同じ鍵で更新すれば変更は不要です。"},
		Fix:    Text{"Add a record of the form `3 1 1` and have renewals keep the key.", "`3 1 1` の形のレコードを追加し、同じ鍵で証明書を更新するようにしてください。"},
		Refs:   []string{"RFC 7671 section 5.1", "RFC 7671 section 8.1"},
	},
	{
		ID: "dane.dns-failure", Status: Unknown, Rank: rankRecord,
		Title:  Text{"The TLSA records of {host} could not be looked up", "{host} の TLSA レコードを DNS で確認できませんでした"},
		Detail: Text{"A DNS server did not answer or answered with an error. Senders that do DANE hold mail back as long as they meet the same error.", "DNS サーバーが応答しないか、エラーを返しました。DANE に対応した送信側は、同じエラーが続く間、メールを保留します。"},
		Fix:    Text{"Try again; if it stays, have the name servers of {host} checked: they must answer questions for TLSA, if only with \"no data\".", "時間をおいてもう一度お試しください。続く場合は {host} のネームサーバーを確認してください。TLSA の問い合わせに、データなしでもよいので応答する必要があります。"},
		Refs:   []string{"RFC 7672 section 2.1.2"},
	},
}
