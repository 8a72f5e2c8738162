package doctor

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	miekg "github.com/miekg/dns"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/internal/blocklist"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/store"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// root answers for the root as a validating resolver does, or with ad false as one that does not; everything else is left to the zone.
func root(ad bool) dnstest.Option {
	return dnstest.Raw(func(query []byte, _ string) []byte {
		m := new(miekg.Msg)
		if m.Unpack(query) != nil || m.Question[0].Name != "." {
			return nil
		}
		data := map[uint16]string{
			miekg.TypeSOA:    ". 86400 IN SOA a.root-servers.net. nstld.verisign-grs.com. 2026112600 1800 900 604800 86400",
			miekg.TypeDNSKEY: ". 86400 IN DNSKEY 257 3 8 AwEAAQ==",
		}[m.Question[0].Qtype]
		if data == "" {
			return nil
		}
		reply := new(miekg.Msg).SetReply(m)
		reply.AuthenticatedData, reply.RecursionAvailable = ad, true
		for _, text := range []string{data, fmt.Sprintf(". 86400 IN RRSIG %s 8 0 86400 20261206000000 20261123000000 20326 . AAAA", miekg.TypeToString[m.Question[0].Qtype])} {
			rr, err := miekg.NewRR(text)
			if err != nil {
				panic(err)
			}
			reply.Answer = append(reply.Answer, rr)
		}
		packed, err := reply.Pack()
		if err != nil {
			panic(err)
		}
		return packed
	})
}

var lists = dns.Zone{"2.0.0.127.zen.spamhaus.org": {"A 127.0.0.2"}, "2.0.0.127.bl.spamcop.net": {"A 127.0.0.2"}, "dbltest.com.dbl.spamhaus.org": {"A 127.0.1.2"}}

