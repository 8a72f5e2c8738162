package warmup

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/catalogue"
)

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
	// Listing is what blocklists say of the address.
	Listing Listing
	// Complaints and Delivered are of the last thirty days, as receivers report them; Delivered 0: nothing is known.
	Complaints, Delivered int64
}

// The bounds: below fewMessages a day a source is too small to have a standing, and so many deliveries in thirty days are too few for
// a rate of complaints; above a change of suddenly it draws attention. Gmail wants complaints below 0.1 %, and never at 0.3 %.
const (
	fewMessages = 1000
	suddenly    = 1.0
	complained  = 0.001
	condemned   = 0.003
)

// Judged is a standing and why.
type Judged struct {
	Standing Standing `json:"standing"`
	// Change is today's volume against the mean of the month, in percent; 0 where there is no mean.
	Change float64 `json:"change"`
	// Why is what decides: listed, noted (a list that few receivers use, or a note on how the address is meant to be used),
	// complaints, few, change, or "" for nothing that speaks against it.
	Why string `json:"why"`
	// Reasons say all that is known, what decides first.
	Reasons []catalogue.Text `json:"-"`
	// Reason is Reasons in a language: see In.
	Reason string `json:"reason"`
	// Lists have the address; Asked is how many lists answered, null where none was asked or did. Complaints and Delivered are those
	// of thirty days, null where nothing is known.
	Lists      []string `json:"lists"`
	Asked      *int     `json:"lists_asked"`
	Complaints *int64   `json:"complaints"`
	Delivered  *int64   `json:"complaints_of"`
}

// In gives it with the reason in "ja" or, for anything else, English.
func (j Judged) In(lang string) Judged {
	parts := make([]string, 0, len(j.Reasons))
	for _, t := range j.Reasons {
		parts = append(parts, t.In(lang))
	}
	sep := " "
	if lang == "ja" {
		sep = ""
	}
	j.Reason = strings.Join(parts, sep)
	return j
}

// Stand judges.
func Stand(s Seen) Judged {
	j := Judged{Standing: Good, Lists: []string{}}
	if s.Mean > 0 {
		j.Change = 100 * (s.Today - s.Mean) / s.Mean
	}
	for _, aspect := range []func(*Judged, *Seen) (Standing, string, []catalogue.Text){(*Judged).byListing, (*Judged).byComplaints, (*Judged).byVolume} {
		standing, why, reasons := aspect(&j, &s)
		if worse(standing, j.Standing) {
			j.Standing, j.Why = standing, why
			j.Reasons = append(reasons, j.Reasons...)
		} else {
			j.Reasons = append(j.Reasons, reasons...)
		}
	}
	return j
}

func worse(a, b Standing) bool {
	order := map[Standing]int{Good: 0, Neutral: 1, Poor: 2}
	return order[a] > order[b]
}

// byListing judges what blocklists say. Only those that proved to be alive and answered count.
func (j *Judged) byListing(s *Seen) (Standing, string, []catalogue.Text) {
	l := s.Listing
	if l.Asked == 0 {
		return Good, "", []catalogue.Text{saysNoLists}
	}
	j.Asked = &l.Asked
	if len(l.On) == 0 {
		return Good, "", []catalogue.Text{saysClean.With("count", strconv.Itoa(l.Asked))}
	}
	standing, why := Neutral, "noted"
	var grave, light []string
	for _, e := range l.On {
		j.Lists = append(j.Lists, e.Zone)
		if e.Grave {
			standing, why = Poor, "listed"
			grave = append(grave, e.name())
		} else {
			light = append(light, e.name())
		}
	}
	var reasons []catalogue.Text
	if len(grave) > 0 {
		reasons = append(reasons, saysListed.With("lists", strings.Join(grave, ", ")))
	}
	if len(light) > 0 {
		reasons = append(reasons, saysNoted.With("lists", strings.Join(light, ", ")))
	}
	return standing, why, reasons
}

// byComplaints judges the rate of complaints, where there were enough deliveries for one.
func (j *Judged) byComplaints(s *Seen) (Standing, string, []catalogue.Text) {
	if s.Delivered <= 0 {
		return Good, "", []catalogue.Text{saysNoFeedback}
	}
	j.Complaints, j.Delivered = &s.Complaints, &s.Delivered
	rate := float64(s.Complaints) / float64(s.Delivered)
	said := []string{"count", strconv.FormatInt(s.Complaints, 10), "of", strconv.FormatInt(s.Delivered, 10), "rate", fmt.Sprintf("%.2f", 100*rate)}
	switch {
	case s.Delivered < fewMessages:
		return Good, "", []catalogue.Text{saysFewFeedback.With(said...)}
	case rate >= condemned:
		return Poor, "complaints", []catalogue.Text{saysComplaints.With(said...)}
	case rate >= complained:
		return Neutral, "complaints", []catalogue.Text{saysComplaints.With(said...)}
	}
	return Good, "", []catalogue.Text{saysContent.With(said...)}
}

// byVolume judges how much is sent, against the month before.
func (j *Judged) byVolume(s *Seen) (Standing, string, []catalogue.Text) {
	said := []string{"today", fmt.Sprintf("%.0f", s.Today), "mean", fmt.Sprintf("%.0f", s.Mean), "change", fmt.Sprintf("%.0f", j.Change)}
	switch {
	case s.Mean < fewMessages:
		return Neutral, "few", []catalogue.Text{saysFew.With(said...)}
	case j.Change > 100*suddenly:
		return Neutral, "change", []catalogue.Text{saysChange.With(said...)}
	}
	return Good, "", []catalogue.Text{saysSteady.With(said...)}
}

// Volume gives today's volume and the mean of the thirty days before, from what the state remembers; of days on which nothing was sent, too.
func (s *State) Volume() (today, mean float64) {
	day, err := time.Parse(time.DateOnly, s.Date)
	if err != nil { // nobody wrote it so
		return float64(s.Today.Granted), 0
	}
	since, sum := dateAfter(day, -monthDays), 0
	for _, d := range s.Days {
		if d.Date >= since {
			sum += d.Granted
		}
	}
	return float64(s.Today.Granted), float64(sum) / monthDays
}
