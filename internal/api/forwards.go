package api

import (
	"bytes"
	"context"
	"mime"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/tokens"
)

type (
	keyActionInput struct {
		Name   string   `path:"name" maxLength:"253" doc:"of the domain" example:"example.com"`
		ID     string   `path:"id" maxLength:"64" doc:"of the key" example:"m7f3k9m2q4w8xzc5v6b1n0dg"`
		Action string   `path:"action" enum:"rotate,rollback,retire" doc:"what to do" example:"rotate"`
		Form   []string `query:"form,explode" maxItems:"20" doc:"forms to paste, see propose-records; bind by default"`
		LangQuery
	}
	forwardsInput struct {
		Name  string `path:"name" maxLength:"253" doc:"of the domain" example:"example.com"`
		After string `query:"after" maxLength:"320" doc:"only those behind this address: next of the page before"`
		Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"how many"`
	}
	forwardInput struct {
		Name string `path:"name" maxLength:"253" doc:"of the domain" example:"example.com"`
		Body service.ForwardRequest
	}
)

// registerDomainKeys registers what is done with keys that are there.
func (s *Server) registerDomainKeys() {
	c := s.Service
	add(s, operation{
		id: "look-at-domain-keys", tag: "domains", method: "POST", path: "/domains/{name}/look", scope: service.ScopeDomains, cost: tokens.Dear,
		summary:     catalogue.Text{EN: "Look at the name servers now", JA: "ネームサーバーを今すぐ確認する"},
		description: "Asks every name server for the records of the keys, and takes the steps that may be taken: the server does so by itself every minute. Takes at most 20 seconds.",
		problems:    []string{service.NotFound}, example: (*examples).domain,
	}, func(ctx context.Context, q *domainInput) (*body[service.DomainDetail], error) {
		v, err := c.LookAtKeys(ctx, whoOf(ctx), q.Name, q.Form, q.lang(ctx))
		return wrapped(s, ctx, v, err)
	})
	add(s, operation{
		id: "act-on-domain-key", tag: "domains", method: "POST", path: "/domains/{name}/keys/{id}/{action}", scope: service.ScopeDomains, cost: tokens.Dear,
		summary:     catalogue.Text{EN: "Rotate a key, take a rotation back, or take a key out of use", JA: "鍵を交換する、交換を取り消す、鍵の使用をやめる"},
		description: "rotate makes a key that takes its place once every name server shows it; rollback gives that up, or has the key before sign again; retire takes it out of use with none in its place, where another key signs. Its actions say what can be done now.",
		problems:    []string{service.NotFound, service.StorageFull}, example: (*examples).domain,
	}, func(ctx context.Context, q *keyActionInput) (*body[service.DomainDetail], error) {
		v, err := c.ActOnKey(ctx, whoOf(ctx), q.Name, q.ID, q.Action, q.Form, q.lang(ctx))
		return wrapped(s, ctx, v, err)
	})
}

// registerForwards registers forwarding addresses.
func (s *Server) registerForwards() {
	c := s.Service
	add(s, operation{
		id: "list-forwards", tag: "domains", method: "GET", path: "/domains/{name}/forwards", scope: service.ScopeDomains,
		summary: catalogue.Text{EN: "The forwarding addresses of a domain", JA: "ドメインの転送アドレスの一覧"}, problems: []string{service.NotFound}, example: (*examples).forwardList,
	}, func(ctx context.Context, q *forwardsInput) (*body[service.ForwardList], error) {
		v, err := c.Forwards(ctx, whoOf(ctx), q.Name, q.After, q.Limit)
		return wrapped(s, ctx, v, err)
	})
	add(s, operation{
		id: "set-forward", tag: "domains", method: "POST", path: "/domains/{name}/forwards", scope: service.ScopeDomains, cost: tokens.Dear,
		summary:     catalogue.Text{EN: "Say where mail to an address goes", JA: "アドレスの転送先を設定する"},
		description: "In the place of what was said of the address before; without destinations and keep it is forwarded no longer. What would bring mail back to where it began is refused.",
		problems:    []string{service.NotFound, service.StorageFull}, example: (*examples).forwardSet,
	}, func(ctx context.Context, q *forwardInput) (*body[service.Forward], error) {
		v, err := c.SetForward(ctx, whoOf(ctx), q.Name, q.Body)
		return wrapped(s, ctx, v, err)
	})
	add(s, operation{
		id: "export-forwards", tag: "domains", method: "GET", path: "/forwards.csv", scope: service.ScopeDomains, cost: tokens.Dear,
		summary:     catalogue.Text{EN: "All forwarding addresses as CSV", JA: "転送アドレスの一覧 (CSV)"},
		description: "Cells that a spreadsheet would take for a formula begin with an apostrophe.", raw: "text/csv", problems: []string{service.NotFound}, example: (*examples).forwardFile,
	}, func(ctx context.Context, _ *none) (*file, error) {
		b, err := c.ExportForwards(ctx, whoOf(ctx))
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return &file{ContentType: "text/csv; charset=utf-8", Disposition: `attachment; filename="forwards.csv"`, Body: b}, nil
	})
	add(s, operation{
		id: "import-forwards", tag: "domains", method: "POST", path: "/forwards.csv", scope: service.ScopeDomains, cost: tokens.Dear,
		maxBody: panel.MaxFile + 1, raw: "text/csv", upload: true,
		summary:     catalogue.Text{EN: "Set and take away many forwarding addresses", JA: "転送アドレスをまとめて設定、削除する"},
		description: "The columns are those of export-forwards; only address has to be there. All lines or none, and every line that cannot be used is named, the first 20; addresses that the file does not name stay. At most 10000 lines and 4 MiB.",
		problems:    []string{service.NotFound, service.StorageFull, service.UnsupportedMedia}, example: (*examples).forwardImport,
	}, func(ctx context.Context, q *importInput) (*body[service.DomainsImported], error) {
		if kind, _, err := mime.ParseMediaType(q.ContentType); err != nil || kind != "text/csv" {
			return nil, s.problem(ctx, &service.Problem{Word: service.UnsupportedMedia})
		}
		v, err := c.ImportForwards(ctx, whoOf(ctx), bytes.Clone(q.RawBody), q.DryRun) // the buffer is used again
		return wrapped(s, ctx, v, err)
	})
}

const exampleForwards = "address,to,keep\r\ninfo@example.com,me@example.net,yes\r\n"

func (e *examples) forward() service.Forward {
	return service.Forward{Address: "info@example.com", To: []string{"me@example.net"}, Keep: true, Changed: &exampleTime}
}

func (e *examples) forwardList() (request, response any) {
	yes, domain := true, "example.com"
	return nil, service.ForwardList{Forwards: []service.Forward{e.forward()}, Server: service.ForwardServer{Served: &yes, SRS: &yes, ARC: &domain}}
}

func (e *examples) forwardSet() (request, response any) {
	return service.ForwardRequest{Address: "info", To: []string{"me@example.net"}, Keep: true}, e.forward()
}

func (e *examples) forwardFile() (request, response any) { return nil, exampleForwards }

func (e *examples) forwardImport() (request, response any) {
	return exampleForwards, service.DomainsImported{Made: 1}
}
