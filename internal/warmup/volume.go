package warmup

import (
	"context"
	"slices"
	"time"

	"github.com/todoku/todoku/internal/store"
)

// monthDays is how many days before today the mean is of.
const monthDays = 30

// Sent is what a source address sent, as the milter counted it, plan or none, and what may be thought of it.
type Sent struct {
	Source    string           `json:"source"` // "": not known
	Today     int64            `json:"today"`  // recipients
	Paced     int64            `json:"paced"`  // today, put off by a plan
	Mean      float64          `json:"mean"`   // of the thirty days before, a day
	Providers map[string]int64 `json:"providers"`
	Judged
}

// volumes gives what each source sent, by name, with the standing that follows from the volume alone: see [Book.Sent].
func volumes(ctx context.Context, st *store.Store, now time.Time) ([]Sent, error) {
	list, err := st.VolumeSince(ctx, dateAfter(now, -monthDays))
	if err != nil {
		return nil, err
	}
	return sum(list, now), nil
}

func sum(list []store.Volume, now time.Time) []Sent {
	out := []Sent{}
	for _, v := range list {
		if v.Day > date(now) { // of a clock that was ahead
			continue
		}
		i := slices.IndexFunc(out, func(s Sent) bool { return s.Source == v.Source })
		if i < 0 {
			i = len(out)
			out = append(out, Sent{Source: v.Source, Providers: map[string]int64{}})
		}
		if s := &out[i]; v.Day == date(now) {
			s.Today += v.Messages
			s.Paced += v.Paced
			s.Providers[v.Provider] += v.Messages
		} else {
			s.Mean += float64(v.Messages) / monthDays
		}
	}
	for i := range out {
		s := &out[i]
		s.Judged = Stand(Seen{Today: float64(s.Today), Mean: s.Mean})
	}
	slices.SortFunc(out, func(a, b Sent) int {
		if a.Source < b.Source {
			return -1
		}
		return 1
	})
	return out
}
