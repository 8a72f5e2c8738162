// Package filter is Todoku in the mail flow: what a mail server tells it by the milter
// protocol becomes signatures on outgoing mail, and on incoming mail one
// Authentication-Results field and what the operator's table says of the outcome.
//
// A message goes one of two ways, decided when it begins. Mail of users who
// authenticated, and of networks that are ours, is outgoing: see outgoing.go. All
// other mail is incoming: see incoming.go. On both ways fields that claim to be
// ours are removed. The body is hashed as it comes and never kept.
//
// Rules: nothing is signed for a client that is not ours; mail is never sent
// unsigned silently; a look-up that fails is never a pass and never a fail.
package filter

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/todoku/todoku/internal/milter"
	"github.com/todoku/todoku/mailauth"
)

// Filter handles the sessions of a [milter.Server].
type Filter struct {
	settings atomic.Pointer[Settings]
	log      *slog.Logger
	observe  func(*Event)
	replays  replays
}

// New makes a filter. Each message's event goes to observe, which must not block, nil for none.
func New(s *Settings, log *slog.Logger, observe func(*Event)) (*Filter, error) {
	f := &Filter{log: log, observe: observe}
	if log == nil {
		f.log = slog.New(slog.DiscardHandler)
	}
	return f, f.Change(s)
}

// Change makes the settings those of all messages that begin from now on; messages under way
// end by those with which they began. On an error nothing changes.
func (f *Filter) Change(s *Settings) error {
	ready, err := s.ready()
	if err != nil {
		return err
	}
	f.settings.Store(ready)
	return nil
}

// Options are what the filter asks mail servers for: all its changes are made at the end, so that no
// other step needs an answer.
func Options() milter.Options {
	return milter.Options{
		Actions: milter.AddHeaders | milter.ChangeHeaders | milter.Quarantine | milter.ChangeFrom | milter.AddRcpts | milter.DeleteRcpts,
		Skipped: milter.OnData | milter.OnUnknown,
		Macros: map[milter.Stage][]string{
			milter.StageConnect:      {"j", "v", "{if_name}", "{daemon_name}", "{daemon_addr}", "{if_addr}"},
			milter.StageMail:         {"i", "{auth_authen}"},
			milter.StageRcpt:         {},
			milter.StageEndOfMessage: {"i"},
		},
	}
}

// OptionsFor gives Options for a filter that begins with these settings: recipients are answered one by one only where some
// may be refused, for that costs a round trip each.
func OptionsFor(s *Settings) milter.Options {
	o := Options()
	if s.Forwarding != nil && s.Forwarding.SRS != nil {
		o.Answered |= milter.OnRcpt
	}
	for name := range s.Macros {
		if len(name) > 1 {
			name = "{" + name + "}"
		}
		for _, at := range []milter.Stage{milter.StageConnect, milter.StageMail, milter.StageEndOfMessage} {
			if !slices.Contains(o.Macros[at], name) {
				o.Macros[at] = append(o.Macros[at], name)
			}
		}
	}
	return o
}

// Session begins an SMTP session.
func (f *Filter) Session(c *milter.Conn) milter.Session { return &session{f, c} }

type session struct {
	f    *Filter
	conn *milter.Conn
}

func (s *session) Connect() milter.Reply       { return milter.Continue }
func (s *session) Helo() milter.Reply          { return milter.Continue }
func (s *session) Unknown([]byte) milter.Reply { return milter.Continue }
func (s *session) Close()                      {}

// Mail begins a message.
func (s *session) Mail(from milter.Path) (milter.Transaction, milter.Reply) {
	m := &transaction{f: s.f, conn: s.conn, settings: s.f.settings.Load()}
	m.event = Event{
		Began: m.settings.Now(), Client: s.conn.Client, HELO: s.conn.Helo, User: s.conn.Macro("auth_authen"),
		MailFrom: from.Address, Queue: s.conn.Macro("i"),
	}
	m.event.Outgoing = m.settings.ours(&m.event, s.conn.Macro("daemon_name"))
	return m, milter.Continue
}

