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
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

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
	owner string      // of leases
	kept  atomic.Bool // the master key is that of the database, see mayKeep
	clock sync.Mutex
	watch steady.Watch
	waits sync.Mutex
	began map[string]begun // by key: waits for caches that this run saw begin
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
	return &Keeper{cfg: c, owner: store.NewID(), watch: steady.Watch{Elapsed: c.Elapsed}, began: map[string]begun{}}
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
	// ErrNoRotation: there is no rotation to take back.
	ErrNoRotation = said.Error("%w: no key was replaced, or the one that was is gone", "%v: 交換された鍵がないか、すでに削除されています", ErrNothing)
	// ErrNotShown: a name server does not show the record.
	ErrNotShown = said.Error("not every name server shows the record", "レコードが見えないネームサーバーがあります")
)

// recordName is where the record of a key is published, without the final dot.
func recordName(e *store.DKIMKey) string { return e.Selector + "._domainkey." + e.Domain }

// texts are those by which name servers showed the key when it was last looked at, and ours where none did: another program may have published it with
// tags that ours has not (opendkim-genkey writes h=sha256).
func texts(e *store.DKIMKey) []string {
	if seen := NoteOf(e).Texts; len(seen) > 0 {
		return seen
	}
	return []string{e.Record}
}

// Publish is the change that publishes the record of a key: by our text, or that which is there already, so that there are never two.
func (k *Keeper) Publish(e *store.DKIMKey) dns.Change {
	if there := texts(e); !slices.Contains(there, e.Record) {
		return k.publish(e, there[0])
	}
	return k.publish(e, e.Record)
}

func (k *Keeper) publish(e *store.DKIMKey, text string) dns.Change {
	return dns.Change{Action: dns.Add, Name: published(e) + ".", Type: dns.TypeTXT, TTL: k.cfg.Policy.RecordTTL, Data: []string{text}}
}

// ByHand reports that somebody has to publish the record of a key: no publisher writes to its zone.
func (k *Keeper) ByHand(e *store.DKIMKey) bool {
	zones, ok := k.cfg.Publisher.(publish.Zones)
	if !ok {
		return k.cfg.Publisher == nil
	}
	_, p := zones.For(published(e))
	return p == nil
}

// Withdraw is the change that takes it away, by whatever texts it is there.
func (k *Keeper) Withdraw(e *store.DKIMKey) dns.Change {
	return dns.Change{Action: dns.Remove, Name: published(e) + ".", Type: dns.TypeTXT, Was: texts(e)}
}

// Delete forgets a key. ErrInUse where it signs or mail may need it, also that of one which signed and waits to do so again, unless force is set.
func (k *Keeper) Delete(ctx context.Context, id string, force bool) error {
	e, err := k.cfg.Store.Key(ctx, id)
	if err != nil {
		return err
	}
	switch {
	case force:
	case e.State == store.KeySigning || e.State == store.KeyRetiring:
		return said.Error("%w: its state is %s", "%v: 状態は %s です", ErrInUse, e.State)
	case (e.State == store.KeyPrepared || e.State == store.KeyPublished) && hasSigned(&e):
		return said.Error("%w: it has signed, and mail on its way may need it", "%v: 署名に使われたことがあり、配送中のメールに必要かもしれません", ErrInUse)
	}
	if err := k.cfg.Store.DeleteKey(ctx, id); err != nil {
		return err
	}
	k.cfg.Log.Info("a key was deleted", "key", e.ID, "domain", e.Domain, "selector", e.Selector, "state", e.State)
	return nil
}
