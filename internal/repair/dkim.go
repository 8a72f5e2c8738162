package repair

import (
	"slices"
	"strings"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/pattern"
)

// What is wrong with the text of a DKIM key record, beyond the artefacts of Pasted.
const (
	KeyPEM       = "pem"        // BEGIN and END lines of a key file stand in p=
	KeyTags      = "tags"       // tags glued, misspelt, twice, out of order, or p= itself missing
	KeyVersion   = "version"    // v= is not exactly DKIM1
	KeyWrongType = "type"       // k= names another kind of key than p= holds
	KeyAlphabet  = "alphabet"   // base64 of another alphabet, without its padding, or with "+" lost
	KeyTrailing  = "trailing"   // more follows behind the end of the key
	KeySPKI      = "spki"       // an Ed25519 key wrapped in ASN.1
	KeyUse       = "use"        // s= or h= excludes e-mail or SHA-256
	KeyTruncated = "truncated"  // the key is cut short
	KeyPrivate   = "private"    // it is a private key
	KeyBroken    = "unreadable" // p= is no key at all
)

// MaxKeyText is how many octets of a key record are mended; a key of 8192 bits has 1,500.
const MaxKeyText = 8192

// DKIMKey is what the text of a key record says, or was meant to say.
type DKIMKey struct {
	// Text is the record as it should be; the given text where nothing is wrong, "" where
	// it cannot be mended.
	Text string
	// Key is the key of Text; nil where there is none.
	Key *dkim.Key
	// Defects are what is wrong, each once: the constants above and those of Pasted.
	Defects []string
	// Have and Want are, for a truncated key, the octets that are there and those that
	// its own header announces.
	Have, Want int
}

// Has reports a defect.
func (k DKIMKey) Has(defect string) bool { return slices.Contains(k.Defects, defect) }

var (
	pemLine   = pattern.New(`(?i)-+ ?(BEGIN|END) ?([A-Z0-9 ]*?) ?KEY ?-+`)
	gluedTag  = pattern.New(`(?i)(DKIM1|k ?= ?rsa|k ?= ?ed25519|h ?= ?sha256|s ?= ?email|s ?= ?\*|t ?= ?[ys])[ ,]?([vkhstpng]) ?=`)
	publicTag = pattern.New(`(?i)(?:^|[;, ])(p) ?[=:]`)
	otherTag  = pattern.New(`(?i)(?:^|[;,]| )([vkhstng]) ?[=:] ?([^;, ]*)`)
	nextTag   = pattern.New(`;| [vkhstngVKHSTNG] ?= ?[^= ]`)
	longRun   = pattern.New(`M[A-Za-z0-9+/_ -]{60,}={0,2}`)
)

// LooksLikeDKIM reports whether a text was meant to be a DKIM key record.
func LooksLikeDKIM(text string) bool {
	if len(text) > MaxKeyText {
		return false
	}
	clean, _ := Pasted(text)
	lower := strings.ToLower(strings.ReplaceAll(clean, " ", ""))
	for _, other := range []string{"v=spf1", "v=dmarc1", "v=bimi1", "v=tlsrpt", "v=sts"} {
		if strings.HasPrefix(lower, other) {
			return false
		}
	}
	return strings.Contains(lower, "v=dkim1") || publicTag.MatchString(clean) && (strings.Contains(lower, "k=") || longRun.MatchString(clean)) ||
		pemLine.MatchString(clean) || strings.HasPrefix(lower, "p=") || longRun.MatchString(clean) && strings.Contains(lower, "k=rsa")
}

// MendDKIM reads the text of a key record and mends what can be mended: the artefacts
// of pasting and splitting, tags, alphabets, encodings. What is lost (a key cut short)
// or must not be published (a private key) it names only.
func MendDKIM(text string) DKIMKey {
	if len(text) > MaxKeyText {
		return DKIMKey{Defects: []string{KeyBroken}}
	}
	if k, err := dkim.ParseKey(text); err == nil {
		out := DKIMKey{Text: text, Key: k}
		if excluded(k) {
			out.Defects = append(out.Defects, KeyUse)
			out.Text = keyText(k, allowed(k.Hashes, "sha256"), allowed(k.Services, "email", "*"), valueOf(text, "p"))
			out.Key, _ = dkim.ParseKey(out.Text)
		}
		return out
	}
	m := mender{}
	m.read(text)
	return m.result()
}

// excluded: the key may not verify e-mail signed with SHA-256 (RFC 6376 section 3.6.1).
func excluded(k *dkim.Key) bool {
	return k.Hashes != nil && !slices.Contains(k.Hashes, "sha256") ||
		k.Services != nil && !slices.Contains(k.Services, "*") && !slices.Contains(k.Services, "email")
}

// allowed gives words where they allow one of what is needed, else none: no restriction.
func allowed(words []string, needed ...string) []string {
	if slices.ContainsFunc(words, func(w string) bool { return slices.Contains(needed, w) }) {
		return words
	}
	return nil
}

// keyText writes a record.
func keyText(k *dkim.Key, hashes, services []string, public string) string {
	b := "v=DKIM1"
	for _, t := range []struct {
		tag   string
		words []string
	}{{"h", hashes}, {"k", []string{k.Type}}, {"s", services}, {"t", k.Flags}} {
		if len(t.words) > 0 {
			b += "; " + t.tag + "=" + strings.Join(t.words, ":")
		}
	}
	return b + "; p=" + public
}

// valueOf gives the value of a tag without white space.
func valueOf(text, tag string) string {
	for part := range strings.SplitSeq(text, ";") {
		if name, value, ok := strings.Cut(part, "="); ok && strings.TrimSpace(name) == tag {
			return strings.Join(strings.Fields(value), "")
		}
	}
	return ""
}
