package publish

import (
	"encoding/base64"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	miekg "github.com/miekg/dns"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/knottest"
)

const tsigSecret = knottest.Secret

func testKey(t *testing.T, secret string) *TSIG {
	t.Helper()
	k, err := ParseTSIG("hmac-sha256:todoku:" + secret)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestKnot: Knot DNS takes our updates, signed; and refuses those of others.
func TestKnot(t *testing.T) {
	server := knottest.Primary(t, "example.com", "example.com. 3600 IN SOA ns1.example.com. host.example.com. 1 7200 600 86400 60\n"+
		"example.com. 3600 IN NS ns1.example.com.\nns1.example.com. 3600 IN A 127.0.0.1\n"+
		"old._domainkey.example.com. 300 IN TXT \"v=DKIM1; p=\"\nalias._domainkey.example.com. 300 IN CNAME ns1.example.com.\n"+
		"*.wild.example.com. 300 IN TXT \"v=spf1 -all\"\n")
	address := server.Addr
	ask := func(name string, typ dns.Type) []string { return server.Ask(t, name, typ) }
	u := &Update{Server: address, Zone: "example.com", Key: testKey(t, tsigSecret)}
	const name = "s1._domainkey.example.com"
	long := "v=DKIM1; k=rsa; p=" + strings.Repeat("MIIB\"\\", 100) // more than one string, and what must be escaped
	add := dns.Change{Action: dns.Add, Name: name + ".", Type: dns.TypeTXT, TTL: 300, Data: []string{long}}
	remove := dns.Change{Action: dns.Remove, Name: name, Type: dns.TypeTXT, Was: []string{long}}
	steps := []struct {
		what    string
		changes []dns.Change
		name    string
		want    []string
	}{
		{"add", []dns.Change{add}, name, []string{long}},
		{"add again", []dns.Change{add}, name, []string{long}},
		{"replace what is not there", []dns.Change{{Action: dns.Replace, Name: name, Type: dns.TypeTXT, TTL: 60, Data: []string{"x"}, Was: []string{"y"}}}, name, []string{long}},
		{"add another", []dns.Change{{Action: dns.Add, Name: name, Type: dns.TypeTXT, TTL: 300, Data: []string{"other"}}}, name, []string{long, "other"}},
		{"remove one", []dns.Change{remove}, name, []string{"other"}},
		{"remove again", []dns.Change{remove}, name, []string{"other"}},
		{"replace all", []dns.Change{{Action: dns.Replace, Name: name, Type: dns.TypeTXT, TTL: 60, Data: []string{long}}}, name, []string{long}},
		{"two at once", []dns.Change{remove, {Action: dns.Replace, Name: "old._domainkey.example.com", Type: dns.TypeTXT, Data: []string{"new"}, Was: []string{"v=DKIM1; p="}}}, "old._domainkey.example.com", []string{"new"}},
		{"where a wildcard answers", []dns.Change{{Action: dns.Add, Name: "s._domainkey.wild.example.com", Type: dns.TypeTXT, TTL: 60, Data: []string{long}}}, "s._domainkey.wild.example.com", []string{long}},
		{"and away again", []dns.Change{{Action: dns.Remove, Name: "s._domainkey.wild.example.com", Type: dns.TypeTXT, Was: []string{long}}}, "s._domainkey.wild.example.com", []string{"v=spf1 -all"}},
		{"and once more", []dns.Change{{Action: dns.Remove, Name: "s._domainkey.wild.example.com", Type: dns.TypeTXT, Was: []string{long}}}, "s._domainkey.wild.example.com", []string{"v=spf1 -all"}},
		{"in the place of an alias", []dns.Change{{Action: dns.Replace, Name: "alias._domainkey.example.com", Type: dns.TypeTXT, TTL: 60, Data: []string{long}}}, "alias._domainkey.example.com", []string{long}},
	}
	for _, s := range steps {
		if err := u.Apply(ctx, s.changes); err != nil {
			t.Fatalf("%s: %v", s.what, err)
		}
		if got := ask(s.name, dns.TypeTXT); !sameTexts(got, s.want) {
			t.Errorf("%s: the server has %q, not %q", s.what, got, s.want)
		}
	}
	if got := ask(name, dns.TypeTXT); len(got) != 0 {
		t.Errorf("what was removed is there: %q", got)
	}
	stranger := base64.StdEncoding.EncodeToString([]byte("a secret of somebody else, 32 by"))
	for what, bad := range map[string]*Update{
		"another secret": {Server: address, Zone: "example.com", Key: testKey(t, stranger)},
		"no key":         {Server: address, Zone: "example.com"},
		"another zone":   {Server: address, Zone: "example.net", Key: testKey(t, tsigSecret)},
		"nobody there":   {Server: "127.0.0.1:1", Zone: "example.com", Key: testKey(t, tsigSecret)},
	} {
		c := add
		if bad.Zone == "example.net" {
			c.Name = "s1._domainkey.example.net"
		}
		if err := bad.Apply(ctx, []dns.Change{c}); err == nil || strings.Contains(err.Error(), tsigSecret) || strings.Contains(err.Error(), stranger) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got := ask(name, dns.TypeTXT); len(got) != 0 {
		t.Errorf("a stranger published %q", got)
	}
}

func sameTexts(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	seen := map[string]int{}
	for _, s := range a {
		seen[s]++
	}
	for _, s := range b {
		seen[s]--
	}
	for _, n := range seen {
		if n != 0 {
			return false
		}
	}
	return true
}

// updateServer is a server that answers as the test says.
func updateServer(t *testing.T, answer func(m *miekg.Msg) *miekg.Msg) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan struct{})
	s := &miekg.Server{
		Listener: l, NotifyStartedFunc: func() { close(started) }, TsigSecret: map[string]string{"todoku.": tsigSecret}, MsgAcceptFunc: func(miekg.Header) miekg.MsgAcceptAction { return miekg.MsgAccept },
		Handler: miekg.HandlerFunc(func(w miekg.ResponseWriter, m *miekg.Msg) {
			r := answer(m)
			if m.IsTsig() != nil && w.TsigStatus() == nil {
				r.SetTsig("todoku.", miekg.HmacSHA256, 300, time.Now().Unix())
			}
			_ = w.WriteMsg(r)
		}),
	}
	go func() { _ = s.ActivateAndServe() }()
	<-started
	t.Cleanup(func() { _ = s.Shutdown() })
	return l.Addr().String()
}

