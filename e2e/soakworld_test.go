package e2e

import (
	"context"
	"crypto"
	"fmt"
	"math/rand/v2"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/todoku/todoku/authres"
	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/message"
)

// spans is what may have been in force when: of a change it is known when it began and when it was confirmed, and in
// between both the old and the new may be.
type spans[T comparable] struct {
	mu   sync.Mutex
	list []span[T]
}

type span[T comparable] struct {
	v           T
	from, until time.Time // until is zero while it goes on
}

// begin says that from now on v may be in force, beside what was.
func (s *spans[T]) begin(v T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, span[T]{v: v, from: time.Now()})
}

// settle says that nothing but the last is in force, or will be once so much time has passed.
func (s *spans[T]) settle(after time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.list[:len(s.list)-1] {
		if s.list[i].until.IsZero() {
			s.list[i].until = time.Now().Add(after)
		}
	}
}

// during gives all that may have been in force at some moment from a to b.
func (s *spans[T]) during(a, b time.Time) (out []T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.list {
		if !one.from.After(b) && (one.until.IsZero() || !one.until.Before(a)) && !slices.Contains(out, one.v) {
			out = append(out, one.v)
		}
	}
	return out
}

// How the resolver is.
const (
	dnsWell int32 = iota
	dnsServFail
	dnsSilent
)

// soakDNS is the resolver of a soak. Names like m7.good.example have the records of good.example, so that caches do not
// hide that it fails; nothing may be kept for longer than a second.
type soakDNS struct {
	zone   *dns.Memory
	addr   string
	state  atomic.Int32
	faults spans[bool]
	srv    *dnstest.Server
}

var numbered = regexp.MustCompile(`(^|\.)m[0-9]+\.`)

// Resolve answers, or not.
func (d *soakDNS) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	if d.state.Load() == dnsServFail {
		return dns.Answer{Question: q, Status: dns.ServFail}
	}
	base := q
	base.Name = numbered.ReplaceAllString(q.Name, "$1")
	a := d.zone.Resolve(ctx, base)
	a.Question, a.TTL, a.Records = q, min(a.TTL, 1), slices.Clone(a.Records)
	for i := range a.Records {
		a.Records[i].TTL = 1
		if a.Records[i].Name == base.Name {
			a.Records[i].Name = q.Name
		}
	}
	return a
}

// up serves, at the address where it was before.
func (d *soakDNS) up(t *testing.T) {
	t.Helper()
	var err error
	if d.srv, err = dnstest.Start(d, d.addr, dnstest.Drop(func(dnstest.Query) bool { return d.state.Load() == dnsSilent })); err != nil {
		t.Error(err)
	}
}

// fixedPort is a free loopback port from below those that the system gives to clients: it can be listened on again later.
func fixedPort(t *testing.T) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(12_000)))
		if err != nil {
			continue
		}
		defer l.Close()
		return l.Addr().String()
	}
	t.Fatal("no port is free")
	return ""
}

// The keys of a soak: those that sign our mail, and that of the outside.
type soakKeys struct {
	rsa, ed, late, outside crypto.Signer
	file                   []crypto.Signer // one after the other, under one selector
}

func newSoakKeys(t *testing.T) *soakKeys {
	t.Helper()
	k := &soakKeys{}
	for _, at := range []*crypto.Signer{&k.rsa, &k.ed, &k.late, &k.outside} {
		*at = newKey(t, map[bool]string{true: "rsa", false: "ed25519"}[at == &k.rsa])
	}
	for range 4 {
		k.file = append(k.file, newKey(t, "ed25519"))
	}
	return k
}

