package warmup

import "github.com/todoku/todoku/internal/catalogue"

type text = catalogue.Text

// What a standing rests on.
var (
	saysListed      = text{EN: "Blocklists that many receivers use have the address: {lists}.", JA: "多くの受信側が参照するブロックリストに登録されています: {lists}。"}
	saysNoted       = text{EN: "Lists that few receivers use, or that only note how an address is meant to be used, have it: {lists}.", JA: "参照する受信側が少ないリスト、または IP アドレスの用途を示すリストに登録されています: {lists}。"}
	saysClean       = text{EN: "No blocklist has the address ({count} answered).", JA: "ブロックリスト {count} 件のいずれにも登録されていません。"}
	saysNoLists     = text{EN: "What blocklists say is not known.", JA: "ブロックリストの登録状況は不明です。"}
	saysComplaints  = text{EN: "{count} {count:complaint|complaints} about {of} {of:message|messages} in thirty days {count:is|are} {rate} %; Gmail wants less than 0.1 %, and never 0.3 %.", JA: "直近 30 日の苦情は {of} 通に対して {count} 件 ({rate} %) です。Gmail は 0.1 % 未満に抑え、0.3 % 以上にしないよう求めています。"}
	saysContent     = text{EN: "{count} {count:complaint|complaints} about {of} {of:message|messages} in thirty days {count:is|are} {rate} %, below the 0.1 % that Gmail asks for.", JA: "直近 30 日の苦情は {of} 通に対して {count} 件 ({rate} %) で、Gmail が求める 0.1 % を下回っています。"}
	saysFewFeedback = text{EN: "{count} {count:complaint|complaints} about {of} {of:message|messages} in thirty days: too few messages to judge by.", JA: "直近 30 日の苦情は {of} 通に対して {count} 件です。件数が少なく、判断できません。"}
	saysNoFeedback  = text{EN: "No complaints are known.", JA: "苦情の情報はありません。"}
	saysFew         = text{EN: "Below 1,000 messages a day ({mean} on average in thirty days, {today} today) a source is too small to have a standing.", JA: "1 日の送信が 1,000 通未満 (直近 30 日の平均 {mean} 通、今日 {today} 通) で、評価が定まる送信量ではありません。"}
	saysChange      = text{EN: "Today's {today} messages are {change} % more than the mean of thirty days ({mean} a day): a sudden rise draws attention.", JA: "今日の送信量 ({today} 通) は直近 30 日の平均 (1 日 {mean} 通) より {change} % 多く、急増とみなされるおそれがあります。"}
	saysSteady      = text{EN: "Today's {today} {today:message is|messages are} in keeping with the mean of thirty days ({mean} a day).", JA: "今日の送信量 ({today} 通) は、直近 30 日の平均 (1 日 {mean} 通) に見合っています。"}
)

// Followed says what followed from a day, by the words of [Day].
var Followed = map[string]catalogue.Text{
	Advanced:   {EN: "all went well; the next day allows more", JA: "順調だったため、翌日の件数を増やしました"},
	StayedHeld: {EN: "held", JA: "据え置きました"},
	StayedFew:  {EN: "too little was sent to learn from; the same share again", JA: "送信数が少なく判断できないため、同じ件数にしました"},
	StayedSlow: {EN: "the provider put off too much; the same share again", JA: "一時的な拒否が多かったため、同じ件数にしました"},
	SteppedBk:  {EN: "the provider refused or put off too much; a step back", JA: "拒否が多かったため、件数を 1 段階減らしました"},
	Restarted:  {EN: "nothing was sent for a month; from the beginning", JA: "1 か月送信がなかったため、最初からやり直します"},
	Finished:   {EN: "the plan is over", JA: "計画は終了しています"},
	// What today, and a day to come, are.
	Going:    {EN: "today: the plan goes on", JA: "今日: 計画どおり進行中"},
	Full:     {EN: "today: the share is used up", JA: "今日: 件数を使い切りました"},
	OnHold:   {EN: "held at this share", JA: "この件数に据え置き中"},
	InQuiet:  {EN: "today: nothing is sent for a while, as the provider asked", JA: "今日: メール事業者の制限により送信を止めています"},
	Ahead:    {EN: "expected, if all goes well", JA: "順調に進んだ場合の予定"},
	AfterEnd: {EN: "no bound any more", JA: "制限なし"},
}

// Everyone is how the provider "*" is called.
var Everyone = catalogue.Text{EN: "all other providers", JA: "その他のメール事業者"}

// NoSource and the others say what is wrong with a request.
var (
	NoSource   = text{EN: "This is not an IP address.", JA: "IP アドレスではありません。"}
	NoProvider = text{EN: "This provider is not known. Write gmail, yahoo, microsoft, apple, docomo ... or *.", JA: "知らないメール事業者です。gmail、yahoo、microsoft、apple、docomo など、または * を指定してください。"}
	badChoice  = text{EN: "Choose a published plan, or a target with either a number of days or a date.", JA: "公表されている計画を選ぶか、目標の件数と、日数または期日のどちらか一方を指定してください。"}
	badTable   = text{EN: "There is no such published plan: choose generic, sendgrid or ses.", JA: "そのような計画はありません。generic、sendgrid、ses のいずれかを選んでください。"}
	badDay     = text{EN: "Write the date as 2027-01-15.", JA: "期日は 2027-01-15 の形で指定してください。"}
	badTarget  = text{EN: "A plan has a target of 1 to 100000000 messages a day and 1 to 365 days.", JA: "目標は 1 日 1 通から 100000000 通、期間は 1 日から 365 日の範囲で指定してください。"}
	farDay     = text{EN: "The date is from {first} (today, in UTC) to {last}.", JA: "期日は {first} (UTC の今日) から {last} の間で指定してください。"}
	tooFast    = text{EN: "The volume would more than double from a day to the next: from {from} to {target} messages a day it takes {days} days at least.", JA: "1 日ごとの増加が 2 倍を超えます。1 日 {from} 通から {target} 通に増やすには {days} 日以上が必要です。"}
	tooMany    = text{EN: "There may be at most {count} plans.", JA: "計画は {count} 件までです。"}
	badReason  = text{EN: "The reason has at most 200 characters.", JA: "理由は 200 文字以内で入力してください。"}
)
