package web

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/caller"
	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/store"
)

// streamOf opens the events of an address on a real server and reads them.
type streamOf struct {
	t    *testing.T
	resp *http.Response
	in   *bufio.Reader
}

func openStream(t *testing.T, s *site, path string) *streamOf {
	t.Helper()
	srv := httptest.NewServer(s.h)
	t.Cleanup(srv.Close)
	return dial(t, srv, path)
}

func dial(t *testing.T, srv *httptest.Server, path string) *streamOf {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", srv.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return &streamOf{t: t, resp: resp, in: bufio.NewReader(resp.Body)}
}

// line gives the next line that is not empty, "" at the end of the stream.
func (s *streamOf) line() string {
	for {
		line, err := s.in.ReadString('\n')
		if line = strings.TrimSuffix(line, "\n"); line != "" || err != nil {
			return line
		}
	}
}

// event gives the next event and its id.
func (s *streamOf) event() (e wireEvent, id string) {
	s.t.Helper()
	for {
		line := s.line()
		switch {
		case line == "":
			s.t.Fatal("the stream ended")
		case strings.HasPrefix(line, "id: "):
			id = line[4:]
		case strings.HasPrefix(line, "data: "):
			if err := json.Unmarshal([]byte(line[6:]), &e); err != nil {
				s.t.Fatalf("%s: %v", line, err)
			}
			return e, id
		}
	}
}

// ended reports whether the server closed the stream.
func (s *streamOf) ended() bool {
	rest, err := io.ReadAll(s.in)
	return err == nil && strings.TrimSpace(string(rest)) == ""
}

func TestEventsOfASession(t *testing.T) {
	s := newSite(t)
	s.mem.mailboxes["tok"] = mailboxOf("tok")
	st := openStream(t, s, "/m/tok/events?lang=en")
	if got := st.resp.Header.Get("Content-Type"); got != "text/event-stream; charset=utf-8" || st.resp.StatusCode != 200 {
		t.Fatalf("%d %q", st.resp.StatusCode, got)
	}
	if got := st.line(); got != "retry: 3000" { // from here on the page is subscribed
		t.Fatalf("first line %q", got)
	}
	for i, c := range []struct {
		send                     live.Event
		label, mark, going, link string
	}{
		{live.Event{Kind: "connected", Text: "198.51.100.20"}, "Connected from 198.51.100.20", "·", "", ""},
		{live.Event{Kind: "tls", Text: "TLS 1.3"}, "Encrypted: TLS 1.3", "✓", "", ""},
		{live.Event{Kind: "tls-error", Text: "no shared cipher", ReportID: "f1"}, "TLS failed: no shared cipher", "✗", "", ""},
		{live.Event{Kind: "helo", Text: "evil\x1b\u202E"}, `The client says it is evil\x1B\u{202E}`, "·", "", ""},
		{live.Event{Kind: "mail-from"}, "MAIL FROM: <>", "·", "", ""},
		{live.Event{Kind: "rcpt", Text: "tok@x"}, "Recipient accepted: tok@x", "✓", "", ""},
		{live.Event{Kind: "rcpt-refused", Text: "y@x"}, "Recipient refused: y@x", "✗", "", ""},
		{live.Event{Kind: "data"}, "Receiving the message …", "·", "", ""},
		{live.Event{Kind: "data", Bytes: 2048}, "Receiving the message: 2.0 KB", "·", "", ""},
		{live.Event{Kind: "dropped", Text: "time-out", ReportID: "f2"}, "The connection ended before the message: time-out", "✗", "", "/s/f2"},
		{live.Event{Kind: "refused", Text: "552 5.3.4", ReportID: "f3"}, "Refused: 552 5.3.4", "✗", "", "/s/f3"},
		{live.Event{Kind: "received", Bytes: 3, ReportID: "m1"}, "Received and stored: 3 B", "✓", "", "/r/m1"},
		{live.Event{Kind: "verifying", ReportID: "m1"}, "Verifying: asking the DNS …", "·", "", ""},
		{live.Event{Kind: "verified", ReportID: "m1", Status: "pass"}, "Done. Opening the report …", "✓", "/r/m1", ""},
	} {
		s.hub.Publish("tok", c.send)
		e, id := st.event()
		if e.Kind != c.send.Kind || e.Label != c.label || e.Mark != c.mark || e.Go != c.going || e.Link != c.link {
			t.Errorf("event %d: %+v", i, e)
		}
		if id != itoa(i+1) {
			t.Errorf("event %d has the id %q", i, id)
		}
	}
	if !st.ended() {
		t.Error("the stream goes on after the verdict")
	}
}

