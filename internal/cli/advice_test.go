package cli

import (
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
)

const unsigned = "From: a@shop.example\r\nSubject: s\r\nDate: Mon, 02 Feb 2026 10:00:00 +0900\r\nMessage-ID: <1@shop.example>\r\n\r\nhello\r\n"

// TestAdvice: a verdict on one mechanism says in the reader's language what to do next.
func TestAdvice(t *testing.T) {
	p := newProgram(t, dns.Zone{"shop.example": {"TXT v=spf1 -all"}})
	for _, c := range []struct{ args, want string }{
		{"dkim verify", "Sign outgoing mail with DKIM"},
		{"dkim verify --lang ja", "DKIM 署名を付けてください"},
		{"spf --lang ja", "`--ip`、`--helo`、`--mail-from` でエンベロープを指定"},
		{"spf --lang ja --ip 192.0.2.1 --helo mx.shop.example --mail-from a@shop.example", "192.0.2.1 がご自身のサーバーであれば"},
		{"dmarc --lang ja --from shop.example --spf shop.example:pass", "+ v=DMARC1; p=none"},
	} {
		t.Run(c.args, func(t *testing.T) {
			r := p.with(unsigned).run(strings.Fields(c.args)...).want(t, 0)
			if flat := strings.Join(strings.Fields(r.out), " "); !strings.Contains(strings.ReplaceAll(flat, " ", ""), strings.ReplaceAll(c.want, " ", "")) {
				t.Errorf("no %q in\n%s", c.want, r.out)
			}
		})
	}
	if r := p.with(unsigned).run("arc", "verify").want(t, 0); strings.Count(r.out, "\n") != 1 {
		t.Errorf("a message without a chain lacks nothing:\n%s", r.out)
	}
}
