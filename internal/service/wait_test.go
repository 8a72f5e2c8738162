package service_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/service/servicetest"
	"github.com/todoku/todoku/internal/store"
)

var sender = evidence.Session{RemoteIP: netip.MustParseAddr("192.0.2.25"), HELO: "mail.example.com", MailFrom: "news@example.com", HasMailFrom: true}

// word is the word of a problem, "" for none.
func word(err error) string {
	var p *service.Problem
	if errors.As(err, &p) {
		return p.Word
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func newTest(t *testing.T, s *servicetest.Site) *service.Test {
	t.Helper()
	test, err := s.NewTest(t.Context(), service.NewTestRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return test
}

// TestWaitLooksOnce: without a wait the answer says how far it is.
func TestWaitLooksOnce(t *testing.T) {
	s := servicetest.New(t, nil)
	test := newTest(t, s)
	look := func(after string) *service.Verdict {
		t.Helper()
		v, err := s.Wait(t.Context(), service.WaitRequest{Token: test.Token, After: after})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := look(""); v.State != service.StateWaiting || v.Message != nil || v.Verdict != nil {
		t.Errorf("before: %+v", v)
	}
	m := &store.Message{Token: test.Token, Received: time.Now(), Evidence: evidence.Bundle{Source: "smtp", Session: sender, Message: []byte(servicetest.Mail), Time: time.Now()}}
	if err := s.Store.AddMessage(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if v := look(""); v.State != service.StateReceived || v.Message == nil || v.Message.ID != m.ID || v.Message.Status != nil || v.Verdict != nil {
		t.Errorf("before the verdict: %+v", v)
	}
	if _, err := s.Message(t.Context(), service.MessageRequest{ID: m.ID}); word(err) != service.NotYet {
		t.Errorf("the verdict that is not there: %v", err)
	}
	if _, err := s.Bundle(t.Context(), m.ID); word(err) != service.NotYet {
		t.Errorf("the bundle that is not there: %v", err)
	}
	if _, err := s.Config.Verify(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if v := look(""); v.State != service.StateVerified || v.Verdict == nil || v.Verdict.SPF.Result != "pass" || v.Message.Status == nil {
		t.Errorf("after: %+v", v)
	}
	if v := look(m.ID); v.State != service.StateWaiting || v.Message != nil {
		t.Errorf("another one than the known: %+v", v)
	}
}

// TestWaitWakes: by the event of this test, and where there is none (another node judged) by looking.
func TestWaitWakes(t *testing.T) {
	for _, c := range []struct {
		what  string
		every time.Duration
		quiet bool
	}{{"by the event", time.Hour, false}, {"by looking", 10 * time.Millisecond, true}} {
		s := servicetest.New(t, nil)
		s.PollEvery(c.every)
		test, other := newTest(t, s), newTest(t, s)
		type result struct {
			v   *service.Verdict
			err error
		}
		waited := make(chan result, 1)
		go func() {
			v, err := s.Wait(t.Context(), service.WaitRequest{Token: test.Token, Wait: time.Hour, Base: "https://x.example"})
			waited <- result{v, err}
		}()
		s.Deliver(t, other.Token, sender, servicetest.Mail)
		s.Hub.Publish(test.Token, live.Event{Kind: "connected", At: time.Now()})
		select {
		case r := <-waited:
			t.Fatalf("%s: it ended for something else: %+v", c.what, r)
		default:
		}
		token := test.Token
		if c.quiet { // the event goes to another hub
			theirs := servicetest.New(t, nil)
			s.Hub, theirs.Hub = theirs.Hub, s.Hub
		}
		s.Deliver(t, token, sender, servicetest.Mail)
		r := <-waited
		if r.err != nil || r.v.State != service.StateVerified || r.v.Message.URLs.Page != "https://x.example/r/"+r.v.Message.ID {
			t.Errorf("%s: %+v", c.what, r)
		}
	}
}

// TestWaitEnds: with its time, with whoever asks, and at once where there is no such test.
func TestWaitEnds(t *testing.T) {
	s := servicetest.New(t, nil)
	test := newTest(t, s)
	v, err := s.Wait(t.Context(), service.WaitRequest{Token: test.Token, Wait: time.Millisecond})
	if err != nil || v.State != service.StateWaiting {
		t.Errorf("%+v %v", v, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Wait(ctx, service.WaitRequest{Token: test.Token, Wait: time.Hour}); !errors.Is(err, context.Canceled) {
		t.Errorf("one who left: %v", err)
	}
	for _, token := range []string{"", "nothing", "../../etc", test.Token + "x"} {
		if _, err := s.Wait(t.Context(), service.WaitRequest{Token: token, Wait: time.Hour}); word(err) != service.NotFound {
			t.Errorf("%q: %v", token, err)
		}
	}
}

// TestTestState: messages and failed sessions of this test, and of no other.
func TestTestState(t *testing.T) {
	s := servicetest.New(t, func(c *service.Config) { c.SMTPAddr = "0.0.0.0:25" })
	test, other := newTest(t, s), newTest(t, s)
	if test.SMTP.Host != "inbox.example.org" || test.SMTP.Port != 25 || test.Address != test.Token+"@inbox.example.org" {
		t.Errorf("%+v", test)
	}
	if !test.Expires.Equal(test.Created.Add(24 * time.Hour)) {
		t.Errorf("it takes mail until %v", test.Expires)
	}
	one := s.Deliver(t, test.Token, sender, servicetest.Mail)
	two := s.Deliver(t, test.Token, sender, servicetest.Mail)
	s.Deliver(t, other.Token, sender, servicetest.Mail)
	for range 25 {
		if err := s.Store.AddSession(t.Context(), &store.FailedSession{Token: test.Token, Session: sender}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Store.AddSession(t.Context(), &store.FailedSession{Token: other.Token, Session: sender}); err != nil {
		t.Fatal(err)
	}
	state, err := s.Test(t.Context(), test.Token, "")
	if err != nil || len(state.Messages) != 2 || state.Messages[0].ID != two.ID || state.Messages[1].ID != one.ID || len(state.Failed) != 20 || state.State != service.StateVerified {
		t.Errorf("%+v %v", state, err)
	}
	if quiet, err := s.Test(t.Context(), newTest(t, s).Token, ""); err != nil || quiet.State != service.StateWaiting || quiet.Messages == nil || quiet.Failed == nil {
		t.Errorf("%+v %v", quiet, err)
	}
	list, err := s.Recent(t.Context(), 2, "")
	if err != nil || len(list.Messages) != 2 {
		t.Errorf("%+v %v", list, err)
	}
	for _, limit := range []int{-5, 0, 1} {
		if list, err := s.Recent(t.Context(), limit, ""); err != nil || len(list.Messages) != 1 {
			t.Errorf("limit %d: %d of them, %v", limit, len(list.Messages), err)
		}
	}
}
