package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	miekg "github.com/miekg/dns"

	"github.com/todoku/todoku/dns"
)

// Update publishes by dynamic update (RFC 2136), signed by TSIG (RFC 8945).
type Update struct {
	// Server is the primary server of the zone, host:port.
	Server string
	// Zone is the name of the zone.
	Zone string
	// Key signs; nil only where the server trusts the address.
	Key *TSIG
	// Timeout bounds one exchange; 0 is 10 s.
	Timeout time.Duration
}

// tries is how often an update is tried that came between those of others.
const tries = 4

// set is one record set.
type set struct {
	name string
	typ  dns.Type
}

// Apply makes all changes in one update, so that either all are made or none. What is there is asked first, and the update is made
// only where that is so still (RFC 2136 section 2.4): a change of somebody else in between has it look again.
func (u *Update) Apply(ctx context.Context, changes []dns.Change) error {
	if len(changes) > MaxChanges {
		return fmt.Errorf("publish: %d changes at one time; %d are the most", len(changes), MaxChanges)
	}
	for _, c := range changes {
		if err := c.Validate(); err != nil {
			return err
		}
		if !dns.IsSubdomain(dns.CanonicalName(c.Name), dns.CanonicalName(u.Zone)) {
			return fmt.Errorf("publish: %s is not in the zone %s", c.Name, u.Zone)
		}
	}
	for i := range tries {
		again, err := u.attempt(ctx, changes, i%2 == 1)
		if err != nil || !again {
			return err
		}
	}
	return fmt.Errorf("publish: the records of %s change all the time", u.Zone)
}

// attempt makes the changes; again: something else was there meanwhile. What the server answers may come from a wildcard (RFC 4592), and then is not
// there for an update: wild takes it for that.
func (u *Update) attempt(ctx context.Context, changes []dns.Change, wild bool) (again bool, err error) {
	var sets []set
	var before []dns.Record
	for _, c := range changes {
		for _, t := range []dns.Type{c.Type, dns.TypeCNAME} {
			s := set{dns.CanonicalName(c.Name), t}
			if slices.Contains(sets, s) {
				continue
			}
			found, err := u.ask(ctx, s)
			if err != nil {
				return false, err
			}
			if wild {
				found = nil
			}
			sets, before = append(sets, s), append(before, found...)
		}
	}
	zone, err := dns.MemoryOf(before)
	if err != nil {
		return false, err
	}
	if err := zone.Apply(changes...); err != nil {
		return false, err
	}
	m, err := u.message(sets, before, zone.Records())
	if m == nil || err != nil {
		return false, err
	}
	r, err := u.exchange(ctx, m)
	if err != nil {
		return false, err
	}
	switch r.Rcode {
	case miekg.RcodeSuccess:
		return false, nil
	case miekg.RcodeNXRrset, miekg.RcodeYXRrset, miekg.RcodeYXDomain, miekg.RcodeNameError:
		return true, nil
	}
	return false, u.refused("the update", r)
}

// message is the update that leads from before to after; nil where they are the same.
func (u *Update) message(sets []set, before, after []dns.Record) (*miekg.Msg, error) {
	m := new(miekg.Msg)
	m.SetUpdate(miekg.Fqdn(u.Zone))
	var remove, insert []miekg.RR
	for _, s := range sets {
		was, now := of(before, s), of(after, s)
		gone := slices.DeleteFunc(slices.Clone(was), func(r dns.Record) bool { return has(now, r, false) })
		fresh := slices.DeleteFunc(slices.Clone(now), func(r dns.Record) bool { return has(was, r, true) })
		here, err := wire(was)
		if err != nil {
			return nil, err
		}
		if len(here) > 0 {
			m.Used(here)
		} else {
			m.RRsetNotUsed([]miekg.RR{&miekg.ANY{Hdr: miekg.RR_Header{Name: miekg.Fqdn(s.name), Rrtype: uint16(s.typ)}}})
		}
		a, err := wire(gone)
		if err != nil {
			return nil, err
		}
		b, err := wire(fresh)
		if err != nil {
			return nil, err
		}
		remove, insert = append(remove, a...), append(insert, b...)
	}
	if len(remove)+len(insert) == 0 {
		return nil, nil
	}
	m.Remove(remove)
	m.Insert(insert)
	return m, nil
}

