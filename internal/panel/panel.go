// Package panel is what hosters do with the domains that a server sends for: who may sign, DKIM on or off, keys and the
// records to publish, the DMARC policy with the evidence beside it, and which customer may change what. The pages and the
// API are two doors to it.
//
// Nothing here publishes anything but what package keys publishes: a policy that is chosen yields a record.
package panel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/wire"
)

// The bounds.
const (
	// MaxDomains is how many domains there may be.
	MaxDomains = 100_000
	// MaxSenders is how many logins one domain may have, maxLogin how many octets each.
	MaxSenders, maxLogin = 100, 320
	// MaxListed is how many are listed at a time.
	MaxListed = 1000
)

// Who asks.
type Who struct {
	// Admin sees and changes all.
	Admin bool
	// Person is the ID of one who sees and changes what was given to them; "" with Admin false is nobody.
	Person string
}

// person is what the store is asked with: "" for all, and for nobody a name that nobody has.
func (w Who) person() string {
	switch {
	case w.Admin:
		return ""
	case w.Person == "":
		return "-"
	}
	return w.Person
}

// ErrForbidden: it is for administrators.
var ErrForbidden = errors.New("only administrators may do this")

// ErrBusy: as much as may be is going on already.
var ErrBusy = errors.New("as much as may be is going on already")

// Invalid says what of a request cannot be used, in both languages.
type Invalid struct {
	// Field is name, dkim, dmarc, senders, customers, state, address, to, keep or file.
	Field string
	// Line of a file, 0 for none.
	Line int
	Text catalogue.Text
	// Record is what to publish so that it can be used, nil for nothing.
	Record *dns.Change
}

// Error gives the English text.
func (e *Invalid) Error() string { return e.Field + ": " + e.Text.EN }

func invalid(field, en, ja string) *Invalid {
	return &Invalid{Field: field, Text: catalogue.Text{EN: en, JA: ja}}
}

// Config of a panel.
type Config struct {
	Store *store.Store
	// Keys makes keys; nil: none can be made.
	Keys *keys.Keeper
	// Forwarding is how this server forwards, nil where that is not known.
	Forwarding *Forwarding
	// OwnDomains is how many domains a customer may have by adding them, 0 for none: administrators add them. Resolver asks for the record by which
	// they show that a domain is theirs, past every cache.
	OwnDomains int
	Resolver   dns.Resolver
	Now        func() time.Time
	Log        *slog.Logger
}

// Forwarding is what is done for mail that is forwarded.
type Forwarding struct {
	// Served: the mail server can ask for forwarding addresses.
	Served bool
	// SRS: its envelope sender becomes one of this server's, so that SPF passes at the next one.
	SRS bool
	// SealDomain is the domain that seals it by ARC, "" for none.
	SealDomain string
}

// Panel does it. Safe for concurrent use.
type Panel struct {
	Config
	// making and administering bound what customers and administrators do with keys at one time, busy has whose and of whom: see turn.
	making, administering chan struct{}
	busy                  sync.Map
	judging               chan struct{} // checks that are judged anew
	files                 chan struct{} // that are taken in
	forwarding            chan struct{} // changes of forwarding addresses: of two that look at what is kept at one time, the second looks in vain
	patience              time.Duration // of who waits at one of the last three
}

// New gives a panel.
func New(c Config) *Panel {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Panel{Config: c, making: make(chan struct{}, keysAtOnce), administering: make(chan struct{}, keysAtOnce), judging: make(chan struct{}, 2), files: make(chan struct{}, 2), forwarding: make(chan struct{}, 1), patience: 10 * time.Second}
}

// Change is what is to change of a domain; nil stays as it is, or as a new domain has it: enabled, with DKIM, no policy
// chosen, everybody may send.
type Change struct {
	Disabled, DKIM *bool
	DMARC          *string
	Senders        *[]string
	// Version is that of the domain on which the change was based, 0 for whatever it is now: store.ErrConflict where it is another one by now.
	Version int64
	// Customers are the names of the customers who see and change it, all of them; for administrators.
	Customers *[]string
}

// apply changes a domain. The error is an *Invalid.
func (c Change) apply(d *store.Domain) error {
	if c.Disabled != nil {
		d.Disabled = *c.Disabled
	}
	if c.DKIM != nil {
		d.DKIM = *c.DKIM
	}
	if c.DMARC != nil {
		if !slices.Contains([]string{"", "none", "quarantine", "reject"}, *c.DMARC) {
			return invalid("dmarc", "Choose none, quarantine or reject, or leave it empty.", "none、quarantine、reject のいずれかを選ぶか、空にしてください。")
		}
		d.DMARC = *c.DMARC
	}
	if c.Senders == nil {
		return nil
	}
	list, err := logins(*c.Senders)
	if err == nil {
		d.Senders = list
	}
	return err
}

