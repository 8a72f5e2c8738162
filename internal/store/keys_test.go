package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func init() {
	contract["Keys"] = testKeys
	contract["KeysOfOneName"] = testKeysOfOneName
	contract["KeyPatterns"] = testKeyPatterns
	contract["Leases"] = testLeases
	contract["KeyNames"] = testKeyNames
	contract["Clocks"] = testClocks
	contract["KeyMasters"] = testKeyMasters
}

func sampleKey(domain, selector string) *DKIMKey {
	return &DKIMKey{
		Domain: domain, Selector: selector, Algorithm: "rsa", Bits: 2048, Record: "v=DKIM1; k=rsa; p=AAAA", Sealed: []byte{1, 0, 255},
		Master: "m1", State: KeyPrepared, Created: noon,
	}
}

func testKeys(t *testing.T, s *Store) {
	before, err := s.KeysVersion(ctx)
	ok(t, err)
	k := sampleKey("example.com", "s1")
	ok(t, s.AddKey(ctx, k, DKIMPattern{Pattern: "*@example.com"}))
	if k.ID == "" || k.Series != k.ID || k.Version != 1 {
		t.Errorf("%+v", k)
	}
	got, err := s.Key(ctx, k.ID)
	if d := cmp.Diff(*k, got); err != nil || d != "" {
		t.Errorf("%v (-want +got): %s", err, d)
	}
	k.State, k.Seen, k.Due, k.Signing, k.Retiring, k.Removed = KeySigning, noon, noon.Add(time.Hour), noon.Add(2*time.Hour), noon.Add(3*time.Hour), noon.Add(4*time.Hour)
	k.TTL, k.Note, k.Master, k.Sealed, k.Revealed, k.Replaces = time.Hour, "{}", "m2", nil, "PEM", "other"
	stale := got
	ok(t, s.UpdateKeys(ctx, k))
	got, err = s.Key(ctx, k.ID)
	if d := cmp.Diff(*k, got); err != nil || d != "" || k.Version != 2 {
		t.Errorf("%v (-want +got): %s", err, d)
	}
	other := sampleKey("example.net", "s1")
	ok(t, s.AddKey(ctx, other))
	other.State = KeySigning
	wantErr(t, s.UpdateKeys(ctx, other, &stale), ErrConflict) // all or none
	if got, _ := s.Key(ctx, other.ID); got.State != KeyPrepared {
		t.Error("half of an update was kept")
	}
	version, err := s.KeysVersion(ctx)
	ok(t, err)
	ok(t, s.NoteKey(ctx, k.ID, "seen"))
	if got, _ := s.Key(ctx, k.ID); got.Note != "seen" || got.Version != 2 {
		t.Errorf("%+v", got)
	}
	if after, _ := s.KeysVersion(ctx); after != version || version <= before {
		t.Errorf("versions %d, %d, %d", before, version, after)
	}
	wantErr(t, s.DeleteKey(ctx, "none"), ErrNotFound)
	ok(t, s.DeleteKey(ctx, k.ID))
	_, err = s.Key(ctx, k.ID)
	wantErr(t, err, ErrNotFound)
	wantErr(t, s.UpdateKeys(ctx, k), ErrConflict)
	if list, err := s.KeyPatterns(ctx); err != nil || len(list) != 0 {
		t.Errorf("patterns of nobody: %v, %v", list, err)
	}
}

func testKeysOfOneName(t *testing.T, s *Store) {
	k := sampleKey("example.com", "s1")
	ok(t, s.AddKey(ctx, k))
	wantErr(t, s.AddKey(ctx, sampleKey("example.com", "s1")), ErrExists)
	k.State = KeyRemoved
	ok(t, s.UpdateKeys(ctx, k))
	if list, err := s.Keys(ctx, "", false); err != nil || len(list) != 1 {
		t.Errorf("one whose private key is there: %v, %v", list, err)
	}
	k.Sealed = nil
	ok(t, s.UpdateKeys(ctx, k))
	again := sampleKey("example.com", "s1")
	again.Created = noon.Add(time.Hour)
	ok(t, s.AddKey(ctx, again))
	ok(t, s.AddKey(ctx, sampleKey("a.example", "s1")))
	for _, c := range []struct {
		domain string
		gone   bool
		want   int
	}{{"", false, 2}, {"", true, 3}, {"example.com", false, 1}, {"example.com", true, 2}, {"none.example", true, 0}} {
		if list, err := s.Keys(ctx, c.domain, c.gone); err != nil || len(list) != c.want {
			t.Errorf("%+v: %d keys, %v", c, len(list), err)
		}
	}
}

