package cli

import (
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/todoku/todoku/internal/filter"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/serve"
	"github.com/todoku/todoku/internal/warmup"
)

// paceFlags are those of pacing and mending outgoing mail.
type paceFlags struct {
	sources, first, logs             []string
	header, away, freemail, database string
	date, messageID                  bool
	keepEvents                       days
}

func (f *paceFlags) add(fl *pflag.FlagSet, a *app, prefix string) {
	fl.StringArrayVar(&f.sources, prefix+"outgoing-address", nil, a.flagText("outgoing-address"))
	fl.StringArrayVar(&f.logs, prefix+"mail-log", nil, a.flagText("mail-log"))
	fl.StringArrayVar(&f.first, prefix+"pace-first", nil, a.flagText("pace-first"))
	fl.StringVar(&f.header, prefix+"pace-first-header", "", a.flagText("pace-first-header"))
	fl.StringVar(&f.away, prefix+"pace-away", "accept", a.flagText("pace-away"))
	f.keepEvents = days(14 * 24 * time.Hour)
	fl.Var(&f.keepEvents, prefix+"keep-events", a.flagText("keep-events"))
	fl.BoolVar(&f.date, prefix+"add-date", false, a.flagText("add-date"))
	fl.BoolVar(&f.messageID, prefix+"add-message-id", false, a.flagText("add-message-id"))
	fl.StringVar(&f.freemail, prefix+"freemail-from", "accept", a.flagText("freemail-from"))
}

// apply puts what the flags say into settings.
func (f *paceFlags) apply(a *app, s *filter.Settings, both bool, prefix string) error {
	s.Mends = filter.Mends{Date: f.date || both, MessageID: f.messageID || both}
	switch f.freemail {
	case "accept":
	case "warn":
		s.Mends.Freemail = filter.Tag
	case "reject":
		s.Mends.Freemail = filter.Reject
	default:
		return usagef("%s", a.say(msgOneOf, "flag", prefix+"freemail-from", "value", f.freemail, "words", "accept, warn, reject"))
	}
	if f.away != "accept" && f.away != "defer" {
		return usagef("%s", a.say(msgOneOf, "flag", prefix+"pace-away", "value", f.away, "words", "accept, defer"))
	}
	first, err := filter.ParsePatterns(f.first)
	if err != nil {
		return usagef("%v", a.saidError("--"+prefix+"pace-first", err))
	}
	p := &filter.Pacing{First: first}
	name, value, _ := strings.Cut(f.header, ":")
	p.Header = [2]string{strings.TrimSpace(name), strings.TrimSpace(value)}
	for _, text := range f.sources {
		source, err := filter.ParseSource(text)
		if err != nil {
			return usagef("%v", a.saidError("--"+prefix+"outgoing-address", err))
		}
		if len(p.Sources) > 0 && p.Sources[len(p.Sources)-1].Pattern == "" {
			a.complain(a.say(msgPaceNever, "flag", prefix+"outgoing-address", "value", text))
			continue
		}
		p.Sources = append(p.Sources, source)
	}
	s.Pacing = p
	return nil
}

// mailLogs reads [ADDRESS=]FILE.
func (f *paceFlags) mailLogs(a *app, prefix string) ([]serve.MailLog, error) {
	only := ""
	for i, text := range f.sources {
		s, err := filter.ParseSource(text)
		if err != nil || !s.Addr.IsValid() || i > 0 && s.Addr.String() != only {
			only = ""
			break
		}
		only = s.Addr.String()
	}
	var out []serve.MailLog
	for _, text := range f.logs {
		l := serve.MailLog{Source: only, Name: text}
		if addr, name, ok := strings.Cut(text, "="); ok {
			if source, err := warmup.Source(addr); err == nil {
				l = serve.MailLog{Source: source, Name: name}
			}
		}
		if l.Source == "" || l.Name == "" {
			return nil, usagef("%s", a.say(msgMailLog, "flag", prefix+"mail-log", "value", render.Printable(text)))
		}
		out = append(out, l)
	}
	return out, nil
}

var msgPaceDatabase = text{EN: "--outgoing-address needs --database, where the plans of todoku warmup are", JA: "--outgoing-address には、todoku warmup の計画を保存した --database が必要です"}

var msgPaceNever = text{EN: "--{flag} {value} is never used: the one before it is for all senders; write those with a PATTERN first", JA: "--{flag} {value} は使われません。この前にすべての送信者に当てはまる指定があります。PATTERN 付きの指定を先に書いてください"}

var msgMailLog = text{EN: "--{flag} {value}: write ADDRESS=FILE, as no single --outgoing-address says from which address the mail of this log went", JA: "--{flag} {value}: どの送信元 IP アドレスのログか --outgoing-address から決まらないため、ADDRESS=FILE の形で指定してください"}

func init() {
	textsOf(nil, map[string]text{
		"outgoing-address":  {EN: "pace mail that goes out from `ADDRESS` by its warm-up plan; PATTERN=ADDRESS for senders that fit, daemon for the address at which the mail server took it", JA: "送信元 IP アドレス `ADDRESS` からのメールをウォームアップの計画に従って送る。PATTERN=ADDRESS で送信者ごとに指定でき、daemon はメールサーバーが受け付けたアドレスを表す"},
		"mail-log":          {EN: "follow the mail server's log, `FILE` (Postfix, Exim, Sendmail), by which plans go on, stay or fall silent; ADDRESS=FILE where there are several outgoing addresses", JA: "メールサーバーのログ `FILE` (Postfix、Exim、Sendmail) を読み続け、計画を進めたり据え置いたりする。送信元 IP アドレスが複数あれば ADDRESS=FILE とする"},
		"pace-first":        {EN: "mail whose sender or From fits `PATTERN` may use a day's whole share (bounces always may)", JA: "送信者または From が `PATTERN` に合うメールは、1 日の件数をすべて使える (バウンスは常に使える)"},
		"pace-first-header": {EN: "so may mail with the field `NAME: VALUE`", JA: "ヘッダー `NAME: VALUE` のあるメールも同様に扱う"},
		"pace-away":         {EN: "what becomes of paced mail while the database is away: `ACTION` is accept (it goes, and is counted later) or defer", JA: "データベースに接続できない間の扱い: `ACTION` は accept (送って後で数える) または defer (一時的に断る)"},
		"add-date":          {EN: "add Date to mail of yours that lacks it", JA: "自分のメールに Date がなければ付ける"},
		"add-message-id":    {EN: "add Message-ID to mail of yours that lacks it", JA: "自分のメールに Message-ID がなければ付ける"},
		"freemail-from":     {EN: "mail of your users whose From is at gmail.com and the like: `ACTION` is accept, warn (in the log) or reject", JA: "利用者のメールの From が gmail.com などのフリーメールのときの扱い: `ACTION` は accept、warn (ログに警告)、reject (断る)"},
		"keep-events":       {EN: "keep for `DURATION` what became of each message, for todoku milter why (0: not at all)", JA: "各メールの扱いの記録を残す期間 `DURATION`。todoku milter why で調べられる (0 なら残さない)"},
		"milter-database":   {EN: "the `DATABASE` of todoku serve and todoku warmup (a SQLite file or postgres://...), for pacing and to keep what became of messages, and with a master key for its keys, which sign", JA: "todoku serve や todoku warmup と共有する `DATABASE` (SQLite のファイルまたは postgres://...)。送信ペースの調整と記録に使い、マスター鍵があればその鍵で署名する"},
	})
}
