package cli

import (
	"bytes"
	"context"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// watched is an output that tells when a text has been written.
type watched struct {
	mu   sync.Mutex
	b    bytes.Buffer
	text string
	seen chan struct{}
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := strings.Contains(w.b.String(), w.text)
	n, err := w.b.Write(p)
	if !before && strings.Contains(w.b.String(), w.text) {
		close(w.seen)
	}
	return n, err
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

// TestServeAndDemo: both say where they listen, answer there, and end within 5 s.
func TestServeAndDemo(t *testing.T) {
	for _, args := range [][]string{
		{"demo", "--http", "127.0.0.1:0", "--smtp", "127.0.0.1:0"},
		{"serve", "--http", "127.0.0.1:0", "--smtp", "127.0.0.1:0", "--resolver", "127.0.0.1:1", "--hostname", "mx.test.example", "--database", filepath.Join(t.TempDir(), "t.db")},
	} {
		t.Run(args[0], func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			out := &watched{text: "Ready", seen: make(chan struct{})}
			errs := &watched{text: "\x00never", seen: make(chan struct{})}
			code := make(chan int, 1)
			go func() {
				code <- Run(ctx, args, IO{In: strings.NewReader(""), Out: out, Err: errs, Getenv: func(string) string { return "" }})
			}()
			select {
			case <-out.seen:
			case c := <-code:
				t.Fatalf("ended with %d: %s", c, errs)
			case <-time.After(30 * time.Second):
				t.Fatalf("not ready: %s", errs)
			}
			url := regexp.MustCompile(`http://[0-9.:]+/`).FindString(out.String())
			resp, err := http.Get(url)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				t.Errorf("%s: %s", url, resp.Status)
			}
			cancel()
			select {
			case c := <-code:
				if c != 0 {
					t.Errorf("exit %d: %s", c, errs)
				}
			case <-time.After(5 * time.Second):
				t.Error("did not end within 5 s")
			}
		})
	}
}

func TestServeUsage(t *testing.T) {
	p := newProgram(t, shop())
	for _, args := range [][]string{
		{"--tls-cert", "x.pem"}, {"--trust-proxy", "x"}, {"--retention", "-1h"}, {"--retention", "x"}, {"x"},
	} {
		p.run(append([]string{"serve"}, args...)...).want(t, 2)
	}
	p.run("serve", "--tls-cert", "/nonexistent/c", "--tls-key", "/nonexistent/k").want(t, 3)
	p.run("demo", "x").want(t, 2)
}

func TestServeMilterSettingsNeedMilter(t *testing.T) {
	p := newProgram(t, shop())
	if r := p.run("serve", "--database", filepath.Join(t.TempDir(), "t.db"), "--milter-keep-events", "3d").want(t, 2); !strings.Contains(r.err, "--milter is needed") {
		t.Error(r.err)
	}
}
