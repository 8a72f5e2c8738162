package warmup

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/internal/ses"
	"github.com/todoku/todoku/internal/store"
)

const source = "192.0.2.1"

func sesEvent(id string, kind ses.Kind, at time.Time, reply string, to ...string) ses.Event {
	e := ses.Event{ID: id, Kind: kind, At: at, Domain: "shop.example", Source: source}
	for _, a := range to {
		e.Recipients = append(e.Recipients, ses.Recipient{Address: a, Reply: reply})
	}
	return e
}

func with(e ses.Event, change func(*ses.Event)) ses.Event {
	change(&e)
	return e
}

func TestTakeEvents(t *testing.T) {
	st := openStore(t)
	steps := []Step{{Day: 50}, {Day: 100}}
	for _, p := range []string{"gmail", Everybody} {
		if err := Plan(ctx, st, source, p, "t", steps, noon); err != nil {
			t.Fatal(err)
		}
	}
	rate := "421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address. To protect our users from spam, mail sent from your IP address has been temporarily rate limited."
	spam := "550 5.7.1 Gmail has detected that this message is likely unsolicited mail. To reduce the amount of spam sent to Gmail, this message has been blocked."
	events := []ses.Event{
		sesEvent("send", ses.Send, noon, "", "a@gmail.com"),
		sesEvent("d1", ses.Delivery, noon, "250 OK", "a@gmail.com", "b@gmail.com"),
		sesEvent("d1", ses.Delivery, noon, "250 OK", "a@gmail.com", "b@gmail.com"),
		sesEvent("d2", ses.Delivery, noon.Add(-13*time.Hour), "250 OK", "a@example.net"),
		sesEvent("d3", ses.Delivery, noon.Add(-80*time.Hour), "250 OK", "a@example.net"),
		sesEvent("d4", ses.Delivery, noon.Add(2*time.Hour), "250 OK", "a@example.net"),
		with(sesEvent("d5", ses.Delivery, noon, "250 OK", "x@example.org"), func(e *ses.Event) { e.Source = "" }),
		sesEvent("b1", ses.Bounce, noon, spam, "a@gmail.com"),
		sesEvent("b2", ses.Bounce, noon, "550 5.1.1 user unknown", "a@example.net"),
		with(sesEvent("b3", ses.Bounce, noon, "", "a@example.net"), func(e *ses.Event) { e.Type, e.SubType = "Permanent", "OnAccountSuppressionList" }),
		with(sesEvent("b4", ses.Bounce, noon, "", "a@example.net"), func(e *ses.Event) { e.Type, e.SubType = "Transient", "ContentRejected" }),
		sesEvent("y1", ses.Delay, noon, rate, "c@gmail.com"),
		with(sesEvent("y2", ses.Delay, noon, "", "c@example.net"), func(e *ses.Event) { e.Type = "IPFailure" }),
		with(sesEvent("y3", ses.Delay, noon, "", "c@example.net"), func(e *ses.Event) { e.Type = "MailboxFull" }),
		with(sesEvent("c1", ses.Complaint, noon.AddDate(0, 0, -2), "", "a@gmail.com", "b@gmail.com"), func(e *ses.Event) { e.Type = "abuse" }),
		with(sesEvent("c2", ses.Complaint, noon, "", "a@gmail.com"), func(e *ses.Event) { e.Type = "not-spam" }),
		with(sesEvent("c3", ses.Complaint, noon, "", "a@gmail.com"), func(e *ses.Event) { e.SubType = "OnAccountSuppressionList" }),
		sesEvent("c4", ses.Complaint, noon.AddDate(0, 0, -40), "", "a@gmail.com"),
		sesEvent("r1", ses.Reject, noon, "", "a@gmail.com"),
		sesEvent("o1", ses.Other, noon, "", "a@gmail.com"),
	}
	got, err := TakeEvents(ctx, st, events, EventOptions{Volume: true}, noon)
	want := Taken{Events: 16, Repeated: 1, Old: 3, Delivered: 4, Deferred: 2, Refused: 2, Complaints: 1}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v\n%s", err, d)
	}
	list, err := List(ctx, st, noon)
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	for _, o := range list {
		c := o.Today
		if o.Provider == "gmail" && (c.Delivered != 2 || c.Deferred != 1 || c.Refused != 1 || !o.Silent.Equal(noon.Add(10*time.Minute))) || o.Provider == Everybody && (c.Delivered != 0 || c.Deferred != 1 || c.Refused != 1) {
			t.Errorf("%s: %+v", o.Provider, o.State)
		}
	}
	complaints, err := st.Complaints(ctx, "2026-01-01")
	before, yesterday, today := date(noon.AddDate(0, 0, -2)), date(noon.AddDate(0, 0, -1)), date(noon)
	if d := cmp.Diff([]store.Complaint{
		{Day: before, Source: source, Provider: "gmail", Complaints: 1}, {Day: yesterday, Source: source, Provider: "*", Delivered: 1},
		{Day: today, Provider: "*", Delivered: 1}, {Day: today, Source: source, Provider: "gmail", Delivered: 2},
	}, complaints); err != nil || d != "" {
		t.Errorf("%v\n%s", err, d)
	}
	messages := int64(0)
	rows, err := st.VolumeRows(ctx, store.VolumeFilter{From: "2026-01-01", To: today, Author: "shop.example", Source: source}, 10)
	for _, v := range rows {
		messages += v.Messages
	}
	if err != nil || messages != 3 {
		t.Errorf("%v, %v", rows, err)
	}

	// Again, in another order and with a source for what names none: nothing is counted twice.
	again, err := TakeEvents(ctx, st, append([]ses.Event{sesEvent("new", ses.Delivery, noon, "", "z@gmail.com")}, events...), EventOptions{Source: source}, noon)
	if err != nil || again.Events != 1 || again.Delivered != 1 || again.Repeated != 17 {
		t.Errorf("%+v, %v", again, err)
	}
}

// TestTakeEventsNoDatabase: what could not be counted can be taken again.
func TestTakeEventsNoDatabase(t *testing.T) {
	st := openStore(t)
	one := []ses.Event{sesEvent("a", ses.Delivery, noon, "", "z@gmail.com")}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := TakeEvents(gone, st, one, EventOptions{}, noon); err == nil || errors.Is(err, store.ErrConflict) {
		t.Error(err)
	}
	if got, err := TakeEvents(ctx, st, one, EventOptions{}, noon); err != nil || got.Delivered != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}
