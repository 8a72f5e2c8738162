package forensics

import (
	"bytes"
	"encoding/base64"
	"mime"
	"net/mail"
	"strings"
	"time"

	"golang.org/x/text/encoding/htmlindex"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/pattern"
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

type subject struct {
	kind  Kind
	value string
}

var (
	// subjectTag is what lists and filters put in front: "[list]", "(list:123)", "***SPAM***",
	// "EXTERNAL: ", "【...】".
	subjectTag  = pattern.New(`^(?i)(\[[^\]]{1,80}\]|\([^)]{1,80}\)|<[^>]{1,80}>|\{[^}]{1,80}\}|【[^】]{1,80}】|\*+ ?[^*]{1,40} ?\*+|(?:possible |suspected )?spam[:\] -]|external[:\]]? ?|caution:|_+[a-z ]{1,40}_+)[ \t:-]*`)
	subjectTail = pattern.New(`^(?i)(.*?)[ \t]*(\[[^\]]{1,80}\]|\([^)]{1,80}\)|\*+[^*]{1,40}\*+)$`)
	replyPrefix = pattern.New(`^(?i)(re|fwd?|aw|wg|sv|tr|rv|返信|転送)(\[[0-9]{1,3}\])?[:：][ \t]*`)
)

// subjects gives what the subject may have been. An encoded one is decoded, changed and
// encoded again in the ways that are common.
func subjects(m *message.Message, s string) (out []subject) {
	for _, name := range []string{"X-Original-Subject", "X-Old-Subject", "X-Spam-Prev-Subject", "Original-Subject"} {
		for _, v := range originals(m, name) {
			out = append(out, subject{SubjectTagged, v})
		}
	}
	out = append(out, plainSubjects(s)...)
	decoded := message.DecodeHeader(s)
	for _, w := range wordForms(s) {
		out = append(out, subject{FieldReencoded, w})
	}
	if decoded == s {
		return out
	}
	for _, v := range plainSubjects(decoded) {
		for _, w := range encodings(v.value) {
			if len(out) > maxVariants {
				return out
			}
			out = append(out, subject{v.kind, w})
		}
	}
	return out
}

func plainSubjects(s string) (out []subject) {
	rest := s
	for range 3 { // several tags one before the other
		tag := subjectTag.FindString(rest)
		if tag == "" || len(tag) == len(rest) {
			break
		}
		rest = rest[len(tag):]
		out = append(out, subject{SubjectTagged, rest}, subject{SubjectTagged, "Re: " + rest})
	}
	if p := replyPrefix.FindString(s); p != "" {
		after := s[len(p):]
		out = append(out, subject{SubjectPrefix, after})
		if tag := subjectTag.FindString(after); tag != "" {
			out = append(out, subject{SubjectTagged, p + after[len(tag):]}, subject{SubjectTagged, after[len(tag):]})
		}
		for _, other := range []string{"Re: ", "RE: ", "re: ", "Re:", "RE:", "AW: ", "Fwd: ", "FW: ", "Fw: ", "返信: "} {
			out = append(out, subject{SubjectPrefix, other + after})
		}
		out = append(out, subject{SubjectPrefix, p + s})
	} else {
		out = append(out, subject{SubjectPrefix, "Re: " + s}, subject{SubjectPrefix, "RE: " + s}, subject{SubjectPrefix, "Fwd: " + s})
	}
	if t := subjectTail.FindStringSubmatch(s); t != nil && t[1] != "" {
		out = append(out, subject{SubjectTagged, t[1]})
	}
	return out
}

// wordForms gives a value with its encoded-words written another way: raw, or in other charsets
// and encodings; of a raw one that is not ASCII, encoded.
func wordForms(s string) []string {
	decoded := message.DecodeHeader(s)
	ascii := strings.IndexFunc(s, func(r rune) bool { return r > 0x7e }) < 0
	if decoded == s && ascii {
		return nil
	}
	// Words that share a value with an address are encoded by themselves.
	if i := strings.LastIndex(s, "<"); i > 0 {
		var out []string
		name, address := message.DecodeHeader(strings.TrimSpace(s[:i])), s[i:]
		for _, w := range encodings(name) {
			out = append(out, w+" "+address)
		}
		return append(out, `"`+name+`" `+address)
	}
	return encodings(decoded)
}

// encodings gives a text as itself and as encoded-words (RFC 2047), whole and split.
func encodings(text string) []string {
	out := []string{text}
	if strings.IndexFunc(text, func(r rune) bool { return r > 0x7e }) < 0 {
		return out
	}
	for _, cs := range []string{"UTF-8", "utf-8"} {
		out = append(out,
			"=?"+cs+"?B?"+base64.StdEncoding.EncodeToString([]byte(text))+"?=",
			mime.BEncoding.Encode(cs, text), mime.QEncoding.Encode(cs, text),
			splitWords(cs, text, 45))
	}
	for _, cs := range []string{"ISO-2022-JP", "iso-2022-jp"} {
		enc, err := htmlindex.Get(cs)
		if err != nil {
			continue
		}
		if b, err := enc.NewEncoder().Bytes([]byte(text)); err == nil {
			out = append(out, "=?"+cs+"?B?"+base64.StdEncoding.EncodeToString(b)+"?=")
		}
	}
	return out
}

// splitWords encodes in words of at most n octets, broken between characters.
func splitWords(charset, text string, n int) string {
	var words []string
	var word []byte
	for _, r := range text {
		c := []byte(string(r))
		if len(word)+len(c) > n {
			words = append(words, "=?"+charset+"?B?"+base64.StdEncoding.EncodeToString(word)+"?=")
			word = nil
		}
		word = append(word, c...)
	}
	words = append(words, "=?"+charset+"?B?"+base64.StdEncoding.EncodeToString(word)+"?=")
	return strings.Join(words, " ")
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

var (
	via       = pattern.New(`(?i)\s+(via|経由)\s+.*$`)
	quotedAt  = pattern.New(`(?i)['"]?([^'"<>\s]+)(?:\s+at\s+|=|\(at\)|@)([a-z0-9.-]+\.[a-z]{2,})['"]?`)
	encodedAt = pattern.New(`(?i)<([^<>@=]+)=([^<>@=]+)@[^<>]+>`)
)

// formerAuthors gives what From may have been before a list put its own address there:
// the author's address is in Reply-To, Cc or a field made for it.
func formerAuthors(m *message.Message, from string) (out []string) {
	full := originals(m, "From")
	full = append(full, originals(m, "Sender", "Author", "Google-Original-From")...)
	for _, v := range full {
		if v != from {
			out = append(out, v)
		}
	}
	name, _, _ := strings.Cut(from, "<")
	name = strings.TrimSpace(name)
	bare := strings.Trim(via.ReplaceAllString(strings.Trim(name, `"`), ""), `"' `)
	addresses := addressesOf(m, "Reply-To", "Cc", "X-Original-From", "X-MailFrom", "Return-Path", "X-Original-Sender")
	if a := encodedAt.FindStringSubmatch(from); a != nil {
		addresses = append(addresses, a[1]+"@"+a[2])
	}
	if a := quotedAt.FindStringSubmatch(name); a != nil {
		addresses = append(addresses, a[1]+"@"+a[2])
	}
	for _, a := range addresses {
		out = append(out, bare+" <"+a+">", `"`+bare+`" <`+a+">", name+" <"+a+">", a, "<"+a+">")
		for _, w := range encodings(message.DecodeHeader(bare)) {
			out = append(out, w+" <"+a+">")
		}
	}
	return append(out, originals(m, "Reply-To")...)
}

func addressesOf(m *message.Message, names ...string) (out []string) {
	for _, n := range names {
		for _, f := range m.All(n) {
			list, err := message.ParseAddressList(f.Value())
			if err != nil {
				continue
			}
			for _, a := range list {
				if len(out) < 6 {
					out = append(out, a.String())
				}
			}
		}
	}
	return out
}

var quotedName = pattern.New(`"([^"\\]*)"\s*<`)
var bareName = pattern.New(`(^|, ?)([A-Za-z0-9][A-Za-z0-9 .'-]*) <`)
var bracketed = pattern.New(`(^|, ?)<([^<>]*)>`)
var namedAddress = pattern.New(`^"?([^"<>]*?)"? <([^<>]*)>$`)
var addressHost = pattern.New(`@[A-Za-z0-9.-]+`)
var comment = pattern.New(`\s*\([^()]*\)`)

// addressForms writes a list of addresses in the other ways that mean the same.
func addressForms(s string) (out []string) {
	if len(s) > 4096 {
		return nil
	}
	out = append(out,
		quotedName.ReplaceAllString(s, "$1 <"),
		bareName.ReplaceAllString(s, `$1"$2" <`),
		bracketed.ReplaceAllString(s, "$1$2"),
		comment.ReplaceAllString(s, ""),
		strings.ReplaceAll(s, ", ", ","),
		strings.ReplaceAll(s, ",", ", "),
		strings.ReplaceAll(s, " <", "<"),
		strings.ReplaceAll(s, "<", " <"),
		strings.ToLower(s),
		addressHost.ReplaceAllStringFunc(s, strings.ToLower),
	)
	if !strings.ContainsAny(s, "<,") {
		out = append(out, "<"+s+">")
	}
	if a := namedAddress.FindStringSubmatch(s); a != nil {
		out = append(out, a[2]+" ("+a[1]+")", a[2], "<"+a[2]+">")
	}
	return out
}

var charsetParam = pattern.New(`(?i)(;\s*charset\s*=\s*)("?)([A-Za-z0-9_-]+)("?)`)
var anyParam = pattern.New(`;\s*[A-Za-z0-9*-]+\s*=\s*("[^"]*"|[^;"\s]*)`)
var quotedParam = pattern.New(`=\s*"([A-Za-z0-9_.+'-]+)"`)
var plainParam = pattern.New(`=([^";\s]+)`)

// contentTypes gives what Content-Type may have been: with other quotes and charsets, without a
// parameter, with one that relays drop, that of a part of a new multipart, or of the plainest text.
func contentTypes(m *message.Message, s string) (out []string) {
	if len(s) > 1024 {
		return nil
	}
	e := entity{fields: m.Fields, body: m.Body}
	if len(m.Body) <= maxBody {
		for _, p := range e.parts() {
			if v := parseEntity(e.body[p.from:p.to]).value("Content-Type"); v != "" && len(v) < 1024 {
				plain := quotedParam.ReplaceAllString(v, "=$1")
				out = append(out, v, plain, charsetParam.ReplaceAllStringFunc(plain, upperValue), plainParam.ReplaceAllString(v, `="$1"`))
			}
		}
	}
	out = append(out,
		quotedParam.ReplaceAllString(s, "=$1"), plainParam.ReplaceAllString(s, `="$1"`),
		strings.ReplaceAll(s, "; ", ";"), strings.TrimRight(s, "; "), s+";",
		anyParam.ReplaceAllString(s, ""),
	)
	for _, cs := range []string{"utf-8", "UTF-8", "us-ascii", "US-ASCII", "iso-2022-jp", "ISO-2022-JP", "Shift_JIS", "shift_jis", "EUC-JP", "iso-8859-1", "ISO-8859-1", "windows-1252"} {
		out = append(out, charsetParam.ReplaceAllString(s, "${1}"+cs), charsetParam.ReplaceAllString(s, `${1}"`+cs+`"`))
	}
	for _, more := range []string{"; format=flowed", "; format=flowed; delsp=yes", "; charset=utf-8", "; charset=us-ascii", `; charset="utf-8"`, "; charset=UTF-8", "; reply-type=original"} {
		out = append(out, s+more)
	}
	for _, p := range anyParam.FindAllString(s, 8) {
		out = append(out, strings.Replace(s, p, "", 1))
	}
	for _, t := range []string{"text/plain", "text/html"} {
		out = append(out, t, t+"; charset=utf-8", t+"; charset=UTF-8", t+`; charset="utf-8"`, t+`; charset="UTF-8"`, t+"; charset=us-ascii", t+"; charset=iso-2022-jp", t+"; charset=ISO-2022-JP")
	}
	return out
}

// upperValue writes the value of a parameter in capitals.
func upperValue(param string) string {
	i := strings.IndexByte(param, '=') + 1
	return param[:i] + strings.ToUpper(param[i:])
}

var dateZone = pattern.New(`\s*\([A-Za-z0-9: +-]*\)$`)
var dateDay = pattern.New(`(^|, )([0-9]) `)
var dateZero = pattern.New(`(^|, )0([0-9]) `)
var dateWeekday = pattern.New(`^[A-Za-z]{3}, *`)

// dates writes a date in the other ways that mean the same.
func dates(s string) (out []string) {
	bare := dateZone.ReplaceAllString(s, "")
	for _, v := range []string{s, bare} {
		out = append(out, v, dateDay.ReplaceAllString(v, "${1}0$2 "), dateZero.ReplaceAllString(v, "$1$2 "), dateWeekday.ReplaceAllString(v, ""))
		out = append(out, strings.Replace(v, "+0000", "GMT", 1), strings.Replace(v, "GMT", "+0000", 1), strings.Replace(v, "-0000", "+0000", 1), strings.Replace(v, "+0000", "-0000", 1))
	}
	out = append(out, otherZones(bare)...)
	for _, z := range []string{" (JST)", " (UTC)", " (GMT)", " (PST)", " (PDT)", " (EST)", " (EDT)", " (CET)", " (CEST)"} {
		out = append(out, bare+z)
	}
	return out
}

// zones are the offsets from UTC, in minutes, where most mail is written.
var zones = []int{0, 540, 60, 120, -300, -240, -480, -420, -360, 480, 330, 180, 600, 660, 420, 570, 630, 720, 780, -180, -600, -540, 240, 300, 345, 360}

// otherZones writes the moment of a date as it reads in other zones.
func otherZones(s string) (out []string) {
	at, err := mail.ParseDate(s)
	if err != nil {
		return nil
	}
	for _, z := range zones {
		t := at.In(time.FixedZone("", z*60))
		for _, layout := range []string{"Mon, 02 Jan 2006 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05 -0700"} {
			out = append(out, t.Format(layout))
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
