package caller

import (
	"net/http"
	"strings"
)

// Route names what was asked for without what a path may hold that lets people in (the token of a
// mailbox, of a shared link): the pattern that serves it, or, where none does yet, the first part of the
// path. It is what logs may say.
func Route(r *http.Request) string {
	if r.Pattern != "" {
		return r.Pattern
	}
	first, _, more := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if more {
		first += "/..."
	}
	return r.Method + " /" + first
}
