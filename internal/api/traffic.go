package api

import (
	"context"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/tokens"
	"github.com/todoku/todoku/internal/traffic"
)

type (
	mailInput struct {
		Q     string `query:"q" maxLength:"500" doc:"a queue ID, Message-ID, address of sender, recipient or client, user, or domain of From; all where it is left out" example:"4Yx0Jq1RZz"`
		From  string `query:"from" maxLength:"40" doc:"not before this time: 2026-11-22, 2026-11-22T10:00 or RFC 3339" example:"2026-11-22"`
		To    string `query:"to" maxLength:"40" doc:"before this time; a day is included"`
		Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"how many"`
		LangQuery
	}
	volumeInput struct {
		From     string `query:"from" maxLength:"10" doc:"first day; six days before the last one by default" example:"2026-11-16"`
		To       string `query:"to" maxLength:"10" doc:"last day; today by default" example:"2026-11-22"`
		Domain   string `query:"domain" maxLength:"253" doc:"of From, with all below it" example:"example.com"`
		Source   string `query:"source" maxLength:"100" doc:"the address that it went out from" example:"192.0.2.1"`
		Provider string `query:"provider" maxLength:"50" doc:"who receives; * for those not known" example:"gmail"`
	}
	volumeRowsInput struct {
		From     string `query:"from" maxLength:"10" doc:"first day; six days before the last one by default" example:"2026-11-16"`
		To       string `query:"to" maxLength:"10" doc:"last day; today by default" example:"2026-11-22"`
		Domain   string `query:"domain" maxLength:"253" doc:"of From, with all below it" example:"example.com"`
		Source   string `query:"source" maxLength:"100" doc:"the address that it went out from" example:"192.0.2.1"`
		Provider string `query:"provider" maxLength:"50" doc:"who receives; * for those not known" example:"gmail"`
		Limit    int    `query:"limit" minimum:"1" maximum:"1000" default:"1000" doc:"how many rows"`
	}
)

// registerTraffic registers what can be asked of the mail flow.
func (s *Server) registerTraffic() {
	c := s.Service
	add(s, operation{
		id: "find-mail", tag: "flow", method: "GET", path: "/mail", scope: service.ScopeFlow, cost: tokens.Dear,
		summary:     catalogue.Text{EN: "What became of messages, and why", JA: "メールの扱いとその理由"},
		description: "Messages that the milter saw, the youngest first: what was done, why, and the findings. Nothing of bodies is kept, and events are kept for --milter-keep-events. Texts that others wrote (addresses, HELO, reasons) are in it: show them as text. A token of a customer sees mail of their domains, and has to name what it looks for.",
		problems:    []string{service.NotFound}, example: (*examples).mail,
	}, func(ctx context.Context, q *mailInput) (*body[service.MailMessages], error) {
		v, err := c.MailMessages(ctx, whoOf(ctx), service.MailQuery{Name: q.Q, From: q.From, To: q.To, Limit: q.Limit}, q.lang(ctx))
		return wrapped(s, ctx, v, err)
	})
	add(s, operation{
		id: "get-volume", tag: "flow", method: "GET", path: "/volume", scope: service.ScopeFlow, cost: tokens.Dear,
		summary:     catalogue.Text{EN: "How much mail went out", JA: "送信量"},
		description: "By day, domain of From, source address and receiving provider, as the milter counts it: recipients, not messages.",
		problems:    []string{service.NotFound}, example: (*examples).volume,
	}, func(ctx context.Context, q *volumeRowsInput) (*body[service.MailVolume], error) {
		v, err := c.MailVolume(ctx, whoOf(ctx), traffic.VolumeQuery(*q))
		return wrapped(s, ctx, v, err)
	})
	add(s, operation{
		id: "export-volume", tag: "flow", method: "GET", path: "/volume.csv", scope: service.ScopeFlow, cost: tokens.Dear,
		summary:     catalogue.Text{EN: "How much mail went out, as CSV", JA: "送信量 (CSV)"},
		description: "At most 50000 rows. Cells that a spreadsheet would take for a formula begin with an apostrophe.", raw: "text/csv", problems: []string{service.NotFound}, example: (*examples).volumeFile,
	}, func(ctx context.Context, q *volumeInput) (*file, error) {
		b, err := c.MailVolumeFile(ctx, whoOf(ctx), traffic.VolumeQuery{From: q.From, To: q.To, Domain: q.Domain, Source: q.Source, Provider: q.Provider})
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return &file{ContentType: "text/csv; charset=utf-8", Disposition: `attachment; filename="volume.csv"`, Body: b}, nil
	})
}

func (e *examples) mail() (request, response any) {
	m := &store.MailEvent{
		ID: "019aa9b1e400" + "k7m2p9x4c6t8", At: exampleTime, Outgoing: true, Queue: "4Yx0Jq1RZz", MessageID: "<1@example.com>", Client: "192.0.2.7", HELO: "pc.example.com", User: "ann", MailFrom: "ann@example.com",
		Rcpts: []string{"bob@example.net"}, RcptCount: 1, Author: "example.com", Source: "192.0.2.1", Receivers: map[string]int{"gmail": 1}, Size: 1234, Action: "accept", Reason: "no key",
		Findings: [][2]string{{"dkim.no-key", "there is no key for example.com, the domain of From"}},
	}
	return nil, service.MailMessages{Messages: []service.MailMessage{service.MailMessageOf(m, "en")}}
}

func (e *examples) volume() (request, response any) {
	return nil, service.MailVolume{From: "2026-11-16", To: "2026-11-22", Rows: []service.VolumeRow{{Day: "2026-11-22", Domain: "example.com", Source: "192.0.2.1", Provider: "gmail", Messages: 12, Paced: 3}}, Messages: 12, Paced: 3}
}

func (e *examples) volumeFile() (request, response any) {
	return nil, "day,domain,source,provider,messages,paced\r\n2026-11-22,example.com,192.0.2.1,gmail,12,3\r\n"
}
