// Package keys keeps the keys that sign mail: makes and imports them, keeps the private ones encrypted, knows which
// sign for whom, and has new ones take the place of old ones without a moment at which a signature cannot be verified.
//
// The life of a key (the state is in the database, each step may be taken again by whatever node):
//
//	prepared   made; its record is being published, and not every name server shows it yet
//	published  every name server shows it; caches that asked before may still know that it is not there
//	signing    it signs
//	retiring   its successor signs; mail on its way still needs its record
//	removed    no name server shows its record any more; the private key is destroyed, or is about to be revealed
//	revealed   the private key is public: whoever has old mail can prove nothing by its signature
//
// Keys that take each other's place are a series. RSA and Ed25519 keys of one domain are two series, which sign together.
package keys

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/publish"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/steady"
	"github.com/todoku/todoku/internal/store"
)

// Policy says when keys change.
type Policy struct {
	// RotateAfter is the age at which a signing key gets a successor; 0: never by itself.
	RotateAfter time.Duration
	// MailLife is how long mail may be on its way; 0 is [DefaultMailLife]. The record of a key that signs no longer stays for
	// this and for [StaleAfter], during which a node that lost the database may have signed with it.
	MailLife time.Duration
	// Reveal has the private key of a removed key published (see [store.DKIMKey].Revealed) in place of being destroyed.
	Reveal bool
	// RecordTTL is the TTL of records, in seconds; 0 is 3600.
	RecordTTL uint32
}

// DefaultMailLife is longer than the five days for which mail servers usually try (RFC 5321 section 4.5.4.1).
const DefaultMailLife = 7 * 24 * time.Hour

// Config of a Keeper.
type Config struct {
	Store *store.Store
	// Master encrypts; nil where no private key is touched.
	Master *Master
	// Observer looks at name servers; nil: nothing can be imported as signing, and no step be taken.
	Observer Observer
	// Publisher publishes; nil: by hand.
	Publisher publish.Publisher
	Policy    Policy
	// Now is the clock, nil for that of the system; Log is where it is said what happened, nil for nowhere.
	Now func() time.Time
	// Elapsed is the monotonic clock: how long the program has run. nil: that of the system where Now is nil, else none.
	Elapsed func() time.Duration
	Log     *slog.Logger
}

// Keeper makes and changes keys. Safe for concurrent use, also on several nodes.
type Keeper struct {
	cfg   Config
	owner string // of leases
	clock sync.Mutex
	watch steady.Watch
}

