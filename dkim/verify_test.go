package dkim

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/message"
)

func TestUnsigned(t *testing.T) {
	for _, raw := range []string{"", simpleMessage, "\r\n", "X"} {
		if vs := verify(t, testZone(), raw, Options{}); vs != nil {
			t.Errorf("%q: %+v", raw, vs)
		}
	}
}

// withB gives the signature of a message another value.
func withB(raw, b string) string {
	field := message.Parse([]byte(raw)).Fields[0]
	p := parseSignature(field.Value())
	at := strings.IndexByte(raw, ':') + 1
	return raw[:at+p.bFrom] + b + raw[at+p.bEnd:]
}

// TestReasons: a failure says what was changed, and whether the key is the right one.
func TestReasons(t *testing.T) {
	const tags = "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=rsa; h=from:subject; bh=%BH%"
	raw := resigned(t, simpleMessage, "rsa", tags)
	otherKey := resigned(t, simpleMessage, "rsa2", tags)
	ed := sign(t, simpleMessage, SignOptions{Selector: "ed25519"})
	for _, c := range []struct {
		name, raw string
		problem   string
		says      string
	}{
		{"body", raw + "x", ProblemBodyHashMismatch, "(the signed header fields were not)"},
		{"body and header", strings.Replace(raw, "hello", "hallo", 1) + "x", ProblemBodyHashMismatch, "and so were signed header fields"},
		{"header", strings.Replace(raw, "hello", "hallo", 1), ProblemSignatureMismatch, "the key is the one that signed"},
		{"signature field", strings.Replace(raw, "h=from:subject;", "h=from:subject; z=x;", 1), ProblemSignatureMismatch, "the key is the one that signed"},
		{"key", otherKey, ProblemSignatureMismatch, "the key in the DNS is not the one that signed"},
		{"short b=", withB(raw, "AAAA"), ProblemSignatureMismatch, "another key signed"},
		{"ed25519", strings.Replace(ed, "hello", "hallo", 1), ProblemSignatureMismatch, "a signed header field was changed"},
		{"short ed25519", withB(ed, "AAAA"), ProblemSignatureMismatch, "64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := expect(t, testZone(), c.raw, Options{}, Fail, c.problem)
			if !strings.Contains(v.Reason, c.says) {
				t.Errorf("%q does not say %q", v.Reason, c.says)
			}
			if len(v.BodyHash) != 32 || len(v.HeaderHash) != 32 || v.Key == nil {
				t.Error("the evidence is not there")
			}
		})
	}
}

// TestKeysFetchedOnce: each key once, in any case of its name, for any number of signatures.
func TestKeysFetchedOnce(t *testing.T) {
	raw := simpleMessage
	for _, o := range []SignOptions{{}, {Selector: "RSA", Key: testKeys["rsa"]}, {Selector: "ed25519"}, {Selector: "rsa2"}, {Body: Relaxed}} {
		raw = sign(t, raw, o)
	}
	r := &asked{Resolver: testZone()}
	for i, v := range verify(t, r, raw, Options{}) {
		if v.Result != Pass || v.FieldIndex != i {
			t.Errorf("%d: field %d, %s (%s)", i, v.FieldIndex, v.Result, v.Reason)
		}
	}
	slices.Sort(r.names)
	if len(r.names) != 3 || len(slices.Compact(r.names)) != 3 {
		t.Errorf("asked for %q", r.names)
	}
}

// meet answers only when so many questions have come.
type meet struct {
	dns.Resolver
	come chan struct{}
	all  chan struct{}
}

func (m meet) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	m.come <- struct{}{}
	select {
	case <-m.all:
		return m.Resolver.Resolve(ctx, q)
	case <-ctx.Done():
		return dns.Answer{Question: q, Status: dns.Timeout}
	}
}

