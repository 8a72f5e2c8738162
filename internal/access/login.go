package access

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/todoku/todoku/internal/store"
)

// LoadAndSave gives every request its session. It is around all that calls Current,
// SignIn and SignOut.
func (k *Keeper) LoadAndSave(next http.Handler) http.Handler { return k.sessions.LoadAndSave(next) }

const (
	keyPerson   = "person"
	keyPassword = "password" // the fingerprint of the hash, and of the epoch, at the login
)

// Current gives the person who signed in, ok false for nobody. A person who was
// disabled, removed or given another password is signed out, for good.
func (k *Keeper) Current(ctx context.Context) (p store.Person, ok bool, err error) {
	id := k.sessions.GetString(ctx, keyPerson)
	if id == "" {
		return p, false, nil
	}
	p, err = k.store.Person(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return store.Person{}, false, nil
	case err != nil:
		return store.Person{}, false, err
	case p.Disabled || k.sessions.GetString(ctx, keyPassword) != fingerprint(p):
		return store.Person{}, false, nil
	}
	return p, true, nil
}

// SignIn makes the session that of a person, with a new token. ErrWrong for one who is disabled,
// and would have a login for when they no longer are.
func (k *Keeper) SignIn(ctx context.Context, p store.Person) error {
	if p.Disabled {
		return ErrWrong
	}
	if err := k.sessions.RenewToken(ctx); err != nil {
		return fmt.Errorf("signing in: %w", err)
	}
	k.sessions.Put(ctx, keyPerson, p.ID)
	k.sessions.Put(ctx, keyPassword, fingerprint(p))
	return nil
}

// SignOut ends the session.
func (k *Keeper) SignOut(ctx context.Context) error { return k.sessions.Destroy(ctx) }

// fingerprint tells one stored password, and one epoch, from another without being of use to who reads it.
func fingerprint(p store.Person) string {
	of := "todoku login\n" + p.Password
	if p.Epoch > 0 { // of a person who never was disabled it is that of logins from before there were epochs
		of += "\n" + strconv.FormatInt(p.Epoch, 10)
	}
	sum := sha256.Sum256([]byte(of))
	return base64.RawStdEncoding.EncodeToString(sum[:12])
}

// logins is the store of sessions, as package scs wants it.
type logins struct{ store Store }

func (l logins) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	b, err := l.store.Login(ctx, token)
	if errors.Is(err, store.ErrNotFound) {
		return nil, false, nil
	}
	return b, err == nil, err
}

func (l logins) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	return l.store.PutLogin(ctx, token, b, expiry)
}

func (l logins) DeleteCtx(ctx context.Context, token string) error {
	return l.store.RemoveLogin(ctx, token)
}

// The methods without a context are never called where those with one are there.
func (l logins) Find(token string) ([]byte, bool, error) {
	return l.FindCtx(context.Background(), token)
}
func (l logins) Commit(token string, b []byte, expiry time.Time) error {
	return l.CommitCtx(context.Background(), token, b, expiry)
}
func (l logins) Delete(token string) error { return l.DeleteCtx(context.Background(), token) }
