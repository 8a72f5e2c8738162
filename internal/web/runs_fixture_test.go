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
	shares map[string]sharedRun
}

type sharedRun struct {
	id      string
	expires time.Time
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

func (m *memory) ShareRun(ctx context.Context, id string, expires time.Time) (string, error) {
	if _, err := m.Run(ctx, id); err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.shares == nil {
		m.shares = map[string]sharedRun{}
	}
	token := fmt.Sprintf("share%d", len(m.shares)+1)
	m.shares[token] = sharedRun{id, expires}
	return token, nil
}

func (m *memory) SharedRun(ctx context.Context, token string) (*store.Run, time.Time, error) {
	m.mu.Lock()
	s, ok := m.shares[token]
	m.mu.Unlock()
	if !ok || !s.expires.After(now) {
		return nil, time.Time{}, store.ErrNotFound
	}
	r, err := m.Run(ctx, s.id)
	return r, s.expires, err
}

func (m *memory) UnshareRun(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for token, s := range m.shares {
		if s.id == id {
			delete(m.shares, token)
		}
	}
	return nil
}
