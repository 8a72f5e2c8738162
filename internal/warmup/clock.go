package warmup

import "time"

// SetBack is a plan as it was before the clock was set back by days. Which of the two clocks was wrong shows when a day begins.
type SetBack struct {
	At    int    `json:"at"`
	Date  string `json:"date"`
	Today Counts `json:"today"`
	Days  []Day  `json:"days"`
	// Since is what was counted on the day to which the clock was set back when that happened.
	Since       Counts    `json:"since"`
	Silent      time.Time `json:"silent,omitzero"`
	Connections int       `json:"connections,omitempty"`
	Problem     time.Time `json:"problem,omitzero"`
}

// longest is the longest silence that follows from a log.
const longest = yahooSilence << 4

// mend undoes what a clock left behind that was far ahead for a while: nothing waits for a day that is years away, the plan is where it was,
// and what went before and meanwhile was all of today. Nodes whose clocks differ a little around midnight change nothing.
func (s *State) mend(now time.Time) {
	if s.Date > dateAfter(now, 1) {
		s.setBack(date(now))
	}
	if end := now.Add(longest); s.Silent.After(end) {
		s.Silent = end
	}
	if end := now.Add(longest); s.Problem.After(end) {
		s.Problem = end
	}
}

// setBack goes back to a day: those after it are part of it.
func (s *State) setBack(today string) {
	was := SetBack{At: s.At, Date: s.Date, Today: s.Today, Days: s.Days, Silent: s.Silent, Connections: s.Connections, Problem: s.Problem}
	s.Date = today
	before := s.Today
	for n := len(s.Days) - 1; n >= 0 && s.Days[n].Date >= today; n-- {
		s.Today.add(s.Days[n].Counts)
		s.At, s.Days = s.Days[n].Step, s.Days[:n:n]
	}
	if s.SetBack == nil {
		was.Since = s.Today
		s.SetBack = &was
	} else {
		s.SetBack.Since.add(s.Today.less(before))
	}
}

// setForward goes on from where the plan was, where a clock that was set back is right again: it was behind, and what went meanwhile is counted
// to the day that it was. Where another day begins first, the clock was ahead before.
func (s *State) setForward(today string) {
	was := s.SetBack
	if s.SetBack = nil; was == nil || today < was.Date {
		return
	}
	meanwhile := s.Today.less(was.Since)
	s.At, s.Date, s.Today, s.Days = was.At, was.Date, was.Today, was.Days
	s.Today.add(meanwhile)
	s.Silent, s.Connections, s.Problem = was.Silent, was.Connections, was.Problem
}

// less takes away what was counted before; what was given back since is none.
func (c Counts) less(before Counts) Counts {
	return Counts{
		Granted: max(0, c.Granted-before.Granted), Hour: -1, Delivered: max(0, c.Delivered-before.Delivered), Deferred: max(0, c.Deferred-before.Deferred),
		Refused: max(0, c.Refused-before.Refused), Silences: max(0, c.Silences-before.Silences),
	}
}
