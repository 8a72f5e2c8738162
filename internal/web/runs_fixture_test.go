package web

import (
	"context"
	"fmt"
	"time"

	"github.com/todoku/todoku/internal/store"
)

// runMemory keeps checks in memory.
type runMemory struct {
	runs   []*store.Run
	shares map[string]store.Share
}

func (m *memory) AddRun(_ context.Context, r *store.Run) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken
	}
	if r.ID == "" {
		r.ID = fmt.Sprintf("run%d", len(m.runs)+1)
	}
	c := *r
	m.runs = append(m.runs, &c)
	return nil
}

func (m *memory) FinishRun(_ context.Context, r *store.Run) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.runs {
		if m.runs[i].ID == r.ID {
			c := *r
			m.runs[i] = &c
			return m.broken
		}
	}
	return store.ErrNotFound
}

func (m *memory) Run(_ context.Context, id string) (*store.Run, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return nil, m.broken
	}
	for _, r := range m.runs {
		if r.ID == id {
			c := *r
			return &c, nil
		}
	}
	return nil, store.ErrNotFound
}

func (m *memory) Runs(_ context.Context, target, owner string, all bool, limit int) (out []store.Run, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := len(m.runs) - 1; i >= 0 && len(out) < limit; i-- {
		if r := m.runs[i]; r.Target == target && r.State == store.Done && (all || r.Owner == owner) {
			c := *r
			c.Evidence = nil
			out = append(out, c)
		}
	}
	return out, m.broken
}

func (m *memory) AddShare(ctx context.Context, x store.Share) (store.Share, error) {
	var err error
	if x.Kind == store.SharedMessage {
		_, err = m.Message(ctx, x.Of)
	} else {
		_, err = m.Run(ctx, x.Of)
	}
	if err != nil {
		return x, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.shares == nil {
		m.shares = map[string]store.Share{}
	}
	x.Token = fmt.Sprintf("share%d", len(m.shares)+1)
	m.shares[x.Token] = x
	return x, nil
}

func (m *memory) Share(_ context.Context, token string) (store.Share, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	x, ok := m.shares[token]
	if !ok || !x.Expires.After(now) {
		return x, store.ErrNotFound
	}
	return x, m.broken
}

func (m *memory) OpenShare(_ context.Context, token string, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	x, ok := m.shares[token]
	if !ok || !x.Once || !x.Opened.IsZero() {
		return store.ErrNotFound
	}
	x.Opened = at
	m.shares[token] = x
	return nil
}

func (m *memory) EndShares(_ context.Context, kind, of string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for token, x := range m.shares {
		if x.Kind == kind && x.Of == of {
			delete(m.shares, token)
		}
	}
	return nil
}
