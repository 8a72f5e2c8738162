package dns

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Zone is DNS data written as a literal: owner name -> records, each
// "TYPE data", with an optional TTL before the type: "300 TXT v=spf1 -all",
// "MX 10 mx.example.com", "A 192.0.2.1", "CNAME x.example.com". TXT data is the
// rest of the line, one joined string, unless it starts with a double quote:
// then it is presentation form, "a" "b".
//
// The words "TIMEOUT", "SERVFAIL", "REFUSED" make the name fail: alone, for every
// type that has no records there; as "TIMEOUT TXT", for that type only. The word
// "SECURE" sets the AD bit of answers from that name and all beneath it.
//
// "*.example.com" is a wildcard (RFC 4592). Names that exist only as parents of
// others answer NoData. A name outside every owner's tree is NXDomain. The TTL of
// a negative answer comes from the nearest SOA above (RFC 2308 section 5), else it
// is [DefaultTTL].
type Zone map[string][]string

// MaxChain is how many CNAME records one question may follow.
const MaxChain = 10

// ZoneServer is what Answer.Server says of in-memory data.
const ZoneServer = "zone"

// Memory is an in-memory authoritative view and a Resolver. Safe for concurrent
// use. The records of its answers are shared: callers must not change them.
type Memory struct {
	// view is what questions read: replaced as a whole, so that a look-up takes no lock.
	view atomic.Pointer[view]

	mu     sync.Mutex // guards owners: changes happen one at a time
	owners map[string]*owner
}

// owner is the data of one name as it was written.
type owner struct {
	records []Record
	fault   Status // of every type without records
	faults  map[Type]Status
	secure  bool
}

// NewMemory compiles a zone literal; an error names the owner and the line.
func NewMemory(z Zone) (*Memory, error) {
	m := &Memory{owners: make(map[string]*owner, len(z))}
	for _, name := range slices.Sorted(maps.Keys(z)) {
		if !ValidName(name) {
			return nil, fmt.Errorf("dns: owner %q is not a domain name", clip(name))
		}
		o := m.ownerOf(CanonicalName(name))
		for _, line := range z[name] {
			if err := o.addLine(CanonicalName(name), line); err != nil {
				return nil, fmt.Errorf("dns: owner %q: line %q: %w", name, clip(line), err)
			}
		}
	}
	m.view.Store(compile(m.owners))
	return m, nil
}

// MustMemory is NewMemory for literals in tests; it panics on error.
func MustMemory(z Zone) *Memory {
	m, err := NewMemory(z)
	if err != nil {
		panic(err)
	}
	return m
}

// MemoryOf holds records that are already decoded.
func MemoryOf(records []Record) (*Memory, error) {
	m := &Memory{owners: make(map[string]*owner)}
	for _, rec := range records {
		if !ValidName(rec.Name) {
			return nil, fmt.Errorf("dns: owner %q is not a domain name", clip(rec.Name))
		}
		rec.Name = CanonicalName(rec.Name)
		o := m.ownerOf(rec.Name)
		o.records = append(o.records, rec)
	}
	m.view.Store(compile(m.owners))
	return m, nil
}

func (m *Memory) ownerOf(name string) *owner {
	o := m.owners[name]
	if o == nil {
		o = &owner{}
		m.owners[name] = o
	}
	return o
}

func (o *owner) addLine(name, line string) error {
	word, rest := cutField(strings.TrimLeft(line, " \t"))
	switch word {
	case "SECURE":
		o.secure = true
		return nil
	case "TIMEOUT":
		return o.addFault(Timeout, rest)
	case "SERVFAIL":
		return o.addFault(ServFail, rest)
	case "REFUSED":
		return o.addFault(Refused, rest)
	}
	rec, err := parseRecord(name, strings.TrimLeft(line, " \t"))
	if err != nil {
		return err
	}
	o.records = append(o.records, rec)
	return nil
}

func (o *owner) addFault(s Status, typeName string) error {
	if typeName = strings.TrimSpace(typeName); typeName == "" {
		o.fault = s
		return nil
	}
	t, err := ParseType(typeName)
	if err != nil {
		return err
	}
	if o.faults == nil {
		o.faults = make(map[Type]Status)
	}
	o.faults[t] = s
	return nil
}

// Records are all records, in the order of their owners' names.
func (m *Memory) Records() []Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []Record
	for _, name := range slices.Sorted(maps.Keys(m.owners)) {
		all = append(all, m.owners[name].records...)
	}
	return all
}

// Apply publishes changes, in order. Either all of them are made or, on an error,
// which names the change, none.
func (m *Memory) Apply(changes ...Change) error {
	for i, c := range changes {
		if err := c.Validate(); err != nil {
			return fmt.Errorf("change %d: %w", i+1, err)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range changes {
		name := CanonicalName(c.Name)
		o := m.ownerOf(name)
		o.records = c.apply(o.records)
		if len(o.records) == 0 && o.fault == Unknown && o.faults == nil && !o.secure {
			delete(m.owners, name)
		}
	}
	m.view.Store(compile(m.owners))
	return nil
}

// Resolve answers from memory, following CNAMEs.
func (m *Memory) Resolve(_ context.Context, q Question) Answer {
	return m.view.Load().resolve(q)
}
