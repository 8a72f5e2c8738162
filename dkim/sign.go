package dkim

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// SignOptions says how to sign. l= is never written: it lets anybody append to the
// message (RFC 6376 section 8.2).
type SignOptions struct {
	Domain, Selector string
	Identity         string        // i=, optional
	Key              crypto.Signer // *rsa.PrivateKey or ed25519.PrivateKey, or anything with such a public key
	Header, Body     wire.Canonicalization
	// Headers to sign, in order; nil means the recommended set that is present,
	// with From, To, Subject, Date ... oversigned (see RecommendedHeaders). A name
	// listed more often than it occurs is oversigned (RFC 6376 section 5.4.2). A name
	// whose fields are longer than mail servers carry whole is left out.
	Headers []string
	// Timestamp of t=; zero omits it. Expires of x=; zero omits it.
	Timestamp, Expires time.Time
}

// MaxSignedHeader is the longest header that Sign reads, in octets.
const MaxSignedHeader = 1 << 20

// Errors of signing that a caller may want to tell apart.
var (
	// ErrNoFrom: a message without From cannot be signed (RFC 6376 section 5.4).
	ErrNoFrom = errors.New("dkim: the message has no From field to sign")
	// ErrHeaderTooLong: the header is longer than MaxSignedHeader, has more fields than
	// message.MaxFields, or its From field is longer than mail servers carry whole.
	ErrHeaderTooLong = errors.New("dkim: the header is too long to sign")
	// ErrLeadingSpace: the message begins with white space. Behind a new field it would
	// become the end of that field's value (RFC 5322 section 2.2.3).
	ErrLeadingSpace = errors.New("dkim: the message begins with white space, which would become part of the field put before it")
)

// Sign reads a message once and returns the DKIM-Signature field, folded, with
// its final CRLF, to be put before the message. Memory does not grow with the body.
// Octets are signed as they are: bare LF or CR ends no line.
func Sign(r io.Reader, o SignOptions) ([]byte, error) {
	head, rest, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	m := message.Parse(head)
	if m.HeaderTruncated() {
		return nil, fmt.Errorf("%w: more than %d fields", ErrHeaderTooLong, message.MaxFields)
	}
	bodies := wire.NewBodies()
	s, err := NewSigner(m.Fields, bodies, o)
	if err != nil {
		return nil, err
	}
	if _, err := bodies.Write(m.Body); err != nil {
		return nil, err
	}
	if rest {
		if _, err := io.Copy(bodies, r); err != nil {
			return nil, fmt.Errorf("dkim: read the body: %w", err)
		}
	}
	return s.Finish()
}

// firstRead is how much is read at first: most headers and many whole messages.
const firstRead = 16 << 10

// readHeader reads until the empty line that ends the header has come, and
// perhaps more; rest says that the reader may have more still.
func readHeader(r io.Reader) (head []byte, rest bool, err error) {
	head = make([]byte, 0, firstRead)
	for seen := 0; ; {
		if len(head) == cap(head) {
			head = slices.Grow(head, len(head))
		}
		n, err := r.Read(head[len(head):cap(head)])
		head = head[:len(head)+n]
		if bytes.HasPrefix(head, []byte("\r\n")) || bytes.Contains(head[seen:], []byte("\r\n\r\n")) {
			return head, err == nil, notEOF(err)
		}
		if err != nil {
			return head, false, notEOF(err)
		}
		if len(head) > MaxSignedHeader {
			return nil, false, fmt.Errorf("%w: no end after %d octets", ErrHeaderTooLong, len(head))
		}
		seen = max(0, len(head)-3)
	}
}

func notEOF(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return nil
	}
	return fmt.Errorf("dkim: read the message: %w", err)
}

// Signer is Sign in two halves, for a header that is already in fields and a body
// that is shared or streamed: NewSigner registers the body hash it wants; when the body
// has been written to bodies, Finish gives the DKIM-Signature field.
type Signer struct {
	fields    []message.Field
	bodies    *wire.Bodies
	o         SignOptions
	algorithm string
	names     []string
}

// NewSigner checks the options and registers the body hash.
func NewSigner(fields []message.Field, bodies *wire.Bodies, o SignOptions) (*Signer, error) {
	s := &Signer{fields: fields, bodies: bodies, o: o}
	if err := s.checkOptions(); err != nil {
		return nil, err
	}
	if len(fields) > 0 && bytes.IndexAny(fields[0].Raw, " \t") == 0 {
		return nil, ErrLeadingSpace
	}
	if err := s.chooseHeaders(); err != nil {
		return nil, err
	}
	if !bodies.Want(o.Body, -1) {
		return nil, errors.New("dkim: too many different hashes of one body are wanted")
	}
	return s, nil
}

