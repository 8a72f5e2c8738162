package panel

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/repair"
	"github.com/todoku/todoku/internal/repair/paste"
	"github.com/todoku/todoku/internal/store"
)

// Detail is a domain with its keys and the evidence for its policy.
type Detail struct {
	store.Domain
	Keys   []Key
	Policy Policy
	// People were given the domain; administrators alone see them.
	People []store.Person
}

// Key is a key without anything secret.
type Key struct {
	ID, Selector, Algorithm string
	Bits                    int
	State                   string // a word of package store
	// Waits is what it waits for, a word of package keys, until Due (zero: not known); Problem is in English.
	Waits, Problem string
	Due            time.Time
	// Created and what follows are when it came into each state, zero for not yet. Replaces is the ID of the key whose place it takes, "" for none.
	Created, Published, Signing, Retiring, Removed time.Time
	Replaces                                       string
	// May are what can be done with it now.
	May []KeyAction
	// Looked is when the name servers were last asked, Servers what they had.
	Looked  time.Time
	Servers []keys.Server
	Record
}

// Record is a change to be made in the DNS.
type Record struct {
	// Change is nil where there is nothing to do.
	Change *dns.Change
	// Seen: it is done, as far as was last seen.
	Seen bool
	zone string
	rep  *check.Report
}

// Written is the change in a form to paste, "" where it cannot be made in one.
func (r *Record) Written(form paste.Form, lang string) string {
	switch {
	case r.Change == nil:
		return ""
	case r.rep != nil:
		return r.rep.Written(*r.Change, form, lang)
	}
	var stands []dns.Record
	if r.Change.Action == dns.Remove {
		for _, was := range r.Change.Was {
			if rec, err := dns.NewRecord(r.Change.Name, r.Change.Type, r.Change.TTL, was); err == nil {
				stands = append(stands, rec)
			}
		}
	}
	plan, err := paste.NewPlan(*r.Change, r.zone, stands)
	if err != nil {
		return ""
	}
	return form.Write(plan, lang)
}

// Policy is the DMARC policy that was chosen, beside what was seen.
type Policy struct {
	// Run is the check that it goes by, "" where there was none; At is when.
	Run string
	At  time.Time
	// Current is the policy that was published then, "" for none; Published its record.
	Current, Published string
	// Reasons speak against a policy stricter than none: the words below.
	Reasons []string
	// Mail is what was seen of the domain's mail.
	Mail *MailSeen
	// Findings are those about SPF, DKIM and DMARC that need work.
	Findings []catalogue.Finding
	// Record is what to publish; its Change is nil where none is chosen, it is there already, or what is there is not known.
	Record
}

// Reasons against a policy stricter than none. They are part of the contract.
const (
	ReasonNoCheck   = "no-check"   // the domain was never checked
	ReasonOldCheck  = "old-check"  // the last check is more than a week old
	ReasonUnseen    = "unseen"     // the DMARC record could not be looked up, or is an alias
	ReasonDisabled  = "disabled"   // nothing of the domain is signed
	ReasonDKIMOff   = "dkim-off"   // its mail is not signed
	ReasonNoKey     = "no-key"     // there is no key
	ReasonKeyWaits  = "key-waits"  // no key signs yet
	ReasonFindings  = "findings"   // SPF, DKIM or DMARC need work
	ReasonNoReports = "no-reports" // nobody gets reports of what would be refused
	ReasonFewSeen   = "few-seen"   // too little mail of the domain was seen, or for too short a time
	ReasonUnsigned  = "unsigned"   // mail of it left through this server without a signature that aligns
	ReasonElsewhere = "elsewhere"  // mail in its name came in from elsewhere and failed
)

// Get gives a domain with all that is known of it. store.ErrNotFound, ErrBusy.
func (p *Panel) Get(ctx context.Context, w Who, name string) (*Detail, error) {
	d, err := p.find(ctx, w, name)
	if err != nil {
		return nil, err
	}
	out := &Detail{Domain: d}
	list, err := p.Store.Keys(ctx, d.Name, false)
	if err != nil {
		return nil, err
	}
	for i := range list {
		k := p.key(&list[i])
		if p.Keys != nil {
			k.May = may(&list[i], list)
		}
		out.Keys = append(out.Keys, k)
	}
	if w.Admin {
		if out.People, err = p.Store.DomainPeople(ctx, d.Name); err != nil {
			return nil, err
		}
	}
	if out.Policy, err = p.policy(ctx, w, out); err != nil {
		return nil, err
	}
	if out.Policy.Mail, err = p.mailSeen(ctx, w, &d); err != nil {
		return nil, err
	}
	out.Policy.Reasons = append(out.Policy.Reasons, out.Policy.Mail.reasons()...)
	return out, nil
}

