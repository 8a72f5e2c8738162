// Package steady tells the time that passed from a clock that was set: the calendar may jump, a year ahead or back, when a battery
// dies or somebody slips; work that goes by it (keys that retire, mail that is deleted) must not.
//
// What counts is the time that somebody saw pass. Within one run of a program that is what [Elapsed] says. Across
// a restart it is the calendar, which is believed for [MostUnseen]: what is more than that counts as nothing.
package steady

import "time"

const (
	// MostUnseen is how much time may lie between two runs that counts: a day, and what a daily run may be late.
	MostUnseen = 25 * time.Hour
	// Slack is by how much the calendar may differ from what was seen without having jumped: clocks are slewed, and nodes differ.
	Slack = 5 * time.Minute
)

// Watch sees time pass in one run of a program. Not safe for concurrent use.
type Watch struct {
	// Elapsed is how long the program has run, see [Elapsed]; nil where nobody knows.
	Elapsed func() time.Duration

	at   time.Time // by the calendar, when it was last looked at
	mono time.Duration
}

// Jump says by how much the calendar jumped between was, when the work was last done (by whatever run or node), and now: above zero
// ahead, below zero back; zero where it did not, or where was is zero.
func (w *Watch) Jump(was, now time.Time) time.Duration {
	now = now.Round(0) // the calendar, not the monotonic clock
	passed := now.Sub(was)
	most := max(passed, 0)
	if passed > MostUnseen {
		most = 0
	}
	if w.Elapsed != nil {
		mono := w.Elapsed()
		if !w.at.IsZero() && w.at.Sub(was) < time.Second { // whoever did it last, it was not before this run did, but where that could not be kept
			most = min(max(passed, 0), mono-w.mono)
		}
		w.mono = mono
	}
	w.at = now
	if was.IsZero() {
		return 0
	}
	by := passed - min(max(passed, 0), most)
	if by.Abs() <= Slack {
		return 0
	}
	return by
}
