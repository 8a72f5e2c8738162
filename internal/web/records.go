package web

import (
	"slices"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/survey"
)

// recordList collects records that the editor shows, out of recorded answers.
type recordList struct {
	answers []dns.Answer
	seen    map[setKey]bool
	out     []dns.Record
}

func newRecordList(answers []dns.Answer) *recordList {
	return &recordList{answers: answers, seen: map[setKey]bool{}}
}

// add takes the records of a name as they were answered; of an alias the alias alone.
func (l *recordList) add(name string, types ...dns.Type) {
	for _, t := range types {
		k := setKey{dns.CanonicalName(name), t}
		a, ok := answerOf(l.answers, name, t)
		if !ok || l.seen[k] {
			continue
		}
		l.seen[k] = true
		if len(a.Chain) > 0 {
			if k.typ = dns.TypeCNAME; !l.seen[k] {
				l.seen[k] = true
				l.out = append(l.out, a.Chain[0])
			}
			return
		}
		records, _ := some(a.Records, drawnRecords)
		for _, rec := range records {
			rec.Name = name
			l.out = append(l.out, rec)
		}
	}
}

// records are those collected that a form can carry, and should show; the others stay as they are.
func (l *recordList) records() []dns.Record {
	return slices.DeleteFunc(l.out, func(r dns.Record) bool {
		return catalogue.HidePrivate(r.Data) != r.Data || len(r.Data) > 8<<10 || visible(r.Data) != r.Data
	})
}

// editable are the records of a domain that decide over its mail, as they stand.
func editable(d *survey.Domain) []dns.Record {
	if d.Name == "" {
		return nil
	}
	l := newRecordList(d.Answers)
	l.add(d.Name, dns.TypeMX, dns.TypeTXT)
	l.add("_dmarc."+d.Name, dns.TypeTXT)
	for i := range d.DKIM.Keys {
		l.add(d.DKIM.Keys[i].Name(d.Name), dns.TypeTXT)
	}
	for _, label := range []string{"_mta-sts", "_smtp._tls", "default._bimi"} {
		l.add(label+"."+d.Name, dns.TypeTXT)
	}
	for i := range d.Hosts.List {
		l.add(dns.ReverseName(d.Hosts.List[i].IP), dns.TypePTR)
	}
	return l.records()
}

// editableOf are the records that decided over a message, as they stood when it came.
func editableOf(rep *render.Report) []dns.Record {
	l := newRecordList(rep.Bundle.DNS)
	auth := &rep.Auth
	if from := auth.DMARC.FromDomain; from != "" {
		l.add(from, dns.TypeTXT)
		l.add("_dmarc."+from, dns.TypeTXT)
	}
	if len(auth.DMARC.Discovery) > 0 {
		walk, _ := some(auth.DMARC.Discovery[0].Queries, drawnQueries)
		for _, q := range walk {
			l.add(q.Name, dns.TypeTXT)
		}
	}
	if auth.SPFChecked {
		l.add(auth.SPF.Domain, dns.TypeTXT)
	}
	signatures, _ := some(auth.DKIM, drawnSignatures)
	for _, d := range signatures {
		if d.Signature != nil {
			l.add(d.Signature.Selector+"._domainkey."+d.Signature.Domain, dns.TypeTXT)
		}
	}
	if ip := rep.Bundle.Session.RemoteIP.Unmap(); ip.IsValid() {
		l.add(dns.ReverseName(ip), dns.TypePTR)
	}
	l.add(rep.Bundle.Session.HELO, dns.TypeA, dns.TypeAAAA)
	return l.records()
}

func answerOf(all []dns.Answer, name string, t dns.Type) (dns.Answer, bool) {
	name = dns.CanonicalName(name)
	for _, a := range all {
		if !a.Question.Server.IsValid() && a.Question.Type == t && dns.CanonicalName(a.Question.Name) == name {
			return a, true
		}
	}
	return dns.Answer{}, false
}

// linesOf writes records one a line, as people do: name, type, data.
func linesOf(records []dns.Record) string {
	var b strings.Builder
	for _, r := range records {
		b.WriteString(strings.TrimSuffix(r.Name, ".") + " " + r.Type.String() + " " + r.ChangeText() + "\n")
	}
	return b.String()
}

// setKey names a record set.
type setKey struct {
	name string
	typ  dns.Type
}

func keyOf(r dns.Record) setKey { return setKey{dns.CanonicalName(r.Name), r.Type} }

// edits are the changes that make an edited text of the records that stand there. A set
// whose lines are gone is taken away.
func edits(lang string, base []dns.Record, text string) (changes []dns.Change, problems []string) {
	sets := make(map[setKey][]string)
	var order []setKey
	lines := strings.Split(text, "\n")
	if len(lines) > maxWhatIfLines {
		return nil, []string{i18n.T(lang, "whatif.too-many", "Count", maxWhatIfLines)}
	}
	for i, line := range lines {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		rec, err := parseRecord(line)
		if err != nil {
			problems = append(problems, i18n.T(lang, "whatif.bad-line", "Line", i+1, "Text", clip(visible(line), 80)))
			continue
		}
		k := keyOf(rec)
		if sets[k] == nil {
			order = append(order, k)
		}
		sets[k] = append(sets[k], rec.ChangeText())
	}
	stood := make(map[setKey][]string)
	for _, rec := range base {
		k := keyOf(rec)
		if stood[k] == nil && sets[k] == nil {
			order = append(order, k)
		}
		stood[k] = append(stood[k], rec.ChangeText())
	}
	for _, k := range order {
		now, then := stood[k], sets[k]
		if sameTexts(now, then) {
			continue
		}
		c := dns.Change{Action: dns.Replace, Name: k.name, Type: k.typ, TTL: 3600, Data: then, Was: now}
		switch {
		case len(then) == 0:
			c.Action = dns.Remove
		case len(now) == 0:
			// Where there was none, or none that the editor shows, it joins what is there; an alias goes.
			c.Action = dns.Add
			if aliased(base, k.name) || k.typ == dns.TypeCNAME {
				c.Action = dns.Replace
			}
		}
		if err := c.Validate(); err != nil {
			problems = append(problems, i18n.T(lang, "whatif.bad-line", "Line", 0, "Text", clip(visible(k.name), 80)))
			continue
		}
		changes = append(changes, c)
	}
	return changes, problems
}

func aliased(base []dns.Record, name string) bool {
	return slices.ContainsFunc(base, func(r dns.Record) bool { return r.Type == dns.TypeCNAME && dns.CanonicalName(r.Name) == name })
}

func sameTexts(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

// parseRecord reads a line in master-file form, or with its type put first.
func parseRecord(line string) (dns.Record, error) {
	rec, err := dns.ParseRR(line)
	if err == nil {
		return rec, nil
	}
	parts := strings.SplitN(line, " ", 3)
	if len(parts) < 3 {
		return rec, err
	}
	if _, notType := dns.ParseType(parts[0]); notType != nil {
		return rec, err
	}
	return dns.ParseRR(parts[1] + " " + parts[0] + " " + parts[2])
}
