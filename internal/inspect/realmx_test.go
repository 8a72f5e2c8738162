package inspect

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/survey"
	"github.com/todoku/todoku/internal/testcorpus"
)

// realZone holds the real records, and an address for every exchanger: the collection
// has none of the hosts outside it.
func realZone(t *testing.T) (zone dns.Resolver, domains []string) {
	t.Helper()
	z := dns.Zone{}
	withMX := make(map[string]bool)
	var hosts []string
	for line := range strings.Lines(string(testcorpus.Read(t, "realdns/records.jsonl"))) {
		var r struct{ Name, Type, Data string }
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		z[r.Name] = append(z[r.Name], r.Type+" "+r.Data)
		if r.Type == "MX" {
			withMX[r.Name] = true
			_, host, _ := strings.Cut(r.Data, " ")
			hosts = append(hosts, host)
		}
	}
	for _, h := range hosts {
		if h = dns.CanonicalName(h); h != "" && h != "." && z[h] == nil {
			z[h] = []string{"A 192.0.2.1", "AAAA 2001:db8::1"}
		}
	}
	m, err := dns.NewMemory(z)
	if err != nil {
		t.Fatal(err)
	}
	return m, slices.Sorted(maps.Keys(withMX))
}

// TestRealMX: the exchangers of real public-sector domains. All but those named here
// are in order, and nothing is said against them.
func TestRealMX(t *testing.T) {
	zone, domains := realZone(t)
	got := make(map[string][]string)
	for _, name := range domains {
		for _, f := range Domain(survey.Look(context.Background(), zone, name, survey.Options{Now: noon, DNSOnly: true})) {
			area := catalogue.Area(f.ID)
			if (area == "mx" || area == "dns") && (f.Status == catalogue.Fail || f.Status == catalogue.Warn) {
				got[name] = append(got[name], string(f.Status)+" "+f.ID+" "+f.Subject)
			}
		}
	}
	want := map[string][]string{
		// Null MX beside an SPF record that lets SendGrid send, with its DKIM selectors in place.
		"design102.justice.gov.uk": {"warn mx.null-sending design102.justice.gov.uk"},
		// The same with a survey service, whose include is misspelt ("nclude:").
		"hmctssurvey.justice.gov.uk": {"warn mx.null-sending hmctssurvey.justice.gov.uk"},
	}
	if d := cmp.Diff(want, got); d != "" || len(domains) < 300 {
		t.Errorf("of %d domains: %s", len(domains), d)
	}
}
