package catalogue

// filterEntries are about what a spam filter says that the user asked to be asked.
var filterEntries = []Entry{
	{
		ID: "message.spamfilter-ham", Status: Info, Rank: rankContext,
		Title:  Text{"{filter} does not take the message for spam", "{filter} は迷惑メールと判定しませんでした"},
		Detail: Text{"This is the opinion of the filter that you named. Receivers have rules of their own, and know your reputation: it promises no inbox.", "指定されたフィルターの判断です。受信側は独自の規則と送信者の評価で判断するため、迷惑メールフォルダーに入らないことを保証するものではありません。"},
		Refs:   []string{"https://rspamd.com/doc/developers/protocol.html", "https://spamassassin.apache.org/"},
	},
	{
		ID: "message.spamfilter-spam", Status: Warn, Rank: rankContext,
		Title:  Text{"{filter} takes the message for spam", "{filter} は迷惑メールと判定しました"},
		Detail: Text{"This is the opinion of the filter that you named, and no verdict of the receivers; but many of them look at the same things. The rules that weighed most are shown with their scores.", "指定されたフィルターの判断で、受信側の判定ではありません。ただし、多くの受信側が同じような点を調べます。影響の大きいルールを、スコアとともに示しています。"},
		Fix:    Text{"Begin with the rules of the highest score: mend what they name, and ask again.", "スコアの高いルールから順に、指摘された点を直して、もう一度確認してください。"},
		Refs:   []string{"https://rspamd.com/doc/developers/protocol.html", "https://spamassassin.apache.org/"},
	},
	{
		ID: "message.spamfilter-unknown", Status: Unknown, Rank: rankContext,
		Title:  Text{"{filter} gave no verdict", "{filter} の判定を得られませんでした"},
		Detail: Text{"It could not be asked, or did not look at the message. That says nothing about the message.", "フィルターに問い合わせできなかったか、フィルターがメールを調べませんでした。メールの問題を示すものではありません。"},
		Fix:    Text{"See that the filter is running and that its address and port are right, then ask again.", "フィルターが動作していること、アドレスとポートが正しいことを確かめて、もう一度実行してください。"},
		Refs:   []string{"https://rspamd.com/doc/developers/protocol.html", "https://spamassassin.apache.org/"},
	},
}
