package api

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/lab"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/tokens"
)

type labInput struct {
	Token string `path:"token" maxLength:"64" doc:"of the run" example:"7f3k9m2q4w8xz"`
}

// registerLab registers what the outbound lab can do.
func (s *Server) registerLab() {
	c := s.Service
	add(s, operation{
		id: "create-lab-run", tag: "test", method: "POST", path: "/lab", scope: service.ScopeSubmit, cost: tokens.Dear, status: http.StatusCreated,
		summary:     catalogue.Text{EN: "Begin a run of the outbound lab", JA: "送信ラボのテストを始める"},
		description: "Send one message, through the mail server that you want to see, to the addresses of all receivers. The run takes mail for three days.",
		problems:    []string{service.NotFound, service.StorageFull}, example: (*examples).labRun,
	}, func(ctx context.Context, _ *none) (*body[service.LabRun], error) {
		v, err := c.NewLabRun(ctx, tokens.CallerOf(ctx).IP, baseOf(ctx))
		return wrapped(s, ctx, v, err)
	})
	add(s, operation{
		id: "get-lab-run", tag: "test", method: "GET", path: "/lab/{token}", scope: service.ScopeRead,
		summary:     catalogue.Text{EN: "How a mail server sends: the matrix of a run", JA: "送信ラボのテストの結果"},
		description: "A verdict for each receiver, with every attempt. Ask again: retries go on for hours.",
		problems:    []string{service.NotFound}, example: (*examples).labRun,
	}, func(ctx context.Context, q *labInput) (*body[service.LabRun], error) {
		v, err := c.LabRun(ctx, q.Token, baseOf(ctx))
		return wrapped(s, ctx, v, err)
	})
}

func (e *examples) labRun() (request, response any) {
	a := lab.Attempt{
		At: exampleTime, Receiver: lab.Greylist, IP: netip.MustParseAddr("192.0.2.25"), HELO: "mail.example.com", TLS: &evidence.TLS{Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256"},
		Stage: lab.AtRCPT, Outcome: lab.Deferred, Reply: "451 4.7.1 Greylisted: try again in 300 seconds",
	}
	b := a
	b.At, b.Stage, b.Outcome, b.Reply = a.At.Add(6*time.Minute), lab.AtData, lab.Accepted, "250 2.0.0 Taken, and thrown away"
	m := lab.Judge(lab.Input{
		Domain: "lab.example.org", Token: exampleToken, Begun: exampleTime, Expires: exampleTime.Add(lab.Life), Now: exampleTime.Add(time.Hour),
		Patience: 5 * time.Minute, Attempts: []lab.Attempt{a, b},
	})
	m.Cells = []lab.Cell{*m.Cell(lab.Greylist), *m.Cell(lab.NullMX)}
	return nil, service.LabRunOf(m, exampleBase)
}
