package forensics

import (
	"encoding/base64"
	"mime"
	"strings"

	"golang.org/x/text/encoding/htmlindex"

	"github.com/todoku/todoku/internal/pattern"
	"github.com/todoku/todoku/message"
)

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
