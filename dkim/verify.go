package dkim

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"slices"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// Options of verification; the zero value is right.
type Options struct {
	// Now decides expiry; the zero time means "do not judge time".
	Now time.Time
	// MaxSignatures is how many signatures are looked at, top first; 0 means 10.
	MaxSignatures int
	// Bodies shares body hashes with other verifiers of the same message (mailauth). nil: own.
	// Verify writes the body to it.
	Bodies *wire.Bodies
	// HeaderTruncated: fields are not all of the header. Nothing is then verified, for of
	// several fields of one name the lowest is signed (RFC 6376 section 5.4.2), and
	// that may be one that is missing. Verify finds out for itself.
	HeaderTruncated bool
}

// defaultMaxSignatures: real mail has up to four or five; each more costs a look-up
// and an RSA operation.
const defaultMaxSignatures = 10

// longField is the length from which a field may have been cut on its way: Postfix
// hands a filter at most about 59,500 octets of one.
const longField = 59_000

// Verify verifies every DKIM-Signature of a message, top first; none gives nil.
// Beyond MaxSignatures a verdict says so (policy, too-many-signatures), once.
func Verify(ctx context.Context, r dns.Resolver, m *message.Message, o Options) []Verdict {
	bodies := o.Bodies
	if bodies == nil {
		bodies = wire.NewBodies()
	}
	o.HeaderTruncated = o.HeaderTruncated || m.HeaderTruncated()
	v := NewVerifier(m.Fields, bodies, o)
	if len(v.jobs) == 0 {
		return nil
	}
	_, _ = bodies.Write(m.Body) // fails only after Sum: then the body was written before
	return v.Finish(ctx, r)
}

// Verifier is Verify in two halves, for a body that is shared or streamed: NewVerifier
// parses and checks the signatures and registers in bodies the hashes they
// want; when the body has been written to bodies, Finish gives the verdicts.
type Verifier struct {
	fields []message.Field
	bodies *wire.Bodies
	now    time.Time
	// truncated: see Options.HeaderTruncated.
	truncated bool
	verdicts  []Verdict // those of jobs; they do not move
	jobs      []job
}

// job is one signature on its way to a verdict.
type job struct {
	*Verdict
	key         lookup
	bFrom, bEnd int // where the value of b= stands in the raw field
	twin        int // the job of an identical field further up, -1 for none
	done        bool
}

// NewVerifier parses the signatures among fields and registers the hashes they want.
func NewVerifier(fields []message.Field, bodies *wire.Bodies, o Options) *Verifier {
	v := &Verifier{fields: fields, bodies: bodies, now: o.Now, truncated: o.HeaderTruncated}
	most := o.MaxSignatures
	if most <= 0 {
		most = defaultMaxSignatures
	}
	for i := range fields {
		if !fields[i].Is(signatureField) {
			continue
		}
		if v.jobs == nil {
			n := min(most+1, countOf(fields[i:], signatureField))
			v.jobs, v.verdicts = make([]job, 0, n), make([]Verdict, n)
		}
		j := job{Verdict: &v.verdicts[len(v.jobs)]}
		j.FieldIndex = i
		if len(v.jobs) == most {
			j.tooMany(most)
			v.jobs = append(v.jobs, j)
			break
		}
		v.open(&j)
		v.jobs = append(v.jobs, j)
	}
	return v
}

func countOf(fields []message.Field, name string) (n int) {
	for i := range fields {
		if fields[i].Is(name) {
			n++
		}
	}
	return n
}

func (j *job) tooMany(most int) {
	j.twin, j.done = -1, true
	j.set(Policy, ProblemTooManySignatures, sprintf("only the first %d signatures are verified; this one and those below it are not", most))
}

