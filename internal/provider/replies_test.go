package provider

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/todoku/todoku/bounce"
)

// replySample is a reply made up for one rule. Hosts are those that the provider's
// MX names lie under; without one the reply must show by itself whose it is.
type replySample struct{ id, host, reply string }

const (
	gmailMX   = "gmail-smtp-in.l.google.com"
	yahooMX   = "mta7.am0.yahoodns.net"
	outlookMX = "example-com.mail.protection.outlook.com"
	appleMX   = "mx01.mail.icloud.com"
	docomoMX  = "mfsmax.docomo.ne.jp"
	auMX      = "lsean.ezweb.ne.jp"
	orangeMX  = "smtp-in.orange.fr"
)

var replySamples = []replySample{
	{"gmail-001", "", "421-4.7.0 [192.0.2.1] This address does not have a PTR record, or the corresponding forward DNS entry\r\n421 4.7.0 is another one. x1si2 - gsmtp"},
	{"gmail-002", "", "451 4.7.23 The sender does not have a PTR record set up. x1si2 - gsmtp"},
	{"gmail-003", "", "550-5.7.25 The sending IP address doesn't\r\n550-5.7.25 have a PTR record\r\n550 5.7.25 at all. x1si2 - gsmtp"},
	{"gmail-004", "", "550-5.7.1 [2001:db8::1] This message does not meet IPv6 sending guidelines regarding PTR\r\n550 5.7.1 and authentication. x1si2 - gsmtp"},
	{"gmail-005", "", "421-4.7.26 This mail is unauthenticated and\r\n421 4.7.26 waits. DKIM=none SPF=none. x1si2 - gsmtp"},
	{"gmail-006", "", "550-5.7.26 Blocked, as the sender is\r\n550-5.7.26 unauthenticated: it needs either SPF or DKIM.\r\n550 5.7.26 x1si2 - gsmtp"},
	{"gmail-007", "", "550-5.7.26 The domain example.com has a hard\r\n550-5.7.26 fail policy (-all) and 192.0.2.1 is not in it\r\n550 5.7.26 x1si2 - gsmtp"},
	{"gmail-008", "", "550-5.7.26 Mail from example.com is not accepted due to\r\n550 5.7.26 domain's DMARC policy. x1si2 - gsmtp"},
	{"gmail-009", "", "451 4.7.26 The domain has a DMARC policy, but temporary DNS failures hid it. x1si2 - gsmtp"},
	{"gmail-010", "", "421 4.7.27 Limited because SPF authentication didn't pass. x1si2 - gsmtp"},
	{"gmail-011", "", "550 5.7.27 Blocked because it didn't pass SPF authentication. x1si2 - gsmtp"},
	{"gmail-012", "", "421 4.7.30 Limited because DKIM authentication didn't pass. x1si2 - gsmtp"},
	{"gmail-013", "", "550 5.7.30 Blocked because it didn't pass DKIM authentication. x1si2 - gsmtp"},
	{"gmail-014", "", "421 4.7.31 The domain doesn't have a DMARC record. x1si2 - gsmtp"},
	{"gmail-015", "", "550 5.7.40 The domain doesn't have a DMARC record or the DMARC record lacks a policy. x1si2 - gsmtp"},
	{"gmail-016", "smtp.gmail.com", "504 5.7.40 Unrecognized authentication type"},
	{"gmail-017", "smtp.gmail.com", "535-5.7.80 Username and Password not accepted.\r\n535 5.7.80 x1si2 - gsmtp"},
	{"gmail-018", "smtp.gmail.com", "534-5.7.90 Application-specific password required.\r\n534 5.7.90 x1si2 - gsmtp"},
	{"gmail-019", "", "421 5.7.32 Blocked: the From header isn't aligned with anything. x1si2 - gsmtp"},
	{"gmail-020", "", "421 4.7.32 The From header isn't aligned with either the authenticated SPF or DKIM domain. x1si2 - gsmtp"},
	{"gmail-021", "", "451 4.7.24 The SPF record of the sending domain has one or more suspicious entries. x1si2 - gsmtp"},
	{"gmail-022", "", "550 5.7.24 The SPF record holds suspicious entries. x1si2 - gsmtp"},
	{"gmail-023", "", "421 4.7.29 Limited: this is not using a TLS connection. x1si2 - gsmtp"},
	{"gmail-024", "", "550 5.7.29 Blocked: it wasn't sent over a TLS connection. x1si2 - gsmtp"},
	{"gmail-025", "", "421 4.7.0 TLS required for RCPT domain x1si2 - gsmtp"},
	{"gmail-026", "", "421-4.7.28 We see an unusual rate of email originating from your\r\n421 4.7.28 IP address 192.0.2.1. x1si2 - gsmtp"},
	{"gmail-027", "", "421 4.7.28 Too much unsolicited mail from your IP Netblock. x1si2 - gsmtp"},
	{"gmail-028", "", "421 4.7.28 Too much unsolicited mail from your DKIM domain [example.com]. x1si2 - gsmtp"},
	{"gmail-029", "", "421 4.7.28 Too much unsolicited mail from your SPF domain [example.com]. x1si2 - gsmtp"},
	{"gmail-030", "", "421 4.7.28 Too much unsolicited mail with one of your URL domains. x1si2 - gsmtp"},
	{"gmail-031", "", "421 4.7.28 Too many messages with the same Message-ID. x1si2 - gsmtp"},
	{"gmail-032", "", "421 4.7.28 Slow down, please. x1si2 - gsmtp"},
	{"gmail-033", "", "550 5.7.28 Blocked because of the rate. x1si2 - gsmtp"},
	{"gmail-034", "", "421-4.7.0 Limited because of the very low reputation of the\r\n421 4.7.0 sending IP. x1si2 - gsmtp"},
	{"gmail-035", "", "421 4.7.0 Limited because of the very low reputation of the sending domain. x1si2 - gsmtp"},
	{"gmail-036", "", "421 4.7.0 Suspicious because of the nature of the content or the links within. x1si2 - gsmtp"},
	{"gmail-037", "", "550 5.7.1 Blocked for the very low reputation of the sending IP. x1si2 - gsmtp"},
	{"gmail-038", "", "550 5.7.1 Blocked for the very low reputation of the sending domain. x1si2 - gsmtp"},
	{"gmail-039", "", "550 5.7.1 [192.0.2.1] This is likely unsolicited email. x1si2 - gsmtp"},
	{"gmail-040", "", "550 5.7.1 Blocked: the From: header is missing. x1si2 - gsmtp"},
	{"gmail-041", "", "550 5.7.1 Blocked: there are multiple addresses in the From header. x1si2 - gsmtp"},
	{"gmail-042", "", "550 5.7.1 Blocked: it is missing a valid Message-ID header. x1si2 - gsmtp"},
	{"gmail-043", "", "550 5.7.1 Blocked: There are multiple Subject headers. x1si2 - gsmtp"},
	{"gmail-044", "", "550 5.7.1 Blocked: a malformed Date header. x1si2 - gsmtp"},
	{"gmail-045", "", "550 5.7.1 The From header holds a non-compliant domain name. x1si2 - gsmtp"},
	{"gmail-046", "", "550 5.7.1 Encoded-word syntax is not permitted in this header. x1si2 - gsmtp"},
	{"gmail-047", "", "550 5.7.1 There is a unicode character in a disallowed header. x1si2 - gsmtp"},
	{"gmail-048", "", "550-5.7.1 [192.0.2.1] This IP is not authorized to send email\r\n550 5.7.1 directly to our servers. x1si2 - gsmtp"},
	{"gmail-049", "", "554 5.6.0 This mail is malformed. x1si2 - gsmtp"},
	{"gmail-050", "", "552 5.3.4 The message exceeds our header size limits. x1si2 - gsmtp"},
	{"gmail-051", "", "552 5.3.4 Your message exceeded our message size limits. x1si2 - gsmtp"},
	{"gmail-052", "", "552 5.7.0 Blocked because its content presents a potential security issue. x1si2 - gsmtp"},
	{"gmail-053", "smtp-relay.gmail.com", "550 5.7.0 Email relay denied for [192.0.2.1]. x1si2 - gsmtp"},
	{"gmail-054", "", "550 5.1.1 The account that you tried to reach does not exist. x1si2 - gsmtp"},
	{"gmail-055", "", "550 5.2.1 The email account that you tried to reach is inactive. x1si2 - gsmtp"},
	{"gmail-056", "", "552 5.2.2 The recipient's inbox is out of storage space. x1si2 - gsmtp"},
	{"gmail-057", "", "450 4.2.1 This user is receiving email too quickly. x1si2 - gsmtp"},
	{"gmail-058", "", "550 5.2.1 This user is receiving email at a rate that we cannot keep up with. x1si2 - gsmtp"},
	{"gmail-059", "", "554 5.4.6 Message exceeded 50 hops, a loop. x1si2 - gsmtp"},
	{"gmail-060", "", "452 4.5.3 Your message has too many recipients. x1si2 - gsmtp"},
	{"gmail-061", "", "421 4.3.0 Temporary System Problem. x1si2 - gsmtp"},

	{"yahoo-001", "", "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints"},
	{"yahoo-002", "", "553 5.7.2 [TSS09] All messages from 192.0.2.1 will be permanently deferred"},
	{"yahoo-003", "", "553 5.7.1 [BL21] Connections are not accepted from addresses that Spamhaus lists"},
	{"yahoo-004", yahooMX, "554 5.7.9 Message not accepted for policy reasons"},
	{"yahoo-005", yahooMX, "550 5.7.9 The mail is blocked because the sender is unauthenticated"},
	{"yahoo-006", yahooMX, "451 Message temporarily deferred due to unresolvable RFC.5321 from domain"},
	{"yahoo-007", yahooMX, "554 Message not allowed - unresolvable RFC.5322 from domain"},
	{"yahoo-008", yahooMX, "554 5.7.9 Not accepted: headers are not RFC compliant"},
	{"yahoo-009", yahooMX, "421 Max message per connection reached"},
	{"yahoo-010", yahooMX, "554 delivery error: dd This user doesn't have an account"},
	{"yahoo-011", yahooMX, "554 30 Sorry, that mailbox is disabled"},
	{"yahoo-012", yahooMX, "554 The address has exotic or forbidden characters"},

	{"microsoft-001", "", "550 5.7.515 Access denied, sending domain [EXAMPLE.COM] does not meet the required authentication level."},
	{"microsoft-002", "", "421 RP-001 (COL004) Some servers of yours exceeded the rate."},
	{"microsoft-003", "", "421 RP-002 (COL004) The rate of this connection was exceeded."},
	{"microsoft-004", "", "421 RP-003 (COL004) The number of connections was exceeded."},
	{"microsoft-005", "", "550 SC-001 (COL004) Refused for content."},
	{"microsoft-006", "", "550 SC-002 (COL004) Refused for namespace mining."},
	{"microsoft-007", "", "550 SC-003 (COL004) Refused as an open relay."},
	{"microsoft-008", "", "550 SC-004 (COL004) Refused for complaints."},
	{"microsoft-009", "", "550 DY-001 (COL004) Refused as a dynamic address."},
	{"microsoft-010", "", "550 DY-002 (COL004) Refused as a compromised host."},
	{"microsoft-011", "", "550 OU-001 (COL004) Refused as listed."},
	{"microsoft-012", "", "550 OU-002 (COL004) Refused as spam-like."},
	{"microsoft-013", "", "550 5.7.509 Access denied, sending domain [EXAMPLE.COM] does not pass DMARC verification."},
	{"microsoft-014", outlookMX, "550 5.7.23 The message was rejected because of Sender Policy Framework violation"},
	{"microsoft-015", "", "550 5.7.25 Service unavailable, sending IPv6 address [2001:db8::1] must have a reverse DNS record"},
	{"microsoft-016", outlookMX, "451 4.7.26 Over IPv6 a message must pass either SPF or DKIM validation"},
	{"microsoft-017", "", "550 5.7.606 Access denied, banned sending IP [192.0.2.1]"},
	{"microsoft-018", "", "550 5.7.511 Access denied, banned sender[192.0.2.1]."},
	{"microsoft-019", "", "550 5.7.512 Access denied, message must be RFC 5322 section 3.6.2 compliant"},
	{"microsoft-020", "", "550 5.7.510 Access denied, example.com does not accept email over IPv6"},
	{"microsoft-021", "", "550 5.7.506 Access denied, bad HELO"},
	{"microsoft-022", "", "550 5.7.1 Messages from [192.0.2.1] weren't sent: part of their network is on our block list (S3150)."},
	{"microsoft-023", "", "451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation."},
	{"microsoft-024", "", "451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (S77719) [X.prod.protection.outlook.com]"},
	{"microsoft-025", outlookMX, "452 4.5.3 Too many recipients"},
	{"microsoft-026", outlookMX, "550 5.6.11 Invalid characters: BareLinefeedsAreIllegal"},
	{"microsoft-027", outlookMX, "550 5.4.317 Message expired, STARTTLS is required to send mail"},
	{"microsoft-028", outlookMX, "550 5.7.323 tlsa-invalid: the domain failed DANE validation"},
	{"microsoft-029", outlookMX, "550 5.1.10 Recipient not found by address lookup"},
	{"microsoft-030", "hotmail-com.olc.protection.outlook.com", "550 5.5.0 Requested action not taken: mailbox unavailable"},

	{"apple-001", "", "550 5.7.1 [CS01] Message rejected due to local policy."},
	{"apple-002", "", "554 5.7.1 [HME1] This message was blocked for failing both SPF and DKIM."},
	{"apple-003", appleMX, "554 5.7.1 Your message was rejected due to example.com's DMARC policy."},
	{"apple-004", appleMX, "421 4.7.1 Deferred for excessive volume"},
	{"apple-005", appleMX, "550 5.7.1 Blocked, see Spamhaus DBL"},
	{"apple-006", appleMX, "550 5.7.0 Blocked - see https://support.proofpoint.com/dnsbl-lookup.cgi?ip=192.0.2.1"},
	{"apple-007", appleMX, "550 5.1.6 recipient no longer on server: a@icloud.com"},
	{"apple-008", appleMX, "550 5.1.1 unknown or illegal alias: a@icloud.com"},
	{"apple-009", appleMX, "552 5.2.2 user is over quota"},
	{"apple-010", appleMX, "450 4.1.8 <a@example.com>: Sender address rejected: Domain not found"},

	{"docomo-001", docomoMX, "550 Unknown user a@docomo.ne.jp"},
	{"docomo-002", docomoMX, "552 too much mail data"},
	{"docomo-003", docomoMX, "552 too many recipients"},
	{"au_kddi-001", auMX, "550 : User unknown"},
	{"au_kddi-002", auMX, "550 <a@ezweb.ne.jp>: User unknown"},

	{"orange-001", orangeMX, "550 5.7.1 Service refused, please look at OFR_101"},
	{"orange-002", orangeMX, "421 Too many connections, slow down. OFR_104"},
	{"orange-003", orangeMX, "550 SPF refuses this server. OFR_401"},
	{"orange-004", orangeMX, "571 5.7.1 Message refused, DMARC verification Failed. OFR_517"},
	{"orange-005", orangeMX, "501 Bad sender. OFR_415"},
	{"orange-006", orangeMX, "550 5.1.1 Bad recipient. OFR_416"},
	{"orange-007", orangeMX, "552 Over quota. OFR_417"},
	{"orange-008", orangeMX, "550 5.2.0 Refused as spam. OFR_506"},

	{"generic-001", "", "450 4.9.9 The moon is in the wrong place"},
	{"generic-002", "", "550 5.9.9 The moon is in the wrong place"},
}

