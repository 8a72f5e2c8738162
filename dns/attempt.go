package dns

import (
	"context"
	"time"

	miekg "github.com/miekg/dns"
)

// ask puts one question to the servers until one gives an answer that settles it.
// Where next is not "", the answer is the first part of a CNAME chain that goes on
// at next.
func (c *Client) ask(ctx context.Context, name string, t Type, servers []*server) (a Answer, next string) {
	sorted := order(servers, time.Now())
	settled := make([]bool, len(sorted)) // servers that will not say anything else
	best := Answer{Status: Timeout, Detail: "no server answered in time"}
	asked := false
	for round := range c.rounds {
		for i, s := range sorted {
			if settled[i] {
				continue
			}
			if ctx.Err() != nil {
				return best, ""
			}
			m, failure := c.attempt(ctx, s, name, t, c.patience(ctx, round, len(sorted)), c.resends(len(sorted)))
			if m == nil {
				if ctx.Err() == nil && (failure.Status == Timeout || failure.Status == NetError) {
					s.rest(time.Now())
				}
			} else if a, next = read(m, name, t); !a.Status.Failed() || next != "" {
				a.Server = s.addr
				return a, next
			} else {
				failure, settled[i] = a, true
			}
			failure.Server = serverThat(failure, s)
			if !asked || weight(failure.Status) > weight(best.Status) {
				best, asked = failure, true
			}
		}
	}
	return best, ""
}

// serverThat names the server of an answer that came.
func serverThat(a Answer, s *server) string {
	if a.Status == Timeout || a.Status == NetError {
		return ""
	}
	return s.addr
}

// weight orders failures by how much they tell.
func weight(s Status) int {
	switch s {
	case ServFail:
		return 5
	case Refused:
		return 4
	case OtherError:
		return 3
	case Malformed:
		return 2
	case NetError:
		return 1
	}
	return 0
}

// patience is the time for one attempt: each round gets longer, and all rounds
// together fill the time that is left. A single server gets all of it at once.
func (c *Client) patience(ctx context.Context, round, servers int) time.Duration {
	deadline, _ := ctx.Deadline()
	if servers == 1 {
		return time.Until(deadline)
	}
	left := 0
	for r := round; r < c.rounds; r++ {
		left += (r + 1) * servers
	}
	return time.Until(deadline) * time.Duration(round+1) / time.Duration(left)
}

// resends is how often an attempt repeats its datagram. Where there is no other
// server to turn to, asking again on the same socket keeps the late answer of a
// slow server welcome, which a new attempt would drop.
func (c *Client) resends(servers int) int {
	if servers == 1 {
		return c.rounds - 1
	}
	return 0
}

// attempt asks one server once: by UDP, by TCP where the answer is truncated
// (RFC 7766 section 5), and without EDNS where the server does not know it
// (RFC 6891 section 7).
func (c *Client) attempt(ctx context.Context, s *server, name string, t Type, patience time.Duration, resends int) (*miekg.Msg, Answer) {
	query, err := newQuery(name, t, true)
	if err != nil {
		return nil, Answer{Status: BadName, Detail: "the name cannot be put into a message"}
	}
	query.resends = resends
	m, failure := query.send(ctx, s.addr, patience)
	if m == nil || !rejectsEDNS(m) {
		return m, failure
	}
	if query, err = newQuery(name, t, false); err != nil {
		return m, failure
	}
	return query.send(ctx, s.addr, patience)
}

func rejectsEDNS(m *miekg.Msg) bool {
	switch m.Rcode {
	case miekg.RcodeFormatError, miekg.RcodeNotImplemented, miekg.RcodeBadVers:
		return true
	}
	return false
}
