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
	// maxWalk is how many addresses are looked at to see whether mail would come back to where it began.
	maxWalk = 500
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

// walk follows mail over forwarding addresses: those that are about to be kept, over those that are.
type walk struct {
	store *store.Store
	over  map[string]store.Forward // by address
	none  map[string]bool          // whether a domain that was looked at has nothing kept
	left  int                      // steps
}

func (p *Panel) newWalk(list ...store.Forward) *walk {
	w := &walk{store: p.Store, over: make(map[string]store.Forward, len(list)), none: map[string]bool{}, left: maxWalk + 5*len(list)}
	for _, f := range list {
		w.over[f.Address()] = f
	}
	return w
}

// kept gives what is kept for exactly an address, ok false for nothing.
func (w *walk) kept(ctx context.Context, local, domain string) (f store.Forward, ok bool, err error) {
	none, looked := w.none[domain]
	if !looked {
		n, err := w.store.CountForwards(ctx, domain)
		if err != nil {
			return f, false, err
		}
		none = n == 0
		w.none[domain] = none
	}
	if none {
		return f, false, nil
	}
	f, err = w.store.Forward(ctx, domain, local)
	if errors.Is(err, store.ErrNotFound) {
		return f, false, nil
	}
	return f, err == nil, err
}

// next gives where mail to an address goes, as the mail server finds it: the address, it without its extension, all others of the domain.
func (w *walk) next(ctx context.Context, address string) (f store.Forward, ok bool, err error) {
	i := strings.LastIndexByte(address, '@')
	local, domain := strings.ToLower(address[:i]), address[i+1:]
	base, _, extended := strings.Cut(local, "+")
	tries := []string{local, ""}
	if extended && base != "" {
		tries = []string{local, base, ""}
	}
	for _, l := range tries {
		f, there := w.over[l+"@"+domain]
		if !there {
			if f, there, err = w.kept(ctx, l, domain); err != nil {
				return f, false, err
			}
		}
		if there && (len(f.Targets) > 0 || f.Keep) {
			return f, true, nil
		}
	}
	return f, false, nil
}

// endless reports, as an *Invalid, that mail would come back to the address where it began.
func (w *walk) endless(ctx context.Context, start *store.Forward) error {
	if len(start.Targets) == 0 && !start.Keep { // taken away: its mail goes where that of all others goes
		f, ok, err := w.next(ctx, start.Address())
		if err != nil || !ok {
			return err
		}
		start = &f
	}
	seen := map[string]bool{}
	queue := slices.Clone(start.Targets)
	for len(queue) > 0 {
		address := strings.ToLower(queue[0])
		queue = queue[1:]
		if seen[address] {
			continue
		}
		seen[address] = true
		if w.left--; w.left < 0 {
			return invalid("to", "Mail would go over too many forwarding addresses. Name the last ones.", "経由する転送アドレスが多すぎます。最終的な転送先を直接指定してください。")
		}
		f, ok, err := w.next(ctx, address)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if f.Address() == start.Address() {
			return invalid("to", "Mail would come back to this address: "+address+" leads to it.", "転送が循環します。"+address+" への転送が、この転送元に戻ってきます。")
		}
		queue = append(queue, f.Targets...)
	}
	return nil
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

// SetForward says where mail to an address of a domain goes. *Invalid, store.ErrNotFound, store.ErrConflict where others change them all the time.
func (p *Panel) SetForward(ctx context.Context, w Who, domain string, q ForwardRequest) (store.Forward, error) {
	d, err := p.find(ctx, w, domain)
	if err != nil {
		return store.Forward{}, err
	}
	f, err := q.forward(d.Name)
	if err != nil {
		return f, err
	}
	for range 3 { // what others changed meanwhile may lead back
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
	if err := p.newWalk(f).endless(ctx, &f); err != nil {
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
