package service

import (
	"bytes"
	"context"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/repair/paste"
	"github.com/todoku/todoku/internal/store"
)

// Domain is a domain that the server sends for.
type Domain struct {
	Name    string   `json:"name" example:"example.com" doc:"in A-labels"`
	State   string   `json:"state" enum:"enabled,disabled" doc:"of a disabled domain nothing is signed"`
	DKIM    bool     `json:"dkim" doc:"whether its mail is signed"`
	DMARC   *string  `json:"dmarc" doc:"the policy that was chosen, none, quarantine or reject; null where none was. It is published by hand: see policy"`
	Senders []string `json:"senders" doc:"SMTP logins that may sign for it; none: everybody who may send"`
	// Customers is nil for who is no administrator.
	Customers []string  `json:"customers" nullable:"true" doc:"names of the customers who see and change it; null for customers"`
	Created   time.Time `json:"created"`
	Changed   time.Time `json:"changed"`
}

// DomainList is a page of domains.
type DomainList struct {
	Domains []Domain `json:"domains" doc:"by name"`
	Next    *string  `json:"next" doc:"what to send as after for the next page; null at the end"`
}

// DomainDetail is a domain with its keys and the evidence for its policy.
type DomainDetail struct {
	Domain Domain       `json:"domain"`
	Keys   []DomainKey  `json:"keys"`
	Policy DomainPolicy `json:"policy"`
}

// DomainKey is a key; nothing of its private part is in it.
type DomainKey struct {
	ID        string         `json:"id"`
	Selector  string         `json:"selector" example:"s20261126r"`
	Algorithm string         `json:"algorithm" enum:"rsa,ed25519"`
	Bits      int            `json:"bits" example:"2048"`
	State     string         `json:"state" enum:"prepared,published,signing,retiring,removed,revealed"`
	Waits     *string        `json:"waits" doc:"what it waits for: publish, servers, caches, mail, remove, gone, reveal; null for nothing"`
	Due       *time.Time     `json:"due" doc:"when the next step may be taken at the earliest"`
	Problem   *string        `json:"problem" doc:"in English"`
	Looked    *time.Time     `json:"looked" doc:"when the name servers were last asked"`
	Servers   []DomainServer `json:"servers" doc:"what each name server had then"`
	Record    DomainRecord   `json:"record"`
	Times     KeyTimes       `json:"times" doc:"when it came into each state; null for not yet"`
	Actions   []string       `json:"actions" enum:"rotate,rollback,retire" doc:"what can be done with it now, see act-on-domain-key"`
}

// KeyTimes are when a key came into each of its states.
type KeyTimes struct {
	Created   *time.Time `json:"created"`
	Published *time.Time `json:"published" doc:"since when every name server shows the record"`
	Signing   *time.Time `json:"signing"`
	Retiring  *time.Time `json:"retiring"`
	Removed   *time.Time `json:"removed"`
}

// DomainServer is what a name server has.
type DomainServer struct {
	Name   string `json:"name" example:"ns.example.com"`
	Has    string `json:"has" enum:"shows,absent,other,unreachable"`
	Detail string `json:"detail"`
}

// DomainRecord is a change to be made in the DNS.
type DomainRecord struct {
	Change *dns.Change    `json:"change" doc:"null where there is nothing to do, or what stands there is not known"`
	Seen   bool           `json:"seen" doc:"whether it is done, as far as was last seen"`
	Forms  []ProposedForm `json:"forms" doc:"the change in the forms asked for"`
}

// DomainPolicy is the DMARC policy that was chosen, beside what was seen.
type DomainPolicy struct {
	Chosen   *string                `json:"chosen"`
	Current  *string                `json:"current" doc:"what was published at the last check; null for none, or not known"`
	Checked  *time.Time             `json:"checked" doc:"when that was; null for never"`
	Reasons  []string               `json:"reasons" enum:"no-check,old-check,unseen,disabled,dkim-off,no-key,key-waits,findings,no-reports,few-seen,unsigned,elsewhere" doc:"what speaks against a policy stricter than none"`
	Mail     DomainMail             `json:"mail" doc:"the mail in its name that this server saw in the last 30 days"`
	Findings []render.FindingObject `json:"findings" doc:"those about SPF, DKIM and DMARC that need work"`
	Record   DomainRecord           `json:"record"`
}

