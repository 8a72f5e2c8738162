package explain

import "testing"

// TestSendmailPipelined: a line of a real Sendmail 8.17.1.9 whose dsn= and reply= are those of DATA, sent before the refusal of RCPT TO was read.
func TestSendmailPipelined(t *testing.T) {
	r, err := Explain([]byte("Nov 26 07:11:46 mail sendmail[27]: 6AQ7Bk9X000025: to=<rate@gmail.com>, delay=00:00:00, xdelay=00:00:00, mailer=esmtp, pri=30163, relay=[127.0.0.1] [127.0.0.1], dsn=5.5.1, " +
		"reply=502 5.5.1 Missing RCPT TO command., stat=Deferred: 421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP...ed. For more information, go to https://support.google.com/mail/?p=UnsolicitedRateLimitError - gsmtp\n"))
	if err != nil || len(r.Failures) != 1 {
		t.Fatal(r, err)
	}
	f := r.Failures[0]
	if f.Action != "delayed" || f.Status.String() != "4.7.28" || f.Category != "rate" || f.Match.Provider != "gmail" || f.Recipient != "rate@gmail.com" {
		t.Errorf("%+v", f)
	}
}

// TestSendmailQueued: under load Sendmail only queues; that is nobody's refusal.
func TestSendmailQueued(t *testing.T) {
	r, err := Explain([]byte("Nov 26 08:02:39 mail sendmail[55]: 6AQ82djo000055: to=<you@gmail.com>, delay=00:00:00, mailer=esmtp, pri=243165, stat=queued\n"))
	if err != nil || len(r.Failures) != 1 || r.Failures[0].Action != "delayed" || r.Failures[0].Category == "rate" || r.Failures[0].Category == "reputation" {
		t.Errorf("%+v, %v", r, err)
	}
}
