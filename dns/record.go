package dns

import (
	"context"
	"net/netip"
	"slices"
	"sync"
)

// MaxRecorded is how many distinct questions a [Recorder] keeps.
const MaxRecorded = 10_000

// asked is what makes two questions the same question.
type asked struct {
	name   string
	typ    Type
	server netip.AddrPort
}

func keyOf(q Question) asked { return asked{CanonicalName(q.Name), q.Type, q.Server} }

// Recorder passes questions on and keeps the answers, so that a verdict can be
// given again from them. Who asks the same question twice gets the first answer
// again: all parts of one verdict see one DNS, and a replay sees the same. The
// exception is a failure of which the asker's own context was the cause.
type Recorder struct {
	next Resolver

	mu      sync.Mutex
	index   map[asked]int // into entries
	entries []recorded    // in the order first asked
	dropped int
}

type recorded struct {
	answer Answer
	state  recordState
}

type recordState uint8

const (
	pending   recordState = iota // asked, no answer yet
	abandoned                    // failed because the asker stopped waiting; may be replaced
	settled
)

// NewRecorder records what r answers.
func NewRecorder(r Resolver) *Recorder {
	return &Recorder{next: r, index: make(map[asked]int)}
}

// Resolve asks, or gives the recorded answer again.
func (r *Recorder) Resolve(ctx context.Context, q Question) Answer {
	i, known := r.begin(q)
	if known != nil {
		return again(*known, q)
	}
	a := r.next.Resolve(ctx, q)
	if i < 0 {
		return a
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	e := &r.entries[i]
	if e.state == settled { // someone else was faster
		return again(e.answer, q)
	}
	e.answer, e.state = a, settled
	if a.Status.Failed() && ctx.Err() != nil {
		e.state = abandoned
	}
	return a
}

// begin finds or makes the entry of q: its number, -1 where there is no room, and
// its answer where it is settled.
func (r *Recorder) begin(q Question) (i int, known *Answer) {
	key := keyOf(q)
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.index[key]
	switch {
	case ok && r.entries[i].state == settled:
		return i, &r.entries[i].answer
	case ok:
		return i, nil
	case len(r.entries) >= MaxRecorded:
		r.dropped++
		return -1, nil
	}
	r.index[key] = len(r.entries)
	r.entries = append(r.entries, recorded{})
	return len(r.entries) - 1, nil
}

// asked reports whether q was asked before.
func (r *Recorder) asked(q Question) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.index[keyOf(q)]
	return ok
}

// keep records an answer to a question that nobody asked yet; false where there is no
// room for it.
func (r *Recorder) keep(a Answer) bool {
	key := keyOf(a.Question)
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.index[key]; ok {
		return true
	}
	if len(r.entries) >= MaxRecorded {
		return false
	}
	r.index[key] = len(r.entries)
	r.entries = append(r.entries, recorded{answer: a, state: settled})
	return true
}

func again(a Answer, q Question) Answer {
	a.Question = q
	return a
}

// Answers are the answers so far, one for each distinct question, in the order
// first asked.
func (r *Recorder) Answers() []Answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]Answer, 0, len(r.entries))
	for _, e := range r.entries {
		if e.state != pending {
			out = append(out, e.answer)
		}
	}
	return out
}

// Dropped counts the questions that were answered but not kept, because
// [MaxRecorded] were kept already.
func (r *Recorder) Dropped() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dropped
}

// Replayer answers from a recording only; what the recording does not hold is
// NotRecorded. Nothing is ever sent.
type Replayer struct{ answers map[asked]Answer }

// NewReplayer replays answers. Of several to one question the first that is no
// failure counts, else the first.
func NewReplayer(answers []Answer) *Replayer {
	r := &Replayer{answers: make(map[asked]Answer, len(answers))}
	for _, a := range answers {
		key := keyOf(a.Question)
		if old, ok := r.answers[key]; !ok || old.Status.Failed() && !a.Status.Failed() {
			r.answers[key] = a
		}
	}
	return r
}

// Resolve gives the recorded answer. One that says that there are records, but holds
// none of the type asked, no server gave: it is Malformed.
func (r *Replayer) Resolve(_ context.Context, q Question) Answer {
	if a, ok := r.answers[keyOf(q)]; ok {
		other := func(rec Record) bool { return rec.Type != q.Type }
		if slices.ContainsFunc(a.Records, other) {
			a.Records = slices.DeleteFunc(slices.Clone(a.Records), other)
		}
		if a.Status == Success && len(a.Records) == 0 {
			a.Status, a.Detail = Malformed, "the recorded answer holds no record of the type asked"
		}
		return again(a, q)
	}
	if !ValidName(q.Name) {
		return badName(q)
	}
	return Answer{Question: q, Status: NotRecorded, Detail: "the recording does not hold this question"}
}
