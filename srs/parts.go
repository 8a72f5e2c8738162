package srs

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what postsrsd and libsrs2 use; an HMAC does not need collision resistance
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

const (
	tag0, tag1 = "SRS0", "SRS1"
	// separators may stand behind a tag.
	separators = "=+-"
	// base32 are the digits of a time stamp (RFC 4648 section 6).
	base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	// maxInput bounds what is read at all, in octets.
	maxInput = 1024
)

// lower makes ASCII letters small and leaves all others, as C's tolower does in postsrsd.
func lower(s string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'A' && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return c
	}, s)
}

// hash is the beginning of the HMAC-SHA1 over the parts in lower case, in base64.
func (r *Rewriter) hash(secret int, parts ...string) string {
	return r.fullHash(secret, parts)[:r.cfg.HashLength]
}

func (r *Rewriter) fullHash(secret int, parts []string) string {
	h := hmac.New(sha1.New, r.cfg.Secrets[secret])
	for _, p := range parts {
		_, _ = h.Write(lowerOctets(p)) // a hash takes everything
	}
	return base64.RawStdEncoding.EncodeToString(h.Sum(nil))
}

// lowerOctets is lower for octets that need not be UTF-8.
func lowerOctets(s string) []byte {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return b
}

// verifies compares a hash with what each secret gives. As many characters are compared as there are.
func (r *Rewriter) verifies(hash string, parts ...string) bool {
	if len(hash) < r.cfg.HashMin || len(hash) > maxHash {
		return false
	}
	given, fits := lowerOctets(hash), 0
	for i := range r.cfg.Secrets {
		fits |= subtle.ConstantTimeCompare(given, lowerOctets(r.fullHash(i, parts)[:len(hash)]))
	}
	return fits == 1
}

// tag gives 0 or 1 and what stands behind the separator, or -1.
func tag(local string) (kind int, rest string) {
	if len(local) < 6 || strings.IndexByte(separators, local[4]) < 0 {
		return -1, ""
	}
	switch strings.ToUpper(local[:4]) {
	case tag0:
		return 0, local[5:]
	case tag1:
		return 1, local[5:]
	}
	return -1, ""
}

// isTail reports whether s can be the end of an SRS0 address, from its separator on.
func isTail(s string) bool { return len(s) > 1 && strings.IndexByte(separators, s[0]) >= 0 }

// cut3 cuts at the first two '='.
func cut3(s string) (a, b, c string, ok bool) {
	a, rest, ok1 := strings.Cut(s, "=")
	b, c, ok2 := strings.Cut(rest, "=")
	return a, b, c, ok1 && ok2
}

// timestamp is the number of the day modulo 1024, in base32.
func timestamp(now time.Time) string {
	d := dayOf(now)
	return string([]byte{base32[d>>5], base32[d&31]})
}

func dayOf(t time.Time) int {
	d := t.Unix() / int64(day/time.Second) % slots
	if d < 0 {
		d += slots
	}
	return int(d)
}

// checkAge takes the youngest day that the stamp can mean. A stamp of tomorrow is nearly 1024 days old, as it is to libsrs2.
func checkAge(stamp string, now time.Time, most time.Duration) error {
	if len(stamp) != 2 {
		return fmt.Errorf("%w: the day %q has not two characters", ErrSyntax, clip(stamp))
	}
	hi, lo := strings.IndexByte(base32, upper(stamp[0])), strings.IndexByte(base32, upper(stamp[1]))
	if hi < 0 || lo < 0 {
		return fmt.Errorf("%w: the day %q is not base32", ErrSyntax, clip(stamp))
	}
	age := (dayOf(now) - (hi<<5 | lo) + slots) % slots
	if age > int(most/day) {
		return fmt.Errorf("%w: it is %d days old, at most %d", ErrExpired, age, most/day)
	}
	return nil
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

func clip(s string) string {
	if len(s) > 16 {
		return s[:16] + "..."
	}
	return s
}
