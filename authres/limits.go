package authres

// The limits of reading. Real fields hold a dozen results and few kilobytes;
// beyond the limits a field is refused whole, since half of one could be
// believed for what it no longer says.
const (
	maxValueSize    = 64 << 10
	maxResults      = 100
	maxProperties   = 1000 // of all results together
	maxCommentDepth = 50
	maxVersion      = 1_000_000
)

// The limits of writing. Some clients lose a message over a very long
// Authentication-Results field, and a line has at most 998 octets (RFC 5322
// section 2.1.1), of which a value that cannot be folded must leave room for its
// name and, when every octet is escaped, for twice its size.
const (
	maxWrittenResults   = 20
	maxWrittenPerMethod = 10
	maxWrittenProps     = 20
	maxWrittenWord      = 64
	maxWrittenText      = 400
	maxWrittenValue     = 420
	foldColumn          = 77
)
