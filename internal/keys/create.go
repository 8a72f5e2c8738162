package keys

import (
	"context"
	"crypto"
	"crypto/rsa"
	"fmt"
	"slices"
	"strings"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/store"
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

// Create makes a key in state prepared. Errors wrap ErrSpec, store.ErrExists, ErrNoMaster, ErrWrongMaster.
func (k *Keeper) Create(ctx context.Context, s Spec) (store.DKIMKey, error) {
	if s.Algorithm == "rsa" && s.Bits == 0 {
		s.Bits = 2048
	}
	if s.Algorithm == "rsa" && s.Bits != 2048 && s.Bits != 3072 && s.Bits != 4096 {
		return store.DKIMKey{}, said.Error("%w: %d bits; choose 2048, 3072 or 4096", "%v: %d ビットです。2048、3072、4096 のいずれかにしてください", ErrSpec, s.Bits)
	}
	if err := k.mayKeep(ctx); err != nil {
		return store.DKIMKey{}, err
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
	var taken []string // selectors
	for made := e.Selector == ""; ; {
		kept := e
		if made {
			domain, err := domainName(e.Domain)
			if err == nil {
				kept.Selector, err = k.newSelector(ctx, domain, private, taken)
			}
			if err != nil {
				return e, err
			}
		}
		kept, err := k.addNamed(ctx, private, kept, names, patterns)
		if err != nil || k.cfg.Observer == nil {
			return kept, err
		}
		if _, err := k.first(ctx, &kept); err != nil {
			k.cfg.Log.Warn("what is known of a new key could not be kept; it is tried again", "key", kept.ID, "error", err)
		}
		if taken = append(taken, kept.Selector); !made || len(taken) == selectorTries || !k.taken(ctx, &kept, NoteOf(&kept).Observation) {
			return kept, nil
		}
		// Another server, or one before this one, has a key of that name: nothing of it is in this database.
		if err := k.cfg.Store.DeleteKey(ctx, kept.ID); err != nil {
			return kept, err
		}
	}
}

// selectorTries is how many selectors are tried of which the DNS has others' keys.
const selectorTries = 4

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
		return e, unfit(err)
	}
	public, err := dkim.ParseKey(e.Record)
	if err != nil {
		return e, fmt.Errorf("%w: %w", ErrSpec, err)
	}
	e.Algorithm, e.Bits = public.Type, public.Bits
	if e.Selector = strings.ToLower(e.Selector); e.Selector == "" {
		if e.Selector, err = k.newSelector(ctx, e.Domain, private, nil); err != nil {
			return e, err
		}
	}
	if err := goodName(&e); err != nil {
		return e, err
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

// unfit is the error of a key that has no record: verifiers would not take it.
func unfit(err error) error {
	return said.Error("%w: %w", "%[1]v: 検証側が受け入れない鍵です。RSA は 1024 から 4096 ビット (推奨 2048)、または Ed25519 にしてください", ErrSpec, err)
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

// goodName says why the record of a key can have no name.
func goodName(e *store.DKIMKey) error {
	name := recordName(e)
	if len(name) > maxDNSName {
		return said.Error("%w: the name of its record would have %d octets, and %d is the most in the DNS", "%v: 鍵レコードの名前が %d オクテットになり、DNS の上限 (%d オクテット) を超えます", ErrSpec, len(name), maxDNSName)
	}
	if !dns.ValidName(name) || !hostLike(e.Selector) {
		return said.Error("%w: the selector %q is not letters, digits and hyphens, 63 at most between dots", "%v: セレクター %q は英数字とハイフン (ドットの間は 63 文字以内) ではありません", ErrSpec, clip(e.Selector))
	}
	return nil
}

// maxDNSName is how many octets a name may have without its final dot (RFC 1035 section 3.1).
const maxDNSName = 253

// newSelector makes one of the date and the algorithm, which no key of the domain ever had, and which is none of those that are taken.
func (k *Keeper) newSelector(ctx context.Context, domain string, private crypto.Signer, taken []string) (string, error) {
	list, err := k.cfg.Store.Keys(ctx, domain, true)
	if err != nil {
		return "", err
	}
	base := "s" + k.cfg.Now().UTC().Format("20060102") + "e"
	if _, ok := private.(*rsa.PrivateKey); ok {
		base = base[:len(base)-1] + "r"
	}
	for n := 1; n <= len(list)+len(taken)+1; n++ {
		s := base
		if n > 1 {
			s += fmt.Sprintf("-%d", n)
		}
		if !slices.Contains(taken, s) && !slices.ContainsFunc(list, func(o store.DKIMKey) bool { return o.Selector == s }) {
			return s, nil
		}
	}
	return "", fmt.Errorf("%w: no selector is free", ErrSpec)
}
