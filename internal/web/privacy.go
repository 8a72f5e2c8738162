package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/store"
)

// dropMinutes are the choices of when the body of a message goes, in minutes after its verdict.
var dropMinutes = []int{10, 60, 24 * 60}

// dropChoice is one of them; 0 is what the server does.
type dropChoice struct {
	Minutes int
	Name    string
	Chosen  bool
}

// dropChoices are what a mailbox may choose: what is sooner than the server drops.
func (s *server) dropChoices(lang string, chosen time.Duration) []dropChoice {
	server := s.store.DropAfter()
	first := dropChoice{Name: i18n.T(lang, "drop.never"), Chosen: chosen == 0}
	if server > 0 {
		first.Name = i18n.T(lang, "drop.after", "Time", lasting(lang, server))
	}
	out := []dropChoice{first}
	for _, m := range dropMinutes {
		d := time.Duration(m) * time.Minute
		if server == 0 || d < server {
			out = append(out, dropChoice{Minutes: m, Name: i18n.T(lang, "drop.after", "Time", lasting(lang, d)), Chosen: chosen == d})
		}
	}
	return out
}

// mailboxBody chooses when the bodies of messages to a mailbox go, of those that come from
// now on: POST /m/TOKEN/body. Whoever knows the mailbox sees its mail, and may choose.
func (s *server) mailboxBody(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r, smallForm) {
		return
	}
	m, err := s.store.Mailbox(r.Context(), r.PathValue("token"))
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	minutes, err := strconv.Atoi(r.PostForm.Get("minutes"))
	offered := false
	for _, c := range s.dropChoices("en", 0) {
		offered = offered || c.Minutes == minutes
	}
	if err != nil || !offered {
		s.fail(w, r, http.StatusBadRequest, "error.form")
		return
	}
	if err := s.store.SetMailboxDrop(r.Context(), m.Token, time.Duration(minutes)*time.Minute); err != nil {
		s.storeError(w, r, err)
		return
	}
	http.Redirect(w, r, "/m/"+m.Token, http.StatusSeeOther)
}

// lasting writes how long something lasts in the largest unit that is exact: days, hours, minutes, seconds.
func lasting(lang string, d time.Duration) string {
	for _, unit := range []struct {
		key string
		of  time.Duration
	}{{"lasting.days", 24 * time.Hour}, {"lasting.hours", time.Hour}, {"lasting.minutes", time.Minute}} {
		if d >= unit.of && d%unit.of == 0 {
			return i18n.T(lang, unit.key, "Count", int(d/unit.of))
		}
	}
	return i18n.T(lang, "lasting.seconds", "Count", int(d.Round(time.Second)/time.Second))
}

// runDeletedAt is the same for the check of a visitor, zero for others.
func (s *server) runDeletedAt(run *store.Run) time.Time {
	if !s.Public || !strings.HasPrefix(run.Owner, store.VisitorOwner) {
		return time.Time{}
	}
	return s.deletedAt(run.At)
}

// deletedAt is when a report can be had no longer, zero where that is not stated.
func (s *server) deletedAt(received time.Time) time.Time {
	if s.Retention <= 0 {
		return time.Time{}
	}
	return received.Add(s.Retention)
}
