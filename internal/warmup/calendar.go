package warmup

import (
	"time"

	"github.com/todoku/todoku/internal/store"
)

// What today, and a day to come, are. Days that are over have what followed from them.
const (
	Going    = "going"    // today, with room left
	Full     = "full"     // today, with none left
	OnHold   = "on-hold"  // somebody said that it stays here
	InQuiet  = "silence"  // the provider wants silence now
	Ahead    = "ahead"    // to come, if all goes well
	AfterEnd = "no-bound" // the plan is over
)

// Expected is one day to come.
type Expected struct {
	Date    string `json:"date"`
	Allowed int    `json:"allowed"`        // 0: as many as one likes
	Hour    int    `json:"hour,omitempty"` // in each hour, 0: as many as the day allows
}

// Forecast is what the days allow if all goes well, today first, until the plan is over; a held plan stays.
func (s *State) Forecast(now time.Time) []Expected {
	c := *s
	c.Turn(now)
	var out []Expected
	for i := 0; i <= maxDays; i++ {
		e := Expected{Date: dateAfter(now, i), Allowed: c.allowed().Day, Hour: c.allowed().Hour}
		out = append(out, e)
		if c.Over() || c.Held {
			break
		}
		c.At++
	}
	return out
}

// CalendarDay is a day of a plan: over, today, or to come.
type CalendarDay struct {
	Date string `json:"date"` // of UTC
	// Allowed is the share of the day, null where nothing bounds it.
	Allowed *int `json:"allowed"`
	// Used is how much was let through, Paced how much the plan put off. The log says what was delivered, and what the provider put
	// off and refused for volume or reputation. All null for days to come.
	Used      *int   `json:"used"`
	Paced     *int64 `json:"paced"`
	Delivered *int   `json:"delivered"`
	Deferred  *int   `json:"deferred"`
	Refused   *int   `json:"refused"`
	Silences  *int   `json:"silences"`
	// State is what followed from a day that is over (advanced, held, too-few, deferred, back, idle, finished), what today is
	// (going, full, on-hold, silence, no-bound), or ahead, on-hold, no-bound for what is to come.
	State string `json:"state"`
}

// Aim is where a plan leads.
type Aim struct {
	PerDay int `json:"per_day"`
	// Date is when, if all goes well; null where the plan is held.
	Date *string `json:"date"`
}

// Calendar gives the days that are over, today, and those to come until the plan is over (the first day without bound ends it);
// of a plan that is held only tomorrow. paced is what the plan put off, by day.
func (s *State) Calendar(now time.Time, paced map[string]int64) []CalendarDay {
	c := *s
	c.Turn(now)
	out := make([]CalendarDay, 0, len(c.Days)+len(c.Steps))
	add := func(day string, k Counts, allowed Step, bounded bool, state string) {
		put := paced[day]
		d := CalendarDay{Date: day, Used: &k.Granted, Paced: &put, Delivered: &k.Delivered, Deferred: &k.Deferred, Refused: &k.Refused, Silences: &k.Silences, State: state}
		if bounded {
			d.Allowed = &allowed.Day
		}
		out = append(out, d)
	}
	for _, d := range c.Days {
		add(d.Date, d.Counts, Step{Day: d.Allowed}, d.Allowed > 0, d.Then)
	}
	add(c.Date, c.Today, c.allowed(), !c.Over(), c.today(now))
	for _, e := range c.Forecast(now) {
		if e.Date <= c.Date {
			continue
		}
		d := CalendarDay{Date: e.Date, State: AfterEnd}
		if e.Allowed > 0 {
			d.Allowed, d.State = &e.Allowed, Ahead
		}
		out = append(out, d)
	}
	if c.Held && !c.Over() {
		step := c.allowed().Day
		out = append(out, CalendarDay{Date: dateAfter(now, 1), Allowed: &step, State: OnHold})
	}
	return out
}

// today is the state of the day that is.
func (s *State) today(now time.Time) string {
	switch {
	case now.Before(s.Silent):
		return InQuiet
	case s.Over():
		return AfterEnd
	case s.Held:
		return OnHold
	case s.Today.Granted >= s.allowed().Day:
		return Full
	}
	return Going
}

// Aim gives where the plan leads, nil where it is over.
func (s *State) Aim(now time.Time) *Aim {
	c := *s
	c.Turn(now)
	if c.Over() || len(c.Steps) == 0 {
		return nil
	}
	a := &Aim{PerDay: c.Steps[len(c.Steps)-1].Day}
	if !c.Held {
		day := dateAfter(now, len(c.Steps)-1-c.At)
		a.Date = &day
	}
	return a
}

// pacedOf sums what plans put off by day, for one plan of a source: that of a provider, or that of everybody, which has those
// without a plan of their own.
func pacedOf(list []store.Volume, source, provider string, own map[string]bool) map[string]int64 {
	out := map[string]int64{}
	for _, v := range list {
		if v.Source == source && (v.Provider == provider || provider == Everybody && !own[source+" "+v.Provider]) {
			out[v.Day] += v.Paced
		}
	}
	return out
}
