// Package inbox receives mail over SMTP (RFC 5321) for one-time addresses and
// keeps everything observed of the session. A 250 after DATA means the message is
// durable.
//
// The conversation is our own rather than a library's because this receiver is an
// instrument: octets must be kept exactly (a bare CR after a leading dot, CR CRLF
// before the final dot), the transcript must hold what was said inside TLS, a
// failed handshake must leave its reason, and a huge line must be refused with a
// reply rather than by closing.
//
// A message to several one-time addresses is stored once for each mailbox, all or
// none, and no mailbox learns of the others: they are secrets.
package inbox

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/store"
)

// Config of a receiver.
type Config struct {
	Hostname      string      // in the banner and EHLO reply
	Domains       []string    // the domains of one-time addresses
	TLS           *tls.Config // nil: a self-signed certificate for Hostname
	MaxSize       int64       // octets; 0 means 50 MiB
	MaxRecipients int         // of one message; 0 means 10
	MaxSessions   int         // concurrent; 0 means 1000
	MaxPerIP      int         // concurrent of one client; 0 means 100
	// MaxInFlight bounds the octets of all messages that are being received or wait
	// to be stored; beyond it they are answered 452 4.3.2. 0 means 256 MiB.
	MaxInFlight int64
	// ReadTimeout is how long the client may take for one command or one piece of a
	// message; 0 means 5 minutes (RFC 5321 section 4.5.3.2). A whole message may take
	// that long and one second more for each KiB.
	ReadTimeout time.Duration
	// WriteTimeout is how long the client may take to accept a reply; 0 means a minute.
	WriteTimeout time.Duration
	// SessionTimeout ends a session however busy; 0 means an hour.
	SessionTimeout time.Duration
	// TrustProxy lists clients that may tell the real client's address with a PROXY
	// protocol line (version 1) before their first command; empty by default. For
	// load balancers, the demo and tests.
	TrustProxy []netip.Prefix
	// LMTP speaks the Local Mail Transfer Protocol (RFC 2033): a mail server on this host
	// hands over what it received, and says with XFORWARD from whom. Whoever connects is
	// believed, so it is for loopback and Unix sockets.
	LMTP bool
	// Source is what the evidence says of where its message came from; "" means smtp, or lmtp.
	Source string
	// Service tells whether a local part (as it was sent) is an address of the program itself
	// rather than a one-time address: its mail is taken for no mailbox. nil: none is.
	Service func(local string) bool
	// Link gives where the report of a message will be, for the reply to a message to such
	// an address: its sender may get no other answer. nil, or "": it is not said.
	Link  func(id string) string
	Store *store.Store
	Hub   *live.Hub // nil: nobody watches
	// Received is called (not blocking) after a message became durable, with its id.
	Received func(id string)
	Log      *slog.Logger     // nil: none
	Now      func() time.Time // nil: time.Now
}

// withDefaults checks the configuration and fills in what is not given.
func (c Config) withDefaults() (Config, error) {
	if c.Store == nil {
		return c, errors.New("inbox: no store")
	}
	if c.Hostname == "" || strings.ContainsAny(c.Hostname, " \t\r\n\x00") {
		return c, fmt.Errorf("inbox: %q cannot be the host name of an SMTP server", c.Hostname)
	}
	if len(c.Domains) == 0 {
		return c, errors.New("inbox: no domain for one-time addresses")
	}
	if c.MaxSize < 0 || c.MaxRecipients < 0 || c.MaxSessions < 0 || c.MaxPerIP < 0 || c.MaxInFlight < 0 ||
		c.ReadTimeout < 0 || c.WriteTimeout < 0 || c.SessionTimeout < 0 {
		return c, errors.New("inbox: a limit is negative")
	}
	c.MaxSize = cmp.Or(c.MaxSize, 50<<20)
	c.MaxRecipients = cmp.Or(c.MaxRecipients, 10)
	c.MaxSessions = cmp.Or(c.MaxSessions, 1000)
	c.MaxPerIP = cmp.Or(c.MaxPerIP, 100)
	c.MaxInFlight = cmp.Or(c.MaxInFlight, 256<<20)
	c.ReadTimeout = cmp.Or(c.ReadTimeout, 5*time.Minute)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, time.Minute)
	c.SessionTimeout = cmp.Or(c.SessionTimeout, time.Hour)
	if c.LMTP {
		c.Source = cmp.Or(c.Source, "lmtp")
	}
	c.Source = cmp.Or(c.Source, "smtp")
	if c.Hub == nil {
		c.Hub = live.NewHub()
	}
	if c.Received == nil {
		c.Received = func(string) {}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.TLS == nil {
		t, err := SelfSigned(c.Hostname)
		if err != nil {
			return c, err
		}
		c.TLS = t
	}
	return c, nil
}

// protocol is the word for it in the greeting.
func (c *Config) protocol() string {
	if c.LMTP {
		return "LMTP"
	}
	return "ESMTP"
}
