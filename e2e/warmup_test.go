package e2e

import (
	"errors"
	"net/url"
	"path/filepath"
	"time"

	"github.com/todoku/todoku/internal/store"
)

// warmupViews are the mail flow: messages, volume, plans, the calendar of an address; and where there are none yet.
func (g *gallery) warmupViews(empty *node) {
	t := g.t
	database := filepath.Join(t.TempDir(), "flow.db")
	n := serve(t, "--database", database, "--resolver", "127.0.0.1:9", "--no-blocklists")
	site := "http://" + n.http
	at := n.post(t, "/warmup", url.Values{"source": {"192.0.2.1"}, "provider": {"gmail"}, "target": {"1000"}, "days": {"10"}})
	n.post(t, "/warmup", url.Values{"source": {"192.0.2.1"}, "provider": {"*"}, "table": {"generic"}})
	n.post(t, at, url.Values{"do": {"hold"}, "provider": {"*"}, "reason": {"a new newsletter"}})
	now := time.Now()
	st, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if err := errors.Join(st.AddMailEvents(t.Context(), []store.MailEvent{{
		ID: store.NewMailEventID(now), At: now, Outgoing: true, Queue: "4Yx0Jq1RZz", Author: "shop.example", MailFrom: "news@shop.example", Rcpts: []string{"customer@gmail.com"}, RcptCount: 1, Action: "accept", Reason: "no key",
		Findings: [][2]string{{"dkim.no-key", "there is no key for shop.example, the domain of From"}},
	}, {
		ID: store.NewMailEventID(now), At: now, Queue: "4Yx0Jq1RZa", Author: "bank.example", MailFrom: "x@elsewhere.example", Rcpts: []string{"me@shop.example"}, RcptCount: 1, Action: "reject", Outcome: "dmarc-reject", Client: "198.51.100.7",
		Results: "spf=fail smtp.mailfrom=x@elsewhere.example; dmarc=fail header.from=bank.example",
	}}), st.AddVolume(t.Context(), []store.Volume{{Day: now.UTC().Format(time.DateOnly), Source: "192.0.2.1", Provider: "gmail", Author: "shop.example", Messages: 12, Paced: 3}})); err != nil {
		t.Fatal(err)
	}
	g.add("mail", "/mail", g.at(site+"/mail", "#found-h"))
	g.add("mail-none", "/mail", g.at(site+"/mail?q=nobody@nowhere.example", ".empty"))
	g.add("mail-mistake", "/mail", g.at(site+"/mail?from=soon", "#from-error"))
	g.add("volume", "/volume", g.at(site+"/volume", "table"))
	g.add("volume-none", "/volume", g.at("http://"+empty.http+"/volume", ".empty"))
	g.add("finding", "/findings/{id}", g.at(site+"/findings/dkim.no-key", "main h2"))
	g.add("warmup-none", "/warmup", g.at("http://"+empty.http+"/warmup", "#source"))
	g.add("warmup", "/warmup", g.at(site+"/warmup", "#plans-h"))
	g.add("warmup-source", "/warmup/{source}", g.at(site+at, ".calendar"))
}
