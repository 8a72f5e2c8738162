package warmup

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/pattern"
)

// logLine is what a line says of deliveries to the world, before anybody asks why one failed.
type logLine struct {
	at        time.Time // zero: it does not tell
	delivered bool
	queue     string   // the ID of the message, "" where it does not tell
	host      string   // that took or refused it
	to        []string // addresses; none: it names nobody
	text      string   // the line, from the mail server's own words on, without what others could write into it
}

// readLine reads a line of Postfix, Exim, Sendmail or qmail; false where it says of no delivery to the world: what a server refused of
// others, gave to its own mailboxes, filters and queues, or did not even try, says nothing of what a provider thinks. A log also quotes what
// strangers said (addresses, names, subjects), who may write there what looks like a delivery: only what stands where the server itself
// writes counts.
func readLine(line string, now time.Time, zone *time.Location) (l logLine, ok bool) {
	for _, form := range []struct {
		mark string
		read func(string) (logLine, bool)
	}{{" status=", postfixLine}, {" stat=", sendmailLine}, {" H=", eximLine}, {"delivery ", qmailLine}} {
		if !strings.Contains(line, form.mark) {
			continue
		}
		if l, ok = form.read(line); ok {
			l.at = lineTime(line, now, zone)
			return l, true
		}
	}
	return logLine{}, false
}

// headed takes what syslog wrote before a line apart from it: "Nov  6 12:00:00 mx postfix/smtp[9]: ...". No word of a stranger is before the first
// colon that a blank follows.
func headed(line string) (program, rest string, ok bool) {
	before, rest, ok := strings.Cut(line, ": ")
	if again := container.FindString(rest); again != "" && strings.HasSuffix(before, "]") {
		before, rest = before+" "+strings.TrimSuffix(again, ": "), rest[len(again):]
	}
	return before[strings.LastIndexByte(before, ' ')+1:], rest, ok && !strings.ContainsAny(before, `"=(`)
}

// container is what stands before a line a second time where syslog has it of a container ("mx 3f1c2d[812]: Nov  6 12:00:00 mail postfix/smtp[9]: ...").
var container = pattern.New(`^(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*) \S+ \S+\[\d+\]: `)

