package filter

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	foreign "github.com/emersion/go-milter"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/milter"
	"github.com/todoku/todoku/message"
)

func signingSettings() *Settings {
	s := settings()
	s.Signers = ourKeys()
	return s
}

func TestSigns(t *testing.T) {
	srv := start(t, signingSettings())
	for name, m := range map[string]mail{
		"trusted network":        {ip: "192.0.2.5", from: "a@ours.example", raw: letter("Me <me@ours.example>")},
		"authenticated user":     {ip: "203.0.113.77", user: "alice", from: "a@ours.example", raw: letter("me@OURS.example")},
		"no leading space":       {ip: "192.0.2.5", from: "a@ours.example", raw: letter("me@ours.example"), protocol: 0x7f},
		"body octet by octet":    {ip: "192.0.2.5", from: "a@ours.example", raw: letter("me@ours.example") + "line \r\n\r\n\r\n", chunk: 1},
		"forged results removed": {ip: "192.0.2.5", from: "a@ours.example", raw: "Authentication-Results: mx.ours.example; dmarc=pass\r\n" + letter("me@ours.example")},
		"no body":                {ip: "192.0.2.5", from: "", raw: strings.TrimSuffix(letter("me@ours.example"), "Hello.\r\n")},
		"folded":                 {ip: "192.0.2.5", from: "a@ours.example", raw: "From:\r\n Me\r\n\t<me@ours.example>\r\nSubject:\r\n \tx  y \r\n" + tail[len("To: you@there.example\r\nSubject: hello\r\n"):]},
	} {
		r := srv.pass(m)
		if r.code != foreign.ActAccept || len(r.event.Signed) != 2 || len(r.event.Problems) > 0 {
			t.Errorf("%s: %c, %+v", name, r.code, r.event)
			continue
		}
		v := verify(r.raw, "203.0.113.1", "a@elsewhere.example")
		if len(v.DKIM) != 2 || v.DKIM[0].Result != dkim.Pass || v.DKIM[1].Result != dkim.Pass || v.DMARC.Result != "pass" {
			t.Errorf("%s: %+v\n%s", name, v.DKIM, r.raw)
		}
		if strings.Contains(string(r.raw), "Authentication-Results") {
			t.Errorf("%s: a forged field stayed\n%s", name, r.raw)
		}
	}
}

// A field that is removed as it claims to be ours is not signed, whatever fields the operator wants signed.
func TestSignsWhatStays(t *testing.T) {
	for name, choice := range map[string]*FieldChoice{
		"all":   {Sign: []string{"*"}},
		"named": {Sign: []string{"subject", "authentication-results", "x-todoku-*"}, Oversign: []string{"From"}},
	} {
		s := signingSettings()
		s.Fields = choice
		srv := start(t, s)
		for _, extra := range []string{
			"",
			"Authentication-Results: mx.ours.example; dmarc=pass header.from=ours.example\r\n",
			"X-Todoku-Verdict: dmarc-none; x\r\n",
			"Authentication-Results: mx.other.example; dmarc=pass\r\nAuthentication-Results: mx.ours.example; dmarc=pass\r\nAuthentication-Results: mx.third.example; dmarc=pass\r\n",
		} {
			r := srv.pass(mail{ip: "192.0.2.5", from: "a@ours.example", raw: extra + letter("me@ours.example")})
			if strings.Contains(string(r.raw), us) || strings.Contains(string(r.raw), VerdictField) || len(r.event.Signed) != 2 || len(r.event.Problems) > 0 {
				t.Errorf("%s, %q: %+v\n%s", name, extra, r.event, r.raw)
			}
			for _, v := range verify(r.raw, "203.0.113.1", "").DKIM {
				others := strings.Count(strings.ToLower(strings.Join(v.Signature.Headers, ":")), "authentication-results")
				if v.Result != dkim.Pass || others != strings.Count(extra, "Authentication")-strings.Count(extra, "Results: "+us) {
					t.Errorf("%s, %q: %s %s, h=%s", name, extra, v.Result, v.Reason, v.Signature.Headers)
				}
			}
		}
	}
}

func TestSignsBelowADomain(t *testing.T) {
	srv := start(t, signingSettings())
	r := srv.pass(mail{ip: "192.0.2.5", from: "a@ours.example", raw: letter("news@shop.eu.ours.example")})
	if len(r.event.Signed) != 1 || r.event.Signed[0] != "d=ours.example s=r1" {
		t.Errorf("%+v", r.event)
	}
	if v := verify(r.raw, "203.0.113.1", ""); v.DMARC.Result != "pass" {
		t.Errorf("%+v", v.DMARC)
	}
}

