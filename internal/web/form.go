package web

import "net/http"

// smallForm bounds the octets of a form of a few fields.
const smallForm = 8 << 10

// readForm reads a form without files of so many octets at most, or answers itself. A form is read
// by it before anything waits for the request's end, and before [http.Request.PostFormValue],
// which by itself would put files of any size onto the disk.
func (s *server) readForm(w http.ResponseWriter, r *http.Request, most int64) bool {
	r.Body = http.MaxBytesReader(w, r.Body, most)
	if err := r.ParseForm(); err != nil {
		s.fail(w, r, http.StatusBadRequest, "error.form")
		return false
	}
	return true
}
