package panel

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/wire"
)

// The tables by which a mail server asks; see [Aliases.Lookup].
const (
	// TableAlias gives the addresses that mail to an address goes to (virtual_alias_maps of Postfix).
	TableAlias = "alias"
	// TableAliasDomain knows the domains whose mail all leaves again: none of their addresses keeps anything here (virtual_alias_domains).
	TableAliasDomain = "alias-domain"
)

// Aliases know where mail to each address of the panel's domains goes, without asking the database each time. While it is away, what is
// known stays in use. Those of disabled domains are none. Safe for concurrent use.
type Aliases struct {
	store *store.Store
	log   *slog.Logger
	known atomic.Pointer[aliases]
	mu    sync.Mutex
}

// aliases is what was read at one time.
type aliases struct {
	version int64
	by      map[string]alias // address, lower case
	domains map[string]bool  // whether all mail of it leaves
}

type alias struct {
	to   []string
	keep bool
}

// NewAliases reads nothing yet: see Refresh and Run.
func NewAliases(st *store.Store, log *slog.Logger) *Aliases {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Aliases{store: st, log: log}
}

// Refresh looks whether something changed, and reads it.
func (a *Aliases) Refresh(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	version, err := a.store.ForwardsVersion(ctx)
	if err != nil {
		return err
	}
	if old := a.known.Load(); old != nil && old.version == version {
		return nil
	}
	k := &aliases{version: version, by: map[string]alias{}, domains: map[string]bool{}}
	var last store.Forward
	for len(k.by) < MaxForwardsAll {
		list, err := a.store.ForwardsFrom(ctx, last, MaxListed)
		if err != nil {
			return err
		}
		for i := range list {
			f := &list[i]
			k.by[f.Address()] = alias{f.Targets, f.Keep}
			before, there := k.domains[f.Domain]
			k.domains[f.Domain] = !f.Keep && (before || !there)
		}
		if len(list) < MaxListed {
			break
		}
		last = list[len(list)-1]
	}
	a.known.Store(k)
	return nil
}

// Run keeps them up to date until ctx ends.
func (a *Aliases) Run(ctx context.Context) error {
	return poll(ctx, a.Refresh, a.log, "the forwarding addresses cannot be read; those known stay in use")
}

// Lookup answers a mail server that asks a table for a key: an address, "@domain" for all others of it, or a domain.
func (a *Aliases) Lookup(table, key string) (value string, ok bool) {
	k := a.known.Load()
	if k == nil || len(key) > 2*maxLogin {
		return "", false
	}
	key = strings.ToLower(key)
	switch table {
	case TableAlias:
		e, ok := k.by[asKept(key)]
		if !ok {
			return "", false
		}
		to := e.to
		if e.keep { // the mail server takes an address that leads to itself for the end
			to = append([]string{key}, to...)
		}
		return strings.Join(to, ", "), true
	case TableAliasDomain:
		return key, k.domains[asKept(key)]
	}
	return "", false
}

// asKept gives an address or a domain with the domain in A-labels, as the panel has it: mail servers ask in Unicode where their client wrote it so
// (RFC 6531).
func asKept(key string) string {
	at := strings.LastIndexByte(key, '@') + 1
	if domain, ok := wire.ALabels(key[at:]); ok {
		return key[:at] + domain
	}
	return key
}

// Leaves reports whether mail to an address leaves again, and where it goes where that is one address alone.
func (a *Aliases) Leaves(address string) (to string, ok bool) {
	k := a.known.Load()
	if k == nil || len(address) > 2*maxLogin {
		return "", false
	}
	address = asKept(strings.ToLower(address))
	i := strings.LastIndexByte(address, '@')
	if i < 0 {
		return "", false
	}
	e, ok := k.by[address]
	if base, _, extended := strings.Cut(address[:i], "+"); !ok && extended && base != "" {
		e, ok = k.by[base+address[i:]]
	}
	if !ok {
		e, ok = k.by[address[i:]]
	}
	if !ok || len(e.to) == 0 {
		return "", false
	}
	if len(e.to) == 1 {
		to = e.to[0]
	}
	return to, true
}
