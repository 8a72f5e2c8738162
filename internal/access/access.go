// Package access says who may use the pages where they are not this machine's alone:
// people with a password or an account at an OpenID Connect provider, and their logins.
// What somebody may do is a role; that a person at this machine needs no login is for
// the pages to say.
package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/alexedwards/scs/v2"
	"golang.org/x/text/unicode/norm"

	"github.com/todoku/todoku/internal/store"
)

// The roles of people.
const (
	Admin = "admin" // sees all mail and manages people
	User  = "user"  // uses the pages
)

var (
	// ErrWrong: no such person, another password, or a person who may not sign in. Which
	// of these is not told.
	ErrWrong = errors.New("the name or the password is wrong")
	// ErrBadName: a name is 1 to 64 characters without white space or controls.
	ErrBadName = errors.New("the name cannot be used")
	// ErrTaken: somebody has this name.
	ErrTaken = errors.New("the name is taken")
	// ErrLink: the first-run link is used up, or another one.
	ErrLink = errors.New("the link is not valid")
	// ErrLastAdmin: nobody would be left who may manage people.
	ErrLastAdmin = store.ErrLastAdmin
)

// Store is what access needs of the store.
type Store interface {
	AddPerson(ctx context.Context, p store.Person, first bool) (store.Person, error)
	Person(ctx context.Context, id string) (store.Person, error)
	PersonByName(ctx context.Context, name string) (store.Person, error)
	PersonBySubject(ctx context.Context, issuer, subject string) (store.Person, error)
	People(ctx context.Context, limit int) ([]store.Person, error)
	ChangePerson(ctx context.Context, p store.Person, needed string) error
	RemovePerson(ctx context.Context, id, needed string) error
	PutLogin(ctx context.Context, token string, data []byte, expires time.Time) error
	Login(ctx context.Context, token string) ([]byte, error)
	RemoveLogin(ctx context.Context, token string) error
}

// Keeper keeps the door. Safe for concurrent use.
type Keeper struct {
	store    Store
	sessions *scs.SessionManager
	openID   *openID // nil: not configured
	// hashing bounds the passwords that are hashed at one time, each of which takes 19 MiB.
	hashing chan struct{}
	nobody  string // a hash that no password has

	mu    sync.Mutex
	first [sha256.Size]byte // of the first-run token
	open  bool              // the first-run link may be used
}

const (
	// loginLife is how long a login lasts.
	loginLife = 14 * 24 * time.Hour
	// hashedAtOnce bounds memory and processors for those who try passwords.
	hashedAtOnce = 2
)

// Config of a keeper.
type Config struct {
	Store Store
	// OpenID is nil where nobody signs in by OpenID Connect.
	OpenID *OpenIDConfig
	// Secure: browsers come by HTTPS, and send the cookie by nothing else.
	Secure bool
	// Failed answers a request whose session cannot be read or kept.
	Failed func(http.ResponseWriter, *http.Request, error)
}

// New gives a keeper.
func New(c Config) (*Keeper, error) {
	k := &Keeper{store: c.Store, hashing: make(chan struct{}, hashedAtOnce), nobody: hash(rand.Text())}
	k.sessions = &scs.SessionManager{ // scs.New begins a goroutine that nobody can end
		Lifetime: loginLife, Store: logins{c.Store}, HashTokenInStore: true, Codec: scs.GobCodec{}, ErrorFunc: c.Failed,
		Cookie: scs.SessionCookie{Name: "todoku-login", Path: "/", HttpOnly: true, Persist: true, SameSite: http.SameSiteLaxMode, Secure: c.Secure},
	}
	if c.Secure {
		k.sessions.Cookie.Name = "__Host-todoku-login" // no neighbour of this host can set it
	}
	if c.OpenID != nil {
		var err error
		if k.openID, err = newOpenID(*c.OpenID); err != nil {
			return nil, err
		}
	}
	return k, nil
}

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

// MakeFirst makes the first administrator. ErrLink, ErrBadName, or an error of CheckPassword.
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

// Add makes a person. ErrBadName, ErrTaken, or an error of CheckPassword.
func (k *Keeper) Add(ctx context.Context, name, password, role string) (store.Person, error) {
	return k.add(ctx, name, password, role, false)
}

func (k *Keeper) add(ctx context.Context, name, password, role string, first bool) (store.Person, error) {
	name, err := cleanName(name)
	if err != nil {
		return store.Person{}, err
	}
	if err := CheckPassword(name, password); err != nil {
		return store.Person{}, err
	}
	hashed, err := k.hash(ctx, password)
	if err != nil {
		return store.Person{}, err
	}
	p, err := k.store.AddPerson(ctx, store.Person{Name: name, Role: roleOf(role), Password: hashed}, first)
	if errors.Is(err, store.ErrExists) {
		err = ErrTaken
	}
	return p, err
}

