package spf

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/testcorpus"
)

// suite is an openspf test suite in the neutral form of the corpus.
type suite struct {
	Scenarios []struct {
		ID    string
		Zone  map[string][]suiteRecord
		Cases []suiteCase
	}
}

type suiteRecord struct {
	Type  string
	Fault string
	Pref  uint16
	// Data is a list of strings for TXT and SPF, else one string.
	Data json.RawMessage
}

type suiteCase struct {
	ID, Host, HELO, MailFrom, Mode string
	Accept                         []string
	Explanation                    *string
	Comment                        string
}

// octets turns the code points of the JSON to the octets of the YAML, where each
// was written as one "\xNN".
func octets(t *testing.T, s string) string {
	t.Helper()
	b := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			t.Fatalf("%q has a code point that is no octet", s)
		}
		b = append(b, byte(r))
	}
	return string(b)
}

func suiteZone(t *testing.T, zone map[string][]suiteRecord) *zoneResolver {
	t.Helper()
	r := newZoneResolver()
	for owner, records := range zone {
		for _, rec := range records {
			if rec.Type == "*" {
				if rec.Fault != "timeout" {
					t.Fatalf("%s: unknown fault %q", owner, rec.Fault)
				}
				r.fault(owner, anyType, dns.Timeout)
				continue
			}
			typ, ok := zoneTypes[rec.Type]
			if !ok {
				t.Fatalf("%s: unknown type %q", owner, rec.Type)
			}
			r.put(t, owner, typ, dns.Record{Data: suiteData(t, rec), Pref: rec.Pref})
		}
	}
	return r
}

func suiteData(t *testing.T, rec suiteRecord) string {
	t.Helper()
	var one string
	if json.Unmarshal(rec.Data, &one) == nil {
		return octets(t, one)
	}
	var many []string
	if err := json.Unmarshal(rec.Data, &many); err != nil {
		t.Fatalf("data %s: %v", rec.Data, err)
	}
	return octets(t, strings.Join(many, ""))
}

// runSuite runs every case of a suite. want gives, for the cases where this
// package answers otherwise than the suite prefers, what it answers.
func runSuite(t *testing.T, file string, count int, want map[string]string) {
	var s suite
	if err := json.Unmarshal(testcorpus.Read(t, file), &s); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, sc := range s.Scenarios {
		r := suiteZone(t, sc.Zone)
		for _, c := range sc.Cases {
			ran++
			t.Run(sc.ID+"/"+c.ID, func(t *testing.T) {
				expect := c.Accept[0]
				if other, ok := want[c.ID]; ok {
					expect = other
				}
				runCase(t, r, c, expect)
			})
		}
	}
	if ran != count {
		t.Errorf("the suite has %d cases, want %d", ran, count)
	}
}

func runCase(t *testing.T, r *zoneResolver, c suiteCase, expect string) {
	ip := netip.MustParseAddr(c.Host)
	v := Check(context.Background(), r, Request{IP: ip, HELO: c.HELO, ReversePath: c.MailFrom,
		Now: time.Unix(1700000000, 0)})
	if string(v.Result) != expect {
		t.Errorf("result %s, want %s (accepted: %v)\n%s\nreason: %s", v.Result, expect, c.Accept, c.Comment, v.Reason)
	}
	if !slices.Contains(c.Accept, string(v.Result)) {
		t.Errorf("result %s is not among those accepted, %v", v.Result, c.Accept)
	}
	if c.Explanation != nil {
		text := *c.Explanation
		if text == "DEFAULT" {
			text = ""
		}
		if v.Explanation != text {
			t.Errorf("explanation %q, want %q", v.Explanation, text)
		}
	}
	checkInvariants(t, &v)
}

// checkInvariants holds what is true of every verdict.
func checkInvariants(t testing.TB, v *Verdict) {
	t.Helper()
	switch v.Result {
	case Pass, Fail, SoftFail, Neutral:
		if v.Problem != "" {
			t.Errorf("%s with the problem %s", v.Result, v.Problem)
		}
	case None, TempError, PermError:
		if v.Problem == "" {
			t.Errorf("%s without a problem", v.Result)
		}
	default:
		t.Errorf("unknown result %q", v.Result)
	}
	if (v.Reason == "") != (v.Result == Pass) {
		t.Errorf("%s with the reason %q", v.Result, v.Reason)
	}
	if v.Explanation != "" && v.Result != Fail {
		t.Errorf("%s with an explanation", v.Result)
	}
	queries := 0
	for i, s := range v.Trace {
		if s.Outcome == "" || s.Depth != len(s.Path)-1 || s.Path[s.Depth] != s.Domain {
			t.Errorf("step %d is not consistent: %+v", i, s)
		}
		queries += len(s.Queries)
	}
	if queries > MaxQueries || len(v.Trace) > maxSteps+100 || v.Lookups > MaxLookups+1 {
		t.Errorf("%d queries, %d steps, %d lookups", queries, len(v.Trace), v.Lookups)
	}
	if err := traceOffsets(v); err != nil {
		t.Error(err)
	}
}

// traceOffsets verifies that every term is where its step says.
func traceOffsets(v *Verdict) error {
	records := map[string]string{}
	for _, s := range v.Trace {
		if s.Term == "" {
			records[s.Domain] = s.Record
			continue
		}
		r := records[s.Domain]
		if s.End > len(r) || r[s.Start:s.End] != s.Term {
			return fmt.Errorf("the term %q is not at %d-%d of %q", s.Term, s.Start, s.End, r)
		}
	}
	return nil
}

// TestSuiteRFC7208 runs the openspf suite for RFC 7208, all of it, and wants the
// preferred result of every case.
func TestSuiteRFC7208(t *testing.T) {
	runSuite(t, "spf/rfc7208-2019.08.json", 203, nil)
}

// TestSuiteRFC4408 runs the older suite. RFC 4408 left open what RFC 7208 decided,
// so its preferred result is not always ours; it accepts ours in every case.
func TestSuiteRFC4408(t *testing.T) {
	runSuite(t, "spf/rfc4408.json", 191, decidedByRFC7208)
}

// decidedByRFC7208 are the cases in which RFC 7208 settled what the older suite
// leaves open and prefers otherwise, with the result that holds now.
var decidedByRFC7208 = map[string]string{
	// Type SPF is not asked any more (section 3.1): a record of that type alone is none.
	"spfonly": "none",
	// ... and does not stand in for a TXT look-up that timed out (section 4.4).
	"txttimeout": "temperror",
	// ... and does not override the TXT record, which says -all.
	"spfoverride": "fail",
	// ... and does not hide that there are two TXT records (section 4.5).
	"multitxt1": "permerror",
	// ... and two of them do no harm beside one TXT record.
	"multispf2": "pass",
	// A target that cannot be asked is left open by section 4.8; the suite of RFC 7208
	// prefers no match, so that -all decides.
	"invalid-domain-empty-label":    "fail",
	"invalid-domain-long":           "fail",
	"invalid-domain-long-via-macro": "fail",
	// A look-up that fails ends the evaluation (section 5).
	"exists-dnserr": "temperror",
	// More than ten MX is permerror before any of them is asked (section 4.6.4).
	"mx-limit": "permerror",
}