func match(t *testing.T, host, phase, text string) ReplyMatch {
	t.Helper()
	r, ok := bounce.ParseReply(text)
	if !ok {
		t.Fatalf("%q is no reply", text)
	}
	return MatchReply(ReplyQuery{Reply: r, Host: host, Phase: phase})
}

func ruleID(m ReplyMatch) string {
	if m.Rule == nil {
		return ""
	}
	return m.Rule.ID
}

// Every rule has a sample, and no other rule takes it.
func TestEveryReplyRuleHasASample(t *testing.T) {
	sampled := make(map[string]bool)
	for _, s := range replySamples {
		sampled[s.id] = true
		m := match(t, s.host, "", s.reply)
		if got := ruleID(m); got != s.id {
			t.Errorf("%s: %q is taken for %q", s.id, s.reply, got)
			continue
		}
		generic := m.Rule.Provider == ""
		if m.Known == generic || !generic && m.Provider != m.Rule.Provider {
			t.Errorf("%s: known %v, provider %q", s.id, m.Known, m.Provider)
		}
	}
	for _, r := range ReplyRules() {
		if !sampled[r.ID] {
			t.Errorf("%s has no sample", r.ID)
		}
	}
	if n := len(ReplyRules()); n != 128 {
		t.Errorf("%d rules, want 128", n)
	}
}

