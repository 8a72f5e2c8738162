package paste

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/dns"
)

var update = flag.Bool("update", false, "write the golden files anew")

// long is a TXT datum of more than 255 octets.
var long = "v=DKIM1; k=rsa; p=" + strings.Repeat("MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A", 12)

func plans(t *testing.T) map[string]Plan {
	t.Helper()
	record := func(text string) dns.Record {
		r, err := dns.ParseRR(text)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	apex := []dns.Record{
		record(`example.com. 300 TXT "v=spf1 mx -all"`),
		record(`example.com. 300 TXT "v=spf1 include:_spf.google.com ~all"`),
		record(`example.com. 300 TXT "google-site-verification=abc\"d"`),
	}
	out := make(map[string]Plan)
	for name, c := range map[string]struct {
		change dns.Change
		before []dns.Record
	}{
		"spf": {dns.Change{Action: dns.Replace, Name: "example.com.", Type: dns.TypeTXT, TTL: 3600,
			Data: []string{"v=spf1 mx include:_spf.google.com -all"}, Was: []string{"v=spf1 mx -all", "v=spf1 include:_spf.google.com ~all"}}, apex},
		"dkim":   {dns.Change{Action: dns.Add, Name: "s1._domainkey.example.com.", Type: dns.TypeTXT, TTL: 3600, Data: []string{long}}, nil},
		"mx":     {dns.Change{Action: dns.Replace, Name: "example.com.", Type: dns.TypeMX, TTL: 3600, Data: []string{"10 mail.example.com."}, Was: []string{"10 192.0.2.1."}}, []dns.Record{record("example.com. 300 MX 10 192.0.2.1."), record("example.com. 300 MX 20 mx.example.net.")}},
		"null":   {dns.Change{Action: dns.Add, Name: "example.com.", Type: dns.TypeMX, TTL: 3600, Data: []string{"0 ."}}, nil},
		"remove": {dns.Change{Action: dns.Remove, Name: "example.com.", Type: dns.TypeMX, Was: []string{"0 ."}}, []dns.Record{record("example.com. 600 MX 0 .")}},
		"cname":  {dns.Change{Action: dns.Replace, Name: "_dmarc.example.com.", Type: dns.TypeTXT, TTL: 3600, Data: []string{"v=DMARC1; p=none"}}, []dns.Record{record("_dmarc.example.com. 300 CNAME gone.example.net.")}},
		"tlsa":   {dns.Change{Action: dns.Add, Name: "_25._tcp.mail.example.com.", Type: dns.TypeTLSA, TTL: 3600, Data: []string{"3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}}, nil},
		"ptr":    {dns.Change{Action: dns.Add, Name: "1.2.0.192.in-addr.arpa.", Type: dns.TypePTR, TTL: 3600, Data: []string{"mail.example.com."}}, nil},
	} {
		zone := "example.com"
		if name == "ptr" {
			zone = "2.0.192.in-addr.arpa"
		}
		p, err := NewPlan(c.change, zone, c.before)
		if err != nil {
			t.Fatal(name, err)
		}
		out[name] = p
	}
	return out
}

// TestForms: golden files, one for each form: people paste them.
func TestForms(t *testing.T) {
	all := plans(t)
	for _, f := range Forms {
		var b strings.Builder
		for _, name := range []string{"spf", "dkim", "mx", "null", "remove", "cname", "tlsa", "ptr"} {
			for _, lang := range []string{"en", "ja"} {
				text := f.Write(all[name], lang)
				if !strings.HasSuffix(text, "\n") {
					t.Errorf("%s %s: no line end: %q", f.ID, name, text)
				}
				if lang == "en" || text != f.Write(all[name], "en") {
					b.WriteString("== " + name + " " + lang + "\n" + text)
				}
			}
		}
		path := filepath.Join("testdata", f.ID+".txt")
		if *update {
			if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), b.String()); d != "" {
			t.Errorf("%s (-want +got; -update writes it anew):\n%s", path, d)
		}
	}
}

// TestNothingIsLost: forms of whole record sets keep what the change does not touch.
func TestNothingIsLost(t *testing.T) {
	p := plans(t)["spf"]
	for _, id := range []string{"route53", "terraform-route53", "terraform-cloudflare", "octodns", "dnscontrol"} {
		f, _ := Lookup(id)
		text := f.Write(p, "en")
		if !strings.Contains(text, "google-site-verification") || strings.Contains(text, "v=spf1 mx -all") {
			t.Errorf("%s: %s", id, text)
		}
	}
}

// TestBINDReads: what the zone-file form writes reads back as the records meant.
func TestBINDReads(t *testing.T) {
	f, _ := Lookup("bind")
	for name, p := range plans(t) {
		var got []dns.Record
		for line := range strings.Lines(f.Write(p, "en")) {
			if strings.HasPrefix(line, ";") {
				continue
			}
			r, err := dns.ParseRR(strings.TrimSpace(line))
			if err != nil {
				t.Fatalf("%s: %q: %v", name, line, err)
			}
			got = append(got, r)
		}
		if len(got) != len(p.added()) {
			t.Errorf("%s: %d records, want %d", name, len(got), len(p.added()))
		}
		for i, r := range got {
			if !r.SameData(p.added()[i]) {
				t.Errorf("%s: %q, want %q", name, r.Data, p.added()[i].Data)
			}
			for _, s := range r.CharacterStrings() {
				if len(s) > 255 {
					t.Errorf("%s: a string of %d octets", name, len(s))
				}
			}
		}
	}
}

func TestRoute53IsJSON(t *testing.T) {
	for name, p := range plans(t) {
		var batch struct {
			Changes []struct {
				Action            string
				ResourceRecordSet struct {
					Name, Type      string
					ResourceRecords []struct{ Value string }
				}
			}
		}
		if err := json.Unmarshal([]byte(writeRoute53(p, "en")), &batch); err != nil || len(batch.Changes) == 0 {
			t.Errorf("%s: %v %+v", name, err, batch)
		}
	}
}