// DomainRequest makes or changes a domain. What is left out stays as it is.
type DomainRequest struct {
	Name    string    `json:"name,omitempty" maxLength:"1000" doc:"of a new domain" example:"example.com"`
	State   string    `json:"state,omitempty" enum:"enabled,disabled"`
	DKIM    *bool     `json:"dkim,omitempty"`
	DMARC   *string   `json:"dmarc,omitempty" enum:",none,quarantine,reject" doc:"empty for none chosen"`
	Senders *[]string `json:"senders,omitempty" maxItems:"100" doc:"SMTP logins that may sign for it; [] for everybody who may send" nullable:"false"`
	// Customers are all of them.
	Customers *[]string `json:"customers,omitempty" maxItems:"100" doc:"names of the customers who see and change it, in the place of those before; for administrators" nullable:"false"`
}

func (q DomainRequest) change() panel.Change {
	c := panel.Change{DKIM: q.DKIM, DMARC: q.DMARC, Senders: q.Senders, Customers: q.Customers}
	if q.State != "" {
		disabled := q.State == "disabled"
		c.Disabled = &disabled
	}
	return c
}

// DomainsImported counts what a file did.
type DomainsImported struct {
	Made    int `json:"made"`
	Changed int `json:"changed"`
	Same    int `json:"same" doc:"were so already"`
	// DryRun: nothing was changed.
	DryRun bool `json:"dry_run" doc:"true where nothing was changed: it says what would be"`
}

// Domains lists those that one may see by name, or of these what an administrator gave to a customer ("" for all). NotFound where there is no panel, and for a domain that one may not see, as in the other methods.
func (s *Service) Domains(ctx context.Context, who panel.Who, q DomainsQuery) (*DomainList, error) {
	if s.Panel == nil {
		return nil, noPanel()
	}
	whose := who
	if q.Customer != "" {
		var err error
		if whose, err = s.Panel.Of(ctx, who, q.Customer); err != nil {
			return nil, domainProblem(ctx, err)
		}
	}
	list, next, err := s.Panel.List(ctx, whose, q.Find, q.After, q.Limit)
	if err != nil {
		return nil, domainProblem(ctx, err)
	}
	customers, err := s.Panel.CustomersOf(ctx, who, list)
	if err != nil {
		return nil, domainProblem(ctx, err)
	}
	out := &DomainList{Domains: make([]Domain, 0, len(list)), Next: nonEmpty(next)}
	for i := range list {
		out.Domains = append(out.Domains, domainOf(&list[i], who, customers[list[i].Name]))
	}
	return out, nil
}

// DomainsQuery says which are listed.
type DomainsQuery struct {
	Find, After, Customer string
	Limit                 int
}

// domainNow gives a domain that was just kept.
func (s *Service) domainNow(ctx context.Context, who panel.Who, d *store.Domain) (*Domain, error) {
	customers, err := s.Panel.CustomersOf(ctx, who, []store.Domain{*d})
	if err != nil {
		return nil, domainProblem(ctx, err)
	}
	out := domainOf(d, who, customers[d.Name])
	return &out, nil
}

// RemoveDomain takes one out of the panel, with its forwarding addresses; its keys stay. Forbidden for others than administrators.
func (s *Service) RemoveDomain(ctx context.Context, who panel.Who, name string) error {
	if s.Panel == nil {
		return noPanel()
	}
	if err := s.Panel.Remove(ctx, who, name); err != nil {
		return domainProblem(ctx, err)
	}
	return nil
}

// Domain gives one, with its records in forms to paste.
func (s *Service) Domain(ctx context.Context, who panel.Who, name string, words []string, lang string) (*DomainDetail, error) {
	if s.Panel == nil {
		return nil, noPanel()
	}
	forms, err := pasteForms(words)
	if err != nil {
		return nil, err
	}
	d, err := s.Panel.Get(ctx, who, name)
	if err != nil {
		return nil, domainProblem(ctx, err)
	}
	return DomainDetailOf(d, who, forms, knownLang(lang)), nil
}

// NewDomain makes one.
func (s *Service) NewDomain(ctx context.Context, who panel.Who, q DomainRequest) (*Domain, error) {
	if s.Panel == nil {
		return nil, noPanel()
	}
	d, err := s.Panel.Create(ctx, who, q.Name, q.change())
	if err != nil {
		return nil, domainProblem(ctx, err)
	}
	return s.domainNow(ctx, who, &d)
}

