package cli

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/traffic"
)

// mostWhy is how many messages milter why shows at most.
const mostWhy = 1000

// milterWhyCommand answers "why was this refused?".
func (a *app) milterWhyCommand() *cobra.Command {
	var database string
	var limit int
	c := a.command("milter why", func(c *cobra.Command, args []string) error {
		if len(args) != 1 || strings.TrimSpace(args[0]) == "" || limit < 1 || limit > mostWhy {
			return usagef("%s", a.say(msgWhyUsage))
		}
		return a.withStore(c.Context(), database, func(st *store.Store) error {
			list, err := st.MailEvents(c.Context(), args[0], limit)
			if err != nil {
				return lookError{err}
			}
			if len(list) == 0 {
				return lookError{errors.New(a.say(msgWhyNothing, "name", render.Printable(args[0])))}
			}
			return a.show(map[string]any{"events": list}, func(w io.Writer, _ render.TextOptions) error {
				for i := range list {
					if i > 0 {
						fmt.Fprintln(w)
					}
					a.writeEvent(w, &list[i])
				}
				return nil
			})
		})
	})
	a.databaseFlag(c, &database)
	c.Flags().IntVar(&limit, "limit", 10, a.flagText("why-limit"))
	return c
}

// writeEvent tells what became of a message, what was found, and why.
func (a *app) writeEvent(w io.Writer, e *store.MailEvent) {
	p := render.Printable
	way := msgWhyIn
	if e.Outgoing {
		way = msgWhyOut
	}
	fmt.Fprintf(w, "%s  %s\n", minute(e.At), a.say(way, "queue", p(e.Queue)))
	line := func(t text, args ...string) { fmt.Fprintln(w, "  "+a.say(t, args...)) }
	line(traffic.Done(e))
	to := p(strings.Join(e.Rcpts, ", "))
	if more := e.RcptCount - len(e.Rcpts); more > 0 {
		to += " (+" + strconv.Itoa(more) + ")"
	}
	line(msgWhyEnvelope, "from", "<"+p(e.MailFrom)+">", "to", to)
	client := e.Client
	if client == "" {
		client = "-"
	}
	if e.User == "" {
		line(msgWhyClient, "client", client, "helo", p(e.HELO))
	} else {
		line(msgWhyUser, "client", client, "helo", p(e.HELO), "user", p(e.User))
	}
	line(msgWhyHeader, "author", p(e.Author), "id", p(e.MessageID))
	found := traffic.Found(e).In(a.lang)
	if found != "" {
		fmt.Fprintln(w, "  "+p(found))
	}
	if e.Reason != "" && !strings.HasSuffix(strings.TrimSuffix(strings.TrimSuffix(found, "."), "。"), traffic.Say(e.Reason, a.lang)) {
		line(msgWhyReason, "reason", p(traffic.Say(e.Reason, a.lang)))
	}
	if e.Override != "" {
		line(msgWhyOverride, "type", e.Override, "why", p(traffic.Say(e.Comment, a.lang)))
	}
	if e.Results != "" {
		line(msgWhyResults, "results", p(e.Results))
	}
	if len(e.Signed) > 0 {
		line(msgWhySigned, "keys", p(strings.Join(e.Signed, ", ")))
	}
	for _, f := range e.Findings {
		fmt.Fprintf(w, "  %s: %s\n", p(f[0]), p(traffic.Say(f[1], a.lang)))
	}
}

var (
	msgWhyUsage    = text{EN: "name one queue ID, Message-ID, address or domain, and a --limit of 1 to 1000", JA: "キュー ID、Message-ID、アドレス、ドメインのいずれかを 1 つ指定してください (--limit は 1 から 1000)"}
	msgWhyNothing  = text{EN: "{name}: nothing is known of such a message. It may be older than is kept (--keep-events), or have been refused before its data", JA: "{name}: 該当するメールの記録がありません。保存期間 (--keep-events) を過ぎたか、本文を受け取る前に断られた可能性があります"}
	msgWhyIn       = text{EN: "incoming, queue ID {queue}", JA: "受信、キュー ID {queue}"}
	msgWhyOut      = text{EN: "outgoing, queue ID {queue}", JA: "送信、キュー ID {queue}"}
	msgWhyEnvelope = text{EN: "from {from} to {to}", JA: "エンベロープ送信者 {from}、宛先 {to}"}
	msgWhyClient   = text{EN: "client {client}, HELO {helo}", JA: "接続元 {client}、HELO {helo}"}
	msgWhyUser     = text{EN: "client {client}, HELO {helo}, user {user}", JA: "接続元 {client}、HELO {helo}、利用者 {user}"}
	msgWhyHeader   = text{EN: "From domain {author}, Message-ID {id}", JA: "From ドメイン {author}、Message-ID {id}"}
	msgWhyReason   = text{EN: "Reason: {reason}", JA: "理由: {reason}"}
	msgWhyOverride = text{EN: "DMARC did not count: {type}, {why}", JA: "DMARC の失敗を問わなかった理由: {type}、{why}"}
	msgWhyResults  = text{EN: "Results: {results}", JA: "検証結果: {results}"}
	msgWhySigned   = text{EN: "Signed: {keys}", JA: "署名: {keys}"}
)

func init() {
	textsOf(map[string]commandText{
		"milter why": {
			args:    "QUEUE-ID|MESSAGE-ID|ADDRESS",
			short:   text{EN: "Say why a message was refused, marked or accepted", JA: "メールが断られた理由や扱いを調べる"},
			long:    text{EN: "Say what became of messages that the milter saw, and why: by the mail server's queue ID, the Message-ID, an address of sender, recipient or client, a user, or the domain of From. The youngest come first.\nThe milter of todoku serve keeps this for --milter-keep-events, todoku milter where it has a --database.", JA: "milter が扱ったメールについて、どう扱ったかとその理由を表示します。メールサーバーのキュー ID、Message-ID、送信者・宛先・接続元のアドレス、利用者、From のドメインで探せます。新しいものから表示します。\n記録は todoku serve の milter では --milter-keep-events の期間、todoku milter では --database を指定した場合に残ります。"},
			example: same("  todoku milter why 4Yx0Jq1RZz --database /var/lib/todoku/todoku.db\n  todoku milter why customer@example.com --limit 3"),
		},
	}, map[string]text{
		"why-limit": {EN: "show `N` messages at most", JA: "表示する件数の上限 `N`"},
	})
}
