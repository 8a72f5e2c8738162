package arc

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// signature is a parsed ARC-Seal or ARC-Message-Signature.
type signature struct {
	name string // of the field
	raw  []byte
	// start and end of the b= value in raw.
	start, end int

	instance         int
	algorithm        string
	domain, selector string
	value            []byte // b=
	cv               string // ARC-Seal
	// ARC-Message-Signature:
	header, body wire.Canonicalization
	headers      []string // h=, what is no field name left out
	signsFrom    bool
	bodyHash     []byte
	hash         [32]byte // room for bodyHash
	length       int64    // l=, -1 where absent
	timestamp    int64    // t=, -1 where absent
	expires      int64    // x=, -1 where absent

	// problem and reason say why this signature can never verify, "" when it may.
	problem, reason string
}

func (s *signature) invalid(problem, format string, args ...any) {
	if s.problem == "" {
		s.problem = problem
		s.reason = fmt.Sprintf("the "+s.name+" "+format, args...)
	}
}

// read reads either kind. Without an instance (0) the field belongs to no set;
// otherwise what is wrong with it is noted in problem and reason.
//
// Half of a field is the base64 of b=, of which nobody needs a copy: the tags are
// read without it. When anything is wrong they are read once more, with it.
func (s *signature) read(name string, f message.Field) {
	value := f.Value()
	if from, to := wire.CutTag(value, "b"); from < to && len(value) <= wire.MaxTagListLen {
		s.begin(name, f.Raw)
		if s.parse(wire.Without(value, from, to), value[from:to]); s.problem == "" {
			return
		}
	}
	s.begin(name, f.Raw)
	s.parse(string(value), nil)
}

// begin forgets what was read and sets the defaults.
func (s *signature) begin(name string, raw []byte) {
	s.forget()
	s.name, s.raw, s.length, s.timestamp, s.expires = name, raw, -1, -1, -1
	// RFC 8617 takes the default of c= from DKIM, where it is simple/simple; the
	// sealers that leave it out, and the public test suite, mean relaxed/relaxed.
	s.header, s.body = wire.Relaxed, wire.Relaxed
}

// forget keeps nothing but memory, and of that not much.
func (s *signature) forget() {
	value, names := s.value, s.headers
	*s = signature{}
	if cap(value) <= maxKeyBits/8 {
		s.value = value[:0]
	}
	if cap(names) <= 64 {
		clear(names)
		s.headers = names[:0]
	}
}

// parse reads the tags of a value. cut is the value of b= where it was left out.
func (s *signature) parse(value string, cut []byte) {
	offset := bytes.IndexByte(s.raw, ':') + 1
	var room [16]wire.Tag
	tags, err := wire.AppendTags(room[:0], value)
	if err != nil {
		s.invalid("structure", "cannot be read: %v", err)
		return
	}
	for i := range tags {
		t := &tags[i]
		switch t.Name {
		case "i":
			s.instance = parseInstance(t.Value)
		case "b":
			s.start, s.end = offset+t.Start, offset+t.End+len(cut)
			if cut != nil {
				s.value = decode(s, "b", cut, s.value)
			} else {
				s.value = decode(s, "b", t.Value, s.value)
			}
		default:
			s.tag(t)
		}
	}
	if s.instance == 0 {
		s.problem = ""
		s.invalid("structure", "has no instance number of 1 to %d in i=", MaxSets)
		return
	}
	s.require(tags)
}

// The tags that must be there (RFC 8617 section 4.1).
var (
	sealTags    = []string{"a", "b", "cv", "d", "s"}
	messageTags = []string{"a", "b", "bh", "d", "h", "s"}
)

func (s *signature) require(tags []wire.Tag) {
	has := func(name string) bool {
		for i := range tags {
			if tags[i].Name == name {
				return true
			}
		}
		return false
	}
	required := messageTags
	if s.name == sealName {
		required = sealTags
		if has("h") {
			s.invalid("structure", "i=%d has an h= tag, which RFC 8617 section 4.1.3 forbids", s.instance)
		}
	}
	for _, name := range required {
		if !has(name) {
			s.invalid("structure", "i=%d has no %s= tag", s.instance, name)
		}
	}
}

// tag reads one tag that both kinds share, or passes it on.
func (s *signature) tag(t *wire.Tag) {
	switch t.Name {
	case "a":
		s.algorithm = strings.ToLower(t.Value)
		s.checkAlgorithm()
	case "d":
		s.domain = s.dnsName(t, 2)
	case "s":
		s.selector = s.dnsName(t, 1)
	case "t":
		s.timestamp = s.number(t)
	default:
		if s.name == messageName {
			s.messageTag(t)
		} else if t.Name == "cv" {
			s.cv = clip(strings.ToLower(t.Value))
		}
	}
}

// messageTag reads a tag that only the ARC-Message-Signature has.
func (s *signature) messageTag(t *wire.Tag) {
	switch t.Name {
	case "bh":
		if s.bodyHash = decode(s, "bh", t.Value, s.hash[:0]); s.problem == "" && len(s.bodyHash) != 32 {
			s.invalid("structure", "has a bh= of %d octets; SHA-256 has 32", len(s.bodyHash))
		}
	case "c":
		s.canonicalization(t.Value)
	case "h":
		s.readHeaders(t.Value)
	case "l":
		s.length = s.number(t)
	case "x":
		s.expires = s.number(t)
	case "q":
		if !strings.Contains(strings.ToLower(t.Value), "dns/txt") {
			s.invalid("structure", "names no known way to fetch its key (q=)")
		}
	}
}

