package reply

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/store"
)

// A report goes to another address once that agreed, until it wants no more.
func TestElsewhere(t *testing.T) {
	o := newOffice(t)
	ask := func(wantWhy Why, wantKind string) *store.Outbound {
		t.Helper()
		d, out := o.receive("check-auth-User=other.example@todoku.example", "me@sender.example", plain)
		if d.Why != wantWhy || (out == nil) != (wantKind == "") || out != nil && (out.Kind != wantKind || out.Recipient != "User@other.example") {
			t.Fatalf("%+v %+v, want %q %q", d, out, wantWhy, wantKind)
		}
		return out
	}
	confirmation := ask(Unconfirmed, "confirmation")
	ask(Limited, "") // one question a day
	header, text, _ := read(t, confirmation.Message)
	token := tokenIn.FindStringSubmatch(text)
	if token == nil || token[1] != "confirm" || !strings.Contains(text, "https://todoku.example/reply/confirm?token="+token[2]) || strings.Contains(text, "{") || header.Get("Auto-Submitted") != "auto-generated" || header.Get("Reply-To") != "" {
		t.Fatalf("%v\n%s", header, text)
	}
	if d, _ := o.receive("check-auth-confirm-"+token[2]+"@todoku.example", "", "Auto-Submitted: auto-replied\r\n\r\nx\r\n"); d.Why != AutoSubmitted {
		t.Errorf("%+v", d)
	}
	ask(Limited, "")
	if d, out := o.receive("check-auth-confirm-"+token[2]+"@todoku.example", "user@other.example", "Subject: yes\r\n\r\n"); d.Why != "" || out != nil {
		t.Errorf("%+v %+v", d, out)
	}
	if owed, err := o.store.OutboundFor(t.Context(), strings.Replace(confirmation.Reason, "confirmation:", "reply:", 1)); err != nil || owed.Recipient != "User@other.example" {
		t.Errorf("the report that it was asked about: %+v %v", owed, err)
	}
	report := ask("", "reply")
	_, text, _ = read(t, report.Message)
	stop := tokenIn.FindStringSubmatch(text)
	if stop == nil || stop[1] != "stop" || stop[2] == token[2] {
		t.Fatalf("no way to stop it:\n%s", text)
	}
	o.receive("check-auth-confirm-"+stop[2]+"@todoku.example", "a@other.example", "\r\n")
	o.receive("check-auth-stop-"+stop[2]+"@todoku.example", "a@other.example", "\r\n")
	ask(Limited, "")
	o.now = now.Add(agreed)
	ask(Unconfirmed, "confirmation")
}

// asked is an address that was asked, and its token.
func (o *office) asked(raw string) (confirmation *store.Outbound, token string) {
	o.t.Helper()
	_, out := o.receive("check-auth-User=other.example@todoku.example", "me@sender.example", raw)
	_, text, _ := read(o.t, out.Message)
	return out, tokenIn.FindStringSubmatch(text)[2]
}

// TestAgree: an address that agrees gets the report that it was asked about, once.
func TestAgree(t *testing.T) {
	o := newOffice(t)
	confirmation, token := o.asked(plain)
	for _, wrong := range []string{"", "x", strings.Repeat("0", 24), token + "0", strings.ToUpper(token)} {
		if address, sent, err := o.Agree(t.Context(), wrong); !errors.Is(err, store.ErrNotFound) || address != "" || sent {
			t.Errorf("%q: %q %v %v", wrong, address, sent, err)
		}
	}
	before := o.queued
	for range 2 {
		address, sent, err := o.Agree(t.Context(), token)
		if err != nil || address != "user@other.example" || !sent {
			t.Fatalf("%q %v %v", address, sent, err)
		}
	}
	if o.queued != before+1 {
		t.Errorf("%d reports were queued", o.queued-before)
	}
	report, err := o.store.OutboundFor(t.Context(), strings.Replace(confirmation.Reason, "confirmation:", "reply:", 1))
	if err != nil || report.Recipient != "User@other.example" || report.Kind != "reply" {
		t.Fatalf("%+v %v", report, err)
	}
	header, text, _ := read(t, report.Message)
	if stop := tokenIn.FindStringSubmatch(text); stop == nil || stop[1] != "stop" || header.Get("In-Reply-To") != "" || !strings.Contains(text, "SPF check") {
		t.Errorf("%v\n%s", header, text)
	}
	o.now = now.Add(tokenLife)
	if _, _, err := o.Agree(t.Context(), token); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("after its time: %v", err)
	}
}

// TestAgreeWithoutMessage: where the message is gone, or its body, the agreement stands and no report follows.
func TestAgreeWithoutMessage(t *testing.T) {
	for what, lose := range map[string]func(*office, string) error{
		"deleted": func(o *office, _ string) error {
			_, err := o.store.Prune(o.t.Context(), time.Now().Add(time.Hour), time.Second)
			return err
		},
		"without a body": func(o *office, id string) error { return o.store.DropBody(o.t.Context(), id, nil, nil, now) },
	} {
		o := newOffice(t)
		confirmation, token := o.asked(plain)
		if err := lose(o, strings.TrimPrefix(confirmation.Reason, "confirmation:")); err != nil {
			t.Fatal(err)
		}
		address, sent, err := o.Agree(t.Context(), token)
		if err != nil || address == "" || sent {
			t.Errorf("%s: %q %v %v", what, address, sent, err)
		}
		if _, err := o.store.ConfirmedReplyAddress(t.Context(), address, o.now); err != nil {
			t.Errorf("%s: it did not agree: %v", what, err)
		}
	}
}
