package inspect

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/survey"
)

// spfFindings gives "status id" of the area spf for example.com.
func spfFindings(t *testing.T, z dns.Zone, o survey.Options) (words []string, all []catalogue.Finding) {
	t.Helper()
	d := survey.Look(t.Context(), dns.MustMemory(z), "example.com", o)
	for _, f := range Domain(d) {
		if catalogue.Area(f.ID) == "spf" {
			words = append(words, string(f.Status)+" "+f.ID)
			all = append(all, f)
			if strings.Contains(f.Title("en")+f.Detail("en")+f.Fix("en")+strings.Join(f.Steps("en"), ""), "{") && !strings.Contains(f.Args["term"], "%{") {
				t.Errorf("%s has a placeholder without a value: %s %s", f.ID, f.Title("en"), f.Detail("en"))
			}
		}
	}
	return words, all
}

func TestSPFFindings(t *testing.T) {
	own := func(more ...string) dns.Zone {
		return dns.Zone{
			"example.com":      append([]string{"MX 10 mail.example.com.", "A 192.0.2.80"}, more...),
			"mail.example.com": {"A 192.0.2.25"}, "a.example": {`TXT "v=spf1 ip4:198.51.100.1 -all"`}, "down.example": {"SERVFAIL"},
		}
	}
	long := strings.Repeat("x", 200)
	for _, tt := range []struct {
		name string
		zone dns.Zone
		want []string
	}{
		{"in order", own(`TXT "v=spf1 mx -all"`), []string{"pass spf.record"}},
		{"RFC 7208 section 4.4: a failure is not absence", dns.Zone{"example.com": {"SERVFAIL TXT", "MX 10 mail.example.com."}}, []string{"unknown spf.temperror"}},
		{"a failure below leaves nothing in order and nothing broken", own(`TXT "v=spf1 include:down.example a:down.example -all"`), []string{"unknown spf.temperror"}},
		{"void names of one's own domain are a habit of panels", dns.Zone{"example.com": {"NS ns.example.", `TXT "v=spf1 a mx -all"`}}, []string{"info spf.void-term", "info spf.dropped-terms", "pass spf.record"}},
		{"taste is not argued", own(`TXT "v=spf1 mx ?all"`), []string{"info spf.neutral-all", "pass spf.record"}},
		{"long answers work over TCP", own(`TXT "v=spf1 mx -all"`, `TXT "`+long+`"`, `TXT "`+long+`y"`, `TXT "`+long+`z"`), []string{"info spf.long-answer", "pass spf.record"}},
		{"macros are not followed", own(`TXT "v=spf1 mx exists:%{i}.x.example -all"`), []string{"info spf.macros", "pass spf.record"}},
		{"near the limit", own(`TXT "v=spf1 mx a include:a.example a:mail.example.com mx:example.com exists:a.%{d} exists:b.%{d} exists:c.%{d} exists:d.%{d} -all"`),
			[]string{"info spf.macros", "info spf.near-limit", "pass spf.record"}},
		{"a valid record beside one that is not recognised", own(`TXT "v=spf1 mx -all"`, `TXT "v=spf1include:a.example -all"`), []string{"warn spf.unrecognised", "pass spf.record"}},
		{"no mail host, no address", dns.Zone{"example.com": {"NS ns.example."}}, []string{"info spf.none-parked"}},
		{"does not exist", dns.Zone{"other.example": {"A 192.0.2.1"}}, nil},
		{"mail at a stranger: nobody is known to send", dns.Zone{"example.com": {"MX 10 mx.stranger.example."}}, []string{"fail spf.none"}},
		{"redirect to everybody", dns.Zone{"example.com": {"MX 10 mail.example.com.", `TXT "v=spf1 redirect=open.example"`}, "open.example": {`TXT "v=spf1 +all"`}, "mail.example.com": {"A 192.0.2.25"}},
			[]string{"warn spf.plus-all", "info spf.flattened", "pass spf.record"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, all := spfFindings(t, tt.zone, survey.Options{}); !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q\n%+v", got, tt.want, all)
			}
		})
	}
}

// TestSPFOneChange: all that is wrong at once is cured by one and the same change.
func TestSPFOneChange(t *testing.T) {
	_, all := spfFindings(t, dns.Zone{
		"example.com": {
			"MX 10 mail.example.com.", `TXT "v=spf1 mx ipv4:192.0.2.7 include:gone.example -all"`, `TXT "v=spf1 ptr a:mail.example.com ~all include:a.example"`,
			`TXT "spf2.0/pra mx -all"`, `TXT "google-site-verification=x"`,
		},
		"mail.example.com": {"A 192.0.2.25"}, "a.example": {`TXT "v=spf1 ip4:198.51.100.1 -all"`},
	}, survey.Options{IPs: []netip.Addr{netip.MustParseAddr("203.0.113.5")}})
	const want = "v=spf1 mx ip4:192.0.2.7 a:mail.example.com include:a.example ip4:203.0.113.5 ~all"
	seen := 0
	for _, f := range all {
		if len(f.DNS) == 0 {
			t.Errorf("%s has no repair", f.ID)
			continue
		}
		c := f.DNS[0]
		if len(f.DNS) != 1 || c.Action != dns.Replace || !slices.Equal(c.Data, []string{want}) || len(c.Was) != 3 {
			t.Errorf("%s: %+v\nwant %q", f.ID, f.DNS, want)
		}
		seen++
	}
	if seen < 6 {
		t.Errorf("only %d findings", seen)
	}
}

// TestSPFForOneClient: what is void for an IPv6 client alone is said for its address.
func TestSPFForOneClient(t *testing.T) {
	z := dns.Zone{"example.com": {"MX 10 mail.example.com.", "A 192.0.2.1", `TXT "v=spf1 a mx a:mail.example.com -all"`}, "mail.example.com": {"A 192.0.2.25"}}
	if got, _ := spfFindings(t, z, survey.Options{}); !slices.Equal(got, []string{"pass spf.record"}) {
		t.Errorf("got %q", got)
	}
	got, all := spfFindings(t, z, survey.Options{IPs: []netip.Addr{netip.MustParseAddr("2001:db8::25")}})
	if !slices.Equal(got, []string{"fail spf.too-many-void-lookups"}) || len(all[0].DNS) != 1 || all[0].DNS[0].Data[0] != "v=spf1 ip6:2001:db8::25 a mx a:mail.example.com -all" {
		t.Errorf("got %q %+v", got, all)
	}
}

// TestSPFTreeIsShown: the evidence says what each term costs.
func TestSPFTreeIsShown(t *testing.T) {
	_, all := spfFindings(t, dns.Zone{
		"example.com": {"MX 10 mail.example.com.", `TXT "v=spf1 mx ip4:192.0.2.9 include:a.example -all"`}, "mail.example.com": {"A 192.0.2.25"},
		"a.example": {`TXT "v=spf1 include:b.example a:h.example -all"`}, "b.example": {`TXT "v=spf1 ip4:198.51.100.1 -all"`}, "h.example": {"A 198.51.100.2"},
	}, survey.Options{})
	want := "[v=spf1 mx ip4:192.0.2.9 include:a.example -all mx = 1 include:a.example = 3   include:b.example = 1   a:h.example = 1]"
	if got := fmt.Sprint(all[0].Evidence); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