// New fills in what the configuration leaves out.
func New(c Config) *Keeper {
	if c.Now == nil {
		c.Now = time.Now
		if c.Elapsed == nil {
			c.Elapsed = steady.Elapsed()
		}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Publisher == nil {
		c.Publisher = publish.Zones{}
	}
	if c.Policy.MailLife <= 0 {
		c.Policy.MailLife = DefaultMailLife
	}
	if c.Policy.RecordTTL == 0 {
		c.Policy.RecordTTL = 3600
	}
	return &Keeper{cfg: c, owner: store.NewID(), watch: steady.Watch{Elapsed: c.Elapsed}}
}

// Hold is how long the record of a key stays after it ceased to sign.
func (k *Keeper) Hold() time.Duration { return k.cfg.Policy.MailLife + StaleAfter }

// Errors of what somebody asks for.
var (
	// ErrSpec: a key like this cannot be made; the text says why.
	ErrSpec = said.Error("the key cannot be made", "鍵を作れません")
	// ErrInUse: the key signs, or mail on its way needs it.
	ErrInUse = said.Error("the key is in use", "鍵は使用中です")
	// ErrNothing: there is nothing to go back to, or to rotate.
	ErrNothing = said.Error("there is no key for that", "該当する鍵がありません")
	// ErrNotShown: a name server does not show the record.
	ErrNotShown = said.Error("not every name server shows the record", "レコードが見えないネームサーバーがあります")
)

// Spec says what key to make.
type Spec struct {
	Domain string // d=, A-labels
	// Selector is s=; "" has one made of the date.
	Selector string
	// Algorithm is "rsa" or "ed25519"; Bits of RSA are 2048 (also 0), 3072 or 4096.
	Algorithm string
	Bits      int
	// Patterns are whose mail it signs, see [ParsePattern]; nil: that of the domain itself.
	Patterns []string
	// Names are selectors between which the keys of the series alternate, two or more; nil: each key gets a selector of its own.
	// The first takes the place of Selector.
	Names []Name
}

// Create makes a key in state prepared. Errors wrap ErrSpec, store.ErrExists, ErrNoMaster.
func (k *Keeper) Create(ctx context.Context, s Spec) (store.DKIMKey, error) {
	if s.Algorithm == "rsa" && s.Bits == 0 {
		s.Bits = 2048
	}
	if s.Algorithm == "rsa" && s.Bits != 2048 && s.Bits != 3072 && s.Bits != 4096 {
		return store.DKIMKey{}, said.Error("%w: %d bits; choose 2048, 3072 or 4096", "%v: %d ビットです。2048、3072、4096 のいずれかにしてください", ErrSpec, s.Bits)
	}
	if k.cfg.Master == nil {
		return store.DKIMKey{}, ErrNoMaster
	}
	private, err := dkim.GenerateKey(s.Algorithm, s.Bits)
	if err != nil {
		return store.DKIMKey{}, fmt.Errorf("%w: %w", ErrSpec, err)
	}
	if s.Patterns == nil {
		s.Patterns = []string{s.Domain}
	}
	patterns, err := positioned(s.Patterns, 0)
	if err != nil {
		return store.DKIMKey{}, err
	}
	fixed, err := names(s.Names)
	if err != nil {
		return store.DKIMKey{}, err
	}
	e := store.DKIMKey{Domain: s.Domain, Selector: s.Selector}
	if len(fixed) > 0 {
		e.Selector, e.Target, e.TTL = fixed[0].Selector, fixed[0].Target, k.recordTTL() // something may have been there before
	}
	return k.begin(ctx, private, e, fixed, patterns)
}

// begin keeps a new key, and looks at its name before anybody publishes the record. Nothing seen is no error: it is looked at again.
func (k *Keeper) begin(ctx context.Context, private crypto.Signer, e store.DKIMKey, names []store.DKIMName, patterns []store.DKIMPattern) (store.DKIMKey, error) {
	e.State = store.KeyPrepared
	e, err := k.addNamed(ctx, private, e, names, patterns)
	if err != nil || k.cfg.Observer == nil {
		return e, err
	}
	if _, err := k.first(ctx, &e); err != nil {
		k.cfg.Log.Warn("what is known of a new key could not be kept; it is tried again", "key", e.ID, "error", err)
	}
	return e, nil
}

// positioned reads patterns that are looked at together.
func positioned(texts []string, position int) (out []store.DKIMPattern, err error) {
	for _, text := range texts {
		p, err := ParsePattern(text)
		if err != nil {
			return nil, said.Error("%w: %w", "%v: %v", ErrSpec, err)
		}
		out = append(out, store.DKIMPattern{Pattern: p.String(), Position: position})
	}
	return out, nil
}

// add keeps a private key, in the state of e. What else the entry says of it is filled in; an empty selector is made.
func (k *Keeper) add(ctx context.Context, private crypto.Signer, e store.DKIMKey, patterns []store.DKIMPattern) (store.DKIMKey, error) {
	return k.addNamed(ctx, private, e, nil, patterns)
}

func (k *Keeper) addNamed(ctx context.Context, private crypto.Signer, e store.DKIMKey, names []store.DKIMName, patterns []store.DKIMPattern) (store.DKIMKey, error) {
	var err error
	if e.ID = store.NewID(); e.Created.IsZero() {
		e.Created = k.cfg.Now()
	}
	if e.Domain, err = domainName(e.Domain); err != nil {
		return e, err
	}
	if e.Record, err = dkim.RecordFor(private.Public()); err != nil {
		return e, fmt.Errorf("%w: %w", ErrSpec, err)
	}
	public, err := dkim.ParseKey(e.Record)
	if err != nil {
		return e, fmt.Errorf("%w: %w", ErrSpec, err)
	}
	e.Algorithm, e.Bits = public.Type, public.Bits
	if e.Selector = strings.ToLower(e.Selector); e.Selector == "" {
		if e.Selector, err = k.newSelector(ctx, e.Domain, e.Algorithm); err != nil {
			return e, err
		}
	}
	if !dns.ValidName(recordName(&e)) || !hostLike(e.Selector) {
		return e, said.Error("%w: the selector %q is not letters, digits and hyphens", "%v: セレクター %q は英数字とハイフンではありません", ErrSpec, clip(e.Selector))
	}
	if err := k.cfg.Master.seal(&e, private); err != nil {
		return e, err
	}
	if err := k.cfg.Store.AddNamedKey(ctx, &e, names, patterns...); err != nil {
		return e, err
	}
	k.cfg.Log.Info("a key was kept", "key", e.ID, "domain", e.Domain, "selector", e.Selector, "algorithm", e.Algorithm, "state", e.State)
	return e, nil
}

func domainName(s string) (string, error) {
	d := dns.CanonicalName(s)
	if d == "" || !dns.ValidName(d) || !hostLike(d) {
		return "", said.Error("%w: %q is not a domain in A-labels", "%v: %q は A-label のドメイン名ではありません", ErrSpec, clip(s))
	}
	return d, nil
}

// hostLike: letters, digits, hyphens and underscores, with dots between.
func hostLike(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.'
	})
}

