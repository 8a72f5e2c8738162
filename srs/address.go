package srs

import (
	"fmt"
	"strings"

	"github.com/todoku/todoku/internal/wire"
)

// split gives the local part, unquoted, and the domain of an address. Control characters end mail commands
// and table look-ups, so no address has them here, not even quoted.
func split(address string) (local, domain string, err error) {
	at := strings.LastIndexByte(address, '@')
	if len(address) > maxInput || at < 1 || !validHost(address[at+1:]) {
		return "", "", fmt.Errorf("%w: it is not local@domain", ErrSyntax)
	}
	if local, domain = address[:at], address[at+1:]; local[0] != '"' {
		if !dotAtom(local) {
			return "", "", fmt.Errorf("%w: what stands before the @ must be quoted", ErrSyntax)
		}
		return local, domain, nil
	}
	local, ok := unquote(local)
	if !ok || local == "" {
		return "", "", fmt.Errorf("%w: the quoted text before the @ is not one", ErrSyntax)
	}
	return local, domain, nil
}

// unquote reads a quoted string (RFC 5321 section 4.1.2).
func unquote(s string) (string, bool) {
	if len(s) < 2 || s[len(s)-1] != '"' {
		return "", false
	}
	var b strings.Builder
	for i := 1; i < len(s)-1; i++ {
		c := s[i]
		switch {
		case c < ' ' || c == 0x7f || c == '"':
			return "", false
		case c == '\\':
			if i++; i == len(s)-1 || s[i] < ' ' || s[i] == 0x7f {
				return "", false
			}
			c = s[i]
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

// quoteLocal quotes a local part where it must be.
func quoteLocal(local string) string {
	if dotAtom(local) {
		return local
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(local) + `"`
}

// dotAtom reports whether a local part needs no quotes: words of atext with a dot between. Octets above ASCII are
// atext where SMTPUTF8 is (RFC 6531 section 3.3). Dots in wrong places are quoted, as mail servers do that take them.
func dotAtom(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '.':
			if i == 0 || i == len(s)-1 || s[i-1] == '.' {
				return false
			}
		case c <= ' ' || c == 0x7f || strings.IndexByte(`()<>[]:;@\,"`, c) >= 0:
			return false
		}
	}
	return s != ""
}

// aLabels gives a domain in lower case and, where it is one in Unicode (RFC 6531), in A-labels.
func aLabels(domain string) string {
	if a, ok := wire.ALabels(lower(domain)); ok {
		return a
	}
	return lower(domain)
}

// validHost reports whether s can stand behind the @: a domain, or an address in brackets.
func validHost(s string) bool {
	if len(s) > 2 && s[0] == '[' && s[len(s)-1] == ']' {
		return !strings.ContainsFunc(s[1:len(s)-1], func(c rune) bool {
			return (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') && !strings.ContainsRune(".:IPVipv", c)
		})
	}
	return validDomain(s)
}

// validDomain reports whether s is labels of letters, digits, '-', '_' and octets above ASCII, with dots between.
func validDomain(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if c < 0x80 && c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
				return false
			}
		}
	}
	return true
}
