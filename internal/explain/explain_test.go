package explain

import (
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/todoku/todoku/bounce"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/provider"
)

func TestInputsAreToldApart(t *testing.T) {
	tests := []struct {
		name, in string
		kind     Kind
		err      error
	}{
		{"a reply", "550 5.1.1 No such user", KindReply, nil},
		{"a reply of several lines", "550-5.7.26 a\r\n550 5.7.26 b", KindReply, nil},
		{"an enhanced code alone", "5.7.26", KindReply, nil},
		{"a reply within words", "our relay says: host mx.example.com said: 421 4.7.0 later", KindReply, nil},
		{"Postfix log", "Nov  2 10:00:00 mx postfix/smtp[1]: A: to=<a@example.com>, relay=none, delay=1, dsn=4.4.1, status=deferred (connect to mx.example.com[192.0.2.1]:25: Connection timed out)", KindLog, nil},
		{"Exim log", "2026-11-02 10:00:01 1abc ** b@example.com R=dnslookup T=remote_smtp: all relevant MX records point to non-existent hosts", KindLog, nil},
		{"Exim log by syslog", "Nov  2 10:00:01 mx exim[7]: 1rAbCd-000123-45 == b@example.com R=dnslookup T=remote_smtp defer (110): Connection timed out", KindLog, nil},
		{"quoted prose is no log", "> said\n>> a@example.com wrote 550 5.1.1 no such user", KindReply, nil},
		{"a reply that quotes results", "550 5.7.26 Refused; spf=fail; dkim=none", KindReply, nil},
		{"sendmail log", "Nov  2 10:00:02 mx sm-mta[9]: x: to=<c@example.net>, relay=mx.example.net. [192.0.2.7], dsn=5.1.1, stat=User unknown", KindLog, nil},
		{"qmail log", "@400000004 delivery 5: failure: 192.0.2.1_does_not_like_recipient./Remote_host_said:_550_5.1.1_no_such_user/Giving_up_on_192.0.2.1./", KindLog, nil},
		{"a field", "Authentication-Results: mx.example.com; spf=pass smtp.mailfrom=example.com", KindAuthRes, nil},
		{"its value alone", "mx.example.com; dkim=pass header.d=example.com; spf=fail smtp.mailfrom=example.com", KindAuthRes, nil},
		{"Microsoft's value alone", "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=example.com; dkim=none; dmarc=pass action=none header.from=example.com;compauth=pass reason=100", KindAuthRes, nil},
		{"an ARC field", "ARC-Authentication-Results: i=1; mx.example.com; dkim=pass header.d=example.com", KindARCAuthRes, nil},
		{"Received-SPF", "Received-SPF: pass (example.net: domain of a@example.com designates 192.0.2.1 as permitted sender) client-ip=192.0.2.1; envelope-from=a@example.com;", KindReceivedSPF, nil},
		{"a header block", "From: a@example.com\nTo: b@example.net\nSubject: hello\n", KindHeader, nil},
		{"fields of a DSN", "Final-Recipient: rfc822; a@example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no\n", KindDSN, nil},
		{"an indented paste", "  Authentication-Results: mx.example.com;\n    spf=pass smtp.mailfrom=example.com", KindAuthRes, nil},
		{"a complaint", "From: fbl@example.com\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=x\r\n\r\n--x\r\n\r\nhello\r\n--x--\r\n", KindComplaint, nil},
		{"empty", " \r\n\t", "", ErrEmpty},
		{"binary", "\x00\x01\x02\x03PNG\x04\x05", "", ErrBinary},
		{"prose", "We sold 500 boxes of tea in May.", "", ErrUnknown},
		{"a domain", "example.com", "", ErrUnknown},
		{"an address", "192.0.2.1", "", ErrUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := Explain([]byte(tt.in))
			if !errors.Is(err, tt.err) {
				t.Fatalf("%v, want %v", err, tt.err)
			}
			if err == nil && r.Kind != tt.kind {
				t.Errorf("%s, want %s", r.Kind, tt.kind)
			}
		})
	}
}

func first(t *testing.T, in string) Failure {
	t.Helper()
	r, err := Explain([]byte(in))
	if err != nil || len(r.Failures) == 0 {
		t.Fatalf("%q: %+v, %v", in, r, err)
	}
	return r.Failures[0]
}