// badKeys are keys that must not sign, or cannot be had.
type badKeys struct {
	keys []Key
	err  error
}

func (b badKeys) For(string, string) ([]Key, error) { return b.keys, b.err }

// What does not get a signature, by the three rules for it; the log says why, every time.
func TestUnsigned(t *testing.T) {
	for name, tc := range map[string]struct {
		change  func(*Settings)
		m       mail
		problem string
		codes   string // Accept, Defer, Reject
	}{
		"no key":         {nil, mail{raw: letter("me@freemail.example")}, "dkim.no-key", "a451550"},
		"two From":       {nil, mail{raw: "From: a@ours.example\r\n" + letter("b@ours.example")}, "dkim.no-author", "a451550"},
		"no From":        {nil, mail{raw: tail}, "dkim.no-author", "a451550"},
		"not the user's": {func(s *Settings) { s.Senders = &Senders{ByUser: map[string][]string{"alice": {"alice@ours.example"}}} }, mail{user: "Alice", raw: letter("bob@ours.example")}, "dkim.user-not-allowed", "a451550"},
		"unknown user":   {func(s *Settings) { s.Senders = &Senders{} }, mail{user: "eve", raw: letter("bob@ours.example")}, "dkim.user-not-allowed", "a451550"},
		"no alignment": {func(s *Settings) {
			s.Signers = badKeys{keys: []Key{{"other.example", "r1", rsaKey()}, {"sub.ours.example", "r1", rsaKey()}}}
		},
			mail{raw: letter("me@ours.example")}, "dkim.would-not-align", "a451550"},
		"key store down": {func(s *Settings) { s.Signers = badKeys{err: errors.New("disk on fire")} }, mail{raw: letter("me@ours.example")}, "dkim.key-unavailable", "a451451"},
		"bad selector":   {func(s *Settings) { s.Signers = badKeys{keys: []Key{{"ours.example", "../../etc", rsaKey()}}} }, mail{raw: letter("me@ours.example")}, "dkim.cannot-sign", "a451550"},
		"no keys at all": {func(s *Settings) { s.Signers = nil }, mail{raw: letter("me@ours.example")}, "dkim.no-key", "a451550"},
	} {
		got := ""
		for _, unsigned := range []Action{Accept, Defer, Reject} {
			s := signingSettings()
			s.Unsigned = unsigned
			if tc.change != nil {
				tc.change(s)
			}
			srv := start(t, s)
			m := tc.m
			m.ip, m.from = "192.0.2.5", "a@ours.example"
			r := srv.pass(m)
			if r.code == foreign.ActReplyCode {
				got += r.reply[:3]
			} else {
				got += string(rune(r.code))
			}
			if len(r.event.Problems) == 0 || r.event.Problems[0].ID != tc.problem {
				t.Errorf("%s: problems %v", name, r.event.Problems)
			}
			if strings.Contains(string(r.raw), "DKIM-Signature") {
				t.Errorf("%s: signed\n%s", name, r.raw)
			}
		}
		if got != tc.codes {
			t.Errorf("%s: got %s, want %s", name, got, tc.codes)
		}
	}
}

