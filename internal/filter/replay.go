package filter

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/todoku/todoku/dkim"
)

// replays counts how often a signature came by. A good one can be sent again to anybody, for DKIM does not cover the envelope:
// many times the same is either a mailing to many or a replay, and only an operator can tell.
//
// It remembers two generations, each of so many signatures or so long at most: what is older than both is forgotten.
type replays struct {
	mu         sync.Mutex
	young, old map[[16]byte]int
	began      time.Time
}

const (
	replayEntries = 16_384
	replayTime    = time.Hour
)

// seen counts one more, and gives how many there were with it. A clock that was set back begins a new generation.
func (r *replays) seen(signature []byte, now time.Time) int {
	sum := sha256.Sum256(signature)
	key := [16]byte(sum[:])
	r.mu.Lock()
	defer r.mu.Unlock()
	if since := now.Sub(r.began); r.young == nil || len(r.young) >= replayEntries || since > replayTime || since < 0 {
		r.old, r.young, r.began = r.young, make(map[[16]byte]int), now
	}
	n, known := r.young[key]
	if !known {
		n = r.old[key]
	}
	r.young[key] = n + 1
	return n + 1
}

// Signature is what an incoming message's first good signature says beside that it is good.
type Signature struct {
	// Age is the time since it was made, by t=; 0 where that is missing or to come.
	Age time.Duration
	// Seen is how many messages with it came here within the last hour or two, this one counted; 0: there is none.
	Seen int
}

// replayed looks at the first good signature.
func (in *incoming) replayed() {
	for i := range in.event.Auth.DKIM {
		v := &in.event.Auth.DKIM[i]
		if v.Result != dkim.Pass || v.Signature == nil {
			continue
		}
		in.event.Signature.Seen = in.f.replays.seen(v.Signature.Value, in.event.Began)
		if at := v.Signature.Timestamp; !at.IsZero() && at.Before(in.event.Began) {
			in.event.Signature.Age = in.event.Began.Sub(at)
		}
		return
	}
}
