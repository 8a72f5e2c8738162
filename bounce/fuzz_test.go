package bounce

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/todoku/todoku/message"
)

func parseForTest(s string) *message.Message { return message.Parse([]byte(s)) }

func FuzzParseReply(f *testing.F) {
	for _, s := range []string{"550-5.7.26 a\r\n550 5.7.26 b - gsmtp", "421 5.7.32 x", "550 #5.1.0 y", "5.1.1", "554-a 554-b 554 c", "550", "550-", "550 gsmtp"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, ok := ParseReply(s)
		if !ok {
			return
		}
		if r.Code == 0 && r.Enhanced.IsZero() || r.Code != 0 && (r.Code < 200 || r.Code > 599) {
			t.Errorf("%q: code %d, enhanced %v", s, r.Code, r.Enhanced)
		}
		if strings.ContainsAny(r.Text+r.Tail, "\r\n") {
			t.Errorf("%q: text of several lines %q", s, r.Text)
		}
		again, ok := ParseReply(r.String())
		if !ok || again.Code != r.Code {
			t.Errorf("%q: written %q, read again as %+v", s, r.String(), again)
		}
	})
}

func FuzzFindReplies(f *testing.F) {
	f.Add("said: 550 5.1.1 x\n<<< 421 y")
	f.Add("550 550 550-550 5.1.1")
	f.Fuzz(func(t *testing.T, s string) {
		end := 0
		for _, r := range FindReplies(s) {
			if r.Start < end || r.End <= r.Start || r.End > len(s) {
				t.Fatalf("%q: octets %d to %d after %d", s, r.Start, r.End, end)
			}
			end = r.End
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(dsn))
	f.Add([]byte("Content-Type: message/delivery-status\r\n\r\nStatus: 5.1.1\r\n"))
	f.Add([]byte("Content-Type: multipart/report; boundary=\r\n\r\n--\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := Parse(raw)
		if err != nil {
			return
		}
		if len(r.Recipients) > maxRecipients || len(r.PerMessage) > maxFields || !utf8.ValidString(r.Text) {
			t.Errorf("beyond a limit: %d recipients, %d fields", len(r.Recipients), len(r.PerMessage))
		}
	})
}
