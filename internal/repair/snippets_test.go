package repair

import (
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
)

// TestConfigure: settings name the domain, and nothing hostile gets into them.
func TestConfigure(t *testing.T) {
	for _, c := range []struct{ domain, want, not string }{
		{"shop.example", "Domain shop.example\n", "{domain}"},
		{"x;\nModule evil", "Domain example.com\n", "evil"},
		{"", "Domain example.com\n", "{domain}"},
	} {
		fs := []catalogue.Finding{{ID: "dkim.none", Status: catalogue.Warn}, {ID: "dkim.none", Status: catalogue.Pass}}
		Configure(fs, c.domain)
		var all string
		for _, s := range fs[0].Snippets {
			all += s.For + "\n" + s.Text
		}
		if !strings.Contains(all, c.want) || strings.Contains(all, c.not) {
			t.Errorf("%q: %s", c.domain, all)
		}
		for _, program := range []string{"Postfix", "Exim", "opendkim", "rspamd", "Sendmail"} {
			if !strings.Contains(all, program) {
				t.Errorf("nothing for %s", program)
			}
		}
		if len(fs[1].Snippets) > 0 {
			t.Error("a pass needs no setting")
		}
	}
	fs := []catalogue.Finding{{ID: "ptr.missing", Status: catalogue.Fail, DNS: []dns.Change{{Action: dns.Add, Name: "1.2.0.192.in-addr.arpa.", Type: dns.TypePTR, Data: []string{"mx1.example.com."}}}}}
	Configure(fs, "example.com")
	if !strings.Contains(fs[0].Snippets[0].Text, "myhostname = mx1.example.com") {
		t.Errorf("%+v", fs[0].Snippets)
	}
}
