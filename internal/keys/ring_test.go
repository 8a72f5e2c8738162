package keys

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/store"
)

func TestParsePattern(t *testing.T) {
	for text, want := range map[string]string{
		"Example.COM.": "*@example.com", "*@example.com": "*@example.com", ".example.com": "*@.example.com", "*@*.example.com": "*@.example.com",
		"User@Example.com": "user@example.com", "*": "*@*", "user@*": "user@*", "*-news@*.a*.example": "*-news@*.a*.example", "a@b@example.com": "a@b@example.com",
	} {
		if p, err := ParsePattern(text); err != nil || p.String() != want {
			t.Errorf("%q: %v, %v; want %s", text, p, err, want)
		}
	}
	for _, text := range []string{"", "@", "@example.com", "user@", "a b@example.com", "a@exa mple.com", "a@..", "a.example..", "a@example.com\r\n x", strings.Repeat("*", 20) + "@example.com", strings.Repeat("a", 400) + "@b.example"} {
		if p, err := ParsePattern(text); err == nil {
			t.Errorf("%q is a pattern: %v", text, p)
		}
	}
}

func FuzzParsePattern(f *testing.F) {
	for _, s := range []string{"example.com", "*@*.example.com", "user@*", "*a*b*@*", ".x", "a.example.."} {
		f.Add(s, "user", "sub.example.com")
	}
	f.Fuzz(func(t *testing.T, text, local, domain string) {
		p, err := ParsePattern(text)
		if err != nil {
			return
		}
		again, err := ParsePattern(p.String())
		if err != nil || again.String() != p.String() {
			t.Fatalf("%q is %q, which is %q, %v", text, p, again, err)
		}
		if p.String() == "*@*" && !p.fits(local, domain) {
			t.Fatal("* does not fit")
		}
	})
}

// BenchmarkSigners: one look-up among ten thousand domains.
func BenchmarkSigners(b *testing.B) {
	k := &known{exact: map[string][]entry{}, below: map[string][]entry{}, signers: map[string]Signer{}}
	for i := range 10_000 {
		d := fmt.Sprintf("d%d.example", i)
		p, _ := ParsePattern(d)
		k.exact[d] = []entry{{p, 0, d}}
		k.signers[d] = Signer{ID: d, Domain: d}
	}
	for b.Loop() {
		if len(k.match("news", "d77.example")) != 1 {
			b.Fatal("not found")
		}
	}
}

// signing keeps a key that signs, as an import does that was seen everywhere.
func signing(t *testing.T, st *store.Store, m *Master, domain, selector, algorithm string, patterns ...store.DKIMPattern) store.DKIMKey {
	t.Helper()
	private, err := dkim.GenerateKey(algorithm, 1024)
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(Config{Store: st, Master: m}).add(ctx, private, store.DKIMKey{Domain: domain, Selector: selector, State: store.KeySigning}, patterns)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func at(position int, patterns ...string) (out []store.DKIMPattern) {
	for _, p := range patterns {
		out = append(out, store.DKIMPattern{Pattern: p, Position: position})
	}
	return out
}

func TestSigners(t *testing.T) {
	w := newWorld(t, 1, 0)
	m := w.master
	signing(t, w.store, m, "example.com", "rsa1", "rsa", at(0, "*@example.com", "*@.example.com")...)
	signing(t, w.store, m, "example.com", "ed1", "ed25519", at(0, "*@example.com", "*@.example.com")...)
	signing(t, w.store, m, "news.example.com", "n1", "ed25519", at(0, "*@news.example.com", "letters@example.com")...)
	signing(t, w.store, m, "hoster.example", "h1", "ed25519", at(0, "*@*")...)
	signing(t, w.store, m, "late.example", "l1", "ed25519", at(9, "*@shop.example", "*-x@glob*.example")...)
	signing(t, w.store, m, "early.example", "e1", "ed25519", at(8, "*@*.example")...)
	waiting := w.create("ed25519")
	if err := w.store.SetKeyPatterns(ctx, waiting.Series, at(-1, "*@waits.example.org")...); err != nil {
		t.Fatal(err)
	}
	ring := w.ring()
	if err := ring.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"a@example.com": "rsa1 ed1", "A@EXAMPLE.com.": "rsa1 ed1", "a@x.y.example.com": "rsa1 ed1", "a@news.example.com": "n1", "letters@example.com": "n1", "Letters@sub.example.com": "rsa1 ed1",
		"a@notexample.com": "h1", "a@elsewhere.org": "h1", "a@shop.example": "h1", "@example.com": "rsa1 ed1",
		"a@waits.example.org": "none",
	} {
		i := strings.LastIndexByte(address, '@')
		list, err := ring.Signers(address[:i], address[i+1:])
		var got []string
		for _, s := range list {
			got = append(got, s.Selector)
			if s.Key == nil {
				t.Errorf("%s has no key", s)
			}
		}
		if errors.Is(err, ErrNoneSigns) {
			got, err = []string{"none"}, nil
		}
		if strings.Join(got, " ") != want || err != nil {
			t.Errorf("%s: %v, %v; want %s", address, got, err, want)
		}
	}
	domains := ring.Domains()
	slices.Sort(domains)
	if got := strings.Join(domains, " "); got != "early.example example.com hoster.example late.example news.example.com" {
		t.Error(got)
	}
}

