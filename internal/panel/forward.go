package panel

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/todoku/todoku/internal/store"
)

// The bounds of forwarding addresses.
const (
	// MaxForwards is how many a domain may have, MaxForwardsAll how many there may be in all.
	MaxForwards, MaxForwardsAll = 1000, 200_000
	// MaxTargets is how many destinations an address may have.
	MaxTargets = 20
)

// ForwardRequest says where mail to an address is to go. Without To and Keep the address is forwarded no longer.
type ForwardRequest struct {
	// Address is the whole one, what stands before its @, or "@domain" for all others of the domain.
	Address string
	To      []string
	// Keep: the mailbox here gets the mail too.
	Keep bool
}

// forward checks a request for an address of a domain, "" for any. The error is an *Invalid.
func (q ForwardRequest) forward(domain string) (f store.Forward, err error) {
	if f.Local, f.Domain, err = source(q.Address, domain); err != nil {
		return f, err
	}
	if f.Keep = q.Keep; f.Keep && f.Local == "" {
		return f, invalid("keep", "All others of a domain have no mailbox to keep mail in. Name the addresses that have one.", "「ほかのすべてのアドレス」には、メールを残すメールボックスがありません。メールボックスのあるアドレスを個別に指定してください。")
	}
	if len(q.To) > MaxTargets {
		return f, invalid("to", fmt.Sprintf("Name at most %d destinations.", MaxTargets), fmt.Sprintf("転送先は %d 個までです。", MaxTargets))
	}
	for _, s := range q.To {
		if strings.TrimSpace(s) == "" {
			continue
		}
		t, err := target(s)
		if err != nil {
			return f, err
		}
		if strings.EqualFold(t, f.Address()) {
			return f, invalid("to", "An address cannot be forwarded to itself. Choose that a copy stays in its mailbox.", "転送元と同じアドレスには転送できません。メールボックスにもコピーを残す設定を使ってください。")
		}
		if !slices.ContainsFunc(f.Targets, func(o string) bool { return strings.EqualFold(o, t) }) {
			f.Targets = append(f.Targets, t)
		}
	}
	return f, nil
}

// Forwards lists those of a domain by address, behind the address after; next is where the list goes on, "" at its end. store.ErrNotFound.
func (p *Panel) Forwards(ctx context.Context, w Who, domain, after string, limit int) (list []store.Forward, next string, err error) {
	d, err := p.find(ctx, w, domain)
	if err != nil {
		return nil, "", err
	}
	limit = max(1, min(limit, MaxListed))
	from := store.Forward{Domain: ""}
	if after != "" {
		local, of, err := source(after, d.Name)
		if err != nil {
			return nil, "", nil // nothing is behind what is none
		}
		from = store.Forward{Domain: of, Local: local}
	}
	list, err = p.Store.Forwards(ctx, w.person(), d.Name, from, limit+1)
	if err == nil && len(list) > limit {
		list = list[:limit]
		next = list[limit-1].Address()
	}
	return list, next, err
}

// SetForward says where mail to an address of a domain goes. *Invalid, store.ErrNotFound, store.ErrConflict where others change them all the time, ErrBusy.
func (p *Panel) SetForward(ctx context.Context, w Who, domain string, q ForwardRequest) (store.Forward, error) {
	d, err := p.find(ctx, w, domain)
	if err != nil {
		return store.Forward{}, err
	}
	f, err := q.forward(d.Name)
	if err != nil {
		return f, err
	}
	leave, err := p.enter(ctx, w, "forwarding of", p.forwarding)
	if err != nil {
		return f, err
	}
	defer leave()
	for range 3 { // what others changed meanwhile, by way of another node, may lead back
		if err = p.trySetForward(ctx, w, f); !errors.Is(err, store.ErrConflict) {
			break
		}
	}
	if err != nil {
		return f, err
	}
	p.Log.Info("a forwarding address was changed", "domain", f.Domain, "address", f.Address(), "destinations", len(f.Targets), "keep", f.Keep)
	return p.kept(ctx, f)
}

func (p *Panel) trySetForward(ctx context.Context, w Who, f store.Forward) error {
	since, err := p.Store.ForwardsChanges(ctx)
	if err != nil {
		return err
	}
	way, err := newWalk(ctx, p.Store, f)
	if err == nil {
		err = way.endless(ctx, &f)
	}
	if err != nil {
		return err
	}
	return p.keepForwards(ctx, w, since, f)
}

// kept gives one as it is in the database, which knows when it was changed.
func (p *Panel) kept(ctx context.Context, f store.Forward) (store.Forward, error) {
	now, err := p.Store.Forward(ctx, f.Domain, f.Local)
	if errors.Is(err, store.ErrNotFound) { // it was taken away
		return f, nil
	}
	return now, err
}

func (p *Panel) keepForwards(ctx context.Context, w Who, since int64, list ...store.Forward) error {
	err := p.Store.SetForwards(ctx, w.person(), since, MaxForwards, MaxForwardsAll, list...)
	if errors.Is(err, store.ErrTooMany) {
		return invalid("address", fmt.Sprintf("A domain may have at most %d forwarding addresses, and the server %d.", MaxForwards, MaxForwardsAll), fmt.Sprintf("転送アドレスは 1 ドメインにつき %d 個、サーバー全体で %d 個までです。", MaxForwards, MaxForwardsAll))
	}
	return err
}
