package cli

func init() { textsOf(warmupCommandTexts, warmupFlagTexts) }

var warmupCommandTexts = map[string]commandText{
	"warmup": {
		short:   text{EN: "Let a new address send a little more each day", JA: "新しい送信元からの送信量を少しずつ増やす"},
		long:    text{EN: "Plan how many messages a source address may send to each provider on each day, and hold or step back by what the delivery log says.", JA: "送信元 IP アドレスごとに、各メール事業者へ 1 日に送る件数を計画し、配送ログに応じて据え置いたり減らしたりします。"},
		example: same("  todoku warmup plan 192.0.2.1 gmail --target 50000 --days 30\n  todoku warmup read-log 192.0.2.1 /var/log/mail.log\n  todoku warmup status"),
	},
	"warmup plan": {
		args:    "SOURCE PROVIDER",
		short:   text{EN: "Begin a plan, or show its calendar", JA: "計画を始める、または予定を表示する"},
		long:    text{EN: "Begin a plan for a source address and a provider (gmail, yahoo, microsoft, apple, docomo ...; * for all without their own), and print what each day will allow if all goes well.\nA plan that is there is replaced by one that goes on from today's share. Milters know of it within a minute.\nWithout --table and --target the calendar of the present plan is printed. Days end at midnight UTC.", JA: "送信元 IP アドレスとメール事業者 (gmail、yahoo、microsoft、apple、docomo など。* は計画のないすべての事業者) の計画を始め、順調に進んだ場合の 1 日ごとの件数を表示します。\nすでに計画があれば、今日の件数から続く新しい計画に置き換えます。milter には 1 分以内に反映されます。\n--table も --target も指定しなければ、現在の計画の予定を表示します。日付は UTC で区切ります。"},
		example: same("  todoku warmup plan 192.0.2.1 gmail --table generic\n  todoku warmup plan 192.0.2.1 '*' --target 100000 --by 2027-01-15"),
	},
	"warmup status": {
		short:   text{EN: "Say where each plan is", JA: "計画の進み具合を表示する"},
		long:    text{EN: "Say of each plan its day, what was sent today, what the log says, what followed from the day before, and when it reaches its target; and the standing of each source address by its volume, blocklists and complaints.", JA: "計画ごとに、何日目か、今日の送信数、配送ログの集計、前日の結果、目標に達する見込みの日を表示します。送信元 IP アドレスの評価の目安も、送信量、ブロックリスト、苦情から表示します。"},
		example: same("  todoku warmup status --json"),
	},
	"warmup hold": {
		args:    "SOURCE PROVIDER",
		short:   text{EN: "Have a plan stay where it is, or go on", JA: "計画を据え置く、または再開する"},
		long:    text{EN: "Have a plan stay at today's share, until --release. Milters know of it within a minute.", JA: "--release を指定するまで、計画を今日の件数に据え置きます。milter には 1 分以内に反映されます。"},
		example: same("  todoku warmup hold 192.0.2.1 gmail --reason 'complaints'\n  todoku warmup hold 192.0.2.1 gmail --release"),
	},
	"warmup end": {
		args:    "SOURCE PROVIDER",
		short:   text{EN: "End a plan", JA: "計画を終了する"},
		long:    text{EN: "End a plan: nothing is bounded any more, unless there is a plan for all other providers (*). Milters know of it within a minute.", JA: "計画を終了し、送信量の制限をなくします。その他のメール事業者 (*) の計画があれば、それが適用されます。milter には 1 分以内に反映されます。"},
		example: same("  todoku warmup end 192.0.2.1 gmail"),
	},
	"warmup read-log": {
		args:    "SOURCE FILE...",
		short:   text{EN: "Take in what a mail log says", JA: "メールログの配送結果を取り込む"},
		long:    text{EN: "Read what is new in a log of Postfix, Exim or Sendmail since the last time, and count what became of deliveries today and in the last two hours. Run it every few minutes; files that the log was before it was rotated (mail.log.1, mail.log-20261126) are read to their end.\nTimes that name no zone are in that of this machine (TZ).", JA: "Postfix、Exim、Sendmail のログのうち前回以降の部分を読み取り、今日と直近 2 時間の配送結果を集計します。数分おきに実行してください。切り替え前のログファイル (mail.log.1、mail.log-20261126) も最後まで読み取ります。--mail-log で読み続けているログには必要ありません。\nタイムゾーンのない時刻は、このマシンのタイムゾーン (TZ) として扱います。"},
		example: same("  todoku warmup read-log 192.0.2.1 /var/log/mail.log"),
	},
}

var warmupFlagTexts = map[string]text{
	"warmup-table":   {EN: "a published plan, `NAME`: generic, sendgrid or ses", JA: "公表されている計画 `NAME`: generic、sendgrid、ses"},
	"warmup-target":  {EN: "how many messages a day the plan leads to, `N` (with --days or --by)", JA: "目標とする 1 日の件数 `N` (--days または --by と指定する)"},
	"warmup-days":    {EN: "in how many days, `N`", JA: "目標に達するまでの日数 `N`"},
	"warmup-by":      {EN: "by which day, `DATE`", JA: "目標に達する日 `DATE`"},
	"warmup-reason":  {EN: "why it is held, `TEXT`", JA: "据え置く理由 `TEXT`"},
	"warmup-release": {EN: "have the plan go on", JA: "計画を再開する"},
}

