package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/message"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

const customerPassword = "correct horse battery"

// customerDatabase is a database that knows a customer "cus" and keeps keys: what serve is started with.
func customerDatabase(t *testing.T) (args []string) {
	t.Helper()
	dir := t.TempDir()
	master, database := filepath.Join(dir, "master.key"), filepath.Join(dir, "todoku.db")
	if err := os.WriteFile(master, []byte(keys.NewMaster()), 0o600); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	k, err := access.New(access.Config{Store: st})
	if err != nil {
		t.Fatal(err)
	}
	cus, err := k.Add(t.Context(), "cus", customerPassword, access.Customer)
	if err == nil {
		err = st.NewDomainOf(t.Context(), cus.ID, &store.Domain{Name: "seen.example", DKIM: true, Created: time.Now().AddDate(0, -1, 0)}, 1)
	}
	if err == nil {
		err = st.AddMailEvents(t.Context(), seenMail())
	}
	if err != nil {
		t.Fatal(err)
	}
	return []string{"--database", database, "--hostname", "mx.test.example", "--mail-domain", "inbox.test.example", "--master-key-file", master, "--no-blocklists"}
}

// seenMail is mail of seen.example, from sources of several kinds.
func seenMail() (list []store.MailEvent) {
	for i := range 60 {
		at := time.Now().Add(-time.Duration(i) * 4 * time.Hour)
		e := store.MailEvent{ID: store.NewMailEventID(at), At: at, Author: "seen.example", Client: "192.0.2.1", Action: "accept", Outgoing: true}
		switch i % 4 {
		case 0:
			e.User, e.Signed = "a-rather-long-login@seen.example", []string{"d=seen.example s=x"}
		case 1:
			e.Client = ""
		case 2:
			e.Outgoing, e.Client, e.Auth, e.Override = false, "2001:db8:1234:5678:9abc:def0:1234:5678", &store.MailAuth{DMARC: "fail"}, "trusted_forwarder"
		}
		list = append(list, e)
	}
	return list
}

// customerViews are the pages as a customer sees them.
func (g *gallery) customerViews() {
	t := g.t
	n := start(t, "serve", append(customerDatabase(t), "--resolver", "127.0.0.1:9", "--public-url", "http://127.0.0.1:1", "--customer-domains", "3")...)
	site := "http://" + n.http
	in := n.signedIn(t, "/login", url.Values{"name": {"cus"}, "password": {customerPassword}})
	g.add("panel-customer", "/domains", in, g.at(site+"/domains", "#name"))
	g.add("panel-customer-proof", "/domains", in, g.at(site+"/domains", "#name"), send(t, "#name", "a-rather-long-name-of-a-domain.example"), shown(t, "#proof-text"))
	g.add("panel-customer-none", "/domains", in, g.at(site+"/domains?find=nothing", ".empty"))
	g.add("panel-mail", "/domains/{name}", in, g.at(site+"/domains/seen.example", "#mail-h"))
	g.add("tokens", "/tokens", in, g.at(site+"/tokens", "#name"))
	g.add("tokens-made", "/tokens", in, g.at(site+"/tokens", "#name"), fillIn("#name", "deploy"), press(t, `button[value="make"]`), shown(t, "#secret"))
}

// movingZone is a zone that a test changes, as somebody does who pastes records.
type movingZone struct {
	mu   sync.Mutex
	zone dns.Zone
	dns  dns.Resolver
}

func (z *movingZone) set(name string, records ...string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.zone[name] = records
	z.dns = dns.MustMemory(z.zone)
}

// Resolve asks the zone as it is now.
func (z *movingZone) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	z.mu.Lock()
	r := z.dns
	z.mu.Unlock()
	return r.Resolve(ctx, q)
}

// hoster is a mail server whose customers have a panel: Postfix, and one serve with pages, API and milter.
type hoster struct {
	t         *testing.T
	node      *node
	token     string // of the customer
	zone      *movingZone
	dns       *dnstest.Server
	smtp      string
	out, home *sink // for mail to else.example, and to sender.example
	records   map[string]string
}

// nameServer is where the zone is asked: its name servers have to answer at port 53.
const nameServer = "127.0.5.3"

