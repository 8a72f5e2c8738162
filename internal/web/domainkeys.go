package web

import (
	"slices"
	"time"

	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/store"
)

// domainKey is a key as the page shows it.
type domainKey struct {
	panel.Key
	Text  string
	Steps []keyStep
}

// keyStep is one state of a key's life.
type keyStep struct {
	State     string // a word of package store
	At        time.Time
	Done, Now bool
}

// Can reports whether something can be done with the key now.
func (k domainKey) Can(action string) bool { return slices.Contains(k.May, panel.KeyAction(action)) }

// viewKey gives the states that the key went through, is in and has before it.
func viewKey(k *panel.Key, text string) domainKey {
	out := domainKey{Key: *k, Text: text}
	now := false
	for _, s := range []keyStep{
		{State: store.KeyPrepared, At: k.Created}, {State: store.KeyPublished, At: k.Published}, {State: store.KeySigning, At: k.Signing},
		{State: store.KeyRetiring, At: k.Retiring}, {State: store.KeyRemoved, At: k.Removed},
	} {
		s.Now = s.State == k.State || s.State == store.KeyRemoved && k.State == store.KeyRevealed
		s.Done = !now && !s.Now && !s.At.IsZero()
		if !now && !s.Now && s.At.IsZero() {
			continue // it was given up before
		}
		if now && !s.Now {
			s.At = time.Time{}
		}
		now = now || s.Now
		out.Steps = append(out.Steps, s)
	}
	return out
}
