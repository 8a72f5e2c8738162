package warmup

import (
	"fmt"
	"time"
)

// State is where a source address is in its plan towards one provider. It is a value: what changes it takes the time.
type State struct {
	Plan  string `json:"plan"`
	Steps []Step `json:"steps"`
	// At is the step of today, from 0; len(Steps) and more: the plan is over, nothing is bounded.
	At int `json:"at"`
	// Date is the day that Today counts, in UTC.
	Date  string `json:"date"`
	Today Counts `json:"today"`
	// Days are the days before, the last ones.
	Days []Day `json:"days"`
	// Held: somebody said that the plan shall stay where it is. Why is what they said.
	Held bool   `json:"held"`
	Why  string `json:"why,omitempty"`
	// Silent is until when nothing is sent at all. Then Connections may be open at one time, 0 for as many as one likes; one more for each
	// [calm] without a problem since Problem.
	Silent      time.Time `json:"silent,omitzero"`
	Connections int       `json:"connections,omitempty"`
	Problem     time.Time `json:"problem,omitzero"`
	// SetBack is where the plan was when the clock was set back by days; nil: it was not, since this day began.
	SetBack *SetBack `json:"set_back,omitempty"`
}

// Counts are what a day brought.
type Counts struct {
	// Granted is how many messages were let through; InHour how many of them in the hour of the day Hour.
	Granted int `json:"granted"`
	Hour    int `json:"hour"`
	InHour  int `json:"in_hour"`
	// What the delivery log says. Unknown recipients and the like are in none: they say nothing of the volume.
	Delivered int `json:"delivered"`
	Deferred  int `json:"deferred"`
	Refused   int `json:"refused"`
	Silences  int `json:"silences"`
}

func (c *Counts) add(d Counts) {
	if c.Granted += d.Granted; c.Hour == d.Hour {
		c.InHour += d.InHour
	}
	c.Delivered += d.Delivered
	c.Deferred += d.Deferred
	c.Refused += d.Refused
	c.Silences += d.Silences
}

// Day is a day that is over: its counts, what was allowed, and what followed from it.
type Day struct {
	Date string `json:"date"`
	Counts
	Allowed int    `json:"allowed"`
	Then    string `json:"then"`
	// Step is the step that it was of, from 0.
	Step int `json:"step"`
}

// What follows from a day.
const (
	Advanced   = "advanced" // the next day allows more
	StayedHeld = "held"     // somebody said so
	StayedFew  = "too-few"  // too little was sent to learn anything
	StayedSlow = "deferred" // the provider put off too much
	SteppedBk  = "back"     // it refused, or put off much: the day before is repeated
	Restarted  = "idle"     // nothing was sent for a month: from the beginning
	Finished   = "finished" // the plan is over
	maxHistory = 60         // days
	idleDays   = 30         // SendGrid: warm up again after 30 idle days
	calm       = 10 * time.Minute
	freely     = 10 // connections at which nobody counts them any more
)

// Begin makes a state at the first step.
func Begin(plan string, steps []Step, now time.Time) State {
	return State{Plan: plan, Steps: steps, Date: date(now), Days: []Day{}}
}

func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// dateAfter is the date so many days later, or before: days of UTC, whatever zone t is in and when that changes its clocks.
func dateAfter(t time.Time, days int) string { return date(t.UTC().AddDate(0, 0, days)) }

// Over reports that the plan is over.
func (s *State) Over() bool { return s.At >= len(s.Steps) }

// Turn begins a new day, where one began. The step follows from the last day on which something was sent:
//
//   - more than 5 % refused for volume or reputation, more than 30 % put off, or three silences: a step back;
//   - more than 5 % put off, or a silence: the same again; a second time running: a step back;
//   - less than half of what was allowed: the same again, as it says little;
//   - else: a step on.
//
// Days without mail change nothing; thirty of them begin the plan anew.
func (s *State) Turn(now time.Time) {
	today := date(now)
	s.mend(now)
	if today <= s.Date { // also where the clock went back: a day is not begun twice
		return
	}
	if s.setForward(today); today <= s.Date {
		return
	}
	then := s.judge()
	if step := s.At; s.Today != (Counts{Hour: s.Today.Hour}) || s.Held {
		s.Days = append(s.Days, Day{Date: s.Date, Counts: s.Today, Allowed: s.allowed().Day, Then: then, Step: step})
		s.Days = s.Days[max(0, len(s.Days)-maxHistory):]
	}
	switch then {
	case Advanced:
		s.At++
	case SteppedBk:
		s.At = max(0, s.At-1)
	}
	if s.idle(now) && s.At > 0 {
		s.Days = append(s.Days, Day{Date: dateAfter(now, -1), Then: Restarted, Step: s.At})
		s.At = 0
	}
	s.Date, s.Today = today, Counts{}
}

