package store

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/evidence"
)

func init() {
	contract["OutboundRoundTrip"] = testOutboundRoundTrip
	contract["OutboundQuota"] = testOutboundQuota
	contract["OutboundOnce"] = testOutboundOnce
	contract["OutboundLimits"] = testOutboundLimits
	contract["OutboundLease"] = testOutboundLease
	contract["OutboundClaimedOnce"] = testOutboundClaimedOnce
	contract["OutboundPruned"] = testOutboundPruned
	contract["ReplyAddresses"] = testReplyAddresses
}

func letterTo(reason, recipient string) *Outbound {
	return &Outbound{Reason: reason, Kind: "reply", Recipient: recipient, Domain: "b.example", Client: "192.0.2.1",
		Message: []byte("Subject: \xff\x00\r\n\r\nx\r\n"), Created: noon, Expires: noon.Add(24 * time.Hour)}
}

func testOutboundRoundTrip(t *testing.T, s *Store) {
	ok(t, s.AddOutbound(ctx, letterTo("reply:1", "A@b.example"), nil, nil))
	if got, err := s.ClaimOutbound(ctx, "me", noon.Add(-time.Second), noon.Add(time.Minute), 10); err != nil || len(got) != 0 {
		t.Fatalf("claimed before it is due: %v %v", got, err)
	}
	got, err := s.ClaimOutbound(ctx, "me", noon, noon.Add(time.Minute), 10)
	if err != nil || len(got) != 1 {
		t.Fatalf("%v %v", got, err)
	}
	o := got[0]
	if o.Recipient != "A@b.example" || !bytes.Equal(o.Message, []byte("Subject: \xff\x00\r\n\r\nx\r\n")) || o.Attempts != 1 || o.State != OutboundWaiting || !o.Expires.Equal(noon.Add(24*time.Hour)) {
		t.Errorf("%+v", o)
	}
	o.Answer, o.NextTry = "450 4.2.0 later", noon.Add(time.Hour)
	ok(t, s.SettleOutbound(ctx, "me", &o, noon))
	got, err = s.ClaimOutbound(ctx, "me", noon.Add(time.Hour), noon.Add(2*time.Hour), 10)
	if err != nil || len(got) != 1 || got[0].Attempts != 2 || got[0].Answer != "450 4.2.0 later" || got[0].Message == nil {
		t.Fatalf("%+v %v", got, err)
	}
	o = got[0]
	o.State, o.Answer = OutboundDelivered, "250 2.0.0 queued"
	ok(t, s.SettleOutbound(ctx, "me", &o, noon.Add(time.Hour)))
	end, err := s.OutboundFor(ctx, "reply:1")
	if err != nil || end.State != OutboundDelivered || end.Message != nil || end.Answer != "250 2.0.0 queued" || !end.Finished.Equal(noon.Add(time.Hour)) {
		t.Errorf("%+v %v", end, err)
	}
	wantErr(t, second(s.OutboundFor(ctx, "reply:2")), ErrNotFound)
}

// One mail is about one thing, also once it was sent.
func testOutboundOnce(t *testing.T, s *Store) {
	ok(t, s.AddOutbound(ctx, letterTo("reply:1", "a@b.example"), nil, nil))
	wantErr(t, s.AddOutbound(ctx, letterTo("reply:1", "a@b.example"), nil, nil), ErrExists)
	got, err := s.ClaimOutbound(ctx, "me", noon, noon.Add(time.Minute), 10)
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	got[0].State = OutboundFailed
	ok(t, s.SettleOutbound(ctx, "me", &got[0], noon))
	wantErr(t, s.AddOutbound(ctx, letterTo("reply:1", "a@b.example"), nil, nil), ErrExists)
}