// open parses the signature in its field and applies all that needs neither key nor body.
func (v *Verifier) open(j *job) {
	raw := v.fields[j.FieldIndex].Raw
	if j.twin = v.twinOf(raw); j.twin >= 0 {
		return
	}
	p := parseSignature(v.fields[j.FieldIndex].Value())
	colon := bytes.IndexByte(raw, ':') + 1
	j.bFrom, j.bEnd = colon+p.bFrom, colon+p.bEnd
	if p.sig.Domain != "" {
		j.Signature = &p.sig.Signature
	}
	j.done = true
	switch {
	case p.err != nil:
		problem, reason := problemOf(p.err)
		j.set(PermError, problem, reason)
	case p.sig.Algorithm == algorithmRSASHA1:
		j.set(Fail, ProblemSHA1, "the signature uses SHA-1, which has not counted since 2018 (RFC 8301 section 3.1)")
	case v.judgeTime(j):
	case v.truncated:
		j.set(Neutral, ProblemHeaderTooLong, "the header has more fields or octets than are read, so the signature cannot be verified")
	case !v.bodies.Want(p.sig.Body, p.sig.Length):
		j.set(Policy, ProblemTooManyBodyLengths, "the signatures of this message want too many different hashes of its body")
	default:
		j.done = false
	}
}

// twinOf finds an identical field already opened: a thousand copies of a signature
// are one piece of work. Signatures that sign DKIM-Signature fields are not copies
// of each other, for they see different ones.
func (v *Verifier) twinOf(raw []byte) int {
	for i := range v.jobs {
		j := &v.jobs[i]
		if j.twin < 0 && bytes.Equal(v.fields[j.FieldIndex].Raw, raw) &&
			(j.Signature == nil || !slices.ContainsFunc(j.Signature.Headers, func(n string) bool { return equalFold(n, signatureField) })) {
			return i
		}
	}
	return -1
}

// judgeTime reports a signature that is expired (RFC 6376 section 6.1.1) or from the future (section 3.5).
func (v *Verifier) judgeTime(j *job) bool {
	s := j.Signature
	switch {
	case v.now.IsZero():
		return false
	case !s.Expires.IsZero() && v.now.After(s.Expires):
		j.set(PermError, ProblemExpired, sprintf("the signature expired on %s", s.Expires.Format(time.RFC3339)))
	case s.Timestamp.After(v.now.Add(futureTolerance)):
		j.set(PermError, ProblemFutureTimestamp, sprintf("the signature says it will be made on %s", s.Timestamp.Format(time.RFC3339)))
	default:
		return false
	}
	return true
}

// Finish fetches keys (concurrently, each once) and verifies.
func (v *Verifier) Finish(ctx context.Context, r dns.Resolver) []Verdict {
	if len(v.jobs) == 0 {
		return nil
	}
	v.fetchKeys(ctx, r)
	var x *wire.Index
	for i := range v.jobs {
		j := &v.jobs[i]
		if j.twin >= 0 {
			at := j.FieldIndex
			*j.Verdict = v.verdicts[j.twin]
			j.FieldIndex = at
			continue
		}
		if !j.done && j.takeKey(&j.key) {
			if x == nil {
				x = newIndex(v.fields)
			}
			v.verify(j, x)
		}
	}
	if x != nil {
		x.Release()
	}
	return v.verdicts
}

// lookup is the outcome of LookupKey.
type lookup struct {
	key             *Key
	result          Result
	problem, reason string
	same            int // the job that asks for the same key, itself for the first
}

