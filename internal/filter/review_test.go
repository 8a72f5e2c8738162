package filter

import (
	"slices"
	"strings"
	"testing"

	foreign "github.com/emersion/go-milter"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/milter"
)

// exactly signs with simple canonicalization of the header, over the fields named.
func exactly(t *testing.T, raw string, c dkim.Canonicalization, fields ...string) string {
	t.Helper()
	field, err := dkim.Sign(strings.NewReader(raw), dkim.SignOptions{Domain: "good.example", Selector: "g", Key: rsaKey(), Timestamp: now, Header: c, Body: dkim.Relaxed, Headers: fields})
	if err != nil {
		t.Fatal(err)
	}
	return string(field) + raw
}

// RFC 6376 section 3.4.1 signs octets that mail servers before version 6 of the protocol do not give: what cannot be seen is not
// held against the mail.
func TestSimpleSignatureWithoutLeadingSpace(t *testing.T) {
	const without = foreign.OptProtocol(0x7f)
	odd := "From:me@good.example\r\n" + tail
	bodyChanged := strings.Replace(exactly(t, odd, dkim.Simple), "Hello.", "Hallo.", 1)
	for name, c := range map[string]struct {
		raw      string
		protocol foreign.OptProtocol
		want     string
	}{
		"simple, as sent":                       {exactly(t, odd, dkim.Simple), 0, "pass"},
		"simple, octets not seen":               {exactly(t, odd, dkim.Simple), without, "neutral"},
		"simple, one space as assumed":          {exactly(t, letter("me@good.example"), dkim.Simple), without, "pass"},
		"simple, a field changed":               {strings.Replace(exactly(t, odd, dkim.Simple), "hello", "hullo", 1), 0, "fail"},
		"simple, octets not seen, body changed": {bodyChanged, without, "fail"},
		"relaxed, octets not seen":              {exactly(t, odd, dkim.Relaxed), without, "pass"},
		"relaxed, a field changed":              {strings.Replace(exactly(t, odd, dkim.Relaxed), "hello", "hullo", 1), without, "fail"},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, settings()).pass(mail{ip: "203.0.113.77", helo: "x.example", from: "b@bare.example", to: []string{"you@there.example"}, raw: c.raw, protocol: c.protocol})
			v := r.event.Auth.DKIM[0]
			if string(v.Result) != c.want || c.want == "neutral" && (v.Problem != ProblemNotExact || !strings.Contains(v.Reason, "white space")) {
				t.Errorf("%s (%s): %s", v.Result, v.Problem, v.Reason)
			}
			if h := results(t, r.raw); of(h, "dkim") != c.want || (of(h, "dmarc") == "pass") != (c.want == "pass") {
				t.Errorf("%+v", h)
			}
		})
	}
}

// What the operator demands beyond RFC 6376 makes policy of pass, and DMARC does not count it.
func TestDemands(t *testing.T) {
	all := []string{"From", "To", "Subject", "Date", "Message-ID"}
	twice := "Subject: other\r\n" + exactly(t, letter("me@good.example"), dkim.Relaxed, all...)
	for name, c := range map[string]struct {
		raw  string
		with func(*Settings)
		want string
	}{
		"all signed":          {exactly(t, letter("me@good.example"), dkim.Relaxed, all...), func(s *Settings) { s.MustBeSigned = []string{"subject", "to", "x-none"} }, "pass"},
		"a field is not":      {exactly(t, letter("me@good.example"), dkim.Relaxed, "From"), func(s *Settings) { s.MustBeSigned = []string{"subject"} }, "policy"},
		"a second one is not": {twice, func(s *Settings) { s.MustBeSigned = []string{"subject"} }, "policy"},
		"nothing demanded":    {twice, func(*Settings) {}, "pass"},
		"2048 bits of 2048":   {exactly(t, letter("me@good.example"), dkim.Relaxed), func(s *Settings) { s.MinimumKeyBits = 2048 }, "pass"},
		"2048 bits of 3072":   {exactly(t, letter("me@good.example"), dkim.Relaxed), func(s *Settings) { s.MinimumKeyBits = 3072 }, "policy"},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings()
			c.with(s)
			r := start(t, s).pass(mail{ip: "203.0.113.77", helo: "x.example", from: "b@bare.example", to: []string{"you@there.example"}, raw: c.raw})
			if h := results(t, r.raw); of(h, "dkim") != c.want || (of(h, "dmarc") == "pass") != (c.want == "pass") {
				t.Errorf("%+v", h)
			}
		})
	}
	for _, bits := range []int{1, 1023, 20000} {
		if err := (&Settings{AuthServID: us, Resolver: world(), MinimumKeyBits: bits}).Check(); err == nil {
			t.Errorf("%d bits are taken", bits)
		}
	}
}

