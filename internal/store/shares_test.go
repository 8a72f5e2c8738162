package store

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func init() { contract["Shares"], contract["ShareOnce"] = testShares, testShareOnce }

func testShares(t *testing.T, s *Store) {
	s.now = func() time.Time { return noon }
	ok(t, s.AddRun(ctx, &Run{ID: "r1", Target: "example.com", State: Done, At: noon}))
	m := addVerified(t, s, "")
	until := noon.Add(time.Hour)
	for _, want := range []Share{{Kind: SharedRun, Of: "r1", Expires: until}, {Kind: SharedMessage, Of: m.ID, Expires: until, Redact: true, Once: true}} {
		made, err := s.AddShare(ctx, want)
		ok(t, err)
		want.Token = made.Token
		got, err := s.Share(ctx, made.Token)
		ok(t, err)
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	unjudged := &Message{}
	ok(t, s.AddMessage(ctx, unjudged))
	for _, x := range []Share{{Kind: SharedRun, Of: "nosuch"}, {Kind: SharedRun, Of: m.ID}, {Kind: SharedMessage, Of: "r1"}, {Kind: SharedMessage, Of: unjudged.ID}, {Kind: "mailbox", Of: "r1"}} {
		x.Expires = until
		_, err := s.AddShare(ctx, x)
		wantErr(t, err, ErrNotFound)
	}
	made, err := s.AddShare(ctx, Share{Kind: SharedRun, Of: "r1", Expires: until})
	ok(t, err)
	ok(t, s.EndShares(ctx, SharedMessage, "r1"))
	_, err = s.Share(ctx, made.Token)
	ok(t, err)
	ok(t, s.EndShares(ctx, SharedRun, "r1"))
	_, err = s.Share(ctx, made.Token)
	wantErr(t, err, ErrNotFound)
	made, err = s.AddShare(ctx, Share{Kind: SharedRun, Of: "r1", Expires: until})
	ok(t, err)
	s.now = func() time.Time { return until }
	_, err = s.Share(ctx, made.Token)
	wantErr(t, err, ErrNotFound)
	if n, err := s.Prune(ctx, noon.Add(2*time.Hour), 0); n != 2 || err != nil { // that of the message too
		t.Errorf("pruned %d, %v", n, err)
	}
}

func testShareOnce(t *testing.T, s *Store) {
	s.now = func() time.Time { return noon }
	ok(t, s.AddRun(ctx, &Run{ID: "r1", Target: "example.com", State: Done, At: noon}))
	once, err := s.AddShare(ctx, Share{Kind: SharedRun, Of: "r1", Expires: noon.Add(time.Hour), Once: true})
	ok(t, err)
	var through atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			switch err := s.OpenShare(ctx, once.Token, noon.Add(time.Minute)); {
			case err == nil:
				through.Add(1)
			case !errors.Is(err, ErrNotFound):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if through.Load() != 1 {
		t.Errorf("%d got through", through.Load())
	}
	got, err := s.Share(ctx, once.Token)
	ok(t, err)
	if !got.Opened.Equal(noon.Add(time.Minute)) {
		t.Errorf("opened %v", got.Opened)
	}
	late, err := s.AddShare(ctx, Share{Kind: SharedRun, Of: "r1", Expires: noon.Add(time.Hour), Once: true})
	ok(t, err)
	wantErr(t, s.OpenShare(ctx, late.Token, noon.Add(time.Hour)), ErrNotFound)
	always, err := s.AddShare(ctx, Share{Kind: SharedRun, Of: "r1", Expires: noon.Add(time.Hour)})
	ok(t, err)
	wantErr(t, s.OpenShare(ctx, always.Token, noon), ErrNotFound)
}
