package repair

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/todoku/todoku/dkim"
)

// mender takes a key record apart.
type mender struct {
	defects    []string
	tags       map[string]string
	public     string // p= as it stands, single spaces in it
	found      bool   // there is a p=, though it may be empty
	raw        []byte // what it holds
	have, want int
	kind       string // rsa or ed25519, by what raw is
}

func (m *mender) note(defects ...string) {
	for _, d := range defects {
		if !slices.Contains(m.defects, d) {
			m.defects = append(m.defects, d)
		}
	}
}

// read splits the text into its tags.
func (m *mender) read(text string) {
	clean, artefacts := Pasted(lineBreaks.Replace(text))
	if strings.Contains(text, `\n`) || strings.Contains(text, `\r`) {
		m.note(ArtefactBackslash)
	}
	m.note(artefacts...)
	clean = escapes.Replace(clean)
	if pem := pemLine.FindAllStringSubmatch(clean, 4); pem != nil {
		m.note(KeyPEM)
		if strings.Contains(strings.ToUpper(pem[0][2]), "PRIVATE") {
			m.note(KeyPrivate)
		}
		clean = strings.TrimSpace(pemLine.ReplaceAllString(clean, " "))
	}
	for range 4 {
		again := gluedTag.ReplaceAllString(clean, "$1; $2=")
		if again == clean {
			break
		}
		clean = again
	}
	rest := m.cutPublic(clean)
	m.tags = make(map[string]string)
	for _, t := range otherTag.FindAllStringSubmatch(rest, 16) {
		if name := strings.ToLower(t[1]); m.tags[name] == "" {
			m.tags[name] = t[2]
		}
	}
	if v, ok := m.tags["v"]; ok && v != "DKIM1" {
		m.note(KeyVersion)
	}
}

// cutPublic takes p= out of the text and gives what is left.
func (m *mender) cutPublic(text string) string {
	from, to := -1, len(text)
	if at := publicTag.FindStringSubmatchIndex(text); at != nil {
		from = at[0]
		m.public = text[at[1]:]
		if end := nextTag.FindStringIndex(m.public); end != nil {
			to = at[1] + end[0]
			m.public = m.public[:end[0]]
		}
	} else if at := longRun.FindStringIndex(text); at != nil {
		from, to = at[0], at[1]
		m.public = text[from:to]
	}
	if from < 0 {
		return text
	}
	m.found = true
	m.public = strings.Trim(m.public, " <>()[]{}'")
	for strings.HasPrefix(strings.ToLower(m.public), "p=") {
		m.public = strings.TrimSpace(m.public[2:])
	}
	return text[:from] + ";" + text[to:]
}

// result decodes what p= holds and writes the record anew.
func (m *mender) result() DKIMKey {
	if m.public == "" && !m.found || !m.decode() {
		m.note(KeyBroken)
	}
	out := DKIMKey{Defects: m.defects, Have: m.have, Want: m.want}
	if out.Has(KeyPrivate) || out.Has(KeyTruncated) || out.Has(KeyBroken) {
		return out
	}
	k := &dkim.Key{Type: m.kind}
	if k.Type == "" {
		k.Type = "rsa"
	}
	if declared := strings.ToLower(m.tags["k"]); len(m.raw) > 0 && declared != k.Type && !(declared == "" && k.Type == "rsa") {
		m.note(KeyWrongType)
	}
	hashes, services := words(m.tags["h"]), words(m.tags["s"])
	k.Flags = slices.DeleteFunc(words(m.tags["t"]), func(f string) bool { return f != "y" && f != "s" })
	out.Text = keyText(k, allowed(hashes, "sha256"), allowed(services, "email", "*"), base64.StdEncoding.EncodeToString(m.raw))
	if hashes != nil && allowed(hashes, "sha256") == nil || services != nil && allowed(services, "email", "*") == nil {
		m.note(KeyUse)
	}
	var err error
	if out.Key, err = dkim.ParseKey(out.Text); err != nil {
		m.note(KeyBroken)
		out.Text, out.Key = "", nil
	} else if len(m.defects) == 0 {
		m.note(KeyTags)
	}
	out.Defects = m.defects
	return out
}

func words(v string) []string {
	var out []string
	for w := range strings.SplitSeq(strings.ToLower(v), ":") {
		if w != "" && !strings.ContainsFunc(w, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '*') }) {
			out = append(out, w)
		}
	}
	return out[:min(len(out), 8)]
}

// decode reads the base64 of p= and what it is; false where it is nothing.
func (m *mender) decode() bool {
	text := strings.ReplaceAll(m.public, " ", "")
	if text == "" {
		return true
	}
	raw, ok := m.base64(text)
	if ok && m.accept(raw) || m.beheaded(text) {
		return true
	}
	if !ok {
		return false
	}
	// A "+" that was lost to URL decoding leaves a space behind.
	if strings.Contains(m.public, " ") && !m.hasPrivate() {
		if again, ok := m.base64(strings.ReplaceAll(m.public, " ", "+")); ok {
			truncated := m.have
			m.have, m.want = 0, 0
			if m.accept(again) {
				m.defects = slices.DeleteFunc(m.defects, func(d string) bool { return d == KeyTruncated })
				m.note(KeyAlphabet)
				return true
			}
			m.have = truncated
		}
	}
	return m.hasPrivate() || slices.Contains(m.defects, KeyTruncated)
}

