package store

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func init() { contract["Tokens"] = testTokens }

func testTokens(t *testing.T, s *Store) {
	s.now = func() time.Time { return noon }
	ci, err := s.AddToken(ctx, Token{Hash: "aa", Name: "CI の\x00鍵", Scopes: []string{"read", "check"}, Created: noon.Add(-time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	ci.Name = "CI の\uFFFD鍵" // as it is stored
	old, err := s.AddToken(ctx, Token{Hash: "bb", Name: "old", Created: noon.Add(-2 * time.Hour), Expires: noon})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddToken(ctx, Token{Hash: "aa", Name: "twice"}); !errors.Is(err, ErrExists) {
		t.Errorf("the same hash again: %v", err)
	}
	if got, err := s.TokenByHash(ctx, "aa"); err != nil || cmp.Diff(ci, got) != "" {
		t.Errorf("%v (-want +got): %s", err, cmp.Diff(ci, got))
	}
	for _, hash := range []string{"bb", "cc", ""} {
		if _, err := s.TokenByHash(ctx, hash); !errors.Is(err, ErrNotFound) {
			t.Errorf("hash %q: %v", hash, err)
		}
	}
	for _, at := range []time.Time{noon, noon.Add(-time.Minute)} { // a late note does not go back
		if err := s.TouchToken(ctx, ci.ID, at); err != nil {
			t.Fatal(err)
		}
	}
	ci.Used = noon
	list, err := s.Tokens(ctx, 10)
	if d := cmp.Diff([]Token{ci, old}, list); d != "" || err != nil {
		t.Errorf("list %v (-want +got): %s", err, d)
	}
	if err := s.RemoveToken(ctx, ci.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveToken(ctx, ci.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("revoked again: %v", err)
	}
	if err := s.TouchToken(ctx, ci.ID, noon); err != nil {
		t.Errorf("touching a revoked one: %v", err)
	}
	if _, err := s.TokenByHash(ctx, "aa"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a revoked one: %v", err)
	}
}