// newSelector makes one of the date and the algorithm, which no key of the domain ever had.
func (k *Keeper) newSelector(ctx context.Context, domain, algorithm string) (string, error) {
	list, err := k.cfg.Store.Keys(ctx, domain, true)
	if err != nil {
		return "", err
	}
	base := "s" + k.cfg.Now().UTC().Format("20060102") + algorithm[:1]
	for n := 1; n <= len(list)+1; n++ {
		s := base
		if n > 1 {
			s += fmt.Sprintf("-%d", n)
		}
		if !slices.ContainsFunc(list, func(o store.DKIMKey) bool { return o.Selector == s }) {
			return s, nil
		}
	}
	return "", fmt.Errorf("%w: no selector is free", ErrSpec)
}

// recordName is where the record of a key is published, without the final dot.
func recordName(e *store.DKIMKey) string { return e.Selector + "._domainkey." + e.Domain }

// Publish is the change that publishes the record of a key.
func (k *Keeper) Publish(e *store.DKIMKey) dns.Change {
	return dns.Change{Action: dns.Add, Name: published(e) + ".", Type: dns.TypeTXT, TTL: k.cfg.Policy.RecordTTL, Data: []string{e.Record}}
}

// Withdraw is the change that takes it away.
func (k *Keeper) Withdraw(e *store.DKIMKey) dns.Change {
	return dns.Change{Action: dns.Remove, Name: published(e) + ".", Type: dns.TypeTXT, Was: []string{e.Record}}
}

// What a key waits for, as words.
const (
	WaitsPublish = "publish" // somebody has to publish the record by hand
	WaitsServers = "servers" // not every name server shows it
	WaitsCaches  = "caches"  // caches may know that it is not there, until Due
	WaitsMail    = "mail"    // mail on its way needs the record, until Due
	WaitsRemove  = "remove"  // somebody has to take the record away by hand
	WaitsGone    = "gone"    // a name server still shows it
	WaitsReveal  = "reveal"  // caches may still hold the record, until Due
)

// Note is what was last seen of a key.
type Note struct {
	At    time.Time `json:"at"`
	Waits string    `json:"waits,omitempty"`
	// Problem says what is wrong, in English, "" for nothing.
	Problem string `json:"problem,omitempty"`
	Observation
}

// NoteOf reads the note of a key.
func NoteOf(e *store.DKIMKey) Note {
	var n Note
	_ = json.Unmarshal([]byte(e.Note), &n) // empty, or of another version: nothing is known
	return n
}

func (n Note) text() string {
	b, err := json.Marshal(n)
	if err != nil {
		return ""
	}
	return string(b)
}

// Delete forgets a key. ErrInUse where it signs or mail may need it, unless force is set.
func (k *Keeper) Delete(ctx context.Context, id string, force bool) error {
	e, err := k.cfg.Store.Key(ctx, id)
	if err != nil {
		return err
	}
	if (e.State == store.KeySigning || e.State == store.KeyRetiring) && !force {
		return said.Error("%w: its state is %s", "%v: 状態は %s です", ErrInUse, e.State)
	}
	if err := k.cfg.Store.DeleteKey(ctx, id); err != nil {
		return err
	}
	k.cfg.Log.Info("a key was deleted", "key", e.ID, "domain", e.Domain, "selector", e.Selector, "state", e.State)
	return nil
}

// Reseal encrypts every private key that a former master key encrypted with the present one, and says how many.
func (k *Keeper) Reseal(ctx context.Context) (n int, err error) {
	if k.cfg.Master == nil {
		return 0, ErrNoMaster
	}
	list, err := k.cfg.Store.Keys(ctx, "", false)
	if err != nil {
		return 0, err
	}
	var failed []error
	for i := range list {
		e := &list[i]
		if len(e.Sealed) == 0 || e.Master == k.cfg.Master.ID() {
			continue
		}
		der, err := k.cfg.Master.unseal(e)
		if err == nil {
			err = k.cfg.Master.sealDER(e, der)
			clear(der)
		}
		if err == nil {
			err = k.cfg.Store.UpdateKeys(ctx, e)
		}
		if errors.Is(err, store.ErrConflict) {
			continue // somebody else is at it: the next time
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", recordName(e), err))
			continue
		}
		n++
	}
	return n, errors.Join(failed...)
}
