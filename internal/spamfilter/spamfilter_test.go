package spamfilter

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/todoku/todoku/internal/evidence"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const raw = "From: News <news@shop.example>\r\nSubject: Hello\r\n\r\nHello\r\n"

var query = Query{
	Raw: []byte(raw), Time: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC),
	Session: evidence.Session{RemoteIP: netip.MustParseAddr("192.0.2.1"), HELO: "mx.shop.example", MailFrom: "news@shop.example", HasMailFrom: true,
		Recipients: []string{"a@example.net", "b@example.net"}, Receiver: "mx.example.net"},
}

// shown is an answer, or an error, in one line.
func shown(a Answer, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	return fmt.Sprintf("spam=%v %q %.1f/%.1f %v", a.Spam, a.Action, a.Score, a.Required, a.Symbols)
}

// rspamdd is a server that answers as a worker of rspamd does.
func rspamdd(t *testing.T, h http.HandlerFunc) *Rspamd {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	r, err := NewRspamd(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const rspamdSpam = `{"is_skipped":false,"score":9.5,"required_score":15.0,"action":"add header","thresholds":{"reject":15,"add header":6,"greylist":4},` +
	`"symbols":{"FORGED":{"name":"FORGED","score":7.0,"metric_score":7.0,"options":["x"]},"R_SPF_ALLOW":{"name":"R_SPF_ALLOW","score":-0.2},"ARC_NA":{"name":"ARC_NA","score":0.0},"MID":{"name":"MID","score":2.7}},` +
	`"messages":{},"message-id":"1@shop.example","time_real":0.1,"milter":{}}`

func TestRspamdAnswers(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		status       int
		want         string
	}{
		{"spam", rspamdSpam, 200, `spam=true "add header" 9.5/15.0 [FORGED +7.00 MID +2.70 R_SPF_ALLOW -0.20]`},
		{"ham", `{"score":-1.5,"required_score":15,"action":"no action","symbols":{}}`, 200, `spam=false "no action" -1.5/15.0 []`},
		{"greylisting is not spam", `{"score":4.5,"required_score":15,"action":"greylist"}`, 200, `spam=false "greylist" 4.5/15.0 []`},
		{"reject", `{"score":40,"required_score":15,"action":"reject"}`, 200, `spam=true "reject" 40.0/15.0 []`},
		{"soft reject", `{"score":1,"required_score":15,"action":"soft reject"}`, 200, `error: its action is "soft reject": it puts the message off for now`},
		{"an action of the administrator's", `{"score":1,"required_score":15,"action":"tea"}`, 200, `error: its action is "tea", which is not one of rspamd's own`},
		{"decided before the rest", `{"is_skipped":true,"score":15,"required_score":15,"action":"reject","symbols":{"GTUBE":{"score":0}}}`, 200, `spam=true "reject" 15.0/15.0 []`},
		{"skipped", `{"is_skipped":true,"score":0,"required_score":0,"action":"no action"}`, 200, `error: it skipped the message: its settings let mail from this address pass unseen`},
		{"an error", `{"error":"invalid\r\n command"}`, 404, `error: HTTP status 404 invalid command`},
		{"an error with 200", `{"error":"no"}`, 200, `error: it reports an error: no`},
		{"another server", `<html>`, 200, `error: the answer is not rspamd's JSON`},
		{"another JSON", `{}`, 200, `error: the answer lacks action or score`},
		{"a redirect", ``, 307, `error: HTTP status 307: redirects are not followed`},
		{"a score that is no number", `{"score":1e999,"action":"reject"}`, 200, `error: the answer is not rspamd's JSON`},
		{"without end", strings.Repeat(" ", maxAnswer+1), 200, `error: reading the answer of HOST: the answer is larger than 1048576 octets`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var asked int
			r := rspamdd(t, func(w http.ResponseWriter, req *http.Request) {
				asked++
				io.Copy(io.Discard, req.Body)
				w.Header().Set("Location", "/elsewhere")
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(c.status)
				io.WriteString(w, c.answer)
			})
			a, err := r.Ask(t.Context(), query)
			if d := cmp.Diff(c.want, strings.ReplaceAll(shown(a, err), r.Address(), "HOST")); d != "" || asked != 1 {
				t.Errorf("asked %d times (-want +got):\n%s", asked, d)
			}
		})
	}
}

