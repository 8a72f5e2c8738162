package e2e

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/internal/keys"
)

// panelNode is a server that keeps keys, and has a domain in the panel.
func panelNode(t *testing.T) *node {
	t.Helper()
	file := filepath.Join(t.TempDir(), "master.key")
	if err := os.WriteFile(file, []byte(keys.NewMaster()), 0o600); err != nil {
		t.Fatal(err)
	}
	zone := dnstest.New(t, dns.MustMemory(dns.Zone{
		"shop.example":        {"MX 10 mail.shop.example", "TXT v=spf1 ip4:192.0.2.25 -all", "NS ns.shop.example", "SOA ns.shop.example hostmaster.shop.example 1 7200 900 1209600 300"},
		"mail.shop.example":   {"A 192.0.2.25"},
		"ns.shop.example":     {"A 127.0.0.1"},
		"_dmarc.shop.example": {"TXT v=DMARC1; p=none"},
	}))
	return serve(t, "--resolver", zone.Addr(), "--no-blocklists", "--master-key-file", file)
}

// domainViews are the panel: without a domain, with some, a file that cannot be used, and a domain with keys, a policy and its evidence.
func (g *gallery) domainViews() {
	t := g.t
	empty, n := panelNode(t), panelNode(t)
	site := "http://" + n.http
	n.post(t, "/domains", url.Values{"name": {"new.example"}})
	at := n.post(t, "/domains", url.Values{"name": {"shop.example"}})
	n.post(t, at, url.Values{"do": {"keys"}})
	n.post(t, at, url.Values{"do": {"save"}, "dkim": {"on"}, "dmarc": {"reject"}, "sure": {"yes"}, "senders": {"shop@shop.example\nann"}})
	n.post(t, at+"/forwards", url.Values{"do": {"set"}, "address": {"@shop.example"}, "to": {"all@a-rather-long-name-of-a-domain.example"}})
	n.post(t, at+"/forwards", url.Values{"do": {"set"}, "address": {"info"}, "to": {"me@else.example you@else.example"}, "keep": {"on"}})
	n.checked(t, "shop.example")
	n.post(t, "/domains/new.example", url.Values{"do": {"save"}})
	n.post(t, "/domains/new.example", url.Values{"do": {"disable"}})
	g.add("panel-none", "/domains", g.at("http://"+empty.http+"/domains", "#name"))
	g.add("panel-list", "/domains", g.at(site+"/domains?done=1", "#name"))
	g.add("panel-new", "/domains/{name}", g.at(site+"/domains/new.example", "#settings-h"))
	g.add("panel-forwards", "/domains/{name}/forwards", g.at(site+"/domains/shop.example/forwards", "#advice-h"))
	g.add("panel-forwards-none", "/domains/{name}/forwards", g.at(site+"/domains/new.example/forwards", "#advice-h"))
	g.add("panel-unsure", "/domains/{name}", g.at(site+"/domains/new.example", "#settings-h"), press(t, "#p-reject"), press(t, `button[value="save"]`), shown(t, "#sure"))
	g.add("panel-removing", "/domains/{name}", g.at(site+"/domains/shop.example", "#settings-h"), press(t, `button[value="remove"]`), shown(t, "#removing"))
	g.add("panel-stale", "/domains/{name}", g.at(site+"/domains/shop.example", "#settings-h"), fillIn(`input[name="version"]`, "1"), press(t, `button[value="save"]`), shown(t, ".notice.is-fail[role=alert]"))
	g.add("panel-saved", "/domains/{name}", g.at(site+"/domains/new.example?did=save", `[role="status"]`))
	g.add("panel-removed", "/domains", g.at(site+"/domains?did=remove", `[role="status"]`))
	g.add("panel-suffix", "/domains", g.at(site+"/domains", "#name"), send(t, "#name", "co.jp"), shown(t, ".notice.is-fail[role=alert]"))
	g.add("panel-not-found", "/domains", g.at(site+"/domains?find=nothing", ".empty"))
	g.add("panel-domain", "/domains/{name}", g.at(site+"/domains/shop.example?form=bind", "#dmarc-record"))
}
