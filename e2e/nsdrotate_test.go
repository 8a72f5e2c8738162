package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/message"
)

const (
	rotated = "rotated.example"
	// rotatedTTL is for how long a cache may know that a record of the zone is not there.
	rotatedTTL = 2 * time.Second
)

// byHand is a domain whose administrator edits a zone file: two real name servers, of which the second has what the first has when
// somebody tells it to look, a resolver with a cache, and a milter that signs by the database on which `todoku keys` works.
type byHand struct {
	t              *testing.T
	dir            string
	flags          []string
	ahead          time.Duration     // by how much the clock of `todoku keys` is
	lines          map[string]string // of the zone file, by name
	names          []string          // of all records that ever were to be published
	serial         int
	first, second  *nameserver
	resolver       *nameserver
	milter         *program
	used           map[string]int // how many messages each selector signed
	lost           bool           // a record was taken from under a key that signs: until the program looks, no promise holds
	late           time.Time      // when the second server last did not have what the first one had
	signed, passed int
}

// TestNSDRotation: from the first key to one that is withdrawn, with nsd and by hand. After every message each server, and the cache that was asked
// all along, is asked for its keys: all have them, whatever the administrator has done and however late the second server is.
func TestNSDRotation(t *testing.T) {
	need(t, "/usr/sbin/nsd", "/usr/sbin/nsd-control", "/usr/sbin/unbound")
	needRoot(t, "port 53")
	d := startByHand(t)

	d.paste(d.keys("create", rotated, "--algorithm", "both"))
	d.stays("prepared prepared") // the second server does not have them
	d.transfer()
	d.becomes("published published")
	d.becomes("signing signing")
	d.waited()
	old := d.signsWith()

	d.paste(d.keys("rotate", rotated))
	d.stays("signing signing prepared prepared")
	d.transfer()
	d.becomes("retiring retiring signing signing")
	d.waited()
	fresh := d.signsWith()
	if slices.ContainsFunc(fresh, func(s string) bool { return slices.Contains(old, s) }) {
		t.Fatalf("%v signs after %v", fresh, old)
	}

	// The first server loses the new records. Once that is seen the keys before sign, and the new ones begin anew.
	kept := maps.Clone(d.lines)
	d.lost = true
	d.edit(func() { d.forget(fresh) })
	d.ahead += 6 * time.Minute
	d.becomes("signing signing prepared prepared")
	if got := d.signsWith(); !slices.Equal(got, old) {
		t.Fatalf("%v signs after the loss, not %v", got, old)
	}
	d.lost = false
	d.stays("signing signing prepared prepared")
	d.edit(func() { d.lines = kept })
	d.transfer()
	d.becomes("retiring retiring signing signing")
	d.waited()
	if got := d.signsWith(); !slices.Equal(got, fresh) {
		t.Fatalf("%v signs in the end, not %v", got, fresh)
	}

	// Mail has its time; then the administrator is asked to take the old records away, and the keys are gone when both servers have none.
	for range 3 {
		d.ahead += 24 * time.Hour
		d.stays("retiring retiring signing signing")
		if text := d.keys("show", rotated); strings.Contains(text, "take this record away") {
			t.Fatalf("the record is withdrawn too early:\n%s", text)
		}
	}
	d.ahead += 13 * time.Hour
	d.stays("retiring retiring signing signing")
	asked := d.withdrawals(d.keys("show", rotated))
	if !slices.Equal(asked, old) {
		t.Fatalf("asked to take away %v, not %v", asked, old)
	}
	d.edit(func() { d.forget(old) })
	d.stays("retiring retiring signing signing") // the second server still has them
	d.transfer()
	d.becomes("removed removed signing signing")
	d.mail()
	t.Logf("%d messages; signatures: %v", d.passed, d.used)
	if len(d.used) != 4 {
		t.Errorf("not every key signed: %v", d.used)
	}
}

