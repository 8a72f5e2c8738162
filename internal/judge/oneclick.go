package judge

import (
	"fmt"
	"strings"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/message"
)

// oneClickValue is all that List-Unsubscribe-Post may say.
const oneClickValue = "List-Unsubscribe=One-Click"

// OneClickURI gives the HTTPS address to which one click of the recipient would be posted
// (RFC 8058 section 3.1), "" where the message offers none.
func OneClickURI(m *message.Message) string {
	if m == nil {
		return ""
	}
	if post, ok := m.First("List-Unsubscribe-Post"); !ok || strings.TrimSpace(post.Unfolded()) != oneClickValue {
		return ""
	}
	for _, f := range m.All("List-Unsubscribe") {
		if u := parseUnsubscribe(f.Unfolded()); len(u.https) > 0 {
			return u.https[0]
		}
	}
	return ""
}

// OneClick judges how the address of one-click unsubscription answered the request: the
// status of HTTP, or, where there was no answer, why.
func OneClick(from, uri string, status int, problem string) catalogue.Finding {
	subject := from
	if subject == "" {
		subject = "message"
	}
	id := "list.endpoint-pass"
	switch {
	case problem != "":
		id = "list.endpoint-unknown"
	case status >= 300 && status < 400:
		id = "list.endpoint-redirect"
	case status >= 400:
		id = "list.endpoint-fails"
	}
	outcome := clip(problem)
	if problem == "" {
		outcome = fmt.Sprintf("HTTP %d", status)
	}
	return catalogue.New(id, subject, args{"uri": clip(uri), "status": fmt.Sprint(status), "problem": clip(problem)}, "POST "+clip(uri), outcome)
}
