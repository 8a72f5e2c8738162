package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/verify"
)

// examples makes the examples of the document by doing what they show, on a zone in
// memory: they cannot differ from what the program answers.
type examples struct {
	service *service.Service
	zone    dns.Resolver
}

// exampleTime is the "now" of all examples.
var exampleTime = time.Date(2026, 11, 22, 3, 4, 0, 0, time.UTC)

const (
	exampleMail = "From: News <news@example.com>\r\nTo: <7f3k9m2q4w8xz@inbox.example.org>\r\nDate: Sun, 22 Nov 2026 03:04:00 +0000\r\n" +
		"Message-ID: <1@example.com>\r\nSubject: Hello\r\n\r\nHello.\r\n"
	exampleBase  = "https://todoku.example.org"
	exampleToken = "7f3k9m2q4w8xz"
	exampleID    = "m7f3k9m2q4w8xzc5v6b1n0dg"
)

func newExamples() *examples {
	zone := dns.MustMemory(dns.Zone{
		"example.com":             {"MX 10 mail.example.com", "TXT v=spf1 ip4:192.0.2.25 -all", "NS ns.example.com", "SOA ns.example.com hostmaster.example.com 1 7200 900 1209600 3600"},
		"mail.example.com":        {"A 192.0.2.25"},
		"ns.example.com":          {"A 192.0.2.53"},
		"25.2.0.192.in-addr.arpa": {"PTR mail.example.com"},
	})
	return &examples{zone: zone, service: service.New(service.Config{
		Checker: &check.Checker{Resolver: zone}, Version: "0.4.0", Now: func() time.Time { return exampleTime },
	})}
}

// shorter keeps an example readable: the first of what there are many.
func shorter(fs []render.FindingObject) []render.FindingObject { return fs[:min(len(fs), 1)] }

func shortCards(cards []render.ScorecardObject) []render.ScorecardObject {
	cards = cards[:min(len(cards), 1)]
	for i := range cards {
		cards[i].Rows = cards[i].Rows[:min(len(cards[i].Rows), 2)]
	}
	return cards
}

func must[T any](v T, err error) T {
	if err != nil {
		panic("api: an example: " + err.Error()) // a test makes them all
	}
	return v
}

func (e *examples) check() (request, response any) {
	q := service.CheckRequest{Target: "example.com", IP: []string{"192.0.2.25"}, DNSOnly: true}
	o := must(e.service.Check(context.Background(), q))
	o.Findings, o.Scorecards = shorter(o.Findings), shortCards(o.Scorecards)
	return q, o
}

func (e *examples) whatIf() (request, response any) {
	q := service.CheckRequest{Target: "example.com", DNSOnly: true, WhatIf: []string{"_dmarc.example.com. TXT v=DMARC1; p=reject"}}
	o := must(e.service.WhatIf(context.Background(), q))
	o.Fixed, o.Broke = shorter(o.Fixed), shorter(o.Broke)
	o.After.Findings, o.After.Scorecards = shorter(o.After.Findings), shortCards(o.After.Scorecards)
	return q, o
}

func (e *examples) propose() (request, response any) {
	q := service.ProposalRequest{Target: "example.com", Forms: []string{"bind"}, DNSOnly: true}
	o := must(e.service.Propose(context.Background(), q))
	o.Changes, o.Todo = o.Changes[:min(len(o.Changes), 1)], o.Todo[:min(len(o.Todo), 1)]
	return q, o
}

func (e *examples) explain() (request, response any) {
	q := service.ExplainRequest{Text: "550-5.7.26 This mail has been blocked because the sender is unauthenticated."}
	return q, must(e.service.Explain(context.Background(), q))
}

func (e *examples) findings() (request, response any) {
	return nil, service.Catalogue{Findings: []service.CatalogueEntry{*must(e.service.Finding(context.Background(), "dmarc.none"))}}
}

func (e *examples) finding() (request, response any) {
	return nil, must(e.service.Finding(context.Background(), "dmarc.none"))
}

func (e *examples) health() (request, response any) {
	return nil, service.Health{Status: "ok", Version: "0.4.0", Database: true}
}

