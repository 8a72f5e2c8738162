package panel

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/todoku/todoku/internal/store"
)

// Verdict says whether mail of a domain is signed.
type Verdict string

// The verdicts.
const (
	Sign     Verdict = ""         // as keys are there; also for domains that the panel does not know
	Off      Verdict = "off"      // DKIM is off: it goes out unsigned, as was asked for
	Disabled Verdict = "disabled" // the domain is disabled
	Sender   Verdict = "sender"   // the sender's login may not sign for it
)

// pollEvery is how soon a change is noticed.
const pollEvery = 5 * time.Second

// Rules know what the panel says of each domain, without asking the database each time. While it is away, what is known stays
// in use. Safe for concurrent use.
type Rules struct {
	store *store.Store
	log   *slog.Logger
	known atomic.Pointer[known]
	mu    sync.Mutex
}

type known struct {
	version int64
	domains map[string]store.Domain
}

// NewRules reads nothing yet: see Refresh and Run.
func NewRules(st *store.Store, log *slog.Logger) *Rules {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Rules{store: st, log: log}
}

// Refresh looks whether something changed, and reads it.
func (r *Rules) Refresh(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	version, err := r.store.DomainsVersion(ctx)
	if err != nil {
		return err
	}
	if old := r.known.Load(); old != nil && old.version == version {
		return nil
	}
	list, err := r.store.Domains(ctx, "", "", "", MaxDomains)
	if err != nil {
		return err
	}
	k := &known{version, make(map[string]store.Domain, len(list))}
	for _, d := range list {
		k.domains[d.Name] = d
	}
	r.known.Store(k)
	return nil
}

// Run keeps the rules up to date until ctx ends.
func (r *Rules) Run(ctx context.Context) error {
	return poll(ctx, r.Refresh, r.log, "the domains of the panel cannot be read; what is known of them stays in use")
}

// For says whether mail whose From has this domain (A-labels, lower case), sent by this login ("" for none), is signed. What
// is below a domain of the panel, and none itself, is as that domain.
func (r *Rules) For(domain, login string) Verdict {
	k := r.known.Load()
	if k == nil {
		return Sign
	}
	d, ok := k.domains[domain]
	for !ok {
		_, parent, more := strings.Cut(domain, ".")
		if !more {
			return Sign
		}
		domain = parent
		d, ok = k.domains[domain]
	}
	switch {
	case d.Disabled:
		return Disabled
	case !d.DKIM:
		return Off
	case len(d.Senders) > 0 && !slices.Contains(d.Senders, strings.ToLower(login)):
		return Sender
	}
	return Sign
}