// config asks a server and three lists; nothing listens.
func config(t *testing.T, server *dnstest.Server) Config {
	t.Helper()
	client, err := dns.NewClient(dns.ClientConfig{Servers: []string{server.Addr()}, Timeout: time.Second, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	var known []provider.Blocklist
	for _, b := range provider.Blocklists() {
		if slices.Contains([]string{"zen.spamhaus.org", "bl.spamcop.net", "dbl.spamhaus.org"}, b.Zone) {
			known = append(known, b)
		}
	}
	return Config{Servers: []string{server.Addr()}, Timeout: time.Second, Now: noon, Lists: blocklist.New(blocklist.Config{Resolver: client, Lists: known})}
}

func judged(t *testing.T, cfg Config) ([]Check, *Seen) {
	t.Helper()
	parts := 0
	cfg.Done = func() { parts++ }
	s, err := Look(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if parts != Parts {
		t.Errorf("%d parts, want %d", parts, Parts)
	}
	checks := Judge(s)
	for _, c := range checks {
		if c.Title.EN == "" || c.Title.JA == "" || c.Detail.EN == "" || c.Detail.JA == "" || strings.Contains(c.Detail.EN+c.Detail.JA+c.Fix.Summary.EN+c.Fix.Summary.JA, "%!") {
			t.Errorf("%s: %+v", c.ID, c)
		}
		if c.Status != OK && (c.Fix.Summary.EN == "" || c.Fix.Summary.JA == "") {
			t.Errorf("%s is %s, and nothing says what to do", c.ID, c.Status)
		}
		for _, s := range c.Fix.Steps {
			if s.EN == "" || s.JA == "" || strings.Contains(s.EN+s.JA, "%!") {
				t.Errorf("%s: a step is %+v", c.ID, s)
			}
		}
	}
	return checks, s
}

func words(checks []Check) string {
	var out []string
	for _, c := range checks {
		out = append(out, c.ID+" "+string(c.Status))
	}
	return strings.Join(out, "\n")
}

func TestResolvers(t *testing.T) {
	lie := dns.Zone{"*": {"A 192.0.2.66"}, "*.com": {"A 192.0.2.66"}, "*.example.com": {"A 192.0.2.66"}}
	refuse := dns.Zone{"*.zen.spamhaus.org": {"A 127.255.255.254"}, "2.0.0.127.bl.spamcop.net": {"A 127.0.0.2"}, "*.dbl.spamhaus.org": {"A 127.255.255.254"}}
	for _, tc := range []struct {
		name   string
		zone   dns.Zone
		option []dnstest.Option
		now    time.Time
		want   string // statuses in order: answers, nxdomain, large, dnssec, clock, access, entries
		silent bool
	}{
		{"healthy", lists, []dnstest.Option{root(true)}, noon, "ok ok ok ok ok ok ok", false},
		{"lying", lie, []dnstest.Option{root(true)}, noon, "ok problem ok ok ok ok problem", false},
		{"lists refused", refuse, []dnstest.Option{root(true)}, noon, "ok ok ok ok ok problem ok", false},
		{"all lists refused", dns.Zone{"*.org": {"A 127.255.255.254"}, "*.net": {"REFUSED"}, "*.zen.spamhaus.org": {"A 127.255.255.254"}, "*.dbl.spamhaus.org": {"A 127.255.255.254"}, "*.bl.spamcop.net": {"REFUSED"}}, []dnstest.Option{root(true)}, noon, "ok ok ok ok ok problem unknown", false},
		{"one list is gone", dns.Zone{"2.0.0.127.zen.spamhaus.org": {"A 127.0.0.2"}, "dbltest.com.dbl.spamhaus.org": {"A 127.0.1.2"}}, []dnstest.Option{root(true)}, noon, "ok ok ok ok ok ok unknown", false},
		{"not validating", lists, []dnstest.Option{root(false)}, noon, "ok ok ok problem ok ok ok", false},
		{"clock behind", lists, []dnstest.Option{root(true)}, noon.AddDate(0, 0, -30), "ok ok ok ok problem ok ok", false},
		{"clock ahead", lists, []dnstest.Option{root(true)}, noon.AddDate(1, 0, 0), "ok ok ok ok problem ok ok", false},
		{"refuses all", dns.Zone{"*": {"REFUSED"}, "": {"REFUSED"}, "*.com": {"REFUSED"}, "*.example.com": {"REFUSED"}, "*.org": {"REFUSED"}, "*.net": {"REFUSED"}}, nil, noon, "problem unknown problem unknown unknown problem unknown", false},
		{"silent", lists, []dnstest.Option{dnstest.Drop(func(dnstest.Query) bool { return true })}, noon, "problem unknown unknown unknown unknown unknown unknown", true},
		{"without TCP", lists, []dnstest.Option{root(true), dnstest.CutTCP(1)}, noon, "ok ok problem ok ok ok ok", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := config(t, dnstest.NewZone(t, tc.zone, tc.option...))
			cfg.Now = tc.now
			checks, seen := judged(t, cfg)
			var got []string
			for _, c := range checks[:7] {
				got = append(got, string(c.Status))
			}
			if s := strings.Join(got, " "); s != tc.want || seen.Silent() != tc.silent {
				t.Errorf("%s, want %s; silent %v", s, tc.want, seen.Silent())
				for _, c := range checks {
					t.Log(c.ID, c.Status, c.Detail.EN)
				}
			}
		})
	}
}

// A second resolver that does not answer is a problem; the rest is asked of the first.
func TestOneOfTwoResolvers(t *testing.T) {
	good, dead := dnstest.NewZone(t, lists, root(true)), dnstest.NewZone(t, lists, dnstest.Drop(func(dnstest.Query) bool { return true }))
	cfg := config(t, good)
	cfg.Servers = []string{dead.Addr(), good.Addr()}
	checks, seen := judged(t, cfg)
	if checks[0].Status != Problem || !strings.Contains(checks[0].Detail.EN, dead.Addr()+" does not answer") || checks[3].Status != OK || seen.Silent() {
		t.Errorf("%s\n%s", checks[0].Detail.EN, words(checks))
	}
}

func TestClockAgainstTheProgram(t *testing.T) {
	s := &Seen{Now: noon, Built: noon.Add(time.Hour)}
	if c := s.clock(); c.Status != Problem || !strings.Contains(c.Detail.EN, "made later") {
		t.Errorf("%+v", c)
	}
	s.Built = noon.Add(-time.Hour)
	if c := s.clock(); c.Status != Unknown {
		t.Errorf("%+v", c)
	}
}

func TestPorts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	folder := t.TempDir()
	plain := filepath.Join(folder, "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	socket, err := net.Listen("unix", filepath.Join(folder, "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	for _, tc := range []struct {
		network, address string
		want             Status
		says             string
	}{
		{"tcp", l.Addr().String(), Problem, "in use by"},
		{"tcp", "127.0.0.1:0", OK, "free"},
		{"tcp", "192.0.2.1:2525", Problem, "no address of this machine"},
		{"unix", filepath.Join(folder, "new"), OK, "free"},
		{"unix", filepath.Join(folder, "none", "s"), Problem, "folder"},
		{"unix", plain, Problem, "no socket"},
		{"unix", socket.Addr().String(), Unknown, "already"},
	} {
		c := lookPorts(t.Context(), []Place{{"http", tc.network, tc.address}})[0].judge()
		if c.Status != tc.want || !strings.Contains(c.Detail.EN, tc.says) {
			t.Errorf("%s: %s %s", tc.address, c.Status, c.Detail.EN)
		}
	}
	if _, err := os.Lstat(filepath.Join(folder, "new")); err == nil {
		t.Error("a socket was left")
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 2 {
		t.Errorf("%v %v", entries, err)
	}
	ours := Port{Place: Place{Flag: "http", Address: "x"}, Err: os.ErrExist, Holder: Holder{PID: 7, Ours: true}}
	if c := ours.judge(); c.Status != OK {
		t.Errorf("%+v", c)
	}
	denied := Port{Place: Place{Flag: "smtp", Address: ":25"}, Err: os.ErrPermission}
	if c := denied.judge(); c.Status != Problem || len(c.Fix.Steps) == 0 {
		t.Errorf("%+v", c)
	}
}

func TestProbe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "220 mx.example ESMTP\r\n")
		b := make([]byte, 100)
		n, _ := conn.Read(b)
		heard <- string(b[:n])
	}()
	port := int(netip.MustParseAddrPort(l.Addr().String()).Port())
	r := dns.MustMemory(dns.Zone{"mx.example": {"A 127.0.0.1"}})
	judge := func(host string) Check {
		return (&Seen{Probed: Config{Probe: host, ProbePort: port}.probe(t.Context(), r)}).outbound()
	}
	if c := judge("mx.example"); c.Status != OK || !strings.Contains(c.Detail.EN, "220 mx.example ESMTP") {
		t.Errorf("%+v", c)
	}
	if said := <-heard; said != "QUIT\r\n" {
		t.Errorf("said %q", said)
	}
	l.Close()
	if c := judge("127.0.0.1"); c.Status != Problem {
		t.Errorf("%+v", c)
	}
	if c := judge("none.example"); c.Status != Unknown {
		t.Errorf("%+v", c)
	}
	if c := (&Seen{}).outbound(); c.Status != Unknown {
		t.Errorf("%+v", c)
	}
}

