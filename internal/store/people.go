package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Person may use the pages where they are not this machine's alone.
type Person struct {
	ID string
	// Name is what the person signs in with; unique, compared as it is.
	Name string
	// Role is what the person may do; a word of package access.
	Role string
	// Password is a hash, "" where the person signs in by OpenID Connect alone.
	Password string
	// Issuer and Subject name the person at an OpenID Connect provider; "" for none.
	Issuer, Subject string
	Created         time.Time
	Disabled        bool
	// Epoch rises when the person is disabled: logins of another one are over. 0 of a new person.
	Epoch int64
}

// AddPerson creates a person; an empty ID and a zero Created are filled in. ErrExists
// where the name or the subject is taken. With first, it is done only where there is
// nobody yet, and ErrExists where there is somebody.
func (s *Store) AddPerson(ctx context.Context, p Person, first bool) (Person, error) {
	if p.ID == "" {
		p.ID = NewID()
	}
	if p.Created.IsZero() {
		p.Created = s.now()
	}
	p.Created = fromMillis(millis(p.Created))
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `INSERT INTO people (id, name, role, password, issuer, subject, created, disabled)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8 WHERE $9 = 0 OR NOT EXISTS (SELECT 1 FROM people)`,
			p.ID, text(p.Name), text(p.Role), p.Password, text(p.Issuer), text(p.Subject), millis(p.Created), number(p.Disabled), number(first))
		if err == nil && n == 0 {
			return ErrExists
		}
		return err
	})
	if err != nil {
		return Person{}, fmt.Errorf("adding a person: %w", err)
	}
	return p, nil
}

const selectPerson = `SELECT id, name, role, password, issuer, subject, created, disabled, epoch FROM people `

// Person finds one by ID. ErrNotFound.
func (s *Store) Person(ctx context.Context, id string) (Person, error) {
	return s.person(ctx, `WHERE id = $1`, text(id))
}

// PersonByName finds one by name. ErrNotFound.
func (s *Store) PersonByName(ctx context.Context, name string) (Person, error) {
	return s.person(ctx, `WHERE name = $1`, text(name))
}

// PersonBySubject finds one by what an OpenID Connect provider calls them. ErrNotFound.
func (s *Store) PersonBySubject(ctx context.Context, issuer, subject string) (Person, error) {
	if subject == "" {
		return Person{}, fmt.Errorf("person: %w", ErrNotFound)
	}
	return s.person(ctx, `WHERE issuer = $1 AND subject = $2`, text(issuer), text(subject))
}

func (s *Store) person(ctx context.Context, where string, args ...any) (Person, error) {
	p, err := scanPerson(s.db.reader().queryRow(ctx, selectPerson+where, args...))
	if err != nil {
		return Person{}, fmt.Errorf("person: %w", s.db.translate(err))
	}
	return p, nil
}

// People lists up to limit of them, by name.
func (s *Store) People(ctx context.Context, limit int) ([]Person, error) {
	list, err := collect(ctx, s.db.reader(), scanPerson, selectPerson+`ORDER BY name LIMIT $1`, atLeast0(limit))
	if err != nil {
		return nil, fmt.Errorf("listing people: %w", s.db.translate(err))
	}
	return list, nil
}

// ErrLastAdmin: the change would leave nobody of the given role.
var ErrLastAdmin = errors.New("nobody would be left who may manage people")

// ChangePerson keeps what an administrator says of a person, and nothing else: another may
// change the rest at the same time. Disabling raises the epoch. ErrNotFound. Where it would leave nobody enabled of the
// role needed, ErrLastAdmin; needed "" asks for nothing.
func (s *Store) ChangePerson(ctx context.Context, id, role string, disabled bool, needed string) error {
	return s.changePerson(ctx, needed, `UPDATE people SET role = $2, disabled = $3, epoch = epoch + $3 WHERE id = $1`, text(id), text(role), number(disabled))
}

