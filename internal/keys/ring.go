package keys

import (
	"context"
	"crypto"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/todoku/todoku/internal/store"
)

var (
	// ErrNotOurs: no key is there for this author; the mail is not ours to sign.
	ErrNotOurs = errors.New("there is no key for this author")
	// ErrNoneSigns: keys are there for this author, but none may sign now (it waits to be published, or its
	// master key is missing). Do not send such mail unsigned without saying so.
	ErrNoneSigns = errors.New("no key for this author may sign now")
	// ErrNotLoaded: the keys could not be read yet.
	ErrNotLoaded = errors.New("the keys were not read yet")
	// ErrStale: the database has been away for so long that the keys known may have been taken out of use. See [StaleAfter].
	ErrStale = errors.New("the keys known are too old: the database has been away too long")
)

const (
	// PollEvery is how soon a change of the keys on another node is noticed.
	PollEvery = 5 * time.Second
	// StaleAfter is how long a ring signs with what it knows while the database is away. A key that was taken out of use
	// stays published for so much longer than mail lives, see [Policy].
	StaleAfter = 72 * time.Hour
)

// Signer is one key that signs now. What it shows of itself is no secret.
type Signer struct {
	ID, Domain, Selector string
	Algorithm            string // "rsa" or "ed25519"
	Key                  crypto.Signer
}

// String names the key.
func (s Signer) String() string { return s.Algorithm + " " + s.Selector + "._domainkey." + s.Domain }

// Format is String, whatever the verb: the private key is never printed.
func (s Signer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue is String.
func (s Signer) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is String.
func (s Signer) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Ring knows which keys sign for whom, without asking the database each time: it looks there every few seconds whether something
// changed, and goes on with what it knows while the database is away. Safe for concurrent use.
type Ring struct {
	store  *store.Store
	master *Master
	log    *slog.Logger
	now    func() time.Time
	began  time.Time // with the monotonic clock, where now has it: the calendar may jump

	known atomic.Pointer[known]
	mu    sync.Mutex // one reads at a time
}

// known is what was read at one time. It is never changed, only replaced.
type known struct {
	version int64
	checked *atomic.Int64                // when the database last confirmed it, after the ring began
	exact   map[string][]entry           // by domain: patterns of that domain alone
	below   map[string][]entry           // by domain: patterns of its subdomains
	other   []entry                      // all others
	signers map[string]Signer            // by series
	opened  map[[sha256.Size]byte]Signer // by what was decrypted, so that it need not be again
}

type entry struct {
	pattern  Pattern
	position int
	series   string
}

// NewRing reads nothing yet: see Refresh and Run. master may be nil where there are no keys. now nil is the clock.
func NewRing(st *store.Store, master *Master, log *slog.Logger, now func() time.Time) *Ring {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if now == nil {
		now = time.Now
	}
	return &Ring{store: st, master: master, log: log, now: now, began: now()}
}

// Run keeps the ring up to date until ctx ends.
func (r *Ring) Run(ctx context.Context) error {
	t := time.NewTicker(PollEvery)
	defer t.Stop()
	failing := false
	for {
		err := r.Refresh(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !failing {
			r.log.Error("the keys cannot be read; those known go on signing", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// Refresh looks whether something changed, and reads it. On an error what was known stays in use.
func (r *Ring) Refresh(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := r.now().Sub(r.began)
	version, err := r.store.KeysVersion(ctx)
	if err != nil {
		return err
	}
	old := r.known.Load()
	if old != nil && old.version == version {
		old.checked.Store(int64(at))
		return nil
	}
	list, err := r.store.Keys(ctx, "", false)
	if err != nil {
		return err
	}
	patterns, err := r.store.KeyPatterns(ctx)
	if err != nil {
		return err
	}
	k := r.build(list, patterns, old)
	k.version = version // read before the keys: a change in between is read again
	k.checked.Store(int64(at))
	r.known.Store(k)
	return nil
}

func (r *Ring) build(list []store.DKIMKey, patterns []store.DKIMPattern, old *known) *known {
	k := &known{
		checked: new(atomic.Int64), exact: map[string][]entry{}, below: map[string][]entry{},
		signers: map[string]Signer{}, opened: map[[sha256.Size]byte]Signer{},
	}
	for i := range list {
		key := &list[i]
		if key.State != store.KeySigning {
			continue
		}
		sum := sha256.Sum256(slices.Concat(bound(key), []byte(key.Master), key.Sealed))
		s, have := Signer{}, false
		if old != nil {
			s, have = old.opened[sum]
		}
		if !have {
			private, err := r.master.open(key)
			if err != nil {
				r.log.Error("a key cannot sign", "key", key.ID, "domain", key.Domain, "selector", key.Selector, "error", err)
				continue
			}
			s = Signer{ID: key.ID, Domain: key.Domain, Selector: key.Selector, Algorithm: key.Algorithm, Key: private}
		}
		k.opened[sum], k.signers[key.Series] = s, s
	}
	for _, p := range patterns {
		parsed, err := ParsePattern(p.Pattern)
		if err != nil {
			r.log.Error("a pattern cannot be read", "pattern", p.Pattern, "error", err)
			continue
		}
		k.put(entry{parsed, p.Position, p.Series})
	}
	return k
}

// Signers gives the keys that sign mail of an author now, in the order RSA, Ed25519. The domain is that of From, in A-labels.
// Where several patterns fit, those of the lowest position and then the most exact one count, with all their keys.
// Errors: ErrNotOurs, ErrNoneSigns, ErrNotLoaded, ErrStale.
func (r *Ring) Signers(local, domain string) ([]Signer, error) {
	k := r.known.Load()
	if k == nil {
		return nil, ErrNotLoaded
	}
	if r.now().Sub(r.began)-time.Duration(k.checked.Load()) > StaleAfter {
		return nil, ErrStale
	}
	best := k.match(strings.ToLower(local), strings.ToLower(strings.TrimSuffix(domain, ".")))
	if len(best) == 0 {
		return nil, ErrNotOurs
	}
	var out []Signer
	for _, e := range best {
		if s, ok := k.signers[e.series]; ok && !slices.ContainsFunc(out, func(o Signer) bool { return o.ID == s.ID }) {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return nil, ErrNoneSigns
	}
	slices.SortStableFunc(out, func(a, b Signer) int { return strings.Compare(b.Algorithm, a.Algorithm) })
	return out, nil
}

// match gives the entries that fit best, all of one rank.
func (k *known) match(local, domain string) []entry {
	var best []entry
	k.fitting(local, domain, func(e entry) {
		if len(best) > 0 {
			order := e.position - best[0].position
			if order == 0 {
				order = e.pattern.closer(best[0].pattern)
			}
			if order > 0 {
				return
			}
			if order < 0 {
				best = best[:0]
			}
		}
		best = append(best, e)
	})
	return best
}

// fitting calls take for every entry that fits an address.
func (k *known) fitting(local, domain string, take func(entry)) {
	among := func(list []entry) {
		for _, e := range list {
			if e.pattern.fits(local, domain) {
				take(e)
			}
		}
	}
	among(k.exact[domain])
	for rest := domain; ; {
		_, up, more := strings.Cut(rest, ".")
		if !more {
			break
		}
		among(k.below[up])
		rest = up
	}
	among(k.other)
}

// Domains are those that some key signs for now, in no order.
func (r *Ring) Domains() []string {
	k := r.known.Load()
	if k == nil {
		return nil
	}
	seen := map[string]bool{}
	var out []string
	for _, s := range k.signers {
		if !seen[s.Domain] {
			seen[s.Domain] = true
			out = append(out, s.Domain)
		}
	}
	return out
}
