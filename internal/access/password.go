package access

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// The cost of one argon2id hash (RFC 9106): 19 MiB and two passes, as OWASP's Password
// Storage Cheat Sheet has it (2025).
const (
	hashMemory  = 19 << 10 // KiB
	hashPasses  = 2
	hashThreads = 1
	hashLength  = 32
	saltLength  = 16
)

// The length of a password: at least so many characters, at most so many octets.
const (
	MinPassword = 10
	MaxPassword = 256
)

var (
	// ErrShort: the password has less than MinPassword characters.
	ErrShort = errors.New("the password is too short")
	// ErrLong: the password has more than MaxPassword octets.
	ErrLong = errors.New("the password is too long")
	// ErrObvious: the password is the name, or one character again and again.
	ErrObvious = errors.New("the password is too easy to guess")
)

// checkPassword says whether a password may be chosen by the person of that name.
func checkPassword(name, password string) error {
	first, _ := utf8.DecodeRuneInString(password)
	switch {
	case utf8.RuneCountInString(password) < MinPassword:
		return ErrShort
	case len(password) > MaxPassword:
		return ErrLong
	case strings.Contains(strings.ToLower(password), name) && utf8.RuneCountInString(password)-utf8.RuneCountInString(name) < 4,
		strings.Trim(password, string(first)) == "":
		return ErrObvious
	}
	return nil
}

// hash gives the stored form of a password: $argon2id$v=19$m=...,t=...,p=...$salt$hash.
func hash(password string) string {
	salt := make([]byte, saltLength)
	_, _ = rand.Read(salt) // never fails
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashPasses, hashThreads,
		b64.EncodeToString(salt), b64.EncodeToString(argon2.IDKey([]byte(password), salt, hashPasses, hashMemory, hashThreads, hashLength)))
}

// matches reports whether a password is that of a stored form.
func matches(stored, password string) bool {
	var version int
	var memory, passes uint32
	var threads uint8
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || len(password) > MaxPassword {
		return false
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &threads); err != nil ||
		memory > 1<<20 || passes == 0 || passes > 16 || threads == 0 || threads > 16 {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(want) < 16 || len(want) > 64 {
		return false
	}
	got := argon2.IDKey([]byte(password), salt, passes, memory, threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1
}
