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
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/store"
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

// Invalid says what of a request cannot be used, in both languages.
type Invalid struct {
	// Field is name, dkim, dmarc, senders, state, address, to, keep or file.
	Field string
	// Line of a file, 0 for none.
	Line int
	Text catalogue.Text
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
	making  chan struct{} // keys, each of which takes a processor for a while
	judging chan struct{} // checks that are judged anew
}

// New gives a panel.
func New(c Config) *Panel {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Panel{Config: c, making: make(chan struct{}, 1), judging: make(chan struct{}, 2)}
}

// Change is what is to change of a domain; nil stays as it is, or as a new domain has it: enabled, with DKIM, no policy
// chosen, everybody may send.
type Change struct {
	Disabled, DKIM *bool
	DMARC          *string
	Senders        *[]string
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

// logins gives SMTP logins in the form in which they are kept: lower case, in order, each once.
func logins(list []string) ([]string, error) {
	if len(list) > MaxSenders {
		return nil, invalid("senders", fmt.Sprintf("Name at most %d logins.", MaxSenders), fmt.Sprintf("ユーザー名は %d 個までです。", MaxSenders))
	}
	var out []string
	for _, s := range list {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		if len(s) > maxLogin || !utf8.ValidString(s) || strings.ContainsFunc(s, badInLogin) {
			return nil, invalid("senders", "A login has at most 320 octets, and no spaces, commas or controls.", "ユーザー名は 320 オクテット以内です。空白、コンマ、制御文字は使えません。")
		}
		out = append(out, strings.ToLower(s))
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// badInLogin: what separates logins, and what nobody can see.
func badInLogin(r rune) bool {
	return r == ',' || r == ';' || r == '"' || unicode.IsSpace(r) || unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs)
}

// SplitLogins gives the logins of a text in which spaces, commas or lines separate them; it gives no more than are allowed, and one.
func SplitLogins(text string) []string {
	list := []string{}
	for login := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == ';' || unicode.IsSpace(r) }) {
		if list = append(list, login); len(list) > MaxSenders {
			break
		}
	}
	return list
}

// Name gives a domain name in the form in which it is kept. The error is an *Invalid.
func Name(s string) (string, error) {
	bad := invalid("name", "This is not a full domain name such as example.com.", "example.com のような完全なドメイン名を指定してください。")
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 1000 || !utf8.ValidString(s) {
		return "", bad
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) {
		ascii, err := idna.Lookup.ToASCII(s)
		if err != nil {
			return "", bad
		}
		s = ascii
	}
	s = dns.CanonicalName(s)
	labels := strings.Split(s, ".")
	last := labels[len(labels)-1]
	if len(labels) < 2 || len(s) > 253 || !dns.ValidName(s) || slices.ContainsFunc(labels, badLabel) || strings.Trim(last, "0123456789") == "" {
		return "", bad
	}
	return s, nil
}

func badLabel(l string) bool {
	return l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-_") != ""
}

// List gives domains by name, behind the name after, whose names hold find; next is where the list goes on, "" at its end.
func (p *Panel) List(ctx context.Context, w Who, find, after string, limit int) (list []store.Domain, next string, err error) {
	limit = max(1, min(limit, MaxListed))
	if len(find) > 253 || len(after) > 253 || !utf8.ValidString(find+after) {
		return nil, "", nil // no domain is named so
	}
	list, err = p.Store.Domains(ctx, w.person(), strings.ToLower(strings.TrimSpace(find)), strings.ToLower(after), limit+1)
	if err == nil && len(list) > limit {
		list = list[:limit]
		next = list[limit-1].Name
	}
	return list, next, err
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
	if !w.Admin && (p.OwnDomains <= 0 || w.Person == "" || c.Disabled != nil) {
		return store.Domain{}, ErrForbidden
	}
	name, err := Name(name)
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
		err = p.Store.SetDomains(ctx, &d)
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
	if c.Disabled != nil && *c.Disabled != d.Disabled && !w.Admin {
		return d, ErrForbidden
	}
	if err := c.apply(&d); err != nil {
		return d, err
	}
	return d, p.Store.SetDomains(ctx, &d)
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

// keyTime bounds the making of a domain's keys.
const keyTime = 30 * time.Second

// MakeKeys makes an RSA and an Ed25519 key, each where the domain has none that signs or will. store.ErrNotFound, keys.ErrNoMaster.
func (p *Panel) MakeKeys(ctx context.Context, w Who, name string) error {
	d, err := p.find(ctx, w, name)
	if err != nil {
		return err
	}
	if p.Keys == nil {
		return keys.ErrNoMaster
	}
	ctx, cancel := context.WithTimeout(ctx, keyTime)
	defer cancel()
	select { // one after the other also keeps two from making the same
	case p.making <- struct{}{}:
		defer func() { <-p.making }()
	case <-ctx.Done():
		return ctx.Err()
	}
	list, err := p.Store.Keys(ctx, d.Name, false)
	if err != nil {
		return err
	}
	for _, algorithm := range []string{"rsa", "ed25519"} {
		if slices.ContainsFunc(list, func(k store.DKIMKey) bool { return k.Algorithm == algorithm && lives(&k) }) {
			continue
		}
		if _, err := p.Keys.Create(ctx, keys.Spec{Domain: d.Name, Algorithm: algorithm}); err != nil {
			return err
		}
	}
	return nil
}

// lives reports that a key signs or will.
func lives(k *store.DKIMKey) bool {
	return k.State == store.KeyPrepared || k.State == store.KeyPublished || k.State == store.KeySigning
}
