package filter

import (
	"context"
	"crypto"
	"strings"
	"time"

	"github.com/todoku/todoku/dkim"
)

// mostAsked bounds of how many keys the records are looked up, and lookTime each look-up.
const (
	mostAsked = 100
	lookTime  = 5 * time.Second
)

// Unverifiable looks up the records of the keys from files that sign and seal, of 100 at most, and reports each of which the DNS shows none, or
// another: mail would leave signed, and no receiver could verify it. Where the DNS does not answer, it reports nothing.
func (s *Settings) Unverifiable(ctx context.Context, report func(k Key, problem string)) {
	var list []Key
	signers := s.Signers
	if beside, ok := signers.(interface{ Files() Signers }); ok { // keys of files before those of a database, which looks after them itself
		signers = beside.Files()
	}
	if files, ok := signers.(*FileKeys); ok {
		list = files.all(list)
	}
	if s.Forwarding != nil {
		if files, ok := s.Forwarding.SealKeys.(*FileKeys); ok {
			list = files.all(list)
		}
	}
	for _, k := range list[:min(len(list), mostAsked)] {
		if ctx.Err() != nil {
			return
		}
		if problem := s.unverifiable(ctx, k); problem != "" {
			report(k, problem)
		}
	}
}

func (s *Settings) unverifiable(ctx context.Context, k Key) string {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	shown, result, problem, reason := dkim.LookupKey(ctx, s.Resolver, k.Selector, k.Domain)
	if problem != "" {
		if result == dkim.TempError {
			return ""
		}
		return reason
	}
	public, ok := k.Signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if ok && !public.Equal(shown.Public) {
		return "the DNS shows another key at " + k.Selector + "._domainkey." + k.Domain + " than that of the file"
	}
	return ""
}

// all adds the keys, in the order of their domains.
func (k *FileKeys) all(list []Key) []Key {
	if k == nil {
		return list
	}
	for _, d := range k.Domains() {
		if below, ok := strings.CutPrefix(d, "*."); ok {
			list = append(list, k.below[below]...)
		} else {
			list = append(list, k.exact[d]...)
		}
	}
	return list
}