func startByHand(t *testing.T) *byHand {
	t.Helper()
	d := &byHand{t: t, dir: t.TempDir(), used: map[string]int{}, lines: map[string]string{
		"@": "@ 2 IN SOA ns1 hostmaster %d 7200 600 86400 2\n@ 60 IN NS ns1\n@ 60 IN NS ns2\nns1 60 IN A 127.22.0.1\nns2 60 IN A 127.22.0.2\n",
	}}
	d.save()
	d.first = startNSD(t, "127.22.0.1", rotated, "  zonefile: \""+d.dir+"/zone\"\n  provide-xfr: 127.0.0.0/8 NOKEY\n")
	d.second = startNSD(t, "127.22.0.2", rotated, "  request-xfr: AXFR 127.22.0.1@53 NOKEY\n")
	d.resolver = startUnbound(t, "127.22.0.3", rotated, d.first, d.second)
	database, master := filepath.Join(d.dir, "t.db"), filepath.Join(d.dir, "master.key")
	st, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	todoku(t, "keys", "master", master)
	common := []string{"--database", database, "--master-key-file", master, "--resolver", d.resolver.addr}
	d.flags = append(slices.Clone(common), "--allow-private", "127.0.0.0/8", "--keys-mail-life", "12h", "--lang", "en")
	d.milter = run(t, "Milter: tcp:", append(common, "milter", "--listen", "inet:0@127.0.0.1", "--authserv-id", "mail."+rotated, "--unsigned", "defer")...)
	return d
}

// keys runs `todoku keys` by the clock of the drill, and gives what it prints.
func (d *byHand) keys(args ...string) string {
	d.t.Helper()
	args = slices.Concat([]string{"keys"}, args, d.flags, []string{"--at", time.Now().Add(d.ahead).Format(time.RFC3339Nano)})
	out, err := exec.Command(binary, args...).Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) { // 1: a key has a problem
		d.t.Fatalf("%v: %v\n%s", args, err, exit.Stderr)
	}
	return string(out)
}

// states gives those of all keys, in the order in which they were made.
func (d *byHand) states() string {
	d.t.Helper()
	var list struct{ Keys []struct{ State string } }
	if err := json.Unmarshal([]byte(d.keys("list", "--all", "--json")), &list); err != nil {
		d.t.Fatal(err)
	}
	var out []string
	for _, k := range list.Keys {
		out = append(out, k.State)
	}
	return strings.Join(out, " ")
}

// becomes has mail go on, and steps be taken, until the keys have these states.
func (d *byHand) becomes(want string) {
	d.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		d.mail()
		said := d.keys("rotate")
		if d.states() == want {
			return
		}
		if time.Now().After(end) {
			d.t.Fatalf("%s, not %s\n%s", d.states(), want, said)
		}
	}
}

// stays does so for some steps in which they must not change.
func (d *byHand) stays(want string) {
	d.t.Helper()
	for range 3 {
		d.mail()
		said := d.keys("rotate")
		if got := d.states(); got != want {
			d.t.Fatalf("%s, not %s\n%s", got, want, said)
		}
	}
}

// waited: no key signs before every cache forgot that its record was not there.
func (d *byHand) waited() {
	d.t.Helper()
	if took := time.Since(d.late); took < rotatedTTL {
		d.t.Fatalf("it signs %s after a server did not have its record", took)
	}
}

// signsWith tells the milter to read the keys again, and gives the selectors that sign from then on.
func (d *byHand) signsWith() []string {
	d.t.Helper()
	before := strings.Count(d.milter.log.String(), "the milter has new settings")
	if err := d.milter.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		d.t.Fatal(err)
	}
	d.milter.waitFor(d.t, "the milter has new settings", before+1)
	selectors := d.mail()
	if len(selectors) != 2 {
		d.t.Fatalf("%v sign\n%s", selectors, d.milter.log)
	}
	return selectors
}

