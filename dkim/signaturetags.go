package dkim

import (
	"crypto/sha256"
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/wire"
)

// The bits of parsed.seen, in the order of requiredTags.
const (
	seenV = 1 << iota
	seenA
	seenD
	seenS
	seenH
	seenBH
	seenB
)

// tag reads one tag. Unknown ones are ignored (RFC 6376 section 6.1.1).
func (p *parsed) tag(t *wire.Tag) {
	s := &p.sig.Signature
	switch t.Name {
	case "v":
		p.seen |= seenV
		if s.Version = t.Value; t.Value != "1" {
			p.fail(ErrSyntax, "the signature version is v=%s, not v=1", quote(t.Value))
		}
	case "a":
		p.seen |= seenA
		p.algorithm(t.Value)
	case "d":
		p.seen |= seenD
		if s.Domain, _ = domainName(t.Value, 2); s.Domain == "" {
			p.fail(ErrSyntax, "the signing domain d=%s is not a domain name", quote(t.Value))
		}
	case "s":
		p.seen |= seenS
		if _, s.Selector = domainName(t.Value, 1); s.Selector == "" {
			p.fail(ErrSyntax, "the selector s=%s is not a domain name", quote(t.Value))
		}
	case "c":
		p.canonicalization(t.Value)
	case "h":
		p.seen |= seenH
		p.headers(t.Value)
	case "bh":
		p.seen |= seenBH
		s.BodyHash = p.base64(t, sha256.Size, p.sig.bodyHash[:0])
	case "b":
		p.seen |= seenB
		p.signature(t)
	case "i":
		p.identity = t.Value
		if p.identity == "" {
			p.fail(ErrSyntax, "the tag i= is empty")
		}
	case "l":
		s.Length = p.number(t, maxNumberDigits)
	case "t":
		s.Timestamp = p.time(t)
	case "x":
		s.Expires = p.time(t)
	case "q":
		p.queryMethods(t.Value)
	case "z":
		s.CopiedHeaders = t.Value
	}
}

func (p *parsed) algorithm(v string) {
	switch v = lower(v); v {
	case algorithmRSA, algorithmEd25519, algorithmRSASHA1:
		p.sig.Algorithm = v
		return
	}
	key, hash, ok := strings.Cut(v, "-")
	if !ok || !isWord(key) || !isWord(hash) {
		p.fail(ErrSyntax, "the algorithm a=%s is malformed", quote(v))
		return
	}
	p.sig.Algorithm = v
	p.fail(ErrUnknownAlgorithm, "the algorithm a=%s is not known: rsa-sha256 and ed25519-sha256 are", quote(v))
}

func (p *parsed) canonicalization(v string) {
	header, body, both := strings.Cut(v, "/")
	var ok bool
	if p.sig.Header, ok = canonicalizationOf(header); ok && both {
		p.sig.Body, ok = canonicalizationOf(body)
	}
	if !ok {
		p.fail(ErrSyntax, "the canonicalization c=%s is not known", quote(v))
	}
}

func canonicalizationOf(v string) (wire.Canonicalization, bool) {
	switch lower(v) {
	case "simple":
		return wire.Simple, true
	case "relaxed":
		return wire.Relaxed, true
	}
	return wire.Simple, false
}

// headers reads h=: names of fields, separated by colons, white space around them.
func (p *parsed) headers(v string) {
	n := 1 + strings.Count(v, ":")
	if n > maxHeaderNames {
		p.fail(ErrSyntax, "h= lists %d fields, more than %d", n, maxHeaderNames)
		return
	}
	names := make([]string, 0, n)
	signsFrom := false
	for rest, more := v, true; more; {
		var name string
		name, rest, more = strings.Cut(rest, ":")
		name = wire.TrimFWS(name)
		if !isFieldName(name) {
			p.fail(ErrSyntax, "h= lists %s, which is no field name", quote(name))
			return
		}
		signsFrom = signsFrom || equalFold(name, fromField)
		names = append(names, name)
	}
	p.sig.Headers = names
	if !signsFrom {
		p.fail(ErrUnsignedFrom, "h= does not list From: the signature says nothing of the author (RFC 6376 section 6.1.1)")
	}
}

// base64 decodes a value in which white space means nothing, into room if there is enough.
func (p *parsed) base64(t *wire.Tag, most int, room []byte) []byte {
	if tooLong := func(n int) bool { return base64.StdEncoding.DecodedLen(n)-2 > most }; tooLong(len(t.Value)) {
		if n := len(wire.StripFWS(t.Value)); tooLong(n) {
			p.fail(ErrSyntax, "%s= is too long: %d octets of base64", t.Name, n)
			return nil
		}
	}
	out, err := wire.AppendBase64(room, t.Value)
	if err != nil || len(out) == 0 {
		p.fail(ErrSyntax, "%s= is not base64", t.Name)
		return nil
	}
	return out
}

// signature reads b=.
func (p *parsed) signature(t *wire.Tag) {
	p.bFrom, p.bEnd = t.Start, t.End
	if p.cut == nil {
		p.sig.Value = p.base64(t, maxSignatureOctets, nil)
		return
	}
	p.bEnd += len(p.cut)
	value, err := wire.AppendBase64(nil, p.cut)
	if err != nil || len(value) == 0 || len(value) > maxSignatureOctets {
		p.fail(ErrSyntax, "b= cannot be read alone")
	}
	p.sig.Value = value
}

func (p *parsed) number(t *wire.Tag, digits int) int64 {
	if !isNumber(t.Value) {
		p.fail(ErrSyntax, "%s=%s is not a number", t.Name, quote(t.Value))
		return -1
	}
	if len(t.Value) > digits {
		p.fail(ErrSyntax, "%s= has %d digits, more than %d", t.Name, len(t.Value), digits)
		return math.MaxInt64
	}
	n, err := strconv.ParseInt(t.Value, 10, 64)
	if err != nil {
		p.fail(ErrSyntax, "%s=%s is not a number", t.Name, quote(t.Value))
	}
	return n
}

func (p *parsed) time(t *wire.Tag) time.Time {
	n := p.number(t, maxTimeDigits)
	if n < 0 || n == math.MaxInt64 {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

// queryMethods: what is not known is ignored, but something known must be there.
func (p *parsed) queryMethods(v string) {
	known := false
	for m := range strings.SplitSeq(v, ":") {
		if len(p.sig.QueryMethods) == maxListed {
			p.fail(ErrSyntax, "q= lists more than %d methods", maxListed)
			return
		}
		m = strings.Trim(m, " \t\r\n")
		known = known || equalFold(m, dnsTXT)
		p.sig.QueryMethods = append(p.sig.QueryMethods, m)
	}
	if !known {
		p.fail(ErrSyntax, "q=%s does not list dns/txt, the only way there is to fetch a key", quote(v))
	}
}
