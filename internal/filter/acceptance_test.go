package filter

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/message"
)

// TestReceivedSPFOfOthers: where we add the field, nobody else may have written it in our name (RFC 7208 section 9.1 has it as a trace field).
func TestReceivedSPFOfOthers(t *testing.T) {
	s := settings()
	s.ReceivedSPF = true
	srv := start(t, s)
	for field, stays := range map[string]bool{
		"Received-SPF: pass (mx.ours.example: x designates 192.0.2.1) client-ip=192.0.2.1; receiver=MX.ours.example; identity=mailfrom": false,
		"received-spf:\r\n pass receiver=mx.ours.example.;":                                                                             false,
		"Received-SPF: pass (mx.other.example: fine) receiver=mx.other.example":                                                         true,
		"Received-SPF: pass (not-mx.ours.example: fine)":                                                                                true,
		"Received-SPF: pass (mx.ours.example.org: fine)":                                                                                true,
		"Received-SPF: pass (sub.mx.ours.example: fine)":                                                                                true,
		"Received-Other: pass (mx.ours.example: fine)":                                                                                  true,
	} {
		r := srv.pass(mail{ip: strangeIP, from: "a@bare.example", raw: field + "\r\n" + letter("me@bare.example")})
		if got := strings.Contains(string(r.raw), field); got != stays || message.Parse(r.raw).Count("Received-SPF") < 1 {
			t.Errorf("%q stayed: %v\n%s", field, got, r.raw)
		}
	}
	r := start(t, settings()).pass(mail{ip: strangeIP, from: "a@bare.example", raw: "Received-SPF: pass (mx.ours.example: x)\r\n" + letter("me@bare.example")})
	if message.Parse(r.raw).Count("Received-SPF") != 1 {
		t.Errorf("taken out where none is written:\n%s", r.raw)
	}
}

// TestReceivedSPFUnicode: a sender of SMTPUTF8 mail stands there as it is, what is no UTF-8 as question marks.
func TestReceivedSPFUnicode(t *testing.T) {
	s := settings()
	s.ReceivedSPF = true
	srv := start(t, s)
	for from, want := range map[string]string{"花子@みんな.example": `envelope-from="花子@みんな.example";`, "a\xff\"@bare.example": `envelope-from="a?\"@bare.example";`} {
		r := srv.pass(mail{ip: strangeIP, from: from, raw: letter("me@bare.example")})
		if !strings.Contains(string(r.raw), want) {
			t.Errorf("%q:\n%s", from, r.raw)
		}
	}
}

// TestSealerThatSaysBoth: who says that DMARC passed and failed for one author says nothing.
func TestSealerThatSaysBoth(t *testing.T) {
	for claim, want := range map[string]Outcome{
		"dmarc=pass header.from=good.example; dmarc=fail header.from=good.example":  DMARCReject,
		"dmarc=fail header.from=good.example; dmarc=pass header.from=good.example":  DMARCReject,
		"dmarc=fail header.from=other.example; dmarc=pass header.from=GOOD.example": Overridden,
	} {
		s := settings()
		s.Policy = DefaultPolicy()
		s.Policy.Sealers = []string{"list.example"}
		r := start(t, s).pass(mail{ip: "203.0.113.5", helo: "list.example", from: "bounce@list.example", raw: sealed(t, "list.example", claim)})
		if r.event.Outcome != want {
			t.Errorf("%s: %s", claim, r.event.Outcome)
		}
	}
}

// TestReasonNamesTheSealer: a refusal says that there is a chain, and whom the table would have to name to believe it.
func TestReasonNamesTheSealer(t *testing.T) {
	s := settings()
	s.Policy = DefaultPolicy()
	s.Policy.Sealers, s.Policy.Default[DMARCReject] = []string{"google.com"}, Reject
	srv := start(t, s)
	m := mail{ip: "203.0.113.5", helo: "list.example", from: "bounce@list.example", raw: sealed(t, "list.example", "dmarc=pass header.from=good.example")}
	if r := srv.pass(m); !strings.Contains(r.reply, "its ARC chain passes, but list.example, who sealed last, is not among the sealers") {
		t.Errorf("%s", r.reply)
	}
	m.raw += "changed\r\n"
	if r := srv.pass(m); r.reply == "" || strings.Contains(r.reply, "ARC") {
		t.Errorf("a broken chain: %s", r.reply)
	}
	s.Policy.Default[Unauthenticated], s.Policy.Default[Temporary] = Defer, Defer
	if r := srv.pass(mail{ip: strangeIP, from: "a@bare.example", raw: letter("me@bare.example")}); !strings.Contains(r.reply, "Message put off (unauthenticated)") {
		t.Errorf("%s", r.reply)
	}
}

// TestUserMayNotWriteAs: of several mailboxes in From, the one that is another's is named.
func TestUserMayNotWriteAs(t *testing.T) {
	s := signingSettings()
	s.Senders = &Senders{ByUser: map[string][]string{"alice": {"alice@ours.example"}}}
	r := start(t, s).pass(mail{ip: "203.0.113.77", user: "alice", from: "alice@ours.example", raw: letter("alice@ours.example, bob@ours.example")})
	if len(r.event.Problems) != 1 || !strings.Contains(r.event.Problems[0].Text, `user "alice" may not write as bob@ours.example`) {
		t.Errorf("%+v", r.event.Problems)
	}
}