func (s *State) judge() string {
	t := s.Today
	all := t.Delivered + t.Deferred + t.Refused
	switch {
	case s.Over():
		if all > 0 && (20*t.Refused > all || 10*t.Deferred > 3*all) && len(s.Steps) > 0 {
			s.At = len(s.Steps) // a step back from the end is the last day
			return SteppedBk
		}
		return Finished
	case s.Held:
		return StayedHeld
	case all > 0 && (20*t.Refused > all || 10*t.Deferred > 3*all) || t.Silences >= 3:
		return SteppedBk
	case all > 0 && 20*t.Deferred > all || t.Silences > 0:
		if n := len(s.Days); n > 0 && s.Days[n-1].Then == StayedSlow {
			return SteppedBk
		}
		return StayedSlow
	case 2*t.Granted < s.allowed().Day:
		return StayedFew
	}
	return Advanced
}

// idle reports whether nothing was sent for a month.
func (s *State) idle(now time.Time) bool {
	last := ""
	for _, d := range s.Days {
		if d.Granted > 0 {
			last = d.Date
		}
	}
	if s.Today.Granted > 0 { // the last day that somebody asked, which may be long ago
		last = s.Date
	}
	return last != "" && last < dateAfter(now, -idleDays)
}

// allowed is the step of today; of a plan that is over it bounds nothing.
func (s *State) allowed() Step {
	if s.Over() {
		return Step{}
	}
	return s.Steps[s.At]
}

// Why nothing is granted.
const (
	FullDay  = "day"    // today's share is used up
	FullHour = "hour"   // this hour's is
	Silence  = "silent" // the provider wants silence
	Reserved = "kept"   // what is left is kept for mail that goes first
	TooMany  = "many"   // it is for more recipients than a whole day's or hour's share
)

// Refusal says why no message goes now, and when one may again.
type Refusal struct {
	Why   string
	Until time.Time
}

// Grant lets up to want messages through: how many, and where none, why. Mail that does not go first may use four fifths of the share of
// a day or hour.
func (s *State) Grant(now time.Time, want int, goesFirst bool) (int, Refusal) {
	s.Turn(now)
	if now.Before(s.Silent) {
		return 0, Refusal{Silence, s.Silent}
	}
	if h := now.UTC().Hour(); h != s.Today.Hour {
		s.Today.Hour, s.Today.InHour = h, 0
	}
	limit := s.allowed()
	midnight := now.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	why := Refusal{FullDay, midnight}
	if !s.Over() {
		for _, l := range []struct {
			cap, used int
			full      Refusal
		}{{limit.Day, s.Today.Granted, why}, {limit.Hour, s.Today.InHour, Refusal{FullHour, now.UTC().Truncate(time.Hour).Add(time.Hour)}}} {
			if l.cap == 0 && l.full.Why == FullHour {
				continue
			}
			left := l.cap - l.used
			if kept := l.cap / 5; !goesFirst {
				if left > 0 && left <= kept {
					l.full.Why = Reserved
				}
				left -= kept
			}
			if left < want {
				want, why = max(left, 0), l.full
			}
		}
	}
	if want <= 0 {
		return 0, why
	}
	s.Today.Granted += want
	s.Today.InHour += want
	return want, Refusal{}
}

// Return gives back what was granted on a day (and hour, of that day) and not used.
func (s *State) Return(now time.Time, day string, hour, n int) {
	if s.Turn(now); s.Date != day {
		return
	}
	s.Today.Granted = max(0, s.Today.Granted-n)
	if s.Today.Hour == hour {
		s.Today.InHour = max(0, s.Today.InHour-n)
	}
}

// Outcome is what became of deliveries.
type Outcome struct {
	// Delivered, Deferred and Refused count them. Deferred and refused are those for volume or reputation alone.
	Delivered, Deferred, Refused int
	// Silence is for how long the provider wants to hear nothing; 0: it did not say. At is when it said so; zero: now.
	Silence time.Duration
	At      time.Time
}

// and adds another one. The youngest call for silence counts.
func (o Outcome) and(p Outcome) Outcome {
	out := Outcome{o.Delivered + p.Delivered, o.Deferred + p.Deferred, o.Refused + p.Refused, p.Silence, p.At}
	if p.Silence == 0 || o.Silence > 0 && o.At.After(p.At) {
		out.Silence, out.At = o.Silence, o.At
	}
	return out
}

// Note takes in what a delivery log says.
func (s *State) Note(now time.Time, o Outcome) {
	s.Turn(now)
	s.Today.Delivered += o.Delivered
	s.Today.Deferred += o.Deferred
	s.Today.Refused += o.Refused
	at := o.At
	if at.IsZero() || at.After(now) {
		at = now
	}
	if o.Silence > 0 && !at.Before(s.Silent) {
		// Again and again on one day: for longer each time.
		end := at.Add(o.Silence << min(s.Today.Silences, 4))
		s.Silent, s.Problem, s.Connections = end, end, 1
		s.Today.Silences++
	}
}

// Open is how many connections may be open now; 0 for as many as one likes.
func (s *State) Open(now time.Time) int {
	switch {
	case now.Before(s.Silent):
		return -1
	case s.Connections == 0:
		return 0
	}
	n := s.Connections + int(now.Sub(s.Problem)/calm)
	if n >= freely {
		return 0
	}
	return n
}

// String says in a few words where it is.
func (s *State) String() string {
	if s.Over() {
		return "over"
	}
	return fmt.Sprintf("day %d of %d", s.At+1, len(s.Steps))
}