// TestSomebodyElseInBetween: an update whose conditions do not hold any more looks again, a few times.
func TestSomebodyElseInBetween(t *testing.T) {
	var mu sync.Mutex
	updates, refuse := 0, 2
	address := updateServer(t, func(m *miekg.Msg) *miekg.Msg {
		mu.Lock()
		defer mu.Unlock()
		r := new(miekg.Msg)
		r.SetReply(m)
		r.Authoritative = true
		if m.Opcode == miekg.OpcodeUpdate {
			if updates++; updates <= refuse {
				r.Rcode = miekg.RcodeYXRrset
			}
		}
		return r
	})
	u := &Update{Server: address, Zone: "example.com", Key: testKey(t, tsigSecret)}
	change := []dns.Change{{Action: dns.Add, Name: "s._domainkey.example.com", Type: dns.TypeTXT, TTL: 60, Data: []string{"v=DKIM1; p="}}}
	if err := u.Apply(ctx, change); err != nil || updates != 3 {
		t.Errorf("%d updates: %v", updates, err)
	}
	updates, refuse = 0, 100
	if err := u.Apply(ctx, change); err == nil || updates != tries {
		t.Errorf("%d updates: %v", updates, err)
	}
}

// TestServerRefuses: the error says what to do, and an unsigned answer is not believed.
func TestServerRefuses(t *testing.T) {
	change := []dns.Change{{Action: dns.Add, Name: "s._domainkey.example.com", Type: dns.TypeTXT, TTL: 60, Data: []string{"x"}}}
	address := updateServer(t, func(m *miekg.Msg) *miekg.Msg {
		r := new(miekg.Msg)
		r.SetReply(m)
		if r.Authoritative = true; m.Opcode == miekg.OpcodeUpdate {
			r.Rcode = miekg.RcodeRefused
		}
		return r
	})
	err := (&Update{Server: address, Zone: "example.com", Key: testKey(t, tsigSecret)}).Apply(ctx, change)
	if err == nil || !strings.Contains(err.Error(), "allow-update") {
		t.Errorf("%v", err)
	}
	if err := (&Update{Server: address, Zone: "example.com"}).Apply(ctx, change); err == nil || !strings.Contains(err.Error(), "wants a TSIG key") {
		t.Errorf("without a key: %v", err)
	}
	if err := (&Update{Server: "127.0.0.1:1", Zone: "example.com"}).Apply(ctx, change); err == nil || !strings.Contains(err.Error(), "primary server of example.com") {
		t.Errorf("nobody there: %v", err)
	}
	unsigned := &Update{Server: address, Zone: "example.com", Key: &TSIG{Name: "stranger", Algorithm: "hmac-sha256", secret: tsigSecret}}
	if err := unsigned.Apply(ctx, change); err == nil || !strings.Contains(err.Error(), "stranger") {
		t.Errorf("a name that it does not know: %v", err)
	}
	notAuthoritative := updateServer(t, func(m *miekg.Msg) *miekg.Msg { return new(miekg.Msg).SetReply(m) })
	if err := (&Update{Server: notAuthoritative, Zone: "example.com", Key: testKey(t, tsigSecret)}).Apply(ctx, change); err == nil || !strings.Contains(err.Error(), "not a server") {
		t.Errorf("%v", err)
	}
	for _, bad := range [][]dns.Change{
		{{Action: dns.Add, Name: "example.org", Type: dns.TypeTXT, Data: []string{"x"}}}, {{Action: "x", Name: "example.com"}}, make([]dns.Change, MaxChanges+1),
	} {
		if err := (&Update{Server: address, Zone: "example.com"}).Apply(ctx, bad); err == nil {
			t.Errorf("%d changes: no error", len(bad))
		}
	}
}