// TestKeysFetchedTogether: look-ups do not wait for each other.
func TestKeysFetchedTogether(t *testing.T) {
	raw := sign(t, sign(t, sign(t, simpleMessage, SignOptions{}), SignOptions{Selector: "rsa2"}), SignOptions{Selector: "ed25519"})
	m := meet{testZone(), make(chan struct{}), make(chan struct{})}
	go func() {
		for range 3 {
			<-m.come
		}
		close(m.all)
	}()
	for _, v := range verify(t, m, raw, Options{}) {
		if v.Result != Pass {
			t.Errorf("%s (%s)", v.Result, v.Reason)
		}
	}
}

// TestSignaturesAreApart: a good signature passes beside bad ones (RFC 6376 section 6.1).
func TestSignaturesAreApart(t *testing.T) {
	good := sign(t, simpleMessage, SignOptions{})
	bad := "DKIM-Signature: nonsense\r\nDKIM-Signature: v=1; a=rsa-sha256; d=gone.example; s=x; h=from; bh=" + strings.Repeat("A", 43) + "=; b=AAAA\r\n"
	vs := verify(t, testZone(), bad+good, Options{})
	var got []string
	for _, v := range vs {
		got = append(got, string(v.Result)+" "+v.Problem)
	}
	if want := []string{"permerror syntax", "permerror key-missing", "pass "}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if !strings.Contains(vs[1].Reason, "NXDOMAIN") {
		t.Errorf("reason: %s", vs[1].Reason)
	}
}

// TestSharedBodies: several users of one body; and what happens when there is no room left.
func TestSharedBodies(t *testing.T) {
	m := message.Parse([]byte(sign(t, simpleMessage, SignOptions{Body: Relaxed})))
	bodies := NewBodies()
	if vs := Verify(t.Context(), testZone(), m, Options{Bodies: bodies}); len(vs) != 1 || vs[0].Result != Pass {
		t.Errorf("%+v", vs)
	}
	if _, n, ok := bodies.Sum(Relaxed, -1); !ok || n != 7 {
		t.Errorf("the shared set has %d octets, %v", n, ok)
	}
	full := NewBodies()
	for i := range int64(40) {
		full.Want(Simple, i)
	}
	if vs := Verify(t.Context(), testZone(), m, Options{Bodies: full}); vs[0].Result != Policy || vs[0].Problem != ProblemTooManyBodyLengths {
		t.Errorf("%+v", vs)
	}
}

// TestLookupKey has the words a key inspector needs.
func TestLookupKey(t *testing.T) {
	z := testZone(dns.Zone{
		"revoked._domainkey.example.com": {"TXT v=DKIM1; p="},
		"alias._domainkey.example.com":   {"CNAME rsa._domainkey.example.com"},
		"a.none._domainkey.example.com":  {"A 192.0.2.1"},
	})
	for selector, want := range map[string]string{
		"rsa": "", "alias": "", "revoked": ProblemKeyRevoked, "gone": ProblemKeyMissing, "none": ProblemKeyMissing,
	} {
		k, result, problem, reason := LookupKey(t.Context(), z, selector, "example.com")
		if problem != want || (problem == "") != (reason == "" && result == "") {
			t.Errorf("%s: %s %s (%s)", selector, result, problem, reason)
		}
		if hasKey := want != ProblemKeyMissing; (k != nil) != hasKey {
			t.Errorf("%s: key %+v", selector, k)
		}
	}
	_, _, _, gone := LookupKey(t.Context(), z, "gone", "example.com")
	_, _, _, none := LookupKey(t.Context(), z, "none", "example.com")
	if !strings.Contains(gone, "NXDOMAIN") || !strings.Contains(none, "has no TXT record") {
		t.Errorf("not told apart: %s; %s", gone, none)
	}
}

// TestAllocations: verifying an ordinary message takes few.
func TestAllocations(t *testing.T) {
	m := message.Parse([]byte(sign(t, string(benchMessage(benchBodies[0].line, kb10)), SignOptions{Header: Relaxed, Body: Relaxed})))
	r := testZone()
	if n := testing.AllocsPerRun(20, func() { Verify(context.Background(), r, m, Options{}) }); n > 60 {
		t.Errorf("%v allocations", n)
	}
}