// A daemon of the mail server, a local program, and addresses of version 6 in version 4's place.
func TestOurs(t *testing.T) {
	s := settings()
	s.Daemons = []string{"SUBMIT"}
	for name, tc := range map[string]struct {
		e      Event
		daemon string
		want   bool
	}{
		"stranger":           {Event{Client: milter.Peer{Addr: netip.MustParseAddr("203.0.113.1")}}, "", false},
		"other daemon":       {Event{Client: milter.Peer{Addr: netip.MustParseAddr("203.0.113.1")}}, "MTA", false},
		"daemon":             {Event{Client: milter.Peer{Addr: netip.MustParseAddr("203.0.113.1")}}, "SUBMIT", true},
		"user":               {Event{User: "alice", Client: milter.Peer{Addr: netip.MustParseAddr("203.0.113.1")}}, "", true},
		"network":            {Event{Client: milter.Peer{Addr: netip.MustParseAddr("192.0.2.200")}}, "", true},
		"local program":      {Event{Client: milter.Peer{Local: true}}, "", true},
		"nobody knows where": {Event{}, "", false},
	} {
		if got := s.ours(&tc.e, tc.daemon); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Case 23: nothing is signed for clients that are not ours, whatever they write in From.
func TestCase23_NotSignedForStrangers(t *testing.T) {
	srv := start(t, signingSettings())
	for _, from := range []string{"me@ours.example", "Me <me@OURS.EXAMPLE>"} {
		r := srv.pass(mail{ip: "198.51.100.99", from: "me@ours.example", helo: "ours.example", raw: letter(from)})
		if strings.Contains(string(r.raw), "DKIM-Signature") || r.event.Outgoing {
			t.Errorf("signed:\n%s", r.raw)
		}
	}
}

// Case 23: nor for the next message of a connection whose user authenticated for the last.
func TestCase37_UserDoesNotOutliveMessage(t *testing.T) {
	srv := start(t, signingSettings())
	fs, end := srv.session(wholeProtocol)
	defer end()
	m := mail{ip: "203.0.113.77", user: "alice", from: "a@ours.example", raw: letter("me@ours.example")}
	if r := srv.passOn(fs, m, true); len(r.event.Signed) != 2 {
		t.Errorf("not signed: %+v", r.event)
	}
	m.user = ""
	if r := srv.passOn(fs, m, false); r.event.Outgoing || r.event.User != "" {
		t.Errorf("signed: %+v", r.event)
	}
}

// Case 23: a key file that everybody can read is refused; so is what is no key.
func TestCase23_KeyFiles(t *testing.T) {
	dir := t.TempDir()
	pem, err := dkim.MarshalPrivateKey(edKey())
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string, data []byte, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, open, junk := file("good", pem, 0o640), file("open", pem, 0o644), file("junk", []byte("x"), 0o600)
	k, err := LoadKeys([]string{"Ours.Example.:s1:" + good, "ours.example:s2:" + good, "*.ours.example:s3:" + good})
	if err != nil {
		t.Fatal(err)
	}
	for domain, want := range map[string]string{"ours.example": "s1,s2", "a.b.ours.example": "s3", "xours.example": "", "example": ""} {
		keys, err := k.For("", domain)
		var got []string
		for _, key := range keys {
			got = append(got, key.Selector)
		}
		if strings.Join(got, ",") != want || err != nil {
			t.Errorf("%s: %v, %v", domain, got, err)
		}
	}
	if d := strings.Join(k.Domains(), " "); d != "ours.example *.ours.example" && d != "*.ours.example ours.example" {
		t.Errorf("domains %s", d)
	}
	if _, err := LoadKeys([]string{"ours.example:s:" + open}); !errors.Is(err, ErrKeyReadable) {
		t.Errorf("an open key: %v", err)
	}
	for _, bad := range []string{"", "x", "a:b", "a:b:", ":s:" + good, "ours.example:s:" + junk, "ours.example:s:" + dir + "/none", "ours..example:s:" + good} {
		if _, err := LoadKeys([]string{bad}); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// Case 10: a field that the mail server cut is not signed over; From that was cut is not signed at all.
func TestCase10_NotSignedOverCutFields(t *testing.T) {
	srv := start(t, signingSettings())
	long := "Subject: " + strings.Repeat("x", 59_529) + "\r\n"
	raw := strings.Replace(letter("me@ours.example"), "Subject: hello\r\n", long, 1)
	r := srv.pass(mail{ip: "192.0.2.5", from: "a@ours.example", raw: raw})
	if len(r.event.Signed) != 2 {
		t.Fatalf("%+v", r.event)
	}
	whole := strings.Replace(string(r.raw), long, "Subject: "+strings.Repeat("x", 70_000)+"\r\n", 1) // as the next hop gets it
	if v := verify([]byte(whole), "203.0.113.1", ""); v.DKIM[0].Result != dkim.Pass || v.DKIM[1].Result != dkim.Pass {
		t.Errorf("%s: %s", v.DKIM[0].Result, v.DKIM[0].Reason)
	}
	raw = "From: me@ours.example (" + strings.Repeat("x", 59_500) + ")\r\n" + tail
	if r := srv.pass(mail{ip: "192.0.2.5", from: "a@ours.example", raw: raw}); len(r.event.Signed) != 0 || r.event.Problems[0].ID != "dkim.cannot-sign" {
		t.Errorf("%+v", r.event)
	}
}

// Case 9: a header of more than is taken in is not signed, and that is said, not that the mail server kept some of it back.
func TestCase09_NotSignedOverLimits(t *testing.T) {
	srv := start(t, signingSettings())
	raw := strings.Replace(letter("me@ours.example"), "\r\n\r\n", "\r\n"+strings.Repeat("X: y\r\n", message.MaxFields)+"\r\n", 1)
	if r := srv.pass(mail{ip: "192.0.2.5", from: "a@ours.example", raw: raw}); len(r.event.Signed) != 0 || r.event.Problems[0].ID != "dkim.header-not-whole" || !strings.Contains(r.event.Problems[0].Text, "10,000 fields") {
		t.Errorf("%v %v", r.event.Signed, r.event.Problems)
	}
}

// Case 22: signatures end, and nobody can add a field to what they cover.
func TestCase22_ExpiresAndOversigns(t *testing.T) {
	s := signingSettings()
	s.Expires = time.Hour
	r := start(t, s).pass(mail{ip: "192.0.2.5", from: "a@ours.example", raw: letter("me@ours.example")})
	sig := verify(r.raw, "203.0.113.1", "").DKIM[0].Signature
	if !sig.Expires.Equal(now.Add(time.Hour)) {
		t.Errorf("expires %v", sig.Expires)
	}
	for _, add := range []string{"From: ceo@bank.example\r\n", "Subject: other\r\n", "To: else@x.example\r\n", "Content-Type: text/html\r\n", "Reply-To: evil@x.example\r\n"} {
		if v := verify([]byte(add+string(r.raw)), "203.0.113.1", ""); v.DKIM[0].Result == dkim.Pass {
			t.Errorf("still good with %q", add)
		}
	}
}

func TestAddsMissingFields(t *testing.T) {
	s := signingSettings()
	s.Mends = Mends{Date: true, MessageID: true}
	srv := start(t, s)
	r := srv.pass(mail{ip: "192.0.2.5", from: "a@ours.example", raw: "From: me@ours.example\r\nTo: x@y.example\r\n\r\nHi.\r\n"})
	m := message.Parse(r.raw)
	date, ok := m.First("Date")
	if !ok || strings.TrimSpace(date.Unfolded()) != "Thu, 26 Nov 2026 12:00:00 +0000" || m.Count("Message-ID") != 1 {
		t.Errorf("got\n%s", r.raw)
	}
	v := verify(r.raw, "203.0.113.1", "")
	if v.DKIM[0].Result != dkim.Pass || !strings.Contains(strings.ToLower(strings.Join(v.DKIM[0].Signature.Headers, ":")), "message-id") {
		t.Errorf("%+v", v.DKIM[0])
	}
	if r := srv.pass(mail{ip: "192.0.2.5", from: "a@ours.example", raw: letter("me@ours.example")}); len(r.mods) != 2 {
		t.Errorf("%+v", r.mods)
	}
}

func TestMatches(t *testing.T) {
	for _, tc := range []struct {
		pattern, address string
		want             bool
	}{
		{"*", "a@b.example", true}, {"b.example", "a@B.example", true}, {"b.example", "a@x.b.example", false}, {"*.b.example", "a@x.b.example", true},
		{"*.b.example", "a@b.example", false}, {"a@b.example", "A@b.example", true}, {"a@b.example", "x@b.example", false}, {"postmaster@*", "postmaster@z.example", true},
		{"b.example", "b.example", true}, {"*.b.example", "xb.example", false}, {"", "a@b.example", false},
	} {
		if Matches(tc.pattern, tc.address) != tc.want {
			t.Errorf("%q, %q", tc.pattern, tc.address)
		}
	}
}

func TestNotSigned(t *testing.T) {
	for _, c := range []struct {
		not      NotSigned
		unsigned Action
		code     foreign.ActionCode
		problems int
	}{
		{NotSigned{Wanted: true, Text: "off"}, Reject, foreign.ActAccept, 0},
		{NotSigned{Problem: "dkim.user-not-allowed", Text: "eve"}, Accept, foreign.ActAccept, 1},
		{NotSigned{Problem: "dkim.user-not-allowed", Text: "eve"}, Reject, foreign.ActReplyCode, 1},
		{NotSigned{Problem: "dkim.user-not-allowed", Text: "eve"}, Defer, foreign.ActReplyCode, 1},
	} {
		s := signingSettings()
		s.MaySign, s.Unsigned = func(string, string) *NotSigned { return &c.not }, c.unsigned
		r := start(t, s).pass(mail{ip: "192.0.2.5", user: "eve", from: "a@ours.example", raw: letter("me@ours.example")})
		if r.code != c.code || len(r.event.Problems) != c.problems || len(r.event.Signed) != 0 {
			t.Errorf("%+v: %c, %+v", c, r.code, r.event)
		}
	}
}
