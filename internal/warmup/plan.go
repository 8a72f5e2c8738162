// Package warmup lets a new source address send a little more each day, to each provider by itself, and holds or steps back when
// the provider says that it is too much.
//
// A plan says how much each of its days may bring. What is above today's share is deferred; the day is over at midnight UTC. Then the
// plan goes on, stays or steps back by what the day brought: see [State.Turn].
package warmup

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Step is one day of a plan.
type Step struct {
	// Day is how many messages may be sent that day, Hour how many in each hour of it; 0 for Hour: as many as the day allows.
	Day  int `json:"day"`
	Hour int `json:"hour,omitempty"`
}

// Table is a plan that somebody published.
type Table struct {
	Name, Source, AsOf string
	Steps              []Step
}

// Tables are the published plans.
func Tables() []Table {
	return []Table{
		{Name: "generic", Source: "the daily plan that sending services commonly recommend", AsOf: "2026-11", Steps: daily(50, 100, 250, 500, 1000, 2500, 5000, 7500, 10_000, 15_000, 20_000, 30_000, 40_000, 55_000, 70_000, 100_000)},
		{Name: "sendgrid", Source: "SendGrid, automated warm-up of addresses (sendgrid.kke.co.jp)", AsOf: "2026-11", Steps: hourly(20, 28, 39, 55, 77, 108, 151, 211, 295, 413, 579, 810, 1000, 1587, 2222, 3111, 4356, 6098, 8583, 11_953, 16_734, 23_427, 32_798, 45_917, 64_284, 89_998, 125_997, 176_395, 246_953, 345_735, 484_029)},
		{Name: "ses", Source: "Amazon SES: 45 days to 50,000 a day (2017); the days between in equal proportion", AsOf: "2017", Steps: rising(50, 50_000, 45)},
	}
}

// tableByName finds one.
func tableByName(name string) (Table, bool) {
	list := Tables()
	i := slices.IndexFunc(list, func(t Table) bool { return t.Name == name })
	if i < 0 {
		return Table{}, false
	}
	return list[i], true
}

func daily(list ...int) (out []Step) {
	for _, n := range list {
		out = append(out, Step{Day: n})
	}
	return out
}

func hourly(list ...int) (out []Step) {
	for _, n := range list {
		out = append(out, Step{Day: 24 * n, Hour: n})
	}
	return out
}

// rising goes from one number to another in equal proportion; rounding never has a day more than double the day before.
func rising(from, to, days int) (out []Step) {
	factor := math.Pow(float64(to)/float64(from), 1/float64(max(days-1, 1)))
	for i := range days {
		out = append(out, Step{Day: int(math.Round(float64(from) * math.Pow(factor, float64(i))))})
	}
	out[days-1].Day = to
	for i := days - 1; i > 0; i-- {
		out[i-1].Day = max(out[i-1].Day, (out[i].Day+1)/2)
	}
	return out
}

const (
	// first is how many messages the first day of a plan to a target has.
	first = 50
	// maxDays is how long a plan may be.
	maxDays = 365
	// maxTarget is the most that a day may bring.
	maxTarget = 100_000_000
)

// ErrTooFast: the volume would more than double from a day to the next, which no provider likes.
var ErrTooFast = errors.New("the volume would more than double each day")

// To makes a plan that reaches a number of messages a day in some days. ErrTooFast names the days that are needed.
func To(target, days int) ([]Step, error) { return toFrom(first, target, days) }

// toFrom makes one that begins with so many on its first day, or with the target, if that is less.
func toFrom(from, target, days int) ([]Step, error) {
	if target < 1 || target > maxTarget || days < 1 || days > maxDays {
		return nil, fmt.Errorf("a plan has a target of 1 to %d messages a day and 1 to %d days", maxTarget, maxDays)
	}
	from = max(1, min(from, target))
	if need := leastDays(from, target); days < need {
		return nil, fmt.Errorf("%w: %d messages a day take %d days at least", ErrTooFast, target, need)
	}
	return rising(from, target, days), nil
}

// leastDays is how many days a target takes from a beginning.
func leastDays(from, target int) int {
	return 1 + int(math.Ceil(math.Log2(float64(target)/float64(max(1, min(from, target))))))
}
