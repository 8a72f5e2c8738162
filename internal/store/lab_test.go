package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func init() {
	contract["Lab"] = testLab
	contract["LabIsBounded"] = testLabIsBounded
	contract["PruneLab"] = testPruneLab
}

func testLab(t *testing.T, s *Store) {
	s.now = func() time.Time { return noon }
	r, err := s.AddLabRun(ctx, LabRun{Expires: noon.Add(time.Hour), ClientIP: "192.0.2.1"})
	ok(t, err)
	got, err := s.LabRun(ctx, r.Token)
	ok(t, err)
	if d := cmp.Diff(LabRun{r.Token, noon, noon.Add(time.Hour), "192.0.2.1"}, got); d != "" || len(r.Token) < 13 {
		t.Errorf("(-want +got)\n%s", d)
	}
	_, err = s.AddLabRun(ctx, LabRun{Token: r.Token})
	wantErr(t, err, ErrExists)
	if n, first, err := s.LabHistory(ctx, r.Token, "greylist"); n != 0 || !first.IsZero() || err != nil {
		t.Errorf("%d %v %v", n, first, err)
	}
	for i := range 3 {
		ok(t, s.AddLabAttempt(ctx, &LabAttempt{Token: r.Token, Receiver: "greylist", Network: "192.0.2.9/32", At: noon.Add(time.Duration(i) * time.Minute), Seen: []byte("{\"helo\":\"\x00\"}")}))
	}
	ok(t, s.AddLabAttempt(ctx, &LabAttempt{Receiver: "expired", Network: "192.0.2.9/32", At: noon, Seen: []byte(`{}`)}))
	if n, first, err := s.LabHistory(ctx, r.Token, "greylist"); n != 3 || !first.Equal(noon) || err != nil {
		t.Errorf("%d %v %v", n, first, err)
	}
	list, err := s.LabAttempts(ctx, r.Token, 2)
	ok(t, err)
	if len(list) != 2 || !list[1].At.Equal(noon.Add(time.Minute)) || string(list[0].Seen) != "{\"helo\":\"\uFFFD\"}" || list[0].Network != "192.0.2.9/32" {
		t.Errorf("%+v", list)
	}
	if list, err = s.LabAttempts(ctx, "", 10); err != nil || len(list) != 0 {
		t.Errorf("no run has %v, %v", list, err)
	}
	for since, want := range map[time.Time]int{noon: 1, noon.Add(time.Second): 0} {
		if list, err = s.LabStrangers(ctx, "192.0.2.9/32", since, 10); err != nil || len(list) != want {
			t.Errorf("since %v: %v, %v", since, list, err)
		}
	}
	s.now = func() time.Time { return noon.Add(time.Hour) }
	_, err = s.LabRun(ctx, r.Token)
	wantErr(t, err, ErrNotFound)
	_, err = s.LabRun(ctx, "../'\x00")
	wantErr(t, err, ErrNotFound)
}

func testLabIsBounded(t *testing.T, s *Store) {
	for i := range maxLabAttempts + 5 {
		ok(t, s.AddLabAttempt(ctx, &LabAttempt{Token: "tok", Receiver: "good", Network: "192.0.2.9/32", At: noon.Add(time.Duration(i)), Seen: []byte(`{}`)}))
	}
	ok(t, s.AddLabAttempt(ctx, &LabAttempt{Token: "tok", Receiver: "plain", Network: "x", At: noon, Seen: []byte(`{}`)}))
	if list, err := s.LabAttempts(ctx, "tok", 1000); err != nil || len(list) != maxLabAttempts+1 {
		t.Errorf("%d are kept, %v", len(list), err)
	}
}

func testPruneLab(t *testing.T, s *Store) {
	for _, r := range []LabRun{{"old", noon, noon.Add(time.Hour), ""}, {"new", noon, noon.Add(100 * time.Hour), ""}} {
		_, err := s.AddLabRun(ctx, r)
		ok(t, err)
		for range 2 {
			ok(t, s.AddLabAttempt(ctx, &LabAttempt{Token: r.Token, Receiver: "good", Network: "n", At: noon, Seen: []byte(`{}`)}))
		}
	}
	ok(t, s.AddLabAttempt(ctx, &LabAttempt{Network: "n", At: noon, Seen: []byte(`{}`)}))
	if n, err := s.Prune(ctx, noon.Add(2*time.Hour), 0); n != 3 || err != nil {
		t.Errorf("pruned %d, %v", n, err)
	}
	if n, err := s.Prune(ctx, noon.Add(73*time.Hour), 0); n != 1 || err != nil {
		t.Errorf("pruned %d, %v", n, err)
	}
	s.now = func() time.Time { return noon }
	_, err := s.LabRun(ctx, "new")
	ok(t, err)
}