func TestStored(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "t.db")
	see := func() string {
		var out []string
		for _, c := range lookStored(t.Context(), file).judge() {
			out = append(out, string(c.Status))
		}
		return strings.Join(out, " ")
	}
	if got := see(); !strings.HasPrefix(got, "unknown ") {
		t.Errorf("missing: %s", got)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("the file was made")
	}
	st, err := store.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	if got := see(); !strings.HasPrefix(got, "ok ok ok ") { // while another has it open
		t.Errorf("healthy: %s", got)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := see(); !strings.HasPrefix(got, "ok ok problem ") {
		t.Errorf("open to all: %s", got)
	}
	if err := os.WriteFile(file, []byte("no database at all, and long enough to be one ..."), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := see(); !strings.HasPrefix(got, "problem ") {
		t.Errorf("damaged: %s", got)
	}
	full := Stored{Free: 1 << 20}
	if c := full.room(); c.Status != Problem {
		t.Errorf("%+v", c)
	}
	full = Stored{Condition: store.Condition{Unwritable: os.ErrPermission}}
	if c := full.writable(); c.Status != Problem {
		t.Errorf("%+v", c)
	}
}

func TestMasterKeyFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "master.key")
	if c := lookMaster(file).judge(); c.Status != Problem {
		t.Errorf("missing: %+v", c)
	}
	if err := os.WriteFile(file, []byte("not a key, but a secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c := lookMaster(file).judge(); c.Status != Problem || strings.Contains(c.Detail.EN, "secret") {
		t.Errorf("bad: %+v", c)
	}
}
