package bounce

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// RFC 5321 section 4.2.1 (multi-line replies) and RFC 2034 section 4 (an enhanced code on each line).
func TestParseReply(t *testing.T) {
	tests := []struct {
		name, in             string
		code                 int
		enhanced, text, tail string
		lines                int
	}{
		{"one line", "550 5.1.1 No such user", 550, "5.1.1", "No such user", "", 1},
		{"no enhanced code", "421 busy", 421, "", "busy", "", 1},
		{"several lines", "550-5.7.26 This mail is\r\n550-5.7.26 unauthenticated.\r\n550 5.7.26 See https://example.com", 550, "5.7.26", "This mail is unauthenticated. See https://example.com", "", 3},
		{"a log joined the lines", "550-5.7.26 This mail is 550-5.7.26 unauthenticated. See 550 5.7.26 https://example.com", 550, "5.7.26", "This mail is unauthenticated. See https://example.com", "", 1},
		{"joined with empty lines", "550-5.7.26 one 550-5.7.26  550-5.7.26  two 550 5.7.26 three", 550, "5.7.26", "one two three", "", 1},
		{"joined, the dash lost", "550 5.7.26 one 550-5.7.26 two 550 5.7.26 three of 550 boxes", 550, "5.7.26", "one two three of 550 boxes", "", 1},
		{"joined without enhanced code", "554-one 554-two 554 three", 554, "", "one two three", "", 1},
		{"the number of a limit is no code", "552 5.3.4 at most 552 fields", 552, "5.3.4", "at most 552 fields", "", 1},
		{"gsmtp", "550 5.1.1 gone a1-2002si3.4 - gsmtp", 550, "5.1.1", "gone", "a1-2002si3.4 - gsmtp", 1},
		{"gcdp", "550 5.7.1 refused x9 - gcdp", 550, "5.7.1", "refused", "x9 - gcdp", 1},
		{"wrapped by a terminal", "550 5.1.1 No such\nuser here", 550, "5.1.1", "No such user here", "", 2},
		{"another reply follows", "250 2.1.0 OK\n550 5.1.1 No", 250, "2.1.0", "OK", "", 1},
		{"an enhanced code with hash", "550 #5.1.0 Address rejected", 550, "5.1.0", "Address rejected", "", 1},
		{"marked within the text", "550 No mailbox (#5.1.1)", 550, "5.1.1", "No mailbox (#5.1.1)", "", 1},
		{"only an enhanced code", "5.7.26", 0, "5.7.26", "", "", 1},
		{"an IP address is no enhanced code", "550 5.1.1.1 is blocked", 550, "", "5.1.1.1 is blocked", "", 1},
		{"classes disagree", "421 5.7.32 not aligned", 421, "5.7.32", "not aligned", "", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, ok := ParseReply(tt.in)
			if !ok {
				t.Fatal("not a reply")
			}
			got := []any{r.Code, r.Enhanced.String(), r.Text, r.Tail, len(r.Lines)}
			want := []any{tt.code, tt.enhanced, tt.text, tt.tail, tt.lines}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
	for _, s := range []string{"", "hello", "55 x", "5500 x", "650 x", "550x", "192.0.2.1 said", "5.7.26.1"} {
		if r, ok := ParseReply(s); ok {
			t.Errorf("%q read as %+v", s, r)
		}
	}
}

// RFC 5321 section 4.2.1: the first digit of the basic code says whether to try again.
func TestBasicCodeDecidesClass(t *testing.T) {
	for s, want := range map[string]Class{"421 5.7.32 x": Temporary, "550 4.2.2 x": Permanent, "250 2.0.0 x": Success, "354 go": Intermediate, "4.4.1 timeout": Temporary} {
		r, _ := ParseReply(s)
		if got := r.Class(); got != want {
			t.Errorf("%q: class %d, want %d", s, got, want)
		}
	}
}

func TestFindReplies(t *testing.T) {
	text := "We sold 500 boxes and wrote 512 letters in 2024.\n" +
		"<a@example.com>: host mx.example.com[192.0.2.1] said: 550-5.1.1 No such\n" +
		"    user 550 5.1.1 here (in reply to RCPT TO command)\n" +
		">>> DATA\n<<< 554 5.5.1 no valid recipients\n503 Need RCPT\nServer error: '452 4.2.2 full'\n"
	var got []string
	for _, f := range FindReplies(text) {
		got = append(got, f.String())
		if f.Start >= f.End || f.End > len(text) {
			t.Errorf("octets %d to %d of %d", f.Start, f.End, len(text))
		}
	}
	want := []string{
		"550 5.1.1 No such user here (in reply to RCPT TO command)",
		"554 5.5.1 no valid recipients", "503 Need RCPT", "452 4.2.2 full'",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// A mail program wrapped the lines of a reply and quoted them.
func TestFindRepliesWrapped(t *testing.T) {
	text := "Hello,\n> 550-5.7.1 [192.0.2.1] This message is likely\n> unsolicited\n> 550-5.7.1 mail. To protect people it\n> 550 5.7.1 was blocked. x1 - gsmtp\n> \n> bye\n\n550-5.1.1 cut here\nand no more of it\n"
	got := FindReplies(text)
	if len(got) != 2 || got[0].Text != "[192.0.2.1] This message is likely unsolicited mail. To protect people it was blocked." || got[0].Tail == "" || got[1].Text != "cut here" {
		t.Errorf("%+v", got)
	}
}

const dsn = "From: MAILER-DAEMON@mx.example.org\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"b/1\"\r\n\r\n" +
	"--b/1\r\nContent-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$BFO$-$^$;$s$G$7$?\x1b(B\r\n" +
	"--b/1\r\nContent-Type: message/delivery-status\r\n\r\n" +
	"Reporting-MTA: dns; mx.example.org\r\nArrival-Date: Mon, 2 Nov 2026 09:00:00 +0900\r\n\r\n" +
	"Final-Recipient: rfc822; a@example.com\r\nOriginal-Recipient: rfc822;A@example.com\r\nAction: failed\r\nStatus: 5.7.26\r\n" +
	"Remote-MTA: dns; mx.example.com\r\nDiagnostic-Code: smtp; 550-5.7.26 This mail is\r\n    550 5.7.26 unauthenticated. x1 - gsmtp\r\n\r\n" +
	"Final-Recipient: rfc822; b@example.com\r\nAction: delayed\r\nStatus: 4.4.1 (timeout)\r\n\r\n" +
	"--b/1\r\nContent-Type: text/rfc822-headers\r\n\r\nFrom: me@example.org\r\nSubject: hello\r\n\r\n--b/1--\r\n"

// RFC 3464 sections 2.2 and 2.3, RFC 6522 section 3.
func TestParseDSN(t *testing.T) {
	r, err := Parse([]byte(dsn))
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(r.Text) != "届きませんでした" {
		t.Errorf("text %q", r.Text)
	}
	if r.ReportingMTA != "mx.example.org" || r.ArrivalDate == "" || len(r.Recipients) != 2 {
		t.Fatalf("%+v", r)
	}
	a, b := r.Recipients[0], r.Recipients[1]
	if a.Address() != "a@example.com" || a.Original != "A@example.com" || a.Action != "failed" || a.RemoteMTA != "mx.example.com" || a.DiagnosticType != "smtp" {
		t.Errorf("%+v", a)
	}
	if a.Reply == nil || a.Reply.String() != "550 5.7.26 This mail is unauthenticated. x1 - gsmtp" {
		t.Errorf("reply %+v", a.Reply)
	}
	if b.Status != (Status{4, 4, 1}) || b.Action != "delayed" || b.Reply != nil {
		t.Errorf("%+v", b)
	}
	if f, _ := r.Original.First("Subject"); f.Unfolded() != "hello" {
		t.Errorf("original %q", f.Unfolded())
	}
}

func TestDiagnosticWithOwnWordsBeforeTheReply(t *testing.T) {
	r, _ := ParseStatusFields("Final-Recipient: rfc822; a@x\nDiagnostic-Code: smtp; 5.1.0 Unknown address error 550-'5.7.1 blocked' (delivery attempts: 0)\n")
	if got := r.Recipients[0].Reply; got == nil || got.Code != 550 || got.Enhanced.String() != "5.7.1" {
		t.Errorf("reply %+v", got)
	}
}

func TestTextOfHTML(t *testing.T) {
	got := Text(parseForTest("Content-Type: text/html\r\n\r\n<html><head><title>x</title></head><p>To <b>&lt;a@example.com&gt;</b>:<br>550 5.1.1 no&nbsp;such user</p>"))
	if want := " To <a@example.com>:\n550 5.1.1 no such user\n"; strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") {
		t.Errorf("%q", got)
	}
}

func TestParseDSNAsRealMailersWriteIt(t *testing.T) {
	tests := []struct {
		name, fields string
		recipients   int
	}{
		{"no empty line between recipients", "Final-Recipient: rfc822; a@x\nStatus: 5.1.1\nFinal-Recipient: rfc822; b@x\nStatus: 5.1.1\n", 2},
		{"no Final-Recipient", "Reporting-MTA: dns; x\n\nAction: failed\nStatus: 5.0.0\n", 1},
		{"too many empty lines", "\n\nReporting-MTA: dns; x\n\n\n\nFinal-Recipient: rfc822; a@x\n\n\n", 1},
		{"only per-message fields", "Reporting-MTA: dns; x\n", 0},
	}
	for _, tt := range tests {
		r, ok := ParseStatusFields(tt.fields)
		if len(r.Recipients) != tt.recipients || ok != (tt.recipients > 0) {
			t.Errorf("%s: %d recipients", tt.name, len(r.Recipients))
		}
	}
	if _, err := Parse([]byte("Subject: lunch\r\n\r\nAt noon?\r\n")); !errors.Is(err, ErrNoReport) {
		t.Errorf("an ordinary message: %v", err)
	}
}

// A message is a hostile input: many parts, deep nesting and many recipients end at the limits.
func TestLimits(t *testing.T) {
	var b strings.Builder
	for range 200 {
		b.WriteString("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n")
	}
	if parts := Text(parseForTest(b.String())); len(parts) > maxText {
		t.Errorf("%d octets", len(parts))
	}
	r, _ := ParseStatusFields(strings.Repeat("Final-Recipient: rfc822; a@x\nAction: failed\n\n", 5000))
	if len(r.Recipients) != maxRecipients {
		t.Errorf("%d recipients", len(r.Recipients))
	}
	if n := len(FindReplies(strings.Repeat("550 5.1.1 no\n", 5000))); n != maxReplies {
		t.Errorf("%d replies", n)
	}
}
