// Package access says who may use the pages where they are not this machine's alone:
// people with a password or an account at an OpenID Connect provider, and their logins.
// What somebody may do is a role; that a person at this machine needs no login is for
// the pages to say.
package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/todoku/todoku/internal/store"
)

// The roles of people.
const (
	Admin = "admin" // sees all mail and manages people
	User  = "user"  // uses the pages
	// Customer uses the pages, and the domains that were given to them.
	Customer = "customer"
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
	FindPeople(ctx context.Context, role, find, after string, limit int) ([]store.Person, error)
	ChangePerson(ctx context.Context, id, role string, disabled bool, needed string) error
	SetPassword(ctx context.Context, id, hash string) error
	SetRole(ctx context.Context, id, from, to string) error
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