func roleOf(role string) string {
	if role == Admin {
		return Admin
	}
	return User
}

// Person gives one by ID. store.ErrNotFound.
func (k *Keeper) Person(ctx context.Context, id string) (store.Person, error) {
	return k.store.Person(ctx, id)
}

// People lists them, by name; at most 1000.
func (k *Keeper) People(ctx context.Context) ([]store.Person, error) {
	return k.store.People(ctx, 1000)
}

// SetPassword gives a person another password. store.ErrNotFound, or an error of CheckPassword.
func (k *Keeper) SetPassword(ctx context.Context, id, password string) error {
	p, err := k.store.Person(ctx, id)
	if err != nil {
		return err
	}
	if err := CheckPassword(p.Name, password); err != nil {
		return err
	}
	if p.Password, err = k.hash(ctx, password); err != nil {
		return err
	}
	return k.store.ChangePerson(ctx, p, "")
}

// Change sets what a person may do. store.ErrNotFound, ErrLastAdmin.
func (k *Keeper) Change(ctx context.Context, id, role string, disabled bool) error {
	p, err := k.store.Person(ctx, id)
	if err != nil {
		return err
	}
	p.Role, p.Disabled = roleOf(role), disabled
	return k.store.ChangePerson(ctx, p, Admin)
}

// Remove deletes a person. store.ErrNotFound, ErrLastAdmin.
func (k *Keeper) Remove(ctx context.Context, id string) error {
	return k.store.RemovePerson(ctx, id, Admin)
}

// Check gives the person of a name and a password, or ErrWrong after the same time
// whatever is wrong.
func (k *Keeper) Check(ctx context.Context, name, password string) (store.Person, error) {
	name, err := cleanName(name)
	var p store.Person
	if err == nil {
		p, err = k.store.PersonByName(ctx, name)
	} else {
		err = store.ErrNotFound
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return store.Person{}, err
	}
	stored := p.Password
	if stored == "" {
		stored = k.nobody
	}
	if err := k.takeTurn(ctx); err != nil {
		return store.Person{}, err
	}
	good := matches(stored, password)
	<-k.hashing
	if !good || p.ID == "" || p.Disabled {
		return store.Person{}, ErrWrong
	}
	return p, nil
}

func (k *Keeper) hash(ctx context.Context, password string) (string, error) {
	if err := k.takeTurn(ctx); err != nil {
		return "", err
	}
	defer func() { <-k.hashing }()
	return hash(password), nil
}

func (k *Keeper) takeTurn(ctx context.Context) error {
	select {
	case k.hashing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// cleanName gives a name in the one form in which it is stored and compared.
func cleanName(name string) (string, error) {
	if len(name) > 256 || !utf8.ValidString(name) {
		return "", ErrBadName
	}
	name = strings.ToLower(norm.NFKC.String(strings.TrimSpace(name)))
	if n := utf8.RuneCountInString(name); n == 0 || n > 64 || strings.ContainsFunc(name, badInName) {
		return "", ErrBadName
	}
	return name, nil
}

// badInName: what nobody can see, type or tell apart.
func badInName(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs)
}

// LoadAndSave gives every request its session. It is around all that calls Current,
// SignIn and SignOut.
func (k *Keeper) LoadAndSave(next http.Handler) http.Handler { return k.sessions.LoadAndSave(next) }

const (
	keyPerson   = "person"
	keyPassword = "password" // the fingerprint of the hash at the login
)

// Current gives the person who signed in, ok false for nobody. A person who was
// disabled, removed or given another password is signed out.
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
	case p.Disabled || k.sessions.GetString(ctx, keyPassword) != fingerprint(p.Password):
		return store.Person{}, false, nil
	}
	return p, true, nil
}

// SignIn makes the session that of a person, with a new token.
func (k *Keeper) SignIn(ctx context.Context, p store.Person) error {
	if err := k.sessions.RenewToken(ctx); err != nil {
		return fmt.Errorf("signing in: %w", err)
	}
	k.sessions.Put(ctx, keyPerson, p.ID)
	k.sessions.Put(ctx, keyPassword, fingerprint(p.Password))
	return nil
}

// SignOut ends the session.
func (k *Keeper) SignOut(ctx context.Context) error { return k.sessions.Destroy(ctx) }

// fingerprint tells one stored password from another without being of use to who reads it.
func fingerprint(stored string) string {
	sum := sha256.Sum256([]byte("todoku login\n" + stored))
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
