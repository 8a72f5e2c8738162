// Package repair plans the changes that cure findings. Repairs are planned for each
// record set: whatever is wrong with the records of one name and type is cured by
// one complete change, which every finding that touches them carries.
package repair

import (
	"slices"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
)

// set names a record set.
type set struct {
	name string
	t    dns.Type
}

func setOf(c dns.Change) set { return set{dns.CanonicalName(c.Name), c.Type} }

// Unify gives all findings that touch one record set the same, complete change: where
// they propose different ones, these are merged. Every distinct change, applied once
// and in any order, then cures them all.
func Unify(fs []catalogue.Finding) {
	merged := make(map[set]dns.Change)
	for _, f := range fs {
		for _, c := range f.DNS {
			if old, ok := merged[setOf(c)]; ok {
				c = merge(old, c)
			}
			merged[setOf(c)] = c
		}
	}
	for i := range fs {
		seen := make(map[set]bool)
		var out []dns.Change
		for _, c := range fs[i].DNS {
			if s := setOf(c); !seen[s] {
				seen[s] = true
				out = append(out, merged[s])
			}
		}
		fs[i].DNS = out
	}
}

// merge makes two changes of one record set into one that does both.
func merge(a, b dns.Change) dns.Change {
	out := a
	out.Data = union(a.Data, b.Data)
	out.Was = union(a.Was, b.Was)
	if b.TTL != 0 && (out.TTL == 0 || b.TTL < out.TTL) {
		out.TTL = b.TTL
	}
	// What one of them takes away the other must not put back.
	out.Data = slices.DeleteFunc(out.Data, func(d string) bool {
		return slices.Contains(a.Was, d) && !slices.Contains(a.Data, d) || slices.Contains(b.Was, d) && !slices.Contains(b.Data, d)
	})
	all := func(c dns.Change) bool { return c.Action == dns.Replace && len(c.Was) == 0 }
	switch {
	case all(a) || all(b):
		out.Action, out.Was = dns.Replace, nil
	case len(out.Data) == 0:
		out.Action = dns.Remove
	case len(out.Was) == 0:
		out.Action = dns.Add
	default:
		out.Action = dns.Replace
	}
	return out
}

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