var (
	msgVolume        = text{EN: "Sent from {source} (counted by the milter): {today} today, {paced} put off, {mean} a day in the month before. Standing: {standing}. {reason}", JA: "{source} からの送信 (milter の集計): 今日 {today} 通、計画による一時的な拒否 {paced} 通、直近 30 日の平均 1 日 {mean} 通。評価の目安: {standing}。{reason}"}
	msgVolumeNowhere = text{EN: "an address that is not known", JA: "不明なアドレス"}

	msgWarmupPair    = text{EN: "name the source address and the provider: 192.0.2.1 gmail", JA: "送信元 IP アドレスとメール事業者を指定してください: 192.0.2.1 gmail"}
	msgNoWarmup      = text{EN: "there is no plan of that source and provider (see: todoku warmup status)", JA: "その送信元とメール事業者の計画はありません (todoku warmup status で確認できます)"}
	msgNoWarmups     = text{EN: "There are no plans.", JA: "計画はありません。"}
	msgUnbounded     = text{EN: "no bound", JA: "制限なし"}
	msgPlanOver      = text{EN: "plan {plan} is over; {granted} sent today", JA: "計画 {plan} は終了。今日の送信 {granted} 通"}
	msgPlanDay       = text{EN: "plan {plan}, day {day} of {days}; {granted} of {allowed} sent today", JA: "計画 {plan}、{days} 日中 {day} 日目。今日の送信 {granted} / {allowed} 通"}
	msgPlanLog       = text{EN: "the log: {delivered} delivered, {deferred} put off, {refused} refused for volume or reputation", JA: "配送ログ: 配送 {delivered} 通、送信量や評価による一時的な拒否 {deferred} 通、拒否 {refused} 通"}
	msgPlanHeld      = text{EN: "held: {why}", JA: "据え置き中: {why}"}
	msgPlanSilent    = text{EN: "nothing is sent until {time}: the provider asked for silence", JA: "メール事業者の制限により、{time} まで送信を止めています"}
	msgPlanOpen      = text{EN: "at most {n} {n:connection|connections} at one time for now", JA: "当面、同時接続は {n} 本までです"}
	msgPlanThen      = text{EN: "{date}: {then}", JA: "{date}: {then}"}
	msgPlanStanding  = text{EN: "standing: {standing}. {reason}", JA: "評価の目安: {standing}。{reason}"}
	msgPlanAim       = text{EN: "if all goes well it allows {target} {target:message|messages} a day on {date}", JA: "順調に進めば {date} に 1 日 {target} 通に達します"}
	msgWarmupLog     = text{EN: "name the source address and the log: 192.0.2.1 /var/log/mail.log", JA: "送信元 IP アドレスとログファイルを指定してください: 192.0.2.1 /var/log/mail.log"}
	msgPlanIs        = text{EN: "{source} to {provider}: plan {plan}, day {day} of {days}; {granted} of {share} sent today. If all goes well:", JA: "{source} から {provider}: 計画 {plan}、{days} 日中 {day} 日目。今日の送信 {granted} / {share} 通。順調に進んだ場合の予定:"}
	msgPlanNow       = text{EN: "{source} to {provider}: plan {plan}, day {day} of {days}; {granted} of {share} sent today.", JA: "{source} から {provider}: 計画 {plan}、{days} 日中 {day} 日目。今日の送信 {granted} / {share} 通。"}
	msgSilentNow     = text{EN: "Nothing is sent until {time}: the provider asked for silence.", JA: "メール事業者の制限により、{time} まで送信を止めています。"}
	msgPlanHour      = text{EN: "at most {n} in each hour", JA: "1 時間に {n} 通まで"}
	msgHourly        = text{EN: "{n} an hour", JA: "1 時間 {n} 通"}
	msgHeldNow       = text{EN: "{source} to {provider} stays at {share} {share:message|messages} a day until --release.", JA: "{source} から {provider} への送信を、--release を指定するまで 1 日 {share} 通に据え置きます。"}
	msgHeldWhy       = text{EN: "{source} to {provider} stays at {share} {share:message|messages} a day until --release. Reason: {why}", JA: "{source} から {provider} への送信を、--release を指定するまで 1 日 {share} 通に据え置きます。理由: {why}"}
	msgGoesOn        = text{EN: "{source} to {provider} goes on: {granted} of {share} {share:message|messages} sent today; {aim}.", JA: "{source} から {provider} への計画を再開しました。今日の送信 {granted} / {share} 通。{aim}。"}
	msgOverNow       = text{EN: "{source} to {provider}: plan {plan} is over; nothing is bounded.", JA: "{source} から {provider}: 計画 {plan} は終了しており、制限はありません。"}
	msgEnded         = text{EN: "The plan of {source} to {provider} has ended: nothing bounds what is sent there any more.", JA: "{source} から {provider} への計画を終了しました。送信量の制限はなくなります。"}
	msgEndedBound    = text{EN: "The plan of {source} to {provider} has ended: the plan for all other providers counts there now.", JA: "{source} から {provider} への計画を終了しました。今後は、その他のメール事業者の計画が適用されます。"}
	msgLogOld        = text{EN: "{file}: {n} {n:delivery more is|deliveries more are} neither of today (UTC) nor of the last two hours, and {n:says|say} nothing of the plan. Times without a zone are read as {zone} (TZ).", JA: "{file}: ほかの {n} 件は今日 (UTC) の配送でも直近 2 時間の配送でもないため、計画に反映しません。タイムゾーンのない時刻は {zone} (TZ) として扱います。"}
	msgLogNoPlan     = text{EN: "{source} has no plan: nothing was counted. Is it the address that mail goes out from? (see: todoku warmup status)", JA: "{source} の計画がないため、何も数えていません。送信元 IP アドレスが正しいか確認してください (todoku warmup status で計画を確認できます)。"}
	msgReleaseReason = text{EN: "--reason says why a plan is held; it does not go with --release", JA: "--reason は据え置く理由です。--release と同時には指定できません"}
	msgLogRead       = text{EN: "{file}: {n} {n:delivery|deliveries}", JA: "{file}: 配送結果 {n} 件"}
)
