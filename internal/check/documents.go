package check

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/todoku/todoku/internal/wire/https"
)

// exchange is one HTTP exchange as the fetchers see it: what they read of a response, or
// the error in its place.
type exchange struct {
	URL         string `json:"url"`
	Status      int    `json:"status,omitempty"`
	ContentType string `json:"content_type,omitempty"`
	Location    string `json:"location,omitempty"`
	// From is the URL that the response came from, where that is another.
	From string `json:"from,omitempty"`
	Body []byte `json:"body,omitempty"`
	// Problem is a Fetch constant of internal/wire, "" for none; Detail says it in English.
	// With a Status it came while the body was read.
	Problem string `json:"problem,omitempty"`
	Detail  string `json:"detail,omitempty"`
}

// Bounds of what is kept: documents of one check, and octets of one. Every fetcher has a
// bound of its own below the second.
const (
	maxDocuments = 32
	maxDocument  = 1 << 20
)

// recordingDoer keeps what it passes on.
type recordingDoer struct {
	next https.Doer

	mu   sync.Mutex
	list []exchange
}

func (d *recordingDoer) Do(req *http.Request) (*http.Response, error) {
	resp, err := d.next.Do(req)
	x := exchange{URL: req.URL.String()}
	if err != nil {
		x.Problem, x.Detail = https.FetchProblem(err), err.Error()
		d.keep(x)
		return nil, err
	}
	defer resp.Body.Close()
	x.Status, x.ContentType, x.Location = resp.StatusCode, resp.Header.Get("Content-Type"), resp.Header.Get("Location")
	if resp.Request != nil && resp.Request.URL != nil && resp.Request.URL.String() != x.URL {
		x.From = resp.Request.URL.String()
	}
	x.Body, err = io.ReadAll(io.LimitReader(resp.Body, maxDocument))
	if err != nil {
		x.Problem, x.Detail = https.FetchProblem(err), err.Error()
	}
	d.keep(x)
	return x.response(req, err), nil
}

func (d *recordingDoer) keep(x exchange) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.list) < maxDocuments {
		d.list = append(d.list, x)
	}
}

// response is the exchange as a response to read, whose body ends in err.
func (x exchange) response(req *http.Request, err error) *http.Response {
	if err == nil {
		err = io.EOF
	}
	from := req
	if x.From != "" {
		if other, e := http.NewRequest(http.MethodGet, x.From, nil); e == nil {
			from = other
		}
	}
	h := http.Header{}
	for name, value := range map[string]string{"Content-Type": x.ContentType, "Location": x.Location} {
		if value != "" {
			h.Set(name, value)
		}
	}
	return &http.Response{
		StatusCode: x.Status, Header: h, Request: from, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: -1,
		Body: io.NopCloser(io.MultiReader(bytes.NewReader(x.Body), ending{err})),
	}
}

// ending reads as an error, io.EOF among them.
type ending struct{ err error }

func (e ending) Read([]byte) (int, error) { return 0, e.err }

// documents gives recorded exchanges again.
type documents map[string]exchange

func newDocuments(list []exchange) documents {
	d := make(documents, len(list))
	for _, x := range list {
		if _, ok := d[x.URL]; !ok {
			d[x.URL] = x
		}
	}
	return d
}

func (d documents) Do(req *http.Request) (*http.Response, error) {
	x, ok := d[req.URL.String()]
	switch {
	case !ok:
		return nil, recordedError{https.FetchFailed, "not fetched by this check"}
	case x.Status == 0:
		return nil, recordedError{x.Problem, x.Detail}
	case x.Problem != "":
		return x.response(req, recordedError{x.Problem, x.Detail}), nil
	}
	return x.response(req, nil), nil
}

// recordedError is an error as it was recorded.
type recordedError struct{ problem, detail string }

func (e recordedError) Error() string        { return strings.TrimSpace(e.detail) }
func (e recordedError) FetchProblem() string { return e.problem }
