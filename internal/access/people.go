package access

import (
	"context"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/todoku/todoku/internal/store"
)

// Add makes a person. ErrBadName, ErrTaken, or an error of checkPassword.
func (k *Keeper) Add(ctx context.Context, name, password, role string) (store.Person, error) {
	return k.add(ctx, name, password, role, false)
}

func (k *Keeper) add(ctx context.Context, name, password, role string, first bool) (store.Person, error) {
	name, err := CleanName(name)
	if err != nil {
		return store.Person{}, err
	}
	if err := checkPassword(name, password); err != nil {
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
	if role == Admin || role == Customer {
		return role
	}
	return User
}

// Person gives one by ID. store.ErrNotFound.
func (k *Keeper) Person(ctx context.Context, id string) (store.Person, error) {
	return k.store.Person(ctx, id)
}

// People lists up to limit of a role ("" any) whose names hold find, after a name, by name; more: there are others after them.
func (k *Keeper) People(ctx context.Context, role, find, after string, limit int) (list []store.Person, more bool, err error) {
	if len(find) > maxFind || len(after) > maxFind { // longer than any name
		return nil, false, nil
	}
	list, err = k.store.FindPeople(ctx, role, strings.ToLower(norm.NFKC.String(strings.TrimSpace(find))), after, limit+1)
	if len(list) > limit {
		return list[:limit], true, err
	}
	return list, false, err
}

// maxFind bounds what is looked for, in octets: the longest name has 64 characters.
const maxFind = 256

// SetPassword gives a person another password. store.ErrNotFound, or an error of checkPassword.
func (k *Keeper) SetPassword(ctx context.Context, id, password string) error {
	p, err := k.store.Person(ctx, id)
	if err != nil {
		return err
	}
	if err := checkPassword(p.Name, password); err != nil {
		return err
	}
	hashed, err := k.hash(ctx, password)
	if err != nil {
		return err
	}
	return k.store.SetPassword(ctx, id, hashed)
}

// Change sets what a person may do. store.ErrNotFound, ErrLastAdmin.
func (k *Keeper) Change(ctx context.Context, id, role string, disabled bool) error {
	return k.store.ChangePerson(ctx, id, roleOf(role), disabled, Admin)
}

// Remove deletes a person. store.ErrNotFound, ErrLastAdmin.
func (k *Keeper) Remove(ctx context.Context, id string) error {
	return k.store.RemovePerson(ctx, id, Admin)
}

// Check gives the person of a name and a password, or ErrWrong after the same time
// whatever is wrong.
func (k *Keeper) Check(ctx context.Context, name, password string) (store.Person, error) {
	name, err := CleanName(name)
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

// CleanName gives the name of a person in the one form in which it is stored and compared. ErrBadName.
func CleanName(name string) (string, error) {
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
