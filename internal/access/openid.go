package access

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/todoku/todoku/internal/store"
)

// OpenIDConfig is an OpenID Connect provider that people sign in with (OpenID Connect
// Core 1.0, authorization code with PKCE).
type OpenIDConfig struct {
	// Issuer is its URL, https except on loopback; ClientID and ClientSecret are what it
	// knows this program by.
	Issuer, ClientID, ClientSecret string
	// Redirect is the URL of our /login/openid/back.
	Redirect string
	// Allow says who may sign in: verified mail addresses, or "@example.com" for all of a
	// domain. Admins are those of them who are administrators. Nobody else may.
	Allow, Admins []string
	// HTTP sends the requests to the provider; nil for one with a time limit.
	HTTP *http.Client
}

var (
	// ErrOpenID: the provider, or what came back by way of the browser, is not in order.
	ErrOpenID = errors.New("signing in with the OpenID Connect provider failed")
	// ErrNotAllowed: the provider vouches for somebody who is not on the list.
	ErrNotAllowed = errors.New("this account may not sign in here")
)

// openID finds the provider when it is first needed: it may be down when we start.
type openID struct {
	OpenIDConfig
	mu       sync.Mutex
	provider *oidc.Provider
}

const (
	openIDTimeout = 10 * time.Second
	// openIDLife is how long somebody may take at the provider.
	openIDLife = 10 * time.Minute
)

func newOpenID(c OpenIDConfig) (*openID, error) {
	for what, s := range map[string]string{"issuer": c.Issuer, "redirect": c.Redirect} {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())) {
			return nil, fmt.Errorf("the OpenID Connect %s %q is no https URL", what, s)
		}
	}
	if c.ClientID == "" {
		return nil, errors.New("the OpenID Connect client has no ID")
	}
	if len(c.Allow)+len(c.Admins) == 0 {
		return nil, errors.New("nobody is allowed to sign in by OpenID Connect")
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{Timeout: openIDTimeout}
	}
	return &openID{OpenIDConfig: c}, nil
}

func isLoopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

func (o *openID) find(ctx context.Context) (*oidc.Provider, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.provider == nil {
		// The provider keeps this context for fetching keys later on.
		p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), o.HTTP), o.Issuer)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrOpenID, err)
		}
		o.provider = p
	}
	return o.provider, nil
}

func (o *openID) oauth(p *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: o.ClientID, ClientSecret: o.ClientSecret, Endpoint: p.Endpoint(), RedirectURL: o.Redirect,
		Scopes: []string{oidc.ScopeOpenID, "email", "profile"},
	}
}

// HasOpenID reports whether people can sign in by OpenID Connect.
func (k *Keeper) HasOpenID() bool { return k.openID != nil }

const (
	keyState    = "openid-state"
	keyNonce    = "openid-nonce"
	keyVerifier = "openid-verifier"
	keyBegun    = "openid-begun"
)

// OpenIDURL gives where to send a browser that signs in, and remembers in its session what it must bring back.
func (k *Keeper) OpenIDURL(ctx context.Context, now time.Time) (string, error) {
	if k.openID == nil {
		return "", fmt.Errorf("%w: none is configured", ErrOpenID)
	}
	p, err := k.openID.find(ctx)
	if err != nil {
		return "", err
	}
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	for key, value := range map[string]string{keyState: state, keyNonce: nonce, keyVerifier: verifier, keyBegun: now.UTC().Format(time.RFC3339)} {
		k.sessions.Put(ctx, key, value)
	}
	return k.openID.oauth(p).AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), nil
}

