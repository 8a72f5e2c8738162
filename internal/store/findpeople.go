package store

import (
	"context"
	"fmt"
	"strings"
)

// FindPeople lists up to limit of those of a role ("" any) whose names hold find ("" all), after a name, by name.
func (s *Store) FindPeople(ctx context.Context, role, find, after string, limit int) ([]Person, error) {
	find = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(find)
	list, err := collect(ctx, s.db.reader(), scanPerson, selectPerson+`WHERE ($1 = '' OR role = $1) AND name > $2 AND name LIKE $3 ESCAPE '\' ORDER BY name LIMIT $4`,
		text(role), text(after), text("%"+find+"%"), atLeast0(limit))
	if err != nil {
		return nil, fmt.Errorf("looking for people: %w", s.db.translate(err))
	}
	return list, nil
}
