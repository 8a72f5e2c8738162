package dkim

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"io"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// propertyMessages are what signatures must survive.
func propertyMessages() map[string]string {
	const head = "From: Hanako <hanako@example.com>\r\nTo: taro@example.net\r\n"
	return map[string]string{
		"plain":        simpleMessage,
		"folded":       "Subject:\r\n a\r\n\tb  \r\n c\r\n" + head + "\r\nx\r\n",
		"8-bit":        head + "Subject: \xe5\xb1\x8a\xe3\x81\x8f \xff\r\n\r\n\xe6\x9c\xac\xe6\x96\x87\xff \r\n",
		"empty body":   head + "\r\n",
		"no body":      head,
		"empty lines":  head + "\r\n\r\n\r\n \r\n\r\n",
		"no final end": head + "\r\nend",
		"odd colons":   "FROM \t: a@example.com\r\nSubject:x\r\nsubject : y\r\nX-Empty:\r\n\r\nx\r\n",
		"white space":  head + "\r\n  indented\ttab  \r\nlast \t\r\n\r\n",
		"bare":         head + "X: a\nb\rc\r\n\r\na\nb\rc\r\r\n",
		"1 MB":         head + "\r\n" + strings.Repeat("The  quick brown fox\tjumps over the lazy dog. \r\n", 22_000),
	}
}

// TestSignThenVerify: what is signed verifies, in every canonicalization and
// algorithm; and no longer when an octet that matters is changed.
func TestSignThenVerify(t *testing.T) {
	zone := testZone()
	for name, raw := range propertyMessages() {
		for _, selector := range []string{"rsa", "ed25519"} {
			for c := range 4 {
				o := SignOptions{
					Selector: selector, Header: Canonicalization(c & 1), Body: Canonicalization(c >> 1),
					Identity: "news;=x@sub.example.com", Timestamp: time.Unix(1_700_000_000, 0), Expires: time.Unix(1_800_000_000, 0),
				}
				signed := sign(t, raw, o)
				v := expect(t, zone, signed, Options{Now: time.Unix(1_700_000_001, 0)}, Pass, "")
				s := v.Signature
				if s.Header != o.Header || s.Body != o.Body || s.Identity != o.Identity || !s.Timestamp.Equal(o.Timestamp) || !s.Expires.Equal(o.Expires) || s.Length != -1 {
					t.Errorf("%s: read back as %+v", name, s)
				}
				checkFolding(t, signed[:len(signed)-len(raw)])
				expect(t, zone, strings.Replace(signed, "example", "exbmple", -1), Options{}, PermError, ProblemKeyMissing)
				broken := strings.Replace(signed, "From: H", "From: J", 1)
				if broken != signed {
					expect(t, zone, broken, Options{}, Fail, ProblemSignatureMismatch)
				}
				if name != "no body" {
					expect(t, zone, signed+"x", Options{}, Fail, ProblemBodyHashMismatch)
				}
			}
		}
	}
}

func checkFolding(t *testing.T, field string) {
	t.Helper()
	if !strings.HasPrefix(field, "DKIM-Signature: v=1;") || !strings.HasSuffix(field, "\r\n") {
		t.Errorf("not a field: %q", field)
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(field, "\r\n"), "\r\n") {
		if len(line) > maxLine || strings.TrimSpace(line) == "" || strings.HasSuffix(line, " ") {
			t.Errorf("line of %d octets: %q", len(line), line)
		}
	}
}

// TestRelaxedSurvives: the changes that relaxed forgives (RFC 6376 sections 3.4.2 and 3.4.4) and simple does not.
func TestRelaxedSurvives(t *testing.T) {
	change := strings.NewReplacer("Subject: hello", "SUBJECT :\r\n  hello ", "Body.\r\n", "Body. \t\r\n\r\n")
	expect(t, testZone(), change.Replace(sign(t, simpleMessage, SignOptions{Header: Relaxed, Body: Relaxed})), Options{}, Pass, "")
	expect(t, testZone(), change.Replace(sign(t, simpleMessage, SignOptions{Body: Relaxed})), Options{}, Fail, ProblemSignatureMismatch)
	expect(t, testZone(), change.Replace(sign(t, simpleMessage, SignOptions{Header: Relaxed})), Options{}, Fail, ProblemBodyHashMismatch)
	// The signature's own field may be refolded too.
	signed := sign(t, simpleMessage, SignOptions{Header: Relaxed})
	expect(t, testZone(), strings.Replace(signed, "DKIM-Signature: v=1; ", "dkim-signature:\r\n\tv=1;  ", 1), Options{}, Pass, "")
}

