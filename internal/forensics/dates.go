package forensics

import (
	"net/mail"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/pattern"
)

var dateZone = pattern.New(`\s*\([A-Za-z0-9: +-]*\)$`)

var dateDay = pattern.New(`(^|, )([0-9]) `)

var dateZero = pattern.New(`(^|, )0([0-9]) `)

var dateWeekday = pattern.New(`^[A-Za-z]{3}, *`)

// dates writes a date in the other ways that mean the same.
func dates(s string) (out []string) {
	bare := dateZone.ReplaceAllString(s, "")
	for _, v := range []string{s, bare} {
		out = append(out, v, dateDay.ReplaceAllString(v, "${1}0$2 "), dateZero.ReplaceAllString(v, "$1$2 "), dateWeekday.ReplaceAllString(v, ""))
		out = append(out, strings.Replace(v, "+0000", "GMT", 1), strings.Replace(v, "GMT", "+0000", 1), strings.Replace(v, "-0000", "+0000", 1), strings.Replace(v, "+0000", "-0000", 1))
	}
	out = append(out, otherZones(bare)...)
	for _, z := range []string{" (JST)", " (UTC)", " (GMT)", " (PST)", " (PDT)", " (EST)", " (EDT)", " (CET)", " (CEST)"} {
		out = append(out, bare+z)
	}
	return out
}

// zones are the offsets from UTC, in minutes, where most mail is written.
var zones = []int{0, 540, 60, 120, -300, -240, -480, -420, -360, 480, 330, 180, 600, 660, 420, 570, 630, 720, 780, -180, -600, -540, 240, 300, 345, 360}

// otherZones writes the moment of a date as it reads in other zones.
func otherZones(s string) (out []string) {
	at, err := mail.ParseDate(s)
	if err != nil {
		return nil
	}
	for _, z := range zones {
		t := at.In(time.FixedZone("", z*60))
		for _, layout := range []string{"Mon, 02 Jan 2006 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05 -0700"} {
			out = append(out, t.Format(layout))
		}
	}
	return out
}