// List gives domains by name, behind the name after, whose names hold find; next is where the list goes on, "" at its end.
func (p *Panel) List(ctx context.Context, w Who, find, after string, limit int) (list []store.Domain, next string, err error) {
	limit = max(1, min(limit, MaxListed))
	if len(find) > 253 || len(after) > 253 || !utf8.ValidString(find+after) {
		return nil, "", nil // no domain is named so
	}
	list, err = p.Store.Domains(ctx, w.person(), sought(find), strings.ToLower(after), limit+1)
	if err == nil && len(list) > limit {
		list = list[:limit]
		next = list[limit-1].Name
	}
	return list, next, err
}

// sought is what the names of a list hold, as they are kept: labels in their own script become A-labels.
func sought(find string) string {
	find = strings.ToLower(strings.TrimSpace(find))
	if !wire.Convertible(find) {
		return find
	}
	if ascii, err := idna.Lookup.ToASCII(find); err == nil {
		return ascii
	}
	return find
}

// find gives a domain that one may see. store.ErrNotFound, also for a name that is none.
func (p *Panel) find(ctx context.Context, w Who, name string) (store.Domain, error) {
	name, err := Name(name)
	if err != nil {
		return store.Domain{}, fmt.Errorf("%w: %w", store.ErrNotFound, err)
	}
	return p.Store.Domain(ctx, w.person(), name)
}

// Create makes a domain. Who is no administrator may have it where [Config.OwnDomains] says so, and the domain that it is theirs: see [Proof].
// ErrForbidden, *Invalid, store.ErrExists.
func (p *Panel) Create(ctx context.Context, w Who, name string, c Change) (store.Domain, error) {
	if !w.Admin && (p.OwnDomains <= 0 || w.Person == "" || c.Disabled != nil || c.Customers != nil) {
		return store.Domain{}, ErrForbidden
	}
	name, err := Name(name)
	if err == nil {
		err = suffix(name)
	}
	if err != nil {
		return store.Domain{}, err
	}
	d := store.Domain{Name: name, DKIM: true}
	if err := c.apply(&d); err != nil {
		return d, err
	}
	if err := p.room(ctx, 1); err != nil {
		return d, err
	}
	if w.Admin {
		err = p.keep(ctx, &d, c.Customers)
	} else {
		err = p.createOwn(ctx, w, &d)
	}
	if err == nil {
		p.Log.Info("a domain was made", "domain", name, "customer", w.Person)
	}
	return d, err
}

// room says whether more domains can be had.
func (p *Panel) room(ctx context.Context, more int) error {
	n, err := p.Store.CountDomains(ctx)
	if err == nil && n+more > MaxDomains {
		err = invalid("name", fmt.Sprintf("There may be at most %d domains.", MaxDomains), fmt.Sprintf("ドメインは %d 個までです。", MaxDomains))
	}
	return err
}

// Update changes a domain. Enabling and disabling are for administrators. ErrForbidden, *Invalid, store.ErrNotFound,
// store.ErrConflict where others change it all the time.
func (p *Panel) Update(ctx context.Context, w Who, name string, c Change) (d store.Domain, err error) {
	for range 3 { // each time it is read anew: what others changed meanwhile stays
		if d, err = p.update(ctx, w, name, c); !errors.Is(err, store.ErrConflict) {
			break
		}
	}
	return d, err
}

func (p *Panel) update(ctx context.Context, w Who, name string, c Change) (store.Domain, error) {
	d, err := p.find(ctx, w, name)
	if err != nil {
		return d, err
	}
	if !w.Admin && (c.Disabled != nil && *c.Disabled != d.Disabled || c.Customers != nil) {
		return d, ErrForbidden
	}
	if c.Version != 0 && c.Version != d.Version {
		return d, fmt.Errorf("%s was changed meanwhile: %w", d.Name, store.ErrConflict)
	}
	if err := c.apply(&d); err != nil {
		return d, err
	}
	return d, p.keep(ctx, &d, c.Customers)
}

// Remove forgets a domain; its keys stay, and sign on. ErrForbidden, store.ErrNotFound.
func (p *Panel) Remove(ctx context.Context, w Who, name string) error {
	if !w.Admin {
		return ErrForbidden
	}
	d, err := p.find(ctx, w, name)
	if err == nil {
		err = p.Store.RemoveDomain(ctx, d.Name)
	}
	if err == nil {
		p.Log.Info("a domain was removed", "domain", d.Name)
	}
	return err
}

// Give gives a domain to a person, or takes it back. ErrForbidden, store.ErrNotFound.
func (p *Panel) Give(ctx context.Context, w Who, name, person string, give bool) error {
	if !w.Admin {
		return ErrForbidden
	}
	d, err := p.find(ctx, w, name)
	if err == nil {
		err = p.Store.GiveDomain(ctx, d.Name, person, give)
	}
	return err
}