func newKey(t *testing.T, algorithm string) crypto.Signer {
	t.Helper()
	key, err := dkim.GenerateKey(algorithm, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func txtOf(t *testing.T, k crypto.Signer) string {
	t.Helper()
	r, err := dkim.RecordFor(k.Public())
	if err != nil {
		t.Fatal(err)
	}
	return "TXT " + r
}

// zones gives the DNS of the world, and that of our own keys for each key of the file.
func (k *soakKeys) zones(t *testing.T) (world *dns.Memory, ours []*dns.Memory) {
	t.Helper()
	world = dns.MustMemory(dns.Zone{
		"good.example": {"TXT v=spf1 ip4:198.51.100.7 -all"}, "_dmarc.good.example": {"TXT v=DMARC1; p=reject"}, "g._domainkey.good.example": {txtOf(t, k.outside)},
		"mail.good.example": {"A 198.51.100.7"}, "7.100.51.198.in-addr.arpa": {"PTR mail.good.example"},
		"bank.example": {"TXT v=spf1 -all"}, "_dmarc.bank.example": {"TXT v=DMARC1; p=reject"},
	})
	for _, f := range k.file {
		ours = append(ours, dns.MustMemory(dns.Zone{
			"r._domainkey.ours.example": {txtOf(t, k.rsa)}, "e._domainkey.ours.example": {txtOf(t, k.ed)},
			"l._domainkey.late.example": {txtOf(t, k.late)}, "f._domainkey.file.example": {txtOf(t, f)},
		}))
	}
	return world, ours
}

// kind is what sort of message one is.
type kind int

const (
	kindOurs   kind = iota // from a network of ours, two keys of the database
	kindUser               // from a user who logged in elsewhere
	kindFile               // a key from a file, which changes
	kindLate               // its key comes into the database later
	kindGood               // signed, and from the right address
	kindSpoof              // neither, and it brings results of its own
	kindBroken             // the signature is broken, the address right
	kindDefer              // as good, to somebody whose mail waits while the DNS is away
)

// kindOf gives the kind of a message: ten of one after the other, as they share a connection.
func kindOf(n int) kind {
	if n%80 == 79 {
		return kindLate
	}
	return []kind{kindOurs, kindGood, kindFile, kindSpoof, kindUser, kindBroken, kindOurs, kindDefer}[n/10%8]
}

// client says where a message comes from: one connection is for one of them.
func (k kind) client() string {
	switch k {
	case kindOurs, kindFile, kindLate:
		return "192.0.2.5"
	case kindSpoof, kindUser:
		return "203.0.113.9"
	}
	return "198.51.100.7"
}

func (k kind) outgoing() bool { return k <= kindLate }

func (k kind) rcpt() string {
	if k == kindDefer {
		return "you@defer.example"
	}
	return "you@there.example"
}

// author is the domain of From.
func (k kind) author(n int) string {
	switch k {
	case kindOurs, kindUser:
		return "ours.example"
	case kindFile:
		return "file.example"
	case kindLate:
		return "late.example"
	case kindSpoof:
		return fmt.Sprintf("m%d.bank.example", n%60)
	}
	return fmt.Sprintf("m%d.good.example", n%60)
}

// raw gives the message with a number.
func (k *soakKeys) raw(t *testing.T, n int, r *rand.Rand) string {
	kind := kindOf(n)
	var body strings.Builder
	lines := r.IntN(80)
	if r.IntN(100) == 0 {
		lines = 3000
	}
	for i := range lines {
		fmt.Fprintf(&body, "line %d of %d: %d of this message is this.\r\n", i, n, r.Uint32())
	}
	raw := fmt.Sprintf("From: Me <me@%s>\r\nTo: %s\r\nSubject: number %d\r\nDate: Thu, 26 Nov 2026 12:00:00 +0000\r\nMessage-ID: <%d@soak.example>\r\n\r\n%s", kind.author(n), kind.rcpt(), n, n, body.String())
	switch kind {
	case kindGood, kindDefer, kindBroken:
		field, err := dkim.Sign(strings.NewReader(raw), dkim.SignOptions{Domain: kind.author(n), Selector: "g", Key: k.outside, Header: dkim.Relaxed, Body: dkim.Relaxed})
		if err != nil {
			t.Error(err)
		}
		raw = string(field) + raw
		if kind == kindBroken {
			raw += "and this was added\r\n"
		}
	case kindSpoof:
		raw = "Authentication-Results: " + soakName + "; dmarc=pass header.from=bank.example\r\n" + raw
	}
	return raw
}

// soakName is our authserv-id.
const soakName = "mx.ours.example"

// checkSigned says what is wrong with a message that went out.
func checkSigned(kind kind, zones []*dns.Memory, allowed []int, raw string) error {
	m := message.Parse([]byte(raw))
	want := map[kindKey]string{{kindOurs, 0}: "ours.example e", {kindOurs, 1}: "ours.example r", {kindUser, 0}: "ours.example e", {kindUser, 1}: "ours.example r",
		{kindFile, 0}: "file.example f", {kindLate, 0}: "late.example l"}
	var last error
	for _, version := range allowed {
		vs := dkim.Verify(context.Background(), zones[version], m, dkim.Options{Now: time.Now()})
		var got []string
		last = nil
		for i := range vs {
			if vs[i].Result != dkim.Pass {
				last = fmt.Errorf("dkim=%s: %s", vs[i].Result, vs[i].Reason)
				continue
			}
			got = append(got, vs[i].Signature.Domain+" "+vs[i].Signature.Selector)
		}
		slices.Sort(got)
		var all []string
		for i := range 2 {
			if w := want[kindKey{kind, i}]; w != "" {
				all = append(all, w)
			}
		}
		if last == nil && !slices.Equal(got, all) {
			last = fmt.Errorf("signed by %v, want %v", got, all)
		}
		if last == nil {
			return nil
		}
	}
	return last
}

type kindKey struct {
	kind kind
	i    int
}

// checkVerified says what is wrong with the results of a message that came in; trouble is whether the DNS failed meanwhile.
func checkVerified(kind kind, raw string, trouble bool, marks []string) error {
	m := message.Parse([]byte(raw))
	var found *authres.Header
	for _, f := range m.All("Authentication-Results") {
		if id, _ := authres.AuthServID(f.Value()); id == soakName {
			h, err := authres.Parse(f.Value())
			if err != nil || found != nil {
				return fmt.Errorf("%v, or several fields of ours", err)
			}
			found = &h
		}
	}
	if found == nil {
		return fmt.Errorf("no results")
	}
	right := map[string]string{"dkim": "pass", "spf": "pass", "dmarc": "pass"}
	switch kind {
	case kindSpoof:
		right = map[string]string{"dkim": "none", "spf": "fail", "dmarc": "fail"}
	case kindBroken:
		right["dkim"] = "fail"
	}
	seen, temporary := map[string]bool{}, false
	for _, r := range found.Results {
		want, judged := right[r.Method]
		if !judged || seen[r.Method] {
			continue
		}
		seen[r.Method] = true
		if trouble && r.Value == "temperror" {
			temporary = temporary || r.Method == "dmarc"
			continue
		}
		if r.Value != want {
			return fmt.Errorf("%s=%s, want %s (the DNS failed meanwhile: %v)", r.Method, r.Value, want, trouble)
		}
	}
	if len(seen) != len(right) {
		return fmt.Errorf("results of %v only", seen)
	}
	if kind == kindSpoof && !temporary {
		mark := ""
		for name, action := range map[string]string{"X-Todoku-Verdict": "tag", "X-Todoku-Quarantine": "quarantine"} {
			if m.Count(name) > 0 {
				mark += action
			}
		}
		if !slices.Contains(marks, mark) {
			return fmt.Errorf("marked %q, want one of %q", mark, marks)
		}
	}
	return nil
}