// mail sends a message through the milter, and asks everybody for the keys with which it was signed.
func (d *byHand) mail() (selectors []string) {
	d.t.Helper()
	d.passed++
	raw := "From: me@" + rotated + "\r\nTo: you@here.example\r\nSubject: " + fmt.Sprint(d.passed) + "\r\nDate: Thu, 26 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@" + rotated + ">\r\n\r\nHello.\r\n"
	got := tell(d.t, "tcp:"+d.milter.addr(d.t), posted{"127.0.0.1", "client.example", "bounce@" + rotated, raw})
	m := message.Parse([]byte(got.raw))
	for _, f := range m.All("DKIM-Signature") {
		s, err := dkim.ParseSignature(f.Value())
		if err != nil {
			d.t.Fatal(err)
		}
		selectors = append(selectors, s.Selector)
		d.used[s.Selector]++
	}
	slices.Sort(selectors)
	if len(selectors) == 0 && d.signed > 0 {
		d.t.Fatalf("message %d is not signed\n%s", d.passed, d.milter.log)
	}
	d.signed += len(selectors)
	for what, s := range map[string]*nameserver{"the first server": d.first, "the second server": d.second, "the cache": d.resolver} {
		if what == "the cache" {
			for _, name := range d.names { // it is asked at all times for everything, as the world may
				s.asked(d.t, name)
			}
		}
		for _, v := range dkim.Verify(d.t.Context(), s.client, m, dkim.Options{Now: time.Now()}) {
			if v.Result != dkim.Pass && !d.lost {
				d.t.Fatalf("message %d, by %s: %s of %s: %s\n%s", d.passed, what, v.Result, v.Signature.Selector, v.Reason, d.keys("status"))
			}
		}
	}
	return selectors
}

// paste puts what `todoku keys` printed into the zone file, as it is.
func (d *byHand) paste(printed string) {
	d.t.Helper()
	d.edit(func() {
		for line := range strings.Lines(printed) {
			if name, _, ok := strings.Cut(line, " "); ok && name != ";" {
				d.lines[name], d.names = line, append(d.names, strings.TrimSuffix(name, "."))
			}
		}
	})
}

// forget takes the records of selectors out of the zone file.
func (d *byHand) forget(selectors []string) {
	d.t.Helper()
	for _, s := range selectors {
		name := s + "._domainkey." + rotated + "."
		if d.lines[name] == "" {
			d.t.Fatalf("%s is not in the zone file", name)
		}
		delete(d.lines, name)
	}
}

// withdrawals are the selectors of records that somebody is asked to take away.
func (d *byHand) withdrawals(printed string) (out []string) {
	d.t.Helper()
	_, rest, _ := strings.Cut(printed, "take this record away")
	for part := range strings.SplitSeq(rest, "take this record away") {
		lines := strings.SplitN(part, "\n", 3)
		if len(lines) < 2 {
			continue
		}
		selector, _, _ := strings.Cut(lines[1], ".")
		out = append(out, selector)
	}
	slices.Sort(out)
	return out
}

// edit changes the zone file, and has the first server read it.
func (d *byHand) edit(change func()) {
	d.t.Helper()
	change()
	d.save()
	d.first.tell(d.t, func() bool { return d.first.serial(d.t) == d.serial }, "reload", rotated)
}

func (d *byHand) save() {
	d.t.Helper()
	d.serial++
	text := "$ORIGIN " + rotated + ".\n" + fmt.Sprintf(d.lines["@"], d.serial)
	for name, line := range d.lines {
		if name != "@" {
			text += line
		}
	}
	write(d.t, filepath.Join(d.dir, "zone"), text)
}

// transfer has the second server look at the first.
func (d *byHand) transfer() {
	d.t.Helper()
	d.late = time.Now()
	d.second.tell(d.t, func() bool { return d.second.serial(d.t) == d.serial }, "transfer", rotated)
}

// serial is that of the zone as a server has it.
func (s *nameserver) serial(t *testing.T) (n int) {
	t.Helper()
	a := s.client.Resolve(t.Context(), dns.Question{Name: rotated, Type: dns.TypeSOA})
	if a.Status.Found() {
		_, _ = fmt.Sscan(strings.Fields(a.Records[0].Data)[2], &n)
	}
	return n
}
