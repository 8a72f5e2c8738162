package filter

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/todoku/todoku/internal/milter"
	"github.com/todoku/todoku/message"
)

// Clients are SMTP clients by their address or their name.
type Clients struct {
	Networks []netip.Prefix
	// Names are host names, and ".example.com" for all below it, in lower case; "!" before one takes it out of a wider one. They are compared with what the mail server
	// found by the address and confirmed by the name (Postfix and Sendmail do), never with HELO.
	Names []string
}

// Has reports whether a client is one of them.
func (c Clients) Has(p milter.Peer) bool {
	if p.Addr.IsValid() && slices.ContainsFunc(c.Networks, func(n netip.Prefix) bool { return n.Contains(p.Addr.Unmap()) }) {
		return true
	}
	name := strings.ToLower(strings.TrimSuffix(p.Hostname, "."))
	if len(c.Names) == 0 || name == "" || name[0] == '[' || name == "unknown" {
		return false
	}
	for {
		if slices.Contains(c.Names, "!"+name) {
			return false
		}
		if slices.Contains(c.Names, name) {
			return true
		}
		i := strings.IndexByte(name[1:], '.') // of ".example.com" to ".com"
		if i < 0 {
			return false
		}
		name = name[i+1:]
	}
}

// Untouched says which mail passes as if the filter were not there.
type Untouched struct {
	Incoming, Outgoing bool
	Peers              Clients
	// Authors are patterns of From domains, see Matches. As anybody can write such a From, fields that claim to be ours are
	// removed from that mail all the same.
	Authors []string
}

func (u *Untouched) has(e *Event) bool {
	return u != nil && (e.Outgoing && u.Outgoing || !e.Outgoing && u.Incoming || u.Peers.Has(e.Client))
}

func (u *Untouched) hasAuthor(domain string) bool {
	return u != nil && domain != "" && len(u.Authors) > 0 && fits(u.Authors, domain)
}

// stripped is mail of an author whose mail is neither signed nor checked.
type stripped struct {
	untouched
	t *transaction
}

func (s stripped) finish(_ context.Context, c *milter.Changes) milter.Reply {
	s.t.strip(c)
	return milter.Accept
}

// untouched does nothing.
type untouched struct{}

func (untouched) begin()                                               {}
func (untouched) write([]byte)                                         {}
func (untouched) finish(context.Context, *milter.Changes) milter.Reply { return milter.Accept }

// FieldChoice says which fields a signature covers, as OpenDKIM has it: all fields of the message that Sign names and Omit does
// not, in the order of the message, then Oversign, each once. Names are in lower case; in Sign and Omit, * is any characters.
type FieldChoice struct{ Sign, Omit, Oversign []string }

// of gives the names for the signature of a message. From is always among them.
func (c *FieldChoice) of(fields []message.Field) []string {
	if c == nil {
		return nil
	}
	names := make([]string, 0, len(fields)+len(c.Oversign))
	for i := range fields {
		name := fields[i].Name()
		lower := strings.ToLower(name)
		if lower == "from" || matchAny(c.Sign, lower) && !matchAny(c.Omit, lower) {
			names = append(names, name)
		}
	}
	return append(names, c.Oversign...)
}

func matchAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return p == name || strings.Contains(p, "*") && star(p, name) })
}

// star matches * with any characters.
func star(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	s, ok := strings.CutPrefix(s, parts[0])
	if !ok {
		return false
	}
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return strings.HasSuffix(s, parts[len(parts)-1])
}
