package warmup

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const (
	atGmail  = "relay=gmail-smtp-in.l.google.com[142.250.1.26]:25, delay=1, dsn=2.0.0, status=sent (250 2.0.0 OK gsmtp)"
	tooMuch  = "421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address [192.0.2.1]. 421 4.7.28 gsmtp"
	tss04    = "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes"
	syslog   = "Nov  6 11:59:00 mx "
	eximSent = "=> a@gmail.com R=dnslookup T=remote_smtp H=gmail-smtp-in.l.google.com [142.250.1.26] X=TLS1.3 C=\"250 2.0.0 OK gsmtp\""
)

// TestLines: deliveries to the world count, however they are logged; what a server refuses of others, gives to its own or says twice does not.
func TestLines(t *testing.T) {
	sent := func(who string, n int) map[string]Outcome { return map[string]Outcome{who: {Delivered: n}} }
	late := func(who string) map[string]Outcome {
		return map[string]Outcome{who: {Deferred: 1, Silence: silence(who)}}
	}
	for _, c := range []struct {
		line string
		want map[string]Outcome
	}{
		{syslog + "postfix/smtp[1]: 4ABC: to=<a@gmail.com>, " + atGmail, sent("gmail", 1)},
		{"2026-11-06T11:59:00.123456+00:00 mx postfix/smtp[1]: 4fHx2K0Yz1zB7q: to=<a@gmail.com>, orig_to=<b@shop.example>, " + atGmail, sent("gmail", 1)},
		{syslog + "postfix-out/relay/smtp[1]: 4ABC: to=<ゆうき@gmail.com>, " + atGmail, sent("gmail", 1)},
		{syslog + "postfix/smtp[1]: 4ABC: to=<a@kaisha.example>, relay=aspmx.l.google.com[142.250.1.26]:25, delay=1, dsn=2.0.0, status=sent (250 2.0.0 OK)", sent("gmail", 1)},
		{syslog + "postfix/smtp[1]: 4ABC: to=<a@kaisha.example>, relay=kaisha-example.mail.protection.outlook.com[52.1.1.1]:25, dsn=2.6.0, status=sent (250 2.6.0 <x@y> Queued mail for delivery)", sent("microsoft", 1)},
		{syslog + "postfix/smtp[1]: 4ABC: to=<a@kaisha.example>, relay=mx.kaisha.example[192.0.2.9]:25, delay=1, dsn=2.0.0, status=sent (250 OK)", sent(Everybody, 1)},
		{syslog + "postfix/smtp[1]: 4ABC: to=<a@gmail.com>, relay=gmail-smtp-in.l.google.com[142.250.1.26]:25, delay=1, dsn=4.7.28, status=deferred (host gmail-smtp-in.l.google.com[142.250.1.26] said: " + tooMuch + " (in reply to end of DATA command))", late("gmail")},
		{syslog + "postfix/smtp[1]: 4ABC: to=<a@gmail.com>, relay=gmail-smtp-in.l.google.com[142.250.1.26]:25, delay=1, dsn=4.7.28, status=deferred (host gmail-smtp-in.l.google.com[142.250.1.26] said: 421-4.7.28 Gmail has detected an unusual rate of uns", late("gmail")},
		{syslog + "postfix/smtp[1]: 4ABC: to=<a@yahoo.com>, relay=mta5.am0.yahoodns.net[67.195.1.1]:25, delay=1, dsn=4.7.0, status=deferred (host mta5.am0.yahoodns.net[67.195.1.1] refused to talk to me: " + tss04 + ")", late("yahoo")},
		// A person who receives too much, from whomever.
		{syslog + "postfix/smtp[1]: 4ABC: to=<a@gmail.com>, relay=gmail-smtp-in.l.google.com[142.250.1.26]:25, delay=1, dsn=4.2.1, status=deferred (host gmail-smtp-in.l.google.com[142.250.1.26] said: 450-4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered. 450 4.2.1 gsmtp (in reply to RCPT TO command))", nil},
		{syslog + "postfix/smtp[1]: 4ABC: to=<a@gmail.com>, relay=gmail-smtp-in.l.google.com[142.250.1.26]:25, delay=1, dsn=5.2.1, status=bounced (host gmail-smtp-in.l.google.com[142.250.1.26] said: 550-5.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered. 550 5.2.1 gsmtp (in reply to RCPT TO command))", nil},
		// Said before, by another agent; tried by nobody.
		{syslog + "postfix/error[1]: 4ABC: to=<a@gmail.com>, relay=none, delay=1, dsn=4.7.28, status=deferred (delivery temporarily suspended: host gmail-smtp-in.l.google.com[142.250.1.26] refused to talk to me: " + tooMuch + ")", nil},
		{syslog + "postfix/qmgr[1]: 4ABC: from=<me@s.example>, status=expired, returned to sender", nil},
		{syslog + "postfix/smtp[1]: 4ABC: to=<a@gmail.com>, relay=gmail-smtp-in.l.google.com[142.250.1.26]:25, delay=1, dsn=2.1.5, status=deliverable (250 2.1.5 OK)", nil},
		// To its own mailboxes and filters.
		{syslog + "postfix/local[1]: 4ABC: to=<a@mx.example>, relay=local, delay=1, dsn=2.0.0, status=sent (delivered to maildir)", nil},
		{syslog + "postfix/lmtp[1]: 4ABC: to=<a@mx.example>, relay=mx[private/dovecot-lmtp], delay=1, dsn=2.0.0, status=sent (250 2.0.0 <a@mx.example> Saved)", nil},
		{syslog + "postfix/pipe[1]: 4ABC: to=<a@gmail.com>, relay=filter, delay=1, dsn=2.0.0, status=sent (delivered via filter service)", nil},
		{syslog + "postfix/smtp[1]: 4ABC: to=<a@gmail.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4ABD)", nil},
		// What it refused of others, and what our own milter put off.
		{syslog + "postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 554 5.7.1 Service unavailable; Client host [203.0.113.9] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/203.0.113.9; from=<x@spam.example> to=<me@mx.example> proto=ESMTP helo=<spam>", nil},
		{syslog + "postfix/cleanup[1]: 4ABC: milter-reject: END-OF-MESSAGE from localhost[127.0.0.1]: 4.7.0 Paced by the warm-up of 192.0.2.1: today's share for Gmail (Google) is used up; from=<me@s.example> to=<a@gmail.com> proto=ESMTP helo=<x>", nil},
		{"2026-11-06 11:59:00 1tFabc-0001Xy-2Z " + eximSent, sent("gmail", 1)},
		{"2026-11-06 11:59:00 1tFabc-00000001Xyz-2Zab " + eximSent, sent("gmail", 1)},
		{"2026-11-06 20:59:00.123 +0900 [1234] 1tFabc-0001Xy-2Z " + eximSent, sent("gmail", 1)},
		{syslog + "exim[12]: 2026-11-06 11:59:00 1tFabc-0001Xy-2Z " + eximSent, sent("gmail", 1)},
		{syslog + "exim[12]: 2026-11-06 11:59:00 1tFabc-0001Xy-2Z == a@gmail.com R=dnslookup T=remote_smtp defer (-45) H=gmail-smtp-in.l.google.com [142.250.1.26]: SMTP error from remote mail server after end of data: " + tooMuch, late("gmail")},
		{syslog + "exim[12]: [1/2] 2026-11-06 11:59:00 1tFabc-0001Xy-2Z == a@gmail.com R=dnslookup T=remote_smtp defer (-45) H=gmail-smtp-in.l.google.com [142.250.1.26]: SMTP error from remote mail server after end of data: " + tooMuch, late("gmail")},
		{syslog + "exim[12]: [2/2] 1tFabc-0001Xy-2Z " + eximSent, nil},
		{"2026-11-06 20:59:00 +0900 [1234] 1tFabc-0001Xy-2Z == a@gmail.com R=dnslookup T=remote_smtp defer (-45) H=gmail-smtp-in.l.google.com [142.250.1.26]: SMTP error from remote mail server after end of data: " + tooMuch, late("gmail")},
		{"2026-11-06 11:59:00 1tFabc-0001Xy-2Z => me <me@mx.example> R=localuser T=local_delivery", nil},
		{"2026-11-06 11:59:00 1tFabc-0001Xy-2Z == a@gmail.com R=dnslookup T=remote_smtp defer (-53): retry time not reached for any host for 'gmail.com'", nil},
		{syslog + "sm-mta[27]: 6AQ7Bk9X000025: to=<a@gmail.com>,<b@gmail.com>,<c@kaisha.example>, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=30163, relay=gmail-smtp-in.l.google.com. [142.250.1.26], dsn=2.0.0, stat=Sent (OK gsmtp)", sent("gmail", 3)},
		{syslog + "sm-mta[27]: 6AQ7Bk9X000025: to=<a@gmail.com>, delay=00:00:01, mailer=esmtp, pri=30163, relay=gmail-smtp-in.l.google.com. [142.250.1.26], dsn=5.7.1, reply=550 5.7.1 \"Gmail has detected that this message is likely unsolicited mail. To reduce the amount of s...cked, stat=Service unavailable", map[string]Outcome{"gmail": {Refused: 1}}},
		{syslog + "sendmail[27]: 6AQ7Bk9X000025: to=me, delay=00:00:01, mailer=local, pri=30163, dsn=2.0.0, stat=Sent", nil},
		{syslog + "sendmail[27]: 6AQ7Bk9X000025: to=a@gmail.com, ctladdr=root (0/0), delay=00:00:01, mailer=relay, pri=30163, relay=[127.0.0.1] [127.0.0.1], dsn=2.0.0, stat=Sent (6AQ7 Message accepted for delivery)", nil},
		{syslog + "sm-mta[27]: 6AQ7Bk9X000025: to=<a@gmail.com>, delay=00:00:01, pri=30163, stat=Paced by the warm-up of 192.0.2.1: today's share for Gmail (Google) is used up", nil},
		{"@4000000069e2d9ca2d1f7a2c delivery 1: success: 192.0.2.9_accepted_message./Remote_host_said:_250_OK/", nil}, // of April
		{"delivery 1: success: 192.0.2.9_accepted_message./Remote_host_said:_250_OK/", sent(Everybody, 1)},
		{"delivery 2: success: did_1+0+0/", nil},
		{syslog + "qmail: 1794052740.123456 delivery 1: success: 192.0.2.9_accepted_message./Remote_host_said:_250_OK/", sent(Everybody, 1)},
		{"2026-11-06 11:59:00.123456500 delivery 1: success: 192.0.2.9_accepted_message./Remote_host_said:_250_OK/", sent(Everybody, 1)},
		{"mail-1  | " + syslog + "postfix/smtp[1]: 4ABC: to=<a@gmail.com>, " + atGmail, sent("gmail", 1)},
		{syslog + "3f1c2d4e5a6b[812]: Nov  6 11:58:59 mail postfix/smtp[1]: 4ABC: to=<a@gmail.com>, " + atGmail, sent("gmail", 1)},
		{"2026-11-06T11:59:00+00:00 mx docker/mail[812]: 2026-11-06T11:58:59.123456+00:00 mail postfix/smtp[1]: 4ABC: to=<a@gmail.com>, " + atGmail, sent("gmail", 1)},
		{"<22>" + syslog + "postfix/smtp[1]: [ID 197553 mail.info] 4ABC: to=<a@gmail.com>, " + atGmail, sent("gmail", 1)},
		{syslog + "smtp-out[12]: 2026-11-06 11:59:00 1tFabc-0001Xy-2Z " + eximSent, sent("gmail", 1)},
		{syslog + "exim[12]: 1tFabc-0001Xy-2Z " + eximSent, sent("gmail", 1)},
		{"Nov  5 11:59:00 mx postfix/smtp[1]: 4ABC: to=<a@gmail.com>, " + atGmail, nil},
		{"Dec 24 11:59:00 mx postfix/smtp[1]: 4ABC: to=<a@gmail.com>, " + atGmail, nil},
		{"Feb 29 11:59:00 mx postfix/smtp[1]: 4ABC: to=<a@gmail.com>, " + atGmail, nil},
		{"2026-11-05T23:59:00+09:00 mx postfix/smtp[1]: 4ABC: to=<a@gmail.com>, " + atGmail, nil},
	} {
		got := Outcomes([]byte(c.line+"\n"), noon)
		for who, o := range got {
			if o.Silence > 0 && !o.At.Equal(noon.Add(-time.Minute)) {
				t.Errorf("%s: at %s", c.line, o.At)
			}
			o.At = time.Time{}
			got[who] = o
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, want %v", c.line, got, c.want)
		}
	}
}