// tagged takes a line about recipients apart: "Nov  6 12:00:00 mx postfix/smtp[9]: [ID 197553 mail.info] QUEUE: to=<a@b>, ...".
func tagged(line string) (program, queue, rest string, ok bool) {
	program, rest, ok = headed(line)
	if strings.HasPrefix(rest, "[ID ") { // Solaris
		_, rest, _ = strings.Cut(rest, "] ")
	}
	queue, rest, found := strings.Cut(rest, ": to=")
	return program, queue, rest, ok && found && strings.HasSuffix(program, "]") && !strings.ContainsFunc(queue, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

// unquoted gives a text with x in the place of what is between quotes ("a b"@example.com), as far as the first of some marks, outside of quotes: the
// rest is what the other server said. What begins with a quote that has no end is left away: nobody knows where it ends.
func unquoted(s string, marks ...string) string {
	out := []byte(s)
	for i := 0; i < len(s) && !slices.ContainsFunc(marks, func(m string) bool { return strings.HasPrefix(s[i:], m) }); i++ {
		if s[i] != '"' {
			continue
		}
		end := i + 1
		for end < len(s) && s[end] != '"' {
			if s[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(s) { // servers cut what is long
			return s[:i]
		}
		for i++; i < end; i++ {
			out[i] = 'x'
		}
	}
	return string(out)
}

// postfixLine: "... postfix/smtp[9]: QUEUE: to=<a@b>, relay=host[address]:25, ..., status=sent (250 OK)". Of its delivery agents only smtp
// speaks to the world; error says again what was said before; qmgr, cleanup and smtpd speak of other things.
func postfixLine(line string) (l logLine, ok bool) {
	program, queue, rest, found := tagged(line)
	if !found || !strings.Contains(program, "/smtp[") || strings.Contains(rest, "from MTA(smtp:[127.") {
		return l, false // the last is a filter on this host, which hands it back
	}
	text := "to=" + unquoted(rest, " status=")
	to, rest, found := strings.Cut(strings.TrimPrefix(text, "to=<"), ">, ")
	status, _, _ := strings.Cut(after(rest, "status="), " ")
	switch {
	case !found, status != "sent" && status != "deferred" && status != "bounced":
		return l, false // the others are of probes
	}
	host, _, _ := strings.Cut(after(rest, "relay="), ",")
	host, _, _ = strings.Cut(host, "[")
	return logLine{delivered: status == "sent", queue: queue, host: host, to: []string{to}, text: text}, true
}

// sendmailLine: "... sendmail[9]: QUEUE: to=<a@b>,<c@b>, ..., mailer=esmtp, ..., relay=host. [address], dsn=2.0.0, stat=Sent (OK)"; before stat=
// also reply=, which is what the other server said.
func sendmailLine(line string) (l logLine, ok bool) {
	_, queue, rest, found := tagged(line)
	rest = unquoted(rest, ", reply=", " stat=")
	list, fields, named := strings.Cut(rest, ", ")
	fields, stat, _ := strings.Cut(fields, "stat=")
	mailer, _, _ := strings.Cut(after(fields, "mailer="), ",")
	relay, _, _ := strings.Cut(after(fields, "relay="), ", ")
	own := strings.Contains(relay, "[127.0.0.1]") || strings.Contains(relay, "[::1]") || strings.Contains(relay, "[IPv6:::1]")
	switch {
	case !found, !named, !strings.Contains(mailer, "smtp") && mailer != "relay", mailer == "relay" && own: // from the queue of submission to the server on this host
		return l, false
	case strings.HasPrefix(stat, "queued"):
		return l, false
	}
	l = logLine{delivered: strings.HasPrefix(stat, "Sent"), queue: queue, text: "to=" + rest}
	l.host, _, _ = strings.Cut(relay, " ")
	for _, to := range strings.Split(list, ",") {
		l.to = append(l.to, strings.Trim(to, "<> "))
	}
	return l, true
}

// eximDelivery is what stands before the recipient of a delivery, with the ID of the message and the mark: "2026-11-26 12:00:00 +0900 [12]
// 1tFabc-0001Xy-2Z =>"; where syslog has the time, perhaps without its own, and of a line that is too long for syslog the first part: "[1/2] 2026-11-26 ...".
var eximDelivery = pattern.New(`^(?:\[1[/\\]\d+\] )?(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S* )?(?:[+-]\d{4} )?(?:\[\d+\] )?([0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4}) (=>|->|>>|==|\*\*) `)

// eximLine: "2026-11-26 12:00:00 ID => a@b R=router T=transport H=host [address] C="250 OK"". Without H= no host was spoken to.
func eximLine(line string) (l logLine, ok bool) {
	at := eximDelivery.FindStringSubmatchIndex(line)
	if at == nil {
		_, own, headed := headed(line)
		if at = eximDelivery.FindStringSubmatchIndex(own); !headed || at == nil {
			return l, false
		}
		line = own
	}
	rest, mark := unquoted(line[at[1]:], " H="), line[at[4]:at[5]]
	l.queue, l.text = line[at[2]:at[3]], "exim: "+line[at[2]:at[1]]+rest
	l.to = []string{strings.TrimSuffix(word(rest), ":")}
	l.host = word(after(rest, " H="))
	l.delivered = mark != "==" && mark != "**"
	return l, strings.Contains(rest, " H=") && strings.Contains(l.to[0], "@")
}

// qmailLine: "... delivery 1: success: 192.0.2.1_accepted_message./Remote_host_said:_250_OK/". It names no recipient.
func qmailLine(line string) (l logLine, ok bool) {
	before, rest, _ := strings.Cut(line, "delivery ")
	if program, own, found := headed(before); found && strings.Contains(program, "qmail") {
		before = own
	}
	number, rest, _ := strings.Cut(rest, ": ")
	verb, said, found := strings.Cut(rest, ": ")
	if _, err := strconv.ParseUint(number, 10, 64); err != nil || !found || !onlyTimes(before) || verb != "success" && verb != "failure" && verb != "deferral" {
		return l, false
	}
	return logLine{delivered: verb == "success", text: line}, strings.Contains(said, "_host_") || strings.Contains(said, "Remote_") || strings.Contains(said, "Connected_to_")
}

// onlyTimes reports that a text holds times alone: "@4000000069e2d9ca2d1f7a2c", "1795737575.123456", "2026-11-26 12:00:00".
func onlyTimes(s string) bool {
	for w := range strings.FieldsSeq(s) {
		if w[0] != '@' && strings.ContainsFunc(w, func(r rune) bool { return (r < '0' || r > '9') && !strings.ContainsRune("-:.+TZ", r) }) {
			return false
		}
	}
	return true
}

// after is what stands behind a mark, "" where it is not there.
func after(s, mark string) string {
	_, rest, _ := strings.Cut(s, mark)
	return rest
}

func word(s string) string {
	w, _, _ := strings.Cut(s, " ")
	return w
}

// lineTime is when a line was written: RFC 3339, as rsyslog writes by default; Exim's and other ISO times, in a zone if they name one; the
// times of old syslog, which name neither year nor zone; those of tai64n and multilog. A time without a zone is of zone. Zero: it tells none.
func lineTime(line string, now time.Time, zone *time.Location) time.Time {
	first := word(line)
	switch {
	case len(first) >= len("2026-11-26T12:00:00") && first[4] == '-' && first[10] == 'T':
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05-0700", "2006-01-02T15:04:05"} {
			if t, err := time.ParseInLocation(layout, first, zone); err == nil {
				if strings.HasSuffix(layout, "05") {
					t = unfolded(t, now)
				}
				return t
			}
		}
	case len(first) == len("2026-11-26") && first[4] == '-':
		day := first + " " + word(line[min(len(first)+1, len(line)):])
		offset := word(line[min(len(day)+1, len(line)):])
		if t, err := time.Parse("2006-01-02 15:04:05 -0700", day+" "+offset); err == nil {
			return t
		}
		if t, err := time.ParseInLocation("2006-01-02 15:04:05", day, zone); err == nil {
			return unfolded(t, now)
		}
	case len(line) >= len(time.Stamp) && line[3] == ' ':
		if t, err := time.ParseInLocation(time.Stamp, line[:len(time.Stamp)], zone); err == nil {
			return unfolded(inYear(t, now, zone), now)
		}
	case strings.HasPrefix(first, "@4") && len(first) == 25:
		if n, err := strconv.ParseUint(first[1:17], 16, 64); err == nil {
			return time.Unix(int64(n-1<<62)-10, 0) // tai64 is ahead by ten seconds, and by leap seconds
		}
	}
	return time.Time{}
}

// inYear puts a time without a year into the latest year in which it is not of the days to come.
func inYear(t, now time.Time, zone *time.Location) time.Time {
	for year := now.In(zone).Year() + 1; ; year-- {
		if y := time.Date(year, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, zone); y.Month() == t.Month() && !y.After(now.Add(36*time.Hour)) || year < now.Year()-8 {
			return y
		}
	}
}

// unfolded gives the latest time that a clock on the wall shows as it does t, and that is not to come: an hour comes twice where daylight-saving
// time ends.
func unfolded(t, now time.Time) time.Time {
	for _, d := range []time.Duration{-time.Hour, -30 * time.Minute, 30 * time.Minute, time.Hour} { // half an hour on Lord Howe Island
		u := t.Add(d)
		if u.Format(time.DateTime) != t.Format(time.DateTime) {
			continue
		}
		first, second := t, u
		if d < 0 {
			first, second = u, t
		}
		if second.After(now.Add(time.Minute)) {
			return first
		}
		return second
	}
	return t
}
