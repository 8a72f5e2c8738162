package forensics

import (
	"context"
	"crypto"
	"strings"
	"testing"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// keys are made once: by selector.
var keys = func() map[string]crypto.Signer {
	out := map[string]crypto.Signer{}
	for _, algorithm := range []string{"rsa", "ed25519"} {
		key, err := dkim.GenerateKey(algorithm, 2048)
		if err != nil {
			panic(err)
		}
		out[algorithm] = key
	}
	return out
}()

var zone = func() dns.Resolver {
	z := dns.Zone{}
	for selector, key := range keys {
		rec, err := dkim.RecordFor(key.Public())
		if err != nil {
			panic(err)
		}
		z[selector+"._domainkey.example.com"] = []string{"TXT " + rec}
	}
	return dns.MustMemory(z)
}()

const head = "From: Hanako Sato <hanako@example.com>\r\nTo: taro@example.net\r\nSubject: Minutes of the meeting\r\n" +
	"Date: Sun, 01 Nov 2026 10:00:00 +0900\r\nMessage-ID: <1@example.com>\r\n"

const plainHead = head + "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"

const plain = plainHead + "Hello all,\r\n\r\nhere are the minutes of the meeting, as promised.\r\n\r\n-- \r\nHanako\r\n"

// linked has a link that gateways rewrite.
const linked = plainHead + "Hello,\r\nthe report: https://www.example.com/a/b?id=42&x=1\r\nBye\r\n"

const japanese = "皆様\r\n\r\n会議の議事録をお送りします。よろしくお願いいたします。\r\n\r\n佐藤\r\n"

const multipart = head + "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"b1\"\r\n\r\n" +
	"--b1\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nHello all,\r\n\r\nhere are the minutes.\r\n" +
	"--b1\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n<html><body>\r\n<p>Hello all,</p>\r\n<p>here are the minutes.</p>\r\n</body></html>\r\n" +
	"--b1--\r\n"

// The canonicalizations of header and body.
var (
	everyCanonicalization = []dkim.SignOptions{{}, {Body: wire.Relaxed}, {Header: wire.Relaxed}, {Header: wire.Relaxed, Body: wire.Relaxed}}
	simpleBody            = []dkim.SignOptions{{}, {Header: wire.Relaxed}}
	simpleHeader          = []dkim.SignOptions{{}, {Body: wire.Relaxed}}
)

// signedMessage puts a signature before a message.
func signedMessage(t testing.TB, raw string, o dkim.SignOptions) string {
	t.Helper()
	if o.Selector == "" {
		o.Selector = "rsa"
	}
	o.Domain, o.Key = "example.com", keys[o.Selector]
	f, err := dkim.Sign(strings.NewReader(raw), o)
	if err != nil {
		t.Fatal(err)
	}
	return string(f) + raw
}

func verify(t testing.TB, raw string) (*message.Message, dkim.Verdict) {
	t.Helper()
	m := message.Parse([]byte(raw))
	vs := dkim.Verify(context.Background(), zone, m, dkim.Options{})
	if len(vs) == 0 {
		t.Fatal("no signature")
	}
	return m, vs[0]
}

// sub replaces text, which must be there.
func sub(old, new string) func(string) string {
	return func(s string) string {
		i := strings.LastIndex(s, old) // the signature above may hold it too
		if i < 0 {
			panic("not in the message: " + old)
		}
		return s[:i] + new + s[i+len(old):]
	}
}

// onBody changes the body alone.
func onBody(change func(string) string) func(string) string {
	return func(s string) string {
		i := strings.Index(s, "\r\n\r\n") + 4
		return s[:i] + change(s[i:])
	}
}

// chain applies one change after the other.
func chain(changes ...func(string) string) func(string) string {
	return func(s string) string {
		for _, c := range changes {
			s = c(s)
		}
		return s
	}
}

func everyBody(old, new string) func(string) string {
	return onBody(func(s string) string { return strings.ReplaceAll(s, old, new) })
}

// A mutation that was really made to a message that was really signed.
var mutations = []struct {
	name   string
	raw    string
	sign   []dkim.SignOptions // default: every canonicalization
	header []string           // h=, default: the recommended
	change func(string) string
	want   []Mutation
}{
	{name: "a list's footer below the text", raw: plain, change: func(s string) string {
		return s + "_______________________________________________\r\nclub mailing list\r\nclub@lists.example.org\r\n"
	}, want: []Mutation{{Kind: FooterAdded}}},
	{name: "a footer behind empty lines", raw: plain, change: func(s string) string { return s + "\r\n\r\n-- \r\nSent through us\r\n\r\n" }, want: []Mutation{{Kind: FooterAdded}}},
	{name: "a footer in the plain part", raw: multipart, change: sub("minutes.\r\n--b1", "minutes.\r\n\r\n-- \r\nclub mailing list\r\n--b1"), want: []Mutation{{Kind: PartFooterAdded}}},
	{name: "a disclaimer in both parts", raw: multipart, change: chain(
		sub("minutes.\r\n--b1", "minutes.\r\n\r\n--\r\nConfidential.\r\n--b1"),
		sub("</body>", "<p>Confidential.</p></body>")), want: []Mutation{{Kind: PartFooterAdded}}},
	{name: "a banner above the text", raw: plain, change: onBody(func(s string) string { return "CAUTION: this came from outside.\r\n\r\n" + s }), want: []Mutation{{Kind: BannerAdded}}},
	{name: "a banner in the HTML part", raw: multipart, change: sub("<body>", "<body><div style=\"color:red\">This came from <b>outside</b></div>"), want: []Mutation{{Kind: BannerAdded}}},
	{name: "a banner in both parts", raw: multipart, change: chain(
		sub("8bit\r\n\r\nHello all", "8bit\r\n\r\nCAUTION: external.\r\n\r\nHello all"),
		sub("<body>", "<body><div style=\"color:red\">This came from <b>outside</b></div>")), want: []Mutation{{Kind: BannerAdded}}},
	{name: "a note behind the end of the HTML", raw: multipart, change: sub("</html>", "</html><p>Checked by us</p>"), want: []Mutation{{Kind: PartFooterAdded}}},
	{name: "a line amid the text", raw: plain, change: sub("here are", "[scanned by gate.example]\r\nhere are"), want: []Mutation{{Kind: TextInserted}}},
	{name: "a part appended by a list", raw: multipart, change: sub("--b1--", "--b1\r\nContent-Type: text/plain\r\nContent-Disposition: inline\r\n\r\n____\r\nclub list\r\n--b1--"), want: []Mutation{{Kind: PartAdded}}},
	{name: "wrapped in a multipart with a footer part", raw: plain, change: chain(
		onBody(func(s string) string {
			return "--x1\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + s + "--x1\r\nContent-Type: text/plain\r\n\r\nfooter\r\n--x1--\r\n"
		}),
		func(s string) string {
			return strings.Replace(s, "\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n", "\nContent-Type: multipart/mixed; boundary=x1\r\n", 1)
		}), want: []Mutation{{Kind: Wrapped}, {ContentTypeRewritten, "Content-Type"}, {FieldRemoved, "Content-Transfer-Encoding"}}},
	{name: "an empty line at the end of a part", raw: multipart, change: sub("minutes.\r\n--b1", "minutes.\r\n\r\n--b1"), want: []Mutation{{Kind: BlankLines}}},
	{name: "trailing space added", raw: strings.ReplaceAll(plain, "-- ", "--"), sign: simpleBody, change: everyBody("all,\r\n", "all,  \r\n"), want: []Mutation{{Kind: WhiteSpace}}},
	{name: "trailing space removed", raw: plain, sign: simpleBody, change: everyBody("-- \r\n", "--\r\n"), want: []Mutation{{Kind: WhiteSpace}}},
	{name: "trailing space of one line removed", raw: strings.ReplaceAll(plain, "promised.", "promised. "), sign: simpleBody, change: everyBody("promised. ", "promised."), want: []Mutation{{Kind: WhiteSpace}}},
	{name: "every line doubled", raw: plain, change: everyBody("\r\n", "\r\n\r\n"), want: []Mutation{{Kind: BlankLines}}},
	{name: "a blank line above", raw: plain, change: onBody(func(s string) string { return "\r\n" + s }), want: []Mutation{{Kind: BlankLines}}},
	{name: "a blank line lost", raw: plain, change: sub("promised.\r\n\r\n", "promised.\r\n"), want: []Mutation{{Kind: BlankLines}}},
	{name: "CRLF became LF", raw: plain, change: everyBody("\r\n", "\n"), want: []Mutation{{Kind: LineEnds}}},
	{name: "CRLF became CR CR LF", raw: plain, change: everyBody("\r\n", "\r\r\n"), want: []Mutation{{Kind: LineEnds}}},
	{name: "signed with bare LF", raw: plainHead + "Hello,\n\nworld\n", change: everyBody("\n", "\r\n"), want: []Mutation{{Kind: LineEnds}}},
	{name: "8bit became quoted-printable", raw: plainHead + japanese, change: chain(
		onBody(func(s string) string { return string(quoteLib([]byte(s))) }), sub("Encoding: 8bit", "Encoding: quoted-printable"),
	), want: []Mutation{{Kind: Reencoded}, {EncodingFieldModified, "Content-Transfer-Encoding"}}},
	{name: "8bit became base64", raw: plainHead + japanese, change: chain(
		onBody(func(s string) string { return string(base64Lines([]byte(s), 76)) }), sub("Encoding: 8bit", "Encoding: base64"),
	), want: []Mutation{{Kind: Reencoded}, {EncodingFieldModified, "Content-Transfer-Encoding"}}},
	{name: "base64 became 8bit", raw: strings.ReplaceAll(plainHead, "8bit", "base64") + string(base64Lines([]byte(japanese), 76)), change: chain(
		onBody(func(string) string { return japanese }), sub("Encoding: base64", "Encoding: 8bit"),
	), want: []Mutation{{Kind: Reencoded}, {EncodingFieldModified, "Content-Transfer-Encoding"}}},
	{name: "base64 became 8bit and got a footer", raw: strings.ReplaceAll(plainHead, "8bit", "quoted-printable") + string(quoteLib([]byte(japanese))), change: chain(
		onBody(func(string) string { return string(base64Lines([]byte(japanese), 76)) }), sub("Encoding: quoted-printable", "Encoding: base64"),
	), want: []Mutation{{Kind: Reencoded}, {EncodingFieldModified, "Content-Transfer-Encoding"}}},
	{name: "quoted-printable parts became 8bit", raw: strings.ReplaceAll(multipart, "8bit", "quoted-printable"), change: everyBody("quoted-printable", "8bit"), want: []Mutation{{Kind: Reencoded}}},
	{name: "base64 wrapped anew", raw: strings.ReplaceAll(plainHead, "8bit", "base64") + string(base64Lines([]byte(japanese+japanese), 76)),
		change: onBody(func(string) string { return string(base64Lines([]byte(japanese+japanese), 64)) }), want: []Mutation{{Kind: EncodedLinesWrapped}}},
	{name: "ISO-2022-JP became UTF-8", raw: strings.ReplaceAll(plainHead, "charset=utf-8", "charset=iso-2022-jp") + inJIS(japanese), change: chain(
		onBody(func(string) string { return japanese }), sub("charset=iso-2022-jp", "charset=utf-8"),
	), want: []Mutation{{Kind: CharsetConverted}, {ContentTypeRewritten, "Content-Type"}}},
	{name: "ISO-2022-JP became UTF-8 in base64", raw: strings.NewReplacer("charset=utf-8", "charset=ISO-2022-JP", "8bit", "7bit").Replace(plainHead) + inJIS(japanese), change: chain(
		onBody(func(string) string { return string(base64Lines([]byte(japanese), 76)) }), sub("charset=ISO-2022-JP", "charset=\"utf-8\""), sub("7bit", "base64"),
	), want: []Mutation{{Kind: CharsetConverted}, {ContentTypeRewritten, "Content-Type"}, {EncodingFieldModified, "Content-Transfer-Encoding"}}},
	{name: "a long line broken at 998", raw: plainHead + strings.Repeat("0123456789", 150) + "\r\nend\r\n",
		change: onBody(func(s string) string { return s[:998] + "\r\n " + s[998:] }), want: []Mutation{{Kind: LongLinesBroken}}},
	{name: "paragraphs wrapped at 76", raw: plainHead + strings.Repeat("many words of text ", 12) + "end.\r\n",
		change: onBody(func(s string) string { return wrapAt(s, 76) }), want: []Mutation{{Kind: TextWrapped}}},
	{name: "From escaped", raw: plainHead + "Hello\r\nFrom here on it is escaped\r\n", change: sub("From here", ">From here"), want: []Mutation{{Kind: FromEscaped}}},
	{name: "dots doubled", raw: plainHead + "Hello\r\n.hidden\r\n", change: sub("\r\n.hidden", "\r\n..hidden"), want: []Mutation{{Kind: DotsChanged}}},
	{name: "a dot lost", raw: plainHead + "Hello\r\n.hidden\r\n", change: sub("\r\n.hidden", "\r\nhidden"), want: []Mutation{{Kind: DotsChanged}}},
	{name: "ESC lost", raw: strings.ReplaceAll(plainHead, "utf-8", "iso-2022-jp") + inJIS(japanese), change: everyBody("\x1b", ""), want: []Mutation{{Kind: EscapeStripped}}},
	{name: "the eighth bit lost", raw: plainHead + "会議の件\r\n", change: onBody(func(s string) string {
		b := []byte(s)
		for i := range b {
			b[i] &= 0x7f
		}
		return string(b)
	}), want: []Mutation{{Kind: EighthBitStripped}}},
	{name: "NULs added", raw: plain, change: everyBody("minutes", "min\x00utes"), want: []Mutation{{Kind: NULsAdded}}},
	{name: "tabs expanded", raw: plainHead + "a\tb\r\n", sign: simpleBody, change: everyBody("\t", "        "), want: []Mutation{{Kind: TabsExpanded}}},
	{name: "a byte order mark", raw: plain, change: onBody(func(s string) string { return "\xef\xbb\xbf" + s }), want: []Mutation{{Kind: ByteOrderMarkAdded}}},
	{name: "Safe Links", raw: linked, change: everyBody("https://www.example.com/a/b?id=42&x=1", "https://nam02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fwww.example.com%2Fa%2Fb%3Fid%3D42%26x%3D1&data=05%7C01&sdata=abc%3D&reserved=0"), want: []Mutation{{Kind: LinksRewritten}}},
	{name: "URL Defense 2", raw: linked, change: everyBody("https://www.example.com/a/b?id=42&x=1", "https://urldefense.proofpoint.com/v2/url?u=https-3A__www.example.com_a_b-3Fid-3D42-26x-3D1&d=DwMF&c=abc&s=def&e="), want: []Mutation{{Kind: LinksRewritten}}},
	{name: "URL Defense 3", raw: linked, change: everyBody("https://www.example.com/a/b?id=42&x=1", "https://urldefense.com/v3/__https://www.example.com/a/b?id=42&x=1__;!!abc!xyz$"), want: []Mutation{{Kind: LinksRewritten}}},
	{name: "URL Defense 3 with a character aside", raw: linked, change: everyBody("https://www.example.com/a/b?id=42&x=1", "https://urldefense.com/v3/__https://www.example.com/a/b?id=42*x=1__;Jg!!abc!xyz$"), want: []Mutation{{Kind: LinksRewritten}}},
	{name: "Barracuda", raw: linked, change: everyBody("https://www.example.com/a/b?id=42&x=1", "https://linkprotect.cudasvc.com/url?a=https%3a%2f%2fwww.example.com%2fa%2fb%3fid%3d42%26x%3d1&c=E,1,abc&typo=1"), want: []Mutation{{Kind: LinksRewritten}}},
	{name: "Safe Links in an encoded HTML part", raw: strings.ReplaceAll(strings.ReplaceAll(multipart, "8bit", "quoted-printable"), "<p>here", `<p><a href=3D"https://www.example.com/?a=3D1&amp;b=3D2">here</a>`),
		change: everyBody("https://www.example.com/?a=3D1&amp;b=3D2", "https://emea01.safelinks.prot=\r\nection.outlook.com/?url=3Dhttps%3A%2F%2Fwww.example.com%2F%3Fa%3D1%26b%3D2&amp;data=3D05"), want: []Mutation{{Kind: LinksRewritten}}},
	{name: "nothing left", raw: plain, change: onBody(func(string) string { return "" }), want: []Mutation{{Kind: BodyRemoved}}},
	{name: "an empty body signed", raw: plainHead, change: func(s string) string { return s + "Hello\r\n" }, want: []Mutation{{Kind: SignedEmptyBody}}},

	{name: "a list's subject tag", raw: plain, change: sub("Subject: ", "Subject: [club] "), want: []Mutation{{SubjectTagged, "Subject"}}},
	{name: "a numbered tag", raw: plain, change: sub("Subject: ", "Subject: (club:00123) "), want: []Mutation{{SubjectTagged, "Subject"}}},
	{name: "a spam tag", raw: plain, change: sub("Subject: ", "Subject: ***SPAM*** "), want: []Mutation{{SubjectTagged, "Subject"}}},
	{name: "an external tag", raw: plain, change: sub("Subject: ", "Subject: [EXTERNAL] "), want: []Mutation{{SubjectTagged, "Subject"}}},
	{name: "a tag behind Re:", raw: strings.ReplaceAll(plain, "Subject: ", "Subject: Re: "), change: sub("Subject: Re: ", "Subject: Re: [club] "), want: []Mutation{{SubjectTagged, "Subject"}}},
	{name: "a tag in an encoded subject", raw: strings.ReplaceAll(plain, "Minutes of the meeting", "=?UTF-8?B?6K2w5LqL6Yyy?="),
		change: sub("=?UTF-8?B?6K2w5LqL6Yyy?=", "[club] =?UTF-8?B?6K2w5LqL6Yyy?="), want: []Mutation{{SubjectTagged, "Subject"}}},
	{name: "a tag encoded together with the subject", raw: strings.ReplaceAll(plain, "Minutes of the meeting", "=?UTF-8?B?6K2w5LqL6Yyy?="),
		change: sub("=?UTF-8?B?6K2w5LqL6Yyy?=", "=?utf-8?q?=5Bclub=5D_=E8=AD=B0=E4=BA=8B=E9=8C=B2?="), want: []Mutation{{SubjectTagged, "Subject"}}},
	{name: "Re: rewritten", raw: strings.ReplaceAll(plain, "Subject: ", "Subject: RE: "), change: sub("Subject: RE: ", "Subject: Re: "), want: []Mutation{{SubjectPrefix, "Subject"}}},
	{name: "Re: removed", raw: strings.ReplaceAll(plain, "Subject: ", "Subject: Re: "), change: sub("Subject: Re: ", "Subject: "), want: []Mutation{{SubjectPrefix, "Subject"}}},
	{name: "From rewritten by a list", raw: plain, change: sub("From: Hanako Sato <hanako@example.com>\r\n", "From: Hanako Sato via club <club@lists.example.org>\r\nCc: Hanako Sato <hanako@example.com>\r\n"),
		want: []Mutation{{FromRewritten, "From"}, {FieldAdded, "Cc"}}},
	{name: "tag, From and Reply-To as Mailman does", raw: plain, change: chain(
		sub("From: Hanako Sato <hanako@example.com>\r\n", "From: Hanako Sato via club <club@lists.example.org>\r\nReply-To: Hanako Sato <hanako@example.com>\r\n"),
		sub("Subject: ", "Subject: [club] ")),
		want: []Mutation{{SubjectTagged, "Subject"}, {FieldAdded, "Reply-To"}, {FromRewritten, "From"}}},
	{name: "all that a list rewrites, the body wrapped", raw: plain, change: chain(
		onBody(func(s string) string {
			return "--x1\r\nContent-Type: text/plain; charset=\"utf-8\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + s + "--x1\r\nContent-Type: text/plain\r\n\r\nfooter\r\n--x1--\r\n"
		}),
		func(s string) string {
			return strings.Replace(s, "\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n", "\nContent-Type: multipart/mixed; boundary=x1\r\n", 1)
		},
		sub("From: Hanako Sato <hanako@example.com>\r\n", "From: Hanako Sato via club <club@lists.example.org>\r\nReply-To: Hanako Sato <hanako@example.com>\r\n"),
		sub("Subject: ", "Subject: [club] ")),
		want: []Mutation{{Kind: Wrapped}, {SubjectTagged, "Subject"}, {FieldAdded, "Reply-To"}, {FieldRemoved, "Content-Transfer-Encoding"}, {ContentTypeRewritten, "Content-Type"}, {FromRewritten, "From"}}},
	{name: "the domain of an address in capitals", raw: plain, change: sub("taro@example.net", "taro@EXAMPLE.NET"), want: []Mutation{{AddressRewritten, "To"}}},
	{name: "quotes around a name", raw: plain, change: sub("Hanako Sato <", "\"Hanako Sato\" <"), want: []Mutation{{AddressRewritten, "From"}}},
	{name: "brackets around an address", raw: plain, change: sub("taro@example.net", "<taro@example.net>"), want: []Mutation{{AddressRewritten, "To"}}},
	{name: "Reply-To added", raw: plain, change: sub("To: taro", "Reply-To: club@lists.example.org\r\nTo: taro"), want: []Mutation{{FieldAdded, "Reply-To"}}},
	{name: "Message-ID added by a relay", raw: strings.ReplaceAll(plain, "Message-ID: <1@example.com>\r\n", ""), header: []string{"From", "Subject", "Message-ID"},
		change: sub("Subject:", "Message-ID: <relay@mx.example.net>\r\nSubject:"), want: []Mutation{{FieldAdded, "Message-ID"}}},
	{name: "a second Subject", raw: plain, change: func(s string) string { return "Subject: Buy now\r\n" + s }, want: []Mutation{{FieldDuplicated, "Subject"}}},
	{name: "a field removed", raw: plain, change: sub("MIME-Version: 1.0\r\n", ""), want: []Mutation{{FieldRemoved, "MIME-Version"}}},
	{name: "fields of one name swapped", raw: "Resent-To: a@example.com\r\nResent-To: b@example.com\r\n" + plain, header: []string{"From", "Resent-To", "Resent-To"},
		change: sub("Resent-To: a@example.com\r\nResent-To: b@example.com\r\n", "Resent-To: b@example.com\r\nResent-To: a@example.com\r\n"), want: []Mutation{{FieldsReordered, "Resent-To"}}},
	{name: "folding", raw: strings.ReplaceAll(plain, "Minutes of", "Minutes\r\n of"), sign: simpleHeader, change: sub("Minutes\r\n of", "Minutes\r\n\tof"), want: []Mutation{{FieldRefolded, "Subject"}}},
	{name: "unfolded", raw: strings.ReplaceAll(plain, "Minutes of the", "Minutes of the quarterly general assembly and the\r\n"), sign: simpleHeader,
		change: sub("and the\r\n meeting", "and the meeting"), want: []Mutation{{FieldRefolded, "Subject"}}},
	{name: "white space behind the colon", raw: plain, sign: simpleHeader, change: sub("To: taro", "To:taro"), want: []Mutation{{FieldSpacing, "To"}}},
	{name: "the case of a name", raw: plain, sign: simpleHeader, change: sub("Message-ID", "Message-Id"), want: []Mutation{{FieldNameCase, "Message-Id"}}},
	{name: "quotes in Content-Type", raw: plain, change: sub("charset=utf-8", "charset=\"utf-8\""), want: []Mutation{{ContentTypeRewritten, "Content-Type"}}},
	{name: "a parameter of Content-Type lost", raw: strings.ReplaceAll(plain, "charset=utf-8", "charset=utf-8; format=flowed"), change: sub("; format=flowed", ""), want: []Mutation{{ContentTypeRewritten, "Content-Type"}}},
	{name: "Content-Transfer-Encoding alone", raw: plain, change: sub("8bit", "7bit"), want: []Mutation{{EncodingFieldModified, "Content-Transfer-Encoding"}}},
	{name: "the date in UTC", raw: plain, change: sub("10:00:00 +0900", "01:00:00 +0000"), want: []Mutation{{DateReformatted, "Date"}}},
	{name: "the date in GMT, on the day before", raw: strings.ReplaceAll(plain, "10:00:00", "08:00:00"), change: sub("Sun, 01 Nov 2026 08:00:00 +0900", "Sat, 31 Oct 2026 23:00:00 GMT"), want: []Mutation{{DateReformatted, "Date"}}},
	{name: "the date's zone name", raw: plain, change: sub("+0900", "+0900 (JST)"), want: []Mutation{{DateReformatted, "Date"}}},
	{name: "an encoded name decoded", raw: strings.ReplaceAll(plain, "Hanako Sato", "=?UTF-8?B?5L2Q6Jek?="), change: sub("=?UTF-8?B?5L2Q6Jek?=", "佐藤"), want: []Mutation{{FieldReencoded, "From"}}},
	{name: "footer and tag", raw: plain, change: chain(sub("Subject: ", "Subject: [club] "), func(s string) string { return s + "____\r\nclub\r\n" }),
		want: []Mutation{{Kind: FooterAdded}, {SubjectTagged, "Subject"}}},
}

func inJIS(s string) string {
	for _, c := range charsetsOf([]byte(s), "utf-8") {
		if c.name == "iso-2022-jp" {
			return string(c.data)
		}
	}
	panic("no ISO-2022-JP")
}

func wrapAt(s string, width int) string {
	var b strings.Builder
	column := 0
	for i, w := range strings.Split(s, " ") {
		switch {
		case i == 0:
		case column+1+len(w) > width:
			b.WriteString("\r\n")
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(w)
		column += len(w)
	}
	return b.String()
}

func TestMutations(t *testing.T) {
	seen := map[Kind]bool{}
	for _, c := range mutations {
		t.Run(c.name, func(t *testing.T) {
			options := c.sign
			if options == nil {
				options = everyCanonicalization
			}
			for _, o := range options {
				o.Headers = c.header
				raw := c.change(signedMessage(t, c.raw, o))
				m, v := verify(t, raw)
				if v.Result == dkim.Pass {
					t.Fatalf("%v/%v: the signature still passes", o.Header, o.Body)
				}
				var got []Mutation
				for _, e := range Examine(m, v) {
					if e.Outcome != Explained {
						t.Errorf("%v/%v: the %s is %s after %d tries", o.Header, o.Body, e.Part, e.Outcome, e.Tried)
					}
					got = append(got, e.Mutations...)
				}
				if len(got) != len(c.want) {
					t.Fatalf("%v/%v: got %v, want %v", o.Header, o.Body, got, c.want)
				}
				for i := range got {
					seen[got[i].Kind] = true
					if got[i] != c.want[i] {
						t.Errorf("%v/%v: got %v, want %v", o.Header, o.Body, got, c.want)
					}
				}
			}
		})
	}
	for _, k := range Kinds {
		if !seen[k] && k != WrongKey && k != WrongCanonicalization && k != FieldChanged {
			t.Errorf("no message shows %s", k)
		}
	}
}
