package warmup

// Standing is what a mailbox provider may think of a source, as SenderBase put it.
type Standing string

// The standings.
const (
	Good    Standing = "GOOD"
	Neutral Standing = "NEUTRAL"
	Poor    Standing = "POOR"
)

// Seen is what a standing is judged by.
type Seen struct {
	// Today is today's volume, Mean that of the thirty days before, in messages a day.
	Today, Mean float64
	// Listed: a blocklist has the address.
	Listed bool
	// Complaints are those for each message, 0.001 for one in a thousand; negative: not known.
	Complaints float64
}

// The bounds: below fewMessages a day a source is too small to have a standing; above a change of suddenly it draws attention. Gmail wants
// complaints below 0.1 %, and never at 0.3 %.
const (
	fewMessages = 1000
	suddenly    = 1.0
	complained  = 0.001
	condemned   = 0.003
)

// Stand judges. why is "listed", "complaints", "few", "change" or "" where nothing is to be said. Change is the volume of today against
// the mean of the month, 1 for twice as much; 0 where there is no mean.
func Stand(s Seen) (standing Standing, change float64, why string) {
	if s.Mean > 0 {
		change = (s.Today - s.Mean) / s.Mean
	}
	switch {
	case s.Listed:
		return Poor, change, "listed"
	case s.Complaints >= condemned:
		return Poor, change, "complaints"
	case s.Complaints >= complained:
		return Neutral, change, "complaints"
	case s.Mean < fewMessages:
		return Neutral, change, "few"
	case change > suddenly:
		return Neutral, change, "change"
	}
	return Good, change, ""
}

// Volume gives today's volume and the mean of the thirty days before, from what the state remembers.
func (s *State) Volume() (today, mean float64) {
	days := s.Days[max(0, len(s.Days)-30):]
	sum := 0
	for _, d := range days {
		sum += d.Granted
	}
	return float64(s.Today.Granted), float64(sum) / 30
}
