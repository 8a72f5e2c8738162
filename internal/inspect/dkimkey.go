package inspect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/pattern"
	"github.com/todoku/todoku/internal/repair"
	"github.com/todoku/todoku/internal/survey"
	"github.com/todoku/todoku/internal/wire"
)

// selected is one selector under judgement.
type selected struct {
	survey.DKIMKey
	a      args
	name   string // where the key belongs
	change *dns.Change
}

// key judges one selector.
func (j *judgement) key(k survey.DKIMKey) {
	s := &selected{DKIMKey: k, name: k.Name(j.Name), a: args{"domain": j.Name, "selector": k.Selector}}
	switch {
	case k.Answer.Status.Failed():
		if k.Given {
			j.add("dkim.dns-failure", s.name, s.a, keySeen(s.name, k.Answer), k.Answer.Detail)
		}
	case k.Dangling() && !k.Given && j.DKIM.Wildcard.Status.Failed():
		// Whether a wildcard says so of every name is not known, and nobody named this one.
	case k.Dangling() && !k.Wild:
		j.dangling(s)
	case k.Answer.Status.Found() && !k.Wild:
		j.keyRecords(s)
	case k.Misplaced != nil:
		j.misplaced(s)
	case k.Given:
		f := j.add("dkim.key-missing", s.name, s.a, keySeen(s.name, k.Answer))
		if k.Wild {
			f.Evidence = append([]string{"a wildcard answers"}, append(f.Evidence, showKeys(keyTexts(k.Answer))...)...)
		}
		if k.Better != "" {
			f.DNS = []dns.Change{{Action: dns.Add, Name: s.name + ".", Type: dns.TypeCNAME, TTL: 3600, Data: []string{k.Better + "."}}}
		}
	}
}

// about adds a finding on a selector. What breaks a selector that was only guessed does
// not break delivery for certain: nobody may sign with it.
func (j *judgement) about(s *selected, id string, more args, evidence ...string) *catalogue.Finding {
	a := args{}
	for _, from := range []args{s.a, more} {
		for name, value := range from {
			a[name] = value
		}
	}
	f := j.add(id, s.name, a, evidence...)
	if f.Status == catalogue.Fail && !s.Given {
		f.Status = catalogue.Warn
	}
	return f
}

// dangling judges a CNAME that leads to nothing.
func (j *judgement) dangling(s *selected) {
	last := s.Answer.Chain[len(s.Answer.Chain)-1]
	f := j.about(s, "dkim.cname-dangling", args{"target": s.Target()}, keySeen(s.name, s.Answer))
	owner := dns.CanonicalName(last.Name) + "."
	switch {
	case s.Better != "":
		f.DNS = []dns.Change{{Action: dns.Replace, Name: owner, Type: dns.TypeCNAME, TTL: 3600, Data: []string{s.Better + "."}}}
	case s.Registrable:
		f.ID, f.Status = "dkim.cname-takeover", catalogue.Fail
		if !s.Given && j.own(owner) {
			f.DNS = []dns.Change{{Action: dns.Remove, Name: owner, Type: dns.TypeCNAME, TTL: 3600, Was: []string{s.Target() + "."}}}
		}
	case !s.Given && (s.Selector == "selector1" || s.Selector == "selector2"):
		f.Status = catalogue.Info // Microsoft publishes the target when signing is switched on
	}
}

// misplaced judges a key that stands at a name where nobody looks.
func (j *judgement) misplaced(s *selected) {
	r := s.Misplaced
	f := j.about(s, "dkim.misplaced", args{"found": r.Name})
	c := dns.Change{Action: dns.Add, Name: s.name + ".", Type: r.Type, TTL: 3600}
	if r.Type == dns.TypeCNAME {
		c.Data = []string{dns.CanonicalName(r.Data) + "."}
		f.Evidence = []string{r.Name + " CNAME " + r.Data}
	} else {
		f.Evidence = []string{r.Name + " TXT " + showKey(r.Data)}
		if text := repair.MendDKIM(r.Data).Text; text != "" {
			c.Data = []string{text}
		}
	}
	if len(c.Data) > 0 {
		f.DNS = []dns.Change{c}
	}
}

