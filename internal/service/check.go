package service

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/explain"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/repair/paste"
)

// CheckRequest is one check of a domain, host or address.
type CheckRequest struct {
	Target   string   `json:"target" minLength:"1" maxLength:"2048" doc:"a domain, host name, IP address or mail address" example:"example.com"`
	IP       []string `json:"ip,omitempty" maxItems:"10" maxLength:"64" doc:"addresses that send for the domain" example:"[\"192.0.2.25\"]"`
	Selector []string `json:"selector,omitempty" maxItems:"20" maxLength:"253" doc:"DKIM selectors of the domain" example:"[\"mail\"]"`
	Audience string   `json:"audience,omitempty" enum:"all,bulk" doc:"whose rules the scorecards show: those for all senders (default) or for bulk senders"`
	WhatIf   []string `json:"what_if,omitempty" maxItems:"20" maxLength:"5000" doc:"records that are judged as if they were published, NAME TYPE DATA; those of one name and type take the place of what is there" example:"[\"_dmarc.example.com. TXT v=DMARC1; p=reject\"]"`
	DNSOnly  bool     `json:"dns_only,omitempty" doc:"ask the resolver and nobody else: no policy is fetched"`
	Probe    bool     `json:"probe,omitempty" doc:"talk to the mail exchangers on port 25 (one short connection each; nothing is sent)"`
	Lang     string   `json:"lang,omitempty" enum:"en,ja" doc:"language of the texts, English by default"`
}

// parsed is a request, understood.
func (s *Service) parsed(q CheckRequest) (check.Request, error) {
	out := check.Request{Selectors: q.Selector, Audience: q.Audience, DNSOnly: q.DNSOnly, Probe: q.Probe, Now: s.Now()}
	var err error
	if out.Target, err = check.ParseTarget(q.Target); err != nil {
		return out, targetProblem(err)
	}
	if len(q.IP) > 10 || len(q.Selector) > 20 || len(q.WhatIf) > 20 {
		return out, invalid("", "There is too much in the request.", "指定された項目が多すぎます。")
	}
	for _, text := range q.IP {
		ip, err := netip.ParseAddr(strings.Trim(text, "[]"))
		if err != nil || ip.Zone() != "" {
			return out, invalid("ip", "This is not an IP address.", "IP アドレスではありません。")
		}
		out.IPs = append(out.IPs, ip.Unmap())
	}
	for _, sel := range q.Selector {
		if !dns.ValidName(sel) || strings.ContainsFunc(sel, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			return out, invalid("selector", "This is not a DKIM selector.", "DKIM のセレクターではありません。")
		}
	}
	if q.Audience != "" && q.Audience != "all" && q.Audience != "bulk" {
		return out, invalid("audience", "Choose all or bulk.", "all か bulk を指定してください。")
	}
	out.WhatIf, err = whatIf(q.WhatIf)
	return out, err
}

// whatIf reads records to be judged as if they were published.
func whatIf(texts []string) ([]dns.Change, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	size := 0
	for _, t := range texts {
		size += len(t)
	}
	if len(texts) > 20 || size > 64<<10 {
		return nil, invalid("what_if", "There are too many records.", "レコードが多すぎます。")
	}
	changes, err := check.ParseWhatIf(texts)
	if err != nil {
		return nil, invalid("what_if", "A record cannot be read: "+err.Error()+". Write it as: NAME TYPE DATA.", "レコードを解釈できません ("+err.Error()+")。NAME TYPE DATA の形で指定してください。")
	}
	return changes, nil
}