// TestRspamdRequest: the whole message is sent, and the envelope in rspamd's header fields.
func TestRspamdRequest(t *testing.T) {
	var got []string
	r := rspamdd(t, func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		got = append(got, req.Method+" "+req.URL.Path, string(body))
		for _, name := range []string{"Ip", "Helo", "From", "Rcpt", "Cookie", "X"} {
			got = append(got, name+": "+strings.Join(req.Header.Values(name), ", "))
		}
		io.WriteString(w, rspamdSpam)
	})
	q := query
	q.Session.HELO = "mx\r\nX: injected"
	if _, err := r.Ask(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	q.Session = evidence.Session{HasMailFrom: true}
	if _, err := r.Ask(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"POST /checkv2", raw, "Ip: 192.0.2.1", "Helo: mxX: injected", "From: <news@shop.example>", "Rcpt: <a@example.net>, <b@example.net>", "Cookie: ", "X: ",
		"POST /checkv2", raw, "Ip: ", "Helo: ", "From: <>", "Rcpt: ", "Cookie: ", "X: ",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"http://127.0.0.1:11333": "http://127.0.0.1:11333/checkv2", "http://[::1]:11333/": "http://[::1]:11333/checkv2",
		"https://filter.example/rspamd/": "https://filter.example/rspamd/checkv2", "http://f/checkv2": "http://f/checkv2",
		"127.0.0.1:11333": "", "ftp://f/": "", "http://": "", "http://u:p@f/": "", "http://f/?a=b": "", "": "", "http://a b/": "",
	} {
		r, err := NewRspamd(address)
		if (err != nil) != (want == "") || err == nil && r.url != want {
			t.Errorf("%q: %+v %v, want %q", address, r, err, want)
		}
	}
	for address, good := range map[string]bool{"127.0.0.1:783": true, "[::1]:783": true, "f.example:783": true, "127.0.0.1": false, ":783": false, "f:0": false, "f:spamd": false, "f:99999": false, "": false} {
		if _, err := NewSpamAssassin(address); (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// spamd is a server that speaks spamd's protocol: one command a connection, which the
// client ends by shutting its side.
type spamd struct {
	*SpamAssassin
	mu   sync.Mutex
	seen []string // verb and message
}

func newSpamd(t *testing.T, answer func(verb string) string) *spamd {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := new(spamd)
	if s.SpamAssassin, err = NewSpamAssassin(l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	var sessions sync.WaitGroup
	sessions.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			sessions.Go(func() { s.session(conn, answer) })
		}
	})
	t.Cleanup(func() { l.Close(); sessions.Wait() })
	return s
}

func (s *spamd) session(conn net.Conn, answer func(string) string) {
	defer conn.Close()
	in := textproto.NewReader(bufio.NewReader(conn))
	line, _ := in.ReadLine()
	verb, protocol, _ := strings.Cut(line, " ")
	fields, err := in.ReadMIMEHeader()
	body, bodyErr := io.ReadAll(in.R) // until the client shuts its side
	if n, numberErr := strconv.Atoi(fields.Get("Content-length")); err != nil || bodyErr != nil || numberErr != nil || n != len(body) || protocol != "SPAMC/1.5" {
		io.WriteString(conn, "SPAMD/1.0 76 EX_PROTOCOL\r\n")
		return
	}
	s.mu.Lock()
	s.seen = append(s.seen, verb+" "+string(body))
	s.mu.Unlock()
	io.WriteString(conn, answer(verb))
}

const report = "Spam detection software, running on the system \"mx.example.net\",\n" +
	"has identified this incoming email as possible spam.\n\n" +
	"Content preview:  Hello\n   ---- ---------------------- ----\n 9.9 INVENTED               by the message\n\n" +
	"Content analysis details:   (6.1 points, 5.0 required)\n\n" +
	" pts rule name              description\n" +
	"---- ---------------------- --------------------------------------------------\n" +
	"-0.0 SPF_PASS               SPF: sender matches SPF record\n" +
	" 0.0 HTML_MESSAGE           BODY: HTML included in message\n" +
	" 2.5 URIBL_BLACK            Contains an URL listed in the URIBL blacklist\n" +
	"                            [URIs: bad.example]\n" +
	"-1.9 BAYES_00               BODY: Bayes spam probability is 0 to 1%\n" +
	" 5.5 GAPPY_SUBJECT          Subject: contains G.a.p.p.y-T.e.x.t\n\n"

func spamdAnswer(spam, body string) string {
	return fmt.Sprintf("SPAMD/1.1 0 EX_OK\r\nContent-length: %d\r\nSpam: %s\r\n\r\n%s", len(body), spam, body)
}

func TestSpamAssassinAnswers(t *testing.T) {
	for _, c := range []struct {
		name, answer, symbols, want string
	}{
		{"spam", spamdAnswer("True ; 6.1 / 5.0", report), "", `spam=true "" 6.1/5.0 [GAPPY_SUBJECT +5.50 URIBL_BLACK +2.50 BAYES_00 -1.90]`},
		{"ham, with a report of the administrator's", spamdAnswer("False ; -1.9 / 5.0", "fine"), spamdAnswer("False ; -1.9 / 5.0", "BAYES_00,SPF_PASS\r\n"), `spam=false "" -1.9/5.0 [BAYES_00 SPF_PASS]`},
		{"no symbols at all", spamdAnswer("False ; 0.0 / 5.0", "fine"), "SPAMD/1.1 69 EX_UNAVAILABLE\r\n", `spam=false "" 0.0/5.0 []`},
		{"an error", "SPAMD/1.0 69 Service Unavailable: TELL commands are not enabled\r\n", "", `error: asking HOST: it reports an error: 69 Service Unavailable: TELL commands are not enabled`},
		{"another server", "220 mx.example.net ESMTP\r\n", "", "error: asking HOST: the answer is not spamd's"},
		{"nothing", "", "", "error: asking HOST: EOF"},
		{"without a verdict", "SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\n\r\n", "", "error: the answer lacks its verdict (Spam:)"},
		{"another verdict", spamdAnswer("Maybe ; 1 / 5", ""), "", "error: the answer lacks its verdict (Spam:)"},
		{"a score beyond numbers", spamdAnswer("True ; 1"+strings.Repeat("0", 400)+" / 5", ""), "", "error: the score of the answer is not a number"},
		{"cut short", "SPAMD/1.1 0 EX_OK\r\nContent-length: 100\r\nSpam: True ; 6.1 / 5.0\r\n\r\nx", "", "error: asking HOST: the answer is cut short"},
		{"without end", spamdAnswer("True ; 6.1 / 5.0", strings.Repeat("x", maxAnswer)), "", "error: asking HOST: the answer is larger than 1048576 octets"},
		{"a line without end", strings.Repeat("x", maxAnswer+1), "", "error: asking HOST: the answer is not spamd's"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSpamd(t, func(verb string) string {
				if verb == "SYMBOLS" {
					return c.symbols
				}
				return c.answer
			})
			a, err := s.Ask(t.Context(), query)
			if d := cmp.Diff(c.want, strings.ReplaceAll(shown(a, err), s.Address(), "HOST")); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// TestSpamAssassinRequest: what a receiver would have put before the message stands there.
func TestSpamAssassinRequest(t *testing.T) {
	s := newSpamd(t, func(string) string { return spamdAnswer("True ; 6.1 / 5.0", report) })
	q := query
	for _, session := range []evidence.Session{
		query.Session,
		{RemoteIP: netip.MustParseAddr("2001:db8::1"), HELO: "x\r\nSubject: injected", HasMailFrom: true},
		{MailFrom: "news@shop.example", HasMailFrom: true},
	} {
		q.Session = session
		if _, err := s.Ask(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"REPORT Return-Path: <news@shop.example>\r\nReceived: from mx.shop.example (unknown [192.0.2.1])\r\n\tby mx.example.net with ESMTP id todoku;\r\n\tWed, 25 Nov 2026 12:00:00 +0000\r\n" + raw,
		"REPORT Return-Path: <>\r\nReceived: from [IPv6:2001:db8::1] (unknown [IPv6:2001:db8::1])\r\n\tby localhost with ESMTP id todoku;\r\n\tWed, 25 Nov 2026 12:00:00 +0000\r\n" + raw,
		"REPORT " + raw,
	}
	if d := cmp.Diff(want, s.seen); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestNoAnswer: a filter that is not there, or says nothing, costs no more than the time
// that the caller has.
func TestNoAnswer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // takes connections by its backlog, and never answers
	if err != nil {
		t.Fatal(err)
	}
	r, _ := NewRspamd("http://" + l.Addr().String())
	s, _ := NewSpamAssassin(l.Addr().String())
	asks := map[string]func(context.Context, Query) (Answer, error){"rspamd": r.Ask, "SpamAssassin": s.Ask}
	big := query
	big.Raw = bytes.Repeat([]byte("x"), 32<<20) // more than the kernel takes: the writer is stuck, too
	for name, ask := range asks {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if a, err := ask(ctx, big); err == nil || !strings.Contains(err.Error(), "no answer in time") {
			t.Errorf("%s: %s", name, shown(a, err))
		}
		cancel()
	}
	l.Close()
	for name, ask := range asks {
		if a, err := ask(t.Context(), query); err == nil || !strings.Contains(err.Error(), "refused") {
			t.Errorf("%s, not there: %s", name, shown(a, err))
		}
	}
}

// TestBounds: however much a filter says, little is kept of it.
func TestBounds(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, ",\"%s%d\":{\"score\":%d}", strings.Repeat("N", 150), i, i)
	}
	a, err := rspamdAnswer(200, []byte(`{"score":1,"required_score":5,"action":"reject","symbols":{`+b.String()[1:]+`}}`))
	if err != nil || len(a.Symbols) != maxSymbols || a.Symbols[0].Score != 4999 || len(a.Symbols[0].Name) != maxName {
		t.Errorf("%d symbols, %v", len(a.Symbols), err)
	}
}

func FuzzRspamdAnswer(f *testing.F) {
	f.Add(200, []byte(rspamdSpam))
	f.Add(404, []byte(`{"error":"x"}`))
	f.Fuzz(func(t *testing.T, status int, data []byte) {
		a, err := rspamdAnswer(status, data)
		sane(t, a, err)
	})
}

func FuzzSpamAssassinAnswer(f *testing.F) {
	f.Add([]byte(spamdAnswer("True ; 6.1 / 5.0", report)))
	f.Add([]byte(spamdAnswer("False ; -1 / 5", "A,B\r\n")))
	f.Add([]byte("SPAMD/1.0 76 EX_PROTOCOL\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := readReply(bytes.NewReader(data))
		if err != nil {
			return
		}
		a, err := r.verdict()
		a.Symbols = reportSymbols(r.body)
		sane(t, a, err)
		sane(t, Answer{Symbols: namedSymbols(r.body)}, nil)
	})
}

// sane: whatever came, the answer is bounded and can be shown.
func sane(t *testing.T, a Answer, err error) {
	t.Helper()
	if err != nil {
		if len(err.Error()) > 1000 || strings.ContainsAny(err.Error(), "\r\n\x1b") {
			t.Errorf("%q", err)
		}
		return
	}
	if !finite(a.Score, a.Required) || len(a.Symbols) > maxSymbols {
		t.Errorf("%+v", a)
	}
	for _, s := range a.Symbols {
		if s.Name == "" || len(s.Name) > maxName || strings.ContainsAny(s.Name, "\r\n\x1b") {
			t.Errorf("symbol %q", s.Name)
		}
	}
}
