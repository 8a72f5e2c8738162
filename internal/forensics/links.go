package forensics

import (
	"bytes"
	"encoding/base64"
	"html"
	"net/url"
	"strings"

	"github.com/todoku/todoku/internal/pattern"
)

// wrappedLink is a link through which a gateway leads its readers. The original stands in it.
var wrappedLink = pattern.New(`https?://(?:[a-z0-9-]+\.safelinks\.protection\.outlook\.com/|urldefense(?:\.proofpoint)?\.com/v[123]/|linkprotect\.cudasvc\.com/url\?|protect-[a-z0-9]+\.mimecast\.com/r/|www\.google\.com/url\?)[^\s"'<>]+`)

// originalLinks puts back the links that a gateway rewrote: Microsoft's Safe Links, Proofpoint's
// URL Defense, Barracuda's Link Protection and Google's. nil where there is none.
func originalLinks(text []byte) []byte {
	changed := false
	out := wrappedLink.Regexp().ReplaceAllFunc(text, func(link []byte) []byte {
		was := originalLink(string(link))
		if was == "" {
			return link
		}
		changed = true
		return []byte(was)
	})
	if !changed {
		return nil
	}
	return out
}

func originalLink(link string) string {
	inHTML := strings.Contains(link, "&amp;")
	if inHTML {
		link = html.UnescapeString(link)
	}
	was := unwrapLink(link)
	if inHTML {
		was = strings.ReplaceAll(was, "&", "&amp;")
	}
	return was
}

func unwrapLink(link string) string {
	if _, rest, ok := strings.Cut(link, "/v3/__"); ok {
		return unwrapDefense3(rest)
	}
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	q := u.Query()
	for _, name := range []string{"url", "a", "q"} {
		if v := q.Get(name); strings.HasPrefix(v, "http") {
			return v
		}
	}
	if v := q.Get("u"); strings.Contains(u.Path, "/v2/") { // percent signs are written as -, slashes as _
		v, err := url.PathUnescape(strings.NewReplacer("-", "%", "_", "/").Replace(v))
		if err == nil {
			return v
		}
	} else if v != "" { // of /v1/
		return v
	}
	return ""
}

// unwrapDefense3 reads "URL__;BASE64!!..." of URL Defense, version 3: each * of the URL stands
// for a character that is listed behind it.
func unwrapDefense3(s string) string {
	was, rest, ok := strings.Cut(s, "__;")
	if !ok {
		return ""
	}
	list, _, _ := strings.Cut(rest, "!")
	chars, err := base64.URLEncoding.WithPadding(base64.NoPadding).DecodeString(strings.TrimRight(list, "="))
	if err != nil || strings.Contains(was, "**") {
		return ""
	}
	runes := []rune(string(chars))
	var b strings.Builder
	for _, r := range was {
		if r == '*' && len(runes) > 0 {
			r, runes = runes[0], runes[1:]
		}
		b.WriteRune(r)
	}
	return b.String()
}

// unlinked tries the body with its links as they were: as it stands, and where it is encoded,
// decoded and encoded anew.
func (b *bodySearch) unlinked() bool {
	if b.try(originalLinks(b.body), LinksRewritten) {
		return true
	}
	e := entity{fields: b.header, body: b.body}
	for _, enc := range encoders {
		if b.spent() {
			return false
		}
		var out []byte
		if e.boundary() == "" {
			if enc.name == e.encoding() {
				out = relinked(e, enc.encode)
			}
		} else {
			out = e.mapLeaves(func(leaf entity) []byte {
				if enc.name != leaf.encoding() {
					return nil
				}
				if body := relinked(leaf, enc.encode); body != nil {
					return concat(leaf.head, body)
				}
				return nil
			})
		}
		if out != nil && b.try(out, LinksRewritten) {
			return true
		}
	}
	return false
}

// relinked is the body of a leaf with its links as they were; nil where none was rewritten.
func relinked(leaf entity, encode func([]byte) []byte) []byte {
	data := decodeTransfer(leaf.encoding(), leaf.body)
	was := originalLinks(data)
	if was == nil || bytes.Equal(was, data) {
		return nil
	}
	return encode(was)
}
