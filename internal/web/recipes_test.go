package web

import (
	"strings"
	"testing"
)

// TestRecipes: the lines are those of this host.
func TestRecipes(t *testing.T) {
	s := newSite(t, func(c *Config) { c.LMTPAddr, c.Program = "unix:/run/todoku/lmtp", "/opt/todoku" })
	w := s.get(t, "/recipes")
	checkPage(t, w.Body.Bytes())
	for _, want := range []string{
		"transport_maps = inline:{ {inbox.todoku.example = lmtp:unix:/run/todoku/lmtp} }", "command = /opt/todoku receive --server unix:/run/todoku/lmtp",
		"Mtodoku,\tP=/opt/todoku,", "inbox.todoku.example\ttodoku:localhost",
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %q in\n%s", want, w.Body)
		}
	}
	if strings.Contains(w.Body.String(), "todoku serve --lmtp") {
		t.Error("it says that nothing is taken")
	}
	w = newSite(t).get(t, "/recipes")
	checkPage(t, w.Body.Bytes())
	for _, want := range []string{"todoku serve --lmtp 127.0.0.1:2424", "lmtp:inet:127.0.0.1:2424", "/usr/local/bin/todoku receive"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %q in\n%s", want, w.Body)
		}
	}
	for _, r := range recipesFor("d.example", "127.0.0.1:2424", "/p") {
		for _, f := range r.Files {
			if strings.ContainsAny(f.Text, "{}") && r.Name != "Postfix" && !strings.Contains(f.Text, "${client_addr}") {
				t.Errorf("%s %s has a place that is not filled in:\n%s", r.Name, f.Name, f.Text)
			}
		}
	}
}