func (s *Signer) checkOptions() error {
	o := &s.o
	if o.Key == nil {
		return errors.New("dkim: no key to sign with")
	}
	pub := o.Key.Public()
	if err := checkPublic(pub); err != nil {
		return err
	}
	switch pub.(type) {
	case *rsa.PublicKey:
		s.algorithm = algorithmRSA
	case ed25519.PublicKey:
		s.algorithm = algorithmEd25519
	}
	domain, _ := domainName(o.Domain, 2)
	if domain == "" {
		return fmt.Errorf("dkim: %s is not a domain that can sign", quote(o.Domain))
	}
	_, selector := domainName(o.Selector, 1)
	if selector == "" || len(keyName(selector, domain)) > maxName {
		return fmt.Errorf("dkim: %s is not a selector for %s", quote(o.Selector), domain)
	}
	o.Domain, o.Selector = domain, selector
	if !o.Expires.IsZero() && !o.Timestamp.IsZero() && o.Expires.Unix() <= o.Timestamp.Unix() {
		return errors.New("dkim: the signature would expire before it is made (RFC 6376 section 3.5)")
	}
	return s.checkIdentity()
}

func (s *Signer) checkIdentity() error {
	o := &s.o
	if o.Identity == "" {
		return nil
	}
	at := strings.LastIndexByte(o.Identity, '@')
	if at < 0 {
		return fmt.Errorf("dkim: the identity %s has no @", quote(o.Identity))
	}
	domain, _ := domainName(o.Identity[at+1:], 2)
	if domain == "" || !within(domain, o.Domain) {
		return fmt.Errorf("dkim: the identity %s is not within the signing domain %s (RFC 6376 section 3.5)", quote(o.Identity), o.Domain)
	}
	o.Identity = encodeQP(o.Identity[:at]) + "@" + domain
	return nil
}

// chooseHeaders makes h= (RFC 6376 section 5.4).
func (s *Signer) chooseHeaders() error {
	n, fits := count(s.fields, fromField)
	switch {
	case !fits:
		return fmt.Errorf("%w: its From field has more than %d octets, which mail servers cut", ErrHeaderTooLong, maxSignedField)
	case n == 0:
		return ErrNoFrom
	case s.o.Headers == nil:
		s.names = RecommendedHeaders(s.fields)
		return nil
	}
	signsFrom := false
	for _, name := range s.o.Headers {
		name = strings.TrimSpace(name)
		if !isFieldName(name) {
			return fmt.Errorf("dkim: %s in the list of fields to sign is no field name", quote(name))
		}
		if _, fits := count(s.fields, name); fits {
			s.names = append(s.names, name)
		}
		signsFrom = signsFrom || equalFold(name, fromField)
	}
	if !signsFrom {
		return errors.New("dkim: the fields to sign must include From (RFC 6376 section 5.4)")
	}
	if len(s.names) > maxHeaderNames {
		return fmt.Errorf("dkim: more than %d fields to sign", maxHeaderNames)
	}
	return nil
}

// Finish signs.
func (s *Signer) Finish() ([]byte, error) {
	body, _, ok := s.bodies.Sum(s.o.Body, -1)
	if !ok {
		return nil, errors.New("dkim: the body was not hashed")
	}
	f := s.unsigned(body[:])
	x := newIndex(s.fields)
	x.Begin(-1)
	buf := wire.NewScratch()
	signed, _ := x.AppendSigned(buf.B, s.o.Header, s.names)
	buf.B = wire.AppendUnsigned(signed, s.o.Header, f.b, len(f.b), len(f.b))
	hash := sha256.Sum256(buf.B)
	buf.Release()
	opts := crypto.SHA256
	if s.algorithm == algorithmEd25519 {
		opts = 0 // RFC 8463 section 3: the hash is the message that PureEdDSA signs
	}
	signature, err := s.o.Key.Sign(rand.Reader, hash[:], opts)
	if err != nil {
		return nil, fmt.Errorf("dkim: sign: %w", err)
	}
	f.data(base64.StdEncoding.EncodeToString(signature))
	return append(f.b, "\r\n"...), nil
}

// unsigned writes the field up to and including "b=".
func (s *Signer) unsigned(bodyHash []byte) *folder {
	o := &s.o
	f := &folder{b: make([]byte, 0, 2048)}
	f.word(signatureField+":", true)
	f.word("v=1;", false)
	f.join("a=", s.algorithm, ";", false)
	f.word("c="+o.Header.String()+"/"+o.Body.String()+";", false)
	f.join("d=", o.Domain, ";", false)
	f.join("s=", o.Selector, ";", false)
	if o.Identity != "" {
		f.word("i="+o.Identity+";", false)
	}
	if !o.Timestamp.IsZero() {
		f.word("t="+strconv.FormatInt(max(o.Timestamp.Unix(), 0), 10)+";", false)
	}
	if !o.Expires.IsZero() {
		f.word("x="+strconv.FormatInt(max(o.Expires.Unix(), 0), 10)+";", false)
	}
	f.list("h", s.names)
	f.join("bh=", base64.StdEncoding.EncodeToString(bodyHash), ";", false)
	f.word("b=", false)
	return f
}

// encodeQP writes a local-part as dkim-quoted-printable (RFC 6376 section 2.11).
func encodeQP(v string) string {
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		if c := v[i]; c > ' ' && c < 0x7f && c != ';' && c != '=' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "=%02X", c)
		}
	}
	return b.String()
}
