package iprev

import (
	"context"
	"fmt"
	"slices"

	"github.com/todoku/todoku/dns"
)

// takeNames keeps the first names of the PTR records, each once.
func (v *Verdict) takeNames(records []dns.Record) {
	for _, rec := range records {
		name := dns.CanonicalName(rec.Data)
		if slices.Contains(v.Names, name) {
			continue
		}
		if len(v.Names) == MaxNames {
			v.Ignored++
			continue
		}
		v.Names = append(v.Names, name)
		if !hostName(name) {
			v.BadNames = append(v.BadNames, name)
		}
	}
}

// forward asks for the addresses of all names at once; names has at most MaxNames.
func forward(ctx context.Context, r dns.Resolver, names []string, t dns.Type) []dns.Answer {
	answers := make([]dns.Answer, len(names))
	g := dns.NewGroup(r)
	for i, name := range names {
		g.Try(func(r dns.Resolver) { answers[i] = lookAt(ctx, r, dns.Question{Name: name, Type: t}) })
	}
	g.Wait()
	return answers
}

// lookAt asks what can be asked. A PTR to the root says that there is no name; that
// look-up could only burden the root servers.
func lookAt(ctx context.Context, r dns.Resolver, q dns.Question) dns.Answer {
	if q.Name == "" || !dns.ValidName(q.Name) {
		return dns.Answer{Question: q, Status: dns.BadName}
	}
	return r.Resolve(ctx, q)
}

// confirm decides. One name that leads back outweighs failures of others.
func (v Verdict) confirm(answers []dns.Answer) Verdict {
	var failed *dns.Answer
	for i, a := range answers {
		if a.Status.Failed() && failed == nil {
			failed = &answers[i]
		}
		if slices.ContainsFunc(a.Records, func(rec dns.Record) bool { return rec.Addr.IsValid() && rec.Addr.Unmap() == v.IP }) {
			v.Confirmed = append(v.Confirmed, v.Names[i])
		}
	}
	switch {
	case len(v.Confirmed) > 0:
		v.Result, v.Reason = Pass, "the PTR name leads back to the address"
	case failed != nil:
		return v.temporary(*failed)
	case len(v.BadNames) > 0:
		v.Result, v.Problem, v.Reason = Fail, BadName, "no PTR name leads back to the address, and one is not a valid host name"
	default:
		v.Result, v.Problem, v.Reason = Fail, NotConfirmed, "no PTR name leads back to the address"
	}
	if v.Ignored > 0 {
		v.Reason += fmt.Sprintf("; %d more PTR names were not looked at", v.Ignored)
	}
	return v
}

func (v Verdict) temporary(a dns.Answer) Verdict {
	v.Result, v.Problem = TempError, DNSServFail
	if a.Status == dns.Timeout {
		v.Problem = DNSTimeout
	}
	v.Reason = fmt.Sprintf("the %s look-up of %q failed: %s", a.Question.Type, a.Question.Name, a.Status)
	return v
}

// hostName reports whether name is letters, digits and inner hyphens in at least
// one label (RFC 1123 section 2.1).
func hostName(name string) bool {
	if name == "" || len(name) > dns.MaxName {
		return false
	}
	start := 0
	for i := 0; i <= len(name); i++ {
		if i < len(name) && name[i] != '.' {
			if !letterDigitHyphen(name[i]) {
				return false
			}
			continue
		}
		if i == start || i-start > dns.MaxLabel || name[start] == '-' || name[i-1] == '-' {
			return false
		}
		start = i + 1
	}
	return true
}

func letterDigitHyphen(c byte) bool {
	return c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