// TestForgedLines: what strangers wrote into addresses, names and subjects is no delivery, and no server's words hold up another provider's mail.
func TestForgedLines(t *testing.T) {
	const (
		relay = "relay=gmail-smtp-in.l.google.com[142.250.1.26]:25, delay=1, dsn=4.7.28, status=deferred (host gmail-smtp-in.l.google.com[142.250.1.26] said: " + tooMuch + ")"
		lie   = "x/smtp[1]: 4XYZ: to=<a@gmail.com>, " + relay
		exim  = "1tFabc-0001Xy-2Y == a@gmail.com R=dnslookup T=remote_smtp defer (-45) H=gmail-smtp-in.l.google.com [142.250.1.26]: SMTP error from remote mail server: " + tooMuch
		sent  = "relay=mx.evil.example[203.0.113.9]:25, delay=1, dsn=2.0.0, status=sent (250 OK)"
	)
	others := func(o Outcome) map[string]Outcome { return map[string]Outcome{Everybody: o} }
	for _, c := range []struct {
		line string
		want map[string]Outcome
	}{
		{syslog + "postfix/cleanup[9]: 4ABC: info: header Subject: " + lie + " from evil[203.0.113.9]; from=<x@evil.example> to=<me@mx.example> proto=ESMTP helo=<evil>", nil},
		{syslog + "postfix/cleanup[9]: 4ABC: info: header Subject: " + syslog + "postfix/smtp[1]: 4XYZ: to=<a@gmail.com>, " + relay, nil},
		{"2026-11-06 11:59:00 1tFabc-0001Xy-2Z Subject: " + syslog + "postfix/smtp[1]: 4XYZ: to=<a@gmail.com>, " + relay, nil},
		{syslog + "postfix/qmgr[9]: 4ABC: from=<\"" + lie + "\"@evil.example>, size=1, nrcpt=1 (queue active)", nil},
		{syslog + "postfix/smtpd[9]: NOQUEUE: reject: RCPT from x[203.0.113.9]: 550 5.1.1 <\"delivery 1: success: Remote_host_said:_250\"@mx.example>: no; helo=<x>", nil},
		{syslog + "postfix/smtp[9]: 4ABC: to=<\"x>, " + relay + "\"@evil.example>, " + sent, others(Outcome{Delivered: 1})},
		{syslog + "postfix/smtp[9]: 4ABC: to=<\"x\\\">, " + relay + "\"@evil.example>, orig_to=<\"y>, " + relay + "\"@mx.example>, " + sent, others(Outcome{Delivered: 1})},
		{syslog + "postfix/smtp[9]: 4ABC: to=<x@evil.example>, " + strings.ReplaceAll(relay, "gmail-smtp-in.l.google.com", "mx.evil.example"), others(Outcome{Deferred: 1})},
		{syslog + "postfix/smtp[9]: 4ABC: to=<x@evil.example>, relay=mx.evil.example[203.0.113.9]:25, dsn=4.7.0, status=deferred (host mx.evil.example[203.0.113.9] said: 421 host gmail-smtp-in.l.google.com[142.250.1.26] said: " + tooMuch + ")", others(Outcome{Deferred: 1})},
		{"2026-11-06 11:59:00 1tFabc-0001Xy-2Z <= x@evil.example H=evil [203.0.113.9] P=esmtp S=300 T=\"" + exim + "\"", nil},
		{"2026-11-06 11:59:00 1tFabc-0001Xy-2Z <= x@evil.example H=evil [203.0.113.9] P=esmtp S=300 T=\"hello => a@gmail.com R=dnslookup\"", nil},
		{"2026-11-06 11:59:00 SMTP syntax error in \"HELO exim: " + exim + "\" H=evil [203.0.113.9] unrecognized", nil},
		{"2026-11-06 11:59:00 H=(exim: " + exim + ") [203.0.113.9] rejected", nil},
		{"2026-11-06 11:59:00 1tFabc-0001Xy-2Z => \"x H=gmail-smtp-in.l.google.com \"@evil.example R=dnslookup T=remote_smtp H=mx.evil.example [203.0.113.9] C=\"250 OK\"", others(Outcome{Delivered: 1})},
		{syslog + "sm-mta[9]: 6AQ7Bk9X000025: from=<\"x: to=a@gmail.com, mailer=esmtp, relay=gmail-smtp-in.l.google.com. [142.250.1.26], dsn=4.7.28, stat=Deferred: " + tooMuch + "\"@evil.example>, size=1", nil},
		{syslog + "sm-mta[9]: 6AQ7Bk9X000025: to=<\"x, mailer=esmtp, relay=gmail-smtp-in.l.google.com. [142.250.1.26], stat=Deferred: " + tooMuch + "\"@evil.example>, delay=00:00:01, mailer=esmtp, pri=30163, relay=mx.evil.example. [203.0.113.9], dsn=2.0.0, stat=Sent (OK)", others(Outcome{Delivered: 1})},
		{syslog + "sm-mta[9]: 6AQ7Bk9X000025: to=<\"x, mailer=esmtp, relay=gmail-smtp-in.l.google.com. [142.250.1.26], stat=Deferred: " + tooMuch + ", delay=00:00:01, mailer=esmtp, pri=30163, relay=mx.evil.example. [203.0.113.9], dsn=2.0.0, stat=Sent (OK)", nil},
		// In the log of another server, and where a subject is logged.
		{"2026-11-06 11:59:00 1tFabc-0001Xy-2Z <= \"" + lie + "\"@evil.example H=evil [203.0.113.9] P=esmtp S=300", nil},
		{"2026-11-06 11:59:00 1tFabc-0001Xy-2Z Subject: " + lie, nil},
		{"2026-11-06 11:59:00 1tFabc-0001Xy-2Z Subject: x exim: " + exim, nil},
		{"2026-11-06 11:59:00 1tFabc-0001Xy-2Z Subject: sm-mta[9]: 6AQ7Bk9X000025: to=a@gmail.com, mailer=esmtp, relay=gmail-smtp-in.l.google.com. [142.250.1.26], stat=Deferred: " + tooMuch, nil},
		{syslog + "postfix/cleanup[9]: 4ABC: info: header Subject: " + exim + " from evil[203.0.113.9]", nil},
		{syslog + "postfix/cleanup[9]: 4ABC: info: header Subject: delivery 1: deferral: Remote_host_said:_" + strings.ReplaceAll(tooMuch, " ", "_") + "/ from evil[203.0.113.9]", nil},
		{syslog + "postfix/cleanup[9]: 4ABC: info: header Subject: qmail: 1.2 delivery 1: success: Remote_host_said:_250/ from evil[203.0.113.9]", nil},
		// What says status= in its reply is no line of Postfix for that.
		{"2026-11-06 11:59:00 1tFabc-0001Xy-2Z => a@gmail.com R=dnslookup T=remote_smtp H=gmail-smtp-in.l.google.com [142.250.1.26] C=\"250 2.0.0 OK status=queued\"", map[string]Outcome{"gmail": {Delivered: 1}}},
	} {
		if got := Outcomes([]byte(c.line+"\n"), noon); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, want %v", c.line, got, c.want)
		}
	}
}

