package service_test

import (
	"testing"
	"time"

	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/service/servicetest"
	"github.com/todoku/todoku/internal/verify"
)

// TestDropped: once its body is gone a message has the verdict of before, says so, and gives nothing that needs the body.
func TestDropped(t *testing.T) {
	s := servicetest.New(t, nil)
	test, err := s.NewTest(t.Context(), service.NewTestRequest{DropBodyMinutes: 10})
	if err != nil {
		t.Fatal(err)
	}
	m := s.Deliver(t, test.Token, sender, servicetest.Mail)
	if left := time.Until(m.DropAt); left < 9*time.Minute || left > 10*time.Minute {
		t.Errorf("due in %v", left)
	}
	before, err := s.Message(t.Context(), service.MessageRequest{ID: m.ID, Lang: "ja"})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := render.Keep(verify.Replay(t.Context(), &m.Evidence, m.ID, nil)).Encode()
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().UTC().Truncate(time.Millisecond)
	if err := s.Store.DropBody(t.Context(), m.ID, nil, kept, at); err != nil {
		t.Fatal(err)
	}
	after, err := s.Message(t.Context(), service.MessageRequest{ID: m.ID, Lang: "ja"})
	if err != nil || after.SPF.Result != "pass" || len(after.Findings) != len(before.Findings) || after.Findings[0].Title != before.Findings[0].Title {
		t.Errorf("%+v %v", after, err)
	}
	v, err := s.Wait(t.Context(), service.WaitRequest{Token: test.Token})
	if err != nil || v.Message.BodyDropped == nil || !v.Message.BodyDropped.Equal(at) || v.Verdict == nil || v.Message.Size != len(servicetest.Mail) {
		t.Errorf("%+v %v", v, err)
	}
	for what, err := range map[string]error{
		"what-if": second(s.Message(t.Context(), service.MessageRequest{ID: m.ID, WhatIf: []string{"example.com TXT x"}})), "raw": second(s.Raw(t.Context(), m.ID)), "bundle": second(s.Bundle(t.Context(), m.ID)),
	} {
		if word(err) != service.Dropped {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, minutes := range []int{-1, 43201, 1 << 40} {
		if _, err := s.NewTest(t.Context(), service.NewTestRequest{DropBodyMinutes: minutes}); word(err) != service.Invalid {
			t.Errorf("%d minutes: %v", minutes, err)
		}
	}
}