func testOutboundLimits(t *testing.T, s *Store) {
	for what, test := range map[string]struct {
		limit OutboundLimit
		other Outbound // what does not count
	}{
		"recipient": {OutboundLimit{By: "recipient"}, Outbound{Recipient: "x@b.example", Domain: "b.example", Client: "192.0.2.1"}},
		"domain":    {OutboundLimit{By: "domain"}, Outbound{Recipient: "a@c.example", Domain: "c.example", Client: "192.0.2.1"}},
		"client":    {OutboundLimit{By: "client"}, Outbound{Recipient: "a@b.example", Domain: "b.example", Client: "192.0.2.2"}},
		"all":       {OutboundLimit{}, Outbound{}},
	} {
		limits := []OutboundLimit{{By: test.limit.By, Since: noon.Add(-time.Hour), Max: 2}}
		add := func(n int, recipient string, at time.Time) error {
			o := letterTo(fmt.Sprintf("%s:%d", what, n), recipient)
			o.Kind, o.Created = what, at
			return s.AddOutbound(ctx, o, limits, nil)
		}
		ok(t, add(0, "a@b.example", noon.Add(-2*time.Hour))) // too old to count
		if test.other.Recipient != "" {
			o := test.other
			o.Reason, o.Kind, o.Created, o.Message = what+":other", what, noon, []byte("x")
			ok(t, s.AddOutbound(ctx, &o, limits, nil))
		}
		ok(t, add(1, "a@b.example", noon))
		ok(t, add(2, "A@B.example", noon))
		if err := add(3, "a@b.example", noon); !errors.Is(err, ErrLimited) {
			t.Errorf("%s: a third one: %v", what, err)
		}
		wantErr(t, second(s.OutboundFor(ctx, what+":3")), ErrNotFound)
	}
}

// What somebody died over is claimed again, and what he says of it later counts for nothing.
func testOutboundLease(t *testing.T, s *Store) {
	ok(t, s.AddOutbound(ctx, letterTo("reply:1", "a@b.example"), nil, nil))
	claim := func(owner string, at time.Time, want int) []Outbound {
		t.Helper()
		got, err := s.ClaimOutbound(ctx, owner, at, at.Add(time.Minute), 10)
		if err != nil || len(got) != want {
			t.Fatalf("claimed %d, want %d: %v", len(got), want, err)
		}
		return got
	}
	dead := claim("dead", noon, 1)
	claim("heir", noon.Add(time.Second), 0)
	mail := claim("heir", noon.Add(time.Minute), 1)
	dead[0].State = OutboundDelivered
	wantErr(t, s.SettleOutbound(ctx, "dead", &dead[0], noon), ErrNotFound)
	ok(t, s.ReturnOutbound(ctx, "dead", mail[0].ID)) // not his either
	claim("third", noon.Add(time.Minute), 0)
	ok(t, s.ReturnOutbound(ctx, "heir", mail[0].ID))
	if again := claim("third", noon.Add(time.Minute), 1); again[0].Attempts != 2 {
		t.Errorf("attempts: %d", again[0].Attempts)
	}
}