func (p *Panel) key(e *store.DKIMKey) Key {
	n := keys.NoteOf(e)
	k := Key{
		ID: e.ID, Selector: e.Selector, Algorithm: e.Algorithm, Bits: e.Bits, State: e.State,
		Waits: n.Waits, Problem: n.Problem, Due: e.Due, Looked: n.At, Servers: n.Servers,
		Created: e.Created, Signing: e.Signing, Retiring: e.Retiring, Removed: e.Removed, Replaces: e.Replaces,
	}
	if e.State != store.KeyRetiring { // of that it is since when no server shows the record
		k.Published = e.Seen
	}
	k.zone = n.Zone
	if k.zone == "" {
		k.zone = dmarc.RegisteredDomain(e.Domain)
	}
	if p.Keys == nil {
		return k
	}
	c := p.Keys.Publish(e)
	k.Seen = n.Shown() || e.State == store.KeyPublished || e.State == store.KeySigning && !n.Lost()
	switch {
	case e.State == store.KeyRemoved || e.State == store.KeyRevealed:
		k.Seen = false
		return k
	case e.State == store.KeyRetiring && (n.Waits == keys.WaitsRemove || n.Waits == keys.WaitsGone):
		c, k.Seen = p.Keys.Withdraw(e), n.Gone()
	}
	k.Change = &c
	return k
}

// oldCheck is the age from which a check says nothing of today.
const oldCheck = 7 * 24 * time.Hour

// policy judges the last check of a domain.
func (p *Panel) policy(ctx context.Context, w Who, d *Detail) (out Policy, err error) {
	out.Reasons = keyReasons(d)
	run, rep, err := p.lastCheck(ctx, w, d.Name)
	if errors.Is(err, store.ErrNotFound) {
		out.Reasons = append([]string{ReasonNoCheck}, out.Reasons...)
		return out, nil
	}
	if err != nil {
		return out, err
	}
	out.Run, out.At, out.rep = run.ID, run.At, rep
	if p.Now().Sub(run.At) > oldCheck {
		out.Reasons = append([]string{ReasonOldCheck}, out.Reasons...)
	}
	for _, f := range rep.Findings {
		area, _, _ := strings.Cut(f.ID, ".")
		if (f.Status == catalogue.Fail || f.Status == catalogue.Warn) && slices.Contains([]string{"spf", "dkim", "dmarc"}, area) {
			out.Findings = append(out.Findings, f)
		}
	}
	if len(out.Findings) > 0 {
		out.Reasons = append(out.Reasons, ReasonFindings)
	}
	out.published(d.DMARC, d.Name)
	return out, nil
}

func keyReasons(d *Detail) []string {
	switch {
	case d.Disabled:
		return []string{ReasonDisabled}
	case !d.DKIM:
		return []string{ReasonDKIMOff}
	case slices.ContainsFunc(d.Keys, func(k Key) bool { return k.State == store.KeySigning }):
		return nil
	case len(d.Keys) > 0:
		return []string{ReasonKeyWaits}
	}
	return []string{ReasonNoKey}
}

// published reads the record that was seen, and says what to put in its place.
func (out *Policy) published(chosen, name string) {
	own := out.rep.Survey.DMARC.Own
	if own.Status.Failed() || len(own.Chain) > 0 {
		out.Reasons = append(out.Reasons, ReasonUnseen)
		return
	}
	var texts []string
	for _, r := range own.Records {
		if r.Type == dns.TypeTXT && repair.LooksLikeDMARC(r.Data) {
			texts = append(texts, r.Data)
		}
	}
	if len(texts) > 0 {
		out.Published = texts[0]
	}
	record, valid := (*dmarc.Record)(nil), false
	if len(texts) == 1 {
		if record, valid = dmarc.Parse(texts[0]); valid {
			out.Current = string(record.P)
		}
	}
	if !valid || len(record.RUA) == 0 {
		out.Reasons = append(out.Reasons, ReasonNoReports)
	}
	if chosen == "" {
		return
	}
	if valid && out.Current == chosen && !record.Testing {
		out.Seen = true
		return
	}
	text := repair.DMARCWith(repair.DMARCWith(repair.DMARC(texts).Text, "p", chosen), "t", "")
	out.Change = &dns.Change{Action: dns.Add, Name: "_dmarc." + name + ".", Type: dns.TypeTXT, TTL: 3600, Data: []string{text}}
	if len(texts) > 0 {
		out.Change.Action, out.Change.Was = dns.Replace, texts
	}
}

// lastCheck gives the last check of a domain, judged anew. store.ErrNotFound where there is none that can be read.
func (p *Panel) lastCheck(ctx context.Context, w Who, name string) (*store.Run, *check.Report, error) {
	run, err := p.Store.LastRun(ctx, name, access.Admin)
	if err != nil {
		return nil, nil, err
	}
	e, err := check.DecodeEvidence(run.Evidence)
	if err != nil {
		p.Log.Warn("a check cannot be read", "run", run.ID, "error", err)
		return nil, nil, store.ErrNotFound
	}
	leave, err := p.enter(ctx, w, "judging for", p.judging)
	if err != nil {
		return nil, nil, err
	}
	defer leave()
	rep := e.Replay(ctx)
	if rep.Survey == nil {
		return nil, nil, store.ErrNotFound
	}
	return run, rep, nil
}
