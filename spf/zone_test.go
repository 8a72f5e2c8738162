package spf

import (
	"context"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/todoku/todoku/dns"
)

// zone is a resolver on a map of lower case names, each "TYPE data" as in
// dns.Zone. It is written out here so that the floor of the benchmark and the
// fuzz targets measure this package and nothing else.
type zone map[string][]string

// zoneResolver counts the questions it is asked.
type zoneResolver struct {
	data    map[string]map[dns.Type][]dns.Record
	faults  map[string]map[dns.Type]dns.Status
	queries atomic.Int64
}

func (z zone) resolver(t testing.TB) *zoneResolver {
	t.Helper()
	r := newZoneResolver()
	for owner, lines := range z {
		for _, line := range lines {
			r.add(t, owner, line)
		}
	}
	return r
}

func newZoneResolver() *zoneResolver {
	return &zoneResolver{data: map[string]map[dns.Type][]dns.Record{}, faults: map[string]map[dns.Type]dns.Status{}}
}

var zoneTypes = map[string]dns.Type{"A": dns.TypeA, "AAAA": dns.TypeAAAA, "MX": dns.TypeMX, "TXT": dns.TypeTXT,
	"PTR": dns.TypePTR, "CNAME": dns.TypeCNAME, "SPF": dns.TypeSPF}

var zoneFaults = map[string]dns.Status{"TIMEOUT": dns.Timeout, "SERVFAIL": dns.ServFail, "REFUSED": dns.Refused,
	"MALFORMED": dns.Malformed}

// anyType marks a fault of every type that has no data.
const anyType dns.Type = 255

func (r *zoneResolver) add(t testing.TB, owner, line string) {
	t.Helper()
	word, data, _ := strings.Cut(line, " ")
	if status, ok := zoneFaults[word]; ok {
		typ := anyType
		if data != "" {
			typ = zoneTypes[data]
		}
		r.fault(owner, typ, status)
		return
	}
	typ, ok := zoneTypes[word]
	if !ok {
		t.Fatalf("zone %s: unknown type in %q", owner, line)
	}
	rec := dns.Record{Data: data}
	if typ == dns.TypeMX {
		pref, host, _ := strings.Cut(data, " ")
		n, err := strconv.ParseUint(pref, 10, 16)
		if err != nil {
			t.Fatalf("zone %s: %q: %v", owner, line, err)
		}
		rec.Pref, rec.Data = uint16(n), host
	}
	r.put(t, owner, typ, rec)
}

func (r *zoneResolver) put(t testing.TB, owner string, typ dns.Type, rec dns.Record) {
	t.Helper()
	if typ == dns.TypeA || typ == dns.TypeAAAA {
		addr, err := netip.ParseAddr(rec.Data)
		if err != nil {
			t.Fatalf("zone %s: %v", owner, err)
		}
		rec.Addr = addr
	}
	rec.Name, rec.Type = strings.ToLower(owner), typ
	if r.data[rec.Name] == nil {
		r.data[rec.Name] = map[dns.Type][]dns.Record{}
	}
	r.data[rec.Name][typ] = append(r.data[rec.Name][typ], rec)
}

func (r *zoneResolver) fault(owner string, typ dns.Type, status dns.Status) {
	owner = strings.ToLower(owner)
	if r.faults[owner] == nil {
		r.faults[owner] = map[dns.Type]dns.Status{}
	}
	r.faults[owner][typ] = status
}

func (r *zoneResolver) Resolve(_ context.Context, q dns.Question) dns.Answer {
	r.queries.Add(1)
	return r.lookup(q, strings.ToLower(q.Name), 0)
}

func (r *zoneResolver) lookup(q dns.Question, name string, depth int) dns.Answer {
	types := r.data[name]
	if records := types[q.Type]; len(records) > 0 {
		return dns.Answer{Question: q, Status: dns.Success, Records: records}
	}
	if status := r.faults[name][q.Type]; status != dns.Unknown {
		return dns.Answer{Question: q, Status: status}
	}
	if status := r.faults[name][anyType]; status != dns.Unknown {
		return dns.Answer{Question: q, Status: status}
	}
	if alias := types[dns.TypeCNAME]; len(alias) > 0 {
		if depth > 8 {
			return dns.Answer{Question: q, Status: dns.Malformed}
		}
		return r.lookup(q, strings.ToLower(alias[0].Data), depth+1)
	}
	if types != nil {
		return dns.Answer{Question: q, Status: dns.NoData}
	}
	return dns.Answer{Question: q, Status: dns.NXDomain}
}