// Mail that is neither signed nor checked, and what makes mail ours.
func TestWhoIsSigned(t *testing.T) {
	forged := "Authentication-Results: " + us + "; dmarc=pass header.from=exempt.example\r\n"
	for name, c := range map[string]struct {
		m    mail
		with func(*Settings)
		want string // signed, plain, checked, alone
	}{
		"ours":                             {mail{ip: "192.0.2.5", to: []string{"a@x.example"}, raw: letter("me@ours.example")}, func(*Settings) {}, "signed"},
		"to one who gets none":             {mail{ip: "192.0.2.5", to: []string{"b@y.example", "A@x.example"}, raw: letter("me@ours.example")}, func(s *Settings) { s.DontSignTo = []string{"a@x.example"} }, "plain"},
		"to a domain of such":              {mail{ip: "192.0.2.5", to: []string{"a@x.example"}, raw: letter("me@ours.example")}, func(s *Settings) { s.DontSignTo = []string{"x.example"} }, "plain"},
		"refusing the unsigned":            {mail{ip: "192.0.2.5", to: []string{"a@x.example"}, raw: letter("me@ours.example")}, func(s *Settings) { s.DontSignTo, s.Unsigned = []string{"*"}, Reject }, "plain"},
		"to others":                        {mail{ip: "192.0.2.5", to: []string{"b@x.example"}, raw: letter("me@ours.example")}, func(s *Settings) { s.DontSignTo = []string{"a@x.example"} }, "signed"},
		"exempt, outgoing":                 {mail{ip: "192.0.2.5", to: []string{"a@x.example"}, raw: letter("me@ours.example")}, func(s *Settings) { s.Untouched = &Untouched{Authors: []string{"ours.example"}} }, "alone"},
		"exempt, incoming, forged":         {mail{ip: "203.0.113.77", to: []string{"a@x.example"}, raw: forged + letter("me@exempt.example")}, func(s *Settings) { s.Untouched = &Untouched{Authors: []string{"exempt.example"}} }, "alone"},
		"not exempt":                       {mail{ip: "203.0.113.77", to: []string{"a@x.example"}, raw: letter("me@sub.exempt.example")}, func(s *Settings) { s.Untouched = &Untouched{Authors: []string{"exempt.example"}} }, "checked"},
		"a macro of ours":                  {mail{ip: "203.0.113.77", to: []string{"a@x.example"}, raw: letter("me@ours.example")}, func(s *Settings) { s.Macros = map[string][]string{"i": {"other", "QUEUEID"}} }, "signed"},
		"named twice":                      {mail{ip: "203.0.113.77", to: []string{"a@x.example"}, raw: letter("me@ours.example")}, func(s *Settings) { s.AddMacro("i", []string{"QUEUEID"}); s.AddMacro("i", []string{"other"}) }, "signed"},
		"named twice, once with any value": {mail{ip: "203.0.113.77", to: []string{"a@x.example"}, raw: letter("me@ours.example")}, func(s *Settings) { s.AddMacro("i", nil); s.AddMacro("i", []string{"other"}) }, "signed"},
		"with any value":                   {mail{ip: "203.0.113.77", to: []string{"a@x.example"}, raw: letter("me@ours.example")}, func(s *Settings) { s.Macros = map[string][]string{"i": nil} }, "signed"},
		"with another value":               {mail{ip: "203.0.113.77", to: []string{"a@x.example"}, raw: letter("me@ours.example")}, func(s *Settings) { s.Macros = map[string][]string{"i": {"queueid"}, "cert_subject": nil} }, "checked"},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings()
			s.Signers = ourKeys()
			c.with(s)
			c.m.helo, c.m.from = "x.example", "b@bare.example"
			r := start(t, s).pass(c.m)
			text := string(r.raw)
			var got string
			switch signed, checked := strings.Contains(text, "DKIM-Signature:"), strings.Contains(text, us); {
			case signed && !checked:
				got = "signed"
			case checked && !signed:
				got = "checked"
			case !checked && r.event.Reason != "":
				got = "plain"
			default:
				got = "alone"
			}
			if got != c.want || r.code != foreign.ActAccept || c.want == "plain" && len(r.event.Problems) > 0 {
				t.Errorf("%s, want %s: %c, %+v\n%s", got, c.want, r.code, r.event.Problems, text)
			}
		})
	}
	o := OptionsFor(&Settings{Macros: map[string][]string{"cert_subject": nil, "i": nil}})
	if !slices.Contains(o.Macros[milter.StageMail], "{cert_subject}") || !slices.Contains(o.Macros[milter.StageConnect], "i") || slices.Contains(Options().Macros[milter.StageMail], "{cert_subject}") {
		t.Errorf("%v", o.Macros)
	}
}
