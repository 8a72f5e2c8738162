package explain

import (
	"slices"
	"strconv"
	"strings"

	"github.com/todoku/todoku/bounce"
	"github.com/todoku/todoku/internal/provider"
)

var summaries = map[string]text{
	"permanent": {EN: "{who} refuses this for good: {title}.", JA: "{who}による恒久的な拒否です: {title}"},
	"temporary": {EN: "{who} refuses this for now: {title}. The server tries again by itself.", JA: "{who}による一時的な拒否です: {title}。メールサーバーが自動的に再送します。"},
	"gave-up":   {EN: "{who} refused this for now, until the sending server gave up: {title}. Send it again once the cause is gone.", JA: "{who}による一時的な拒否が続き、送信サーバーが配送を中止しました: {title}。原因を解消してから、もう一度送信してください。"},
	"success":   {EN: "{who} accepted this.", JA: "{who}が受け付けました。"},
	"unknown":   {EN: "This was not delivered: {title}.", JA: "配送されませんでした: {title}"},
	"strange":   {EN: "{who} refuses this with a code that is not known here.", JA: "{who}による拒否ですが、コードの意味は不明です。"},
	"server":    {EN: "The server", JA: "サーバー"},
	"several":   {EN: "{n} deliveries: {permanent} refused for good, {temporary} for now, {success} accepted.", JA: "{n} 件: 恒久的な拒否 {permanent}、一時的な拒否 {temporary}、受け付け済み {success}"},
	"complaint": {EN: "This is a complaint, not a bounce: a recipient marked the message as spam (RFC 5965). Take this recipient off the list.", JA: "バウンスメールではなく、苦情の報告です。受信者がメールを迷惑メールとして報告しました (RFC 5965)。この受信者をリストから外してください。"},
	"header":    {EN: "A header without any note of authentication. Verify the message itself.", JA: "認証結果の記録がないヘッダーです。メール本体を検証してください。"},
	"claims":    {EN: "{server} notes: {conclusion}", JA: "{server} の記録: {conclusion}"},
	"no-server": {EN: "A server that the field does not name", JA: "名前のないサーバー"},
}

// Summary is the whole in one or two sentences, in "ja" or, for anything else, English.
func (r *Result) Summary(lang string) string {
	switch {
	case r.Kind == KindComplaint:
		return summaries["complaint"].In(lang)
	case len(r.Failures) == 1:
		return r.Failures[0].summary(lang)
	case len(r.Failures) > 1:
		return r.several(lang)
	case len(r.Authentication) > 0:
		a := r.Authentication[0]
		server := a.Server
		switch {
		case server == "" && a.Author != "":
			server = provider.ReceiverName(a.Author).In(lang)
		case server == "":
			server = summaries["no-server"].In(lang)
		}
		return fill(summaries["claims"].In(lang), "server", server, "conclusion", a.Conclusion.In(lang))
	case len(r.ReceivedSPF) > 0:
		return r.ReceivedSPF[0].Text.In(lang)
	}
	return summaries["header"].In(lang)
}

func (r *Result) several(lang string) string {
	n := make(map[bounce.Class]int)
	for _, f := range r.Failures {
		n[f.Class]++
	}
	return fill(summaries["several"].In(lang), "n", strconv.Itoa(len(r.Failures)), "permanent", strconv.Itoa(n[bounce.Permanent]),
		"temporary", strconv.Itoa(n[bounce.Temporary]), "success", strconv.Itoa(n[bounce.Success]))
}

func (f Failure) summary(lang string) string {
	who := summaries["server"].In(lang)
	m := f.Match
	switch {
	case m.Provider != "" && m.Certainty != provider.Guess:
		who = provider.ReceiverName(m.Provider).In(lang)
	case f.Host != "":
		who = f.Host
	}
	key := "unknown"
	switch f.Class {
	case bounce.Permanent:
		key = "permanent"
	case bounce.Temporary:
		key = "temporary"
		if f.Action == "failed" {
			key = "gave-up"
		}
	case bounce.Success, bounce.Intermediate:
		key = "success"
	}
	if f.Basis == ByClass && f.Reply.Code+f.Status.Class > 0 && (key == "permanent" || key == "temporary" || key == "gave-up") {
		key = "strange"
	}
	if lang == "ja" && who != "" && who[len(who)-1] < 0x80 {
		who += " " // a space between Latin and Japanese words
	}
	return fill(summaries[key].In(lang), "who", who, "title", f.Title.In(lang))
}

// fillText fills {placeholders} in both languages.
func fillText(t text, pairs ...string) text {
	return text{EN: fill(t.EN, slices.Clone(pairs)...), JA: fill(t.JA, slices.Clone(pairs)...)}
}

// fill fills {placeholders} in one pass.
func fill(s string, pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		pairs[i] = "{" + pairs[i] + "}"
	}
	return strings.NewReplacer(pairs...).Replace(s)
}
