package cli

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestSpamFilterFlags: the filters that the user points at are asked, on loopback too.
func TestSpamFilterFlags(t *testing.T) {
	p := newProgram(t, shop())
	var from string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from = r.Header.Get("From")
		io.WriteString(w, `{"score":8,"required_score":15,"action":"add header","symbols":{"BAD_RULE":{"score":8}}}`)
	}))
	defer s.Close()
	args := append([]string{"verify", "-", "--rspamd", s.URL, "--spamassassin", "127.0.0.1:1", "--fail-on", "warn", "--verbose"}, envelope...)
	r := p.with(hello).run(args...).want(t, 1)
	for _, want := range []string{"rspamd takes the message for spam", "BAD_RULE +8.00", "SpamAssassin gave no verdict"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in\n%s", want, r.out)
		}
	}
	if from != "<news@shop.example>" {
		t.Errorf("envelope sender %q", from)
	}
	for flag, value := range map[string]string{"rspamd": "127.0.0.1:11333", "spamassassin": "http://127.0.0.1:783"} {
		if r := p.with(hello).run("verify", "-", "--"+flag, value).want(t, 2); !strings.Contains(r.err, "write it as") {
			t.Errorf("--%s %s: %s", flag, value, r.err)
		}
	}
}

// TestProbeUnsubscribe: one-click unsubscription is tried when asked for, and reaches no
// private network that is not named.
func TestProbeUnsubscribe(t *testing.T) {
	p := newProgram(t, shop())
	letter := "List-Unsubscribe: <https://127.0.0.1/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" + hello
	args := append([]string{"verify", "-", "--json"}, envelope...)
	for _, c := range []struct {
		more []string
		want bool
	}{{nil, false}, {[]string{"--probe-unsubscribe"}, true}} {
		r := p.with(letter).run(append(args, c.more...)...)
		if got := strings.Contains(r.out, `"list.endpoint-unknown"`); got != c.want {
			t.Errorf("%v: the finding is there: %t\n%s%s", c.more, got, r.out, r.err)
		}
	}
	if r := p.with(letter).run(append(args, "--probe-unsubscribe", "--allow-private", "home")...).want(t, 2); !strings.Contains(r.err, "home") {
		t.Errorf("--allow-private home: %s", r.err)
	}
}