// A rule does not take its own sample with another basic code, nor the words of its
// sample from another provider, nor other words of the same provider.
func TestNearMissesOfReplyRules(t *testing.T) {
	for _, s := range replySamples {
		r, _ := bounce.ParseReply(s.reply)
		near := []ReplyQuery{}
		other := r
		other.Code = 599
		if strings.HasPrefix(s.id, "generic") {
			other.Code = 250
		}
		near = append(near, ReplyQuery{Reply: other, Host: s.host})
		if !strings.HasPrefix(s.id, "generic") {
			foreign, words := r, r
			foreign.Tail = ""
			host := "mx3.biglobe.example"
			if rule := ruleOf(t, s.id); !rule.Weak && !rule.byCodeAlone(foreign) {
				host = map[bool]string{true: gmailMX, false: appleMX}[strings.HasPrefix(s.id, "apple")]
			}
			words.Text, words.Enhanced = "The moon is in the wrong place", bounce.Status{}
			near = append(near, ReplyQuery{Reply: words, Host: s.host})
			// Words that name the provider hold behind a relay too.
			if namedReceiver(ReplyQuery{Reply: foreign, Host: "mx3.biglobe.example"}) == "" {
				near = append(near, ReplyQuery{Reply: foreign, Host: host})
			}
		}
		for _, q := range near {
			if got := ruleID(MatchReply(q)); got == s.id {
				t.Errorf("%s also takes %q from %q", s.id, q.Reply.String(), q.Host)
			}
		}
	}
}