// OpenIDBack gives the person whom the provider vouches for, made on the first visit. ErrOpenID, ErrNotAllowed,
// or ErrWrong for somebody who is disabled.
func (k *Keeper) OpenIDBack(ctx context.Context, query url.Values, now time.Time) (store.Person, error) {
	state, nonce, verifier := k.sessions.PopString(ctx, keyState), k.sessions.PopString(ctx, keyNonce), k.sessions.PopString(ctx, keyVerifier)
	begun, _ := time.Parse(time.RFC3339, k.sessions.PopString(ctx, keyBegun))
	switch {
	case k.openID == nil:
		return store.Person{}, fmt.Errorf("%w: none is configured", ErrOpenID)
	case state == "" || query.Get("state") != state:
		return store.Person{}, fmt.Errorf("%w: the state is not the one that this browser was given", ErrOpenID)
	case now.Sub(begun) > openIDLife:
		return store.Person{}, fmt.Errorf("%w: it took too long", ErrOpenID)
	case query.Get("error") != "":
		return store.Person{}, fmt.Errorf("%w: the provider says %.100q", ErrOpenID, query.Get("error"))
	}
	who, err := k.openID.identify(ctx, query.Get("code"), verifier, nonce)
	if err != nil {
		return store.Person{}, err
	}
	return k.personOf(ctx, who)
}

// identity is what a provider says of somebody.
type identity struct {
	issuer, subject string
	Email           string `json:"email"`
	EmailVerified   bool   `json:"email_verified"`
}

// identify exchanges the code for an ID token and verifies it.
func (o *openID) identify(ctx context.Context, code, verifier, nonce string) (who identity, err error) {
	p, err := o.find(ctx)
	if err != nil {
		return who, err
	}
	ctx = oidc.ClientContext(ctx, o.HTTP)
	token, err := o.oauth(p).Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return who, fmt.Errorf("%w: %w", ErrOpenID, withoutBody(err))
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := p.Verifier(&oidc.Config{ClientID: o.ClientID}).Verify(ctx, raw)
	switch {
	case err != nil:
		return who, fmt.Errorf("%w: %w", ErrOpenID, err)
	case id.Nonce != nonce:
		return who, fmt.Errorf("%w: the token was made for another login", ErrOpenID)
	}
	if err := id.Claims(&who); err != nil {
		return who, fmt.Errorf("%w: %w", ErrOpenID, err)
	}
	who.issuer, who.subject = id.Issuer, id.Subject
	return who, nil
}

// withoutBody leaves out what the provider answered, which may hold secrets.
func withoutBody(err error) error {
	var e *oauth2.RetrieveError
	if errors.As(err, &e) {
		return fmt.Errorf("the provider refused the code (%.100q)", e.ErrorCode)
	}
	return err
}

func (k *Keeper) personOf(ctx context.Context, who identity) (store.Person, error) {
	admin := listed(k.openID.Admins, who)
	if !admin && !listed(k.openID.Allow, who) {
		return store.Person{}, ErrNotAllowed
	}
	p, err := k.store.PersonBySubject(ctx, who.issuer, who.subject)
	switch {
	case errors.Is(err, store.ErrNotFound):
		name, err := CleanName(who.Email)
		if err != nil {
			return store.Person{}, err
		}
		// The name is for reading; the account is the subject. A person of that name who
		// signs in with a password is somebody else.
		p, err = k.store.AddPerson(ctx, store.Person{Name: name, Role: listedRole(admin, User), Issuer: who.issuer, Subject: who.subject}, false)
		if errors.Is(err, store.ErrExists) {
			err = ErrTaken
		}
		return p, err
	case err != nil:
		return store.Person{}, err
	case p.Disabled:
		return store.Person{}, ErrWrong
	case p.Role != listedRole(admin, p.Role): // the list is the configuration's
		if err := k.store.SetRole(ctx, p.ID, p.Role, listedRole(admin, p.Role)); err != nil && !errors.Is(err, store.ErrNotFound) {
			return store.Person{}, err
		}
		return k.store.Person(ctx, p.ID)
	}
	return p, nil
}

// listedRole is the role of somebody who has one: the lists say who is an administrator,
// and nothing of what the others are.
func listedRole(admin bool, role string) string {
	switch {
	case admin:
		return Admin
	case role == Admin:
		return User
	}
	return role
}

// listed reports whether a list of addresses and domains holds an address that the provider has verified.
func listed(list []string, who identity) bool {
	email := strings.ToLower(who.Email)
	_, domain, ok := strings.Cut(email, "@")
	return ok && who.EmailVerified && slices.ContainsFunc(list, func(s string) bool {
		s = strings.ToLower(strings.TrimSpace(s))
		return s == email || s == "@"+domain
	})
}
