// Package bounce reads what mail systems say when they do not deliver: SMTP
// replies (RFC 5321 section 4.2, enhanced status codes of RFC 2034 and 3463) and
// delivery status notifications (RFC 3464 in the multipart/report of RFC 6522).
//
// [ParseReply] reads one reply, [FindReplies] those within other text, and [Parse]
// a whole notification. All are lenient, since real mailers are, and all are
// bounded: what is beyond a limit is left out, never an error. Nothing here is
// proven; a notification says whatever its author wrote.
package bounce

import "errors"

// ErrNoReport: the message is no delivery status notification.
var ErrNoReport = errors.New("bounce: this is no delivery status notification")

// The limits of reading.
const (
	maxReplySize  = 64 << 10
	maxReplies    = 200 // found in one text
	maxParts      = 100 // of one message, at all depths
	maxDepth      = 8
	maxRecipients = 1000
	maxFields     = 200       // of one group of a delivery-status part
	maxFieldSize  = 32 << 10  // one unfolded field
	maxText       = 256 << 10 // of the human-readable part
	maxDecoded    = 4 << 20   // of one part
)
