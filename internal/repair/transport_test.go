package repair

import (
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/bimi"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/mtasts"
	"github.com/todoku/todoku/tlsrpt"
)

func TestSTSRecord(t *testing.T) {
	id := STSID(time.Date(2026, 11, 25, 21, 0, 0, 0, time.FixedZone("JST", 9*3600)))
	if id != "20261125T120000Z" {
		t.Errorf("id %s", id)
	}
	for _, c := range []struct {
		texts []string
		want  string
	}{
		{nil, "v=STSv1; id=" + id + ";"},
		{[]string{"V=stsv1 ID: 20260101"}, "v=STSv1; id=20260101;"},
		{[]string{"“v=STSv1; id=ａｂｃ;”"}, "v=STSv1; id=abc;"},
		{[]string{"v=STSv1; id=2026-01-01;"}, "v=STSv1; id=" + id + ";"},
		{[]string{"v=STSv1; id=1;", "v=STSv1;id=1"}, "v=STSv1; id=1;"},
		{[]string{"v=STSv1; id=1;", "v=STSv1; id=2;"}, "v=STSv1; id=" + id + ";"},
	} {
		if got := STSRecord(c.texts, id); got != c.want {
			t.Errorf("%q: got %s, want %s", c.texts, got, c.want)
		}
	}
}

func TestSTSPolicy(t *testing.T) {
	if got, want := STSPolicy(nil, []string{"mx1.example.com", "mx2.example.com"}),
		"version: STSv1\r\nmode: testing\r\nmx: mx1.example.com\r\nmx: mx2.example.com\r\nmax_age: 604800\r\n"; got != want {
		t.Errorf("got %q", got)
	}
	old := mtasts.ParsePolicy([]byte("version: STSv1\nmode: enforce\nmx: *.example.net\nmax_age: 86400\n"))
	if got, want := STSPolicy(old, []string{"mx.example.net", "mx.example.com"}),
		"version: STSv1\r\nmode: enforce\r\nmx: *.example.net\r\nmx: mx.example.com\r\nmax_age: 86400\r\n"; got != want {
		t.Errorf("what was right is not kept: %q", got)
	}
}

func TestTLSRPTRecord(t *testing.T) {
	const fallback = "mailto:postmaster@example.com"
	for _, c := range []struct {
		texts, dead []string
		want        string
		dropped     int
	}{
		{nil, nil, "v=TLSRPTv1; rua=" + fallback, 0},
		{[]string{"v=TLSRPTv1; rua=tls@example.com"}, nil, "v=TLSRPTv1; rua=mailto:tls@example.com", 0},
		{[]string{"v=TLSRPT1; rua= mailto: tls@example.com ; https://r.example.net/v1"}, nil, "v=TLSRPTv1; rua=mailto:tls@example.com,https://r.example.net/v1", 0},
		{[]string{"v=TLSRPTv1; rua=mailto:a@example.com", "v=TLSRPTv1; rua=mailto:b@example.com,mailto:a@example.com"}, nil, "v=TLSRPTv1; rua=mailto:a@example.com,mailto:b@example.com", 0},
		{[]string{"v=TLSRPTv1; rua=mailto:a@gone.example"}, []string{"mailto:a@gone.example"}, "v=TLSRPTv1; rua=" + fallback, 1},
		{[]string{"v=TLSRPTv1; rua='mailto:a@example.com!10m'"}, nil, "v=TLSRPTv1; rua=mailto:a@example.com", 0},
		{[]string{"v=TLSRPTv1; rua=mailto:a@例え.example"}, nil, "v=TLSRPTv1; rua=mailto:a@xn--r8jz45g.example", 0},
		{[]string{"v=TLSRPTv1; rua=mailto:a@b@c"}, nil, "v=TLSRPTv1; rua=" + fallback, 1},
	} {
		got, dropped := TLSRPTRecord(c.texts, c.dead, fallback)
		if got != c.want || len(dropped) != c.dropped {
			t.Errorf("%q: got %s, dropped %q; want %s, %d", c.texts, got, dropped, c.want, c.dropped)
		}
	}
	if got, _ := TLSRPTRecord(nil, nil, "mailto:postmaster@_bad.example"); got != "" {
		t.Errorf("an address that is none: %s", got)
	}
}