func ruleOf(t *testing.T, id string) ReplyRule {
	t.Helper()
	rules := ReplyRules()
	i := slices.IndexFunc(rules, func(r ReplyRule) bool { return r.ID == id })
	if i < 0 {
		t.Fatalf("there is no rule %s", id)
	}
	return rules[i]
}

func TestTrapsOfReplies(t *testing.T) {
	tests := []struct {
		name, host, phase, reply string
		rule                     string
		category                 string
		certainty                Certainty
	}{
		{"504 5.7.40 is about logging in, not DMARC", "", "", "504 5.7.40 Unrecognized authentication type x - gsmtp", "gmail-016", "auth-client", Named},
		{"550 5.7.40 is about DMARC", "", "", "550 5.7.40 no DMARC record x - gsmtp", "gmail-015", "dmarc", Named},
		{"5.2.1 of a rate", "", "", "550 5.2.1 The user is receiving email at a rate x - gsmtp", "gmail-058", "rate", Named},
		{"5.2.1 of a dead account", "", "", "550 5.2.1 The email account that you tried to reach is inactive x - gsmtp", "gmail-055", "userunknown", Named},
		{"docomo at RCPT TO", docomoMX, PhaseRcptTo, "550 Unknown user a@docomo.ne.jp", "docomo-001", "userunknown", Named},
		{"docomo at DATA is a filter", docomoMX, PhaseData, "550 Unknown user a@docomo.ne.jp", "docomo-001", "filtered", Named},
		{"au: a filter", auMX, PhaseData, "550 : User unknown", "au_kddi-001", "filtered", Named},
		{"au: no such user", auMX, PhaseRcptTo, "550 <a@ezweb.ne.jp>: User unknown", "au_kddi-002", "userunknown", Named},
		{"a stranger's null MX code is not Gmail's SPF", "mx.example.com", "", "550 5.7.27 Sender address has null MX", "generic-002", "policy", ""},
		{"a stranger's missing user is not Gmail's", "mx.example.com", "", "550 5.1.1 The user does not exist", "generic-002", "policy", ""},
		{"nobody is named: null MX in words", "", "", "550 5.7.27 Sender address has null MX", "generic-002", "policy", ""},
		{"nobody is named: REQUIRETLS in words", "", "", "550 5.7.30 REQUIRETLS support required", "generic-002", "policy", ""},
		{"docomo takes mail for its own domain alone", "", "", "550 Unknown user a@example.co.jp", "generic-002", "policy", ""},
		{"docomo by the address", "", "", "550 Unknown user a@docomo.ne.jp", "docomo-001", "user-or-filter", Named},
		{"Gmail names itself", "", "", "550 5.7.28 Gmail has seen too much unwanted mail", "gmail-033", "rate", Named},
		{"an address at gmail.com is not Gmail's word", "mx.example.com", "", "550 5.7.28 a@gmail.com was refused", "generic-002", "policy", ""},
		{"nobody is named: words of many", "", "", "550 5.1.1 The user does not exist", "gmail-054", "userunknown", Guess},
		{"nobody is named: words of one", "", "", "550 5.7.26 Blocked as the sender is unauthenticated", "gmail-006", "auth", Wording},
		{"a code without words", "", "", "421 4.7.30", "gmail-012", "dkim", Guess},
		{"behind a relay Google's tail still tells", "relay.example.com", "", "550 5.7.28 rate x - gsmtp", "gmail-033", "rate", Named},
		{"4.7.23 with 421", "", "", "421 4.7.23 no PTR x - gsmtp", "gmail-002", "ptr", Named},
		{"an unknown code of Gmail is unknown", gmailMX, "", "550 5.7.99 Something new", "generic-002", "policy", Named},
		{"yahoo.co.jp is not Yahoo", "mx1.mail.yahoo.co.jp", "", "554 5.7.9 not accepted for policy reasons", "generic-002", "policy", Named},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := match(t, tt.host, tt.phase, tt.reply)
			if ruleID(m) != tt.rule || m.Rule.Category != tt.category || m.Certainty != tt.certainty {
				t.Errorf("%s %s %q (provider %q), want %s %s %q", ruleID(m), m.Rule.Category, m.Certainty, m.Provider, tt.rule, tt.category, tt.certainty)
			}
		})
	}
}

