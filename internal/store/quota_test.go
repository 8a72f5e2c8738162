package store

import (
	"errors"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/evidence"
)

func init() { contract["Quota"] = testQuota }

func testQuota(t *testing.T, s *Store) {
	at := noon
	s.now = func() time.Time { return at }
	add := func(size int) error {
		return s.AddMessage(ctx, &Message{Received: at, Evidence: evidence.Bundle{Message: make([]byte, size)}})
	}
	s.SetQuota(1000)
	for _, size := range []int{400, 600} {
		if err := add(size); err != nil {
			t.Fatal(err)
		}
	}
	if _, full := s.Full(); full {
		t.Error("full before anything was refused")
	}
	if err := add(1); !errors.Is(err, ErrFull) {
		t.Errorf("one octet too many: %v", err)
	}
	if since, full := s.Full(); !full || !since.Equal(at) {
		t.Errorf("full %t since %v", full, since)
	}
	if _, err := s.Prune(ctx, at.Add(time.Hour), time.Minute); err != nil {
		t.Fatal(err)
	}
	at = at.Add(2 * time.Second) // what was deleted is noticed before anything else is refused
	if err := add(1000); err != nil {
		t.Errorf("after the old ones were deleted: %v", err)
	}
	if _, full := s.Full(); full {
		t.Error("full after there was room")
	}
	s.SetQuota(0)
	if err := add(5000); err != nil {
		t.Errorf("without a quota: %v", err)
	}
}
