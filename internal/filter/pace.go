package filter

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/milter"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/said"
)

// Pacer says whether outgoing mail may go now. It answers soon, whatever happens.
type Pacer interface {
	// Take asks for a message from a source address with so many recipients at each provider ("*": any other).
	Take(ctx context.Context, source string, rcpts map[string]int, goesFirst bool) Pace
	// Return says that a message that might go, by an answer of that time, does not go after all.
	Return(source string, rcpts map[string]int, goesFirst bool, at time.Time)
}

// Pace is a pacer's answer.
type Pace struct {
	Allowed bool
	// Provider and Why ("day", "hour", "silent", "kept", "many", "" where nobody could be asked) say what it waits for, Until till when.
	Provider, Why string
	Until         time.Time
	At            time.Time // when it was let through
	// Unasked says why the plan could not be asked: Allowed is what the rule for that says.
	Unasked error
}

// Receivers tell which provider takes the mail of a domain, "*" for one that is not known.
type Receivers interface {
	// Want has a domain looked up, so that it is known soon; it does not wait. Find waits for that until ctx ends.
	Want(domain string)
	Find(ctx context.Context, domain string) string
}

// receiverWait is how long a message waits, in all, until the providers of its recipients are known: their exchangers are looked up since
// RCPT TO. Those that are not known by then count as any other.
const receiverWait = 200 * time.Millisecond

// Pacing of outgoing mail.
type Pacing struct {
	Pacer Pacer // nil: mail is only counted
	// Receivers know providers by the exchangers of domains, nil: by the names of domains alone.
	Receivers Receivers
	// Sources say from which address mail goes: the first that fits.
	Sources []Source
	// First are patterns for the reverse path or From of mail that goes first; Header ("Name: value") is a field that says so. The
	// value counts without regard to case; "" for any.
	First  []string
	Header [2]string
}

// Source is an address that mail goes out from.
type Source struct {
	// Pattern is for the reverse path, "" for all; see Matches.
	Pattern string
	// Addr is the address; the zero one is that at which the mail server was spoken to ({daemon_addr}, {if_addr}).
	Addr netip.Addr
}

// ParseSource reads "ADDRESS", "daemon", "PATTERN=ADDRESS" or "PATTERN=daemon".
func ParseSource(text string) (s Source, err error) {
	addr := text
	if pattern, rest, ok := strings.Cut(text, "="); ok {
		if s.Pattern, err = parsePattern(pattern); err != nil {
			return s, err
		}
		addr = rest
	}
	if addr == "daemon" {
		return s, nil
	}
	if s.Addr, err = netip.ParseAddr(addr); err != nil || s.Addr.Zone() != "" {
		return s, said.Error("%q is neither an IP address nor PATTERN=ADDRESS nor daemon", "%q は使えません。IP アドレス、PATTERN=ADDRESS、daemon のいずれかで指定してください", text)
	}
	s.Addr = s.Addr.Unmap()
	return s, nil
}

// sourceMacros are where mail servers say at which address they were spoken to.
var sourceMacros = []string{"daemon_addr", "if_addr"}

// source is the address that a message goes out from, "" where it is not known.
func (p *Pacing) source(e *Event, conn *milter.Conn) string {
	for _, s := range p.Sources {
		if s.Pattern != "" && !Matches(s.Pattern, e.MailFrom) {
			continue
		}
		if s.Addr.IsValid() {
			return s.Addr.String()
		}
		for _, name := range sourceMacros {
			if a, err := netip.ParseAddr(strings.TrimPrefix(conn.Macro(name), "IPv6:")); err == nil {
				return a.Unmap().WithZone("").String()
			}
		}
		return ""
	}
	return ""
}

// domainOf is the domain of an address, in A-labels: as it is asked for in the DNS.
func domainOf(address string) string {
	domain := address[strings.LastIndexByte(address, '@')+1:]
	if a, err := asciiDomain(domain); err == nil && isIDN(domain) {
		return a
	}
	return dns.CanonicalName(domain)
}

// want has the provider of a recipient looked up.
func (t *transaction) want(to string) {
	if p := t.settings.Pacing; p != nil && p.Receivers != nil && t.event.Outgoing {
		p.Receivers.Want(domainOf(to))
	}
}

// receivers counts the recipients of a message by provider, as far as they are known when ctx ends.
func (p *Pacing) receivers(ctx context.Context, e *Event) map[string]int {
	if p.Receivers == nil {
		return e.count(provider.ReceiverOf)
	}
	known := map[string]string{}
	return e.count(func(domain string) string {
		id, ok := known[domain]
		if !ok {
			id = p.Receivers.Find(ctx, domain)
			known[domain] = id
		}
		return id
	})
}