func TestCandidatesOfABareCode(t *testing.T) {
	m := match(t, "", "", "550 5.7.26")
	var ids []string
	for _, c := range m.Candidates {
		ids = append(ids, c.ID)
	}
	if m.Known || strings.Join(ids, " ") != "gmail-006 gmail-007 gmail-008" {
		t.Errorf("known %v, candidates %v", m.Known, ids)
	}
	if m := match(t, "", "", "550 5.7.1"); len(m.Candidates) > 0 {
		t.Errorf("5.7.1 is too common for candidates: %d", len(m.Candidates))
	}
	if m := MatchReply(ReplyQuery{Reply: bounce.Reply{Enhanced: bounce.Status{Class: 5, Subject: 7, Detail: 515}}}); len(m.Candidates) != 1 || m.Rule != nil {
		t.Errorf("an enhanced code alone: %+v", m)
	}
}

func TestRecipientNamesTheProvider(t *testing.T) {
	r, _ := bounce.ParseReply("550 Unknown user")
	if m := MatchReply(ReplyQuery{Reply: r, Recipient: "a@docomo.ne.jp"}); m.Certainty != Named || m.Provider != "docomo" {
		t.Errorf("%+v", m)
	}
}

// Every rule has both languages, a source and codes that can occur.
func TestReplyRulesAreComplete(t *testing.T) {
	ids := make(map[string]bool)
	for _, r := range ReplyRules() {
		if ids[r.ID] {
			t.Errorf("%s occurs twice", r.ID)
		}
		ids[r.ID] = true
		for _, phase := range []string{"", PhaseRcptTo, PhaseData} {
			at := r.At(phase)
			for _, s := range []string{at.Meaning.EN, at.Meaning.JA, at.Remedy.EN, at.Remedy.JA, at.Category, r.Source, r.AsOf} {
				if s == "" {
					t.Errorf("%s: a text, source or date is missing", r.ID)
				}
			}
		}
		for _, id := range r.Requirements {
			if !slices.ContainsFunc(Requirements(), func(q Requirement) bool { return q.ID == id && q.Provider == r.Provider }) {
				t.Errorf("%s: %s has no requirement %s", r.ID, r.Provider, id)
			}
		}
		for _, c := range r.Codes {
			if n, err := strconv.Atoi(strings.Replace(c, "xx", "00", 1)); err != nil || n < 400 || n > 599 {
				t.Errorf("%s: code %q", r.ID, c)
			}
		}
		if r.Provider != "" && ReceiverName(r.Provider).EN == r.Provider {
			t.Errorf("%s: provider %q has no name", r.ID, r.Provider)
		}
	}
}

func FuzzMatchReply(f *testing.F) {
	for _, s := range replySamples {
		f.Add(s.reply, s.host)
	}
	f.Fuzz(func(t *testing.T, text, host string) {
		r, ok := bounce.ParseReply(text)
		if !ok {
			return
		}
		m := MatchReply(ReplyQuery{Reply: r, Host: host})
		if m.Rule == nil && (r.Code >= 400 && r.Code < 600) {
			t.Errorf("%q: no rule, not even a generic one", text)
		}
		if m.Known && m.Rule.Provider != m.Provider {
			t.Errorf("%q: rule %s of provider %q", text, m.Rule.ID, m.Provider)
		}
	})
}
