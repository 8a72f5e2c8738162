package catalogue

import (
	"cmp"
	"slices"
	"strings"
)

// Areas are the areas of the outer contract that an ID may begin with.
var Areas = []string{
	"spf", "dkim", "dmarc", "arc", "ptr", "mx", "tls", "mta-sts", "tls-rpt", "dane", "bimi",
	"dnsbl", "dns", "message", "list", "service", "host", "report", "warmup",
}

// entries holds every entry by ID; byID is sorted. Both are built once from the
// files of this package and never change.
var (
	entries = make(map[string]Entry)
	byID    []Entry
)

func init() {
	for _, list := range [][]Entry{messageEntries, contentEntries, filterEntries, flowEntries, listEntries, hostEntries, ptrEntries, spfEntries, spfRecordEntries, dkimEntries, dkimKeyEntries, arcEntries, dmarcEntries, dmarcRecordEntries, mxEntries, mtaSTSEntries, tlsRPTEntries, daneEntries, mxTLSEntries, bimiEntries, dnsEntries, serviceEntries, dnsblEntries} {
		for _, e := range list {
			if _, twice := entries[e.ID]; twice {
				panic("catalogue: " + e.ID + " is listed twice")
			}
			entries[e.ID] = e
			byID = append(byID, e)
		}
	}
	slices.SortFunc(byID, func(a, b Entry) int { return cmp.Compare(a.ID, b.ID) })
}

// Lookup gives the entry of an ID.
func Lookup(id string) (Entry, bool) {
	e, ok := entries[id]
	return e, ok
}

// New makes a finding with the usual status of its entry. Evidence that is "" is left out.
func New(id, subject string, args map[string]string, evidence ...string) Finding {
	f := Finding{ID: id, Status: entries[id].Status, Subject: subject, Args: args}
	for _, s := range evidence {
		if s != "" {
			f.Evidence = append(f.Evidence, s)
		}
	}
	return f
}

// All gives every entry, sorted by ID.
func All() []Entry { return slices.Clone(byID) }

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
	slices.SortStableFunc(fs, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Status.Order(), b.Status.Order()),
			cmp.Compare(entries[a.ID].Rank, entries[b.ID].Rank),
			cmp.Compare(Area(a.ID), Area(b.ID)),
			cmp.Compare(a.ID, b.ID),
		)
	})
}