func TestBIMIRecord(t *testing.T) {
	for _, c := range []struct {
		texts []string
		want  string
	}{
		{[]string{"v=bimi1 l=http://example.com/a.svg a=example.com/vmc.pem"}, "v=BIMI1; l=https://example.com/a.svg; a=https://example.com/vmc.pem;"},
		{[]string{"v=BIMI1; l=https://example.com/a.svg", "v=BIMI1; l=https://example.com/a.svg; a="}, "v=BIMI1; l=https://example.com/a.svg; a=;"},
		{[]string{"v=BIMI1; l=https://example.com/a.svg", "v=BIMI1; l=https://example.com/b.svg"}, ""},
		{[]string{"v=BIMI1; a=https://example.com/vmc.pem"}, ""},
		{nil, ""},
	} {
		if got := BIMIRecord(c.texts); got != c.want {
			t.Errorf("%q: got %q, want %q", c.texts, got, c.want)
		}
	}
}

func TestLooksLike(t *testing.T) {
	for text, want := range map[string][3]bool{
		"v=STSv1; id=1": {true}, "v=MTA-STSv1; id=1": {true}, "V = sts1 ;id=1": {true},
		"v=TLSRPTv1; rua=": {false, true}, "v=TLS-RPT1": {false, true}, "\"v=tlsrptv1;": {false, true},
		"v=BIMI1; l=": {false, false, true}, "“v=BIMI1;”": {false, false, true},
		"v=spf1 -all": {}, "v=DMARC1; p=none": {}, "": {}, "costs=1": {}, "bimi": {},
	} {
		if got := [3]bool{LooksLikeSTS(text), LooksLikeTLSRPT(text), LooksLikeBIMI(text)}; got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestText: a record behind a CNAME is put right where it stands.
func TestText(t *testing.T) {
	zone := dns.MustMemory(dns.Zone{"_mta-sts.example.com": {"CNAME _sts.example.net"}, "_sts.example.net": {"TXT v=STSv1; id=-"}})
	a := zone.Resolve(t.Context(), dns.Question{Name: "_mta-sts.example.com", Type: dns.TypeTXT})
	if c := Text(a, []string{"v=STSv1; id=-"}, "v=STSv1; id=1;"); c.Name != "_sts.example.net." || c.Action != dns.Replace {
		t.Errorf("got %+v", c)
	}
	if c := Text(a, nil, "v=STSv1; id=1;"); c.Action != dns.Add || c.Validate() != nil {
		t.Errorf("got %+v", c)
	}
}

// FuzzTransportRecords: whatever was published, what is proposed is valid and short.
func FuzzTransportRecords(f *testing.F) {
	for _, s := range []string{"v=STSv1; id=1;", "v=TLSRPTv1; rua=mailto:a@b.example,https://c.example/", "v=BIMI1; l=http://a.example/b.svg; a=c.example/d.pem", "“ｖ＝ＳＴＳｖ１", strings.Repeat("a@b.example,", 100)} {
		f.Add(s, "")
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		texts := []string{one, two}
		if r := mtasts.ParseRecord(STSRecord(texts, "1")); !r.Valid() || len(r.Problems) > 0 {
			t.Errorf("STS: %q", r.Raw)
		}
		rpt, _ := TLSRPTRecord(texts, nil, "mailto:postmaster@example.com")
		if r := tlsrpt.ParseRecord(rpt); !r.Valid() || len(r.Problems) > 0 {
			t.Errorf("TLSRPT: %q %+v", rpt, r.Problems)
		}
		if b := BIMIRecord(texts); b != "" && !bimi.ParseRecord(b).Valid() {
			t.Errorf("BIMI: %q", b)
		}
		for _, like := range []func(string) bool{LooksLikeSTS, LooksLikeTLSRPT, LooksLikeBIMI} {
			like(one)
		}
	})
}
