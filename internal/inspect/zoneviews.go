package inspect

import (
	"slices"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/survey"
)

// views compares what the authoritative servers say, with each other and with the resolver.
func (j *judgement) views() {
	var alive []survey.View
	var silent, lame []string
	for _, v := range j.Zone.Views {
		switch v.SOA.Status {
		case dns.Success:
			alive = append(alive, v)
		case dns.Timeout, dns.NetError, dns.Unknown, dns.NotRecorded:
			silent = append(silent, viewText(v, v.SOA))
		default:
			lame = append(lame, viewText(v, v.SOA))
		}
	}
	a := args{"zone": j.Zone.Apex, "from": j.Name}
	if len(silent) > 0 {
		j.add("dns.server-silent", j.Zone.Apex, a, silent...)
	}
	if len(alive) == 0 {
		return // who refuses us may answer others
	}
	if len(lame) > 0 {
		j.add("dns.server-lame", j.Zone.Apex, a, lame...)
	}
	if j.disagree(alive) {
		return
	}
	j.serials(alive)
	j.stale(alive[0])
}

func viewText(v survey.View, a dns.Answer) string {
	return shown(v.Name) + " (" + v.Addr.String() + ") " + answerText(a)
}

// content is what an answer says, in one order.
func content(a dns.Answer) string {
	var texts []string
	for _, r := range a.Records {
		texts = append(texts, r.ChangeText())
	}
	slices.Sort(texts)
	return strings.Join(texts, "\x00")
}

// disagree reports servers of one zone that say different things, so that mail is judged
// by chance.
func (j *judgement) disagree(views []survey.View) bool {
	found := false
	for i, first := range views[0].Answers()[1:] {
		differs := false
		evidence := []string{viewText(views[0], first)}
		for _, v := range views[1:] {
			a := v.Answers()[i+1]
			evidence = append(evidence, viewText(v, a))
			differs = differs || !a.Status.Failed() && !first.Status.Failed() && content(a) != content(first)
		}
		if differs {
			found = true
			name := first.Question.Name
			j.add("dns.servers-disagree", name, args{"zone": j.Zone.Apex, "name": name, "type": first.Question.Type.String()}, evidence...)
		}
	}
	return found
}

// serials notes different serial numbers where nothing else differs.
func (j *judgement) serials(views []survey.View) {
	var texts []string
	for _, v := range views {
		if f := strings.Fields(v.SOA.Records[0].Data); len(f) == 7 {
			texts = append(texts, f[2])
		}
	}
	if distinct := slices.Compact(slices.Sorted(slices.Values(texts))); len(distinct) > 1 {
		j.add("dns.serials-differ", j.Zone.Apex, args{"zone": j.Zone.Apex, "serials": strings.Join(distinct, ", ")})
	}
}

// stale notes where the resolver still gives an older answer than the servers.
func (j *judgement) stale(v survey.View) {
	dmarcTXT := dns.Answer{Status: dns.Timeout}
	for _, a := range j.Answers {
		if !a.Question.Server.IsValid() && a.Question.Type == dns.TypeTXT && dns.CanonicalName(a.Question.Name) == "_dmarc."+j.Name {
			dmarcTXT = a
		}
	}
	for i, seen := range []dns.Answer{j.Profile.MX, j.Profile.TXT, dmarcTXT} {
		now := v.Answers()[i+1]
		if seen.Status.Failed() || now.Status.Failed() || content(seen) == content(now) {
			continue
		}
		name := seen.Question.Name
		j.add("dns.resolver-stale", name, args{"name": name, "type": seen.Question.Type.String(), "time": j.clock(seen.TTL)},
			answerText(seen), viewText(v, now))
	}
}
