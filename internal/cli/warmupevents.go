package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/internal/receiver"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/ses"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/warmup"
)

func (a *app) warmupEventsCommand() *cobra.Command {
	var database string
	var o warmup.EventOptions
	c := a.command("warmup events", func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("%s", a.say(msgWarmupEvents))
		}
		if o.Source != "" {
			source, err := warmup.Source(o.Source)
			if err != nil {
				return usagef("--source: %s", warmup.NoSource.In(a.lang))
			}
			o.Source = source
		}
		r, err := a.newResolver()
		if err != nil {
			return err
		}
		o.Receivers = receiver.New(r, nil)
		return a.withStore(c.Context(), database, func(st *store.Store) error {
			var all warmup.Taken
			var failed error
			for _, name := range args {
				taken, err := a.takeEvents(c, st, name, o)
				all.Add(taken)
				if err != nil { // what came before it is counted, and is known the next time
					failed = lookError{err}
					break
				}
			}
			if failed != nil && all == (warmup.Taken{}) {
				return failed // nothing was taken in
			}
			return errors.Join(a.show(all, func(w io.Writer, _ render.TextOptions) error { return a.writeTaken(w, all) }), failed)
		})
	})
	a.databaseFlag(c, &database)
	c.Flags().StringVar(&o.Source, "source", "", a.flagText("events-source"))
	c.Flags().BoolVar(&o.Volume, "count-volume", false, a.flagText("events-volume"))
	return c
}

// takeEvents takes in the events of a file, or of standard input.
func (a *app) takeEvents(c *cobra.Command, st *store.Store, name string, o warmup.EventOptions) (all warmup.Taken, err error) {
	in := a.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return all, a.fileError(name, err)
		}
		defer f.Close()
		in = f
	}
	others, err := ses.Read(in, func(list []ses.Event) error {
		taken, err := warmup.TakeEvents(c.Context(), st, list, o, a.globals.now)
		all.Add(taken)
		return err
	})
	if all.NoSource > 0 {
		fmt.Fprintln(a.Err, a.say(msgNoSource, "file", name, "n", strconv.Itoa(all.NoSource)))
	}
	if others > 0 {
		fmt.Fprintln(a.Err, a.say(msgNoEvents, "file", name, "n", strconv.Itoa(others)))
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return all, err
}

func (a *app) writeTaken(w io.Writer, t warmup.Taken) error {
	n := strconv.Itoa
	_, err := fmt.Fprintln(w, a.say(msgTaken, "events", n(t.Events), "repeated", n(t.Repeated), "old", n(t.Old), "delivered", n(t.Delivered), "deferred", n(t.Deferred), "refused", n(t.Refused), "complaints", n(t.Complaints)))
	return err
}

func init() {
	textsOf(map[string]commandText{
		"warmup events": {
			args:  "FILE...|-",
			short: text{EN: "Take in what Amazon SES says became of mail", JA: "Amazon SES の配送結果を取り込む"},
			long: text{
				EN: "Read events of Amazon SES (Delivery, Bounce, Complaint, DeliveryDelay ...) as JSON, one after the other or in an array, bare or as Amazon SNS wraps them, and count what became of deliveries, and complaints. An event is counted once, however often it is read. Outcomes count for today's plan, complaints for their own day (of the last month).\nTo have them come by themselves, see --ses-topic of todoku serve, and docs/warmup.md.",
				JA: "Amazon SES のイベント (Delivery、Bounce、Complaint、DeliveryDelay など) を JSON で読み取り、配送結果と苦情を集計します。1 件ずつ並んだ形式でも配列でもよく、Amazon SNS で包まれたままでも読み取れます。同じイベントは何度読み取っても 1 回だけ数えます。配送結果は今日の計画に、苦情は発生した日 (直近 1 か月) に数えます。\n自動で受け取るには、todoku serve の --ses-topic と docs/warmup.md をご覧ください。",
			},
			example: same("  todoku warmup events events.json\n  aws s3 cp s3://my-bucket/ses/2026-11-26.json - | todoku warmup events --source 192.0.2.1 -"),
		},
	}, map[string]text{
		"events-source": {EN: "the source address `ADDRESS` of events that name none (only Delivery events of a configuration set do)", JA: "送信元 IP アドレスが書かれていないイベント (書かれているのは設定セットの Delivery だけ) に使うアドレス `ADDRESS`"},
		"events-volume": {EN: "count deliveries as volume, too; not for mail that passes the milter, which counts it", JA: "配送数を送信量としても数える。milter を通るメールは milter が数えるため、指定しない"},
	})
}

var (
	msgWarmupEvents = text{EN: "name files with events, or - for standard input", JA: "イベントのファイルを指定してください (標準入力は -)"}
	msgTaken        = text{
		EN: "{events} {events:event|events} ({repeated} more {repeated:was|were} known, {old} too old): {delivered} delivered, {deferred} put off and {refused} refused for volume or reputation, {complaints} {complaints:complaint|complaints}",
		JA: "イベント {events} 件 (既知 {repeated} 件、古すぎるもの {old} 件は除く): 配送 {delivered} 通、送信量や評価による一時的な拒否 {deferred} 通、拒否 {refused} 通、苦情 {complaints} 件",
	}
	msgNoSource = text{
		EN: "{file}: {n} {n:refusal or delay names|refusals and delays name} no source address, and no plan heard of {n:it|them}: read the file again with --source (what was counted is not counted again)",
		JA: "{file}: 拒否や遅延のイベント {n} 件には送信元 IP アドレスがなく、計画に反映していません。--source を指定してもう一度読み取ってください (集計済みのイベントは二重に数えません)",
	}
	msgNoEvents = text{EN: "{file}: {n} {n:entry is no event|entries are no events} of Amazon SES", JA: "{file}: Amazon SES のイベントではないものが {n} 件ありました"}
)
