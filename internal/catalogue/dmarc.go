package catalogue

var dmarcEntries = []Entry{
	{
		ID: "dmarc.pass", Status: Pass, Rank: rankDMARC,
		Title:  Text{"DMARC passes: the message really comes from {from}", "DMARC は pass です: メールは確かに {from} からのものです"},
		Detail: Text{"At least one of SPF and DKIM passed for a domain that belongs with the From address.", "SPF と DKIM の少なくとも一方が、From アドレスと一致するドメインで pass になりました。"},
		Refs:   []string{"RFC 9989 section 5.3.5"},
	},
	{
		ID: "dmarc.fail", Status: Fail, Rank: rankDMARC,
		Title: Text{"DMARC fails: neither SPF nor DKIM passed for {from}", "DMARC は fail です: {from} について SPF も DKIM も pass になりませんでした"},
		Detail: Text{
			"Nothing shows that {from} sent this message. Its policy is p={policy}; receivers reject it, put it into the spam folder, or (with p=none) only report it. Gmail answers 5.7.26 or 5.7.32, Microsoft 5.7.515.",
			"このメールが {from} から送られたことを示すものがありません。ポリシーは p={policy} です。受信側は拒否するか、迷惑メールに振り分けるか、(p=none であれば) レポートするだけです。Gmail は 5.7.26 や 5.7.32、Microsoft は 5.7.515 を返します。",
		},
		Fix: Text{"Make SPF or, better, a DKIM signature of {from} pass; the findings on SPF and DKIM say what broke.", "SPF、またはできれば {from} の DKIM 署名が pass になるようにしてください。原因は SPF と DKIM の項目に示しています。"},
		Steps: []Text{
			{"If you sent it: repair what the findings on SPF and DKIM name. Prefer DKIM, which survives forwarding.", "ご自身で送信したメールの場合: SPF と DKIM の項目を修正します。転送されても有効な DKIM を優先してください。"},
			{"If you did not: it is a spoof, and DMARC did its work.", "ご自身で送信していない場合: なりすましであり、DMARC は正しく働いています。"},
		},
		Refs: []string{"RFC 9989 section 5.3.5", "https://support.google.com/a/answer/81126"},
	},
	{
		ID: "dmarc.fail-unaligned", Status: Fail, Rank: rankAlignment,
		Title: Text{"DMARC fails: what passed belongs to {passed}, not to {from}", "DMARC は fail です: pass になったのは {passed} で、{from} ではありません"},
		Detail: Text{
			"SPF or DKIM passed, but for another domain than the one in the From address. DMARC counts only a pass of {from} or a domain of the same organisation. The policy is p={policy}.",
			"SPF または DKIM は pass になりましたが、From アドレスとは別のドメインについてです。DMARC が認めるのは {from} または同じ組織ドメインの pass だけです。ポリシーは p={policy} です。",
		},
		Fix: Text{"Have the sending service sign with DKIM for {from} (d={from}), or use an envelope sender within it.", "配信サービスで {from} の DKIM 署名 (d={from}) を有効にするか、そのドメインのエンベロープ送信者を使ってください。"},
		Steps: []Text{
			{"In the settings of the sending service, add {from} as a sending domain (\"domain authentication\", \"custom DKIM\") and publish the records it shows.", "配信サービスの設定で、{from} を送信ドメインとして登録し (「ドメイン認証」「独自 DKIM」など)、表示されたレコードを公開します。"},
			{"If it also offers a custom return path (MAIL FROM), choose a subdomain of {from}: then SPF aligns too.", "独自の Return-Path (MAIL FROM) も設定できる場合は、{from} のサブドメインを指定すると SPF も一致します。"},
			{"Adding the service's include to the SPF record of {from} does not help here: SPF is checked for {passed}.", "{from} の SPF レコードに配信サービスの include を追加しても効果はありません。SPF で調べられるのは {passed} だからです。"},
		},
		Refs: []string{"RFC 9989 section 4.4", "https://support.google.com/a/answer/81126"},
	},
	{
		ID: "dmarc.fail-ses-default", Status: Fail, Rank: rankService,
		Title: Text{"DMARC fails: Amazon SES passed SPF and DKIM, but in its own name (amazonses.com)", "DMARC は fail です: Amazon SES の SPF と DKIM は pass ですが、どちらも amazonses.com としての結果です"},
		Detail: Text{
			"Out of the box SES uses {mail_from} as envelope sender and signs with d=amazonses.com. Both pass, and neither belongs to {from}, so DMARC fails with policy p={policy}. Adding `include:amazonses.com` to the SPF record of {from} changes nothing.",
			"初期設定の SES は、エンベロープ送信者に {mail_from} を使い、d=amazonses.com で署名します。どちらも pass ですが {from} とは一致しないため、DMARC は fail になります (ポリシーは p={policy})。{from} の SPF レコードに `include:amazonses.com` を追加しても変わりません。",
		},
		Fix: Text{"Switch on Easy DKIM for {from} in Amazon SES; a custom MAIL FROM domain makes SPF align as well.", "Amazon SES で {from} の Easy DKIM を有効にしてください。カスタム MAIL FROM ドメインも設定すると SPF も一致します。"},
		Steps: []Text{
			{"SES console, Identities: create (or open) the domain identity {from} — a verified e-mail address alone is not enough — and choose Easy DKIM, RSA 2048.", "SES コンソールの「ID」で、ドメイン {from} の ID を作成するか開き (メールアドレスの検証だけでは不十分です)、Easy DKIM の RSA 2048 ビットを選びます。"},
			{"Publish the three CNAME records it shows: <token>._domainkey.{from} to <token>.dkim.amazonses.com. When SES says \"Verified\", mail is signed with d={from} and DMARC passes.", "表示される 3 つの CNAME レコード (<token>._domainkey.{from} から <token>.dkim.amazonses.com へ) を公開します。SES に「検証済み」と表示されると d={from} で署名され、DMARC が pass になります。"},
			{"In the same identity set a custom MAIL FROM domain, for example {bounce}. Publish there exactly one MX `10 feedback-smtp.{region}.amazonses.com` and the TXT `v=spf1 include:amazonses.com ~all`. Use that name for nothing else.", "同じ ID でカスタム MAIL FROM ドメイン (例: {bounce}) を設定します。そこには MX `10 feedback-smtp.{region}.amazonses.com` を 1 つだけと、TXT `v=spf1 include:amazonses.com ~all` を公開します。この名前は他の用途に使わないでください。"},
			{"Send again and check: d={from} and an envelope sender within {from}.", "もう一度送信し、d={from} と、{from} の範囲内のエンベロープ送信者になっていることを確認します。"},
		},
		Refs: []string{"RFC 9989 section 4.4", "https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dmarc.html", "https://docs.aws.amazon.com/ses/latest/dg/mail-from.html"},
	},
	{
		ID: "dmarc.undecided", Status: Unknown, Rank: rankDMARC,
		Title: Text{"DMARC is undecided: DKIM alone does not pass for {from}, and SPF could not be checked", "DMARC は未確定です: DKIM だけでは {from} について pass にならず、SPF は確認できません"},
		Detail: Text{
			"DMARC also passes when SPF passes for a domain that belongs with {from}. Without the envelope nobody can tell.",
			"DMARC は、{from} と一致するドメインで SPF が pass になっても pass になります。エンベロープがわからなければ判断できません。",
		},
		Fix:  Text{"Give the envelope (`--ip`, `--helo`, `--mail-from`), or send the message to a Todoku inbox.", "エンベロープ (`--ip`、`--helo`、`--mail-from`) を指定するか、Todoku の受信アドレス宛てに送信してください。"},
		Refs: []string{"RFC 9989 section 5.3.5"},
	},
	{
		ID: "dmarc.undecided-dns", Status: Unknown, Rank: rankDMARC,
		Title:  Text{"DMARC is undecided: SPF or a DKIM key of {from} could not be looked up", "DMARC は未確定です: {from} の SPF または DKIM 鍵を取得できませんでした"},
		Detail: Text{"Nothing passed, but what could have passed met a DNS failure. A receiver in the same position defers the mail or lets it fail.", "pass になったものはありませんが、pass になる可能性のあるものを DNS の障害で確認できませんでした。受信側でも同じことが起きると、一時的に拒否されるか fail になります。"},
		Fix:    Text{"Try again; if it stays, have the name servers of {from} checked.", "時間をおいてもう一度お試しください。続く場合は {from} のネームサーバーの状態を確認してください。"},
		Refs:   []string{"RFC 9989 section 5.3.5"},
	},
	{
		ID: "dmarc.none", Status: Warn, Rank: rankDMARC,
		Title: Text{"{from} publishes no DMARC record", "{from} には DMARC レコードがありません"},
		Detail: Text{
			"Nothing tells receivers what to do with mail that only claims to be from {from}, and you get no reports. Gmail, Yahoo and Microsoft require a record of bulk senders (Gmail 4.7.31, 4.7.40, 5.7.40; Microsoft 5.7.515); docomo marks mail without it.",
			"{from} を騙るメールをどう扱うべきかを受信側に伝えるものがなく、レポートも届きません。Gmail、Yahoo、Microsoft は大量送信者にレコードを必須とし (Gmail 4.7.31、4.7.40、5.7.40、Microsoft 5.7.515)、ドコモは DMARC のないメールに警告を表示します。",
		},
		Fix: Text{"Publish `v=DMARC1; p=none` as TXT at {record_domain}, and a report address with it.", "{record_domain} に `v=DMARC1; p=none` の TXT レコードを、レポートの宛先とともに公開してください。"},
		Steps: []Text{
			{"p=none changes nothing about delivery. Add `rua=mailto:ADDRESS` with an address of yours to receive reports of who sends in your name.", "p=none は配送に影響しません。`rua=mailto:アドレス` にご自身のアドレスを指定すると、そのドメインで誰が送信しているかのレポートが届きます。"},
			{"When the reports show that all your senders pass, go on to p=quarantine, and later p=reject.", "すべての正規の送信元が pass になることをレポートで確認したら、p=quarantine、次に p=reject へ進みます。"},
		},
		Refs: []string{"RFC 9989 section 4.7", "RFC 9989 section 7.4", "https://support.google.com/a/answer/81126"},
	},
	{
		ID: "dmarc.multiple-records", Status: Fail, Rank: rankReading,
		Title:  Text{"{record_name} has more than one DMARC record: none of them counts", "{record_name} に DMARC レコードが複数あり、すべて無視されます"},
		Detail: Text{"With several records at one name, all are dropped: the domain is as unprotected as without any.", "同じ名前に複数のレコードがあると、すべて無視されます。レコードがない場合と同じく保護されません。"},
		Fix: Text{
			"Leave exactly one record at {record_name}. The one given here has all report addresses and the most lenient of the policies that were written without a fault (p=reject where the domain sends no mail): receivers apply none of them today, and one record begins to work at once. Raise its policy afterwards, when you know which one you want.",
			"{record_name} のレコードを 1 つだけにしてください。ここに示したレコードには、すべてのレポートの宛先と、正しく書かれたポリシーのうち最も緩いものを入れています (メールを送信しないドメインでは p=reject)。現在はどのポリシーも適用されておらず、レコードが 1 つになるとすぐに適用されるためです。どのポリシーにするかを確認してから、強めてください。",
		},
		Refs: []string{"RFC 9989 section 4.10"},
	},
	{
		ID: "dmarc.invalid-record", Status: Fail, Rank: rankRecord,
		Title: Text{"The DMARC record of {record_domain} is invalid and has no effect (`{tag}`)", "{record_domain} の DMARC レコードは不正で、効力がありません (`{tag}`)"},
		Detail: Text{
			"A missing or misspelt p, sp or np turns the whole policy off: with a report address it counts as p=none, without one as no record at all.",
			"p、sp、np が欠けていたり綴りが誤っていたりすると、ポリシー全体が無効になります。レポートの宛先があれば p=none として、なければレコードがないものとして扱われます。",
		},
		Fix:  Text{"Correct `{tag}`: the values are none, quarantine and reject.", "`{tag}` を修正してください。値は none、quarantine、reject のいずれかです。"},
		Refs: []string{"RFC 9989 section 4.10.1"},
	},
	{
		ID: "dmarc.permerror", Status: Fail, Rank: rankDMARC,
		Title:  Text{"DMARC cannot be evaluated: From has no single domain", "DMARC を評価できません: From のドメインが 1 つに定まりません"},
		Detail: Text{"DMARC needs exactly one author domain. A message without one, or with an ambiguous one, is treated as suspicious and often refused (Gmail 5.7.1).", "DMARC には差出人ドメインが 1 つだけ必要です。それがないか曖昧なメールは疑わしいものとして扱われ、拒否されることも多くあります (Gmail 5.7.1)。"},
		Fix:    Text{"Send with one From field that holds one address.", "From ヘッダーを 1 つ、アドレスも 1 つにして送信してください。"},
		Refs:   []string{"RFC 9989 section 5.3.1", "RFC 5322 section 3.6.2"},
	},
	{
		ID: "dmarc.temperror", Status: Unknown, Rank: rankDMARC,
		Title:  Text{"The DMARC record of {from} could not be looked up", "{from} の DMARC レコードを取得できませんでした"},
		Detail: Text{"A DNS server did not answer or answered with an error, so the policy is not known. Receivers may defer the mail.", "DNS サーバーが応答しないかエラーを返したため、ポリシーがわかりません。受信側でメールが 4xx で一時的に拒否されることがあります。"},
		Fix:    Text{"Try again; if it stays, have the name servers of {from} checked.", "時間をおいてもう一度お試しください。続く場合は {from} のネームサーバーの状態を確認してください。"},
		Refs:   []string{"RFC 9989 section 4.10"},
	},
	{
		ID: "dmarc.spf-only", Status: Warn, Rank: rankAlignment,
		Title: Text{"DMARC passes by SPF alone: it breaks as soon as the mail is forwarded", "DMARC は SPF だけで pass になっています: 転送されると fail になります"},
		Detail: Text{
			"No DKIM signature of {from} passed. A forwarder sends from another address, SPF then fails, and nothing is left. Domains with p=reject must not rely on SPF alone.",
			"{from} の DKIM 署名で pass になったものがありません。転送されると送信元アドレスが変わって SPF が fail になり、DMARC も fail になります。p=reject のドメインは SPF だけに頼ってはならないと定められています。",
		},
		Fix:  Text{"Sign with DKIM for {from}.", "{from} の DKIM 署名を付けてください。"},
		Refs: []string{"RFC 9989 section 7.4"},
	},
	{
		ID: "dmarc.policy-none", Status: Info, Rank: rankHygiene,
		Title:  Text{"{from} only watches (p=none): spoofed mail is delivered", "{from} のポリシーは監視のみです (p=none): なりすましメールも配送されます"},
		Detail: Text{"p=none satisfies Gmail, Yahoo and Microsoft. It does not protect your recipients; p=quarantine and p=reject do.", "p=none は Gmail、Yahoo、Microsoft の要件を満たします。ただし受信者は守られません。守るには p=quarantine または p=reject が必要です。"},
		Fix:    Text{"When the reports show that all your senders pass, go on to p=quarantine.", "すべての正規の送信元が pass になることをレポートで確認したら、p=quarantine に進んでください。"},
		Refs:   []string{"RFC 9989 section 7.4"},
	},
	{
		ID: "dmarc.testing", Status: Info, Rank: rankHygiene,
		Title:  Text{"The DMARC policy of {record_domain} is in test mode (t=y)", "{record_domain} の DMARC ポリシーはテストモードです (t=y)"},
		Detail: Text{"Receivers apply one level less: reject becomes quarantine, quarantine becomes none.", "受信側は 1 段階弱いポリシーを適用します (reject は quarantine に、quarantine は none に)。"},
		Fix:    Text{"Remove t=y when you are ready.", "準備が整ったら t=y を取り除いてください。"},
		Refs:   []string{"RFC 9989 section 4.7"},
	},
	{
		ID: "dmarc.removed-tag", Status: Info, Rank: rankHygiene,
		Title:  Text{"The DMARC record of {record_domain} uses tags that no longer exist ({tags})", "{record_domain} の DMARC レコードに廃止されたタグがあります ({tags})"},
		Detail: Text{"RFC 9989 removed pct, rf and ri. Receivers that follow it ignore them; older ones still apply pct.", "RFC 9989 で pct、rf、ri は廃止されました。新しい規格に従う受信側は無視し、古い受信側は pct を今も適用します。"},
		Fix:    Text{"Remove them; for a test use t=y.", "これらを削除してください。テストには t=y を使います。"},
		Refs:   []string{"RFC 9989 appendix A.6"},
	},
	{
		ID: "dmarc.missing-p", Status: Info, Rank: rankHygiene,
		Title:  Text{"The DMARC record of {record_domain} has no p=: it only asks for reports", "{record_domain} の DMARC レコードに p= がありません: レポートを求めるだけです"},
		Detail: Text{"With a report address it counts as p=none (RFC 9989). Receivers on the older standard treat it the same way.", "レポートの宛先があるため p=none として扱われます (RFC 9989)。古い規格の受信側でも同じです。"},
		Fix:    Text{"Write p=none, or a stronger policy, so that everyone reads it alike.", "誰が読んでも同じになるように、p=none またはより強いポリシーを書いてください。"},
		Refs:   []string{"RFC 9989 section 4.7", "RFC 9989 section 4.10.1"},
	},
	{
		ID: "dmarc.invalid-tag", Status: Warn, Rank: rankRecord,
		Title:  Text{"The DMARC record of {record_domain} has tags that cannot be used ({tags})", "{record_domain} の DMARC レコードに使えないタグがあります ({tags})"},
		Detail: Text{"Receivers ignore them and take the default. A report address that cannot be used means that no reports come.", "受信側はこれらを無視し、既定値を使います。レポートの宛先が使えなければ、レポートは届きません。"},
		Fix:    Text{"Correct or remove them; each tag may occur once, as name=value, and rua and ruf take mailto: addresses.", "修正するか削除してください。各タグは 名前=値 の形で 1 回だけ書き、rua と ruf には mailto: のアドレスを指定します。"},
		Refs:   []string{"RFC 9989 section 4.7"},
	},
	{
		ID: "dmarc.unknown-tag", Status: Info, Rank: rankHygiene,
		Title:  Text{"The DMARC record of {record_domain} has tags that nobody knows ({tags})", "{record_domain} の DMARC レコードに未知のタグがあります ({tags})"},
		Detail: Text{"Unknown tags are ignored. Often they are misspelt.", "未知のタグは無視されます。多くは綴りの誤りです。"},
		Fix:    Text{"Correct or remove them.", "修正するか削除してください。"},
		Refs:   []string{"RFC 9989 section 4.7"},
	},
	{
		ID: "dmarc.rfc7489-differs", Status: Info, Rank: rankContext,
		Title: Text{"Receivers on the older DMARC standard see this differently: {old}, not {new}", "古い DMARC 規格の受信側では結果が異なります: {new} ではなく {old}"},
		Detail: Text{
			"RFC 9989 finds the policy and the organisation by walking up the DNS; RFC 7489 by the public suffix list. For this domain they disagree (policy at {old_domain} rather than {new_domain}). Both kinds of receivers are in use.",
			"RFC 9989 は DNS を上へたどってポリシーと組織ドメインを決め、RFC 7489 は Public Suffix List を使います。このドメインでは両者が異なります (ポリシーは {new_domain} ではなく {old_domain} のもの)。どちらの受信側も使われています。",
		},
		Fix:  Text{"Publish a DMARC record at the From domain itself: then both standards use it.", "From のドメイン自身に DMARC レコードを公開すると、どちらの規格でも同じ結果になります。"},
		Refs: []string{"RFC 9989 section 4.10", "RFC 7489 section 3.2"},
	},
}
