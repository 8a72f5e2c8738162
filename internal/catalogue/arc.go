package catalogue

var arcEntries = []Entry{
	{
		ID: "arc.pass", Status: Pass, Rank: rankContext,
		Title:  Text{"The ARC chain is valid ({instances} sets, last sealed by {sealer})", "ARC チェーンは有効です ({instances} セット、最後のシールは {sealer})"},
		Detail: Text{"Each relay that sealed the message vouches for what it saw. What that is worth depends on whether the receiver trusts {sealer}.", "シールを付けた各中継サーバーが、受信時の認証結果を記録しています。それが考慮されるかどうかは、受信側が {sealer} を信頼しているかどうかによります。"},
		Refs:   []string{"RFC 8617 section 5.2"},
	},
	{
		ID: "arc.fail", Status: Warn, Rank: rankContext,
		Title:  Text{"The ARC chain is broken", "ARC チェーンが壊れています"},
		Detail: Text{"Receivers ignore a broken chain; whatever a relay vouched for is lost. The evidence says where it breaks.", "壊れたチェーンは受信側に無視され、中継サーバーが記録した認証結果は使われません。壊れている箇所は「根拠」に示しています。"},
		Fix:    Text{"The relay that changed the message after the last seal has to seal it (again), or leave it unchanged.", "最後のシールの後にメールを変更した中継サーバーで、改めてシールを付けるか、変更しないように設定する必要があります。"},
		Refs:   []string{"RFC 8617 section 5.2"},
	},
	{
		ID: "arc.dns-failure", Status: Unknown, Rank: rankContext,
		Title:  Text{"The ARC chain could not be checked: a key could not be looked up", "ARC チェーンを検証できませんでした: 公開鍵を取得できません"},
		Detail: Text{"By RFC 8617 the chain counts as failed, but DNS was at fault and not the mail.", "RFC 8617 の規定ではチェーンは fail になりますが、原因は DNS であり、メールではありません。"},
		Fix:    Text{"Try again later.", "時間をおいてもう一度お試しください。"},
		Refs:   []string{"RFC 8617 section 5.2"},
	},
	{
		ID: "arc.could-override", Status: Info, Rank: rankContext,
		Title: Text{"A receiver that trusts {sealer} may accept this message in spite of DMARC", "{sealer} を信頼する受信側は、DMARC の結果にかかわらず受け入れることがあります"},
		Detail: Text{
			"The valid ARC chain says that DMARC passed at {sealer} before the message was changed. A receiver may use that as a local override; it never changes the DMARC result itself. Gmail dropped ARC from its guidelines in March 2026; Apple and Yahoo still ask forwarders for it.",
			"有効な ARC チェーンは、変更される前に {sealer} で DMARC が pass だったことを示しています。受信側は独自の判断でこれを使うことがありますが、DMARC の結果そのものは変わりません。Gmail は 2026 年 3 月にガイドラインから ARC を削除しました。Apple と Yahoo は現在も転送を行うサーバーに ARC を求めています。",
		},
		Fix:  Text{"Do not rely on it: a list that leaves signed content alone, or rewrites From to its own domain, arrives everywhere.", "これだけに頼らないでください。署名された内容を変更しないか、From をリスト自身のドメインに書き換えるメーリングリストであれば、どこにでも届きます。"},
		Refs: []string{"RFC 8617 section 7.2.1", "RFC 9989 section 5.4", "https://support.google.com/a/answer/81126", "https://support.apple.com/102322", "https://senders.yahooinc.com/best-practices"},
	},
}
