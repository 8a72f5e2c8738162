// Package evidence holds what was seen of one message: the raw octets, the SMTP
// session, every DNS answer and the time. Types only: whoever has a Bundle can
// judge the message again, offline, later, or with one record changed.
package evidence

import (
	"net/netip"
	"time"

	"github.com/todoku/todoku/dns"
)

// BundleVersion is the version of the bundle format that this program writes: since 2
// the DNS answers are also those of the domains that the message names. A bundle
// keeps its version, as it keeps its answers.
const BundleVersion = 2

// Bundle is the evidence of one verdict. As a file it is one JSON object.
type Bundle struct {
	Format  string    `json:"format"` // see the constant Format
	Version int       `json:"version"`
	Time    time.Time `json:"time"` // the "now" of the verdict
	// Source is how the message came: smtp, lmtp, imap, paste, file, demo.
	Source string `json:"source"`
	// LineEndsConverted: the message came as a file whose lines all ended in a bare LF, and was read as CRLF.
	LineEndsConverted bool         `json:"line_ends_converted,omitempty"`
	Session           Session      `json:"session"`
	DNS               []dns.Answer `json:"dns"`
	// Opinions are what spam filters that were asked said of the message.
	Opinions []Opinion `json:"opinions,omitempty"`
	// Message is the raw message, exactly as it came.
	Message []byte `json:"message"`
}

// Opinion is what a spam filter said of a message, or why it said nothing.
type Opinion struct {
	// Filter is what the filter is called, Address where it was asked.
	Filter  string `json:"filter"`
	Address string `json:"address"`
	// Failed is why there is no opinion; "" where there is one.
	Failed string `json:"failed,omitempty"`
	// Spam: the filter would not deliver the message as ordinary mail.
	Spam bool `json:"spam,omitempty"`
	// Action is what an rspamd would do ("add header"); "" for SpamAssassin.
	Action string `json:"action,omitempty"`
	// Score is the message's, Required that from which the filter acts to the full.
	Score    float64 `json:"score"`
	Required float64 `json:"required"`
	// Symbols are the rules that matched, weightiest first, each with what it adds.
	Symbols []string `json:"symbols,omitempty"`
}

// Session is one SMTP session as observed, or an envelope as assumed.
type Session struct {
	ID string `json:"id,omitempty"`
	// Observed is true for a real session, false where the user gave an envelope.
	Observed   bool       `json:"observed"`
	RemoteIP   netip.Addr `json:"remote_ip,omitzero"`
	RemotePort uint16     `json:"remote_port,omitempty"`
	LocalAddr  string     `json:"local_addr,omitempty"`
	HELO       string     `json:"helo,omitempty"`
	// ESMTP: EHLO rather than HELO.
	ESMTP    bool   `json:"esmtp,omitempty"`
	MailFrom string `json:"mail_from"`
	// HasMailFrom tells the null path from none given.
	HasMailFrom bool      `json:"has_mail_from"`
	Recipients  []string  `json:"recipients,omitempty"`
	Parameters  []string  `json:"parameters,omitempty"` // of MAIL FROM: SIZE=, BODY=, SMTPUTF8
	TLS         *TLS      `json:"tls,omitempty"`
	Started     time.Time `json:"started,omitzero"`
	Ended       time.Time `json:"ended,omitzero"`
	Transcript  []Line    `json:"transcript,omitempty"`
	// Receiver is the receiving host, as its banner says.
	Receiver string `json:"receiver,omitempty"`
	// Outcome: accepted, refused, tls-error, dropped, unknown-recipient, too-large, timeout, no-mail.
	Outcome string `json:"outcome,omitempty"`
	Detail  string `json:"detail,omitempty"`
}

// TLS is the TLS of a session.
type TLS struct {
	Version    string `json:"version"` // "TLS 1.3"
	Cipher     string `json:"cipher"`
	ServerName string `json:"server_name,omitempty"`
	Error      string `json:"error,omitempty"`
}

// Line is one line of a transcript.
type Line struct {
	At   time.Time `json:"at"`
	From string    `json:"from"` // "client", "server", or "note"
	Text string    `json:"text"` // without CRLF; message data is replaced by a note of its size
}
