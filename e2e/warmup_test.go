package e2e

import (
	"net/url"
)

// warmupViews are the plans: none yet, a mistake, some, and the calendar of an address.
func (g *gallery) warmupViews(empty *node) {
	t := g.t
	n := serve(t, "--resolver", "127.0.0.1:9", "--no-blocklists")
	site := "http://" + n.http
	at := n.post(t, "/warmup", url.Values{"source": {"192.0.2.1"}, "provider": {"gmail"}, "target": {"1000"}, "days": {"10"}})
	n.post(t, "/warmup", url.Values{"source": {"192.0.2.1"}, "provider": {"*"}, "table": {"generic"}})
	n.post(t, at, url.Values{"do": {"hold"}, "provider": {"*"}, "reason": {"a new newsletter"}})
	g.add("warmup-none", "/warmup", g.at("http://"+empty.http+"/warmup", "#source"))
	g.add("warmup", "/warmup", g.at(site+"/warmup", "#plans-h"))
	g.add("warmup-source", "/warmup/{source}", g.at(site+at, ".calendar"))
}
