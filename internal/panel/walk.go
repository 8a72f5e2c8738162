package panel

import (
	"context"
	"errors"
	"strings"

	"github.com/todoku/todoku/internal/store"
)

// maxWalk is over how many forwarding addresses mail may go, one after the other.
const maxWalk = 500

// forwardsKept is what a walk asks of the store.
type forwardsKept interface {
	Forward(ctx context.Context, domain, local string) (store.Forward, error)
	ForwardAddresses(ctx context.Context, domains []string) (map[string]bool, error)
}

// walk follows mail over forwarding addresses: those that are about to be kept, over those that are. What it finds out of one address serves for the next,
// so that it looks at each once.
type walk struct {
	store  forwardsKept
	over   map[string]store.Forward // by address
	looked map[string]bool          // domains of which is known what is kept
	there  map[string]bool          // addresses that are kept there
	passed map[string]bool          // addresses whose mail does not come back to them
	left   int                      // steps: forwarding addresses that are gone over
}

func newWalk(ctx context.Context, s forwardsKept, list ...store.Forward) (*walk, error) {
	w := &walk{store: s, over: make(map[string]store.Forward, len(list)), looked: map[string]bool{}, there: map[string]bool{}, passed: map[string]bool{}, left: maxWalk + (MaxTargets+1)*len(list)}
	for _, f := range list {
		w.over[f.Address()] = f
	}
	return w, w.learn(ctx, list...)
}

// learn asks, at once for all, which addresses are kept in the domains of forwarding addresses and of their destinations.
func (w *walk) learn(ctx context.Context, list ...store.Forward) error {
	var domains []string
	learn := func(domain string) {
		if !w.looked[domain] {
			w.looked[domain] = true
			domains = append(domains, domain)
		}
	}
	for i := range list {
		learn(list[i].Domain)
		for _, t := range list[i].Targets {
			_, domain := parts(t)
			learn(domain)
		}
	}
	there, err := w.store.ForwardAddresses(ctx, domains)
	for address := range there {
		w.there[address] = true
	}
	return err
}

// parts gives what stands before the last @ of an address and behind it.
func parts(address string) (local, domain string) {
	i := strings.LastIndexByte(address, '@')
	return strings.ToLower(address[:i]), strings.ToLower(address[i+1:])
}

// kept gives what is kept for exactly an address of a domain that was learnt, ok false for nothing.
func (w *walk) kept(ctx context.Context, address string) (f store.Forward, ok bool, err error) {
	if !w.there[address] {
		return f, false, nil
	}
	local, domain := parts(address)
	f, err = w.store.Forward(ctx, domain, local)
	if errors.Is(err, store.ErrNotFound) {
		return f, false, nil
	}
	return f, err == nil, err
}

// next gives the forwarding address by which mail to an address of a domain that was learnt goes, as the mail server finds it: the address, it without its
// extension, all others of the domain.
func (w *walk) next(address string) (string, bool) {
	local, domain := parts(address)
	base, _, extended := strings.Cut(local, "+")
	tries := []string{local, ""}
	if extended && base != "" {
		tries = []string{local, base, ""}
	}
	for _, l := range tries {
		a := l + "@" + domain
		if f, over := w.over[a]; over && (len(f.Targets) > 0 || f.Keep) || !over && w.there[a] {
			return a, true
		}
	}
	return "", false
}

// at gives the forwarding address that next named, and learns of where it leads.
func (w *walk) at(ctx context.Context, address string) (f store.Forward, err error) {
	f, over := w.over[address]
	if !over {
		if f, _, err = w.kept(ctx, address); err != nil {
			return f, err
		}
		local, domain := parts(address)
		f.Local, f.Domain = local, domain // also where it was taken away meanwhile
	}
	return f, w.learn(ctx, f)
}

// endless reports, as an *Invalid, that mail would come back to the address where it began.
func (w *walk) endless(ctx context.Context, start *store.Forward) error {
	if len(start.Targets) == 0 && !start.Keep { // taken away: its mail goes where that of all others goes
		address, ok := w.next(start.Address())
		if !ok {
			return nil
		}
		f, err := w.at(ctx, address)
		if err != nil {
			return err
		}
		start = &f
	}
	if w.passed[start.Address()] {
		return nil
	}
	t := trip{walk: w, start: start.Address(), under: map[string]bool{}}
	if err := t.follow(ctx, start, 0); err != nil {
		return err
	}
	w.passed[t.start] = true
	for address := range t.under {
		w.passed[address] = w.passed[address] || !t.circular
	}
	return nil
}

// trip is a walk from one forwarding address, depth first.
type trip struct {
	*walk
	start string
	// under has the addresses that were come to: true while the walk is behind them.
	under map[string]bool
	// circular: somewhere behind start mail goes round, without coming back to start.
	circular bool
}

func (t *trip) follow(ctx context.Context, f *store.Forward, deep int) error {
	t.under[f.Address()] = true
	for _, target := range f.Targets {
		address, ok := t.next(target)
		if !ok || t.passed[address] {
			continue
		}
		if address == t.start {
			target = strings.ToLower(target)
			return invalid("to", "Mail would come back to this address: "+target+" leads to it.", "転送が循環します。"+target+" への転送が、この転送元に戻ってきます。")
		}
		if under, been := t.under[address]; been {
			t.circular = t.circular || under
			continue
		}
		if t.left--; t.left < 0 || deep >= maxWalk {
			return invalid("to", "Mail would go over too many forwarding addresses. Name the last ones.", "経由する転送アドレスが多すぎます。最終的な転送先を直接指定してください。")
		}
		g, err := t.at(ctx, address)
		if err == nil {
			err = t.follow(ctx, &g, deep+1)
		}
		if err != nil {
			return err
		}
	}
	t.under[f.Address()] = false
	return nil
}
