package arc

import (
	"fmt"
	"slices"
	"sync"

	"github.com/todoku/todoku/message"
)

// set holds the fields of one instance; each is nil where the message has none.
type set struct {
	results *results
	message *signature
	seal    *signature
}

// chain is the ARC sets of a message, and what is wrong with their structure.
type chain struct {
	// sets by instance: sets[0] is i=1. Its length is the highest instance.
	sets []set
	// parsed and claims are what sets point into; they do not move.
	parsed []signature
	claims []results
	keys   keyring // of the signatures
	// fields is the number of ARC fields of the kind there is most of.
	fields int
	// problem and reason are of the first thing that breaks the chain.
	problem, reason string
}

func (c *chain) fail(problem, format string, args ...any) {
	if c.problem == "" {
		c.problem, c.reason = problem, fmt.Sprintf(format, args...)
	}
}

// chains keeps the memory of chains for those of other messages.
var chains = sync.Pool{New: func() any { return new(chain) }}

// maxKept is the greatest number of signatures for which memory is kept.
const maxKept = 16

// release forgets the chain, to which nothing may point, and gives its memory back.
func (c *chain) release() {
	if cap(c.parsed) > maxKept || cap(c.sets) > maxKept {
		return
	}
	for i := range c.parsed {
		c.parsed[i].forget()
	}
	clear(c.sets)
	clear(c.claims)
	clear(c.keys)
	*c = chain{sets: c.sets[:0], parsed: c.parsed[:0], claims: c.claims[:0], keys: c.keys[:0]}
	chains.Put(c)
}

// collect gathers the ARC sets (RFC 8617 section 5.2 step 1). Nothing is parsed
// when there are more fields than 50 sets can have.
func collect(fields []message.Field) *chain {
	c := chains.Get().(*chain)
	var counts [3]int
	for i := range fields {
		switch {
		case !mayBeARC(fields[i].Raw):
		case fields[i].Is(sealName):
			counts[0]++
		case fields[i].Is(messageName):
			counts[1]++
		case fields[i].Is(resultsName):
			counts[2]++
		}
	}
	c.fields = max(counts[0], counts[1], counts[2])
	if c.fields > MaxSets {
		c.fail("too-many-sets", "the message has more than %d ARC sets, the limit of RFC 8617 section 5.2", MaxSets)
		return c
	}
	if c.fields > 0 {
		c.parsed = slices.Grow(c.parsed, counts[0]+counts[1])
		c.claims = slices.Grow(c.claims, counts[2])
		c.read(fields)
	}
	return c
}

// mayBeARC is a quick look at "ARC-".
func mayBeARC(raw []byte) bool {
	return len(raw) > 4 && raw[0]|0x20 == 'a' && raw[1]|0x20 == 'r' && raw[3] == '-'
}

func (c *chain) read(fields []message.Field) {
	for i := range fields {
		f := fields[i]
		switch {
		case !mayBeARC(f.Raw):
		case f.Is(sealName):
			c.add(c.parse(sealName, f))
		case f.Is(messageName):
			c.add(c.parse(messageName, f))
		case f.Is(resultsName):
			c.claims = append(c.claims, parseResults(f))
			c.addResults(&c.claims[len(c.claims)-1])
		}
	}
}

// parse reads a signature where there is room for it.
func (c *chain) parse(name string, f message.Field) *signature {
	n := len(c.parsed)
	c.parsed = c.parsed[:n+1]
	s := &c.parsed[n]
	s.read(name, f)
	return s
}

func (c *chain) add(s *signature) {
	if s.instance == 0 {
		c.fail("structure", "%s", s.reason)
		return
	}
	at := c.at(s.instance)
	slot := &at.seal
	if s.name == messageName {
		slot = &at.message
	}
	if *slot != nil {
		c.fail("structure", "two %s fields have i=%d", s.name, s.instance)
		return
	}
	*slot = s
}

func (c *chain) addResults(r *results) {
	if r.instance == 0 {
		c.fail("structure", "an %s does not start with an instance number, i=1; to i=%d;", resultsName, MaxSets)
		return
	}
	at := c.at(r.instance)
	if at.results != nil {
		c.fail("structure", "two %s fields have i=%d", resultsName, r.instance)
		return
	}
	at.results = r
}

// at gives the set of an instance, of which there are at most 50.
func (c *chain) at(instance int) *set {
	for len(c.sets) < instance {
		c.sets = append(c.sets, set{})
	}
	return &c.sets[instance-1]
}

// newest is the set of the highest instance; there must be one.
func (c *chain) newest() *set { return &c.sets[len(c.sets)-1] }

// check judges the structure: RFC 8617 section 5.2 steps 2 and 3, and whatever
// makes a seal or the newest AMS impossible to verify. All that is known without
// asking the DNS is settled here.
func (c *chain) check() {
	if n := len(c.sets); n > 0 {
		if seal := c.newest().seal; seal != nil && seal.cv == string(Fail) {
			// Step 2 comes before all else.
			c.problem = ""
			c.fail("cv-invalid", "the newest seal, i=%d by %s, says cv=fail: the chain was already broken when it got there", n, seal.domain)
		}
	}
	c.checkComplete()
	for i := range c.sets {
		if c.problem != "" {
			return
		}
		c.checkCV(i+1, c.sets[i].seal)
	}
	for i := len(c.sets) - 1; i >= 0 && c.problem == ""; i-- {
		if s := c.sets[i].seal; s.problem != "" {
			c.fail(s.problem, "%s", s.reason)
		}
	}
	if c.problem == "" && len(c.sets) > 0 {
		if s := c.newest().message; s.problem != "" {
			c.fail(s.problem, "%s", s.reason)
		}
	}
}

// checkComplete: step 3 A and B.
func (c *chain) checkComplete() {
	for i := range c.sets {
		s, n := &c.sets[i], i+1
		switch {
		case s.seal == nil && s.message == nil && s.results == nil:
			c.fail("structure", "the set i=%d is missing, though there is one of i=%d", n, len(c.sets))
		case s.seal == nil:
			c.fail("structure", "the set i=%d has no %s", n, sealName)
		case s.message == nil:
			c.fail("structure", "the set i=%d has no %s", n, messageName)
		case s.results == nil:
			c.fail("structure", "the set i=%d has no %s", n, resultsName)
		}
	}
}

// checkCV: step 3 C.
func (c *chain) checkCV(instance int, seal *signature) {
	want := Pass
	if instance == 1 {
		want = None
	}
	if seal.cv != string(want) {
		c.fail("cv-invalid", "the seal i=%d by %s says cv=%s where it must say cv=%s (RFC 8617 section 5.2)", instance, seal.domain, seal.cv, want)
	}
}

// describe gives the sets for the verdict, oldest first, missing ones left out.
func (c *chain) describe() []Set {
	if len(c.sets) == 0 {
		return nil
	}
	out := make([]Set, 0, len(c.sets))
	for i := range c.sets {
		s := &c.sets[i]
		if s.seal == nil && s.message == nil && s.results == nil {
			continue
		}
		d := Set{Instance: i + 1}
		if s.seal != nil {
			d.SealDomain, d.SealSelector, d.CV = s.seal.domain, s.seal.selector, s.seal.cv
		}
		if s.message != nil {
			d.MessageDomain, d.MessageSelector = s.message.domain, s.message.selector
			d.FromUnsigned = !s.message.signsFrom
		}
		if s.results != nil {
			d.AuthServID, d.Results = s.results.id, s.results.payload
		}
		out = append(out, d)
	}
	return out
}
