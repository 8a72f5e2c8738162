package web

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/todoku/todoku/internal/store"
)

// TestSmallForms: no small form reads more than it has room for, and none puts a file onto the disk.
func TestSmallForms(t *testing.T) {
	agreed := 0
	s := newSite(t, func(c *Config) {
		c.Agree = func(context.Context, string) (string, bool, error) { agreed++; return "", false, store.ErrNotFound }
	})
	for _, path := range []string{"/reply/confirm", "/m/tok/body", "/d/id/share", "/d/id/again", "/r/m1/share"} {
		if w := s.post(path, url.Values{"token": {strings.Repeat("x", smallForm)}}); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", path, w.Code)
		}
		var body bytes.Buffer
		parts := multipart.NewWriter(&body)
		file, err := parts.CreateFormFile("token", "a")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = file.Write(make([]byte, 64<<20))
		_ = parts.Close()
		left := &countedReader{r: &body}
		r := httptest.NewRequest("POST", path, left)
		r.Header.Set("Content-Type", parts.FormDataContentType())
		s.h.ServeHTTP(httptest.NewRecorder(), r)
		if left.n > smallForm+1 {
			t.Errorf("%s: %d octets of a file are read", path, left.n)
		}
	}
	if agreed != 0 {
		t.Error("a token of a form that is too large is used")
	}
}

type countedReader struct {
	r *bytes.Buffer
	n int
}

func (c *countedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}
