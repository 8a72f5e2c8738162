package judge

import (
	"crypto/rsa"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/forensics"
)

// dkimProblems gives the finding of a signature that did not pass; what is not
// here is dkim.invalid.
var dkimProblems = map[string]string{
	dkim.ProblemBodyHashMismatch:   "dkim.body-hash-mismatch",
	dkim.ProblemSignatureMismatch:  "dkim.signature-mismatch",
	dkim.ProblemKeyMissing:         "dkim.key-missing",
	dkim.ProblemKeyRevoked:         "dkim.key-revoked",
	dkim.ProblemKeySyntax:          "dkim.key-syntax",
	dkim.ProblemKeyTooSmall:        "dkim.key-too-small",
	dkim.ProblemKeyTooLarge:        "dkim.key-too-large",
	dkim.ProblemSHA1:               "dkim.sha1",
	dkim.ProblemExpired:            "dkim.expired",
	dkim.ProblemFutureTimestamp:    "dkim.future-timestamp",
	dkim.ProblemLengthTag:          "dkim.content-appended", // a pass with l= is dkim.length-tag
	dkim.ProblemSyntax:             "dkim.syntax",
	dkim.ProblemDuplicateTag:       "dkim.syntax",
	dkim.ProblemMissingTag:         "dkim.syntax",
	dkim.ProblemUnknownAlgorithm:   "dkim.unknown-algorithm",
	dkim.ProblemDomainMismatch:     "dkim.domain-mismatch",
	dkim.ProblemUnsignedFrom:       "dkim.unsigned-from",
	dkim.ProblemBodyTruncated:      "dkim.body-truncated",
	dkim.ProblemNotEmail:           "dkim.key-mismatch",
	dkim.ProblemHashNotAllowed:     "dkim.key-mismatch",
	dkim.ProblemKeyTypeMismatch:    "dkim.key-mismatch",
	dkim.ProblemMultipleKeys:       "dkim.multiple-keys",
	dkim.ProblemTooManySignatures:  "dkim.too-many-signatures",
	dkim.ProblemTooManyBodyLengths: "dkim.too-many-body-lengths",
	dkim.ProblemDNSMalformed:       "dkim.key-unreadable-answer",
	dkim.ProblemHeaderTooLong:      "dkim.header-too-long",
}

// dkim makes one finding of each signature.
func (c *verdict) dkim() {
	if len(c.Auth.DKIM) == 0 && c.Message != nil && c.Message.HeaderTruncated() {
		return // a signature may be among what was not read; a finding of the message says so
	}
	if len(c.Auth.DKIM) == 0 {
		f := c.add("dkim.none", c.author(), nil)
		if c.Auth.SPFChecked && !c.spfPasses() {
			f.Status = catalogue.Fail // nothing at all speaks for the message
		}
		return
	}
	for i, v := range c.Auth.DKIM {
		var examined []forensics.Examination
		if i < len(c.Forensics) {
			examined = c.Forensics[i]
		}
		c.signature(v, examined)
	}
}

func (c *verdict) signature(v dkim.Verdict, examined []forensics.Examination) {
	a, subject := signatureArgs(v), c.author()
	if v.Signature != nil && v.Signature.Domain != "" {
		subject = v.Signature.Domain
	}
	if v.Result == dkim.Pass {
		c.add("dkim.pass", subject, a, signatureFacts(v))
		c.passNotes(v, a, subject)
		return
	}
	id, ok := dkimProblems[v.Problem]
	switch {
	case v.Result == dkim.TempError:
		id = "dkim.dns-failure"
	case !ok:
		id = "dkim.invalid"
	}
	f := c.add(id, subject, a, v.Reason, signatureFacts(v), keyRecord(v))
	if f.Status == catalogue.Fail && c.harmless(v) {
		f.Status = catalogue.Warn
	}
	f.Evidence = append(f.Evidence, searched(examined)...)
	c.changedInTransit(examined, a, subject, f.Status)
}

// harmless reports whether a failed signature costs nothing: the author's domain is
// vouched for by another signature, or it is a stranger's on mail that passes.
func (c *verdict) harmless(v dkim.Verdict) bool {
	if c.passes() && c.Auth.DMARC.DKIMAligned {
		return true
	}
	return v.Signature != nil && c.from != "" && !c.belongs(v.Signature.Domain) && c.authenticated()
}

// passNotes adds what is worth knowing of a good signature.
func (c *verdict) passNotes(v dkim.Verdict, a args, subject string) {
	if s := v.Signature; s != nil && s.Length >= 0 { // RFC 6376 section 8.2
		c.add("dkim.length-tag", subject, a, "l="+strconv.FormatInt(s.Length, 10))
	}
	if v.Testing {
		c.add("dkim.testing", subject, a, keyRecord(v))
	}
	if v.Key != nil && v.KeyBits < 2048 {
		if _, ok := v.Key.Public.(*rsa.PublicKey); ok {
			c.add("dkim.weak-key", subject, a)
		}
	}
}

func signatureArgs(v dkim.Verdict) args {
	a := args{"domain": "?", "selector": "?", "algorithm": "?", "bits": strconv.Itoa(v.KeyBits), "headers": "", "expires": ""}
	s := v.Signature
	if s == nil {
		return a
	}
	a["domain"], a["selector"], a["algorithm"] = s.Domain, s.Selector, s.Algorithm
	a["headers"] = clip(strings.Join(s.Headers, ", "))
	if !s.Expires.IsZero() {
		a["expires"] = s.Expires.UTC().Format(time.RFC3339)
	}
	return a
}

// signatureFacts are the parts of a DKIM-Signature that tell it from others.
func signatureFacts(v dkim.Verdict) string {
	s := v.Signature
	if s == nil {
		return ""
	}
	return clip("DKIM-Signature: d=" + s.Domain + "; s=" + s.Selector + "; a=" + s.Algorithm + "; c=" + s.Canonicalization())
}

func keyRecord(v dkim.Verdict) string {
	if v.Key == nil || v.Signature == nil {
		return ""
	}
	return clip(v.Signature.Selector + "._domainkey." + v.Signature.Domain + ": " + v.Key.Record)
}
