package render

import "github.com/todoku/todoku/internal/catalogue"

// labels are the words of the text form.
var labels = map[string]catalogue.Text{
	"pass":         {EN: "PASS", JA: "合格"},
	"fail":         {EN: "FAIL", JA: "不合格"},
	"warn":         {EN: "WARNING", JA: "注意"},
	"unknown":      {EN: "UNDECIDED", JA: "未確定"},
	"fix-first":    {EN: "Fix first: {text}", JA: "まず直すこと: {text}"},
	"improve":      {EN: "Better: {text}", JA: "改善点: {text}"},
	"next":         {EN: "Next: {text}", JA: "次にすること: {text}"},
	"from":         {EN: "From", JA: "差出人"},
	"subject":      {EN: "Subject", JA: "件名"},
	"date":         {EN: "Date", JA: "日付"},
	"envelope":     {EN: "Envelope", JA: "エンベロープ"},
	"time":         {EN: "Judged at", JA: "判定時刻"},
	"observed":     {EN: "observed", JA: "実際の接続"},
	"assumed":      {EN: "as given", JA: "指定された値"},
	"not-given":    {EN: "not known", JA: "不明"},
	"null-path":    {EN: "<> (null path)", JA: "<> (空の送信者)"},
	"host":         {EN: "Host", JA: "送信元"},
	"no-address":   {EN: "the sending address is not known", JA: "送信元アドレスは不明です"},
	"no-name":      {EN: "{ip} has no name", JA: "{ip} に逆引きはありません"},
	"unconfirmed":  {EN: "{ip} is named {names}, which does not resolve back", JA: "{ip} の逆引きは {names} ですが、正引きが一致しません"},
	"confirmed":    {EN: "{ip} is {names}, confirmed", JA: "{ip} は {names} (正引きも一致)"},
	"unchecked":    {EN: "not checked, the envelope is not known", JA: "未確認 (エンベロープが不明)"},
	"lookups":      {EN: "{n} of 10 look-ups", JA: "DNS 参照 {n}/10 回"},
	"voids":        {EN: "{n} empty", JA: "うち空の結果 {n} 回"},
	"by":           {EN: "by {term}", JA: "{term} による"},
	"explanation":  {EN: "the domain explains: {text}", JA: "ドメインによる説明: {text}"},
	"identity":     {EN: "(HELO)", JA: "(HELO)"},
	"record":       {EN: "record", JA: "レコード"},
	"unsigned":     {EN: "no signature", JA: "署名なし"},
	"bits":         {EN: "{n} bits", JA: "{n} ビット"},
	"no-chain":     {EN: "no chain", JA: "チェーンなし"},
	"sets":         {EN: "{n} sets, sealed by {sealers}", JA: "{n} セット、シール: {sealers}"},
	"sets-one":     {EN: "1 set, sealed by {sealers}", JA: "1 セット、シール: {sealers}"},
	"claims":       {EN: "{server} claims: {text}", JA: "{server} の記録: {text}"},
	"aligned":      {EN: "aligned ({mode})", JA: "一致 ({mode})"},
	"unaligned":    {EN: "not aligned ({mode})", JA: "不一致 ({mode})"},
	"policy-at":    {EN: "p={policy} of {domain}", JA: "{domain} の p={policy}"},
	"disposition":  {EN: "receivers are asked to: {policy}", JA: "受信側に求める処理: {policy}"},
	"no-policy":    {EN: "no record", JA: "レコードなし"},
	"no-envelope":  {EN: "not checked", JA: "未確認"},
	"org":          {EN: "organisation {domain}", JA: "組織ドメイン {domain}"},
	"old":          {EN: "by RFC 7489: {result}, policy of {domain}", JA: "RFC 7489 では: {result}、{domain} のポリシー"},
	"walk":         {EN: "tree walk from {domain}", JA: "{domain} からの探索"},
	"cards":        {EN: "Will they take the mail?", JA: "各社の受け入れ見込み"},
	"card-accept":  {EN: "accepts", JA: "受け入れる"},
	"card-at-risk": {EN: "at risk", JA: "届かないおそれ"},
	"card-reject":  {EN: "refuses", JA: "拒否する"},
	"card-unknown": {EN: "too little seen", JA: "情報不足"},
	"card-bulk":    {EN: "bulk senders: {verdict} ({rows})", JA: "大量送信者: {verdict} ({rows})"},
	"same-change":  {EN: "DNS: the change of {name} {type} given above cures this too", JA: "DNS: 上に示した {name} {type} の変更で、これも解消します"},
	"unseen":       {EN: "{n} not seen", JA: "未確認 {n} 件"},
	"score-of":     {EN: "Score: {value} of 100, having seen {coverage} % of what matters", JA: "スコア: 100 点中 {value} 点 (重要な項目の {coverage} % を確認)"},
	"provider":     {EN: "Provider", JA: "事業者"},
	"requirements": {EN: "Requirements", JA: "要件"},
	"check-title":  {EN: "Todoku: will the mail arrive?", JA: "Todoku: メールは届くか"},
	"accepted":     {EN: "Accepted: {reason}", JA: "承認済み: {reason}"},
	"info":         {EN: "NOTE", JA: "参考"},
	"todo":         {EN: "What to do", JA: "対応が必要なこと"},
	"notes":        {EN: "Good to know", JA: "参考情報"},
	"fine":         {EN: "What is fine", JA: "問題のない点"},
	"fix":          {EN: "Fix:", JA: "対策:"},
	"dns":          {EN: "DNS:", JA: "DNS:"},
	"add":          {EN: "add", JA: "追加"},
	"replace":      {EN: "replace", JA: "置き換え"},
	"remove":       {EN: "remove", JA: "削除"},
	"snippet":      {EN: "For {for}:", JA: "{for} の設定:"},
	"evidence":     {EN: "Seen:", JA: "根拠:"},
	"refs":         {EN: "See:", JA: "参照:"},
	"nothing":      {EN: "Nothing needs to be done.", JA: "対応が必要なことはありません。"},
	"trace":        {EN: "Evaluation", JA: "評価の過程"},
	"discovery":    {EN: "Discovery", JA: "ポリシーの探索"},
	"answers":      {EN: "DNS answers used", JA: "使用した DNS 応答"},
	"no-records":   {EN: "no record", JA: "レコードなし"},
	"match":        {EN: "match", JA: "一致"},
	"no-match":     {EN: "no match", JA: "不一致"},
	"error":        {EN: "error", JA: "エラー"},
	"cost":         {EN: "{n} look-ups", JA: "参照 {n} 回"},
	"cost-one":     {EN: "1 look-up", JA: "参照 1 回"},
}

// label gives a label in a language; a test makes sure that none is missing.
func label(lang, key string, pairs ...string) string {
	t, ok := labels[key]
	if !ok {
		return key
	}
	args := make(map[string]string, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		args[pairs[i]] = pairs[i+1]
	}
	return expand(t.In(lang), args)
}
