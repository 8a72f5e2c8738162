package store

import (
	"errors"
	"fmt"
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

func init() { contract["TokensOfPeople"] = testTokensOfPeople }

func testTokensOfPeople(t *testing.T, s *Store) {
	her, err := s.AddPerson(ctx, Person{Name: "her", Role: "customer"}, false)
	ok(t, err)
	him, err := s.AddPerson(ctx, Person{Name: "him", Role: "customer"}, false)
	ok(t, err)
	own, err := s.AddToken(ctx, Token{Hash: "h0", Name: "own", Person: her.ID})
	ok(t, err)
	_, err = s.AddToken(ctx, Token{Hash: "server", Name: "of the server"})
	ok(t, err)
	if got, err := s.TokenByHash(ctx, "h0"); err != nil || got.Person != her.ID {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = s.AddToken(ctx, Token{Hash: "h1", Person: "nobody"})
	wantErr(t, err, ErrNotFound)
	for i := range MaxTokens - 1 {
		_, err = s.AddToken(ctx, Token{Hash: fmt.Sprint("more", i), Person: her.ID})
		ok(t, err)
	}
	_, err = s.AddToken(ctx, Token{Hash: "too many", Person: her.ID})
	wantErr(t, err, ErrTooMany)
	wantErr(t, s.RemoveTokenOf(ctx, him.ID, own.ID), ErrNotFound)
	ok(t, s.RemoveTokenOf(ctx, her.ID, own.ID))
	if list, err := s.TokensOf(ctx, her.ID); err != nil || len(list) != MaxTokens-1 {
		t.Errorf("%d, %v", len(list), err)
	}
	ok(t, s.RemovePerson(ctx, her.ID, ""))
	if list, err := s.Tokens(ctx, 100); err != nil || len(list) != 1 || list[0].Name != "of the server" {
		t.Errorf("%+v, %v", list, err)
	}
}
