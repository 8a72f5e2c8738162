package arc

import (
	"bytes"
	"context"
	"crypto/sha256"
	"hash"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// Verify validates the chain (RFC 8617 section 5.2). It fetches each key once,
// all at the same time, and none when the structure alone decides.
func Verify(ctx context.Context, r dns.Resolver, m *message.Message, o Options) Verdict {
	own := o.Bodies == nil
	if own {
		o.Bodies = wire.NewBodies()
	}
	o.HeaderTruncated = o.HeaderTruncated || m.HeaderTruncated()
	v := NewVerifier(m.Fields, o.Bodies, o)
	if own && v.pending {
		// Writing to our own hashes cannot fail before they are asked for.
		_, _ = o.Bodies.Write(m.Body)
	}
	return v.Finish(ctx, r)
}

// Verifier is [Verify] in two halves, for a body that is shared or streamed:
// [NewVerifier] parses the sets and registers the body hashes they want; when
// the body has been written to bodies, [Verifier.Finish] gives the verdict.
type Verifier struct {
	fields  []message.Field
	chain   *chain
	bodies  *wire.Bodies
	options Options
	verdict Verdict
	// pending: the verdict is still open.
	pending bool
	headers headers
}

// NewVerifier reads the chain among fields. bodies may be nil when
// [Options.Bodies] is set.
func NewVerifier(fields []message.Field, bodies *wire.Bodies, o Options) *Verifier {
	if bodies == nil {
		bodies = o.Bodies
	}
	v := &Verifier{fields: fields, bodies: bodies, options: o, chain: collect(fields)}
	c := v.chain
	v.verdict = Verdict{Result: None, OldestPass: -1}
	if c.fields > 0 {
		v.judge()
	}
	if !v.pending {
		v.done()
	}
	return v
}

// Settled reports that Finish will look nothing up: there is no chain, or one that its header alone condemns.
func (v *Verifier) Settled() bool { return !v.pending }

// done gives the memory of the chain back, once nothing is open.
func (v *Verifier) done() {
	v.chain.release()
	v.chain = nil
}

// judge settles what needs neither body nor key.
func (v *Verifier) judge() {
	c, o := v.chain, &v.options
	c.check()
	if c.problem == "" && o.HeaderTruncated {
		c.fail("structure", "the header has more fields or octets than are read: the chain cannot be validated")
	}
	v.verdict.Sets = c.describe()
	v.verdict.Instances = len(v.verdict.Sets)
	if c.problem == "too-many-sets" {
		v.verdict.Instances = c.fields
	}
	if c.problem == "" && c.newest().message.expired(o.Now) {
		c.fail("expired", "the newest %s, i=%d, has expired (x=)", messageName, len(c.sets))
	}
	if c.problem == "" && !v.wantBodies() {
		c.fail("structure", "the message wants more different body hashes than are computed")
	}
	if c.problem != "" {
		v.fail(c.problem, c.reason)
		return
	}
	v.pending = true
}

func (v *Verifier) fail(problem, reason string) {
	v.verdict.Result, v.verdict.Problem, v.verdict.Reason = Fail, problem, reason
}

// wantBodies registers the body hash of every AMS that may verify. Only that of
// the newest one is needed.
func (v *Verifier) wantBodies() bool {
	for i := len(v.chain.sets) - 1; i >= 0; i-- {
		s := v.chain.sets[i].message
		if s.problem == "" && s.expired(v.options.Now) {
			s.invalid("expired", "i=%d has expired (x=)", s.instance)
		}
		if s.problem != "" {
			return true // this one and older ones do not count
		}
		if !v.bodies.Want(s.body, s.length) {
			s.invalid("structure", "i=%d was not tried: too many different body hashes", s.instance)
			return i < len(v.chain.sets)-1
		}
	}
	return true
}

// Finish fetches the keys and verifies.
func (v *Verifier) Finish(ctx context.Context, r dns.Resolver) Verdict {
	if v.pending {
		v.pending = false
		v.validate(ctx, r)
		v.done()
	}
	return v.verdict
}

// validate settles what only the body and the keys can.
func (v *Verifier) validate(ctx context.Context, r dns.Resolver) {
	newest := v.chain.newest().message
	n := len(v.chain.sets)
	if problem, reason := v.checkBody(newest); problem != "" {
		v.ams(n, problem, reason)
		v.fail(problem, reason)
		return
	}
	// Older signatures that the body alone refutes need no key.
	oldest := n
	for oldest > 1 {
		s := v.chain.sets[oldest-2].message
		problem, reason := s.problem, s.reason
		if problem == "" {
			problem, reason = v.checkBody(s)
		}
		if problem != "" {
			v.ams(oldest-1, problem, reason)
			break
		}
		oldest--
	}
	keys := fetchKeys(ctx, r, v.wanted(oldest), v.chain.keys)
	v.chain.keys = keys
	v.headers = newHeaders(v.fields)
	defer v.headers.index.Release()
	if problem, reason := v.verifyMessage(n, keys); problem != "" {
		v.fail(problem, reason)
		return
	}
	oldestPass := v.oldestPass(oldest, keys)
	if problem, reason := v.verifySeals(keys); problem != "" {
		v.fail(problem, reason)
		return
	}
	v.verdict.Result, v.verdict.OldestPass = Pass, oldestPass
}

// wanted lists the signatures whose keys are needed, most urgent first.
func (v *Verifier) wanted(oldest int) []*signature {
	sigs := make([]*signature, 0, 2*len(v.chain.sets))
	for i := len(v.chain.sets); i > 0; i-- {
		if i >= oldest {
			sigs = append(sigs, v.chain.sets[i-1].message)
		}
		sigs = append(sigs, v.chain.sets[i-1].seal)
	}
	return sigs
}

// ams notes how the AMS of an instance came out.
func (v *Verifier) ams(instance int, problem, reason string) {
	s := &v.verdict.Sets[instance-1]
	if s.AMS = Pass; problem != "" {
		s.AMS, s.Detail = Fail, reason
	}
}

// checkBody compares bh= (RFC 6376 section 6.1.3).
func (v *Verifier) checkBody(s *signature) (problem, reason string) {
	sum, length, ok := v.bodies.Sum(s.body, s.length)
	switch {
	case !ok:
		return "structure", s.of("was not tried: its body hash was not computed")
	case s.length > length:
		return "body-truncated", s.of("covers %d octets of body, but only %d have come (l=)", s.length, length)
	case !bytes.Equal(sum[:], s.bodyHash):
		return "body-hash-mismatch", s.of("has another body hash: the body was changed after set i=%d was added", s.instance)
	case s.length >= 0 && s.length < length:
		// Anyone could have appended the rest (RFC 6376 section 8.2).
		return "length-tag", s.of("covers only %d of %d octets of the body (l=)", s.length, length)
	}
	return "", ""
}

// verifyMessage verifies the AMS of an instance, whose body hash is known to match.
func (v *Verifier) verifyMessage(instance int, keys keyring) (problem, reason string) {
	s := v.chain.sets[instance-1].message
	pub, problem, reason := keys.of(s)
	if problem == "" && !verifySum(pub, v.headers.sum(s), s.value) {
		problem = "signature-mismatch"
		reason = s.of("by %s does not verify: a signed header field was changed after set i=%d was added, or the key is another", s.domain, instance)
	}
	v.ams(instance, problem, reason)
	return problem, reason
}

// oldestPass: RFC 8617 section 5.2 step 5. Those from oldest on have a body that
// matches, the newest has already passed.
func (v *Verifier) oldestPass(oldest int, keys keyring) int {
	v.headers.spent = 0
	for i := len(v.chain.sets) - 1; i >= oldest; i-- {
		if v.headers.spent > maxOlderHeaders {
			return i + 1
		}
		if problem, _ := v.verifyMessage(i, keys); problem != "" {
			return i + 1
		}
	}
	if oldest > 1 {
		return oldest
	}
	return 0
}

// verifySeals verifies every seal, the newest first (step 6). What they sign was
// hashed in one pass, from the oldest up.
func (v *Verifier) verifySeals(keys keyring) (problem, reason string) {
	sums := v.sealSums()
	for i := len(v.chain.sets); i > 0; i-- {
		s := v.chain.sets[i-1].seal
		d := &v.verdict.Sets[i-1]
		pub, problem, reason := keys.of(s)
		if problem == "" && !verifySum(pub, sums[i-1], s.value) {
			problem = "seal-mismatch"
			reason = s.of("by %s does not verify: an ARC field of set i=%d or older was changed, or the key is another", s.domain, i)
		}
		if problem != "" {
			d.AS, d.Detail = Fail, reason
			return problem, reason
		}
		d.AS = Pass
	}
	return "", ""
}

// sealSums hashes what each seal signs (RFC 8617 section 5.1.1): AAR, AMS and AS
// of all sets up to its own, relaxed, its own b= empty and without a final CRLF.
func (v *Verifier) sealSums() [][32]byte {
	sets := v.chain.sets
	sums := make([][32]byte, len(sets))
	scratch := wire.NewScratch()
	defer scratch.Release()
	buf := scratch.B
	running := sha256.New()
	for i := range sets {
		buf = wire.AppendHeader(buf[:0], wire.Relaxed, sets[i].results.raw)
		buf = wire.AppendHeader(buf, wire.Relaxed, sets[i].message.raw)
		running.Write(buf)
		seal := sets[i].seal
		own := running
		if i < len(sets)-1 {
			own = clone(running)
		}
		buf = wire.AppendUnsigned(buf[:0], wire.Relaxed, seal.raw, seal.start, seal.end)
		own.Write(buf)
		own.Sum(sums[i][:0])
		if i < len(sets)-1 {
			buf = wire.AppendHeader(buf[:0], wire.Relaxed, seal.raw)
			running.Write(buf)
		}
	}
	scratch.B = buf
	return sums
}

// clone copies a running SHA-256; the standard library's can always be cloned.
func clone(h hash.Hash) hash.Hash {
	c, err := h.(hash.Cloner).Clone()
	if err != nil {
		panic("arc: SHA-256 cannot be cloned: " + err.Error())
	}
	return c
}
