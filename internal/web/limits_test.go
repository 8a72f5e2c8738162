package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestLimiter(t *testing.T) {
	l := newLimiter(5, time.Second, 2, 10*time.Second)
	far, near := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("127.0.0.1")
	take := func(ip netip.Addr, at time.Time) (n int) {
		for range 100 {
			if l.allow(ip, at) {
				n++
			}
		}
		return n
	}
	if n := take(far, now); n != 2 {
		t.Errorf("a client may do %d at once, want 2", n)
	}
	if n := take(near, now); n != 5 {
		t.Errorf("loopback may do %d at once, want 5", n)
	}
	if n := take(far, now.Add(10*time.Second)); n != 1 {
		t.Errorf("after 10 s %d, want 1", n)
	}
	a, b := netip.MustParseAddr("2001:db8:1::1"), netip.MustParseAddr("2001:db8:1::2")
	if n := take(a, now) + take(b, now); n != 2 {
		t.Errorf("two addresses of one /64 may do %d, want 2 together", n)
	}
}

// TestLimiterIsBounded: many addresses neither fill the memory nor reset a limit.
func TestLimiterIsBounded(t *testing.T) {
	l := newLimiter(1, time.Second, 1, time.Minute)
	victim := netip.MustParseAddr("203.0.113.1")
	if !l.allow(victim, now) {
		t.Fatal("the first is refused")
	}
	allowed := 0
	for i := range maxClients + 500 {
		if l.allow(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), now) {
			allowed++
		}
	}
	if len(l.clients) > maxClients {
		t.Errorf("%d clients remembered", len(l.clients))
	}
	if allowed > maxClients {
		t.Errorf("%d allowed: those beyond the memory must share", allowed)
	}
	if l.allow(victim, now) {
		t.Error("the flood reset a limit")
	}
	if !l.allow(netip.MustParseAddr("198.51.100.9"), now.Add(time.Hour)) || len(l.clients) > 2 {
		t.Errorf("idle clients are not forgotten: %d", len(l.clients))
	}
}

func TestQuota(t *testing.T) {
	q := newQuota(3, 2, 2)
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	first, ok := q.take(a)
	if !ok {
		t.Fatal("the first is refused")
	}
	if _, ok := q.take(a); !ok {
		t.Error("the second of a client is refused")
	}
	if _, ok := q.take(a); ok {
		t.Error("a client has three")
	}
	if _, ok := q.take(b); !ok {
		t.Error("another client is refused")
	}
	if _, ok := q.take(b); ok {
		t.Error("four in all")
	}
	first()
	first() // harmless
	if _, ok := q.take(b); !ok {
		t.Error("what was given back is not there")
	}
	if q.total != 3 {
		t.Errorf("total %d", q.total)
	}
}

func TestGate(t *testing.T) {
	g := make(gate, 1)
	leave, ok := g.enter(context.Background())
	if !ok {
		t.Fatal("the first is refused")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, ok := g.enter(ctx); ok {
		t.Error("two are in")
	}
	leave()
	if _, ok := g.enter(context.Background()); !ok {
		t.Error("nobody gets in any more")
	}
}

func TestTooManyAddresses(t *testing.T) {
	s := newSite(t)
	codes := map[int]int{}
	for range 60 {
		codes[s.get(t, "/", func(r *http.Request) { r.RemoteAddr = "192.0.2.1:1000" }).Code]++
	}
	if codes[200] != 20 || codes[429] != 40 || s.mem.made != 20 {
		t.Errorf("%v, %d addresses made", codes, s.mem.made)
	}
	w := s.get(t, "/?lang=ja", func(r *http.Request) { r.RemoteAddr = "192.0.2.1:1000" })
	if w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "短時間に多くのアドレス") || !strings.Contains(w.Body.String(), `action="/paste"`) {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
	checkPage(t, w.Body.Bytes())
	if w := s.get(t, "/", func(r *http.Request) { r.RemoteAddr = "192.0.2.2:1000" }); w.Code != 200 {
		t.Errorf("another client gets %d", w.Code)
	}
}

func TestTooManyPastes(t *testing.T) {
	s := newSite(t)
	codes := map[int]int{}
	for range 15 {
		codes[postPaste(t, s, map[string]string{"message": mail}, func(r *http.Request) { r.RemoteAddr = "192.0.2.1:1000" }).Code]++
	}
	if codes[303] != 10 || codes[429] != 5 {
		t.Errorf("%v", codes)
	}
}

// TestLargeMessages: those have a place of their own, of which there is one.
func TestLargeMessages(t *testing.T) {
	s := newSite(t)
	s.keep("m1", "", sesReport())
	large := sesReport()
	large.Bundle.Message = make([]byte, largeMessage)
	s.keep("m2", "", large)
	leave, _ := s.largeWork.enter(t.Context())
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	impatient := func(r *http.Request) { *r = *r.WithContext(gone) }
	if w := s.get(t, "/r/m2.eml", impatient); w.Code != 503 {
		t.Errorf("a second large message gets %d", w.Code)
	}
	if w := s.get(t, "/r/m1"); w.Code != 200 {
		t.Errorf("a usual message gets %d", w.Code)
	}
	leave()
	if w := s.get(t, "/r/m2.eml"); w.Code != 200 {
		t.Errorf("a large message gets %d", w.Code)
	}
}

// TestBusy: when all places are taken and the client gives up, the answer is 503.
func TestBusy(t *testing.T) {
	s := newSite(t)
	s.work = make(gate)
	s.keep("m1", "", sesReport())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := s.get(t, "/r/m1", func(r *http.Request) { *r = *r.WithContext(ctx) })
	if w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("status %d", w.Code)
	}
}

