package serve

import (
	"github.com/todoku/todoku/internal/lab"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/web"
)

// newLab makes the outbound lab, and what the pages see of it: both nil where there is none.
func newLab(c Config, st *store.Store) (*lab.Lab, web.OutboundLab, error) {
	if c.Lab == nil {
		return nil, nil, nil
	}
	cfg := *c.Lab
	cfg.Store, cfg.Log = st, c.Log
	l, err := lab.New(cfg)
	if err != nil {
		return nil, nil, err
	}
	return l, l, nil
}
