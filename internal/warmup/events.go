package warmup

import (
	"context"
	"strings"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/explain"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/ses"
	"github.com/todoku/todoku/internal/store"
)

const (
	// present is how old an event may be to say something of today's plan, beside those of today.
	present = 2 * time.Hour
	// countable and complainable are how old one may be to be counted on its own day: they are known again for so long, and a little more.
	countable    = 72 * time.Hour
	complainable = 31 * 24 * time.Hour
	afterwards   = 24 * time.Hour
	// ahead is how far the clock of whoever reports may be.
	ahead = time.Hour
	// lookFor is how long some events wait at most until it is known who takes the mail of their recipients.
	lookFor = 5 * time.Second
)

// EventOptions say how events of Amazon SES are taken.
type EventOptions struct {
	// Source is the address that mail goes out from where an event does not tell; "": not known, no plan hears of it.
	Source string
	// Volume: deliveries are counted as volume, too. Not for mail that passes the milter, which counts it.
	Volume bool
	// Receivers finds the provider of a domain by its mail exchangers, too, as the milter does; nil: by its name alone.
	Receivers Receivers
}

// Receivers finds providers: a *receiver.Finder.
type Receivers interface {
	// Want has a domain looked up, without waiting for it; Find gives its provider, "*" for one that is not known when ctx ends.
	Want(domain string)
	Find(ctx context.Context, domain string) string
}

// Taken is what became of events. Deferred and Refused are those for volume or reputation alone.
type Taken struct {
	Events   int `json:"events"`
	Repeated int `json:"repeated"` // taken before
	Old      int `json:"old"`      // too old to say anything
	// NoSource are refusals and delays of which nobody says from which address the mail went: no plan can hear of them. They can be taken
	// again, with [EventOptions].Source.
	NoSource   int `json:"no_source"`
	Delivered  int `json:"delivered"`
	Deferred   int `json:"deferred"`
	Refused    int `json:"refused"`
	Complaints int `json:"complaints"`
}

// Add adds another one.
func (t *Taken) Add(o Taken) {
	t.Events += o.Events
	t.Repeated += o.Repeated
	t.Old += o.Old
	t.NoSource += o.NoSource
	t.Delivered += o.Delivered
	t.Deferred += o.Deferred
	t.Refused += o.Refused
	t.Complaints += o.Complaints
}

// takings are what some events come to.
type takings struct {
	Taken
	now      time.Time
	o        EventOptions
	find     map[string]string // the provider of each domain
	outcomes outcomes
	counts   map[store.Complaint]store.Complaint // by what they count, without the counts
	volume   map[store.Volume]store.Volume
}

// TakeEvents takes in what Amazon SES says became of mail: outcomes for the plans of the source address, complaints and what they are held
// against, and volume if wanted, all in one transaction: after an error nothing was counted, and the same events can be taken again. What was
// taken before is not counted again, however it comes.
func TakeEvents(ctx context.Context, st *store.Store, events []ses.Event, o EventOptions, now time.Time) (taken Taken, err error) {
	find := o.find(ctx, events)
	err = together(ctx, st, 300*len(events), func(ctx context.Context, d *store.Deliveries) error {
		t := &takings{now: now, o: o, find: find, outcomes: outcomes{}, counts: map[store.Complaint]store.Complaint{}, volume: map[store.Volume]store.Volume{}}
		if err := t.fresh(ctx, d, events, false, countable); err != nil {
			return err
		}
		if err := t.fresh(ctx, d, events, true, complainable); err != nil {
			return err
		}
		taken = t.Taken
		return t.keep(ctx, d)
	})
	if err != nil {
		return Taken{}, err
	}
	return taken, nil
}

// find gives the providers of all domains. They are looked up at one time, before the database is asked for anything.
func (o *EventOptions) find(ctx context.Context, events []ses.Event) map[string]string {
	out := map[string]string{}
	for i := range events {
		for _, to := range events[i].Recipients {
			out[domainOf(to.Address)] = ""
		}
	}
	if o.Receivers == nil {
		for domain := range out {
			out[domain] = provider.ReceiverOf(domain)
		}
		return out
	}
	ctx, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	for domain := range out {
		o.Receivers.Want(domain)
	}
	for domain := range out {
		out[domain] = o.Receivers.Find(ctx, domain)
	}
	return out
}

