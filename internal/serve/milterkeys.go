package serve

import (
	"context"

	"github.com/todoku/todoku/internal/filter"
)

// lookAtKeys warns of keys from files whose signatures nobody can verify, each time that settings are read. It is beside the mail, which does not
// wait for the DNS.
func (m *milterNode) lookAtKeys(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-m.look:
			s.Unverifiable(ctx, func(k filter.Key, problem string) {
				m.Log.Warn("signatures by this key cannot be verified; publish its record, or name the right file", "key", k, "problem", problem)
			})
		}
	}
}
