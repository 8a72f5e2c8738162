package bounce

import (
	"strconv"
	"strings"
	"testing"
)

// TestAttackReports: however much a notification holds, what is made of it is bounded.
func TestAttackReports(t *testing.T) {
	const head = "From: MAILER-DAEMON@example.net\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
	const status = head + "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
	recipients := strings.Builder{}
	for i := range 10_000 {
		recipients.WriteString("Final-Recipient: rfc822; u" + strconv.Itoa(i) + "@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no\r\n\r\n")
	}
	nested := head
	for i := range 3000 {
		nested += "--b\r\nContent-Type: multipart/mixed; boundary=b" + strconv.Itoa(i) + "\r\n\r\n"
	}
	for name, raw := range map[string]string{
		"10,000 recipients":    status + recipients.String() + "--b--\r\n",
		"one group":            status + strings.Repeat("Final-Recipient: rfc822; a@example.com\r\n", 100_000),
		"fields":               status + "Final-Recipient: rfc822; a@example.com\r\n" + strings.Repeat("X-A: b\r\n", 100_000),
		"folded":               status + "Final-Recipient: rfc822; a@example.com\r\nDiagnostic-Code: smtp; 550 x\r\n" + strings.Repeat(" y\r\n", 200_000),
		"per message":          status + strings.Repeat("X-A: b\r\n\r\n", 100_000) + "Final-Recipient: rfc822; a@example.com\r\n",
		"diagnostic":           status + "Final-Recipient: rfc822; a@example.com\r\nDiagnostic-Code: smtp; " + strings.Repeat("550-5.7.1 ", 100_000) + "\r\n",
		"codes":                status + "Final-Recipient: rfc822; a@example.com\r\nDiagnostic-Code: x; " + strings.Repeat("#", 1<<20) + "\r\n",
		"nested":               nested,
		"parts":                head + strings.Repeat("--b\r\n\r\nx\r\n", 100_000),
		"base64":               head + "--b\r\nContent-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat("RmluYWwt", 1<<20),
		"no type, no boundary": "Content-Type: multipart/report; report-type=delivery-status\r\n\r\n" + recipients.String(),
	} {
		r, err := Parse([]byte(raw))
		if err != nil {
			continue
		}
		if len(r.Recipients) > maxRecipients || len(r.PerMessage) > maxFields || len(r.Text) > 4*maxText {
			t.Errorf("%s: %d recipients, %d fields, %d octets of text", name, len(r.Recipients), len(r.PerMessage), len(r.Text))
		}
		for _, rcpt := range r.Recipients {
			if len(rcpt.Fields) > maxFields || len(rcpt.Diagnostic) > 2*maxFieldSize {
				t.Errorf("%s: a recipient of %d fields, %d octets", name, len(rcpt.Fields), len(rcpt.Diagnostic))
				break
			}
		}
	}
	for name, text := range map[string]string{
		"codes": strings.Repeat("550 5.1.1 ", 100_000), "lines": strings.Repeat("550-5.1.1 x\n", 100_000), "edges": strings.Repeat("(5", 500_000),
		"spaces": "550" + strings.Repeat(" ", 1<<20), "wrapped": "550-x\n" + strings.Repeat(" y\n", 300_000), "html": strings.Repeat("<style>", 100_000),
		"codes alone": strings.Repeat("450-\n", 200_000), // read again from each line on, this would take minutes
	} {
		found := FindReplies(text)
		if len(found) > maxReplies {
			t.Errorf("%s: %d replies", name, len(found))
		}
		for _, f := range found {
			if len(f.Text) > maxReplySize || f.End > len(text) || f.Start >= f.End {
				t.Errorf("%s: a reply of %d octets from %d to %d", name, len(f.Text), f.Start, f.End)
				break
			}
		}
		withoutTags(text)
	}
}
