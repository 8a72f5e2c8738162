package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/internal/store"
)

// withKeys is a program with a database and a master key.
func withKeys(t *testing.T, z dns.Zone) *program {
	t.Helper()
	p := newProgram(t, z)
	dir := t.TempDir()
	st, err := store.Open(context.Background(), filepath.Join(dir, "t.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	p.run("keys", "master", filepath.Join(dir, "master")).want(t, 0)
	p.env["TODOKU_DATABASE"], p.env["TODOKU_MASTER_KEY_FILE"], p.env["TODOKU_ALLOW_PRIVATE"], p.env["TZ"] = filepath.Join(dir, "t.db"), filepath.Join(dir, "master"), "127.0.0.0/8", "UTC"
	return p
}

func TestKeysMaster(t *testing.T) {
	p := newProgram(t, dns.Zone{})
	file := filepath.Join(t.TempDir(), "m")
	r := p.run("keys", "master", file).want(t, 0)
	text, err := os.ReadFile(file)
	if info, _ := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 || strings.Contains(r.out+r.err, strings.TrimSpace(string(text))) {
		t.Errorf("%v %q %q", err, r.out, r.err)
	}
	p.run("keys", "master", file).want(t, 2) // not over another one
	p.run("keys", "master").want(t, 2)
}

// TestKeysLife: a key is made, published by hand in a real zone on two servers, signs, and is rotated and rolled back.
func TestKeysLife(t *testing.T) {
	apex := []string{"60 SOA ns1.shop.example. h.shop.example. 1 2 3 4 60", "NS ns1.shop.example", "NS ns2.shop.example"}
	z := dns.Zone{"shop.example": apex, "ns1.shop.example": {"A 127.0.77.1"}, "ns2.shop.example": {"A 127.0.77.2"}}
	var servers []*dns.Memory
	for _, addr := range []string{"127.0.77.1:53", "127.0.77.2:53"} {
		m := dns.MustMemory(z)
		s, err := dnstest.Start(m, addr)
		if err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s cannot be listened on: %v", addr, err)
			}
			t.Skipf("%s: %s cannot be listened on: %v", t.Name(), addr, err)
		}
		t.Cleanup(func() { _ = s.Close() })
		servers = append(servers, m)
	}
	p := withKeys(t, z)
	const start = "2026-11-06T12:00:00Z"
	if r := p.run("keys", "status", "--at", start).want(t, 0); !strings.Contains(r.out, "no keys") {
		t.Error(r.out)
	}
	made := p.run("keys", "create", "Shop.Example", "--algorithm", "ed25519", "--for", "shop.example", "--for", ".shop.example", "--at", start).want(t, 0)
	rec, err := dns.ParseRR(strings.TrimSpace(made.out))
	if err != nil || rec.Name != "s20261106e._domainkey.shop.example" {
		t.Fatalf("%q, %v", made.out, err)
	}
	if r := p.run("keys", "rotate", "--at", start).want(t, 0); !strings.Contains(r.out, "waits for its record") || !strings.Contains(r.out, "ns2.shop.example  does not have it") {
		t.Error(r.out)
	}
	for _, m := range servers {
		if err := m.Apply(dns.Change{Action: dns.Add, Name: rec.Name, Type: dns.TypeTXT, TTL: 60, Data: []string{rec.Data}}); err != nil {
			t.Fatal(err)
		}
	}
	p.run("keys", "rotate", "--at", "2026-11-06T12:01:00Z").want(t, 0)
	if r := p.run("--lang", "ja", "keys", "rotate", "--at", "2026-11-06T12:01:59Z").want(t, 0); !strings.Contains(r.out, "公開済み") || !strings.Contains(r.out, "12:02") {
		t.Error(r.out)
	}
	p.run("keys", "rotate", "--at", "2026-11-06T12:02:02Z").want(t, 0)
	v := p.run("keys", "list", "--json").want(t, 0).json(t)
	if at(t, v, "keys", 0, "state") != "signing" || at(t, v, "keys", 0, "for", 0) != "*@.shop.example" || at(t, v, "keys", 0, "since") != "2026-11-06T12:02:02Z" {
		t.Errorf("%v", v)
	}
	id := at(t, v, "keys", 0, "id").(string)
	if r := p.run("keys", "rotate", "shop.example", "--at", "2026-11-07T12:00:00Z").want(t, 0); !strings.Contains(r.out, "s20261107e._domainkey.shop.example") {
		t.Error(r.out)
	}
	if r := p.run("keys", "list", "shop.example").want(t, 0); !strings.Contains(r.out, "prepared") || !strings.Contains(r.out, "signing") {
		t.Error(r.out)
	}
	if r := p.run("keys", "rollback", "shop.example", "--at", "2026-11-07T12:00:00Z").want(t, 0); !strings.Contains(r.err, "s20261106e") {
		t.Error(r.err)
	}
	if r := p.run("keys", "rollback", id).want(t, 2); !strings.Contains(r.err, "there is no rotation to take back") {
		t.Errorf("%s", r.err)
	}
	p.run("keys", "delete", id).want(t, 2)
	p.run("keys", "delete", "shop.example").want(t, 2)
	p.run("keys", "delete", id, "--force").want(t, 0)
	p.run("keys", "show", id).want(t, 3)
}

