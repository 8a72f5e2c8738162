package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/service"
)

// Problem is the body of every answer that is none (RFC 9457).
type Problem struct {
	Type   string         `json:"type" format:"uri-reference" doc:"/api/problems/ and the code: a page that says more" example:"/api/problems/not-found"`
	Code   string         `json:"code" doc:"the stable word for what is wrong" example:"not-found"`
	Title  string         `json:"title" doc:"the same for each code, in the language of the request"`
	Status int            `json:"status" doc:"the HTTP status" example:"404"`
	Detail string         `json:"detail" doc:"what is wrong this time, and what to do next"`
	Errors []ProblemError `json:"errors" doc:"what of the request is wrong"`

	retryAfter int
}

// ProblemError is one thing that is wrong with a request. What was sent is not repeated.
type ProblemError struct {
	Location string `json:"location" example:"body.target"`
	Message  string `json:"message"`
}

// statuses of the words.
var statuses = map[string]int{
	service.Invalid: http.StatusUnprocessableEntity, service.Unauthorized: http.StatusUnauthorized, service.Forbidden: http.StatusForbidden,
	service.CrossOrigin: http.StatusForbidden, service.WrongHost: http.StatusMisdirectedRequest, service.NotFound: http.StatusNotFound,
	service.WrongMethod: http.StatusMethodNotAllowed, service.NotAcceptable: http.StatusNotAcceptable, service.TooSlow: http.StatusRequestTimeout,
	service.NotYet: http.StatusServiceUnavailable, service.Dropped: http.StatusGone, service.TooLarge: http.StatusRequestEntityTooLarge, service.UnsupportedMedia: http.StatusUnsupportedMediaType,
	service.NothingToExplain: http.StatusUnprocessableEntity, service.RateLimited: http.StatusTooManyRequests, service.Busy: http.StatusServiceUnavailable,
	service.StorageFull: http.StatusInsufficientStorage, service.Unavailable: http.StatusServiceUnavailable, service.WrongMaster: http.StatusServiceUnavailable, service.NoServer: http.StatusNotImplemented,
	service.Defect: http.StatusInternalServerError,
}

// words of the statuses that package huma gives by itself.
var words = map[int]string{
	http.StatusBadRequest: service.Invalid, http.StatusUnprocessableEntity: service.Invalid, http.StatusUnsupportedMediaType: service.UnsupportedMedia,
	http.StatusRequestEntityTooLarge: service.TooLarge, http.StatusRequestTimeout: service.TooSlow, http.StatusNotAcceptable: service.NotAcceptable,
	http.StatusNotFound: service.NotFound,
}

// Package huma makes its errors by functions that can be set for the whole program. This
// package is its only user.
func init() {
	huma.DefaultArrayNullable = false // an empty list is [], never null
	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError { return humaProblem("en", status, errs) }
	huma.NewErrorWithContext = func(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
		return humaProblem(langOf(ctx.Context()), status, errs)
	}
}

// humaProblem gives an error of package huma in our form, without the text that was sent.
func humaProblem(lang string, status int, errs []error) *Problem {
	word := words[status]
	if word == "" {
		word = service.Defect
	}
	p := newProblem(lang, &service.Problem{Word: word})
	p.Status = status
	if status == 0 { // for the schema
		p.Status = http.StatusInternalServerError
	}
	if word != service.Invalid {
		return p
	}
	for _, err := range errs {
		var d huma.ErrorDetailer
		if errors.As(err, &d) && len(p.Errors) < 20 {
			detail := d.ErrorDetail()
			p.Errors = append(p.Errors, ProblemError{Location: clip(detail.Location, 100), Message: clip(inLanguage(detail.Message, lang), 300)})
		}
	}
	if len(errs) == 0 && status == http.StatusBadRequest { // of this alone the package says nothing but a sentence
		p.Errors = append(p.Errors, ProblemError{Location: "body", Message: inLanguage(noBody, lang)})
	}
	return p
}

func newProblem(lang string, q *service.Problem) *Problem {
	p := &Problem{
		Type: problemPath + q.Word, Code: q.Word, Title: service.Titles[q.Word].In(lang), Status: statuses[q.Word], Detail: q.Detail(lang), Errors: []ProblemError{},
		retryAfter: int((q.RetryAfter + 999_999_999) / 1_000_000_000),
	}
	if q.Field != "" {
		p.Errors = append(p.Errors, ProblemError{Location: q.Field, Message: q.Detail(lang)})
	}
	for _, f := range q.Faults {
		p.Errors = append(p.Errors, ProblemError{Location: clip(f.Where, 100), Message: clip(f.Text.In(lang), 300)})
	}
	return p
}

// problem gives the answer to an error of the service.
func (s *Server) problem(ctx context.Context, err error) error {
	var p *service.Problem
	if !errors.As(err, &p) {
		p = &service.Problem{Word: service.Defect}
		if ctx.Err() != nil { // the client left, or the program ends
			p = &service.Problem{Word: service.Busy, RetryAfter: busyFor}
		} else {
			s.Log.Error("a request failed", "error", err)
		}
	}
	return newProblem(langOf(ctx), p)
}

// Error gives the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus gives the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of RFC 9457.
func (p *Problem) ContentType(string) string { return problemType }

// GetHeaders are those of the answer.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	p.setHeaders(h)
	return h
}

func (p *Problem) setHeaders(h http.Header) {
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	if p.Code == service.Unauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="todoku"`)
	}
}

// write answers where package huma is not asked.
func (p *Problem) write(w http.ResponseWriter) {
	p.setHeaders(w.Header())
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	_ = render.WriteJSON(w, p) // the client left: nobody to tell
}

const (
	problemType = "application/problem+json"
	problemPath = "/api/problems/"
)

// clip bounds a text, in octets.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && s[most]&0xc0 == 0x80 {
		most--
	}
	return s[:most] + "…"
}
