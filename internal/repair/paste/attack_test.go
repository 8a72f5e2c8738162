package paste

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/todoku/todoku/dns"
)

// evil are texts that anybody can put beside the record that a repair is about.
var evil = []string{
	"x\nmx evil.example 10",
	"x\r\nupdate delete example.com. ANY",
	"x\nsend\n",
	"\"\n} resource \"null_resource\" \"x\" { provisioner \"local-exec\" { command = \"id\" } }",
	"${file(\"/etc/passwd\")} %{ for x in y }",
	"$${x} $$${x}",
	"\"), A(\"@\", \"203.0.113.1\"), TXT(\"",
	"\"\n  type: A\n  value: 203.0.113.1\n",
	"\x1b[2J\x1b]0;title\x07 \x9b31m \u202egro.elpmaxe \u2028 \u200b \x7f \x00",
	"; remove: all", "# comment", "\\", "\\\"", "a\\", "</pre><script>alert(1)</script>", "`id` $(id)",
	strings.Repeat("\"", 300), strings.Repeat("\\", 300), strings.Repeat("\u3042", 200),
}

// TestAttackTexts: what stands beside a record keeps its meaning in every form. No form
// has more lines than for harmless texts, and none has an octet that a terminal obeys.
func TestAttackTexts(t *testing.T) {
	change := dns.Change{Action: dns.Replace, Name: "example.com.", Type: dns.TypeTXT, TTL: 3600, Data: []string{"v=spf1 -all"}, Was: []string{"v=spf1 +all"}}
	plan := func(c dns.Change, texts []string) Plan {
		t.Helper()
		before := []dns.Record{{Name: "example.com", Type: dns.TypeTXT, TTL: 300, Data: "v=spf1 +all"}}
		for _, s := range texts {
			before = append(before, dns.Record{Name: "example.com", Type: dns.TypeTXT, TTL: 300, Data: s})
		}
		p, err := NewPlan(c, "example.com", before)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, text := range evil {
		for what, c := range map[string]dns.Change{
			"kept":    change,
			"removed": {Action: dns.Remove, Name: "example.com.", Type: dns.TypeTXT, TTL: 3600, Was: []string{text}},
			"added":   {Action: dns.Add, Name: "example.com.", Type: dns.TypeTXT, TTL: 3600, Data: []string{text}},
		} {
			for _, form := range Forms {
				harmless := c
				same := []string{strings.Repeat("x", len(text))}
				if what == "removed" {
					harmless.Was = same
				}
				if what == "added" {
					harmless.Data, same = same, nil
				}
				texts := []string{text}
				if what == "added" {
					texts = nil
				}
				got, want := form.Write(plan(c, texts), "en"), form.Write(plan(harmless, same), "en")
				if strings.Count(got, "\n") != strings.Count(want, "\n") && !strings.Contains(got, "no text") {
					t.Errorf("%s, %s: %q gives other lines:\n%s", form.ID, what, text, got)
				}
				if i := strings.IndexFunc(got, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
					t.Errorf("%s, %s: %q shows %q", form.ID, what, text, got[i:min(len(got), i+10)])
				}
			}
		}
	}
}

// TestAttackTextsRoundTrip: the zone file and the JSON forms give back every octet.
func TestAttackTextsRoundTrip(t *testing.T) {
	for _, text := range append(evil, "\xff\xfe\x80") {
		p, err := NewPlan(dns.Change{Action: dns.Add, Name: "example.com.", Type: dns.TypeTXT, TTL: 3600, Data: []string{text}}, "example.com", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"bind", "route53"} {
			form, _ := Lookup(id)
			line := strings.TrimSpace(form.Write(p, "en"))
			if id == "route53" {
				var batch struct {
					Changes []struct {
						Set struct {
							Records []struct{ Value string } `json:"ResourceRecords"`
						} `json:"ResourceRecordSet"`
					}
				}
				if err := json.Unmarshal([]byte(line), &batch); err != nil {
					t.Fatal(err)
				}
				line = "example.com. 3600 IN TXT " + batch.Changes[0].Set.Records[0].Value
			}
			r, err := dns.ParseRR(line)
			if err != nil || r.Data != text {
				t.Errorf("%s: %q came back as %q (%v)", id, text, r.Data, err)
			}
		}
	}
}

// TestAttackNames: a name from a record of someone else (a report address, an exchanger)
// breaks out of no form.
func TestAttackNames(t *testing.T) {
	for _, name := range []string{"a b.example", "a;b.example", "a\nb.example", "a\"b.example", "a${b}.example", "a(b.example", "a\\b.example", "a'b.example", "$x.example", "a\x1b[31m.example", "@.example", "a#b.example", "a\u202eb.example"} {
		for _, c := range []dns.Change{
			{Action: dns.Add, Name: "example.com._report._dmarc." + name, Type: dns.TypeTXT, TTL: 60, Data: []string{"v=DMARC1"}},
			{Action: dns.Replace, Name: "example.com", Type: dns.TypeMX, TTL: 60, Data: []string{"10 mail.example.com."}, Was: []string{"10 " + name}},
		} {
			before := []dns.Record{{Name: "example.com", Type: dns.TypeMX, TTL: 60, Pref: 10, Data: name}, {Name: "example.com", Type: dns.TypeMX, TTL: 60, Pref: 20, Data: "x." + name}}
			p, err := NewPlan(c, "example.com", before)
			if err != nil {
				continue // refused is well
			}
			for _, form := range Forms {
				got := form.Write(p, "en")
				if strings.Contains(got, "a\nb") || strings.Contains(got, "\x1b") || strings.Contains(got, "\u202e") {
					t.Errorf("%s: %q shows as it is:\n%q", form.ID, name, got)
				}
				switch form.ID {
				case "bind", "nsupdate", "route53":
					for _, raw := range []string{"a b", "a;b", "a(b"} {
						if strings.Contains(got, raw+".example") {
							t.Errorf("%s: %q is not escaped:\n%s", form.ID, name, got)
						}
					}
				case "terraform-route53", "terraform-cloudflare":
					if strings.Contains(got, "a${b}") && !strings.Contains(got, "a$${b}") {
						t.Errorf("%s: a template:\n%s", form.ID, got)
					}
				}
			}
		}
	}
}
