package lab

import (
	"strconv"
	"strings"
	"time"
)

// judges has how each receiver is judged.
var judges = map[string]func(*given) opinion{
	Good: (*given).plainDelivery, TLS12: (*given).plainDelivery, STSGood: (*given).plainDelivery, DANEGood: (*given).plainDelivery,
	Plain: (*given).plain, Expired: (*given).unverified, Mismatch: (*given).unverified,
	STSBad: (*given).stsBad, DANEBad: (*given).daneBad,
	Greylist: (*given).greylist, Deferring: (*given).deferring, RejectRCPT: (*given).rejected, RejectData: (*given).rejected,
	Slow: (*given).slow, Bare: (*given).bare, Size: (*given).size, IPv4: (*given).family, IPv6: (*given).family,
	BackupMX: (*given).backup, NullMX: (*given).nullMX,
}

// over is how long nothing must have come from a server that will try again. RFC 5321
// section 4.5.4.1: it waits 30 minutes, and goes on for days.
func (g *given) over() time.Duration { return max(4*time.Hour, 10*g.Patience) }

// stalled is a message that was begun and not delivered: still on its way, or not any more.
func (g *given) stalled(wait, lost string) opinion {
	last := g.all[len(g.all)-1]
	if g.Now.Sub(last.At) > g.over() {
		return opinion{verdict: VerdictBad, reason: lost, advice: "queue"}.with("Reply", last.Reply)
	}
	return waiting(wait).with("Reply", last.Reply)
}

// plainDelivery: the message should come, inside TLS.
func (g *given) plainDelivery() opinion {
	d := g.delivered()
	switch {
	case d == nil && g.onlyFetched():
		return unseen
	case d == nil:
		if t := g.turned(); t != nil {
			return opinion{verdict: VerdictBad, reason: "not-delivered", advice: "log"}.with("Stage", t.Stage)
		}
		return g.stalled("not-yet", "not-delivered")
	case d.Encrypted():
		return opinion{verdict: VerdictGood, reason: "encrypted"}.with("TLS", d.TLS.Version, "Cipher", d.TLS.Cipher)
	}
	return g.inClear(d)
}

// onlyFetched: nothing came, or nothing but a request for the policy.
func (g *given) onlyFetched() bool {
	for _, a := range g.all {
		if a.Outcome != Policy {
			return false
		}
	}
	return true
}

// inClear: it was delivered without TLS where TLS is to be had.
func (g *given) inClear(d *Attempt) opinion {
	if g.tlsFailed(d.At) {
		return opinion{verdict: VerdictWorse, reason: "clear-after-tls", advice: "tls-version"}
	}
	return opinion{verdict: VerdictWorse, reason: "clear", advice: "tls-may"}
}

func (g *given) plain() opinion {
	switch {
	case g.delivered() != nil:
		return opinion{verdict: VerdictGood, reason: "plain-delivered"}
	case g.turned() != nil:
		return opinion{verdict: VerdictWorse, reason: "plain-refused", advice: "tls-may"}
	case len(g.all) == 0:
		return unseen
	}
	return g.stalled("not-yet", "not-delivered")
}

// unverified: the certificate is bad, and nothing says that it matters (RFC 7435).
func (g *given) unverified() opinion {
	d := g.delivered()
	switch {
	case d != nil && d.Encrypted():
		return opinion{verdict: VerdictFine, reason: "unverified"}.with("TLS", d.TLS.Version)
	case d != nil:
		return g.inClear(d)
	case g.turned() != nil:
		return opinion{verdict: VerdictWorse, reason: "strict-refused", advice: "tls-may"}
	case len(g.all) == 0:
		return unseen
	}
	return g.stalled("not-yet", "not-delivered")
}

func (g *given) stsBad() opinion {
	good := g.given(STSGood).delivered()
	switch {
	case g.delivered() != nil:
		return opinion{verdict: VerdictWorse, reason: "sts-ignored", advice: "mta-sts"}
	case good == nil || !good.Encrypted(): // it may refuse everybody
		return waitingFor(g)
	case g.turned() != nil:
		return opinion{verdict: VerdictGood, reason: "sts-refused"}
	case g.Now.Sub(good.At) > g.Patience:
		return opinion{verdict: VerdictGood, reason: "sts-untried"}
	}
	return waitingFor(g)
}

func waitingFor(g *given) opinion {
	if g.onlyFetched() {
		return unseen
	}
	return waiting("needs-good")
}

func (g *given) daneBad() opinion {
	good := g.given(DANEGood).delivered()
	switch {
	case g.delivered() != nil:
		return opinion{verdict: VerdictWorse, reason: "dane-ignored", advice: "dane"}
	case good == nil || !good.Encrypted() || g.turned() == nil:
		return waitingFor(g)
	}
	return opinion{verdict: VerdictGood, reason: "dane-refused"}
}

// gaps are the times between the attempts until it was over.
func (g *given) gaps() (first, least, total time.Duration, tries int) {
	for i, a := range g.attempts {
		tries++
		if i > 0 {
			gap := a.At.Sub(g.attempts[i-1].At)
			if i == 1 {
				first, least = gap, gap
			}
			least = min(least, gap)
		}
		total = a.At.Sub(g.attempts[0].At)
		if a.Outcome == Accepted {
			break
		}
	}
	return first, least, total, tries
}