func TestRecommendedHeaders(t *testing.T) {
	raw := "Return-Path: <a@example.com>\r\nReceived: x\r\nAuthentication-Results: x\r\nARC-Seal: x\r\nDKIM-Signature: x\r\nBcc: secret@example.com\r\n" +
		"From: a@example.com\r\nto: b@example.net\r\nSubject: x\r\nResent-From: c@example.com\r\nResent-From: d@example.com\r\n" +
		"List-Unsubscribe: <https://example.com/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nX-Other: x\r\n\r\n"
	want := []string{
		"From", "From", "Reply-To", "To", "To", "Cc", "Subject", "Subject", "In-Reply-To", "References",
		"MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Resent-From", "Resent-From",
		"List-Unsubscribe", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Unsubscribe-Post",
	}
	if d := cmp.Diff(want, RecommendedHeaders(message.Parse([]byte(raw)).Fields)); d != "" {
		t.Error(d)
	}
	got := expect(t, testZone(), sign(t, "From: a@example.com\r\n\r\n", SignOptions{}), Options{}, Pass, "").Signature.Headers
	if !slices.Contains(got, "From") || slices.Contains(got, "Message-ID") {
		t.Errorf("h=%q", got)
	}
}

func TestSignHeaderList(t *testing.T) {
	o := SignOptions{Headers: []string{"from", " Subject ", "X-None", "subject"}}
	v := expect(t, testZone(), sign(t, simpleMessage, o), Options{}, Pass, "")
	if d := cmp.Diff([]string{"from", "Subject", "X-None", "subject"}, v.Signature.Headers); d != "" {
		t.Error(d)
	}
	many := SignOptions{Headers: append(slices.Repeat([]string{"X-A-Rather-Long-Name"}, 300), "From")}
	signed := sign(t, simpleMessage, many)
	checkFolding(t, strings.TrimSuffix(signed, simpleMessage))
	expect(t, testZone(), signed, Options{}, Pass, "")
}

// TestSignDKIMSignature: earlier signatures may be signed; a signature never finds itself (RFC 6376 section 3.5).
func TestSignDKIMSignature(t *testing.T) {
	once := sign(t, simpleMessage, SignOptions{Selector: "ed25519"})
	twice := sign(t, once, SignOptions{Headers: []string{"From", "DKIM-Signature", "DKIM-Signature"}})
	for _, v := range verify(t, testZone(), twice, Options{}) {
		if v.Result != Pass {
			t.Errorf("field %d: %s", v.FieldIndex, v.Reason)
		}
	}
	removed := twice[:len(twice)-len(once)] + simpleMessage
	expect(t, testZone(), removed, Options{}, Fail, ProblemSignatureMismatch)
}

func TestSignErrors(t *testing.T) {
	good := SignOptions{Domain: "example.com", Selector: "rsa", Key: testKeys["rsa"]}
	for name, change := range map[string]func(*SignOptions){
		"no key":         func(o *SignOptions) { o.Key = nil },
		"small key":      func(o *SignOptions) { o.Key = &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: big.NewInt(15), E: 3}} },
		"no domain":      func(o *SignOptions) { o.Domain = "" },
		"bad domain":     func(o *SignOptions) { o.Domain = "example.com; x" },
		"top level":      func(o *SignOptions) { o.Domain = "com" },
		"no selector":    func(o *SignOptions) { o.Selector = "" },
		"bad selector":   func(o *SignOptions) { o.Selector = "a/b" },
		"identity":       func(o *SignOptions) { o.Identity = "a@example.net" },
		"identity no @":  func(o *SignOptions) { o.Identity = "example.com" },
		"without From":   func(o *SignOptions) { o.Headers = []string{"Subject"} },
		"no field name":  func(o *SignOptions) { o.Headers = []string{"From", "a b"} },
		"too many names": func(o *SignOptions) { o.Headers = slices.Repeat([]string{"From"}, maxHeaderNames+1) },
		"expired": func(o *SignOptions) {
			o.Timestamp = time.Unix(10, 0)
			o.Expires = time.Unix(10, 0)
		},
	} {
		o := good
		change(&o)
		if field, err := Sign(strings.NewReader(simpleMessage), o); err == nil {
			t.Errorf("%s: signed %q", name, field)
		}
	}
	if _, err := Sign(strings.NewReader("Subject: x\r\n\r\n"), good); !errors.Is(err, ErrNoFrom) {
		t.Errorf("without From: %v", err)
	}
	if _, err := Sign(strings.NewReader(""), good); !errors.Is(err, ErrNoFrom) {
		t.Errorf("an empty message: %v", err)
	}
	if _, err := Sign(strings.NewReader("From: a@example.com\r\n"+strings.Repeat("X: y\r\n", 300_000)), good); !errors.Is(err, ErrHeaderTooLong) {
		t.Errorf("a long header: %v", err)
	}
	broken := errors.New("broken")
	for n := range []int{0, 60, len(simpleMessage) - 3} {
		r := io.MultiReader(strings.NewReader(simpleMessage[:n]), iotest.ErrReader(broken))
		if _, err := Sign(r, good); !errors.Is(err, broken) {
			t.Errorf("a reader that breaks at %d: %v", n, err)
		}
	}
	if _, err := Sign(io.MultiReader(strings.NewReader(simpleMessage), iotest.ErrReader(broken)), good); !errors.Is(err, broken) {
		t.Errorf("a reader that breaks in the body: %v", err)
	}
}

