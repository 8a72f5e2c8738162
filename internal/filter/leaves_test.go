package filter

import (
	"strings"
	"testing"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/message"
)

// TestForwardLeaves: recipients of whom somebody else knows that their mail leaves are forwarded as those that are named; where it goes is told only of
// one destination. Other mail is sealed alone.
func TestForwardLeaves(t *testing.T) {
	set := forwards(t)
	set.Forwarding.Leaves = func(rcpt string) (string, bool) {
		switch rcpt {
		case "one@ours.example":
			return "me@freemail.example", true
		case "more@ours.example":
			return "", true
		}
		return "", false
	}
	s := start(t, set)
	for _, c := range []struct {
		to, forwardedFor, forwardedTo string
		rewritten                     bool
	}{
		{"one@ours.example", "one@ours.example me@freemail.example", "me@freemail.example", true}, {"more@ours.example", "more@ours.example", "", true}, {"you@ours.example", "", "", false},
	} {
		r := s.pass(good(t, c.to))
		m := message.Parse(r.raw)
		from, _, _ := envelope(r.mods)
		if strings.HasPrefix(strings.Trim(from, "<>"), "SRS0=") != c.rewritten || chainOf(t, r.raw).Result != arc.Pass {
			t.Errorf("%s: sender %q\n%s", c.to, from, r.raw)
		}
		for name, want := range map[string]string{"X-Forwarded-For": c.forwardedFor, "X-Forwarded-To": c.forwardedTo} {
			if f, ok := m.First(name); ok != (want != "") || ok && f.Unfolded() != want {
				t.Errorf("%s: %s is %q", c.to, name, f.Unfolded())
			}
		}
	}
}
