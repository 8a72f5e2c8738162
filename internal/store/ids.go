package store

import "crypto/rand"

// alphabet has 32 letters and digits; i, l, o and u are left out because they are
// misread or misheard when an address is copied by hand.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

const (
	tokenLength = 13 // 65 bits
	idLength    = 24 // 120 bits
)

// NewID gives an unguessable identifier of 120 bits, lower-case letters and
// digits, for messages and sessions.
func NewID() string { return random(idLength) }

func newToken() string { return random(tokenLength) }

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	for i := range b {
		b[i] = alphabet[b[i]&31]
	}
	return string(b)
}

// maxName bounds the names that callers choose or ask for.
const maxName = 64

// validName reports whether s can be a token or an id: 1 to 64 letters, digits,
// "-" or "_".
func validName(s string) bool {
	if s == "" || len(s) > maxName {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}