// checkAlgorithm: RFC 8301 section 3.1 forbids SHA-1.
func (s *signature) checkAlgorithm() {
	switch s.algorithm {
	case "rsa-sha256", "ed25519-sha256":
	case "rsa-sha1":
		s.invalid("sha1", "uses rsa-sha1, which is not secure (RFC 8301 section 3.1)")
	default:
		s.invalid("structure", "uses an unknown algorithm %q", clip(s.algorithm))
	}
}

// readHeaders reads h=. That an AMS signs no seal is a MUST of RFC 8617 section 4.1.2.
// It forbids the other two ARC fields also, but there sealers sin harmlessly. That it
// signs From is one of RFC 6376 section 5.4; an h= that is empty verifies nevertheless in
// the public test suite, and [Set.FromUnsigned] says so.
func (s *signature) readHeaders(v string) {
	n := 1 + strings.Count(v, ":")
	if n > maxSignedNames {
		s.invalid("structure", "signs more than %d header fields", maxSignedNames)
		return
	}
	s.headers = slices.Grow(s.headers, n)
	for rest, more := v, true; more; {
		var name string
		name, rest, more = strings.Cut(rest, ":")
		name = wire.TrimFWS(name)
		if isFieldName(name) { // nothing else names a field
			s.headers = append(s.headers, name)
		}
		if strings.EqualFold(name, sealName) {
			s.invalid("structure", "signs an ARC-Seal, which RFC 8617 section 4.1.2 forbids")
		}
		s.signsFrom = s.signsFrom || strings.EqualFold(name, "from")
	}
	if !s.signsFrom && wire.TrimFWS(v) != "" {
		s.invalid("structure", "does not sign From (h=), as RFC 6376 section 5.4 demands: the author could be another")
	}
}

// isFieldName: the ftext of RFC 5322 section 3.6.8.
func isFieldName(v string) bool {
	for i := range len(v) {
		if c := v[i]; c <= ' ' || c >= 0x7f || c == ':' {
			return false
		}
	}
	return v != ""
}

// canonicalization reads c=; a missing second half means simple (RFC 6376 section 3.5).
func (s *signature) canonicalization(v string) {
	header, body, _ := strings.Cut(v, "/")
	var ok1, ok2 bool
	s.header, ok1 = canonical(header)
	s.body, ok2 = canonical(body)
	if !ok2 && !strings.Contains(v, "/") {
		ok2 = true
	}
	if !ok1 || !ok2 {
		s.invalid("structure", "names an unknown canonicalization %q", clip(v))
	}
}

func canonical(word string) (wire.Canonicalization, bool) {
	switch strings.ToLower(word) {
	case "simple":
		return wire.Simple, true
	case "relaxed":
		return wire.Relaxed, true
	}
	return wire.Simple, false
}

// decode decodes the base64 of a tag, into room if there is enough.
func decode[S string | []byte](s *signature, name string, value S, room []byte) []byte {
	out, err := wire.AppendBase64(room, value)
	if err != nil || len(out) == 0 {
		s.invalid("structure", "has a %s= that is not base64", name)
		return nil
	}
	return out
}

// number reads t=, x= and l=: at most 12 digits for a time (RFC 6376 section
// 3.5), and no body has more octets than that either.
func (s *signature) number(t *wire.Tag) int64 {
	n, err := strconv.ParseUint(t.Value, 10, 63)
	if err != nil || len(t.Value) > 12 {
		s.invalid("structure", "has a %s= that is not a number of at most 12 digits", t.Name)
		return -1
	}
	return int64(n)
}

// dnsName reads d= or s=, U-labels turned into A-labels (RFC 8617 section 4.1.4).
func (s *signature) dnsName(t *wire.Tag, minLabels int) string {
	name, ok := dnsName(t.Value, minLabels)
	if !ok {
		s.invalid("structure", "has a %s= that is no domain name: %q", t.Name, clip(t.Value))
		return ""
	}
	return name
}

func dnsName(v string, minLabels int) (string, bool) {
	name, ok := wire.ALabels(v)
	if !ok || len(name) > 253 {
		return "", false
	}
	name = strings.ToLower(name)
	labels := 0
	for label := range strings.SplitSeq(name, ".") {
		labels++
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, notHostname) {
			return "", false
		}
	}
	return name, labels >= minLabels
}

func notHostname(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// expired reports x= in the past or not after t= (RFC 6376 section 3.5).
func (s *signature) expired(now time.Time) bool {
	if s.expires < 0 {
		return false
	}
	return s.timestamp >= s.expires || !now.IsZero() && now.Unix() > s.expires
}

// parseInstance reads the position of RFC 8617 section 3.9: one or two digits,
// 1 to 50. Anything else gives 0.
func parseInstance(v string) int {
	if len(v) < 1 || len(v) > 2 {
		return 0
	}
	n := 0
	for i := range len(v) {
		if v[i] < '0' || v[i] > '9' {
			return 0
		}
		n = n*10 + int(v[i]-'0')
	}
	if n > MaxSets {
		return 0
	}
	return n
}

// clip shortens text from a message for a Reason.
func clip(s string) string { return strings.ToValidUTF8(s[:min(len(s), 60)], "") }
