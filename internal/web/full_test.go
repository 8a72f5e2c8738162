package web

import (
	"strings"
	"testing"
)

// TestFullOnEveryPage: who looks at whatever page learns that no mail can be stored.
func TestFullOnEveryPage(t *testing.T) {
	s := populated(t)
	s.mem.full = now
	for _, path := range []string{"/", "/paste", "/operator", "/r/m1", "/recipes", "/nowhere"} {
		body := s.get(t, path).Body
		checkPage(t, body.Bytes())
		if !strings.Contains(body.String(), "No room is left: mail is put off since 2026-11-22 03:04:05 UTC") {
			t.Errorf("%s does not say so", path)
		}
	}
	if strings.Contains(populated(t).get(t, "/").Body.String(), "No room is left") {
		t.Error("it says so where there is room")
	}
}