// fetchKeys gives each job the key it needs.
func (v *Verifier) fetchKeys(ctx context.Context, r dns.Resolver) {
	asked := make([]int, 0, defaultMaxSignatures)
	for i := range v.jobs {
		j := &v.jobs[i]
		if j.done || j.twin >= 0 {
			continue
		}
		j.key.same = i
		for _, k := range asked {
			if other := v.jobs[k].Signature; other.Domain == j.Signature.Domain && equalFold(other.Selector, j.Signature.Selector) {
				j.key.same = k
				break
			}
		}
		if j.key.same == i {
			asked = append(asked, i)
		}
	}
	fetch := func(r dns.Resolver, i int) {
		s, k := v.jobs[i].Signature, &v.jobs[i].key
		k.key, k.result, k.problem, k.reason = LookupKey(ctx, r, s.Selector, s.Domain)
	}
	g := dns.NewGroup(r)
	for n, i := range asked {
		if n == len(asked)-1 {
			fetch(r, i) // the last one, often the only one, needs no goroutine
		} else {
			g.Try(func(r dns.Resolver) { fetch(r, i) })
		}
	}
	g.Wait()
	for i := range v.jobs {
		if j := &v.jobs[i]; !j.done && j.twin < 0 && j.key.same != i {
			j.key = v.jobs[j.key.same].key
		}
	}
}

// takeKey notes the key and reports whether the signature may be verified with it.
func (j *job) takeKey(l *lookup) bool {
	if k := l.key; k != nil {
		j.Key, j.KeyBits, j.Testing, j.StrictIdentity = k, k.Bits, k.Testing(), k.StrictIdentity()
	}
	if l.problem != "" {
		j.set(l.result, l.problem, l.reason)
		return false
	}
	if problem, reason := l.key.allows(j.Signature); problem != "" {
		j.set(PermError, problem, reason)
		return false
	}
	return true
}

// verify does the sums of RFC 6376 section 6.1.3.
func (v *Verifier) verify(j *job, x *wire.Index) {
	s := j.Signature
	body, length, ok := v.bodies.Sum(s.Body, s.Length)
	if !ok {
		j.set(Policy, ProblemTooManyBodyLengths, "the signatures of this message want too many different hashes of its body")
		return
	}
	x.Begin(j.FieldIndex)
	buf := wire.NewScratch()
	signed, longest := x.AppendSigned(buf.B, s.Header, s.Headers)
	buf.B = wire.AppendUnsigned(signed, s.Header, v.fields[j.FieldIndex].Raw, j.bFrom, j.bEnd)
	sums := &[2][sha256.Size]byte{body, sha256.Sum256(buf.B)}
	buf.Release()
	j.BodyHash, j.HeaderHash = sums[0][:], sums[1][:]

	headerOK := verifyHash(j.Key.Public, j.HeaderHash, s.Value)
	bodyOK := subtle.ConstantTimeCompare(j.BodyHash, s.BodyHash) == 1
	switch {
	case s.Length > length:
		j.set(PermError, ProblemBodyTruncated, sprintf("the signature covers %d octets of the body (l=), but it has only %d: its end is missing", s.Length, length))
	case !headerOK && longest >= 0 && len(v.fields[longest].Raw) >= longField:
		j.set(Neutral, ProblemHeaderTooLong, sprintf("the signed field %s has %d octets; mail servers cut such fields, so the signature cannot be verified here",
			v.fields[longest].Name(), len(v.fields[longest].Raw)))
	case !bodyOK:
		j.set(Fail, ProblemBodyHashMismatch, explainBody(j, headerOK))
	case !headerOK:
		j.set(Fail, ProblemSignatureMismatch, explainSignature(j))
	case s.Length >= 0 && s.Length < length:
		j.set(Policy, ProblemLengthTag, sprintf("the signature verifies, but covers only the first %d of %d octets of the body (l=): the rest may be from anybody", s.Length, length))
	case s.Length >= 0:
		j.set(Pass, ProblemLengthTag, "the signature covers the whole body as it came, but its l= would let anybody append to it")
	default:
		j.set(Pass, "", "")
	}
}

// verifyHash verifies a signature of a SHA-256 hash (RFC 6376 section 3.3, RFC 8463 section 3).
func verifyHash(pub crypto.PublicKey, hash, signature []byte) bool {
	switch pub := pub.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(pub, crypto.SHA256, hash, signature) == nil
	case ed25519.PublicKey:
		return ed25519.Verify(pub, hash, signature)
	}
	return false
}