// ChangeDomain changes one.
func (s *Service) ChangeDomain(ctx context.Context, who panel.Who, name string, q DomainRequest) (*Domain, error) {
	if s.Panel == nil {
		return nil, noPanel()
	}
	if q.Name != "" {
		return nil, invalid("name", "A domain cannot be renamed.", "ドメインの名前は変更できません。")
	}
	d, err := s.Panel.Update(ctx, who, name, q.change())
	if err != nil {
		return nil, domainProblem(ctx, err)
	}
	return s.domainNow(ctx, who, &d)
}

// MakeDomainKeys makes the keys that a domain lacks.
func (s *Service) MakeDomainKeys(ctx context.Context, who panel.Who, name string, words []string, lang string) (*DomainDetail, error) {
	if s.Panel == nil {
		return nil, noPanel()
	}
	if err := s.Panel.MakeKeys(ctx, who, name); err != nil {
		return nil, domainProblem(ctx, err)
	}
	return s.Domain(ctx, who, name, words, lang)
}

// ExportDomains writes all as CSV.
func (s *Service) ExportDomains(ctx context.Context, who panel.Who) ([]byte, error) {
	if s.Panel == nil {
		return nil, noPanel()
	}
	var b bytes.Buffer
	if err := s.Panel.Export(ctx, who, &b); err != nil {
		return nil, domainProblem(ctx, err)
	}
	return b.Bytes(), nil
}

// ImportDomains makes and changes the domains of a CSV file, all or none.
func (s *Service) ImportDomains(ctx context.Context, who panel.Who, file []byte, dry bool) (*DomainsImported, error) {
	if s.Panel == nil {
		return nil, noPanel()
	}
	done, err := s.Panel.Import(ctx, who, bytes.NewReader(file), dry)
	if err != nil {
		return nil, domainProblem(ctx, err)
	}
	return &DomainsImported{Made: done.Made, Changed: done.Changed, Same: done.Same, DryRun: dry}, nil
}

func nonEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func momentOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func domainOf(d *store.Domain, who panel.Who, customers []string) Domain {
	out := Domain{Name: d.Name, State: "enabled", DKIM: d.DKIM, DMARC: nonEmpty(d.DMARC), Senders: d.Senders, Created: d.Created, Changed: d.Changed}
	if d.Disabled {
		out.State = "disabled"
	}
	if out.Senders == nil {
		out.Senders = []string{}
	}
	if who.Admin {
		out.Customers = append([]string{}, customers...)
	}
	return out
}

// DomainDetailOf makes the object of a domain.
func DomainDetailOf(d *panel.Detail, who panel.Who, forms []paste.Form, lang string) *DomainDetail {
	p := &d.Policy
	var customers []string
	for i := range d.People {
		customers = append(customers, d.People[i].Name)
	}
	out := &DomainDetail{Domain: domainOf(&d.Domain, who, customers), Keys: make([]DomainKey, 0, len(d.Keys)), Policy: DomainPolicy{
		Chosen: nonEmpty(d.DMARC), Current: nonEmpty(p.Current), Checked: momentOf(p.At), Reasons: append([]string{}, p.Reasons...),
		Mail: mailOf(p.Mail), Findings: render.Findings(p.Findings, lang), Record: recordOf(&p.Record, forms, lang),
	}}
	for i := range d.Keys {
		k := &d.Keys[i]
		o := DomainKey{
			ID: k.ID, Selector: k.Selector, Algorithm: k.Algorithm, Bits: k.Bits, State: k.State, Waits: nonEmpty(k.Waits), Due: momentOf(k.Due),
			Problem: nonEmpty(k.Problem), Looked: momentOf(k.Looked), Servers: make([]DomainServer, 0, len(k.Servers)), Record: recordOf(&k.Record, forms, lang),
			Times:   KeyTimes{momentOf(k.Created), momentOf(k.Published), momentOf(k.Signing), momentOf(k.Retiring), momentOf(k.Removed)},
			Actions: []string{},
		}
		for _, a := range k.May {
			o.Actions = append(o.Actions, string(a))
		}
		for _, v := range k.Servers {
			o.Servers = append(o.Servers, DomainServer{Name: v.Name, Has: v.Has, Detail: v.Detail})
		}
		out.Keys = append(out.Keys, o)
	}
	return out
}

func recordOf(r *panel.Record, forms []paste.Form, lang string) DomainRecord {
	out := DomainRecord{Change: r.Change, Seen: r.Seen, Forms: []ProposedForm{}}
	for _, form := range forms {
		if text := r.Written(form, lang); text != "" {
			out.Forms = append(out.Forms, ProposedForm{Form: form.ID, Name: form.Name.In(lang), Text: text})
		}
	}
	return out
}
