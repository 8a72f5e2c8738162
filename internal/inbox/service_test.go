package inbox

import (
	"strings"
	"testing"

	"github.com/todoku/todoku/internal/evidence"
)

func withService(c *Config) {
	c.Service = func(local string) bool { return strings.HasPrefix(strings.ToLower(local), "check-auth") }
	c.Link = func(id string) string { return "https://todoku.example/r/" + id }
}

// Mail to a service is taken for no mailbox. The reply to it says where the report will be,
// and mailboxes do not learn it.
func TestService(t *testing.T) {
	r := start(t, withService)
	c := dial(t, r.addr)
	c.cmd("EHLO mail.sender.example", "250")
	c.cmd("MAIL FROM:<a@sender.example>", "250")
	for _, to := range []string{"Check-Auth@inbox.example", "check-auth@inbox.example", r.to(), "check-auth-user=other.example@inbox.example", "postmaster@inbox.example"} {
		c.cmd("RCPT TO:<"+to+">", "250 2.1.5")
	}
	c.cmd("RCPT TO:<nobody@inbox.example>", "550")
	c.cmd("DATA", "354")
	said := c.cmd("Subject: x\r\n\r\nx\r\n.", "250 2.0.0")
	all, err := r.store.Recent(ctx, 10)
	if err != nil || len(all) != 4 {
		t.Fatalf("%d messages, %v", len(all), err)
	}
	links := 0
	for _, listed := range all {
		m, err := r.store.Message(ctx, listed.ID)
		if err != nil {
			t.Fatal(err)
		}
		s := m.Evidence.Session
		to := s.Recipients[0]
		linked := strings.Contains(said, "https://todoku.example/r/"+m.ID)
		if service := strings.HasPrefix(strings.ToLower(to), "check-auth"); linked != service || service && m.Token != "" {
			t.Errorf("%s: linked %v, token %q", to, linked, m.Token)
		}
		if linked {
			links++
		}
		if lines := textOf(s.Transcript); strings.Contains(lines, "https://") || !strings.Contains(lines, "250 2.0.0 Message accepted") ||
			to != "postmaster@inbox.example" && to != r.to() && strings.Contains(lines, r.box.Token) {
			t.Errorf("%s sees too much or too little:\n%s", to, lines)
		}
	}
	if links != 2 || len(said) > 510 {
		t.Errorf("%d links in %d octets: %s", links, len(said), said)
	}
}

func textOf(lines []evidence.Line) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.Text + "\n")
	}
	return b.String()
}
