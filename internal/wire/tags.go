package wire

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Tag is one tag=value of a tag list (RFC 6376 section 3.2).
type Tag struct {
	Name string
	// Value has surrounding folding white space removed; inner white space is kept.
	Value string
	// Start and End are the octet offsets of the raw value in the input: all that
	// stands between "=" and ";", surrounding white space included. That is what
	// has to go when a signature is computed "with the b= tag treated as the
	// empty string" (RFC 6376 section 3.7).
	Start, End int
}

// Bounds of a tag list. Real signatures have about ten tags in one or two
// kilobytes; a key record is below 64 KiB because a DNS answer is.
const (
	MaxTags       = 64
	MaxTagListLen = 64 << 10
)

// What can be wrong with a tag list; the errors of ParseTags wrap one of them.
var (
	ErrTagSyntax    = errors.New("not a tag list")
	ErrDuplicateTag = errors.New("duplicate tag")
	ErrTooManyTags  = errors.New("tag list too long")
)

// ParseTags parses a tag list (RFC 6376 section 3.2) in linear time. The error
// wraps ErrDuplicateTag, ErrTagSyntax or ErrTooManyTags (more than MaxTags tags
// or MaxTagListLen octets). Names are case-sensitive and kept as written. Octets
// above 127 are allowed in values where they are UTF-8 (RFC 8616 section 5).
func ParseTags(s string) ([]Tag, error) { return AppendTags(make([]Tag, 0, 12), s) }

// AppendTags is ParseTags into memory of the caller, which dst has and nothing in it.
func AppendTags(dst []Tag, s string) ([]Tag, error) {
	if len(s) > MaxTagListLen {
		return nil, fmt.Errorf("%w: %d octets, at most %d are read", ErrTooManyTags, len(s), MaxTagListLen)
	}
	tags := dst[:0]
	for pos := 0; ; {
		end := len(s)
		if i := strings.IndexByte(s[pos:], ';'); i >= 0 {
			end = pos + i
		}
		// One ";" may end the list, with white space behind it.
		if end == len(s) && len(tags) > 0 && TrimFWS(s[pos:]) == "" {
			if err := checkFWS(s[pos:], pos); err != nil {
				return nil, err
			}
			return tags, nil
		}
		if len(tags) == MaxTags {
			return nil, fmt.Errorf("%w: more than %d tags", ErrTooManyTags, MaxTags)
		}
		tag, err := parseTag(s, pos, end)
		if err != nil {
			return nil, err
		}
		for i := range tags {
			if n := tags[i].Name; n[0] == tag.Name[0] && n == tag.Name {
				return nil, fmt.Errorf("%w: %s occurs twice", ErrDuplicateTag, quoteTag(tag.Name))
			}
		}
		tags = append(tags, tag)
		if end == len(s) {
			return tags, nil
		}
		pos = end + 1
	}
}

// quoteTag quotes the name of a tag, at most 60 octets of it: a sender chose it.
func quoteTag(name string) string {
	const most = 60
	if len(name) > most {
		return strconv.Quote(name[:most]) + "..."
	}
	return strconv.Quote(name + "=")
}

// CutTag finds the value of the first tag of a name in a tag list that nobody has
// looked at yet: list[from:to] is what [Tag] calls the raw value. from is to where
// there is no such tag, and where the value has line ends that fold no line.
func CutTag(list []byte, name string) (from, to int) {
	for pos := 0; pos < len(list); {
		end := len(list)
		if i := bytes.IndexByte(list[pos:], ';'); i >= 0 {
			end = pos + i
		}
		spec := list[pos:end]
		if eq := bytes.IndexByte(spec, '='); eq >= 0 && string(trimFWS(spec[:eq])) == name {
			if from = pos + eq + 1; onlyFolds(list[from:end]) {
				return from, end
			}
			return 0, 0
		}
		pos = end + 1
	}
	return 0, 0
}

// Without is a list as a string, list[from:to] left out.
func Without(list []byte, from, to int) string {
	var s strings.Builder
	s.Grow(len(list) - (to - from))
	s.Write(list[:from])
	s.Write(list[to:])
	return s.String()
}

// onlyFolds reports whether each CR and LF of v is of a CRLF that white space follows.
func onlyFolds(v []byte) bool {
	crs := bytes.Count(v, crlf[:1])
	for {
		i := bytes.IndexByte(v, '\n')
		if i < 0 {
			return crs == 0
		}
		if i == 0 || v[i-1] != '\r' || i+1 == len(v) || !isWSP(v[i+1]) {
			return false
		}
		crs--
		v = v[i+1:]
	}
}

// parseTag reads the one tag-spec s[pos:end].
func parseTag(s string, pos, end int) (Tag, error) {
	eq := strings.IndexByte(s[pos:end], '=')
	if eq < 0 {
		if TrimFWS(s[pos:end]) == "" {
			return Tag{}, fmt.Errorf("%w: nothing between two semicolons at octet %d", ErrTagSyntax, pos)
		}
		return Tag{}, fmt.Errorf("%w: no \"=\" in the tag at octet %d", ErrTagSyntax, pos)
	}
	eq += pos
	if err := checkFWS(s[pos:eq], pos); err != nil {
		return Tag{}, err
	}
	name := TrimFWS(s[pos:eq])
	if !isTagName(name) {
		return Tag{}, fmt.Errorf("%w: bad tag name at octet %d", ErrTagSyntax, pos)
	}
	raw := s[eq+1 : end]
	if err := checkValue(raw, eq+1); err != nil {
		return Tag{}, err
	}
	return Tag{Name: name, Value: TrimFWS(raw), Start: eq + 1, End: end}, nil
}