// TestEventsSayWhatAlreadyHappened: a page that connects late, or again, is sent on at once.
func TestEventsSayWhatAlreadyHappened(t *testing.T) {
	s := newSite(t)
	s.mem.mailboxes["tok"] = mailboxOf("tok")
	s.keep("m1", "tok", sesReport())
	st := openStream(t, s, "/m/tok/events?lang=ja")
	if e, _ := st.event(); e.Kind != "verified" || e.Go != "/r/m1" || e.Label != "完了しました。レポートを開きます…" {
		t.Errorf("%+v", e)
	}
	if !st.ended() {
		t.Error("the stream goes on")
	}

	// A page that lists m1 waits for the next one.
	st = openStream(t, s, "/m/tok/events?seen=m1")
	if got := st.line(); got != "retry: 3000" {
		t.Fatal(got)
	}
	s.hub.Publish("tok", live.Event{Kind: "helo", Text: "again"})
	if e, _ := st.event(); e.Kind != "helo" {
		t.Errorf("%+v", e)
	}
}

// TestEventsOfAStoredMessage: received elsewhere and not yet verified.
func TestEventsOfAStoredMessage(t *testing.T) {
	s := newSite(t)
	s.pollEvery = 10 * time.Millisecond
	s.mem.mailboxes["tok"] = mailboxOf("tok")
	m := &store.Message{ID: "m1", Token: "tok", Received: now, Evidence: sesReport().Bundle}
	if err := s.mem.AddMessage(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	st := openStream(t, s, "/m/tok/events")
	if e, _ := st.event(); e.Kind != "received" || e.Link != "/r/m1" {
		t.Fatalf("%+v", e)
	}
	// Nobody publishes: the store alone tells that it is done.
	if err := s.mem.SetVerified(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if e, _ := st.event(); e.Kind != "verified" || e.Go != "/r/m1" {
		t.Errorf("%+v", e)
	}
}

func TestEventsAreBounded(t *testing.T) {
	s := newSite(t)
	s.mem.mailboxes["tok"] = mailboxOf("tok")
	s.streams = newQuota(10, 1, 2)
	srv := httptest.NewServer(s.h)
	t.Cleanup(srv.Close)
	first := dial(t, srv, "/m/tok/events")
	second := dial(t, srv, "/m/tok/events")
	if first.line() == "" || second.line() == "" {
		t.Fatal("no stream")
	}
	third := dial(t, srv, "/m/tok/events?lang=ja")
	if third.resp.StatusCode != 503 || third.resp.Header.Get("Content-Type") != "text/plain; charset=utf-8" || !strings.Contains(third.line(), "待機") {
		t.Errorf("the third stream: %d", third.resp.StatusCode)
	}
	// A stream that ended makes room.
	s.hub.Publish("tok", live.Event{Kind: "verified", ReportID: "m1"})
	if _, _ = first.event(); !first.ended() {
		t.Error("the first stream goes on")
	}
	waitFor(t, func() bool {
		release, ok := s.streams.take(caller.AddressOf("127.0.0.1:1"))
		if ok {
			release()
		}
		return ok
	})
}

// waitFor polls a condition that another goroutine of the server makes true.
func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatal("it did not happen in 5 s")
}

// TestHeartbeat keeps proxies from closing a stream on which nothing happens.
func TestHeartbeat(t *testing.T) {
	s := newSite(t)
	s.heartbeatEvery = 10 * time.Millisecond
	s.mem.mailboxes["tok"] = mailboxOf("tok")
	st := openStream(t, s, "/m/tok/events")
	st.line()
	if got := st.line(); got != ": still waiting" {
		t.Errorf("%q", got)
	}
}

func TestEventsOfNobody(t *testing.T) {
	if w := newSite(t).get(t, "/m/none/events"); w.Code != 204 {
		t.Errorf("status %d: EventSource would ask for ever", w.Code)
	}
}

// TestEventsForLoopbackAlone: sessions whose recipient is not known are shown at the
// machine, and not to those who come through a proxy on it.
func TestEventsForLoopbackAlone(t *testing.T) {
	s := newSite(t)
	s.mem.mailboxes["tok"] = mailboxOf("tok")
	srv := httptest.NewServer(s.h)
	t.Cleanup(srv.Close)
	direct := dial(t, srv, "/m/tok/events")
	direct.line()

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", srv.URL+"/m/tok/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Forwarded-For", "198.51.100.1")
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	proxied := &streamOf{t: t, resp: resp, in: bufio.NewReader(resp.Body)}
	proxied.line()

	s.hub.PublishSession(caller.AddressOf("127.0.0.1:1"), live.Event{Kind: "connected", Text: "secret"})
	s.hub.Publish("tok", live.Event{Kind: "helo", Text: "mine"})
	if e, _ := direct.event(); e.Kind != "connected" {
		t.Errorf("at the machine: %+v", e)
	}
	if e, _ := proxied.event(); e.Kind != "helo" {
		t.Errorf("through a proxy: %+v", e)
	}
}
