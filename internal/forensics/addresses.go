package forensics

import (
	"strings"

	"github.com/todoku/todoku/internal/pattern"
	"github.com/todoku/todoku/message"
)

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
