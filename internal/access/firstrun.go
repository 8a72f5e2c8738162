package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"

	"github.com/todoku/todoku/internal/store"
)

// FirstRun gives the token of the link by which the first administrator is made, ""
// where there is somebody already. It is valid once, until the program ends.
func (k *Keeper) FirstRun(ctx context.Context) (string, error) {
	people, err := k.store.People(ctx, 1)
	if err != nil || len(people) > 0 {
		return "", err
	}
	token := rand.Text()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.first, k.open = sha256.Sum256([]byte(token)), true
	return token, nil
}

// FirstRunValid reports whether a token is that of the first-run link.
func (k *Keeper) FirstRunValid(token string) bool {
	sum := sha256.Sum256([]byte(token))
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.open && subtle.ConstantTimeCompare(sum[:], k.first[:]) == 1
}

// MakeFirst makes the first administrator. ErrLink, ErrBadName, or an error of checkPassword.
func (k *Keeper) MakeFirst(ctx context.Context, token, name, password string) (store.Person, error) {
	if !k.FirstRunValid(token) {
		return store.Person{}, ErrLink
	}
	p, err := k.add(ctx, name, password, Admin, true)
	if errors.Is(err, ErrTaken) {
		err = ErrLink // somebody was quicker
	}
	if err == nil || errors.Is(err, ErrLink) {
		k.mu.Lock()
		k.open = false
		k.mu.Unlock()
	}
	return p, err
}
