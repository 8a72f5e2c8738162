package keys

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/store"
)

// ErrBusy: all selectors of a series are in use; the one that is to be next still has the record of the key before.
var ErrBusy = said.Error("every selector is in use", "すべてのセレクターが使用中です")

// Name is a selector that is there for good, and where its records are.
type Name struct {
	Selector string
	// Target is the name that SELECTOR._domainkey.DOMAIN is an alias (CNAME) of; "" where the record is at that name itself.
	Target string
}

// maxNames bounds the selectors of a series.
const maxNames = 8

// names checks what is asked for, and gives it in lower case.
func names(list []Name) ([]store.DKIMName, error) {
	if len(list) == 1 || len(list) > maxNames {
		return nil, said.Error("%w: keys alternate between two selectors and %d at most", "%v: 交互に使うセレクターは 2 個以上 %d 個以下にしてください", ErrSpec, maxNames)
	}
	var out []store.DKIMName
	for i, n := range list {
		d := store.DKIMName{Selector: strings.ToLower(n.Selector), Target: dns.CanonicalName(n.Target), Position: i}
		same := func(o store.DKIMName) bool { return o.Selector == d.Selector || d.Target != "" && o.Target == d.Target }
		switch {
		case !hostLike(d.Selector):
			return nil, said.Error("%w: the selector %q is not letters, digits and hyphens", "%v: セレクター %q は英数字とハイフンではありません", ErrSpec, clip(n.Selector))
		case n.Target != "" && (!dns.ValidName(d.Target) || !hostLike(d.Target)):
			return nil, said.Error("%w: %q is not a name in A-labels", "%v: %q は A-label の名前ではありません", ErrSpec, clip(n.Target))
		case slices.ContainsFunc(out, same):
			return nil, said.Error("%w: %q is there twice", "%v: %q が重複しています", ErrSpec, clip(n.Selector))
		}
		out = append(out, d)
	}
	return out, nil
}

// nextName gives the selector that comes after that of a key, and is free: no key that is not gone has it. ok is false where none is.
func nextName(names []store.DKIMName, of *store.DKIMKey, domain []*store.DKIMKey) (next store.DKIMName, ok bool) {
	at := slices.IndexFunc(names, func(n store.DKIMName) bool { return n.Selector == of.Selector })
	for i := range names {
		n := names[(at+1+i)%len(names)]
		taken := func(k *store.DKIMKey) bool {
			return k.Domain == of.Domain && k.Selector == n.Selector && k.State != store.KeyRemoved && k.State != store.KeyRevealed
		}
		if !slices.ContainsFunc(domain, taken) {
			return n, true
		}
	}
	return store.DKIMName{}, false
}

// alternate gives a successor its selector, where the series has some that alternate, and for how long caches may know the record that
// was at the name before.
func (k *Keeper) alternate(ctx context.Context, e *store.DKIMKey, next *store.DKIMKey) error {
	names, err := k.cfg.Store.KeyNames(ctx, e.Series)
	if err != nil || len(names) == 0 {
		return err
	}
	all, err := k.cfg.Store.Keys(ctx, e.Domain, true)
	if err != nil {
		return err
	}
	var domain []*store.DKIMKey
	for i := range all {
		domain = append(domain, &all[i])
	}
	n, ok := nextName(names, e, domain)
	if !ok {
		return fmt.Errorf("%w", ErrBusy)
	}
	next.Selector, next.Target, next.TTL = n.Selector, n.Target, k.recordTTL()
	for _, was := range domain {
		if was.Selector == n.Selector {
			next.TTL = max(next.TTL, was.TTL)
		}
	}
	return nil
}

func (k *Keeper) recordTTL() time.Duration {
	return time.Duration(k.cfg.Policy.RecordTTL) * time.Second
}

// published is where the record of a key is, without the final dot.
func published(e *store.DKIMKey) string {
	if e.Target != "" {
		return e.Target
	}
	return recordName(e)
}

// Aliases are the changes that the owner of a domain makes once, so that keys of a series may alternate: one CNAME for each of its selectors
// that is to be an alias. names are those of all series.
func (k *Keeper) Aliases(e *store.DKIMKey, names []store.DKIMName) (out []dns.Change) {
	for _, n := range names {
		if n.Series == e.Series && n.Target != "" {
			out = append(out, dns.Change{Action: dns.Add, Name: n.Selector + "._domainkey." + e.Domain + ".", Type: dns.TypeCNAME, TTL: k.cfg.Policy.RecordTTL, Data: []string{n.Target + "."}})
		}
	}
	return out
}

// The steps that come next, as words.
const (
	NextPublish  = "publish"  // its record is published
	NextServers  = "servers"  // every name server shows it
	NextSign     = "sign"     // it signs
	NextRotate   = "rotate"   // it gets a successor
	NextWithdraw = "withdraw" // its record is taken away
	NextGone     = "gone"     // no name server shows it any more
	NextReveal   = "reveal"   // its private key is published
	NextNone     = ""         // nothing happens by itself
)

// Next gives the next step in the life of a key, and when it comes at the earliest; the zero time: when somebody does what it waits for.
func (k *Keeper) Next(e *store.DKIMKey) (step string, at time.Time) {
	n := NoteOf(e)
	switch e.State {
	case store.KeyPrepared:
		if n.Waits == WaitsPublish {
			return NextPublish, time.Time{}
		}
		return NextServers, time.Time{}
	case store.KeyPublished:
		return NextSign, e.Due
	case store.KeySigning:
		if k.cfg.Policy.RotateAfter > 0 {
			return NextRotate, e.Signing.Add(k.cfg.Policy.RotateAfter)
		}
	case store.KeyRetiring:
		if n.Waits == WaitsRemove || n.Waits == WaitsGone {
			return NextGone, time.Time{}
		}
		return NextWithdraw, e.Due
	case store.KeyRemoved:
		if len(e.Sealed) > 0 {
			return NextReveal, e.Due
		}
	}
	return NextNone, time.Time{}
}