func (e *examples) newTest() service.Test {
	return service.Test{
		Token: exampleToken, Address: exampleToken + "@inbox.example.org", Created: exampleTime, Expires: exampleTime.Add(24 * time.Hour),
		SMTP: service.SMTPEntry{Host: "inbox.example.org", Port: 25},
		URLs: service.TestURLs{Page: exampleBase + "/m/" + exampleToken, State: exampleBase + prefix + "/tests/" + exampleToken, Verdict: exampleBase + prefix + "/tests/" + exampleToken + "/verdict"},
	}
}

func (e *examples) test() (request, response any) {
	return service.NewTestRequest{Lang: "en"}, e.newTest()
}

func (e *examples) summary() service.MessageSummary {
	status, from, subject, at := "fail", "example.com", "Hello", exampleBase+prefix+"/messages/"+exampleID
	return service.MessageSummary{
		ID: exampleID, Received: exampleTime, State: service.StateVerified, Status: &status, FromDomain: &from, Subject: &subject, Size: len(exampleMail),
		URLs: service.MessageURLs{Page: exampleBase + "/r/" + exampleID, Verdict: at, Raw: at + "/raw", Bundle: at + "/bundle"},
	}
}

func (e *examples) testState() (request, response any) {
	return nil, service.TestState{Test: e.newTest(), State: service.StateVerified, Messages: []service.MessageSummary{e.summary()}, Failed: []service.FailedSession{}}
}

func (e *examples) report() *render.Report {
	return verify.Message(context.Background(), e.zone, verify.Request{
		Name: exampleID, Source: "smtp", Raw: []byte(exampleMail), Now: exampleTime, Inspector: new(verify.Inspector),
		Session: evidence.Session{RemoteIP: netip.MustParseAddr("192.0.2.25"), HELO: "mail.example.com", MailFrom: "news@example.com", HasMailFrom: true},
	})
}

func (e *examples) verified() *render.VerifyObject {
	o := render.Verify(e.report(), "en")
	o.Findings, o.Scorecards = shorter(o.Findings), shortCards(o.Scorecards)
	return &o
}

func (e *examples) verdict() (request, response any) {
	sum := e.summary()
	return nil, service.Verdict{State: service.StateVerified, Message: &sum, Verdict: e.verified()}
}

func (e *examples) submit() (request, response any) {
	_, response = e.verdict()
	return exampleMail, response
}

func (e *examples) message() (request, response any) { return nil, e.verified() }

func (e *examples) rawMessage() (request, response any) { return nil, exampleMail }

func (e *examples) bundle() (request, response any) {
	b := e.report().Bundle
	b.DNS = b.DNS[:min(len(b.DNS), 1)]
	return nil, b
}

func (e *examples) list() (request, response any) {
	return nil, service.MessageList{Messages: []service.MessageSummary{e.summary()}}
}

// exemplify puts the examples of an operation into the document.
func (op operation) exemplify(o *huma.OpenAPI, e *examples) {
	item := o.Paths[op.path]
	h := item.Get
	switch op.method {
	case http.MethodPost:
		h = item.Post
	case http.MethodDelete:
		h = item.Delete
	}
	request, response := op.example(e)
	status := op.status
	if status == 0 {
		status = http.StatusOK
	}
	answer := h.Responses[strconv.Itoa(status)]
	if op.raw != "" && h.RequestBody == nil {
		answer.Headers = nil
		answer.Content = map[string]*huma.MediaType{op.raw: {Schema: &huma.Schema{Type: "string", ContentEncoding: "binary"}}}
		if op.raw != "message/rfc822" && op.raw != "text/csv" {
			answer.Content[op.raw].Schema = &huma.Schema{Type: "object"}
		}
	}
	for _, m := range answer.Content {
		m.Example = plain(response)
	}
	if h.RequestBody != nil {
		for _, m := range h.RequestBody.Content {
			m.Example = plain(request)
		}
	}
}

// plain is a value as JSON has it, so that both forms of the document show the same.
func plain(v any) any {
	var out any
	if err := json.Unmarshal(must(json.Marshal(v)), &out); err != nil {
		panic("api: an example: " + err.Error())
	}
	return out
}