// TestLongLineIsNoted: the mail server will break the line, and with it the signature; nobody learns it otherwise.
func TestLongLineIsNoted(t *testing.T) {
	srv := start(t, signingSettings())
	line := func(n int) string { return strings.Repeat("x", n) + "\r\n" }
	for name, c := range map[string]struct {
		body string
		long bool
	}{
		"998":           {"a\r\n" + line(998) + line(998), false},
		"999":           {line(10) + line(999) + line(10), true},
		"no end":        {strings.Repeat("x", 2000), true},
		"many":          {strings.Repeat(line(76), 100), false},
		"a large one":   {line(200_000), true},
		"bare LF":       {strings.Repeat("x", 600) + "\n" + line(600), false},
		"empty":         {"", false},
		"without a CR ": {strings.Repeat(strings.Repeat("x", 76)+"\n", 100), false},
	} {
		for _, chunk := range []int{0, 7, 999} {
			if chunk == 7 && len(c.body) > 10_000 {
				continue
			}
			r := srv.pass(mail{ip: "192.0.2.5", from: "a@ours.example", raw: "From: me@ours.example\r\nSubject: x\r\n\r\n" + c.body, chunk: chunk})
			noted := len(r.event.Problems) == 1 && r.event.Problems[0].ID == "message.long-line"
			if noted != c.long || len(r.event.Signed) != 2 || r.event.Action != Accept {
				t.Errorf("%s in chunks of %d: %+v", name, chunk, r.event.Problems)
			}
		}
	}
}

// TestLongField: a field with a line that the mail server will break is left out of the signatures, which so hold, and the log says which. From cannot be left out.
func TestLongField(t *testing.T) {
	srv := start(t, signingSettings())
	word := strings.Repeat("0123456789 ", 100)
	for name, c := range map[string]struct {
		fields  string
		notes   []string
		breaks  bool
		openDKI bool // fields are chosen as OpenDKIM does
	}{
		"subject":        {"Subject: " + word + "\r\n", []string{"field subject"}, false, false},
		"no blank in it": {"Subject: " + strings.Repeat("x", 1500) + "\r\n", []string{"field subject"}, false, false},
		"two":            {"TO: " + strings.Repeat("a@there.example, ", 80) + "b@there.example\r\nSubject: x\r\nReferences: <1@x.example>" + strings.Repeat(" <1@x.example>", 90) + "\r\n", []string{"field to", "field references"}, false, false},
		"second line":    {"Subject: x\r\n " + word + "\r\n", []string{"field subject"}, false, false},
		"folded":         {"Subject: x" + strings.Repeat("\r\n "+word[:600], 4) + "\r\n", nil, false, false},
		"998":            {"Subject: " + strings.Repeat("x", 998-len("Subject: ")) + "\r\n", nil, false, false},
		"999":            {"Subject: " + strings.Repeat("x", 999-len("Subject: ")) + "\r\n", []string{"field subject"}, false, false},
		"not signed":     {"Subject: x\r\nX-Long: " + word + "\r\n", nil, false, false},
		"from":           {"From: " + strings.Repeat("x", 1200) + " <me@ours.example>\r\nSubject: x\r\n", []string{"field from"}, true, false},
		"chosen":         {"Subject: " + word + "\r\nTo: you@there.example\r\n", []string{"field subject"}, false, true},
	} {
		set := signingSettings()
		if c.openDKI {
			set.Fields = &FieldChoice{Sign: []string{"from", "to", "subject"}, Oversign: []string{"subject", "from"}}
		}
		if err := srv.f.Change(set); err != nil {
			t.Fatal(err)
		}
		raw := c.fields + "\r\nHello.\r\n"
		if name != "from" {
			raw = "From: me@ours.example\r\n" + raw
		}
		r := srv.pass(mail{ip: "192.0.2.5", from: "a@ours.example", raw: raw})
		var notes []string
		for _, p := range r.event.Problems {
			if i := strings.Index(p.Text, "field "); i >= 0 && p.ID == "message.long-line" {
				notes = append(notes, strings.Join(strings.Fields(p.Text[i:])[:2], " "))
			}
		}
		if !slices.Equal(notes, c.notes) || len(r.event.Signed) != 2 {
			t.Errorf("%s: %q, %+v", name, notes, r.event)
		}
		v := verify(asSent(r.raw), "203.0.113.1", "a@elsewhere.example")
		if passes := len(v.DKIM) == 2 && v.DKIM[0].Result == dkim.Pass && v.DKIM[1].Result == dkim.Pass; passes == c.breaks {
			t.Errorf("%s: %+v", name, v.DKIM)
		}
	}
}

// asSent is a message as Postfix sends it: 998 octets a line, and what is over on the next, behind a space.
func asSent(raw []byte) (out []byte) {
	for line := range bytes.Lines(raw) {
		line = bytes.TrimSuffix(line, []byte("\r\n"))
		for len(line) > 998 {
			out, line = append(append(out, line[:998]...), "\r\n "...), line[998:]
		}
		out = append(append(out, line...), "\r\n"...)
	}
	return out
}
