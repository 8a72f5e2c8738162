package takeover

import (
	"fmt"
	"strings"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/filter"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/said"
)

// OpenDKIM takes a configuration of OpenDKIM over. host is the name that stands for HOSTNAME. An error is that it cannot be read,
// or that a file of keys cannot.
func OpenDKIM(conf []byte, files Files, host string, into *filter.Settings, report *Report) error {
	r, list, err := begin("OpenDKIM", openDKIM, conf, files, into, report, host)
	if err != nil {
		return err
	}
	r.defaults()
	if err := r.signers(list); err != nil {
		return err
	}
	r.run(openDKIM, list)
	return nil
}

// defaults are what OpenDKIM does where its configuration says nothing.
func (r *reading) defaults() {
	s := r.into
	s.Header, s.Body, s.SimpleSignatures = dkim.Simple, dkim.Simple, true
	s.Fields = &filter.FieldChoice{Sign: signedByDefault, Omit: omittedByDefault}
	c, _ := hosts([]string{"127.0.0.1"}, false)
	s.Trusted = c.Networks
	if s.Policy == nil {
		s.Policy = &filter.Policy{Default: map[filter.Outcome]filter.Action{}}
	}
	s.Policy.Default[filter.Temporary] = filter.Defer // On-DNSError
}

// signedByDefault are the fields that OpenDKIM signs where SignHeaders does not say, omittedByDefault those of OmitHeaders.
var (
	signedByDefault = []string{
		"from", "reply-to", "subject", "date", "to", "cc", "resent-date", "resent-from", "resent-sender", "resent-to", "resent-cc", "in-reply-to", "references",
		"list-id", "list-help", "list-unsubscribe", "list-subscribe", "list-post", "list-owner", "list-archive",
	}
	omittedByDefault = []string{"return-path", "received", "comments", "keywords", "bcc", "resent-bcc", "dkim-signature"}
)

// found signs with keys that were read.
type found struct{ keys *keys.Static }

// For gives the keys that the tables have for an author.
func (f found) For(local, domain string) (out []filter.Key, err error) {
	for _, k := range f.keys.Signers(local, domain) {
		out = append(out, filter.Key{Domain: k.Domain, Selector: k.Selector, Signer: k.Key})
	}
	return out, nil
}

// signers reads the keys, where there is anything to sign with.
func (r *reading) signers(list []setting) error {
	mode := r.values["mode"]
	if mode != "" && !strings.Contains(strings.ToLower(mode), "s") {
		return nil
	}
	some := false
	for _, name := range []string{"domain", "selector", "keyfile", "keytable", "signingtable"} {
		some = some || r.values[name] != ""
	}
	if !some {
		r.note("there is neither a SigningTable nor a Domain: nothing is signed", "SigningTable も Domain もないため、署名しません")
		return nil
	}
	var flat strings.Builder
	for _, s := range list {
		fmt.Fprintf(&flat, "%s %s\n", s.name, s.value)
	}
	f, err := keys.ReadOpenDKIM([]byte(flat.String()), r.files)
	if err != nil {
		return err
	}
	if f.Denied != nil { // mail of its domain would go unsigned, and OpenDKIM has it wait
		return said.Error("the setting KeyTable: %w", "設定 KeyTable: %v", f.Denied)
	}
	for _, n := range f.Notes {
		r.note("%s", "%s", n)
	}
	for _, k := range f.Keys {
		for _, p := range k.Patterns {
			_, domain, _ := strings.Cut(p.Pattern, "@")
			domain, own := strings.TrimPrefix(domain, "."), dns.CanonicalName(k.Domain)
			if domain != own && !strings.HasSuffix(domain, "."+own) && !strings.Contains(domain, "*") {
				r.note("SigningTable: %s would be signed with d=%s, which does not align with it: Todoku does not sign it so, and warns",
					"SigningTable: %s への署名 d=%s は From のドメインと一致しないため、署名せずに警告します", p.Pattern, own)
			}
		}
	}
	r.into.Signers = found{f.Static(keys.Yes(r.values["multiplesignatures"]))}
	return nil
}