func testKeyPatterns(t *testing.T, s *Store) {
	k := sampleKey("example.com", "s1")
	ok(t, s.AddKey(ctx, k, DKIMPattern{Pattern: "*@example.com", Position: 2}, DKIMPattern{Pattern: "news@example.com", Position: 1}))
	next := sampleKey("example.com", "s2")
	next.Series = k.Series
	wantErr(t, s.AddKey(ctx, next), ErrExists) // the first is not signing yet
	k.State = KeySigning
	ok(t, s.UpdateKeys(ctx, k))
	ok(t, s.AddKey(ctx, next))
	list, err := s.KeyPatterns(ctx)
	if d := cmp.Diff([]DKIMPattern{{"news@example.com", k.ID, 1}, {"*@example.com", k.ID, 2}}, list); err != nil || d != "" {
		t.Errorf("%v (-want +got): %s", err, d)
	}
	ok(t, s.SetKeyPatterns(ctx, k.Series, DKIMPattern{Pattern: "*@.example.com"}))
	ok(t, s.DeleteKey(ctx, k.ID)) // the next of the series is there
	list, err = s.KeyPatterns(ctx)
	if d := cmp.Diff([]DKIMPattern{{"*@.example.com", k.Series, 0}}, list); err != nil || d != "" {
		t.Errorf("%v (-want +got): %s", err, d)
	}
}

func testLeases(t *testing.T, s *Store) {
	take := func(owner string, at time.Time, want bool) {
		t.Helper()
		got, err := s.Lease(ctx, "work", owner, at, at.Add(time.Minute))
		if err != nil || got != want {
			t.Errorf("%s at %s: %v, %v", owner, at.Format(time.TimeOnly), got, err)
		}
	}
	take("a", noon, true)
	take("b", noon.Add(59*time.Second), false)
	take("a", noon.Add(30*time.Second), true) // holds on
	take("b", noon.Add(time.Minute), false)
	take("b", noon.Add(90*time.Second), true) // a died
	take("a", noon.Add(91*time.Second), false)
	ok(t, s.EndLease(ctx, "work", "a")) // it is b's
	take("a", noon.Add(92*time.Second), false)
	ok(t, s.EndLease(ctx, "work", "b"))
	take("a", noon.Add(93*time.Second), true)
	take("c", noon.Add(365*24*time.Hour), true) // by a clock that is a year ahead
	take("c", noon.Add(94*time.Second), true)
	take("b", noon.Add(95*time.Second), false)
	take("c", noon.Add(365*24*time.Hour), true)
	take("b", noon.Add(96*time.Second), true) // c died, and its clock was wrong
	take("c", noon.Add(1000*time.Hour), true) // its clock was ahead, and it died
	take("d", noon.Add(1000*time.Hour+time.Second), false)
	take("d", noon.Add(time.Hour), true)
}

func testKeyNames(t *testing.T, s *Store) {
	k := sampleKey("example.com", "s1")
	k.Target = "s1.keys.example"
	names := []DKIMName{{Selector: "s1", Target: "s1.keys.example"}, {Selector: "s2", Target: "s2.keys.example", Position: 1}}
	ok(t, s.AddNamedKey(ctx, k, names, DKIMPattern{Pattern: "*@example.com"}))
	other := sampleKey("example.net", "s1")
	ok(t, s.AddNamedKey(ctx, other, []DKIMName{{Selector: "s1"}}))
	if got, err := s.Key(ctx, k.ID); err != nil || got.Target != k.Target {
		t.Errorf("%+v, %v", got, err)
	}
	for i := range names {
		names[i].Series = k.Series
	}
	list, err := s.KeyNames(ctx, k.Series)
	if d := cmp.Diff(names, list); err != nil || d != "" {
		t.Errorf("%v (-want +got): %s", err, d)
	}
	if all, err := s.KeyNames(ctx, ""); err != nil || len(all) != 3 {
		t.Errorf("%v, %v", all, err)
	}
	wantErr(t, s.AddNamedKey(ctx, sampleKey("example.com", "s1"), names), ErrExists)
	ok(t, s.DeleteKey(ctx, k.ID))
	if all, err := s.KeyNames(ctx, ""); err != nil || len(all) != 1 {
		t.Errorf("names of nobody: %v, %v", all, err)
	}
}