// isTagName: ALPHA *(ALPHA / DIGIT / "_").
func isTagName(name string) bool {
	for i := 0; i < len(name); i++ {
		c := name[i] | 0x20
		alpha := 'a' <= c && c <= 'z'
		if !alpha && (i == 0 || (name[i] < '0' || name[i] > '9') && name[i] != '_') {
			return false
		}
	}
	return name != ""
}

// plain marks the octets of a value that need no second look: VALCHAR and WSP.
var plain = func() (t [256]bool) {
	for c := ' '; c < 0x7f; c++ {
		t[c] = true
	}
	t['\t'] = true
	return t
}()

// checkValue allows VALCHAR, UTF-8 and folding white space.
func checkValue(v string, at int) error {
	ascii := true
	for i := 0; i < len(v); i++ {
		for len(v)-i >= 32 {
			q := v[i : i+32]
			if (unprintable(word(q))|unprintable(word(q[8:]))|unprintable(word(q[16:]))|unprintable(word(q[24:])))&highs != 0 {
				break
			}
			i += 32
		}
		for len(v)-i >= 8 && unprintable(word(v[i:]))&highs == 0 {
			i += 8
		}
		if i == len(v) {
			break
		}
		c := v[i]
		switch {
		case plain[c]:
		case c >= 0x80:
			ascii = false
		case c == '\r' && isFold(v[i:]):
			i++
		default:
			return fmt.Errorf("%w: control character %#02x at octet %d", ErrTagSyntax, c, at+i)
		}
	}
	if !ascii && !utf8.ValidString(v) {
		return fmt.Errorf("%w: octets above 127 that are not UTF-8 in the value at octet %d", ErrTagSyntax, at)
	}
	return nil
}

// unprintable has no bit of highs where all eight octets are in 0x20 to 0x7e: none is
// so large, or so small, that adding one or taking 0x20 away sets its high bit.
func unprintable(w uint64) uint64 { return w | (w + ones) | (w - 0x20*ones) }

// checkFWS checks the line ends in what is otherwise a name or white space.
func checkFWS(v string, at int) error {
	for i := 0; i < len(v); i++ {
		if c := v[i]; c == '\n' || c == '\r' && !isFold(v[i:]) {
			return fmt.Errorf("%w: control character %#02x at octet %d", ErrTagSyntax, c, at+i)
		} else if c == '\r' {
			i++
		}
	}
	return nil
}

// isFold reports whether s starts with a CRLF that white space, or the end, follows:
// the end because a field value may be given with its own final CRLF.
func isFold(s string) bool {
	return len(s) >= 2 && s[1] == '\n' && (len(s) == 2 || s[2] == ' ' || s[2] == '\t')
}

// TrimFWS removes folding white space at both ends.
func TrimFWS(s string) string { return trimFWS(s) }

func trimFWS[S string | []byte](s S) S {
	for len(s) > 0 && isFWS(s[0]) {
		s = s[1:]
	}
	for len(s) > 0 && isFWS(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func isFWS(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// StripFWS removes all white space from a value in which it means nothing: the
// base64 of b=, bh= and p=, and around the colons of h= (RFC 6376 section 3.5).
func StripFWS(v string) string {
	for i := 0; i < len(v); i++ {
		if isFWS(v[i]) {
			return string(appendStripped(make([]byte, 0, len(v)), v))
		}
	}
	return v
}

// AppendBase64 appends what the base64 in v says; white space in it means nothing.
func AppendBase64[S string | []byte](dst []byte, v S) ([]byte, error) {
	var room [768]byte // holds that of a 4096-bit key
	return base64.StdEncoding.AppendDecode(dst, appendStripped(room[:0], v))
}

// appendStripped appends v without its white space.
func appendStripped[S string | []byte](dst []byte, v S) []byte {
	for len(v) > 0 {
		n := 0
		for n+8 <= len(v) && smalls(word(v[n:]))&highs == 0 {
			n += 8
		}
		for n < len(v) && v[n] > ' ' {
			n++
		}
		dst = append(dst, v[:n]...)
		if v = v[n:]; len(v) > 0 {
			if !isFWS(v[0]) {
				dst = append(dst, v[0])
			}
			v = v[1:]
		}
	}
	return dst
}

// word reads eight octets as one number.
func word[S string | []byte](v S) uint64 {
	_ = v[7]
	return uint64(v[0]) | uint64(v[1])<<8 | uint64(v[2])<<16 | uint64(v[3])<<24 |
		uint64(v[4])<<32 | uint64(v[5])<<40 | uint64(v[6])<<48 | uint64(v[7])<<56
}