// TestPositions: the first line that fits decides, however exact others are.
func TestPositions(t *testing.T) {
	w := newWorld(t, 1, 0)
	signing(t, w.store, w.master, "first.example", "f", "ed25519", at(1, "*@*.example")...)
	signing(t, w.store, w.master, "second.example", "s", "ed25519", at(2, "a@shop.example")...)
	ring := w.ring()
	if err := ring.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	if list, err := ring.Signers("a", "shop.example"); err != nil || len(list) != 1 || list[0].Selector != "f" {
		t.Errorf("%v, %v", list, err)
	}
	if list, err := ring.Signers("a", "shop.test"); !errors.Is(err, ErrNotOurs) {
		t.Errorf("%v, %v", list, err)
	}
}

// TestRefresh: a change is seen, nothing is read or decrypted again without one, and a key that does not open harms no other.
func TestRefresh(t *testing.T) {
	w := newWorld(t, 1, 0)
	one := signing(t, w.store, w.master, "one.example", "s", "ed25519", at(0, "*@one.example")...)
	stranger := master(t, NewMaster())
	signing(t, w.store, stranger, "two.example", "s", "ed25519", at(0, "*@two.example")...)
	ring := w.ring()
	refresh := func() *known {
		t.Helper()
		if err := ring.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		return ring.known.Load()
	}
	first := refresh()
	if refresh() != first {
		t.Error("it was read again without a change")
	}
	if _, err := ring.Signers("a", "two.example"); !errors.Is(err, ErrNoneSigns) {
		t.Errorf("a key of another master key: %v", err)
	}
	list, err := ring.Signers("a", "one.example")
	if err != nil {
		t.Fatal(err)
	}
	signing(t, w.store, w.master, "three.example", "s", "ed25519", at(0, "*@three.example")...)
	if refresh() == first {
		t.Error("a new key was not seen")
	}
	if again, err := ring.Signers("a", "one.example"); err != nil || fmt.Sprintf("%p", again[0].Key) != fmt.Sprintf("%p", list[0].Key) {
		t.Errorf("it was decrypted again: %v", err)
	}
	if err := New(Config{Store: w.store}).Delete(ctx, one.ID, false); !errors.Is(err, ErrInUse) {
		t.Errorf("deleting a key that signs: %v", err)
	}
	if err := New(Config{Store: w.store}).Delete(ctx, one.ID, true); err != nil {
		t.Fatal(err)
	}
	refresh()
	if _, err := ring.Signers("a", "one.example"); !errors.Is(err, ErrNotOurs) {
		t.Errorf("after it was deleted: %v", err)
	}
	w.pass(time.Hour)
}

func TestCreateRefuses(t *testing.T) {
	w := newWorld(t, 1, 0)
	k := w.keeper()
	for what, s := range map[string]Spec{
		"no domain": {Algorithm: "ed25519"}, "no ASCII": {Domain: "例え.jp", Algorithm: "ed25519"}, "a space": {Domain: "a b.example", Algorithm: "ed25519"},
		"1024 bits": {Domain: drillDomain, Algorithm: "rsa", Bits: 1024}, "an algorithm": {Domain: drillDomain, Algorithm: "dsa"},
		"a selector": {Domain: drillDomain, Algorithm: "ed25519", Selector: "a b"}, "a pattern": {Domain: drillDomain, Algorithm: "ed25519", Patterns: []string{"@"}},
		"a long name": {Domain: strings.Repeat("a.", 120) + "example", Algorithm: "ed25519"},
	} {
		if _, err := k.Create(ctx, s); !errors.Is(err, ErrSpec) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := New(Config{Store: w.store}).Create(ctx, Spec{Domain: drillDomain, Algorithm: "ed25519"}); !errors.Is(err, ErrNoMaster) {
		t.Errorf("no master key: %v", err)
	}
	a, b := w.create("ed25519"), w.create("ed25519")
	if a.Selector == b.Selector {
		t.Error("one selector twice")
	}
	if _, err := k.Create(ctx, Spec{Domain: drillDomain, Algorithm: "ed25519", Selector: a.Selector}); !errors.Is(err, store.ErrExists) {
		t.Errorf("a selector that is there: %v", err)
	}
}
