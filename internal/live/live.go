// Package live carries events of running SMTP sessions to the pages that wait
// for them, within one process. It loses events rather than block a sender.
package live

import "time"

// Event is one thing that happened.
type Event struct {
	// Kind: connected, tls, tls-error, helo, mail-from, rcpt, rcpt-refused, data, received,
	// verifying, verified, dropped, refused.
	Kind      string    `json:"kind"`
	At        time.Time `json:"at"`
	SessionID string    `json:"session,omitempty"`
	// Seq numbers the events of one session from 1 on; 0 is "not numbered". A
	// numbered event reaches a subscriber at most once, however often it is sent:
	// a session may be told again from its beginning once its recipient is known.
	Seq      int    `json:"seq,omitempty"`
	Text     string `json:"text,omitempty"`   // HELO name, address, TLS version ...
	Bytes    int64  `json:"bytes,omitempty"`  // DATA size so far
	ReportID string `json:"report,omitempty"` // on received, verified; on dropped/refused the failed session's id
	Status   string `json:"status,omitempty"` // headline status, on verified
}
