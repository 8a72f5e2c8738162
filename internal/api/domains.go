package api

import (
	"bytes"
	"context"
	"mime"
	"net/http"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/repair/paste"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/tokens"
)

type (
	domainsInput struct {
		Find  string `query:"find" maxLength:"253" doc:"only those whose names hold this" example:"shop"`
		After string `query:"after" maxLength:"253" doc:"only those behind this name: next of the page before"`
		Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"how many"`
		// Customer is for administrators.
		Customer string `query:"customer" maxLength:"256" doc:"only those that were given to the customer of this name; for administrators"`
	}
	domainNameInput struct {
		Name string `path:"name" maxLength:"253" doc:"of the domain" example:"example.com"`
	}
	domainInput struct {
		Name string   `path:"name" maxLength:"253" doc:"of the domain" example:"example.com"`
		Form []string `query:"form,explode" maxItems:"20" doc:"forms to paste, see propose-records; bind by default"`
		LangQuery
	}
	newDomainInput    struct{ Body service.DomainRequest }
	changeDomainInput struct {
		Name string `path:"name" maxLength:"253" doc:"of the domain" example:"example.com"`
		Body service.DomainRequest
	}
	importInput struct {
		ContentType string `header:"Content-Type"`
		DryRun      bool   `query:"dry_run" doc:"only say what the file would do"`
		RawBody     []byte `contentType:"text/csv"`
	}
)

// registerDomains registers what the panel can do.
func (s *Server) registerDomains() {
	c := s.Service
	add(s, operation{
		id: "list-domains", tag: "domains", method: "GET", path: "/domains", scope: service.ScopeDomains,
		summary:     catalogue.Text{EN: "List the domains that the server sends for", JA: "送信ドメインの一覧"},
		description: "Page by page, by name. There are domains where the server keeps keys (a master key is configured).",
		problems:    []string{service.NotFound}, example: (*examples).domainList,
	}, func(ctx context.Context, q *domainsInput) (*body[service.DomainList], error) {
		v, err := c.Domains(ctx, whoOf(ctx), service.DomainsQuery{Find: q.Find, After: q.After, Customer: q.Customer, Limit: q.Limit})
		return wrapped(s, ctx, v, err)
	})
	add(s, operation{
		id: "create-domain", tag: "domains", method: "POST", path: "/domains", scope: service.ScopeDomains, cost: tokens.Dear, status: http.StatusCreated,
		summary:     catalogue.Text{EN: "Add a domain", JA: "送信ドメインを追加する"},
		description: "It has no keys yet. A customer may add one where the server allows it, once the domain shows by a TXT record that it is theirs: the problem says which.", problems: []string{service.NotFound, service.StorageFull}, example: (*examples).domainNew,
	}, func(ctx context.Context, q *newDomainInput) (*body[service.Domain], error) {
		v, err := c.NewDomain(ctx, whoOf(ctx), q.Body)
		return wrapped(s, ctx, v, err)
	})
	add(s, operation{
		id: "get-domain", tag: "domains", method: "GET", path: "/domains/{name}", scope: service.ScopeDomains, cost: tokens.Dear,
		summary:     catalogue.Text{EN: "A domain, its keys, and the records to publish", JA: "送信ドメインの状態、鍵、公開するレコード"},
		description: "The evidence for the DMARC policy is that of the last check of the domain. Nothing is looked up and nothing published.",
		problems:    []string{service.NotFound}, example: (*examples).domain,
	}, func(ctx context.Context, q *domainInput) (*body[service.DomainDetail], error) {
		v, err := c.Domain(ctx, whoOf(ctx), q.Name, q.Form, q.lang(ctx))
		return wrapped(s, ctx, v, err)
	})
	add(s, operation{
		id: "change-domain", tag: "domains", method: "POST", path: "/domains/{name}", scope: service.ScopeDomains, cost: tokens.Dear,
		summary:     catalogue.Text{EN: "Change a domain", JA: "送信ドメインの設定を変更する"},
		description: "What is left out stays as it is. A DMARC policy that is chosen yields the record to publish; it is not published.",
		problems:    []string{service.NotFound, service.StorageFull}, example: (*examples).domainChange,
	}, func(ctx context.Context, q *changeDomainInput) (*body[service.Domain], error) {
		v, err := c.ChangeDomain(ctx, whoOf(ctx), q.Name, q.Body)
		return wrapped(s, ctx, v, err)
	})
	add(s, operation{
		id: "remove-domain", tag: "domains", method: "DELETE", path: "/domains/{name}", scope: service.ScopeDomains, cost: tokens.Dear, status: http.StatusNoContent,
		summary:     catalogue.Text{EN: "Remove a domain", JA: "送信ドメインを削除する"},
		description: "Its forwarding addresses go with it; its keys stay, and sign on. For administrators.",
		problems:    []string{service.NotFound, service.StorageFull}, example: (*examples).domainRemoved,
	}, func(ctx context.Context, q *domainNameInput) (*none, error) {
		if err := c.RemoveDomain(ctx, whoOf(ctx), q.Name); err != nil {
			return nil, s.problem(ctx, err)
		}
		return &none{}, nil
	})
	add(s, operation{
		id: "create-domain-keys", tag: "domains", method: "POST", path: "/domains/{name}/keys", scope: service.ScopeDomains, cost: tokens.Dear,
		summary:     catalogue.Text{EN: "Make the keys that a domain lacks", JA: "ドメインに足りない鍵を作成する"},
		description: "An RSA and an Ed25519 key, which sign together once every name server shows them. Where they are there already nothing changes.",
		problems:    []string{service.NotFound, service.StorageFull}, example: (*examples).domain,
	}, func(ctx context.Context, q *domainInput) (*body[service.DomainDetail], error) {
		v, err := c.MakeDomainKeys(ctx, whoOf(ctx), q.Name, q.Form, q.lang(ctx))
		return wrapped(s, ctx, v, err)
	})
	s.registerDomainKeys()
	s.registerForwards()
	s.registerDomainFiles()
}

// whoOf says whose domains the caller sees.
func whoOf(ctx context.Context) panel.Who { return tokens.CallerOf(ctx).Who() }

// registerDomainFiles registers what is done with many domains at once.
func (s *Server) registerDomainFiles() {
	c := s.Service
	add(s, operation{
		id: "export-domains", tag: "domains", method: "GET", path: "/domains.csv", scope: service.ScopeDomains, cost: tokens.Dear,
		summary:     catalogue.Text{EN: "All domains as CSV", JA: "送信ドメインの一覧 (CSV)"},
		description: "Cells that a spreadsheet would take for a formula begin with an apostrophe.", raw: "text/csv", problems: []string{service.NotFound}, example: (*examples).domainFile,
	}, func(ctx context.Context, _ *none) (*file, error) {
		b, err := c.ExportDomains(ctx, whoOf(ctx))
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return &file{ContentType: "text/csv; charset=utf-8", Disposition: `attachment; filename="domains.csv"`, Body: b}, nil
	})
	add(s, operation{
		id: "import-domains", tag: "domains", method: "POST", path: "/domains.csv", scope: service.ScopeDomains, cost: tokens.Dear,
		maxBody: panel.MaxFile + 1, raw: "text/csv", upload: true,
		summary:     catalogue.Text{EN: "Add, change and disable many domains", JA: "送信ドメインをまとめて追加、変更、無効化する"},
		description: "The columns are those of export-domains; only domain has to be there. All lines or none, and every line that cannot be used is named, the first 20; domains that the file does not name stay. At most 10000 lines and 4 MiB. A customer changes with it the domains given to them, and has no column customers.",
		problems:    []string{service.NotFound, service.StorageFull, service.UnsupportedMedia}, example: (*examples).domainImport,
	}, func(ctx context.Context, q *importInput) (*body[service.DomainsImported], error) {
		if kind, _, err := mime.ParseMediaType(q.ContentType); err != nil || kind != "text/csv" {
			return nil, s.problem(ctx, &service.Problem{Word: service.UnsupportedMedia})
		}
		v, err := c.ImportDomains(ctx, whoOf(ctx), bytes.Clone(q.RawBody), q.DryRun) // the buffer is used again
		return wrapped(s, ctx, v, err)
	})
}

const exampleCSV = "domain,state,dkim,dmarc,senders,customers\r\nexample.com,enabled,on,reject,shop@example.com,shop\r\n"

func (e *examples) domainDetail() *service.DomainDetail {
	d := &panel.Detail{People: []store.Person{{Name: "shop"}},
		Domain: store.Domain{Name: "example.com", DKIM: true, DMARC: "reject", Senders: []string{"shop@example.com"}, Created: exampleTime, Changed: exampleTime},
		Policy: panel.Policy{At: exampleTime, Current: "none", Reasons: []string{panel.ReasonKeyWaits}},
	}
	k := panel.Key{ID: exampleID, Selector: "s20261122e", Algorithm: "ed25519", Bits: 256, State: store.KeyPrepared, Waits: "publish", Looked: exampleTime, Created: exampleTime, May: []panel.KeyAction{panel.Retire}}
	k.Change = &dns.Change{Action: dns.Add, Name: "s20261122e._domainkey.example.com.", Type: dns.TypeTXT, TTL: 3600, Data: []string{"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}}
	d.Keys = []panel.Key{k}
	d.Policy.Change = &dns.Change{Action: dns.Replace, Name: "_dmarc.example.com.", Type: dns.TypeTXT, TTL: 3600, Data: []string{"v=DMARC1; p=reject"}, Was: []string{"v=DMARC1; p=none"}}
	form, _ := paste.Lookup("bind")
	return service.DomainDetailOf(d, panel.Who{Admin: true}, []paste.Form{form}, "en")
}

func (e *examples) domain() (request, response any) { return nil, e.domainDetail() }

func (e *examples) domainList() (request, response any) {
	return nil, service.DomainList{Domains: []service.Domain{e.domainDetail().Domain}}
}

func (e *examples) domainNew() (request, response any) {
	policy, senders := "reject", []string{"shop@example.com"}
	return service.DomainRequest{Name: "example.com", DMARC: &policy, Senders: &senders}, e.domainDetail().Domain
}

func (e *examples) domainChange() (request, response any) {
	policy := "reject"
	return service.DomainRequest{DMARC: &policy}, e.domainDetail().Domain
}

func (e *examples) domainRemoved() (request, response any) { return nil, nil }

func (e *examples) domainFile() (request, response any) { return nil, exampleCSV }

func (e *examples) domainImport() (request, response any) {
	return exampleCSV, service.DomainsImported{Made: 1}
}
