package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/store"
)

const (
	defaultHeartbeat = 15 * time.Second
	// defaultPoll is how soon a message is noticed whose events went elsewhere: to
	// another node, or lost by a full buffer.
	defaultPoll = 5 * time.Second
	// streamLife bounds one stream; the browser connects again by itself.
	streamLife = time.Hour
	// writeWithin is the time for one event to leave; a client that does not read is dropped.
	writeWithin = 20 * time.Second
)

// wireEvent is one event as the page's script reads it.
type wireEvent struct {
	live.Event
	// Label is the sentence to show, in the page's language.
	Label string `json:"label"`
	// Mark is the sign beside it.
	Mark string `json:"mark"`
	// Go is where to go now; Link where the details are.
	Go   string `json:"go,omitempty"`
	Link string `json:"link,omitempty"`
}

// events streams what happens at an address: first what already did, then the
// rest, until a message has its verdict. ?seen= names the newest message that the
// page lists already.
func (s *server) events(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead { // it would wait for events that it cannot show
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		return
	}
	release, ok := s.streams.take(clientAddr(r))
	if !ok {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, i18n.T(i18n.FromRequest(r), "events.too-many"))
		return
	}
	defer release()
	m, err := s.store.Mailbox(r.Context(), r.PathValue("token"))
	if err != nil {
		// 204 tells EventSource not to connect again (WHATWG HTML section 9.2.3).
		code := http.StatusServiceUnavailable
		if errors.Is(err, store.ErrNotFound) {
			code = http.StatusNoContent
		}
		w.WriteHeader(code)
		return
	}
	var from netip.Addr
	if localClient(r) {
		from = clientAddr(r)
	}
	ctx, cancel := context.WithTimeout(r.Context(), streamLife)
	defer cancel()
	events, unsubscribe := s.Hub.Subscribe(m.Token, from)
	defer unsubscribe()
	st := newStream(w, r)
	if err := st.begin(); err != nil {
		return
	}
	s.follow(ctx, st, m.Token, events)
}

// follow sends events until one message has its verdict. The subscription began
// before the first look at the store, so nothing falls between the two.
func (s *server) follow(ctx context.Context, st *stream, token string, events <-chan live.Event) {
	if s.catchUp(ctx, st, token) {
		return
	}
	heartbeat, poll := time.NewTicker(s.heartbeatEvery), time.NewTicker(s.pollEvery)
	defer heartbeat.Stop()
	defer poll.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case e, open := <-events:
			if !open {
				return
			}
			if err = st.send(e); err == nil && e.Kind == "verified" {
				return
			}
		case <-poll.C:
			if s.catchUp(ctx, st, token) {
				return
			}
		case <-heartbeat.C:
			err = st.write(": still waiting\n\n")
		}
		if err != nil {
			return
		}
	}
}

// catchUp sends what the store knows and the page does not. It reports whether the stream is done.
func (s *server) catchUp(ctx context.Context, st *stream, token string) (done bool) {
	list, err := s.store.MessagesFor(ctx, token, 1)
	if err != nil || len(list) == 0 || list[0].ID == st.seen {
		return false
	}
	m := list[0]
	e := live.Event{Kind: "received", At: m.Received, ReportID: m.ID, Bytes: int64(m.Size)}
	if m.State == store.Verified {
		e = live.Event{Kind: "verified", At: m.Received, ReportID: m.ID, Status: m.Status}
	} else if st.told == m.ID {
		return false
	}
	return st.send(e) != nil || m.State == store.Verified
}

// stream writes server-sent events.
type stream struct {
	w    http.ResponseWriter
	rc   *http.ResponseController
	lang string
	seen string // the newest message that the page knew
	told string // the message of which "received" was sent
	id   int
}

func newStream(w http.ResponseWriter, r *http.Request) *stream {
	st := &stream{w: w, rc: http.NewResponseController(w), lang: i18n.FromRequest(r), seen: r.URL.Query().Get("seen")}
	// Event ids only have to differ within one page: go on where the last stream ended.
	if n, err := strconv.Atoi(r.Header.Get("Last-Event-ID")); err == nil && n > 0 && n < 1<<30 {
		st.id = n
	}
	return st
}

func (st *stream) begin() error {
	h := st.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	// The server's time limits are for pages. A writer without deadlines (a test's) is fine too.
	_ = st.rc.SetReadDeadline(time.Time{})
	st.w.WriteHeader(http.StatusOK)
	return st.write("retry: 3000\n\n")
}

func (st *stream) send(e live.Event) error {
	if e.Kind == "received" {
		st.told = e.ReportID
	}
	data, err := json.Marshal(worded(st.lang, e))
	if err != nil {
		return fmt.Errorf("an event: %w", err)
	}
	st.id++
	return st.write(fmt.Sprintf("id: %d\ndata: %s\n\n", st.id, data))
}

func (st *stream) write(text string) error {
	_ = st.rc.SetWriteDeadline(time.Now().Add(writeWithin))
	if _, err := st.w.Write([]byte(text)); err != nil {
		return err
	}
	return st.rc.Flush()
}

// worded gives an event its sentence.
func worded(lang string, e live.Event) wireEvent {
	e.Text = clip(visible(e.Text), 300)
	out := wireEvent{Event: e, Mark: "·"}
	switch e.Kind {
	case "connected":
		out.Label = i18n.T(lang, "live.connected", "Text", e.Text)
	case "tls":
		out.Mark, out.Label = "✓", i18n.T(lang, "live.tls", "Text", e.Text)
	case "tls-error":
		out.Mark, out.Label = "✗", i18n.T(lang, "live.tls-error", "Text", e.Text)
	case "helo":
		out.Label = i18n.T(lang, "live.helo", "Text", e.Text)
	case "mail-from":
		if e.Text == "" {
			e.Text = "<>"
		}
		out.Label = i18n.T(lang, "live.mail-from", "Text", e.Text)
	case "rcpt":
		out.Mark, out.Label = "✓", i18n.T(lang, "live.rcpt", "Text", e.Text)
	case "rcpt-refused":
		out.Mark, out.Label = "✗", i18n.T(lang, "live.rcpt-refused", "Text", e.Text)
	case "data":
		out.Label = i18n.T(lang, "live.data-begin")
		if e.Bytes > 0 {
			out.Label = i18n.T(lang, "live.data", "Size", size(e.Bytes))
		}
	case "received":
		out.Mark, out.Label = "✓", i18n.T(lang, "live.received", "Size", size(e.Bytes))
		out.Link = reportPath(e.ReportID)
	case "verifying":
		out.Label = i18n.T(lang, "live.verifying")
	case "verified":
		out.Mark, out.Label = "✓", i18n.T(lang, "live.verified")
		out.Go = reportPath(e.ReportID)
	case "dropped":
		out.Mark, out.Label = "✗", i18n.T(lang, "live.dropped", "Text", e.Text)
		out.Link = sessionPath(e.ReportID)
	case "refused":
		out.Mark, out.Label = "✗", i18n.T(lang, "live.refused", "Text", e.Text)
		out.Link = sessionPath(e.ReportID)
	default:
		out.Label = e.Text
	}
	return out
}

func reportPath(id string) string { return pathTo("/r/", id) }

func sessionPath(id string) string { return pathTo("/s/", id) }

func pathTo(prefix, id string) string {
	if id == "" {
		return ""
	}
	return prefix + id
}
