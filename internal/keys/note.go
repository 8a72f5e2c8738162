package keys

import (
	"context"
	"encoding/json"
	"time"

	"github.com/todoku/todoku/internal/store"
)

// What a key waits for, as words.
const (
	WaitsPublish = "publish" // somebody has to publish the record by hand
	WaitsServers = "servers" // not every name server shows it
	WaitsCaches  = "caches"  // caches may know that it is not there, until Due
	WaitsMail    = "mail"    // mail on its way needs the record, until Due
	WaitsRemove  = "remove"  // somebody has to take the record away by hand
	WaitsGone    = "gone"    // a name server still shows it
	WaitsReveal  = "reveal"  // caches may still hold the record, until Due
)

// Note is what was last seen of a key.
type Note struct {
	At    time.Time `json:"at"`
	Waits string    `json:"waits,omitempty"`
	// Problem says what is wrong, in English, "" for nothing.
	Problem string `json:"problem,omitempty"`
	Observation
}

// NoteOf reads the note of a key.
func NoteOf(e *store.DKIMKey) Note {
	var n Note
	_ = json.Unmarshal([]byte(e.Note), &n) // empty, or of another version: nothing is known
	return n
}

// keep has a key keep the note.
func (n Note) keep(e *store.DKIMKey) {
	n.Texts = n.known(e)
	e.Note = n.text()
}

func (n Note) text() string {
	b, err := json.Marshal(n)
	if err != nil {
		return ""
	}
	return string(b)
}

// note keeps what was seen.
func (k *Keeper) note(ctx context.Context, e *store.DKIMKey, waits, problem string, o Observation) error {
	n := Note{At: k.cfg.Now().UTC(), Waits: waits, Problem: problem, Observation: o}
	if old := NoteOf(e); problem != "" && old.Problem != problem {
		k.cfg.Log.Warn("a key has a problem", "key", e.ID, "domain", e.Domain, "selector", e.Selector, "state", e.State, "problem", problem)
	}
	n.keep(e)
	return k.cfg.Store.NoteKey(ctx, e.ID, e.Note)
}