func (s *Service) run(ctx context.Context, q check.Request) (*check.Report, error) {
	leave, err := s.checks.take(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	rep := s.Checker.Check(ctx, q)
	if err := ctx.Err(); err != nil {
		return nil, err // nobody waits for half an answer
	}
	return rep, nil
}

// Check checks a domain, host or address.
func (s *Service) Check(ctx context.Context, q CheckRequest) (*render.CheckObject, error) {
	parsed, err := s.parsed(q)
	if err != nil {
		return nil, err
	}
	rep, err := s.run(ctx, parsed)
	if err != nil {
		return nil, err
	}
	o := render.Check(rep, knownLang(q.Lang))
	return &o, nil
}

// WhatIfResult compares a target as it is with what it would be.
type WhatIfResult struct {
	Target  string       `json:"target"`
	Changes []dns.Change `json:"changes" doc:"the records of the request, as changes"`
	// Fixed and Broke are what no longer, and what newly, is wrong.
	Fixed  []render.FindingObject `json:"fixed" doc:"findings that would be gone"`
	Broke  []render.FindingObject `json:"broke" doc:"findings that would be new, or graver than before"`
	Before *render.ScoreObject    `json:"before" doc:"score as it is"`
	After  render.CheckObject     `json:"after" doc:"the check as if the records were published"`
}

// WhatIf checks a target as it is and as it would be.
func (s *Service) WhatIf(ctx context.Context, q CheckRequest) (*WhatIfResult, error) {
	if len(q.WhatIf) == 0 {
		return nil, invalid("what_if", "Name at least one record: NAME TYPE DATA.", "レコードを 1 つ以上指定してください (NAME TYPE DATA)。")
	}
	with, err := s.parsed(q)
	if err != nil {
		return nil, err
	}
	without := with
	without.WhatIf = nil
	var before, after *check.Report
	var errBefore, errAfter error
	g := dns.NewGroup(nil)
	g.Go(func() { before, errBefore = s.run(ctx, without) })
	g.Go(func() { after, errAfter = s.run(ctx, with) })
	g.Wait()
	if err := errors.Join(errBefore, errAfter); err != nil {
		return nil, problemOf(ctx, err)
	}
	lang := knownLang(q.Lang)
	return &WhatIfResult{
		Target: after.Target, Changes: with.WhatIf,
		Fixed:  render.Findings(graver(before.Findings, after.Findings), lang),
		Broke:  render.Findings(graver(after.Findings, before.Findings), lang),
		Before: render.Score(before.Score), After: render.Check(after, lang),
	}, nil
}

// graver are the findings of a that are wrong, and less so or not at all in b.
func graver(a, b []catalogue.Finding) []catalogue.Finding {
	type key struct{ id, subject string }
	order := func(f catalogue.Finding) int {
		if f.Status == catalogue.Pass {
			return catalogue.Info.Order()
		}
		return f.Status.Order()
	}
	in := make(map[key]int)
	for _, f := range b {
		k := key{f.ID, f.Subject}
		if at, ok := in[k]; !ok || order(f) < at {
			in[k] = order(f)
		}
	}
	var out []catalogue.Finding
	for _, f := range a {
		at, ok := in[key{f.ID, f.Subject}]
		if order(f) < catalogue.Info.Order() && (!ok || order(f) < at) {
			out = append(out, f)
		}
	}
	return out
}

// ProposalRequest asks what a domain has to publish.
type ProposalRequest struct {
	Target   string   `json:"target" minLength:"1" maxLength:"2048" doc:"a domain, host name, IP address or mail address" example:"example.com"`
	IP       []string `json:"ip,omitempty" maxItems:"10" maxLength:"64" doc:"addresses that send for the domain"`
	Selector []string `json:"selector,omitempty" maxItems:"20" maxLength:"253" doc:"DKIM selectors of the domain"`
	Forms    []string `json:"forms,omitempty" maxItems:"20" enum:"string,chunks,bind,nsupdate,route53,cloudflare,terraform-route53,terraform-cloudflare,octodns,dnscontrol,sakura,xserver,conoha,onamae,value-domain" doc:"the forms to write the records in; bind by default" example:"[\"bind\"]"`
	DNSOnly  bool     `json:"dns_only,omitempty" doc:"ask the resolver and nobody else"`
	Lang     string   `json:"lang,omitempty" enum:"en,ja" doc:"language of the texts, English by default"`
}

// Proposal is what to publish.
type Proposal struct {
	Target  string              `json:"target"`
	Changes []ProposedChange    `json:"changes" doc:"each change once, that for the gravest finding first; applied together, in any order, they cure their findings"`
	Todo    []ProposedTodo      `json:"todo" doc:"what is to be done for each finding, in words; also where no record helps"`
	Score   *render.ScoreObject `json:"score" doc:"score before the changes"`
}

// ProposedChange is one change with what it cures.
type ProposedChange struct {
	Change   dns.Change     `json:"change"`
	Findings []string       `json:"findings" doc:"ids of the findings that it cures"`
	Forms    []ProposedForm `json:"forms" doc:"the change in the forms asked for"`
}

// ProposedForm is a change in one form.
type ProposedForm struct {
	Form string `json:"form" example:"bind"`
	Name string `json:"name" doc:"of the form, for people"`
	Text string `json:"text" doc:"to paste"`
}

// ProposedTodo is the repair of one finding in words.
type ProposedTodo struct {
	Finding string   `json:"finding" example:"dmarc.none"`
	Status  string   `json:"status" example:"fail"`
	Subject string   `json:"subject"`
	Title   string   `json:"title"`
	Summary *string  `json:"summary"`
	Steps   []string `json:"steps"`
}

// Propose checks a target and gives what to publish, complete and in forms to paste.
func (s *Service) Propose(ctx context.Context, q ProposalRequest) (*Proposal, error) {
	forms, err := pasteForms(q.Forms)
	if err != nil {
		return nil, err
	}
	parsed, err := s.parsed(CheckRequest{Target: q.Target, IP: q.IP, Selector: q.Selector, DNSOnly: q.DNSOnly})
	if err != nil {
		return nil, err
	}
	rep, err := s.run(ctx, parsed)
	if err != nil {
		return nil, err
	}
	lang := knownLang(q.Lang)
	out := &Proposal{Target: rep.Target, Changes: []ProposedChange{}, Todo: []ProposedTodo{}, Score: render.Score(rep.Score)}
	for i, o := range render.Findings(rep.Findings, lang) {
		f := rep.Findings[i]
		if f.Status == catalogue.Pass || f.Accepted != nil {
			continue
		}
		for _, c := range f.DNS {
			out.add(rep, c, f.ID, forms, lang)
		}
		if o.Fix.Summary != nil || len(o.Fix.Steps) > 0 {
			out.Todo = append(out.Todo, ProposedTodo{Finding: o.ID, Status: o.Status, Subject: o.Subject, Title: o.Title, Summary: o.Fix.Summary, Steps: o.Fix.Steps})
		}
	}
	return out, nil
}

func (p *Proposal) add(rep *check.Report, c dns.Change, id string, forms []paste.Form, lang string) {
	same := func(o ProposedChange) bool {
		return o.Change.Action == c.Action && dns.CanonicalName(o.Change.Name) == dns.CanonicalName(c.Name) && o.Change.Type == c.Type &&
			slices.Equal(o.Change.Data, c.Data) && slices.Equal(o.Change.Was, c.Was)
	}
	if i := slices.IndexFunc(p.Changes, same); i >= 0 {
		if !slices.Contains(p.Changes[i].Findings, id) {
			p.Changes[i].Findings = append(p.Changes[i].Findings, id)
		}
		return
	}
	out := ProposedChange{Change: c, Findings: []string{id}, Forms: []ProposedForm{}}
	for _, form := range forms {
		if text := rep.Written(c, form, lang); text != "" {
			out.Forms = append(out.Forms, ProposedForm{Form: form.ID, Name: form.Name.In(lang), Text: text})
		}
	}
	p.Changes = append(p.Changes, out)
}

func pasteForms(words []string) ([]paste.Form, error) {
	if len(words) == 0 {
		words = []string{"bind"}
	}
	var out []paste.Form
	for _, w := range words {
		form, ok := paste.Lookup(w)
		if !ok || len(out) >= len(paste.Forms) {
			return nil, invalid("forms", "Choose of: "+strings.Join(paste.IDs(), ", ")+".", "次の中から指定してください ("+strings.Join(paste.IDs(), "、")+")")
		}
		out = append(out, form)
	}
	return out, nil
}

// ExplainRequest is a text to explain.
type ExplainRequest struct {
	Text string `json:"text" minLength:"1" maxLength:"1048576" doc:"a bounce, an SMTP reply, lines of a mail log, a header or an Authentication-Results line" example:"550-5.7.26 This mail has been blocked because the sender is unauthenticated."`
	Lang string `json:"lang,omitempty" enum:"en,ja" doc:"language of the texts, English by default"`
}

// Explain says what a text means. Nothing is looked up.
func (s *Service) Explain(ctx context.Context, q ExplainRequest) (*render.ExplainObject, error) {
	if len(q.Text) > MaxExplain {
		return nil, &Problem{Word: TooLarge}
	}
	leave, err := s.reports.take(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	r, err := explain.Explain([]byte(q.Text))
	if err != nil {
		return nil, &Problem{Word: NothingToExplain, cause: err}
	}
	o := render.Explain(r, knownLang(q.Lang))
	return &o, nil
}