func of(records []dns.Record, s set) (out []dns.Record) {
	for _, r := range records {
		if dns.CanonicalName(r.Name) == s.name && r.Type == s.typ {
			out = append(out, r)
		}
	}
	return out
}

func has(list []dns.Record, r dns.Record, ttl bool) bool {
	return slices.ContainsFunc(list, func(o dns.Record) bool { return o.SameData(r) && (!ttl || o.TTL == r.TTL) })
}

func wire(records []dns.Record) ([]miekg.RR, error) {
	var out []miekg.RR
	for _, r := range records {
		rr, err := miekg.NewRR(r.Text())
		if err != nil {
			return nil, fmt.Errorf("publish: %s %s: %w", r.Name, r.Type, err)
		}
		out = append(out, rr)
	}
	return out, nil
}

// ask gives the records of one set, as the server of the zone has them.
func (u *Update) ask(ctx context.Context, s set) ([]dns.Record, error) {
	m := new(miekg.Msg)
	m.SetQuestion(miekg.Fqdn(s.name), uint16(s.typ))
	m.RecursionDesired = false
	r, err := u.exchange(ctx, m)
	if err != nil {
		return nil, err
	}
	if r.Rcode != miekg.RcodeSuccess && r.Rcode != miekg.RcodeNameError {
		return nil, u.refused("a question", r)
	}
	if !r.Authoritative {
		return nil, fmt.Errorf("publish: %s is not a server of the zone %s", u.Server, u.Zone)
	}
	var out []dns.Record
	for _, rr := range r.Answer {
		if rr.Header().Rrtype != uint16(s.typ) || dns.CanonicalName(rr.Header().Name) != s.name {
			continue // the end of an alias, or a signature of DNSSEC
		}
		rec, err := dns.ParseRR(rr.String())
		if err != nil {
			return nil, fmt.Errorf("publish: %s holds a %s record that cannot be read: %w", s.name, s.typ, err)
		}
		out = append(out, rec)
	}
	return out, nil
}

// exchange sends a signed message over TCP. The signature of the answer is verified by the library.
func (u *Update) exchange(ctx context.Context, m *miekg.Msg) (*miekg.Msg, error) {
	timeout := u.Timeout
	if timeout == 0 {
		timeout = 10 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	c := &miekg.Client{Net: "tcp", Timeout: timeout}
	if u.Key != nil {
		name := miekg.Fqdn(u.Key.Name)
		c.TsigSecret = map[string]string{name: u.Key.secret}
		m.SetTsig(name, algorithms[u.Key.Algorithm], 300, time.Now().Unix())
	}
	r, _, err := c.ExchangeContext(ctx, m, u.Server)
	switch {
	case err != nil && r != nil && r.Rcode == miekg.RcodeNotAuth:
		return nil, fmt.Errorf("publish: %s does not take the TSIG key: check its name, algorithm and secret, and both clocks (%w)", u.Server, err)
	case err != nil:
		return nil, fmt.Errorf("publish: asking %s: %w: is it the primary server of %s, and does it answer by TCP?", u.Server, err, u.Zone)
	case u.Key != nil && r.IsTsig() == nil:
		return nil, fmt.Errorf("publish: %s answered without a signature (%s): is it the primary server of %s, and does it know a TSIG key of the name %s?", u.Server, miekg.RcodeToString[r.Rcode], u.Zone, u.Key.Name)
	}
	return r, nil
}

// refused says what the server would not do.
func (u *Update) refused(what string, r *miekg.Msg) error {
	hint := ""
	switch {
	case u.Key == nil && (r.Rcode == miekg.RcodeRefused || r.Rcode == miekg.RcodeNotAuth):
		hint = ": it wants a TSIG key, or is not the primary server of the zone"
	case r.Rcode == miekg.RcodeRefused:
		hint = ": allow this key to change the zone (allow-update or update-policy in BIND, acl with action: update in Knot)"
	case r.Rcode == miekg.RcodeNotAuth || r.Rcode == miekg.RcodeNotZone:
		hint = ": name the zone and its primary server"
	}
	text, known := miekg.RcodeToString[r.Rcode]
	if !known {
		return errors.New("publish: the server answered with an unknown code")
	}
	return fmt.Errorf("publish: %s refused %s for %s: %s%s", u.Server, what, u.Zone, text, hint)
}