// fresh counts the events of one sort that were not taken before.
func (t *takings) fresh(ctx context.Context, d *store.Deliveries, events []ses.Event, complaint bool, age time.Duration) error {
	var ids []string
	byID := map[string]*ses.Event{}
	for i := range events {
		e := &events[i]
		switch {
		case (e.Kind == ses.Complaint) != complaint:
			continue
		case t.now.Sub(e.At) > age || e.At.Sub(t.now) > ahead:
			t.Old++
			continue
		case byID[e.ID] != nil:
			t.Repeated++
			continue
		case e.Source == "" && t.o.Source == "" && (e.Kind == ses.Bounce || e.Kind == ses.Delay):
			t.NoSource++
			continue
		}
		byID[e.ID] = e
		ids = append(ids, e.ID)
	}
	fresh, err := d.TakeEvents(ctx, ids, t.now.Add(age+ahead+afterwards))
	if err != nil {
		return err
	}
	for _, id := range fresh {
		t.count(byID[id])
	}
	t.Repeated += len(ids) - len(fresh)
	return nil
}

// keep writes it all.
func (t *takings) keep(ctx context.Context, d *store.Deliveries) error {
	list := make([]store.Complaint, 0, len(t.counts))
	for _, c := range t.counts {
		list = append(list, c)
	}
	if err := d.AddComplaints(ctx, list); err != nil {
		return err
	}
	volume := make([]store.Volume, 0, len(t.volume))
	for _, v := range t.volume {
		volume = append(volume, v)
	}
	if err := d.AddVolume(ctx, volume); err != nil {
		return err
	}
	return noteAll(ctx, d, t.outcomes, t.now)
}

// count counts one event.
func (t *takings) count(e *ses.Event) {
	t.Events++
	source := e.Source
	if source == "" {
		source = t.o.Source
	}
	if e.Kind == ses.Complaint {
		// Of several recipients of one provider it does not say who complained: it is one complaint.
		if !strings.EqualFold(e.Type, "not-spam") && e.SubType == "" && len(e.Recipients) > 0 {
			t.Complaints++
			t.complaint(e, source, t.providerOf(e.Recipients[0].Address), 1, 0)
		}
		return
	}
	for _, r := range e.Recipients {
		t.recipient(e, &r, source)
	}
}

// recipient counts what became of mail to one.
func (t *takings) recipient(e *ses.Event, r *ses.Recipient, source string) {
	who := t.providerOf(r.Address)
	var o Outcome
	switch e.Kind {
	case ses.Delivery:
		o.Delivered = 1
		t.complaint(e, source, who, 0, 1)
		if t.o.Volume {
			key := store.Volume{Day: date(e.At), Source: source, Provider: who, Author: e.Domain}
			v := key
			v.Messages = t.volume[key].Messages + 1
			t.volume[key] = v
		}
	case ses.Bounce, ses.Delay:
		final := e.Kind == ses.Bounce
		f := explain.Refusal(r.Reply, r.Address, e.MTA, final)
		if !ofVolume(&f) && (r.Reply != "" || !blamed[e.Type] && !blamed[e.SubType]) {
			return
		}
		if final {
			o.Refused = 1
			break
		}
		if o.Deferred = 1; f.Category == "rate" {
			o.Silence, o.At = silence(who), e.At
		}
	default:
		return
	}
	t.Delivered, t.Deferred, t.Refused = t.Delivered+o.Delivered, t.Deferred+o.Deferred, t.Refused+o.Refused
	if source == "" || date(e.At) != date(t.now) && t.now.Sub(e.At) > present {
		return
	}
	t.outcomes.add(planKey{source, who}, o)
}

// blamed are SES's own words for refusals that speak of volume or reputation, for events that quote no reply.
var blamed = map[string]bool{"IPFailure": true, "SpamDetected": true, "ContentRejected": true}

func (t *takings) complaint(e *ses.Event, source, who string, complaints, delivered int64) {
	key := store.Complaint{Day: date(e.At), Domain: e.Domain, Source: source, Provider: who}
	c := key
	c.Complaints, c.Delivered = t.counts[key].Complaints+complaints, t.counts[key].Delivered+delivered
	t.counts[key] = c
}

// providerOf is who takes mail for an address.
func (t *takings) providerOf(address string) string {
	if id := t.find[domainOf(address)]; id != "" {
		return id
	}
	return Everybody
}

// domainOf is the domain of an address.
func domainOf(address string) string {
	return dns.CanonicalName(address[strings.LastIndexByte(address, '@')+1:])
}
