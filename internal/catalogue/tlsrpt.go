package catalogue

var tlsRPTEntries = []Entry{
	{
		ID: "tls-rpt.pass", Status: Pass, Rank: rankRecord,
		Title:  Text{"TLS reports about mail to {from} are asked for", "{from} 宛てのメールの TLS レポートを受け取る設定になっています"},
		Detail: Text{"Senders report each day how TLS to the mail exchangers of {from} went.", "送信側は、{from} のメールサーバーへの TLS 接続の結果を毎日報告します。"},
		Refs:   []string{"RFC 8460 section 3"},
	},
	{
		ID: "tls-rpt.none", Status: Info, Rank: rankHygiene,
		Title:  Text{"{from} asks for no TLS reports", "{from} は TLS レポートを受け取る設定になっていません"},
		Detail: Text{"Without them you never hear that mail to {from} is held back because TLS, MTA-STS or DANE went wrong. They are optional and harm nothing.", "TLS レポートがないと、TLS や MTA-STS、DANE の不具合で {from} 宛てのメールが届かなくなっても気づけません。設定は任意で、害はありません。"},
		Fix:    Text{"Publish a TLSRPT record with a mailbox that exists.", "実在するメールアドレスを指定した TLSRPT レコードを公開してください。"},
		Refs:   []string{"RFC 8460 section 3"},
	},
	{
		ID: "tls-rpt.wrong-name", Status: Warn, Rank: rankRecord,
		Title:  Text{"The TLSRPT record of {from} stands at {name}, where nobody looks", "{from} の TLSRPT レコードが、参照されることのない {name} にあります"},
		Detail: Text{"Senders ask at _smtp._tls.{from} only. No report arrives.", "送信側が参照するのは _smtp._tls.{from} だけです。レポートは届きません。"},
		Fix:    Text{"Publish the record at _smtp._tls.{from}.", "レコードを _smtp._tls.{from} に公開してください。"},
		Steps: []Text{
			{"In a control panel that appends the domain by itself, enter only `_smtp._tls` as the name.", "管理画面がドメイン名を自動的に付ける場合は、名前の欄に `_smtp._tls` だけを入力します。"},
		},
		Refs: []string{"RFC 8460 section 3"},
	},
	{
		ID: "tls-rpt.near-miss", Status: Warn, Rank: rankRecord,
		Title:  Text{"The TXT record at {name} was meant for TLS reports, but is none", "{name} の TXT レコードは、TLSRPT レコードとして認識されません"},
		Detail: Text{"A record counts only where it begins with exactly `v=TLSRPTv1;`. No report arrives.", "レコードは正確に `v=TLSRPTv1;` で始まる必要があります。レポートは届きません。"},
		Fix:    Text{"Replace it by the corrected record.", "修正したレコードに置き換えてください。"},
		Refs:   []string{"RFC 8460 section 3"},
	},
	{
		ID: "tls-rpt.multiple-records", Status: Warn, Rank: rankRecord,
		Title:  Text{"There are several TLSRPT records at {name}", "{name} に TLSRPT レコードが複数あります"},
		Detail: Text{"Senders accept exactly one. With several no report arrives.", "送信側は 1 つだけの場合に限り受け入れます。複数あるとレポートは届きません。"},
		Fix:    Text{"Put all addresses into one record.", "すべての宛先を 1 つのレコードにまとめてください。"},
		Refs:   []string{"RFC 8460 section 3"},
	},
	{
		ID: "tls-rpt.invalid-record", Status: Warn, Rank: rankRecord,
		Title:  Text{"The TLSRPT record at {name} is not valid: {reason}", "{name} の TLSRPT レコードは無効です: {reason}"},
		Detail: Text{"Senders find no address in it, and no report arrives.", "送信側は宛先を読み取れず、レポートは届きません。"},
		Fix:    Text{"Replace it by the corrected record.", "修正したレコードに置き換えてください。"},
		Steps: []Text{
			{"An address is written `mailto:name@example.com` or `https://...`; several are separated by commas.", "宛先は `mailto:name@example.com` または `https://...` の形で書き、複数の場合はコンマで区切ります。"},
		},
		Refs: []string{"RFC 8460 section 3"},
	},
	{
		ID: "tls-rpt.invalid-part", Status: Warn, Rank: rankRecord,
		Title:  Text{"A part of the TLSRPT record at {name} has no effect: {reason}", "{name} の TLSRPT レコードに、効果のない部分があります: {reason}"},
		Detail: Text{"Senders pass over it and use the rest.", "送信側はこの部分を無視し、残りを使います。"},
		Fix:    Text{"Replace the record by the corrected one.", "修正したレコードに置き換えてください。"},
		Refs:   []string{"RFC 8460 section 3"},
	},
	{
		ID: "tls-rpt.no-mailbox", Status: Warn, Rank: rankMechanism,
		Title:  Text{"TLS reports about {from} go to {uri}, but {host} takes no mail", "{from} の TLS レポートの宛先は {uri} ですが、{host} はメールを受信できません"},
		Detail: Text{"{host} has neither an MX record nor an address, or says that it takes no mail. The reports are lost.", "{host} には MX レコードもアドレスもないか、メールを受信しないことが示されています。レポートは失われます。"},
		Fix:    Text{"Name a mailbox that exists.", "実在するメールアドレスを指定してください。"},
		Refs:   []string{"RFC 8460 section 3"},
	},
	{
		ID: "tls-rpt.dns-failure", Status: Unknown, Rank: rankRecord,
		Title:  Text{"{name} could not be looked up", "{name} を DNS で確認できませんでした"},
		Detail: Text{"A DNS server did not answer or answered with an error. Senders that meet the same error send no report.", "DNS サーバーが応答しないか、エラーを返しました。同じエラーに遭った送信側は、レポートを送りません。"},
		Fix:    Text{"Try again; if it stays, have the name servers of {from} checked.", "時間をおいてもう一度お試しください。続く場合は {from} のネームサーバーを確認してください。"},
		Refs:   []string{"RFC 8460 section 3"},
	},
}
