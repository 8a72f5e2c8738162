package filter

import (
	"bytes"
	"context"
	"crypto"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	foreign "github.com/emersion/go-milter"
	"go.uber.org/goleak"

	"github.com/todoku/todoku/authres"
	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/milter"
	"github.com/todoku/todoku/mailauth"
	"github.com/todoku/todoku/message"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

const us = "mx.ours.example"

// The keys of these tests, made once.
var (
	rsaKey = sync.OnceValue(func() crypto.Signer { return mustKey("rsa") })
	edKey  = sync.OnceValue(func() crypto.Signer { return mustKey("ed25519") })
)

func mustKey(algorithm string) crypto.Signer {
	k, err := dkim.GenerateKey(algorithm, 2048)
	if err != nil {
		panic(err)
	}
	return k
}

func record(k crypto.Signer) string {
	r, err := dkim.RecordFor(k.Public())
	if err != nil {
		panic(err)
	}
	return "TXT " + r
}

// world is the DNS of these tests.
var world = sync.OnceValue(func() *dns.Memory {
	return dns.MustMemory(dns.Zone{
		"ours.example":               {"TXT v=spf1 ip4:192.0.2.0/24 -all", "A 192.0.2.1"},
		"_dmarc.ours.example":        {"TXT v=DMARC1; p=reject"},
		"r1._domainkey.ours.example": {record(rsaKey())},
		"e1._domainkey.ours.example": {record(edKey())},
		"good.example":               {"TXT v=spf1 ip4:198.51.100.7 -all", "A 198.51.100.7"},
		"mail.good.example":          {"A 198.51.100.7"},
		"7.100.51.198.in-addr.arpa":  {"PTR mail.good.example"},
		"_dmarc.good.example":        {"TXT v=DMARC1; p=reject"},
		"g._domainkey.good.example":  {record(rsaKey())},
		"quarantine.example":         {"TXT v=spf1 -all"},
		"_dmarc.quarantine.example":  {"TXT v=DMARC1; p=quarantine"},
		"none.example":               {"TXT v=spf1 -all"},
		"_dmarc.none.example":        {"TXT v=DMARC1; p=none"},
		"old.example":                {"TXT v=spf1 -all"},
		"bare.example":               {"A 203.0.113.9"},
		"list.example":               {"TXT v=spf1 ip4:203.0.113.5 -all"},
		"l._domainkey.list.example":  {record(rsaKey())},
	})
})

func settings() *Settings {
	return &Settings{AuthServID: us, Resolver: world(), Now: func() time.Time { return now }, Trusted: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
}

func ourKeys() *FileKeys {
	k := []Key{{"ours.example", "r1", rsaKey()}, {"ours.example", "e1", edKey()}}
	return &FileKeys{exact: map[string][]Key{"ours.example": k}, below: map[string][]Key{"ours.example": k[:1]}}
}

// server is a filter behind a milter server, with what became of the messages.
type server struct {
	t      testing.TB
	f      *Filter
	addr   string
	events chan *Event
}

func start(t testing.TB, s *Settings) *server {
	t.Helper()
	srv := &server{t: t, events: make(chan *Event, 1000)}
	var err error
	if srv.f, err = New(s, slog.New(slog.NewTextHandler(logWriter{t}, nil)), func(e *Event) { srv.events <- e }); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv.addr = l.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	m := &milter.Server{Handler: srv.f.Session, Options: OptionsFor(s)}
	go func() { done <- m.Serve(ctx, l, 0) }()
	t.Cleanup(func() { stop(); <-done })
	return srv
}

type logWriter struct{ t testing.TB }

func (w logWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

// mail is one message as a mail server has it.
type mail struct {
	ip, helo, user, from string
	to                   []string
	raw                  string
	chunk                int
	protocol             foreign.OptProtocol // 0: all
}

// outcome is what the mail server does then.
type result struct {
	raw        []byte // with the changes made
	code       foreign.ActionCode
	reply      string
	mods       []foreign.ModifyAction
	quarantine string
	refused    []string // replies to recipients
	event      *Event
}

// wholeProtocol are all steps, and all that a filter may ask for.
const wholeProtocol foreign.OptProtocol = 0x1fffff

// pass sends a message through the filter and makes its changes, as a mail server would.
func (s *server) pass(m mail) result {
	s.t.Helper()
	if m.protocol == 0 {
		m.protocol = wholeProtocol
	}
	fs, end := s.session(m.protocol)
	defer end()
	return s.passOn(fs, m, true)
}

func (s *server) passOn(fs *foreign.ClientSession, m mail, first bool) result {
	s.t.Helper()
	must := func(_ *foreign.Action, err error) {
		s.t.Helper()
		if err != nil {
			s.t.Fatal(err)
		}
	}
	if first {
		must(fs.Conn("client.example", foreign.FamilyInet, 25, m.ip))
		must(fs.Helo(m.helo))
	}
	var refused []string
	macros := []string{"i", "QUEUEID"}
	if m.user != "" {
		macros = append(macros, "{auth_authen}", m.user)
	}
	if err := fs.Macros(foreign.CodeMail, macros...); err != nil {
		s.t.Fatal(err)
	}
	must(fs.Mail(m.from, nil))
	for _, to := range m.to {
		a, err := fs.Rcpt(to, nil)
		must(a, err)
		if a.Code == foreign.ActReplyCode {
			refused = append(refused, strconv.Itoa(a.SMTPCode)+" "+a.SMTPText)
		}
	}
	parsed := message.Parse([]byte(m.raw))
	lead := m.protocol&foreign.OptHeaderLeadingSpace != 0
	for _, f := range fieldsOf(m.raw) {
		v := strings.ReplaceAll(string(f.Value()), "\r\n", "\n")
		if !lead {
			v = strings.TrimPrefix(v, " ")
		}
		must(fs.HeaderField(f.Name(), v))
	}
	must(fs.HeaderEnd())
	if m.chunk == 0 {
		m.chunk = 60_000
	}
	for body := parsed.Body; len(body) > 0; {
		n := min(m.chunk, len(body))
		must(fs.BodyChunk(body[:n]))
		body = body[n:]
	}
	mods, a, err := fs.End()
	if err != nil {
		s.t.Fatal(err)
	}
	r := result{code: a.Code, mods: mods, refused: refused}
	if a.Code == foreign.ActReplyCode {
		r.reply = strconv.Itoa(a.SMTPCode) + " " + a.SMTPText
	}
	r.raw, r.quarantine = apply(s.t, parsed, mods, lead)
	r.event = <-s.events
	return r
}

// fieldsOf cuts the header, however long it is.
func fieldsOf(raw string) (out []message.Field) {
	head, _, _ := strings.Cut(raw, "\r\n\r\n")
	for line := range strings.SplitAfterSeq(head+"\r\n", "\r\n") {
		switch {
		case line == "":
		case (line[0] == ' ' || line[0] == '\t') && len(out) > 0:
			out[len(out)-1] = message.NewField(append(out[len(out)-1].Raw, line...))
		default:
			out = append(out, message.NewField([]byte(line)))
		}
	}
	return out
}

// session is a connection of a mail server that says what is in protocol, and how it ends.
func (s *server) session(protocol foreign.OptProtocol) (fs *foreign.ClientSession, end func()) {
	s.t.Helper()
	c := foreign.NewClientWithOptions("tcp", s.addr, foreign.ClientOptions{ActionMask: 0xff, ProtocolMask: protocol, ReadTimeout: 20 * time.Second, WriteTimeout: 20 * time.Second})
	fs, err := c.Session()
	if err != nil {
		c.Close()
		s.t.Fatal(err)
	}
	return fs, func() {
		fs.Close()
		c.Close()
	}
}

// apply makes changes to a message.
func apply(t testing.TB, m *message.Message, mods []foreign.ModifyAction, lead bool) (raw []byte, quarantine string) {
	t.Helper()
	var fields []string
	for _, f := range fieldsOf(string(m.Raw)) {
		fields = append(fields, string(f.Raw))
	}
	space := " "
	if lead {
		space = ""
	}
	for _, c := range mods {
		field := c.HeaderName + ":" + space + strings.ReplaceAll(c.HeaderValue, "\n", "\r\n") + "\r\n"
		switch c.Code {
		case foreign.ActInsertHeader:
			fields = slices.Insert(fields, int(c.HeaderIndex), field)
		case foreign.ActAddHeader:
			fields = append(fields, field)
		case foreign.ActChangeHeader:
			n := 0
			for i, f := range fields {
				mf := message.NewField([]byte(f))
				if mf.Is(c.HeaderName) {
					if n++; n == int(c.HeaderIndex) {
						if c.HeaderValue != "" {
							t.Errorf("a field was changed: %+v", c)
						}
						fields = slices.Delete(fields, i, i+1)
						break
					}
				}
			}
		case foreign.ActQuarantine:
			quarantine = c.Reason
		case foreign.ActChangeFrom, foreign.ActAddRcpt, foreign.ActDelRcpt: // nothing of the message
		default:
			t.Errorf("change %c", c.Code)
		}
	}
	var b bytes.Buffer
	for _, f := range fields {
		b.WriteString(f)
	}
	b.WriteString("\r\n")
	b.Write(m.Body)
	return b.Bytes(), quarantine
}

// verify authenticates what came out, as the next hop would.
func verify(raw []byte, ip, from string) mailauth.Result {
	return mailauth.Authenticate(context.Background(), world(), message.Parse(raw), mailauth.Envelope{RemoteIP: netip.MustParseAddr(ip), HELO: "x.example", MailFrom: from}, now)
}

// results gives the one Authentication-Results field of ours, which must be first.
func results(t testing.TB, raw []byte) authres.Header {
	t.Helper()
	m := message.Parse(raw)
	n := 0
	for _, f := range m.All("Authentication-Results") {
		if id, _ := authres.AuthServID(f.Value()); id == us {
			n++
		}
	}
	if n != 1 || !m.Fields[0].Is("Authentication-Results") {
		t.Fatalf("%d fields of ours in\n%.2000s", n, raw)
	}
	h, err := authres.Parse(m.Fields[0].Value())
	if err != nil {
		t.Fatalf("%v: %s", err, m.Fields[0].Raw)
	}
	for line := range strings.SplitSeq(string(m.Fields[0].Raw), "\r\n") {
		if len(line) > 998 {
			t.Errorf("a line of %d octets", len(line))
		}
	}
	return h
}

// of gives the result of a method.
func of(h authres.Header, method string) string {
	var out []string
	for _, r := range h.Results {
		if r.Method == method {
			out = append(out, r.Value)
		}
	}
	return strings.Join(out, ",")
}

// signed signs a message with the test's RSA key.
func signed(t testing.TB, raw, domain, selector string) string {
	t.Helper()
	field, err := dkim.Sign(strings.NewReader(raw), dkim.SignOptions{Domain: domain, Selector: selector, Key: rsaKey(), Timestamp: now, Header: dkim.Relaxed, Body: dkim.Relaxed})
	if err != nil {
		t.Fatal(err)
	}
	return string(field) + raw
}

const tail = "To: you@there.example\r\nSubject: hello\r\nDate: Thu, 26 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@x.example>\r\n\r\nHello.\r\n"

func letter(from string) string { return "From: " + from + "\r\n" + tail }
