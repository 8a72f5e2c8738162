// Package tokens says which programs may use the API and MCP, for what and how often.
// A token is a random secret that is shown once; only its hash is kept.
package tokens

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/store"
)

const (
	// prefix lets people and secret scanners see what it is.
	prefix = "tdk_"
	octets = 32
)

var (
	// ErrName: a name is 1 to 100 characters that show.
	ErrName = errors.New("the name cannot be used: 1 to 100 characters, no controls")
	// ErrScope: there is no such scope, or none was named.
	ErrScope = errors.New("there is no such scope: choose of " + strings.Join(service.Scopes, ", "))
	// ErrExpiry: it expired already.
	ErrExpiry = errors.New("the token would have expired already")
)

// Store is what is needed of the store.
type Store interface {
	AddToken(ctx context.Context, t store.Token) (store.Token, error)
	TokenByHash(ctx context.Context, hash string) (store.Token, error)
	TouchToken(ctx context.Context, id string, at time.Time) error
	Person(ctx context.Context, id string) (store.Person, error)
}

// CustomerScopes are what tokens of customers may be used for, within what is theirs.
var CustomerScopes = []string{service.ScopeDomains, service.ScopeFlow, service.ScopeCheck, service.ScopeRead, service.ScopeSubmit}

// Create makes a token and gives its secret, which nobody can get again. Expires is zero
// for a token that is valid until it is revoked.
func Create(ctx context.Context, st Store, name string, scopes []string, expires time.Time) (secret string, t store.Token, err error) {
	return create(ctx, st, "", name, scopes, expires)
}

// CreateFor is Create for a customer, whose domains alone the token sees. store.ErrTooMany, store.ErrNotFound.
func CreateFor(ctx context.Context, st Store, person store.Person, name string, scopes []string, expires time.Time) (secret string, t store.Token, err error) {
	if person.ID == "" || person.Role != access.Customer || person.Disabled {
		return "", t, store.ErrNotFound
	}
	for _, s := range scopes {
		if !slices.Contains(CustomerScopes, s) {
			return "", t, ErrScope
		}
	}
	return create(ctx, st, person.ID, name, scopes, expires)
}

func create(ctx context.Context, st Store, person, name string, scopes []string, expires time.Time) (secret string, t store.Token, err error) {
	name = strings.TrimSpace(name)
	if n := utf8.RuneCountInString(name); n == 0 || n > 100 || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return "", t, ErrName
	}
	if scopes, err = cleanScopes(scopes); err != nil {
		return "", t, err
	}
	if !expires.IsZero() && !expires.After(time.Now()) {
		return "", t, ErrExpiry
	}
	var b [octets]byte
	_, _ = rand.Read(b[:]) // never fails
	secret = prefix + base64.RawURLEncoding.EncodeToString(b[:])
	t, err = st.AddToken(ctx, store.Token{Hash: hash(secret), Name: name, Scopes: scopes, Expires: expires, Person: person})
	if err != nil {
		return "", t, err
	}
	return secret, t, nil
}

// cleanScopes gives scopes in one order, each once.
func cleanScopes(scopes []string) ([]string, error) {
	var out []string
	for _, s := range service.Scopes {
		if slices.Contains(scopes, s) {
			out = append(out, s)
		}
	}
	for _, s := range scopes {
		if !slices.Contains(service.Scopes, s) {
			return nil, fmt.Errorf("%w (%.40q)", ErrScope, s)
		}
	}
	if len(out) == 0 {
		return nil, ErrScope
	}
	return out, nil
}

// wellFormed keeps what cannot be a token from being looked up.
func wellFormed(secret string) bool {
	rest, ok := strings.CutPrefix(secret, prefix)
	b, err := base64.RawURLEncoding.Strict().DecodeString(rest)
	return ok && err == nil && len(b) == octets
}

// hash is what is kept. The secret has 256 random bits, so that no slow hash is needed.
func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