// beheaded puts back the first letters of an RSA key that were not marked when it was
// copied: they are the same in all keys of a usual size, and its length proves them.
func (m *mender) beheaded(text string) bool {
	if strings.HasPrefix(text, "MII") || m.hasPrivate() {
		return false
	}
	for _, head := range []string{"M", "MI", "MII"} {
		raw, err := base64.StdEncoding.DecodeString(head + text)
		header, length, ok := sequence(raw)
		if err != nil || !ok || len(raw) != header+length || isPrivate(raw, header) {
			continue
		}
		if k, err := dkim.ParseKey("v=DKIM1; k=rsa; p=" + head + text); err != nil || k.Bits == 0 {
			continue
		}
		m.note(KeyAlphabet)
		m.kind, m.raw = "rsa", raw
		return true
	}
	return false
}

func (m *mender) hasPrivate() bool { return slices.Contains(m.defects, KeyPrivate) }

// base64 decodes either alphabet, with padding or without.
func (m *mender) base64(text string) ([]byte, bool) {
	bare := strings.TrimRight(text, "=.,")
	if strings.ContainsAny(bare, "-_") {
		m.note(KeyAlphabet)
		bare = strings.NewReplacer("-", "+", "_", "/").Replace(bare)
	}
	if len(bare)%4 == 1 { // one sextet is no octet: the text was cut in the middle
		bare = bare[:len(bare)-1]
	}
	raw, err := base64.RawStdEncoding.DecodeString(bare)
	if err != nil {
		return nil, false
	}
	if _, err := base64.StdEncoding.DecodeString(text); err != nil && !slices.Contains(m.defects, KeyAlphabet) && strings.Trim(text, "=") == bare {
		m.note(KeyAlphabet)
	}
	return raw, true
}

// ed25519Prefix is the SubjectPublicKeyInfo before the 32 octets (RFC 8410 section 4).
var ed25519Prefix = []byte("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00")

// accept decides what octets are.
func (m *mender) accept(raw []byte) bool {
	header, length, isDER := sequence(raw)
	switch {
	case isPrivate(raw, header):
		m.note(KeyPrivate)
		return true
	case len(raw) == 44 && bytes.HasPrefix(raw, ed25519Prefix):
		m.note(KeySPKI)
		m.kind, m.raw = "ed25519", raw[12:]
		return true
	case isDER && len(raw) < header+length:
		m.defects = slices.DeleteFunc(m.defects, func(d string) bool { return d == KeyAlphabet }) // the padding went with the rest
		m.note(KeyTruncated)
		m.have, m.want = len(raw), header+length
		return false
	case isDER:
		whole := raw[:header+length]
		k, err := dkim.ParseKey("v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(whole))
		if err != nil || k.Bits == 0 {
			return false
		}
		if len(whole) < len(raw) {
			m.note(KeyTrailing)
		}
		m.kind, m.raw = "rsa", whole
		return true
	case len(raw) == 32:
		m.kind, m.raw = "ed25519", raw
		return true
	}
	return false
}

// sequence reads the head of a DER SEQUENCE that is larger than 48 octets.
func sequence(raw []byte) (header, length int, ok bool) {
	switch {
	case len(raw) < 4 || raw[0] != 0x30:
		return 0, 0, false
	case raw[1] == 0x82:
		return 4, int(raw[2])<<8 | int(raw[3]), true
	case raw[1] == 0x81:
		return 3, int(raw[2]), true
	case raw[1] < 0x80 && raw[1] > 44:
		return 2, int(raw[1]), true
	}
	return 0, 0, false
}

// isPrivate: PKCS#1 and PKCS#8 begin with a small version number, OpenSSH's form with
// its name.
func isPrivate(raw []byte, header int) bool {
	if header == 0 && len(raw) > 2 && raw[0] == 0x30 && raw[1] < 0x80 {
		header = 2
	}
	body := raw[header:]
	return header > 0 && len(body) >= 3 && body[0] == 0x02 && body[1] == 0x01 && body[2] <= 0x01 || bytes.HasPrefix(raw, []byte("openssh-key-v1"))
}

var (
	// lineBreaks are those of a key file that were written as programs write them.
	lineBreaks = strings.NewReplacer(`\r`, " ", `\n`, " ")
	// escapes are the letters of base64 as HTML and URLs write them.
	escapes = strings.NewReplacer("&#43;", "+", "&plus;", "+", "&#x2B;", "+", "&#47;", "/", "&#x2F;", "/", "&sol;", "/", "&#61;", "=", "&#x3D;", "=", "&equals;", "=",
		"%2B", "+", "%2b", "+", "%2F", "/", "%2f", "/", "%3D", "=", "%3d", "=")
)
