package probe

import (
	"context"
	"sync"
)

// Memory remembers what hosts showed: one that takes the mail of many domains is
// connected to once. Safe for concurrent use.
type Memory struct {
	p    *Prober
	most int

	mu    sync.Mutex
	hosts map[string]*memory
}

type memory struct {
	done chan struct{}
	host Host
	keep bool // false where the asker ran out of time
}

// Remember gives a prober that remembers up to most hosts; beyond that it forgets all.
func Remember(p *Prober, most int) *Memory {
	return &Memory{p: p, most: most, hosts: make(map[string]*memory)}
}

// Host gives what is remembered of name, or probes it. Who asks while another does
// waits for the same result.
func (m *Memory) Host(ctx context.Context, name string) Host {
	m.mu.Lock()
	e, known := m.hosts[name]
	if !known {
		if len(m.hosts) >= m.most {
			clear(m.hosts)
		}
		e = &memory{done: make(chan struct{})}
		m.hosts[name] = e
	}
	m.mu.Unlock()
	if !known {
		return m.probe(ctx, name, e)
	}
	select {
	case <-e.done:
	case <-ctx.Done():
	}
	if ctx.Err() == nil && e.keep {
		return e.host
	}
	return m.p.Host(ctx, name)
}

func (m *Memory) probe(ctx context.Context, name string, e *memory) Host {
	e.host = m.p.Host(ctx, name)
	e.keep = ctx.Err() == nil
	if !e.keep {
		m.mu.Lock()
		if m.hosts[name] == e {
			delete(m.hosts, name)
		}
		m.mu.Unlock()
	}
	close(e.done)
	return e.host
}

// WithPostmaster asks for the postmaster of a domain; of that nothing is remembered.
func (m *Memory) WithPostmaster(domain string) *Prober { return m.p.WithPostmaster(domain) }
