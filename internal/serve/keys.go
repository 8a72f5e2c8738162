package serve

import (
	"errors"
	"fmt"

	"github.com/todoku/todoku/internal/filter"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/panel"
)

// keyring has the filter sign with the keys of the database. Keys from files go first.
type keyring struct {
	ring  *keys.Ring
	files filter.Signers // nil: none
}

// For gives none, without an error, where no key is there for the domain or none may sign yet: what happens to such mail is for
// the filter's settings to say. An error is that the keys cannot be had now.
func (k keyring) For(local, domain string) ([]filter.Key, error) {
	if k.files != nil {
		if list, err := k.files.For(local, domain); err != nil || len(list) > 0 {
			return list, err
		}
	}
	list, err := k.ring.Signers(local, domain)
	if errors.Is(err, keys.ErrNotOurs) || errors.Is(err, keys.ErrNoneSigns) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := make([]filter.Key, len(list))
	for i, s := range list {
		out[i] = filter.Key{Domain: s.Domain, Selector: s.Selector, Signer: s.Key}
	}
	return out, nil
}

// Files are the keys that come from files; nil: none.
func (k keyring) Files() filter.Signers { return k.files }

// notSigned is what the panel's verdict means to the filter: nil where the mail is signed.
func notSigned(v panel.Verdict, domain, user string) *filter.NotSigned {
	switch v {
	case panel.Off:
		return &filter.NotSigned{Text: "DKIM is off for " + domain, Wanted: true}
	case panel.Disabled:
		return &filter.NotSigned{Problem: "dkim.domain-disabled", Text: domain + " is disabled on this server"}
	case panel.Sender:
		return &filter.NotSigned{Problem: "dkim.user-not-allowed", Text: fmt.Sprintf("user %q may not sign for %s", user, domain)}
	}
	return nil
}

// forwards has the filter know which recipients the panel forwards. known may be nil.
func forwards(s *filter.Settings, known *panel.Aliases) {
	if s.Forwarding != nil && known != nil {
		s.Forwarding.Leaves = known.Leaves
	}
}

// withRing puts the keys of the database behind those that the settings of a milter name, and has the panel say what is signed. rules may be nil.
func withRing(c MilterConfig, ring *keys.Ring, rules *panel.Rules) MilterConfig {
	c.Ring, c.Rules = ring, rules
	own := c.Settings
	c.Settings = func() (*filter.Settings, error) {
		s, err := own()
		if err != nil {
			return nil, err
		}
		s.Signers = keyring{ring, s.Signers}
		if rules != nil {
			s.MaySign = func(domain, user string) *filter.NotSigned { return notSigned(rules.For(domain, user), domain, user) }
		}
		forwards(s, c.Aliases)
		return s, nil
	}
	return c
}