// Receivers count the recipients of a message by provider, "*" for those whose provider is not known. For one message they are always
// the same.
func (e *Event) Receivers() map[string]int {
	if e.receivers == nil {
		e.receivers = e.count(provider.ReceiverOf)
	}
	return e.receivers
}

func (e *Event) count(providerOf func(domain string) string) map[string]int {
	out := make(map[string]int, 2)
	for _, to := range e.Rcpts {
		out[cmp.Or(providerOf(domainOf(to)), "*")]++
	}
	for domain, n := range e.unnamed {
		id := ""
		if domain != "" {
			id = providerOf(domain)
		}
		out[cmp.Or(id, "*")] += n
	}
	return out
}

// beyond counts a recipient that is not named any more, and reports whether its domain is a new one of those.
func (e *Event) beyond(to string) bool {
	if e.unnamed == nil {
		e.unnamed = map[string]int{}
	}
	domain := domainOf(to)
	if _, there := e.unnamed[domain]; !there && len(e.unnamed) >= maxRcptsKept {
		domain = ""
	}
	e.unnamed[domain]++
	return domain != "" && e.unnamed[domain] == 1
}

// goesFirst reports mail that somebody waits for, as the operator says, and bounces.
func (p *Pacing) goesFirst(t *transaction) bool {
	if t.event.MailFrom == "" {
		return true
	}
	if slices.ContainsFunc(p.First, func(pattern string) bool {
		return Matches(pattern, t.event.MailFrom) || t.event.Author != "" && Matches(pattern, t.from())
	}) {
		return true
	}
	if p.Header[0] == "" {
		return false
	}
	for _, f := range t.parsed.All(p.Header[0]) {
		if p.Header[1] == "" || strings.EqualFold(strings.TrimSpace(f.Unfolded()), p.Header[1]) {
			return true
		}
	}
	return false
}

// from is the address of the one author.
func (t *transaction) from() string {
	if a := &t.author; a.err == nil && len(a.boxes) > 0 {
		return a.boxes[0].Local + "@" + a.boxes[0].Domain
	}
	return ""
}

// paced finishes a message if it may go now.
func (t *transaction) paced(ctx context.Context, finish func() milter.Reply) milter.Reply {
	p, e := t.settings.Pacing, &t.event
	if p == nil || !e.Outgoing {
		return finish()
	}
	ctx, cancelAll := context.WithTimeout(ctx, t.settings.Timeout)
	defer cancelAll()
	wait := receiverWait
	if e.Source = p.source(e, t.conn); e.Source == "" || p.Pacer == nil {
		wait = 0 // it is only counted
	}
	known, cancel := context.WithTimeout(ctx, wait)
	e.receivers = p.receivers(known, e)
	cancel()
	if wait == 0 {
		return finish()
	}
	rcpts, first := e.receivers, p.goesFirst(t)
	pace := p.Pacer.Take(ctx, e.Source, rcpts, first)
	if pace.Unasked != nil {
		e.problem("warmup.not-asked", "whether the warm-up plan has room is not known: "+pace.Unasked.Error())
	}
	if !pace.Allowed {
		e.Action, e.Reason = Defer, pace.text(e.Source, t.settings.Now())
		e.Paced = true
		return milter.Say(451, "4.7.0", e.Reason)
	}
	r := finish()
	if e.Action >= Defer {
		p.Pacer.Return(e.Source, rcpts, first, pace.At)
	}
	return r
}

// text says what a message waits for.
func (p *Pace) text(source string, now time.Time) string {
	who := "all other receivers"
	if p.Provider != "*" {
		who = readable(provider.ReceiverName(p.Provider).EN)
	}
	begin := "Paced by the warm-up of " + source + ": "
	end := "; room is expected at " + p.Until.UTC().Format("2006-01-02 15:04") + " UTC, try again then"
	switch p.Why {
	case "day":
		return begin + "today's share for " + who + " is used up" + end
	case "hour":
		return begin + "this hour's share for " + who + " is used up" + end
	case "kept":
		return begin + "what is left of the share for " + who + " is kept for mail that goes first" + end
	case "silent":
		return begin + who + " asked for silence" + end
	case "many":
		return begin + "the message has more recipients at " + who + " than the whole share; send it to fewer at a time"
	}
	return begin + "the plan cannot be read now; try again in " + p.Until.Sub(now).Round(time.Second).String()
}