func TestFailures(t *testing.T) {
	tests := []struct {
		name, in              string
		host, phase, category string
		class                 bounce.Class
		basis                 Basis
		command               string
	}{
		{"the basic code wins over the enhanced class", "421 5.7.32 Blocked, not aligned. x1 - gsmtp", "", "", "alignment", bounce.Temporary, ByRule, "todoku verify message.eml"},
		{"Gmail names the domain and the address", "550-5.7.26 sender is unauthenticated. DKIM = did not pass SPF [example.com] with ip: [192.0.2.1] = did not pass 550 5.7.26 x1 - gsmtp", "", "", "auth", bounce.Permanent, ByRule, "todoku check example.com"},
		{"the sending address, not the receiver's", "host mx.example.com[192.0.2.9] said: 550 5.7.25 Client [198.51.100.7] has no reverse DNS (in reply to RCPT TO command)", "mx.example.com", "rcpt-to", "ptr", bounce.Permanent, ByCode, "todoku check 198.51.100.7"},
		{"words where there is no enhanced code", "550 No such user here", "", "", "userunknown", bounce.Permanent, ByWords, ""},
		{"a private code is explained by its words", "550 5.7.999 Blocked by our blacklist", "", "", "blocklist", bounce.Permanent, ByWords, "todoku check IP"},
		{"nothing but the class", "554 Transaction failed", "", "", "refused", bounce.Permanent, ByClass, "todoku check DOMAIN"},
		{"greylisting", "450 4.2.0 <a@example.com>: Recipient address rejected: Greylisted", "", "", "greylist", bounce.Temporary, ByWords, ""},
		{"accepted", "250 2.0.0 Ok: queued as A1", "", "", "", bounce.Success, ByCode, ""},
		{"docomo in a log", "Nov  2 10:00:00 mx postfix/smtp[1]: A: to=<a@docomo.ne.jp>, relay=mfsmax.docomo.ne.jp[192.0.2.5]:25, dsn=5.0.0, status=bounced (host mfsmax.docomo.ne.jp[192.0.2.5] said: 550 Unknown user a@docomo.ne.jp (in reply to end of DATA command))", "mfsmax.docomo.ne.jp", "data", "filtered", bounce.Permanent, ByRule, "todoku check DOMAIN"},
		{"the same at RCPT TO", "Nov  2 10:00:00 mx postfix/smtp[1]: A: to=<a@docomo.ne.jp>, relay=mfsmax.docomo.ne.jp[192.0.2.5]:25, dsn=5.0.0, status=bounced (host mfsmax.docomo.ne.jp[192.0.2.5] said: 550 Unknown user a@docomo.ne.jp (in reply to RCPT TO command))", "mfsmax.docomo.ne.jp", "rcpt-to", "userunknown", bounce.Permanent, ByRule, ""},
		{"Postfix refuses as a receiver", "Nov  2 10:00:00 mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[198.51.100.7]: 450 4.7.25 Client host rejected: cannot find your hostname, [198.51.100.7]; from=<a@example.com> to=<b@example.net>", "", "rcpt-to", "ptr", bounce.Temporary, ByCode, "todoku check 198.51.100.7"},
		{"sendmail deferred", "Nov  2 10:00:02 mx sm-mta[9]: x: to=<c@example.net>, relay=mx.example.net. [192.0.2.7], dsn=4.0.0, stat=Deferred: Connection timed out with mx.example.net.", "mx.example.net", "connect", "network", bounce.Temporary, ByWords, "todoku check example.net"},
		{"Exchange Online lacks the address", "550 5.4.1 Recipient address rejected: Access denied. [X.prod.protection.outlook.com]", "", "", "userunknown", bounce.Permanent, ByWords, ""},
		{"a session with a refusal at its end", "220 mx.example.com ESMTP\nEHLO x\n250 mx.example.com\nRCPT TO:<a@example.com>\n550 5.1.1 no such user\n", "", "rcpt-to", "userunknown", bounce.Permanent, ByCode, ""},
		{"a session with docomo", "S: 250 ok\nC: RCPT TO:<a@docomo.ne.jp>\nS: 250 ok\nC: DATA\nS: 354 go\nC: .\nS: 550 Unknown user a@docomo.ne.jp\n", "", "data", "filtered", bounce.Permanent, ByRule, "todoku check DOMAIN"},
		{"what Postfix says, pasted", "host mfsmax.docomo.ne.jp[192.0.2.5] said: 550 Unknown user a@docomo.ne.jp (in reply to end of DATA command)", "mfsmax.docomo.ne.jp", "data", "filtered", bounce.Permanent, ByRule, "todoku check DOMAIN"},
		{"a basic code alone", "550", "", "", "refused", bounce.Permanent, ByCode, "todoku check DOMAIN"},
		{"a rate, though the code is that of a disabled mailbox", "450-4.2.1 The user you are trying to contact is receiving mail at a rate that prevents more. - gsmtp", "", "", "rate", bounce.Temporary, ByWords, ""},
		{"unavailable for good is no passing problem", "550 5.7.999 Service unavailable.", "", "", "refused", bounce.Permanent, ByClass, "todoku check DOMAIN"},
		{"an address without reputation at Microsoft", "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP.", "", "", "reputation", bounce.Permanent, ByWords, "todoku check IP"},
		{"a group that takes its own people's mail", "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check failed", "", "", "list", bounce.Permanent, ByWords, ""},
		{"a policy that refuses is no broken connection", "550 5.7.1 message refused by policy", "", "", "policy", bounce.Permanent, ByWords, "todoku check DOMAIN"},
		{"Mimecast is not MIME", "451 Resources are temporarily unavailable - https://community.mimecast.com/docs/DOC-1369", "", "", "transient", bounce.Temporary, ByWords, ""},
		{"the list refused the receiver", "554 5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org; Error: open resolver; https://www.spamhaus.org/returnc/pub/192.0.2.53", "", "", "resolver", bounce.Permanent, ByWords, "todoku check 192.0.2.1"},
		{"a list that is no more", "554 5.7.1 Client host [192.0.2.1] blocked using dnsbl.sorbs.net; Currently sending spam", "", "", "dead-list", bounce.Permanent, ByWords, "todoku check 192.0.2.1"},
		{"the sender was called back in vain", "550-Verification failed for <news@example.com>\n550-No Such User Here\n550 Sender verify failed", "", "", "sender", bounce.Permanent, ByWords, "todoku check DOMAIN"},
		{"a quota of messages is no full mailbox", "454 Throttling failure: Daily message quota exceeded.", "", "", "rate", bounce.Temporary, ByWords, ""},
		{"an identity that SES does not know", "554 Message rejected: Email address is not verified. The following identities failed the check in region US-EAST-1: a@example.com", "", "", "unverified-sender", bounce.Permanent, ByWords, "todoku check DOMAIN"},
		{"encryption is asked for, not a password", "530 5.7.0 Must issue a STARTTLS command first", "", "", "tls", bounce.Permanent, ByWords, "todoku verify message.eml"},
		{"mail from an address is no envelope sender", "550 5.7.1 Mail from 192.0.2.1 rejected: BL000001 Blocked for spam.", "", "", "spam", bounce.Permanent, ByWords, "todoku verify message.eml"},
		{"TLS, whatever the registry has the code for", "550 5.7.29 This mail was refused because the connection was not encrypted via TLS", "", "", "tls", bounce.Permanent, ByWords, "todoku verify message.eml"},
		{"SES stopped the account", "554 Transaction failed: Sending suspended for this account.", "", "", "suspended", bounce.Permanent, ByWords, ""},
		{"nobody answered Postfix", "connect to mx.example.net[192.0.2.9]:25: Connection timed out", "mx.example.net", "", "network", bounce.Unknown, ByWords, "todoku check RECIPIENT-DOMAIN"},
		{"Postfix finds no domain", "<a@example.net>: Host or domain name not found. Name service error for name=example.net\n    type=MX: Host not found", "", "", "domainunknown", bounce.Unknown, ByWords, "todoku check example.net"},
		{"Postfix is to use TLS", "TLS is required, but was not offered by host mx.example.net[192.0.2.9]", "mx.example.net", "", "tls", bounce.Unknown, ByWords, "todoku verify message.eml"},
		{"Exim finds no host", "all relevant MX records point to non-existent hosts", "", "", "domainunknown", bounce.Permanent, ByWords, "todoku check RECIPIENT-DOMAIN"},
		{"Exim gives up", "retry timeout exceeded", "", "", "network", bounce.Permanent, ByWords, "todoku check RECIPIENT-DOMAIN"},
		{"a reason of qmail", "Sorry, no mailbox here by that name. (#5.1.1)", "", "", "userunknown", bounce.Permanent, ByCode, ""},
		{"a reason in qmail's log", "CNAME_lookup_failed_temporarily._(#4.4.3)", "", "", "network", bounce.Temporary, ByCode, "todoku check RECIPIENT-DOMAIN"},
		{"a host without its address", "host mx1.mail.yahoo.co.jp said: 550 5.7.1 [TSS11] Rejected by policy", "mx1.mail.yahoo.co.jp", "", "policy", bounce.Permanent, ByWords, "todoku check DOMAIN"},
		{"what swaks prints", "<** 550 relay not permitted", "", "", "relay", bounce.Permanent, ByWords, "todoku check RECIPIENT-DOMAIN"},
		{"an unknown code of the registry is told by its class", "450 4.9.9 Odd", "", "", "transient", bounce.Temporary, ByClass, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := first(t, tt.in)
			if f.Host != tt.host || f.Phase != tt.phase || f.Category != tt.category || f.Class != tt.class || f.Basis != tt.basis || f.Command != tt.command {
				t.Errorf("host %q, phase %q, category %q, class %d, basis %s, command %q", f.Host, f.Phase, f.Category, f.Class, f.Basis, f.Command)
			}
		})
	}
}