// stuckBody is an upload whose client sends no more.
type stuckBody struct{ ctx context.Context }

func (b stuckBody) Read([]byte) (int, error) {
	<-b.ctx.Done()
	return 0, b.ctx.Err()
}

// TestSlowUploads: clients that never finish an upload hold up neither reports nor, beyond
// their share, other clients' uploads.
func TestSlowUploads(t *testing.T) {
	s := newSite(t)
	s.keep("m1", "", sesReport())
	ctx, cancel := context.WithCancel(t.Context())
	answers := make(chan int)
	const n = 40
	for i := range n {
		go func() {
			r := httptest.NewRequest("POST", "/paste", stuckBody{ctx})
			r.Host, r.RemoteAddr = "127.0.0.1:8025", fmt.Sprintf("192.0.2.%d:1000", 1+i%4)
			r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
			w := httptest.NewRecorder()
			s.h.ServeHTTP(w, r)
			answers <- w.Code
		}()
	}
	stuck := n
	for stuck > 4*(transferredFar/defaultMaxUpload) { // the others are refused at once
		if code := <-answers; code != 503 {
			t.Fatalf("an upload too many gets %d", code)
		}
		stuck--
	}
	if w := s.get(t, "/r/m1"); w.Code != 200 {
		t.Errorf("a report gets %d", w.Code)
	}
	if w := postPaste(t, s, map[string]string{"message": mail}, func(r *http.Request) { r.RemoteAddr = "192.0.2.77:1" }); w.Code != 303 {
		t.Errorf("another client's upload gets %d", w.Code)
	}
	cancel()
	for range stuck {
		if code := <-answers; code != 400 {
			t.Errorf("a broken upload gets %d", code)
		}
	}
	if s.transfers.total != 0 {
		t.Errorf("%d octets were not given back", s.transfers.total)
	}
}

// slowReader is a client that reads nothing until it is let.
type slowReader struct {
	*httptest.ResponseRecorder
	begun, read chan struct{}
}

func (w *slowReader) Write(b []byte) (int, error) {
	w.begun <- struct{}{}
	<-w.read
	return w.ResponseRecorder.Write(b)
}

// TestSlowReaders: a client that does not read its answer holds up no other report,
// and can have only so many octets held for it.
func TestSlowReaders(t *testing.T) {
	s := newSite(t)
	s.work = make(gate, 1)
	s.keep("m1", "", sesReport())
	big := sesReport()
	big.Bundle.Message = make([]byte, transferredFar)
	s.keep("m2", "", big)
	begun, read := make(chan struct{}), make(chan struct{})
	var over sync.WaitGroup
	ask := func(target string) {
		over.Go(func() {
			r := request("GET", target, nil)
			r.RemoteAddr = "192.0.2.1:1000"
			s.h.ServeHTTP(&slowReader{httptest.NewRecorder(), begun, read}, r)
		})
		<-begun
	}
	ask("/r/m1")
	ask("/r/m2.eml")
	far := func(ip string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = ip + ":1000" } }
	if w := s.get(t, "/r/m1"); w.Code != 200 {
		t.Errorf("a report gets %d", w.Code)
	}
	if w := s.get(t, "/r/m2.eml", far("192.0.2.1")); w.Code != 503 {
		t.Errorf("a second big download of one client gets %d", w.Code)
	}
	if w := s.get(t, "/r/m2.eml", far("192.0.2.2")); w.Code != 200 {
		t.Errorf("another client's download gets %d", w.Code)
	}
	close(read)
	over.Wait()
	if s.transfers.total != 0 || len(s.work) != 0 {
		t.Errorf("%d octets, %d places were not given back", s.transfers.total, len(s.work))
	}
}

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain text":       "plain text",
		"日本語 ünïcode":      "日本語 ünïcode",
		"a\tb\r\nc":        `a\tb\r\nc`,
		"\x1b[31m\x00\x7f": `\x1B[31m\x00\x7F`,
		"\xff\xc3":         `\xFF\xC3`,
		"a\u202Eb":         `a\u{202E}b`,
		"\u2066\u200b":     `\u{2066}\u{200B}`,
		"\u00ad\ufeff":     `\u{00AD}\u{FEFF}`,
		"\u0085\u2028":     `\u{0085}\u{2028}`,
		"\ufffd":           "\ufffd", // a real replacement character
		"\U000E0041":       `\u{E0041}`,
	} {
		if got := visible(in); got != want {
			t.Errorf("visible(%q) = %q, want %q", in, got, want)
		}
	}
	if got := visibleLines("a\tb\r\nc\rd\ne"); got != "a\tb\nc\\rd\ne" {
		t.Errorf("visibleLines: %q", got)
	}
	if got := clip(strings.Repeat("あ", 10), 3); got != "あああ … (+21)" {
		t.Errorf("clip: %q", got)
	}
}

func FuzzVisible(f *testing.F) {
	f.Add("a\u202Eb\xff\x1b")
	f.Fuzz(func(t *testing.T, s string) {
		for _, out := range []string{visible(s), visibleLines(s)} {
			if i := hiddenAt(out, true); i >= 0 {
				t.Errorf("%q still hides something at %d", out, i)
			}
			if visibleLines(out) != out {
				t.Errorf("%q changes again", out)
			}
		}
	})
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KB", 25 << 20: "25.0 MB"} {
		if got := size(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	if got := fmt.Sprint(markOf("en", "softfail")); got != "{warn ! softfail}" {
		t.Error(got)
	}
}
