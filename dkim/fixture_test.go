package dkim

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// testKeys are made once: by selector.
var testKeys = func() map[string]crypto.Signer {
	keys := map[string]crypto.Signer{}
	for selector, algorithm := range map[string]string{"rsa": "rsa", "rsa2": "rsa", "ed25519": "ed25519"} {
		key, err := GenerateKey(algorithm, 2048)
		if err != nil {
			panic(err)
		}
		keys[selector] = key
	}
	return keys
}()

func recordOf(selector string) string {
	record, err := RecordFor(testKeys[selector].Public())
	if err != nil {
		panic(err)
	}
	return record
}

// testZone has the keys at SELECTOR._domainkey.example.com, and what extra says.
func testZone(extra ...dns.Zone) dns.Resolver {
	z := dns.Zone{}
	for selector := range testKeys {
		z[keyName(selector, "example.com")] = []string{"TXT " + recordOf(selector)}
	}
	for _, e := range extra {
		maps.Copy(z, e)
	}
	return dns.MustMemory(z)
}

// asked counts what a resolver is asked.
type asked struct {
	dns.Resolver
	mu    sync.Mutex
	names []string
}

func (a *asked) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	a.mu.Lock()
	a.names = append(a.names, q.Name)
	a.mu.Unlock()
	return a.Resolver.Resolve(ctx, q)
}

const simpleMessage = "From: Hanako <hanako@example.com>\r\nTo: taro@example.net\r\nSubject: hello\r\n" +
	"Date: Mon, 1 Jan 2024 00:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n\r\nBody.\r\n"

// sign puts a signature before a message.
func sign(t testing.TB, raw string, o SignOptions) string {
	t.Helper()
	if o.Domain == "" {
		o.Domain = "example.com"
	}
	if o.Selector == "" {
		o.Selector = "rsa"
	}
	if o.Key == nil {
		o.Key = testKeys[o.Selector]
	}
	field, err := Sign(strings.NewReader(raw), o)
	if err != nil {
		t.Fatal(err)
	}
	return string(field) + raw
}

func verify(t testing.TB, r dns.Resolver, raw string, o Options) []Verdict {
	t.Helper()
	vs := Verify(t.Context(), r, message.Parse([]byte(raw)), o)
	for _, v := range vs {
		if (v.Reason == "") != (v.Problem == "") || v.Result != Pass && v.Reason == "" {
			t.Errorf("%s: problem %q, reason %q", v.Result, v.Problem, v.Reason)
		}
		for i := 0; i < len(v.Reason); i++ {
			if v.Reason[i] < ' ' {
				t.Errorf("a control character in %q", v.Reason)
			}
		}
	}
	return vs
}

// expect verifies a message with one signature.
func expect(t testing.TB, r dns.Resolver, raw string, o Options, result Result, problem string) Verdict {
	t.Helper()
	vs := verify(t, r, raw, o)
	if len(vs) != 1 {
		t.Fatalf("%d verdicts, want 1", len(vs))
	}
	if vs[0].Result != result || vs[0].Problem != problem {
		t.Errorf("%s %s (%s), want %s %s", vs[0].Result, vs[0].Problem, vs[0].Reason, result, problem)
	}
	return vs[0]
}

// resigned makes a valid signature over fields and tags that Sign would not write:
// tags is the value up to and without b=. %BH% becomes the body hash.
func resigned(t testing.TB, raw, selector, tags string) string {
	t.Helper()
	m := message.Parse([]byte(raw))
	p := parseSignature([]byte(strings.ReplaceAll(tags, "%BH%", strings.Repeat("A", 43)+"=") + "; b=AA=="))
	b := NewBodies()
	b.Want(p.sig.Body, p.sig.Length)
	if _, err := b.Write(m.Body); err != nil {
		t.Fatal(err)
	}
	sum, _, _ := b.Sum(p.sig.Body, p.sig.Length)
	tags = strings.ReplaceAll(tags, "%BH%", b64(sum[:]))
	x := newIndex(m.Fields)
	x.Begin(-1)
	data, _ := x.AppendSigned(nil, p.sig.Header, p.sig.Headers)
	field := []byte("DKIM-Signature: " + tags + "; b=")
	data = wire.AppendUnsigned(data, p.sig.Header, field, len(field), len(field))
	return string(field) + b64(signHash(t, testKeys[selector], data)) + "\r\n" + raw
}

func b64(p []byte) string { return base64.StdEncoding.EncodeToString(p) }

func signHash(t testing.TB, key crypto.Signer, data []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(data)
	opts := crypto.SHA256
	if _, ok := key.(ed25519.PrivateKey); ok {
		opts = 0
	}
	sig, err := key.Sign(rand.Reader, sum[:], opts)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}