// TestKeysImport: from OpenDKIM's tables, a PEM file; what cannot be taken over is said.
func TestKeysImport(t *testing.T) {
	p := withKeys(t, dns.Zone{"shop.example": {"SERVFAIL NS"}, "x.example": {"SERVFAIL NS"}})
	root := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pem := p.run("dkim", "keygen", "--algorithm", "ed25519", "--out", "-").want(t, 0).out
	conf := write("etc/opendkim.conf", "KeyTable refile:/etc/KeyTable\nSigningTable refile:/etc/SigningTable\n")
	write("etc/KeyTable", "k shop.example:s1:/keys/s1.private\n")
	write("etc/SigningTable", "*@shop.example k\n*@*.shop.example k\n*@other.example none\n")
	key := write("keys/s1.private", pem)
	r := p.run("keys", "import", "--opendkim", conf, "--root", root).want(t, 1)
	if !strings.Contains(r.out, "s1._domainkey.shop.example") || !strings.Contains(r.err, "no key none") || !strings.Contains(r.err, "waits until") {
		t.Errorf("%q %q", r.out, r.err)
	}
	if r := p.run("keys", "import", "--opendkim", conf, "--root", root).want(t, 1); !strings.Contains(r.err, "is there already") {
		t.Errorf("%q %q", r.out, r.err)
	}
	p.run("keys", "import", "--pem", key, "--domain", "x.example", "--selector", "s2", "--for", "x.example").want(t, 0)
	rspamd := write("etc/dkim_signing.conf", "domain { y.example { path = /keys/s1.private; selector = s3 } }\n")
	p.run("keys", "import", "--rspamd", rspamd, "--root", root).want(t, 0)
	shown := ""
	for _, args := range [][]string{{"keys", "list"}, {"keys", "list", "--json", "--all"}, {"keys", "show", "shop.example", "x.example", "y.example"}} {
		r := p.run(args...).want(t, 0)
		shown += r.out + r.err
	}
	r = p.run("keys", "status", "--json").want(t, 1) // no name server of theirs can be found, and that is said at once
	shown += r.out + r.err
	if !strings.Contains(shown, "s3._domainkey.y.example") || strings.Contains(shown, "PRIVATE") || strings.Contains(shown, strings.Split(pem, "\n")[1]) {
		t.Error(shown)
	}
	for _, args := range [][]string{{}, {"--pem", key}, {"--pem", key, "--rspamd", rspamd}, {"--pem", rspamd, "--domain", "a.example", "--selector", "s"}, {"--pem", key, "--domain", "a.example", "--selector", "s", "--for", "@"}, {"x"}} {
		p.run(append([]string{"keys", "import"}, args...)...).want(t, 2)
	}
	p.run("keys", "import", "--opendkim", "/nonexistent/x").want(t, 3)
}

func TestKeysUsage(t *testing.T) {
	p := withKeys(t, dns.Zone{})
	open := filepath.Join(t.TempDir(), "tsig")
	if err := os.WriteFile(open, []byte("hmac-sha256:a:MDEyMzQ1Njc4OWFiY2RlZg=="), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
	}{
		{"create", 2}, {"create a.example --algorithm dsa", 2}, {"create a.example --bits 1024", 2}, {"create a.example b.example --selector s", 2}, {"create a.example --for @", 2},
		{"show", 2}, {"show none.example", 3}, {"show nosuchid", 3}, {"rollback", 2}, {"delete", 2}, {"delete nosuchid", 3}, {"reencrypt x", 2}, {"rotate none.example", 3},
		{"list --dns-update x", 2}, {"list --dns-update a.example=192.0.2.1", 2}, {"list --dns-update a.example=127.0.0.1:x", 2}, {"list --keys-mail-life 0s", 2}, {"list --allow-private x", 2},
		{"list --dns-update-key " + open, 3}, {"list --master-key-file " + open, 3}, {"list --database /nonexistent.db", 3}, {"reencrypt", 0}, {"list", 0},
	} {
		p.run(append([]string{"keys"}, strings.Fields(c.args)...)...).want(t, c.code)
	}
	delete(p.env, "TODOKU_MASTER_KEY_FILE")
	if r := p.run("keys", "create", "a.example").want(t, 2); !strings.Contains(r.err, "keys master") {
		t.Error(r.err)
	}
	p.run("serve", "--keys-rotate-after", "90d").want(t, 2)
}

// TestDatabaseIsMade: what may come first makes the database and says so; what only reads makes none.
func TestDatabaseIsMade(t *testing.T) {
	for made, args := range map[bool][][]string{
		true:  {{"keys", "create", "shop.example"}, {"warmup", "plan", "192.0.2.1", "gmail", "--target", "1000", "--days", "10"}},
		false: {{"keys", "list"}, {"keys", "status"}, {"warmup", "status"}, {"warmup", "plan", "192.0.2.1", "gmail"}},
	} {
		for _, a := range args {
			p := withKeys(t, dns.Zone{"shop.example": {"SERVFAIL NS"}})
			file := filepath.Join(t.TempDir(), "new.db")
			p.env["TODOKU_DATABASE"] = file
			code := 3
			if made {
				code = 0
			}
			r := p.run(a...).want(t, code)
			info, err := os.Stat(file)
			if (err == nil) != made || made && info.Mode().Perm() != 0o600 || !strings.Contains(r.err, file) {
				t.Errorf("%v: %v, %v, %q", a, info, err, r.err)
			}
			if again := p.run(a...); made && strings.Contains(again.err, "was made") {
				t.Errorf("%v, again: %q", a, again.err)
			}
		}
	}
}
