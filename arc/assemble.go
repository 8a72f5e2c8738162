package arc

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/todoku/todoku/authres"
	"github.com/todoku/todoku/message"
)

// The limits of sealing.
const (
	// maxResults bounds the ARC-Authentication-Results field: other servers refuse
	// or drop what is much longer.
	maxResultsField = 16 << 10
	maxResultParts  = 100
	// maxSealedFields bounds how many fields of one name are signed by default.
	maxSealedFields = 20
	maxLine         = 998 // RFC 5322 section 2.1.1
	foldAt          = 76
)

// results makes the ARC-Authentication-Results (RFC 8617 section 4.1.1): all
// results of the domain in one field, in the order of the message, one a line.
func (s *sealer) results() ([]byte, error) {
	parts, err := s.parts()
	if err != nil {
		return nil, err
	}
	if len(parts) > maxResultParts {
		return nil, fmt.Errorf("arc: %d authentication results are more than the %d that one field may hold", len(parts), maxResultParts)
	}
	if len(parts) == 0 {
		parts = []string{"none"}
	}
	id := strings.TrimSuffix(authres.Header{AuthServID: s.AuthServID}.String(), "; none")
	var b strings.Builder
	fmt.Fprintf(&b, "%s: i=%d; %s", resultsName, s.instance, id)
	for _, part := range parts {
		b.WriteString(";\r\n ")
		if err := writeFolded(&b, part); err != nil {
			return nil, err
		}
	}
	b.WriteString("\r\n")
	if b.Len() > maxResultsField {
		return nil, fmt.Errorf("arc: the authentication results have %d octets, more than the %d of one field", b.Len(), maxResultsField)
	}
	return []byte(b.String()), nil
}

// parts are the resinfos of this set.
func (s *sealer) parts() ([]string, error) {
	if s.Results != "" {
		parts, err := authres.Split([]byte("x;" + s.Results))
		if err != nil {
			return nil, fmt.Errorf("arc: the results given cannot be sealed: %w", err)
		}
		return parts[1:], nil
	}
	var parts []string
	for _, f := range s.m.Fields {
		if !f.Is("Authentication-Results") || len(parts) > maxResultParts {
			continue
		}
		// What cannot be read is nobody's result (RFC 8601 section 2.2).
		h, err := authres.Parse(f.Value())
		if err != nil || !strings.EqualFold(h.AuthServID, s.AuthServID) || len(h.Results) == 0 {
			continue
		}
		if all, err := authres.Split(f.Value()); err == nil && len(all) > 1 {
			parts = append(parts, all[1:]...)
		}
	}
	return parts, nil
}

// writeFolded writes text, folded at spaces to lines of about 76 octets.
func writeFolded(b *strings.Builder, text string) error {
	for first := true; text != ""; first = false {
		if !first {
			b.WriteString("\r\n ")
		}
		end := len(text)
		if end > foldAt {
			if i := strings.LastIndexByte(text[:foldAt], ' '); i > 0 {
				end = i
			} else if i := strings.IndexByte(text, ' '); i > 0 {
				end = i
			}
		}
		if end >= maxLine-2 {
			return errors.New("arc: an authentication result has a word too long for a line of mail")
		}
		b.WriteString(text[:end])
		text = strings.TrimLeft(text[end:], " ")
	}
	return nil
}

// defaultNames are the fields that a reader sees, a client acts on, or a later
// verifier needs, which RFC 6376 section 5.4.1 recommends.
var defaultNames = []string{
	"from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references",
	"mime-version", "content-type", "content-transfer-encoding", "content-disposition", "content-id",
	"resent-from", "resent-sender", "resent-to", "resent-cc", "resent-date", "resent-message-id",
	"list-id", "list-help", "list-unsubscribe", "list-unsubscribe-post", "list-subscribe", "list-post", "list-owner", "list-archive",
	"dkim-signature",
}

