package forensics

import (
	"bytes"
	"crypto/sha256"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// bodySearch looks for the body that was signed.
type bodySearch struct {
	header []message.Field
	body   []byte // as it came
	canon  wire.Canonicalization
	seen   []byte // its canonical form
	want   []byte // bh=
	limit  int64  // l=, -1 for none
	left   int    // of bodyBudget
	tried  int
	buf    []byte

	found  []Mutation
	signed []byte // the canonical form that fits
}

func examineBody(m *message.Message, s *dkim.Signature) Examination {
	if len(m.Body) > maxBody || len(s.BodyHash) != sha256.Size {
		return Examination{Part: Body, Outcome: Unexamined}
	}
	b := &bodySearch{
		header: m.Fields, body: m.Body, canon: s.Body, seen: canonicalBody(s.Body, m.Body),
		want: s.BodyHash, limit: s.Length, left: bodyBudget,
	}
	e := Examination{Part: Body, Outcome: Unexplained}
	if b.search() {
		e.Outcome, e.Mutations = Explained, b.found
		e.show(b.signed, b.seen)
	}
	e.Tried = b.tried
	return e
}

// search tries what is cheap and common first.
func (b *bodySearch) search() bool {
	return b.signerFaults() || b.emptied() || b.cut() || b.rewritten() || b.unwrapped() || b.spans() || b.singleLines()
}

// spent reports that nothing more may be hashed. It is asked before a candidate is made:
// making one out of a large body costs as much as hashing it.
func (b *bodySearch) spent() bool { return b.left < 0 }

// fits hashes a canonical text, as far as l= says, and notes how it came about when it fits.
func (b *bodySearch) fits(canonical []byte, how ...Kind) bool {
	text := canonical
	if b.limit >= 0 && b.limit < int64(len(text)) {
		text = text[:b.limit]
	}
	if b.left -= len(text) + 128; b.left < 0 {
		return false
	}
	b.tried++
	if sum := sha256.Sum256(text); !bytes.Equal(sum[:], b.want) {
		return false
	}
	return b.note(canonical, how...)
}

func (b *bodySearch) note(canonical []byte, how ...Kind) bool {
	b.signed = bytes.Clone(canonical)
	for _, k := range how {
		b.found = append(b.found, Mutation{Kind: k})
	}
	return true
}

// fitsCut is fits for the text and each of its beginnings: what a footer was put
// under hashes right somewhere on the way. One pass, with a look at the running hash
// at the last line ends.
func (b *bodySearch) fitsCut(canonical []byte, cuts int, how ...Kind) bool {
	if b.limit >= 0 || len(canonical) == 0 {
		return b.fits(canonical, how...)
	}
	ends := lineEnds(canonical, cuts)
	if b.left -= len(canonical) + 128*len(ends); b.left < 0 {
		return false
	}
	h := sha256.New()
	var sum [sha256.Size]byte
	from := 0
	for _, end := range ends {
		h.Write(canonical[from:end])
		from = end
		b.tried++
		if !bytes.Equal(h.Sum(sum[:0]), b.want) {
			continue
		}
		if end < len(canonical) {
			how = append(how, FooterAdded)
		}
		return b.note(canonical[:end], how...)
	}
	return false
}

// lineEnds gives the offsets behind the last lines of a canonical text that are not
// empty, ascending. What precedes them is itself canonical.
func lineEnds(text []byte, most int) []int {
	var ends []int
	for end := len(text); end > 0 && len(ends) < most; {
		line := lineBefore(text, 0, end)
		if len(line) > len(crlf) || end == len(text) {
			ends = append(ends, end)
		}
		end -= len(line)
	}
	for i, j := 0, len(ends)-1; i < j; i, j = i+1, j-1 {
		ends[i], ends[j] = ends[j], ends[i]
	}
	return ends
}

// try canonicalizes a rewritten body and tries it and its beginnings.
func (b *bodySearch) try(body []byte, how ...Kind) bool {
	if body == nil || bytes.Equal(body, b.body) {
		return false
	}
	canonical := canonicalBody(b.canon, body)
	b.left -= max(len(body)-len(canonical), 0) // what was read and is not hashed
	return b.fitsCut(canonical, 64, how...)
}

// signerFaults: the body is unchanged, but the signer hashed something else.
func (b *bodySearch) signerFaults() bool {
	if b.canon == wire.Relaxed && b.fits(canonicalBody(wire.Simple, b.body), WrongCanonicalization) {
		return true
	}
	return b.fits(nil, SignedEmptyBody) || b.fits(crlf, SignedEmptyBody)
}

// emptied: nothing is left that could be compared.
func (b *bodySearch) emptied() bool {
	if len(bytes.TrimSpace(b.body)) > 0 {
		return false
	}
	return b.note(nil, BodyRemoved)
}

func (b *bodySearch) cut() bool { return b.fitsCut(b.seen, maxCuts) }