// TestLineTime: years, zones and leap days are those that were meant.
func TestLineTime(t *testing.T) {
	jst := time.FixedZone("JST", 9*60*60)
	for line, want := range map[string]string{
		"Nov  6 21:00:00 mx x":            "2026-11-06T21:00:00+09:00",
		"Dec 31 23:59:59 mx x":            "2025-12-31T23:59:59+09:00",
		"Feb 29 01:00:00 mx x":            "2024-02-29T01:00:00+09:00",
		"2026-11-06 21:00:00 1tF":         "2026-11-06T21:00:00+09:00",
		"2026-11-06 21:00:00.5 1tF":       "2026-11-06T21:00:00.5+09:00",
		"2026-11-06 12:00:00 +0000 [9] 1": "2026-11-06T12:00:00Z",
		"2026-11-06T12:00:00.5Z mx x":     "2026-11-06T12:00:00.5Z",
		"2026-11-06T12:00:00+0000 mx x":   "2026-11-06T12:00:00Z",
		"2026-11-06T21:00:00 mx x":        "2026-11-06T21:00:00+09:00",
		"@4000000069e2d9ca00000000 x":     "2026-04-18T01:09:20Z",
	} {
		w, err := time.Parse(time.RFC3339Nano, want)
		if err != nil {
			t.Fatal(err)
		}
		if got := lineTime(line, noon, jst); !got.Equal(w) {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
	for _, line := range []string{"", " ", "x", "Nov", "Nov  6 21:00:0", "2026-11-06", "2026-11-06T12:00", "2026-11-06 nonsense", "@4000000069e2d9ca0000000", "@4zzzzzzzzzzzzzzz00000000"} {
		if got := lineTime(line, noon, jst); !got.IsZero() {
			t.Errorf("%q: %s", line, got)
		}
	}
}

// TestLineTimeFolded: in the hour that comes twice where daylight-saving time ends, what was written just now was written just now.
func TestLineTimeFolded(t *testing.T) {
	for _, c := range []struct{ zone, line, now, want string }{
		{"America/New_York", "Nov  1 01:30:00 mx x", "2026-11-01T05:31:00Z", "2026-11-01T05:30:00Z"},
		{"America/New_York", "Nov  1 01:30:00 mx x", "2026-11-01T06:31:00Z", "2026-11-01T06:30:00Z"},
		{"America/New_York", "2026-11-01 01:30:00 1tF", "2026-11-01T06:31:00Z", "2026-11-01T06:30:00Z"},
		{"America/New_York", "2026-11-01T01:30:00 mx x", "2026-11-01T06:31:00Z", "2026-11-01T06:30:00Z"},
		{"America/New_York", "2026-11-01T01:30:00-04:00 mx x", "2026-11-01T06:31:00Z", "2026-11-01T05:30:00Z"},
		{"America/New_York", "Nov  1 00:59:00 mx x", "2026-11-01T06:31:00Z", "2026-11-01T04:59:00Z"},
		{"America/New_York", "Nov  1 02:00:00 mx x", "2026-11-01T07:31:00Z", "2026-11-01T07:00:00Z"},
		{"America/New_York", "Mar 14 03:30:00 mx x", "2027-03-14T07:31:00Z", "2027-03-14T07:30:00Z"},
		{"Australia/Lord_Howe", "Apr  4 01:45:00 mx x", "2027-04-03T15:16:00Z", "2027-04-03T15:15:00Z"},
		{"Australia/Lord_Howe", "Apr  4 01:45:00 mx x", "2027-04-03T14:46:00Z", "2027-04-03T14:45:00Z"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		now, err1 := time.Parse(time.RFC3339, c.now)
		want, err2 := time.Parse(time.RFC3339, c.want)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if got := lineTime(c.line, now, zone); !got.Equal(want) {
			t.Errorf("%s in %s at %s: %s, want %s", c.line, c.zone, c.now, got.UTC(), want)
		}
	}
}

func FuzzReadLine(f *testing.F) {
	for _, s := range []string{syslog + "postfix/smtp[1]: 4ABC: to=<a@gmail.com>, " + atGmail, "2026-11-06 20:59:00.123 +0900 [1234] 1tFabc-0001Xy-2Z " + eximSent, syslog + "sm-mta[27]: Q: to=<a@b>,<c@d>, mailer=esmtp, relay=x. [192.0.2.9], stat=Sent (OK)", "@4000000069e2d9ca00000000 delivery 1: success: Remote_host_said:_250/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if l, ok := readLine(line, noon, time.UTC); ok && l.delivered && len(l.queue)+len(l.host) > len(line) {
			t.Errorf("%+v", l)
		}
		Outcomes([]byte(line), noon)
	})
}
