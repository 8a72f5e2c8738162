package web

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/todoku/todoku/internal/store"
)

// TestProblems: who asks for a JSON document gets its errors in JSON too, in the language of
// the request, and pages stay pages.
func TestProblems(t *testing.T) {
	s := labWith(t, "mail.sender.example")
	if err := s.mem.AddMessage(t.Context(), &store.Message{ID: "pend", Received: now}); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]struct {
		code  int
		title string
	}{
		"/lab/nosuch.json":       {404, "この送信ラボのテストはありません。"},
		"/r/nosuch.json":         {404, "このアドレスにレポートはありません。"},
		"/r/nosuch.bundle.json":  {404, "このアドレスにレポートはありません。"},
		"/d/nosuch.json":         {404, ""},
		"/r/pend.json":           {503, ""},
		"/nowhere/whatever.json": {404, ""},
	} {
		w := s.get(t, path, inLanguage("ja"))
		var p problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != want.code || p.Status != want.code ||
			w.Header().Get("Content-Type") != "application/problem+json" || p.Title == "" || p.Detail == "" || want.title != "" && p.Title != want.title {
			t.Errorf("%s: %d %v %+v, %v", path, w.Code, w.Header(), p, err)
		}
		if w := s.get(t, path, func(r *http.Request) { r.Method = http.MethodHead }); w.Code != want.code || w.Body.Len() != 0 {
			t.Errorf("HEAD %s: %d %q", path, w.Code, w.Body)
		}
	}
	w := s.get(t, "/lab/nosuch")
	if w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("the error page is %v", w.Header())
	}
	checkPage(t, w.Body.Bytes())
}
