package forensics

// The bounds of the work for one message. Hashing runs at several hundred octets a
// microsecond. With what it takes to make the candidates these are some hundred
// milliseconds at the very worst, and a few for common mail.
const (
	maxExamined = 3 // broken signatures of one message

	maxBody      = 4 << 20   // octets of a body that is examined
	maxRewritten = 512 << 10 // octets of a body that is re-encoded and re-wrapped
	bodyBudget   = 6 << 20   // octets of body hashed for one signature
	maxCuts      = 4096      // line ends tried as the end of the signed body
	maxSpanLines = 60        // lines of an inserted text
	maxSpans     = 1500      // insertions that are looked at
	maxSpanPairs = 2000      // pairs of them
	maxParts     = 30        // delimiter lines of a multipart body
	maxTags      = 40        // places within an HTML text where an insertion may end

	maxFields       = 120       // fields that take part in a signature
	maxSignedHeader = 128 << 10 // octets of them
	maxValue        = 8 << 10   // octets of a field whose value is rewritten
	maxVariants     = 160       // alternatives for one field
	headerBudget    = 36 << 20  // octets of header hashed for one signature
	maxHeaderTries  = 24000     // hashes of the header
	maxVerifies     = 200       // Ed25519 verifications, where the hash is not known

	maxDifference = 24  // lines shown
	maxShown      = 160 // characters of a line shown

	maxHunks      = 6       // places that are shown octet by octet
	maxHunkOctets = 96      // octets of one side of a place
	hunkContext   = 16      // octets around it
	maxLinePairs  = 160_000 // lines compared with each other: each of one text with each of the other
)
