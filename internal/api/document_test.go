package api

import (
	"bytes"
	"strings"
	"testing"

	"github.com/todoku/todoku/internal/service"
)

// TestDocument: the document is valid OpenAPI 3.1, and says something of everything.
func TestDocument(t *testing.T) {
	s := newSite(t, true, nil)
	a := s.do(call{method: "GET", path: "/api/openapi.json"})
	if kind := a.Header.Get("Content-Type"); kind != "application/openapi+json" {
		t.Error(kind)
	}
	doc := readSpec(t, a.data)
	for _, problem := range doc.structure() {
		t.Error(problem)
	}
	seen := 0
	for path, item := range doc.Paths {
		for method, op := range item {
			seen++
			if op.Summary == "" || !strings.HasPrefix(path, prefix+"/") || len(op.Security) == 0 && op.OperationID != "get-health" {
				t.Errorf("%s %s: %+v", method, path, op)
			}
			for status, r := range op.Responses {
				if status[0] != '2' && len(r.Content[problemType].Schema) == 0 {
					t.Errorf("%s %s: %s is no problem", method, path, status)
				}
			}
		}
	}
	if seen != len(s.api.operations) || seen < 14 {
		t.Errorf("%d operations in the document, %d in all", seen, len(s.api.operations))
	}
	if y := s.do(call{method: "GET", path: "/api/openapi.yaml"}); !bytes.Contains(y.data, []byte("openapi: 3.1.0")) {
		t.Errorf("YAML: %.200s", y.data)
	}
}

// TestExamples: every request and answer has an example, which is what its schema says.
func TestExamples(t *testing.T) {
	doc := newSite(t, true, nil).spec
	check := func(where string, content map[string]specMedia) {
		for kind, m := range content {
			if m.Example == nil {
				t.Errorf("%s: no example of %s", where, kind)
			} else if err := doc.valid(m.Schema, m.Example); err != nil {
				t.Errorf("%s: the example of %s: %v", where, kind, err)
			}
		}
	}
	for path, item := range doc.Paths {
		for method, op := range item {
			where := method + " " + path
			for status, r := range op.Responses {
				if status[0] == '2' {
					check(where+" "+status, r.Content)
				}
			}
			if op.RequestBody != nil {
				check(where, op.RequestBody.Content)
			}
		}
	}
}

// TestPages: the pages exist in both languages and name every operation and problem.
func TestPages(t *testing.T) {
	s := newSite(t, true, nil)
	for _, lang := range []string{"en", "ja"} {
		page := string(s.do(call{method: "GET", path: "/api?lang=" + lang}).data)
		if !strings.Contains(page, `<html lang="`+lang+`">`) || strings.Contains(page, "://") {
			t.Errorf("%s: %.300s", lang, page)
		}
		for _, op := range s.api.operations {
			if op.summary.In(lang) == "" || !strings.Contains(page, op.summary.In(lang)) || !strings.Contains(page, op.path) {
				t.Errorf("%s: %s is not on the page", lang, op.id)
			}
		}
		for word, title := range service.Titles {
			if statuses[word] == 0 || service.Advice[word].In(lang) == "" {
				t.Errorf("%s: no status or advice", word)
			}
			page := string(s.do(call{method: "GET", path: problemPath + word + "?lang=" + lang}).data)
			if !strings.Contains(page, title.In(lang)) {
				t.Errorf("%s %s: %.300s", word, lang, page)
			}
		}
	}
	s.refused("an unknown problem", call{method: "GET", path: problemPath + "nonsense"}, service.NotFound)
}