func testOutboundClaimedOnce(t *testing.T, s *Store) {
	const n = 40
	for i := range n {
		ok(t, s.AddOutbound(ctx, letterTo(fmt.Sprint(i), "a@b.example"), nil, nil))
	}
	var mu sync.Mutex
	seen := map[string]int{}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for {
				got, err := s.ClaimOutbound(ctx, fmt.Sprint("w", w), noon, noon.Add(time.Hour), 3)
				if err != nil {
					t.Error(err)
				}
				if len(got) == 0 {
					return
				}
				mu.Lock()
				for _, o := range got {
					seen[o.ID]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != n {
		t.Errorf("claimed %d of %d", len(seen), n)
	}
	for id, times := range seen {
		if times != 1 {
			t.Errorf("%s was claimed %d times", id, times)
		}
	}
}

func testOutboundPruned(t *testing.T, s *Store) {
	for _, r := range []string{"waits", "over"} {
		ok(t, s.AddOutbound(ctx, letterTo(r, "a@b.example"), nil, nil))
	}
	got, err := s.ClaimOutbound(ctx, "me", noon, noon.Add(time.Minute), 10)
	ok(t, err)
	for i := range got {
		if got[i].Reason == "over" {
			got[i].State = OutboundFailed
			ok(t, s.SettleOutbound(ctx, "me", &got[i], noon))
		}
	}
	if n, err := s.Prune(ctx, noon.Add(keepOutbound-time.Second), 0); n != 0 || err != nil {
		t.Errorf("pruned %d too early, %v", n, err)
	}
	if n, err := s.Prune(ctx, noon.Add(keepOutbound), 0); n != 1 || err != nil {
		t.Errorf("pruned %d, %v", n, err)
	}
	if _, err := s.OutboundFor(ctx, "waits"); err != nil {
		t.Error(err)
	}
}

func testReplyAddresses(t *testing.T, s *Store) {
	confirmed := func(at time.Time) bool {
		t.Helper()
		stop, err := s.ConfirmedReplyAddress(ctx, "user@EXAMPLE.com", at)
		if err == nil && stop != "s1" || err != nil && !errors.Is(err, ErrNotFound) {
			t.Errorf("%q %v", stop, err)
		}
		return err == nil
	}
	ask := &ReplyAddress{Address: "User@example.com", TokenHash: "h1", Expires: noon.Add(time.Hour), Stop: "s1"}
	ok(t, s.AddOutbound(ctx, letterTo("c1", "User@example.com"), nil, ask))
	if confirmed(noon) {
		t.Error("confirmed without a token")
	}
	wantErr(t, second(s.ConfirmReplyAddress(ctx, "h2", noon, noon.Add(time.Hour))), ErrNotFound)
	wantErr(t, second(s.ConfirmReplyAddress(ctx, "h1", noon.Add(time.Hour), noon.Add(2*time.Hour))), ErrNotFound)
	// What is not queued asks for nothing.
	limit := []OutboundLimit{{By: "recipient", Since: noon.Add(-time.Hour), Max: 1}}
	wantErr(t, s.AddOutbound(ctx, letterTo("c2", "user@example.com"), limit, &ReplyAddress{Address: "user@example.com", TokenHash: "h3"}), ErrLimited)
	for range 2 { // opening the link twice harms nobody
		if a, err := s.ConfirmReplyAddress(ctx, "h1", noon, noon.Add(48*time.Hour)); err != nil || a != "user@example.com" {
			t.Errorf("%q %v", a, err)
		}
	}
	if !confirmed(noon) || confirmed(noon.Add(48*time.Hour)) {
		t.Error("confirmed too short or too long")
	}
	if n, err := s.Prune(ctx, noon.Add(2*time.Hour), 0); n != 0 || err != nil {
		t.Errorf("pruned %d, %v", n, err)
	}
	if a, err := s.StopReplyAddress(ctx, "s1"); err != nil || a != "user@example.com" || confirmed(noon) {
		t.Errorf("stopped: %q %v", a, err)
	}
	if n, err := s.Prune(ctx, noon.Add(2*time.Hour), 0); n != 1 || err != nil {
		t.Errorf("pruned %d, %v", n, err)
	}
}

// testOutboundQuota: mail that waits counts, mail that is over does not.
func testOutboundQuota(t *testing.T, s *Store) {
	at := noon
	s.now = func() time.Time { return at }
	s.SetQuota(1000)
	queue := func(reason string, created time.Time) error {
		return s.AddOutbound(ctx, &Outbound{Reason: reason, Kind: "reply", Recipient: "A@b.example", Message: make([]byte, 600), Created: created, Expires: noon.Add(time.Hour)}, nil, nil)
	}
	ok(t, queue("reply:1", noon))
	wantErr(t, queue("reply:2", noon), ErrFull)
	wantErr(t, s.AddMessage(ctx, &Message{Evidence: evidence.Bundle{Message: make([]byte, 600)}}), ErrFull)
	claimed, err := s.ClaimOutbound(ctx, "me", noon, noon.Add(time.Minute), 1)
	ok(t, err)
	claimed[0].State = OutboundDelivered
	ok(t, s.SettleOutbound(ctx, "me", &claimed[0], noon))
	at = noon.Add(2 * time.Second)
	ok(t, queue("reply:2", noon.Add(time.Second)))
	last, err := s.LastOutbound(ctx, "reply", "a@B.example")
	ok(t, err)
	if last.Reason != "reply:2" {
		t.Errorf("the last is %s", last.Reason)
	}
	for _, c := range [][2]string{{"confirmation", "a@b.example"}, {"reply", "c@b.example"}} {
		_, err := s.LastOutbound(ctx, c[0], c[1])
		wantErr(t, err, ErrNotFound)
	}
}
