package warmup

import (
	"strconv"
	"strings"
	"time"
)

// logLine is what a line says of deliveries to the world, before anybody asks why one failed.
type logLine struct {
	at        time.Time // zero: it does not tell
	delivered bool
	queue     string   // the ID of the message, "" where it does not tell
	host      string   // that took or refused it
	to        []string // addresses; none: it names nobody
}

// readLine reads a line of Postfix, Exim, Sendmail or qmail; false where it says of no delivery to the world: what a server refused of
// others, gave to its own mailboxes, filters and queues, or did not even try, says nothing of what a provider thinks.
func readLine(line string, now time.Time, zone *time.Location) (l logLine, ok bool) {
	switch {
	case strings.Contains(line, " status="):
		l, ok = postfixLine(line)
	case strings.Contains(line, " stat="):
		l, ok = sendmailLine(line)
	case strings.Contains(line, " H="):
		l, ok = eximLine(line)
	case strings.Contains(line, "delivery "):
		l, ok = qmailLine(line)
	}
	if ok {
		l.at = lineTime(line, now, zone)
	}
	return l, ok
}

// postfixLine: "... postfix/smtp[9]: QUEUE: to=<a@b>, relay=host[address]:25, ..., status=sent (250 OK)". Of its delivery agents only smtp
// speaks to the world; error says again what was said before; qmgr, cleanup and smtpd speak of other things.
func postfixLine(line string) (l logLine, ok bool) {
	before, rest, found := strings.Cut(line, ": to=<")
	agent, queue, tagged := cutLast(before, "]: ")
	if !found || !tagged || !strings.Contains(agent, "/smtp[") || strings.Contains(rest, "from MTA(smtp:[127.") {
		return l, false // the last is a filter on this host, which hands it back
	}
	to, rest, found := strings.Cut(rest, ">, ")
	status, _, _ := strings.Cut(after(rest, "status="), " ")
	switch {
	case !found, status != "sent" && status != "deferred" && status != "bounced":
		return l, false // the others are of probes
	}
	host, _, _ := strings.Cut(after(rest, "relay="), ",")
	host, _, _ = strings.Cut(host, "[")
	return logLine{delivered: status == "sent", queue: queue, host: host, to: []string{to}}, true
}

// sendmailLine: "... sendmail[9]: QUEUE: to=<a@b>,<c@b>, ..., mailer=esmtp, ..., relay=host. [address], dsn=2.0.0, stat=Sent (OK)".
func sendmailLine(line string) (l logLine, ok bool) {
	before, rest, found := strings.Cut(line, ": to=")
	_, queue, _ := cutLast(before, "]: ")
	list, _, named := strings.Cut(rest, ", ")
	mailer, _, _ := strings.Cut(after(rest, "mailer="), ",")
	relay, _, _ := strings.Cut(after(rest, "relay="), ", ")
	stat := after(rest, "stat=")
	own := strings.Contains(relay, "[127.0.0.1]") || strings.Contains(relay, "[::1]") || strings.Contains(relay, "[IPv6:::1]")
	switch {
	case !found, !named, !strings.Contains(mailer, "smtp") && mailer != "relay", mailer == "relay" && own: // from the queue of submission to the server on this host
		return l, false
	case strings.HasPrefix(stat, "queued"):
		return l, false
	}
	l = logLine{delivered: strings.HasPrefix(stat, "Sent"), queue: queue}
	l.host, _, _ = strings.Cut(relay, " ")
	for _, to := range strings.Split(list, ",") {
		l.to = append(l.to, strings.Trim(to, "<> "))
	}
	return l, true
}

// eximLine: "2026-11-26 12:00:00 ID => a@b R=router T=transport H=host [address] C="250 OK"". Without H= no host was spoken to.
func eximLine(line string) (l logLine, ok bool) {
	best, mark := -1, ""
	for _, m := range []string{" => ", " -> ", " >> ", " == ", " ** "} {
		if i := strings.Index(line, m); i > 0 && (best < 0 || i < best) {
			best, mark = i, m
		}
	}
	if best < 0 {
		return l, false
	}
	rest := line[best+len(mark):]
	l.to = []string{strings.TrimSuffix(word(rest), ":")}
	l.queue = line[strings.LastIndexByte(line[:best], ' ')+1 : best]
	l.host = word(after(rest, " H="))
	l.delivered = mark != " == " && mark != " ** "
	return l, strings.Contains(l.to[0], "@")
}

// qmailLine: "... delivery 1: success: 192.0.2.1_accepted_message./Remote_host_said:_250_OK/". It names no recipient.
func qmailLine(line string) (l logLine, ok bool) {
	rest := after(line, "delivery ")
	for _, verb := range []string{"success", "failure", "deferral"} {
		if said := after(rest, ": "+verb+": "); said != "" {
			return logLine{delivered: verb == "success"}, strings.Contains(said, "_host_") || strings.Contains(said, "Remote_") || strings.Contains(said, "Connected_to_")
		}
	}
	return l, false
}

// after is what stands behind a mark, "" where it is not there.
func after(s, mark string) string {
	_, rest, _ := strings.Cut(s, mark)
	return rest
}

func cutLast(s, mark string) (before, behind string, found bool) {
	i := strings.LastIndex(s, mark)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(mark):], true
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
