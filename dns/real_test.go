package dns_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/internal/testcorpus"
)

// The tests of this file put our client, our test server and the name servers that
// others wrote on one wire.

// program finds a Debian package's server; without it the test is skipped by name,
// and fails when CI=true.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/usr/local/sbin") {
		if p := filepath.Join(dir, name); isProgram(p) {
			return p
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing: apt-get install %s", name, name)
	}
	t.Skipf("%s: %s is not installed", t.Name(), name)
	return ""
}

func isProgram(p string) bool {
	fi, err := os.Stat(p)
	return err == nil && fi.Mode().IsRegular() && fi.Mode()&0o111 != 0
}

// freePort is a port that was free a moment ago, for UDP and TCP.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// runServer runs a name server in the foreground until the test ends and waits until
// it answers for example.com.
func runServer(t *testing.T, port int, path string, args ...string) *dns.Client {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { cmd.Wait(); close(gone) }()
	t.Cleanup(func() { cmd.Process.Kill(); <-gone })
	c := newClient(t, dns.ClientConfig{Servers: []string{fmt.Sprintf("127.0.0.1:%d", port)}, Timeout: 15 * time.Second})
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if a := ask(c, "example.com", dns.TypeSOA); a.Status == dns.Success {
			return c
		}
		select {
		case <-gone:
			t.Fatalf("%s ended: %s", path, out.String())
		default:
		}
	}
	t.Fatalf("%s does not answer", path)
	return nil
}

func writeFile(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

var realZone = dns.Zone{
	"example.com": {
		"3600 SOA ns.example.com. host.example.com. 1 7200 600 86400 60",
		"3600 NS ns.example.com", "300 TXT v=spf1 -all", `20 TXT "two" "strings"`, "MX 10 mx.example.com", "A 192.0.2.1", "AAAA 2001:db8::1",
		`CAA 0 issue "ca.example"`,
	},
	"ns.example.com":         {"A 127.0.0.1"},
	"alias.example.com":      {"30 CNAME alias2.example.com"},
	"alias2.example.com":     {"CNAME example.com"},
	"x.ent.example.com":      {"A 192.0.2.7"},
	"*.w.example.com":        {"TXT wild"},
	"e.w.example.com":        {"A 192.0.2.8"},
	"latin.example.com":      {"TXT caf\xe9 \"quoted\" back\\slash"},
	"large.example.com":      {"TXT " + strings.Repeat("0123456789", 400)},
	"a b\\c.example.com":     {"TXT odd"},
	"_dmarc.example.com":     {"TXT v=DMARC1; p=none"},
	"_25._tcp.x.example.com": {"TLSA 3 1 1 " + strings.Repeat("ab", 32)},
}

var realQuestions = []dns.Question{
	{Name: "example.com", Type: dns.TypeTXT}, {Name: "EXAMPLE.com", Type: dns.TypeMX}, {Name: "example.com", Type: dns.TypeA},
	{Name: "example.com", Type: dns.TypeAAAA}, {Name: "example.com", Type: dns.TypeCAA}, {Name: "example.com", Type: dns.TypeSOA},
	{Name: "alias.example.com", Type: dns.TypeTXT}, {Name: "alias.example.com", Type: dns.TypeCNAME}, {Name: "alias.example.com", Type: dns.TypeTLSA},
	{Name: "ent.example.com", Type: dns.TypeA}, {Name: "gone.example.com", Type: dns.TypeA}, {Name: "q.w.example.com", Type: dns.TypeTXT},
	{Name: "e.w.example.com", Type: dns.TypeTXT}, {Name: "q.e.w.example.com", Type: dns.TypeTXT}, {Name: "latin.example.com", Type: dns.TypeTXT},
	{Name: "large.example.com", Type: dns.TypeTXT}, {Name: "a b\\c.example.com", Type: dns.TypeTXT}, {Name: "_dmarc.example.com", Type: dns.TypeTXT},
	{Name: "_25._tcp.x.example.com", Type: dns.TypeTLSA}, {Name: "_tcp.x.example.com", Type: dns.TypeTLSA},
}

// agree compares what a server says with what the in-memory zone says.
func agree(t *testing.T, server, memory dns.Resolver) {
	t.Helper()
	ignore := cmp.Options{compareAddr, cmpopts.IgnoreFields(dns.Answer{}, "Server", "Elapsed", "RCode", "AuthenticData"), cmpopts.SortSlices(func(a, b dns.Record) bool { return a.Data < b.Data })}
	for _, q := range realQuestions {
		want, got := memory.Resolve(ctx, q), server.Resolve(ctx, q)
		if diff := cmp.Diff(want, got, ignore, cmp.Transformer("lower", lowerOwner)); diff != "" {
			t.Errorf("%s %s: -memory +server\n%s", q.Name, q.Type, diff)
		}
	}
}

func lowerOwner(r dns.Record) any {
	return fmt.Sprintf("%s %d %s %q %q", dns.CanonicalName(r.Name), r.TTL, r.Type, r.Data, r.Strings)
}

// NLnet Labs' authoritative server reads our master-file form, and says of the zone
// what our in-memory server says, wildcards and negative TTLs included.
func TestRealNSDAgreesWithMemory(t *testing.T) {
	nsd := program(t, "nsd")
	dir, port := t.TempDir(), freePort(t)
	m := dns.MustMemory(realZone)
	var text strings.Builder
	for _, rec := range m.Records() {
		text.WriteString(rec.Text() + "\n")
	}
	writeFile(t, filepath.Join(dir, "zone"), text.String())
	conf := writeFile(t, filepath.Join(dir, "nsd.conf"), fmt.Sprintf(`
server:
  ip-address: 127.0.0.1@%d
  username: ""
  chroot: ""
  zonesdir: %q
  database: ""
  pidfile: ""
  xfrdfile: ""
  zonelistfile: %q
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: example.com
  zonefile: %q
`, port, dir, filepath.Join(dir, "zonelist"), filepath.Join(dir, "zone")))
	agree(t, runServer(t, port, nsd, "-d", "-c", conf), m)
}

// NLnet Labs' recursive server asks our authoritative one and passes on what it says.
func TestRealUnboundBetweenClientAndTestServer(t *testing.T) {
	unbound := program(t, "unbound")
	m := dns.MustMemory(realZone)
	s := dnstest.New(t, m)
	dir, port := t.TempDir(), freePort(t)
	conf := writeFile(t, filepath.Join(dir, "unbound.conf"), fmt.Sprintf(`
server:
  interface: 127.0.0.1@%d
  directory: %q
  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  num-threads: 1
  do-daemonize: no
  do-not-query-localhost: no
  module-config: "iterator"
  root-hints: ""
stub-zone:
  name: example.com
  stub-addr: %s
`, port, dir, strings.Replace(s.Addr(), ":", "@", 1)))
	c := runServer(t, port, unbound, "-d", "-p", "-c", conf)
	agree(t, ageless{c}, ageless{m})
}

// ageless hides TTLs, which a recursive server counts down.
type ageless struct{ r dns.Resolver }

func (r ageless) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	a := r.r.Resolve(ctx, q)
	a.TTL, a.Chain, a.Records = 0, noTTL(a.Chain), noTTL(a.Records)
	return a
}