// keyRecords judges the records at a selector's name.
func (j *judgement) keyRecords(s *selected) {
	texts := keyTexts(s.Answer)
	if !s.Given && slices.Equal(texts, keyTexts(j.DKIM.Wildcard)) {
		return // every name has that
	}
	keys := slices.DeleteFunc(slices.Clone(texts), func(t string) bool { return !repair.LooksLikeDKIM(t) && repair.MendDKIM(t).Key == nil })
	slices.Sort(keys)
	if keys = slices.Compact(keys); len(keys) == 0 {
		if s.Given {
			f := j.about(s, "dkim.key-syntax", nil, showKeys(texts)...)
			if len(texts) == 1 && hostInText.MatchString(texts[0]) {
				f.Advice = append(f.Advice, catalogue.Text{
					EN: "The text is the host name that a service gives as target of a CNAME record: remove the TXT record, then publish the name as CNAME.",
					JA: "この文字列は、配信サービスが CNAME の参照先として指定するホスト名です。TXT レコードを削除し、CNAME レコードとして公開してください。",
				})
			}
		}
		return
	}
	best := s.plan(keys)
	if len(keys) > 1 {
		j.carry(s, j.about(s, "dkim.multiple-keys", nil, showKeys(keys)...))
	}
	for _, text := range keys {
		if m := repair.MendDKIM(text); len(keys) == 1 || m.Has(repair.KeyPrivate) {
			j.damage(s, text, m)
		}
	}
	if best != nil {
		j.keyItself(s, *best, len(keys) == 1)
	}
}

// hostInText matches the name of a key at a service, published as text.
var hostInText = pattern.New(`(?i)^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?(_?domainkey|dkim)\.[a-z0-9.-]+\.[a-z]{2,}\.?$`)

// plan chooses the key that stays and plans the change of the record set: the texts
// that are wrong give way to the mended one. Of several keys the one that most
// receivers can use stays.
func (s *selected) plan(keys []string) *repair.DKIMKey {
	var best *repair.DKIMKey
	private := false
	for _, text := range keys {
		m := repair.MendDKIM(text)
		private = private || m.Has(repair.KeyPrivate)
		if m.Key != nil && (best == nil || worth(m) > worth(*best)) {
			best = &m
		}
	}
	if best == nil || len(keys) == 1 && len(best.Defects) == 0 {
		return best
	}
	name := s.name
	if target := s.Target(); target != "" {
		name = target
	}
	was := slices.DeleteFunc(slices.Clone(keys), func(t string) bool { return t == best.Text })
	if private {
		was = nil // a private key is not repeated, not even to take it away
	}
	s.change = &dns.Change{Action: dns.Replace, Name: name + ".", Type: dns.TypeTXT, TTL: 3600, Data: []string{best.Text}, Was: was}
	return best
}

// worth orders keys: RSA of a good size, then Ed25519, then weak and revoked ones.
func worth(k repair.DKIMKey) int {
	switch {
	case k.Key.Revoked:
		return 0
	case k.Key.Type != "rsa":
		return 3000
	case k.Key.Bits > 4096:
		return 2000
	case k.Key.Bits < 1024:
		return 1
	}
	return 3000 + k.Key.Bits
}

func (j *judgement) carry(s *selected, f *catalogue.Finding) {
	if s.change != nil {
		f.DNS = []dns.Change{*s.change}
	}
}

// damages name the finding of each defect, the gravest first: a text has one finding,
// with all that is wrong as evidence.
var damages = []struct {
	id      string
	defects []string
}{
	{"dkim.key-private", []string{repair.KeyPrivate}},
	{"dkim.key-truncated", []string{repair.KeyTruncated}},
	{"dkim.key-syntax", []string{repair.KeyBroken}},
	{"dkim.key-pem", []string{repair.KeyPEM}},
	{"dkim.key-quoted", []string{repair.ArtefactQuotes, repair.ArtefactBackslash}},
	{"dkim.key-characters", []string{repair.ArtefactTypeset, repair.ArtefactFullWidth, repair.ArtefactInvisible}},
	{"dkim.key-wrapped", []string{repair.KeySPKI}},
	{"dkim.key-wrong-type", []string{repair.KeyWrongType}},
	{"dkim.key-encoding", []string{repair.KeyAlphabet, repair.KeyTrailing}},
	{"dkim.key-tags", []string{repair.KeyTags, repair.KeyVersion}},
	{"dkim.key-mismatch", []string{repair.KeyUse}},
	{"dkim.key-characters", []string{repair.ArtefactSpaces}},
}

