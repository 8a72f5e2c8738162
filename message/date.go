package message

import (
	"strings"
	"time"
)

// ParseDate parses a date-time of RFC 5322 section 3.3, the obsolete forms of
// section 4.3 included: comments between the parts, years of two and three digits,
// no seconds, zones by name. A weekday that does not fit the date is accepted here
// (Parse notes it as the defect wrong-weekday), as are a missing zone, read as UTC,
// and text behind the zone that is no comment. A zone of letters that RFC 5322
// gives no offset is UTC, as it says. The error is a [*SyntaxError].
func ParseDate(s string) (time.Time, error) {
	t, _, err := parseDate([]byte(s))
	return t, err
}

// parseDate also tells whether a weekday is given that is not that of the date.
func parseDate(s []byte) (t time.Time, wrongWeekday bool, err error) {
	p := dateParser{lexer{s: s}}
	weekday, day, err := p.day()
	if err != nil {
		return t, false, err
	}
	month, err := p.month()
	if err != nil {
		return t, false, err
	}
	year, err := p.year()
	if err != nil {
		return t, false, err
	}
	clock, err := p.clock()
	if err != nil {
		return t, false, err
	}
	zone, err := p.zone()
	if err != nil {
		return t, false, err
	}
	date := time.Date(year, month, day, 0, 0, 0, 0, zone)
	if date.Day() != day {
		return t, false, p.fail("no such day in the month")
	}
	// A leap second is the next second: time.Time has no 60.
	return date.Add(clock), weekday >= 0 && weekday != int(date.Weekday()), nil
}

type dateParser struct{ lexer }

// token reads letters or digits, skipping comments and white space before.
func (p *dateParser) token(letters bool) ([]byte, error) {
	if _, err := p.cfws(); err != nil {
		return nil, err
	}
	start := p.i
	for !p.end() {
		c := lower(p.s[p.i])
		if letters != (c >= 'a' && c <= 'z') || !letters && (c < '0' || c > '9') {
			break
		}
		p.i++
	}
	return p.s[start:p.i], nil
}

// number reads between least and most digits.
func (p *dateParser) number(what string, least, most int) (value, digits int, err error) {
	s, err := p.token(false)
	if err != nil {
		return 0, 0, err
	}
	if len(s) < least || len(s) > most {
		return 0, 0, p.fail("no " + what)
	}
	for _, c := range s {
		value = value*10 + int(c-'0')
	}
	return value, len(s), nil
}

func (p *dateParser) expect(c byte) (bool, error) {
	if _, err := p.cfws(); err != nil {
		return false, err
	}
	if p.peek() != c || p.end() {
		return false, nil
	}
	p.i++
	return true, nil
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// day reads "Mon, 5"; weekday is -1 where there is none.
func (p *dateParser) day() (weekday, day int, err error) {
	weekday = -1
	name, err := p.token(true)
	if err != nil {
		return 0, 0, err
	}
	if len(name) > 0 {
		if weekday = index3(weekdays, name); weekday < 0 {
			return 0, 0, p.fail("no weekday")
		}
		if _, err := p.expect(','); err != nil {
			return 0, 0, err
		}
	}
	day, _, err = p.number("day", 1, 2)
	if err == nil && (day < 1 || day > 31) {
		err = p.fail("no such day")
	}
	return weekday, day, err
}

var months = []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}

func (p *dateParser) month() (time.Month, error) {
	name, err := p.token(true)
	if err != nil {
		return 0, err
	}
	i := index3(months, name)
	if i < 0 {
		return 0, p.fail("no month")
	}
	return time.Month(i + 1), nil
}

// year reads a year; section 4.3 says what two and three digits mean.
func (p *dateParser) year() (int, error) {
	year, digits, err := p.number("year", 2, 4)
	if err != nil {
		return 0, err
	}
	switch {
	case digits == 2 && year < 50:
		year += 2000
	case digits < 4:
		year += 1900
	}
	if year < 1900 {
		return 0, p.fail("a year before 1900")
	}
	return year, nil
}

// clock reads "hour:minute[:second]".
func (p *dateParser) clock() (time.Duration, error) {
	hour, _, err := p.number("hour", 1, 2)
	if err != nil {
		return 0, err
	}
	if ok, err := p.expect(':'); err != nil || !ok {
		return 0, p.orFail(err, "no time of day")
	}
	minute, _, err := p.number("minute", 2, 2)
	if err != nil {
		return 0, err
	}
	second := 0
	if ok, err := p.expect(':'); err != nil {
		return 0, err
	} else if ok {
		if second, _, err = p.number("second", 2, 2); err != nil {
			return 0, err
		}
	}
	if hour > 23 || minute > 59 || second > 60 {
		return 0, p.fail("no such time of day")
	}
	return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second, nil
}

func (p *dateParser) orFail(err error, reason string) error {
	if err != nil {
		return err
	}
	return p.fail(reason)
}

// zones are the names that section 4.3 gives an offset, in hours.
var zones = map[string]int{
	"ut": 0, "gmt": 0, "utc": 0, "z": 0,
	"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
}

func (p *dateParser) zone() (*time.Location, error) {
	name, err := p.token(true)
	if err != nil {
		return nil, err
	}
	if len(name) > 0 || p.end() {
		if h := zones[strings.ToLower(string(name))]; h != 0 {
			return time.FixedZone(strings.ToUpper(string(name)), h*3600), nil
		}
		return time.UTC, nil
	}
	sign := 1
	switch p.peek() {
	case '-':
		sign = -1
	case '+':
	default:
		return nil, p.fail("no zone")
	}
	p.i++
	if p.end() || p.s[p.i] < '0' || p.s[p.i] > '9' {
		return nil, p.fail("no zone")
	}
	hhmm, _, err := p.number("zone", 4, 4)
	if err != nil {
		return nil, err
	}
	if hhmm%100 > 59 {
		return nil, p.fail("no such zone")
	}
	if hhmm == 0 {
		return time.UTC, nil
	}
	return time.FixedZone("", sign*(hhmm/100*3600+hhmm%100*60)), nil
}

// index3 finds a name by its first three letters ("Sept" and "Tues" are met).
func index3(names []string, s []byte) int {
	if len(s) < 3 {
		return -1
	}
	for i, n := range names {
		if equalFold(s[:3], n) {
			return i
		}
	}
	return -1
}