func noTTL(records []dns.Record) []dns.Record {
	var out []dns.Record
	for _, r := range records {
		r.TTL = 0
		out = append(out, r)
	}
	return out
}

// Real records of real domains come through text form and wire as they are.
func TestRealRecordsOverTheWire(t *testing.T) {
	var records []dns.Record
	want := map[string]map[string]bool{} // name and type -> data
	for line := range strings.Lines(string(testcorpus.Read(t, "realdns/records.jsonl"))) {
		var r struct{ Name, Type, Data string }
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		rec, err := dns.ParseRR(r.Name + " 60 IN " + r.Type + " " + r.Data)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if back, err := dns.ParseRR(rec.Text()); err != nil || !back.SameData(rec) {
			t.Errorf("%s: as text %s: %v", line, rec.Text(), err)
		}
		records = append(records, rec)
		key := r.Name + " " + r.Type
		if want[key] == nil {
			want[key] = map[string]bool{}
		}
		want[key][rec.Data] = true
	}
	if len(records) < 2000 {
		t.Fatalf("%d records only", len(records))
	}
	m, err := dns.MemoryOf(records)
	if err != nil {
		t.Fatal(err)
	}
	c := clientOf(t, dnstest.New(t, m))
	for key, data := range want {
		name, typ, _ := strings.Cut(key, " ")
		qt, err := dns.ParseType(typ)
		if err != nil {
			t.Fatal(err)
		}
		a := ask(c, name, qt)
		if len(a.Chain) > 0 {
			continue // the corpus has text at some names that are aliases too
		}
		if a.Status != dns.Success {
			t.Errorf("%s: %s %s", key, a.Status, a.Detail)
		}
		for _, rec := range a.Records {
			if !data[rec.Data] {
				t.Errorf("%s: %q is not in the corpus", key, rec.Data)
			}
		}
	}
}
