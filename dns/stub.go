package dns

import "context"

// The signatures below are the package's contract; bodies come from its owner.

// Zone is DNS data written as a literal: owner name -> records, each
// "TYPE data", with an optional TTL before the type: "300 TXT v=spf1 -all",
// "MX 10 mx.example.com", "A 192.0.2.1", "CNAME x.example.com". TXT data is the
// rest of the line, one joined string, unless it starts with a double quote:
// then it is presentation form, "a" "b". The words "TIMEOUT", "SERVFAIL",
// "REFUSED" (optionally "TIMEOUT TXT" for one type) make the name fail.
// "*.example.com" is a wildcard (RFC 4592). Names that exist only as parents of
// others answer NoData. A name outside every owner's tree is NXDomain.
type Zone map[string][]string

// Memory is an in-memory authoritative view and a Resolver. Safe for concurrent use.
type Memory struct{ zones Zone }

// NewMemory compiles a zone literal; an error names the owner and the line.
func NewMemory(z Zone) (*Memory, error) { panic("todo") }

// MustMemory is NewMemory for literals in tests; it panics on error.
func MustMemory(z Zone) *Memory { panic("todo") }

// Resolve answers from memory, following CNAMEs.
func (m *Memory) Resolve(ctx context.Context, q Question) Answer { panic("todo") }