// SetPassword keeps the hash of a person's password, and nothing else. ErrNotFound.
func (s *Store) SetPassword(ctx context.Context, id, hash string) error {
	return s.changePerson(ctx, "", `UPDATE people SET password = $2 WHERE id = $1`, text(id), hash)
}

// SetRole gives a person who has the role from another one. ErrNotFound also where they
// have a third by now.
func (s *Store) SetRole(ctx context.Context, id, from, to string) error {
	return s.changePerson(ctx, "", `UPDATE people SET role = $3 WHERE id = $1 AND role = $2`, text(id), text(from), text(to))
}

func (s *Store) changePerson(ctx context.Context, needed, query string, args ...any) error {
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, query, args...)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotFound
		}
		return stillOne(ctx, q, needed)
	})
	if err != nil {
		return fmt.Errorf("changing a person: %w", err)
	}
	return nil
}

// RemovePerson deletes one, with their tokens; the same errors as those of ChangePerson.
func (s *Store) RemovePerson(ctx context.Context, id, needed string) error {
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `DELETE FROM people WHERE id = $1`, text(id))
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotFound
		}
		for _, of := range []string{`DELETE FROM domain_people WHERE person = $1`, `DELETE FROM tokens WHERE person = $1`} {
			if _, err := q.exec(ctx, of, text(id)); err != nil {
				return err
			}
		}
		return stillOne(ctx, q, needed)
	})
	if err != nil {
		return fmt.Errorf("removing a person: %w", err)
	}
	return nil
}

// stillOne undoes the transaction, by an error, where nobody of the role is left.
func stillOne(ctx context.Context, q querier, needed string) error {
	if needed == "" {
		return nil
	}
	var left int
	if err := q.queryRow(ctx, `SELECT count(*) FROM people WHERE role = $1 AND disabled = 0`, needed).Scan(&left); err != nil {
		return err
	}
	if left == 0 {
		return ErrLastAdmin
	}
	return nil
}

func scanPerson(r row) (p Person, err error) {
	var created, disabled int64
	err = r.Scan(&p.ID, &p.Name, &p.Role, &p.Password, &p.Issuer, &p.Subject, &created, &disabled, &p.Epoch)
	p.Created, p.Disabled = fromMillis(created), disabled != 0
	return p, err
}

// PutLogin keeps what belongs to a login, in the place of what was there.
func (s *Store) PutLogin(ctx context.Context, token string, data []byte, expires time.Time) error {
	err := s.committer.do(ctx, len(data), func(ctx context.Context, q querier) error {
		_, err := q.exec(ctx, `INSERT INTO logins (token, data, expires) VALUES ($1, $2, $3)
			ON CONFLICT (token) DO UPDATE SET data = excluded.data, expires = excluded.expires`, text(token), data, millis(expires))
		return err
	})
	if err != nil {
		return fmt.Errorf("keeping a login: %w", err)
	}
	return nil
}

// Login gives what belongs to a login. ErrNotFound also when it expired.
func (s *Store) Login(ctx context.Context, token string) ([]byte, error) {
	var data []byte
	err := s.db.reader().queryRow(ctx, `SELECT data FROM logins WHERE token = $1 AND expires > $2`, text(token), s.now().UnixMilli()).Scan(&data)
	if err != nil {
		return nil, fmt.Errorf("login: %w", s.db.translate(err))
	}
	return data, nil
}

// RemoveLogin ends one; one that is not there is no error.
func (s *Store) RemoveLogin(ctx context.Context, token string) error {
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		_, err := q.exec(ctx, `DELETE FROM logins WHERE token = $1`, text(token))
		return err
	})
	if err != nil {
		return fmt.Errorf("ending a login: %w", err)
	}
	return nil
}

func pruneLogins(now time.Time) func(context.Context, querier) (int64, error) {
	return func(ctx context.Context, q querier) (int64, error) {
		return q.exec(ctx, `DELETE FROM logins WHERE token IN (SELECT token FROM logins WHERE expires <= $1 LIMIT $2)`, millis(now), pruneRows)
	}
}