// damage says what is wrong with the text of a key.
func (j *judgement) damage(s *selected, text string, m repair.DKIMKey) {
	for _, d := range damages {
		if !slices.ContainsFunc(d.defects, m.Has) {
			continue
		}
		f := j.about(s, d.id, args{"have": strconv.Itoa(m.Have), "want": strconv.Itoa(m.Want)}, showKey(text))
		if len(m.Defects) > 1 {
			f.Evidence = append(f.Evidence, "also: "+strings.Join(m.Defects, ", "))
		}
		if d.id == "dkim.key-private" {
			f.Status = catalogue.Fail
			return
		}
		j.carry(s, f)
		return
	}
}

// keyItself judges the key that stands there or would after the repair.
func (j *judgement) keyItself(s *selected, m repair.DKIMKey, alone bool) {
	k := m.Key
	a := args{"type": k.Type, "bits": strconv.Itoa(k.Bits)}
	switch {
	case k.Revoked && s.Given:
		j.about(s, "dkim.key-revoked", nil, clipKey(k.Record))
		return
	case k.Revoked:
		j.about(s, "dkim.key-retired", nil, clipKey(k.Record))
		return
	case k.Type == "rsa" && k.Bits < 1024:
		j.about(s, "dkim.key-too-small", a)
	case k.Type == "rsa" && k.Bits > 4096:
		j.about(s, "dkim.key-too-large", a).Status = catalogue.Warn
	case k.Type == "rsa" && k.Bits < 2048:
		j.about(s, "dkim.weak-key", a)
	}
	if len(m.Defects) == 0 && alone && !(k.Type == "rsa" && (k.Bits < 1024 || k.Bits > 4096)) {
		j.about(s, "dkim.key", a, keySeen(s.name, s.Answer))
	}
	if k.Testing() {
		j.about(s, "dkim.testing", nil, "t="+strings.Join(k.Flags, ":"))
	}
	j.keyHistory(s, k.Record)
}

// keyHistory notes tags that mean nothing any more, and a date in the selector.
func (j *judgement) keyHistory(s *selected, record string) {
	tags, err := wire.ParseTags(record)
	if err != nil {
		return
	}
	var unknown []string
	for _, t := range tags {
		if t.Name == "g" {
			j.about(s, "dkim.old-tag", nil, "g="+clipKey(t.Value))
		} else if !slices.Contains(knownKeyTags, t.Name) {
			unknown = append(unknown, t.Name+"=")
		}
	}
	if len(unknown) > 0 {
		j.about(s, "dkim.unknown-tags", nil, strings.Join(unknown[:min(len(unknown), 8)], " "))
	}
	if m := dated.FindStringSubmatch(s.Selector); m != nil && !j.Options.Now.IsZero() {
		year, _ := strconv.Atoi(m[1])
		if j.Options.Now.Year()-year >= 3 {
			j.about(s, "dkim.old-selector", args{"year": m[1]})
		}
	}
}

// showKey is the text of a key as evidence. A private key is never shown.
func showKey(text string) string {
	if m := repair.MendDKIM(text); m.Has(repair.KeyPrivate) {
		return fmt.Sprintf("a private key in %d octets of text (not shown)", len(text))
	}
	return clipKey(text)
}

func showKeys(texts []string) []string {
	var out []string
	for _, t := range texts {
		out = append(out, showKey(t))
	}
	return out
}

// clipKey bounds a text that is evidence.
func clipKey(text string) string {
	const most = 700
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}

var (
	knownKeyTags = []string{"v", "h", "k", "n", "p", "s", "t", "g"}
	dated        = pattern.New(`(?:^|\D)(20[0-3]\d)(?:(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])?)?(?:\D|$)`)
)
