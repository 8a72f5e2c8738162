package forensics

// Kind is a change that mail is known to suffer. The catalogue has a text and advice
// for each (catalogue.Mutations).
type Kind string

// Changes of the body.
const (
	FooterAdded         Kind = "footer-added"          // text below the body
	PartFooterAdded     Kind = "part-footer-added"     // text below a part of a multipart body
	BannerAdded         Kind = "banner-added"          // text above the body or a part of it
	TextInserted        Kind = "text-inserted"         // lines amid the text
	PartAdded           Kind = "part-added"            // a MIME part more
	Wrapped             Kind = "wrapped-in-multipart"  // the body became a part of a multipart
	WhiteSpace          Kind = "white-space"           // in lines or at their ends
	BlankLines          Kind = "blank-lines"           // empty lines added, doubled or removed
	LineEnds            Kind = "line-ends"             // LF, CR and CRLF converted
	Reencoded           Kind = "re-encoded"            // another Content-Transfer-Encoding
	EncodedLinesWrapped Kind = "encoded-lines-wrapped" // base64 or quoted-printable with other line lengths
	CharsetConverted    Kind = "charset-converted"
	LongLinesBroken     Kind = "long-lines-broken" // at 998 octets or so
	TextWrapped         Kind = "text-wrapped"      // paragraphs wrapped at 76 columns or so
	FromEscaped         Kind = "from-escaped"      // "From " became ">From ", or back
	DotsChanged         Kind = "dots-changed"      // SMTP's dot-stuffing left in or done twice
	EighthBitStripped   Kind = "eighth-bit-stripped"
	EscapeStripped      Kind = "escape-stripped" // ESC of ISO-2022-JP lost
	NULsAdded           Kind = "nul-added"
	TabsExpanded        Kind = "tabs-expanded"
	ByteOrderMarkAdded  Kind = "byte-order-mark-added" // in front of the text
	LinksRewritten      Kind = "links-rewritten"       // to lead through a gateway
	BodyRemoved         Kind = "body-removed"          // nothing is left of it
	// Faults of the signer that look like changes.
	SignedEmptyBody       Kind = "signed-empty-body"
	WrongCanonicalization Kind = "wrong-canonicalization"
)

// Changes of the header.
const (
	SubjectTagged         Kind = "subject-tagged"
	SubjectPrefix         Kind = "subject-prefix"          // Re:, Fwd: added, removed or rewritten
	FromRewritten         Kind = "from-rewritten"          // "Name via List <list@...>"
	AddressRewritten      Kind = "address-reformatted"     // quotes, brackets, comments, commas
	FieldReencoded        Kind = "field-re-encoded"        // encoded-words
	FieldAdded            Kind = "field-added"             // one that the signer signed as absent
	FieldDuplicated       Kind = "field-duplicated"        // a second one of its name
	FieldRemoved          Kind = "field-removed"           // a signed one is gone
	FieldsReordered       Kind = "fields-reordered"        // several of one name
	FieldRefolded         Kind = "field-refolded"          // only its line breaks
	FieldSpacing          Kind = "field-spacing"           // white space that does not fold
	FieldNameCase         Kind = "field-name-case"         // Message-Id, MIME-version
	ContentTypeRewritten  Kind = "content-type-rewritten"  // quotes, parameters, charset
	EncodingFieldModified Kind = "encoding-field-modified" // Content-Transfer-Encoding
	DateReformatted       Kind = "date-reformatted"
	FieldChanged          Kind = "field-changed" // known from z= or a copy in the header
	WrongKey              Kind = "wrong-key"     // the key in the DNS did not make this signature
)

// Kinds are all of them, in the order above.
var Kinds = []Kind{
	FooterAdded, PartFooterAdded, BannerAdded, TextInserted, PartAdded, Wrapped, WhiteSpace, BlankLines, LineEnds, Reencoded,
	EncodedLinesWrapped, CharsetConverted, LongLinesBroken, TextWrapped, FromEscaped, DotsChanged, EighthBitStripped, EscapeStripped,
	NULsAdded, TabsExpanded, ByteOrderMarkAdded, LinksRewritten, BodyRemoved, SignedEmptyBody, WrongCanonicalization,
	SubjectTagged, SubjectPrefix, FromRewritten, AddressRewritten, FieldReencoded, FieldAdded, FieldDuplicated, FieldRemoved,
	FieldsReordered, FieldRefolded, FieldSpacing, FieldNameCase, ContentTypeRewritten, EncodingFieldModified, DateReformatted,
	FieldChanged, WrongKey,
}