// A command is made to be pasted into a shell: hostile text does not get into it.
func TestCommandsAreSafeToPaste(t *testing.T) {
	for _, in := range []string{
		"550 5.7.26 Mail from $(reboot).example.com is not accepted due to domain's DMARC policy x - gsmtp",
		"Final-Recipient: rfc822; a@`reboot`.example.com\nAction: failed\nStatus: 5.1.2\n",
		"From: a@x\nReceived: from $(reboot) ([192.0.2.1]) by mx; Mon, 2 Nov 2026 10:00:00 +0000\nReturn-Path: <a;reboot@example.com>\n",
	} {
		r, err := Explain([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(r.Command, "$`;|&<>()'\"") {
			t.Errorf("%q: %q", in, r.Command)
		}
	}
}

// A status of class 4 in a notification of failure: it was tried, and given up.
func TestGivenUp(t *testing.T) {
	f := first(t, "Final-Recipient: rfc822; a@example.com\nAction: failed\nStatus: 4.4.1\n")
	if s := f.summary("en"); !strings.Contains(s, "gave up") {
		t.Errorf("%s", s)
	}
	f = first(t, "Final-Recipient: rfc822; a@example.com\nAction: delayed\nStatus: 4.4.1\nWill-Retry-Until: Sat, 7 Nov 2026 10:00:00 +0000\n")
	if s := f.summary("en"); !strings.Contains(s, "by itself") || f.RetryUntil == "" {
		t.Errorf("%s", s)
	}
}

func TestLongLog(t *testing.T) {
	line := "Nov  2 10:00:00 mx postfix/smtp[1]: A: to=<a@example.com>, relay=mx.example.com[192.0.2.1]:25, dsn=5.1.1, status=bounced (host mx.example.com[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command))\n"
	r, err := Explain([]byte(strings.Repeat("nothing\n"+line, 300)))
	if err != nil || len(r.Failures) != 300 || r.Truncated {
		t.Fatalf("%d deliveries, %v", len(r.Failures), err)
	}
	r, _ = Explain([]byte(strings.Repeat("status=sent (250 ok)\n", maxLogDeliveries+1)))
	if len(r.Failures) != maxLogDeliveries || !r.Truncated {
		t.Errorf("%d deliveries, truncated %v", len(r.Failures), r.Truncated)
	}
}

func TestDSNKeepsWhatTheServerSaidApart(t *testing.T) {
	f := first(t, "Final-Recipient: rfc822; a@example.com\nAction: failed\nStatus: 5.2.2\nRemote-MTA: dns; mx.example.com. (192.0.2.1, the server for the domain)\nDiagnostic-Code: smtp; 550 box full\n")
	if f.Reply.String() != "550 box full" || f.Status.String() != "5.2.2" || f.Host != "mx.example.com" || f.Category != "mailboxfull" {
		t.Errorf("%q, status %v, host %q, %s", f.Reply.String(), f.Status, f.Host, f.Category)
	}
}

// Everything that can be said exists in both languages and fills all that it names.
func TestTextsAreComplete(t *testing.T) {
	check := func(name string, x text) {
		t.Helper()
		if x.EN == "" || x.JA == "" {
			t.Errorf("%s: a language is missing", name)
		}
		if !slices.Equal(placeholders(x.EN), placeholders(x.JA)) {
			t.Errorf("%s: the languages name different things", name)
		}
	}
	for k, c := range categories {
		check(k, c.title)
		check(k, c.cause)
		check(k, c.next)
		for _, id := range c.findings {
			if _, ok := catalogue.Lookup(id); !ok {
				t.Errorf("%s: there is no finding %s", k, id)
			}
		}
	}
	for k, m := range enhanced {
		check("enhanced code", m.text)
		if _, ok := categories[m.category]; m.category != "" && !ok {
			t.Errorf("code %v: category %q", k, m.category)
		}
	}
	for _, table := range []map[string]text{resultTexts, authTexts, compauthReasons, listTexts, summaries} {
		for k, x := range table {
			check(k, x)
		}
	}
	for k, x := range basics {
		check(strconv.Itoa(k), x)
	}
	for _, x := range subjects {
		check("subject", x)
	}
	for _, w := range words() {
		if _, ok := categories[w.category]; !ok {
			t.Errorf("words of category %q", w.category)
		}
	}
	for _, ids := range ruleFindings {
		for _, id := range ids {
			if _, ok := catalogue.Lookup(id); !ok {
				t.Errorf("there is no finding %s", id)
			}
		}
	}
}

func placeholders(s string) []string {
	names := leftover.FindAllString(s, -1)
	slices.Sort(names)
	return slices.Compact(names)
}

// Every rule of a provider has a category with texts.
func TestEveryRuleHasACategory(t *testing.T) {
	for _, r := range provider.ReplyRules() {
		for _, phase := range []string{"", provider.PhaseRcptTo, provider.PhaseData} {
			if _, ok := categories[r.At(phase).Category]; !ok {
				t.Errorf("%s: category %q", r.ID, r.At(phase).Category)
			}
		}
	}
}

// The registry is whole: RFC 3463 sections 3.2 to 3.8 and what IANA added since.
func TestRegistryIsWhole(t *testing.T) {
	last := map[int]int{0: 0, 1: 10, 2: 4, 3: 6, 4: 7, 5: 6, 6: 10, 7: 30}
	n := 0
	for subject, max := range last {
		for detail := range max + 1 {
			if _, ok := enhanced[[2]int{subject, detail}]; !ok {
				t.Errorf("X.%d.%d is missing", subject, detail)
			}
			n++
		}
	}
	if n != len(enhanced) {
		t.Errorf("%d codes, want %d", len(enhanced), n)
	}
}

func FuzzExplain(f *testing.F) {
	for _, s := range []string{
		"550-5.7.26 a 550 5.7.26 b - gsmtp", "Authentication-Results: x; spf=pass", "spf=fail; compauth=fail reason=001",
		"From: mailer-daemon@x\nSubject: Undelivered\n\n<a@b.c>: host x[192.0.2.1] said: 550 no (in reply to end of DATA command)",
		"status=bounced (host x said: 550", "to=<a@b>, dsn=5.1.1, stat=User unknown", "Received-SPF: fail (", "** a@b.c: x",
		"ARC-Authentication-Results: i=1; a; dmarc=fail (p=REJECT dis=NONE) header.from=a.b", "Received: from a by b; Mon, 2 Nov 2026 10:00:00 +0000\nList-Unsubscribe: <https://a>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := Explain(raw)
		if err != nil {
			if r != nil {
				t.Error("a result beside an error")
			}
			return
		}
		for _, lang := range []string{"en", "ja"} {
			if r.Summary(lang) == "" {
				t.Errorf("%q: no summary", raw)
			}
		}
		if len(r.Failures) > maxLogDeliveries || strings.ContainsAny(r.Command, "\n$`;") {
			t.Errorf("%q: %d failures, command %q", raw, len(r.Failures), r.Command)
		}
		again, _ := Explain(raw)
		if !reflect.DeepEqual(r, again) {
			t.Errorf("%q: explained twice, differently", raw)
		}
	})
}
