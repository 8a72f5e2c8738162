package cli

import (
	"github.com/spf13/pflag"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/fetch"
	"github.com/todoku/todoku/internal/serve"
	"github.com/todoku/todoku/internal/sns"
	"github.com/todoku/todoku/internal/warmup"
)

// sesFlags are those of events of Amazon SES.
type sesFlags struct {
	topics []string
	source string
	volume bool
}

func (f *sesFlags) add(fl *pflag.FlagSet, a *app) {
	fl.StringArrayVar(&f.topics, "ses-topic", nil, a.flagText("ses-topic"))
	fl.StringVar(&f.source, "ses-source", "", a.flagText("events-source"))
	fl.BoolVar(&f.volume, "ses-count-volume", false, a.flagText("events-volume"))
}

// config gives what the flags say, nil where no topic is named.
func (f *sesFlags) config(a *app, r dns.Resolver, private []string) (*serve.SESConfig, error) {
	if len(f.topics) == 0 {
		if f.source != "" || f.volume {
			return nil, usagef("%s", a.say(msgNeedFlag, "flag", "ses-topic"))
		}
		return nil, nil
	}
	c := &serve.SESConfig{Topics: f.topics, EventOptions: warmup.EventOptions{Volume: f.volume}}
	for _, t := range f.topics {
		if !sns.ValidTopic(t) {
			return nil, usagef("%s", a.say(msgBadTopic, "value", t))
		}
	}
	if f.source != "" {
		source, err := warmup.Source(f.source)
		if err != nil {
			return nil, usagef("--ses-source: %s", warmup.NoSource.In(a.lang))
		}
		c.Source = source
	}
	dialer, err := a.dialer(r, private)
	if err != nil {
		return nil, err
	}
	c.Client = fetch.NewClient(dialer, fetch.HTTPConfig{MaxBody: 64 << 10})
	return c, nil
}

var msgBadTopic = text{EN: "--ses-topic: {value} is not the ARN of a topic (arn:aws:sns:REGION:ACCOUNT:NAME)", JA: "--ses-topic: {value} は SNS トピックの ARN ではありません (arn:aws:sns:リージョン:アカウント:名前)"}

func init() {
	textsOf(nil, map[string]text{
		"ses-topic": {EN: "take events of Amazon SES that the topic `ARN` of Amazon SNS posts to /hooks/ses, for warm-up plans and complaints; repeatable", JA: "Amazon SNS のトピック `ARN` が /hooks/ses に送る Amazon SES のイベントを受け取り、ウォームアップの計画と苦情の集計に使う (複数指定可)"},
	})
}