// signedNames gives h= of the AMS in lower case.
func (s *sealer) signedNames() ([]string, error) {
	if s.Headers == nil {
		return RecommendedHeaders(s.m.Fields), nil
	}
	if len(s.Headers) > maxSignedNames {
		return nil, fmt.Errorf("arc: %d header fields to sign are more than %d", len(s.Headers), maxSignedNames)
	}
	names := make([]string, 0, len(s.Headers))
	for _, name := range s.Headers {
		name = strings.ToLower(strings.TrimSpace(name))
		if err := maySign(name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	if !slices.Contains(names, "from") {
		return nil, errors.New("arc: From is not among the header fields to sign, as RFC 6376 section 5.4 demands")
	}
	return names, nil
}

// maySign: RFC 8617 section 4.1.2 says what an AMS must not sign.
func maySign(name string) error {
	switch name {
	case "authentication-results", "arc-seal", "arc-message-signature", "arc-authentication-results":
		return fmt.Errorf("arc: an %s must not sign %s (RFC 8617 section 4.1.2)", messageName, name)
	}
	for i := range len(name) {
		if name[i] <= ' ' || name[i] >= 0x7f || name[i] == ':' || name[i] == ';' {
			return fmt.Errorf("arc: %q is not the name of a header field", name)
		}
	}
	if name == "" || len(name) > foldAt {
		return fmt.Errorf("arc: %q is not the name of a header field", name)
	}
	return nil
}

// RecommendedHeaders is what [Seal] signs where [SealOptions.Headers] is nil, in lower case: each field of the recommended set that is among
// fields, as often as it is (at most 20 times), and From once more, so that a second one breaks the signature.
func RecommendedHeaders(fields []message.Field) []string {
	names := make([]string, 0, 24)
	for _, name := range defaultNames {
		n := 0
		for i := range fields {
			if fields[i].Is(name) {
				n++
			}
		}
		n = min(n, maxSealedFields)
		if name == "from" {
			n++
		}
		for range n {
			names = append(names, name)
		}
	}
	return names
}

// tagField builds a field of tags; the value of b= can be put in later.
type tagField struct {
	head, tail strings.Builder
	inTail     bool // b= has been written
	tags       int
	column     int
}

func newTagField(name string) *tagField {
	f := &tagField{}
	f.head.WriteString(name + ":")
	f.column = len(name) + 1
	return f
}

func (f *tagField) at() *strings.Builder {
	if f.inTail {
		return &f.tail
	}
	return &f.head
}

// tag writes name=value behind a space, where the line is full behind a fold.
func (f *tagField) tag(name, value string) {
	b := f.at()
	if f.tags > 0 {
		b.WriteByte(';')
		f.column++
	}
	f.tags++
	if f.column+len(name)+len(value)+3 > foldAt {
		b.WriteString("\r\n")
		f.column = 0
	}
	b.WriteString(" " + name + "=" + value)
	f.column += len(name) + len(value) + 2
}

// signature writes b= on a line of its own, empty for now.
func (f *tagField) signature() {
	f.head.WriteString(";\r\n b=")
	f.inTail = true
	f.tags++
	f.column = foldAt
}

// list writes a colon-separated list, folded only where a line of mail requires it.
func (f *tagField) list(name string, items []string) {
	const room = maxLine - 100
	var b strings.Builder
	line := 0
	for i, item := range items {
		if i > 0 {
			b.WriteByte(':')
			line++
		}
		if line+len(item) > room {
			b.WriteString("\r\n ")
			line = 0
		}
		b.WriteString(item)
		line += len(item)
	}
	f.tag(name, b.String())
	if strings.Contains(b.String(), "\r\n") {
		f.column = foldAt
	}
}

// bytes gives the field with this b=, in one piece: white space in it would be
// signed by the seal. Only a key of more than 5,000 bits needs a second line.
func (f *tagField) bytes(b string) []byte {
	const room = maxLine - 10
	out := make([]byte, 0, f.head.Len()+len(b)+f.tail.Len()+8)
	out = append(out, f.head.String()...)
	for len(b) > room {
		out = append(out, b[:room]...)
		out = append(out, "\r\n "...)
		b = b[room:]
	}
	out = append(out, b...)
	out = append(out, f.tail.String()...)
	return append(out, '\r', '\n')
}
