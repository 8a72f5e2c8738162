package catalogue

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// Areas are the areas of the outer contract that an ID may begin with.
var Areas = []string{
	"spf", "dkim", "dmarc", "arc", "ptr", "mx", "tls", "mta-sts", "tls-rpt", "dane", "bimi",
	"dnsbl", "dns", "message", "list", "service", "host", "report", "warmup",
}

// index is every entry, by ID and in order, built from the files of this package
// when it is first asked for. It never changes.
type index struct {
	byID   map[string]*Entry
	sorted []*Entry
}

var entries = sync.OnceValue(func() (x index) {
	x.byID = make(map[string]*Entry)
	for _, list := range [][]Entry{messageEntries, contentEntries, filterEntries, flowEntries, listEntries, hostEntries, ptrEntries, spfEntries, spfRecordEntries, dkimEntries, dkimKeyEntries, arcEntries, dmarcEntries, dmarcRecordEntries, mxEntries, mtaSTSEntries, tlsRPTEntries, daneEntries, mxTLSEntries, bimiEntries, dnsEntries, serviceEntries, dnsblEntries} {
		for i := range list {
			e := &list[i]
			if x.byID[e.ID] != nil {
				panic("catalogue: " + e.ID + " is listed twice")
			}
			x.byID[e.ID] = e
			x.sorted = append(x.sorted, e)
		}
	}
	slices.SortFunc(x.sorted, func(a, b *Entry) int { return cmp.Compare(a.ID, b.ID) })
	return x
})

// Lookup gives the entry of an ID.
func Lookup(id string) (Entry, bool) {
	if e := entries().byID[id]; e != nil {
		return *e, true
	}
	return Entry{}, false
}

// New makes a finding with the usual status of its entry. Evidence that is "" is left out.
func New(id, subject string, args map[string]string, evidence ...string) Finding {
	e, _ := Lookup(id)
	f := Finding{ID: id, Status: e.Status, Subject: subject, Args: args}
	for _, s := range evidence {
		if s != "" {
			f.Evidence = append(f.Evidence, s)
		}
	}
	return f
}

// All gives every entry, sorted by ID.
func All() []Entry {
	all := make([]Entry, 0, len(entries().sorted))
	for _, e := range entries().sorted {
		all = append(all, *e)
	}
	return all
}

// Area is the part of an ID before the dot.
func Area(id string) string {
	area, _, _ := strings.Cut(id, ".")
	return area
}

// Order is the place of a status in a list of findings: fail, unknown, warn, info, pass.
func (s Status) Order() int {
	switch s {
	case Fail:
		return 0
	case Unknown:
		return 1
	case Warn:
		return 2
	case Info:
		return 3
	default:
		return 4
	}
}

// Sort orders findings by the contract: fail, unknown, warn, info, pass; then root
// cause before consequence; then area and id. What is equal in all that keeps its order.
func Sort(fs []Finding) {
	rank := func(id string) int {
		e, _ := Lookup(id)
		return e.Rank
	}
	slices.SortStableFunc(fs, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Status.Order(), b.Status.Order()),
			cmp.Compare(rank(a.ID), rank(b.ID)),
			cmp.Compare(Area(a.ID), Area(b.ID)),
			cmp.Compare(a.ID, b.ID),
		)
	})
}