// TestSignStreams: any way of reading gives the same field, and memory does not grow with the body.
func TestSignStreams(t *testing.T) {
	o := SignOptions{Domain: "example.com", Selector: "ed25519", Key: testKeys["ed25519"], Header: Relaxed, Body: Relaxed}
	for name, raw := range propertyMessages() {
		want, err := Sign(strings.NewReader(raw), o)
		if err != nil {
			t.Fatal(err)
		}
		if len(raw) > 1000 {
			continue
		}
		got, err := Sign(iotest.OneByteReader(strings.NewReader(raw)), o)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: octet by octet gives another signature: %v", name, err)
		}
		got, err = Sign(iotest.DataErrReader(strings.NewReader(raw)), o)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: with the end beside the data: %v", name, err)
		}
	}
	if allocated := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		line := strings.Repeat("a  line of text \r\n", 1000)
		for b.Loop() {
			r := io.MultiReader(strings.NewReader(simpleMessage), io.LimitReader(repeating(line), 4<<20))
			if _, err := Sign(r, o); err != nil {
				b.Fatal(err)
			}
		}
	}).AllocedBytesPerOp(); allocated > 256<<10 {
		t.Errorf("4 MB of body took %d octets of memory", allocated)
	}
}

// repeating reads a string again and again.
type repeating string

func (r repeating) Read(p []byte) (int, error) { return copy(p, r), nil }

// TestSignerOnFields: the half that a mail filter uses, beside a verifier on the same body.
func TestSignerOnFields(t *testing.T) {
	m := message.Parse([]byte(sign(t, simpleMessage, SignOptions{})))
	bodies := wire.NewBodies()
	v := NewVerifier(m.Fields, bodies, Options{})
	s, err := NewSigner(m.Fields, bodies, SignOptions{Domain: "example.com", Selector: "ed25519", Key: testKeys["ed25519"], Header: Relaxed, Body: Relaxed})
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.Body {
		if _, err := bodies.Write(m.Body[i : i+1]); err != nil {
			t.Fatal(err)
		}
	}
	field, err := s.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if vs := v.Finish(t.Context(), testZone()); len(vs) != 1 || vs[0].Result != Pass {
		t.Errorf("%+v", vs)
	}
	for _, v := range verify(t, testZone(), string(field)+string(m.Raw), Options{}) {
		if v.Result != Pass {
			t.Errorf("%s: %s", v.Signature.Selector, v.Reason)
		}
	}
	bodies = wire.NewBodies()
	if _, err := bodies.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := NewSigner(m.Fields, bodies, SignOptions{Domain: "example.com", Selector: "rsa", Key: testKeys["rsa"]}); err == nil {
		t.Error("a signer came after the body and was not refused")
	}
}

// TestSignAnything: random headers and bodies survive signing and verifying.
func TestSignAnything(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	pieces := []string{"a", " ", "\t", "\r\n", "\r\n ", "\r\n\t", "\n", "\r", ":", ";", "From", "Subject: x", "\x00", "\xff", "=", "\r\n\r\n"}
	zone := testZone()
	for range 2000 {
		var b strings.Builder
		b.WriteString("From: a@example.com\r\nX: ")
		for range r.IntN(40) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		o := SignOptions{Selector: "ed25519", Header: Canonicalization(r.IntN(2)), Body: Canonicalization(r.IntN(2)), Headers: []string{"From", "X", "Subject", "Subject", "a"}}
		expect(t, zone, sign(t, b.String(), o), Options{}, Pass, "")
	}
}

// TestEd25519IsRFC8463: the hash is signed as it is, with PureEdDSA.
func TestEd25519IsRFC8463(t *testing.T) {
	v := expect(t, testZone(), sign(t, simpleMessage, SignOptions{Selector: "ed25519"}), Options{}, Pass, "")
	if !ed25519.Verify(testKeys["ed25519"].Public().(ed25519.PublicKey), v.HeaderHash, v.Signature.Value) || v.KeyBits != 256 {
		t.Error("HeaderHash is not what was signed")
	}
}
