package cli

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/internal/keys"
)

func TestDoctor(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := newProgram(t, dns.Zone{"": {"SOA a.root. h.root. 1 2 3 4 5"}, "2.0.0.127.zen.spamhaus.org": {"A 127.0.0.2"}})
	free := []string{"doctor", "--http", "127.0.0.1:0", "--smtp", "", "--listen", "systemd", "--no-blocklists"}
	db, master := filepath.Join(t.TempDir(), "t.db"), write(t, "master.key", keys.NewMaster())
	p.run("token", "create", "--database", db, "--name", "x", "--scope", "read").want(t, 3) // no database yet
	v := p.run(append(free, "--json", "--database", db, "--master-key-file", master)...).want(t, 1).json(t)
	statuses := map[string]string{}
	for i := range at(t, v, "checks").([]any) {
		for _, key := range []string{"title", "detail"} {
			if s, _ := at(t, v, "checks", i, key).(string); s == "" {
				t.Errorf("check %d has no %s", i, key)
			}
		}
		at(t, v, "checks", i, "fix", "summary")
		if _, ok := at(t, v, "checks", i, "fix", "steps").([]any); !ok {
			t.Errorf("check %d has no steps", i)
		}
		statuses[at(t, v, "checks", i, "id").(string)] = at(t, v, "checks", i, "status").(string)
	}
	for id, want := range map[string]string{"resolver.answers": "ok", "resolver.nxdomain": "ok", "port.http": "ok", "port.outbound-25": "unknown", "database.opens": "unknown", "master-key.file": "ok"} {
		if statuses[id] != want {
			t.Errorf("%s is %q, want %s", id, statuses[id], want)
		}
	}
	for _, id := range []string{"port.smtp", "port.listen", "blocklist.access"} {
		if statuses[id] != "" {
			t.Errorf("%s was not asked for", id)
		}
	}
	r := p.run("doctor", "--lang", "ja", "--http", l.Addr().String(), "--no-blocklists").want(t, 1)
	if !strings.Contains(r.out, "使用中") || !strings.Contains(r.out, "対処") {
		t.Errorf("%s", r.out)
	}
	fit := dnstest.New(t, validating{dns.MustMemory(dns.Zone{"": {"SOA a.root. h.root. 1 2 3 4 5", "DNSKEY 257 3 8 AwEAAQ=="}})})
	r = p.run(append(free, "--resolver", fit.Addr())...).want(t, 0)
	if !strings.Contains(r.out, "--probe mx.example.com") || !strings.Contains(r.out, "0 problems, 2 unknown") {
		t.Errorf("%s", r.out)
	}
	p.run(append(free, "--resolver", fit.Addr(), "--fail-on", "unknown")...).want(t, 1)
	silent := dnstest.NewZone(t, dns.Zone{}, dnstest.Drop(func(dnstest.Query) bool { return true }))
	r = p.run(append(free, "--resolver", silent.Addr(), "--timeout", "1")...).want(t, 3)
	if !strings.Contains(r.out, "does not answer") || r.err != "" {
		t.Errorf("%s %s", r.out, r.err)
	}
	for _, args := range [][]string{{"x"}, {"--probe", "true"}, {"--http", "8025"}, {"--listen", "nonsense"}, {"--blocklist-key", "x=y"}, {"--resolver", "a b"}} {
		p.run(append([]string{"doctor"}, args...)...).want(t, 2)
	}
}

// validating sets the AD bit.
type validating struct{ next dns.Resolver }

func (v validating) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	a := v.next.Resolve(ctx, q)
	a.AuthenticData = true
	return a
}
