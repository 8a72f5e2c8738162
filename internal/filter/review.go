package filter

import (
	"fmt"
	"slices"
	"strings"

	"github.com/todoku/todoku/dkim"
)

// The words of dkim.Verdict.Problem that this filter gives.
const (
	// ProblemNotExact: the octets of the header are not known, so that the signature cannot be told from a broken one.
	ProblemNotExact = "header-not-exact"
	// ProblemFieldNotSigned: a field of Settings.MustBeSigned is not covered.
	ProblemFieldNotSigned = "field-not-signed"
)

// review says what DMARC is to think of the signatures, before it hears of them.
func (in *incoming) review(verdicts []dkim.Verdict) {
	for i := range verdicts {
		v := &verdicts[i]
		switch {
		case v.Signature == nil:
		case v.Result == dkim.Fail && v.Problem == dkim.ProblemSignatureMismatch && v.Signature.Header == dkim.Simple && !in.conn.Exact():
			v.Result, v.Problem = dkim.Neutral, ProblemNotExact
			v.Reason = "the mail server gave header fields without the white space after their names (milter protocol before version 6), so a signature over them as they are (c=simple) cannot be verified here"
		case v.Result == dkim.Pass:
			in.demand(v)
		}
	}
}

// demand takes a signature that verifies for no good one where it is not what the operator demands (RFC 8601 section 2.7.1: policy).
func (in *incoming) demand(v *dkim.Verdict) {
	s := in.settings
	if v.Signature.Algorithm == "rsa-sha256" && v.KeyBits < s.MinimumKeyBits {
		v.Result, v.Problem = dkim.Policy, dkim.ProblemKeyTooSmall
		v.Reason = fmt.Sprintf("the RSA key has %d bits; at least %d are demanded here", v.KeyBits, s.MinimumKeyBits)
		return
	}
	for _, name := range s.MustBeSigned {
		signed := 0
		for _, h := range v.Signature.Headers {
			if strings.EqualFold(h, name) {
				signed++
			}
		}
		if in.parsed.Count(name) > signed {
			v.Result, v.Problem = dkim.Policy, ProblemFieldNotSigned
			v.Reason = "the signature does not cover the field " + name + ", which is demanded here"
			return
		}
	}
}

// AddMacro adds to Macros: values beside those that the macro may have already, or none for any value.
func (s *Settings) AddMacro(name string, values []string) {
	if s.Macros == nil {
		s.Macros = map[string][]string{}
	}
	before, there := s.Macros[name]
	if len(values) == 0 || there && len(before) == 0 {
		s.Macros[name] = nil
		return
	}
	s.Macros[name] = append(slices.Clone(before), values...)
}

// byMacro reports that a macro of the mail server makes a message outgoing.
func (s *Settings) byMacro(macro func(string) string) bool {
	for name, values := range s.Macros {
		if v := macro(name); v != "" && (len(values) == 0 || slices.Contains(values, v)) {
			return true
		}
	}
	return false
}
