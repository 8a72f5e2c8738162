package arc_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

const plainMessage = "From: Alice <alice@example.com>\r\nTo: list@lists.example.org\r\nSubject: Hello  there\r\n" +
	"Date: Mon, 5 Oct 2026 10:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n\r\nHello,\r\nthis is mail.\r\n\r\n"

// Keys are made once; the numbers are the sizes of RSA keys.
var (
	rsa1024 = sync.OnceValue(func() *rsa.PrivateKey { return newRSA(1024) })
	rsa2048 = sync.OnceValue(func() *rsa.PrivateKey { return newRSA(2048) })
	edKey   = ed25519.NewKeyFromSeed([]byte(strings.Repeat("k", 32)))
)

func newRSA(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

// record is the TXT data of a public key.
func record(key crypto.Signer) string {
	switch pub := key.Public().(type) {
	case ed25519.PublicKey:
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(pub)
	default:
		der, err := x509.MarshalPKIXPublicKey(pub)
		if err != nil {
			panic(err)
		}
		return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
	}
}

// world counts the questions asked of a zone.
type world struct {
	dns.Resolver
	mu    sync.Mutex
	asked []string
}

func newWorld(z dns.Zone) *world { return &world{Resolver: dns.MustMemory(z)} }

func (w *world) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	w.mu.Lock()
	w.asked = append(w.asked, q.Name)
	w.mu.Unlock()
	return w.Resolver.Resolve(ctx, q)
}

// zone publishes the 1024-bit key of every hop, hop1.example to hop60.example.
func zone() dns.Zone {
	z := dns.Zone{"s1._domainkey.lists.example.org": {"TXT " + record(rsa2048())}, "ed._domainkey.lists.example.org": {"TXT " + record(edKey)}}
	for i := 1; i <= 60; i++ {
		z[fmt.Sprintf("s._domainkey.hop%d.example", i)] = []string{"TXT " + record(rsa1024())}
	}
	return z
}

func options(domain string, key crypto.Signer, chain arc.Verdict) arc.SealOptions {
	selector := "s"
	if domain == "lists.example.org" {
		selector = "s1"
	}
	return arc.SealOptions{
		Domain: domain, Selector: selector, Key: key, Results: "spf=pass smtp.mailfrom=example.com; dmarc=pass header.from=example.com",
		Header: wire.Relaxed, Body: wire.Relaxed, Timestamp: time.Unix(1790000000, 0), Chain: chain,
	}
}

// forward seals a message at hop 1, 2 ... n and gives what the last one sends.
// change, where not nil, edits the message before the seal of each hop.
func forward(t testing.TB, r dns.Resolver, raw string, n int, change func(hop int, raw string) string) string {
	t.Helper()
	for hop := 1; hop <= n; hop++ {
		chain := arc.Verify(t.Context(), r, message.Parse([]byte(raw)), arc.Options{})
		if change != nil {
			raw = change(hop, raw)
		}
		raw = seal(t, raw, options(fmt.Sprintf("hop%d.example", hop), rsa1024(), chain))
	}
	return raw
}

func seal(t testing.TB, raw string, o arc.SealOptions) string {
	t.Helper()
	out, err := arc.Seal(message.Parse([]byte(raw)), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(out), "\r\n") {
		if len(line) > 998 || strings.ContainsAny(line, "\r\n\x00") {
			t.Fatalf("bad line in %q", out)
		}
	}
	return string(out) + raw
}

// sealByHand adds the set that hop1.example makes where h= of its message signature is h:
// what [arc.Seal] refuses, too.
func sealByHand(t testing.TB, raw, h string) string {
	t.Helper()
	m := message.Parse([]byte(raw))
	sign := func(canonical []byte) string {
		sum := sha256.Sum256(canonical[:len(canonical)-2])
		value, err := rsa1024().Sign(rand.Reader, sum[:], crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString(value)
	}
	aar := "ARC-Authentication-Results: i=1; hop1.example; dmarc=pass header.from=example.com\r\n"
	ams := "ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=hop1.example; s=s; h=" + h + "; bh=" + hash(t, string(m.Body), wire.Relaxed, -1) + "; b="
	index := wire.NewIndex(len(m.Fields), func(i int) []byte { return m.Fields[i].Raw })
	index.Begin(-1)
	signed, _ := index.AppendSigned(nil, wire.Relaxed, strings.Split(h, ":"))
	ams += sign(wire.AppendHeader(signed, wire.Relaxed, []byte(ams+"\r\n"))) + "\r\n"
	as := "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=hop1.example; s=s; b="
	sealed := wire.AppendHeader(wire.AppendHeader(nil, wire.Relaxed, []byte(aar)), wire.Relaxed, []byte(ams))
	as += sign(wire.AppendHeader(sealed, wire.Relaxed, []byte(as+"\r\n"))) + "\r\n"
	return as + ams + aar + raw
}

func verify(t testing.TB, r dns.Resolver, raw string) arc.Verdict {
	t.Helper()
	v := arc.Verify(t.Context(), r, message.Parse([]byte(raw)), arc.Options{Now: time.Unix(1790000100, 0)})
	checkVerdict(t, v)
	return v
}

// checkVerdict holds what every verdict promises.
func checkVerdict(t testing.TB, v arc.Verdict) {
	t.Helper()
	switch v.Result {
	case arc.None, arc.Pass:
		if v.Problem != "" || v.Reason != "" {
			t.Errorf("%s with problem %q, reason %q", v.Result, v.Problem, v.Reason)
		}
	case arc.Fail:
		if v.Problem == "" || v.Reason == "" {
			t.Errorf("fail with problem %q, reason %q", v.Problem, v.Reason)
		}
	default:
		t.Errorf("result %q", v.Result)
	}
	if (v.OldestPass >= 0) != (v.Result == arc.Pass) {
		t.Errorf("%s with oldest pass %d", v.Result, v.OldestPass)
	}
	if len(v.Sets) > arc.MaxSets || v.Result == arc.None && (v.Instances != 0 || len(v.Sets) != 0) || v.Result == arc.Pass && len(v.Sets) != v.Instances {
		t.Errorf("%s with %d instances, %d sets", v.Result, v.Instances, len(v.Sets))
	}
}
