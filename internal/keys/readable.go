package keys

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/store"
)

// mostFailures is how many keys an error names that failed for the same reason: there may be ten thousand.
const mostFailures = 5

// failures puts errors together, those after the first few as their number.
func failures(list []error) error {
	if len(list) == 0 {
		return nil
	}
	more := len(list) - mostFailures
	if more > 0 {
		list = append(slices.Clone(list[:mostFailures]), said.Error("and %d more", "ほか %d 件", more))
	}
	args := make([]any, len(list))
	for i, err := range list {
		args[i] = err
	}
	lines := strings.Repeat("%w\n", len(list))
	return said.Error(strings.TrimSuffix(lines, "\n"), strings.TrimSuffix(strings.ReplaceAll(lines, "%w", "%v"), "\n"), args...)
}

// Unreadable says in English why the private key of a key cannot be read with the master keys given; "" where it can, where none is given, and where
// it is destroyed.
func (k *Keeper) Unreadable(e *store.DKIMKey) string {
	if k.cfg.Master == nil || len(e.Sealed) == 0 {
		return ""
	}
	if err := k.cfg.Master.tries(e); err != nil {
		return err.Error()
	}
	return ""
}

// tries reports whether the private key of an entry opens.
func (m *Master) tries(e *store.DKIMKey) error {
	der, err := m.unseal(e)
	clear(der)
	return err
}

// mayKeep reports whether a private key may be encrypted with the master key: not where none of those that are kept already opens with it, for then
// it is that of another database, and whoever has the right one could not sign with the new key. ErrNoMaster, ErrWrongMaster.
func (k *Keeper) mayKeep(ctx context.Context) error {
	switch {
	case k.cfg.Master == nil:
		return ErrNoMaster
	case k.kept.Load():
		return nil
	}
	used, err := k.cfg.Store.KeyMasters(ctx)
	if err != nil {
		return err
	}
	if len(used) > 0 && !slices.ContainsFunc(used, k.cfg.Master.has) {
		return said.Error("%w (%s; given is %s)", "%v (%s。指定されたのは %s)", ErrWrongMaster, used[0], k.cfg.Master.ID())
	}
	k.kept.Store(true)
	return nil
}

// has reports whether a master key is among them.
func (m *Master) has(id string) bool {
	return slices.ContainsFunc(m.keys, func(o masterKey) bool { return o.id == id })
}

// warnTime bounds how long a database may keep a program from its start that only wants to warn.
const warnTime = 10 * time.Second

// WarnUnread says in the log that a database has private keys where there is no master key: none of them signs then. What cannot be looked up is not said.
func WarnUnread(ctx context.Context, st *store.Store, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, warnTime)
	defer cancel()
	if used, err := st.KeyMasters(ctx); err == nil && len(used) > 0 {
		log.Error("the database has keys, but no master key is given: none of them signs, and none is rotated", "encrypted with", strings.Join(used, " "))
	}
}