func testClocks(t *testing.T, s *Store) {
	if c, err := s.Clock(ctx, "work"); err != nil || c != (Clock{}) {
		t.Errorf("%+v, %v", c, err)
	}
	one, two := Clock{At: noon}, Clock{At: noon.Add(time.Hour), Since: noon}
	ok(t, s.SetClock(ctx, "work", Clock{}, one))
	wantErr(t, s.SetClock(ctx, "work", Clock{}, two), ErrConflict)
	ok(t, s.SetClock(ctx, "work", one, two))
	wantErr(t, s.SetClock(ctx, "work", one, two), ErrConflict)
	if c, err := s.Clock(ctx, "work"); err != nil || c != two {
		t.Errorf("%+v, %v", c, err)
	}
	states := map[string]*DKIMKey{}
	for _, state := range []string{KeyPrepared, KeyPublished, KeySigning, KeyRetiring, KeyRemoved, KeyRevealed} {
		k := sampleKey("example.com", "s-"+state)
		ok(t, s.AddKey(ctx, k))
		k.State, k.Seen, k.Due, k.Signing, k.Retiring = state, noon, noon.Add(time.Hour), noon.Add(2*time.Hour), noon.Add(3*time.Hour)
		ok(t, s.UpdateKeys(ctx, k))
		states[state] = k
	}
	year := 365 * 24 * time.Hour
	now := Clock{At: two.At.Add(year), Since: two.At.Add(year)}
	wantErr(t, s.ShiftKeys(ctx, "work", one, now, year), ErrConflict)
	before, err := s.KeysVersion(ctx)
	ok(t, err)
	ok(t, s.ShiftKeys(ctx, "work", two, now, year))
	if after, _ := s.KeysVersion(ctx); after <= before {
		t.Error("nobody is told")
	}
	for state, k := range states {
		want := *k
		switch state {
		case KeyRetiring, KeyRemoved:
			want.Due = k.Due.Add(year)
		case KeySigning:
			want.Signing = k.Signing.Add(year)
		case KeyPublished:
			want.State, want.Seen, want.Due = KeyPrepared, time.Time{}, time.Time{}
		}
		if want.Due != k.Due || want.Signing != k.Signing || want.State != k.State {
			want.Version++
		}
		got, err := s.Key(ctx, k.ID)
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("%s: %v (-want +got): %s", state, err, d)
		}
	}
	ok(t, s.ShiftKeys(ctx, "work", now, two, -year))
	if got, _ := s.Key(ctx, states[KeyRetiring].ID); !got.Due.Equal(states[KeyRetiring].Due) {
		t.Errorf("back again: %s", got.Due)
	}
}

func testKeyMasters(t *testing.T, s *Store) {
	want := func(names ...string) { // none is nil
		t.Helper()
		got, err := s.KeyMasters(ctx)
		ok(t, err)
		if d := cmp.Diff(names, got); d != "" {
			t.Errorf("-want +got: %s", d)
		}
	}
	want()
	a, b, c := sampleKey("a.example", "s"), sampleKey("b.example", "s"), sampleKey("c.example", "s")
	b.Master, c.Master = "m0", "m1"
	for _, k := range []*DKIMKey{a, b, c} {
		ok(t, s.AddKey(ctx, k))
	}
	want("m0", "m1")
	b.Sealed = nil // destroyed
	ok(t, s.UpdateKeys(ctx, b))
	want("m1")
}
