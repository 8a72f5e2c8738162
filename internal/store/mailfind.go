package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// MailEventIDAt gives what IDs of that moment, and none before it, are not below.
func MailEventIDAt(at time.Time) string { return fmt.Sprintf("%012x", max(millis(at), 0)) }

// MailEventsWithin finds events by a name as [Store.MailEvents] does, or all where it is "", with IDs from after on and below before ("" for no
// bound): the youngest first.
func (s *Store) MailEventsWithin(ctx context.Context, name, after, before string, limit int) ([]MailEvent, error) {
	if before == "" {
		before = "g" // above every hexadecimal digit
	}
	query, args := `SELECT event FROM mail_events WHERE id >= $1 AND id < $2 ORDER BY id DESC LIMIT $3`, []any{text(after), text(before), limit}
	if name != "" {
		query = `SELECT e.event FROM mail_event_keys k JOIN mail_events e ON e.id = k.event WHERE k.name = $4 AND k.event >= $1 AND k.event < $2 ORDER BY k.event DESC LIMIT $3`
		args = append(args, eventKey(name))
	}
	list, err := collect(ctx, s.db.reader(), func(r row) (e MailEvent, err error) {
		var b string
		if err := r.Scan(&b); err != nil {
			return e, err
		}
		return e, json.Unmarshal([]byte(b), &e)
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("events: %w", s.db.translate(err))
	}
	return list, nil
}

// VolumeFilter says which volume is asked for.
type VolumeFilter struct {
	From, To string // days, both included
	// Author is a domain with all below it; "" for all, as with the others. Authors are domains alone; none for all.
	Author           string
	Authors          []string
	Source, Provider string
}

// where gives the conditions of a filter but for Authors, and their arguments.
func (f *VolumeFilter) where() (query string, args []any) {
	query, args = `day >= $1 AND day <= $2`, []any{text(f.From), text(f.To)}
	add := func(condition string, values ...any) {
		numbers := make([]any, len(values))
		for i := range values {
			numbers[i] = len(args) + i + 1
		}
		query += " AND " + fmt.Sprintf(condition, numbers...)
		args = append(args, values...)
	}
	if f.Author != "" {
		add(`(author = $%d OR author LIKE $%d ESCAPE '!')`, text(f.Author), "%."+strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(text(f.Author)))
	}
	if f.Source != "" {
		add("source = $%d", text(f.Source))
	}
	if f.Provider != "" {
		add("provider = $%d", text(f.Provider))
	}
	return query, args
}

// VolumeRows gives what went out by day, author domain, source and provider: the youngest day first. Of many Authors each [MaxAuthors] have a list of
// up to limit.
func (s *Store) VolumeRows(ctx context.Context, f VolumeFilter, limit int) (list []Volume, err error) {
	query, args := f.where()
	ask := func(of string, args []any) error {
		part, err := collect(ctx, s.db.reader(), func(r row) (v Volume, err error) {
			return v, r.Scan(&v.Day, &v.Source, &v.Provider, &v.Author, &v.Messages, &v.Paced)
		}, `SELECT day, source, provider, author, messages, paced FROM volume WHERE `+query+of+fmt.Sprintf(` ORDER BY day DESC, author, source, provider LIMIT $%d`, len(args)+1), append(args, limit)...)
		list = append(list, part...)
		return err
	}
	if len(f.Authors) > 0 {
		err = inParts(f.Authors, args, func(marks string, args []any) error { return ask(` AND author IN (`+marks+`)`, args) })
	} else {
		err = ask("", args)
	}
	if err != nil {
		return nil, fmt.Errorf("volume: %w", s.db.translate(err))
	}
	return list, nil
}

// VolumeAuthors gives the domains of From of what went out, each once.
func (s *Store) VolumeAuthors(ctx context.Context, f VolumeFilter) ([]string, error) {
	query, args := f.where()
	list, err := collect(ctx, s.db.reader(), func(r row) (a string, err error) { return a, r.Scan(&a) }, `SELECT DISTINCT author FROM volume WHERE `+query+` ORDER BY author`, args...)
	if err != nil {
		return nil, fmt.Errorf("volume: %w", s.db.translate(err))
	}
	return list, nil
}
