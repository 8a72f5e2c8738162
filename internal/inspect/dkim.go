package inspect

import (
	"slices"
	"strings"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/pattern"
	"github.com/todoku/todoku/internal/repair"
	"github.com/todoku/todoku/internal/survey"
)

// dkim judges DKIM keys and the sending services recognised.
func (j *judgement) dkim() {
	j.keyFolder()
	before := len(j.findings)
	for _, k := range j.DKIM.Keys {
		j.key(k)
	}
	if len(j.findings) == before {
		j.noKey()
	}
	j.services()
}

// keyFolder judges what stands at _domainkey.<domain> itself and at every name beneath it.
func (j *judgement) keyFolder() {
	d := j.DKIM
	a := args{"domain": j.Name}
	switch texts := keyTexts(d.Wildcard); {
	case !d.Wildcard.Status.Found():
	case !slices.ContainsFunc(texts, func(t string) bool { return !keyRevokes(t) }):
		j.add("dkim.wildcard-revoked", j.Name, a, texts...)
	default:
		j.add("dkim.wildcard", j.Name, a, showKeys(texts)...)
	}
	if i := slices.IndexFunc(d.Keys, func(k survey.DKIMKey) bool { return k.Wild && k.Registrable }); i >= 0 {
		// Whoever registers it has a key for every selector. Which name the wildcard has is not seen.
		j.add("dkim.cname-takeover", "*._domainkey."+j.Name, args{"domain": j.Name, "selector": "*", "target": d.Keys[i].Target()}, keySeen(d.Keys[i].Name(j.Name), d.Keys[i].Answer))
	}
	if d.Delegated.Status.Found() {
		var servers []string
		for _, r := range d.Delegated.Records {
			servers = append(servers, r.Data)
		}
		j.add("dkim.delegated", j.Name, args{"domain": j.Name, "servers": strings.Join(servers[:min(len(servers), 8)], ", ")})
	} else if n := len(d.Root.Chain); n > 0 {
		j.add("dkim.delegated", j.Name, args{"domain": j.Name, "servers": d.Root.Chain[n-1].Data})
	}
	for _, text := range keyTexts(d.Root) {
		if policyLeftover.MatchString(text) && repair.MendDKIM(text).Key == nil {
			j.add("dkim.policy-leftover", j.Name, a, clipKey(text))
		}
	}
	for _, r := range d.Elsewhere {
		if !slices.ContainsFunc(d.Keys, func(k survey.DKIMKey) bool { return k.Misplaced != nil && k.Misplaced.Name == j.Name }) {
			j.add("dkim.key-at-domain", j.Name, a, showKey(r.Data))
		}
	}
}

// policyLeftover matches the policy records of DomainKeys, DKIM's predecessor.
var policyLeftover = pattern.New(`(?i)(^|;)\s*o\s*=\s*[~\-.!^?]`)

func keyTexts(a dns.Answer) []string {
	var out []string
	for _, r := range a.Records {
		out = append(out, r.Data)
	}
	return out[:min(len(out), 16)]
}

func keyRevokes(text string) bool {
	k := repair.MendDKIM(text)
	return k.Key != nil && k.Key.Revoked
}

// noKey says that no key was seen. That the folder of all selectors does not exist
// (RFC 8020) is certain; else a selector may have any name. A server of the compact
// kind (RFC 9824) never says that a name does not exist. Even then whether mail is
// signed is not known: a signature of a subdomain aligns too.
func (j *judgement) noKey() {
	d := j.DKIM
	if !j.sends() {
		return
	}
	a := args{"domain": j.Name}
	if d.Root.Status != dns.NXDomain || len(d.Root.Chain) > 0 || dmarc.RegisteredDomain(j.Name) != j.Name {
		j.add("dkim.not-seen", j.Name, a, keySeen("_domainkey."+j.Name, d.Root))
		return
	}
	f := j.add("dkim.none-published", j.Name, a, keySeen("_domainkey."+j.Name, d.Root))
	if len(j.Profile.SPF()) == 0 {
		f.Status = catalogue.Info // nothing says that it sends
	}
}

// keySeen is how a question ended, as evidence.
func keySeen(name string, a dns.Answer) string {
	s := name + ": " + a.Status.String()
	for _, c := range a.Chain {
		s += ", CNAME " + c.Data
	}
	return s
}