// Event is what became of one message.
type Event struct {
	Began, Ended time.Time
	Client       milter.Peer
	HELO, User   string
	MailFrom     string
	Rcpts        []string // at most maxRcptsKept
	RcptCount    int
	Queue        string // the mail server's name for the message
	Outgoing     bool
	Author       string // the domain of From, "" where it has no single one
	MessageID    string // as it stands in the field, at most maxMessageID octets
	Source       string // the address that an outgoing message goes out from, "" where it is not known
	Paced        bool   // an outgoing message was put off because its warm-up plan has no room
	Size         int64  // of the body, in octets
	// Auth is what was found of an incoming message, nil otherwise.
	Auth *mailauth.Result
	// Signature is about the first good one of an incoming message.
	Signature Signature
	// Signed are the signatures that an outgoing message got: "d=example.com s=rsa1".
	Signed []string
	// Sealed is the ARC set that a forwarded message got, "" for none: "d=example.com s=arc i=1 cv=none". Sender is the reverse path
	// with which it is forwarded, "" where that was left alone.
	Sealed, Sender string
	// Outcome and Rule are those of the table; see Outcome.
	Outcome Outcome
	Action  Action
	// Reason is why, in a sentence.
	Reason string
	// Override says why a DMARC failure was not held against the message, "" where it was.
	Override Override
	// Problems are what the operator should know: finding IDs with a sentence.
	Problems []Problem
	Reply    milter.Reply

	receivers map[string]int // see Receivers
	unnamed   map[string]int // the recipients that Rcpts does not name, by domain; "" for those of too many domains
}

// Problem is something that an operator should know of a message.
type Problem struct{ ID, Text string }

func (e *Event) problem(id, text string) { e.Problems = append(e.Problems, Problem{id, text}) }

// maxMessageID is how much of a Message-ID an event keeps.
const maxMessageID = 500

// maxRcptsKept bounds the recipients that an event names, and those that the table looks at.
const maxRcptsKept = 1000

// oldSignature is the age from which the log tells it: mail is seldom on its way for so long.
const oldSignature = 24 * time.Hour

// record logs an event and passes it on.
func (f *Filter) record(e *Event) {
	way := "in"
	if e.Outgoing {
		way = "out"
	}
	attrs := make([]slog.Attr, 0, 14)
	attrs = append(attrs, slog.String("way", way), slog.String("queue", e.Queue), slog.String("mail_from", e.MailFrom), slog.String("author", e.Author))
	if e.Client.Addr.IsValid() {
		attrs = append(attrs, slog.String("client", e.Client.Addr.String()))
	}
	if a := e.Auth; a != nil {
		attrs = append(attrs, slog.String("spf", string(a.SPF.Result)), slog.String("dkim", dkimWord(a.DKIM)),
			slog.String("arc", string(a.ARC.Result)), slog.String("dmarc", string(a.DMARC.Result)), slog.String("outcome", string(e.Outcome)))
		if g := e.Signature; g.Seen > 1 || g.Age > oldSignature {
			attrs = append(attrs, slog.Int("signature_seen", g.Seen), slog.Duration("signature_age", g.Age.Round(time.Second)))
		}
	}
	if len(e.Signed) > 0 {
		attrs = append(attrs, slog.String("signed", "["+strings.Join(e.Signed, " ")+"]"))
	}
	attrs = append(attrs, e.forwarding()...)
	if e.Override.Type != "" {
		attrs = append(attrs, slog.String("override", e.Override.Type+": "+e.Override.Comment))
	}
	attrs = append(attrs, slog.String("action", e.Action.String()))
	if e.Paced {
		attrs = append(attrs, slog.String("paced", e.Reason))
	}
	level := slog.LevelInfo
	for _, p := range e.Problems {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("finding", p.ID), slog.String("detail", p.Text))
	}
	f.log.LogAttrs(context.Background(), level, "message", attrs...)
	if f.observe != nil {
		f.observe(e)
	}
}
