package dmarc

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// uris reads a list of reporting URIs (RFC 9989 sections 4.6 and 4.8): those that
// are valid, without the obsolete size.
func (r *Record) uris(list, id, name string, duplicate bool) []string {
	if duplicate {
		return nil
	}
	var valid []string
	for rest, more := list, true; more; {
		var one string
		one, rest, more = strings.Cut(rest, ",")
		one = trimWSP(one)
		uri, sized := cutSize(one)
		if sized {
			r.problem(URISize, name, one)
		}
		if !validURI(uri) {
			r.problem(id, name, one)
			continue
		}
		valid = append(valid, uri)
	}
	return valid
}

// cutSize removes an obs-dmarc-report-size: "!" 1*DIGIT [ "k" / "m" / "g" / "t" ].
func cutSize(s string) (uri string, ok bool) {
	i := strings.LastIndexByte(s, '!')
	if i < 0 {
		return s, false
	}
	size := s[i+1:]
	if n := len(size); n > 1 && strings.IndexByte("kmgt", size[n-1]|0x20) >= 0 {
		size = size[:n-1]
	}
	if size == "" || strings.Trim(size, "0123456789") != "" {
		return s, false
	}
	return s[:i], true
}

// validURI reports whether s is a URI of RFC 3986 to which a report could go: for
// mailto an address, for http and https a host.
func validURI(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || rest == "" || !validScheme(scheme) || !uriOctets(rest) {
		return false
	}
	switch strings.ToLower(scheme) {
	case "mailto":
		return validMailto(rest)
	case "http", "https":
		u, err := url.Parse(s)
		return err == nil && u.Host != ""
	}
	return true
}

func validScheme(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i] | 0x20
		letter := c >= 'a' && c <= 'z'
		if !letter && (i == 0 || !(s[i] >= '0' && s[i] <= '9' || strings.IndexByte("+-.", s[i]) >= 0)) {
			return false
		}
	}
	return s != ""
}

// uriOctets reports whether s has only what RFC 3986 section 2 allows. "!" must be
// encoded here (RFC 9989 section 4.8).
func uriOctets(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= '0' && c <= '9', c|0x20 >= 'a' && c|0x20 <= 'z':
		case strings.IndexByte("-._~:/?#[]@$&'()*+=", c) >= 0:
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			i += 2
		default:
			return false
		}
	}
	return true
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }

// validMailto reports whether the rest of a mailto URI (RFC 6068) names a mailbox.
func validMailto(s string) bool {
	to, _, _ := strings.Cut(s, "?")
	to, err := url.PathUnescape(to)
	if err != nil {
		return false
	}
	at := strings.LastIndexByte(to, '@')
	if at <= 0 || at+1 == len(to) {
		return false
	}
	// A mailbox with controls could put a header field into the report that is sent to
	// it. UTF-8 may stand in it, percent-encoded (RFC 6068 section 2).
	for _, c := range to {
		if c <= ' ' || c == utf8.RuneError || unicode.IsControl(c) || unicode.IsSpace(c) {
			return false
		}
	}
	_, err = normalize(to[at+1:])
	return err == nil
}

// hostName reports whether s can be a DNS name: letters, digits, hyphens and
// underscores in labels of at most 63 octets, at most 253 together.
func hostName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	label := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '.':
			if label == 0 {
				return false
			}
			label = 0
			continue
		case c >= '0' && c <= '9', c|0x20 >= 'a' && c|0x20 <= 'z', c == '-', c == '_':
		default:
			return false
		}
		if label++; label > 63 {
			return false
		}
	}
	return label > 0
}
