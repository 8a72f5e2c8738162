package filter

import (
	"context"
	"strings"
	"testing"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
)

// TestUnverifiable: a key of another domain, or one whose record nobody published, signs what no receiver can verify.
func TestUnverifiable(t *testing.T) {
	key := func() Key {
		k, err := dkim.GenerateKey("ed25519", 0)
		if err != nil {
			t.Fatal(err)
		}
		return Key{Signer: k}
	}
	record := func(k Key) []string {
		r, err := dkim.RecordFor(k.Signer.Public())
		if err != nil {
			t.Fatal(err)
		}
		return []string{"TXT " + r}
	}
	good, other := key(), key()
	zone := dns.Zone{
		"s._domainkey.good.example": record(good), "s._domainkey.other.example": record(other), "s._domainkey.gone.example": {"TXT v=DKIM1; p="},
		"s._domainkey.away.example": {"SERVFAIL"}, "none.example": {"A 192.0.2.1"}, "s._domainkey.below.example": record(good),
	}
	files := &FileKeys{exact: map[string][]Key{}, below: map[string][]Key{"below.example": {{"below.example", "s", good.Signer}}}}
	for _, d := range []string{"good.example", "other.example", "gone.example", "away.example", "none.example"} {
		files.exact[d] = []Key{{d, "s", good.Signer}}
	}
	seal := &FileKeys{exact: map[string][]Key{"seal.example": {{"seal.example", "s", good.Signer}}}}
	s := &Settings{Resolver: dns.MustMemory(zone), Signers: files, Forwarding: &Forwarding{SealKeys: seal}}
	var got []string
	s.Unverifiable(t.Context(), func(k Key, problem string) { got = append(got, k.Domain+": "+problem) })
	want := []string{
		"gone.example: the key is revoked", "none.example: there is no key: the name s._domainkey.none.example does not exist",
		"other.example: the DNS shows another key at s._domainkey.other.example", "seal.example: there is no key",
	}
	if len(got) != len(want) {
		t.Fatalf("%q", got)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("%q, want %q", got[i], want[i])
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	s.Unverifiable(ended, func(k Key, _ string) { t.Errorf("%s was looked up after the end", k.Domain) })
	(&Settings{Signers: (*FileKeys)(nil)}).Unverifiable(t.Context(), func(Key, string) { t.Error("a key of none") })
}
