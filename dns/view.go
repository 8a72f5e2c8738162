package dns

// view is a zone compiled for questions: every existing name, empty non-terminals
// included, with its answers ready. It never changes.
type view struct{ nodes map[string]*node }

// node is one existing name.
type node struct {
	name   string
	sets   []Answer // one for each type that has records; its Question.Type says which
	cname  *Record
	fault  Status
	faults map[Type]Status
	none   Answer // what a type without records gets
	any    *node  // the wildcard right beneath this name, nil for none
	secure bool
	negTTL uint32 // of names that do not exist beneath this one
}

func compile(owners map[string]*owner) *view {
	v := &view{nodes: make(map[string]*node, 2*len(owners)+1)}
	for name, o := range owners {
		v.add(name).fill(o)
	}
	for name, n := range v.nodes {
		v.inherit(n, owners)
		n.any = v.nodes[JoinName("*", name)]
	}
	return v
}

// add makes the node of name and of all its ancestors (RFC 4592 section 2.2.2).
func (v *view) add(name string) *node {
	n := v.nodes[name]
	if n != nil {
		return n
	}
	n = &node{name: name}
	v.nodes[name] = n
	for name != "" {
		name = parentOf(name)
		if v.nodes[name] != nil {
			break
		}
		v.nodes[name] = &node{name: name}
	}
	return n
}

func (n *node) fill(o *owner) {
	n.fault, n.faults = o.fault, o.faults
	for _, rec := range o.records {
		if rec.Type == TypeCNAME && n.cname == nil {
			n.cname = &rec
		}
		n.set(rec.Type).append(rec)
	}
}

func (n *node) set(t Type) *Answer {
	for i := range n.sets {
		if n.sets[i].Question.Type == t {
			return &n.sets[i]
		}
	}
	n.sets = append(n.sets, Answer{Question: Question{Type: t}, Status: Success, Server: ZoneServer})
	return &n.sets[len(n.sets)-1]
}

func (a *Answer) append(rec Record) {
	if len(a.Records) == 0 || rec.TTL < a.TTL {
		a.TTL = rec.TTL
	}
	a.Records = append(a.Records, rec)
}

// inherit gives n what the names above it decide: the AD bit and the negative TTL.
func (v *view) inherit(n *node, owners map[string]*owner) {
	negTTL, haveSOA := uint32(DefaultTTL), false
	for name := n.name; ; name = parentOf(name) {
		if o := owners[name]; o != nil {
			n.secure = n.secure || o.secure
			for _, rec := range o.records {
				if rec.Type == TypeSOA && !haveSOA {
					negTTL, haveSOA = soaNegativeTTL(rec), true
				}
			}
		}
		if name == "" {
			break
		}
	}
	n.negTTL = negTTL
	n.none = Answer{Status: NoData, TTL: negTTL, AuthenticData: n.secure, Server: ZoneServer}
	for i := range n.sets {
		n.sets[i].AuthenticData = n.secure
	}
}

func (v *view) resolve(q Question) Answer {
	n := v.find(q.Name)
	if n == nil {
		return v.resolveSlowly(q)
	}
	a := n.answer(q.Type)
	if a == nil {
		return v.resolveSlowly(q)
	}
	out := *a
	out.Question = q
	return out
}

// find looks an existing name up, in any case, without an allocation.
func (v *view) find(name string) *node {
	name = trimDot(name)
	if n := v.nodes[name]; n != nil {
		return n
	}
	return v.findFolded(name)
}

// findFolded is find for names with capitals. It stands alone because its buffer
// would make the stack of every goroutine grow that asks for one name.
//
//go:noinline
func (v *view) findFolded(name string) *node {
	if len(name) > 4*MaxName {
		return nil
	}
	var buf [4 * MaxName]byte
	return v.nodes[string(appendLower(buf[:0], name))]
}

// answer gives what the node itself can say of type t, nil where a fault or a
// CNAME decides.
func (n *node) answer(t Type) *Answer {
	if n.faults != nil && n.faults[t] != Unknown {
		return nil
	}
	if n.cname != nil && t != TypeCNAME {
		return nil
	}
	for i := range n.sets {
		if n.sets[i].Question.Type == t {
			return &n.sets[i]
		}
	}
	if n.fault != Unknown {
		return nil
	}
	return &n.none
}

// resolveSlowly is the general way: bad names, faults, wildcards and CNAME chains.
func (v *view) resolveSlowly(q Question) Answer {
	a := Answer{Question: q, Server: ZoneServer}
	if !ValidName(q.Name) {
		return badName(q)
	}
	name, secure := CanonicalName(q.Name), true
	for range MaxChain + 1 {
		n, exact := v.lookup(name)
		secure = secure && n.secure
		a.AuthenticData = secure
		if !exact {
			a.Status, a.TTL = NXDomain, chainTTL(a.Chain, n.negTTL)
			return a
		}
		if n.cname != nil && q.Type != TypeCNAME && n.faults[q.Type] == Unknown {
			link := *n.cname
			link.Name = name
			a.Chain = append(a.Chain, link)
			name = CanonicalName(link.Data)
			if !ValidName(name) {
				a.Status, a.Detail = Malformed, "the CNAME target is not a domain name"
				return a
			}
			continue
		}
		return n.finish(a, name)
	}
	a.Status, a.TTL, a.AuthenticData = Malformed, 0, false
	a.Detail = "the CNAME chain loops or is too long"
	return a
}

// lookup finds the node that answers for name: its own, or the wildcard of its
// closest encloser (RFC 4592 section 3.3.1). Where there is neither, exact is false
// and n the closest encloser.
func (v *view) lookup(name string) (n *node, exact bool) {
	if n := v.nodes[name]; n != nil {
		return n, true
	}
	for name != "" {
		name = parentOf(name)
		encloser := v.nodes[name]
		if encloser == nil {
			continue
		}
		if encloser.any != nil {
			return encloser.any, true
		}
		return encloser, false
	}
	return &node{negTTL: DefaultTTL}, false
}

// finish completes a at the end of its chain.
func (n *node) finish(a Answer, name string) Answer {
	end := n.answer(a.Question.Type)
	if end == nil {
		a.Status = n.fault
		if f := n.faults[a.Question.Type]; f != Unknown {
			a.Status = f
		}
		a.AuthenticData, a.Detail = false, "the zone says so"
		return a
	}
	a.Status, a.Records = end.Status, end.Records
	if name != n.name {
		a.Records = renamed(end.Records, name)
	}
	a.TTL = chainTTL(a.Chain, end.TTL)
	return a
}

// renamed gives wildcard records the name that was asked (RFC 4592 section 2.1.1).
func renamed(records []Record, name string) []Record {
	out := make([]Record, len(records))
	for i, rec := range records {
		rec.Name = name
		out[i] = rec
	}
	return out
}

func chainTTL(chain []Record, ttl uint32) uint32 {
	for _, rec := range chain {
		ttl = min(ttl, rec.TTL)
	}
	return ttl
}

func badName(q Question) Answer {
	return Answer{
		Question: q, Status: BadName,
		Detail: "the name has an empty label, a label over 63 octets or more than 253 octets",
	}
}
