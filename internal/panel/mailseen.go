package panel

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/internal/store"
)

// The bounds of the mail that a policy is judged by.
const (
	// SeenDays is how far back it is looked at, seenMost how many messages of it, the newest first.
	SeenDays, seenMost = 30, 2000
	// maxSources is how many sources are named.
	maxSources = 20
	// EnoughMail and enoughDays are below which too little was seen to go by.
	EnoughMail, enoughDays = 50, 7
)

// MailSeen is the mail in the name of a domain that the mail flow of this server saw: what left through it, and what came in from elsewhere.
type MailSeen struct {
	// Since and Until are when the first and the last of it were seen; zero for none. More: there was more in this time than was looked at.
	Since, Until time.Time
	More         bool
	// Messages is how many there were; Failing is how many of them DMARC would let a policy act on: what left unsigned, and what came in and failed.
	Messages, Failing int
	// Sources sent it, those with the most failing mail first; Others counts the messages of those that are not named.
	Sources []MailSource
	Others  int
}

// MailSource is one sender of it.
type MailSource struct {
	// Here: it left through this server. Name is the login that it was sent with then, else the client's address; "" for programs of the server.
	Here bool
	Name string
	// Messages is how many, Failing how many of them fail; Forwarded how many of those came in over a forwarder that is known.
	Messages, Failing, Forwarded int
	Last                         time.Time
}

// mailSeen looks at what was kept of the mail flow: for customers since the domain is on the panel, for before that it may have been another's.
func (p *Panel) mailSeen(ctx context.Context, w Who, d *store.Domain) (*MailSeen, error) {
	domain, since := d.Name, p.Now().AddDate(0, 0, -SeenDays)
	if !w.Admin && d.Created.After(since) {
		since = d.Created
	}
	leave, err := p.enter(ctx, w, "judging for", p.judging) // two thousand of them take a processor for a while
	if err != nil {
		return nil, err
	}
	defer leave()
	events, err := p.Store.MailEventsSince(ctx, domain, since, seenMost+1)
	if err != nil {
		return nil, err
	}
	out := &MailSeen{}
	if len(events) > seenMost {
		events, out.More = events[:seenMost], true
	}
	by := map[MailSource]*MailSource{}
	for i := range events {
		e := &events[i]
		if e.Author != domain {
			continue
		}
		failing, counts := fails(e)
		if !counts {
			continue
		}
		key := MailSource{Here: e.Outgoing, Name: e.Client}
		if e.Outgoing && e.User != "" {
			key.Name = e.User
		}
		s := by[key]
		if s == nil {
			s = &key
			by[key] = s
		}
		s.add(e, failing)
		out.add(e, failing)
	}
	for _, s := range by {
		out.Sources = append(out.Sources, *s)
	}
	slices.SortFunc(out.Sources, func(a, b MailSource) int {
		if a.Failing != b.Failing {
			return b.Failing - a.Failing
		}
		if a.Messages != b.Messages {
			return b.Messages - a.Messages
		}
		return strings.Compare(a.Name, b.Name)
	})
	for len(out.Sources) > maxSources {
		last := len(out.Sources) - 1
		out.Others += out.Sources[last].Messages
		out.Sources = out.Sources[:last]
	}
	return out, nil
}

func (s *MailSource) add(e *store.MailEvent, failing bool) {
	s.Messages++
	if failing {
		s.Failing++
		if e.Override != "" {
			s.Forwarded++
		}
	}
	if e.At.After(s.Last) {
		s.Last = e.At
	}
}

func (m *MailSeen) add(e *store.MailEvent, failing bool) {
	m.Messages++
	if failing {
		m.Failing++
	}
	if m.Since.IsZero() || e.At.Before(m.Since) {
		m.Since = e.At
	}
	if e.At.After(m.Until) {
		m.Until = e.At
	}
}

// fails reports whether a message fails DMARC, as far as this server knows; counts false where it did not go out, or nothing is known. Of what left
// only the signature counts: whether SPF passes is for receivers to say, and it does not survive forwarding.
func fails(e *store.MailEvent) (failing, counts bool) {
	if e.Outgoing {
		if e.Action == "defer" || e.Action == "reject" || e.Paced {
			return false, false
		}
		return !slices.ContainsFunc(e.Signed, func(s string) bool { return aligned(s, e.Author) }), true
	}
	if e.Auth == nil {
		return false, false
	}
	switch e.Auth.DMARC {
	case "pass":
		return false, true
	case "fail":
		return true, true
	case "none": // there is no record yet: what it would say is what passed and aligns
		return !passesAligned(e.Auth, e.Author), true
	}
	return false, false
}

// passesAligned reports whether SPF or a signature passed for the organisation of a domain.
func passesAligned(a *store.MailAuth, author string) bool {
	return a.SPF == "pass" && sameOrganisation(a.SPFDomain, author) ||
		slices.ContainsFunc(a.DKIM, func(k [3]string) bool { return k[2] == "pass" && sameOrganisation(k[0], author) })
}

// aligned reports whether a signature, "d=example.com s=...", is of the organisation of a domain.
func aligned(signed, author string) bool {
	for f := range strings.FieldsSeq(signed) {
		if d, ok := strings.CutPrefix(f, "d="); ok {
			return sameOrganisation(d, author)
		}
	}
	return false
}

func sameOrganisation(a, b string) bool {
	return a == b || dmarc.RegisteredDomain(a) == dmarc.RegisteredDomain(b) && dmarc.RegisteredDomain(b) != ""
}

// reasons are those against a stricter policy that follow from it.
func (m *MailSeen) reasons() []string {
	var out []string
	if m.Messages < EnoughMail || m.Until.Sub(m.Since) < enoughDays*24*time.Hour {
		out = append(out, ReasonFewSeen)
	}
	here, elsewhere := false, false
	for i := range m.Sources {
		s := &m.Sources[i]
		here = here || s.Here && s.Failing > 0
		elsewhere = elsewhere || !s.Here && s.Failing > 0
	}
	if here {
		out = append(out, ReasonUnsigned)
	}
	if elsewhere {
		out = append(out, ReasonElsewhere)
	}
	return out
}