func startHoster(t *testing.T) *hoster {
	t.Helper()
	need(t, "/usr/sbin/postfix", "swaks")
	needRoot(t, "port 53")
	h := &hoster{t: t, zone: &movingZone{zone: dns.Zone{}}, out: startSink(t), home: startSink(t), records: map[string]string{}}
	begin := dns.Zone{
		"cust.example":    {"NS ns.cust.example", "SOA ns.cust.example hostmaster.cust.example 1 7200 900 1209600 1", "TXT v=spf1 ip4:192.0.2.25 -all"},
		"ns.cust.example": {"A " + nameServer}, "srs.b.example": {"TXT v=spf1 ip4:127.0.0.1 -all"}, "sender.example": {"TXT v=spf1 ip4:198.51.100.9 -all"}, "_dmarc.sender.example": {"TXT v=DMARC1; p=reject"},
	}
	for name, records := range begin {
		h.zone.set(name, records...)
	}
	var err error
	if h.dns, err = dnstest.Start(h.zone, nameServer+":53"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.dns.Close() })
	seal := &chain{dir: t.TempDir(), records: h.records}
	sealZone := dns.Zone{}
	sealKey := seal.chainKey(t, sealZone, "b.example", "arc", "rsa")
	for name, records := range sealZone {
		h.zone.set(name, records...)
	}
	secret := filepath.Join(seal.dir, "srs.secret")
	if err := os.WriteFile(secret, []byte("a secret of B\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tables, milter := freePort(t), freePort(t)
	args := append(customerDatabase(t), "--resolver", h.dns.Addr(), "--allow-private", "127.0.0.0/8", "--customer-domains", "4",
		"--milter", inet(milter), "--milter-alias-listen", inet(tables), "--milter-authserv-id", "mail.b.example", "--milter-seal-key", sealKey,
		"--milter-srs-domain", "srs.b.example", "--milter-srs-secret-file", secret, "--milter-unsigned", "reject")
	h.node = start(t, "serve", args...)
	token, err := exec.Command(binary, "token", "create", "--database", args[1], "--name", "deploy", "--customer", "cus", "--scope", "domains").Output()
	if err != nil {
		t.Fatal(err)
	}
	h.token = strings.TrimSpace(string(token))
	h.smtp = freePort(t)
	page, err := os.ReadFile("../docs/panel.md")
	if err != nil {
		t.Fatal(err)
	}
	block := mainBlock.FindSubmatch(page)
	if block == nil {
		t.Fatal("docs/panel.md shows no lines of main.cf")
	}
	runPostfix(t, strings.NewReplacer("127.0.0.1:8891", milter, "127.0.0.1:10004", tables).Replace(string(block[1]))+postfixMilter+"smtpd_authorized_xclient_hosts = 127.0.0.1\nsmtpd_sasl_auth_enable = no\nmynetworks = 198.51.100.7\n"+
		"smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination\nsmtpd_error_sleep_time = 0\nanvil_status_update_time = 1h\n"+
		"remote_header_rewrite_domain =\nlocal_header_rewrite_clients =\n"+
		"default_transport = error:no other way\ntransport_maps = inline:{ {else.example = "+hop(h.out.addr)+"}, {sender.example = "+hop(h.home.addr)+"} }\n", h.smtp+" inet n - n - - smtpd\nanvil unix - - n - 1 anvil\n")
	return h
}

// call asks the API with the customer's token.
func (h *hoster) call(method, path string, body any) (status int, answer string) {
	h.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		h.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(h.t.Context(), method, "http://"+h.node.http+"/api/v1"+path, strings.NewReader(string(text)))
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+h.token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// must asks the API for something that it does.
func (h *hoster) must(method, path string, body any) string {
	h.t.Helper()
	status, answer := h.call(method, path, body)
	if status/100 != 2 {
		h.t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
	return answer
}

// mail sends one from a client, with a login or "" for none.
func (h *hoster) mail(client, login, from, to, author string) (said string, ok bool) {
	h.t.Helper()
	host, port, _ := strings.Cut(h.smtp, ":")
	x := "ADDR=" + client + " NAME=[UNAVAILABLE] HELO=client.example"
	if login != "" {
		x += " LOGIN=" + login
	}
	b, err := exec.Command("swaks", "--server", host, "--port", port, "--xclient", x, "--ehlo", "client.example", "--from", from, "--to", to, "--header", "From: "+author, "--header", "Subject: hello").CombinedOutput()
	return string(b), err == nil
}

// until tries something until it is so: what changes in the panel is known to the mail flow some seconds later.
func (h *hoster) until(what string, ok func() bool) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 40*time.Second)
	defer cancel()
	for !ok() {
		select {
		case <-ctx.Done():
			h.t.Fatalf("waited in vain until %s\n%s", what, h.node.log)
		case <-time.After(300 * time.Millisecond):
		}
	}
}

var proofText = regexp.MustCompile(`todoku-owner=[0-9a-f]+`)

// TestPanelMailFlow: what a customer sets by the API with a token of their own is what Postfix and the milter do: the domain's mail is signed by its
// keys, for the logins that may, and not where DKIM is off; a forwarding address forwards with a rewritten sender and a seal, and its bounce comes home.
func TestPanelMailFlow(t *testing.T) {
	h := startHoster(t)
	h.addDomain()
	h.must("POST", "/domains/cust.example/forwards", map[string]any{"address": "info", "to": []string{"me@else.example"}})
	h.must("POST", "/domains/cust.example", map[string]any{"senders": []string{"shop@cust.example"}})
	h.publishKeys()

	shop := func() (d delivered, said string) {
		said, ok := h.mail("198.51.100.7", "shop@cust.example", "bounce@cust.example", "you@else.example", "Shop <shop@cust.example>")
		if !ok {
			return d, said
		}
		return h.out.next(t, func() string { return said }), said
	}
	h.until("mail of the domain is signed", func() bool {
		d, _ := shop()
		if d.raw == "" {
			return false // not signed yet: refused, as --milter-unsigned says
		}
		passes(t, h.dns.Addr(), h.records, save(t, d.raw))
		return true
	})
	if said, ok := h.mail("198.51.100.7", "eve@cust.example", "bounce@cust.example", "you@else.example", "Shop <shop@cust.example>"); ok || !strings.Contains(said, "unsigned mail is not sent") {
		t.Errorf("a login that may not sign:\n%s", said)
	}
	h.until("the finding is in the log", func() bool { return strings.Contains(h.node.log.String(), "dkim.user-not-allowed") })
	h.forwards()
	h.must("POST", "/domains/cust.example", map[string]any{"dkim": false})
	h.until("DKIM is off", func() bool {
		d, said := shop()
		if d.raw == "" {
			t.Fatalf("refused:\n%s", said)
		}
		return message.Parse([]byte(d.raw)).Count("DKIM-Signature") == 0
	})
}

// addDomain has the customer add a domain, which has to show that it is theirs.
func (h *hoster) addDomain() {
	h.t.Helper()
	status, answer := h.call("POST", "/domains", map[string]any{"name": "cust.example"})
	proof := proofText.FindString(answer)
	if status != http.StatusUnprocessableEntity || proof == "" {
		h.t.Fatalf("%d %s", status, answer)
	}
	h.zone.set("_todoku.cust.example", "TXT "+proof)
	h.must("POST", "/domains", map[string]any{"name": "cust.example"})
}

// publishKeys makes keys, pastes their records, and looks until they sign.
func (h *hoster) publishKeys() {
	h.t.Helper()
	type detail struct {
		Keys []struct {
			State  string
			Record struct {
				Change struct {
					Name string
					Data []string
				}
			}
		}
	}
	read := func(answer string) (d detail) {
		if err := json.Unmarshal([]byte(answer), &d); err != nil {
			h.t.Fatal(err)
		}
		return d
	}
	for _, k := range read(h.must("POST", "/domains/cust.example/keys", nil)).Keys {
		name := strings.TrimSuffix(k.Record.Change.Name, ".")
		h.records[name] = k.Record.Change.Data[0]
		h.zone.set(name, "TXT "+k.Record.Change.Data[0])
	}
	h.until("the keys sign", func() bool {
		d := read(h.must("POST", "/domains/cust.example/look", nil))
		return len(d.Keys) == 2 && d.Keys[0].State == "signing" && d.Keys[1].State == "signing"
	})
}

// forwards sends mail of a stranger to the forwarding address, and a bounce to whom it says that it is from.
func (h *hoster) forwards() {
	t := h.t
	t.Helper()
	said, ok := h.mail("198.51.100.9", "", "bounce@sender.example", "info+tag@cust.example", "Me <me@sender.example>")
	if ok {
		t.Errorf("Postfix has no recipient_delimiter here:\n%s", said)
	}
	if said, ok = h.mail("198.51.100.9", "", "bounce@sender.example", "nobody@cust.example", "Me <me@sender.example>"); ok || !strings.Contains(said, "550 5.1.1") {
		t.Errorf("an address that is none:\n%s", said)
	}
	if said, ok = h.mail("198.51.100.9", "", "", "nobody@srs.b.example", "Me <me@sender.example>"); ok || !strings.Contains(said, "550 5.1.1") {
		t.Errorf("an address of the domain of rewritten senders that is none:\n%s", said)
	}
	if said, ok = h.mail("198.51.100.9", "", "bounce@sender.example", "info@cust.example", "Me <me@sender.example>"); !ok {
		t.Fatalf("%s\n%s", said, h.node.log)
	}
	d := h.out.next(t, func() string { return said })
	if !strings.HasPrefix(d.from, "SRS0=") || !strings.HasSuffix(d.from, "=sender.example=bounce@srs.b.example") || fmt.Sprint(d.to) != "[me@else.example]" {
		t.Errorf("from %s to %v", d.from, d.to)
	}
	m := message.Parse([]byte(d.raw))
	for name, want := range map[string]string{"X-Forwarded-For": "info@cust.example me@else.example", "X-Forwarded-To": "me@else.example"} {
		if f, _ := m.First(name); f.Unfolded() != want {
			t.Errorf("%s: %q", name, f.Unfolded())
		}
	}
	out, err := exec.Command(binary, "arc", "verify", "--json", "--resolver", h.dns.Addr(), save(t, d.raw)).CombinedOutput()
	if err != nil || !strings.Contains(string(out), `"result":"pass"`) {
		t.Errorf("the seal: %v %s", err, out)
	}
	if said, ok = h.mail("198.51.100.20", "", "<>", d.from, "MAILER-DAEMON@else.example"); !ok {
		t.Fatalf("the bounce is not taken:\n%s", said)
	}
	if b := h.home.next(t, func() string { return said }); b.from != "" || fmt.Sprint(b.to) != "[bounce@sender.example]" {
		t.Errorf("the bounce: from %q to %v", b.from, b.to)
	}
}
