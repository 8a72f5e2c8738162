package forensics

import (
	"bytes"
	"strings"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// addVariants gives each field what it may have been.
func (h *headerSearch) addVariants(m *message.Message, s *dkim.Signature) {
	copies := copiedFields(s.CopiedHeaders)
	count := map[string]int{}
	for _, f := range h.fields {
		if f.raw != nil {
			count[f.name]++
		}
	}
	for i := range h.fields {
		h.fieldVariants(i, m, copies, count)
	}
}

func (h *headerSearch) fieldVariants(i int, m *message.Message, copies map[string][]string, count map[string]int) {
	f := &h.fields[i]
	for _, v := range copies[f.name] { // RFC 6376 section 3.5, z=: known, not guessed
		kind := FieldChanged
		if f.raw == nil {
			kind = FieldRemoved
		}
		h.add(i, kind, true, " "+v)
		h.add(i, kind, true, v)
	}
	if f.raw == nil {
		for _, v := range lostValues(m, f.name) {
			h.add(i, FieldRemoved, f.name != "subject", " "+v)
		}
		return
	}
	switch { // that it was not there
	case count[f.name] > 1:
		f.variant = append(f.variant, variant{nil, FieldDuplicated, true})
	case f.name != "from": // which every signature covers
		f.variant = append(f.variant, variant{nil, FieldAdded, true})
	}
	if len(f.raw) <= maxValue {
		h.valueVariants(i, m)
	}
	if h.canon == wire.Simple {
		for _, l := range layouts {
			h.addRaw(i, l.kind, false, l.undo(f.raw))
		}
		for _, raw := range foldings(f.raw) {
			h.addRaw(i, FieldRefolded, false, raw)
		}
	}
}

func (h *headerSearch) valueVariants(i int, m *message.Message) {
	unfolded := message.NewField(h.fields[i].raw).Unfolded()
	switch h.fields[i].name {
	case "subject":
		for _, v := range subjects(m, unfolded) {
			h.add(i, v.kind, true, " "+v.value)
		}
	case "from":
		for _, v := range formerAuthors(m, unfolded) {
			h.add(i, FromRewritten, true, " "+v)
		}
		for _, v := range addressForms(unfolded) {
			h.add(i, AddressRewritten, false, " "+v)
		}
	case "to", "cc", "reply-to", "sender":
		if h.fields[i].name == "reply-to" {
			for _, v := range originals(m, "Reply-To") {
				h.add(i, FieldChanged, true, " "+v)
			}
		}
		for _, v := range addressForms(unfolded) {
			h.add(i, AddressRewritten, false, " "+v)
		}
	case "content-type":
		for _, v := range contentTypes(m, unfolded) {
			h.add(i, ContentTypeRewritten, true, " "+v)
		}
	case "content-transfer-encoding":
		for _, v := range []string{"8bit", "7bit", "quoted-printable", "base64", "8BIT", "7BIT", "8Bit", "7Bit", "binary"} {
			h.add(i, EncodingFieldModified, true, " "+v)
		}
	case "date":
		for _, v := range dates(unfolded) {
			h.add(i, DateReformatted, false, " "+v)
		}
	case "mime-version":
		for _, v := range []string{"1.0", "1.0 (1.0)", "1.0 (Mac OS X Mail)"} {
			h.add(i, FieldChanged, false, " "+v)
		}
	}
	if h.fields[i].name != "subject" {
		for _, v := range wordForms(unfolded) {
			h.add(i, FieldReencoded, false, " "+v)
		}
	}
}

func (h *headerSearch) add(i int, kind Kind, likely bool, value string) {
	name, _ := splitField(h.fields[i].raw)
	if h.fields[i].raw == nil {
		name = []byte(canonicalName(h.fields[i].name))
	}
	h.addRaw(i, kind, likely, joinField(name, []byte(value)))
}

// addRaw adds a variant unless it says nothing new.
func (h *headerSearch) addRaw(i int, kind Kind, likely bool, raw []byte) {
	f := &h.fields[i]
	canon := wire.AppendHeader(nil, h.canon, raw)
	if bytes.Equal(canon, f.now) || len(f.variant) >= maxVariants {
		return
	}
	for _, v := range f.variant {
		if bytes.Equal(v.canon, canon) {
			return
		}
	}
	f.variant = append(f.variant, variant{canon, kind, likely})
}

// copiedFields reads z= (RFC 6376 section 3.5): values by name in lower case.
func copiedFields(z string) map[string][]string {
	out := map[string][]string{}
	for n, c := range strings.Split(z, "|") {
		name, value, ok := strings.Cut(wire.StripFWS(c), ":")
		if !ok || n == maxFields {
			continue
		}
		name = strings.ToLower(name)
		if len(out[name]) < 4 {
			out[name] = append(out[name], unquote(value))
		}
	}
	return out
}

// unquote decodes dkim-quoted-printable (RFC 6376 section 2.11).
func unquote(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '=' && i+2 < len(s) {
			hi, lo := strings.IndexByte("0123456789ABCDEF", s[i+1]), strings.IndexByte("0123456789ABCDEF", s[i+2])
			if hi >= 0 && lo >= 0 {
				b.WriteByte(byte(hi<<4 | lo))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// originals gives the values of a field, and of those where relays keep the former value of it.
func originals(m *message.Message, names ...string) (out []string) {
	for _, n := range names {
		for _, prefix := range []string{"", "X-Original-", "Original-", "X-Old-"} {
			for _, f := range m.All(prefix + n) {
				if len(out) < 12 {
					out = append(out, f.Unfolded())
				}
			}
		}
	}
	return out
}

// lostValues gives likely values of a field that is gone.
func lostValues(m *message.Message, name string) []string {
	switch name {
	case "reply-to", "sender", "return-path":
		return append(originals(m, "From", canonicalName(name)), addressesOf(m, "From")...)
	case "cc", "to", "from", "subject", "message-id", "date":
		return originals(m, canonicalName(name))
	case "mime-version":
		return []string{"1.0"}
	case "content-transfer-encoding":
		return []string{"7bit", "8bit", "quoted-printable", "base64", "binary"}
	case "content-type":
		return contentTypes(m, "text/plain")
	case "content-language":
		return []string{"en-US", "ja", "ja-JP", "en", "de-DE"}
	case "content-disposition":
		return []string{"inline"}
	case "auto-submitted":
		return []string{"auto-generated", "auto-replied", "no"}
	case "precedence":
		return []string{"bulk", "list"}
	case "importance", "x-priority", "priority":
		return []string{"normal", "Normal", "3", "3 (Normal)", "high", "1"}
	case "list-unsubscribe-post":
		return []string{"List-Unsubscribe=One-Click"}
	}
	return originals(m, canonicalName(name))
}
