package dns

import (
	"context"
	"slices"
)

// Overlay answers as r would if the changes were published, in order: "what if".
// Names that no change touches are answered by r; chains of CNAMEs that lead
// through a touched name are followed anew from there. A name that gets records
// stops being covered by a wildcard, and its parents exist. Call Validate on the
// changes first: data that cannot be read are left out.
func Overlay(r Resolver, changes ...Change) Resolver {
	o := &overlay{next: r, changes: make(map[string][]Change), parents: make(map[string]bool)}
	for _, c := range changes {
		name := CanonicalName(c.Name)
		if !ValidName(name) {
			continue
		}
		o.changes[name] = append(o.changes[name], c)
		for p := name; len(c.Data) > 0 && p != ""; {
			p = parentOf(p)
			o.parents[p] = true
		}
	}
	return o
}

type overlay struct {
	next    Resolver
	changes map[string][]Change
	parents map[string]bool // names that exist at least as parents of added data
}

// Resolve walks the chain of CNAMEs itself wherever a touched name is in it.
func (o *overlay) Resolve(ctx context.Context, q Question) Answer {
	if !ValidName(q.Name) {
		return badName(q)
	}
	var chain []Record
	name := CanonicalName(q.Name)
	for range MaxChain + 1 {
		step := q
		if len(chain) > 0 {
			step.Name = name
		}
		a, next := o.step(ctx, step, name)
		a.Question = q
		chain = append(chain, a.Chain...)
		a.Chain = chain
		if next == "" {
			if !a.Status.Failed() {
				a.TTL = chainTTL(chain, a.TTL)
			}
			return a
		}
		name = next
	}
	return Answer{Question: q, Status: Malformed, Chain: chain[:min(len(chain), MaxChain)], Detail: "the CNAME chain loops or is too long"}
}

// step answers for one name. Where next is not "" the answer is a part of a chain
// only, which goes on at next.
func (o *overlay) step(ctx context.Context, q Question, name string) (a Answer, next string) {
	base := o.next.Resolve(ctx, q)
	changes := o.changes[name]
	if len(changes) > 0 {
		return o.change(ctx, base, name, changes)
	}
	for i, link := range base.Chain {
		target := CanonicalName(link.Data)
		if len(o.changes[target]) > 0 && q.Type != TypeCNAME {
			base.Chain, base.Records = slices.Clone(base.Chain[:i+1]), nil
			return base, target
		}
	}
	if base.Status == NXDomain && len(base.Chain) == 0 && o.parents[name] {
		base.Status, base.RCode = NoData, 0
	}
	return base, ""
}

// change answers for a touched name from base, the answer without the changes.
func (o *overlay) change(ctx context.Context, base Answer, name string, changes []Change) (a Answer, next string) {
	t := base.Question.Type
	records, known := present(base)
	if len(records) > 0 && len(applyAll(changes, nil)) > 0 && o.fromWildcard(ctx, base, records, name) {
		records = nil
	}
	if !known && !slices.ContainsFunc(changes, func(c Change) bool { return c.settles(t) }) {
		return base, ""
	}
	records = applyAll(changes, records)
	out := Answer{Question: base.Question, Status: NoData, TTL: DefaultTTL, AuthenticData: base.AuthenticData, Server: base.Server, Elapsed: base.Elapsed}
	for _, rec := range records {
		if rec.Type == TypeCNAME && t != TypeCNAME {
			out.Chain = []Record{rec}
			if next := CanonicalName(rec.Data); ValidName(next) {
				return out, next
			}
			out.Chain, out.Status, out.TTL, out.Detail = nil, Malformed, 0, "the CNAME target is not a domain name"
			return out, ""
		}
	}
	for _, rec := range records {
		if rec.Type == t {
			out.Status = Success
			out.append(rec)
		}
	}
	if out.Status == NoData && base.Status.Void() {
		out.Status, out.TTL = base.Status, base.TTL
		if slices.ContainsFunc(changes, addsData) || o.parents[name] {
			out.Status, out.RCode = NoData, 0
		}
	}
	return out, ""
}

// settles reports whether the change alone decides what the records of type t are,
// so that a failure to see the present ones does not matter.
func (c Change) settles(t Type) bool {
	return c.Action == Replace && len(c.Was) == 0 && c.Type == t
}

func addsData(c Change) bool { return c.Action != Remove && len(c.Data) > 0 }

// present are the records at the name now, of the asked type and CNAME; known is
// false where base failed.
func present(base Answer) (records []Record, known bool) {
	switch {
	case len(base.Chain) > 0:
		// The CNAME is all that can stand at the name, whatever became of its target.
		return base.Chain[:1], true
	case base.Status.Failed():
		return nil, false
	}
	return base.Records, true
}

func applyAll(changes []Change, records []Record) []Record {
	for _, c := range changes {
		records = c.apply(records)
	}
	return records
}

// fromWildcard reports whether the records at name come from a wildcard, which
// stops covering a name as soon as the name has records of its own (RFC 4592
// section 3.3.1). The wildcard is looked for at the three nearest parents. The DNS
// does not tell a wildcard's records from equal ones of the name's own.
func (o *overlay) fromWildcard(ctx context.Context, base Answer, records []Record, name string) bool {
	q := base.Question
	q.Type = records[0].Type
	parent := name
	for range 3 {
		if parent = parentOf(parent); parent == "" {
			return false
		}
		q.Name = JoinName("*", parent)
		if q.Name == name {
			return false
		}
		w := o.next.Resolve(ctx, q)
		if w.Status == Success && len(w.Chain) == 0 && sameSet(w.Records, records) {
			return true
		}
	}
	return false
}

func sameSet(a, b []Record) bool {
	if len(a) != len(b) {
		return false
	}
	for _, rec := range a {
		if !slices.ContainsFunc(b, rec.SameData) {
			return false
		}
	}
	return true
}