// late is when mail that was put off for a moment comes later than people bear.
const late = time.Hour

func (g *given) greylist() opinion { return g.retried("greylist") }

func (g *given) deferring() opinion { return g.retried("deferring") }

func (g *given) retried(what string) opinion {
	if len(g.attempts) == 0 {
		return unseen
	}
	first, least, total, tries := g.gaps()
	args := []string{"Tries", strconv.Itoa(tries), "First", seconds(first), "Least", seconds(least), "Total", seconds(total)}
	switch {
	case g.delivered() == nil:
		return g.stalled(what+"-waiting", "not-retried")
	case least < g.Patience/10:
		return opinion{verdict: VerdictWorse, reason: "hasty", advice: "backoff"}.with(args...)
	case what == "greylist" && total > g.Patience+late:
		return opinion{verdict: VerdictWorse, reason: "greylist-late", advice: "backoff"}.with(args...)
	}
	return opinion{verdict: VerdictGood, reason: what + "-passed"}.with(args...)
}

// rejected: a refusal with 5xx is the end.
func (g *given) rejected() opinion {
	refused := 0
	for _, a := range g.attempts {
		if a.Outcome == Refused {
			refused++
		}
	}
	switch {
	case refused > 1:
		return opinion{verdict: VerdictBad, reason: "refusal-retried", advice: "bounce"}.with("Tries", strconv.Itoa(refused))
	case refused == 1:
		return opinion{verdict: VerdictGood, reason: "refusal-heeded"}
	case len(g.all) == 0:
		return unseen
	}
	return g.stalled("not-yet", "not-delivered")
}

func (g *given) slow() opinion {
	left := 0
	for _, a := range g.attempts {
		if a.Outcome == Left && a.Stage == AtData {
			left++
		}
	}
	switch {
	case left > 0:
		return opinion{verdict: VerdictBad, reason: "impatient", advice: "data-timeout"}.with("Tries", strconv.Itoa(left))
	case g.delivered() != nil:
		return opinion{verdict: VerdictGood, reason: "waited"}
	}
	return g.plainDelivery()
}

// bare: nothing is offered, so nothing may be used.
func (g *given) bare() opinion {
	used := map[string]bool{}
	eight := false
	for _, a := range g.attempts {
		for _, p := range a.Parameters {
			name, _, _ := strings.Cut(strings.ToUpper(p), "=")
			used[name] = true
		}
		if a.Pipelined {
			used["PIPELINING"] = true
		}
		eight = eight || a.EightBit
	}
	switch {
	case len(used) > 0:
		var names []string
		for _, n := range []string{"PIPELINING", "SIZE", "BODY", "SMTPUTF8"} {
			if used[n] {
				names = append(names, n)
			}
		}
		return opinion{verdict: VerdictBad, reason: "used-unoffered", advice: "log"}.with("Names", strings.Join(names, ", "))
	case g.delivered() == nil:
		return g.plainDelivery()
	case eight:
		return opinion{verdict: VerdictWorse, reason: "eight-bit", advice: "mime"}
	}
	return opinion{verdict: VerdictGood, reason: "bare-delivered"}
}

// size: nothing is as small as what is taken.
func (g *given) size() opinion {
	sent, refused := 0, 0
	for _, a := range g.attempts {
		switch {
		case a.Stage == AtData:
			sent++
		case a.Outcome == Refused:
			refused++
		}
	}
	switch {
	case sent+refused > 1:
		return opinion{verdict: VerdictBad, reason: "refusal-retried", advice: "bounce"}.with("Tries", strconv.Itoa(sent+refused))
	case sent > 0:
		return opinion{verdict: VerdictWorse, reason: "size-ignored"}
	case refused > 0, g.turned() != nil:
		return opinion{verdict: VerdictGood, reason: "size-heeded"}
	}
	return unseen
}

func (g *given) family() opinion {
	reason := g.name
	switch {
	case g.delivered() != nil:
		return opinion{verdict: VerdictGood, reason: reason + "-delivered"}
	case len(g.all) > 0:
		return g.stalled("not-yet", "not-delivered")
	case g.settled():
		return opinion{verdict: VerdictWorse, reason: reason + "-missing", advice: "protocols"}
	}
	return unseen
}

// backup: the first MX is tried, and when it is out of order the second one.
func (g *given) backup() opinion {
	reset := time.Time{}
	for _, a := range g.nameless {
		if a.Outcome == Reset && reset.IsZero() {
			reset = a.At
		}
	}
	d := g.delivered()
	switch {
	case d != nil && !reset.IsZero() && !reset.After(d.At):
		return opinion{verdict: VerdictGood, reason: "backup-used"}
	case d != nil:
		return opinion{verdict: VerdictWorse, reason: "backup-first", advice: "mx-order"}
	case len(g.all) == 0:
		return unseen
	case reset.IsZero() || g.Now.Sub(reset) <= g.over():
		return waiting("backup-waiting")
	}
	return opinion{verdict: VerdictBad, reason: "backup-unused", advice: "mx-order"}
}

func (g *given) nullMX() opinion {
	switch {
	case len(g.attempts) > 0:
		return opinion{verdict: VerdictBad, reason: "null-tried", advice: "null-mx"}
	case g.settled():
		return opinion{verdict: VerdictGood, reason: "null-heeded"}
	}
	return unseen
}
